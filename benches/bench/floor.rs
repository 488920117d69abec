//! What the machine asks for one packet that leaves sealed, whatever program sends it.
//!
//! A header, 1,200 bytes copied behind it and sealed there; then the send, on loopback to a socket that another core reads.
//! That is what no server can do without. Counted is the processor time of the thread that sends. In it is what the kernel does for
//! the receiving socket, because on loopback the sender's core does that.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use mio::event::Source;
use mio::{Events, Interest, Poll, Token};
use plenary::worker::{Received, Udp};
use quinn_udp::{Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Socket, Type};

use crate::machine::{Cores, stay_on, time_of_thread};

/// Bytes of a packet's payload.
const PAYLOAD: usize = 1_200;

/// Bytes of a header with its extensions.
const HEADER: usize = 24;

/// Bytes that sealing adds.
const TAG: usize = 16;

/// Bytes of the kernel's queue for whoever receives, as a worker asks for.
const KERNEL_BUFFER: usize = 4 * 1024 * 1024;

/// Packets of one round: a good second.
const PACKETS: usize = 300_000;

/// How packets are sent and taken.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// So many go in one call.
    at_once: usize,
    /// Whoever receives takes what came in one call as a whole (GRO), as the generator does and a browser may. Otherwise
    /// the kernel cuts it up, on loopback on the sender's core.
    whole: bool,
}

/// What servers are compared with.
pub const PLAIN: Way = Way { at_once: 1, whole: true };

/// What they are compared with where they gather.
pub const GATHERED: Way = Way { at_once: 16, whole: true };

/// All that is measured.
pub const WAYS: [Way; 7] = [
    PLAIN,
    Way { at_once: 2, whole: true },
    Way { at_once: 4, whole: true },
    GATHERED,
    Way { at_once: 48, whole: true },
    Way { at_once: 4, whole: false },
    Way { at_once: 16, whole: false },
];

impl Way {
    /// Its row.
    pub fn name(self) -> String {
        match self {
            Way { at_once: 1, .. } => "floor: seal and sendto".to_owned(),
            Way { at_once, whole: true } => format!("floor: seal and send, {at_once} segments a call"),
            Way { at_once, whole: false } => {
                format!("floor: seal and send, {at_once} segments a call, received one by one")
            }
        }
    }
}

/// Sealing alone, in nanoseconds a packet.
pub fn seal_alone(cores: Cores) -> f64 {
    let spent = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            stay_on(cores.server);
            let (key, payload) = (key(), [7; PAYLOAD]);
            let mut buffer = Vec::with_capacity(HEADER + PAYLOAD + TAG);
            let before = time_of_thread();
            for number in 0..PACKETS {
                buffer.clear();
                seal(&key, number as u64, &payload, &mut buffer);
                std::hint::black_box(&buffer);
            }
            time_of_thread().saturating_sub(before)
        });
        thread.join().expect("it ends")
    });
    each(spent)
}

/// Sealing and sending, in nanoseconds a packet, and the share of the packets that was read at the other end.
pub fn seal_and_send(cores: Cores, way: Way) -> (f64, f64) {
    let mut reader = Reader::open(way.whole);
    let (to, over) = (reader.address(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let read = scope.spawn(|| {
            stay_on(cores.generator);
            reader.read(&over)
        });
        let sender = scope.spawn(|| {
            stay_on(cores.server);
            send(to, way.at_once)
        });
        let spent = sender.join().expect("the sender ends");
        over.store(true, Ordering::Relaxed);
        (each(spent), read.join().expect("the reader ends") as f64 / PACKETS as f64)
    })
}

fn send(to: SocketAddr, at_once: usize) -> Duration {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    let state = UdpSocketState::new(UdpSockRef::from(&socket)).expect("a socket that can be used");
    assert!(state.max_gso_segments() >= at_once, "the kernel sends segments");
    let (key, payload) = (key(), [7; PAYLOAD]);
    let size = HEADER + PAYLOAD + TAG;
    let mut run = Vec::with_capacity(size * at_once);
    let before = time_of_thread();
    for number in 0..PACKETS {
        seal(&key, number as u64, &payload, &mut run);
        if run.len() == size * at_once {
            let segment_size = (at_once > 1).then_some(size);
            let transmit =
                Transmit { destination: to, ecn: None, contents: &run, segment_size, src_ip: None };
            match state.try_send(UdpSockRef::from(&socket), &transmit) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => panic!("{error}"),
                _ => run.clear(),
            }
        }
    }
    time_of_thread().saturating_sub(before)
}

/// Whoever receives.
enum Reader {
    Whole(Box<Udp>),
    OneByOne(mio::net::UdpSocket),
}

impl Reader {
    fn open(whole: bool) -> Reader {
        if whole {
            return Reader::Whole(Box::new(Udp::v4(0).expect("a socket")));
        }
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        socket.set_nonblocking(true).expect("a socket that does not wait");
        socket.set_recv_buffer_size(KERNEL_BUFFER).expect("a buffer");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
        Reader::OneByOne(mio::net::UdpSocket::from_std(socket.into()))
    }

    fn address(&self) -> SocketAddr {
        match self {
            Reader::Whole(socket) => (Ipv4Addr::LOCALHOST, socket.port().expect("a port")).into(),
            Reader::OneByOne(socket) => socket.local_addr().expect("a port"),
        }
    }

    /// Reads until it is over and nothing waits; how many datagrams came.
    fn read(&mut self, over: &AtomicBool) -> u64 {
        let mut poll = Poll::new().expect("a poll");
        let source: &mut dyn Source = match self {
            Reader::Whole(socket) => socket.source(),
            Reader::OneByOne(socket) => socket,
        };
        poll.registry().register(source, Token(0), Interest::READABLE).expect("registered");
        let (mut events, mut count) = (Events::with_capacity(1), 0);
        loop {
            let last = over.load(Ordering::Relaxed);
            count += self.read_what_waits();
            if last {
                return count;
            }
            let _ = poll.poll(&mut events, Some(Duration::from_millis(20)));
        }
    }

    fn read_what_waits(&mut self) -> u64 {
        let (mut count, mut buffer) = (0, [0; 2_048]);
        match self {
            Reader::Whole(socket) => {
                while let Received::Some(datagrams) = socket.receive(usize::MAX, |_, _, _| {}) {
                    count += datagrams as u64;
                }
            }
            Reader::OneByOne(socket) => {
                while socket.recv_from(&mut buffer).is_ok() {
                    count += 1;
                }
            }
        }
        count
    }
}

/// Appends one packet to `run`.
fn seal(key: &LessSafeKey, number: u64, payload: &[u8; PAYLOAD], run: &mut Vec<u8>) {
    let begin = run.len();
    run.extend_from_slice(&[0x90; HEADER - 8]);
    run.extend_from_slice(&number.to_be_bytes());
    run.extend_from_slice(payload);
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    let (header, body) = run[begin..].split_at_mut(HEADER);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&*header), body).expect("sealed");
    run.extend_from_slice(tag.as_ref());
}

fn key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[5; 32]).expect("32 bytes"))
}

fn each(spent: Duration) -> f64 {
    spent.as_nanos() as f64 / PACKETS as f64
}
