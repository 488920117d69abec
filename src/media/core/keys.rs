//! Key frames: who waits for one, and when its publisher is asked.

use std::time::Instant;

use super::Core;
use crate::media::crossing::{Crossing, What};
use crate::media::ids::{Layer, StreamId};
use crate::media::publication::Abroad;
use crate::media::rtc::Mid;
use crate::media::sinks::Sink;
use crate::media::table::{PeerKey, PublicationKey};

/// A slot that waits for a key frame.
#[derive(Debug)]
struct Wish {
    at: PublicationKey,
    owner: StreamId,
    sink: Sink,
    /// What plays and what is to be shown: the key frame is to be of the first of them that sends.
    layers: [Option<Layer>; 2],
}

impl Core {
    /// The client of `key` asks for a key frame on the line `mid`: something of its picture was lost.
    pub(super) fn key_frame_wanted(&mut self, now: Instant, key: PeerKey, mid: Mid) {
        let Some(peer) = self.peers.get(key) else { return };
        let mut slots = peer.video.iter().zip(0..);
        // Nobody decodes a blocked slot; what it waits for is another codec.
        let slot = slots.find(|(slot, _)| slot.mid == mid).filter(|(slot, _)| !slot.blocked);
        let wish = slot.and_then(|(slot, number)| {
            let sink = Sink::Slot { peer: key, slot: number };
            Some(Wish {
                at: slot.publication?,
                owner: slot.owner?,
                sink,
                layers: [slot.layer(), slot.target],
            })
        });
        match wish {
            Some(wish) => {
                let peer =
                    self.want_key_frame(now, &wish, Some(key)).then(|| self.peers.get_mut(key)).flatten();
                if let Some(connection) = peer.and_then(|peer| peer.connection.as_mut()) {
                    connection.key_frame_comes(mid);
                }
            }
            None => self.counters.key_frames_merged += 1,
        }
    }

    /// What `key` lost for good is mended by key frames, as if their client had asked for them.
    pub(super) fn mend(&mut self, now: Instant, key: PeerKey) {
        let connection = |core: &mut Core| core.peers.get_mut(key)?.connection.as_mut()?.take_given_up();
        while let Some(mid) = connection(self) {
            self.key_frame_wanted(now, key, mid);
        }
    }

    /// A slot waits for a key frame. `payer` is the viewer on whose budget it is, unless somebody waits already. Returns whether one
    /// is going to come.
    fn want_key_frame(&mut self, now: Instant, wish: &Wish, payer: Option<PeerKey>) -> bool {
        let publication = self.publications.get_mut(wish.at);
        let Some(publication) = publication.filter(|publication| !publication.muted) else { return false };
        // A dead layer sends no key frame, and nothing of it would ever end the wish for one.
        let [plays, target] = wish.layers;
        let plays = plays.filter(|layer| publication.layers.is_live(*layer));
        let Some(layer) = plays.or(target) else { return false };
        let merged = publication.awaited().contains(layer);
        let payer = payer.filter(|_| !merged).and_then(|payer| self.peers.get_mut(payer));
        if payer.is_some_and(|payer| !payer.seldom.key_budget.take(now, wish.owner)) {
            self.counters.key_frames_refused += 1;
            return false;
        }
        self.counters.key_frames_merged += u64::from(publication.want_key_frame(now, wish.sink, layer));
        // The publisher's timer asks, at once if it may: several wishes of one turn are one request, and a flood of them
        // wakes nobody before the next one is due.
        let (peer, at) = (publication.origin.peer(), publication.layers.get(layer).keys.deadline(now));
        if let Some(publisher) = self.peers.get_mut(peer) {
            publisher.ask_at(at);
        }
        self.timers.schedule(peer, at);
        true
    }

    /// The slots of `key` that show nothing yet wait for their owners' next key frame.
    pub(super) fn want_key_frames_for(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get(key) else { return };
        let empty = peer.video.iter().zip(0_u8..).filter(|(slot, _)| slot.since.is_none());
        let empty: Vec<u8> = empty.map(|(_, number)| number).collect();
        for slot in empty {
            self.want_first_key_frame(now, Sink::Slot { peer: key, slot });
        }
    }

    /// A slot that shows nothing yet waits for the next key frame of what it is to show.
    pub(super) fn want_first_key_frame(&mut self, now: Instant, sink: Sink) {
        let Sink::Slot { peer: key, slot: number } = sink else { return };
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(slot) = peer.video.get(usize::from(number)) else { return };
        let (Some(owner), Some(at), Some(target)) = (slot.owner, slot.publication, slot.target) else {
            return;
        };
        let Some(connection) = peer.connection.as_ref().filter(|connection| connection.is_connected()) else {
            // What comes before the client can receive has gone by then: it is asked for when the client is connected.
            return;
        };
        let codec = self.publications.get(at).and_then(|publication| publication.layers.get(target).codec);
        if codec.is_some_and(|codec| !connection.codecs().1.contains(codec)) {
            // As far as is known, the client cannot decode what it would get.
            return;
        }
        if slot.since.is_none() && self.replay(now, sink, at) == Some(target) {
            return;
        }
        let Some(peer) = self.peers.get_mut(key) else { return };
        if peer.may_wait(now, number) {
            self.want_key_frame(now, &Wish { at, owner, sink, layers: [None, Some(target)] }, None);
        } else {
            self.counters.key_frames_refused += 1;
        }
    }

    /// Whether nothing of `key` is to be asked for before they are thought to be asked.
    pub(super) fn keys_are_in_time(&self, now: Instant, key: PeerKey) -> bool {
        let Some(peer) = self.peers.get(key).filter(|peer| peer.can_be_asked()) else { return true };
        let published = peer.publications.iter().filter_map(|published| self.publications.get(published.key));
        let mut wanted = published.flat_map(|publication| {
            let awaited = publication.awaited();
            let layers = Layer::ALL.into_iter().filter(move |layer| awaited.contains(*layer));
            layers.map(|layer| publication.layers.get(layer).keys.deadline(now))
        });
        wanted.all(|at| peer.keys_due.is_some_and(|due| due <= at))
    }

    /// Asks `key` for every key frame that is wanted and due.
    pub(super) fn ask_for_key_frames(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if !peer.can_be_asked() {
            return;
        }
        let (mut asked, mut next) = (false, None);
        for published in &peer.publications {
            let Some(publication) = self.publications.get_mut(published.key) else { continue };
            let awaited = publication.awaited();
            for layer in Layer::ALL.into_iter().filter(|layer| awaited.contains(*layer)) {
                let keys = &mut publication.layers.get_mut(layer).keys;
                if keys.deadline(now) <= now {
                    let comes = match (publication.origin.abroad(), published.mid, &mut peer.connection) {
                        (Some(Abroad { worker, at }), ..) => {
                            self.crossings.push_back((worker, Crossing::of(at, What::KeyFrame(layer))));
                            true
                        }
                        (None, Some(mid), Some(connection)) => connection.request_key_frame(mid, layer),
                        (None, ..) => false,
                    };
                    if !comes {
                        // Nothing came yet that could be asked for. What comes first says whether somebody still waits.
                        publication.sinks.forget(layer);
                        continue;
                    }
                    keys.asked(now);
                    if peer.connection.is_some() {
                        self.counters.key_frames_asked += 1;
                        asked = true;
                    }
                }
                let at = keys.deadline(now);
                next = Some(next.map_or(at, |next: Instant| next.min(at)));
            }
        }
        peer.keys_due = next;
        if asked {
            peer.mark_dirty(key, &mut self.dirty);
        }
    }
}
