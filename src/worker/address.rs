//! Which of the machine's addresses is announced as what.

use std::net::{IpAddr, SocketAddr};

use crate::config::Announced;

/// Maps between the two. str0m drops STUN whose destination is no candidate of its own, so what a datagram was sent to
/// on this machine is translated to what was announced for it; and back, because an announced address that is not the
/// machine's cannot be sent from.
#[derive(Debug, Clone)]
pub struct AddressMap {
    announced: Vec<Announced>,
    port: u16,
}

impl AddressMap {
    /// A map for a worker that listens on `port`. IPv4 addresses in IPv6 clothes are made plain.
    #[must_use]
    pub fn new(announced: &[Announced], port: u16) -> AddressMap {
        let plain = |announced: &Announced| Announced {
            local: announced.local.to_canonical(),
            public: announced.public.to_canonical(),
        };
        AddressMap { announced: announced.iter().map(plain).collect(), port }
    }

    /// The candidates to announce.
    #[must_use]
    pub fn candidates(&self) -> Vec<SocketAddr> {
        self.announced.iter().map(|announced| SocketAddr::new(announced.public, self.port)).collect()
    }

    /// What was announced for the address a datagram was sent to; `None` if nothing of its family was.
    #[must_use]
    pub fn announced(&self, local: Option<IpAddr>, remote: SocketAddr) -> Option<SocketAddr> {
        let local = local.map(|ip| ip.to_canonical());
        let exact = self.announced.iter().find(|announced| Some(announced.local) == local);
        let same_family = |announced: &&Announced| announced.public.is_ipv4() == remote.is_ipv4();
        let found = exact.or_else(|| self.announced.iter().find(same_family))?;
        Some(SocketAddr::new(found.public, self.port))
    }

    /// The address on this machine to send from for an announced one; `None` where the kernel is to choose.
    #[must_use]
    pub fn local(&self, announced: SocketAddr) -> Option<IpAddr> {
        let known = self.announced.iter().find(|known| known.public == announced.ip())?;
        Some(known.local).filter(|local| !local.is_unspecified())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn behind_a_nat_the_public_address_is_announced_and_the_local_one_sent_from() {
        let map = AddressMap::new(&[Announced { local: ip("10.0.0.5"), public: ip("203.0.113.7") }], 9);
        let remote: SocketAddr = "198.51.100.1:7".parse().expect("an address");
        let public: SocketAddr = "203.0.113.7:9".parse().expect("an address");
        assert_eq!(map.announced(Some(ip("10.0.0.5")), remote), Some(public));
        assert_eq!(map.announced(Some(ip("::ffff:10.0.0.5")), remote), Some(public));
        assert_eq!(map.announced(Some(ip("172.17.0.2")), remote), Some(public), "any will do");
        assert_eq!(map.local(public), Some(ip("10.0.0.5")));
        assert_eq!(map.announced(Some(ip("::1")), "[::1]:7".parse().expect("an address")), None);
    }

    #[test]
    fn an_unspecified_local_address_leaves_the_choice_to_the_kernel() {
        let map = AddressMap::new(&[Announced { local: ip("0.0.0.0"), public: ip("203.0.113.7") }], 9);
        assert_eq!(map.local("203.0.113.7:9".parse().expect("an address")), None);
    }
}
