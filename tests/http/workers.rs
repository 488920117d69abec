//! Several workers in one process, and what people notice when one of them fails.

#![cfg(feature = "faults")]

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::harness::{Folder, PATIENCE, Stream, websocket};
use crate::process::{PROGRAM, Process, run};

fn start(folder: &Folder, arguments: &[&str]) -> Process {
    let mut command = Command::new(PROGRAM);
    command.args(["--plain-http", "--http-port", "0", "--udp-port", "0", "--announce", "127.0.0.1"]);
    command.args(arguments);
    Process::start(command, folder)
}

fn post(process: &Process, path: &str, body: &Value) {
    let body = body.to_string();
    let mut client = process.connect();
    let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n");
    client.say(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    let answer = client.answer();
    assert!(answer.status < 300, "{}", answer.text());
}

fn counters(process: &Process) -> Value {
    let mut client = process.connect();
    client.say("GET /api/faults HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer().json()
}

/// Waits until the counters say so.
fn wait(process: &Process, what: impl Fn(&Value) -> bool) -> Duration {
    let start = Instant::now();
    loop {
        let counters = counters(process);
        if what(&counters) {
            return start.elapsed();
        }
        assert!(start.elapsed() < PATIENCE, "{counters:#}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A person in a room of their own, with a connection at its worker.
struct Person {
    socket: WebSocket<Stream>,
    offers: u32,
    port: u16,
}

impl Person {
    fn join(process: &Process, room: &str) -> Person {
        post(process, "/api/rooms", &json!({ "name": room, "listed": true }));
        let mut person = Person { socket: websocket(process.port), offers: 0, port: 0 };
        person.say(&json!({ "type": "join", "room": room, "name": "Ann" }));
        person.hear("welcome");
        person.offer();
        person
    }

    fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).unwrap();
    }

    /// The next message of this type; what comes before it is of no interest.
    fn hear(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next();
            if message["type"] == kind {
                return message;
            }
        }
    }

    fn next(&mut self) -> Value {
        loop {
            match self.socket.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Builds a new connection, and notes on which port.
    fn offer(&mut self) {
        self.offers += 1;
        let mut rtc = str0m::Rtc::builder().build(Instant::now());
        let mut api = rtc.sdp_api();
        api.add_channel("plenary".to_owned());
        let (offer, _pending) = api.apply().unwrap();
        self.say(&json!({
            "type": "offer", "id": self.offers, "fresh": true, "sdp": offer.to_sdp_string(), "tracks": [], "slots": [],
        }));
        let answer = self.hear("answer");
        let sdp = answer["sdp"].as_str().unwrap();
        let line = sdp.lines().find(|line| line.starts_with("a=candidate:")).expect(sdp);
        self.port = line.split(' ').nth(5).unwrap().parse().unwrap();
    }

    /// No word of a failure came since, and the socket is as it was. What is shown may still change by the arrival.
    fn assert_undisturbed(&mut self) {
        self.say(&json!({ "type": "ping" }));
        loop {
            match self.next() {
                message if message["type"] == "pong" => return,
                message => assert_eq!(message["type"], "slots", "{message}"),
            }
        }
    }
}

fn two_rooms(process: &Process) -> (Person, Person) {
    let (mut one, mut other) = (Person::join(process, "one"), Person::join(process, "other"));
    assert_ne!(one.port, other.port, "each room is on the worker with the fewest people");
    // What belongs to the arrival has come.
    for person in [&mut one, &mut other] {
        person.say(&json!({ "type": "ping" }));
        person.hear("pong");
    }
    (one, other)
}

#[test]
fn a_worker_that_panics_costs_its_rooms_a_new_connection_and_the_others_nothing() {
    let folder = Folder::new();
    let process = start(&folder, &["--workers", "2"]);
    let (mut one, mut other) = two_rooms(&process);
    let left = one.port;
    let mut over_tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, left)).unwrap();
    post(&process, "/api/faults", &json!({ "worker": 0, "fault": "panic" }));
    let error = one.hear("error");
    assert_eq!((error["code"].as_str(), error["rebuild"].as_bool()), (Some("media-lost"), Some(true)));
    one.offer();
    assert_eq!(one.port, other.port, "on the worker that is left, {left} is not");
    other.assert_undisturbed();
    assert!(!over_tcp.read(&mut [0; 1]).is_ok_and(|count| count > 0), "what was open is closed");
    // The replacement serves: the next room is on it.
    wait(&process, |counters| counters["workers"][0]["replaced"] == 1);
    TcpStream::connect((Ipv4Addr::LOCALHOST, left)).expect("media over TCP, too");
    assert_eq!(Person::join(&process, "third").port, left);
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
}

#[test]
fn a_worker_that_stalls_is_left_within_ten_seconds_and_replaced_when_it_is_through() {
    let folder = Folder::new();
    let process = start(&folder, &["--workers", "2"]);
    let (mut one, mut other) = two_rooms(&process);
    post(&process, "/api/faults", &json!({ "worker": 0, "fault": "stall", "millis": 7_000 }));
    assert_eq!(one.hear("error")["code"], "media-lost");
    assert_eq!(counters(&process)["workers"][0]["replaced"], 0, "its port is not free before it is through");
    one.offer();
    assert_eq!(one.port, other.port);
    other.assert_undisturbed();
    wait(&process, |counters| counters["workers"][0]["replaced"] == 1);
}

#[test]
fn when_the_only_worker_stalls_people_are_told_and_the_program_ends_with_an_error() {
    let folder = Folder::new();
    let process = start(&folder, &[]);
    let mut person = Person::join(&process, "one");
    post(&process, "/api/faults", &json!({ "worker": 0, "fault": "stall", "millis": 30_000 }));
    loop {
        if let Message::Close(Some(frame)) = person.socket.read().unwrap() {
            break assert_eq!(u16::from(frame.code), 1012);
        }
    }
    let _ = person.socket.read();
    assert_eq!(process.end(), Some(1));
}

#[test]
fn a_process_that_was_stopped_blames_no_worker() {
    let folder = Folder::new();
    let process = start(&folder, &["--workers", "2"]);
    let (mut one, mut other) = two_rooms(&process);
    process.signal("STOP");
    // Longer than a worker may be silent.
    std::thread::sleep(Duration::from_secs(5));
    process.signal("CONT");
    let before = counters(&process)["workers"][0]["counters"]["worker_answers"].as_u64().unwrap();
    wait(&process, |counters| {
        counters["workers"][0]["counters"]["worker_answers"].as_u64() > Some(before + 3)
    });
    assert_eq!(counters(&process)["conference"]["conference_moved"], 0);
    one.assert_undisturbed();
    other.assert_undisturbed();
}

/// The cores this process may use, as the kernel writes them, the first of them and the last.
fn own_cores() -> (String, String, String) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let own = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim();
    let end = |core: Option<&str>| core.unwrap().to_owned();
    (own.to_owned(), end(own.split(['-', ',']).next()), end(own.rsplit(['-', ',']).next()))
}

/// The name and the cores of each thread.
fn threads(process: &Process) -> Vec<(String, String)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.child.id())).unwrap();
    let status = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap());
    let of = |status: &str, name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
    };
    status.map(|status| (of(&status, "Name:"), of(&status, "Cpus_allowed_list:"))).collect()
}

