//! Walks the table of limits: each row has a trigger here, and each trigger moves its row's counter.

#![cfg(test)]
#![allow(clippy::too_many_lines, reason = "one table, one row after another")]

mod document;
#[allow(dead_code, reason = "the harness serves other tests too")]
#[path = "../http/harness.rs"]
mod harness;
mod media;
mod token;

use std::io::{ErrorKind, Write};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use harness::Server;
use media::{Media, another_source, asked_plainly, over_tcp, without_end};
use plenary::conference::placement::SPILL_AT;
use plenary::conference::protocol::Topology;
use plenary::conference::{
    Conference, ConferenceConfig, CreateRoom, DEFAULT_CODECS, MasterKey, MemoryStore, Now, Output, PassRules,
    Purpose, SocketId, StandardRequest, Turn, TurnSecret, UnixTime,
};
use plenary::control::ControlConfig;
use plenary::ledger::ClientAddress;
use plenary::limits::{Limit, Limits};
use serde_json::{Value, json};
use str0m::channel::ChannelConfig;
use token::with_token;

#[test]
fn every_limit_moves_its_counter() {
    for limit in Limit::ALL {
        assert!(trigger(*limit) > 0, "{limit:?} was exceeded and nobody counted it");
    }
}

/// Exceeds `limit` once and tells how often that was counted.
fn trigger(limit: Limit) -> u64 {
    let long = |characters: usize| "x".repeat(characters);
    let over = limit.default_value() + 1;
    match limit {
        Limit::MessageBytes => said(limit, &json!({"type": "ping", "x": long(over)})),
        Limit::SignalBytes => {
            said(limit, &json!({"type": "signal", "to": "0000000000000001", "data": long(over)}))
        }
        Limit::SignalBytesPerSecond => {
            let large = long(Limit::SignalBytes.default_value() / 2);
            repeated(limit, 9, &json!({"type": "signal", "to": "0000000000000001", "data": large}))
        }
        Limit::MessagesPerSecond => repeated(limit, 2 * over, &json!({"type": "ping"})),
        Limit::FramesPerSecond => framed(limit, &[0x89, 0x80, 0, 0, 0, 0].repeat(2 * over)),
        Limit::MessagePieces => {
            framed(limit, &[&[0x01, 0x80, 0, 0, 0, 0][..], &[0, 0x80, 0, 0, 0, 0].repeat(over)].concat())
        }
        Limit::OffersPerSecond => {
            // With the socket's rate as it is, and a new number each time.
            let mut conference = conference(Limits::default());
            join(&mut conference, 0, "Ann");
            for _ in 0..10 {
                conference.socket_text(now(), SocketId(0), &offer("v=0", 0).to_string());
            }
            conference.tally().count(limit)
        }
        Limit::OfferBytes => said(limit, &offer(&long(over), 0)),
        Limit::OfferMedia => said(limit, &offer(&lines("m=audio 9 UDP/TLS/RTP/SAVPF 111", over), 0)),
        Limit::OfferSsrcLines => said(limit, &offer(&lines("a=ssrc:1 cname:x", over), 0)),
        Limit::OfferCandidateLines => said(limit, &offer(&lines("a=candidate:1", over), 0)),
        Limit::OfferLines => said(limit, &offer(&lines("a=x", over), 0)),
        Limit::TracksPerPeer => said(limit, &offer("v=0", over)),
        Limit::ViewTiles => {
            let tile = json!({"peer": "0000000000000001", "stream": "camera", "height": 1});
            said(limit, &json!({"type": "view", "tiles": vec![tile; over]}))
        }
        Limit::ChatChars => said(limit, &json!({"type": "chat", "ref": "a", "text": long(over)})),
        Limit::ChatPerSecond
        | Limit::ChatBytesPerSecond
        | Limit::ChatBytesPerSecondPerRoom
        | Limit::ChatMessagesPerRoom
        | Limit::ChatBytesPerRoom
        | Limit::ChatBytes => written(limit),
        Limit::ReactionsPerSecond | Limit::ReactionsPerSecondPerRoom => {
            let mut conference = conference(Limits::default().with(limit, 1));
            join(&mut conference, 0, "Ann");
            let react = json!({"type": "react", "reaction": "clap"}).to_string();
            (0..6).for_each(|_| conference.socket_text(now(), SocketId(0), &react));
            conference.tally().count(limit)
        }
        Limit::FilesPerPeer
        | Limit::FilesCarriedPerPeer
        | Limit::FilesCarriedPerAddress
        | Limit::FilesCarried => sent_as_files(limit),
        Limit::TraceBytes => {
            let tile = json!({"peer": "0000000000000001", "stream": "camera", "height": 1});
            said_within(
                limit,
                Limits::default().with(limit, 64),
                &json!({"type": "view", "tiles": vec![tile; 8]}),
            )
        }
        Limit::PassBytes => {
            let mut conference = conference(Limits::default());
            conference.socket_opened(now(), SocketId(0), here());
            let join = json!({"type": "join", "room": "room", "name": "Ann", "pass": long(over)});
            conference.socket_text(now(), SocketId(0), &join.to_string());
            conference.tally().count(limit)
        }
        Limit::NameChars => joined(limit, Limits::default(), 1, &long(over)),
        Limit::PeersPerRoom => joined(limit, Limits::default().with(limit, 2), 3, "Ann"),
        Limit::StandardClients | Limit::StandardClientsPerAddress => {
            let mut conference = conference(Limits::default().with(limit, 1));
            let (purpose, room, sdp) = (Purpose::Publish, "room", include_str!("../standard/obs.sdp"));
            let request = StandardRequest { purpose, room, name: None, peer: None, shown: None, sdp };
            assert!(conference.open_standard(now(), here(), &request).is_ok());
            assert!(conference.open_standard(now(), here(), &request).is_err());
            conference.tally().count(limit)
        }
        Limit::LobbyPerRoom | Limit::LobbyPerAddress => waited(limit),
        Limit::RoomNameChars => created(limit, Limits::default(), &[&long(over)]),
        // Of the rate two minutes' worth at once, and there is a room already.
        Limit::Rooms | Limit::RoomsPerAddress | Limit::RoomsMadePerMinutePerAddress => {
            created(limit, Limits::default().with(limit, 1), &["one", "two"])
        }
        Limit::RoomsKept | Limit::RoomsKeptPerAddress => kept(limit),
        Limit::MetadataBytes => {
            let mut conference = conference(Limits::default());
            let metadata = Some(Value::from(long(over)));
            let room = CreateRoom { name: "one".into(), metadata, ..CreateRoom::default() };
            assert!(conference.create_room(now(), here(), room).is_err());
            conference.tally().count(limit)
        }
        Limit::IdempotencyKeys | Limit::IdempotencyKeysPerAddress => {
            let limits = Limits::default().with(limit, 1);
            let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
            for key in ["a", "b"] {
                let body = r#"{"name":"one"}"#;
                let head =
                    format!("POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {key}\r\n");
                let kind =
                    format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
                assert_eq!(server.ask(&format!("{head}{kind}{body}")).status, 201);
            }
            server.stop().count(limit)
        }
        Limit::RoomsMadePerMinutePerIdentity
        | Limit::JoinsPerMinutePerIdentity
        | Limit::RequestsPerSecondPerIdentity => with_token(limit),
        Limit::JoinsPerSecondPerRoom => joined(limit, Limits::default().with(limit, 1), 11, "Ann"),
        Limit::RequestsPerSecondPerRoom => {
            let mut conference = conference(Limits::default().with(limit, 1));
            let room = CreateRoom { name: "one".into(), ..CreateRoom::default() };
            let made = conference.create_room(now(), here(), room).expect("a room");
            for _ in 0..11 {
                let _ = conference.details(now(), here(), &made.room.id, &made.secret);
            }
            conference.tally().count(limit)
        }
        Limit::JoinsPerSecondPerAddress => joined(limit, Limits::default().with(limit, 1), 16, "Ann"),
        Limit::FailedJoinsPerMinutePerAddress => {
            let mut conference = conference(Limits::default().with(limit, 1));
            assert!((0..6).any(|_| conference.asked_in_vain(now(), here()).is_err()));
            conference.tally().count(limit)
        }
        Limit::OffersPerSecondPerAddress => {
            // Several sockets of one address; no one of them is over its own rate.
            let mut conference = conference(Limits::default().with(limit, 1));
            for socket in 0..21 {
                join(&mut conference, socket, "Ann");
                conference.socket_text(now(), SocketId(socket), &offer("v=0", 0).to_string());
            }
            assert_eq!(conference.tally().count(Limit::OffersPerSecond), 0);
            conference.tally().count(limit)
        }
        Limit::TurnUsersPerHourPerAddress => {
            let secret = TurnSecret::new(b"0123456789abcdef").unwrap();
            let turn = Turn { urls: vec!["turn:turn.example.org".to_owned()], secret };
            let mut conference = conference_with(Limits::default().with(limit, 1), Some(turn));
            (0..2).for_each(|socket| join(&mut conference, socket, "Ann"));
            conference.tally().count(limit)
        }
        Limit::TroublesPerMinutePerAddress => {
            let mut conference = conference(Limits::default().with(limit, 1));
            let report = json!({
                "type": "trouble", "gathered": [], "errors": [], "ice": "new", "dtls": "new", "answered": false,
                "bytesSent": 0, "bytesReceived": 0, "encoded": false, "decoded": false
            });
            for socket in 0..5 {
                join(&mut conference, socket, "Ann");
                conference.socket_text(now(), SocketId(socket), &report.to_string());
            }
            conference.tally().count(limit)
        }
        Limit::JoinMillis | Limit::RejoinMillis => {
            let mut conference = conference(Limits::default().with(limit, 1));
            join(&mut conference, 0, "Ann");
            conference.socket_text(now(), SocketId(0), &json!({"type": "leave"}).to_string());
            conference.socket_opened(now(), SocketId(1), here());
            let instant = now().instant + Duration::from_secs(1);
            conference.handle_timeout(Now { instant, wall: UnixTime::default() });
            conference.tally().count(limit)
        }
        Limit::LedgerAccounts => {
            let mut conference = conference(Limits::default().with(limit, 1));
            assert!((1..3).all(|last| conference.asked_in_vain(now(), address(last)).is_ok()));
            conference.tally().count(limit)
        }
        Limit::AddressesPerPeer => {
            let mut media = Media::new();
            for port in 0..over {
                media.ping(10_000 + u16::try_from(port).unwrap());
            }
            media.core.tally().count(limit)
        }
        Limit::StunPerSecondPerAddress | Limit::StunPerSecond => asked_plainly(limit),
        Limit::SsrcsPerPeer => without_end(limit, another_source),
        Limit::DataStreamsPerPeer => without_end(limit, |client, _, _, _| {
            client.direct_api().create_data_channel(ChannelConfig::default());
        }),
        Limit::TcpConnections
        | Limit::TcpConnectionsPerAddress
        | Limit::TcpHalfOpenConnections
        | Limit::TcpHalfOpenConnectionsPerAddress
        | Limit::TcpHalfOpenMillis
        | Limit::TcpIdleMillis
        | Limit::TcpFrameBytes
        | Limit::TcpWriteBytes => over_tcp(limit),
        Limit::OutboxBytes => unread(limit),
        Limit::SocketsPerAddress => {
            let limits = Limits::default().with(limit, 1);
            let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
            let first = server.websocket();
            let second = harness::try_websocket_from(Ipv4Addr::LOCALHOST, server.port);
            assert!(matches!(second, Err(tungstenite::Error::Http(answer)) if answer.status() == 429));
            drop(first);
            server.stop().count(limit)
        }
        Limit::HeldBytes | Limit::HeldBytesPerAddress => {
            let limits = Limits::default().with(limit, 1_000);
            let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
            let mut client = server.connect();
            client.say("POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n");
            // It may be gone before all of it is said.
            let _ = client.try_say(&[b' '; 2_000]);
            assert!(client.is_gone());
            server.stop().count(limit)
        }
        Limit::HalfOpenConnections
        | Limit::HalfOpenConnectionsPerAddress
        | Limit::Connections
        | Limit::ConnectionsPerAddress => {
            let server = Server::with(ControlConfig {
                limits: Limits::default().with(limit, 1),
                ..ControlConfig::default()
            });
            let mut clients: Vec<_> = (0..3).map(|_| server.connect()).collect();
            // None of them is in a call: the oldest gives way.
            assert!(clients[0].is_ended());
            drop(clients);
            server.stop().count(limit)
        }
        Limit::MetricsConnections => {
            let limits = Limits::default().with(limit, 1);
            let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
            let mut clients: Vec<_> = (0..2).map(|_| server.connect_to_metrics()).collect();
            assert!(clients[0].is_ended(), "the oldest gives way");
            drop(clients);
            server.stop().count(limit)
        }
        Limit::HttpHeadBytes => asked(limit, &format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", long(over))),
        Limit::HttpBodyBytes => asked(
            limit,
            &format!("POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: {over}\r\n\r\n"),
        ),
        Limit::HttpHeadMillis => {
            let limits = Limits::default().with(limit, 20);
            let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
            let mut client = server.connect();
            client.say("GET / HTTP/1.1\r\n");
            assert_eq!(client.answer().status, 408);
            drop(client);
            server.stop().count(limit)
        }
    }
}

fn lines(line: &str, count: usize) -> String {
    format!("v=0\r\n{}", format!("{line}\r\n").repeat(count))
}

fn offer(sdp: &str, tracks: usize) -> Value {
    let track = json!({"mid": "0", "stream": "camera", "kind": "audio"});
    json!({"type": "offer", "id": 1, "fresh": true, "sdp": sdp, "tracks": vec![track; tracks], "slots": []})
}

/// Somebody's address.
fn address(last: u8) -> ClientAddress {
    ClientAddress::of([192, 0, 2, last].into())
}

/// Where everybody comes from who is asked for no other address.
fn here() -> ClientAddress {
    ClientAddress::of([127, 0, 0, 1].into())
}

fn now() -> Now {
    Now { instant: Instant::now(), wall: UnixTime::default() }
}

fn conference(limits: Limits) -> Conference {
    conference_with(limits, None)
}

fn conference_with(limits: Limits, turn: Option<Turn>) -> Conference {
    conference_within(limits, turn, PassRules::default())
}

fn conference_within(limits: Limits, turn: Option<Turn>, rules: PassRules) -> Conference {
    let key = MasterKey::new(&[7; MasterKey::BYTES]);
    let config = ConferenceConfig {
        media: plenary::conference::MediaReach::default(),
        key,
        limits,
        turn,
        stun: Vec::new(),
        file_bytes: plenary::conference::FILE_BYTES,
        whip_bitrate: 8_000_000,
        workers: 1,
        spill_at: SPILL_AT,
        rules,
        codecs: DEFAULT_CODECS.to_vec(),
    };
    let mut next = 0u8;
    let entropy = move |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_add(1);
            *byte = next;
        }
    };
    let mut conference = Conference::new(config, Box::<MemoryStore>::default(), Box::new(entropy));
    let _ = conference.create_room(
        now(),
        here(),
        CreateRoom { name: "room".into(), listed: true, topology: Topology::Sfu, ..CreateRoom::default() },
    );
    conference
}

