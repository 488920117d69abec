//! Whether a page of our own opened a WebSocket.

use std::fmt;
use std::str::FromStr;

use http::HeaderMap;
use http::header::ORIGIN;
use thiserror::Error;

use super::host::{Host, Scheme};

/// Why a page may not open a WebSocket here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::control) enum Foreign {
    /// It does not say where it is from; no browser leaves that out.
    Unsaid,
    /// It says so more than once.
    Several,
    /// From nowhere (`null`), or from something without a host.
    Opaque,
    /// It is not known for which host the request is.
    NoHost,
    /// From another place: what of it is another's.
    Elsewhere {
        /// `http` for `https`, or the other way round.
        scheme: bool,
        /// The name or address.
        host: bool,
        /// The port.
        port: bool,
    },
}

impl fmt::Display for Foreign {
    /// Says what was compared, and no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Foreign::Unsaid => f.write_str("the request has no Origin"),
            Foreign::Several => f.write_str("the request has several Origins"),
            Foreign::Opaque => f.write_str("the Origin is no page with a host"),
            Foreign::NoHost => f.write_str("the request is for no host that can be read"),
            Foreign::Elsewhere { scheme, host, port } => {
                let parts = [("scheme", scheme), ("host", host), ("port", port)];
                let words = parts.map(|(part, differs)| {
                    format!("{part} {}", if differs { "differs" } else { "is the same" })
                });
                write!(f, "Origin and Host are two places: {}", words.join(", "))
            }
        }
    }
}

/// Where a page is from (RFC 6454, 6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// How it was loaded.
    pub(in crate::control) scheme: Scheme,
    /// From where.
    pub(in crate::control) host: Host,
}

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an origin is https:// or http:// and a host, with a port if it has one, and nothing after that")]
pub struct NoOrigin;

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let (scheme, host) = text.trim().split_once("://").ok_or(NoOrigin)?;
        let (scheme, host) = Scheme::read(scheme).zip(Host::read(host)).ok_or(NoOrigin)?;
        Ok(Self { scheme, host })
    }
}

impl Origin {
    /// What a request says, if it says so once and that is a page with a host.
    ///
    /// # Errors
    /// [`Foreign`] says what is wrong with it.
    pub(in crate::control) fn of(headers: &HeaderMap) -> Result<Self, Foreign> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = origins.next().ok_or(Foreign::Unsaid)?;
        if origins.next().is_some() {
            return Err(Foreign::Several);
        }
        let (scheme, host) =
            origin.to_str().ok().and_then(|origin| origin.split_once("://")).ok_or(Foreign::Opaque)?;
        let (scheme, host) = Scheme::read(scheme).zip(Host::read(host)).ok_or(Foreign::Opaque)?;
        Ok(Self { scheme, host })
    }

    /// Whether both are one: a port that a scheme has anyway need not be said.
    pub(in crate::control) fn is(&self, other: &Origin) -> bool {
        let parts = |origin: &Origin| {
            (origin.scheme, origin.host.name.clone(), origin.host.port_under(origin.scheme))
        };
        parts(self) == parts(other)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.scheme == Scheme::Https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)
    }
}

