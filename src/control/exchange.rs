//! HTTP on one connection: requests in, one after the other, answers out.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::header::{RETRY_AFTER, STRICT_TRANSPORT_SECURITY};
use http::{HeaderValue, Method, StatusCode};

use super::door::Door;
use super::http::{Awaited, Head, HeadError, Reply, Request, parse_head};
use super::invites;
use super::site::Site;
use super::upgrade;
use super::wire::Wire;
use crate::limits::{Limit, Limits};

/// How long a connection may stay without a request. Browsers keep theirs for one to five minutes.
const IDLE: Duration = Duration::from_secs(60);

/// How long a client may take nothing of its answer.
const STALLED: Duration = Duration::from_secs(30);

/// Reads and answers of one connection in one go before the others have their turn.
const STEPS_A_TURN: usize = 32;

/// What goes out: a head and a body.
#[derive(Debug, Default)]
struct Outgoing {
    head: Vec<u8>,
    body: Cow<'static, [u8]>,
    sent: usize,
}

impl Outgoing {
    fn rest(&self) -> &[u8] {
        let rest = match self.sent.checked_sub(self.head.len()) {
            None => self.head.get(self.sent..),
            Some(of_body) => self.body.get(of_body..),
        };
        rest.unwrap_or_default()
    }
}

/// What follows when the answer is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Another request.
    Next,
    /// The end.
    Close,
    /// WebSocket frames.
    WebSocket,
}

/// Where a connection stands.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The other end of the connection.
    connected: IpAddr,
    /// Who asked last: somebody else, if a proxy that is believed says so.
    client: IpAddr,
    input: Vec<u8>,
    /// New bytes since the last attempt that may complete a head.
    worth_parsing: bool,
    /// A head whose body is not all here.
    head: Option<Head>,
    out: Outgoing,
    then: Then,
    /// When the request now being received began; before one began, when the connection became free for it.
    since: Instant,
    /// When the client last took something.
    taken: Instant,
    answered: bool,
    /// An answer that waits until something is kept.
    held: Option<Held>,
}

/// An answer that is ready, and waits.
#[derive(Debug)]
struct Held {
    reply: Reply,
    with_body: bool,
    then: Then,
    since: Instant,
}

/// What the connection does next.
#[derive(Debug)]
pub(super) enum Step {
    /// Wait for the socket.
    Wait,
    /// There may be more to do without an event.
    Again,
    /// End in order.
    Finish,
    /// End at once: the other side is gone.
    Drop,
    /// Go on as a WebSocket of this client; these bytes of it came already.
    Upgrade { client: IpAddr, tail: Vec<u8> },
}

impl Exchange {
    /// A connection from `connected` that begins at `now`.
    pub fn new(connected: IpAddr, now: Instant) -> Self {
        Self {
            connected,
            client: connected,
            input: Vec::new(),
            worth_parsing: false,
            head: None,
            out: Outgoing::default(),
            then: Then::Next,
            since: now,
            taken: now,
            answered: false,
            held: None,
        }
    }

    /// Whether a first request came in whole.
    pub fn has_answered(&self) -> bool {
        self.answered
    }

    /// Bytes held for it: what came of a request, and what was not sent of an answer that is its own.
    pub fn held_bytes(&self) -> usize {
        let body = match &self.out.body {
            Cow::Owned(body) => body.len(),
            Cow::Borrowed(_) => 0,
        };
        self.input.len() + self.out.head.len() + body
    }

    /// Between two requests.
    pub fn is_idle(&self) -> bool {
        let unasked = self.input.is_empty() && self.head.is_none();
        self.answered && unasked && self.out.rest().is_empty() && self.held.is_none()
    }

    /// Whether anything of a request came, the first one included.
    pub fn has_begun(&self) -> bool {
        self.answered || !self.input.is_empty()
    }

    /// When to call [`Exchange::handle_timeout`].
    pub fn deadline(&self, limits: &Limits) -> Instant {
        if !self.out.rest().is_empty() {
            return self.taken + STALLED;
        }
        if let Some(held) = &self.held {
            return held.since + STALLED;
        }
        if self.is_idle() {
            return self.since + IDLE;
        }
        self.since + Duration::from_millis(limits.get(Limit::HttpHeadMillis) as u64)
    }

