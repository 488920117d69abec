//! Media over TCP, for networks that let no UDP out: datagrams in frames (RFC 4571), on connections that clients open
//! (RFC 6544, passive candidates).
//!
//! A connection is nobody's until a STUN request on it was authenticated: until then it has some seconds, and gives way
//! to newer ones, the oldest of the client address that has most of them first. Each address has a bound of its own. When it ends its path ends with it, and nobody else: the client comes back by
//! another one. Segmentation, batches and the like are UDP's only.

mod admission;
mod frames;
mod write_queue;

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use slab::Slab;
use socket2::SockRef;

use super::AddressMap;
use crate::ledger::{ClientAddress, Turns};
use crate::limits::{Limit, Limits, Tally};
use crate::listener::Listeners;
use crate::media::{Core, DatagramKind, Path};
use admission::{Admission, Ticket, Verdict};
use frames::{Frames, TooLarge};
pub use write_queue::{WriteQueue, Written};

/// Bytes read at once from one connection, before the others have their turn.
const READ_BUFFER: usize = 16 * 1024;

/// Reads of all connections in one turn, if there is time for so many. Beyond it subscribers would wait for a flood.
const READS_PER_TURN: usize = 32;

/// Connections accepted in one turn, for the same reason.
const ACCEPTS_PER_TURN: usize = 32;

/// Bytes the kernel may hold that it has not sent yet: enough for it not to wait for us (64 Mbit/s if a turn takes a
/// millisecond), and no more, because what it holds can be neither dropped nor overtaken: 130 ms at 500 kbit/s.
const UNSENT: u32 = 8 * 1024;

/// How often connections are looked through for those that nobody needs.
const SWEEP: Duration = Duration::from_secs(1);

crate::metrics! {
    /// What was counted of media over TCP.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct TcpCounters as "tcp" {
        /// Media connections over TCP that were taken.
        pub accepted: u64,
        /// Media connections over TCP that ended, by whomever.
        pub ended: u64,
        /// Times a media connection that waited could not be accepted.
        pub accept_errors: u64,
        /// Frames received over TCP.
        pub received: u64,
        /// Bytes of frames received over TCP.
        pub received_bytes: u64 as Counter in "bytes",
        /// Frames received without content. Such a frame means nothing (RFC 4571 section 2).
        pub empty: u64,
        /// Media connections over TCP that ended because of something that is no kind of datagram, before anybody authenticated.
        pub strangers: u64,
        /// Frames sent over TCP.
        pub sent: u64,
        /// Bytes of frames sent over TCP, with what tells frames apart.
        pub sent_bytes: u64 as Counter in "bytes",
        /// Calls that sent frames over TCP.
        pub sends: u64,
        /// Frames dropped because too much waited to be written.
        pub dropped: u64,
        /// Frames dropped because they had waited too long to be of use.
        pub stale: u64,
        /// Frames for a media connection that had ended.
        pub unroutable: u64,
        /// Media connections over TCP that there are.
        pub connections: u64 as Gauge,
    }
}

/// Who is given the datagrams in the frames.
pub(super) trait DatagramHandler {
    /// One came.
    fn datagram(&mut self, now: Instant, path: Path, datagram: &[u8]);
    /// Whether somebody has authenticated on this path.
    fn knows(&self, path: &Path) -> bool;
    /// The path is no more.
    fn path_ended(&mut self, path: &Path);
}

impl DatagramHandler for Core {
    fn datagram(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        self.handle_datagram(now, path, datagram);
    }

    fn knows(&self, path: &Path) -> bool {
        Core::knows(self, path)
    }

    fn path_ended(&mut self, path: &Path) {
        self.handle_path_ended(path);
    }
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client ended it, or the network did.
    Gone,
    /// What it sends are no frames.
    TooLarge,
    /// Nobody authenticated, and it is no kind of datagram.
    Stranger,
}

impl From<TooLarge> for End {
    fn from(_: TooLarge) -> End {
        End::TooLarge
    }
}

struct TcpConnection {
    stream: TcpStream,
    path: Path,
    frames: Frames,
    queue: WriteQueue,
    ticket: Ticket,
    began: Instant,
    /// When something came last.
    heard: Instant,
    /// Somebody has authenticated on it.
    known: bool,
}

impl TcpConnection {
    fn address(&self) -> ClientAddress {
        ClientAddress::of(self.path.remote.ip())
    }
}

/// The listening sockets of a worker and their connections.
pub(super) struct Tcp {
    listeners: Listeners,
    registry: Registry,
    /// Connections have the tokens from here on.
    first: usize,
    admission: Admission,
    connections: Slab<TcpConnection>,
    /// Addresses of clients' choosing: no hash table without a secret key.
    by_path: BTreeMap<Path, usize>,
    /// epoll told of connections that were not all accepted: it will not tell again.
    acceptable: bool,
    /// The same of data, in the order of reading: one of each client address, then the next.
    ready: Turns<usize>,
    sweep_at: Option<Instant>,
    buffer: Vec<u8>,
    counters: TcpCounters,
}

