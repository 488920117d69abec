//! One UDP socket of a worker, in batches: GRO in, GSO out.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

use super::batch::Batch;
use super::fault::Failing;

/// Bytes of each receive buffer. GRO may fill 64 KiB, and a smaller buffer is cut off silently.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// Bytes wanted for the kernel's queues: 100 ms at 320 Mbit/s. The kernel grants what its own limit allows.
pub const KERNEL_BUFFER: usize = 4 * 1024 * 1024;

/// How long a socket sends without segmentation after a send made the library give it up. One bad destination is enough
/// for that, and without segmentation every packet is a call.
const REVIVE_AFTER: Duration = Duration::from_secs(10);

/// Bytes of a datagram of a run at most: with the headers of IPv6 an Ethernet frame. If one is longer than the network
/// takes, older kernels (before Linux 6.14) refuse the whole run with `EINVAL`, for which the library gives segmentation up: for
/// everybody, by the packets of one publisher.
const LONGEST_SEGMENT: usize = 1_452;

/// `EMSGSIZE` (Linux), which the standard library has no kind for.
const EMSGSIZE: i32 = 90;

crate::metrics! {
    /// What a socket counted.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct UdpCounters as "udp" {
        /// Datagrams received over UDP.
        pub received: u64,
        /// Times the kernel refused to let us receive, for another reason than that nothing waits.
        pub receive_errors: u64,
        /// Bytes of datagrams received over UDP.
        pub received_bytes: u64 as Counter in "bytes",
        /// Datagrams sent over UDP.
        pub sent: u64,
        /// Bytes of datagrams sent over UDP.
        pub sent_bytes: u64 as Counter in "bytes",
        /// Calls that sent datagrams. Datagrams by calls tells whether sending several at once works.
        pub sends: u64,
        /// Datagrams dropped on their way out because the kernel's queue was full.
        pub dropped: u64,
        /// Datagrams the kernel refused, for whatever reason.
        pub failed: u64,
        /// Datagrams the kernel refused for want of a route (ENETUNREACH, EHOSTUNREACH).
        pub unreachable: u64,
        /// Datagrams the kernel refused because a firewall forbids it (EPERM, EACCES).
        pub forbidden: u64,
        /// Datagrams the kernel refused because they were too large for the path (EMSGSIZE).
        pub too_large: u64,
        /// Times segmentation was switched off by a failed send and on again.
        pub revived: u64,
    }
}

/// What came of a look at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// So many datagrams, and there may be more.
    Some(usize),
    /// Nothing waits; the kernel tells when something does.
    Nothing,
    /// The kernel refused. Mostly an earlier send's ICMP error, told once and about one client only; if it is more, it is
    /// told again and again, and nothing says when it is over.
    Failed,
}

/// What of the last batch was not handed over yet.
#[derive(Debug, Default)]
struct Unread {
    /// Which buffers.
    buffers: Range<usize>,
    /// Where in the first of them.
    at: usize,
}

impl Unread {
    fn is_empty(&self) -> bool {
        self.buffers.is_empty()
    }

    /// The next datagram: buffers hold several of one length, the last of which may be shorter.
    fn next<'a>(&mut self, metas: &'a [RecvMeta], bytes: &'a [u8]) -> Option<(&'a RecvMeta, &'a [u8])> {
        while !self.buffers.is_empty() {
            let index = self.buffers.start;
            let meta = metas.get(index)?;
            let rest = bytes.chunks(RECEIVE_BUFFER).nth(index)?.get(self.at..meta.len).unwrap_or_default();
            if rest.is_empty() {
                self.buffers.next();
                self.at = 0;
                continue;
            }
            let datagram = rest.get(..meta.stride.max(1)).unwrap_or(rest);
            self.at += datagram.len();
            return Some((meta, datagram));
        }
        None
    }
}

