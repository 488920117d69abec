//! Webhooks as a receiver of the operator's meets them: signed, in order, and nothing lost while it was away.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use serde_json::{Value, json};
use tungstenite::Message;

use crate::harness::{Folder, PATIENCE, posted, until, websocket};
use crate::metrics::{number, telling, wait_for};
use crate::process::{self, Process, ask};

const SECRET: &[u8] = b"webhooks of these tests, 32 byte";

/// A request as it came.
struct Told {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Told {
    fn header(&self, name: &str) -> &str {
        &self.headers[name]
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether whoever sent it has the secret, as a receiver finds out.
    fn is_signed(&self) -> bool {
        let mut signed =
            format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp")).into_bytes();
        signed.extend_from_slice(&self.body);
        let tag = self
            .header("webhook-signature")
            .strip_prefix("v1,")
            .and_then(|tag| BASE64.decode(tag.as_bytes()).ok());
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
        tag.is_some_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    }
}

/// The next request of a connection.
fn read(stream: &mut BufReader<TcpStream>) -> Option<Told> {
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => drop(headers.insert(name.to_ascii_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Told { headers, body })
}

/// A receiver that gives these answers, one a request, and then takes everything.
fn receive(listener: TcpListener, answers: Vec<&'static str>) -> Receiver<Told> {
    fn serve(listener: &TcpListener, answers: Vec<&'static str>, heard: &Sender<Told>) {
        let mut answers = answers.into_iter();
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            while let Some(told) = read(&mut stream) {
                let answer = answers.next().unwrap_or("204 No Content\r\n");
                let answer = format!("HTTP/1.1 {answer}Content-Length: 0\r\n\r\n");
                if stream.get_mut().write_all(answer.as_bytes()).is_err() || heard.send(told).is_err() {
                    break;
                }
            }
        }
    }
    let (heard, told) = channel();
    std::thread::spawn(move || serve(&listener, answers, &heard));
    told
}

fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

fn secret_in(folder: &Folder) -> String {
    folder.put("secret", format!("whsec_{}\n", BASE64.encode(SECRET)).as_bytes());
    folder.path().join("secret").to_str().unwrap().to_owned()
}

/// A server that tells what is at this port.
fn server(folder: &Folder, port: u16) -> Process {
    let url = format!("http://127.0.0.1:{port}/plenary");
    process::start(folder, &["--webhook", &url, "--webhook-secret-file", &secret_in(folder)])
}

/// Ann comes into a room that she made, and leaves it. What the room is called in its link.
fn visit(process: &Process) -> String {
    let made = ask(process, &posted("/api/rooms", r#"{"name":"Den"}"#));
    let room = made.json()["id"].as_str().unwrap().to_owned();
    let mut socket = websocket(process.port);
    socket.send(Message::text(json!({ "type": "join", "room": room, "name": "Ann" }).to_string())).unwrap();
    until(&mut socket, "welcome");
    socket.send(Message::text(json!({ "type": "leave" }).to_string())).unwrap();
    room
}

/// What is told next, until so many events were.
fn events(told: &Receiver<Told>, count: usize) -> Vec<Value> {
    let mut events = Vec::new();
    while events.len() < count {
        let told = told.recv_timeout(PATIENCE).expect("another request");
        assert!(told.is_signed(), "by whoever has the secret");
        let json = told.json();
        assert_eq!(json["type"], "events");
        events.extend_from_slice(json["data"]["events"].as_array().unwrap());
    }
    events
}

#[test]
fn rooms_and_people_are_told_in_order_and_signed() {
    let (folder, listener) = (Folder::new(), listener());
    let process = server(&folder, listener.local_addr().unwrap().port());
    let told = receive(listener, vec![]);
    let room = visit(&process);
    let events = events(&told, 3);
    let what: Vec<_> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["room.made", "person.joined", "person.left"]);
    assert!(
        events.iter().all(|event| event["room"] == room.as_str() && event["mark"].is_string()),
        "{events:?}"
    );
    assert_eq!((&events[0]["name"], &events[0]["peer"]), (&Value::Null, &Value::Null));
    assert_eq!(events[1]["name"], "Ann");
    assert_eq!(events[1]["peer"], events[2]["peer"]);
    assert!(!process.log().contains(&room), "the log has the room's mark only");
    process::end(process);
}

#[test]
fn a_receiver_that_was_away_or_refused_gets_everything_once_it_takes_it_and_nobody_is_followed_elsewhere() {
    let (folder, elsewhere) = (Folder::new(), listener());
    let address = listener().local_addr().unwrap();
    let process = server(&folder, address.port());
    // Nobody is there yet.
    let room = visit(&process);
    let away: &'static str =
        format!("307 Temporary Redirect\r\nLocation: http://{}/\r\n", elsewhere.local_addr().unwrap()).leak();
    let told = receive(TcpListener::bind(address).unwrap(), vec!["503 Service Unavailable\r\n", away]);
    let other = receive(elsewhere, vec![]);
    let first = told.recv_timeout(PATIENCE).unwrap();
    let again = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(
        first.header("webhook-id"),
        again.header("webhook-id"),
        "a request that is repeated is the same"
    );
    assert_eq!(first.body, again.body);
    let events = events(&told, 3);
    assert!(events.iter().all(|event| event["room"] == room.as_str()));
    let mut ids: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let log = process.log();
    assert_eq!(log.matches("takes no events").count(), 1, "said once: {log}");
    process::end(process);
    assert!(other.try_recv().is_err(), "what redirects is no address of the operator's");
}

#[test]
fn a_receiver_that_never_answers_is_in_nobodys_way() {
    let silent = listener();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let folder = Folder::new();
    let (process, numbers, _folder) =
        telling(&["--webhook", &url, "--webhook-secret-file", &secret_in(&folder)]);
    // Somebody took the connection, and says nothing.
    let _taken = std::thread::spawn(move || silent.incoming().take(1).collect::<Vec<_>>());
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    for _ in 0..8 {
        let begun = Instant::now();
        visit(&process);
        longest = longest.max(begun.elapsed());
    }
    // A third person's wait: a visit takes some milliseconds, one that waited for the receiver ten seconds.
    assert!(longest < Duration::from_secs(2) && start.elapsed() < PATIENCE, "{longest:?}");
    wait_for(|| number(numbers, "plenary_webhook_waiting", None) == 24);
    assert_eq!(number(numbers, "plenary_webhook_taken", None), 0);
    let begun = Instant::now();
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "it ends all the same");
}

#[test]
fn what_cannot_be_told_or_signed_is_refused_at_the_start() {
    let folder = Folder::new();
    folder.put("short", b"whsec_c2hvcnQ=");
    let short = folder.path().join("short").to_str().unwrap().to_owned();
    let secret = secret_in(&folder);
    for (arguments, why) in [
        (vec!["--webhook", "https://example.org/"], "--webhook-secret-file"),
        (vec!["--webhook", "https://example.org/", "--webhook-secret-file", &short], "24 to 64 random bytes"),
        (vec!["--webhook", "ftp://example.org/", "--webhook-secret-file", &secret], "such as https://"),
        (vec!["--webhook", "https://a:b@example.org/", "--webhook-secret-file", &secret], "without a user"),
        (
            vec![
                "--webhook",
                "https://example.org/",
                "--webhook-secret-file",
                &secret,
                "--webhook-ca",
                &secret,
            ],
            "there is none in it",
        ),
    ] {
        let output = process::run(&arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(why), "{arguments:?}: {said}");
    }
}
