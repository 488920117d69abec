//! One TCP connection from its first byte to its last: HTTP, perhaps a WebSocket, an orderly end.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admission::{Stage, Standing};
use super::deadlines::Armed;
use super::exchange::{self, Exchange};
use super::ids::ConnectionId;
use super::site::Site;
use super::websocket::{self, Session};
use super::wire::Wire;
use crate::conference::StateKey;
use crate::ledger::ClientAddress;
use crate::limits::Limits;

/// How long the other side has to end its direction after we ended ours.
const LINGER: Duration = Duration::from_secs(2);

/// How much of what it still sends meanwhile is read and thrown away. A socket closed with bytes unread resets the
/// connection, and the answer just sent (413, 1009) is lost with it.
const LINGER_BYTES: usize = 1024 * 1024;

#[derive(Debug)]
enum Mode {
    Http(Box<Exchange>),
    WebSocket(Box<Session>),
    Ending { by: Instant, budget: usize, finished: bool },
}

/// What the loop does with the connection next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Wait for an event or the deadline.
    Wait,
    /// Come back in the next turn: there is more to do and no event will say so.
    Again,
    /// Forget it.
    Gone,
}

/// One TCP connection.
#[derive(Debug)]
pub(super) struct HttpConnection {
    id: ConnectionId,
    /// The other end.
    connected: IpAddr,
    /// Who its WebSocket is for, once it is one.
    client: Option<ClientAddress>,
    wire: Wire,
    mode: Mode,
    /// Its deadline in the queue of the loop.
    pub armed: Armed,
    /// What the loop counts it as.
    pub standing: Option<Standing>,
}

impl HttpConnection {
    /// A connection just accepted from `connected`.
    pub fn new(id: ConnectionId, wire: Wire, connected: IpAddr, now: Instant) -> Self {
        let mode = Mode::Http(Box::new(Exchange::new(connected, now)));
        Self { id, connected, client: None, wire, mode, armed: Armed::default(), standing: None }
    }

