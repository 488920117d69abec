//! Offers and answers: one offer of a person at the worker at a time, and only the newest one counts.
//!
//! Reading an offer costs 1 to 4 ms of the thread everybody's messages go through. So each socket has a rate of them and each
//! client address another one, and few are read in one turn, round-robin by address; those that have to wait do so unread.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::funnel::Step;
use super::protocol::ServerMessage;
use super::publish::{Published, Wish};
use super::refusal::Refusal;
use super::state::{Abilities, RoomEvent};
use super::timers::Timer;
use super::{Conference, Now, SocketId, StateKey, wire};
use crate::ledger::{ClientAddress, Metered, Over, Turns};
use crate::limits::Limit;
use crate::media::codec::Codec;
use crate::media::ids::{OfferId, PeerId, RoomId, Stream, Track};
use crate::media::ladder::camera_rule;
use crate::media::message::{Command, SlotLine, TrackLine};
use crate::media::rtc::{Offer, OfferError};

/// Offers that are read under one `now`, until others are heard.
const OFFERS_PER_TURN: usize = 4;

/// One counts once more for each of these bytes: 200 KiB that are refused are read for as long as ten honest ones, because
/// str0m reads them a second time to say why.
const OFFER_BYTES: usize = 32 * 1024;

/// When the next ones are read: as soon as others were heard.
const NEXT_TURN: Duration = Duration::from_millis(1);

/// Whose offers are to be read next.
#[derive(Debug, Default)]
pub(super) struct Reading {
    queue: Turns<PeerId>,
    /// Those that have to wait for the rate of their address, in the order of coming.
    waiting: BTreeMap<ClientAddress, VecDeque<PeerId>>,
    /// The present turn, and how many were read in it.
    turn: Option<(Instant, usize)>,
}

/// An `offer` message.
#[derive(Debug, Deserialize)]
pub(super) struct OfferMessage {
    #[serde(with = "wire::Offer")]
    pub(super) id: OfferId,
    pub(super) fresh: bool,
    pub(super) sdp: String,
    #[serde(with = "wire::track_lines")]
    pub(super) tracks: Vec<TrackLine>,
    #[serde(with = "wire::slot_lines")]
    pub(super) slots: Vec<SlotLine>,
}

/// An offer that waits until the worker has answered the one before it.
#[derive(Debug)]
struct Waiting {
    id: OfferId,
    fresh: bool,
    tracks: BTreeSet<Track>,
    offer: Box<Offer>,
}

/// The offer at the worker.
#[derive(Debug)]
struct InFlight {
    id: OfferId,
    fresh: bool,
    tracks: BTreeSet<Track>,
    /// Whatever the worker says of it is not told: the client does not wait for it any more.
    void: bool,
}

/// Where a person's offers and answers stand.
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    /// The highest id of this connection.
    last: Option<OfferId>,
    in_flight: Option<InFlight>,
    /// The newest offer, if there was no time to read it yet. Then none is `waiting`.
    unread: Option<OfferMessage>,
    waiting: Option<Waiting>,
    /// The client got an answer for the worker's connection, and was not told to build a new one since.
    connected: bool,
}

impl Negotiation {
    /// Whether the worker holds a connection that the client may go on with.
    pub(super) fn connected(&self) -> bool {
        self.connected
    }

    /// Whether a track is in an offer that was not answered yet.
    pub(super) fn offers(&self, track: Track) -> bool {
        self.in_flight.as_ref().is_some_and(|offer| offer.tracks.contains(&track))
            || self.waiting.as_ref().is_some_and(|offer| offer.tracks.contains(&track))
            || self.unread.as_ref().is_some_and(|offer| tracks_of(&offer.tracks).contains(&track))
    }

    /// An offer that was read goes on as soon as the one before it is done with.
    pub(super) fn take_read(&mut self, id: OfferId, fresh: bool, tracks: BTreeSet<Track>, offer: Offer) {
        self.last = Some(id);
        self.waiting = Some(Waiting { id, fresh, tracks, offer: Box::new(offer) });
    }

    /// Whether the client made an offer after the one at the worker.
    fn superseded(&self) -> bool {
        self.waiting.is_some() || self.unread.is_some()
    }

