//! What outlives the program: the directory of `--state`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Folder, posted, websocket};
use crate::process::{PROGRAM, Process, ask, end, start};

fn make(process: &Process, name: &str, listed: bool) -> String {
    let made = ask(process, &posted("/api/rooms", &json!({ "name": name, "listed": listed }).to_string()));
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

fn status(process: &Process, id: &str) -> u16 {
    ask(process, &format!("GET /api/rooms/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n")).status
}

/// What the server says first to somebody who enters.
fn enter(process: &Process, id: &str, token: Option<&str>) -> Value {
    let mut socket = websocket(process.port);
    let join = json!({ "type": "join", "room": id, "name": "Ann", "token": token });
    socket.send(Message::text(join.to_string())).unwrap();
    let Message::Text(text) = socket.read().unwrap() else { panic!("no word") };
    serde_json::from_str(&text).unwrap()
}

#[test]
fn links_and_people_outlive_the_program_and_die_with_its_key() {
    let folder = Folder::new();
    let process = start(&folder, &[]);
    let (link, stage) = (make(&process, "Team Room", false), make(&process, "Stage", true));
    let (inside, on_stage) = (enter(&process, &link, None), enter(&process, &stage, None));
    end(process);

    let process = start(&folder, &[]);
    assert_eq!((status(&process, &link), status(&process, &stage)), (200, 404));
    for (id, before) in [(&link, &inside), (&stage, &on_stage)] {
        let after = enter(&process, id, before["token"].as_str());
        assert_eq!((&after["type"], &after["peer"]), (&json!("welcome"), &before["peer"]), "{id}");
        assert_eq!(after["room"]["createdAt"], before["room"]["createdAt"], "{id}");
    }
    assert_eq!(status(&process, &stage), 200);
    assert!(!process.log().contains("team-room"), "{}", process.log());
    end(process);

    let process = start(&folder, &["--state", "another"]);
    assert_eq!((status(&process, &link), status(&process, &stage)), (404, 404));
    let stranger = enter(&process, &link, inside["token"].as_str());
    assert_eq!(stranger["code"], "unknown-room", "{stranger}");
    end(process);
}

#[test]
fn it_does_not_start_with_a_key_that_others_can_read_or_that_is_none_and_says_so_in_one_line() {
    let folder = Folder::new();
    end(start(&folder, &[]));
    let key = folder.path().join("state/key");
    let refused = |word: &str| {
        let mut command = Command::new(PROGRAM);
        command.args(["--plain-http", "--http-port", "0", "--udp-port", "0", "--log", "off"]);
        let output = command.current_dir(folder.path()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{text}");
        assert!(text.contains("state/key") && text.contains(word), "{text}");
    };
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    refused("chmod 600");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "half a ke").unwrap();
    refused("no key");
}
