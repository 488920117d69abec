//! A server in a thread, and a client that says exactly what it is told to.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use plenary::conference::placement::SPILL_AT;
use plenary::conference::{
    Conference, ConferenceConfig, DEFAULT_CODECS, MasterKey, MemoryStore, PassRules, WorkerId,
};
use plenary::control::certificate::CertificateFiles;
use plenary::control::{Control, ControlConfig, Stopper, Workers};
use plenary::limits::Tally;
use plenary::media::message::{Command, Notice};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{HandshakeError, WebSocket};

/// Nothing on loopback takes this long: what has not happened by then never will.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Where whoever means harm comes from. Honest people are at 127.0.0.1.
pub const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Where whoever looks after the server comes from.
pub const OPERATOR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Lines of a server's log that are shown when its test fails.
const SHOWN: usize = 60;

/// If the test has failed, what its server said last goes where the test's own output goes.
pub fn tell_log_of_failure(log: &Path) {
    if std::thread::panicking() {
        let said = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default();
        eprintln!("-- the server said last:\n{}\n--", last.join("\n"));
    }
}

/// Workers that do nothing, which is what these tests need of them.
struct NoWorkers;

impl Workers for NoWorkers {
    fn send(&mut self, _: WorkerId, _: Command) {}
    fn drain(&mut self, _: &mut dyn FnMut(WorkerId, Notice)) {}
    fn stop(&mut self) {}
}

/// A folder of its own, gone afterwards.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("plenary-http-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn put(&self, name: &str, text: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running server.
pub struct Server {
    pub port: u16,
    /// Where it tells numbers.
    pub metrics: SocketAddr,
    pub client: Folder,
    stopper: Stopper,
    thread: Option<JoinHandle<Tally>>,
}

impl Server {
    pub fn start() -> Self {
        Self::with(ControlConfig::default())
    }

    pub fn with(config: ControlConfig) -> Self {
        Self::with_rules(config, PassRules::default())
    }

    pub fn with_rules(config: ControlConfig, rules: PassRules) -> Self {
        let client = Folder::new();
        client.put("index.html", b"<!doctype html><h1>Plenary</h1>");
        client.put("room.html", b"<!doctype html><p>Room</p>");
        client.put("js/main.js", b"export const answer = 42;");
        let config = ControlConfig { client_dir: Some(client.path().to_owned()), ..config };
        Self::run(config, rules, client)
    }

    /// With the client that is in the binary.
    pub fn with_own_client() -> Self {
        Self::run(ControlConfig::default(), PassRules::default(), Folder::new())
    }

    fn run(config: ControlConfig, rules: PassRules, client: Folder) -> Self {
        let limits = config.limits.clone();
        let mut control = Control::new(config).unwrap();
        let metrics = control.tell_numbers(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let (port, stopper) = (control.port(), control.stopper());
        let mut next = 0_u8;
        let entropy = Box::new(move |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_add(1);
                *byte = next;
            }
        });
        let key = MasterKey::new(&[7; MasterKey::BYTES]);
        let config = ConferenceConfig {
            media: plenary::conference::MediaReach::default(),
            key,
            limits,
            turn: None,
            stun: Vec::new(),
            file_bytes: plenary::conference::FILE_BYTES,
            whip_bitrate: 8_000_000,
            workers: 1,
            spill_at: SPILL_AT,
            rules,
            codecs: DEFAULT_CODECS.to_vec(),
        };
        let mut conference = Conference::new(config, Box::<MemoryStore>::default(), entropy);
        let thread = std::thread::spawn(move || {
            control.run(&mut conference, &mut NoWorkers).unwrap();
            control.tally().clone()
        });
        Self { port, metrics, client, stopper, thread: Some(thread) }
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address()).unwrap())
    }

    /// A connection to where numbers are told.
    pub fn connect_to_metrics(&self) -> Client {
        Client::new(TcpStream::connect(self.metrics).unwrap())
    }

    /// A browser that trusts this certificate, and believes that the server is called `name`.
    pub fn connect_tls(
        &self,
        files: &CertificateFiles,
        name: &str,
    ) -> Client<StreamOwned<ClientConnection, Stream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = Stream::from(TcpStream::connect(self.address()).unwrap());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client::over(StreamOwned::new(connection, stream))
    }

    /// Asks for the end without waiting for it.
    pub fn ask_to_stop(&self) {
        self.stopper.stop().unwrap();
    }

    /// Ends the server; how often each limit was hit.
    pub fn stop(mut self) -> Tally {
        self.ask_to_stop();
        self.thread.take().unwrap().join().unwrap()
    }

    /// One request on a connection of its own.
    pub fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect();
        client.say(request);
        client.answer()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(&posted(path, body))
    }

    /// A WebSocket opened by one of our own pages.
    pub fn websocket(&self) -> WebSocket<Stream> {
        websocket(self.port)
    }
}

