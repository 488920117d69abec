//! A certificate that is replaced while the server runs.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

use crate::harness::{Client, Folder, PATIENCE, Stream, posted};
use crate::process::{PROGRAM, Process};

type Tls = StreamOwned<ClientConnection, Stream>;

/// A certificate of the operator, and its key.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn make() -> Pair {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Pair { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    fn put(&self, folder: &Folder) {
        folder.put("own/cert.pem", self.certificate.as_bytes());
        folder.put("own/key.pem", self.key.as_bytes());
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }

    /// A connection of somebody who trusts this certificate and no other.
    fn connect(&self, port: u16) -> Tls {
        let mut roots = RootCertStore::empty();
        roots.add(self.der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let stream = Stream::from(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        StreamOwned::new(connection, stream)
    }

    /// A new connection is served with this certificate.
    fn assert_served(&self, process: &Process) {
        let mut client = Client::over(self.connect(process.port));
        client.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer().text(), "ok\n");
    }

    fn websocket(&self, port: u16) -> WebSocket<Tls> {
        let mut request = format!("wss://localhost:{port}/ws").into_client_request().unwrap();
        let origin = format!("https://localhost:{port}");
        request.headers_mut().insert("Origin", HeaderValue::try_from(origin).unwrap());
        tungstenite::client(request, self.connect(port)).unwrap().0
    }
}

fn start(folder: &Folder, arguments: &[&str]) -> Process {
    let mut command = Command::new(PROGRAM);
    command.args(["--http-port", "0", "--udp-port", "0"]).args(arguments);
    Process::start(command, folder)
}

fn with_files(folder: &Folder) -> Process {
    start(folder, &["--cert", "own/cert.pem", "--key", "own/key.pem"])
}

/// Sends SIGHUP and waits until the log says one more line: that line.
fn hang_up(process: &Process) -> String {
    let before = process.log().lines().count();
    process.signal("HUP");
    let start = Instant::now();
    while process.log().lines().count() == before {
        assert!(start.elapsed() < PATIENCE, "nothing was said:\n{}", process.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    let log = process.log();
    let said: Vec<_> = log.lines().skip(before).collect();
    assert_eq!(said.len(), 1, "{log}");
    said[0].to_owned()
}

fn assert_answers(socket: &mut WebSocket<Tls>) {
    socket.send(Message::text(json!({ "type": "ping" }).to_string())).unwrap();
    loop {
        match socket.read().unwrap() {
            Message::Text(text) if text.contains("pong") => return,
            Message::Text(_) | Message::Ping(_) => {}
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_new_certificate_is_for_new_connections_and_a_call_goes_on() {
    let folder = Folder::new();
    let (first, second) = (Pair::make(), Pair::make());
    first.put(&folder);
    let process = with_files(&folder);
    let mut socket = first.websocket(process.port);
    let mut client = Client::over(first.connect(process.port));
    client.say(&posted("/api/rooms", r#"{"name":"One","listed":true}"#));
    assert_eq!(client.answer().status, 201);
    let join = json!({ "type": "join", "room": "one", "name": "Ann" });
    socket.send(Message::text(join.to_string())).unwrap();
    assert_answers(&mut socket);
    second.put(&folder);
    first.assert_served(&process);
    let line = hang_up(&process);
    assert!(line.contains("own/cert.pem"), "{line}");
    second.assert_served(&process);
    assert_answers(&mut socket);
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
}

#[test]
fn files_that_cannot_be_used_are_named_and_the_certificate_stays() {
    let folder = Folder::new();
    let (first, second) = (Pair::make(), Pair::make());
    first.put(&folder);
    let process = with_files(&folder);
    let (certificate, key) = (folder.path().join("own/cert.pem"), folder.path().join("own/key.pem"));

    let complaint = |names: &str| {
        let line = hang_up(&process);
        assert!(line.contains("ERROR") && line.contains(names), "{line}");
        assert!(!line.contains("PRIVATE"), "{line}");
        first.assert_served(&process);
    };
    // One file of the new pair is there, the other is not yet.
    fs::write(&certificate, &second.certificate).unwrap();
    complaint("own/cert.pem and own/key.pem");
    fs::write(&certificate, &second.certificate[..second.certificate.len() / 2]).unwrap();
    complaint("own/cert.pem");
    fs::write(&certificate, "").unwrap();
    complaint("own/cert.pem");
    fs::remove_file(&certificate).unwrap();
    complaint("own/cert.pem");
    fs::write(&certificate, &second.certificate).unwrap();
    fs::write(&key, "no key").unwrap();
    complaint("own/key.pem");

    fs::write(&key, &second.key).unwrap();
    hang_up(&process);
    second.assert_served(&process);
}

#[test]
fn the_directory_is_read_again_too_and_nothing_is_made_in_the_middle_of_a_change() {
    let folder = Folder::new();
    let process = start(&folder, &["--cert-dir", "own"]);
    let (certificate, key) = (folder.path().join("own/cert.pem"), folder.path().join("own/key.pem"));
    let read = || Pair {
        certificate: fs::read_to_string(&certificate).unwrap(),
        key: fs::read_to_string(&key).unwrap(),
    };
    let made = read();
    made.assert_served(&process);
    let own = Pair::make();
    // The new key comes first, and for a moment there is no certificate.
    fs::remove_file(&certificate).unwrap();
    fs::write(&key, &own.key).unwrap();
    let line = hang_up(&process);
    assert!(line.contains("ERROR") && line.contains("own/cert.pem"), "{line}");
    assert!(!certificate.exists() && fs::read_to_string(&key).unwrap() == own.key, "the key is left alone");
    made.assert_served(&process);
    fs::write(&certificate, &own.certificate).unwrap();
    hang_up(&process);
    own.assert_served(&process);
}

#[test]
fn without_tls_a_hang_up_is_no_end() {
    let folder = Folder::new();
    let process = start(&folder, &["--plain-http"]);
    for _ in 0..3 {
        let line = hang_up(&process);
        assert!(line.contains("INFO"), "{line}");
    }
    let mut client = process.connect();
    client.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().text(), "ok\n");
    process.signal("TERM");
    assert_eq!(process.end(), Some(0));
}
