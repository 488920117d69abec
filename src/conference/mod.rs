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

use crate::faults::{Trap, trip};
use crate::ledger::{ClientAddress, Ledger};
use crate::limits::{Limit, Limits, Tally};
use crate::media::codec::Codec;
use crate::media::ids::{Kind, PeerId, RoomId, Track};
use crate::media::message::{Command, Notice};

mod codecs;
mod counters;
mod entrance;
mod ids;
mod keys;
mod makers;
mod names;
mod negotiation;
pub mod outbox;
mod parse;
mod presence;
pub mod protocol;
mod publish;
mod rate;
mod room;
mod roster;
mod session;
pub mod store;
mod timers;
mod token;
mod turn;
mod wire;
mod wishes;
mod workers;

#[cfg(test)]
mod tests;

pub use codecs::DEFAULT_CODECS;
pub use counters::{Counters, Gauges};
pub use keys::MasterKey;
pub use outbox::{Outbox, OutboxFull};
pub use room::{CreateRoom, CreateRoomError, CreatedRoom, RoomPage};
pub use store::{MemoryStore, RoomRecord, Store};
pub use turn::{Turn, TurnSecret};

use codecs::Abilities;
use keys::Keys;
use makers::Makers;
use negotiation::Reading;
use parse::{Join, Refusal, Said};
use presence::Hearing;
use protocol::{ErrorCode, ServerMessage};
use rate::{Flow, Passage};
use room::Room;
use session::Participant;
use timers::{Timer, TimerQueue};
use token::Tokens;
use workers::Workers;

/// The close code (RFC 6455, section 7.4.2) of a socket whose session continues on another one.
pub const CLOSE_TAKEN_OVER: u16 = 4001;

/// The close code (RFC 6455, section 7.4.1) of a socket that does not stop sending too much.
const CLOSE_POLICY: u16 = 1008;

/// The close code (RFC 6455, section 7.4.1) of a socket whose person the server made a mistake about.
const CLOSE_FAULT: u16 = 1011;

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
    /// The server's key: the same after a restart.
    pub key: MasterKey,
    /// The limits in force.
    pub limits: Limits,
    /// The TURN server that clients are told of, if there is one.
    pub turn: Option<Turn>,
    /// How many media workers there are; at least one.
    pub workers: usize,
    /// The codecs pictures are asked in, best first; others are not used. [`DEFAULT_CODECS`] if there is none.
    pub codecs: Vec<Codec>,
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
enum SocketState {
    /// Nobody yet, or nobody any more.
    Outside,
    /// A person in a room.
    Inside(PeerId),
    /// It is being closed: what still comes from it is not heard.
    Closing,
}

/// Refusals that are remembered for the log between two looks at them: a turn has no more unless it is an attack.
const MOST_REFUSED: usize = 1_024;

/// One socket.
#[derive(Debug)]
struct Socket {
    address: ClientAddress,
    /// Somebody was inside on it, and left.
    left: bool,
    state: SocketState,
    flow: Flow,
}

/// Everybody in every room of this process.
pub struct Conference {
    config: ConferenceConfig,
    keys: Keys,
    store: Box<dyn Store + Send>,
    entropy: Entropy,
    tally: Tally,
    counters: Counters,
    sockets: BTreeMap<SocketId, Socket>,
    peers: BTreeMap<PeerId, Participant>,
    /// The rooms somebody is in.
    rooms: BTreeMap<RoomId, Room>,
    /// Names of clients' choosing: no hash table without a secret key.
    room_ids: BTreeMap<Arc<str>, RoomId>,
    tokens: Tokens,
    next_room: u64,
    workers: Workers,
    ledger: Ledger,
    makers: Makers,
    reading: Reading,
    timers: TimerQueue,
    outputs: VecDeque<Output>,
    /// Who was refused what, for the log.
    refused: Vec<(ClientAddress, ErrorCode)>,
}

