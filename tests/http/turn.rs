//! The operator's TURN server: what its secret's file must be, and what clients are told.

use std::process::Command;

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Folder, posted, websocket};
use crate::process::{PROGRAM, Process, run};

const SECRET: &str = "a secret of the operator";

#[test]
fn a_secret_that_cannot_be_used_is_one_line_that_names_the_flag_and_the_file() {
    let folder = Folder::new();
    folder.put("short", b"fifteen bytes..\n");
    folder.put("empty", b"");
    for name in ["missing", "short", "empty", "."] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let output =
            run(&["--plain-http", "--turn-url", "turn:turn.example.org", "--turn-secret-file", path]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{text}");
        assert!(text.contains("--turn-secret-file") && text.contains(path), "{text}");
        assert!(!text.contains("fifteen"), "{text}");
    }
}

#[test]
fn people_are_told_of_the_turn_server_and_nobody_of_its_secret() {
    let folder = Folder::new();
    folder.put("secret", format!("{SECRET}\n").as_bytes());
    let mut command = Command::new(PROGRAM);
    command.args(["--plain-http", "--http-port", "0", "--udp-port", "0", "--log", "trace"]);
    // As a compose file says it.
    command.env("PLENARY_TURN_URL", "turn:a.example:3478?transport=udp,turns:a.example:5349?transport=tcp");
    command.env("PLENARY_TURN_SECRET_FILE", "secret");
    let process = Process::start(command, &folder);
    let mut client = process.connect();
    client.say(&posted("/api/rooms", r#"{"name":"One","listed":true}"#));
    assert_eq!(client.answer().status, 201);
    let mut socket = websocket(process.port);
    let join = json!({ "type": "join", "room": "one", "name": "Ann" });
    socket.send(Message::text(join.to_string())).unwrap();
    let Message::Text(text) = socket.read().unwrap() else { panic!("no welcome") };
    let welcome: Value = serde_json::from_str(&text).unwrap();
    let server = &welcome["iceServers"][0];
    let urls = ["turn:a.example:3478?transport=udp", "turns:a.example:5349?transport=tcp"];
    assert_eq!(server["urls"], json!(urls));
    let username = server["username"].as_str().unwrap();
    assert!(username.ends_with(welcome["peer"].as_str().unwrap()), "{username}");
    // What coturn computes: a secret with the line end would be another one.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes());
    let expected = BASE64.encode(hmac::sign(&key, username.as_bytes()).as_ref());
    assert_eq!(server["credential"], json!(expected));
    process.signal("TERM");
    let log = process.log();
    assert_eq!(process.end(), Some(0));
    assert!(!log.contains(SECRET) && !log.contains(&expected), "{log}");
}