impl Tcp {
    /// Listens on `port` of every address. Its tokens are those from `first` on.
    ///
    /// # Errors
    /// If the port is taken or the kernel refuses.
    pub(super) fn bind(port: u16, registry: Registry, first: usize, limits: Limits) -> io::Result<Tcp> {
        let mut listeners = Listeners::bind(&[], port)?;
        listeners.register(&registry, first)?;
        Ok(Tcp {
            listeners,
            registry,
            first: first + Listeners::TOKENS,
            admission: Admission::new(limits),
            connections: Slab::new(),
            by_path: BTreeMap::new(),
            acceptable: true,
            ready: Turns::default(),
            sweep_at: None,
            buffer: vec![0; READ_BUFFER],
            counters: TcpCounters::default(),
        })
    }

    /// Something happened on a socket of ours.
    pub(super) fn note(&mut self, event: &Event) {
        match event.token().0.checked_sub(self.first) {
            Some(key) => self.queue(key),
            None => self.acceptable = true,
        }
    }

    /// There is more to do and no event will say so.
    pub(super) fn is_ready(&self) -> bool {
        self.acceptable || !self.ready.is_empty()
    }

    /// When to take a turn although nothing happens.
    pub(super) fn next(&self) -> Option<Instant> {
        self.listeners.retry_at().into_iter().chain(self.sweep_at).min()
    }

    /// What was counted so far.
    pub(super) fn counters(&self) -> TcpCounters {
        TcpCounters {
            accept_errors: self.listeners.errors(),
            connections: self.connections.len() as u64,
            ..self.counters
        }
    }

    /// Which limits were hit so far.
    pub(super) fn tally(&self) -> &Tally {
        self.admission.tally()
    }