impl Conference {
    /// A conference with the rooms of `store` and nobody in them.
    #[must_use]
    pub fn new(mut config: ConferenceConfig, store: Box<dyn Store + Send>, mut entropy: Entropy) -> Self {
        config.codecs.retain(|codec| codec.kind() == Kind::Video);
        if config.codecs.is_empty() {
            config.codecs = DEFAULT_CODECS.to_vec();
        }
        let workers = Workers::new(config.workers);
        let (keys, tokens) = (Keys::new(&config.key), Tokens::new(&mut entropy));
        Self {
            config,
            keys,
            store,
            entropy,
            tally: Tally::default(),
            counters: Counters::default(),
            sockets: BTreeMap::new(),
            peers: BTreeMap::new(),
            rooms: BTreeMap::new(),
            room_ids: BTreeMap::new(),
            tokens,
            next_room: 0,
            workers,
            ledger: Ledger::default(),
            makers: Makers::default(),
            reading: Reading::default(),
            timers: TimerQueue::default(),
            outputs: VecDeque::new(),
            refused: Vec::new(),
        }
    }

    /// A client connected from `address`.
    pub fn socket_opened(&mut self, now: Now, socket: SocketId, address: ClientAddress) {
        self.tokens.socket_opened(now);
        let client = Socket { address, left: false, state: SocketState::Outside, flow: Flow::default() };
        if let Some(SocketState::Inside(peer)) =
            self.sockets.insert(socket, client).map(|client| client.state)
        {
            self.detach(now, peer, socket);
        }
        self.expect_join(now, socket, Limit::JoinMillis);
        self.run_due(now);
    }

    /// The work for this client, or because of it, ended in the middle by a fault of the program's. Only what it could
    /// have left half done is done away with: the person leaves, whatever is known of them. The driver closes the socket.
    pub fn socket_failed(&mut self, now: Now, socket: SocketId) {
        if let Some(SocketState::Inside(peer)) = self.sockets.remove(&socket).map(|client| client.state) {
            self.remove_peer(now, peer);
        }
    }

    /// The same of a person, while something was done that a worker had told of them.
    pub fn peer_failed(&mut self, now: Now, peer: PeerId) {
        if let Some(socket) = self.peers.get(&peer).and_then(Participant::socket) {
            self.close(socket, CLOSE_FAULT, "the server made a mistake");
        }
        self.remove_peer(now, peer);
    }

    /// A client sent a text message. At most one `error` comes of it.
    pub fn socket_text(&mut self, now: Now, socket: SocketId, text: &str) {
        let Some(client) =
            self.sockets.get_mut(&socket).filter(|client| client.state != SocketState::Closing)
        else {
            return;
        };
        let state = client.state;
        let done = match client.flow.message(now.instant, text.len(), &self.config.limits) {
            Passage::Read => match state {
                SocketState::Inside(peer) => self.text_from_inside(now, socket, peer, text),
                SocketState::Outside | SocketState::Closing => self.text_from_outside(now, socket, text),
            },
            over => self.text_over_rate(now, socket, over),
        };
        if let Err(refusal) = done {
            self.refuse(socket, refusal);
        }
        self.run_due(now);
    }

    /// A message that is dropped unread.
    fn text_over_rate(&mut self, now: Now, socket: SocketId, passage: Passage) -> Result<(), Refusal> {
        self.tally.hit(Limit::MessagesPerSecond);
        match passage {
            Passage::Close => {
                self.counters.flooders += 1;
                let state = self.sockets.get(&socket).map(|client| client.state);
                self.close(socket, CLOSE_POLICY, "more messages than a client may send");
                if let Some(SocketState::Inside(peer)) = state {
                    self.detach(now, peer, socket);
                }
                Ok(())
            }
            Passage::DropAndTell => {
                let most = self.config.limits.get(Limit::MessagesPerSecond);
                let why = format!("at most {most} messages a second: those over it are not read");
                Err(Refusal::new(ErrorCode::RateLimited, why))
            }
            Passage::Drop | Passage::Read => Ok(()),
        }
    }

    /// A client's browser closes the socket because its page goes away (RFC 6455 section 7.4.1, code 1001). The page says
    /// `leave` then, too, but browsers do not always send that in time. `socket_closed` follows.
    pub fn socket_away(&mut self, now: Now, socket: SocketId) {
        if let Some(&SocketState::Inside(peer)) = self.sockets.get(&socket).map(|client| &client.state) {
            self.leave(now, socket, peer, true);
        }
        self.run_due(now);
    }

