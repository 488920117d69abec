//! The people: sessions, rooms, presence, resume. Sans-IO: no socket, no clock, no thread; `now` is an argument.
//!
//! Feed a [`Conference`] what sockets and workers say, then take everything [`Conference::poll_output`] has, and call
//! [`Conference::handle_timeout`] when the time of [`Conference::poll_timeout`] has come:
//!
//! ```text
//!   socket_opened / socket_text / socket_closed ──┐               ┌──> Output::Send, Output::Close
//!   notice (from a worker) ───────────────────────┼─> Conference ─┤
//!   handle_timeout ───────────────────────────────┘               └──> Output::Command (to a worker)
//! ```
//!
//! The same inputs and the same entropy give the same outputs, byte for byte. The messages are described in
//! `docs/protocol.md`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use crate::limits::{Limits, Tally};
use crate::media::ids::{PeerId, RoomId, Track};
use crate::media::message::{Command, Notice};

mod negotiation;
pub mod outbox;
mod parse;
mod presence;
pub mod protocol;
mod publish;
mod room;
mod roster;
mod session;
pub mod store;
mod timers;
mod wishes;

#[cfg(test)]
mod tests;

pub use outbox::{Outbox, OutboxFull};
pub use room::{CreateRoom, CreateRoomError, CreatedRoom};
pub use store::{MemoryStore, RoomRecord, Store};

use negotiation::OfferMessage;
use parse::Refusal;
use presence::Hearing;
use protocol::{ClientMessage, ErrorCode, IceServer, ServerMessage};
use room::Room;
use session::{Peer, Token};
use timers::{Timer, Timers};

/// The close code (RFC 6455, section 7.4.2) of a socket whose session continues on another one.
pub const CLOSE_TAKEN_OVER: u16 = 4001;

/// A client's WebSocket, as the driver numbers it. A number may be used again after `socket_closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub usize);

/// A media worker, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub usize);

/// The time of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For what lasts. Never goes back.
    pub instant: Instant,
    /// For what people read: milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
}

/// Fills a buffer with random bytes fit for secrets.
pub type Entropy = Box<dyn FnMut(&mut [u8]) + Send>;

/// What a conference is made with.
#[derive(Debug, Clone)]
pub struct ConferenceConfig {
    /// The limits in force.
    pub limits: Limits,
    /// What clients are told to use for ICE.
    pub ice_servers: Vec<IceServer>,
    /// How many media workers there are; at least one.
    pub workers: usize,
}

/// What the driver is to do.
#[derive(Debug)]
pub enum Output {
    /// Send a text message.
    Send {
        /// To whom.
        socket: SocketId,
        /// The message, shared by all who get the same.
        message: Arc<str>,
        /// If set, it replaces an unsent message with the same key.
        key: Option<StateKey>,
    },
    /// Close a socket. The driver still says `socket_closed`.
    Close {
        /// Which.
        socket: SocketId,
        /// The close frame's code.
        code: u16,
        /// The close frame's reason.
        reason: &'static str,
    },
    /// Tell a worker.
    Command {
        /// Which.
        worker: WorkerId,
        /// What.
        command: Command,
    },
}

/// The kinds of state of which a client needs the newest only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateKey {
    /// `peers`.
    Peers,
    /// `slots`.
    Slots,
    /// `publish`.
    Publish,
}

/// Who speaks on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seat {
    /// Nobody yet, or nobody any more.
    Outside,
    /// A person in a room.
    Inside(PeerId),
    /// It is being closed: what still comes from it is not heard.
    Closing,
}

/// Everybody in every room of this process.
pub struct Conference {
    config: ConferenceConfig,
    store: Box<dyn Store + Send>,
    entropy: Entropy,
    tally: Tally,
    sockets: BTreeMap<SocketId, Seat>,
    peers: BTreeMap<PeerId, Peer>,
    /// The rooms somebody is in.
    rooms: BTreeMap<RoomId, Room>,
    /// For look-ups only: its order says nothing.
    room_ids: FxHashMap<Arc<str>, RoomId>,
    /// For look-ups only: its order says nothing.
    tokens: FxHashMap<Token, PeerId>,
    next_room: u64,
    people_per_worker: Vec<usize>,
    timers: Timers,
    outputs: VecDeque<Output>,
}

impl Conference {
    /// A conference with the rooms of `store` and nobody in them.
    #[must_use]
    pub fn new(config: ConferenceConfig, store: Box<dyn Store + Send>, entropy: Entropy) -> Self {
        let people_per_worker = vec![0; config.workers.max(1)];
        Self {
            config,
            store,
            entropy,
            tally: Tally::default(),
            sockets: BTreeMap::new(),
            peers: BTreeMap::new(),
            rooms: BTreeMap::new(),
            room_ids: FxHashMap::default(),
            tokens: FxHashMap::default(),
            next_room: 0,
            people_per_worker,
            timers: Timers::default(),
            outputs: VecDeque::new(),
        }
    }

    /// A client connected.
    pub fn socket_opened(&mut self, now: Now, socket: SocketId) {
        if let Some(Seat::Inside(peer)) = self.sockets.insert(socket, Seat::Outside) {
            self.detach(now, peer, socket);
        }
        self.run_due(now);
    }

