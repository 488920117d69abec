//! Somebody who says the wrong things on the socket.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plenary::limits::{Limit, Limits};
use serde_json::{Value, json};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};

use crate::crowd::{at_once, joined};
use crate::harness::{PATIENCE, Stream};
use crate::house::{Expected, House};
use crate::server::Server;
use crate::table::{Group, Table};

/// How long an answer to others may take meanwhile.
pub const WAIT: Duration = Duration::from_millis(800);

/// Runs every attack of this file.
pub fn rows(table: &mut Table, house: &House) {
    let mut row = |name, counter, answer, act: &dyn Fn(&Server) -> String| {
        let expected = Expected::of(counter, answer).within(WAIT);
        house.attack(table, Group::Signaling, name, expected, act);
    };
    row("malformed JSON", "error_bad-message", "bad-message", &|server| said(server, "{\"type\":\"ping\""));
    row("invalid UTF-8", "close_1007", "close 1007", &invalid_utf8);
    row("a binary frame", "close_1003", "close 1003", &binary);
    row("an unknown type", "error_bad-message", "bad-message", &|server| {
        said(server, "{\"type\":\"dance\"}")
    });
    row("a type that is no string, 10,000 deep", "error_bad-message", "bad-message", &|server| {
        said(server, &format!("{{\"type\":{}", "[".repeat(10_000)))
    });
    row("a message of 65 KiB", "limit_message_bytes", "too-large", &|server| {
        said(server, &json!({"type": "ping", "x": "x".repeat(65 * 1024)}).to_string())
    });
    row("an offer of 513 KiB", "limit_offer_bytes", "too-large", &|server| {
        offered(server, &"x".repeat(513 * 1024), &[])
    });
    row("a message of 1 MiB", "limit_offer_bytes", "close 1009", &|server| {
        said(server, &"x".repeat(1024 * 1024))
    });
    offers(&mut row);
    order(&mut row);
    names(&mut row);
    chat(&mut row);
    row("1,000 messages a second, from four sockets", "limit_messages_per_second", "rate-limited", &flood);
    tokens(&mut row);
    row("a wrong Origin", "http_403", "403", &wrong_origin);
}

type Row<'a> = dyn FnMut(&'static str, &'static str, &'static str, &dyn Fn(&Server) -> String) + 'a;

fn offers(row: &mut Row<'_>) {
    row("8,000 candidate lines", "limit_offer_candidate_lines", "offer-refused", &|server| {
        let candidate = "a=candidate:1 1 udp 2130706431 10.0.0.1 9 typ host\r\n";
        offered(server, &format!("{SESSION}{AUDIO}{}", candidate.repeat(8_000)), &[])
    });
    row("8,000 ssrc lines", "limit_offer_ssrc_lines", "offer-refused", &|server| {
        offered(server, &format!("{SESSION}{AUDIO}{}", "a=ssrc:1 cname:x\r\n".repeat(8_000)), &[])
    });
    row("65 m-lines", "limit_offer_media", "offer-refused", &|server| {
        offered(server, &format!("{SESSION}{}", AUDIO.repeat(65)), &[])
    });
    row("a truncated description", "error_offer-refused", "offer-refused", &|server| {
        let whole = format!("{SESSION}{AUDIO}");
        offered(server, &whole[..whole.len() / 2], &[])
    });
    row("a second session appended", "error_offer-refused", "offer-refused", &|server| {
        offered(server, &format!("{SESSION}{AUDIO}{SESSION}{AUDIO}"), &[])
    });
    row("an unknown slot", "error_offer-refused", "offer-refused", &|server| {
        offered(server, &format!("{SESSION}{AUDIO}"), &[json!({"mid": "0", "kind": "audio", "slot": 200})])
    });
}

