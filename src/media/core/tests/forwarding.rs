//! Layers, codecs and screens, without a network: packets are put where connections would have left them.

use super::*;
use crate::media::ids::{Layer, Track};
use crate::media::message::{Beside, Blocked, SlotTable, VideoSlot};
use crate::media::rtc::Mid;
use crate::media::rtp::Ssrc;

use Layer::{High, Low, Middle};

pub(super) const FRAME: Duration = Duration::from_millis(33);

/// A publisher whose layers send a frame of one packet every 33 ms, and those who watch.
pub(super) struct Show {
    pub core: Core,
    pub now: Instant,
    frame: u64,
    codec: Codec,
    /// Requests the encoder answered.
    asked: u64,
}

impl Show {
    /// Everybody offers what they can; all handshakes are through.
    pub fn new(publisher: &[Codec], watchers: &[&[Codec]]) -> Show {
        Show::with(AllocatorFactory::of(EgressKind::Rtc), publisher, watchers)
    }

    pub fn with(allocators: AllocatorFactory, publisher: &[Codec], watchers: &[&[Codec]]) -> Show {
        let now = Instant::now() + Duration::from_secs(3_600);
        let mut core = core_with(allocators, now);
        let people = std::iter::once(&publisher).chain(watchers);
        for (number, codecs) in (1..).zip(people) {
            let peer = PeerId(number);
            core.handle_command(now, Command::Join { peer, room: ROOM });
            offer_codecs(&mut core, now, peer, 1, true, "abcd", codecs);
        }
        core.handle_timeout(now);
        for peer in 1..=watchers.len() as u64 + 1 {
            let key = core.by_id[&PeerId(peer)];
            let connection = core.peers[key].connection.as_mut().expect("a connection");
            connection.pretend_connected();
            if peer == 1 {
                for layer in Layer::ALL {
                    connection.pretend_heard(Mid::from("0"), layer);
                }
            }
        }
        let mut show = Show { core, now, frame: 1, codec: publisher[0], asked: 0 };
        show.slots(2);
        show
    }

    /// The next frame of one layer.
    pub fn send(&mut self, layer: Layer, key: bool) {
        let (base, now) = (1_000_000 * (layer as u64 + 1), self.core.advance(self.now));
        let publisher = self.core.by_id[&PUBLISHER];
        let connection = self.core.peers[publisher].connection.as_ref().expect("a connection");
        let frame = FrameInfo { start: true, end: true, key, ..FrameInfo::default() };
        let numbers = (base + self.frame, base * 7 + self.frame * 2_970);
        let of = (Mid::from("0"), layer, self.codec);
        let mut packet = connection.pretend_packet(of, numbers, frame, now);
        packet.height = key.then(|| 720 / u16::from(layer.scale_down()));
        self.core.handle_event(now, publisher, Event::Packet(packet));
    }

    /// For `time` these layers send; an encoder answers each request with a key frame of every layer. Returns how many
    /// packets were forwarded.
    pub fn pass(&mut self, time: Duration, layers: &[Layer]) -> u64 {
        let (end, before) = (self.now + time, self.core.counters().forwarded);
        while self.now < end {
            self.now += FRAME;
            self.frame += 1;
            let key = self.core.counters().key_frames_asked > self.asked;
            self.asked = self.core.counters().key_frames_asked;
            for layer in layers {
                self.send(*layer, key);
            }
            self.core.handle_timeout(self.now);
            self.core.drain_transmits(self.now);
        }
        self.core.counters().forwarded - before
    }

    /// For `time` these layers send, and no key frame comes, whatever is asked.
    pub fn wait(&mut self, time: Duration, layers: &[Layer]) {
        let end = self.now + time;
        while self.now < end {
            self.now += FRAME;
            self.frame += 1;
            for layer in layers {
                self.send(*layer, false);
            }
            self.core.handle_timeout(self.now);
            self.core.drain_transmits(self.now);
        }
    }

    /// What was told of somebody's slots.
    fn slots(&mut self, peer: u64) -> Vec<VideoSlot> {
        self.core.handle_timeout(self.now);
        let told = notices(&mut self.core).into_iter().filter_map(|notice| match notice {
            Notice::Slots { peer: whose, slots: SlotTable { video, .. } } if whose == PeerId(peer) => {
                Some(video)
            }
            _ => None,
        });
        told.flatten().collect()
    }

    fn layer(&self) -> Option<Layer> {
        self.layer_of(WATCHER)
    }

    pub fn layer_of(&self, watcher: PeerId) -> Option<Layer> {
        let key = self.core.by_id[&watcher];
        self.core.peers[key].video[0].layer()
    }

