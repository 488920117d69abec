//! Which peer a datagram is for: STUN by the ufrag we gave out, the rest by an authenticated path. O(1) each.
//!
//! A path (protocol and two addresses) is learned only from a STUN request whose integrity was checked. How many a peer may
//! have, and what goes there, is in `paths`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use rustc_hash::FxHashMap;

use super::table::PeerKey;

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

/// The tables of one worker.
#[derive(Debug, Default)]
pub struct Demux {
    /// Names of our own making, so hashed without a key.
    ufrags: FxHashMap<String, PeerKey>,
    /// Addresses of clients' choosing: in a hash table without a secret key they could be made to collide.
    paths: BTreeMap<Path, PeerKey>,
}

impl Demux {
    /// Gives STUN for `ufrag` to the peer `key`.
    pub fn add_ufrag(&mut self, ufrag: &str, key: PeerKey) {
        self.ufrags.insert(ufrag.to_owned(), key);
    }

    /// Forgets `ufrag`.
    pub fn remove_ufrag(&mut self, ufrag: &str) {
        self.ufrags.remove(ufrag);
    }

    /// Whose ufrag this is.
    #[must_use]
    pub fn by_ufrag(&self, ufrag: &str) -> Option<PeerKey> {
        self.ufrags.get(ufrag).copied()
    }

    /// Gives what comes by `path` to `key`, which has authenticated there. Whose it was.
    pub fn add_path(&mut self, path: Path, key: PeerKey) -> Option<PeerKey> {
        self.paths.insert(path, key)
    }

    /// Whose path this is.
    #[must_use]
    pub fn by_path(&self, path: &Path) -> Option<PeerKey> {
        self.paths.get(path).copied()
    }

    /// Forgets one path: nobody may come to it again by chance. Whose it was.
    pub fn forget_path(&mut self, path: &Path) -> Option<PeerKey> {
        self.paths.remove(path)
    }

    /// Forgets a path if it is `key`'s.
    pub fn forget_path_of(&mut self, key: PeerKey, path: &Path) {
        if self.by_path(path) == Some(key) {
            self.paths.remove(path);
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
    use crate::media::table::Key;
    use crate::media::testing;

    #[test]
    fn addresses_that_were_chosen_with_care_are_found_as_fast_as_others() {
        let path = |number: u64| {
            let remote = std::net::Ipv6Addr::from(0xfe80_u128 << 112 | u128::from(number));
            Path::udp((remote, 5_000).into(), ([127, 0, 0, 1], 1).into())
        };
        testing::assert_crafted_are_found_as_fast(&path, |paths| {
            let mut demux = Demux::default();
            for (path, peer) in paths.iter().zip(0_u32..) {
                assert_eq!(demux.add_path(*path, PeerKey::of(peer / 16)), None);
            }
            move |path| demux.by_path(path).is_some()
        });
    }
}