#[test]
fn workers_stay_on_the_cores_they_are_given() {
    let (own, _, core) = own_cores();
    let folder = Folder::new();
    let process = start(&folder, &["--pin", &core]);
    wait(&process, |counters| counters["workers"][0]["counters"]["worker_answers"].as_u64() > Some(0));
    for (name, cores) in threads(&process) {
        if name == "worker-0" {
            assert_eq!(cores, core);
        } else {
            assert_eq!(cores, own, "{name} is free");
        }
    }
    assert!(threads(&process).iter().any(|(name, _)| name == "worker-0"));
}

#[test]
fn the_control_thread_stays_on_the_core_it_is_given_and_a_worker_that_is_replaced_on_its_own() {
    let (own, first, last) = own_cores();
    let folder = Folder::new();
    let process = start(&folder, &["--pin", &first, "--pin-control", &last]);
    let main = format!("/proc/{}/status", process.child.id());
    let main = fs::read_to_string(main).unwrap();
    let cores = main.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    assert_eq!(cores.trim(), last);
    post(&process, "/api/faults", &json!({ "worker": 0, "fault": "panic" }));
    wait(&process, |counters| counters["workers"][0]["replaced"] == 1);
    wait(&process, |_| threads(&process).contains(&("worker-0".to_owned(), first.clone())));
    let mut others = threads(&process);
    others.retain(|(name, _)| name != "plenary" && name != "worker-0");
    assert!(others.iter().all(|(_, cores)| *cores == own), "the log is free: {others:?}");
}

#[test]
fn every_workers_port_must_be_free() {
    // Two ports in a row, of which the second is taken.
    let (taken, port) = (40_000..50_000)
        .step_by(2)
        .find_map(|port| {
            let first = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).ok()?;
            let taken = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port + 1)).ok()?;
            let over_tcp = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).ok()?;
            drop((first, over_tcp));
            Some((taken, port))
        })
        .unwrap();
    let output = run(&[
        "--plain-http",
        "--http-port",
        "0",
        "--log",
        "off",
        "--workers",
        "2",
        "--udp-port",
        &port.to_string(),
    ]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.contains(&(port + 1).to_string()) && text.contains("--udp-port"), "{text}");
    drop(taken);
}