    /// The client came back, perhaps as a new page: it waits for nothing that was asked on the old socket.
    pub(super) fn resumed(&mut self) {
        self.waiting = None;
        self.unread = None;
        self.void();
    }

    /// The worker is gone, and the offer at it. Returns what to tell the client, if it waits for something that will not
    /// come or relies on what is gone.
    pub(super) fn torn_away(&mut self, why: impl Fn(Option<OfferId>) -> Refusal) -> Option<Refusal> {
        let awaited = self.in_flight.take().filter(|offer| !offer.void);
        let relied = self.give_up();
        if self.superseded() {
            return None;
        }
        match awaited {
            // To somebody who offers a new connection `media-lost` would be about the one before.
            Some(offer) if offer.fresh => Some(why(Some(offer.id))),
            awaited => (awaited.is_some() || relied).then_some(why(None)),
        }
    }

    fn void(&mut self) {
        if let Some(offer) = &mut self.in_flight {
            offer.void = true;
        }
    }

    /// Takes the offer in flight, if the worker's word is about it.
    fn concluded(&mut self, id: OfferId) -> Option<InFlight> {
        self.in_flight.take_if(|offer| offer.id == id)
    }

    /// Nothing of the present connection is of use any more; a new one that already waits is. Returns whether the client
    /// relied on it.
    fn give_up(&mut self) -> bool {
        self.waiting.take_if(|offer| !offer.fresh);
        self.unread.take_if(|offer| !offer.fresh);
        std::mem::take(&mut self.connected)
    }
}

pub(super) fn tracks_of(lines: &[TrackLine]) -> BTreeSet<Track> {
    lines.iter().map(|line| Track { stream: line.stream, kind: line.kind }).collect()
}

impl Conference {
    /// `offer`. It is read now, or when its time has come; a newer one takes its place meanwhile.
    pub(super) fn offer(
        &mut self,
        now: Now,
        socket: SocketId,
        peer_id: PeerId,
        mut message: OfferMessage,
    ) -> Result<(), Refusal> {
        let Some(peer) = self.peers.get_mut(&peer_id) else { return Ok(()) };
        let negotiation = &mut peer.negotiation;
        let (id, fresh) = (message.id, message.fresh);
        if let Some(last) = negotiation.last.filter(|last| !fresh && id <= *last) {
            return Err(Refusal::OldOffer { id, last });
        }
        negotiation.last = Some(id);
        let tracks: Vec<Track> =
            message.tracks.iter().map(|line| Track { stream: line.stream, kind: line.kind }).collect();
        // A connection that waits to be made is made with its newest description.
        message.fresh |= negotiation.waiting.take().is_some_and(|offer| offer.fresh);
        message.fresh |= negotiation.unread.as_ref().is_some_and(|offer| offer.fresh);
        let reads = negotiation.unread.replace(message).is_none();
        self.funnel.advance(&mut peer.attempt, Step::Offer);
        self.mute_ungranted(now, peer_id, &tracks);
        if !reads {
            // It is read when the one before would have been.
            return Ok(());
        }
        if !self.offer_has_turn(now, socket, peer_id) {
            self.tally.hit(Limit::OffersPerSecond);
        }
        Ok(())
    }

    /// Has an offer read, or waits until the rates of its socket and of its address allow it. False if the socket's does not.
    fn offer_has_turn(&mut self, now: Now, socket: SocketId, id: PeerId) -> bool {
        let Some(client) = self.sockets.get(&socket) else { return true };
        let address = client.address;
        if let Err(at) = client.flow.look_at_offers(now.instant, &self.config.limits) {
            self.timers.set(Timer::Offer(id), at);
            return false;
        }
        let queue = self.reading.waiting.get(&address);
        if queue.is_some_and(|queue| !queue.is_empty()) {
            self.wait_for_address(address, id);
        } else if let Err(Over::Rate(_, at)) = self.spend(now, address, Metered::Offers) {
            self.wait_for_address(address, id);
            self.timers.set(Timer::OffersOf(address), at);
        } else {
            self.read_soon(now, socket, id);
        }
        true
    }

    fn wait_for_address(&mut self, address: ClientAddress, id: PeerId) {
        let queue = self.reading.waiting.entry(address).or_default();
        if !queue.contains(&id) {
            queue.push_back(id);
        }
    }

