//! How the server ends: everybody is told, nobody can hold it up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plenary::conference::placement::SPILL_AT;
use plenary::conference::{
    Conference, ConferenceConfig, DEFAULT_CODECS, MasterKey, MemoryStore, PassRules, WorkerId,
};
use plenary::control::{Control, ControlConfig, Workers};
use plenary::limits::Limits;
use plenary::media::message::{Command, Notice};
use tungstenite::Message;

use crate::harness::{Server, websocket};

#[test]
fn every_client_is_told_that_the_server_restarts() {
    let server = Server::start();
    let mut sockets = [server.websocket(), server.websocket()];
    let mut idle = server.connect();
    idle.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    idle.answer();
    server.ask_to_stop();
    for socket in &mut sockets {
        match socket.read().unwrap() {
            Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1012),
            other => panic!("{other}"),
        }
        // Answers the close.
        let _ = socket.read();
    }
    assert!(idle.is_ended());
    server.stop();
}

#[test]
fn a_request_begun_before_the_end_is_still_answered() {
    let server = Server::start();
    let mut client = server.connect();
    client.say("GET /readyz HTTP/1.1\r\n");
    // Served after what the first client said was read.
    assert_eq!(server.get("/readyz").status, 200);
    server.ask_to_stop();
    while std::net::TcpStream::connect(server.address()).is_ok() {
        std::thread::yield_now();
    }
    client.say("Host: a\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.header("connection")), (503, Some("close")));
    assert!(client.is_ended());
}

#[test]
fn clients_that_answer_nothing_do_not_hold_the_server_up() {
    let server = Server::start();
    let _silent = server.websocket();
    let mut half = server.connect();
    half.say("GET / HT");
    server.get("/healthz");
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// Workers of which one ends by itself when told so.
struct Failing(Arc<AtomicBool>);

impl Workers for Failing {
    fn send(&mut self, _: WorkerId, _: Command) {}
    fn drain(&mut self, _: &mut dyn FnMut(WorkerId, Notice)) {}
    fn are_lost(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
    fn stop(&mut self) {}
}

#[test]
fn a_server_whose_worker_failed_ends_with_an_error_and_clients_are_told() {
    let failed = Arc::new(AtomicBool::new(false));
    let mut control = Control::new(ControlConfig::default()).unwrap();
    let (port, waker) = (control.port(), control.waker());
    let mut workers = Failing(Arc::clone(&failed));
    let thread = std::thread::spawn(move || {
        let config = ConferenceConfig {
            media: plenary::conference::MediaReach::default(),
            key: MasterKey::new(&[7; MasterKey::BYTES]),
            limits: Limits::default(),
            turn: None,
            stun: Vec::new(),
            file_bytes: plenary::conference::FILE_BYTES,
            whip_bitrate: 8_000_000,
            workers: 1,
            spill_at: SPILL_AT,
            rules: PassRules::default(),
            codecs: DEFAULT_CODECS.to_vec(),
        };
        let entropy = Box::new(|bytes: &mut [u8]| bytes.fill(7));
        let mut conference = Conference::new(config, Box::<MemoryStore>::default(), entropy);
        control.run(&mut conference, &mut workers)
    });
    let mut socket = websocket(port);
    failed.store(true, Ordering::Release);
    waker.wake().unwrap();
    match socket.read().unwrap() {
        Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1012),
        other => panic!("{other}"),
    }
    let _ = socket.read();
    assert!(thread.join().unwrap().is_err(), "whoever watches the process must see it");
}
