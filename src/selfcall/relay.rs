//! A line by a TURN server (RFC 8656): what the server is sent leaves from the relayed address. The protocol is `turn-client-proto`'s, which
//! knows no socket; TLS is rustls's.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use turn_client_proto::api::{Transmit, TurnConfig, TurnEvent, TurnPeerData, TurnPollRet, TurnRecvRet};
use turn_client_proto::client::TurnClient;
use turn_client_proto::prelude::TurnClientApi;
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::{AddressFamily, Instant as Moment, TransportType, TurnCredentials};
use turn_client_proto::udp::TurnClientUdp;

use super::judge::{Failure, Step};
use super::line::{CHUNK, Line, MOST_WAITING, fill, flush, source};
use super::plan::{RelayPlace, Way};
use crate::conference::protocol::IceServer;
use crate::load::signaling::is_connected;
use crate::media::Protocol;

/// Steps of the protocol in a row at most.
const MOST_STEPS: usize = 64;

enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Wire::Udp(_) => None,
            Wire::Tcp(stream) => Some(stream),
            Wire::Tls(stream) => Some(&stream.sock),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Udp(socket) => socket.recv(bytes),
            Wire::Tcp(stream) => stream.read(bytes),
            Wire::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Udp(socket) => socket.send(bytes),
            Wire::Tcp(stream) => stream.write(bytes),
            Wire::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Wire::Udp(_) => Ok(()),
            Wire::Tcp(stream) => stream.flush(),
            Wire::Tls(stream) => stream.flush(),
        }
    }
}

/// A line by a TURN server.
pub(super) struct Relay {
    wire: Wire,
    client: TurnClient,
    /// The zero of its time.
    begun: Instant,
    /// Something came of the TURN server.
    answered: bool,
    local: SocketAddr,
    server: SocketAddr,
    relayed: Option<SocketAddr>,
    target: Option<SocketAddr>,
    /// The relay lets us send to the target.
    permitted: bool,
    unsent: Vec<u8>,
    due: Option<Instant>,
}

/// Where a TURN server is.
///
/// # Errors
/// [`Step::Relay`] if there is none of this name.
pub(super) fn find(place: &RelayPlace) -> Result<SocketAddr, Failure> {
    let nowhere = |why: String| Failure::new(Step::Relay, format!("{} cannot be found: {why}", place.host));
    let found = (place.host.as_str(), place.port).to_socket_addrs();
    let mut found: Vec<SocketAddr> = found.map_err(|error| nowhere(error.to_string()))?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied().ok_or_else(|| nowhere("it has no address".to_owned()))
}

impl Relay {
    /// A line by the TURN server at this place, whose address is `server`, towards an address of this family.
    pub(super) fn open(
        (way, place, server): (Way, &RelayPlace, SocketAddr),
        told: &IceServer,
        (to_v6, tls): (bool, &Arc<ClientConfig>),
        (registry, token, now): (&Registry, Token, Instant),
    ) -> Result<Relay, Failure> {
        let silent = |error: io::Error| Failure::new(Step::Relay, error.to_string());
        let (wire, local) = wire(way, place, server, tls, (registry, token)).map_err(silent)?;
        let (user, password) = (told.username.as_deref(), told.credential.as_deref());
        let mut config =
            TurnConfig::new(TurnCredentials::new(user.unwrap_or_default(), password.unwrap_or_default()));
        config.set_address_family(if to_v6 { AddressFamily::IPV6 } else { AddressFamily::IPV4 });
        let client = match way {
            Way::TurnTcp | Way::TurnTls => TurnClientTcp::allocate(local, server, config).into(),
            _ => TurnClientUdp::allocate(local, server, config).into(),
        };
        Ok(Relay {
            wire,
            client,
            begun: now,
            answered: false,
            local,
            server,
            relayed: None,
            target: None,
            permitted: false,
            unsent: Vec::new(),
            due: Some(now),
        })
    }

    /// Its own time.
    fn moment(&self, now: Instant) -> Moment {
        let passed = now.saturating_duration_since(self.begun).as_nanos();
        Moment::from_nanos(i64::try_from(passed).unwrap_or(i64::MAX))
    }

    fn take(&mut self, bytes: Vec<u8>, now: Moment, heard: &mut Vec<Vec<u8>>) {
        self.answered = true;
        let came = Transmit::new(bytes, self.client.transport(), self.server, self.local);
        if let TurnRecvRet::PeerData(data) = self.client.recv(came, now) {
            keep(&data, self.target, heard);
        }
        while let Some(data) = self.client.poll_recv(now) {
            keep(&data, self.target, heard);
        }
    }

    /// Lets the protocol go on, and says what has to leave.
    fn step(&mut self, now: Instant) -> Result<(), Failure> {
        let moment = self.moment(now);
        for _ in 0..MOST_STEPS {
            let waits = match self.client.poll(moment) {
                TurnPollRet::WaitUntil(until) => until.checked_duration_since(moment),
                TurnPollRet::Closed if self.relayed.is_none() => {
                    return Err(self.broke(&ErrorKind::TimedOut.into()));
                }
                _ => Some(Duration::from_secs(1)),
            };
            self.events()?;
            let mut sent = false;
            while let Some(transmit) = self.client.poll_transmit(moment) {
                sent = true;
                self.leave(&transmit.data);
            }
            let waits = waits.unwrap_or_default();
            if !sent && waits > Duration::ZERO {
                self.due = now.checked_add(waits);
                break;
            }
        }
        Ok(())
    }

