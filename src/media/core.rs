//! One core's share of the SFU: every room, peer and forwarding decision of one worker.
//!
//! What is fed: commands, datagrams, time. What is polled: datagrams to send, notices, the next deadline. One turn:
//!
//! ```text
//! handle_command / handle_datagram ...   any number, all with one `now`
//!   datagram -> demux -> the publisher's connection -> publication -> each slot showing it -> the subscriber's
//!   connection, which is put on the dirty list
//! handle_timeout(now)                     due timers; at most one DTLS handshake step; rooms whose slots are
//!                                         stale; then each dirty connection is stepped once
//! poll_transmit ..., poll_notice ...      what leaves is written and sealed now, into the caller's buffer
//! poll_timeout
//! ```
//!
//! What it never does: read a clock, touch a socket, know a person's name.

mod abroad;
mod allocation;
mod commands;
mod counters;
mod demand;
mod fanout;
mod files;
mod keys;
mod neighbours;
mod packets;
mod paths;
mod replay;
mod showing;
mod sinks;
mod transmits;
mod uplink;
mod voices;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::allocate::{AllocatorFactory, SlotFacts};
use super::crossing::Crossing;
use super::demux::{DatagramKind, Demux, Path};
use super::dominant::Floor;
use super::guard::Faults;
use super::ids::{PeerId, RoomId, WorkerId};
use super::loudest::{Concerned, Loudest};
use super::message::{Command, Notice, Reached};
use super::mirror::Mirror;
use super::peer::Peer;
use super::publication::{Abroad, Publication};
use super::rtc::{ConnectionConfig, DUE, Ended, Event, Transmit};
use super::sinks::Sink;
use super::table::{PeerKey, PublicationKey, RoomKey, Table};
use super::talkers::Talkers;
use super::timers::Timers;
use crate::limits::{Limits, Tally};
use abroad::Guest;
pub use counters::{Counters, ESTIMATES, Estimates};

/// Handshake datagrams that may wait for their turn. A join needs about four; a flood beyond this is dropped, and DTLS
/// repeats what was lost.
const HANDSHAKES: usize = 256;

/// Of these, how many may be one peer's: nobody keeps the others out.
const HANDSHAKES_PER_PEER: usize = 16;

/// By how much readings of the clock may be out of order: a turn. If each of them moved time ahead, as a clock that steps back
/// does, a core whose readings are 8 ms apart never came to rest.
const OUT_OF_ORDER: Duration = Duration::from_millis(50);

/// Largest datagram we take: nothing honest exceeds an Ethernet frame.
pub const MAX_DATAGRAM: usize = 1_500;

/// How a core is set up.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// How connections are made.
    pub connection: ConnectionConfig,
    /// The limits in force.
    pub limits: Limits,
    /// Who decides which layers people are shown.
    pub allocators: AllocatorFactory,
    /// How many of a room who talk at once are let through.
    pub audio_top: usize,
}

/// How many are let through unless the operator says otherwise: who follows four voices at once follows none.
pub const AUDIO_TOP: u8 = 4;

impl CoreConfig {
    /// A core with the rule in force for layers.
    #[must_use]
    pub fn new(connection: ConnectionConfig, limits: Limits) -> CoreConfig {
        let allocators = AllocatorFactory::of(connection.egress);
        CoreConfig { connection, limits, allocators, audio_top: AUDIO_TOP.into() }
    }
}

/// A room: its people in the order of joining.
#[derive(Debug)]
struct Room {
    id: RoomId,
    members: Vec<PeerKey>,
    /// The other workers that serve some of them, and how many.
    neighbours: Vec<(WorkerId, usize)>,
    /// The worker whose core decides who is let through on all of them, this one's own included; `None` while it serves the room
    /// alone.
    leader: Option<WorkerId>,
    stale: bool,
    /// Who of those who talk are let through.
    talkers: Talkers,
    /// Whose voices have a place in people's slots.
    loudest: Loudest,
    /// Who of them speaks.
    floor: Floor,
    /// Who has the floor, or had it last: a pause of everybody's is no reason to blur them.
    speaker: Option<PeerId>,
    /// Whom it concerns what changed of that in this turn.
    concerned: Concerned,
}

