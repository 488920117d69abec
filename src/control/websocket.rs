//! One client's WebSocket (RFC 6455): messages both ways, signs of life, the end.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tungstenite::Error;
use tungstenite::error::CapacityError;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig, WebSocketContext};

use super::frames::Frames;
use super::site::Site;
use super::wire::Wire;
use crate::conference::outbox::Outbox;
use crate::conference::{SocketId, StateKey};
use crate::ledger::ClientAddress;
use crate::limits::{Limit, Limits};

/// How long a socket may be silent before the server asks whether anybody is there.
const PING_AFTER: Duration = Duration::from_secs(10);

/// How long a socket may be silent in all: two pings went unanswered.
const DEAD_AFTER: Duration = Duration::from_secs(30);

/// How long a client has to answer a close.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// Messages of one client handled in one go before the others have their turn: offers take milliseconds each.
const MESSAGES_A_TURN: usize = 16;

/// Bytes in front of the content of a short frame from a client (RFC 6455, section 5.2).
const FRAME_HEAD: u64 = 6;

/// What JSON puts around the description in an `offer`: escapes, the list of lines.
const OFFER_ENVELOPE: usize = 32 * 1024;

/// No byte came for [`DEAD_AFTER`]. Application codes start at 4000.
pub(super) const CLOSE_SILENT: u16 = 4002;
/// More waits for the client than its outbox may hold. It may come back and resume.
pub(super) const CLOSE_OUTBOX_FULL: u16 = 4003;
/// Others need the place: the server is full, or too much is held for this client's address. It may come back later.
pub(super) const CLOSE_BUSY: u16 = 4005;
/// The server made a mistake (RFC 6455, section 7.4.1).
pub(super) const CLOSE_FAULT: u16 = 1011;
/// The server restarts (RFC 6455, registry of close codes).
pub(super) const CLOSE_RESTART: u16 = 1012;

/// The largest message that is read. Above it only 1009 and the end are possible, so for somebody inside it is the largest
/// of the limits per type. Who has not joined says nothing large.
fn largest(limits: &Limits, inside: bool) -> usize {
    let message = limits.get(Limit::MessageBytes);
    let most = if inside { limits.get(Limit::OfferBytes).max(message) } else { message };
    most + OFFER_ENVELOPE
}

/// Bytes of the buffer that is read into.
const READ_BUFFER: usize = 4 * 1024;

fn config(limits: &Limits, inside: bool) -> WebSocketConfig {
    let largest = largest(limits, inside);
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        // One message is inside at a time, which is no larger than the outbox, and the frames that answer pings.
        .max_write_buffer_size(limits.get(Limit::OutboxBytes) + 64 * 1024)
        .max_message_size(Some(largest))
        .max_frame_size(Some(largest))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Messages go both ways.
    Open,
    /// This close follows when the outbox is empty.
    Ending { by: Instant, code: u16, reason: &'static str },
    /// A close is on its way, ours or theirs; what the client still says is not listened to.
    Closing { by: Instant },
    /// The client broke the protocol: nothing can be read, only the close is still sent.
    Broken { by: Instant },
}

/// What the connection does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Wait for the socket.
    Wait,
    /// There may be more to do without an event.
    Again,
    /// End in order.
    Finish,
    /// End at once: the other side is gone.
    Drop,
}

/// A client's socket.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that has happened or not")]
pub(super) struct Session {
    id: SocketId,
    client: ClientAddress,
    context: WebSocketContext,
    outbox: Outbox,
    phase: Phase,
    /// The conference was told that the socket is closed.
    told: bool,
    heard: Instant,
    received: u64,
    /// How many bytes had come when the last message was whole: what came since is held.
    whole_at: u64,
    /// Bytes of the message that the library is sending.
    leaving: usize,
    pinged: Instant,
    frames: Frames,
    /// The person is in a room, and may say what is large.
    inside: bool,
    /// The library holds nothing that is to be sent.
    flushed: bool,
    /// The library's buffers are as long as a message that went by, if that was a long one.
    grown: bool,
}

/// The connection as the library reads it: its frames are counted on their way.
struct Counted<'a> {
    wire: &'a mut Wire,
    frames: &'a mut Frames,
    now: Instant,
    limits: &'a Limits,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.wire.read(buffer)?;
        self.frames.pass(buffer.get(..count).unwrap_or_default(), self.now, self.limits);
        if self.frames.over().is_some() { Err(io::Error::other("too many frames")) } else { Ok(count) }
    }
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wire.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wire.flush()
    }
}

