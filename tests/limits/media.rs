//! Limits of a worker and of its core, exceeded by clients that speak ICE and more.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plenary::config::Announced;
use plenary::limits::{Limit, Limits};
use plenary::media::ids::{Kind, OfferId, PeerId, RoomId, Stream};
use plenary::media::message::{Command, Notice, TrackLine};
use plenary::media::rtc::{ConnectionConfig, EgressKind, Offer};
use plenary::media::{Core, CoreConfig, Path};
use plenary::worker::WorkerConfig;
use str0m::change::SdpAnswer;
use str0m::ice::{StunMessage, TransId};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Input, Output, Rtc, RtcConfig};

/// A core with one peer whose connection waits for its first packet.
pub struct Media {
    pub core: Core,
    now: Instant,
    names: String,
    password: String,
}

const SERVER: &str = "127.0.0.1:5000";

impl Media {
    pub fn new() -> Media {
        let now = Instant::now();
        let connection = ConnectionConfig {
            candidates: vec![SERVER.parse().unwrap()],
            worker: 0,
            egress: EgressKind::Own,
        };
        let mut core = Core::new(CoreConfig::new(connection, Limits::default()), now);
        let (offer, theirs) = an_offer(now);
        core.handle_command(now, Command::Join { peer: PeerId(1), room: RoomId(1) });
        let offer = Command::Offer { peer: PeerId(1), id: OfferId(1), fresh: true, offer: Box::new(offer) };
        core.handle_command(now, offer);
        let Some(Notice::Answer { sdp, .. }) = core.poll_notice() else { unreachable!("an answer") };
        let (ufrag, password) = credentials(&sdp);
        Media { core, now, names: format!("{ufrag}:{theirs}"), password }
    }

    fn path(port: u16) -> Path {
        Path::udp(SocketAddr::from(([127, 0, 0, 1], port)), SERVER.parse().unwrap())
    }

    /// An authenticated binding request from `port`.
    pub fn ping(&mut self, port: u16) {
        let request = binding_request(&self.names, &self.password);
        self.core.handle_datagram(self.now, Media::path(port), &request);
    }
}

/// An offer of one track that nobody will send, and its client's user name for STUN.
fn an_offer(now: Instant) -> (Offer, String) {
    let mut client = Rtc::new(now);
    let mut changes = client.sdp_api();
    changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    let (offer, _) = changes.apply().unwrap();
    let sdp = offer.to_sdp_string();
    (Offer::parse(&sdp, vec![], vec![], &Limits::default()).unwrap(), credentials(&sdp).0)
}

/// The user name and the password for STUN in a description.
fn credentials(sdp: &str) -> (String, String) {
    let value = |name: &str| sdp.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    (value("a=ice-ufrag:"), value("a=ice-pwd:"))
}

/// A request of whoever has these names, theirs last.
fn binding_request(names: &str, password: &str) -> Vec<u8> {
    let request = StunMessage::binding_request(names, TransId::new(), true, 1, 1, false);
    let mut bytes = vec![0; 200];
    let hmac = |key: &[u8], parts: &[&[u8]]| {
        let provider = str0m::crypto::from_feature_flags();
        provider.sha1_hmac_provider.sha1_hmac(key, parts)
    };
    let length = request.to_bytes(Some(password.as_bytes()), &mut bytes, hmac).unwrap();
    bytes.truncate(length);
    bytes
}

/// A worker on sockets, with this limit at its smallest. Somebody opens two connections, tries to authenticate on both,
/// says no more and reads nothing; a third one says nothing at all.
pub fn over_tcp(limit: Limit) -> u64 {
    let announced = vec![Announced { local: [127, 0, 0, 1].into(), public: [127, 0, 0, 1].into() }];
    let limits = Limits::default().with(limit, 1);
    let config = WorkerConfig {
        index: 0,
        port: 0,
        pin: None,
        announced,
        limits,
        egress: EgressKind::Own,
        audio_top: 4,
    };
    let poll = mio::Poll::new().unwrap();
    let waker = Arc::new(mio::Waker::new(poll.registry(), mio::Token(0)).unwrap());
    let mut worker = plenary::worker::spawn(std::time::Instant::now(), &config, waker).unwrap();
    let (offer, theirs) = an_offer(Instant::now());
    let offer = Box::new(offer);
    worker.send(Command::Join { peer: PeerId(1), room: RoomId(1) });
    worker.send(Command::Offer { peer: PeerId(1), id: OfferId(1), fresh: true, offer });
    worker.flush();
    let (mut answer, by) = (None, Instant::now() + Duration::from_secs(10));
    while answer.is_none() && Instant::now() < by {
        worker.drain(|notice| {
            if let Notice::Answer { sdp, .. } = notice {
                answer = Some(sdp);
            }
        });
    }
    let (ufrag, password) = credentials(&answer.expect("an answer"));
    let request = binding_request(&format!("{ufrag}:{theirs}"), &password);
    let framed = [&u16::try_from(request.len()).unwrap().to_be_bytes(), &request[..]].concat();
    let mut streams: Vec<TcpStream> =
        (0..3).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, worker.port())).unwrap()).collect();
    for stream in &mut streams[..2] {
        // It may be closed already.
        let _ = stream.write_all(&framed);
    }
    let mut count = 0;
    while count == 0 && Instant::now() < by {
        std::thread::sleep(Duration::from_millis(5));
        worker.ask();
        worker.flush();
        worker.drain(|_| {});
        count = worker.report().0.limits.count(limit);
    }
    worker.stop();
    count
}

