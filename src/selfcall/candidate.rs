//! An answer that leads to one address, by one protocol. Pure.

use std::net::{IpAddr, SocketAddr};

use crate::media::Protocol;

/// Leaves of the candidates of an answer (RFC 8839, section 5.1) the one that is `public` and of this protocol, and has it lead to the same
/// port of `to`. Says where that is; `None` if there is none such.
pub(super) fn only(
    sdp: &str,
    protocol: Protocol,
    public: IpAddr,
    to: IpAddr,
) -> Option<(String, SocketAddr)> {
    let (mut left, mut found) = (String::with_capacity(sdp.len()), None);
    for line in sdp.lines() {
        let line = match line.strip_prefix("a=candidate:") {
            None => line.to_owned(),
            Some(candidate) => match led(candidate, protocol, public, to) {
                None => continue,
                Some((candidate, place)) => {
                    found = Some(place);
                    format!("a=candidate:{candidate}")
                }
            },
        };
        left.push_str(&line);
        left.push_str("\r\n");
    }
    found.map(|place| (left, place))
}

fn led(candidate: &str, protocol: Protocol, public: IpAddr, to: IpAddr) -> Option<(String, SocketAddr)> {
    let mut words: Vec<&str> = candidate.split(' ').collect();
    let [_, _, transport, _, address, port, ..] = words[..] else { return None };
    let wanted = match protocol {
        Protocol::Udp => "udp",
        Protocol::Tcp => "tcp",
    };
    let is_it = transport.eq_ignore_ascii_case(wanted) && address.parse::<IpAddr>().ok()? == public;
    let place = is_it.then_some(SocketAddr::new(to, port.parse().ok()?))?;
    let to = to.to_string();
    if let Some(address) = words.get_mut(4) {
        *address = &to;
    }
    Some((words.join(" "), place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
        a=candidate:1 1 udp 2113937151 192.0.2.1 61000 typ host\r\n\
        a=candidate:2 1 tcp 1505756159 192.0.2.1 61000 typ host tcptype passive\r\n\
        a=candidate:3 1 udp 2113937150 2001:db8::1 61001 typ host\r\na=end-of-candidates\r\n";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_answer_leads_where_it_is_to_lead_and_nowhere_else() {
        let (udp, place) = only(ANSWER, Protocol::Udp, ip("192.0.2.1"), ip("192.0.2.1")).unwrap();
        assert_eq!(place.to_string(), "192.0.2.1:61000");
        assert_eq!(udp.matches("a=candidate:").count(), 1);
        assert!(udp.contains("a=candidate:1 1 udp 2113937151 192.0.2.1 61000 typ host\r\n"));
        assert!(udp.contains("a=end-of-candidates\r\n"));
        let (tcp, place) = only(ANSWER, Protocol::Tcp, ip("192.0.2.1"), ip("10.0.0.1")).unwrap();
        assert_eq!(place.to_string(), "10.0.0.1:61000");
        assert!(tcp.contains("a=candidate:2 1 tcp 1505756159 10.0.0.1 61000 typ host tcptype passive\r\n"));
        assert!(!tcp.contains("192.0.2.1"));
        assert_eq!(only(ANSWER, Protocol::Tcp, ip("2001:db8::1"), ip("::1")), None);
        assert_eq!(only("v=0\r\na=candidate:1 1\r\n", Protocol::Udp, ip("::1"), ip("::1")), None);
    }
}