impl Session {
    /// A socket of `client` that opens now; `tail` came after the request that opened it.
    pub fn open(
        id: SocketId,
        client: ClientAddress,
        tail: Vec<u8>,
        wire: &Wire,
        site: &mut Site<'_>,
    ) -> Self {
        let now = site.now.instant;
        site.conference.socket_opened(site.now, id, client);
        let mut frames = Frames::default();
        frames.pass(&tail, now, site.limits);
        Self {
            id,
            client,
            context: WebSocketContext::from_partially_read(
                tail,
                Role::Server,
                Some(config(site.limits, false)),
            ),
            outbox: Outbox::new(site.limits.get(Limit::OutboxBytes)),
            phase: Phase::Open,
            told: false,
            heard: now,
            received: wire.received(),
            whole_at: wire.received(),
            leaving: 0,
            pinged: now,
            frames,
            inside: false,
            flushed: true,
            grown: false,
        }
    }

    /// Queues a message. A client whose outbox is full is closed, and may resume.
    pub fn send(&mut self, message: Arc<str>, key: Option<StateKey>, site: &mut Site<'_>) {
        if self.phase == Phase::Open && self.outbox.push(message, key).is_err() {
            site.tally.hit(Limit::OutboxBytes);
            self.outbox = Outbox::new(0);
            self.end(CLOSE_OUTBOX_FULL, "you read too slowly", site);
        }
    }

    /// Closes the socket once what waits is sent.
    pub fn end(&mut self, code: u16, reason: &'static str, site: &mut Site<'_>) {
        if self.phase == Phase::Open {
            site.counters.closed(code);
            if code != CLOSE_RESTART && code != CLOSE_SILENT {
                site.refused(self.client, reason);
            }
            self.phase = Phase::Ending { by: site.now.instant + CLOSE_WAIT, code, reason };
            self.tell(site);
        }
    }

    /// Tells the conference, once, that this socket is no more.
    pub fn tell(&mut self, site: &mut Site<'_>) {
        if !self.told {
            self.told = true;
            site.conference.socket_closed(site.now, self.id);
        }
    }

    /// When to call [`Session::handle_timeout`].
    pub fn deadline(&self) -> Instant {
        match self.phase {
            Phase::Open => (self.heard + DEAD_AFTER).min(self.heard.max(self.pinged) + PING_AFTER),
            Phase::Ending { by, .. } | Phase::Closing { by } | Phase::Broken { by } => by,
        }
    }

    /// The deadline passed.
    pub fn handle_timeout(&mut self, wire: &mut Wire, site: &mut Site<'_>) -> Step {
        let now = site.now.instant;
        if self.phase != Phase::Open {
            return Step::Drop;
        }
        self.listen(wire, now);
        if now >= self.heard + DEAD_AFTER {
            self.end(CLOSE_SILENT, "nothing was heard of you", site);
        } else if now >= self.heard.max(self.pinged) + PING_AFTER {
            self.pinged = now;
            if let Err(error) = self.context.write(wire, Message::Ping(Vec::new().into())) {
                return self.failed(error, wire, site);
            }
        }
        self.write(wire, site)
    }

    /// Does what can be done without waiting.
    pub fn drive(&mut self, wire: &mut Wire, site: &mut Site<'_>) -> Step {
        for _ in 0..MESSAGES_A_TURN {
            match self.write(wire, site) {
                Step::Wait => {}
                other => return other,
            }
            if matches!(self.phase, Phase::Broken { .. }) {
                return Step::Wait;
            }
            // What came with the upgrade was counted before it could be read.
            let message = if self.frames.over().is_some() {
                Err(Error::Io(io::Error::other("too many frames")))
            } else {
                let (frames, now, limits) = (&mut self.frames, site.now.instant, site.limits);
                self.context.read(&mut Counted { wire, frames, now, limits })
            };
            self.listen(wire, site.now.instant);
            match message {
                Ok(message) => {
                    self.note_whole(&message, wire);
                    self.take(message, site);
                }
                Err(error) => {
                    let waits = matches!(&error, Error::Io(error) if error.kind() == ErrorKind::WouldBlock);
                    if waits {
                        self.renew(site.limits);
                    }
                    return self.failed(error, wire, site);
                }
            }
            if site.slice.is_over() {
                break;
            }
        }
        Step::Again
    }

    /// Gives back the buffers that long messages left: the library keeps them, and an offer and its answer took 35 kB for as long as
    /// a person stayed. Only where it holds nothing: all was sent, and what came were whole messages, of which it has read each.
    fn renew(&mut self, limits: &Limits) {
        if self.grown && self.flushed && self.phase == Phase::Open && self.frames.are_between() {
            self.context = WebSocketContext::new(Role::Server, Some(config(limits, self.inside)));
            self.grown = false;
        }
    }

