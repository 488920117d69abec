//! Signaling as browsers reach it: who may connect, what comes back, what ends it.

use std::io::Write;
use std::time::{Duration, Instant};

use plenary::control::ControlConfig;
use plenary::limits::{Limit, Limits};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::{Error, Message, WebSocket};

use crate::harness::{Answer, Server, Stream};

const UPGRADE: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn upgrade(server: &Server, lines: &str) -> Answer {
    server.ask(&format!("GET /ws HTTP/1.1\r\n{UPGRADE}{lines}\r\n"))
}

/// Reads until the close frame: its code.
fn close_code(socket: &mut WebSocket<Stream>) -> u16 {
    loop {
        match socket.read() {
            Ok(Message::Close(frame)) => return frame.expect("a close with a code").code.into(),
            Ok(_) => {}
            Err(error) => panic!("no close frame came: {error}"),
        }
    }
}

#[test]
fn a_message_is_answered() {
    let server = Server::start();
    let mut socket = server.websocket();
    for text in [r#"{"type":"ping"}"#, "nonsense"] {
        socket.send(Message::text(text)).unwrap();
        let answer: serde_json::Value =
            serde_json::from_str(socket.read().unwrap().to_text().unwrap()).unwrap();
        assert_eq!(answer["type"], "error", "before `join` nothing else is taken: {answer}");
    }
}

/// The buffers that a long message took are given back where nothing is in them; a message of which pieces came is not lost with them.
#[test]
fn after_a_long_message_one_that_comes_in_pieces_is_whole() {
    let server = Server::start();
    let mut socket = server.websocket();
    for _ in 0..3 {
        socket.send(Message::text("x".repeat(20_000))).unwrap();
        let answer = socket.read().unwrap();
        assert!(answer.to_text().unwrap().contains("error"), "{answer}");
        for (bytes, opcode, is_last) in
            [("{\"type\":", Data::Text, false), ("\"ping\"}", Data::Continue, true)]
        {
            let piece = Frame::message(bytes.as_bytes().to_vec(), OpCode::Data(opcode), is_last);
            socket.send(Message::Frame(piece)).unwrap();
            // The server has read all there was.
            socket.send(Message::Ping(Vec::new().into())).unwrap();
            let mut answer = socket.read().unwrap();
            if is_last {
                assert!(answer.to_text().unwrap().contains("error"), "{answer}");
                answer = socket.read().unwrap();
            }
            assert!(answer.is_pong(), "{answer}");
        }
    }
}

