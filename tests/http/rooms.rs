//! Making and finding rooms.

use tungstenite::Message;

use crate::harness::Server;

#[test]
fn a_listed_room_is_made_once_and_found_by_all_but_its_secret() {
    let server = Server::start();
    let made = server.post("/api/rooms", r#"{"name":"Tea at Five","listed":true}"#);
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

    let again = server.post("/api/rooms", r#"{"name":"Tea at Five","listed":true}"#);
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["id"], id.as_str(), "who wanted it can go there");
}

#[test]
fn a_room_that_is_not_listed_is_found_by_its_link_alone() {
    let server = Server::start();
    let ids = [(); 2].map(|()| {
        let made = server.post("/api/rooms", r#"{"name":"Tea at Five","listed":false}"#);
        assert_eq!(made.status, 201);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(made.header("location"), Some(format!("/api/rooms/{id}").as_str()));
        id
    });
    assert_ne!(ids[0], ids[1], "two groups may choose one name");
    assert!(
        ids.iter().all(|id| id.starts_with("tea-at-five-") && id.len() == "tea-at-five".len() + 23),
        "{ids:?}"
    );
    assert_eq!(server.get(&format!("/api/rooms/{}", ids[0])).json()["name"], "Tea at Five");
    let wrong = [
        "tea-at-five",
        "tea",
        &ids[0][..ids[0].len() - 1],
        &format!("{}a", ids[1]),
        &ids[0].replace("tea", "pea"),
    ];
    let answers = wrong.map(|wrong| server.get(&format!("/api/rooms/{wrong}")));
    assert_eq!(answers[0].status, 404);
    let is_date = |(name, _): &(String, String)| name.eq_ignore_ascii_case("date");
    for mut answer in answers.clone() {
        answer.headers.retain(|header| !is_date(header));
        let mut first = answers[0].clone();
        first.headers.retain(|header| !is_date(header));
        assert_eq!(answer, first, "one answer");
    }
}

#[test]
fn a_room_has_one_address_and_every_other_form_of_it_leads_there() {
    let server = Server::start();
    let made = server.post("/api/rooms", r#"{"name":"Tea at Five","listed":false}"#);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let address = format!("/r/{id}");
    let (capitals, name) = (id.to_uppercase(), "%D0%92%D1%81%D1%82%D1%80%D0%B5%D1%87%D0%B0");
    for form in [
        format!("/r/{capitals}"),
        format!("/R/{capitals}"),
        format!("/r/{id}/"),
        format!("/r/{id}//?x=1"),
        format!("/r/{id}%20"),
        format!("/r/{id}."),
        format!("/r/{id}%3E"),
        format!("/r/%3C{id}%3E"),
        format!("/r/{id}%2520"),
        format!("/r/%74{}", &id[1..]),
        format!("/r/{id}%E2%80%8B"),
    ] {
        let answer = server.get(&form);
        assert_eq!((answer.status, answer.header("location")), (307, Some(address.as_str())), "{form}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{form}");
        if let Some(text) = form.strip_prefix("/r/").filter(|text| !text.contains('/')) {
            assert_eq!(server.get(&format!("/api/rooms/{text}")).json()["id"], id.as_str(), "{form}");
        }
    }
    assert_eq!(server.get(&address).status, 200);
    assert_eq!(server.get(&format!("{address}?from=mail")).status, 200);
    assert_eq!(
        server.get(&format!("/r/{name}")).header("location"),
        Some("/r/vstrecha"),
        "a name is a link, too"
    );
    for nothing in ["/r/", "/r//", "/r/a/b", "/r/%20", "/r/%E2%80%8B"] {
        assert_eq!(server.get(nothing).status, 404, "{nothing}");
    }
}

#[test]
fn names_of_every_script_have_rooms_of_their_own() {
    let server = Server::start();
    let made = |name: &str| {
        let answer = server.post("/api/rooms", &format!(r#"{{"name":"{name}","listed":true}}"#));
        (answer.status, answer.json()["id"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(made("会議 1"), (201, "hui-yi-1".into()));
    assert_eq!(made("Встреча 1"), (201, "vstrecha-1".into()));
    assert_eq!(made("Συνάντηση"), (201, "sunantese".into()));
    assert_eq!(made("Sunantese").0, 201, "two names that read the same are two rooms");
    assert_eq!(made("会議 1"), (409, "hui-yi-1".into()));
    let found = server.get("/api/rooms/%E4%BC%9A%E8%AD%B0%201").json();
    assert_eq!((found["id"].as_str(), found["name"].as_str()), (Some("hui-yi-1"), Some("会議 1")));

    // An accent is one character or two, and one letter either way.
    assert_eq!(made("Café"), (201, "cafe".into()));
    assert_eq!(made("Cafe\u{301}"), (409, "cafe".into()));
    let (status, plain) = made("Cafe");
    assert_eq!((status, plain.starts_with("cafe-")), (201, true), "{plain}");
    for (typed, id) in [("Caf%C3%A9", "cafe"), ("Cafe%CC%81", "cafe"), ("Cafe", &*plain)] {
        assert_eq!(server.get(&format!("/api/rooms/{typed}")).json()["id"], id, "{typed}");
        // What is typed is a name first, a link an id.
        let link = server.get(&format!("/r/{typed}"));
        assert_eq!((link.status, link.header("location")), (307, Some("/r/cafe")), "{typed}");
    }
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

#[test]
fn listed_rooms_come_page_by_page() {
    let server = Server::start();
    for name in ["c", "a", "b"] {
        server.post("/api/rooms", &format!(r#"{{"name":"{name}","listed":true}}"#));
    }
    server.post("/api/rooms", r#"{"name":"aa","listed":false}"#);
    let ids = |path: &str| {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{path}");
        let page = answer.json();
        let rooms: Vec<String> = page["rooms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|room| room["id"].as_str().unwrap().to_owned())
            .collect();
        (rooms.join(","), page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(ids("/api/rooms"), ("a,b,c".to_owned(), None));
    assert_eq!(ids("/api/rooms?limit=2"), ("a,b".to_owned(), Some("b".to_owned())));
    assert_eq!(ids("/api/rooms?after=%62&limit=2"), ("c".to_owned(), None));
    for bad in ["limit=0", "limit=101", "limit=x", "limit=1&limit=1", "after=%zz", "page=2", "after"] {
        assert_eq!(server.get(&format!("/api/rooms?{bad}")).status, 400, "{bad}");
    }
    let answer = server.ask("DELETE /api/rooms HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, POST")));
    let mut client = server.connect();
    client.say("HEAD /api/rooms HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer_to_head().status, 200);
}

/// Somebody enters a room and says what they show. Returns who they are, and their socket.
fn viewer(server: &Server, room: &str) -> (String, impl Sized + use<>) {
    let mut socket = server.websocket();
    socket
        .send(Message::text(format!(r#"{{"type":"join","protocol":2,"room":"{room}","name":"Ann"}}"#)))
        .unwrap();
    let mut peer = String::new();
    let tile = r#"{"peer":"00000000000000aa","stream":"camera","height":720,"pinned":true}"#;
    let said = [format!(r#"{{"type":"view","tiles":[{tile}]}}"#), r#"{"type":"ping"}"#.into()];
    loop {
        let told: serde_json::Value =
            serde_json::from_str(socket.read().unwrap().to_text().unwrap()).unwrap();
        if told["type"] == "welcome" {
            peer = told["peer"].as_str().unwrap().to_owned();
            for text in &said {
                socket.send(Message::text(text.clone())).unwrap();
            }
        }
        if told["type"] == "pong" {
            return (peer, socket);
        }
    }
}

#[test]
fn whoever_made_a_room_is_told_what_somebody_in_it_wished_for_and_nobody_else_is() {
    let server = Server::start();
    let made = server.post("/api/rooms", r#"{"name":"Tea","listed":false}"#).json();
    let (id, secret) = (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned());
    let others = server.post("/api/rooms", r#"{"name":"Cake","listed":false}"#).json();
    let (peer, _inside) = viewer(&server, &id);
    let ask = |method: &str, peer: &str, secret: Option<&str>| {
        let shown = secret.map(|secret| format!("Authorization: Bearer {secret}\r\n")).unwrap_or_default();
        let path = format!("/api/rooms/{id}/peers/{peer}/trace");
        server.ask(&format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{shown}\r\n"))
    };
    let told = ask("GET", &peer, Some(&secret));
    assert_eq!(told.status, 200, "{}", told.text());
    assert_eq!(told.header("cache-control"), Some("no-store"));
    let trace = told.json();
    assert_eq!(trace["peer"], peer.as_str());
    let wishes = &trace["samples"][0]["wishes"][0];
    assert_eq!((&wishes["height"], &wishes["pinned"]), (&720.into(), &true.into()), "{trace}");
    assert!(trace["samples"][0]["at"].as_u64().unwrap() > 1_500_000_000_000, "{trace}");

    let refused = ask("GET", &peer, None);
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    for wrong in [others["secret"].as_str().unwrap(), "nothing", ""] {
        let refused = ask("GET", &peer, Some(wrong));
        assert!([401, 403].contains(&refused.status), "{wrong}: {}", refused.status);
        assert!(!refused.text().contains("wishes"));
    }
    assert_eq!(ask("GET", "00000000000000aa", Some(&secret)).status, 404, "nobody");
    assert_eq!(ask("GET", "anything", Some(&secret)).status, 404);
    assert_eq!(ask("DELETE", &peer, Some(&secret)).status, 405);
}

#[test]
fn the_operator_is_told_anybodys_trace_where_numbers_are_told() {
    let server = Server::start();
    let made = server.post("/api/rooms", r#"{"name":"Tea","listed":true}"#).json();
    let id = made["id"].as_str().unwrap();
    let (peer, _inside) = viewer(&server, id);
    let ask = |path: &str| {
        let mut client = server.connect_to_metrics();
        client.say(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        client.answer()
    };
    let told = ask(&format!("/api/rooms/{id}/peers/{peer}/trace"));
    assert_eq!((told.status, told.json()["samples"][0]["wishes"][0]["height"].as_u64()), (200, Some(720)));
    assert_eq!(ask(&format!("/api/rooms/attic/peers/{peer}/trace")).status, 404);
    assert_eq!(ask(&format!("/api/rooms/{id}")).status, 404, "nothing else is told here");
}
