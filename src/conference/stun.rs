//! Where browsers find their outer addresses: the workers' own ports answer plain STUN.

use std::net::{IpAddr, SocketAddr};

use super::protocol::IceServer;
use crate::ledger::ClientAddress;

/// Addresses that are told at most. Browsers ask every one of them before they are done, and warn from five on.
const MOST: usize = 3;

/// What clients are told to ask (RFC 7064), of a worker that listens on `port` of these addresses. Those that strangers can
/// reach come first: an outer address is seen from outside.
#[must_use]
pub fn stun_urls(addresses: impl IntoIterator<Item = IpAddr>, port: u16) -> Vec<String> {
    let mut addresses: Vec<IpAddr> = addresses.into_iter().map(|address| address.to_canonical()).collect();
    addresses.sort_by_key(|address| ClientAddress::of(*address).is_private());
    let mut urls = Vec::new();
    for address in addresses {
        let url = format!("stun:{}", SocketAddr::new(address, port));
        if urls.len() < MOST && !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

/// The same as `RTCPeerConnection` wants it.
pub(super) fn servers(urls: &[String]) -> Vec<IceServer> {
    let server = || IceServer { urls: urls.to_vec(), username: None, credential: None };
    (!urls.is_empty()).then(server).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(addresses: &[&str]) -> Vec<String> {
        stun_urls(addresses.iter().map(|address| address.parse().unwrap()), 3478)
    }

    #[test]
    fn addresses_are_written_as_browsers_read_them() {
        assert_eq!(
            urls(&["203.0.113.5", "2001:db8::5", "::ffff:203.0.113.5"]),
            ["stun:203.0.113.5:3478", "stun:[2001:db8::5]:3478"]
        );
    }

    #[test]
    fn those_that_see_from_outside_come_first_and_few_are_told() {
        assert_eq!(
            urls(&["10.0.0.1", "172.17.0.1", "203.0.113.5", "127.0.0.1", "2001:db8::5"]),
            ["stun:203.0.113.5:3478", "stun:[2001:db8::5]:3478", "stun:10.0.0.1:3478"]
        );
        assert_eq!(servers(&urls(&[])), []);
    }
}