#[test]
fn a_person_who_joins_a_room_is_welcome_and_others_are_told() {
    let server = Server::start();
    let room = server.post("/api/rooms", r#"{"name":"Tea","listed":false}"#).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let join = |name: &str| {
        let mut socket = server.websocket();
        socket.send(Message::text(format!(r#"{{"type":"join","room":"{room}","name":"{name}"}}"#))).unwrap();
        let welcome: serde_json::Value =
            serde_json::from_str(socket.read().unwrap().to_text().unwrap()).unwrap();
        assert_eq!(welcome["type"], "welcome");
        socket
    };
    let mut ada = join("Ada");
    let _bob = join("Bob");
    loop {
        let message: serde_json::Value =
            serde_json::from_str(ada.read().unwrap().to_text().unwrap()).unwrap();
        if message["type"] == "peer-joined" && message["name"] == "Bob" {
            break;
        }
    }
    let seen = server.get(&format!("/api/rooms/{room}")).json();
    assert_eq!((&seen["people"], &seen["names"]), (&2.into(), &serde_json::json!(["Ada", "Bob"])));
}

#[test]
fn only_pages_of_this_server_may_connect() {
    let server = Server::start();
    assert_eq!(
        upgrade(&server, "Host: call.example:8443\r\nOrigin: https://call.example:8443\r\n").status,
        101
    );
    for lines in [
        "Host: call.example\r\n",
        "Host: call.example\r\nOrigin: https://evil.example\r\n",
        "Host: call.example\r\nOrigin: https://call.example:8443\r\n",
        "Host: call.example\r\nOrigin: https://call.example/\r\n",
        "Host: call.example\r\nOrigin: https://call.example\r\nOrigin: https://call.example\r\n",
        "Host: call.example\r\nOrigin: https://call.example\r\nOrigin: https://evil.example\r\n",
        "Host: call.example\r\nOrigin: null\r\n",
        "Host: call.example\r\nX-Forwarded-Host: evil.example\r\nOrigin: https://evil.example\r\n",
    ] {
        assert_eq!(upgrade(&server, lines).status, 403, "{lines}");
    }
}

#[test]
fn behind_a_trusted_proxy_host_and_scheme_are_those_the_browser_asked_for() {
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let server = Server::with(ControlConfig { trusted_proxies, ..ControlConfig::default() });
    for (lines, status) in [
        ("X-Forwarded-Host: call.example\r\nOrigin: https://call.example\r\n", 101),
        (
            "X-Forwarded-Host: call.example\r\nX-Forwarded-Proto: https\r\nOrigin: https://call.example\r\n",
            101,
        ),
        (
            "X-Forwarded-Host: call.example\r\nX-Forwarded-Proto: https\r\nOrigin: http://call.example\r\n",
            403,
        ),
        ("X-Forwarded-Host: a, call.example:8\r\nOrigin: https://call.example:8\r\n", 101),
        ("X-Forwarded-Host: ?\r\nOrigin: https://backend\r\n", 403),
        ("Origin: https://call.example\r\n", 403),
    ] {
        let answer = upgrade(&server, &format!("Host: backend:80\r\n{lines}"));
        assert_eq!(answer.status, status, "{lines}");
    }
}

#[test]
fn a_page_request_for_the_socket_is_told_to_upgrade() {
    let server = Server::start();
    let answer = server.ask("GET /ws HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\n\r\n");
    assert_eq!((answer.status, answer.header("upgrade")), (426, Some("websocket")));
}

#[test]
fn frames_sent_together_with_the_request_are_not_lost() {
    let server = Server::start();
    let mut client = server.connect();
    // "{}" in a text frame, masked with zeros.
    let mut bytes = format!("GET /ws HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\n{UPGRADE}\r\n").into_bytes();
    bytes.extend_from_slice(&[0x81, 0x82, 0, 0, 0, 0, b'{', b'}']);
    client.try_say(&bytes).unwrap();
    assert_eq!(client.answer().status, 101);
    assert_eq!(client.bytes(1), [0x81], "a text frame answers");
}

#[test]
fn what_a_socket_may_not_send_ends_it_with_the_reason() {
    let server = Server::start();
    let too_large = "x".repeat(600 * 1024);
    for (message, code) in [
        (Message::text(too_large), CloseCode::Size),
        (Message::binary(vec![1, 2, 3]), CloseCode::Unsupported),
    ] {
        let mut socket = server.websocket();
        socket.send(message).unwrap();
        assert_eq!(close_code(&mut socket), u16::from(code));
    }
    for (frame, code) in [
        // A text frame that is not UTF-8; one that is not masked; a reserved opcode.
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff][..], CloseCode::Invalid),
        (&[0x81, 0x01, b'x'], CloseCode::Protocol),
        (&[0x83, 0x80, 0, 0, 0, 0], CloseCode::Protocol),
    ] {
        let mut socket = server.websocket();
        socket.get_mut().write_all(frame).unwrap();
        assert_eq!(close_code(&mut socket), u16::from(code), "{frame:?}");
    }
    // Before a `join` nothing may be large.
    assert_eq!(server.stop().count(Limit::MessageBytes), 1);
}

#[test]
fn a_client_that_closes_gets_its_close_back_and_the_end() {
    let server = Server::start();
    let mut socket = server.websocket();
    socket.close(None).unwrap();
    loop {
        match socket.read() {
            Ok(_) => {}
            Err(Error::ConnectionClosed) => break,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_browser_whose_page_goes_away_says_so_by_the_code_of_its_close() {
    let server = Server::start();
    server.post("/api/rooms", r#"{"name":"Den","listed":true}"#);
    let [mut ann, mut bob] = ["Ann", "Bob"].map(|name| {
        let mut socket = server.websocket();
        socket.send(Message::text(format!(r#"{{"type":"join","room":"den","name":"{name}"}}"#))).unwrap();
        socket
    });
    while !bob.read().unwrap().to_text().unwrap().contains(r#""type":"welcome""#) {}
    ann.close(Some(CloseFrame { code: CloseCode::Away, reason: "".into() })).unwrap();
    // Far sooner than for a socket that just ended, which would be 30 s.
    let by = Instant::now() + Duration::from_secs(15);
    while !bob.read().unwrap().to_text().unwrap().contains(r#""type":"peer-left""#) {
        assert!(Instant::now() < by, "Ann has not left");
    }
}

#[test]
fn a_client_that_reads_nothing_is_closed_and_may_come_back() {
    let limits = Limits::default().with(Limit::OutboxBytes, 4 * 1024);
    // So many that the rate of messages would bind first.
    let limits = limits.with(Limit::MessagesPerSecond, 1_000_000).with(Limit::JoinMillis, 60_000);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    let mut socket = server.websocket();
    // Otherwise the kernel takes all that is said, and nothing waits.
    socket2::SockRef::from(&**socket.get_ref()).set_recv_buffer_size(64 * 1024).unwrap();
    // Each of these is answered. Once the buffers of both sockets are full, the answers wait in the outbox.
    let many = [0x81, 0x82, 0, 0, 0, 0, b'{', b'}'].repeat(80_000);
    socket.get_mut().write_all(&many).unwrap();
    assert_eq!(close_code(&mut socket), 4003);
    assert_eq!(server.stop().count(Limit::OutboxBytes), 1);
}