/// Checks that a page from `host` itself asks: browsers let any page open a WebSocket to anywhere and only tell where it
/// is from (RFC 6455, 10.2), so this is what keeps strangers' pages out. `scheme` is that of our pages; `None` if a proxy in
/// front of the server decides it and does not say.
///
/// # Errors
/// [`Foreign`] says why it is none of ours.
pub(in crate::control) fn check_origin(
    headers: &HeaderMap,
    host: Option<&Host>,
    scheme: Option<Scheme>,
) -> Result<(), Foreign> {
    let Origin { scheme: their_scheme, host: theirs } = Origin::of(headers)?;
    let ours = host.ok_or(Foreign::NoHost)?;
    let scheme = scheme.unwrap_or(their_scheme);
    let differs = Foreign::Elsewhere {
        scheme: their_scheme != scheme,
        host: theirs.name != ours.name,
        port: theirs.port_under(their_scheme) != ours.port_under(scheme),
    };
    let same = Foreign::Elsewhere { scheme: false, host: false, port: false };
    if differs == same { Ok(()) } else { Err(differs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origins: &[&str], host: &str, scheme: Option<Scheme>) -> Result<(), Foreign> {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(ORIGIN, origin.parse().unwrap());
        }
        check_origin(&headers, Host::read(host).as_ref(), scheme)
    }

    const HTTP: Option<Scheme> = Some(Scheme::Http);
    const HTTPS: Option<Scheme> = Some(Scheme::Https);

    #[test]
    fn our_own_page_may_connect() {
        for (origin, host, scheme) in [
            ("https://localhost:8443", "localhost:8443", HTTPS),
            ("https://Example.org", "example.org", HTTPS),
            ("https://example.org", "example.org:443", HTTPS),
            ("https://example.org:443", "example.org", HTTPS),
            ("http://[::1]:8080", "[::1]:8080", HTTP),
            ("http://example.org", "example.org:80", HTTP),
            // Behind something that does TLS and does not say so.
            ("https://example.org", "example.org", None),
            ("http://localhost:8080", "localhost:8080", None),
        ] {
            assert_eq!(check(&[origin], host, scheme), Ok(()), "{origin} {host}");
        }
    }

    #[test]
    fn any_other_page_may_not() {
        let elsewhere = |scheme, host, port| Err(Foreign::Elsewhere { scheme, host, port });
        for (origin, host, scheme, expected) in [
            ("https://evil.example", "localhost:8443", HTTPS, elsewhere(false, true, true)),
            ("https://localhost:8444", "localhost:8443", HTTPS, elsewhere(false, false, true)),
            ("https://localhost", "localhost:8443", HTTPS, elsewhere(false, false, true)),
            ("https://localhost.evil.example:8443", "localhost:8443", HTTPS, elsewhere(false, true, false)),
            ("http://localhost:8443", "localhost:8443", HTTPS, elsewhere(true, false, false)),
            ("https://localhost:8080", "localhost:8080", HTTP, elsewhere(true, false, false)),
            ("http://example.org", "example.org", HTTPS, elsewhere(true, false, true)),
            ("http://example.org", "example.org:443", None, elsewhere(false, false, true)),
            ("https://example.org", "", HTTPS, Err(Foreign::NoHost)),
            ("null", "localhost", HTTPS, Err(Foreign::Opaque)),
            ("file://", "localhost", HTTPS, Err(Foreign::Opaque)),
            ("chrome-extension://localhost", "localhost", HTTPS, Err(Foreign::Opaque)),
            ("https://localhost/", "localhost", HTTPS, Err(Foreign::Opaque)),
            ("https://user@localhost", "localhost", HTTPS, Err(Foreign::Opaque)),
            ("https://localhost https://localhost", "localhost", HTTPS, Err(Foreign::Opaque)),
            ("", "localhost", HTTPS, Err(Foreign::Opaque)),
            ("localhost:8443", "localhost:8443", HTTPS, Err(Foreign::Opaque)),
        ] {
            assert_eq!(check(&[origin], host, scheme), expected, "{origin} {host}");
        }
        assert_eq!(check(&[], "localhost", HTTPS), Err(Foreign::Unsaid));
        let twice = ["https://localhost", "https://localhost"];
        assert_eq!(check(&twice, "localhost", HTTPS), Err(Foreign::Several));
    }

    #[test]
    fn the_words_say_what_was_compared_and_no_name() {
        let foreign = check(&["https://evil.example"], "meet.example:8443", HTTPS).unwrap_err();
        assert_eq!(
            foreign.to_string(),
            "Origin and Host are two places: scheme is the same, host differs, port differs"
        );
    }
}
