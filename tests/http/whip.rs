//! WHIP and WHEP over HTTP: what each request gets, from a server whose workers answer, and from one whose workers never do.

use std::time::{Duration, Instant};

use plenary::control::ControlConfig;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::harness::{Answer, Folder, Server, Stream, posted, until, websocket};
use crate::process::{Process, ask, end, start};

/// In the form of OBS's offers.
const OBS: &str = include_str!("../standard/obs.sdp");

const SDP: &str = "Content-Type: application/sdp\r\n";
const FRAGMENT: &str = "Content-Type: application/trickle-ice-sdpfrag\r\n";

/// ICE begins anew.
const RESTART: &str = "a=ice-ufrag:EFGH\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n";

fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

/// A program with the room `den`, and Ann in a call in another one.
fn running(folder: &Folder, flags: &[&str]) -> (Process, WebSocket<Stream>) {
    let flags = [&["--announce", "127.0.0.1"], flags].concat();
    let process = start(folder, &flags);
    for room in ["Den", "Attic"] {
        let made = ask(&process, &posted("/api/rooms", &json!({ "name": room, "listed": true }).to_string()));
        assert_eq!(made.status, 201);
    }
    let mut ann = websocket(process.port);
    join(&mut ann, "attic");
    (process, ann)
}

fn join(socket: &mut WebSocket<Stream>, room: &str) {
    let join = json!({ "type": "join", "room": room, "name": "Ann" });
    socket.send(Message::text(join.to_string())).unwrap();
    until(socket, "welcome");
}

