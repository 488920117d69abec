//! What people send, against what they were asked for.

use std::time::Instant;

use super::Core;
use crate::media::ids::{Layer, PeerId};
use crate::media::message::{Notice, TrackRates};
use crate::media::policing::{Verdict, Warning};
use crate::media::rtc::Ended;
use crate::media::table::{PeerKey, PublicationKey};

impl Core {
    /// A person was asked for these rates.
    pub(super) fn publish(&mut self, now: Instant, id: PeerId, rates: Vec<TrackRates>) {
        let Some(key) = self.by_id.get(&id).copied() else { return };
        self.list_layers(key, &rates);
        if let Some(peer) = self.peers.get_mut(key) {
            peer.police.ask(now, rates);
        }
    }

    /// A packet of `at`, which `key` publishes, does not go on: it costs nobody anything.
    pub(super) fn hold_back(
        &mut self,
        now: Instant,
        key: PeerKey,
        at: PublicationKey,
        layer: Layer,
        (verdict, warning): (Verdict, Option<Warning>),
    ) {
        match verdict {
            Verdict::Pass | Verdict::Drop => {}
            Verdict::Cut => {
                self.counters.layers_cut += 1;
                if let Some(publication) = self.publications.get_mut(at) {
                    publication.cut(layer, now);
                }
                self.cut_elsewhere(at, layer);
                self.tell(now, at);
                self.allocate_viewers(now, at);
            }
            Verdict::Ask => {
                if let Some(sink) = self.who_misses(now, at, layer)
                    && let Some(publication) = self.publications.get_mut(at)
                {
                    publication.want_key_frame(now, sink, layer);
                    self.ask_for_key_frames(now, key);
                }
            }
        }
        self.counters.over_rate += 1;
        self.warn(now, key, warning);
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
