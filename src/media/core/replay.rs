//! Whoever comes shortly after a key frame gets it, and what came since.

use std::time::Instant;

use super::Core;
use crate::media::egress::Packets;
use crate::media::egress::ring::Kept;
use crate::media::ids::Layer;
use crate::media::sinks::Sink;
use crate::media::slot::Source;
use crate::media::table::PublicationKey;

impl Core {
    /// Hands what came of `at` since its last key frame to a slot that shows nothing yet: of what it is to show, or of less. Returns
    /// what it shows now; `None` if all key frames came too long ago.
    pub(super) fn replay(&mut self, now: Instant, sink: Sink, at: PublicationKey) -> Option<Layer> {
        let Sink::Slot { peer: key, slot: number } = sink else { return None };
        let publication = self.publications.get(at).filter(|publication| !publication.muted)?;
        let peer = self.peers.get_mut(key)?;
        let connection = peer.connection.as_mut()?;
        if !connection.seals() || !connection.takes_media(now) {
            return None;
        }
        let slot = peer.video.get_mut(usize::from(number))?;
        let (ssrc, target) = (slot.ssrc?, slot.target?);
        for layer in Layer::ALL.into_iter().rev().filter(|layer| *layer <= target) {
            let source = Source::of(at, &publication.layers, layer, false);
            let recalled = publication.recap(layer).map_or(&[][..], |recap| recap.get(now, source.number));
            let kept = |number| Kept { publication: at, layer, number };
            let stored = |number| Packets::get(&self.publications, kept(number));
            let whole = recalled.iter().all(|packet| stored(packet.number).is_some());
            if !whole || recalled.first().is_none_or(|first| !slot.has_room_for(first.arriving.capture)) {
                continue;
            }
            for packet in recalled {
                let Some(stored) = stored(packet.number) else { continue };
                let key_frame = packet.arriving.frame.starts_key_frame();
                let map = || slot.forward(&source, &packet.arriving, now);
                if connection.write_kept(ssrc, stored, kept(packet.number), key_frame, map) == Ok(Ok(())) {
                    self.counters.forwarded += 1;
                    self.counters.replayed += 1;
                }
            }
            if slot.layer() == Some(layer) {
                self.counters.replays += 1;
                peer.mark_changed(key, &mut self.changed);
                peer.mark_sending(key, &mut self.sending);
                self.takes_changed(Some(at));
                return Some(layer);
            }
        }
        None
    }
}