impl Room {
    fn new(id: RoomId, audio_top: usize) -> Room {
        Room {
            id,
            members: Vec::new(),
            neighbours: Vec::new(),
            leader: None,
            stale: false,
            talkers: Talkers::new(audio_top),
            loudest: Loudest::default(),
            floor: Floor::default(),
            speaker: None,
            concerned: Concerned::Nobody,
        }
    }
}

/// A DTLS datagram that waits for its turn.
#[derive(Debug)]
struct Handshake {
    peer: PeerId,
    path: Path,
    datagram: Vec<u8>,
}

/// One core's share of the SFU.
#[derive(Debug)]
pub struct Core {
    config: CoreConfig,
    /// The newest time there was.
    clock: Instant,
    /// How far the clock we are told has stepped back in all: time here goes on as if it had not.
    stepped_back: Duration,
    peers: Table<PeerKey, Peer>,
    by_id: FxHashMap<PeerId, PeerKey>,
    publications: Table<PublicationKey, Publication>,
    rooms: Table<RoomKey, Room>,
    rooms_by_id: FxHashMap<RoomId, RoomKey>,
    stale_rooms: Vec<RoomKey>,
    /// Rooms whose loudest changed.
    changed_rooms: Vec<RoomKey>,
    /// Cameras of which somebody takes something else than before.
    demands: Vec<PublicationKey>,
    demux: Demux,
    /// Answers for who asks for their own address.
    mirror: Mirror,
    timers: Timers,
    dirty: Vec<PeerKey>,
    /// Those for whom media waits to leave.
    sending: VecDeque<PeerKey>,
    /// How many rings of packets there were.
    rings: u32,
    /// Peers whose slots the conference does not know yet.
    changed: Vec<PeerKey>,
    handshakes: VecDeque<Handshake>,
    /// What connections want sent themselves.
    transmits: Vec<Transmit>,
    /// How many of these were sent.
    transmitted: usize,
    notices: VecDeque<Notice>,
    /// What is to be told to the cores of other workers.
    crossings: VecDeque<(WorkerId, Crossing)>,
    /// What people on other workers publish, as their cores said.
    guests: FxHashMap<Abroad, Guest>,
    /// Those whose publisher is not known to be there.
    foretold: Vec<Abroad>,
    counters: Counters,
    /// What downlinks were thought to hold, each time that was thought anew.
    estimates: Estimates,
    tally: Tally,
    past_faults: Faults,
    /// Bytes of files that may leave in this turn.
    file_bytes_left: usize,
    /// Kept between turns so that they are not allocated for each packet.
    events: Vec<Event>,
    due: Vec<PeerKey>,
    facts: Vec<SlotFacts>,
    /// Video slots that a publication got in this turn.
    opened: Vec<Sink>,
}

impl Core {
    /// A core without rooms.
    #[must_use]
    pub fn new(config: CoreConfig, now: Instant) -> Core {
        Core {
            mirror: Mirror::new(&config.limits),
            config,
            clock: now,
            stepped_back: Duration::ZERO,
            peers: Table::default(),
            by_id: FxHashMap::default(),
            publications: Table::default(),
            rooms: Table::default(),
            rooms_by_id: FxHashMap::default(),
            stale_rooms: Vec::new(),
            changed_rooms: Vec::new(),
            demands: Vec::new(),
            demux: Demux::default(),
            timers: Timers::new(now),
            dirty: Vec::new(),
            sending: VecDeque::new(),
            rings: 0,
            changed: Vec::new(),
            handshakes: VecDeque::new(),
            transmits: Vec::new(),
            transmitted: 0,
            notices: VecDeque::new(),
            crossings: VecDeque::new(),
            guests: FxHashMap::default(),
            foretold: Vec::new(),
            counters: Counters::default(),
            estimates: Estimates::new(&ESTIMATES),
            tally: Tally::default(),
            past_faults: Faults::default(),
            file_bytes_left: files::MOST_IN_A_TURN,
            events: Vec::new(),
            due: Vec::new(),
            facts: Vec::new(),
            opened: Vec::new(),
        }
    }

    /// Does what the conference wants.
    pub fn handle_command(&mut self, now: Instant, command: Command) {
        let now = self.advance(now);
        match command {
            Command::Join { peer, room } => self.join(now, peer, room, None),
            Command::Elsewhere { peer, room, at } => self.join(now, peer, room, Some(at)),
            Command::Lead { room, by } => self.lead(room, by),
            Command::Offer { peer, id, fresh, offer } => self.offer(now, peer, id, fresh, *offer),
            Command::Mute { peer, track, muted } => self.mute(now, peer, track, muted),
            Command::Publish { peer, rates } => self.publish(now, peer, rates),
            Command::View { peer, tiles, beside } => self.view(now, peer, tiles, beside),
            Command::Limited { peer, stream, by } => self.limited(now, peer, stream, by),
            Command::Carry { file, size } => self.carry(now, file, size),
            Command::Carried { file } => self.carried(file),
            Command::Leave { peer } => self.leave(now, peer),
        }
    }

