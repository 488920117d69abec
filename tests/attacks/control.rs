//! Somebody who wants the time of the one thread that everybody's messages go through.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::json;
use tungstenite::{Message, WebSocket};

use crate::crowd::{at_once, joined};
use crate::harness::Stream;
use crate::house::{Expected, House};
use crate::server::Server;
use crate::signaling::{AUDIO, SESSION, answer, closed, heard, join, offer, tell};
use crate::table::{Group, Table};

/// How long an answer to others may take meanwhile: they wait for one turn of the thread and not for a queue.
const WAIT: Duration = Duration::from_millis(250);

/// How long whoever is never told to stop goes on.
const GOES_ON: Duration = Duration::from_secs(2);

/// A text frame without content that has a continuation, and such a continuation: masked, as a client's are.
const BEGINNING: [u8; 6] = [0x01, 0x80, 0, 0, 0, 0];
const CONTINUATION: [u8; 6] = [0x00, 0x80, 0, 0, 0, 0];
const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];

/// Runs every attack of this file.
pub fn rows(table: &mut Table, house: &House) {
    let mut row = |group, name, counter, answer, act: &dyn Fn(&Server) -> String| {
        house.attack(table, group, name, Expected::of(counter, answer).within(WAIT), act);
    };
    row(
        Group::Signaling,
        "12 wrong messages of 64 KiB, from 20 sockets",
        "error_not-joined",
        "not-joined",
        &|server| {
            // Known to be wrong when all but the end was read.
            let wrong = format!(r#"{{"x":[{}0],"room":5,"type":"ping"}}"#, r#"{"a":1},"#.repeat(8_000));
            at_once_said(server, 20, 12, &|_| {}, &wrong)
        },
    );
    row(
        Group::Signaling,
        "an offer of 512 KiB with a wrong end, from 20 sockets",
        "error_bad-message",
        "bad-message",
        &|server| {
            let sdp = "a=ssrc:1 cname:x\r\n".repeat(25_000);
            let wrong = offer(&sdp, &[]).to_string().replace(r#""slots":[]"#, r#""slots":{}"#);
            assert!(wrong.len() > 400_000 && wrong.contains(r#""slots":{}"#));
            at_once_said(server, 20, 1, &enter, &wrong)
        },
    );
    row(
        Group::Signaling,
        "8,000 lines that lack their end, from three sockets",
        "error_offer-refused",
        "offer-refused",
        &|server| {
            // Without a mid, so that it is refused when all of it was read.
            let sdp = format!("{SESSION}m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n{}", "a=extmap:1\r\n".repeat(8_000));
            at_once_said(server, 3, 1, &enter, &offer(&sdp, &[]).to_string())
        },
    );
    row(
        Group::Signaling,
        "40,000 encodings of a line, from three sockets",
        "error_offer-refused",
        "offer-refused",
        &|server| {
            let sdp = format!("{SESSION}{AUDIO}a=simulcast:recv r{}\r\n", ";r".repeat(40_000));
            at_once_said(server, 3, 1, &enter, &offer(&sdp, &[]).to_string())
        },
    );
    row(
        Group::Signaling,
        "empty fragments without end, from three sockets",
        "limit_message_pieces",
        "close 1008",
        &|server| flooded(server, &BEGINNING, &CONTINUATION),
    );
    row(
        Group::Signaling,
        "pings without end, from three sockets",
        "limit_frames_per_second",
        "close 1008",
        &|server| flooded(server, &[], &PING),
    );
    row(
        Group::Http,
        "1,000 lists of rooms in one go, from four sockets",
        "limit_rooms_made_per_minute_per_address",
        "all are answered",
        &|server| {
            // As many as one address may make.
            let is_made = |number: &u32| {
                let room = json!({"name": format!("Room {number}"), "listed": true});
                server.post("/api/rooms", &room.to_string()).status == 201
            };
            let rooms = (0..100).take_while(is_made).count();
            assert!(rooms > 10, "{rooms} rooms");
            listed(server)
        },
    );
    row(Group::Http, "empty lines instead of a request, from three sockets", "http_400", "400", &|server| {
        joined((0..3).map(|_| server.ask(&"\r\n".repeat(8_000)).status.to_string()))
    });
    row(
        Group::OwnFaults,
        "a panic where an offer is read",
        "error_offer-refused",
        "offer-refused",
        &|server| {
            server.inject(&json!({"trap": "offer", "word": "s=boom"}));
            let sdp = SESSION.replace("s=-", "s=boom");
            at_once_said(server, 3, 1, &enter, &offer(&sdp, &[]).to_string())
        },
    );
    row(Group::OwnFaults, "a panic where a message is read", "http_panics", "close 1011", &|server| {
        server.inject(&json!({"trap": "message", "word": "boom"}));
        at_once_said(server, 3, 1, &enter, &json!({"type": "ping", "x": "boom"}).to_string())
    });
}

fn enter(socket: &mut WebSocket<Stream>) {
    tell(socket, &join("den", "Mallory", None));
    while heard(socket)["type"] != "welcome" {}
}

/// So many sockets say `text` so many times, all at once after `before`: what each is answered to the last of them.
fn at_once_said(
    server: &Server,
    sockets: usize,
    times: usize,
    before: &(dyn Fn(&mut WebSocket<Stream>) + Sync),
    text: &str,
) -> String {
    joined(at_once(server, sockets, |_, mut socket| {
        before(&mut socket);
        (0..times).for_each(|_| socket.send(Message::text(text)).expect("the server listens"));
        joined((0..times).map(|_| answer(&mut socket)))
    }))
}

/// Three sockets that send the same frames until the server ends them.
fn flooded(server: &Server, first: &[u8], frame: &[u8]) -> String {
    let many = frame.repeat(2_000);
    joined(at_once(server, 3, |_, mut socket| {
        let by = Instant::now() + GOES_ON;
        let stream = socket.get_mut();
        let mut said = stream.write_all(first);
        while said.is_ok() && Instant::now() < by {
            said = stream.write_all(&many);
        }
        closed(&mut socket)
    }))
}

/// Four connections that ask for what costs most, without waiting for answers.
fn listed(server: &Server) -> String {
    let request = "GET /api/rooms?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let mut stream = server.stream();
                scope.spawn(move || {
                    let mut asks = stream.try_clone().expect("a socket of ours");
                    let asking =
                        std::thread::spawn(move || asks.write_all((request.repeat(1_000) + last).as_bytes()));
                    let mut answers = Vec::new();
                    stream.read_to_end(&mut answers).expect("answers");
                    let asked = asking.join().expect("it asks");
                    asked.is_ok() && answers.ends_with(b"ok\n")
                })
            })
            .collect();
        let all = threads.into_iter().all(|thread| thread.join().expect("somebody asks"));
        if all { "all are answered" } else { "some are not" }.to_owned()
    })
}
