//! Between publications and where they go: slots come and go, publications end and begin anew. With what `fanout.rs` does for
//! each packet and `allocation.rs` for what each sink is to show, this is all that is done to a sink.

use std::time::Instant;

use super::Core;
use crate::media::crossing::{Crossing, What};
use crate::media::ids::{Kind, StreamId, Track};
use crate::media::peer::Peer;
use crate::media::sinks::{LayerSet, Sink};
use crate::media::table::{PeerKey, PublicationKey};

impl Core {
    /// Slot `index` of `key` shows `owner` from now on.
    pub(super) fn set_owner(&mut self, key: PeerKey, kind: Kind, index: usize, owner: Option<StreamId>) {
        let Ok(number) = u8::try_from(index) else { return };
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(slot) = peer.slots_mut(kind).get_mut(index) else { return };
        let (sink, before) = (Sink::Slot { peer: key, slot: number }, slot.shown());
        if before.owner != owner {
            slot.set_owner(kind, owner);
            if let (Some(ssrc), Some(connection)) = (slot.ssrc, &mut peer.connection) {
                connection.begin_anew(ssrc);
            }
            self.mark_changed(key);
            let publication = before.publication.and_then(|before| self.publications.get_mut(before));
            if let Some(publication) = publication {
                publication.sinks.remove(sink);
            }
            if let Some(before) = before.publication {
                self.demand_changed(before);
            }
        } else if before.publication.is_some() {
            return;
        }
        // Even of the same owner the track may be a new one: it was gone in between.
        self.publish_to(owner, kind, sink);
    }

    /// What `owner` publishes of this kind, if anything, goes to `sink`, which has nothing of them yet.
    fn publish_to(&mut self, owner: Option<StreamId>, kind: Kind, sink: Sink) {
        let Some(owner) = owner else { return };
        let publisher = self.by_id.get(&owner.peer).and_then(|publisher| self.peers.get(*publisher));
        let track = Track { stream: owner.stream, kind };
        let Some(at) = publisher.and_then(|publisher| publisher.publication(track)) else { return };
        let Some(publication) = self.publications.get_mut(at) else { return };
        publication.sinks.add(sink);
        if let Sink::Slot { peer, slot } = sink
            && let Some(peer) = self.peers.get_mut(peer)
            && let Some(slot) = peer.slots_mut(kind).get_mut(usize::from(slot))
        {
            slot.publication = Some(at);
        }
        if kind == Kind::Video {
            self.opened.push(sink);
            self.demand_changed(at);
        }
    }

    /// The publication `at` is no more: slots that show it show nothing.
    pub(super) fn unpublish(&mut self, at: PublicationKey) {
        let Some(publication) = self.publications.remove(at) else { return };
        let (kind, publisher) = (publication.track.kind, publication.origin.peer());
        self.forget_demand(publisher, publication.track.stream, publication.audience.told);
        for worker in publication.sinks.workers() {
            self.crossings.push_back((worker, Crossing::of(at, What::Unpublished)));
        }
        if let Some(abroad) = publication.origin.abroad() {
            self.forget_guest(abroad);
        }
        for (key, slot) in publication.sinks.slots() {
            let Some(peer) = self.peers.get_mut(key) else { continue };
            peer.detach(kind, slot.into());
            if let Some(slot) = peer.slots_mut(kind).get_mut(usize::from(slot)) {
                slot.publication = None;
                if kind == Kind::Video {
                    peer.mark_changed(key, &mut self.changed);
                }
            }
        }
    }

    /// Everyone who receives the publication `at` starts anew with it: a picture at the next key frame of what they are to
    /// show, sound at once.
    pub(super) fn start_anew(&mut self, now: Instant, at: PublicationKey) {
        let Some(publication) = self.publications.get_mut(at) else { return };
        let (peer, kind) = (publication.origin.peer(), publication.track.kind);
        let publisher = self.peers.get(peer);
        // Who has no connection is asked for what is waited for when they have one.
        let awaits = kind == Kind::Video && !publication.muted && publisher.is_some_and(Peer::can_be_asked);
        publication.sinks.restart(|key, slot| {
            let Some(peer) = self.peers.get_mut(key) else { return LayerSet::default() };
            peer.detach(kind, slot.into());
            let slot = peer.slots(kind).get(usize::from(slot));
            let target = slot.and_then(|slot| slot.target).filter(|_| awaits);
            if kind == Kind::Video {
                peer.mark_changed(key, &mut self.changed);
            }
            LayerSet::of(|layer| Some(layer) == target)
        });
        let (due, muted) = (publication.begin_to_wait(now), publication.muted);
        self.begin_elsewhere(at, muted, false);
        self.demand_changed(at);
        let Some(publisher) = self.peers.get_mut(peer) else { return };
        if let Some(due) = due {
            publisher.ask_at(due);
            if publisher.home.is_some() {
                // What wakes others is their connection, which is stepped.
                self.timers.schedule(peer, due);
            }
        }
    }
}
