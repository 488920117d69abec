//! Whether a page of our own opened a WebSocket.

use http::Uri;
use http::uri::Authority;

/// Whether `origin` (RFC 6454, as a browser sends it) is a page from `host` (a `Host` header). Browsers let any page
/// open a WebSocket to anywhere and only tell where the page is from: this check is what keeps strangers' pages out.
pub(in crate::control) fn origin_is_host(origin: &str, host: &str) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    let default_port = match origin.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return false,
    };
    let (Some(theirs), Ok(ours)) = (origin.authority(), host.parse::<Authority>()) else { return false };
    theirs.host().eq_ignore_ascii_case(ours.host())
        && theirs.port_u16().unwrap_or(default_port) == ours.port_u16().unwrap_or(default_port)
}

#[cfg(test)]
mod tests {
    use super::origin_is_host;

    #[test]
    fn our_own_page_may_connect() {
        for (origin, host) in [
            ("https://localhost:8443", "localhost:8443"),
            ("https://Example.org", "example.org"),
            ("https://example.org", "example.org:443"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert!(origin_is_host(origin, host), "{origin} {host}");
        }
    }

    #[test]
    fn any_other_page_may_not() {
        for (origin, host) in [
            ("https://evil.example", "localhost:8443"),
            ("https://localhost:8444", "localhost:8443"),
            ("https://localhost", "localhost:8443"),
            ("https://localhost.evil.example:8443", "localhost:8443"),
            ("http://example.org", "example.org:443"),
            ("null", "null"),
            ("file://", ""),
            ("", ""),
            ("localhost:8443", "localhost:8443"),
        ] {
            assert!(!origin_is_host(origin, host), "{origin} {host}");
        }
    }
}