    fn events(&mut self) -> Result<(), Failure> {
        while let Some(event) = self.client.poll_event() {
            match event {
                TurnEvent::AllocationCreated(_, address) => self.relayed = Some(address),
                TurnEvent::AllocationCreateFailed(_) => {
                    return Err(Failure::new(
                        Step::Allocation,
                        "the TURN server refuses us one: is its secret ours?",
                    ));
                }
                TurnEvent::PermissionCreated(..) => self.permitted = true,
                TurnEvent::PermissionCreateFailed(_, to) => {
                    return Err(Failure::new(
                        Step::Allocation,
                        format!("the TURN server lets nobody send to {to}"),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn leave(&mut self, bytes: &[u8]) {
        if matches!(self.wire, Wire::Udp(_)) {
            // What does not leave is lost, as on the way.
            let _ = self.wire.write(bytes);
        } else if self.unsent.len() + bytes.len() <= MOST_WAITING {
            self.unsent.extend_from_slice(bytes);
        }
    }

    /// What went wrong on the way to the TURN server, which is something else once it has answered.
    fn broke(&self, error: &io::Error) -> Failure {
        let step = if self.answered { Step::Allocation } else { Step::Relay };
        Failure::new(step, error.to_string())
    }
}

fn keep<T: AsRef<[u8]> + std::fmt::Debug>(
    data: &TurnPeerData<T>,
    target: Option<SocketAddr>,
    heard: &mut Vec<Vec<u8>>,
) {
    if target == Some(data.peer) {
        heard.push(data.data().to_vec());
    }
}

fn wire(
    way: Way,
    place: &RelayPlace,
    server: SocketAddr,
    tls: &Arc<ClientConfig>,
    (registry, token): (&Registry, Token),
) -> io::Result<(Wire, SocketAddr)> {
    if way == Way::TurnUdp {
        let mut socket = UdpSocket::bind(SocketAddr::new(source(server.ip())?, 0))?;
        socket.connect(server)?;
        registry.register(&mut socket, token, Interest::READABLE)?;
        let local = socket.local_addr()?;
        return Ok((Wire::Udp(socket), local));
    }
    let mut stream = TcpStream::connect(server)?;
    registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
    let _ = stream.set_nodelay(true);
    let local = stream.local_addr()?;
    if way == Way::TurnTcp {
        return Ok((Wire::Tcp(stream), local));
    }
    let name = ServerName::try_from(place.host.clone()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
    Ok((Wire::Tls(Box::new(StreamOwned::new(connection, stream))), local))
}

impl Line for Relay {
    fn address(&self) -> Option<SocketAddr> {
        self.relayed
    }

    fn is_answered(&self) -> bool {
        self.answered
    }

    fn protocol(&self) -> Protocol {
        // From a relayed address it is always that.
        Protocol::Udp
    }

    fn aim(&mut self, target: SocketAddr, _: &Registry) -> Result<(), Failure> {
        self.target = Some(target);
        let moment = self.moment(Instant::now());
        let asked = self.client.create_permission(TransportType::Udp, target.ip(), moment);
        asked.map_err(|error| Failure::new(Step::Allocation, error.to_string()))?;
        self.due = Some(Instant::now());
        Ok(())
    }

    fn target(&self) -> Option<SocketAddr> {
        self.target
    }

    fn turn(&mut self, now: Instant, heard: &mut Vec<Vec<u8>>) -> Result<(), Failure> {
        let moment = self.moment(now);
        if let Wire::Udp(socket) = &self.wire {
            let mut came = Vec::new();
            let mut bytes = [0; CHUNK];
            loop {
                match socket.recv(&mut bytes) {
                    Ok(length) => came.push(bytes.get(..length).unwrap_or_default().to_vec()),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // An earlier send's ICMP error, told once: whether something comes is seen anyway.
                    Err(_) => {}
                }
            }
            for bytes in came {
                self.take(bytes, moment, heard);
            }
            return self.step(now);
        }
        let up = self.wire.tcp().map_or(Ok(true), is_connected);
        if !up.map_err(|error| self.broke(&error))? {
            return Ok(());
        }
        let mut came = Vec::new();
        let read = fill(&mut self.wire, &mut came);
        if !came.is_empty() {
            self.take(came, moment, heard);
        }
        self.step(now)?;
        read.and_then(|()| flush(&mut self.wire, &mut self.unsent)).map_err(|error| self.broke(&error))
    }

    fn send(&mut self, now: Instant, datagram: &[u8]) {
        let Some(target) = self.target.filter(|_| self.permitted) else { return };
        let moment = self.moment(now);
        if let Ok(Some(built)) = self.client.send_to(TransportType::Udp, target, datagram, moment) {
            self.leave(&built.build().data);
            // That it ended is seen when it is read.
            let _ = flush(&mut self.wire, &mut self.unsent);
        }
    }

    fn wakes(&self) -> Option<Instant> {
        self.due
    }
}

/// The address it gave is given back: a TURN server holds it for minutes otherwise.
impl Drop for Relay {
    fn drop(&mut self) {
        let moment = self.moment(Instant::now());
        if self.relayed.is_some() && self.client.delete(moment).is_ok() {
            while let Some(transmit) = self.client.poll_transmit(moment) {
                self.leave(&transmit.data);
            }
            let _ = flush(&mut self.wire, &mut self.unsent);
        }
    }
}
