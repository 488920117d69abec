//! Whom a request is for: a host's name or address, and a port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// Bytes of a name (RFC 1035, 2.3.4).
const NAME_BYTES: usize = 253;

/// Bytes of one of its labels.
const LABEL_BYTES: usize = 63;

/// A host without a port: a name in lower case, without the dot at its end, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostName {
    /// `meet.example.org`.
    Name(Box<str>),
    /// `192.0.2.1`, `::1`.
    Address(IpAddr),
}

/// It is neither a name nor an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("neither the name of a host nor an address, without https:// and port")]
pub struct NoHost;

impl HostName {
    /// Reached only from the machine itself, or known by no name: what is promised about such a host is nobody's.
    pub fn is_local_or_address(&self) -> bool {
        match self {
            HostName::Address(_) => true,
            HostName::Name(_) => self.is_loopback(),
        }
    }

    /// Whoever asks for it asks the machine they sit at: `localhost` (RFC 6761, 6.3) and the loopback addresses.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            HostName::Address(address) => address.to_canonical().is_loopback(),
            HostName::Name(name) => &**name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

impl FromStr for HostName {
    type Err = NoHost;

    /// Reads what may stand in an address bar: an IPv6 address may have its brackets.
    fn from_str(text: &str) -> Result<Self, NoHost> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').and_then(|inner| inner.parse::<Ipv6Addr>().ok());
            return address.map(|address| HostName::Address(address.into())).ok_or(NoHost);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(HostName::Address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            (1..=LABEL_BYTES).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        // What ends in a number is an address to some and a name to others.
        let ends_in_number =
            name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        if name.len() > NAME_BYTES || ends_in_number || !name.split('.').all(is_label) {
            return Err(NoHost);
        }
        Ok(HostName::Name(name.to_ascii_lowercase().into()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostName::Name(name) => f.write_str(name),
            HostName::Address(IpAddr::V4(address)) => address.fmt(f),
            HostName::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// How a page is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::control) enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// Reads the name of one; a WebSocket's is that of the page it belongs to.
    pub fn read(text: &str) -> Option<Self> {
        let is = |name: &str| text.eq_ignore_ascii_case(name);
        if is("https") || is("wss") {
            Some(Scheme::Https)
        } else {
            (is("http") || is("ws")).then_some(Scheme::Http)
        }
    }

    /// The port where none is named.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// A `Host` (RFC 9110, 7.2) or the authority of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::control) struct Host {
    /// Whose.
    pub name: HostName,
    /// `None` for the one that goes without saying.
    pub port: Option<u16>,
}

impl Host {
    /// Reads one; `None` also for what RFC 3986 allows and no host of ours has: nothing at all, a user's name, escapes.
    pub fn read(text: &str) -> Option<Self> {
        let at = text.rfind(':').filter(|at| !text.get(*at..).is_some_and(|rest| rest.contains(']')));
        let (name, port) = at.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
        // Unbracketed, an IPv6 address has its colons in the name.
        if name.contains(':') && !name.starts_with('[') {
            return None;
        }
        let port = match port.strip_prefix(':').unwrap_or_default() {
            "" => None,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|port| *port != 0)?)
            }
            _ => return None,
        };
        Some(Self { name: name.parse().ok()?, port })
    }

    /// Whether both are one place, under this scheme.
    pub fn is(&self, other: &Self, scheme: Scheme) -> bool {
        self.name == other.name && self.port_under(scheme) == other.port_under(scheme)
    }

    /// The port, also where it goes without saying.
    pub fn port_under(&self, scheme: Scheme) -> u16 {
        self.port.unwrap_or(scheme.default_port())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_as_browsers_write_it() {
        for (text, read) in [
            ("localhost", "localhost"),
            ("Meet.Example.ORG", "meet.example.org"),
            ("meet.example.org.", "meet.example.org"),
            ("meet.example.org:8443", "meet.example.org:8443"),
            ("meet.example.org:", "meet.example.org"),
            ("my_container:80", "my_container:80"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("192.0.2.7:1", "192.0.2.7:1"),
            ("[2001:DB8::7]:443", "[2001:db8::7]:443"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(Host::read(text).map(|host| host.to_string()).as_deref(), Some(read), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_not_read() {
        for text in [
            "",
            ":80",
            ".",
            "a..b",
            "a b",
            "a,b",
            "a/b",
            "a?b",
            "a#b",
            "user@a",
            "a%2eb",
            "bücher.example",
            "a:b",
            "a:0",
            "a:65536",
            "a:-1",
            "a:+1",
            "a:80:80",
            "::1",
            "[::1",
            "::1]",
            "[::1]x",
            "[::1]:x",
            "[fe80::1%25eth0]",
            "[127.0.0.1]",
            "256.0.0.1",
            "127.1",
            "1.2.3.4.5",
            "http://a",
            &"a".repeat(64),
            &"ab.".repeat(85),
        ] {
            assert_eq!(Host::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_port_may_go_without_saying() {
        let host = |text| Host::read(text).unwrap();
        assert!(host("a").is(&host("A.:443"), Scheme::Https));
        assert!(!host("a").is(&host("a:443"), Scheme::Http));
        assert!(!host("a:1").is(&host("a:2"), Scheme::Http));
        assert!(!host("a").is(&host("b"), Scheme::Http));
    }

    #[test]
    fn what_leads_to_the_machine_one_sits_at_leads_nobody_else_here() {
        for (text, is) in [
            ("localhost", true),
            ("LOCALHOST.", true),
            ("a.localhost", true),
            ("127.0.0.53", true),
            ("::1", true),
            ("[::ffff:127.0.0.1]", true),
            ("192.168.0.1", false),
            ("0.0.0.0", false),
            ("localhost.example", false),
            ("notlocalhost", false),
        ] {
            assert_eq!(text.parse::<HostName>().unwrap().is_loopback(), is, "{text}");
        }
    }

    #[test]
    fn localhost_and_addresses_are_no_names_of_anybody() {
        for (text, is) in
            [("localhost", true), ("a.localhost", true), ("127.0.0.1", true), ("::1", true), ("a", false)]
        {
            assert_eq!(text.parse::<HostName>().unwrap().is_local_or_address(), is, "{text}");
        }
    }
}
