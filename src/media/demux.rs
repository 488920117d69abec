//! Which peer a datagram is for: STUN by the ufrag we gave out, the rest by an authenticated path. O(1) each.
//!
//! A path (protocol and two addresses) is learned only from a STUN request whose integrity was checked, is bounded per peer, and leaves with it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::limits::{Limit, Limits, Tally};

/// What a datagram is, by its first byte (RFC 7983).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatagramKind {
    /// STUN (RFC 8489).
    Stun,
    /// DTLS (RFC 6347).
    Dtls,
    /// SRTP or SRTCP (RFC 3711).
    Srtp,
    /// Nothing we know.
    Unknown,
}

impl DatagramKind {
    /// Classifies a datagram.
    #[must_use]
    pub fn of(datagram: &[u8]) -> DatagramKind {
        match datagram.first() {
            Some(0..=1) if datagram.len() >= 20 => DatagramKind::Stun,
            Some(20..=63) if datagram.len() >= 13 => DatagramKind::Dtls,
            Some(128..=191) if datagram.len() >= 12 => DatagramKind::Srtp,
            _ => DatagramKind::Unknown,
        }
    }
}

/// What carries datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Each as it is.
    Udp,
    /// In frames of one connection (RFC 4571).
    Tcp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Udp => "UDP",
            Protocol::Tcp => "TCP",
        })
    }
}

/// The way a datagram came: by what, from where, to which of our addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// What carries it.
    pub protocol: Protocol,
    /// The client's address.
    pub remote: SocketAddr,
    /// Ours, as announced.
    pub local: SocketAddr,
}

impl Path {
    /// A way over UDP.
    #[must_use]
    pub const fn udp(remote: SocketAddr, local: SocketAddr) -> Path {
        Path { protocol: Protocol::Udp, remote, local }
    }

    /// A way over TCP.
    #[must_use]
    pub const fn tcp(remote: SocketAddr, local: SocketAddr) -> Path {
        Path { protocol: Protocol::Tcp, remote, local }
    }
}

/// An address that a peer has not used for this long may make room for a new one.
const IDLE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Known {
    path: Path,
    used: Instant,
}

/// The tables of one worker.
#[derive(Debug, Default)]
pub struct Demux {
    /// Names of our own making, so hashed without a key.
    ufrags: FxHashMap<String, u32>,
    /// Addresses of clients' choosing: in a hash table without a secret key they could be made to collide.
    paths: BTreeMap<Path, u32>,
    /// Which paths each peer has, in no order: there are few.
    known: FxHashMap<u32, Vec<Known>>,
}

impl Demux {
    /// Gives STUN for `ufrag` to the peer with the slab index `key`.
    pub fn add_ufrag(&mut self, ufrag: &str, key: u32) {
        self.ufrags.insert(ufrag.to_owned(), key);
    }

    /// Forgets `ufrag`.
    pub fn remove_ufrag(&mut self, ufrag: &str) {
        self.ufrags.remove(ufrag);
    }

    /// Whose ufrag this is.
    #[must_use]
    pub fn by_ufrag(&self, ufrag: &str) -> Option<u32> {
        self.ufrags.get(ufrag).copied()
    }

    /// Whose path this is.
    #[must_use]
    pub fn by_path(&self, path: &Path) -> Option<u32> {
        self.paths.get(path).copied()
    }

    /// Learns that an authenticated request of `key` came by `path`. Returns false if the peer has too many already.
    pub fn learn(&mut self, key: u32, path: Path, now: Instant, limits: &Limits, tally: &mut Tally) -> bool {
        let known = self.known.entry(key).or_default();
        if let Some(entry) = known.iter_mut().find(|entry| entry.path == path) {
            entry.used = now;
            return true;
        }
        if known.len() >= limits.get(Limit::AddressesPerPeer) {
            tally.hit(Limit::AddressesPerPeer);
            let oldest = known.iter().enumerate().min_by_key(|(_, entry)| entry.used);
            let Some((index, oldest)) = oldest else { return false };
            if now.saturating_duration_since(oldest.used) < IDLE {
                return false;
            }
            let gone = known.swap_remove(index).path;
            self.paths.remove(&gone);
        }
        known.push(Known { path, used: now });
        if let Some(other) = self.paths.insert(path, key).filter(|other| *other != key)
            && let Some(theirs) = self.known.get_mut(&other)
        {
            theirs.retain(|entry| entry.path != path);
        }
        true
    }