    /// The rate of an address allows another offer.
    pub(super) fn offers_may_be_read(&mut self, now: Now, address: ClientAddress) {
        while let Some(id) = self.reading.waiting.get_mut(&address).and_then(VecDeque::pop_front) {
            let waits = self.peers.get(&id).is_some_and(|peer| peer.negotiation.unread.is_some());
            let Some(socket) = self.socket_of(id).filter(|_| waits) else { continue };
            if let Err(Over::Rate(_, at)) = self.spend(now, address, Metered::Offers) {
                if let Some(queue) = self.reading.waiting.get_mut(&address) {
                    queue.push_front(id);
                }
                self.timers.set(Timer::OffersOf(address), at);
                return;
            }
            self.read_soon(now, socket, id);
        }
        self.reading.waiting.remove(&address);
    }

    /// The rate of a person's socket allows another offer.
    pub(super) fn offer_may_be_read(&mut self, now: Now, id: PeerId) {
        let Some(peer) = self.peers.get(&id).filter(|peer| peer.negotiation.unread.is_some()) else { return };
        if let Some(socket) = peer.socket() {
            self.offer_has_turn(now, socket, id);
        }
    }

    fn read_soon(&mut self, now: Now, socket: SocketId, id: PeerId) {
        let Some(client) = self.sockets.get_mut(&socket) else { return };
        // It was looked at, so it can be taken; what waited for its address meanwhile owes no more than others.
        let _ = client.flow.offer(now.instant, &self.config.limits);
        self.reading.queue.push(client.address, id);
        self.read_offers(now);
    }

    /// Reads as many offers as this turn has time for.
    pub(super) fn read_offers(&mut self, now: Now) {
        let mut done = self.reading.turn.filter(|(turn, _)| *turn == now.instant).map_or(0, |(_, done)| done);
        while done < OFFERS_PER_TURN {
            let Some(id) = self.reading.queue.pop() else { break };
            let unread = self.peers.get_mut(&id).and_then(|peer| peer.negotiation.unread.take());
            if let Some(offer) = unread {
                done += 1 + offer.sdp.len() / OFFER_BYTES;
                self.read_offer(id, offer);
            }
        }
        self.reading.turn = Some((now.instant, done));
        if let Some(at) = now.instant.checked_add(NEXT_TURN).filter(|_| !self.reading.queue.is_empty()) {
            self.timers.set(Timer::Offers, at);
        }
    }

    fn read_offer(&mut self, peer_id: PeerId, message: OfferMessage) {
        let OfferMessage { id, fresh, sdp, tracks, slots } = message;
        let set = tracks_of(&tracks);
        let offer = Offer::parse(&sdp, tracks, slots, &self.config.limits);
        let Some(peer) = self.peers.get_mut(&peer_id) else { return };
        match offer {
            Ok(offer) => {
                peer.negotiation.waiting = Some(Waiting { id, fresh, tracks: set, offer: Box::new(offer) });
                self.forward_offer(peer_id);
            }
            Err(error) => {
                if let OfferError::TooLarge(limit) = error {
                    self.tally.hit(limit);
                }
                peer.negotiation.give_up();
                peer.negotiation.void();
                if let Some(socket) = peer.socket() {
                    self.refuse(socket, Refusal::OfferRefused { offer: id, why: error.to_string() });
                }
            }
        }
    }

    /// Sends the waiting offer to the worker, if there is a worker and the offer before it is done with.
    pub(super) fn forward_offer(&mut self, peer: PeerId) {
        let Some(Some((worker, negotiation))) =
            self.peers.get_mut(&peer).map(|peer| peer.worker.map(|worker| (worker, &mut peer.negotiation)))
        else {
            return;
        };
        if negotiation.in_flight.is_some() {
            return;
        }
        let Some(Waiting { id, fresh, tracks, offer }) = negotiation.waiting.take() else { return };
        if fresh {
            negotiation.connected = false;
        }
        negotiation.in_flight = Some(InFlight { id, fresh, tracks, void: false });
        self.command(worker, Command::Offer { peer, id, fresh, offer });
    }

