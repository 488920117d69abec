//! What a reverse proxy says about the client, believed only of proxies the operator named.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::HOST;
use ipnet::IpNet;

/// The proxies whose `X-Forwarded-*` headers are believed.
#[derive(Debug, Clone, Default)]
pub(super) struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
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

    /// The host the client asked for: `Host`, or what a trusted proxy says it was.
    pub fn host<'a>(&self, connected: IpAddr, headers: &'a HeaderMap) -> Option<&'a str> {
        let forwarded = headers.get("x-forwarded-host").filter(|_| self.trusts(connected));
        forwarded.or_else(|| headers.get(HOST))?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_client_cannot_choose_its_address_or_host() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let lies = headers(&[("x-forwarded-for", "1.2.3.4"), ("x-forwarded-host", "evil"), ("host", "real")]);
        let stranger = "192.0.2.9".parse().unwrap();
        assert_eq!(proxies.client_address(stranger, &lies), stranger);
        assert_eq!(proxies.host(stranger, &lies), Some("real"));
    }

    #[test]
    fn a_chain_of_proxies_is_followed_to_the_first_stranger() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        let lines = headers(&[("x-forwarded-for", "6.6.6.6, 192.0.2.9"), ("x-forwarded-for", "10.0.0.2")]);
        let expected: IpAddr = "192.0.2.9".parse().unwrap();
        assert_eq!(proxies.client_address("::1".parse().unwrap(), &lines), expected);
        let lines = headers(&[("x-forwarded-host", "call.example"), ("host", "10.0.0.1:80")]);
        assert_eq!(proxies.host("10.0.0.1".parse().unwrap(), &lines), Some("call.example"));
    }

    #[test]
    fn nonsense_from_a_proxy_leaves_the_proxy_as_the_client() {
        let proxies = TrustedProxies(vec!["10.0.0.1/32".parse().unwrap()]);
        let proxy = "10.0.0.1".parse().unwrap();
        assert_eq!(proxies.client_address(proxy, &headers(&[("x-forwarded-for", "unknown")])), proxy);
    }
}
