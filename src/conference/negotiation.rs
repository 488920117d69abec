//! Offers and answers: one offer of a person at the worker at a time, and only the newest one counts.

use std::collections::BTreeSet;

use super::parse::Refusal;
use super::protocol::{ErrorCode, ServerMessage};
use super::publish::{Published, camera_rule};
use super::{Conference, Now, StateKey};
use crate::media::ids::{OfferId, PeerId, Track};
use crate::media::message::{Command, SlotLine, TrackLine};
use crate::media::rtc::{Offer, OfferError};

/// An `offer` message.
#[derive(Debug)]
pub(super) struct OfferMessage {
    pub(super) id: OfferId,
    pub(super) fresh: bool,
    pub(super) sdp: String,
    pub(super) tracks: Vec<TrackLine>,
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
    }

    /// The client came back, perhaps as a new page: it waits for nothing that was asked on the old socket.
    pub(super) fn resumed(&mut self) {
        self.waiting = None;
        self.void();
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
        std::mem::take(&mut self.connected)
    }
}

impl Conference {
    /// `offer`.
    pub(super) fn offer(&mut self, peer_id: PeerId, message: OfferMessage) -> Result<(), Refusal> {
        let Some(peer) = self.peers.get_mut(&peer_id) else { return Ok(()) };
        let OfferMessage { id, fresh, sdp, tracks, slots } = message;
        if let Some(last) = peer.negotiation.last.filter(|last| !fresh && id <= *last) {
            let message = format!("id: {} is not above {}, the last one", id.0, last.0);
            return Err(Refusal::new(ErrorCode::BadMessage, message));
        }
        peer.negotiation.last = Some(id);
        let set = tracks.iter().map(|line| Track { stream: line.stream, kind: line.kind }).collect();
        match Offer::parse(&sdp, tracks, slots, &self.config.limits) {
            Ok(offer) => {
                // A connection that waits to be made is made with its newest description.
                let fresh = fresh || peer.negotiation.waiting.take().is_some_and(|offer| offer.fresh);
                peer.negotiation.waiting = Some(Waiting { id, fresh, tracks: set, offer: Box::new(offer) });
                self.forward_offer(peer_id);
                Ok(())
            }
            Err(error) => {
                if let OfferError::TooLarge(limit) = error {
                    self.tally.hit(limit);
                }
                peer.negotiation.waiting = None;
                peer.negotiation.give_up();
                peer.negotiation.void();
                Err(Refusal::rebuild(ErrorCode::OfferRefused, error.to_string()))
            }
        }
    }

    /// Sends the waiting offer to the worker, if the one before it is done with.
    fn forward_offer(&mut self, peer: PeerId) {
        let Some((worker, negotiation)) =
            self.peers.get_mut(&peer).map(|peer| (peer.worker, &mut peer.negotiation))
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
    pub(super) fn answered(&mut self, now: Now, id: PeerId, offer: OfferId, sdp: String) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(done) = peer.negotiation.concluded(offer) else { return };
        if done.void || peer.negotiation.waiting.is_some() {
            self.forward_offer(id);
            return;
        }
        let changed = std::mem::replace(&mut peer.tracks, done.tracks.clone()) != done.tracks;
        let room = peer.room;
        if let Some(socket) = peer.socket() {
            peer.negotiation.connected = true;
            self.send(socket, &ServerMessage::Answer { id: offer, sdp }, None);
        }
        self.send_publish(id, true);
        if changed {
            self.peers_changed(now, room);
        }
    }

    /// The worker refused an offer.
    pub(super) fn refused(&mut self, id: PeerId, offer: OfferId, reason: String) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(done) = peer.negotiation.concluded(offer) else { return };
        let relied = peer.negotiation.give_up();
        // Who came back meanwhile does not wait for this answer, but may have gone on with the connection.
        let superseded = peer.negotiation.waiting.is_some() || (done.void && !relied);
        let socket = peer.socket();
        self.forward_offer(id);
        if let Some(socket) = socket.filter(|_| !superseded) {
            self.send(socket, &Refusal::rebuild(ErrorCode::OfferRefused, reason).into_message(), None);
        }
    }

    /// The worker lost a person's connection. What that means for presence, its silence will tell.
    pub(super) fn lost(&mut self, id: PeerId, reason: String) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let negotiation = &mut peer.negotiation;
        let relied = negotiation.give_up();
        // Notices come in order: with a new connection in flight, this is about the one it replaces.
        let rebuilding =
            negotiation.waiting.is_some() || negotiation.in_flight.as_ref().is_some_and(|offer| offer.fresh);
        if !rebuilding {
            negotiation.void();
        }
        if let Some(socket) = peer.socket().filter(|_| relied && !rebuilding) {
            self.send(socket, &Refusal::rebuild(ErrorCode::MediaLost, reason).into_message(), None);
        }
    }

    /// What the server asks of a person's tracks: if it changed, or anyway if `again`. Nothing before the first answer.
    pub(super) fn send_publish(&mut self, id: PeerId, again: bool) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(room) = self.rooms.get(&peer.room) else { return };
        let Some(socket) = peer.socket().filter(|_| !peer.tracks.is_empty() || peer.published.is_some())
        else {
            return;
        };
        let before = peer.published.as_ref();
        let wanted = Published::after(before, &peer.tracks, camera_rule(room.members.len()));
        let (version, changed) = (wanted.version(), before != Some(&wanted));
        if changed || again {
            let message = ServerMessage::Publish { version, tracks: wanted.tracks() };
            peer.published = Some(wanted);
            self.send(socket, &message, Some(StateKey::Publish));
        }
    }
}
