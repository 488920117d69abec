//! Honest people in a call on real sockets: the simulator's clients, driven by a clock and by mio.
//!
//! Two speak and show themselves. The third one only watches, and everything that reaches them is counted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::net::{TcpStream, UdpSocket};
use mio::{Events, Interest, Poll, Token};
use serde_json::Value;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use crate::client::connection::Profile;
use crate::client::receiver::{Complaint, Watch};
use crate::client::sources::{Picture, Says};
use crate::client::{Client, Directory};
use crate::harness::websocket;
use crate::rng::Rng;
use crate::table::Third;

/// How long two people may need until they see and hear each other, on a busy machine.
const TOGETHER: Duration = Duration::from_secs(20);

/// How soon a question of the test is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// The one who watches.
const THIRD: usize = 2;

/// A question of the test.
enum Ask {
    /// Count from now on.
    Watch,
    /// What was noticed since?
    Report(Sender<Third>),
    /// Did everybody get what they should after this?
    Together(Instant, Sender<bool>),
}

/// Three people in a room, in a thread of their own.
pub struct People {
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl People {
    /// They enter `room` on the server at `port`. Returns once everybody gets what they should.
    pub fn meet(port: u16, room: &str) -> People {
        let room = room.to_owned();
        let (asks, questions) = channel();
        let (ready, met) = channel();
        let thread = std::thread::spawn(move || Call::new(port, &room).run(&ready, &questions));
        let people = People { asks: Some(asks), thread: Some(thread) };
        met.recv_timeout(TOGETHER).expect("honest people meet");
        people
    }

    /// Counts from now on.
    pub fn watch(&self) {
        self.ask(Ask::Watch);
    }

    /// What the third person noticed since [`People::watch`].
    pub fn third(&self) -> Third {
        let (answer, answered) = channel();
        self.ask(Ask::Report(answer));
        answered.recv_timeout(TOGETHER).expect("the third person is there")
    }

    /// Waits until the third person sees and hears of everybody what was not there before this call.
    pub fn are_together(&self, patience: Duration) {
        let (since, by) = (Instant::now(), Instant::now() + patience);
        loop {
            let (answer, answered) = channel();
            self.ask(Ask::Together(since, answer));
            if answered.recv_timeout(TOGETHER).expect("the people are there") {
                return;
            }
            assert!(Instant::now() < by, "after {patience:?} people are not together");
            std::thread::sleep(LOOK * 4);
        }
    }

    fn ask(&self, ask: Ask) {
        self.asks.as_ref().expect("until dropped").send(ask).expect("the people are there");
    }
}

impl Drop for People {
    fn drop(&mut self) {
        self.asks = None;
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()), "a person gave up");
    }
}

/// One person: their browser and its two sockets.
struct Person {
    client: Client,
    udp: UdpSocket,
    socket: WebSocket<TcpStream>,
    /// Where the server's media port is: it says so in its answer.
    server: Option<SocketAddr>,
    arrivals: Arrivals,
}

/// Everything in the call.
struct Call {
    poll: Poll,
    people: Vec<Person>,
}

impl Call {
    fn new(port: u16, room: &str) -> Call {
        let poll = Poll::new().expect("a poll");
        let directory: Directory = Rc::new(RefCell::new(BTreeMap::new()));
        let origin = Instant::now();
        let small = Picture { fps: 20, packets: 2, bytes: 700 };
        let speaks =
            Profile { camera: Some(small), microphone: Some(Says::Words(30)), grows: false, ..Profile::PAGE };
        let watches = Profile { camera: None, microphone: None, grows: false, ..Profile::PAGE };
        let people = [speaks, speaks, watches].into_iter().zip(0_u16..);
        let people = people.map(|(profile, number)| {
            let mut udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a UDP socket");
            let address = udp.local_addr().expect("bound");
            let stream = websocket(port).into_inner();
            stream.set_nonblocking(true).expect("a socket of ours");
            let mut stream = TcpStream::from_std(stream);
            let token = usize::from(number) * 2;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut udp, Token(token), Interest::READABLE).expect("registered");
            poll.registry().register(&mut stream, Token(token + 1), both).expect("registered");
            let rng = Rng::new(u64::from(number) + 7);
            let mut client = Client::new(number, room, profile, address, origin, rng, directory.clone());
            client.opened();
            let socket = WebSocket::from_raw_socket(stream, Role::Client, None);
            Person { client, udp, socket, server: None, arrivals: Arrivals::default() }
        });
        let people = people.collect();
        Call { poll, people }
    }

    /// Runs until nobody asks any more. Says once when everybody gets what they should.
    fn run(mut self, ready: &Sender<()>, questions: &Receiver<Ask>) {
        let mut events = Events::with_capacity(16);
        let (mut met, began) = (false, Instant::now());
        loop {
            let now = Instant::now();
            for person in &mut self.people {
                person.turn(now);
            }
            if !met && self.is_together(began) {
                met = true;
                let _ = ready.send(());
            }
            loop {
                match questions.try_recv() {
                    Ok(Ask::Watch) => self.watch(now),
                    Ok(Ask::Report(answer)) => drop(answer.send(self.third(now))),
                    Ok(Ask::Together(since, answer)) => drop(answer.send(self.is_together(since))),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
            let wakes = self.people.iter().filter_map(|person| person.client.wakes()).min();
            let wait = wakes.map_or(LOOK, |at| at.saturating_duration_since(now).min(LOOK));
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => panic!("{error}"),
                _ => {}
            }
        }
    }

    /// Whether the third person had sound and picture of both others after `since`.
    fn is_together(&self, since: Instant) -> bool {
        let receiver = &self.people[THIRD].client.receiver;
        let fresh = |watches: &BTreeMap<u16, Watch>, person| {
            watches.get(&person).is_some_and(|watch| watch.last > since)
        };
        (0..2).all(|person| fresh(&receiver.seen, person) && fresh(&receiver.heard, person))
    }

    fn watch(&mut self, now: Instant) {
        let third = &mut self.people[THIRD];
        third.client.receiver.start_watching(now);
        third.arrivals.start();
    }

    fn third(&self, now: Instant) -> Third {
        let third = &self.people[THIRD];
        let receiver = &third.client.receiver;
        let bad = |complaint: &&Complaint| matches!(complaint, Complaint::Torn(_) | Complaint::Garbage(_));
        let bad: Vec<&Complaint> = receiver.complaints.iter().filter(bad).collect();
        assert!(bad.is_empty(), "the third person sees what nobody showed: {bad:?}");
        let watches = (0..2).flat_map(|person| [receiver.seen.get(&person), receiver.heard.get(&person)]);
        let gaps = watches.flatten().map(|watch| watch.longest_gap.max(now - watch.last));
        let (packets, lost) = third.arrivals.counted();
        Third { packets, lost, longest_gap: gaps.max().expect("they met") }
    }
}

