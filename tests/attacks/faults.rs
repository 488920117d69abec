//! What goes wrong by itself: sends that fail, no descriptors, a worker that panics or stalls, a queue that is full.

use std::time::{Duration, Instant};

use serde_json::json;
use tungstenite::Message;

use crate::house::{Expected, House};
use crate::people::People;
use crate::server::Server;
use crate::table::{Group, Table};

/// How long people may need to be together again after their worker failed.
const BACK: Duration = Duration::from_secs(10);

/// Sends that fail, with each error a kernel gives.
pub fn sends(table: &mut Table, house: &House) {
    for (name, errno, counter) in [
        ("`send` fails with ENETUNREACH", "ENETUNREACH", "udp_unreachable"),
        ("`send` fails with EAGAIN", "EAGAIN", "udp_dropped"),
        ("`send` fails with EPERM", "EPERM", "udp_forbidden"),
        ("`send` fails with EMSGSIZE", "EMSGSIZE", "udp_too_large"),
    ] {
        let expected = Expected::of(counter, "media goes on");
        house.attack(table, Group::OwnFaults, name, expected, |server| {
            let before = server.counter(counter);
            server.inject(&json!({"worker": 0, "fault": "send", "errno": errno, "count": 10}));
            exceeds(server, counter, before);
            if exceeds(server, "udp_sent", server.counter("udp_sent")) {
                "media goes on"
            } else {
                "nothing is sent any more"
            }
            .to_owned()
        });
    }
}

/// Waits until a counter is over this.
fn exceeds(server: &Server, counter: &str, count: u64) -> bool {
    let by = Instant::now() + Duration::from_secs(3);
    while server.counter(counter) <= count {
        if Instant::now() >= by {
            return false;
        }
    }
    true
}

/// A socket that cannot be read, and is not asked all the time when it can be.
pub fn receives(table: &mut Table, house: &House) {
    let expected = Expected::of("udp_receive_errors", "it is read again");
    house.attack(table, Group::OwnFaults, "receiving fails with EIO", expected, |server| {
        let counter = "udp_receive_errors";
        let before = server.counter(counter);
        server.inject(&json!({"worker": 0, "fault": "receive", "errno": "EIO", "count": 12}));
        exceeds(server, counter, before + 11);
        if exceeds(server, "udp_received", server.counter("udp_received")) {
            "it is read again"
        } else {
            "nothing is read any more"
        }
        .to_owned()
    });
}

/// No file descriptor is left for those who connect.
pub fn descriptors(table: &mut Table) {
    let house = House::new(&[], Some(48));
    // A newcomer cannot be let in while there is no descriptor, which is a third of a second.
    let expected = Expected::of("http_accept_errors", "accepting recovers").within(Duration::from_secs(2));
    house.attack(table, Group::OwnFaults, "file descriptors exhausted", expected, |server| {
        let sockets: Vec<_> = (0..100).map(|_| server.stream()).collect();
        // Long enough for several tries of the server.
        std::thread::sleep(Duration::from_millis(350));
        drop(sockets);
        assert_eq!(server.get("/healthz").status, 200);
        "accepting recovers".to_owned()
    });
    house.close();
}

/// A worker ends by a panic while people are on it.
pub fn panic(table: &mut Table) {
    worker_fails(table, "a worker panics", People::meet, &json!({"worker": 1, "fault": "panic"}));
    worker_fails(
        table,
        "a worker panics, of people over TCP",
        People::meet_over_tcp,
        &json!({"worker": 1, "fault": "panic"}),
    );
}

/// A worker does nothing for longer than anybody waits for it.
pub fn stall(table: &mut Table) {
    let fault = json!({"worker": 1, "fault": "stall", "millis": 8_000});
    worker_fails(table, "a worker stalls for 8 s", People::meet, &fault);
}

/// The third person is in a room of another worker.
fn worker_fails(
    table: &mut Table,
    name: &'static str,
    meet: impl FnOnce(u16, &str) -> People,
    fault: &serde_json::Value,
) {
    let house = House::new(&["--workers", "2"], None);
    let other = second_room(&house.server, meet);
    let expected = Expected::of("conference_moved", "together again within 10 s");
    house.attack(table, Group::OwnFaults, name, expected, |server| {
        let began = Instant::now();
        server.inject(fault);
        while server.counter("conference_moved") < 3 && began.elapsed() < BACK {
            std::thread::sleep(Duration::from_millis(20));
        }
        other.are_together(BACK);
        let took = began.elapsed();
        if took < BACK { expected.answer.to_owned() } else { format!("together again after {took:?}") }
    });
    drop(other);
    house.close();
}

/// A worker that is busy, and more commands for it than its queue holds.
pub fn full_queue(table: &mut Table) {
    let house = House::new(&["--workers", "2"], None);
    let other = second_room(&house.server, People::meet);
    let expected = Expected::of("worker_commands_most_waiting", "nothing is lost");
    house.attack(table, Group::OwnFaults, "a full queue of commands", expected, |server| {
        let mut crowd: Vec<_> = (0..15)
            .map(|_| {
                let mut socket = server.websocket();
                let join = json!({"type": "join", "room": "elsewhere", "name": "Mallory"});
                socket.send(Message::text(join.to_string())).expect("the server listens");
                socket
            })
            .collect();
        server.inject(&json!({"worker": 1, "fault": "stall", "millis": 1_500}));
        let view = Message::text(json!({"type": "view", "tiles": []}).to_string());
        for socket in &mut crowd {
            (0..90).for_each(|_| socket.send(view.clone()).expect("the server listens"));
        }
        // What is said after the storm is done after it: these people are seen to leave.
        let leave = Message::text(json!({"type": "leave"}).to_string());
        for socket in &mut crowd {
            socket.send(leave.clone()).expect("the server listens");
        }
        let by = Instant::now() + BACK;
        while server.counter("worker_people") > 6 && Instant::now() < by {}
        other.are_together(BACK);
        if server.counter("worker_people") == 6 { "nothing is lost" } else { "people who left are there" }
            .to_owned()
    });
    // The other way no client can fill it: what a worker has to tell of a person is little, whatever they do.
    // The fault makes the control thread pause for a second.
    let expected =
        Expected::of("worker_notices_most_waiting", "nothing is lost").within(Duration::from_secs(3));
    house.attack(table, Group::OwnFaults, "a full queue of notices", expected, |server| {
        server.inject(&json!({"worker": 0, "fault": "notices", "count": 20_000, "pause": 1_000}));
        // Answers to offers are notices behind them: whoever comes now is let in.
        let late = People::meet(server.port, "den");
        late.are_together(BACK);
        "nothing is lost".to_owned()
    });
    drop(other);
    house.close();
}

/// Three more people, in a room that the less loaded worker has.
fn second_room(server: &Server, meet: impl FnOnce(u16, &str) -> People) -> People {
    server.make_room("Elsewhere");
    meet(server.port, "elsewhere")
}