    /// Its bytes, for registration.
    pub fn wire_mut(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// What it is to be counted as now.
    pub fn stand(&self, site: &Site<'_>) -> Standing {
        let (stage, bytes) = match &self.mode {
            Mode::Http(exchange) if exchange.has_answered() => (Stage::Http, exchange.held_bytes()),
            Mode::Http(exchange) => (Stage::HalfOpen, exchange.held_bytes()),
            Mode::WebSocket(session) => {
                let is_inside = site.conference.is_inside(self.id.socket());
                (if is_inside { Stage::InCall } else { Stage::Outside }, session.held_bytes(&self.wire))
            }
            Mode::Ending { .. } => (Stage::Http, 0),
        };
        Standing {
            address: self.client.unwrap_or_else(|| self.connected.into()),
            is_proxy: self.client.is_none() && site.proxies.trusts(self.connected),
            stage,
            bytes,
        }
    }

    /// Ends at once, so that others have its place. A WebSocket is told why as far as that can be said without waiting.
    pub fn give_way(&mut self, site: &mut Site<'_>) -> Fate {
        if let Mode::WebSocket(session) = &mut self.mode {
            session.end(websocket::CLOSE_BUSY, "others need the place", site);
            self.write(site);
            self.tell(site);
        }
        Fate::Gone
    }

    /// When to call [`HttpConnection::handle_timeout`].
    pub fn deadline(&self, limits: &Limits) -> Instant {
        match &self.mode {
            Mode::Http(exchange) => exchange.deadline(limits),
            Mode::WebSocket(session) => session.deadline(),
            Mode::Ending { by, .. } => *by,
        }
    }

    /// A fault of the server's ended its work: the client is told, if it can be.
    pub fn fail(&mut self, site: &mut Site<'_>) -> Fate {
        let Mode::WebSocket(session) = &mut self.mode else { return Fate::Gone };
        session.end(websocket::CLOSE_FAULT, "the server made a mistake", site);
        self.write(site)
    }

    /// Does what can be done without waiting. Edge-triggered: call after every event, whatever it said.
    pub fn drive(&mut self, site: &mut Site<'_>) -> Fate {
        self.wire.begin_turn();
        self.go_on(site)
    }

    fn go_on(&mut self, site: &mut Site<'_>) -> Fate {
        match &mut self.mode {
            Mode::Http(exchange) => {
                let step = exchange.drive(&mut self.wire, site);
                self.after_http(step, site)
            }
            Mode::WebSocket(session) => {
                let step = session.drive(&mut self.wire, site);
                self.after_websocket(step, site)
            }
            Mode::Ending { .. } => self.linger(site.stopping),
        }
    }

    /// The deadline may have passed.
    pub fn handle_timeout(&mut self, site: &mut Site<'_>) -> Fate {
        if self.deadline(site.limits) > site.now.instant {
            return Fate::Wait;
        }
        match &mut self.mode {
            Mode::Http(exchange) => {
                let step = exchange.handle_timeout(&mut self.wire, site);
                self.after_http(step, site)
            }
            Mode::WebSocket(session) => {
                let step = session.handle_timeout(&mut self.wire, site);
                self.after_websocket(step, site)
            }
            Mode::Ending { .. } => Fate::Gone,
        }
    }

    /// Queues a message for the client's WebSocket. It leaves with [`HttpConnection::write`].
    pub fn send(&mut self, message: Arc<str>, key: Option<StateKey>, site: &mut Site<'_>) {
        if let Mode::WebSocket(session) = &mut self.mode {
            session.send(message, key, site);
        }
    }

    /// Closes the client's WebSocket once what waits is sent: with [`HttpConnection::write`].
    pub fn close(&mut self, code: u16, reason: &'static str, site: &mut Site<'_>) {
        if let Mode::WebSocket(session) = &mut self.mode {
            session.end(code, reason, site);
        }
    }

    /// Sends what waits, and reads nothing.
    pub fn write(&mut self, site: &mut Site<'_>) -> Fate {
        let Mode::WebSocket(session) = &mut self.mode else { return Fate::Wait };
        let step = session.write(&mut self.wire, site);
        self.after_websocket(step, site)
    }

    /// The server is ending: a WebSocket is told, a connection between two requests ends, one within a request may
    /// finish it.
    pub fn stop(&mut self, site: &mut Site<'_>) -> Fate {
        match &mut self.mode {
            Mode::Http(exchange) if exchange.is_idle() => self.end(site),
            Mode::Http(exchange) if !exchange.has_begun() => Fate::Gone,
            Mode::Http(_) => Fate::Wait,
            Mode::Ending { .. } => self.linger(true),
            Mode::WebSocket(session) => {
                session.end(websocket::CLOSE_RESTART, "the server restarts", site);
                self.write(site)
            }
        }
    }

    fn after_http(&mut self, step: exchange::Step, site: &mut Site<'_>) -> Fate {
        match step {
            exchange::Step::Wait => self.wait(),
            exchange::Step::Again => Fate::Again,
            exchange::Step::Drop => Fate::Gone,
            exchange::Step::Finish => self.end(site),
            exchange::Step::Upgrade { client, tail } => {
                self.client = Some(client.into());
                let session = Session::open(self.id.socket(), client.into(), tail, &self.wire, site);
                self.mode = Mode::WebSocket(Box::new(session));
                self.go_on(site)
            }
        }
    }

    /// Nothing more can be done, or not in this turn.
    fn wait(&self) -> Fate {
        if self.wire.is_starved() { Fate::Again } else { Fate::Wait }
    }

    fn after_websocket(&mut self, step: websocket::Step, site: &mut Site<'_>) -> Fate {
        match step {
            websocket::Step::Wait => self.wait(),
            websocket::Step::Again => Fate::Again,
            websocket::Step::Drop => {
                self.tell(site);
                Fate::Gone
            }
            websocket::Step::Finish => self.end(site),
        }
    }

    /// The conference must know that the socket is no more.
    fn tell(&mut self, site: &mut Site<'_>) {
        if let Mode::WebSocket(session) = &mut self.mode {
            session.tell(site);
        }
    }

    fn end(&mut self, site: &mut Site<'_>) -> Fate {
        self.tell(site);
        self.mode = Mode::Ending { by: site.now.instant + LINGER, budget: LINGER_BYTES, finished: false };
        self.linger(site.stopping)
    }

    /// Waits for the other side's end; `briefly` only until everything that was said is on its way.
    fn linger(&mut self, briefly: bool) -> Fate {
        let Mode::Ending { budget, finished, .. } = &mut self.mode else { return Fate::Wait };
        if !*finished {
            match self.wire.finish() {
                Ok(()) => *finished = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Fate::Wait,
                Err(_) => return Fate::Gone,
            }
        }
        while *budget > 0 {
            match self.wire.discard() {
                Ok(0) => return Fate::Gone,
                Ok(count) => *budget = budget.saturating_sub(count),
                Err(_) if self.wire.is_starved() => return Fate::Again,
                Err(error) if error.kind() == ErrorKind::WouldBlock && !briefly => return Fate::Wait,
                Err(_) => return Fate::Gone,
            }
        }
        Fate::Gone
    }
}
