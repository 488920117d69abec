//! The operator's TURN server: its addresses, and the secret shared with it.

use std::fs;
use std::net::Ipv6Addr;
use std::path::Path;
use std::str::FromStr;

use super::Stop;
use crate::conference::{Turn, TurnSecret};

/// The address of a TURN server (RFC 7065), in the form that every browser reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TurnUrl(String);

impl FromStr for TurnUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<TurnUrl, String> {
        let text = text.trim();
        let wrong = |why: &str| {
            Err(format!("{why}: write turn:HOST:PORT?transport=udp, tcp for udp, or turns: for TLS"))
        };
        let Some(rest) = text.strip_prefix("turns:").or_else(|| text.strip_prefix("turn:")) else {
            return wrong("neither turn: nor turns:");
        };
        let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
        if !matches!(query, None | Some("transport=udp" | "transport=tcp")) {
            return wrong("the transport is neither udp nor tcp");
        }
        let (host, port) = split_port(place);
        if !is_host(host) {
            return wrong("no name of a host and no IP address (an IPv6 address stands in brackets)");
        }
        if port.is_some_and(|port| !is_port(port)) {
            return wrong("the port is not one from 1 to 65535");
        }
        Ok(TurnUrl(text.to_owned()))
    }
}

/// The host, in brackets if it is an IPv6 address, and what follows its colon.
fn split_port(place: &str) -> (&str, Option<&str>) {
    let after_host = place.rfind(']').map_or(0, |bracket| bracket + 1);
    match place.get(after_host..).and_then(|rest| rest.find(':')) {
        Some(colon) => {
            let (host, port) = place.split_at(after_host + colon);
            (host, port.get(1..))
        }
        None => (place, None),
    }
}

/// The characters of an address of IPv4 are those of a name, too.
fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[') {
        return literal.strip_suffix(']').is_some_and(|v6| v6.parse::<Ipv6Addr>().is_ok());
    }
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !host.is_empty() && host.bytes().all(of_name)
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The TURN server that clients are told of, if the operator has one.
///
/// # Errors
/// [`Stop`] with one line on the file of the secret.
pub(super) fn settle(urls: &[TurnUrl], secret: Option<&Path>) -> Result<Option<Turn>, Stop> {
    let Some(path) = secret.filter(|_| !urls.is_empty()) else { return Ok(None) };
    let problem =
        |what: &str| Stop { text: format!("--turn-secret-file {}: {what}", path.display()), code: 1 };
    let bytes = fs::read(path).map_err(|error| problem(&format!("it cannot be read: {error}")))?;
    let secret = TurnSecret::new(without_line_end(&bytes)).ok_or_else(|| {
        problem(&format!("it holds no secret of at least {} bytes", TurnSecret::LEAST_BYTES))
    })?;
    Ok(Some(Turn { urls: urls.iter().map(|TurnUrl(url)| url.clone()).collect(), secret }))
}

/// Editors end a file with a line feed that is no part of the secret.
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_browsers_read_are_taken_as_they_are() {
        for url in [
            "turn:turn.example.org",
            "turn:turn.example.org:3478",
            "turn:turn.example.org:3478?transport=udp",
            "turns:turn.example.org:5349?transport=tcp",
            "turn:192.0.2.1?transport=tcp",
            "turn:[2001:db8::1]",
            "turns:[2001:db8::1]:443?transport=tcp",
        ] {
            assert_eq!(url.parse(), Ok(TurnUrl(url.to_owned())));
        }
    }

    #[test]
    fn an_address_that_would_keep_browsers_from_calling_is_refused() {
        for url in [
            "",
            "turn.example.org:3478",
            "stun:turn.example.org",
            "turn://turn.example.org",
            "turn:",
            "turn::3478",
            "turn:a b",
            "turn:user@turn.example.org",
            "turn:turn.example.org/path",
            "turn:turn.example.org:",
            "turn:turn.example.org:0",
            "turn:turn.example.org:+80",
            "turn:turn.example.org:65536",
            "turn:2001:db8::1",
            "turn:[2001:db8::1",
            "turn:[192.0.2.1]",
            "turn:[2001:db8::1]3478",
            "turn:turn.example.org?transport=sctp",
            "turn:turn.example.org?transport=udp&x=1",
        ] {
            let refused: Result<TurnUrl, String> = url.parse();
            assert_eq!(refused.unwrap_err().lines().count(), 1, "{url}");
        }
    }

    #[test]
    fn a_line_end_is_no_part_of_the_secret() {
        for file in ["0123456789abcdef", "0123456789abcdef\n", "0123456789abcdef\r\n"] {
            assert_eq!(without_line_end(file.as_bytes()), b"0123456789abcdef");
        }
        assert_eq!(without_line_end(b"0123456789abcdef \n\n"), b"0123456789abcdef \n");
    }
}
