//! One honest person on real sockets: the simulator's client, driven by a clock and by mio. Media goes over UDP, or over
//! TCP where the profile says so.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Interest, Poll, Token};
use serde_json::Value;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use crate::client::connection::Profile;
use crate::client::{Client, Directory};
use crate::harness::websocket;
use crate::line::Line;
use crate::rng::Rng;

/// One person: their browser and its two sockets.
pub struct Person {
    pub client: Client,
    line: Line,
    socket: WebSocket<TcpStream>,
    /// Where the server's media port is: it says so in its answer.
    server: Option<SocketAddr>,
    pub arrivals: Arrivals,
}

impl Person {
    /// Person `number` opens a page of the server on `port` to enter `room`. The page's sockets wake `poll`.
    pub fn enter(
        (port, room): (u16, &str),
        number: u16,
        profile: Profile,
        (origin, directory): (Instant, &Directory),
        poll: &Poll,
    ) -> Person {
        let stream = std::net::TcpStream::from(websocket(port).into_inner());
        stream.set_nonblocking(true).expect("a socket of ours");
        let mut stream = TcpStream::from_std(stream);
        let token = usize::from(number) * 2;
        let both = Interest::READABLE | Interest::WRITABLE;
        let registry = poll.registry().try_clone().expect("a registry");
        let line = if profile.over_tcp { Line::tcp(registry, token) } else { Line::udp(&registry, token) };
        let address = line.address();
        poll.registry().register(&mut stream, Token(token + 1), both).expect("registered");
        let rng = Rng::new(u64::from(number) + 7);
        let mut client = Client::new(number, room, profile, address, origin, rng, directory.clone());
        client.opened();
        let socket = WebSocket::from_raw_socket(stream, Role::Client, None);
        Person { client, line, socket, server: None, arrivals: Arrivals::default() }
    }

    /// Reads what came, lets the page do what is due, and sends what it has to say.
    pub fn turn(&mut self, now: Instant) {
        self.listen(now);
        self.receive(now);
        self.client.run(now);
        while let Some(text) = self.client.next_message() {
            let said = self.socket.send(Message::text(text));
            assert!(matches!(&said, Ok(())) || would_block(&said), "an honest socket ended: {said:?}");
        }
        let flushed = self.socket.flush();
        assert!(matches!(&flushed, Ok(())) || would_block(&flushed), "an honest socket ended: {flushed:?}");
        let datagrams = self.client.datagrams();
        if let Some(server) = self.server {
            self.line.send(server, datagrams.into_iter().map(|datagram| datagram.bytes));
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
        for (from, datagram) in self.line.receive() {
            self.arrivals.take(&datagram);
            self.client.receive(now, from, &datagram);
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
pub struct Arrivals(BTreeMap<u32, Stream>);

#[derive(Clone, Copy)]
struct Stream {
    /// The sequence number after which packets are counted, and the highest one, without wraps.
    after: u64,
    highest: u64,
    came: u64,
}

impl Arrivals {
    /// One datagram came.
    pub fn take(&mut self, datagram: &[u8]) {
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

    /// Counts from now on.
    pub fn start(&mut self) {
        for stream in self.0.values_mut() {
            *stream = Stream { after: stream.highest, highest: stream.highest, came: 0 };
        }
    }

    /// Packets that came, and packets that did not.
    pub fn counted(&self) -> (u64, u64) {
        let came = self.0.values().map(|stream| stream.came).sum();
        let sent: u64 = self.0.values().map(|stream| stream.highest - stream.after).sum();
        (came, sent.saturating_sub(came))
    }
}
