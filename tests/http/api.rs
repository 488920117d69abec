//! Rooms by the API, for whoever shows a room's secret.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::harness::{Answer, Server, Stream};

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

/// The next message of this type.
fn until(socket: &mut WebSocket<Stream>, wanted: &str) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] == wanted {
                return message;
            }
        }
    }
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
    assert_eq!(room.ask("GET", "", "", None).status, 404);
    assert_eq!(room.owner("PATCH", "", Some(&json!({ "locked": true }))).status, 404);
    assert!(!ann_id.is_empty());
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
