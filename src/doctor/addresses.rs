//! What clients are told to send media to, and what this machine has.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::Finding;
use crate::config::{Announced, Config};

/// What is to be known of announced addresses.
#[derive(Debug, Clone, Default)]
struct Facts {
    announced: Vec<IpAddr>,
    own: Vec<IpAddr>,
    /// The operator named them.
    is_named: bool,
    is_container: bool,
    port: u16,
}

/// Looks at the addresses that are announced.
pub(super) fn look(config: &Config) -> Vec<Finding> {
    judge(&Facts {
        announced: config.announced.iter().map(|Announced { public, .. }| *public).collect(),
        own: config.addresses.clone(),
        is_named: config
            .announced
            .iter()
            .map(|announced| announced.public)
            .ne(config.addresses.iter().copied()),
        is_container: is_container(),
        port: config.udp_port,
    })
}

/// Whether this is a container: Docker and Podman put a file in it, Podman, LXC and systemd-nspawn name themselves in a
/// variable, and so does Kubernetes.
pub(super) fn is_container() -> bool {
    ["/.dockerenv", "/run/.containerenv"].into_iter().any(|file| Path::new(file).exists())
        || ["container", "KUBERNETES_SERVICE_HOST"].into_iter().any(|name| std::env::var_os(name).is_some())
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let Facts { announced, own, is_named, is_container, port } = facts;
    let list =
        |addresses: &[IpAddr]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let seen = format!("media is sent to {}", list(announced));
    let outer: Vec<IpAddr> = announced.iter().copied().filter(|address| is_public(*address)).collect();
    let inner: Vec<IpAddr> =
        announced.iter().copied().filter(|address| !is_public(*address) && !address.is_loopback()).collect();
    let mut findings = vec![match (outer.is_empty(), inner.is_empty()) {
        (true, true) => Finding::error(
            "announced",
            format!("{seen}: nobody but this machine can"),
            "--announce ADDRESS, the one that people reach this machine at",
        ),
        (true, false) => Finding::notice(
            "announced",
            format!("{seen}: that is for people in the same network"),
            format!(
                "for others: --announce with the outer address too, and UDP and TCP port {port} led from there to here"
            ),
        ),
        (false, true) => Finding::good("announced", seen),
        (false, false) => {
            Finding::good("announced", format!("{seen}: one for people inside, one for those outside"))
        }
    }];
    let elsewhere: Vec<IpAddr> = announced.iter().copied().filter(|address| !own.contains(address)).collect();
    if !elsewhere.is_empty() {
        findings.push(Finding::notice(
            "announced",
            format!("{} is no address of this machine", list(&elsewhere)),
            format!("UDP and TCP port {port} have to be led from there to here, under the same number"),
        ));
    }
    let bridged: Vec<IpAddr> = inner.iter().copied().filter(|address| is_bridge(*address)).collect();
    let (bridged, strange): (Vec<IpAddr>, Vec<IpAddr>) =
        bridged.into_iter().partition(|address| own.contains(address));
    // A container with the network of the machine around has that one's addresses too, and clients get in by them.
    let is_all = announced.iter().all(|address| address.is_loopback() || bridged.contains(address));
    if !bridged.is_empty() && *is_container && is_all {
        findings.push(Finding::error(
            "announced-container",
            format!("{} is an address inside of this container's network: no client can send there", list(&bridged)),
            format!(
                "--announce (PLENARY_ANNOUNCE) with the address of the machine around, and port {port} published as it is, UDP and TCP"
            ),
        ));
    } else if !bridged.is_empty() && !*is_named {
        findings.push(Finding::notice(
            "announced-container",
            format!("{} looks like a bridge to containers on this machine", list(&bridged)),
            "clients try it in vain, which costs them little: --announce with the right ones leaves it out",
        ));
    }
    if !strange.is_empty() {
        findings.push(Finding::warning(
            "announced-container",
            format!(
                "{} looks like an address inside of a container's network, and is none of this machine",
                list(&strange)
            ),
            "unless the network around has such addresses: --announce with the address of the machine that the container is on",
        ));
    }
    findings
}

/// What everybody can send to, as far as an address tells.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // Of providers, for many customers behind one address (RFC 6598).
            let is_shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared)
        }
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

/// Where Docker (172.17.0.0/16 to 172.31.0.0/16) and Podman (10.88.0.0/16) put containers unless told otherwise.
fn is_bridge(address: IpAddr) -> bool {
    let IpAddr::V4(v4) = address else { return false };
    let [a, b, ..] = Ipv4Addr::octets(&v4);
    (a == 172 && (17..=31).contains(&b)) || (a == 10 && b == 88)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    fn judged(announced: &[&str], own: &[&str], is_container: bool) -> Vec<(&'static str, Severity)> {
        let read = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let facts = Facts {
            announced: read(announced),
            own: read(own),
            is_named: announced != own,
            is_container,
            port: 61_000,
        };
        judge(&facts).into_iter().map(|finding| (finding.name, finding.severity)).collect()
    }

    #[test]
    fn addresses_are_judged_by_who_can_send_there() {
        use Severity::{Error, Good, Notice};
        assert_eq!(judged(&["203.0.113.5"], &["203.0.113.5"], false), [("announced", Good)]);
        assert_eq!(judged(&["127.0.0.1"], &["127.0.0.1"], false), [("announced", Error)]);
        assert_eq!(judged(&["192.168.1.2"], &["192.168.1.2"], false), [("announced", Notice)]);
        let both = judged(&["192.168.1.2", "203.0.113.5"], &["192.168.1.2"], false);
        assert_eq!(both, [("announced", Good), ("announced", Notice)]);
        let inside = judged(&["172.18.0.3"], &["172.18.0.3"], true);
        assert_eq!(inside, [("announced", Notice), ("announced-container", Error)]);
        let beside = judged(&["192.168.1.2", "172.17.0.1"], &["192.168.1.2", "172.17.0.1"], false);
        assert_eq!(beside, [("announced", Notice), ("announced-container", Notice)]);
        let around = judged(&["192.168.1.2", "172.17.0.1"], &["192.168.1.2", "172.17.0.1"], true);
        assert_eq!(around, beside, "with the network of the machine around");
        let copied = judged(&["172.17.0.9"], &["192.168.1.2"], false);
        let warned = ("announced-container", Severity::Warning);
        assert_eq!(copied, [("announced", Notice), ("announced", Notice), warned]);
        assert_eq!(judged(&["100.64.0.1"], &["100.64.0.1"], false), [("announced", Notice)]);
    }
}