    /// Sends what waits, as far as the socket takes it.
    pub fn write(&mut self, wire: &mut Wire, site: &mut Site<'_>) -> Step {
        self.flushed = false;
        loop {
            if let Err(error) = self.context.flush(wire) {
                return self.failed(error, wire, site);
            }
            self.leaving = 0;
            let outcome = match (self.phase, self.outbox.pop()) {
                (Phase::Open | Phase::Ending { .. }, Some(message)) => {
                    self.leaving = message.len();
                    self.grown |= message.len() > READ_BUFFER;
                    self.context.write(wire, Message::text(&*message))
                }
                (Phase::Ending { by, code, reason }, None) => {
                    self.phase = Phase::Closing { by };
                    self.context
                        .close(wire, Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() }))
                }
                (Phase::Broken { .. }, _) => return Step::Finish,
                (Phase::Open | Phase::Closing { .. }, _) => {
                    self.flushed = true;
                    return Step::Wait;
                }
            };
            if let Err(error) = outcome {
                return self.failed(error, wire, site);
            }
        }
    }

    /// Bytes held for the client: of a message that has begun to come, and of those that wait to be sent.
    pub fn held_bytes(&self, wire: &Wire) -> usize {
        let coming = usize::try_from(wire.received().saturating_sub(self.whole_at)).unwrap_or(usize::MAX);
        // What a frame announces has its place made for it at once.
        coming.max(self.frames.held()).saturating_add(self.outbox.bytes()).saturating_add(self.leaving)
    }

    /// A whole message frees what was held of it; pings and their like may come between the parts of one.
    fn note_whole(&mut self, message: &Message, wire: &Wire) {
        self.grown |= message.len() > READ_BUFFER;
        self.whole_at = match message {
            Message::Text(_) | Message::Binary(_) => wire.received(),
            other => (self.whole_at + other.len() as u64 + FRAME_HEAD).min(wire.received()),
        };
    }

    fn take(&mut self, message: Message, site: &mut Site<'_>) {
        match message {
            Message::Text(text) if self.phase == Phase::Open => {
                site.conference.socket_text(site.now, self.id, &text);
                if !self.inside && site.conference.is_inside(self.id) {
                    self.inside = true;
                    let largest = Some(largest(site.limits, true));
                    self.context.set_config(|config| {
                        (config.max_message_size, config.max_frame_size) = (largest, largest);
                    });
                }
            }
            Message::Binary(_) => self.end(u16::from(CloseCode::Unsupported), "messages are text", site),
            Message::Close(frame) => {
                if frame.is_some_and(|frame| frame.code == CloseCode::Away) {
                    site.conference.socket_away(site.now, self.id);
                }
                // The library answers it; reading on brings the end.
                self.phase = Phase::Closing { by: site.now.instant + CLOSE_WAIT };
                self.tell(site);
            }
            Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }

    /// What an error of the library means. One that the client can be told of is answered by a close.
    fn failed(&mut self, error: Error, wire: &mut Wire, site: &mut Site<'_>) -> Step {
        let (code, reason) = match error {
            Error::Io(error) if error.kind() == ErrorKind::WouldBlock => return Step::Wait,
            Error::Io(_) if self.frames.over().is_some() => {
                self.frames.over().into_iter().for_each(|limit| site.tally.hit(limit));
                (CloseCode::Policy, "more frames than a client may send")
            }
            Error::ConnectionClosed | Error::AlreadyClosed => return Step::Finish,
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                site.tally.hit(if self.inside { Limit::OfferBytes } else { Limit::MessageBytes });
                (CloseCode::Size, "the message is too large")
            }
            Error::Utf8(_) => (CloseCode::Invalid, "text is UTF-8"),
            Error::Protocol(ref error) if !is_end_of_stream(error) => {
                (CloseCode::Protocol, "this is no WebSocket")
            }
            _ => return Step::Drop,
        };
        if matches!(self.phase, Phase::Broken { .. }) {
            return Step::Drop;
        }
        site.counters.closed(u16::from(code));
        site.refused(self.client, reason);
        self.phase = Phase::Broken { by: site.now.instant + CLOSE_WAIT };
        self.tell(site);
        match self.context.close(wire, Some(CloseFrame { code, reason: reason.into() })) {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Step::Wait,
            Ok(()) | Err(Error::ConnectionClosed) => Step::Finish,
            Err(_) => Step::Drop,
        }
    }

    /// Notes that bytes came. Whole messages would not do: a large offer on a thin line takes longer than the silence
    /// that ends a socket, and nothing may stand between its bytes.
    fn listen(&mut self, wire: &Wire, now: Instant) {
        if wire.received() != self.received {
            self.received = wire.received();
            self.heard = now;
        }
    }
}

fn is_end_of_stream(error: &tungstenite::error::ProtocolError) -> bool {
    matches!(error, tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)
}
