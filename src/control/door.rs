//! Whom the server answers to, and as what it is known: the hosts that are its own, and what it promises about them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use super::http::{Foreign, Head, Host, HostName, Reply, Scheme};

/// What browsers keep for a year (RFC 6797): that this host is reached by HTTPS only.
const ONLY_HTTPS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Which hosts are the server's.
#[derive(Debug, Clone, Default)]
pub(super) struct Door {
    /// Those the operator named. None: every host is the server's.
    pub hosts: Vec<HostName>,
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

/// Which kinds of refused pages the log has: one line each is enough to mend a proxy, and a flood of them fills no disk.
#[derive(Debug, Default)]
pub(super) struct Refusals(BTreeSet<Foreign>);

impl Refusals {
    /// Says it, the first time.
    pub fn tell(&mut self, foreign: Foreign) {
        if self.0.insert(foreign) {
            log::warn!(
                "a page was refused its WebSocket: {foreign}. If a proxy in front of the server changes Host, it has to \
                 say the host in X-Forwarded-Host and the scheme in X-Forwarded-Proto, and --trusted-proxy has to name \
                 it. This is said once"
            );
        }
    }
}
