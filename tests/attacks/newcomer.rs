//! Somebody who is not in the room yet: whether the door is answered while an attack runs.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::waits::Waits;

/// How often it is looked whether to go on.
const LOOK: Duration = Duration::from_millis(50);

/// Asks `/healthz`, each time on a connection of its own, until it is dropped.
pub struct Newcomer {
    waits: Arc<Mutex<Waits>>,
    leaves: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Newcomer {
    /// Comes to the server at `port` now, from the address of honest people.
    pub fn come(port: u16) -> Newcomer {
        let (waits, leaves) = (Arc::new(Mutex::new(Waits::default())), Arc::new(AtomicBool::new(false)));
        waits.lock().expect("nobody panicked").start(Instant::now());
        let (shared, ends) = (Arc::clone(&waits), Arc::clone(&leaves));
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                if shared.lock().expect("nobody panicked").asks(Instant::now()) {
                    // Whoever is turned away tries again, and waits on.
                    while !is_answered(port, &ends) && !ends.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    if !ends.load(Ordering::Relaxed) {
                        shared.lock().expect("nobody panicked").answered(Instant::now());
                    }
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Newcomer { waits, leaves, thread: Some(thread) }
    }

    /// The longest wait for an answer so far.
    pub fn longest_wait(&self) -> Duration {
        self.waits.lock().expect("nobody panicked").longest(Instant::now()).unwrap_or_default()
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.leaves.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()), "a newcomer gave up");
    }
}

/// Whether one request gets its answer. False as well when nobody waits for it any more.
fn is_answered(port: u16, leaves: &AtomicBool) -> bool {
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&to, Duration::from_secs(1)) else { return false };
    stream.set_read_timeout(Some(LOOK)).expect("a socket of ours");
    if stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").is_err() {
        return false;
    }
    let mut answer = [0; 12];
    let mut length = 0;
    while !leaves.load(Ordering::Relaxed) {
        match stream.read(&mut answer[length..]) {
            Ok(0) => return false,
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
        if length == answer.len() {
            return answer == *b"HTTP/1.1 200";
        }
    }
    false
}
