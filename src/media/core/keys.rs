//! Key frames: who waits for one, and when its publisher is asked.

use std::time::Instant;

use super::Core;
use crate::media::ids::{Kind, Layer, StreamId, Track};
use crate::media::publication::Subscriber;
use crate::media::rtc::Mid;
use crate::media::table::PeerKey;

impl Core {
    /// The client of `key` asks for a key frame on the line `mid`: something of its picture was lost.
    pub(super) fn key_frame_wanted(&mut self, now: Instant, key: PeerKey, mid: Mid) {
        let peer = self.peers.get(key);
        let slot = peer.and_then(|peer| peer.video.iter().find(|slot| slot.mid == mid));
        // Nobody decodes a blocked slot; what it waits for is another codec.
        let shown = slot.filter(|slot| !slot.blocked).and_then(|slot| Some((slot.owner?, slot)));
        let Some((owner, slot)) = shown else {
            self.counters.key_frames_merged += 1;
            return;
        };
        let layers = [slot.layer(), slot.target];
        self.want_key_frame(now, owner, layers, Some(key));
    }

    /// Somebody waits for a key frame of `stream`'s picture: of the first of `layers` (what plays, what is to be shown) that
    /// sends. `payer` is the viewer on whose budget it is, unless somebody waits already.
    pub(super) fn want_key_frame(
        &mut self,
        now: Instant,
        stream: StreamId,
        layers: [Option<Layer>; 2],
        payer: Option<PeerKey>,
    ) {
        let Some(key) = self.by_id.get(&stream.peer).copied() else { return };
        let track = Track { stream: stream.stream, kind: Kind::Video };
        let publication = self.peers.get_mut(key).and_then(|peer| peer.publication(track));
        let Some(publication) = publication.filter(|publication| !publication.muted) else { return };
        // A dead layer sends no key frame, and nothing of it would ever end the wish for one.
        let [plays, target] = layers;
        let plays = plays.filter(|layer| publication.layers.is_live(*layer));
        let Some(layer) = plays.or(target) else { return };
        let merged = publication.layers.get(layer).keys.is_wanted();
        let payer = payer.filter(|_| !merged).and_then(|payer| self.peers.get_mut(payer));
        if payer.is_some_and(|payer| !payer.key_budget.take(now, stream)) {
            self.counters.key_frames_refused += 1;
            return;
        }
        let publication = self.peers.get_mut(key).and_then(|peer| peer.publication(track));
        let Some(publication) = publication else { return };
        let keys = &mut publication.layers.get_mut(layer).keys;
        self.counters.key_frames_merged += u64::from(keys.want(now));
        // The publisher's timer asks, at once if it may: several wishes of one turn are one request, and a flood of them
        // wakes nobody before the next one is due.
        if let Some(at) = keys.deadline(now) {
            self.timers.schedule(key, at);
        }
    }

    /// Whether a slot that shows nothing may have a key frame asked for. If its client made it start anew, this is paid for
    /// once; who has nothing left waits, and sees the next one that somebody else asks for.
    pub(super) fn may_wait(&mut self, now: Instant, subscriber: Subscriber) -> bool {
        let Some(peer) = self.peers.get_mut(subscriber.peer) else { return false };
        let Some(slot) = peer.video.get_mut(usize::from(subscriber.slot)) else { return false };
        if let Some(owner) = slot.owner.filter(|_| slot.owes) {
            slot.owes = !peer.key_budget.take(now, owner);
        }
        !slot.owes
    }

    /// The slots of `key` that show nothing yet wait for their owners' next key frame.
    pub(super) fn want_key_frames_for(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get(key) else { return };
        let empty = peer.video.iter().zip(0_u8..).filter(|(slot, _)| slot.since.is_none());
        let empty: Vec<u8> = empty.map(|(_, number)| number).collect();
        for slot in empty {
            self.want_first_key_frame(now, Subscriber { peer: key, slot });
        }
    }

    /// A slot that shows nothing yet waits for the next key frame of what it is to show.
    pub(super) fn want_first_key_frame(&mut self, now: Instant, waits: Subscriber) {
        let peer = self.peers.get(waits.peer);
        let slot = peer.and_then(|peer| peer.video.get(usize::from(waits.slot)));
        let Some((owner, target)) = slot.and_then(|slot| Some((slot.owner?, slot.target?))) else { return };
        if !self.can_show(waits.peer, owner, target) {
            return;
        }
        if self.may_wait(now, waits) {
            self.want_key_frame(now, owner, [None, Some(target)], None);
        } else {
            self.counters.key_frames_refused += 1;
        }
    }

    /// Whether the client of `key` can decode what `owner` sends, as far as is known.
    fn can_show(&self, key: PeerKey, owner: StreamId, target: Layer) -> bool {
        let codec = self.picture(owner).and_then(|publication| publication.layers.get(target).codec);
        let connection = self.peers.get(key).and_then(|peer| peer.connection.as_ref());
        match (codec, connection) {
            (Some(codec), Some(connection)) => connection.codecs().1.contains(codec),
            _ => true,
        }
    }

    /// Asks `key` for every key frame that is wanted and due.
    pub(super) fn ask_for_key_frames(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(connection) = &mut peer.connection else { return };
        let mut asked = false;
        let wanted = peer.publications.iter_mut().filter(|publication| !publication.muted);
        for publication in wanted {
            let mid: Mid = publication.mid;
            for layer in Layer::ALL {
                let keys = &mut publication.layers.get_mut(layer).keys;
                if !keys.is_due(now) {
                    continue;
                }
                if connection.request_key_frame(mid, layer) {
                    self.counters.key_frames_asked += 1;
                    keys.asked(now);
                    asked = true;
                } else {
                    // Nothing came yet that could be asked for. What comes first says whether somebody still waits.
                    keys.satisfied();
                }
            }
        }
        if asked {
            self.mark_dirty(key);
        }
    }
}
