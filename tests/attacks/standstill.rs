//! The server's process is stopped for longer than any silence that is judged, and goes on.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::harness::Stream;
use crate::people::People;
use crate::server::Server;

/// Longer than a WebSocket may be silent (30 s), media (5 s), a path (10 s), and than somebody who is nowhere is kept (30 s).
const STOPPED: Duration = Duration::from_secs(32);

/// How long what happens afterwards is looked at: whoever is wrongly judged is judged at once.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// How soon people see and hear each other again, on a busy machine.
const TOGETHER: Duration = Duration::from_secs(10);

/// All that came on a socket within `time`. It must stay open.
fn heard(socket: &mut WebSocket<Stream>, time: Duration) -> Vec<Value> {
    let (until, mut messages) = (Instant::now() + time, Vec::new());
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        socket.get_ref().set_read_timeout(Some(left)).expect("a socket of ours");
        match socket.read() {
            Ok(Message::Text(text)) => messages.push(serde_json::from_str(&text).expect("JSON")),
            Ok(Message::Close(frame)) => panic!("thrown out: {frame:?}"),
            Ok(_) => {}
            Err(tungstenite::Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => panic!("the socket ended: {error}"),
        }
    }
    messages
}

/// Everybody but `own` in these lists who was not here.
fn absent(messages: &[Value], own: &Value) -> Vec<String> {
    let lists = messages.iter().filter(|message| message["type"] == "peers");
    let people = lists.flat_map(|list| list["peers"].as_array().cloned().unwrap_or_default());
    let absent = people.filter(|peer| peer["id"] != *own && peer["state"] != "here");
    absent.map(|peer| format!("{} is {}", peer["name"], peer["state"])).collect()
}

#[test]
fn a_server_that_stood_still_throws_nobody_out_and_holds_nobody_for_lost() {
    let server = Server::start(&[], None);
    server.make_room("Den");
    let people = People::meet(server.port, "den");
    let mut onlooker = server.websocket();
    let join = json!({"type": "join", "room": "den", "name": "Olga"});
    onlooker.send(Message::text(join.to_string())).expect("the server listens");
    let first = heard(&mut onlooker, Duration::from_secs(1));
    let welcome = first.iter().find(|message| message["type"] == "welcome").expect("a welcome");
    let own = welcome["peer"].clone();

    server.signal("STOP");
    std::thread::sleep(STOPPED);
    server.signal("CONT");
    let afterwards = heard(&mut onlooker, AFTERWARDS);
    assert_eq!(absent(&afterwards, &own), [""; 0], "nobody was silent");
    let left: Vec<_> = afterwards.iter().filter(|message| message["type"] == "peer-left").collect();
    assert!(left.is_empty(), "{left:?}");
    people.are_together(TOGETHER);
    assert_eq!(server.counter("core_connections_lost"), 0);
    assert!(server.log().contains("stood still for"), "the operator is told");
    drop(people);
    server.end();
}
