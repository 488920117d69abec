//! People come and go, a thousand of them, and leave nothing behind in the process.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::Message;

use crate::server::Server;

const OFFER: &str = include_str!("../../src/media/rtc/tests/chromium.sdp");

/// No rate is in the way: one address plays everybody.
const LIMITS: &str = "joins_per_second_per_address=100000,offers_per_second_per_address=100000";

/// After these every pool, table and arena of the allocator has its size.
const WARM_UP: usize = 300;
const PEOPLE: usize = 1_000;

/// So many come and go beside each other.
const AT_ONCE: usize = 8;

/// What a thousand people may leave behind: fragments of the allocator's. They leave 0 to 0.2 MB; 1 kB forgotten of each
/// would be this much.
const MOST: u64 = 1_000_000;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody enters, has a connection made for a camera, a microphone and a pair of slots, and leaves.
fn come_and_go(server: &Server) {
    let mut socket = server.websocket();
    socket.get_ref().set_read_timeout(Some(PATIENCE)).expect("a socket of ours");
    let mut say = |message: Value, wanted: Option<&str>| {
        socket.send(Message::text(message.to_string())).expect("the server listens");
        while let Some(wanted) = wanted {
            let Message::Text(text) = socket.read().expect("the server answers") else { continue };
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            assert_ne!(answer["type"], "error", "{answer}");
            if answer["type"] == wanted {
                break;
            }
        }
    };
    say(json!({"type": "join", "room": "den", "name": "Mallory"}), Some("welcome"));
    let tracks = json!([
        {"mid": "0", "stream": "camera", "kind": "audio"},
        {"mid": "1", "stream": "camera", "kind": "video"},
    ]);
    let slots = json!([{"mid": "2", "kind": "audio", "slot": 0}, {"mid": "3", "kind": "video", "slot": 0}]);
    let offer =
        json!({"type": "offer", "id": 1, "fresh": true, "sdp": OFFER, "tracks": tracks, "slots": slots});
    say(offer, Some("answer"));
    say(json!({"type": "leave"}), None);
    // The close is answered when all before it was read.
    socket.close(None).expect("the server listens");
    while socket.read().is_ok() {}
}

#[test]
fn a_thousand_people_who_came_and_went_left_no_memory_behind() {
    let server = Server::start(&["--limit", LIMITS], None);
    server.make_room("Den");
    let crowd = |people: usize| {
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| (0..people / AT_ONCE).for_each(|_| come_and_go(&server)));
            }
        });
    };
    crowd(WARM_UP);
    let before = server.resident_bytes();
    crowd(PEOPLE);
    let after = server.resident_bytes();
    let grown = after.saturating_sub(before);
    println!("{before} bytes after {WARM_UP} people, {after} after {PEOPLE} more: {grown} more");
    assert!(grown < MOST, "{PEOPLE} people left {grown} bytes behind");
    let by = Instant::now() + PATIENCE;
    while server.counter("worker_people") > 0 {
        assert!(Instant::now() < by, "people who left are kept");
    }
}