fn join(conference: &mut Conference, socket: usize, name: &str) {
    conference.socket_opened(now(), SocketId(socket), here());
    let text = json!({"type": "join", "room": "room", "name": name}).to_string();
    conference.socket_text(now(), SocketId(socket), &text);
}

/// Somebody inside says `message`.
fn said(limit: Limit, message: &Value) -> u64 {
    repeated(limit, 1, message)
}

/// The same where `limits` hold.
fn said_within(limit: Limit, limits: Limits, message: &Value) -> u64 {
    let mut conference = conference(limits);
    join(&mut conference, 0, "Ann");
    conference.socket_text(now(), SocketId(0), &message.to_string());
    conference.tally().count(limit)
}

fn repeated(limit: Limit, times: usize, message: &Value) -> u64 {
    let mut conference = conference(Limits::default());
    join(&mut conference, 0, "Ann");
    for _ in 0..times {
        conference.socket_text(now(), SocketId(0), &message.to_string());
    }
    conference.tally().count(limit)
}

/// Two messages of the chat where one is more than there may be.
fn written(limit: Limit) -> u64 {
    let mut conference = conference(Limits::default().with(limit, 1));
    join(&mut conference, 0, "Ann");
    for reference in 0..20 {
        let message = json!({"type": "chat", "ref": reference.to_string(), "text": "x".repeat(100)});
        conference.socket_text(now(), SocketId(0), &message.to_string());
    }
    conference.tally().count(limit)
}