    /// A client sent a text message. At most one `error` comes of it.
    pub fn socket_text(&mut self, now: Now, socket: SocketId, text: &str) {
        let done = match self.sockets.get(&socket).copied() {
            None | Some(Seat::Closing) => return,
            Some(Seat::Outside) => self.text_from_outside(now, socket, text),
            Some(Seat::Inside(peer)) => self.text_from_inside(now, socket, peer, text),
        };
        if let Err(refusal) = done {
            self.send(socket, &refusal.into_message(), None);
        }
        self.run_due(now);
    }

    /// A client's socket is gone, whoever closed it.
    pub fn socket_closed(&mut self, now: Now, socket: SocketId) {
        if let Some(Seat::Inside(peer)) = self.sockets.remove(&socket) {
            self.detach(now, peer, socket);
        }
        self.run_due(now);
    }

    /// A worker told something.
    pub fn notice(&mut self, now: Now, worker: WorkerId, notice: Notice) {
        let id = notice.peer();
        if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.worker == worker) {
            match notice {
                Notice::Answer { id: offer, sdp, .. } => self.answered(now, id, offer, sdp),
                Notice::Refused { id: offer, reason, .. } => self.refused(id, offer, reason),
                Notice::Slots { slots, .. } => {
                    let version = peer.slots.as_ref().map_or(1, |(version, _)| version + 1);
                    peer.slots = Some((version, slots));
                    self.send_slots(id);
                }
                Notice::Quiet { .. } => {
                    peer.signs.hearing = Hearing::quiet(now.instant);
                    self.review(now, id);
                }
                Notice::Heard { .. } => {
                    peer.signs.hearing = Hearing::Heard;
                    self.review(now, id);
                }
                Notice::Lost { reason, .. } => self.lost(id, reason),
            }
        }
        self.run_due(now);
    }

    /// The time of [`Conference::poll_timeout`] has come. Harmless at any other time.
    pub fn handle_timeout(&mut self, now: Now) {
        self.run_due(now);
    }

    /// When [`Conference::handle_timeout`] wants to be called, if nothing else happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What to do next. To be called after every input until there is nothing more.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// How often each limit was hit here.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn text_from_outside(&mut self, now: Now, socket: SocketId, text: &str) -> Result<(), Refusal> {
        match parse::read(text, false, &self.config.limits, &mut self.tally)? {
            ClientMessage::Join { room, name, token, recreate } => {
                self.join(now, socket, &room, &name, token.as_deref(), recreate)
            }
            _ => Err(Refusal::new(ErrorCode::NotJoined, "the first message is `join`")),
        }
    }

    fn text_from_inside(
        &mut self,
        now: Now,
        socket: SocketId,
        peer: PeerId,
        text: &str,
    ) -> Result<(), Refusal> {
        self.welcome_arrived(peer);
        match parse::read(text, true, &self.config.limits, &mut self.tally)? {
            ClientMessage::Join { .. } => Err(Refusal::new(
                ErrorCode::AlreadyJoined,
                "this socket is in a room already; leave it first",
            )),
            ClientMessage::Offer { id, fresh, sdp, tracks, slots } => {
                self.offer(peer, OfferMessage { id, fresh, sdp, tracks, slots })
            }
            ClientMessage::View { tiles } => self.view(peer, tiles),
            ClientMessage::Mute { stream, kind, muted } => {
                self.mute(now, peer, Track { stream, kind }, muted)
            }
            ClientMessage::Signal { .. } => Err(Refusal::new(
                ErrorCode::NotInThisTopology,
                "in this room everything goes through the server",
            )),
            ClientMessage::Leave { may_return } => {
                self.leave(now, socket, peer, may_return);
                Ok(())
            }
            ClientMessage::Ping => {
                self.send(socket, &ServerMessage::Pong, None);
                Ok(())
            }
        }
    }

    /// Does everything that is due.
    fn run_due(&mut self, now: Now) {
        while let Some(timer) = self.timers.pop_due(now.instant) {
            match timer {
                Timer::Presence(peer) => self.review(now, peer),
                Timer::Peers(room) => self.flush_peers(now, room),
                Timer::EmptyRoom(room) => {
                    self.store.remove(&room);
                }
            }
        }
    }

    fn send(&mut self, socket: SocketId, message: &ServerMessage, key: Option<StateKey>) {
        if let Some(text) = to_text(message) {
            self.send_text(socket, text, key);
        }
    }

    fn send_text(&mut self, socket: SocketId, message: Arc<str>, key: Option<StateKey>) {
        self.outputs.push_back(Output::Send { socket, message, key });
    }

    fn close(&mut self, socket: SocketId, code: u16, reason: &'static str) {
        self.sockets.insert(socket, Seat::Closing);
        self.outputs.push_back(Output::Close { socket, code, reason });
    }

    fn command(&mut self, worker: WorkerId, command: Command) {
        self.outputs.push_back(Output::Command { worker, command });
    }
}

/// The text of a message. Every message can be written; if one ever could not, it is missing and the log says so.
fn to_text(message: &ServerMessage) -> Option<Arc<str>> {
    match serde_json::to_string(message) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            log::error!("a message could not be written: {error}");
            None
        }
    }
}
