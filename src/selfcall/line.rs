//! What carries one person's datagrams to the server: a UDP socket or a TCP connection of their own. A relay is another (`relay.rs`).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Socket, Type};

use super::judge::{Failure, Step};
use crate::load::signaling::is_connected;
use crate::media::Protocol;

/// Bytes that are read at once, and the longest datagram.
pub(super) const CHUNK: usize = 2048;

/// Bytes that wait for a connection at most: what is more is lost, as datagrams are.
pub(super) const MOST_WAITING: usize = 64 * 1024;

/// Bytes of a frame's length (RFC 4571, section 2).
const HEADER: usize = 2;

/// What carries one person's datagrams.
pub(super) trait Line {
    /// Where they receive; `None` while that is not known.
    fn address(&self) -> Option<SocketAddr>;

    /// Whether whoever is to give an address has answered.
    fn is_answered(&self) -> bool {
        self.address().is_some()
    }

    /// What it is for the server.
    fn protocol(&self) -> Protocol;

    /// The one place that they talk to from now on.
    fn aim(&mut self, target: SocketAddr, registry: &Registry) -> Result<(), Failure>;

    /// That place, once it is known.
    fn target(&self) -> Option<SocketAddr>;

    /// Does what can be done without waiting; what came of the place it is aimed at is in `heard` then.
    fn turn(&mut self, now: Instant, heard: &mut Vec<Vec<u8>>) -> Result<(), Failure>;

    /// Sends a datagram to the place it is aimed at, or loses it.
    fn send(&mut self, now: Instant, datagram: &[u8]);

    /// When it has something to do although nothing comes.
    fn wakes(&self) -> Option<Instant>;
}

/// The address of this machine from which the way leads to another.
///
/// # Errors
/// If no way leads there.
pub(super) fn source(to: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // Nothing is sent: connecting asks the system for the way.
    let way = std::net::UdpSocket::bind((any, 0))?;
    way.connect((to, 9))?;
    Ok(way.local_addr()?.ip())
}

fn no_path(error: &io::Error) -> Failure {
    Failure::new(Step::Path, error.to_string())
}

/// Each datagram as it is.
#[derive(Debug)]
pub(super) struct Datagrams {
    socket: UdpSocket,
    address: SocketAddr,
    target: Option<SocketAddr>,
}

impl Datagrams {
    pub(super) fn open(to: IpAddr, registry: &Registry, token: Token) -> Result<Datagrams, Failure> {
        let open = || {
            let mut socket = UdpSocket::bind(SocketAddr::new(source(to)?, 0))?;
            registry.register(&mut socket, token, Interest::READABLE)?;
            let address = socket.local_addr()?;
            Ok(Datagrams { socket, address, target: None })
        };
        open().map_err(|error| no_path(&error))
    }
}

impl Line for Datagrams {
    fn address(&self) -> Option<SocketAddr> {
        Some(self.address)
    }

    fn protocol(&self) -> Protocol {
        Protocol::Udp
    }

    fn aim(&mut self, target: SocketAddr, _: &Registry) -> Result<(), Failure> {
        self.target = Some(target);
        Ok(())
    }

    fn target(&self) -> Option<SocketAddr> {
        self.target
    }

    fn turn(&mut self, _: Instant, heard: &mut Vec<Vec<u8>>) -> Result<(), Failure> {
        let mut bytes = [0; CHUNK];
        loop {
            match self.socket.recv_from(&mut bytes) {
                Ok((length, from)) if Some(from) == self.target => {
                    heard.push(bytes.get(..length).unwrap_or_default().to_vec());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // What comes from elsewhere says nothing about this way; nor does an earlier send's ICMP error, which is told once.
                _ => {}
            }
        }
    }

    fn send(&mut self, _: Instant, datagram: &[u8]) {
        if let Some(target) = self.target {
            // What does not leave is lost, as on the way.
            let _ = self.socket.send_to(datagram, target);
        }
    }

    fn wakes(&self) -> Option<Instant> {
        None
    }
}

/// Each datagram in a frame of one connection.
#[derive(Debug)]
pub(super) struct Frames {
    /// Until it is known where to.
    bound: Option<Socket>,
    stream: Option<TcpStream>,
    token: Token,
    address: SocketAddr,
    target: Option<SocketAddr>,
    unsent: Vec<u8>,
    begun: Vec<u8>,
}

impl Frames {
    pub(super) fn open(to: IpAddr, token: Token) -> Result<Frames, Failure> {
        let open = || {
            let from = SocketAddr::new(source(to)?, 0);
            let socket = Socket::new(Domain::for_address(from), Type::STREAM, Some(socket2::Protocol::TCP))?;
            socket.set_nonblocking(true)?;
            socket.bind(&from.into())?;
            let address = socket.local_addr()?.as_socket().ok_or(ErrorKind::AddrNotAvailable)?;
            let (unsent, begun) = (Vec::new(), Vec::new());
            Ok(Frames { bound: Some(socket), stream: None, token, address, target: None, unsent, begun })
        };
        open().map_err(|error: io::Error| no_path(&error))
    }
}

impl Line for Frames {
    fn address(&self) -> Option<SocketAddr> {
        Some(self.address)
    }