/// Two files that somebody takes, where there may be one.
fn sent_as_files(limit: Limit) -> u64 {
    let mut conference = conference(Limits::default().with(limit, 1));
    join(&mut conference, 0, "Ann");
    join(&mut conference, 1, "Bob");
    let mut ids = Vec::new();
    while let Some(output) = conference.poll_output() {
        if let Output::Send { message, .. } = output {
            let message: Value = serde_json::from_str(&message).expect("a message");
            ids.extend(message["peer"].as_str().filter(|_| message["type"] == "welcome").map(str::to_owned));
        }
    }
    let [ann, bob] = &ids[..] else { panic!("{ids:?}") };
    for id in 1..=2 {
        for (socket, to, frame) in [
            (0, bob, json!({"type": "offer", "id": id, "name": "a", "size": 1})),
            (1, ann, json!({"type": "accept", "id": id})),
            (0, bob, json!({"type": "start", "id": id})),
        ] {
            let message = json!({"type": "file", "to": to, "frame": frame}).to_string();
            conference.socket_text(now(), SocketId(socket), &message);
        }
    }
    conference.tally().count(limit)
}

fn joined(limit: Limit, limits: Limits, people: usize, name: &str) -> u64 {
    let mut conference = conference(limits);
    (0..people).for_each(|socket| join(&mut conference, socket, name));
    conference.tally().count(limit)
}

