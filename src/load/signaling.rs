//! One person's WebSocket: TCP, TLS and the handshake on a socket that never blocks, then messages of the protocol.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::{ClientConnection, StreamOwned};
use tungstenite::client::{IntoClientRequest, client_with_config};
use tungstenite::handshake::MidHandshake;
use tungstenite::handshake::client::{ClientHandshake, Request, Response};
use tungstenite::http::HeaderValue;
use tungstenite::http::header::ORIGIN;
use tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tungstenite::{Error, HandshakeError, Message, WebSocket};

use super::error::LoadError;
use super::site::Site;
use crate::conference::protocol::{ClientMessage, ServerMessage};

/// Bytes that are read at once: each person has a buffer of them, and messages are some kilobytes.
const READ_BUFFER: usize = 8 * 1024;

/// Messages that are read before they are heeded: whoever says more than can be read is heard all the same, and not kept.
const MOST_AT_ONCE: usize = 256;

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(bytes),
            Stream::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => &stream.sock,
        }
    }
}

enum State {
    /// TCP is not known to be up.
    Connecting(Box<(Stream, Request)>),
    Greeting(Box<MidHandshake<ClientHandshake<Stream>>>),
    Open(Box<WebSocket<Stream>>),
    Over,
}

/// One person's socket.
pub(crate) struct Signaling {
    state: State,
    /// What is to be said once it is open.
    unsaid: Vec<String>,
}

impl Signaling {
    /// A socket that is being opened. It wakes `token`.
    ///
    /// # Errors
    /// If there are no ports or descriptors left.
    pub(crate) fn open(site: &Site, registry: &Registry, token: Token) -> Result<Signaling, LoadError> {
        let failed = |error| LoadError::System("a socket cannot be opened", error);
        let mut stream = TcpStream::connect(site.address).map_err(failed)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).map_err(failed)?;
        // A message is said in one piece, and somebody waits for it.
        let _ = stream.set_nodelay(true);
        let stream = if site.url.tls {
            let tls = ClientConnection::new(site.tls.clone(), site.name.clone()).map_err(LoadError::Tls)?;
            Stream::Tls(Box::new(StreamOwned::new(tls, stream)))
        } else {
            Stream::Plain(stream)
        };
        let scheme = if site.url.tls { "wss" } else { "ws" };
        let no_url = |why: String| LoadError::Stranger(site.url.to_string(), why);
        let request = format!("{scheme}://{}/ws", site.url.authority()).into_client_request();
        let mut request = request.map_err(|error| no_url(error.to_string()))?;
        let origin = HeaderValue::try_from(site.url.to_string());
        request.headers_mut().insert(ORIGIN, origin.map_err(|error| no_url(error.to_string()))?);
        Ok(Signaling { state: State::Connecting(Box::new((stream, request))), unsaid: Vec::new() })
    }

    /// Says something, as soon as that is possible.
    pub(crate) fn say(&mut self, message: &ClientMessage) {
        // A message of ours has no form that could not be written.
        self.unsaid.extend(serde_json::to_string(message));
    }

    /// Reads what came into `heard`, and writes what waits.
    ///
    /// # Errors
    /// Why it is over.
    pub(crate) fn turn(&mut self, heard: &mut Vec<ServerMessage>) -> Result<(), String> {
        loop {
            self.state = match std::mem::replace(&mut self.state, State::Over) {
                State::Connecting(both) => {
                    if !is_connected(both.0.tcp()).map_err(|error| error.to_string())? {
                        self.state = State::Connecting(both);
                        return Ok(());
                    }
                    let (stream, request) = *both;
                    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
                    greeted(client_with_config(request, stream, Some(config)))?
                }
                State::Greeting(greeting) => greeted(greeting.handshake())?,
                State::Open(mut socket) => {
                    talk(&mut socket, &mut self.unsaid, heard)?;
                    self.state = State::Open(socket);
                    return Ok(());
                }
                State::Over => return Err("it is over".to_owned()),
            };
            if matches!(self.state, State::Greeting(_)) {
                return Ok(());
            }
        }
    }
}

/// Whether TCP is up by now.
///
/// # Errors
/// Why it will not be.
pub(crate) fn is_connected(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
        Ok(_) => Ok(true),
    }
}

type Greeted = Result<(WebSocket<Stream>, Response), HandshakeError<ClientHandshake<Stream>>>;

fn greeted(greeted: Greeted) -> Result<State, String> {
    match greeted {
        Ok((socket, _)) => Ok(State::Open(Box::new(socket))),
        Err(HandshakeError::Interrupted(greeting)) => Ok(State::Greeting(Box::new(greeting))),
        Err(HandshakeError::Failure(Error::Http(answer))) => Err(format!("it answers {}", answer.status())),
        Err(HandshakeError::Failure(error)) => Err(error.to_string()),
    }
}

fn talk(
    socket: &mut WebSocket<Stream>,
    unsaid: &mut Vec<String>,
    heard: &mut Vec<ServerMessage>,
) -> Result<(), String> {
    for text in unsaid.drain(..) {
        waits(socket.write(Message::text(text)))?;
    }
    while heard.len() < MOST_AT_ONCE {
        match socket.read() {
            // Messages of a type that we do not know are for somebody newer.
            Ok(Message::Text(text)) => heard.extend(serde_json::from_str(&text)),
            Ok(Message::Close(frame)) => return Err(closed(frame)),
            Ok(_) => {}
            Err(error) => {
                waits(Err(error))?;
                break;
            }
        }
    }
    waits(socket.flush())
}

fn closed(frame: Option<CloseFrame>) -> String {
    frame.map_or_else(
        || "closed without a word".to_owned(),
        |frame| format!("closed with {} {}", u16::from(frame.code), frame.reason),
    )
}

/// What waits for the network is no error.
fn waits(result: Result<(), Error>) -> Result<(), String> {
    match result {
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        other => other.map_err(|error| error.to_string()),
    }
}