/// A connection to the server on `port` from this address of ours.
pub fn connect_from(from: Ipv4Addr, port: u16) -> io::Result<Stream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    Ok(TcpStream::from(socket).into())
}

/// A request with a body of JSON.
pub fn posted(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// A WebSocket opened by a page of the server on `port`.
pub fn websocket(port: u16) -> WebSocket<Stream> {
    websocket_from(Ipv4Addr::LOCALHOST, port)
}

/// The same from this address of ours.
pub fn websocket_from(from: Ipv4Addr, port: u16) -> WebSocket<Stream> {
    try_websocket_from(from, port).unwrap()
}

/// The same where it may be refused.
pub fn try_websocket_from(from: Ipv4Addr, port: u16) -> Result<WebSocket<Stream>, tungstenite::Error> {
    let stream = connect_from(from, port).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = format!("ws://localhost:{port}/ws").into_client_request().unwrap();
    let origin = format!("http://localhost:{port}");
    request.headers_mut().insert("Origin", HeaderValue::try_from(origin).unwrap());
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(error)) => Err(error),
        Err(HandshakeError::Interrupted(_)) => panic!("no answer came"),
    }
}

/// The next message of this type.
pub fn until(socket: &mut WebSocket<Stream>, wanted: &str) -> serde_json::Value {
    loop {
        if let tungstenite::Message::Text(text) = socket.read().unwrap() {
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            if message["type"] == wanted {
                return message;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = self.stopper.stop();
            let _ = thread.join();
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A connection whose reads begin again when a signal ends them. One with a time limit is ended by any signal that the process
/// gets, also by one that nobody handles: tests stop their servers, and are told of it by `SIGCHLD`.
#[derive(Debug)]
pub struct Stream(TcpStream);

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self(stream)
    }
}

impl From<Stream> for TcpStream {
    fn from(stream: Stream) -> Self {
        stream.0
    }
}

impl Deref for Stream {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.0
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A connection whose bytes the test writes itself.
pub struct Client<S: Read + Write = Stream> {
    stream: S,
    input: Vec<u8>,
}

impl Client {
    pub fn new(stream: impl Into<Stream>) -> Self {
        let stream = stream.into();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, input: Vec::new() }
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

impl<S: Read + Write> Client<S> {
    pub fn over(stream: S) -> Self {
        Self { stream, input: Vec::new() }
    }

    pub fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Like [`Client::say`], for a server that may have stopped listening.
    pub fn try_say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next answer, with a body as long as it says.
    pub fn answer(&mut self) -> Answer {
        let (mut answer, length) = self.head();
        while self.input.len() < length {
            assert!(self.more(), "the connection ended within a body");
        }
        let rest = self.input.split_off(length);
        answer.body = std::mem::replace(&mut self.input, rest);
        answer
    }

    /// The next answer to a HEAD request: its length is not followed by a body.
    pub fn answer_to_head(&mut self) -> Answer {
        self.head().0
    }

    /// The next bytes, whatever they are.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.input.len() < count {
            assert!(self.more(), "the connection ended too early");
        }
        self.input.drain(..count).collect()
    }

    /// Whether the server ended the connection, in order or not.
    pub fn is_gone(&mut self) -> bool {
        loop {
            match self.stream.read(&mut [0; 4096]) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::ConnectionReset,
            }
        }
    }

    /// Whether the server ended the connection, and said nothing more before.
    pub fn is_ended(&mut self) -> bool {
        self.input.is_empty() && !self.more()
    }

    fn head(&mut self) -> (Answer, usize) {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut response = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(length) = response.parse(&self.input).unwrap() {
                let line = |header: &httparse::Header<'_>| {
                    (header.name.to_owned(), String::from_utf8(header.value.to_vec()).unwrap())
                };
                let headers = response.headers.iter().map(line).collect();
                let answer = Answer { status: response.code.unwrap(), headers, body: Vec::new() };
                self.input.drain(..length);
                let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
                return (answer, length);
            }
            assert!(
                self.more(),
                "the connection ended before an answer: {:?}",
                String::from_utf8_lossy(&self.input)
            );
        }
    }

    /// Reads on. False at the end.
    fn more(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(count) => {
                self.input.extend_from_slice(&chunk[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                panic!("the server reset the connection")
            }
            Err(error) => panic!("nothing came: {error}"),
        }
    }
}
