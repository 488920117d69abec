//! How the driver is set up.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::certificate::Tls;
use super::http::{HostName, Origin};
use crate::keyring::Keyring;
use crate::limits::Limits;

/// How the driver is set up.
#[derive(Debug, Clone, Default)]
pub struct ControlConfig {
    /// The TCP port; 0 lets the system choose.
    pub http_port: u16,
    /// Where pages and signaling are served; none of them means every address.
    pub http_addresses: Vec<IpAddr>,
    /// The hosts that requests may be for; none of them means every host.
    pub hosts: Vec<HostName>,
    /// Other sites whose pages may use the API and signaling, and show the page in a frame.
    pub origins: Vec<Origin>,
    /// Other sites whose pages may show the page in a frame, and no more.
    pub frame_ancestors: Vec<Origin>,
    /// TLS, unless something in front of the server does it.
    pub tls: Option<Tls>,
    /// Browsers may be told to come by HTTPS only: the certificate is the operator's.
    pub only_https: bool,
    /// Serve the client from here instead of from the binary.
    pub client_dir: Option<PathBuf>,
    /// Proxies whose word on the client's address and host is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where the keys of access tokens are read again.
    pub keyring: Option<Keyring>,
    /// Tells the addresses of the machine, for links to others in its network: to a browser on the machine itself and to
    /// nobody else. None: to nobody.
    pub addresses: Option<fn() -> Vec<IpAddr>>,
    /// The limits in force.
    pub limits: Limits,
    /// How long people have to end their calls once the end is asked for.
    pub drain: Duration,
}
