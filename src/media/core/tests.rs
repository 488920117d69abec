mod abroad;
mod allocation;
mod forwarding;
#[cfg(feature = "faults")]
mod isolation;
mod reoffers;
mod voices;

use std::fmt::Write;
use std::time::Duration;

use super::*;
use crate::media::codec::Codec;
use crate::media::frame::FrameInfo;
use crate::media::ids::{Kind, OfferId, RoomId, SlotIndex, Stream, Track};
use crate::media::message::{SlotLine, TrackLine};
use crate::media::rtc::{EgressKind, Offer};

const ROOM: RoomId = RoomId(1);
const PUBLISHER: PeerId = PeerId(1);
const WATCHER: PeerId = PeerId(2);

fn core(now: Instant) -> Core {
    core_with(AllocatorFactory::of(EgressKind::Rtc), now)
}

fn core_with(allocators: AllocatorFactory, now: Instant) -> Core {
    let connection =
        ConnectionConfig { candidates: vec![([127, 0, 0, 1], 9).into()], worker: 0, egress: EgressKind::Own };
    Core::new(CoreConfig { allocators, ..CoreConfig::new(connection, Limits::default()) }, now)
}

/// A description with a video line for each direction; `credentials` are the client's for ICE.
fn video(directions: &[&str], codecs: &[Codec], credentials: &str) -> String {
    let (mut numbers, mut formats) = (String::new(), String::new());
    for (codec, pt) in codecs.iter().zip(96..) {
        let _ = write!(numbers, " {pt}");
        let _ = write!(formats, "a=rtpmap:{pt} {codec}/90000\r\n");
        if *codec == Codec::H264 {
            let profile = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
            let _ = write!(formats, "a=fmtp:{pt} {profile}\r\n");
        }
    }
    let mids: Vec<String> = (0..directions.len()).map(|mid| mid.to_string()).collect();
    let mut sdp =
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n", mids.join(" "));
    for (mid, direction) in mids.iter().zip(directions) {
        let _ = write!(
            sdp,
            "m=video 9 UDP/TLS/RTP/SAVPF{numbers}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{credentials}\r\n\
             a=ice-pwd:{credentials}abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:\
             BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\na=setup:actpass\r\na=mid:{mid}\r\n\
             a={direction}\r\na=rtcp-mux\r\n{formats}"
        );
    }
    sdp
}

fn offer(core: &mut Core, now: Instant, peer: PeerId, id: u32, fresh: bool, credentials: &str) {
    offer_codecs(core, now, peer, id, fresh, credentials, &[Codec::Vp8]);
}

/// The publisher offers a camera, everybody else one slot.
fn offer_codecs(
    core: &mut Core,
    now: Instant,
    peer: PeerId,
    id: u32,
    fresh: bool,
    credentials: &str,
    codecs: &[Codec],
) {
    let mid = "0".to_owned();
    let (direction, tracks, slots) = if peer == PUBLISHER {
        ("sendonly", vec![TrackLine { mid, stream: Stream::Camera, kind: Kind::Video }], vec![])
    } else {
        ("recvonly", vec![], vec![SlotLine { mid, kind: Kind::Video, slot: SlotIndex(0) }])
    };
    hand_in(core, now, peer, id, fresh, &video(&[direction], codecs, credentials), tracks, slots);
}

#[expect(clippy::too_many_arguments, reason = "all that an offer has")]
fn hand_in(
    core: &mut Core,
    now: Instant,
    peer: PeerId,
    id: u32,
    fresh: bool,
    sdp: &str,
    tracks: Vec<TrackLine>,
    slots: Vec<SlotLine>,
) {
    let offer = Offer::parse(sdp, tracks, slots, &Limits::default());
    let offer = Box::new(offer.expect("an offer"));
    core.handle_command(now, Command::Offer { peer, id: OfferId(id), fresh, offer });
}

/// Lets `time` pass, serving every deadline when it is due, and returns how often a peer was woken.
fn pass(core: &mut Core, now: &mut Instant, time: Duration) -> u64 {
    let (end, before) = (*now + time, core.counters().wakeups);
    core.handle_timeout(*now);
    while let Some(at) = core.poll_timeout(*now).filter(|at| *at <= end) {
        *now = at.max(*now);
        core.handle_timeout(*now);
        core.drain_transmits(*now);
    }
    *now = end;
    core.counters().wakeups - before
}