    fn protocol(&self) -> Protocol {
        Protocol::Tcp
    }

    fn aim(&mut self, target: SocketAddr, registry: &Registry) -> Result<(), Failure> {
        let Some(socket) = self.bound.take() else { return Ok(()) };
        self.target = Some(target);
        let mut connect = || {
            match socket.connect(&target.into()) {
                Err(error) if !is_under_way(&error) => return Err(error),
                _ => {}
            }
            let mut stream = TcpStream::from_std(socket.try_clone()?.into());
            registry.register(&mut stream, self.token, Interest::READABLE | Interest::WRITABLE)?;
            let _ = stream.set_nodelay(true);
            self.stream = Some(stream);
            Ok(())
        };
        connect().map_err(|error| no_path(&error))
    }

    fn target(&self) -> Option<SocketAddr> {
        self.target
    }

    fn turn(&mut self, _: Instant, heard: &mut Vec<Vec<u8>>) -> Result<(), Failure> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        if !is_connected(stream).map_err(|error| no_path(&error))? {
            return Ok(());
        }
        let ended = flush(stream, &mut self.unsent).and_then(|()| fill(stream, &mut self.begun));
        while let Some(frame) = cut(&mut self.begun) {
            heard.push(frame);
        }
        ended.map_err(|error| no_path(&error))
    }

    fn send(&mut self, _: Instant, datagram: &[u8]) {
        let Ok(length) = u16::try_from(datagram.len()) else { return };
        if self.unsent.len() + HEADER + datagram.len() > MOST_WAITING {
            return;
        }
        self.unsent.extend_from_slice(&length.to_be_bytes());
        self.unsent.extend_from_slice(datagram);
        if let Some(stream) = self.stream.as_mut().filter(|stream| is_connected(stream).is_ok_and(|up| up)) {
            // That it ended is seen when it is read.
            let _ = flush(stream, &mut self.unsent);
        }
    }

    fn wakes(&self) -> Option<Instant> {
        None
    }
}

/// A connection is being made (Linux: `EINPROGRESS`).
fn is_under_way(error: &io::Error) -> bool {
    const EINPROGRESS: i32 = 115;
    error.kind() == ErrorKind::WouldBlock || error.raw_os_error() == Some(EINPROGRESS)
}

/// Writes what waits, as far as that goes.
///
/// # Errors
/// Those of the system.
pub(super) fn flush(stream: &mut impl Write, unsent: &mut Vec<u8>) -> io::Result<()> {
    while !unsent.is_empty() {
        match stream.write(unsent) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => drop(unsent.drain(..written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    match stream.flush() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        other => other,
    }
}

/// Reads what is there.
///
/// # Errors
/// Those of the system, and that it ended.
pub(super) fn fill(stream: &mut impl Read, begun: &mut Vec<u8>) -> io::Result<()> {
    let mut bytes = [0; CHUNK];
    while begun.len() < MOST_WAITING {
        match stream.read(&mut bytes) {
            Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the connection was closed")),
            Ok(length) => begun.extend_from_slice(bytes.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The first frame, if it is whole.
fn cut(begun: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes(*begun.first_chunk::<HEADER>()?));
    let frame = begun.get(HEADER..HEADER + length)?.to_vec();
    begun.drain(..HEADER + length);
    Some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_where_they_end() {
        let mut begun = vec![0, 2, 7, 8, 0, 0, 0, 3, 1];
        assert_eq!(cut(&mut begun), Some(vec![7, 8]));
        assert_eq!(cut(&mut begun), Some(Vec::new()));
        assert_eq!(cut(&mut begun), None, "it is not whole");
        begun.extend([2, 3]);
        assert_eq!(cut(&mut begun), Some(vec![1, 2, 3]));
        assert!(begun.is_empty());
    }
}
