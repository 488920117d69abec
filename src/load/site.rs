//! The server as HTTP has it: rooms are made there, numbers are told there. One request at a time, waited for: before anything
//! is measured, and after.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::Value;

use super::error::LoadError;
use crate::config::Url;

/// For so long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer: numbers are some 60 KiB.
const MOST_ANSWER: u64 = 4 * 1024 * 1024;

/// A server, and how TLS is spoken with it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub url: Url,
    pub address: SocketAddr,
    pub tls: Arc<ClientConfig>,
    pub name: ServerName<'static>,
}

impl Site {
    /// Finds the server.
    ///
    /// # Errors
    /// [`LoadError::NoAddress`] if there is none of this name.
    pub(crate) fn find(url: &Url, tls: Arc<ClientConfig>) -> Result<Site, LoadError> {
        let nowhere = |error| LoadError::NoAddress(url.to_string(), error);
        let mut found = (url.host.as_str(), url.port).to_socket_addrs().map_err(nowhere)?;
        let address = found.next().ok_or_else(|| nowhere(ErrorKind::NotFound.into()))?;
        let name = ServerName::try_from(url.host.clone());
        let name = name.map_err(|error| nowhere(io::Error::new(ErrorKind::InvalidInput, error)))?;
        Ok(Site { url: url.clone(), address, tls, name })
    }

    /// Makes a room, showing this, and says its id.
    ///
    /// # Errors
    /// [`LoadError`] if there is no server, or it makes none: then with its status.
    pub(crate) fn make_room(&self, name: &str, pass: Option<&str>) -> Result<Result<String, u16>, LoadError> {
        let body = serde_json::json!({ "name": name, "listed": false }).to_string();
        let shown = pass.map_or(String::new(), |pass| format!("Authorization: Bearer {pass}\r\n"));
        let head = format!(
            "POST /api/rooms HTTP/1.1\r\nHost: {}\r\n{shown}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.url.authority(),
            body.len()
        );
        let answer = self.ask(&(head + &body))?;
        let stranger = |why: &str| LoadError::Stranger(self.url.to_string(), why.to_owned());
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status: u16 = status.ok_or_else(|| stranger("it speaks no HTTP"))?;
        match status {
            201 => {
                let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
                let room: Option<Value> = serde_json::from_str(body).ok();
                let id = room.as_ref().and_then(|room| room.get("id")?.as_str().map(str::to_owned));
                Ok(Ok(id.ok_or_else(|| stranger("a room has no id"))?))
            }
            429 | 503 => Ok(Err(status)),
            401 | 403 => Err(LoadError::NoPass(self.url.to_string())),
            _ => Err(match elsewhere(&answer) {
                Some(place) => LoadError::Elsewhere(self.url.to_string(), place),
                None => stranger(&format!("it answers {status} to whoever makes a room")),
            }),
        }
    }

    /// One request and the whole answer.
    fn ask(&self, request: &str) -> Result<String, LoadError> {
        let unreachable = |error| LoadError::Unreachable(self.url.to_string(), error);
        let mut stream = connect(self.address).map_err(unreachable)?;
        if !self.url.tls {
            return exchange(&mut stream, request).map_err(unreachable);
        }
        let mut connection =
            ClientConnection::new(self.tls.clone(), self.name.clone()).map_err(LoadError::Tls)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).map_err(|error| self.untrusted(error))?;
        }
        exchange(&mut StreamOwned::new(connection, stream), request).map_err(|error| self.untrusted(error))
    }

    /// What an error of a stream with TLS means.
    fn untrusted(&self, error: io::Error) -> LoadError {
        let refused = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned();
        match refused {
            Some(rustls::Error::InvalidMessage(_)) => LoadError::NoTls(self.url.to_string()),
            Some(refused) => LoadError::Untrusted(self.url.to_string(), refused),
            None => LoadError::Unreachable(self.url.to_string(), error),
        }
    }
}

/// The server that an answer names as its `Location`.
fn elsewhere(answer: &str) -> Option<Url> {
    let is_location = |line: &&str| line.get(..9).is_some_and(|name| name.eq_ignore_ascii_case("location:"));
    let place: Uri = answer.lines().find(is_location)?.get(9..)?.trim().parse().ok()?;
    format!("{}://{}", place.scheme_str()?, place.authority()?).parse().ok()
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn exchange(stream: &mut (impl Read + Write), request: &str) -> io::Result<String> {
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut answer = String::new();
    match stream.take(MOST_ANSWER).read_to_string(&mut answer) {
        // Some end without saying so; what was said is whole if it says how long it is.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof || answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}

/// The text of numbers that a server tells at `address`.
///
/// # Errors
/// If nobody answers there.
pub(crate) fn numbers(address: SocketAddr) -> io::Result<String> {
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    exchange(&mut connect(address)?, &request)
}
