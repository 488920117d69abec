//! One person's UDP socket: a port of their own, since a server knows people by address and port. In batches, GRO in and GSO
//! out; the buffers for a batch are shared by all.

use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::event::Source;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

use crate::media::rtc::client::Outbox;

/// Bytes of each receive buffer: GRO fills as many, and cuts off what a smaller one cannot hold.
const BUFFER: usize = 64 * 1024;

/// Bytes wanted for the kernel's queue of one person: a key frame of each of 25 pictures.
const QUEUE: usize = 2 * 1024 * 1024;

/// Bytes that one call may send.
const MOST_BYTES: usize = 65_507;

/// What receives into: one for all.
pub(super) struct Batch {
    bytes: Vec<u8>,
    metas: Vec<RecvMeta>,
}

impl Batch {
    pub(super) fn new() -> Batch {
        Batch { bytes: vec![0; BUFFER * BATCH_SIZE], metas: vec![RecvMeta::default(); BATCH_SIZE] }
    }

    /// The datagrams of the first `filled` buffers.
    fn datagrams(&self, filled: usize) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let buffers = self.metas.iter().zip(self.bytes.chunks(BUFFER)).take(filled);
        buffers.flat_map(|(meta, buffer)| {
            let whole = buffer.get(..meta.len).unwrap_or_default();
            whole.chunks(meta.stride.max(1)).map(|datagram| (meta.addr, datagram))
        })
    }
}

/// What a socket counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub received: u64,
    pub receive_calls: u64,
    pub sent: u64,
    pub send_calls: u64,
    /// Datagrams that the kernel did not take.
    pub unsent: u64,
}

impl Counted {
    /// Both together.
    pub(super) fn and(self, other: Counted) -> Counted {
        Counted {
            received: self.received + other.received,
            receive_calls: self.receive_calls + other.receive_calls,
            sent: self.sent + other.sent,
            send_calls: self.send_calls + other.send_calls,
            unsent: self.unsent + other.unsent,
        }
    }

    /// What came since it was `before`.
    pub(super) fn since(self, before: Counted) -> Counted {
        Counted {
            received: self.received.saturating_sub(before.received),
            receive_calls: self.receive_calls.saturating_sub(before.receive_calls),
            sent: self.sent.saturating_sub(before.sent),
            send_calls: self.send_calls.saturating_sub(before.send_calls),
            unsent: self.unsent.saturating_sub(before.unsent),
        }
    }
}

/// One person's socket.
pub(super) struct Line {
    socket: UdpSocket,
    state: UdpSocketState,
    pub counted: Counted,
    /// Where it sent to last.
    pub server: Option<SocketAddr>,
}

impl Line {
    /// A socket whose datagrams leave from the address that leads to `server`.
    ///
    /// # Errors
    /// If there are no ports or descriptors left, or no way there.
    pub(super) fn open(
        server: SocketAddr,
        registry: &Registry,
        token: Token,
    ) -> io::Result<(Line, SocketAddr)> {
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // Nothing is sent: connecting asks the system for the way.
        let way = std::net::UdpSocket::bind((any, 0))?;
        way.connect(server)?;
        let from = way.local_addr()?.ip();
        let socket = Socket::new(Domain::for_address(server), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        // What the kernel grants is what there is.
        let _ = socket.set_recv_buffer_size(QUEUE);
        let _ = socket.set_send_buffer_size(QUEUE);
        socket.bind(&SocketAddr::new(any, 0).into())?;
        let mut socket = UdpSocket::from_std(socket.into());
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        socket.register(registry, token, Interest::READABLE)?;
        let address = SocketAddr::new(from, socket.local_addr()?.port());
        Ok((Line { socket, state, counted: Counted::default(), server: None }, address))
    }

    /// Takes one batch, and hands over what is in it. False once nothing waits: the kernel tells when something does.
    pub(super) fn receive(&mut self, batch: &mut Batch, mut each: impl FnMut(SocketAddr, &[u8])) -> bool {
        let mut chunks = batch.bytes.chunks_mut(BUFFER);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        let filled = self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut batch.metas);
        self.counted.receive_calls += 1;
        // An error is that of an earlier send, told once: there may be more behind it.
        let filled = match filled {
            Ok(filled) => filled,
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        };
        for (from, datagram) in batch.datagrams(filled) {
            self.counted.received += 1;
            each(from, datagram);
        }
        filled == BATCH_SIZE
    }

    /// Sends all of it, as few calls as can be, and empties it.
    pub(super) fn send(&mut self, out: &mut Outbox) {
        let (mut bytes, mut each) = out.datagrams();
        while let Some((to, size)) = each.first().copied() {
            let most = self.state.max_gso_segments().min(MOST_BYTES / size.max(1)).max(1);
            // All of one length, and a last one that may be shorter.
            let same = each.iter().take(most).take_while(|next| **next == (to, size)).count();
            let shorter =
                each.get(same).filter(|(next, length)| same < most && *next == to && *length < size);
            let count = same + usize::from(shorter.is_some());
            let (run, rest) = bytes
                .split_at_checked(same * size + shorter.map_or(0, |(_, length)| *length))
                .unwrap_or((bytes, &[]));
            self.send_run(to, run, size, count);
            (bytes, each) = (rest, each.get(count..).unwrap_or_default());
        }
        out.clear();
    }

    fn send_run(&mut self, destination: SocketAddr, contents: &[u8], size: usize, count: usize) {
        let segment_size = (count > 1).then_some(size);
        let transmit = Transmit { destination, ecn: None, contents, segment_size, src_ip: None };
        self.counted.send_calls += 1;
        self.server = Some(destination);
        match self.state.try_send(UdpSockRef::from(&self.socket), &transmit) {
            Ok(()) => self.counted.sent += count as u64,
            Err(_) => self.counted.unsent += count as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_from_silence() {
        let poll = mio::Poll::new().unwrap();
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let (mut line, address) = Line::open(nobody, poll.registry(), Token(0)).unwrap();
        assert_eq!(address.ip(), IpAddr::from(Ipv4Addr::LOCALHOST));
        assert!(!line.receive(&mut Batch::new(), |_, _| ()), "nothing waits");
    }
}