fn created(limit: Limit, limits: Limits, names: &[&str]) -> u64 {
    let mut conference = conference(limits);
    for name in names {
        let _ = conference.create_room(
            now(),
            here(),
            CreateRoom {
                name: (*name).to_owned(),
                listed: false,
                topology: Topology::Sfu,
                ..CreateRoom::default()
            },
        );
    }
    conference.tally().count(limit)
}

/// Two rooms that are to last, where one may.
fn kept(limit: Limit) -> u64 {
    let mut conference = conference(Limits::default().with(limit, 1));
    for name in ["one", "two"] {
        let room = CreateRoom { name: name.into(), listed: true, lasts: true, ..CreateRoom::default() };
        let _ = conference.create_room(now(), here(), room);
    }
    conference.tally().count(limit)
}

/// Two who ask to be let in, where one may wait.
fn waited(limit: Limit) -> u64 {
    let mut conference = conference(Limits::default().with(limit, 1));
    let access = serde_json::from_value(json!("lobby")).expect("a way to come in");
    let room = CreateRoom { name: "lobby".into(), listed: true, access, ..CreateRoom::default() };
    conference.create_room(now(), here(), room).expect("a room");
    for socket in 0..2 {
        conference.socket_opened(now(), SocketId(socket), here());
        let text = json!({"type": "join", "room": "lobby", "name": "Ann"}).to_string();
        conference.socket_text(now(), SocketId(socket), &text);
    }
    conference.tally().count(limit)
}