    /// Takes in one datagram.
    pub fn handle_datagram(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        let now = self.advance(now);
        self.counters.datagrams += 1;
        let kind = DatagramKind::of(datagram);
        // A reply to port zero is a send that fails, and one such failure switches segmentation off for a socket.
        let hostile = datagram.len() > MAX_DATAGRAM || path.remote.port() == 0;
        match kind {
            _ if hostile => {
                self.counters.unknown += 1;
                self.counters.hostile += 1;
            }
            DatagramKind::Unknown => self.counters.unknown += 1,
            DatagramKind::Stun => self.handle_stun(now, path, datagram),
            DatagramKind::Dtls | DatagramKind::Srtp => match self.demux.by_path(&path) {
                Some(key) => self.handle_learned(now, key, kind, path, datagram),
                None => self.counters.unlearned += 1,
            },
        }
    }

    /// The driver did not run for so long until `now`: that is nobody's silence. To be called before what came meanwhile is
    /// handed in. Visits everybody, which is due after a standstill only.
    pub fn stood_still(&mut self, now: Instant, stood: Duration) {
        let now = self.advance(now);
        for peer in self.peers.values_mut() {
            peer.stood_still(now, stood);
        }
    }

    /// Time as it is here: it never goes back. A reading that is a little older than the newest is out of order and means the
    /// newest; where the clock we are told steps back, time goes on as if it had not.
    fn advance(&mut self, told: Instant) -> Instant {
        let now = told + self.stepped_back;
        let back = self.clock.saturating_duration_since(now);
        self.counters.clock_steps_back += u64::from(back > Duration::ZERO);
        if back > OUT_OF_ORDER {
            self.stepped_back += back;
        }
        self.clock = self.clock.max(now);
        self.clock
    }

