//! Whom the server answers to, and as what it is known: the hosts that are its own, and what it promises about them.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, LOCATION, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::http::{Foreign, Head, Host, HostName, Origin, Reply, Scheme};
use crate::ledger::ClientAddress;

/// What browsers keep for a year (RFC 6797): that this host is reached by HTTPS only.
const ONLY_HTTPS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Which hosts are the server's.
#[derive(Debug, Clone, Default)]
pub(super) struct Door {
    /// Those the operator named. None: every host is the server's.
    pub hosts: Vec<HostName>,
    /// Other sites whose pages may ask by the API, open sockets, and show ours in a frame.
    pub origins: Vec<Origin>,
    /// Other sites whose pages may show ours in a frame: those, and who may do no more.
    pub framers: Vec<Origin>,
    /// TLS ends here, and not at a proxy.
    pub tls: bool,
    /// The certificate is the operator's, so that browsers trust it tomorrow as well.
    pub trusted: bool,
    /// The TCP port.
    pub port: u16,
    /// Where it listens. None: at every address of the machine.
    pub served: Vec<IpAddr>,
    /// Tells the machine's addresses, if a browser on the machine itself may know them.
    pub addresses: Option<fn() -> Vec<IpAddr>>,
}

impl Door {
    /// Whether a request for `host` is for this server: a page of a stranger's name that leads here (DNS rebinding) gets
    /// nothing. Health is told to everybody, because those who watch it come by address; it says nothing about anybody.
    pub fn admits(&self, host: Option<&Host>, path: &str) -> bool {
        self.hosts.is_empty()
            || host.is_some_and(|host| self.hosts.contains(&host.name))
            || matches!(path, "/healthz" | "/readyz")
    }

    /// The origin of a page of another site that may be here.
    pub fn lets_in(&self, headers: &HeaderMap) -> Option<&Origin> {
        let asked = Origin::of(headers).ok()?;
        self.origins.iter().find(|origin| origin.is(&asked))
    }

    /// Who shows our pages in a frame: each once.
    pub fn framers(origins: &[Origin], ancestors: Vec<Origin>) -> Vec<Origin> {
        let mut framers = origins.to_vec();
        for ancestor in ancestors {
            if !framers.iter().any(|known| known.is(&ancestor)) {
                framers.push(ancestor);
            }
        }
        framers
    }