fn asked(limit: Limit, request: &str) -> u64 {
    let server = Server::start();
    let mut client = server.connect();
    client.say(request);
    assert!(client.answer().status >= 400);
    drop(client);
    server.stop().count(limit)
}

/// A client sends these frames in one go.
fn framed(limit: Limit, frames: &[u8]) -> u64 {
    let server = Server::start();
    let mut socket = server.websocket();
    socket.get_mut().write_all(frames).unwrap();
    let close = std::iter::from_fn(|| Some(socket.read().unwrap())).find(tungstenite::Message::is_close);
    assert!(close.unwrap().to_text().is_ok());
    server.stop().count(limit)
}

/// A client that makes mistakes and reads no complaint: in the end the server closes it.
fn unread(limit: Limit) -> u64 {
    let limits = Limits::default().with(limit, 1_000).with(Limit::MessagesPerSecond, 1_000_000);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    server.post("/api/rooms", r#"{"name": "room", "listed": true}"#);
    let mut socket = server.websocket();
    let join = json!({"type": "join", "room": "room", "name": "Ann"}).to_string();
    socket.send(join.into()).unwrap();
    socket.get_ref().set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let mistake = json!({"type": "x".repeat(300)}).to_string();
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        match socket.send(mistake.clone().into()) {
            Ok(()) => {}
            Err(tungstenite::Error::Io(e)) if e.kind() == ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    server.stop().count(limit)
}
