//! Ports: are they free, or a Plenary's already, and does what is sent to the announced addresses arrive here?

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::{Finding, addresses};
use crate::config::Config;
use crate::listener::Listeners;

/// How long an answer from an address of this machine, or through a router beside it, may take.
const PATIENCE: Duration = Duration::from_millis(700);

/// How often it is asked over UDP.
const TRIES: u8 = 3;

/// A plain request (RFC 8489, 5) without its transaction: a Plenary answers it at its port for media.
const REQUEST: [u8; 8] = [0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42];

/// What was found at the ports.
pub(super) struct Looked {
    pub findings: Vec<Finding>,
    /// A Plenary serves there already.
    pub served: bool,
}

/// The ports for media: one of each worker.
fn ports(config: &Config) -> impl Iterator<Item = u16> + use<> {
    let first = config.udp_port;
    (0..u16::from(config.workers)).map(move |index| first.saturating_add(index))
}

/// Looks whether the ports can be had.
pub(super) fn look(config: &Config) -> Looked {
    let mut findings = Vec::new();
    // Where the port can be had nobody has to be asked, and nobody waited for.
    let is_taken = config.udp_port > 0 && UdpSocket::bind((Ipv4Addr::UNSPECIFIED, config.udp_port)).is_err();
    let served = is_taken && is_served(config);
    for port in ports(config).filter(|port| *port > 0) {
        for (protocol, bound) in [
            ("UDP", UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).map(drop)),
            ("TCP", TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).map(drop)),
        ] {
            findings.extend(judge(
                protocol,
                port,
                "--udp-port",
                bound.err().map(|error| error.kind()),
                served,
            ));
        }
    }
    if config.http_port > 0 {
        // At its own addresses, as the server does: a program at another one is in nobody's way.
        let bound = Listeners::bind(&config.http_addresses, config.http_port).map(drop);
        findings.extend(judge(
            "TCP",
            config.http_port,
            "--http-port",
            bound.err().map(|error| error.kind()),
            served,
        ));
    }
    if let Some(address) = config.metrics.filter(|address| address.port() > 0) {
        let bound = TcpListener::bind(address).map(drop);
        let error = bound.err().map(|error| error.kind());
        findings.extend(judge("TCP", address.port(), "--metrics", error, served));
    }
    if findings.is_empty() {
        let what = if served { "a Plenary serves at these ports already" } else { "every port can be had" };
        findings.push(Finding::good("port", what));
    }
    Looked { findings, served }
}

/// What is wrong with a port that cannot be had for this reason.
fn judge(protocol: &str, port: u16, flag: &str, error: Option<ErrorKind>, served: bool) -> Option<Finding> {
    match error? {
        ErrorKind::AddrInUse if served => None,
        ErrorKind::AddrInUse => Some(Finding::error(
            "port",
            format!("{protocol} port {port} is in use, and not by a Plenary"),
            format!("end the program that has it (`ss -lunpt` names it), or choose another with {flag}"),
        )),
        ErrorKind::PermissionDenied => Some(Finding::error(
            "port",
            format!("{protocol} port {port} needs more rights than this user has"),
            format!("choose one above 1023 with {flag}, or give the program CAP_NET_BIND_SERVICE"),
        )),
        ErrorKind::AddrNotAvailable => Some(Finding::error(
            "port",
            format!("{protocol} port {port} is to be had at an address that this machine does not have"),
            "name one of `ip address` with --http-address (for numbers with --metrics), or none for every one",
        )),
        other => Some(Finding::error(
            "port",
            format!("{protocol} port {port} cannot be had: {other}"),
            format!("choose another with {flag}, or ask the system why"),
        )),
    }
}

/// Whether a Plenary answers at the first port for media: it does at the addresses that it announces, or those behind them.
fn is_served(config: &Config) -> bool {
    let local =
        config.announced.iter().map(|announced| announced.local).filter(|local| !local.is_unspecified());
    let mut asked: Vec<IpAddr> = local.chain(config.addresses.iter().copied()).collect();
    asked.dedup();
    asked.into_iter().any(|address| asks(SocketAddr::new(address, config.udp_port), None))
}

/// Asks over UDP: whether an answer comes, or, if somebody listens here, whether the question does.
fn asks(to: SocketAddr, listener: Option<&UdpSocket>) -> bool {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let Ok(socket) = UdpSocket::bind((any, 0)) else { return false };
    let mut request = [0; 20];
    let mut transaction = [0; 12];
    if aws_lc_rs::rand::fill(&mut transaction).is_err() {
        return false;
    }
    let (head, tail) = request.split_at_mut(REQUEST.len());
    head.copy_from_slice(&REQUEST);
    tail.copy_from_slice(&transaction);
    let ears = listener.unwrap_or(&socket);
    let mut buffer = [0; 2_048];
    (0..TRIES).any(|_| {
        let waits = ears.set_read_timeout(Some(PATIENCE / u32::from(TRIES)));
        if waits.is_err() || socket.send_to(&request, to).is_err() {
            return false;
        }
        let count = ears.recv_from(&mut buffer).map(|(count, _)| count).unwrap_or_default();
        buffer.get(8..count.min(20)) == Some(&transaction[..])
    })
}

