//! Who is counted: the address somebody comes from, no finer than networks give them out.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// The bits of an IPv6 address that name a network: whoever has one address of a /64 has all of them (RFC 4291, section
/// 2.5.4; privacy addresses of RFC 8981 change within it).
const NETWORK: u128 = !0 << 64;

/// A client's address as it is counted: one of IPv4, or a /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "IpAddr", into = "IpAddr")]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The address, however it is written: v4-mapped addresses are made plain.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => Self(Ipv6Addr::from_bits(v6.to_bits() & NETWORK).into()),
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }

    /// Whether it is one that no stranger on the Internet has: of a private network (RFC 1918, RFC 4193), of this machine
    /// or of its link. Many people behind one of these are behind a proxy or a gateway of the operator's own.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match self.0 {
            IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
            // The /64 of ::1 is ::.
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified(),
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self::of(address)
    }
}

impl From<ClientAddress> for IpAddr {
    fn from(address: ClientAddress) -> Self {
        address.0
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> ClientAddress {
        ClientAddress::of(text.parse().unwrap())
    }

    #[test]
    fn whoever_has_a_network_is_one_however_the_address_is_written() {
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
        assert_eq!(of("::ffff:192.0.2.1").to_string(), "192.0.2.1");
    }

    #[test]
    fn private_is_what_no_stranger_has() {
        for private in
            ["10.213.77.1", "172.17.0.1", "192.168.0.9", "127.0.0.2", "169.254.1.1", "::1", "fd00::1"]
        {
            assert!(of(private).is_private(), "{private}");
        }
        for public in ["192.0.2.1", "172.32.0.1", "100.64.0.1", "2001:db8::1"] {
            assert!(!of(public).is_private(), "{public}");
        }
    }
}
