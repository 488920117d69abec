//! The address where numbers are told: `GET /metrics` over plain HTTP, one answer a connection; and to the operator, whose address it is,
//! the trace of anybody's subscription.
//!
//! A listener of its own, so that it can stand where clients do not come. Who stalls here holds one of few places, and
//! gives it up to the next who comes or when the time of a request is over; nobody else waits for it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

use super::http::{Head, HeadError, Reply, parse_head};
use super::site::trace_of;
use crate::conference::Now;
use crate::limits::{Limit, Limits, Tally};

/// Bytes read at once. A scraper's request has some hundred.
const CHUNK: usize = 4 * 1024;

/// Bytes thrown away after the answer. Without this, what came behind the request would reset the connection and the
/// answer would be lost.
const LINGER_BYTES: usize = 64 * 1024;

/// The listener and those who ask.
#[derive(Debug)]
pub(super) struct Scrapes {
    listener: TcpListener,
    /// The listener's event was not used up.
    acceptable: bool,
    /// By token, so the oldest is the first. A token is never used twice.
    open: BTreeMap<Token, Scrape>,
    next: Token,
}

/// One who asks.
#[derive(Debug)]
struct Scrape {
    stream: TcpStream,
    by: Instant,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The head so far.
    Asking(Vec<u8>),
    /// The answer, and how much of it is on its way.
    Answering(Vec<u8>, usize),
    /// Everything is on its way; so many bytes are still listened to.
    Ending(usize),
}

/// What follows from driving a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing until its next event.
    Wait,
    /// It wants something, with a body or without: [`Scrapes::answer`].
    Wants { what: Wanted, with_body: bool },
    /// It is over.
    Gone,
}

/// What is told here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The numbers.
    Numbers,
    /// The trace of somebody's subscription.
    Trace { room: String, peer: String },
    /// Why somebody got no media.
    Trouble { code: String },
}

impl Scrapes {
    /// Listens on `address`, under the token `listener`; connections have those from `first` on.
    ///
    /// # Errors
    /// Those of the system, `AddrInUse` first among them.
    pub fn bind(address: SocketAddr, registry: &Registry, listener: Token, first: Token) -> io::Result<Self> {
        let mut socket = TcpListener::bind(address)?;
        registry.register(&mut socket, listener, Interest::READABLE)?;
        Ok(Self { listener: socket, acceptable: false, open: BTreeMap::new(), next: first })
    }

    /// Where it listens, also when the system chose the port.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// When to call [`Scrapes::accept`] and [`Scrapes::drop_late`] although no event says so.
    pub fn next_date(&self, now: Instant) -> Option<Instant> {
        if self.acceptable { Some(now) } else { self.open.values().map(|scrape| scrape.by).min() }
    }

    /// The listener has an event.
    pub fn note(&mut self) {
        self.acceptable = true;
    }

    /// Takes those who wait, no more in a turn than there are places. What comes with them is told by events.
    pub fn accept(&mut self, registry: &Registry, now: Instant, limits: &Limits, tally: &mut Tally) {
        let most = limits.get(Limit::MetricsConnections);
        for _ in 0..most {
            if !self.acceptable {
                return;
            }
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors: whoever is next tries again, or the event of the next who comes.
                    self.acceptable = error.kind() == ErrorKind::Interrupted;
                    continue;
                }
            };
            if self.open.len() >= most {
                tally.hit(Limit::MetricsConnections);
                self.open.pop_first();
            }
            let token = self.next;
            self.next.0 += 1;
            if registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).is_ok() {
                let by = now + Duration::from_millis(limits.get(Limit::HttpHeadMillis) as u64);
                self.open.insert(token, Scrape { stream, by, stage: Stage::Asking(Vec::new()) });
            }
        }
    }

    /// Ends those whose time is over.
    pub fn drop_late(&mut self, now: Instant, tally: &mut Tally) {
        self.open.retain(|_, scrape| {
            let is_late = scrape.by <= now;
            if is_late {
                tally.hit(Limit::HttpHeadMillis);
            }
            !is_late
        });
    }

    /// Does what can be done on the connection with this token without waiting.
    pub fn drive(&mut self, token: Token, now: Now, limits: &Limits, tally: &mut Tally) -> Step {
        let Some(scrape) = self.open.get_mut(&token) else { return Step::Gone };
        let step = scrape.drive(now, limits, tally);
        if step == Step::Gone {
            self.open.remove(&token);
        }
        step
    }

    /// Answers the connection with this token.
    pub fn answer(&mut self, token: Token, now: Now, reply: &Reply, with_body: bool) {
        let Some(scrape) = self.open.get_mut(&token) else { return };
        scrape.answer(now, reply, with_body);
    }
}