    /// What a page of another site that may be here is told before it asks (the Fetch standard, "CORS-preflight request").
    pub fn preflight(&self, head: &Head) -> Option<Reply> {
        let asks = head.method == Method::OPTIONS && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        (asks && self.lets_in(&head.headers).is_some()).then(|| {
            Reply::empty(StatusCode::NO_CONTENT)
                .with(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PATCH, DELETE"))
                .with(
                    ACCESS_CONTROL_ALLOW_HEADERS,
                    HeaderValue::from_static("authorization, content-type, idempotency-key, if-match"),
                )
                .with(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"))
        })
    }

    /// An answer of the API, readable by a page of another site that may be here.
    pub fn shared(&self, reply: Reply, headers: &HeaderMap) -> Reply {
        if self.origins.is_empty() {
            return reply;
        }
        let reply = reply.with(VARY, HeaderValue::from_static("origin"));
        let named = self.lets_in(headers).map(|origin| HeaderValue::try_from(origin.to_string()));
        match named {
            Some(Ok(origin)) => reply.with(ACCESS_CONTROL_ALLOW_ORIGIN, origin).with(
                ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("etag, link, location, retry-after"),
            ),
            _ => reply,
        }
    }

    /// What a request for another host gets (RFC 9110, 15.5.20).
    pub fn misdirected() -> Reply {
        Reply::problem(StatusCode::MISDIRECTED_REQUEST, "this server has another name")
    }

    /// Where a client that forgot the `s` of `https` finds what it wants: at the host it asked for, if that is ours.
    pub fn secure_address(&self, head: &Head) -> Reply {
        if !self.admits(head.host.as_ref(), "") {
            return Self::misdirected();
        }
        let why = "this port speaks HTTPS";
        let address = |host: &Host| HeaderValue::try_from(format!("https://{host}{}", head.target)).ok();
        match head.host.as_ref().filter(|_| head.target.starts_with('/')).and_then(address) {
            Some(address) => Reply::problem(StatusCode::PERMANENT_REDIRECT, why).with(LOCATION, address),
            None => Reply::problem(StatusCode::BAD_REQUEST, why),
        }
    }

    /// What browsers shall remember about `host`: nothing of one that is reached without a name, or whose certificate is
    /// replaced by the next that is made here.
    pub fn only_https(&self, host: Option<&Host>) -> Option<HeaderValue> {
        let is_named = host.is_some_and(|host| !host.name.is_local_or_address());
        (self.tls && self.trusted && is_named).then_some(ONLY_HTTPS)
    }

    /// By which scheme our pages are loaded, if a proxy `said` so or there is none.
    pub fn scheme(&self, said: Option<Scheme>) -> Option<Scheme> {
        if self.tls { Some(Scheme::Https) } else { said }
    }
}

/// For how long one warning speaks.
const MINUTE: Duration = Duration::from_secs(60);

/// Addresses that are warned of one by one at a time. What more are refused the refusal log counts.
const ADDRESSES: usize = 256;

/// Whose pages were refused their sockets within the last minute: one warning for each is enough to mend a proxy, and a
/// flood of them fills no disk.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Whose minute ends when, the first to end first.
    ends: VecDeque<(Instant, ClientAddress)>,
    told: BTreeSet<ClientAddress>,
}

impl Refusals {
    /// The warning to log, with both places by name, if it is the first for `client` in a minute.
    pub fn tell(
        &mut self,
        now: Instant,
        client: ClientAddress,
        foreign: Foreign,
        origin: Option<&Origin>,
        host: Option<&Host>,
    ) -> Option<String> {
        while let Some((_, client)) = self.ends.front().filter(|(end, _)| *end <= now) {
            self.told.remove(client);
            self.ends.pop_front();
        }
        if self.told.len() >= ADDRESSES || !self.told.insert(client) {
            return None;
        }
        self.ends.push_back((now + MINUTE, client));
        // Both were read as what they are: no text of a stranger's gets into the log.
        let said = |what: Option<String>| what.unwrap_or_else(|| "nothing that can be read".to_owned());
        let (origin, host) = (said(origin.map(Origin::to_string)), said(host.map(Host::to_string)));
        Some(format!(
            "a page was refused its WebSocket, {client}: the Origin says {origin}, the Host says {host} ({foreign}). If \
             that page is this server's, a proxy in front changes Host: let it pass Host on as it came, or say it in \
             X-Forwarded-Host (and the scheme in X-Forwarded-Proto) and name the proxy with --trusted-proxy"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::control::http::Scheme;

    fn address(number: u32) -> ClientAddress {
        IpAddr::from(Ipv4Addr::from_bits(0xc000_0200 + number)).into()
    }

    #[test]
    fn an_address_is_warned_of_once_a_minute_with_both_hosts_and_no_more_than_some_at_a_time() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        let origin = Origin { scheme: Scheme::Https, host: Host::read("meet.example.org").unwrap() };
        let host = Host::read("127.0.0.1:8080");
        let foreign = Foreign::Elsewhere { scheme: false, host: true, port: true };
        let mut tell = |seconds, number| {
            let now = start + Duration::from_secs(seconds);
            refusals.tell(now, address(number), foreign, Some(&origin), host.as_ref())
        };
        let line = tell(0, 1).unwrap();
        for part in [
            "192.0.2.1",
            "Origin says https://meet.example.org,",
            "Host says 127.0.0.1:8080 ",
            "--trusted-proxy",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert_eq!((tell(1, 1), tell(59, 1)), (None, None));
        assert!(tell(59, 2).is_some(), "another address has its own");
        assert!(tell(60, 1).is_some(), "the next minute");
        let lines = (0..100_000).filter(|number| tell(61, 1_000 + number).is_some()).count();
        assert_eq!(lines, ADDRESSES - 2);
        assert!(tell(121, 1).is_some(), "nothing is kept of those whose minute is over");
    }

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        let line = Refusals::default().tell(Instant::now(), address(1), Foreign::Opaque, None, None).unwrap();
        assert!(
            line.contains("the Origin says nothing that can be read, the Host says nothing that can"),
            "{line}"
        );
    }
}
