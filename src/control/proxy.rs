//! What a reverse proxy says about the client, believed only of proxies the operator named.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

use super::http::{Head, Host, Scheme};

/// The proxies whose `X-Forwarded-*` headers are believed.
#[derive(Debug, Clone, Default)]
pub(super) struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    /// Whether a connection from here speaks for others.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Who the client is: the one connected, or, behind trusted proxies, the last in `X-Forwarded-For` that is none of
    /// them. What stands before it a client may have made up.
    pub fn client_address(&self, connected: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
        let mut client = connected;
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.trusts(client) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
        }
        client
    }

    /// The host the client asked for: that of the request, or what a trusted proxy says it was. `None` if that is no host.
    pub fn host(&self, connected: IpAddr, head: &Head) -> Option<Host> {
        match self.forwarded(connected, &head.headers, "x-forwarded-host") {
            Some(said) => Host::read(said),
            None => head.host.clone(),
        }
    }

    /// By which scheme the client came, if a trusted proxy says so.
    pub fn scheme(&self, connected: IpAddr, headers: &HeaderMap) -> Option<Scheme> {
        self.forwarded(connected, headers, "x-forwarded-proto").and_then(Scheme::read)
    }

    /// What the proxy that connected says: the last of several, because what stands before it may be the client's.
    fn forwarded<'a>(&self, connected: IpAddr, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        let line = headers.get_all(name).iter().next_back().filter(|_| self.trusts(connected))?;
        Some(line.to_str().unwrap_or_default().rsplit(',').next().unwrap_or_default().trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::http::parse_head;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn host(proxies: &TrustedProxies, connected: IpAddr, lines: &HeaderMap) -> Option<String> {
        let (mut head, _) = parse_head(b"GET / HTTP/1.0\r\n\r\n", 100, 0).unwrap().unwrap();
        head.host = lines.get("host").and_then(|host| Host::read(host.to_str().unwrap()));
        head.headers = lines.clone();
        Some(proxies.host(connected, &head)?.to_string())
    }

    #[test]
    fn a_client_cannot_choose_its_address_or_host() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let lies = headers(&[("x-forwarded-for", "1.2.3.4"), ("x-forwarded-host", "evil"), ("host", "real")]);
        let stranger = "192.0.2.9".parse().unwrap();
        assert_eq!(proxies.client_address(stranger, &lies), stranger);
        assert_eq!(host(&proxies, stranger, &lies).as_deref(), Some("real"));
        assert_eq!(proxies.scheme(stranger, &headers(&[("x-forwarded-proto", "https")])), None);
    }

    #[test]
    fn a_chain_of_proxies_is_followed_to_the_first_stranger() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        let lines = headers(&[("x-forwarded-for", "6.6.6.6, 192.0.2.9"), ("x-forwarded-for", "10.0.0.2")]);
        let expected: IpAddr = "192.0.2.9".parse().unwrap();
        assert_eq!(proxies.client_address("::1".parse().unwrap(), &lines), expected);
    }

    #[test]
    fn a_trusted_proxy_says_which_host_and_scheme_the_client_asked_for() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let proxy = "10.0.0.1".parse().unwrap();
        for (lines, expected) in [
            (&[("host", "10.0.0.1:80")][..], Some("10.0.0.1:80")),
            (&[("x-forwarded-host", "call.example"), ("host", "10.0.0.1:80")], Some("call.example")),
            (
                &[("x-forwarded-host", "evil.example, Call.Example:8443"), ("host", "a")],
                Some("call.example:8443"),
            ),
            (
                &[("x-forwarded-host", "evil.example"), ("x-forwarded-host", "call.example"), ("host", "a")],
                Some("call.example"),
            ),
            (&[("x-forwarded-host", "what is this"), ("host", "a")], None),
        ] {
            assert_eq!(host(&proxies, proxy, &headers(lines)).as_deref(), expected, "{lines:?}");
        }
        for (said, scheme) in [
            ("https", Some(Scheme::Https)),
            ("wss", Some(Scheme::Https)),
            ("https, http", Some(Scheme::Http)),
            ("gopher", None),
        ] {
            assert_eq!(proxies.scheme(proxy, &headers(&[("x-forwarded-proto", said)])), scheme, "{said}");
        }
    }

    #[test]
    fn nonsense_from_a_proxy_leaves_the_proxy_as_the_client() {
        let proxies = TrustedProxies(vec!["10.0.0.1/32".parse().unwrap()]);
        let proxy = "10.0.0.1".parse().unwrap();
        assert_eq!(proxies.client_address(proxy, &headers(&[("x-forwarded-for", "unknown")])), proxy);
    }
}
