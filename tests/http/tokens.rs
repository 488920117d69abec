//! Access tokens: made on the command line, shown to the API and in a call, taken back by a signal.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use plenary::conference::{Auth, PassRules};
use plenary::control::ControlConfig;
use plenary::limits::{Limit, Limits};
use plenary::passes::{Claims, PassKeys, Passes, mint};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::harness::{Folder, PATIENCE, Server, Stream, websocket};
use crate::process::{PROGRAM, Process, ask, end, start};

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// An hour from 2100 on: whenever the test runs, it has not ended.
const LATE: f64 = 4_102_444_800.0;

fn keys() -> PassKeys {
    let mut keys = PassKeys::default();
    keys.add_secret("school", SECRET.as_bytes()).unwrap();
    keys
}

fn pass(claims: Value) -> String {
    let mut claims: Claims = serde_json::from_value(claims).unwrap();
    claims.exp.get_or_insert(LATE);
    mint(&keys(), "school", &claims, 0).unwrap()
}

fn closed() -> Server {
    let passes = Passes { keys: keys(), ..Passes::default() };
    let rules = PassRules { passes, join: Auth::Open, create: Auth::Token };
    Server::with_rules(ControlConfig::default(), rules)
}

fn posted(path: &str, body: &str, shown: Option<&str>) -> String {
    let shown = shown.map_or(String::new(), |shown| format!("Authorization: {shown}\r\n"));
    let (length, kind) = (body.len(), "Content-Type: application/json");
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{kind}\r\n{shown}Content-Length: {length}\r\n\r\n{body}"
    )
}

fn joined(socket: &mut WebSocket<Stream>, room: &str, pass: Option<&str>) -> Value {
    let join = json!({ "type": "join", "room": room, "name": "Ann", "pass": pass });
    socket.send(Message::text(join.to_string())).unwrap();
    said(socket, &["welcome", "error"])
}

fn said(socket: &mut WebSocket<Stream>, types: &[&str]) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            let message: Value = serde_json::from_str(&text).unwrap();
            if types.iter().any(|wanted| message["type"] == *wanted) {
                return message;
            }
        }
    }
}

