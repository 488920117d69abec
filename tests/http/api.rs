//! Rooms by the API, for whoever shows a room's secret.

use std::collections::BTreeSet;

use plenary::control::ControlConfig;
use plenary::limits::{Limit, Limits};
use serde_json::{Value, json};
use tungstenite::http::StatusCode;
use tungstenite::{Message, WebSocket};

use crate::harness::{Answer, Server, Stream, until};

/// A server with a room that lasts: its id, and its secret.
struct Owned {
    server: Server,
    id: String,
    secret: String,
}

impl Owned {
    fn new() -> Owned {
        let server = Server::start();
        let made =
            server.post("/api/rooms", r#"{"name":"Team Room","lasts":true,"metadata":{"team":7}}"#).json();
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Owned { id: text("id"), secret: text("secret"), server }
    }

    fn ask(&self, method: &str, rest: &str, headers: &str, body: Option<&Value>) -> Answer {
        let body = body.map_or(String::new(), ToString::to_string);
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let length = body.len();
        let path = format!("/api/rooms/{}{rest}", self.id);
        self.server.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{kind}{headers}Content-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// The same by whoever made the room.
    fn owner(&self, method: &str, rest: &str, body: Option<&Value>) -> Answer {
        self.ask(method, rest, &format!("Authorization: Bearer {}\r\n", self.secret), body)
    }

    /// Somebody comes in: their socket, and their id.
    fn enter(&self, name: &str) -> (WebSocket<Stream>, String) {
        let mut socket = self.server.websocket();
        let join = json!({ "type": "join", "room": self.id, "name": name }).to_string();
        socket.send(Message::text(join)).unwrap();
        let welcome = until(&mut socket, "welcome");
        (socket, welcome["peer"].as_str().unwrap().to_owned())
    }
}

#[test]
fn traces_are_in_the_rate_of_their_room_as_what_else_is_asked_about_it() {
    let room = Owned::new();
    let (_ann, ann) = room.enter("Ann");
    let rest = format!("/peers/{ann}/trace");
    let mut answers = std::iter::repeat_with(|| room.owner("GET", &rest, None)).take(2_000);
    let over = answers.find(|answer| answer.status != 200).expect("a bound");
    assert_eq!(over.status, 429, "{}", over.text());
    assert!(over.header("retry-after").is_some());
}

#[test]
fn an_application_that_writes_too_much_is_told_when_to_go_on() {
    let room = Owned::new();
    let (_ann, _) = room.enter("Ann");
    let long = json!({ "text": "x".repeat(4_000) });
    let mut answers = std::iter::repeat_with(|| room.owner("POST", "/messages", Some(&long))).take(60);
    let over = answers.find(|answer| answer.status != 204).expect("a bound");
    assert_eq!(over.status, 429, "{}", over.text());
    assert!(over.header("retry-after").is_some());
}

#[test]
fn what_an_application_keeps_with_a_room_is_its_own() {
    let room = Owned::new();
    let seen = room.ask("GET", "", "", None);
    assert_eq!((seen.status, seen.json()["metadata"].clone()), (200, Value::Null));
    let owned = room.owner("GET", "", None);
    assert_eq!((owned.status, owned.json()["metadata"].clone()), (200, json!({ "team": 7 })));
    assert_eq!(seen.header("etag"), owned.header("etag"));
    assert_eq!(room.ask("GET", "", "Authorization: Bearer guess\r\n", None).status, 403);
}

#[test]
fn a_room_is_changed_by_who_owns_it_and_who_knows_how_it_is() {
    let room = Owned::new();
    let tag = room.owner("GET", "", None).header("etag").unwrap().to_owned();
    let patch = json!({ "name": "Other Room", "access": "lobby", "mostPeople": 2, "metadata": null });
    let owner = format!("Authorization: Bearer {}\r\n", room.secret);
    let changed = room.ask("PATCH", "", &format!("{owner}If-Match: {tag}\r\n"), Some(&patch));
    assert_eq!(changed.status, 200, "{}", changed.text());
    let after = changed.json();
    assert_eq!(
        (&after["name"], &after["access"], &after["mostPeople"]),
        (&json!("Other Room"), &json!("lobby"), &json!(2))
    );
    assert!(after["metadata"].is_null());
    let now = changed.header("etag").unwrap().to_owned();
    assert_ne!(now, tag);
    let late =
        room.ask("PATCH", "", &format!("{owner}If-Match: {tag}\r\n"), Some(&json!({ "locked": true })));
    assert_eq!(late.status, 412);
    let either = format!("{owner}If-Match: \"x\", {now}\r\n");
    assert_eq!(room.ask("PATCH", "", &either, Some(&json!({ "locked": true }))).status, 200);
    for (wanted, status) in [
        (json!({ "name": "" }), 422),
        (json!({ "name": "x".repeat(65) }), 422),
        (json!({ "mostPeople": 0 }), 422),
        (json!({ "mostPeople": 101 }), 422),
        (json!({ "metadata": "x".repeat(5_000) }), 422),
        (json!({ "metadata": (0..100).fold(json!(1), |inner, _| json!([inner])) }), 422),
        (json!({ "ends": EARLY }), 422),
        (json!({ "starts": 2e15 }), 400),
        (json!({ "longest": 5 }), 422),
        (json!({ "chat": "no" }), 400),
        (json!({ "listed": true }), 400),
        (json!({ "access": "token'); DROP TABLE rooms;--" }), 400),
    ] {
        let answer = room.owner("PATCH", "", Some(&wanted));
        assert_eq!(answer.status, status, "{wanted}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    assert_eq!(room.ask("GET", "", "", None).json()["name"], "Other Room", "nothing of that was done");
}

#[test]
fn who_shows_nothing_or_something_else_does_nothing() {
    let room = Owned::new();
    let other = room.server.post("/api/rooms", r#"{"name":"Other","lasts":true}"#).json();
    let theirs = format!("Authorization: Bearer {}\r\n", other["secret"].as_str().unwrap());
    let (_socket, peer) = room.enter("Ann");
    for (method, rest, body) in [
        ("PATCH", String::new(), Some(json!({ "locked": true }))),
        ("DELETE", String::new(), None),
        ("GET", "/peers".to_owned(), None),
        ("DELETE", format!("/peers/{peer}"), None),
        ("POST", format!("/peers/{peer}/mute"), Some(json!({ "stream": "camera", "kind": "audio" }))),
        ("POST", "/messages".to_owned(), Some(json!({ "text": "x" }))),
    ] {
        let nothing = room.ask(method, &rest, "", body.as_ref());
        assert_eq!(
            (nothing.status, nothing.header("www-authenticate")),
            (401, Some("Bearer")),
            "{method} {rest}"
        );
        assert_eq!(room.ask(method, &rest, &theirs, body.as_ref()).status, 403, "{method} {rest}");
    }
    assert_eq!(room.owner("GET", "/peers", None).json()["peers"].as_array().unwrap().len(), 1);
}

#[test]
fn people_are_listed_written_to_muted_and_put_out() {
    let room = Owned::new();
    assert_eq!(room.owner("POST", "/messages", Some(&json!({ "text": "x" }))).status, 409, "nobody is there");
    let ((mut ann, ann_id), (mut bob, bob_id)) = (room.enter("Ann"), room.enter("Bob"));
    let listed = room.owner("GET", "/peers", None).json();
    let names: Vec<&str> =
        listed["peers"].as_array().unwrap().iter().map(|peer| peer["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ann", "Bob"]);
    let message = json!({ "text": "In five minutes", "name": "The house" });
    assert_eq!(room.owner("POST", "/messages", Some(&message)).status, 204);
    let told = until(&mut ann, "chat");
    assert_eq!(
        (&told["message"]["text"], &told["message"]["name"]),
        (&json!("In five minutes"), &json!("The house"))
    );
    assert_eq!(room.owner("POST", "/messages", Some(&json!({ "text": "" }))).status, 422);
    let track = json!({ "stream": "camera", "kind": "audio" });
    assert_eq!(room.owner("POST", &format!("/peers/{bob_id}/mute"), Some(&track)).status, 204);
    assert_eq!(
        room.owner("POST", &format!("/peers/{bob_id}/mute"), Some(&json!({ "stream": "x" }))).status,
        400
    );
    for nobody in ["0123456789abcdef", "x", "%2e%2e"] {
        assert_eq!(room.owner("DELETE", &format!("/peers/{nobody}"), None).status, 404, "{nobody}");
    }
    assert_eq!(room.owner("DELETE", &format!("/peers/{bob_id}"), None).status, 204);
    assert_eq!(until(&mut bob, "error")["code"], "removed");
    assert_eq!(until(&mut ann, "peer-left")["name"], "Bob");
    assert_eq!(room.owner("DELETE", "", None).status, 204);
    assert_eq!(until(&mut ann, "error")["code"], "ended");
    let ended = room.ask("GET", "", "", None);
    assert_eq!((ended.status, ended.header("content-type")), (410, Some("application/problem+json")));
    assert_eq!(ended.json()["detail"], "this room has ended");
    assert_eq!(room.owner("GET", "", None).status, 410);
    ann.send(Message::text(json!({ "type": "join", "room": room.id, "name": "Ann" }).to_string())).unwrap();
    assert_eq!(until(&mut ann, "error")["code"], "ended", "who comes later as well");
    assert_eq!(room.owner("PATCH", "", Some(&json!({ "locked": true }))).status, 404);
    assert!(!ann_id.is_empty());
}

#[test]
fn how_a_room_is_kept_is_said_when_it_is_made_and_changed_later() {
    let server = Server::start();
    let wanted = json!({ "name": "Course", "access": "token", "chat": false, "files": false, "keepChat": true, "starts": EARLY, "ends": LATE,
        "longest": 3_600 });
    let answer = server.post("/api/rooms", &wanted.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    for (field, value) in wanted.as_object().unwrap() {
        assert_eq!(made[field], *value, "{field}");
    }
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    let room = Owned { id: text("id"), secret: text("secret"), server };
    let mut socket = room.server.websocket();
    let join = json!({ "type": "join", "room": room.id, "name": "Ann" }).to_string();
    socket.send(Message::text(join)).unwrap();
    assert_eq!(until(&mut socket, "error")["code"], "pass-needed");
    let patch = json!({ "access": "open", "chat": true, "starts": null, "ends": null, "longest": null });
    let after = room.owner("PATCH", "", Some(&patch)).json();
    assert!(after["ends"].is_null() && after["longest"].is_null() && after["starts"].is_null(), "{after}");
    let (mut ann, _) = room.enter("Ann");
    assert_eq!(room.owner("PATCH", "", Some(&json!({ "chat": false }))).status, 200);
    assert_eq!(until(&mut ann, "room")["chat"], false);
    assert!(!until(&mut ann, "granted")["grants"].as_array().unwrap().contains(&json!("chat")));
    assert_eq!(room.owner("POST", "/messages", Some(&json!({ "text": "x" }))).status, 422);
    for wrong in [json!({ "ends": EARLY }), json!({ "longest": 1 }), json!({ "starts": LATE, "ends": LATE })]
    {
        let mut wrong = wrong;
        wrong["name"] = "Course".into();
        assert_eq!(room.server.post("/api/rooms", &wrong.to_string()).status, 400, "{wrong}");
    }
}

/// A slip in what an application asks for must not make another room than it meant: an open one, or one that opened long ago.
#[test]
fn what_an_application_mistypes_is_told_to_it() {
    let room = Owned::new();
    for (wrong, told) in [
        (json!({ "acess": "token" }), "unknown field `acess`"),
        (json!({ "locked": true }), "unknown field `locked`"),
        (json!({ "starts": 1_796_061_373 }), "milliseconds since 1970"),
        (json!({ "ends": 1_796_061_373 }), "milliseconds since 1970"),
    ] {
        let mut wrong = wrong;
        wrong["name"] = "Course".into();
        let answer = room.server.post("/api/rooms", &wrong.to_string());
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
        assert!(answer.json()["detail"].as_str().unwrap().contains(told), "{}", answer.text());
    }
    assert_eq!(room.owner("PATCH", "", Some(&json!({ "starts": 1_796_061_373 }))).status, 400);
    assert_eq!(room.owner("DELETE", "", None).status, 204);
    assert_eq!(room.ask("GET", "", "", None).json()["detail"], "this room has ended");
}

#[test]
fn a_change_may_be_called_a_merge_patch_and_a_new_room_not() {
    let room = Owned::new();
    let ask = |method: &str, path: &str| {
        let secret = &room.secret;
        room.server.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/merge-patch+json\r\nAuthorization: Bearer {secret}\r\nContent-Length: 14\r\n\r\n{{\"name\":\"New\"}}"
        ))
    };
    let changed = ask("PATCH", &format!("/api/rooms/{}", room.id));
    assert_eq!((changed.status, changed.json()["name"].clone()), (200, json!("New")));
    assert_eq!(ask("POST", "/api/rooms").status, 415);
}

/// A moment of the year 2100, in milliseconds.
const LATE: u64 = 4_102_444_800_000;
const EARLY: u64 = 100_000_000_000;

#[test]
fn a_room_that_is_asked_for_twice_with_one_key_is_made_once() {
    let server = Server::start();
    let make = |key: &str, shown: &str, name: &str| {
        let body = json!({ "name": name }).to_string();
        let (kind, length) = ("Content-Type: application/json", body.len());
        server.ask(&format!(
            "POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {key}\r\n{shown}{kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    };
    let first = make("\"8e03978e\"", "", "Course");
    assert_eq!(first.status, 201);
    let again = make("8e03978e", "", "Course");
    assert_eq!(
        (again.status, &again.body, again.header("location")),
        (201, &first.body, first.header("location"))
    );
    for (shown, name) in [("", "Another"), ("Authorization: Bearer x\r\n", "Course")] {
        let other = make("8e03978e", shown, name);
        assert_eq!((other.status, other.header("content-type")), (422, Some("application/problem+json")));
    }
    assert_ne!(make("another", "", "Course").json()["id"], first.json()["id"]);
    for bad in ["\"\"", "a b", &"x".repeat(256)] {
        assert_eq!(make(bad, "", "Course").status, 400, "{bad}");
    }
    assert_eq!(make("new", "", "").status, 400, "nothing was made,");
    assert_eq!(make("new", "", "Course").status, 201, "so it may be tried again");
}

#[test]
fn who_asks_too_often_about_one_room_is_told_when_to_ask_again() {
    let limits = Limits::default().with(Limit::RequestsPerSecondPerRoom, 1);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    let made = server.post("/api/rooms", r#"{"name":"Team Room","lasts":true}"#).json();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    let room = Owned { id: text("id"), secret: text("secret"), server };
    let over = (0..20).map(|_| room.owner("GET", "/peers", None)).find(|answer| answer.status != 200);
    let over = over.expect("a bound");
    assert_eq!((over.status, over.header("retry-after")), (429, Some("1")), "{}", over.text());
    assert!(over.json()["detail"].as_str().unwrap().contains("about this room"));
    let other = room.server.post("/api/rooms", r#"{"name":"Other"}"#).json();
    let shown = format!("Authorization: Bearer {}\r\n", other["secret"].as_str().unwrap());
    let path = format!("/api/rooms/{}/peers", other["id"].as_str().unwrap());
    let answer = room.server.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{shown}\r\n"));
    assert_eq!(answer.status, 200, "another room has a rate of its own");
}

/// What the description says is what there is: each path, each method, and each answer that these tests got.
#[test]
fn the_description_names_what_there_is() {
    let server = Server::start();
    let described = server.get("/api/openapi.json");
    assert_eq!((described.status, described.header("content-type")), (200, Some("application/json")));
    let described = described.json();
    assert_eq!(described["openapi"], "3.1.0");
    let source = include_str!("../../src/control/api.rs");
    let routes: Vec<(&str, BTreeSet<String>)> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\"/api/"))
        .map(|line| {
            let parts: Vec<&str> = line.split('"').collect();
            let methods = parts[2].split(", ").filter(|method| *method != "HEAD").map(str::to_lowercase);
            (parts[0], methods.collect())
        })
        .collect();
    assert!(routes.len() > 5, "{routes:?}");
    let paths = described["paths"].as_object().unwrap();
    assert_eq!(paths.len(), routes.len());
    for (path, methods) in routes {
        let entry = paths[&format!("/api/{path}")].as_object().unwrap();
        let named: BTreeSet<String> = entry.keys().filter(|key| *key != "parameters").cloned().collect();
        assert_eq!(named, methods, "/api/{path}");
    }
    let references = described.to_string();
    for part in references.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(!described["components"]["schemas"][name].is_null(), "{name}");
    }
}

/// Answers that any request may get, whatever it is for: they are of HTTP, and of how a connection is used.
const OF_ANY_REQUEST: [u16; 15] = [101, 202, 304, 307, 308, 405, 411, 417, 421, 426, 431, 500, 501, 505, 400];

/// Every status that the source has is described, or is one of HTTP's own; every one that is described is in the source, as is the type
/// of every problem.
#[test]
fn the_description_has_every_status_of_the_source_and_no_other() {
    let described: Value = serde_json::from_str(include_str!("../../src/control/api/openapi.json")).unwrap();
    let mut named = BTreeSet::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters")
        {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let status: u16 = status.parse().unwrap();
                named.insert(status);
                let problem = &answer["content"]["application/problem+json"]["schema"]["$ref"];
                let is_problem = *problem == "#/components/schemas/Problem";
                assert_eq!(is_problem, status >= 400, "{method} {path} {status}");
                let waits = answer["headers"]["Retry-After"].is_object();
                assert_eq!(waits, matches!(status, 429 | 503), "{method} {path} {status}");
            }
        }
    }
    let mut used = BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from("src/control")];
    let mut types = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            // What WHIP answers is in a document of its own.
            if entry.ends_with("standard.rs") {
                continue;
            }
            let source = std::fs::read_to_string(&entry).unwrap();
            let source = source.split("#[cfg(test)]").next().unwrap();
            for rest in source.split("StatusCode::").skip(1) {
                let name: String =
                    rest.chars().take_while(|letter| letter.is_ascii_uppercase() || *letter == '_').collect();
                used.extend(status_called(&name));
            }
            for rest in source.split("r#type: \"").skip(1) {
                types.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    let any = BTreeSet::from(OF_ANY_REQUEST);
    let missing: Vec<&u16> =
        used.iter().filter(|status| !named.contains(status) && !any.contains(status)).collect();
    assert!(missing.is_empty(), "the source answers {missing:?}, and nothing says so");
    // A request that takes too long, or is too large, is answered by HTTP.
    let unused: Vec<&u16> = named.iter().filter(|status| !used.contains(status)).collect();
    assert!(unused.is_empty(), "nobody answers {unused:?}");
    let const_type = described["components"]["schemas"]["Problem"]["properties"]["type"]["const"].as_str();
    assert_eq!(types, BTreeSet::from([const_type.unwrap().to_owned()]));
}

/// The number of a status by the name of its constant: its phrase, in capitals.
pub fn status_called(name: &str) -> Option<u16> {
    let called = |status: &StatusCode| {
        let phrase = status.canonical_reason().unwrap_or_default().to_uppercase();
        phrase.replace([' ', '-'], "_").replace('\'', "") == name
    };
    (100..600).filter_map(|code| StatusCode::from_u16(code).ok()).find(called).map(|status| status.as_u16())
}

/// Whatever is wrong with a request, what it gets is described for it.
#[test]
fn what_goes_wrong_is_described_for_every_request() {
    let described: Value = serde_json::from_str(include_str!("../../src/control/api/openapi.json")).unwrap();
    let room = Owned::new();
    let owner = format!("Authorization: Bearer {}\r\n", room.secret);
    let shows = [
        String::new(),
        "Authorization: Bearer guess\r\n".to_owned(),
        format!("{owner}If-Match: \"x\"\r\n"),
        owner,
    ];
    let kinds = ["", "Content-Type: application/json\r\n", "Content-Type: text/plain\r\n"];
    let bodies = [
        "",
        "{",
        "{}",
        r#"{"name":""}"#,
        r#"{"name":"x"}"#,
        r#"{"text":"x"}"#,
        r#"{"stream":"camera","kind":"audio"}"#,
        r#"{"ends":1}"#,
    ];
    let mut seen = BTreeSet::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        // To end the room comes last, or nothing could go wrong in it.
        let methods = methods.as_object().unwrap();
        for (method, operation) in
            methods.iter().filter(|(key, _)| !matches!(key.as_str(), "parameters" | "delete"))
        {
            for id in [room.id.as_str(), "nowhere"] {
                let target = path.replace("{id}", id).replace("{peer}", "0123456789abcdef");
                for (shown, kind) in shows.iter().flat_map(|shown| kinds.map(|kind| (shown, kind))) {
                    for body in bodies {
                        let length = body.len();
                        let answer = room.server.ask(&format!(
                            "{} {target} HTTP/1.1\r\nHost: localhost\r\n{shown}{kind}Content-Length: {length}\r\n\r\n{body}",
                            method.to_uppercase()
                        ));
                        let status = answer.status.to_string();
                        assert!(
                            !operation["responses"][&status].is_null(),
                            "{method} {target} {shown}{kind}{body}: {status}"
                        );
                        if answer.status >= 400 {
                            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
                            assert_eq!(answer.json()["status"], answer.status);
                        }
                        seen.insert(answer.status);
                    }
                }
            }
        }
    }
    assert!(
        seen.is_superset(&BTreeSet::from([200, 201, 400, 401, 403, 404, 409, 412, 415, 422, 429])),
        "{seen:?}"
    );
}