    fn asked(&self) -> u64 {
        self.core.counters().key_frames_asked
    }
}

pub(super) const VP8: &[Codec] = &[Codec::Vp8];
const BOTH: &[Codec] = &[Codec::Vp8, Codec::H264];

#[test]
fn one_layer_of_three_is_forwarded_and_changes_at_key_frames_without_a_word() {
    let mut show = Show::new(VP8, &[VP8]);
    show.pass(FRAME * 30, &Layer::ALL);
    assert_eq!(show.layer(), Some(Middle));
    assert_eq!(show.slots(2).len(), 1, "the first picture is told");
    assert_eq!(show.pass(FRAME * 100, &Layer::ALL), 100, "one packet of three");
    show.pass(Duration::from_millis(1_200), &[Low, High]);
    assert_eq!(show.layer(), Some(Low), "what stops is replaced within about a second");
    show.pass(Duration::from_secs(3), &Layer::ALL);
    assert_eq!(show.layer(), Some(Middle), "and shown again when it is back");
    assert_eq!(show.slots(2), [], "it was one person's picture all the time");
    assert!(show.asked() <= 8, "asked {} times", show.asked());
    assert_eq!(show.core.faults().violations(), 0);
}

#[test]
fn all_who_wait_begin_with_one_key_frame() {
    let mut show = Show::new(VP8, &[VP8; 6]);
    show.pass(FRAME * 3, &[High]);
    let asked = show.asked();
    assert!(asked <= 1, "asked {asked} times");
    assert_eq!(show.pass(FRAME * 10, &[High]), 60);
    assert_eq!(show.asked(), asked);
}

#[test]
fn a_thousand_requests_a_second_are_few_for_the_publisher_and_wake_nobody() {
    let mut show = Show::new(VP8, &[VP8]);
    show.pass(FRAME * 60, &[High]);
    let (asked, before) = (show.asked(), show.core.counters());
    let watcher = show.core.by_id[&WATCHER];
    for _ in 0..1_000 {
        show.now += Duration::from_millis(1);
        show.core.handle_event(show.now, watcher, Event::KeyFrameWanted(Mid::from("0")));
        if show.core.poll_timeout(show.now).is_some_and(|at| at <= show.now) {
            show.core.handle_timeout(show.now);
            show.core.drain_transmits(show.now);
        }
    }
    assert!((2..=3).contains(&(show.asked() - asked)), "asked {} times in a second", show.asked() - asked);
    let after = show.core.counters();
    assert!(after.key_frames_merged - before.key_frames_merged > 990, "they are counted");
    assert!(after.wakeups - before.wakeups < 50, "woken {} times", after.wakeups - before.wakeups);
}

#[test]
fn whoever_cannot_decode_is_told_once_and_the_others_see() {
    let mut show = Show::new(&[Codec::H264, Codec::Vp8], &[VP8, BOTH]);
    show.pass(FRAME * 3, &[High]);
    let asked = show.asked();
    show.pass(FRAME * 100, &[High]);
    let told = show.slots(2);
    assert_eq!(told.len(), 1, "once: {told:?}");
    assert!(told[0].blocked == Some(Blocked::Codec) && told[0].since.is_none() && told[0].shows.is_some());
    assert_eq!(show.asked(), asked, "no key frame helps");
    assert!(show.core.counters().not_decodable > 90);
    let watcher = show.core.by_id[&WATCHER];
    show.core.handle_event(show.now, watcher, Event::KeyFrameWanted(Mid::from("0")));
    show.pass(FRAME * 30, &[High]);
    assert_eq!(show.asked(), asked, "nor does asking for one");

    show.codec = Codec::Vp8;
    show.pass(FRAME * 30, &[High]);
    let told = show.slots(2);
    assert!(told.len() == 1 && told[0].blocked.is_none() && told[0].since.is_some(), "{told:?}");
    assert_eq!(show.pass(FRAME * 10, &[High]), 20, "both see it now");

    show.codec = Codec::H264;
    show.pass(FRAME * 5, &[High]);
    let told = show.slots(2);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].blocked.is_some() && told[0].since.is_none(), "no picture that stands still");
    offer_codecs(&mut show.core, show.now, WATCHER, 2, true, "efgh", BOTH);
    let connection = show.core.peers[watcher].connection.as_mut();
    connection.expect("a connection").pretend_connected();
    show.slots(2);
    show.pass(FRAME * 30, &[High]);
    let told = show.slots(2);
    assert!(told.last().is_some_and(|slot| slot.blocked.is_none() && slot.since.is_some()), "{told:?}");
    assert_eq!(show.core.faults().violations(), 0);
}

