//! From a publication to everybody who takes the packet.

use std::time::Instant;

use super::Core;
use crate::media::forward::{Arriving, Held};
use crate::media::ids::{Kind, Layer, StreamId, Track};
use crate::media::publication::Subscriber;
use crate::media::rtc::Packet;
use crate::media::slot::Source;
use crate::media::table::PeerKey;

/// A packet on its way to those who take it.
#[derive(Debug)]
pub(super) struct Passing<'a> {
    /// Whose it is.
    pub(super) from: PeerKey,
    /// Which track it is of.
    pub(super) track: Track,
    /// What it comes from.
    pub(super) source: Source,
    /// What slots need to know of it.
    pub(super) arriving: Arriving,
    /// The packet.
    pub(super) packet: &'a Packet,
}

impl Core {
    /// Hands a packet to every slot that takes its layer.
    pub(super) fn fan_out(&mut self, now: Instant, passing: &Passing<'_>) {
        let Passing { from: key, track, packet, .. } = *passing;
        let layer = passing.source.layer;
        self.list_sinks(key, track);
        debug_assert!(self.sinks_are_right(key, track, layer), "a slot takes what it is not listed for");
        let publication = self.peers.get_mut(key).and_then(|peer| peer.publication(track));
        let Some(publication) = publication else { return };
        let sinks = std::mem::take(publication.sinks.of(layer));
        let mut waiting = false;
        for sink in &sinks {
            waiting |= self.forward(now, *sink, passing);
        }
        if let Some(publication) = self.peers.get_mut(key).and_then(|peer| peer.publication(track)) {
            *publication.sinks.of(layer) = sinks;
            let keys = &mut publication.layers.get_mut(layer).keys;
            if waiting {
                keys.want(now);
            } else if packet.frame.key {
                keys.satisfied();
            }
        }
        if waiting {
            self.ask_for_key_frames(now, key);
        }
    }

    /// A slot of somebody takes other layers of what `owner` sends than before.
    pub(super) fn takes_changed(&mut self, owner: Option<StreamId>, kind: Kind) {
        let Some(owner) = owner else { return };
        let Some(publisher) = self.by_id.get(&owner.peer).copied() else { return };
        self.sinks_changed(publisher, Track { stream: owner.stream, kind });
    }

    /// Some slot takes other layers of `track` of `key` than before.
    pub(super) fn sinks_changed(&mut self, key: PeerKey, track: Track) {
        if let Some(publication) = self.peers.get_mut(key).and_then(|peer| peer.publication(track)) {
            publication.sinks.expire();
        }
    }

    /// Looks up who takes which layer, if that is not known. Nobody waits for a key frame of a layer that nobody takes.
    fn list_sinks(&mut self, key: PeerKey, track: Track) {
        let publication = self.peers.get_mut(key).and_then(|peer| peer.publication(track));
        let Some(publication) = publication.filter(|publication| publication.sinks.are_stale()) else {
            return;
        };
        let subscribers = std::mem::take(&mut publication.subscribers);
        let mut sinks = std::mem::take(&mut publication.sinks);
        let taken = sinks.list(&subscribers, |subscriber, layer| self.takes(subscriber, track.kind, layer));
        let Some(publication) = self.peers.get_mut(key).and_then(|peer| peer.publication(track)) else {
            return;
        };
        (publication.subscribers, publication.sinks) = (subscribers, sinks);
        for (layer, taken) in Layer::ALL.into_iter().zip(taken) {
            if !taken {
                publication.layers.get_mut(layer).keys.satisfied();
            }
        }
    }

    fn takes(&self, subscriber: Subscriber, kind: Kind, layer: Layer) -> bool {
        let Some(peer) = self.peers.get(subscriber.peer) else { return false };
        let slots = if kind == Kind::Video { &peer.video } else { &peer.audio };
        slots.get(usize::from(subscriber.slot)).is_some_and(|slot| slot.takes(layer))
    }

    /// Whether everybody is listed for `layer` who takes it, and nobody else.
    fn sinks_are_right(&mut self, key: PeerKey, track: Track, layer: Layer) -> bool {
        let publication = self.peers.get_mut(key).and_then(|peer| peer.publication(track));
        let Some(publication) = publication else { return true };
        let subscribers = std::mem::take(&mut publication.subscribers);
        let sinks = std::mem::take(publication.sinks.of(layer));
        let takes = subscribers.iter().filter(|sink| self.takes(**sink, track.kind, layer));
        let right = takes.eq(&sinks);
        if let Some(publication) = self.peers.get_mut(key).and_then(|peer| peer.publication(track)) {
            publication.subscribers = subscribers;
            *publication.sinks.of(layer) = sinks;
        }
        right
    }

    /// Hands a packet to one slot. Returns whether the slot waits for a key frame.
    fn forward(&mut self, now: Instant, to: Subscriber, passing: &Passing<'_>) -> bool {
        let Passing { from, track, source, arriving, packet } = passing;
        let Some(peer) = self.peers.get_mut(to.peer) else { return false };
        let Some(connection) = peer.connection.as_mut().filter(|connection| connection.is_connected()) else {
            return false;
        };
        let kind = track.kind;
        let slots = if kind == Kind::Video { &mut peer.video } else { &mut peer.audio };
        let Some(slot) = slots.get_mut(usize::from(to.slot)) else { return false };
        let Some(ssrc) = slot.ssrc else { return false };
        let (before, layer) = ((slot.since.is_some(), slot.blocked), slot.layer());
        if !connection.takes_media(now) {
            // What begins again does so at a key frame.
            slot.detach();
            self.counters.media_withheld += 1;
            if before != (false, false) && kind == Kind::Video {
                self.mark_changed(to.peer);
            }
            if layer.is_some() {
                self.sinks_changed(*from, *track);
            }
            return false;
        }
        let written = connection.write(ssrc, packet, || slot.forward(source, arriving, now));
        if written == Ok(Err(Held::NotDecodable)) {
            slot.refuse(source);
        }
        let (changed, other_layer) = (before != (slot.since.is_some(), slot.blocked), layer != slot.layer());
        if other_layer {
            self.sinks_changed(*from, *track);
        }
        if changed && kind == Kind::Video {
            self.mark_changed(to.peer);
        } else if other_layer && kind == Kind::Video {
            self.update_desired(to.peer);
        }
        match written {
            Ok(Ok(())) => {
                self.counters.forwarded += 1;
                self.mark_dirty(to.peer);
                false
            }
            Ok(Err(held)) => self.count_held(held) && self.may_wait(now, to),
            Err(ended) => {
                self.lose(now, to.peer, &ended);
                false
            }
        }
    }

    /// Counts a packet that a slot did not get. Returns whether the slot waits for a key frame.
    fn count_held(&mut self, held: Held) -> bool {
        match held {
            Held::NotShown => {}
            Held::NotDecodable => self.counters.not_decodable += 1,
            Held::AwaitsKeyFrame | Held::Early | Held::Backwards => self.counters.held += 1,
            Held::Repeated => self.counters.repeated += 1,
            Held::NoStream => self.counters.no_stream += 1,
        }
        held == Held::AwaitsKeyFrame
    }
}
