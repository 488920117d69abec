//! The sockets that take connections, of pages and of media: one for each address, on one port.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

/// Connections the kernel holds for us while a turn of the loop lasts.
const BACKLOG: i32 = 1024;

/// How long to wait when the process is out of file descriptors: connections end meanwhile.
const RETRY: Duration = Duration::from_millis(100);

/// How many ports the system is asked for, where it is to choose: one that is free at one address may be taken at another.
const PORT_TRIES: usize = 32;

/// Every address of the machine.
const EVERYWHERE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];

/// The listening sockets.
#[derive(Debug)]
pub(crate) struct Listeners {
    sockets: Vec<TcpListener>,
    port: u16,
    retry: Option<Instant>,
    errors: u64,
}

impl Listeners {
    /// How many tokens they have at every address of the machine.
    pub const TOKENS: usize = EVERYWHERE.len();

    /// How many there may be: their tokens are numbered.
    pub const MOST: usize = 8;

    /// Listens on `port` of these addresses, of every one if there are none; port 0 lets the system choose. A machine
    /// without IPv6 does with IPv4.
    ///
    /// # Errors
    /// Those of the system, `AddrInUse` first among them.
    pub fn bind(addresses: &[IpAddr], port: u16) -> io::Result<Self> {
        let addresses = if addresses.is_empty() { &EVERYWHERE } else { addresses };
        let mut result = Self::try_bind(addresses, port);
        for _ in 1..PORT_TRIES {
            match &result {
                Err(error) if port == 0 && error.kind() == ErrorKind::AddrInUse => {
                    result = Self::try_bind(addresses, port);
                }
                _ => break,
            }
        }
        result
    }

    fn try_bind(addresses: &[IpAddr], port: u16) -> io::Result<Self> {
        let (mut sockets, mut chosen) = (Vec::new(), port);
        for &address in addresses.iter().take(Self::MOST) {
            match listen(SocketAddr::from((address, chosen))) {
                Ok(socket) => {
                    chosen = socket.local_addr()?.port();
                    sockets.push(socket);
                }
                Err(error) if is_dispensable(address, &error) && !sockets.is_empty() => {
                    log::warn!("no connections over IPv6: {error}");
                }
                Err(error) => return Err(io::Error::new(error.kind(), format!("{address}: {error}"))),
            }
        }
        Ok(Self { sockets, port: chosen, retry: None, errors: 0 })
    }

    /// The port, also when the system chose it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Has the poll tell about connections that wait, under the tokens from `first` on.
    ///
    /// # Errors
    /// Those of the system.
    pub fn register(&mut self, registry: &Registry, first: usize) -> io::Result<()> {
        for (offset, socket) in self.sockets.iter_mut().enumerate() {
            registry.register(socket, Token(first + offset), Interest::READABLE)?;
        }
        Ok(())
    }

    /// Times a connection that waited could not be accepted.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// When to accept again although no event will say so.
    pub fn retry_at(&self) -> Option<Instant> {
        self.retry
    }

    /// Takes a connection that waits. Edge-triggered: call until `None`.
    pub fn accept(&mut self, now: Instant) -> Option<(TcpStream, SocketAddr)> {
        let short = self.retry.take().is_some();
        for socket in &self.sockets {
            loop {
                match socket.accept() {
                    Ok(accepted) => return Some(accepted),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // The other side gave up while it waited.
                    Err(error)
                        if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                    Err(error) => {
                        // Once for each shortage, not ten times a second.
                        let level = if short { log::Level::Debug } else { log::Level::Warn };
                        log::log!(level, "a connection waits that cannot be accepted: {error}");
                        self.errors += 1;
                        self.retry = Some(now + RETRY);
                        break;
                    }
                }
            }
        }
        None
    }

    /// Stops listening.
    pub fn close(&mut self) {
        self.sockets.clear();
        self.retry = None;
    }
}

/// Whether a server goes on without this address: it is IPv6's for all or for the machine itself, and others are there.
fn is_dispensable(address: IpAddr, error: &io::Error) -> bool {
    let is_general = address.is_ipv6() && (address.is_unspecified() || address.is_loopback());
    is_general && error.kind() != ErrorKind::AddrInUse
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // IPv4 has a socket of its own: no v4-mapped addresses.
        socket.set_only_v6(true)?;
    }
    // So that a restart need not wait for the connections of the process before to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ports that are free at one address of the machine and taken at another are common: every connection has one.
    #[test]
    fn a_port_that_the_system_chooses_is_free_at_every_address() {
        let (one, two) = (IpAddr::from([127, 0, 0, 45]), IpAddr::from([127, 0, 0, 46]));
        // The system has some 14,000 for those who listen, so of 400 tries about eleven meet one of these.
        let at = SocketAddr::from((two, 0));
        let taken: Vec<_> = (0..400).map(|_| std::net::TcpListener::bind(at)).collect();
        assert!(taken.iter().all(Result::is_ok), "ports to take");
        for _ in 0..400 {
            let listeners = Listeners::bind(&[one, two], 0).expect("a port");
            assert_eq!(listeners.sockets.len(), 2);
        }
        let used = taken.first().and_then(|socket| socket.as_ref().ok()?.local_addr().ok()).expect("a port");
        let refused = Listeners::bind(&[one, two], used.port()).expect_err("a port that was asked for");
        assert_eq!(refused.kind(), ErrorKind::AddrInUse);
    }
}