    /// The deadline passed.
    pub fn handle_timeout(&mut self, wire: &mut Wire, site: &mut Site<'_>) -> Step {
        if !self.out.rest().is_empty() {
            return Step::Drop;
        }
        if let Some(held) = self.held.take() {
            match held.reply.answer {
                Some(id) => {
                    let reply = site.standard_unanswered(&held.reply, id);
                    self.reply(reply, held.with_body, held.then, site);
                }
                None => self.not_kept(held, site),
            }
            return self.drive(wire, site);
        }
        if self.is_idle() {
            return Step::Finish;
        }
        site.tally.hit(Limit::HttpHeadMillis);
        if wire.is_handshaking() {
            return Step::Drop;
        }
        if self.input.is_empty() && self.head.is_none() {
            return Step::Finish;
        }
        let reply = Reply::problem(StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive");
        self.reply(reply, true, Then::Close, site);
        self.drive(wire, site)
    }

    /// Does what can be done without waiting.
    pub fn drive(&mut self, wire: &mut Wire, site: &mut Site<'_>) -> Step {
        for _ in 0..STEPS_A_TURN {
            match self.send(wire, site.now.instant) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Wait,
                Err(_) => return Step::Drop,
            }
            match self.then {
                Then::Close => return Step::Finish,
                Then::WebSocket => {
                    return Step::Upgrade { client: self.client, tail: mem::take(&mut self.input) };
                }
                Then::Next => {}
            }
            if site.slice.is_over() {
                break;
            }
            if !self.release(site) {
                return Step::Wait;
            }
            self.take_request(wire.is_insecure(), site);
            if !self.out.rest().is_empty() {
                continue;
            }
            match self.receive(wire, site.now.instant) {
                Ok(0) => return if self.answered { Step::Finish } else { Step::Drop },
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Wait,
                Err(error) => {
                    log::debug!("{}: {error}", self.connected);
                    return Step::Drop;
                }
            }
        }
        Step::Again
    }

    fn send(&mut self, wire: &mut Wire, now: Instant) -> io::Result<()> {
        while !self.out.rest().is_empty() {
            match wire.write(self.out.rest())? {
                0 => return Err(ErrorKind::WriteZero.into()),
                count => self.out.sent += count,
            }
            self.taken = now;
        }
        wire.flush()?;
        if self.out.sent > 0 {
            // A large body is not kept until the next request, and only now the client can be expected to go on.
            self.out = Outgoing::default();
            self.since = now;
        }
        Ok(())
    }