/// A socket with its batch buffers.
pub struct Udp {
    socket: UdpSocket,
    state: UdpSocketState,
    receive: Vec<u8>,
    meta: Vec<RecvMeta>,
    unread: Unread,
    counters: UdpCounters,
    /// Segments one call may hold while all is well.
    most_segments: usize,
    /// Segmentation is off, and is to be tried again then.
    revive_at: Option<Instant>,
    failing: Failing,
}

impl std::fmt::Debug for Udp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Udp")
            .field("socket", &self.socket)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Udp {
    /// A socket on every IPv4 address of the machine.
    ///
    /// # Errors
    /// If the port is taken or the kernel refuses.
    pub fn v4(port: u16) -> io::Result<Udp> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        Udp::bind(socket, (Ipv4Addr::UNSPECIFIED, port).into())
    }

    /// A socket on every IPv6 address of the machine, and on those only: one for both families reports IPv4 addresses
    /// in IPv6 clothes.
    ///
    /// # Errors
    /// If the port is taken or the machine has no IPv6.
    pub fn v6(port: u16) -> io::Result<Udp> {
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_only_v6(true)?;
        Udp::bind(socket, (Ipv6Addr::UNSPECIFIED, port).into())
    }

    fn bind(socket: Socket, address: SocketAddr) -> io::Result<Udp> {
        socket.set_nonblocking(true)?;
        for granted in
            [socket.set_recv_buffer_size(KERNEL_BUFFER), socket.set_send_buffer_size(KERNEL_BUFFER)]
        {
            if let Err(e) = granted {
                log::warn!("the kernel's queue of {address} stays as it is: {e}");
            }
        }
        socket.bind(&address.into())?;
        let socket = UdpSocket::from_std(socket.into());
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        let most_segments = state.max_gso_segments();
        Ok(Udp {
            most_segments,
            revive_at: None,
            failing: Failing::default(),
            socket,
            state,
            receive: vec![0; RECEIVE_BUFFER * BATCH_SIZE],
            meta: vec![RecvMeta::default(); BATCH_SIZE],
            unread: Unread::default(),
            counters: UdpCounters::default(),
        })
    }

    /// The socket, to register it.
    pub fn source(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }

    /// The port it is bound to.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> UdpCounters {
        self.counters
    }

    /// Hands over at most `most` of the datagrams that wait: from where, to which address of ours, what. A batch may be
    /// thousands of them; what is left of it comes first the next time.
    pub fn receive(
        &mut self,
        most: usize,
        mut each: impl FnMut(SocketAddr, Option<IpAddr>, &[u8]),
    ) -> Received {
        if self.unread.is_empty() {
            if let Some(error) = self.failing.next_receive() {
                return self.failed(&error);
            }
            if let Err(error) = self.fill() {
                return self.failed(&error);
            }
        }
        let (mut count, mut bytes) = (0, 0);
        while count < most
            && let Some((meta, datagram)) = self.unread.next(&self.meta, &self.receive)
        {
            count += 1;
            bytes += datagram.len();
            each(meta.addr, meta.dst_ip, datagram);
        }
        self.counters.received += count as u64;
        self.counters.received_bytes += bytes as u64;
        Received::Some(count)
    }

    /// Takes one batch from the kernel.
    fn fill(&mut self) -> io::Result<()> {
        let mut chunks = self.receive.chunks_mut(RECEIVE_BUFFER);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        let filled = self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut self.meta)?;
        self.unread = Unread { buffers: 0..filled, at: 0 };
        Ok(())
    }

    fn failed(&mut self, error: &io::Error) -> Received {
        if error.kind() == io::ErrorKind::WouldBlock {
            return Received::Nothing;
        }
        if self.counters.receive_errors.is_multiple_of(10_000) {
            log::warn!("a socket for media cannot be read: {error}");
        }
        self.counters.receive_errors += 1;
        Received::Failed
    }

    /// Sends datagrams of `segment` bytes each, the last of which may be shorter, to one destination in one call, or in as few
    /// as the kernel lets.
    pub fn send(&mut self, destination: SocketAddr, src_ip: Option<IpAddr>, run: &[u8], segment: usize) {
        let segment = segment.max(1);
        let most = if segment > LONGEST_SEGMENT { 1 } else { self.segments() };
        for run in run.chunks(segment * most) {
            self.send_at_once(destination, src_ip, run, segment);
        }
    }

    /// Sends what waits in `batch`, in one call, or in as few as the kernel lets: one that it refuses is tried by itself and
    /// counted, and those behind it leave without it.
    pub fn send_batch(&mut self, batch: &mut Batch) {
        let (src_ip, count) = (batch.src_ip(), batch.iter().count());
        let mut gone = 0;
        while gone < count {
            // One is cheaper alone, and errors that tests ask for are those of single calls.
            let together = count - gone > 1 && !self.failing.is_next_send();
            let sent = if together { batch.send(self.socket.as_raw_fd(), gone).unwrap_or(0) } else { 0 };
            if sent > 0 {
                self.counters.sends += 1;
                self.counters.sent += sent as u64;
                let bytes =
                    batch.iter().skip(gone).take(sent).map(|(_, datagram)| datagram.len()).sum::<usize>();
                self.counters.sent_bytes += bytes as u64;
                gone += sent;
            } else if let Some((destination, datagram)) = batch.iter().nth(gone) {
                self.send_at_once(destination, src_ip, datagram, datagram.len().max(1));
                gone += 1;
            }
        }
        batch.clear();
    }

    /// How many datagrams one call may hold.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.state.max_gso_segments().max(1)
    }

    fn send_at_once(&mut self, destination: SocketAddr, src_ip: Option<IpAddr>, run: &[u8], segment: usize) {
        let count = run.len().div_ceil(segment);
        match self.try_send(destination, src_ip, run, (count > 1).then_some(segment), count) {
            Err(e) if count > 1 && e.kind() != io::ErrorKind::WouldBlock => {
                for datagram in run.chunks(segment) {
                    let sent = self.try_send(destination, src_ip, datagram, None, 1);
                    self.count_failure(&sent, 1);
                }
            }
            sent => self.count_failure(&sent, count),
        }
    }

    fn try_send(
        &mut self,
        destination: SocketAddr,
        src_ip: Option<IpAddr>,
        contents: &[u8],
        segment_size: Option<usize>,
        count: usize,
    ) -> io::Result<()> {
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip };
        if let Some(error) = self.failing.next_send() {
            return Err(error);
        }
        self.state.try_send(UdpSockRef::from(&self.socket), &transmit)?;
        self.counters.sends += 1;
        self.counters.sent += count as u64;
        self.counters.sent_bytes += contents.len() as u64;
        Ok(())
    }

    /// A failed send is normal: media is lost on every network, and what matters is sent again by its protocol.
    fn count_failure(&mut self, sent: &io::Result<()>, count: usize) {
        match sent {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.counters.dropped += count as u64,
            Err(e) => {
                if self.counters.failed.is_multiple_of(10_000) {
                    log::debug!("a datagram could not be sent: {e}");
                }
                let count = count as u64;
                self.counters.failed += count;
                match e.kind() {
                    io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
                        self.counters.unreachable += count;
                    }
                    io::ErrorKind::PermissionDenied => self.counters.forbidden += count,
                    _ if e.raw_os_error() == Some(EMSGSIZE) => self.counters.too_large += count,
                    _ => {}
                }
            }
        }
    }

    /// Switches segmentation on again some time after a failed send switched it off.
    pub fn maintain(&mut self, now: Instant) {
        if self.state.max_gso_segments() >= self.most_segments {
            return;
        }
        let at = *self.revive_at.get_or_insert(now + REVIVE_AFTER);
        if at <= now {
            self.revive_at = None;
            match UdpSocketState::new(UdpSockRef::from(&self.socket)) {
                Ok(state) => {
                    self.state = state;
                    self.counters.revived += 1;
                }
                Err(e) => log::warn!("segmentation stays off: {e}"),
            }
        }
    }

    /// Which of its calls are to fail.
    pub fn failing(&mut self) -> &mut Failing {
        &mut self.failing
    }
}

#[cfg(test)]
mod tests;
