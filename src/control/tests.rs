//! One connection in virtual time: a real socket pair, and a clock that the test moves.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::assets::Assets;
use super::connection::{Fate, HttpConnection};
use super::counters::ControlCounters;
use super::door::{Door, Refusals};
use super::ids::ConnectionId;
use super::proxy::TrustedProxies;
use super::repeats::Repeats;
use super::site::{Site, Slice};
use super::wire::Wire;
use crate::conference::placement::SPILL_AT;
use crate::conference::{
    Conference, ConferenceConfig, CreateRoom, DEFAULT_CODECS, MasterKey, MemoryStore, Now, PassRules,
    UnixTime,
};
use crate::ledger::ClientAddress;
use crate::limits::{Limits, Tally};
use crate::refusals::RefusalLog;

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A pong without payload, masked with zeros.
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];
const PING_FROM_SERVER: [u8; 2] = [0x89, 0];

struct NoWorkers;

impl super::Workers for NoWorkers {
    fn send(&mut self, _: crate::conference::WorkerId, _: crate::media::message::Command) {}
    fn drain(&mut self, _: &mut dyn FnMut(crate::conference::WorkerId, crate::media::message::Notice)) {}
    fn stop(&mut self) {}
}

struct World {
    start: Instant,
    conference: Conference,
    assets: Assets,
    limits: Limits,
    tally: Tally,
    counters: ControlCounters,
    refusal_log: RefusalLog,
    proxies: TrustedProxies,
    door: Door,
    refusals: Refusals,
    connection: HttpConnection,
    peer: TcpStream,
}