    fn receive(&mut self, wire: &mut Wire, now: Instant) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        let count = wire.read(&mut chunk)?;
        let new = chunk.get(..count).unwrap_or_default();
        if self.input.is_empty() && self.head.is_none() && self.answered {
            self.since = now;
        }
        self.input.extend_from_slice(new);
        // Without this, a head that comes byte by byte would be parsed as often as it has bytes.
        self.worth_parsing |= new.contains(&b'\n') || self.input.len() > chunk.len();
        Ok(count)
    }

    /// Answers the next request if it is here.
    fn take_request(&mut self, insecure: bool, site: &mut Site<'_>) {
        if self.head.is_none()
            && let Err(error) = self.take_head(insecure, site)
        {
            count(error, site);
            self.reply(Reply::problem(error.status(), error.detail()), true, Then::Close, site);
            return;
        }
        let Some(head) = self.head.take_if(|head| head.body_bytes <= self.input.len()) else { return };
        let rest = self.input.split_off(head.body_bytes);
        let body = mem::replace(&mut self.input, rest);
        self.worth_parsing = !self.input.is_empty();
        self.answered = true;
        self.answer(&Request { head, body }, site);
    }

    /// Takes a head from the input if it is all here.
    fn take_head(&mut self, insecure: bool, site: &mut Site<'_>) -> Result<(), HeadError> {
        if !mem::take(&mut self.worth_parsing) {
            return Ok(());
        }
        let (max_head, max_body) =
            (site.limits.get(Limit::HttpHeadBytes), site.limits.get(Limit::HttpBodyBytes));
        let Some((head, length)) = parse_head(&self.input, max_head, max_body)? else { return Ok(()) };
        self.input.drain(..length);
        self.since = site.now.instant;
        if let Some(refusal) = self.wrong_door(&head, insecure, site) {
            // Whatever the body is, it is not waited for.
            self.answered = true;
            self.reply(refusal, head.method != Method::HEAD, Then::Close, site);
            return Ok(());
        }
        if head.expects_continue && head.body_bytes > self.input.len() {
            self.out = Outgoing { head: b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), ..Outgoing::default() };
        }
        self.head = Some(head);
        Ok(())
    }

    /// What a request gets that came to a wrong place: in the clear, or for another host.
    fn wrong_door(&self, head: &Head, insecure: bool, site: &Site<'_>) -> Option<Reply> {
        if insecure {
            return Some(site.door.secure_address(head));
        }
        let host = site.proxies.host(self.connected, head);
        (!site.door.admits(host.as_ref(), &head.path)).then(Door::misdirected)
    }

    fn answer(&mut self, request: &Request, site: &mut Site<'_>) {
        let head = &request.head;
        self.client = site.proxies.client_address(self.connected, &head.headers);
        let (reply, then) = if head.path == "/ws" {
            let reply = upgrade::answer(head, self.connected, self.client.into(), site);
            let opens = reply.status == StatusCode::SWITCHING_PROTOCOLS;
            (reply, if opens { Then::WebSocket } else { Then::Next })
        } else if let Some(id) = head.path.strip_prefix(invites::PATH) {
            (invites::answer(request, self.connected, id, site), Then::Next)
        } else if let Some(preflight) = site.door.preflight(head) {
            (preflight, Then::Next)
        } else {
            (site.answer(request, self.client.into()), Then::Next)
        };
        let for_programs = ["/api/", "/whip/", "/whep/"].iter().any(|start| head.path.starts_with(start));
        let reply = if for_programs { site.door.shared(reply, &head.headers) } else { reply };
        log::debug!("{} {} {} {}", self.client, head.method, head.path, reply.status.as_u16());
        let host = site.proxies.host(self.connected, head);
        let reply = match site.door.only_https(host.as_ref()) {
            Some(promise) => reply.with(STRICT_TRANSPORT_SECURITY, promise),
            None => reply,
        };
        let reply = match &host {
            Some(host) => {
                let scheme = site.proxies.scheme(self.connected, &head.headers);
                reply.opening_sockets_at(host, site.door.scheme(scheme))
            }
            None => reply,
        };
        let reply = reply.framed_by(&site.door.framers);
        let then = if then == Then::Next && (site.stopping || !head.keep_alive) { Then::Close } else { then };
        let with_body = head.method != Method::HEAD;
        if reply.kept.is_some() || reply.answer.is_some() {
            self.held = Some(Held { reply, with_body, then, since: site.now.instant });
            self.release(site);
        } else {
            self.reply(reply, with_body, then, site);
        }
    }

    /// Sends the answer that waits, if there is one and what it waits for is known. False as long as it waits.
    fn release(&mut self, site: &mut Site<'_>) -> bool {
        let Some(held) = self.held.take() else { return true };
        if let Some(id) = held.reply.answer {
            let Some(outcome) = site.answers.take(id, site.connection) else {
                self.held = Some(held);
                return false;
            };
            let reply = site.standard_answer(held.reply, outcome);
            self.reply(reply, held.with_body, held.then, site);
            return true;
        }
        let number = held.reply.kept.as_ref().map_or(0, |awaited| awaited.number);
        match site.keeper.as_ref().and_then(|keeper| keeper.is_kept(number)) {
            Some(true) => self.reply(held.reply, held.with_body, held.then, site),
            Some(false) => self.not_kept(held, site),
            None => {
                site.await_store.insert(site.connection);
                self.held = Some(held);
                return false;
            }
        }
        true
    }

    /// The disk does not take what was answered: it did not happen.
    fn not_kept(&mut self, held: Held, site: &mut Site<'_>) {
        if let Some(Awaited { made: Some(room), .. }) = held.reply.kept {
            site.conference.withdraw_room(site.now, &room);
            site.repeats.not_made(&room);
        }
        let reply = Reply::problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "this cannot be kept at present: the server's disk does not take it",
        )
        .with(RETRY_AFTER, HeaderValue::from_static("10"));
        self.reply(reply, held.with_body, held.then, site);
    }

    fn reply(&mut self, reply: Reply, with_body: bool, then: Then, site: &mut Site<'_>) {
        site.counters.answered(reply.status.as_u16());
        // A page that is not there is a link that broke, a server error none of the client's.
        if reply.status.is_client_error() && reply.status != StatusCode::NOT_FOUND
            || reply.status == StatusCode::SERVICE_UNAVAILABLE
        {
            site.refused(self.client.into(), reply.status.canonical_reason().unwrap_or("a request"));
        }
        let date = site.now.wall.into();
        let head = reply.head(date, then == Then::Next);
        let body = if with_body { reply.body } else { Cow::default() };
        // What is still unsent is at most a `100 Continue`, which goes first.
        let mut unsent = self.out.rest().to_vec();
        unsent.extend_from_slice(&head);
        self.out = Outgoing { head: unsent, body, sent: 0 };
        self.then = then;
        self.taken = site.now.instant;
    }
}

fn count(error: HeadError, site: &mut Site<'_>) {
    match error {
        HeadError::TooLarge => site.tally.hit(Limit::HttpHeadBytes),
        HeadError::BodyTooLarge => site.tally.hit(Limit::HttpBodyBytes),
        _ => {}
    }
}