    /// Takes new connections, and what came on those there are, until `is_over`.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        addresses: &AddressMap,
        handler: &mut impl DatagramHandler,
        is_over: impl Fn() -> bool,
    ) {
        self.acceptable |= self.listeners.retry_at().is_some_and(|at| at <= now);
        for _ in 0..ACCEPTS_PER_TURN {
            if !self.acceptable {
                break;
            }
            match self.listeners.accept(now) {
                Some((stream, remote)) => self.accept(now, stream, remote, addresses, handler),
                None => self.acceptable = false,
            }
        }
        for _ in 0..READS_PER_TURN {
            let Some(key) = self.ready.pop() else { break };
            self.drive(now, key, handler);
            if is_over() {
                break;
            }
        }
    }

    /// For so long nothing was read: nobody was silent.
    pub(super) fn stood_still(&mut self, stood: Duration) {
        for (_, connection) in &mut self.connections {
            connection.began += stood;
            connection.heard += stood;
        }
    }

    /// Sends frames to one client. What it does not take in time is dropped.
    pub(super) fn send(
        &mut self,
        now: Instant,
        path: &Path,
        frames: impl ExactSizeIterator<Item = Vec<u8>>,
        handler: &mut impl DatagramHandler,
    ) {
        let key = self.by_path.get(path).copied();
        let found = key.and_then(|key| Some((key, self.connections.get_mut(key)?)));
        let Some((key, connection)) = found else {
            self.counters.unroutable += frames.len() as u64;
            return;
        };
        let most = self.admission.limit(Limit::TcpWriteBytes);
        self.counters.stale += connection.queue.drop_stale(now);
        for frame in frames {
            if !connection.queue.push(now, frame, most) {
                self.counters.dropped += 1;
                self.admission.hit(Limit::TcpWriteBytes);
            }
        }
        self.flush(now, key, handler);
    }

    /// Ends, now and then, connections that nobody needs: on which nobody authenticated, whose person is gone, or on
    /// which nothing comes.
    pub(super) fn maintain(&mut self, now: Instant, handler: &mut impl DatagramHandler) {
        self.admission.log_due(now);
        if self.sweep_at.is_none_or(|at| at > now) {
            return;
        }
        let millis = |limit| Duration::from_millis(self.admission.limit(limit) as u64);
        let (half_open, idle) = (millis(Limit::TcpHalfOpenMillis), millis(Limit::TcpIdleMillis));
        let mut over = Vec::new();
        for (key, connection) in &self.connections {
            let is_over = |since: Instant, patience| now.saturating_duration_since(since) >= patience;
            if !connection.known && is_over(connection.began, half_open) {
                self.admission.hit(Limit::TcpHalfOpenMillis);
                self.admission.refuse(now, connection.path.remote, "media: nobody authenticated in time");
            } else if connection.known && is_over(connection.heard, idle) {
                self.admission.hit(Limit::TcpIdleMillis);
            } else if !connection.known || handler.knows(&connection.path) {
                continue;
            }
            over.push(key);
        }
        for key in over {
            self.end(key, handler);
        }
        self.sweep_at = (!self.connections.is_empty()).then_some(now + SWEEP);
    }

    fn accept(
        &mut self,
        now: Instant,
        stream: TcpStream,
        remote: SocketAddr,
        addresses: &AddressMap,
        handler: &mut impl DatagramHandler,
    ) {
        loop {
            match self.admission.judge(now, remote) {
                Verdict::Admitted => break,
                Verdict::InPlaceOf(key) => self.end(key, handler),
                Verdict::Refused => return,
            }
        }
        if let Err(error) = self.begin(now, stream, remote, addresses, handler) {
            log::debug!("{remote}: {error}");
        }
    }

    fn begin(
        &mut self,
        now: Instant,
        mut stream: TcpStream,
        remote: SocketAddr,
        addresses: &AddressMap,
        handler: &mut impl DatagramHandler,
    ) -> io::Result<()> {
        let local: IpAddr = stream.local_addr()?.ip();
        let Some(local) = addresses.announced(Some(local), remote) else {
            return Err(ErrorKind::AddrNotAvailable.into());
        };
        // A datagram waits for nothing, and what could not be sent is for us to drop.
        stream.set_nodelay(true)?;
        SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT)?;
        let path = Path::tcp(remote, local);
        // Two of our addresses may be announced as one: the same client address then means the newer connection.
        if let Some(older) = self.by_path.get(&path).copied() {
            self.end(older, handler);
        }
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let token = Token(self.first + key);
        self.registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        entry.insert(TcpConnection {
            stream,
            path,
            frames: Frames::default(),
            queue: WriteQueue::default(),
            ticket: self.admission.begin(ClientAddress::of(remote.ip()), key),
            began: now,
            heard: now,
            known: false,
        });
        self.by_path.insert(path, key);
        self.counters.accepted += 1;
        self.sweep_at.get_or_insert(now + SWEEP);
        self.queue(key);
        Ok(())
    }

    /// Puts a connection on the list of those to be driven.
    fn queue(&mut self, key: usize) {
        if let Some(connection) = self.connections.get(key) {
            self.ready.push(connection.address(), key);
        }
    }

    /// Writes what waits and reads once. A connection from which more may come goes to the end of the list.
    fn drive(&mut self, now: Instant, key: usize, handler: &mut impl DatagramHandler) {
        self.flush(now, key, handler);
        let Some(connection) = self.connections.get_mut(key) else { return };
        match connection.stream.read(&mut self.buffer) {
            Ok(0) => self.end(key, handler),
            Ok(count) => match self.take(now, key, count, handler) {
                Ok(()) => self.queue(key),
                Err(end) => {
                    self.count_end(now, key, end);
                    self.end(key, handler);
                }
            },
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => self.queue(key),
            Err(_) => self.end(key, handler),
        }
    }

    /// Hands over the frames in the first `count` bytes of the buffer.
    fn take(
        &mut self,
        now: Instant,
        key: usize,
        count: usize,
        handler: &mut impl DatagramHandler,
    ) -> Result<(), End> {
        let connection = self.connections.get_mut(key).ok_or(End::Gone)?;
        connection.heard = now;
        let address = connection.address();
        let TcpConnection { frames, known, path, ticket, .. } = connection;
        let bytes = self.buffer.get(..count).unwrap_or_default();
        let counters = &mut self.counters;
        let most = self.admission.limit(Limit::TcpFrameBytes);
        frames.cut(bytes, most, |frame| {
            counters.received += 1;
            counters.received_bytes += frame.len() as u64;
            if frame.is_empty() {
                counters.empty += 1;
                return Ok(());
            }
            // Firefox opens a new connection for whatever it has to send, so it need not begin with STUN.
            if !*known && DatagramKind::of(frame) == DatagramKind::Unknown {
                return Err(End::Stranger);
            }
            handler.datagram(now, *path, frame);
            if !*known && handler.knows(path) {
                *known = true;
                self.admission.authenticated(address, *ticket);
            }
            Ok(())
        })
    }

    fn count_end(&mut self, now: Instant, key: usize, end: End) {
        let what = match end {
            End::Gone => return,
            End::TooLarge => {
                self.admission.hit(Limit::TcpFrameBytes);
                "media: what came is no frame"
            }
            End::Stranger => {
                self.counters.strangers += 1;
                "media: what came is nothing we know"
            }
        };
        if let Some(connection) = self.connections.get(key) {
            self.admission.refuse(now, connection.path.remote, what);
        }
    }

    fn flush(&mut self, now: Instant, key: usize, handler: &mut impl DatagramHandler) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (written, result) = connection.queue.flush(now, &mut connection.stream);
        let Written { frames, bytes, calls, stale } = written;
        self.counters.sent += frames;
        self.counters.sent_bytes += bytes;
        self.counters.sends += calls;
        self.counters.stale += stale;
        if result.is_err() {
            self.end(key, handler);
        }
    }

    /// Closing the socket takes it out of the poll.
    fn end(&mut self, key: usize, handler: &mut impl DatagramHandler) {
        let Some(connection) = self.connections.try_remove(key) else { return };
        self.counters.ended += 1;
        self.admission.end(connection.address(), connection.ticket);
        self.by_path.remove(&connection.path);
        handler.path_ended(&connection.path);
    }
}

#[cfg(test)]
mod tests;
