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

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::ledger::{ClientAddress, Ledger, Meters};
use crate::limits::{Limits, Tally};
use crate::media::codec::Codec;
use crate::media::ids::{Kind, PeerId, RoomId};
use crate::media::message::{Command, Notice};

mod administration;
mod bans;
mod changes;
mod chat;
mod closing;
mod codecs;
mod counters;
mod course;
mod diagnosis;
mod door;
mod drain;
mod entrance;
mod events;
mod files;
mod floor;
mod funnel;
mod grants;
mod history;
mod ids;
mod kept;
mod keys;
mod kind;
mod lobby;
mod makers;
mod moderation;
mod names;
mod negotiation;
pub mod outbox;
mod own;
mod parse;
mod pass;
mod payers;
pub mod placement;
mod presence;
pub mod protocol;
mod publish;
mod rate;
mod reactions;
mod refusal;
mod room;
mod roster;
mod session;
mod sockets;
mod standard;
mod state;
pub mod store;
mod stun;
mod text;
mod timers;
mod times;
mod token;
mod topology;
mod trace;
mod trouble;
mod turn;
mod unix_time;
mod visitor;
mod ways;
mod whereabouts;
mod wire;
mod wishes;
mod workers;

#[cfg(test)]
mod tests;

pub use administration::{Declined, RoomDetails, RoomPatch};
pub use codecs::DEFAULT_CODECS;
pub use counters::{Counters, Gauges};
pub use entrance::Full;
pub use events::{Event, Happened};
pub use files::FILE_BYTES;
pub use funnel::{Attempt, Funnel, Loss, Settled, Step as JoinStep};
pub use keys::MasterKey;
pub use outbox::{Outbox, OutboxFull};
pub use pass::{Auth, PassRules, is_pass};
pub use room::{CreateRoom, CreateRoomError, CreatedRoom, RoomPage};
pub use standard::{
    Patched, Purpose, StandardAnswer, StandardId, StandardRefused, StandardRequest, WHIP_BITRATE,
};
pub use store::{About, Change, Kept, MemoryStore, RoomRecord, Store, StoredMessage};
pub use stun::stun_urls;
pub use trace::{TraceRefused, TraceReport};
pub use trouble::{MOST_TROUBLES, Trouble};
pub use turn::{Turn, TurnSecret};
pub use unix_time::UnixTime;

pub use crate::media::ids::WorkerId;

use chat::Chats;
use files::Files;
use keys::Keys;
use lobby::Lobby;
use makers::Makers;
use negotiation::Reading;
use payers::Payer;
use presence::Hearing;
use protocol::ErrorCode;
use room::OpenRoom;
use session::Participant;
use sockets::Socket;
use state::Abilities;
use timers::{Timer, TimerQueue};
use token::Tokens;
use trouble::Troubles;
use whereabouts::Workers;

/// A client's WebSocket, as the driver numbers it. A number may be used again after `socket_closed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub usize);

/// The time of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For what lasts. Never goes back.
    pub instant: Instant,
    /// For what people read.
    pub wall: UnixTime,
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
    /// What access tokens are needed for, and which are taken.
    pub rules: PassRules,
    /// The TURN server that clients are told of, if there is one.
    pub turn: Option<Turn>,
    /// Where browsers find their outer addresses, as clients are told it ([`stun_urls`]); possibly nowhere.
    pub stun: Vec<String>,
    /// How many media workers there are; at least one.
    pub workers: usize,
    /// How busy a worker is from which on the next people of its rooms go elsewhere.
    pub spill_at: placement::PerMille,
    /// Bytes of a file that goes through the server; none does if it is zero.
    pub file_bytes: u64,
    /// Bits a second of a picture that somebody publishes with a standard tool, which obeys no wish.
    pub whip_bitrate: u64,
    /// Where clients reach the media ports.
    pub media: MediaReach,
    /// The codecs pictures are asked in, best first; others are not used. [`DEFAULT_CODECS`] if there is none.
    pub codecs: Vec<Codec>,
}

