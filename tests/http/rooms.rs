//! Making and finding rooms.

use crate::harness::Server;

#[test]
fn a_room_is_made_once_and_found_by_all_but_its_secret() {
    let server = Server::start();
    let made = server.post("/api/rooms", r#"{"name":"Tea at Five","listed":false}"#);
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), Some(format!("/api/rooms/{id}").as_str()));
    assert_eq!(made.json()["name"], "Tea at Five");
    assert!(!made.json()["secret"].as_str().unwrap().is_empty());

    let found = server.get(&format!("/api/rooms/{id}"));
    assert_eq!(found.status, 200);
    assert_eq!(found.header("cache-control"), Some("no-store"));
    let room = found.json();
    for field in ["id", "name", "listed", "topology", "createdAt", "people"] {
        assert!(!room[field].is_null(), "{field}: {room}");
    }
    assert!(room["secret"].is_null(), "the secret is told once, to the creator");

    let again = server.post("/api/rooms", r#"{"name":"Tea at Five","listed":false}"#);
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["id"], id.as_str(), "who wanted it can go there");
}

#[test]
fn a_room_that_cannot_be_made_says_why() {
    let server = Server::start();
    let nameless = format!(r#"{{"name":"{}","listed":false}}"#, "x".repeat(500));
    for body in ["", "{", "[]", r#"{"listed":false}"#, r#"{"name":7}"#, r#"{"name":""}"#, nameless.as_str()] {
        let answer = server.post("/api/rooms", body);
        assert_eq!(answer.status, 400, "{body:.40}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let problem = answer.json();
        for field in ["type", "title", "status", "detail"] {
            assert!(!problem[field].is_null(), "{field}: {problem}");
        }
    }
    let form = "POST /api/rooms HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\n{\"name\":\"abc\"}";
    assert_eq!(server.ask(form).status, 415, "what a form on a stranger's page can send");
}