fn goes_on(socket: &mut WebSocket<Stream>) {
    socket.send(Message::text(r#"{"type":"ping"}"#)).unwrap();
    until(socket, "pong");
}

fn location(answer: &Answer) -> String {
    answer.header("location").expect("where the session is").to_owned()
}

#[test]
fn a_session_is_opened_changed_and_ended_and_its_address_is_hard_to_guess() {
    let folder = Folder::new();
    let (process, mut ann) = running(&folder, &[]);
    let opened = ask(&process, &request("POST", "/whip/den?name=Studio%20One", SDP, OBS));
    assert_eq!(opened.status, 201, "{}", opened.text());
    assert_eq!(opened.header("content-type"), Some("application/sdp"));
    assert_eq!(opened.header("etag"), Some("\"1\""));
    let link = opened.header("link").expect("where to find an outer address");
    assert!(link.starts_with("<stun:127.0.0.1:") && link.ends_with(">; rel=\"ice-server\""), "{link}");
    let answer = opened.text();
    for line in ["a=recvonly", "a=ice-lite", "a=rtpmap:96 H264/90000", "a=group:BUNDLE 0 1", "a=candidate:"] {
        assert!(answer.contains(line), "{line} is missing:\n{answer}");
    }
    let session = location(&opened);
    let (start, id) = session.rsplit_once('/').unwrap();
    assert!(start == "/whip/den" && id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));

    let patch = |headers: &str, body: &str| ask(&process, &request("PATCH", &session, headers, body));
    assert_eq!(patch(FRAGMENT, RESTART).status, 428);
    assert_eq!(patch(&format!("{FRAGMENT}If-Match: \"7\"\r\n"), RESTART).status, 412);
    assert_eq!(patch(&format!("{FRAGMENT}If-Match: *\r\n"), "nonsense").status, 400);
    let second = patch(&format!("{SDP}If-Match: *\r\n"), OBS);
    assert_eq!(
        (second.status, second.header("accept-patch")),
        (415, Some("application/trickle-ice-sdpfrag"))
    );
    let found = "a=ice-ufrag:jbR2\r\na=ice-pwd:vQ0zQhnkGjQ4XpqAVRzG3b\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n";
    assert_eq!(patch(&format!("{FRAGMENT}If-Match: \"1\"\r\n"), found).status, 204);
    let restarted = patch(&format!("{FRAGMENT}If-Match: *\r\n"), RESTART);
    assert_eq!((restarted.status, restarted.header("etag")), (200, Some("\"2\"")), "{}", restarted.text());
    let first =
        |text: &str, start: &str| text.lines().find(|line| line.starts_with(start)).map(str::to_owned);
    let (before, after) = (first(answer, "a=ice-ufrag:"), first(restarted.text(), "a=ice-ufrag:"));
    assert!(after.is_some() && after != before, "{before:?} and then {after:?}");

    // Whoever watches what is published, and a page that sees who is there.
    let watching = ask(&process, &request("POST", "/whep/den", SDP, &OBS.replace("sendonly", "recvonly")));
    assert_eq!(watching.status, 201, "{}", watching.text());
    assert!(watching.text().contains("a=sendonly"));
    let mut bob = websocket(process.port);
    join(&mut bob, "den");
    let peers = until(&mut bob, "peers");
    let clients: Vec<_> =
        peers["peers"].as_array().unwrap().iter().map(|peer| (&peer["name"], &peer["client"])).collect();
    assert_eq!(
        clients,
        [
            (&json!("Studio One"), &json!("whip")),
            (&json!("Viewer"), &json!("whep")),
            (&json!("Ann"), &Value::Null)
        ]
    );

    assert_eq!(
        ask(&process, &request("DELETE", &location(&watching).replace("whep", "whip"), "", "")).status,
        404
    );
    for status in [200, 404] {
        assert_eq!(ask(&process, &request("DELETE", &session, "", "")).status, status);
    }
    goes_on(&mut ann);
    end(process);
}

#[test]
fn what_cannot_be_is_refused_with_the_reason_and_nobody_notices() {
    let folder = Folder::new();
    let (process, mut ann) =
        running(&folder, &["--whip-bitrate", "1000000", "--limit", "standard_clients_per_address=2"]);
    let simulcast =
        OBS.replacen("a=mid:1\r\n", "a=mid:1\r\na=rid:q send\r\na=rid:f send\r\na=simulcast:send q;f\r\n", 1);
    assert!(simulcast.contains("simulcast"), "the fixture has other ends of lines");
    let fast = OBS.replace("a=mid:1\r\n", "b=AS:1001\r\na=mid:1\r\n");
    let no_ice = OBS.replace("a=ice-pwd", "a=x-ice-pwd");
    let no_codec = OBS.replace("H264/90000", "theora/90000");
    for (path, headers, body, status, why) in [
        ("/whip/den", "Content-Type: application/json\r\n", OBS, 415, "application/sdp"),
        ("/whip/den", "", OBS, 415, "application/sdp"),
        ("/whip/den", "Content-Type: application/sdp\r\nAccept: text/html\r\n", OBS, 406, "application/sdp"),
        (
            "/whip/den",
            "Content-Type: application/sdp\r\nAccept: application/sdp;q=0, text/html\r\n",
            OBS,
            406,
            "application/sdp",
        ),
        ("/whip/den", SDP, "", 422, "ice-ufrag"),
        ("/whip/den", SDP, &no_ice, 422, "ice-pwd"),
        ("/whip/den", SDP, &simulcast, 422, "simulcast"),
        ("/whip/den", SDP, &format!("{OBS}a=ssrc-group:SIM 1 2 3\r\n"), 422, "simulcast"),
        ("/whip/den", SDP, &fast, 422, "1000 kbit/s"),
        ("/whip/den", SDP, &OBS.replace("sendonly", "recvonly"), 422, "sendonly"),
        ("/whep/den", SDP, OBS, 422, "recvonly"),
        ("/whep/den?peer=0000000000000001", SDP, &OBS.replace("sendonly", "recvonly"), 404, "peer"),
        ("/whip/den", SDP, &OBS.replacen("v=0", "x=0", 1), 400, "v="),
        ("/whip/nowhere", SDP, OBS, 404, "no such room"),
        ("/whip/den?name=%E2%80%8B", SDP, OBS, 400, "name"),
    ] {
        let answer = ask(&process, &request("POST", path, headers, body));
        assert_eq!(answer.status, status, "{path} {headers:?}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(answer.json()["detail"].as_str().unwrap().contains(why), "{path}: {}", answer.text());
    }
    // What nobody here understands is a line that is not used.
    assert_eq!(ask(&process, &request("POST", "/whip/den", SDP, &no_codec)).status, 201);
    let huge = format!("{OBS}{}", "a=x\r\n".repeat(14_000));
    assert_eq!(ask(&process, &request("POST", "/whip/den", SDP, &huge)).status, 413);
    for (method, path, allowed) in [
        ("GET", "/whip/den", "OPTIONS, POST"),
        ("PUT", "/whep/den", "OPTIONS, POST"),
        ("GET", "/whip/den/x", "OPTIONS, PATCH, DELETE"),
        ("POST", "/whep/den/x", "OPTIONS, PATCH, DELETE"),
    ] {
        let answer = ask(&process, &request(method, path, "", ""));
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method} {path}");
    }
    let options = ask(&process, &request("OPTIONS", "/whip/den", "", ""));
    assert_eq!((options.status, options.header("accept-post")), (204, Some("application/sdp")));
    assert!(options.header("link").is_some_and(|link| link.contains("stun:")));
    for path in ["/whip/den/x", "/whip/den/00000000000000000000000000000000"] {
        assert_eq!(ask(&process, &request("DELETE", path, "", "")).status, 404);
    }
    assert_eq!(ask(&process, &request("GET", "/whip/", "", "")).status, 404);
    // One more than an address may have.
    assert_eq!(ask(&process, &request("POST", "/whip/den", SDP, OBS)).status, 201);
    let over = ask(&process, &request("POST", "/whip/den", SDP, OBS));
    assert_eq!(over.status, 429, "{}", over.text());
    assert!(over.header("retry-after").is_some());
    goes_on(&mut ann);
    end(process);
}

#[test]
fn an_answer_that_waits_for_a_worker_makes_nobody_else_wait() {
    // Workers that never answer.
    let server = Server::with(ControlConfig::default());
    assert_eq!(server.post("/api/rooms", r#"{"name":"Den","listed":true}"#).status, 201);
    let mut waiting: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for client in &mut waiting {
        client.say(&request("POST", "/whip/den", SDP, OBS));
    }
    let began = Instant::now();
    let mut ann = server.websocket();
    join(&mut ann, "den");
    assert_eq!(server.get("/healthz").status, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // Whoever gives up takes nothing along.
    drop(waiting);
    goes_on(&mut ann);
}

#[test]
fn the_document_has_every_status_of_the_source() {
    const SOURCE: &str = include_str!("../../src/control/standard.rs");
    const DOCUMENT: &str = include_str!("../../docs/whip.md");
    let names = SOURCE.split("StatusCode::").skip(1).map(|rest| {
        rest.chars().take_while(|letter| letter.is_ascii_uppercase() || *letter == '_').collect::<String>()
    });
    let mut seen = 0;
    for name in names.filter(|name| !name.is_empty()) {
        let status = crate::api::status_called(&name).expect("a status");
        assert!(DOCUMENT.contains(&format!("\n| {status} | ")), "{status} is not in docs/whip.md");
        seen += 1;
    }
    assert!(seen > 10, "the source says its statuses in another way: {seen}");
}
