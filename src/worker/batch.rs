//! Datagrams for several destinations, handed over in one call (`sendmmsg`).
//!
//! What goes to one destination leaves as one run (segmentation). Packets that are spread evenly are a run of one datagram for each
//! receiver: these wait here until the turn's end, or something longer follows, so that order is kept. Nothing waits for a clock.

use std::fmt;
use std::io::IoSlice;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;

use nix::cmsg_space;
use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};

/// Datagrams of one call at most: with 16, what a call costs beside them is a twentieth of it, and they are 20 kB, which stay
/// in the cache.
pub const MOST: usize = 16;

/// Single datagrams, all from one address of ours.
pub struct Batch {
    /// Where each goes.
    waiting: Vec<SocketAddr>,
    /// As many buffers as there can be datagrams, kept for the next ones.
    buffers: Vec<Vec<u8>>,
    src_ip: Option<IpAddr>,
    headers: Headers,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("waiting", &self.waiting)
            .field("src_ip", &self.src_ip)
            .finish_non_exhaustive()
    }
}

/// What the kernel reads, by what is said of our own address: each length has its own.
struct Headers {
    any: MultiHeaders<SockaddrStorage>,
    v4: MultiHeaders<SockaddrStorage>,
    v6: MultiHeaders<SockaddrStorage>,
}

impl Batch {
    /// An empty one, for the thread that sends.
    #[must_use]
    pub fn new() -> Batch {
        Batch {
            waiting: Vec::with_capacity(MOST),
            buffers: vec![Vec::new(); MOST],
            src_ip: None,
            headers: Headers {
                any: MultiHeaders::preallocate(MOST, None),
                v4: MultiHeaders::preallocate(MOST, Some(cmsg_space!(in_pktinfo))),
                v6: MultiHeaders::preallocate(MOST, Some(cmsg_space!(in6_pktinfo))),
            },
        }
    }

    /// Whether a datagram from `src_ip` to `destination` can be one of this batch.
    #[must_use]
    pub fn takes(&self, destination: SocketAddr, src_ip: Option<IpAddr>) -> bool {
        self.waiting.first().is_none_or(|first| {
            self.waiting.len() < MOST && self.src_ip == src_ip && first.is_ipv4() == destination.is_ipv4()
        })
    }

    /// Takes a datagram, and gives another buffer for it. It has room: [`Batch::takes`] said so.
    pub fn push(&mut self, destination: SocketAddr, src_ip: Option<IpAddr>, datagram: &mut Vec<u8>) {
        let Some(buffer) = self.buffers.get_mut(self.waiting.len()) else { return };
        self.waiting.push(destination);
        std::mem::swap(buffer, datagram);
        self.src_ip = src_ip;
    }

    /// Where the first of them goes.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        self.waiting.first().copied()
    }

    /// Their common address of ours.
    #[must_use]
    pub fn src_ip(&self) -> Option<IpAddr> {
        self.src_ip
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.waiting.iter().copied().zip(self.buffers.iter().map(Vec::as_slice))
    }

    /// They are gone.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Hands over those from the `from`-th on, in one call: how many of them the kernel took. It stops at the first that it
    /// refuses, and tells why if that is the first of all.
    ///
    /// # Errors
    /// What the kernel has against the first of them.
    pub fn send(&mut self, socket: RawFd, from: usize) -> std::io::Result<usize> {
        let mut slices = [[IoSlice::new(&[])]; MOST];
        let mut destinations = [None; MOST];
        let mut count = 0;
        let places = slices.iter_mut().zip(&mut destinations);
        let singles = self.waiting.iter().zip(&self.buffers).skip(from);
        for (([slice], destination), (to, buffer)) in places.zip(singles) {
            *slice = IoSlice::new(buffer);
            *destination = Some(SockaddrStorage::from(*to));
            count += 1;
        }
        let (slices, destinations) =
            (slices.get(..count).unwrap_or_default(), destinations.get(..count).unwrap_or_default());
        let flags = MsgFlags::empty();
        let sent = match self.src_ip {
            None => sendmmsg(socket, &mut self.headers.any, slices, destinations, [], flags)?.count(),
            Some(IpAddr::V4(address)) => {
                let ipi_spec_dst = in_addr { s_addr: u32::from_ne_bytes(address.octets()) };
                let info = in_pktinfo { ipi_ifindex: 0, ipi_spec_dst, ipi_addr: in_addr { s_addr: 0 } };
                let ours = [ControlMessage::Ipv4PacketInfo(&info)];
                sendmmsg(socket, &mut self.headers.v4, slices, destinations, ours, flags)?.count()
            }
            Some(IpAddr::V6(address)) => {
                let ipi6_addr = in6_addr { s6_addr: address.octets() };
                let info = in6_pktinfo { ipi6_addr, ipi6_ifindex: 0 };
                let ours = [ControlMessage::Ipv6PacketInfo(&info)];
                sendmmsg(socket, &mut self.headers.v6, slices, destinations, ours, flags)?.count()
            }
        };
        Ok(sent)
    }
}
