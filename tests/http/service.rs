//! The program as a service: what its manager is told, and how it ends while people are inside.

use std::io::{Error, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::harness::{Folder, PATIENCE, Stream, posted, websocket};
use crate::process::{PROGRAM, Process, ask};

/// A manager that reads what it is told.
struct Manager(UnixDatagram);

impl Manager {
    fn new(folder: &Folder) -> Manager {
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager(socket)
    }

    /// The next thing it hears.
    fn hears(&self) -> String {
        let mut bytes = [0; 1024];
        loop {
            match self.0.recv(&mut bytes).map_err(|error: Error| error.kind()) {
                Ok(count) => return String::from_utf8(bytes[..count].to_vec()).unwrap(),
                Err(ErrorKind::Interrupted) => {}
                Err(kind) => panic!("nothing was said: {kind}"),
            }
        }
    }

    /// The next thing that is no sign of life. Of those that nobody reads some are lost; a server waits for nobody who should read them.
    fn hears_news(&self) -> String {
        loop {
            let text = self.hears();
            if text != "WATCHDOG=1\n" {
                return text;
            }
        }
    }
}

/// A server with these arguments whose manager ends it unless it hears of it every 200 ms.
fn start(folder: &Folder, args: &[&str]) -> Process {
    let mut command = Command::new(PROGRAM);
    command.args(["--plain-http", "--http-port", "0", "--udp-port", "0"]).args(args);
    command.env("NOTIFY_SOCKET", folder.path().join("notify")).env("WATCHDOG_USEC", "200000");
    Process::start(command, folder)
}

fn room(process: &Process) -> String {
    let made = ask(process, &posted("/api/rooms", r#"{"name":"Den"}"#));
    made.json()["id"].as_str().unwrap().to_owned()
}

fn enter(process: &Process, room: &str, name: &str) -> WebSocket<Stream> {
    let mut socket = websocket(process.port);
    say(&mut socket, &json!({ "type": "join", "room": room, "name": name }));
    hears(&mut socket, "welcome");
    socket
}

fn say(socket: &mut WebSocket<Stream>, message: &Value) {
    socket.send(Message::text(message.to_string())).unwrap();
}

fn hears(socket: &mut WebSocket<Stream>, kind: &str) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] == kind {
                return message;
            }
        }
    }
}

fn status(process: &Process, path: &str) -> u16 {
    ask(process, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).status
}

#[test]
fn the_manager_hears_when_it_serves_lives_reads_its_files_again_and_ends() {
    let folder = Folder::new();
    let manager = Manager::new(&folder);
    let process = start(&folder, &[]);
    assert_eq!(manager.hears(), "READY=1\n");
    for _ in 0..3 {
        assert_eq!(manager.hears(), "WATCHDOG=1\n");
    }
    process.signal("HUP");
    let reloads = manager.hears_news();
    assert!(reloads.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloads}");
    assert_eq!(manager.hears_news(), "READY=1\n");
    process.signal("TERM");
    let ends = manager.hears_news();
    assert!(ends.starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC="), "{ends}");
    assert_eq!(process.end(), Some(0));
}

#[test]
fn a_server_that_drains_is_not_ready_tells_people_and_ends_when_nobody_is_inside() {
    let folder = Folder::new();
    let manager = Manager::new(&folder);
    let process = start(&folder, &["--drain-seconds", "600"]);
    let den = room(&process);
    let mut ann = enter(&process, &den, "Ann");
    assert_eq!(status(&process, "/readyz"), 200);
    process.signal("TERM");
    let told = hears(&mut ann, "closing");
    assert_eq!((&told["what"], &told["seconds"]), (&json!("server"), &json!(600)));
    assert_eq!((status(&process, "/readyz"), status(&process, "/healthz")), (503, 200));
    assert_eq!(manager.hears_news(), "READY=1\n");
    assert_eq!(manager.hears_news(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=602000000\n");
    // The call goes on, and others find it.
    let mut bob = enter(&process, &den, "Bob");
    assert_eq!(hears(&mut ann, "peer-joined")["name"], "Bob");
    for socket in [&mut ann, &mut bob] {
        say(socket, &json!({ "type": "leave" }));
    }
    let begun = Instant::now();
    assert_eq!(process.end(), Some(0));
    assert!(begun.elapsed() < PATIENCE, "long before the ten minutes are over");
}

#[test]
fn who_asks_a_second_time_does_not_wait_for_people() {
    let folder = Folder::new();
    let process = start(&folder, &["--drain-seconds", "600"]);
    let den = room(&process);
    let mut ann = enter(&process, &den, "Ann");
    process.signal("TERM");
    hears(&mut ann, "closing");
    process.signal("TERM");
    let code = loop {
        if let Message::Close(frame) = ann.read().unwrap() {
            break frame.map(|frame| u16::from(frame.code));
        }
    };
    assert_eq!(code, Some(1012), "they come back");
    drop(ann);
    assert_eq!(process.end(), Some(0));
}
