//! What people send, against what they were asked for.

use std::time::Instant;

use super::Core;
use crate::media::ids::PeerId;
use crate::media::message::{Notice, TrackRates};
use crate::media::policing::{Verdict, Warning};
use crate::media::rtc::{Ended, Packet};
use crate::media::table::PeerKey;

impl Core {
    /// A person was asked for these rates.
    pub(super) fn publish(&mut self, now: Instant, id: PeerId, rates: Vec<TrackRates>) {
        let Some(key) = self.by_id.get(&id).copied() else { return };
        if let Some(peer) = self.peers.get_mut(key) {
            peer.police.ask(now, rates);
        }
    }

    /// Whether a packet may go on; if not, it costs nobody anything.
    pub(super) fn may_pass(&mut self, now: Instant, key: PeerKey, packet: &Packet) -> bool {
        let Some(peer) = self.peers.get_mut(key) else { return false };
        let publication = peer.publications.iter_mut().find(|publication| publication.mid == packet.mid);
        let Some(publication) = publication else { return false };
        let (layer, layers) = (packet.layer, &mut publication.layers);
        let (verdict, warning) =
            peer.police.packet(now, publication.track, layer, packet.bytes(), &packet.frame);
        let (track, muted) = (publication.track, publication.muted);
        match verdict {
            Verdict::Pass => return true,
            Verdict::Drop => {}
            Verdict::Cut => {
                self.counters.layers_cut += 1;
                layers.cut(layer, now);
                self.allocate_viewers(now, key, track);
            }
            Verdict::Ask if muted || !self.is_missed(now, key, track, layer) => {}
            Verdict::Ask => {
                let publication = self.peers.get_mut(key).and_then(|peer| peer.publication(track));
                publication.map(|publication| publication.layers.get_mut(layer).keys.want(now));
                self.ask_for_key_frames(now, key);
            }
        }
        self.counters.over_rate += 1;
        self.warn(now, key, warning);
        false
    }

    /// Says to somebody what is to be said.
    pub(super) fn warn(&mut self, now: Instant, key: PeerKey, warning: Option<Warning>) {
        match warning {
            None => {}
            Some(Warning::Tell) => {
                self.counters.told_too_much += 1;
                let told = self.peers.get(key).map(|peer| Notice::TooMuch { peer: peer.id });
                self.notices.extend(told);
            }
            // What came with the same datagram may be about a connection that has ended already.
            Some(Warning::End) if self.peers.get(key).is_none_or(|peer| peer.connection.is_none()) => {}
            Some(Warning::End) => {
                self.counters.ended_too_much += 1;
                self.lose(now, key, &Ended::TooMuchMedia);
            }
        }
    }
}
