//! The log as an operator has it: whole when it is read, nobody's loss when it is not, and with a line for who is refused.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Client, Folder, PATIENCE, posted, websocket};
use crate::metrics::{number, telling};
use crate::process::{self, PROGRAM, Process};

/// The program with its log in a pipe, the other end of it, its port, and where it tells numbers.
struct Piped {
    child: Child,
    log: BufReader<ChildStderr>,
    port: u16,
    numbers: std::net::SocketAddr,
    _folder: Folder,
}

impl Piped {
    fn start() -> Self {
        let folder = Folder::new();
        let mut command = Command::new(PROGRAM);
        command.args(["--plain-http", "--http-port", "0", "--udp-port", "0", "--log", "trace"]);
        command.args(["--metrics", "127.0.0.1:0"]).current_dir(folder.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("/metrics") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
        }
        let numbers = line.split("http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.map(Result::unwrap).find(|line| line.contains("//localhost:")).unwrap();
        let port = line.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, log, port, numbers, _folder: folder }
    }

    fn client(&self) -> Client {
        Client::new(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap())
    }

    /// Asks for its end, and waits for that: whether it ended well, and how long that took.
    fn end(&mut self) -> (Option<i32>, Duration) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status.code(), start.elapsed());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end");
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_stops_nobody_and_goes_on_when_it_is_read() {
    let mut server = Piped::start();
    let mut client = server.client();
    // Each of these is a line of 8 KiB: the pipe holds 64 KiB, and the server a megabyte.
    let path = "x".repeat(8_000);
    let ask = |client: &mut Client, path: &str, status: u16| {
        let began = Instant::now();
        client.say(&format!("GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer().status, status);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(1), "somebody waited for the log: {took:?}");
    };
    for _ in 0..300 {
        ask(&mut client, &path, 404);
    }
    ask(&mut server.client(), "healthz", 200);
    let dropped = number(server.numbers, "plenary_log_dropped_lines", None);
    assert!(dropped > 100, "{dropped} lines were dropped");
    // Somebody reads again.
    let mut line = String::new();
    while !line.contains("lines of the log were dropped") {
        line.clear();
        assert!(server.log.read_line(&mut line).unwrap() > 0, "it ended");
    }
    let told: u64 = line.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert_eq!(told, dropped, "{line}");
    ask(&mut client, "the-newest-line", 404);
    while !line.contains("the-newest-line") {
        line.clear();
        assert!(server.log.read_line(&mut line).unwrap() > 0, "it ended");
    }
    // Unread again, and the end waits for nobody.
    for _ in 0..300 {
        ask(&mut client, &path, 404);
    }
    let (code, took) = server.end();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn a_log_that_is_read_has_every_line_to_the_last() {
    let mut server = Piped::start();
    let mut client = server.client();
    let reader = std::thread::spawn({
        let mut log = std::mem::replace(&mut server.log, BufReader::new(empty_pipe()));
        move || {
            let mut text = String::new();
            log.read_to_string(&mut text).unwrap();
            text
        }
    });
    for number in 0..500 {
        client.say(&format!("GET /page-{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer().status, 404);
    }
    assert_eq!(server.end().0, Some(0));
    let text = reader.join().unwrap();
    let numbers: Vec<u32> = text
        .lines()
        .filter_map(|line| line.split("/page-").nth(1)?.split(' ').next()?.parse().ok())
        .collect();
    assert_eq!(numbers, (0..500).collect::<Vec<_>>());
    assert!(text.contains("ending: 1 connections"), "{text}");
    // As the library for logs writes it: the time, the level, the module, the text.
    let line = text.lines().find(|line| line.contains("/page-7 ")).unwrap();
    assert!(line.starts_with("[20") && line.contains("Z DEBUG plenary::control"), "{line}");
}

/// The reading end of a pipe that has ended.
fn empty_pipe() -> ChildStderr {
    let mut child = Command::new("true").stderr(Stdio::piped()).spawn().unwrap();
    let pipe = child.stderr.take().unwrap();
    child.wait().unwrap();
    pipe
}

#[test]
fn who_is_refused_is_named_once_and_no_room_and_no_person_is() {
    let (process, address, _folder) = telling(&[]);
    let mut socket = websocket(process.port);
    for _ in 0..20 {
        socket.send(r#"{"type": "join", "room": "secret-room", "name": "Secret Person"}"#.into()).unwrap();
        socket.read().unwrap();
    }
    let mut client = process.connect();
    client.say("POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(client.answer().status, 415);
    assert_eq!(number(address, "plenary_conference_errors", Some("unknown-room")), 20);
    let start = Instant::now();
    while !process.log().contains("refused") && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
    let log = process.log();
    let refused: Vec<_> = log.lines().filter(|line| line.contains("refused")).collect();
    assert_eq!(refused.len(), 1, "{log}");
    assert!(refused[0].ends_with("refused 127.0.0.1: unknown-room"), "{log}");
    assert!(!log.to_lowercase().contains("secret"), "{log}");
}

/// A line of a log for programs.
fn parsed(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    for name in ["time", "level", "target", "message"] {
        assert!(value[name].is_string(), "{name}: {line}");
    }
    value
}

#[test]
fn a_log_for_programs_has_an_object_a_line_who_came_and_went_and_no_secret() {
    let folder = Folder::new();
    let process = process::start(&folder, &["--log", "trace", "--log-format", "json"]);
    let made = process::ask(&process, &posted("/api/rooms", r#"{"name":"Den"}"#)).json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let asked = format!("GET /api/rooms/{id} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {secret}\r\n\r\n");
    let mark = process::ask(&process, &asked).json()["mark"].clone();
    let mut socket = websocket(process.port);
    let mut say = |message: Value| socket.send(Message::text(message.to_string())).unwrap();
    say(json!({ "type": "join", "room": made["id"], "name": "Ann", "secret": made["secret"] }));
    say(json!({ "type": "leave", "mayReturn": false }));
    let welcome = loop {
        if let Message::Text(text) = socket.read().unwrap()
            && text.contains(r#""welcome""#)
        {
            break serde_json::from_str::<Value>(&text).unwrap();
        }
    };
    let by = Instant::now() + PATIENCE;
    while !process.log().contains(r#""message":"left""#) {
        assert!(Instant::now() < by, "{}", process.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    process.signal("TERM");
    let log = folder.path().join("log");
    assert_eq!(process.end(), Some(0));
    let text = std::fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = text.lines().map(parsed).collect();
    let happened = |what: &str| {
        let mut of = lines.iter().filter(|line| line["message"] == what && line["room"] == mark);
        let found = of.next().unwrap_or_else(|| panic!("{what}: {text}"));
        assert!(of.next().is_none(), "{what} once");
        found["peer"].clone()
    };
    assert_eq!(happened("room made"), Value::Null);
    assert_eq!((happened("joined"), happened("left")), (welcome["peer"].clone(), welcome["peer"].clone()));
    assert!(welcome["peer"].is_string(), "{welcome}");
    for secret in [&made["secret"], &welcome["token"]] {
        assert!(!text.contains(secret.as_str().unwrap()), "{secret} is in the log");
    }
    assert!(!text.contains("Ann"), "nor what somebody is called");
}

#[test]
fn a_signal_has_more_logged_and_another_as_much_as_at_first() {
    let folder = Folder::new();
    let process = process::start(&folder, &[]);
    let mut asked = 0;
    let mut is_logged = |process: &Process| {
        asked += 1;
        process::ask(process, &format!("GET /page-{asked} HTTP/1.1\r\nHost: a\r\n\r\n"));
        process.log().contains(&format!("/page-{asked} "))
    };
    // The line is written by a thread of its own; the signal is taken between two turns.
    let mut becomes = |process: &Process, wanted: bool| {
        let by = Instant::now() + PATIENCE;
        while is_logged(process) != wanted {
            assert!(Instant::now() < by, "{}", process.log());
        }
    };
    becomes(&process, false);
    process.signal("USR1");
    becomes(&process, true);
    assert!(process.log().contains("logging from DEBUG on"), "{}", process.log());
    process.signal("USR2");
    becomes(&process, false);
    process::end(process);
}
