//! The way one person's media takes: a UDP socket, or frames on a TCP connection (RFC 4571) that is opened again when it
//! ends.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

/// A person's media socket.
pub enum Line {
    Udp(UdpSocket),
    Tcp(Tcp),
}

/// A connection from an address that stays the same.
pub struct Tcp {
    address: SocketAddr,
    /// Nobody else gets the port meanwhile.
    _reserved: Socket,
    registry: Registry,
    token: usize,
    /// Where to, and what came of it.
    open: Option<(SocketAddr, TcpStream)>,
    read: Vec<u8>,
    unwritten: Vec<u8>,
}

impl Line {
    pub fn udp(registry: &Registry, token: usize) -> Line {
        let mut socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a UDP socket");
        registry.register(&mut socket, Token(token), Interest::READABLE).expect("registered");
        Line::Udp(socket)
    }

    pub fn tcp(registry: Registry, token: usize) -> Line {
        let reserved = bound((Ipv4Addr::LOCALHOST, 0).into()).expect("a TCP port");
        let address = reserved.local_addr().expect("bound").as_socket().expect("an IP address");
        let (read, unwritten) = (Vec::new(), Vec::new());
        Line::Tcp(Tcp { address, _reserved: reserved, registry, token, open: None, read, unwritten })
    }

    pub fn address(&self) -> SocketAddr {
        match self {
            Line::Udp(socket) => socket.local_addr().expect("bound"),
            Line::Tcp(tcp) => tcp.address,
        }
    }

    /// What the network does not take is lost, as on any.
    pub fn send(&mut self, server: SocketAddr, datagrams: impl Iterator<Item = Vec<u8>>) {
        match self {
            Line::Udp(socket) => datagrams.for_each(|datagram| drop(socket.send_to(&datagram, server))),
            Line::Tcp(tcp) => tcp.send(server, datagrams),
        }
    }

    /// What came, and from where.
    pub fn receive(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut came = Vec::new();
        match self {
            Line::Udp(socket) => {
                let mut buffer = [0; 2_048];
                while let Ok((count, from)) = socket.recv_from(&mut buffer) {
                    came.push((from, buffer[..count].to_vec()));
                }
            }
            Line::Tcp(tcp) => tcp.receive(&mut came),
        }
        came
    }
}

impl Tcp {
    fn send(&mut self, server: SocketAddr, datagrams: impl Iterator<Item = Vec<u8>>) {
        if self.open.as_ref().is_none_or(|(to, _)| *to != server) {
            self.end();
            // Nobody may listen for a moment: there will be more to send.
            self.open = self.connect(server).ok().map(|stream| (server, stream));
        }
        let Some((_, stream)) = &mut self.open else { return datagrams.for_each(drop) };
        for datagram in datagrams {
            self.unwritten.extend((datagram.len() as u16).to_be_bytes());
            self.unwritten.extend(datagram);
        }
        while !self.unwritten.is_empty() {
            match stream.write(&self.unwritten) {
                Ok(count) => drop(self.unwritten.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => return self.end(),
            }
        }
    }

    fn receive(&mut self, came: &mut Vec<(SocketAddr, Vec<u8>)>) {
        let Some((server, stream)) = &mut self.open else { return };
        let server = *server;
        let mut buffer = [0; 16 * 1024];
        let ended = loop {
            match stream.read(&mut buffer) {
                Ok(0) => break true,
                Ok(count) => self.read.extend(&buffer[..count]),
                Err(error) => break error.kind() != ErrorKind::WouldBlock,
            }
        };
        let mut at = 0;
        while let Some([high, low]) = self.read.get(at..at + 2) {
            let end = at + 2 + usize::from(u16::from_be_bytes([*high, *low]));
            let Some(frame) = self.read.get(at + 2..end) else { break };
            came.push((server, frame.to_vec()));
            at = end;
        }
        self.read.drain(..at);
        if ended {
            self.end();
        }
    }

    fn connect(&mut self, server: SocketAddr) -> io::Result<TcpStream> {
        let socket = bound(self.address)?;
        socket.connect(&server.into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(socket.into());
        self.registry.register(&mut stream, Token(self.token), Interest::READABLE | Interest::WRITABLE)?;
        Ok(stream)
    }

    fn end(&mut self) {
        self.open = None;
        self.read.clear();
        self.unwritten.clear();
    }
}

/// A socket on an address that was used a moment ago.
fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