    fn handle_learned(
        &mut self,
        now: Instant,
        key: PeerKey,
        kind: DatagramKind,
        path: Path,
        datagram: &[u8],
    ) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(connection) = &mut peer.connection else { return };
        if kind == DatagramKind::Dtls && !connection.is_connected() {
            if peer.reached.add(Reached::Handshake) {
                self.notices.push_back(Notice::Reached { peer: peer.id, reached: Reached::Handshake });
            }
            let theirs = self.handshakes.iter().filter(|waiting| waiting.peer == peer.id).count();
            if self.handshakes.len() >= HANDSHAKES || theirs >= HANDSHAKES_PER_PEER {
                self.counters.handshakes_dropped += 1;
            } else {
                let datagram = datagram.to_vec();
                self.handshakes.push_back(Handshake { peer: peer.id, path, datagram });
            }
        } else if kind != DatagramKind::Srtp
            || connection.admits(datagram, &self.config.limits, &mut self.tally)
        {
            self.receive(now, key, path, datagram, None);
        } else {
            self.counters.unauthentic += 1;
        }
    }

    /// Ends a turn: fires timers, does one handshake step, assigns slots, and steps every dirty connection once.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        self.file_bytes_left = files::MOST_IN_A_TURN;
        let mut due = std::mem::take(&mut self.due);
        self.timers.fire(now, &mut due);
        for key in due.drain(..) {
            self.fire(now, key);
        }
        self.due = due;
        if let Some(handshake) = self.handshakes.pop_front()
            && let Some(key) = self.by_id.get(&handshake.peer).copied()
            && self.demux.by_path(&handshake.path) == Some(key)
        {
            self.receive(now, key, handshake.path, &handshake.datagram, None);
        }
        self.show(now);
        self.hand_out_voices(now);
        self.review_demands(now);
        self.tell_slots();
        while let Some(key) = self.dirty.pop() {
            self.step(now, key);
        }
    }

    /// A peer's timer went off.
    fn fire(&mut self, now: Instant, key: PeerKey) {
        self.counters.wakeups += 1;
        let Some(peer) = self.peers.get_mut(key) else { return };
        self.counters.late += u64::from(peer.is_late(now));
        if let Some(heard) = peer.heard
            && !peer.quiet
            && heard + super::QUIET_AFTER <= now
        {
            peer.quiet = true;
            self.notices.push_back(Notice::Quiet { peer: peer.id });
        }
        if peer.allocates.is_some_and(|at| at <= now) {
            self.allocate(now, key);
            self.demand_is_due(now, key);
        }
        if self.peers.get(key).and_then(|peer| peer.keys_due).is_some_and(|at| at <= now) {
            self.ask_for_key_frames(now, key);
        }
        self.files_are_due(now, key);
        self.mark_due(now, key);
        self.reschedule(now, key);
    }

    /// The connection of `key` is to be stepped, or its media to leave, if that is due.
    fn mark_due(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(connection) = &peer.connection else { return };
        let sends = connection.media_due(now).is_some_and(|at| at <= now);
        if peer.steps_at(now).is_some_and(|at| at <= now + DUE) {
            peer.mark_dirty(key, &mut self.dirty);
        }
        if sends {
            peer.mark_sending(key, &mut self.sending);
        }
    }

    fn mark_dirty(&mut self, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.mark_dirty(key, &mut self.dirty);
        }
    }

    fn mark_changed(&mut self, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.mark_changed(key, &mut self.changed);
        }
    }

    fn reschedule(&mut self, now: Instant, key: PeerKey) {
        debug_assert!(self.keys_are_in_time(now, key), "a key frame would be asked for late");
        if let Some(deadline) = self.peers.get(key).and_then(|peer| peer.wakes(now)) {
            self.timers.schedule(key, deadline);
        }
    }

    /// Media of `key` left: of all that is waited for only what is next of it may be due earlier than it was.
    fn reschedule_media(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get(key) else { return };
        if let Some(due) = peer.connection.as_ref().and_then(|connection| connection.media_due(now)) {
            self.timers.schedule(key, due);
        }
        debug_assert!(
            peer.wakes(now).is_none_or(|at| self.timers.fires_by(key, at)),
            "something would be done late"
        );
    }

    /// The connection of `key` is over.
    fn lose(&mut self, now: Instant, key: PeerKey, ended: &Ended) {
        self.drop_connection(now, key);
        let Some(peer) = self.peers.get(key).map(|peer| peer.id) else { return };
        self.counters.connections_lost += 1;
        self.count_mistakes(ended);
        self.notices.push_back(Notice::Lost { peer, reason: ended.to_string() });
    }

    /// Counts what no client can be blamed for.
    fn count_mistakes(&mut self, ended: &Ended) {
        self.counters.nonces_repeated += u64::from(*ended == Ended::RepeatedNonce);
        self.counters.connections_failed += u64::from(*ended == Ended::Panic);
    }

    /// Makes something go wrong inside the connection of `peer`. Returns whether there is one.
    #[cfg(feature = "faults")]
    pub fn inject(&mut self, peer: PeerId, fault: crate::faults::Fault) -> bool {
        let key = self.by_id.get(&peer).copied();
        let connection = key.and_then(|key| self.peers.get_mut(key)?.connection.as_mut());
        connection.map(|connection| connection.inject(fault)).is_some()
    }

    /// When [`Core::handle_timeout`] is to be called next, if at all.
    #[must_use]
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let lists = [&self.dirty, &self.changed];
        let pending = !self.handshakes.is_empty()
            || !self.stale_rooms.is_empty()
            || !self.changed_rooms.is_empty()
            || !self.demands.is_empty()
            || !self.sending.is_empty()
            || lists.iter().any(|list| !list.is_empty());
        if pending { Some(now) } else { self.timers.next().and_then(|at| at.checked_sub(self.stepped_back)) }
    }

    /// The next notice for the conference.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// What the egress guard found so far. Nothing is judged without debug assertions.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let mut faults = self.past_faults;
        for peer in self.peers.values() {
            faults.add(&peer.faults());
        }
        faults
    }

    /// How many addresses are known. Bounded by people times [`crate::limits::Limit::AddressesPerPeer`].
    #[must_use]
    pub fn paths(&self) -> usize {
        self.demux.paths()
    }

    /// How many people this core serves.
    #[must_use]
    pub fn people(&self) -> usize {
        self.peers.values().filter(|peer| peer.home.is_none()).count()
    }
}

#[cfg(test)]
mod tests;