    /// Forgets one path: nobody may come to it again by chance. Whose it was.
    pub fn forget_path(&mut self, path: &Path) -> Option<u32> {
        let key = self.paths.remove(path)?;
        if let Some(known) = self.known.get_mut(&key) {
            known.retain(|entry| entry.path != *path);
        }
        Some(key)
    }

    /// Forgets every path of `key`.
    pub fn forget_paths(&mut self, key: u32) {
        for known in self.known.remove(&key).unwrap_or_default() {
            self.paths.remove(&known.path);
        }
    }

    /// How many paths are known in all.
    #[must_use]
    pub fn paths(&self) -> usize {
        self.paths.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::testing;

    fn path(port: u16) -> Path {
        Path::udp(([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 1).into())
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_an_idle_one_makes_room() {
        let (mut demux, limits, mut tally) = (Demux::default(), Limits::default(), Tally::default());
        let now = Instant::now();
        let learned = (1..100).filter(|port| demux.learn(7, path(*port), now, &limits, &mut tally)).count();
        assert_eq!(learned, limits.get(Limit::AddressesPerPeer));
        assert!(tally.count(Limit::AddressesPerPeer) > 0);
        assert!(demux.learn(7, path(500), now + IDLE, &limits, &mut tally));
        assert_eq!(demux.by_path(&path(500)), Some(7));
        assert_eq!(demux.paths(), limits.get(Limit::AddressesPerPeer));
        demux.forget_paths(7);
        assert_eq!(demux.paths(), 0);
    }

    #[test]
    fn addresses_that_were_chosen_with_care_are_found_as_fast_as_others() {
        let path = |number: u64| {
            let remote = std::net::Ipv6Addr::from(0xfe80_u128 << 112 | u128::from(number));
            Path::udp((remote, 5_000).into(), ([127, 0, 0, 1], 1).into())
        };
        testing::assert_crafted_are_found_as_fast(&path, |paths| {
            let (mut demux, now) = (Demux::default(), Instant::now());
            for (path, peer) in paths.iter().zip(0_u32..) {
                let (limits, mut tally) = (Limits::default(), Tally::default());
                assert!(demux.learn(peer / 16, *path, now, &limits, &mut tally));
            }
            move |path| demux.by_path(path).is_some()
        });
    }

    #[test]
    fn a_path_belongs_to_whoever_authenticated_last_and_survives_the_others_leaving() {
        let (mut demux, limits, mut tally) = (Demux::default(), Limits::default(), Tally::default());
        let now = Instant::now();
        demux.learn(1, path(5), now, &limits, &mut tally);
        demux.learn(2, path(5), now, &limits, &mut tally);
        demux.forget_paths(1);
        assert_eq!(demux.by_path(&path(5)), Some(2));
    }

    #[test]
    fn the_same_addresses_over_tcp_are_another_path_and_one_that_ended_makes_room() {
        let (mut demux, mut tally) = (Demux::default(), Tally::default());
        let limits = Limits::default().with(Limit::AddressesPerPeer, 1);
        let now = Instant::now();
        let over_udp = path(5);
        let over_tcp = Path { protocol: Protocol::Tcp, ..over_udp };
        assert!(demux.learn(1, over_tcp, now, &limits, &mut tally));
        assert_eq!((demux.by_path(&over_udp), demux.by_path(&over_tcp)), (None, Some(1)));
        assert!(!demux.learn(1, over_udp, now, &limits, &mut tally), "one is all there may be");
        assert_eq!(demux.forget_path(&over_tcp), Some(1));
        assert_eq!((demux.by_path(&over_tcp), demux.forget_path(&over_tcp)), (None, None));
        assert!(demux.learn(1, over_udp, now, &limits, &mut tally));
    }
}