/// Where clients are told to send media to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaReach {
    /// The announced addresses.
    pub addresses: Vec<IpAddr>,
    /// The port of each worker.
    pub ports: Vec<u16>,
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
    /// Answer whoever came by a standard tool, or changed something.
    Standard {
        /// Whose session.
        id: StandardId,
        /// What they get, or why not.
        answer: Result<StandardAnswer, StandardRefused>,
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
    /// `downlink`.
    Downlink,
    /// `speaker`.
    Speaker,
    /// `topology`.
    Topology,
    /// `room`.
    Room,
    /// `granted`.
    Granted,
    /// `lobby`.
    Lobby,
    /// `closing`.
    Closing,
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
    /// Those of them who came by a standard tool.
    standard: BTreeMap<StandardId, PeerId>,
    /// The rooms somebody is in.
    rooms: BTreeMap<RoomId, OpenRoom>,
    /// Those of them that have people on several workers.
    spread_rooms: BTreeSet<RoomId>,
    /// Names of clients' choosing: no hash table without a secret key.
    room_ids: BTreeMap<Arc<str>, RoomId>,
    tokens: Tokens,
    next_room: u64,
    /// Of the room that was opened last.
    epoch: u64,
    workers: Workers,
    ledger: Ledger,
    payers: Meters<Payer>,
    makers: Makers,
    chats: Chats,
    files: Files,
    lobby: Lobby,
    funnel: Funnel,
    troubles: Troubles,
    /// The ids of rooms that are kept for the next process. Those made in the life of this process with who made them.
    kept: BTreeMap<String, Option<ClientAddress>>,
    reading: Reading,
    timers: TimerQueue,
    /// The id of the server's own room, if it has one.
    own_room: Option<String>,
    /// When the server ends, once that was asked for.
    ends_at: Option<Instant>,
    outputs: VecDeque<Output>,
    changes: VecDeque<Change>,
    events: VecDeque<Event>,
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
        let workers = Workers::new(config.workers, config.spill_at);
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
            standard: BTreeMap::new(),
            rooms: BTreeMap::new(),
            spread_rooms: BTreeSet::new(),
            room_ids: BTreeMap::new(),
            tokens,
            next_room: 0,
            epoch: 0,
            workers,
            ledger: Ledger::default(),
            payers: Meters::default(),
            makers: Makers::default(),
            chats: Chats::default(),
            files: Files::default(),
            lobby: Lobby::default(),
            funnel: Funnel::default(),
            troubles: Troubles::default(),
            kept: BTreeMap::new(),
            reading: Reading::default(),
            timers: TimerQueue::default(),
            own_room: None,
            ends_at: None,
            outputs: VecDeque::new(),
            changes: VecDeque::new(),
            events: VecDeque::new(),
            refused: Vec::new(),
        }
    }

    /// A worker told something.
    pub fn notice(&mut self, now: Now, worker: WorkerId, notice: Notice) {
        let id = notice.peer();
        if let Notice::Floor { holds, .. } = notice {
            // Each worker of a room hears all its voices. One says who has the floor.
            let at = self.peers.get(&id).and_then(|peer| self.rooms.get(&peer.room));
            if at.is_some_and(|room| room.whereabouts.first == Some(worker)) {
                self.floor_passed(id, holds);
            }
        } else if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.worker == Some(worker)) {
            match notice {
                Notice::Answer { id: offer, sdp, sends, receives, .. } => {
                    self.answered(now, id, offer, sdp, Abilities { sends, receives });
                }
                Notice::Refused { id: offer, reason, .. } => self.refused(now, id, offer, reason),
                Notice::Slots { slots, .. } => {
                    let version = peer.slots.as_ref().map_or(1, |(version, _)| version + 1);
                    let shows = slots.video.iter().any(|slot| slot.since.is_some());
                    peer.slots = Some((version, slots));
                    if shows {
                        self.picture_left(now, id);
                    }
                    self.note_shown(now, id);
                    self.send_slots(id);
                }
                Notice::Downlink { estimate, .. } => {
                    peer.downlink = Some(estimate);
                    self.note_downlink(now, id, estimate);
                    self.send_downlink(id);
                }
                Notice::Unwanted { stream, less, .. } => {
                    peer.less.insert(stream, less);
                    self.send_publish(now, id, false);
                }
                Notice::Quiet { .. } => {
                    peer.signs.hearing = Hearing::quiet(now.instant);
                    self.review(now, id);
                }
                Notice::Heard { .. } => {
                    peer.signs.hearing = Hearing::Heard;
                    self.review(now, id);
                }
                Notice::TooMuch { .. } => self.too_much(now, id),
                Notice::Reached { reached, .. } => self.came_further(now, id, reached),
                Notice::Floor { .. } => {}
                Notice::FileBroken { file } => self.file_broken(file),
                Notice::Lost { reason, .. } => self.lost(now, id, reason),
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
        let (own_people, own_rooms) = (self.own_people() as u64, u64::from(self.own_room.is_some()));
        let (people, rooms) = (people.saturating_sub(own_people), rooms.saturating_sub(own_rooms));
        let sockets = sockets.saturating_sub(own_people);
        let [files, waiting, standard] =
            [self.files.carried(), self.lobby.len(), self.standard.len()].map(|count| count as u64);
        let mut gauges = Gauges { sockets, people, rooms, files, waiting, standard, ..Gauges::default() };
        for room in self.rooms_of_people() {
            room.state.tracks().for_each(|track| gauges.add(track));
        }
        gauges
    }

    /// What happened to people.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
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
                Timer::Course(room) => self.review_course(now, room),
                Timer::Limited(peer) => self.tell_limited(now, peer),
                Timer::Chat(peer) => self.send_history(now, peer),
                Timer::EmptyRoom(room) => self.forget_room(now, &room),
                Timer::Addresses(room) => self.review_addresses(now, &room),
                Timer::Funnel(peer) => self.settle_attempt(peer),
                Timer::ServerEnds => self.tell_end(now),
                Timer::Closing(room) => self.review_closing(now, &room),
            }
        }
    }

    fn command(&mut self, worker: WorkerId, command: Command) {
        self.outputs.push_back(Output::Command { worker, command });
    }
}