    /// The worker answered an offer.
    pub(super) fn answered(
        &mut self,
        now: Now,
        id: PeerId,
        offer: OfferId,
        sdp: String,
        abilities: Abilities,
    ) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(done) = peer.negotiation.concluded(offer) else { return };
        if done.void || peer.negotiation.superseded() {
            self.forward_offer(id);
            return;
        }
        let room = peer.room;
        if let Some(socket) = peer.socket() {
            peer.negotiation.connected = true;
            self.send(socket, &ServerMessage::Answer { id: offer, sdp }, None);
        } else if peer.standard.is_some() {
            peer.negotiation.connected = true;
            self.standard_answered(now, id, &sdp);
        }
        let able = self.member(id).is_some_and(|member| member.abilities() == Some(abilities));
        self.change(now, room, &RoomEvent::Negotiated { peer: id, abilities });
        self.forget_mutes(now, room, id, &done.tracks);
        self.change(now, room, &RoomEvent::Published { peer: id, tracks: done.tracks });
        if !able {
            for other in self.review_codecs(now, room).into_iter().filter(|other| *other != id) {
                self.send_publish(now, other, false);
            }
        }
        self.send_publish(now, id, true);
        if done.fresh {
            self.connection_begins(id);
            self.network_changed(now, id);
            self.files_lost(id);
        }
        self.review_course(now, room);
    }

    /// A mute of the screen ends with the screen: whoever shares again after a reload means to be seen.
    fn forget_mutes(&mut self, now: Now, room: RoomId, peer: PeerId, tracks: &BTreeSet<Track>) {
        let Some(member) = self.member(peer) else { return };
        let ended = member.tracks().difference(tracks).filter(|track| track.stream == Stream::Screen);
        for track in ended.copied().collect::<Vec<_>>() {
            self.change(now, room, &RoomEvent::Muted { peer, track, muted: false });
        }
    }

    /// The worker refused an offer.
    pub(super) fn refused(&mut self, now: Now, id: PeerId, offer: OfferId, reason: String) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(done) = peer.negotiation.concluded(offer) else { return };
        let relied = peer.negotiation.give_up();
        // Who came back meanwhile does not wait for this answer, but may have gone on with the connection.
        let superseded = peer.negotiation.superseded() || (done.void && !relied);
        self.forward_offer(id);
        if !superseded {
            self.refuse_media(now, id, Refusal::OfferRefused { offer, why: reason });
        }
    }

    /// The worker lost a person's connection. What that means for presence, its silence will tell.
    pub(super) fn lost(&mut self, now: Now, id: PeerId, reason: String) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let negotiation = &mut peer.negotiation;
        let relied = negotiation.give_up();
        // Notices come in order: with a new connection in flight, this is about the one it replaces.
        let rebuilding =
            negotiation.superseded() || negotiation.in_flight.as_ref().is_some_and(|offer| offer.fresh);
        if !rebuilding {
            negotiation.void();
        }
        if relied && !rebuilding {
            self.refuse_media(now, id, Refusal::ConnectionLost { why: reason });
        }
    }

    /// A person sends more than was asked: it is asked once more, in case that was not heard.
    pub(super) fn too_much(&mut self, now: Now, id: PeerId) {
        self.refuse_media(now, id, Refusal::TooMuchMedia);
        self.send_publish(now, id, true);
    }

    /// What the server asks of a person's tracks: if it changed, or anyway if `again`. Nothing before the first answer.
    pub(super) fn send_publish(&mut self, now: Now, id: PeerId, again: bool) {
        let (Some(peer), Some(member)) = (self.peers.get(&id), self.member(id)) else { return };
        let Some(room) = self.rooms.get(&peer.room) else { return };
        let before = member.request();
        let Some(socket) = peer.socket().filter(|_| !member.tracks().is_empty() || before.is_some()) else {
            return;
        };
        let video = member.codec().or(self.config.codecs.first().copied()).unwrap_or(Codec::Vp8);
        let people = room.state.people().len();
        let wish = Wish { camera: camera_rule(people), video, less: &peer.less };
        let request = Published::after(before, member.tracks(), &wish);
        if before != Some(&request) || again {
            let message = ServerMessage::Publish { version: request.version(), tracks: request.tracks() };
            self.change(now, peer.room, &RoomEvent::Requested { peer: id, request });
            self.send(socket, &message, Some(StateKey::Publish));
        }
    }
}
