//! Rooms that outlive the program, whatever ends it.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Answer, Folder, posted, until, websocket};
use crate::process::{PROGRAM, Process, ask, end, start};

fn make(process: &Process, wanted: &Value) -> Answer {
    ask(process, &posted("/api/rooms", &wanted.to_string()))
}

fn room(process: &Process, id: &str) -> Answer {
    ask(process, &format!("GET /api/rooms/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

/// The program with its store, looking at it.
fn store(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let output =
        Command::new(PROGRAM).arg("store").args(arguments).current_dir(folder.path()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn what_was_answered_is_there_after_the_program_was_killed_at_that_moment() {
    let folder = Folder::new();
    let wanted = |number: usize| json!({ "name": format!("Stage {number}"), "listed": true, "lasts": true, "access": "lobby" });
    let mut ids = Vec::new();
    for round in 0..3 {
        let mut process = start(&folder, &[]);
        for number in 0..5 {
            let made = make(&process, &wanted(round * 10 + number));
            assert_eq!(made.status, 201, "{}", made.text());
            ids.push(made.json()["id"].as_str().unwrap().to_owned());
        }
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }
    let process = start(&folder, &[]);
    for id in &ids {
        let found = room(&process, id);
        assert_eq!(found.status, 200, "{id}");
        let found = found.json();
        assert_eq!((&found["access"], &found["lasts"]), (&json!("lobby"), &json!(true)));
    }
    assert!(process.log().contains("15 rooms are kept"), "{}", process.log());
}

#[test]
fn who_owns_a_room_does_so_after_a_restart_and_its_door_is_kept() {
    let folder = Folder::new();
    let process = start(&folder, &[]);
    let made = make(&process, &json!({ "name": "Team Room", "access": "lobby" })).json();
    let (id, secret) = (made["id"].as_str().unwrap().to_owned(), made["secret"].clone());
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
    let process = start(&folder, &[]);
    let first = |secret: Option<&Value>| -> Value {
        let mut socket = websocket(process.port);
        let join = json!({ "type": "join", "room": id, "name": "Ann", "secret": secret });
        socket.send(Message::text(join.to_string())).unwrap();
        let Message::Text(text) = socket.read().unwrap() else { panic!("no word") };
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(first(None)["type"], "waiting", "the link alone does not pass the lobby");
    assert_eq!(first(Some(&secret))["role"], "owner");
}

/// What is written need not be on the disk when it is told; it is once anything later is.
#[test]
fn a_chat_that_is_to_be_kept_is_there_after_the_program_was_killed() {
    let folder = Folder::new();
    let mut process = start(&folder, &[]);
    let made = make(&process, &json!({ "name": "Course", "keepChat": true }));
    let (id, secret) = (made.json()["id"].clone(), made.json()["secret"].clone());
    let (id, secret) = (id.as_str().unwrap(), secret.as_str().unwrap());
    let enter = |process: &Process| {
        let mut socket = websocket(process.port);
        let seen = json!({ "epoch": 0, "revision": 0 });
        let join = json!({ "type": "join", "room": id, "name": "Ann", "secret": secret, "chat": seen });
        socket.send(Message::text(join.to_string())).unwrap();
        socket
    };
    let mut ann = enter(&process);
    for (reference, text) in [("a", "one"), ("b", "two")] {
        let said = json!({ "type": "chat", "ref": reference, "text": text });
        ann.send(Message::text(said.to_string())).unwrap();
        until(&mut ann, "chat");
    }
    ann.send(Message::text(json!({ "type": "chat-delete", "ref": "c", "id": 1 }).to_string())).unwrap();
    until(&mut ann, "chat");
    let body = r#"{"metadata":1}"#;
    let (shown, length) = (format!("Authorization: Bearer {secret}"), body.len());
    let patch = format!(
        "PATCH /api/rooms/{id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{shown}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    assert_eq!(ask(&process, &patch).status, 200);
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    let process = start(&folder, &[]);
    let history = until(&mut enter(&process), "chat-history");
    let texts: Vec<&str> = history["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["two", ""], "in the order of what changed: {history}");
    let end = format!("DELETE /api/rooms/{id} HTTP/1.1\r\nHost: localhost\r\n{shown}\r\n\r\n");
    assert_eq!(ask(&process, &end).status, 204);
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
    for name in fs::read_dir(folder.path().join("state")).unwrap() {
        let bytes = fs::read(name.unwrap().path()).unwrap();
        assert!(
            !bytes.windows(10).any(|window| window == b"\"text\":\"two"),
            "nothing of an ended room stays"
        );
    }
}

/// Whether a text is in any file of the store.
fn is_on_disk(folder: &Folder, text: &str) -> bool {
    let files = fs::read_dir(folder.path().join("state")).unwrap();
    files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

/// Whoever is told that a chat is not kept may rely on it: it is in no file, whatever ends the program next.
#[test]
fn a_chat_that_is_not_to_be_kept_any_more_is_gone_from_the_disk_once_that_is_answered() {
    let folder = Folder::new();
    let mut process = start(&folder, &[]);
    let made = make(&process, &json!({ "name": "Course", "lasts": true, "keepChat": true })).json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let enter = |process: &Process| {
        let mut socket = websocket(process.port);
        let seen = json!({ "epoch": 0, "revision": 0 });
        let join = json!({ "type": "join", "room": id, "name": "Ann", "secret": secret, "chat": seen });
        socket.send(Message::text(join.to_string())).unwrap();
        socket
    };
    let change = |process: &Process, body: &str| {
        let (shown, length) = (format!("Authorization: Bearer {secret}"), body.len());
        let patch = format!(
            "PATCH /api/rooms/{id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{shown}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        assert_eq!(ask(process, &patch).status, 200);
    };
    let kill = |process: &mut Process| {
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    };
    let mut ann = enter(&process);
    for number in 0..6 {
        let said =
            json!({ "type": "chat", "ref": number.to_string(), "text": format!("in confidence {number}") });
        ann.send(Message::text(said.to_string())).unwrap();
        until(&mut ann, "chat");
        // Each is written for itself, so that the file has had several forms.
        change(&process, &json!({ "metadata": number }).to_string());
    }
    assert!(is_on_disk(&folder, "in confidence"));
    kill(&mut process);
    let mut process = start(&folder, &[]);
    let mut ann = enter(&process);
    assert_eq!(until(&mut ann, "chat-history")["messages"].as_array().unwrap().len(), 6);
    change(&process, r#"{"keepChat":false}"#);
    assert!(!is_on_disk(&folder, "in confidence"), "before it is answered");
    let said = json!({ "type": "chat", "ref": "later", "text": "in confidence, too" });
    ann.send(Message::text(said.to_string())).unwrap();
    until(&mut ann, "chat");
    change(&process, r#"{"metadata":"later"}"#);
    kill(&mut process);
    assert!(!is_on_disk(&folder, "in confidence"));
    let process = start(&folder, &[]);
    let history = until(&mut enter(&process), "chat-history");
    assert_eq!(history["messages"], json!([]), "nobody gets anything of before");
}

#[test]
fn a_store_is_checked_and_copied_while_it_serves_and_a_copy_brings_its_rooms_back() {
    let folder = Folder::new();
    let process = start(&folder, &[]);
    let made = make(&process, &json!({ "name": "Stage", "listed": true, "lasts": true }));
    assert_eq!(made.status, 201);
    let (code, text) = store(&folder, &["check"]);
    assert!(code == Some(0) && text.contains("is whole: 1 rooms"), "{text}");
    assert_eq!(store(&folder, &["backup", "copy.db"]).0, Some(0));
    let (code, text) = store(&folder, &["backup", "copy.db"]);
    assert!(code == Some(1) && text.contains("is there already"), "{text}");
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
    for name in ["plenary.db", "plenary.db-wal", "plenary.db-shm"] {
        let _ = fs::remove_file(folder.path().join("state").join(name));
    }
    fs::rename(folder.path().join("copy.db"), folder.path().join("state/plenary.db")).unwrap();
    let process = start(&folder, &[]);
    assert_eq!(room(&process, "stage").status, 200);
}

#[test]
fn it_does_not_start_with_a_store_that_it_cannot_use_and_says_so_in_one_line() {
    let folder = Folder::new();
    let process = start(&folder, &[]);
    let in_use = Command::new(PROGRAM)
        .args(["--plain-http", "--http-port", "0", "--udp-port", "0"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(in_use.stderr).unwrap();
    assert!(in_use.status.code() == Some(1) && text.contains("is in use by another server"), "{text}");
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
    let path = folder.path().join("state/plenary.db");
    let good = fs::read(&path).unwrap();
    fs::write(&path, b"no store\n".repeat(100)).unwrap();
    let refused = Command::new(PROGRAM)
        .args(["--plain-http", "--http-port", "0", "--udp-port", "0"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(
        (refused.status.code(), text.lines().filter(|line| line.starts_with("plenary:")).count()),
        (Some(1), 1),
        "{text}"
    );
    assert!(text.contains("plenary.db is no store of Plenary"), "{text}");
    let (code, text) = store(&folder, &["check"]);
    assert!(code == Some(1) && text.contains("no store of Plenary"), "{text}");
    fs::write(&path, good).unwrap();
    drop(start(&folder, &[]));
}

/// A folder that nobody may write to, whoever they are: for root that takes a mount of its own, and whoever is not root has one in a
/// namespace of their own users.
#[test]
fn a_folder_that_cannot_be_written_to_is_named_when_it_starts() {
    let folder = Folder::new();
    end(start(&folder, &[]));
    let within = |command: &str| {
        let script = format!("mount --bind state state && mount -o remount,ro,bind state && {command}");
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
        unshare.current_dir(folder.path()).output().unwrap()
    };
    let output = within(&format!("exec '{PROGRAM}' --plain-http --http-port 0 --udp-port 0 --log off"));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.contains("--store state/plenary.db") && text.contains("writable"), "{text}");
    end(start(&folder, &[]));
}

#[test]
fn without_a_store_nothing_is_written() {
    let folder = Folder::new();
    let process = start(&folder, &["--store", "memory"]);
    let made = make(&process, &json!({ "name": "Stage", "listed": true, "lasts": true }));
    assert_eq!(made.status, 201);
    assert!(!folder.path().join("state/plenary.db").exists());
}