fn notices(core: &mut Core) -> Vec<Notice> {
    std::iter::from_fn(|| core.poll_notice()).collect()
}

/// A room in which one person publishes a picture and another watches. Neither is connected yet.
fn meeting(now: Instant) -> Core {
    let mut core = core(now);
    for peer in [PUBLISHER, WATCHER] {
        core.handle_command(now, Command::Join { peer, room: ROOM });
        offer(&mut core, now, peer, 1, true, "abcd");
    }
    core.handle_timeout(now);
    let told = notices(&mut core);
    assert!(!told.iter().any(|notice| matches!(notice, Notice::Refused { .. })), "{told:?}");
    core
}

#[test]
fn somebody_who_lost_the_connection_costs_nothing_while_others_wait_for_a_key_frame() {
    let mut now = Instant::now();
    let mut core = meeting(now);
    let key = core.by_id[&PUBLISHER];
    core.lose(now, key, &Ended::Closed);
    pass(&mut core, &mut now, Duration::from_millis(100));
    // A new page of the watcher's waits for a key frame that nobody can send.
    offer(&mut core, now, WATCHER, 2, true, "efgh");
    let woken = pass(&mut core, &mut now, Duration::from_secs(1));
    assert!(woken < 100, "woken {woken} times in a second");
}

#[test]
fn names_from_before_an_ice_restart_are_forgotten() {
    let now = Instant::now();
    let mut core = meeting(now);
    let key = core.by_id[&PUBLISHER];
    let name =
        |core: &Core| core.peers[key].connection.as_ref().map(|connection| connection.ufrag().to_owned());
    for restart in 2..100 {
        let before = name(&core).expect("a connection");
        offer(&mut core, now, PUBLISHER, restart, false, &format!("again{restart}"));
        let present = name(&core).expect("a connection");
        assert_ne!(present, before);
        assert_eq!((core.demux.by_ufrag(&before), core.demux.by_ufrag(&present)), (None, Some(key)));
    }
}

#[test]
fn somebody_whose_media_never_connects_costs_little() {
    let mut now = Instant::now();
    let mut core = meeting(now);
    pass(&mut core, &mut now, Duration::from_secs(20));
    let woken = pass(&mut core, &mut now, Duration::from_secs(10));
    assert!(woken < 10 * 2 * 5, "two people were woken {woken} times in ten seconds");
}

#[test]
fn a_flood_of_handshakes_leaves_room_for_other_peoples() {
    let now = Instant::now();
    let mut core = meeting(now);
    let path = |port: u16| Path::udp(([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 9).into());
    for (peer, port) in [(PUBLISHER, 1), (WATCHER, 2)] {
        let key = core.by_id[&peer];
        assert!(core.learn(now, key, path(port)));
    }
    let hello = [22; 100];
    for _ in 0..HANDSHAKES * 2 {
        core.handle_datagram(now, path(1), &hello);
    }
    let dropped = core.counters().handshakes_dropped;
    assert!(dropped > 0);
    core.handle_datagram(now, path(2), &hello);
    assert_eq!(core.counters().handshakes_dropped, dropped, "somebody else's handshake was dropped");
}

#[test]
fn what_a_turn_has_for_each_client_leaves_in_a_run_for_each_stretch_of_one_length() {
    let now = Instant::now();
    let mut core = core(now);
    let paths = [1, 2].map(|host| Path::udp(([127, 0, 0, host], 5).into(), ([127, 0, 0, 1], 9).into()));
    // A short packet, then ten whose last is shorter, then two of which the second is longer.
    let lengths: Vec<usize> = [120].into_iter().chain([1_200; 10]).chain([300, 400, 401]).collect();
    for path in paths {
        core.transmits.extend(lengths.iter().map(|length| Transmit { path, contents: vec![7; *length] }));
    }
    let (mut runs, mut out) = (Vec::new(), Vec::new());
    while let Some(run) = core.poll_transmit(now, 8, &mut out) {
        runs.push((run.path, run.segment, out.len()));
    }
    let of = |path| {
        [(path, 120, 120), (path, 1_200, 9_600), (path, 1_200, 2_700), (path, 400, 400), (path, 401, 401)]
    };
    assert_eq!(runs, paths.map(of).concat(), "eight datagrams at most, for one of them, of one length");
    assert_eq!(core.poll_timeout(now).filter(|at| *at <= now), None);
}