/// Strangers ask a core that nobody is in for their addresses.
pub fn asked_plainly(limit: Limit) -> u64 {
    let now = Instant::now();
    let connection =
        ConnectionConfig { candidates: vec![SERVER.parse().unwrap()], worker: 0, egress: EgressKind::Own };
    let limits = Limits::default().with(limit, 1);
    let mut core = Core::new(CoreConfig::new(connection, limits), now);
    let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    for _ in 0..11 {
        core.handle_datagram(now, Media::path(10_000), &request);
    }
    let answers = core.drain_transmits(now);
    assert!(answers.iter().all(|answer| answer.contents.len() == 32));
    assert_eq!(core.counters().stun_mirrored, answers.len() as u64);
    core.tally().count(limit)
}

/// Gives the core what the client has to send.
fn drain(client: &mut Rtc, core: &mut Core, now: Instant, path: Path) {
    loop {
        match client.poll_output().unwrap() {
            Output::Timeout(_) => return,
            Output::Transmit(transmit) => core.handle_datagram(now, path, &transmit.contents),
            Output::Event(_) => {}
        }
    }
}

/// The client sends from another source, so-many-th of all.
pub fn another_source(client: &mut Rtc, mid: Mid, number: u32, now: Instant) {
    let mut api = client.direct_api();
    if let Some(known) = api.stream_tx_by_mid(mid, None).map(|stream| stream.ssrc()) {
        api.remove_stream_tx(known);
    }
    let stream = api.declare_stream_tx((1_000 + number).into(), None, mid, None);
    stream.write_rtp(RtpWrite::new(111.into(), 10.into(), 960, now, vec![7; 40]));
}

/// A client that does something over and over, until it is once too often.
pub fn without_end(limit: Limit, again: impl Fn(&mut Rtc, Mid, u32, Instant)) -> u64 {
    let most = 3;
    let mut now = Instant::now();
    let server: SocketAddr = SERVER.parse().unwrap();
    let connection = ConnectionConfig { candidates: vec![server], worker: 0, egress: EgressKind::Own };
    let limits = Limits::default().with(limit, most);
    let mut core = Core::new(CoreConfig::new(connection, limits.clone()), now);
    let mut client = RtcConfig::new().set_rtp_mode(true).build(now);
    let path = Media::path(10_000);
    client.add_local_candidate(Candidate::host(path.remote, "udp").unwrap());
    let mut changes = client.sdp_api();
    let mid = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    changes.add_channel("control".into());
    let (offer, pending) = changes.apply().unwrap();
    let track = TrackLine { mid: mid.to_string(), stream: Stream::Camera, kind: Kind::Audio };
    let offer = Offer::parse(&offer.to_sdp_string(), vec![track], vec![], &limits).unwrap();
    core.handle_command(now, Command::Join { peer: PeerId(1), room: RoomId(1) });
    let offer = Command::Offer { peer: PeerId(1), id: OfferId(1), fresh: true, offer: Box::new(offer) };
    core.handle_command(now, offer);
    let Some(Notice::Answer { sdp, .. }) = core.poll_notice() else { unreachable!("an answer") };
    client.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&sdp).unwrap()).unwrap();
    for turn in 0..200_u32 {
        if client.is_connected() && turn % 10 == 0 {
            again(&mut client, mid, turn, now);
        }
        client.handle_input(Input::Timeout(now)).unwrap();
        drain(&mut client, &mut core, now, path);
        core.handle_timeout(now);
        let transmits: Vec<_> = core.drain_transmits(now);
        for transmit in transmits {
            let receive = Receive::new(Protocol::Udp, server, path.remote, &transmit.contents).unwrap();
            client.handle_input(Input::Receive(now, receive)).unwrap();
            drain(&mut client, &mut core, now, path);
        }
        now += Duration::from_millis(5);
    }
    let told = std::iter::from_fn(|| core.poll_notice());
    let lost = told.into_iter().any(|notice| matches!(notice, Notice::Lost { .. }));
    assert!(lost, "the client must hear of it, to build another connection");
    core.tally().count(limit)
}

#[test]
fn a_request_without_the_password_teaches_no_address() {
    let mut media = Media::new();
    media.password.push('x');
    media.ping(10_000);
    assert_eq!((media.core.paths(), media.core.counters().stun_refused), (0, 1));
    media.password.pop();
    media.ping(10_000);
    assert_eq!(media.core.paths(), 1);
}

#[test]
fn a_question_for_ones_address_is_answered_by_udp_only_and_teaches_no_address() {
    let mut media = Media::new();
    let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    let udp = Media::path(10_000);
    for path in [udp, Path::tcp(udp.remote, udp.local)] {
        media.core.handle_datagram(media.now, path, &request);
    }
    let answers = media.core.drain_transmits(media.now);
    assert_eq!(answers.iter().map(|answer| answer.path).collect::<Vec<_>>(), [udp]);
    let counters = media.core.counters();
    assert_eq!((counters.stun_mirrored, counters.stun_refused, media.core.paths()), (1, 1, 0));
}
