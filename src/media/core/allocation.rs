//! Facts for the allocators, and what becomes of their decisions.

use std::time::Instant;

use super::Core;
use crate::media::allocate::{EncodingFacts, SlotFacts};
use crate::media::ids::{Kind, Layer, SlotIndex, StreamId, Track};
use crate::media::ladder;
use crate::media::peer::Peer;
use crate::media::publication::Publication;
use crate::media::slot::Slot;
use crate::media::table::PeerKey;
use crate::media::units::Bitrate;

impl Core {
    /// Decides anew what each picture that `key` is shown is to be of.
    pub(super) fn allocate(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get(key) else { return };
        let mut facts = std::mem::take(&mut self.facts);
        facts.extend(
            peer.video
                .iter()
                .zip(0..)
                .filter_map(|(slot, number)| self.facts_of(now, peer, slot, SlotIndex(number))),
        );
        if let Some(peer) = self.peers.get_mut(key) {
            peer.allocates = peer.allocator.allocate(now, peer.estimate, &mut facts);
            if let Some(at) = peer.allocates {
                self.timers.schedule(key, at);
            }
        }
        for facts in facts.drain(..) {
            self.set_target(key, &facts);
        }
        self.facts = facts;
    }

    /// Everybody who is shown `track` of `key`: what sends of it is not what it was.
    pub(super) fn allocate_viewers(&mut self, now: Instant, key: PeerKey, track: Track) {
        let publication = self.peers.get_mut(key).and_then(|peer| peer.publication(track));
        let Some(publication) = publication else { return };
        let viewers = publication.subscribers.clone();
        for viewer in viewers {
            self.allocate(now, viewer.peer);
        }
    }

    /// The downlink of `key` is thought to hold so much.
    pub(super) fn estimated(&mut self, now: Instant, key: PeerKey, estimate: Bitrate) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.estimate = Some(estimate);
        if peer.allocator.heeds(now, estimate) {
            self.allocate(now, key);
        }
    }

    /// Whether somebody would be shown a layer that was cut off, if it came back.
    pub(super) fn is_missed(&self, now: Instant, key: PeerKey, track: Track, layer: Layer) -> bool {
        let Some(peer) = self.peers.get(key) else { return false };
        let Some(publication) = peer.publications.iter().find(|publication| publication.track == track)
        else {
            return false;
        };
        publication.subscribers.iter().any(|viewer| {
            let viewing = self.peers.get(viewer.peer);
            let slot = viewing.and_then(|peer| peer.video.get(usize::from(viewer.slot)));
            let facts = viewing.zip(slot).and_then(|(viewing, slot)| {
                let facts = self.facts_of(now, viewing, slot, SlotIndex(viewer.slot))?;
                Some(viewing.allocator.misses(&facts, layer))
            });
            facts.unwrap_or(false)
        })
    }

    /// What an allocator is to know of a slot of `viewer`; `None` if there is nothing to be decided.
    fn facts_of(&self, now: Instant, viewer: &Peer, slot: &Slot, number: SlotIndex) -> Option<SlotFacts> {
        let owner = slot.owner?;
        let publication = self.picture(owner).filter(|publication| !publication.muted)?;
        let people = self.rooms.get(viewer.room).map_or(0, |room| room.members.len());
        let encodings = Layer::ALL.map(|layer| {
            let facts = publication.layers.facts(layer, now)?;
            Some(EncodingFacts { asked: ladder::rate(owner.stream, layer, people), ..facts })
        });
        let (tile, plays, target) = (slot.tile, slot.layer(), slot.target);
        Some(SlotFacts { slot: number, owner, tile, encodings, plays, target })
    }

    /// The picture of a stream.
    pub(super) fn picture(&self, stream: StreamId) -> Option<&Publication> {
        let peer = self.peers.get(*self.by_id.get(&stream.peer)?)?;
        let track = Track { stream: stream.stream, kind: Kind::Video };
        peer.publications.iter().find(|publication| publication.track == track)
    }

    /// A slot is to show what was decided. It plays what it plays until the next key frame of that.
    fn set_target(&mut self, key: PeerKey, decided: &SlotFacts) {
        let slot = usize::from(decided.slot.0);
        let Some(slot) = self.peers.get_mut(key).and_then(|peer| peer.video.get_mut(slot)) else {
            return;
        };
        let before = std::mem::replace(&mut slot.target, decided.target);
        if before == decided.target {
            return;
        }
        if decided.target.is_none() {
            slot.detach();
            self.mark_changed(key);
        }
        // Who waits for the one before, and whether anybody still does, shows with the publication's next packet.
        self.takes_changed(Some(decided.owner), Kind::Video);
    }
}