impl World {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (stream, address) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let start = Instant::now();
        let wire = Wire::new(mio::net::TcpStream::from_std(stream), None).unwrap();
        let config = ConferenceConfig {
            media: crate::conference::MediaReach::default(),
            key: MasterKey::new(&[7; MasterKey::BYTES]),
            limits: Limits::default(),
            turn: None,
            stun: Vec::new(),
            file_bytes: crate::conference::FILE_BYTES,
            whip_bitrate: 8_000_000,
            workers: 1,
            spill_at: SPILL_AT,
            rules: PassRules::default(),
            codecs: DEFAULT_CODECS.to_vec(),
        };
        Self {
            start,
            conference: Conference::new(
                config,
                Box::<MemoryStore>::default(),
                Box::new(|bytes| bytes.fill(7)),
            ),
            assets: Assets::Directory(std::env::temp_dir()),
            limits: Limits::default(),
            tally: Tally::default(),
            counters: ControlCounters::default(),
            refusal_log: RefusalLog::default(),
            proxies: TrustedProxies::default(),
            door: Door::default(),
            refusals: Refusals::default(),
            connection: HttpConnection::new(ConnectionId::of(99), wire, address.ip(), start),
            peer,
        }
    }

    fn at(&mut self, seconds: u64, act: fn(&mut HttpConnection, &mut Site<'_>) -> Fate) -> Fate {
        let now = Now { instant: self.start + Duration::from_secs(seconds), wall: UnixTime::default() };
        let mut site = Site {
            now,
            conference: &mut self.conference,
            assets: &self.assets,
            limits: &self.limits,
            tally: &mut self.tally,
            counters: &mut self.counters,
            refusal_log: &mut self.refusal_log,
            proxies: &self.proxies,
            door: &self.door,
            refusals: &mut self.refusals,
            slice: Slice::begin(),
            stopping: false,
            keeper: None,
            await_store: &mut BTreeSet::new(),
            answers: &mut super::answers::Answers::default(),
            repeats: &mut Repeats::default(),
            connection: ConnectionId::of(99),
            workers: &mut NoWorkers,
        };
        act(&mut self.connection, &mut site)
    }

    /// When the connection wants to be looked at again, in seconds from the start.
    fn deadline(&self) -> u64 {
        (self.connection.deadline(&self.limits) - self.start).as_secs()
    }

    /// The client says something at this time; the connection is driven until it is heard.
    fn say(&mut self, seconds: u64, bytes: &[u8]) {
        let before = self.connection.wire_mut().received();
        self.peer.write_all(bytes).unwrap();
        loop {
            // On a busy machine its turn may be over before it is done.
            let fate = self.at(seconds, HttpConnection::drive);
            assert_ne!(fate, Fate::Gone);
            if fate == Fate::Wait && self.connection.wire_mut().received() - before >= bytes.len() as u64 {
                return;
            }
        }
    }

    fn hear(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.peer.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads an answer without a body.
    fn hear_head(&mut self) {
        let mut end = Vec::new();
        while !end.ends_with(b"\r\n\r\n") {
            end.extend(self.hear(1));
        }
    }

    fn open_websocket(&mut self) {
        self.say(0, UPGRADE.as_bytes());
        self.hear_head();
    }
}

#[test]
fn a_silent_client_is_asked_twice_and_then_closed() {
    let mut world = World::new();
    world.open_websocket();
    for asked_at in [10, 20] {
        assert_eq!(world.deadline(), asked_at);
        assert_eq!(world.at(asked_at, HttpConnection::handle_timeout), Fate::Wait);
        assert_eq!(world.hear(2), PING_FROM_SERVER);
    }
    assert_eq!(world.deadline(), 30);
    assert_eq!(world.at(30, HttpConnection::handle_timeout), Fate::Wait);
    let close = world.hear(4);
    assert_eq!((close[0], u16::from_be_bytes([close[2], close[3]])), (0x88, 4002));
    assert_eq!(world.deadline(), 32, "it is not waited for");
    assert_eq!(world.at(32, HttpConnection::handle_timeout), Fate::Gone);
    let (answers, closes) = (world.counters.answers().collect::<Vec<_>>(), world.counters.closes());
    assert_eq!((answers, closes.collect()), (vec![(101, 1)], vec![(4002, 1)]));
}

#[test]
fn a_client_that_answers_stays_for_ever() {
    let mut world = World::new();
    world.open_websocket();
    for round in 1..20 {
        let asked_at = world.deadline();
        assert_eq!(asked_at, round * 10);
        assert_eq!(world.at(asked_at, HttpConnection::handle_timeout), Fate::Wait);
        assert_eq!(world.hear(2), PING_FROM_SERVER);
        world.say(asked_at, &PONG);
    }
}

#[test]
fn a_large_offer_on_a_thin_line_is_a_sign_of_life() {
    let mut world = World::new();
    world.open_websocket();
    // The head of a text frame of 90,000 bytes, and then a little of it every 25 seconds.
    world.say(1, &[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x5f, 0x90, 0, 0, 0, 0]);
    for seconds in [25, 50, 75] {
        world.say(seconds, &[b' '; 1000]);
        assert_eq!(world.deadline(), seconds + 10);
    }
}

#[test]
fn a_person_whose_connection_breaks_leaves_in_the_end() {
    let mut world = World::new();
    let now = Now { instant: world.start, wall: UnixTime::default() };
    let here = ClientAddress::of([127, 0, 0, 1].into());
    world
        .conference
        .create_room(
            now,
            here,
            CreateRoom {
                name: "tea".into(),
                listed: true,
                topology: crate::conference::protocol::Topology::Sfu,
                ..CreateRoom::default()
            },
        )
        .unwrap();
    world.open_websocket();
    let join = br#"{"type":"join","room":"tea","name":"Ann"}"#;
    world.say(1, &[0x81, 0x80 | u8::try_from(join.len()).unwrap(), 0, 0, 0, 0]);
    world.say(1, join);
    assert_eq!(world.conference.room("tea").unwrap().people, 1);
    world.peer.shutdown(std::net::Shutdown::Both).unwrap();
    while world.at(2, HttpConnection::drive) != Fate::Gone {}
    let much_later = Now { instant: world.start + Duration::from_secs(120), wall: UnixTime::default() };
    world.conference.handle_timeout(much_later);
    assert_eq!(world.conference.room("tea").map_or(0, |room| room.people), 0);
}

#[test]
fn a_connection_nobody_uses_ends() {
    let mut world = World::new();
    world.say(3, b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    world.hear_head();
    assert_eq!(world.deadline(), 63);
    assert_eq!(world.at(63, HttpConnection::handle_timeout), Fate::Wait);
    assert_eq!(world.peer.read(&mut [0; 10]).unwrap(), 0, "an orderly end");
    drop(world.peer.shutdown(std::net::Shutdown::Both));
    while world.at(63, HttpConnection::drive) != Fate::Gone {}
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_dropped() {
    let mut world = World::new();
    world.peer.set_nonblocking(true).unwrap();
    // Answers are small: it takes many to fill the buffers of both sockets.
    let many = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
    loop {
        match world.peer.write(&many) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
        while world.at(5, HttpConnection::drive) == Fate::Again {}
    }
    assert_eq!(world.deadline(), 35);
    assert_eq!(world.at(35, HttpConnection::handle_timeout), Fate::Gone);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A panic would end everybody's call.
    #[test]
    fn whatever_bytes_come_only_their_connection_can_end(
        upgraded in any::<bool>(),
        pieces in proptest::collection::vec(
            (any::<bool>(), any::<[u8; 4]>(), proptest::collection::vec(any::<u8>(), 0..120)), 1..8,
        ),
    ) {
        let mut world = World::new();
        if upgraded {
            world.open_websocket();
        }
        for (framed, mask, bytes) in pieces {
            let length = u8::try_from(bytes.len()).unwrap();
            // Half of the pieces are frames as far as the first byte allows: pure noise would not get deep.
            let head = if framed { vec![0x80 | (mask[0] & 0x0f), 0x80 | length, mask[0], mask[1], mask[2], mask[3]] } else { Vec::new() };
            let sent = world.peer.write_all(&[head, bytes].concat());
            if sent.is_err() || world.at(1, HttpConnection::drive) == Fate::Gone {
                break;
            }
        }
        world.at(2, HttpConnection::write);
        prop_assert!(world.deadline() <= 62, "every connection has an end");
    }
}