fn order(row: &mut Row<'_>) {
    row("`offer` before `join`", "error_not-joined", "not-joined", &|server| {
        let mut socket = server.websocket();
        tell(&mut socket, &offer(SESSION, &[]));
        answer(&mut socket)
    });
    row("a second `join`", "error_already-joined", "already-joined", &|server| {
        said(server, &join("den", "Mallory", None).to_string())
    });
    row("an unknown room", "error_unknown-room", "unknown-room", &|server| {
        let mut socket = server.websocket();
        tell(&mut socket, &join("nowhere", "Mallory", None));
        answer(&mut socket)
    });
    row("an unknown peer", "error_unknown-peer", "unknown-peer", &|server| {
        said(server, &json!({"type": "signal", "to": "0000000000000001", "data": 1}).to_string())
    });
    row("a track nobody offered", "error_unknown-track", "unknown-track", &|server| {
        let mute = json!({"type": "mute", "stream": "screen", "kind": "audio", "muted": true});
        said(server, &mute.to_string())
    });
}

fn names(row: &mut Row<'_>) {
    let named = |server: &Server, name: &str| {
        let mut socket = server.websocket();
        tell(&mut socket, &join("den", name, None));
        answer(&mut socket)
    };
    row("a name of 10,000 characters", "limit_name_chars", "bad-name", &|server| {
        named(server, &"x".repeat(10_000))
    });
    row("a name nobody can see", "error_bad-name", "bad-name", &|server| {
        named(server, "\u{202e}\u{3164}\u{200b}\u{1b}\u{301}")
    });
    row("60 KiB of a name nobody can see, from four sockets", "limit_name_chars", "bad-name", &|server| {
        let long = join("den", &"\u{200b}".repeat(20_000), None);
        let mut sockets: Vec<_> = (0..4).map(|_| server.websocket()).collect();
        for _ in 0..4 {
            for socket in &mut sockets {
                tell(socket, &long);
            }
        }
        let answers: BTreeSet<String> = sockets.iter_mut().map(answer).collect();
        Vec::from_iter(answers).join(" and ")
    });
}

fn chat(row: &mut Row<'_>) {
    let written = |number: usize, text: &str| {
        Message::text(json!({"type": "chat", "ref": number.to_string(), "text": text}).to_string())
    };
    row("a chat message of 60 KB", "limit_chat_chars", "too-large", &|server| {
        said(server, &json!({"type": "chat", "ref": "a", "text": "x".repeat(60_000)}).to_string())
    });
    row("a chat message nobody can see", "error_bad-message", "bad-message", &|server| {
        said(
            server,
            &json!({"type": "chat", "ref": "a", "text": "\u{202e}\u{3164}\u{200b}\u{301}"}).to_string(),
        )
    });
    row(
        "a chat message of marks and joiners, over and over",
        "limit_chat_per_second",
        "rate-limited",
        &|server| {
            let (mut socket, _) = enter(server, "den", None);
            let mean = "a\u{301}\u{200d}\u{300}\u{202e}\u{302}".repeat(660);
            for number in 0..40 {
                let _ = socket.send(written(number, &mean));
            }
            answer(&mut socket)
        },
    );
    row("someone else's chat message deleted", "error_forbidden", "forbidden", &|server| {
        let (mut owner, _) = enter(server, "den", None);
        let _ = owner.send(written(1, "mine"));
        let message = std::iter::from_fn(|| Some(heard(&mut owner))).find(|said| said["type"] == "chat");
        let id = message.expect("it is confirmed")["message"]["id"].clone();
        said(server, &json!({"type": "chat-delete", "ref": "b", "id": id}).to_string())
    });
}

