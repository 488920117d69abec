//! A TURN server, as a client uses it: is it there, does it know the secret, and whom does it lead to?

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use turn_client_proto::api::{TurnClientApi, TurnConfig, TurnEvent, TurnPollRet};
use turn_client_proto::stun::agent::Transmit;
use turn_client_proto::stun::types::attribute::ErrorCode;
use turn_client_proto::stun::types::message::Message;
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::{AddressFamily, TransportType, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use super::Finding;
use crate::conference::{Turn, UnixTime};
use crate::trust;

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What no relay may lead to: the machine itself, its network, and where clouds tell secrets.
const INNER: [Ipv4Addr; 3] =
    [Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(169, 254, 169, 254)];

/// RFC 8489, 14.8: who asks is not known.
const UNAUTHORIZED: u16 = 401;

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Udp,
    Tcp,
    Tls,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// Nobody answered there, and why.
    Unreachable(String),
    /// It gave no address, with this code of its last answer.
    Refused(Option<u16>),
    /// It gave one, and leads to these, and not to those.
    Relays { allowed: Vec<IpAddr>, denied: Vec<IpAddr> },
}

/// Looks at the server at `url`, which is to lead to `ours` and to nothing inside.
pub(super) fn look(url: &str, turn: &Turn, ours: &[IpAddr], now: SystemTime) -> Vec<Finding> {
    let ours: Vec<IpAddr> = ours.iter().copied().filter(IpAddr::is_ipv4).collect();
    let asked: Vec<IpAddr> =
        INNER.into_iter().map(IpAddr::V4).filter(|inner| !ours.contains(inner)).chain(ours.clone()).collect();
    let (name, password) = turn.login(UnixTime::from(now), "doctor");
    let seen = ask(url, &TurnCredentials::new(&name, &password), &asked);
    judge(url, &seen, &ours)
}

fn judge(url: &str, seen: &Seen, ours: &[IpAddr]) -> Vec<Finding> {
    let reached = Finding::good("turn-reach", format!("{url} answers"));
    let (allowed, denied) = match seen {
        Seen::Unreachable(why) => {
            return vec![Finding::error(
                "turn-reach",
                format!("{url} does not answer: {why}"),
                "does it run, is the address right, and does a firewall let this port through? Who can connect by it alone cannot connect",
            )];
        }
        Seen::Refused(Some(UNAUTHORIZED)) => {
            return vec![
                reached,
                Finding::error(
                    "turn-secret",
                    format!("{url} does not know the password that this server makes"),
                    "the secret of --turn-secret-file has to be its static-auth-secret (with use-auth-secret), and both clocks right",
                ),
            ];
        }
        Seen::Refused(code) => {
            let code = code.map_or("no reason".to_owned(), |code| format!("error {code}"));
            return vec![
                reached,
                Finding::error(
                    "turn-secret",
                    format!("{url} gives no address, with {code}"),
                    "its log says why",
                ),
            ];
        }
        Seen::Relays { allowed, denied } => (allowed, denied),
    };
    let list =
        |addresses: &[IpAddr]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let inner: Vec<IpAddr> = allowed.iter().copied().filter(|address| !ours.contains(address)).collect();
    // Also those that nothing was answered about: what is not allowed is not led to.
    let missing: Vec<IpAddr> = ours.iter().copied().filter(|address| !allowed.contains(address)).collect();
    let inner = if !inner.is_empty() {
        Finding::error(
            "turn-inner",
            format!("{url} leads to {}: whoever is in a call reaches what is inside", list(&inner)),
            "deny all and allow this server alone, as coturn/ does: denied-peer-ip, allowed-peer-ip",
        )
    } else if allowed.is_empty() && denied.is_empty() {
        Finding::warning(
            "turn-inner",
            format!("{url} gives an address and does not say whom it leads to"),
            "its log says why; a firewall may let only some of what is sent to it through",
        )
    } else if ours.is_empty() {
        Finding::notice(
            "turn-inner",
            format!("{url} leads to nothing inside; whether it leads to this server was not asked"),
            "it is asked for addresses of IPv4, and none is announced: try a call through it",
        )
    } else if missing.is_empty() {
        Finding::good("turn-inner", format!("{url} leads to this server, and to nothing inside"))
    } else {
        Finding::error(
            "turn-inner",
            format!("{url} does not lead to {}, where this server is", list(&missing)),
            "allowed-peer-ip has to name every address of --announce",
        )
    };
    vec![reached, Finding::good("turn-secret", format!("{url} knows the password")), inner]
}