#[test]
fn a_layer_nobody_sees_wakes_nobody() {
    let mut show = Show::new(VP8, &[VP8]);
    show.pass(FRAME * 60, &Layer::ALL);
    show.core.handle_command(show.now, Command::Leave { peer: WATCHER });
    show.pass(FRAME * 60, &Layer::ALL);
    let asked = show.asked();
    show.pass(Duration::from_secs(10), &Layer::ALL);
    assert_eq!(show.asked(), asked);
}

#[test]
fn earlier_readings_of_the_clock_change_nothing() {
    let mut show = Show::new(VP8, &[VP8]);
    show.pass(FRAME * 60, &Layer::ALL);
    let (at, woken) = (show.core.poll_timeout(show.now), show.core.counters().wakeups);
    for back in 1..1_000 {
        let earlier = show.now.checked_sub(Duration::from_micros(back)).expect("an hour of which passed");
        show.core.handle_timeout(earlier);
    }
    assert_eq!(show.core.poll_timeout(show.now), at, "time ran ahead, or stood still");
    assert_eq!(show.core.counters().wakeups, woken);
    assert_eq!(show.core.counters().clock_steps_back, 999);
    assert_eq!(show.pass(FRAME * 30, &Layer::ALL), 30);
    assert_eq!(show.core.faults().violations(), 0);
}

#[test]
fn a_clock_that_steps_back_stalls_nobody() {
    let mut show = Show::new(VP8, &[VP8]);
    show.pass(FRAME * 60, &Layer::ALL);
    show.now -= Duration::from_secs(60);
    show.pass(Duration::from_secs(1), &Layer::ALL);
    assert_eq!(show.pass(FRAME * 30, &Layer::ALL), 30);
    assert_eq!(show.core.faults().backwards, 0);
    let (asked, watcher) = (show.asked(), show.core.by_id[&WATCHER]);
    let now = show.core.advance(show.now);
    show.core.handle_event(now, watcher, Event::KeyFrameWanted(Mid::from("0")));
    show.pass(FRAME * 30, &Layer::ALL);
    assert!(show.asked() > asked, "no key frame is asked for until the clock says again what it said");
}

#[test]
fn a_screen_that_is_muted_gives_its_slot_to_a_camera_and_comes_first_again() {
    let now = Instant::now();
    let mut core = core(now);
    let (sharer, camera, watcher) = (PeerId(11), PeerId(12), PeerId(13));
    for peer in [sharer, camera, watcher] {
        core.handle_command(now, Command::Join { peer, room: ROOM });
    }
    let line = |stream: Stream| vec![TrackLine { mid: "0".into(), stream, kind: Kind::Video }];
    let slot = vec![SlotLine { mid: "0".into(), kind: Kind::Video, slot: SlotIndex(0) }];
    hand_in(
        &mut core,
        now,
        sharer,
        1,
        true,
        &video(&["sendonly"], VP8, "abcd"),
        line(Stream::Screen),
        vec![],
    );
    hand_in(
        &mut core,
        now,
        camera,
        1,
        true,
        &video(&["sendonly"], VP8, "abcd"),
        line(Stream::Camera),
        vec![],
    );
    hand_in(&mut core, now, watcher, 1, true, &video(&["recvonly"], VP8, "abcd"), vec![], slot);
    let tile = |peer, stream| crate::media::message::Tile { peer, stream, height: 360, pinned: false };
    let tiles = vec![tile(camera, Stream::Camera)];
    core.handle_command(now, Command::View { peer: watcher, tiles, beside: Beside::default() });
    let mut shown = |muted: Option<bool>| {
        if let Some(muted) = muted {
            let track = Track { stream: Stream::Screen, kind: Kind::Video };
            core.handle_command(now, Command::Mute { peer: sharer, track, muted });
        }
        core.handle_timeout(now);
        let key = core.by_id[&watcher];
        core.peers[key].video[0].owner.map(|owner| owner.peer)
    };
    assert_eq!(shown(None), Some(sharer), "a screen nobody named yet comes first");
    assert_eq!(shown(Some(true)), Some(camera));
    assert_eq!(shown(Some(false)), Some(sharer));
}