fn tokens(row: &mut Row<'_>) {
    row("a token of another room", "conference_unknown_tokens", "a new peer", &|server| {
        server.post("/api/rooms", r#"{"name":"Elsewhere","listed":true}"#);
        let (_socket, welcome) = enter(server, "elsewhere", None);
        let (_other, second) = enter(server, "den", welcome["token"].as_str());
        who(&welcome, &second)
    });
    row("a token used twice", "conference_unknown_tokens", "a new peer", &|server| {
        let (_first, welcome) = enter(server, "den", None);
        let (mut second, resumed) = enter(server, "den", welcome["token"].as_str());
        assert_eq!(who(&welcome, &resumed), "the same peer");
        // The token is dead once the one it brought here speaks.
        tell(&mut second, &json!({"type": "ping"}));
        while heard(&mut second)["type"] != "pong" {}
        let (_third, again) = enter(server, "den", welcome["token"].as_str());
        who(&welcome, &again)
    });
}

pub const SESSION: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n";

pub const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\n\
    a=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\n\
    a=rtpmap:111 opus/48000/2\r\n";

pub fn join(room: &str, name: &str, token: Option<&str>) -> Value {
    json!({"type": "join", "room": room, "name": name, "token": token})
}

pub fn offer(sdp: &str, slots: &[Value]) -> Value {
    json!({"type": "offer", "id": 1, "fresh": true, "sdp": sdp, "tracks": [], "slots": slots})
}

pub fn tell(socket: &mut WebSocket<Stream>, message: &Value) {
    socket.send(Message::text(message.to_string())).expect("the server listens");
}

/// The next message. The server's pings are no answer.
pub fn heard(socket: &mut WebSocket<Stream>) -> Value {
    let by = Instant::now() + PATIENCE;
    while Instant::now() < by {
        match socket.read() {
            Ok(Message::Text(text)) => return serde_json::from_str(&text).expect("the server speaks JSON"),
            Ok(Message::Close(frame)) => {
                let code = frame.map(|frame| u16::from(frame.code));
                return json!({"type": "close", "code": code});
            }
            Ok(_) => {}
            Err(error) => panic!("no answer came: {error}"),
        }
    }
    panic!("no answer came");
}

/// Reads until an error or a close, and says which.
pub fn answer(socket: &mut WebSocket<Stream>) -> String {
    loop {
        let message = heard(socket);
        match message["type"].as_str() {
            Some("error") => return message["code"].as_str().expect("a code").to_owned(),
            Some("close") => return format!("close {}", message["code"]),
            _ => {}
        }
    }
}

/// Reads until the server closes the socket, whatever it says before.
pub fn closed(socket: &mut WebSocket<Stream>) -> String {
    let by = Instant::now() + PATIENCE;
    while Instant::now() < by {
        match socket.read() {
            Ok(Message::Close(frame)) => return closed_with(frame.as_ref()),
            Ok(_) => {}
            Err(error) => panic!("the socket ended without a close: {error}"),
        }
    }
    panic!("the socket stays open");
}

/// What is said of the end of a socket.
fn closed_with(frame: Option<&CloseFrame>) -> String {
    frame.map_or("close".to_owned(), |frame| format!("close {}", u16::from(frame.code)))
}

/// Enters `room`: the socket, and the welcome.
pub fn enter(server: &Server, room: &str, token: Option<&str>) -> (WebSocket<Stream>, Value) {
    let mut socket = server.websocket();
    tell(&mut socket, &join(room, "Mallory", token));
    let welcome = heard(&mut socket);
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    (socket, welcome)
}

/// Somebody inside says `text`.
fn said(server: &Server, text: &str) -> String {
    let (mut socket, _) = enter(server, "den", None);
    // The server may have heard enough before all of it is said.
    let _ = socket.send(Message::text(text));
    answer(&mut socket)
}

fn offered(server: &Server, sdp: &str, slots: &[Value]) -> String {
    said(server, &offer(sdp, slots).to_string())
}

pub fn who(first: &Value, second: &Value) -> String {
    let same = first["peer"] == second["peer"];
    assert_eq!(second["resumed"], same, "{second}");
    if same { "the same peer" } else { "a new peer" }.to_owned()
}

fn invalid_utf8(server: &Server) -> String {
    let (mut socket, _) = enter(server, "den", None);
    // A masked text frame of one byte that no UTF-8 text has.
    socket.get_mut().write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).expect("the server listens");
    answer(&mut socket)
}