impl Scrape {
    fn drive(&mut self, now: Now, limits: &Limits, tally: &mut Tally) -> Step {
        loop {
            let done = match &mut self.stage {
                Stage::Asking(_) => match self.ask(limits) {
                    Ok(None) => continue,
                    Ok(Some(Ok((what, with_body)))) => return Step::Wants { what, with_body },
                    Ok(Some(Err(refusal))) => {
                        self.answer(now, &refusal.into_reply(tally), true);
                        continue;
                    }
                    Err(error) => Err(error),
                },
                Stage::Answering(answer, sent) if *sent < answer.len() => {
                    let rest = answer.get(*sent..).unwrap_or_default();
                    self.stream.write(rest).map(|count| *sent += count)
                }
                Stage::Answering(..) => {
                    self.stage = Stage::Ending(LINGER_BYTES);
                    self.stream.shutdown(Shutdown::Write)
                }
                Stage::Ending(budget) => match self.stream.read(&mut [0; CHUNK]) {
                    Ok(count) if count > 0 && count < *budget => {
                        *budget -= count;
                        Ok(())
                    }
                    Ok(_) => return Step::Gone,
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Step::Gone,
            }
        }
    }

    /// Reads on, and says what is asked once it is known, and whether with a body.
    fn ask(&mut self, limits: &Limits) -> io::Result<Option<Result<(Wanted, bool), Refusal>>> {
        let Stage::Asking(input) = &mut self.stage else { return Ok(None) };
        let mut chunk = [0; CHUNK];
        let count = self.stream.read(&mut chunk)?;
        let new = chunk.get(..count).unwrap_or_default();
        if new.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        input.extend_from_slice(new);
        let most = limits.get(Limit::HttpHeadBytes);
        // Without this, a head that comes byte by byte would be parsed as often as it has bytes.
        if !new.contains(&b'\n') && input.len() <= most {
            return Ok(None);
        }
        Ok(match parse_head(input, most, limits.get(Limit::HttpBodyBytes)) {
            Ok(None) => None,
            Ok(Some((head, _))) => Some(wanted(&head)),
            Err(error) => Some(Err(Refusal::Head(error))),
        })
    }

    fn answer(&mut self, now: Now, reply: &Reply, with_body: bool) {
        let mut bytes = reply.head(now.wall.into(), false);
        if with_body {
            bytes.extend_from_slice(&reply.body);
        }
        self.stage = Stage::Answering(bytes, 0);
    }
}

/// What is not answered with numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Head(HeadError),
    Method,
    Path,
}

impl Refusal {
    fn into_reply(self, tally: &mut Tally) -> Reply {
        match self {
            Refusal::Head(error) => {
                if error == HeadError::TooLarge {
                    tally.hit(Limit::HttpHeadBytes);
                }
                Reply::problem(error.status(), error.detail())
            }
            Refusal::Method => {
                Reply::problem(StatusCode::METHOD_NOT_ALLOWED, "numbers are read, not written")
                    .with(ALLOW, HeaderValue::from_static("GET, HEAD"))
            }
            Refusal::Path => Reply::problem(StatusCode::NOT_FOUND, "the numbers are at /metrics"),
        }
    }
}

fn wanted(head: &Head) -> Result<(Wanted, bool), Refusal> {
    let of = head.path.strip_prefix("/api/rooms/").and_then(trace_of);
    let what = match (head.path.as_str(), of) {
        ("/metrics", _) => Wanted::Numbers,
        (_, Some((room, peer))) => Wanted::Trace { room: room.to_owned(), peer: peer.to_owned() },
        (path, None) => match path.strip_prefix("/api/troubles/") {
            Some(code) => Wanted::Trouble { code: code.to_owned() },
            None => return Err(Refusal::Path),
        },
    };
    match head.method {
        Method::GET => Ok((what, true)),
        Method::HEAD => Ok((what, false)),
        _ => Err(Refusal::Method),
    }
}
