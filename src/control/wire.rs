//! The bytes of one TCP connection, plain or under TLS, without blocking.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::{ServerConfig, ServerConnection};

/// One connection's bytes. Edge-triggered like the socket beneath: read and write until [`ErrorKind::WouldBlock`].
///
/// A finished `write` may leave bytes inside TLS; only a `flush` that returns `Ok` says that everything left.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    tls: Option<Box<ServerConnection>>,
    received: u64,
    insecure: bool,
    /// Bytes that may still be read in this turn.
    budget: usize,
    /// There may be more to read than this turn had time for.
    starved: bool,
}

/// Bytes of one connection that are read in one go before the others have their turn: what TLS and WebSocket make of 16 KiB
/// in their smallest records and frames takes half a millisecond.
const BYTES_A_TURN: usize = 16 * 1024;

impl Wire {
    /// A connection just accepted; under TLS if there is a `config` for it.
    ///
    /// # Errors
    /// [`io::Error`] if TLS cannot start with this configuration.
    pub fn new(stream: TcpStream, config: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        let tls = match config {
            None => None,
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                Some(Box::new(connection))
            }
        };
        Ok(Self { stream, tls, received: 0, insecure: false, budget: BYTES_A_TURN, starved: false })
    }

    /// The socket, for registration.
    pub fn stream_mut(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// The connection's turn begins.
    pub fn begin_turn(&mut self) {
        (self.budget, self.starved) = (BYTES_A_TURN, false);
    }

    /// Whether reading ended although there may be more, for which no event will come.
    pub fn is_starved(&self) -> bool {
        self.starved
    }

    /// How much of so many bytes may be read now.
    fn allowed(&mut self, wanted: usize) -> io::Result<usize> {
        self.starved = self.budget == 0 && wanted > 0;
        if self.starved { Err(ErrorKind::WouldBlock.into()) } else { Ok(wanted.min(self.budget)) }
    }

    fn came(&mut self, count: usize) {
        self.budget = self.budget.saturating_sub(count);
        self.received += count as u64;
    }

    /// Bytes that came from the socket so far: a change says that the other side is alive.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The client speaks plain HTTP where TLS is spoken. It may be told so, and nothing else.
    pub fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Nothing can be said to the other side yet.
    pub fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// Looks at the first byte: a TLS record begins with 22, a plain request with a letter.
    fn look_for_plain_http(&mut self) {
        let mut first = [0];
        if self.stream.peek(&mut first).is_ok_and(|count| count == 1 && first[0].is_ascii_uppercase()) {
            self.tls = None;
            self.insecure = true;
        }
    }

    /// Ends our direction, once everything written has left.
    ///
    /// # Errors
    /// `WouldBlock` while something has not: call again when writable.
    pub fn finish(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            // Repeated calls send the alert once.
            tls.send_close_notify();
        }
        self.flush()?;
        self.stream.shutdown(Shutdown::Write)
    }

    /// Takes bytes from the socket and throws them away. The count; zero at the end of the stream.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn discard(&mut self) -> io::Result<usize> {
        let mut thrown = [0; 4096];
        let most = self.allowed(thrown.len())?;
        let count = uninterrupted(|| self.stream.read(thrown.get_mut(..most).unwrap_or_default()))?;
        self.came(count);
        Ok(count)
    }
}

/// Repeats what a signal interrupted.
fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn write_tls(tls: &mut ServerConnection, stream: &mut TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        if uninterrupted(|| tls.write_tls(stream))? == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

/// Like [`write_tls`], but a full socket is no error: the rest leaves when it is writable.
fn offer_tls(tls: &mut ServerConnection, stream: &mut TcpStream) -> io::Result<()> {
    match write_tls(tls, stream) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        other => other,
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.received == 0 && self.tls.is_some() {
            self.look_for_plain_http();
        }
        if self.tls.is_none() {
            let most = self.allowed(buffer.len())?;
            let count = uninterrupted(|| self.stream.read(buffer.get_mut(..most).unwrap_or_default()))?;
            self.came(count);
            return Ok(count);
        }
        loop {
            let Some(tls) = &mut self.tls else { return Err(ErrorKind::NotConnected.into()) };
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // The end without close_notify is how most programs leave.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                other => return other,
            }
            self.allowed(1)?;
            let Some(tls) = &mut self.tls else { return Err(ErrorKind::NotConnected.into()) };
            let count = uninterrupted(|| tls.read_tls(&mut self.stream))?;
            let outcome = tls.process_new_packets();
            // Handshake messages, or the alert that says what was wrong.
            offer_tls(tls, &mut self.stream)?;
            self.came(count);
            outcome.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return uninterrupted(|| self.stream.write(bytes));
        };
        let mut count = tls.writer().write(bytes)?;
        offer_tls(tls, &mut self.stream)?;
        if count == 0 && !bytes.is_empty() {
            // The buffer inside TLS was full; there may be room in it now.
            count = tls.writer().write(bytes)?;
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            offer_tls(tls, &mut self.stream)?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => write_tls(tls, &mut self.stream),
            None => self.stream.flush(),
        }
    }
}