#[test]
fn a_request_that_comes_while_a_dead_layer_still_stands_on_the_screen_is_no_request_for_ever() {
    let mut show = Show::new(VP8, &[VP8]);
    show.pass(FRAME * 30, &Layer::ALL);
    show.wait(FRAME * 20, &[Low, High]);
    assert_eq!(show.layer(), Some(Middle), "its last frame stands until a key frame of the next layer");
    let watcher = show.core.by_id[&WATCHER];
    show.core.key_frame_wanted(show.now, watcher, Mid::from("0"));
    show.pass(Duration::from_secs(2), &[Low, High]);
    assert_eq!(show.layer(), Some(Low));
    let asked = show.asked();
    show.pass(Duration::from_secs(20), &[Low, High]);
    assert_eq!(show.asked(), asked, "each one costs everybody a large frame");
}

#[test]
fn what_one_person_looks_at_is_no_matter_of_the_whole_room() {
    let mut show = Show::new(VP8, &[VP8, VP8]);
    let tile =
        crate::media::message::Tile { peer: PUBLISHER, stream: Stream::Camera, height: 90, pinned: false };
    show.core.handle_command(
        show.now,
        Command::View { peer: WATCHER, tiles: vec![tile], beside: Beside::default() },
    );
    assert!(show.core.stale_rooms.is_empty(), "fifty of them a second are one client's to send");
}

#[test]
fn a_view_that_makes_no_sense_costs_its_viewer_nothing_and_nobody_else_anything() {
    let mut show = Show::new(VP8, &[VP8, VP8]);
    show.pass(FRAME * 30, &Layer::ALL);
    let asked = show.asked();
    let tile = |peer, stream, height| crate::media::message::Tile { peer, stream, height, pinned: true };
    let strangers = (0..64_u64).map(|id| tile(PeerId(1_000 + id), Stream::Screen, u16::MAX));
    let absurd = [0, 1, u16::MAX].into_iter().cycle().take(64);
    let tiles: Vec<_> =
        strangers.chain(absurd.map(|height| tile(PUBLISHER, Stream::Camera, height))).collect();
    for _ in 0..100 {
        show.core.handle_command(
            show.now,
            Command::View { peer: WATCHER, tiles: tiles.clone(), beside: Beside::default() },
        );
    }
    assert_eq!(show.pass(FRAME * 30, &Layer::ALL), 60, "both of them see it as before");
    assert_eq!(show.asked(), asked, "it costs the publisher nothing");
    assert_eq!(show.core.faults().violations(), 0);
}

#[test]
fn a_camera_that_went_on_while_it_was_muted_has_not_jumped() {
    let mut show = Show::new(VP8, &[VP8]);
    show.pass(FRAME * 30, &Layer::ALL);
    let track = Track { stream: Stream::Camera, kind: Kind::Video };
    for muted in [true, false] {
        show.core.handle_command(show.now, Command::Mute { peer: PUBLISHER, track, muted });
        show.pass(FRAME * if muted { 3_200 } else { 30 }, &Layer::ALL);
    }
    assert_eq!(show.layer(), Some(Middle));
    assert_eq!(show.core.counters().jumps, 0);
}

#[test]
fn what_has_no_stream_to_leave_on_uses_up_nothing_and_is_not_counted_as_forwarded() {
    let mut show = Show::new(VP8, &[VP8]);
    show.pass(FRAME * 30, &Layer::ALL);
    let key = show.core.by_id[&WATCHER];
    let ssrc = show.core.peers[key].video[0].ssrc.replace(Ssrc(1));
    let judged = show.core.faults().judged;
    assert_eq!(show.pass(FRAME * 10, &Layer::ALL), 0);
    assert_eq!(show.core.counters().no_stream, 10, "the packets of the layer it takes");
    assert_eq!(show.core.faults().judged, judged, "no sequence number was used up");
    show.core.peers[key].video[0].ssrc = ssrc;
    assert_eq!(show.pass(FRAME * 10, &Layer::ALL), 10);
    assert_eq!(show.core.faults().violations(), 0);
}

#[test]
fn a_page_nobody_looks_at_gets_no_picture() {
    let mut show = Show::new(VP8, &[VP8]);
    assert!(show.pass(FRAME * 30, &Layer::ALL) > 20, "nothing was said: as the server thinks");
    show.core
        .handle_command(show.now, Command::View { peer: WATCHER, tiles: vec![], beside: Beside::default() });
    show.core.handle_timeout(show.now);
    assert_eq!(show.pass(FRAME * 30, &Layer::ALL), 0);
    let tile =
        crate::media::message::Tile { peer: PUBLISHER, stream: Stream::Camera, height: 90, pinned: false };
    show.core.handle_command(
        show.now,
        Command::View { peer: WATCHER, tiles: vec![tile], beside: Beside::default() },
    );
    assert!(show.pass(FRAME * 30, &Layer::ALL) > 20, "they look again");
}