/// Where, and how: the settings hold nothing but such addresses (RFC 7065).
fn parse(url: &str) -> Option<(Way, String, u16)> {
    let (way, rest) = match url.split_once(':')? {
        ("turns", rest) => (Way::Tls, rest),
        (_, rest) if rest.ends_with("?transport=tcp") => (Way::Tcp, rest),
        (_, rest) => (Way::Udp, rest),
    };
    let place = rest.split('?').next()?;
    let default = if way == Way::Tls { 5_349 } else { 3_478 };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()?),
        _ => (place, default),
    };
    Some((way, host.trim_start_matches('[').trim_end_matches(']').to_owned(), port))
}

fn ask(url: &str, login: &TurnCredentials, peers: &[IpAddr]) -> Seen {
    let Some((way, host, port)) = parse(url) else { return Seen::Unreachable("it is no address".to_owned()) };
    let to = match (host.as_str(), port).to_socket_addrs().map(|mut found| found.next()) {
        Ok(Some(to)) => to,
        Ok(None) => return Seen::Unreachable(format!("{host} has no address")),
        Err(error) => return Seen::Unreachable(error.to_string()),
    };
    let mut config = TurnConfig::new(login.clone());
    config.set_address_family(AddressFamily::IPV4);
    match Wire::open(way, &host, to) {
        Err(error) => Seen::Unreachable(error.to_string()),
        Ok((wire, from)) if way == Way::Udp => talk(TurnClientUdp::allocate(from, to, config), wire, peers),
        Ok((wire, from)) => talk(TurnClientTcp::allocate(from, to, config), wire, peers),
    }
}

/// Asks for an address, and whether it leads to each of `peers`.
fn talk(mut client: impl TurnClientApi, mut wire: Wire, peers: &[IpAddr]) -> Seen {
    let mut conversation = Conversation { begun: Instant::now(), last_error: None, heard: false };
    match conversation.next(&mut client, &mut wire) {
        Ok(Some(TurnEvent::AllocationCreated(..))) => {}
        Ok(Some(_)) => return Seen::Refused(conversation.last_error),
        Ok(None) if conversation.heard => return Seen::Refused(conversation.last_error),
        Ok(None) => return Seen::Unreachable("nothing came back".to_owned()),
        Err(error) => return Seen::Unreachable(error.to_string()),
    }
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    for peer in peers {
        let now = conversation.now();
        if client.create_permission(TransportType::Udp, *peer, now).is_err() {
            continue;
        }
        match conversation.next(&mut client, &mut wire) {
            Ok(Some(TurnEvent::PermissionCreated(..))) => allowed.push(*peer),
            Ok(Some(_)) => denied.push(*peer),
            Ok(None) | Err(_) => {}
        }
    }
    // What it keeps for us it may give to others.
    let now = conversation.now();
    if client.delete(now).is_ok()
        && let Some(last) = client.poll_transmit(now)
    {
        let _ = wire.send(&last.data);
    }
    Seen::Relays { allowed, denied }
}

struct Conversation {
    begun: Instant,
    last_error: Option<u16>,
    /// Anything came.
    heard: bool,
}

impl Conversation {
    /// On the clock of the library.
    fn now(&self) -> turn_client_proto::types::Instant {
        let passed = i64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(i64::MAX);
        turn_client_proto::types::Instant::from_nanos(passed)
    }

    /// What happens next; `None` if nothing does in time.
    fn next(&mut self, client: &mut impl TurnClientApi, wire: &mut Wire) -> io::Result<Option<TurnEvent>> {
        let (until, mut buffer) = (Instant::now() + PATIENCE, vec![0; 4_096]);
        while Instant::now() < until {
            let polled = client.poll(self.now());
            while let Some(transmit) = client.poll_transmit(self.now()) {
                wire.send(&transmit.data)?;
            }
            if let Some(event) = client.poll_event() {
                return Ok(Some(event));
            }
            if matches!(polled, TurnPollRet::Closed) {
                return Ok(None);
            }
            let Some(count) = wire.receive(&mut buffer)? else { continue };
            self.heard = true;
            let data = buffer.get(..count).unwrap_or_default().to_vec();
            if let Some(code) = error_in(&data) {
                self.last_error = Some(code);
            }
            let (transport, from, to) = (client.transport(), client.remote_addr(), client.local_addr());
            client.recv(Transmit::new(data, transport, from, to), self.now());
        }
        Ok(None)
    }
}