impl Person {
    fn turn(&mut self, now: Instant) {
        self.listen(now);
        self.receive(now);
        self.client.run(now);
        while let Some(text) = self.client.next_message() {
            let said = self.socket.send(Message::text(text));
            assert!(matches!(&said, Ok(())) || would_block(&said), "an honest socket ended: {said:?}");
        }
        let flushed = self.socket.flush();
        assert!(matches!(&flushed, Ok(())) || would_block(&flushed), "an honest socket ended: {flushed:?}");
        for datagram in self.client.datagrams() {
            if let Some(server) = self.server {
                // What the kernel does not take is lost, as on any network.
                let _ = self.udp.send_to(&datagram.bytes, server);
            }
        }
    }

    fn listen(&mut self, now: Instant) {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    self.server = media_address(&text).or(self.server);
                    self.client.hear(now, &text);
                }
                Ok(Message::Close(frame)) => panic!("an honest person was thrown out: {frame:?}"),
                Ok(_) => {}
                result if would_block(&result) => return,
                Err(error) => panic!("an honest socket ended: {error}"),
            }
        }
    }

    fn receive(&mut self, now: Instant) {
        let mut buffer = [0; 2_048];
        while let Ok((count, from)) = self.udp.recv_from(&mut buffer) {
            let datagram = &buffer[..count];
            self.arrivals.take(datagram);
            self.client.receive(now, from, datagram);
        }
    }
}

fn would_block<T>(result: &tungstenite::Result<T>) -> bool {
    matches!(result, Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock)
}

/// The candidate in an `answer`.
pub fn media_address(text: &str) -> Option<SocketAddr> {
    let message: Value = serde_json::from_str(text).ok()?;
    let sdp = message.get("sdp")?.as_str()?;
    let line = sdp.lines().find_map(|line| line.strip_prefix("a=candidate:"))?;
    let mut words = line.split(' ').skip(4);
    Some(SocketAddr::new(words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// What came of each stream, by the part of an RTP header that everybody can read (RFC 3550 section 5.1).
#[derive(Default)]
struct Arrivals(BTreeMap<u32, Stream>);

#[derive(Clone, Copy)]
struct Stream {
    /// The sequence number after which packets are counted, and the highest one, without wraps.
    after: u64,
    highest: u64,
    came: u64,
}

impl Arrivals {
    fn take(&mut self, datagram: &[u8]) {
        let is_rtp =
            datagram.len() >= 12 && datagram[0] >> 6 == 2 && !(64..96).contains(&(datagram[1] & 0x7f));
        if !is_rtp {
            return;
        }
        let seq = u16::from_be_bytes([datagram[2], datagram[3]]);
        let ssrc = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
        let before = 0x1_0000 + u64::from(seq) - 1;
        let stream = self.0.entry(ssrc).or_insert(Stream { after: before, highest: before, came: 0 });
        let ahead = i64::from(seq.wrapping_sub(stream.highest as u16).cast_signed());
        let extended = stream.highest.saturating_add_signed(ahead);
        stream.came += u64::from(extended > stream.after);
        stream.highest = stream.highest.max(extended);
    }

    fn start(&mut self) {
        for stream in self.0.values_mut() {
            *stream = Stream { after: stream.highest, highest: stream.highest, came: 0 };
        }
    }

    /// Packets that came, and packets that did not.
    fn counted(&self) -> (u64, u64) {
        let came = self.0.values().map(|stream| stream.came).sum();
        let sent: u64 = self.0.values().map(|stream| stream.highest - stream.after).sum();
        (came, sent.saturating_sub(came))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_arrive_is_counted_over_a_wrap_and_by_stream() {
        let mut arrivals = Arrivals::default();
        let mut packet = |seq: u16, ssrc: u8| {
            let [high, low] = seq.to_be_bytes();
            arrivals.take(&[0x80, 111, high, low, 0, 0, 0, 0, 0, 0, 0, ssrc]);
        };
        for (seq, ssrc) in [(65_534, 1), (65_535, 1), (1, 1), (2, 1), (7, 2), (9, 2), (8, 2)] {
            packet(seq, ssrc);
        }
        packet(7, 3);
        assert_eq!(arrivals.counted(), (8, 1));
        arrivals.start();
        assert_eq!(arrivals.counted(), (0, 0));
        let report = [0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        arrivals.take(&report);
        assert_eq!(arrivals.counted(), (0, 0), "RTCP has no sequence numbers");
    }
}
