//! Which calls are made: each way, to which address.

use std::net::IpAddr;

use crate::config::Announced;

/// Announced addresses that are called at most: the best are the first. A machine with hundreds of bridges has no better ones behind.
const MOST_ADDRESSES: usize = 8;

/// The ports of TURN without and with TLS (RFC 8656, section 3.1).
const TURN_PORT: u16 = 3478;
const TURNS_PORT: u16 = 5349;

/// By what media travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// UDP to the media port.
    Udp,
    /// TCP to the media port.
    Tcp,
    /// A TURN server, UDP to it.
    TurnUdp,
    /// A TURN server, TCP to it.
    TurnTcp,
    /// A TURN server, TLS to it.
    TurnTls,
}

impl Way {
    pub(super) const ALL: [Way; 5] = [Way::Udp, Way::Tcp, Way::TurnUdp, Way::TurnTcp, Way::TurnTls];

    /// As numbers and the log call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Way::Udp => "udp",
            Way::Tcp => "tcp",
            Way::TurnUdp => "turn-udp",
            Way::TurnTcp => "turn-tcp",
            Way::TurnTls => "turn-tls",
        }
    }
}

/// A TURN server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RelayPlace {
    /// Its name or address, without brackets.
    pub host: String,
    pub port: u16,
}

/// One way to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub way: Way,
    /// The announced address.
    pub public: IpAddr,
    /// The one behind it, if it is another.
    pub local: Option<IpAddr>,
    /// By which relay.
    pub relay: Option<RelayPlace>,
}

/// All of them.
pub(super) fn routes(announced: &[Announced], turn: &[String]) -> Vec<Route> {
    let mut routes = Vec::new();
    for known in announced.iter().take(MOST_ADDRESSES) {
        for way in [Way::Udp, Way::Tcp] {
            routes.push(Route { way, public: known.public, local: behind(known), relay: None });
        }
    }
    // A relay leads to no loopback address, and its own are mostly of IPv4.
    let worth = |known: &&Announced| (known.public.is_loopback(), known.public.is_ipv6());
    if let Some(known) = announced.iter().min_by_key(worth) {
        for (way, place) in turn.iter().filter_map(|url| read(url)) {
            routes.push(Route { way, public: known.public, local: None, relay: Some(place) });
        }
    }
    routes
}

/// The address of this machine that stands behind an announced one; whichever there is, if the operator named none.
fn behind(known: &Announced) -> Option<IpAddr> {
    let local = match known.local {
        any if !any.is_unspecified() => any,
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16]),
    };
    (local != known.public).then_some(local)
}

/// The place and the way of a TURN URL (RFC 7065) of the settings, which were looked at before.
fn read(url: &str) -> Option<(Way, RelayPlace)> {
    let (scheme, rest) = url.split_once(':')?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (way, port) = match (scheme, query) {
        ("turn", "transport=tcp") => (Way::TurnTcp, TURN_PORT),
        ("turn", _) => (Way::TurnUdp, TURN_PORT),
        ("turns", "" | "transport=tcp") => (Way::TurnTls, TURNS_PORT),
        // TLS over UDP, which no browser speaks.
        _ => return None,
    };
    let after_host = place.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match place.get(after_host..).and_then(|rest| rest.find(':')) {
        Some(colon) => {
            let (host, port) = place.split_at_checked(after_host + colon)?;
            (host, port.trim_start_matches(':').parse().ok()?)
        }
        None => (place, port),
    };
    Some((way, RelayPlace { host: host.trim_matches(['[', ']']).to_owned(), port }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(local: &str, public: &str) -> Announced {
        Announced { local: local.parse().unwrap(), public: public.parse().unwrap() }
    }

    #[test]
    fn every_announced_address_is_called_both_ways_and_compared_with_the_one_behind() {
        let found = routes(
            &[announced("10.0.0.1", "192.0.2.1"), announced("0.0.0.0", "192.0.2.2"), announced("::1", "::1")],
            &[],
        );
        let told: Vec<_> = found.iter().map(|route| (route.way, route.public, route.local)).collect();
        let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
        let both = |public, local| [(Way::Udp, public, local), (Way::Tcp, public, local)];
        let expected: Vec<_> = [
            both(ip("192.0.2.1"), Some(ip("10.0.0.1"))),
            both(ip("192.0.2.2"), Some(ip("127.0.0.1"))),
            both(ip("::1"), None),
        ]
        .concat();
        assert_eq!(told, expected);
        let many: Vec<_> = (0..200).map(|n| announced("0.0.0.0", &format!("192.0.2.{n}"))).collect();
        assert_eq!(routes(&many, &[]).len(), 2 * MOST_ADDRESSES);
    }

    #[test]
    fn every_relay_is_called_by_its_own_way() {
        let all =
            [announced("::1", "::1"), announced("127.0.0.1", "127.0.0.1"), announced("0.0.0.0", "192.0.2.1")];
        let urls = [
            "turn:turn.example.org",
            "turn:192.0.2.9:3479?transport=tcp",
            "turns:[2001:db8::1]:443?transport=tcp",
            "turns:turn.example.org?transport=udp",
        ];
        let found = routes(&all, &urls.map(str::to_owned));
        let relays: Vec<_> = found
            .iter()
            .filter_map(|route| {
                let place = route.relay.as_ref()?;
                Some((route.way, place.host.as_str(), place.port, route.public.to_string()))
            })
            .collect();
        let to = || "192.0.2.1".to_owned();
        let expected = [
            (Way::TurnUdp, "turn.example.org", 3478, to()),
            (Way::TurnTcp, "192.0.2.9", 3479, to()),
            (Way::TurnTls, "2001:db8::1", 443, to()),
        ];
        assert_eq!(relays, expected);
    }
}