fn error_in(data: &[u8]) -> Option<u16> {
    let message = Message::from_bytes(data).ok()?;
    message.attribute::<ErrorCode>().ok().map(|error| error.code())
}

/// What leads to a server.
enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// How long one look at a wire waits.
const LOOK: Duration = Duration::from_millis(50);

impl Wire {
    fn open(way: Way, host: &str, to: SocketAddr) -> io::Result<(Wire, SocketAddr)> {
        if way == Way::Udp {
            let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(any)?;
            socket.connect(to)?;
            socket.set_read_timeout(Some(LOOK))?;
            let from = socket.local_addr()?;
            return Ok((Wire::Udp(socket), from));
        }
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        let from = stream.local_addr()?;
        if way == Way::Tcp {
            stream.set_read_timeout(Some(LOOK))?;
            return Ok((Wire::Tcp(stream), from));
        }
        stream.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(tls()?, name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        stream.sock.set_read_timeout(Some(LOOK))?;
        Ok((Wire::Tls(Box::new(stream)), from))
    }

    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        match self {
            Wire::Udp(socket) => socket.send(data).map(|_| ()),
            Wire::Tcp(stream) => stream.write_all(data),
            Wire::Tls(stream) => stream.write_all(data).and_then(|()| stream.flush()),
        }
    }

    /// What came; `None` if nothing did for a moment.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let read = match self {
            Wire::Udp(socket) => socket.recv(buffer),
            Wire::Tcp(stream) => stream.read(buffer),
            Wire::Tls(stream) => stream.read(buffer),
        };
        match read {
            Ok(0) if !matches!(self, Wire::Udp(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(Some(count)),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Browsers trust whom the machine trusts, and so is it judged here.
fn tls() -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trust::of_system());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    fn judged(seen: &Seen) -> Vec<(&'static str, Severity)> {
        let ours = [IpAddr::from([192, 0, 2, 1])];
        judge("turn:a", seen, &ours).into_iter().map(|finding| (finding.name, finding.severity)).collect()
    }

    #[test]
    fn what_a_relay_leads_to_is_judged() {
        let (ours, inner) = (IpAddr::from([192, 0, 2, 1]), IpAddr::V4(INNER[2]));
        let relays = |allowed: &[IpAddr], denied: &[IpAddr]| {
            judged(&Seen::Relays { allowed: allowed.to_vec(), denied: denied.to_vec() })[2]
        };
        assert_eq!(relays(&[ours], &[inner]), ("turn-inner", Severity::Good));
        assert_eq!(relays(&[ours, inner], &[]), ("turn-inner", Severity::Error));
        assert_eq!(relays(&[], &[ours, inner]), ("turn-inner", Severity::Error));
        // About ours there was no answer, then about none.
        assert_eq!(relays(&[], &[inner]), ("turn-inner", Severity::Error));
        assert_eq!(relays(&[], &[]), ("turn-inner", Severity::Warning));
        let only_v6 = judge("turn:a", &Seen::Relays { allowed: Vec::new(), denied: vec![inner] }, &[]);
        assert_eq!((only_v6[2].name, only_v6[2].severity), ("turn-inner", Severity::Notice));
        assert_eq!(judged(&Seen::Unreachable(String::new())), [("turn-reach", Severity::Error)]);
        let unknown = judged(&Seen::Refused(Some(UNAUTHORIZED)));
        assert_eq!(unknown, [("turn-reach", Severity::Good), ("turn-secret", Severity::Error)]);
    }

    #[test]
    fn addresses_are_read_as_clients_read_them() {
        let of = |url: &str| parse(url).unwrap();
        assert_eq!(of("turn:a.example"), (Way::Udp, "a.example".to_owned(), 3_478));
        assert_eq!(of("turn:192.0.2.1:80?transport=tcp"), (Way::Tcp, "192.0.2.1".to_owned(), 80));
        assert_eq!(of("turns:[2001:db8::1]:443?transport=tcp"), (Way::Tls, "2001:db8::1".to_owned(), 443));
        assert_eq!(of("turn:[2001:db8::1]"), (Way::Udp, "2001:db8::1".to_owned(), 3_478));
        assert_eq!(of("turns:a"), (Way::Tls, "a".to_owned(), 5_349));
    }
}