    /// A client's socket is gone, whoever closed it.
    pub fn socket_closed(&mut self, now: Now, socket: SocketId) {
        self.timers.clear(&Timer::Join(socket));
        if let Some(SocketState::Inside(peer)) = self.sockets.remove(&socket).map(|client| client.state) {
            self.detach(now, peer, socket);
        }
        self.run_due(now);
    }

    /// A worker told something.
    pub fn notice(&mut self, now: Now, worker: WorkerId, notice: Notice) {
        let id = notice.peer();
        if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.worker == Some(worker)) {
            match notice {
                Notice::Answer { id: offer, sdp, sends, receives, .. } => {
                    self.answered(now, id, offer, sdp, Abilities { sends, receives });
                }
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
                Notice::TooMuch { .. } => self.too_much(id),
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

    /// Who holds and asks how much, by client address.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The same, for the driver to count what it holds for each address.
    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Who was refused what since the last call; of very many at once the first.
    pub fn take_refused(&mut self) -> Vec<(ClientAddress, ErrorCode)> {
        std::mem::take(&mut self.refused)
    }

    /// How often each limit was hit here.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What is held now.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let [sockets, people, rooms] =
            [self.sockets.len(), self.peers.len(), self.store.len()].map(|count| count as u64);
        Gauges { sockets, people, rooms }
    }

    /// What happened to people.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn text_from_outside(&mut self, now: Now, socket: SocketId, text: &str) -> Result<(), Refusal> {
        let Join { room, name, token } = parse::read_join(text, &self.config.limits, &mut self.tally)?;
        self.join(now, socket, &room, &name, token.as_deref())
    }

    fn text_from_inside(
        &mut self,
        now: Now,
        socket: SocketId,
        peer: PeerId,
        text: &str,
    ) -> Result<(), Refusal> {
        self.welcome_arrived(peer);
        trip(Trap::Message, text);
        match parse::read(text, &self.config.limits, &mut self.tally)? {
            Said::Offer(offer) => self.offer(now, socket, peer, offer),
            Said::View(tiles) => self.view(peer, tiles),
            Said::Mute(mute) => {
                self.mute(now, peer, Track { stream: mute.stream, kind: mute.kind }, mute.muted)
            }
            Said::Signal(to) => self.signal(peer, to),
            Said::Leave { may_return } => {
                self.leave(now, socket, peer, may_return);
                Ok(())
            }
            Said::Ping => {
                self.send(socket, &ServerMessage::Pong, None);
                Ok(())
            }
        }
    }

    /// Does everything that is due.
    fn run_due(&mut self, now: Now) {
        while let Some(timer) = self.timers.pop_due(now.instant) {
            match timer {
                Timer::Join(socket) => self.nobody_joined(socket),
                Timer::Presence(peer) => self.review(now, peer),
                Timer::Peers(room) => self.flush_peers(now, room),
                Timer::Offer(peer) => self.offer_may_be_read(now, peer),
                Timer::OffersOf(address) => self.offers_may_be_read(now, address),
                Timer::Offers => self.read_offers(now),
                Timer::Codecs(room) => self.renew_codecs(now, room),
                Timer::IceServers(peer) => self.review_ice_servers(now, peer),
                Timer::EmptyRoom(room) => self.forget_room(&room),
            }
        }
    }

    fn set_state(&mut self, socket: SocketId, state: SocketState) {
        if let Some(client) = self.sockets.get_mut(&socket) {
            client.state = state;
        }
    }

    fn refuse(&mut self, socket: SocketId, refusal: Refusal) {
        self.counters.refused(refusal.code());
        if let Some(client) = self.sockets.get(&socket).filter(|_| self.refused.len() < MOST_REFUSED) {
            self.refused.push((client.address, refusal.code()));
        }
        self.send(socket, &refusal.into_message(), None);
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
        self.set_state(socket, SocketState::Closing);
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