fn binary(server: &Server) -> String {
    let (mut socket, _) = enter(server, "den", None);
    socket.send(Message::binary(vec![1, 2, 3])).expect("the server listens");
    answer(&mut socket)
}

/// A thousand messages in about a second, each of them fine.
fn flood(server: &Server) -> String {
    joined(at_once(server, 4, |_, mut socket| {
        tell(&mut socket, &join("den", "Mallory", None));
        let began = Instant::now();
        for number in 0..1_000 {
            if socket.send(Message::text("{\"type\":\"ping\"}")).is_err() {
                break;
            }
            let due = began + Duration::from_millis(number);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        answer(&mut socket)
    }))
}

/// The counter of sockets closed because they do not stop.
const FLOODERS: &str = "conference_flooders";

/// Somebody who is over the rate, is told so and does not care. Returns with what was counted until then.
pub fn begin_endless_flood(house: &House) -> (JoinHandle<String>, u64) {
    let before = house.server.counter(FLOODERS);
    let (mut socket, _) = enter(&house.server, "den", None);
    // Who reads nothing meanwhile has no room for the end of it: a kernel counts small segments at many times their size.
    socket.get_ref().set_read_timeout(Some(Duration::from_millis(5))).expect("a socket of ours");
    let flood = std::thread::spawn(move || {
        let by = Instant::now() + Duration::from_secs(20);
        while Instant::now() < by {
            let _ = socket.send(Message::text("{\"type\":\"ping\"}"));
            match socket.read() {
                Ok(Message::Close(frame)) => return closed_with(frame.as_ref()),
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("the socket ended without a close: {error}"),
                Ok(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        panic!("nothing ends it")
    });
    (flood, before)
}

/// Waits for what becomes of it.
pub fn endless_flood(table: &mut Table, house: &House, (flood, before): (JoinHandle<String>, u64)) {
    let expected = Expected::of(FLOODERS, "close 1008");
    let name = "too many messages for 10 s";
    house.attack_since(Some(before), table, Group::Signaling, name, expected, |_| {
        flood.join().expect("the flood ends")
    });
}

/// A client that never reads. With the rate of messages in force it would take minutes to fill its outbox.
pub fn unread(table: &mut Table) {
    let limits = Limits::default().with(Limit::MessagesPerSecond, 1_000_000);
    let house = House::around(Server::with(limits));
    let expected = Expected::of("limit_outbox_bytes", "close 4003");
    house.attack(table, Group::Signaling, "a client that never reads", expected, never_reads);
    house.close();
}

/// Says what has to be answered, and does not read until the server has had enough.
fn never_reads(server: &Server) -> String {
    let (mut socket, _) = enter(server, "den", None);
    socket.get_ref().set_write_timeout(Some(Duration::from_millis(200))).expect("a socket of ours");
    let mistake = json!({"type": "x".repeat(200)}).to_string();
    // A text frame, masked with zeros. Each is answered, until the server does not listen any more.
    let mut frame = vec![0x81, 0xfe];
    frame.extend((mistake.len() as u16).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(mistake.as_bytes());
    let flood = frame.repeat(60_000);
    let (mut rest, by) = (flood.as_slice(), Instant::now() + PATIENCE);
    // It waits 2 s for those it closes, so it is asked whenever it takes nothing for a while: it may just be slow.
    while !rest.is_empty() && Instant::now() < by && server.counter("limit_outbox_bytes") == 0 {
        match socket.get_mut().write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    closed(&mut socket)
}

fn wrong_origin(server: &Server) -> String {
    let lines = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example\r\n";
    let request = format!("GET /ws HTTP/1.1\r\nHost: localhost:{}\r\n{lines}\r\n", server.port);
    server.ask(&request).status.to_string()
}