#[test]
fn rooms_are_made_by_who_shows_a_token_for_that_and_others_are_told_how() {
    let server = closed();
    let create =
        |shown: Option<&str>| server.ask(&posted("/api/rooms", r#"{"name":"Den","listed":true}"#, shown));
    let maker = pass(json!({ "plenary": { "create": true } }));
    let guest = pass(json!({ "plenary": { "room": "*" } }));
    let other = pass(json!({ "plenary": { "room": "attic", "create": true } }));
    let ended = pass(json!({ "exp": 1, "plenary": { "create": true } }));
    for (shown, status, challenge, why) in [
        (None, 401, "Bearer", "Authorization: Bearer"),
        (Some("Basic YTpi".to_owned()), 401, "Bearer", "Authorization: Bearer"),
        (Some("Bearer nonsense".to_owned()), 401, "invalid_token", "three parts"),
        (Some(format!("Bearer {ended}")), 401, "invalid_token", "expired"),
        (Some(format!("Bearer {guest}")), 403, "insufficient_scope", "plenary.create"),
        (Some(format!("Bearer {other}")), 403, "insufficient_scope", "plenary.room"),
    ] {
        let answer = create(shown.as_deref());
        assert_eq!(answer.status, status, "{shown:?}: {}", answer.text());
        assert!(answer.header("www-authenticate").unwrap().contains(challenge), "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(answer.json()["detail"].as_str().unwrap().contains(why), "{}", answer.text());
    }
    assert_eq!(server.get("/api/rooms/den").status, 404);
    // The head of a request is bounded: of this nothing is read.
    assert_eq!(create(Some(&format!("Bearer {}", "a".repeat(20_000)))).status, 431);
    let made = create(Some(&format!("bearer  {maker}")));
    assert_eq!(made.status, 201, "{}", made.text());
    let mut socket = server.websocket();
    assert_eq!(joined(&mut socket, "den", None)["type"], "welcome", "whoever has the link comes in");
}

#[test]
fn a_token_that_does_not_decide_about_a_room_is_told_why() {
    let server = closed();
    let maker = pass(json!({ "plenary": { "create": true } }));
    let shown = format!("Bearer {maker}");
    let made = server.ask(&posted("/api/rooms", r#"{"name":"Den","listed":true}"#, Some(&shown)));
    assert_eq!(made.status, 201, "{}", made.text());
    for (claims, told) in [
        (json!({ "plenary": { "room": "den" } }), "plenary.admin"),
        (json!({ "plenary": { "room": "attic", "admin": true } }), "plenary.room"),
        (json!({ "exp": 1, "plenary": { "room": "den", "admin": true } }), "expired"),
    ] {
        let shown = pass(claims);
        let people = format!(
            "GET /api/rooms/den/peers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shown}\r\n\r\n"
        );
        let answer = server.ask(&people);
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(answer.json()["detail"].as_str().unwrap().contains(told), "{}", answer.text());
    }
}

/// A page need not offer what fails.
#[test]
fn whoever_asks_for_the_rooms_hears_whether_they_make_some() {
    let makes = |server: &Server, shown: Option<String>| {
        let shown = shown.map_or(String::new(), |shown| format!("Authorization: Bearer {shown}\r\n"));
        let answer = server.ask(&format!("GET /api/rooms HTTP/1.1\r\nHost: localhost\r\n{shown}\r\n"));
        assert_eq!(answer.status, 200);
        answer.json()["makes"].clone()
    };
    let server = closed();
    assert_eq!(makes(&server, None), false);
    assert_eq!(makes(&server, Some(pass(json!({ "plenary": { "create": true } })))), true);
    for claims in [json!({ "exp": 1, "plenary": { "create": true } }), json!({ "plenary": { "room": "*" } })]
    {
        assert_eq!(makes(&server, Some(pass(claims))), false);
    }
    assert_eq!(makes(&Server::start(), None), true);
}

/// `access` is what was decided about the room, and what `--auth token` says comes on top of it.
#[test]
fn a_server_into_which_nobody_comes_without_a_token_says_so_of_every_room() {
    let passes = Passes { keys: keys(), ..Passes::default() };
    let rules = PassRules { passes, join: Auth::Token, create: Auth::Open };
    let server = Server::with_rules(ControlConfig::default(), rules);
    let made = server.post("/api/rooms", r#"{"name":"Den","listed":true}"#).json();
    assert_eq!((&made["access"], &made["passNeeded"]), (&json!("open"), &json!(true)));
    assert_eq!(server.get("/api/rooms/den").json()["passNeeded"], true);
    assert_eq!(server.get("/api/rooms").json()["rooms"][0]["passNeeded"], true);
    let mut socket = server.websocket();
    let welcome = joined(&mut socket, "den", Some(&pass(json!({ "plenary": { "room": "den" } }))));
    assert_eq!(welcome["room"]["passNeeded"], true);
    let elsewhere = Server::start().post("/api/rooms", r#"{"name":"Den","access":"token"}"#).json();
    assert!(elsewhere["passNeeded"].is_null(), "the room says it itself there: {elsewhere}");
}

/// Whatever address they come from.
#[test]
fn whom_a_token_is_for_makes_no_more_rooms_than_one_may() {
    let passes = Passes { keys: keys(), ..Passes::default() };
    let rules = PassRules { passes, join: Auth::Open, create: Auth::Token };
    let limits = Limits::default().with(Limit::RoomsMadePerMinutePerIdentity, 1);
    let server = Server::with_rules(ControlConfig { limits, ..ControlConfig::default() }, rules);
    let create = |claims: Value| {
        let shown = format!("Bearer {}", pass(claims));
        server.ask(&posted("/api/rooms", r#"{"name":"Den"}"#, Some(&shown)))
    };
    let ann = json!({ "sub": "ann", "plenary": { "create": true } });
    assert_eq!([(); 2].map(|()| create(ann.clone()).status), [201, 201]);
    let over = create(json!({ "sub": "ann", "jti": "another one", "plenary": { "create": true } }));
    let after: u64 = over.header("retry-after").unwrap().parse().unwrap();
    assert!(over.status == 429 && (1..=60).contains(&after), "{} {after}", over.status);
    assert_eq!(create(json!({ "sub": "bob", "plenary": { "create": true } })).status, 201);
}

#[test]
fn a_token_of_a_megabyte_ends_its_socket_unread_and_calls_go_on() {
    let server = closed();
    let maker = format!("Bearer {}", pass(json!({ "plenary": { "create": true } })));
    assert_eq!(
        server.ask(&posted("/api/rooms", r#"{"name":"Den","listed":true}"#, Some(&maker))).status,
        201
    );
    let (mut ann, mut eve) = (server.websocket(), server.websocket());
    assert_eq!(joined(&mut ann, "den", None)["type"], "welcome");
    let long = "a".repeat(1_000_000);
    eve.send(Message::text(
        json!({ "type": "join", "room": "den", "name": "Eve", "pass": long }).to_string(),
    ))
    .unwrap();
    let Message::Close(Some(end)) = eve.read().unwrap() else { panic!("the socket goes on") };
    assert_eq!(u16::from(end.code), 1009);
    ann.send(Message::text(r#"{"type":"ping"}"#)).unwrap();
    said(&mut ann, &["pong"]);
}

#[test]
fn a_link_of_a_room_that_ended_is_good_for_who_may_make_it_again() {
    let server = closed();
    let maker = format!("Authorization: Bearer {}\r\n", pass(json!({ "plenary": { "create": true } })));
    // Drawn with this server's key, and not in its store.
    let elsewhere = Server::start();
    let made = elsewhere.post("/api/rooms", r#"{"name":"Team","listed":false}"#);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let get =
        |shown: &str| server.ask(&format!("GET /api/rooms/{id} HTTP/1.1\r\nHost: localhost\r\n{shown}\r\n"));
    let statuses = ["", &maker, "Authorization: Bearer nonsense\r\n"].map(|shown| get(shown).status);
    assert_eq!(statuses, [404, 200, 404]);
}

fn token(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new(PROGRAM).current_dir(folder.path()).arg("token").args(arguments).output().unwrap()
}

/// The lines of a token that is made.
fn minted(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let output = token(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The newest line of the log with this in it.
fn logged(process: &Process, words: &str) -> String {
    let start = Instant::now();
    loop {
        if let Some(line) = process.log().lines().rev().find(|line| line.contains(words)) {
            return line.to_owned();
        }
        assert!(start.elapsed() < PATIENCE, "nobody said {words}:\n{}", process.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_server_without_any_key_makes_its_own_and_who_has_the_machine_makes_tokens() {
    let folder = Folder::new();
    let refused = token(&folder, &["--room", "den"]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert_eq!((refused.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    assert!(text.contains("start the server first"), "{text}");

    let process = start(&folder, &["--auth", "token"]);
    let mode = fs::metadata(folder.path().join("state/plenary.hs256")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    logged(&process, "made a key for access tokens");
    let maker = &minted(&folder, &["--create"])[0];
    let den = r#"{"name":"Den","listed":true}"#;
    assert_eq!(ask(&process, &posted("/api/rooms", den, None)).status, 401, "as --auth says");
    assert_eq!(ask(&process, &posted("/api/rooms", den, Some(&format!("Bearer {maker}")))).status, 201);

    let lines = minted(
        &folder,
        &[
            "--room",
            "den",
            "--name",
            "Dr. Ann",
            "--moderate",
            "--for",
            "15m",
            "--link",
            "https://meet.example.org/",
        ],
    );
    let [pass, link] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(*link, format!("https://meet.example.org/r/den#pass={pass}"));
    assert_ne!(*pass, minted(&folder, &["--room", "den"])[0]);
    let mut socket = websocket(process.port);
    assert_eq!(joined(&mut socket, "den", None)["code"], "pass-needed");
    assert_eq!(joined(&mut socket, "den", Some(maker))["code"], "bad-pass");
    let welcome = joined(&mut socket, "den", Some(pass));
    assert_eq!(welcome["role"], "moderator", "{welcome}");
    let peers = said(&mut socket, &["peers"]);
    assert_eq!(peers["peers"][0]["name"], "Dr. Ann", "{peers}");
    assert!(!process.log().contains(pass.rsplit('.').next().unwrap()), "{}", process.log());
    end(process);

    let process = start(&folder, &["--creators", "token"]);
    assert_eq!(
        ask(&process, &posted("/api/rooms", den, Some(&format!("Bearer {maker}")))).status,
        201,
        "its key stays"
    );
    end(process);
}

#[test]
fn keys_are_read_again_on_a_signal_and_what_is_gone_is_revoked_while_calls_go_on() {
    let folder = Folder::new();
    folder.put("keys/school.hs256", SECRET.as_bytes());
    let process = start(&folder, &["--auth", "token", "--pass-keys", "keys"]);
    let make = |arguments: &[&str]| {
        let all: Vec<&str> = ["--pass-keys", "keys"].into_iter().chain(arguments.iter().copied()).collect();
        minted(&folder, &all)[0].clone()
    };
    let create = |pass: &str| {
        let body = r#"{"name":"Den","listed":true}"#;
        ask(&process, &posted("/api/rooms", body, Some(&format!("Bearer {pass}")))).status
    };
    assert_eq!(create(&make(&["--create"])), 201);
    let old = make(&["--room", "*"]);
    let mut ann = websocket(process.port);
    assert_eq!(joined(&mut ann, "den", Some(&old))["type"], "welcome");

    // A file that is no key: everything stays as it is.
    folder.put("keys/new.hs256", b"half a ke");
    process.signal("HUP");
    let line = logged(&process, "stay: keys/new.hs256");
    assert!(line.contains("ERROR"), "{line}");
    assert!(!process.log().contains("half a ke"), "{}", process.log());
    let mut bob = websocket(process.port);
    assert_eq!(joined(&mut bob, "den", Some(&old))["type"], "welcome");

    folder.put("keys/new.hs256", SECRET.replace("AA", "BB").as_bytes());
    fs::remove_file(folder.path().join("keys/school.hs256")).unwrap();
    process.signal("HUP");
    let line = logged(&process, "revoked: school");
    assert!(line.contains("again: new") && line.contains("new: new"), "{line}");
    let mut eve = websocket(process.port);
    let refused = joined(&mut eve, "den", Some(&old));
    assert!(refused["message"].as_str().unwrap().contains("not any more"), "{refused}");
    assert_eq!(joined(&mut eve, "den", Some(&make(&["--room", "den"])))["type"], "welcome");
    ann.send(Message::text(r#"{"type":"ping"}"#)).unwrap();
    said(&mut ann, &["pong"]);
    end(process);
}

#[test]
fn it_does_not_start_with_keys_that_are_none_and_names_the_file_in_one_line() {
    let folder = Folder::new();
    for (name, text, why) in [
        ("short.hs256", "c2hvcnQ", "fewer than 32 bytes"),
        ("../x.hs256", SECRET, "cannot be read"),
        ("my key.hs256", SECRET, "NAME.hs256"),
        ("readme.txt", "hello", "NAME.hs256"),
        ("a.pem", "-----BEGIN PRIVATE KEY-----", "private key"),
    ] {
        if name.starts_with("..") {
            let _ = fs::remove_dir_all(folder.path().join("keys"));
        } else {
            folder.put(&format!("keys/{name}"), text.as_bytes());
        }
        let mut command = Command::new(PROGRAM);
        command.args([
            "--plain-http",
            "--http-port",
            "0",
            "--udp-port",
            "0",
            "--log",
            "off",
            "--pass-keys",
            "keys",
        ]);
        let output = command.current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{name}: {said}");
        assert!(said.contains(why) && said.contains("keys"), "{name}: {said}");
        let _ = fs::remove_file(folder.path().join("keys").join(name));
    }
}

#[test]
fn help_of_a_token_names_what_it_can_say() {
    let output = token(&Folder::new(), &["--help"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for flag in [
        "room",
        "name",
        "identity",
        "for",
        "publish",
        "no-subscribe",
        "no-chat",
        "no-files",
        "moderate",
        "create",
        "admin",
        "link",
        "key",
        "pass-keys",
        "state",
    ] {
        assert!(
            text.contains(&format!("--{flag} ")) || text.contains(&format!("--{flag}\n")),
            "{flag}: {text}"
        );
    }
}