/// Whether what is sent to the announced addresses arrives, at the port of each worker.
pub(super) fn reach(config: &Config, served: bool) -> Vec<Finding> {
    if config.udp_port == 0 {
        return Vec::new();
    }
    let public = config.announced.iter().map(|announced| announced.public);
    let is_alone = public.clone().all(|address| address.is_loopback());
    public
        .filter(|address| is_alone || !address.is_loopback())
        .flat_map(|address| ports(config).map(move |port| SocketAddr::new(address, port)))
        .filter_map(|to| {
            let (by_udp, by_tcp) = arrives(to, served)?;
            Some(judge_reach(to, Place::of(config, to.ip()), by_udp, by_tcp))
        })
        .collect()
}

/// Whether what is sent there arrives, over UDP and over TCP. Where nobody serves it is listened here for this moment; `None` if that
/// cannot be.
fn arrives(to: SocketAddr, served: bool) -> Option<(bool, bool)> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let listener = if served { None } else { Some(UdpSocket::bind((any, to.port())).ok()?) };
    let by_udp = asks(to, listener.as_ref());
    let _listens = (!served).then(|| TcpListener::bind((any, to.port())));
    Some((by_udp, TcpStream::connect_timeout(&to, PATIENCE).is_ok()))
}

/// Where an announced address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is this machine's.
    Here,
    /// Most likely that of the machine around this container.
    Around,
    /// A router's, or nobody's.
    Elsewhere,
}

impl Place {
    fn of(config: &Config, address: IpAddr) -> Place {
        match () {
            () if config.addresses.contains(&address) => Place::Here,
            () if addresses::is_container() => Place::Around,
            () => Place::Elsewhere,
        }
    }
}

fn judge_reach(to: SocketAddr, place: Place, by_udp: bool, by_tcp: bool) -> Finding {
    let (address, port) = (to.ip(), to.port());
    let missing = match (by_udp, by_tcp) {
        (true, true) => {
            return Finding::good(
                "announced-reach",
                format!("what is sent to {address} arrives, over UDP and TCP"),
            );
        }
        (false, true) => "UDP",
        (true, false) => "TCP",
        (false, false) => "UDP and TCP",
    };
    let seen = format!("what is sent to {address} over {missing}, port {port}, does not arrive");
    if place == Place::Here {
        return Finding::error(
            "announced-reach",
            format!("{seen}, though it is this machine's own address"),
            format!(
                "a firewall here drops it: let {missing} port {port} in (nft, ufw allow {port}, firewall-cmd)"
            ),
        );
    }
    if place == Place::Around {
        return Finding::warning(
            "announced-reach",
            format!("{seen} when it is sent from this container"),
            format!(
                "publish the port under its own number, for both: -p {port}:{port}/udp -p {port}:{port}/tcp. If it is, a firewall or a router in \
                 front does not lead back in what comes from inside: try a call from outside"
            ),
        );
    }
    Finding::warning(
        "announced-reach",
        format!("{seen} when it is sent from here"),
        format!(
            "either the router does not lead back in what goes out to itself (then only machines beside this one are troubled), or it does \
             not lead {missing} port {port} here: try a call from outside"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn a_port_of_a_plenary_is_no_trouble_and_one_of_others_is() {
        let of = |error, served| judge("UDP", 61_000, "--udp-port", error, served);
        assert_eq!(of(None, false), None);
        assert_eq!(of(Some(ErrorKind::AddrInUse), true), None);
        let taken = of(Some(ErrorKind::AddrInUse), false).unwrap();
        assert!(taken.severity == Severity::Error && taken.advice.contains("--udp-port"), "{taken:?}");
        assert!(of(Some(ErrorKind::AddrNotAvailable), false).unwrap().advice.contains("--http-address"));
        assert!(of(Some(ErrorKind::PermissionDenied), true).unwrap().advice.contains("1023"));
    }

    #[test]
    fn what_does_not_come_back_through_a_router_is_told_apart_from_what_a_firewall_here_drops() {
        let to: SocketAddr = "192.0.2.1:61000".parse().unwrap();
        let of = |place, by_udp, by_tcp| judge_reach(to, place, by_udp, by_tcp);
        assert_eq!(of(Place::Here, true, true).severity, Severity::Good);
        let dropped = of(Place::Here, false, true);
        assert!(
            dropped.severity == Severity::Error && dropped.advice.contains("let UDP port 61000 in"),
            "{dropped:?}"
        );
        let renumbered = of(Place::Around, false, false);
        assert!(renumbered.advice.contains("-p 61000:61000/udp -p 61000:61000/tcp"), "{renumbered:?}");
        let outside = of(Place::Elsewhere, false, false);
        assert!(outside.severity == Severity::Warning && outside.seen.contains("UDP and TCP"), "{outside:?}");
    }
}
