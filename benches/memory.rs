//! What people cost in memory: `cargo bench --bench memory`.
//!
//! A server of its own, on loopback; people enter one room with everything a page negotiates. Some only sit there, and neither
//! speak nor show anything; some show a picture of 900 kbit/s. Resident memory of the process, as the kernel counts it, before
//! and after. `PLENARY_BINARY` names another server. What of it is the heap of the core: the last column of `make bench`.

#![cfg(test)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unchecked_time_subtraction,
    reason = "numbers in a benchmark are small"
)]

#[allow(dead_code, reason = "the harness serves tests too")]
#[path = "../tests/http/harness.rs"]
mod harness;
#[path = "../tests/attacks/line.rs"]
mod line;
#[allow(dead_code, reason = "people under attack are looked at more closely")]
#[path = "../tests/attacks/person.rs"]
mod person;
#[allow(dead_code, unused_imports, reason = "the simulator uses all of it")]
#[path = "../tests/sim"]
mod sim {
    pub mod client;
    pub mod payload;
    pub mod receiver;
    pub mod rng;
    pub mod sender;
}
use sim::{client, payload, receiver, rng, sender};

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use client::Directory;
use client::connection::Profile;

use mio::{Events, Poll};
use person::Person;
use sender::{Picture, Says};

/// How long everybody gets to come in and to fall silent, or to fill what is kept of their pictures.
const SETTLE: Duration = Duration::from_secs(15);

/// How many people there are, and how many of them show a picture.
const ROOMS: [(u16, u16); 6] = [(0, 0), (1, 0), (10, 0), (50, 0), (100, 1), (10, 10)];

/// Whoever shows a picture.
const SHOWING: Profile =
    Profile { camera: Some(Picture::REAL), microphone: Some(Says::Nothing), ..Profile::PAGE };

/// A server, ended with the benchmark.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Server {
        let free = |listener: TcpListener| listener.local_addr().expect("bound").port();
        let port = free(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
        let binary = std::env::var_os("PLENARY_BINARY").unwrap_or(env!("CARGO_BIN_EXE_plenary").into());
        let child = Command::new(binary)
            .args(["--plain-http", "--announce", "127.0.0.1", "--log", "error", "--udp-port", "61900"])
            .args(["--http-port", &port.to_string()])
            // All come from one address, and the last tenth of a room's places is kept for others.
            .args(["--limit", "peers-per-room=200"])
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.expect("the server starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("the server says that it is ready");
        let server = Server { child, port };
        let body = r#"{"name":"Den","listed":true}"#;
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
        let head = "POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        server
    }

    /// Kibibytes that the process has in memory.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel tells");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() {
    println!("{:>6} {:>8} {:>14} {:>16}", "people", "showing", "resident, KiB", "each, KiB");
    for (people, showing) in ROOMS {
        let server = Server::start();
        let empty = server.resident();
        let resident = sit(&server, people, showing);
        let each = resident.saturating_sub(empty).checked_div(u64::from(people)).unwrap_or(0);
        println!("{people:>6} {showing:>8} {resident:>14} {each:>16}");
    }
}

/// Lets `people` come in, of whom the first `showing` show a picture, and says what the server holds then.
fn sit(server: &Server, people: u16, showing: u16) -> u64 {
    let mut poll = Poll::new().expect("a poll");
    let directory: Directory = Rc::new(RefCell::new(BTreeMap::new()));
    let origin = Instant::now();
    let mut seats: Vec<Person> = Vec::new();
    let (mut events, mut entered) = (Events::with_capacity(256), origin);
    while entered.elapsed() < SETTLE {
        let now = Instant::now();
        if let Some(number) = (seats.len() as u16..people).next() {
            let profile = if number < showing { SHOWING } else { Profile::LISTENER };
            seats.push(Person::enter((server.port, "den"), number, profile, (origin, &directory), &poll));
            entered = now;
        }
        for person in &mut seats {
            person.turn(now);
        }
        let wakes = seats.iter().filter_map(|person| person.client.wakes()).min();
        let wait =
            wakes.map_or(SETTLE, |at| at.saturating_duration_since(now)).min(Duration::from_millis(20));
        let _ = poll.poll(&mut events, Some(wait));
    }
    server.resident()
}
