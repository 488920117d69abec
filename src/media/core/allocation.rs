//! Facts for the allocators, and what becomes of their decisions.

use std::time::{Duration, Instant};

use super::Core;
use crate::media::allocate::{Asks, Downlink, EncodingFacts, SlotFacts};
use crate::media::ids::{Kind, Layer, SlotIndex, Stream};
use crate::media::ladder;
use crate::media::message::Notice;
use crate::media::peer::Peer;
use crate::media::sinks::Sink;
use crate::media::slot::Slot;
use crate::media::table::{PeerKey, PublicationKey};
use crate::media::units::Bitrate;

/// From one time that somebody is told what their downlink holds to the next. They come many times a second, for every viewer.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Whether an estimate is worth telling: a tenth more or less is what it moves by itself.
fn is_news(now: Instant, told: Option<(Instant, Bitrate)>, estimate: Bitrate) -> bool {
    told.is_none_or(|(at, before)| {
        let differs = estimate > before + before / 10 || estimate + estimate / 10 < before;
        differs && now.saturating_duration_since(at) >= TOLD_EVERY
    })
}

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
        let downlink = Downlink { estimate: peer.seldom.estimate, sound: self.sound_of(now, peer) };
        if let Some(peer) = self.peers.get_mut(key) {
            let Asks { again, probe, starves } = peer.seldom.allocator.allocate(now, &downlink, &mut facts);
            peer.allocates = again.into_iter().chain(peer.seldom.reviews).min();
            if let Some(at) = again {
                self.timers.schedule(key, at);
            }
            peer.seldom.probe = probe;
            peer.update_desired(self.rooms.get(peer.room).map_or(0, |room| room.members.len()));
            if std::mem::replace(&mut peer.seldom.starves, starves) != starves {
                self.starves_changed(key);
            }
        }
        for facts in facts.drain(..) {
            self.set_target(key, &facts);
        }
        self.facts = facts;
    }

    /// Everybody who is shown the publication `at`: what sends of it is not what it was.
    pub(super) fn allocate_viewers(&mut self, now: Instant, at: PublicationKey) {
        let Some(publication) = self.publications.get(at) else { return };
        let viewers: Vec<PeerKey> = publication.sinks.slots().map(|(peer, _)| peer).collect();
        for viewer in viewers {
            self.allocate(now, viewer);
        }
    }

    /// The downlink of `key` is thought to hold so much.
    pub(super) fn estimated(&mut self, now: Instant, key: PeerKey, estimate: Bitrate) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.seldom.estimate = Some(estimate);
        self.estimates.record(estimate.as_bps(), 1);
        if is_news(now, peer.seldom.told, estimate) {
            peer.seldom.told = Some((now, estimate));
            self.notices.push_back(Notice::Downlink { peer: peer.id, estimate });
        }
        let Some(peer) = self.peers.get_mut(key) else { return };
        if peer.seldom.allocator.heeds(now, estimate) {
            self.allocate(now, key);
        }
    }

    /// Somebody who would be shown a layer that was cut off, if it came back.
    pub(super) fn who_misses(&self, now: Instant, at: PublicationKey, layer: Layer) -> Option<Sink> {
        let publication = self.publications.get(at)?;
        let mut slots = publication.sinks.slots();
        let here = slots.find(|(peer, slot)| {
            let viewer = self.peers.get(*peer);
            let shown = viewer.and_then(|viewer| viewer.video.get(usize::from(*slot)));
            viewer.zip(shown).is_some_and(|(viewer, shown)| {
                let facts = self.facts_of(now, viewer, shown, SlotIndex(*slot));
                facts.is_some_and(|facts| viewer.seldom.allocator.misses(&facts, layer))
            })
        });
        // What people elsewhere would take if it came back is not told: it is looked for if they are shown the picture at all.
        let elsewhere = || publication.sinks.declared().find(|(_, declared)| declared.wanted.is_some());
        let here = here.map(|(peer, slot)| Sink::Slot { peer, slot });
        here.or_else(|| elsewhere().map(|(worker, _)| Sink::Worker(worker)))
    }

    /// What an allocator is to know of a slot of `viewer`; `None` if there is nothing to be decided.
    fn facts_of(&self, now: Instant, viewer: &Peer, slot: &Slot, number: SlotIndex) -> Option<SlotFacts> {
        let owner = slot.owner?;
        let publication =
            self.publications.get(slot.publication?).filter(|publication| !publication.muted)?;
        let room = self.rooms.get(viewer.room)?;
        let (people, speaker) = (room.members.len(), room.speaker);
        let encodings = Layer::ALL.map(|layer| {
            let facts = publication.layers.facts(layer, now)?;
            Some(EncodingFacts { asked: ladder::rate(owner.stream, layer, people), ..facts })
        });
        // A screen that was just shared is seen before the client could name it.
        let unnamed = viewer.seldom.view.is_some() && slot.tile.is_none();
        Some(SlotFacts {
            slot: number,
            owner,
            tile: slot.tile,
            unseen: unnamed && owner.stream == Stream::Camera,
            speaks: owner.stream == Stream::Camera && speaker == Some(owner.peer),
            encodings,
            gone: Layer::ALL.map(|layer| publication.layers.is_gone(layer)),
            limited: publication.limited,
            plays: slot.layer(),
            held: slot.target,
            held_frames: slot.frames,
            target: slot.target,
            frames: slot.frames,
            reason: None,
        })
    }

    /// What the voices that `viewer` hears take of their downlink.
    fn sound_of(&self, now: Instant, viewer: &Peer) -> Bitrate {
        let heard = viewer.audio.iter().filter_map(|slot| self.publications.get(slot.publication?));
        let once: Bitrate = heard
            .filter(|voice| !voice.muted && !voice.sound.held_back)
            .filter_map(|voice| voice.layers.facts(Layer::High, now)?.rate)
            .sum();
        let twice = viewer.connection.as_ref().is_some_and(|connection| connection.doubles_sound(now));
        if twice { once * 2 } else { once }
    }

    /// A slot is to show what was decided. It plays what it plays until the next key frame of that.
    fn set_target(&mut self, key: PeerKey, decided: &SlotFacts) {
        let (number, peer) = (usize::from(decided.slot.0), self.peers.get_mut(key));
        let Some(peer) = peer else { return };
        let Some(slot) = peer.video.get_mut(number) else { return };
        let before = std::mem::replace(&mut slot.target, decided.target);
        slot.frames = decided.frames;
        let known = std::mem::replace(&mut slot.reason, decided.reason);
        let publication = slot.publication;
        if (before, known) != (decided.target, decided.reason) && decided.reason.is_some() {
            peer.mark_changed(key, &mut self.changed);
        }
        if before == decided.target {
            return;
        }
        if decided.target.is_none() {
            peer.detach(Kind::Video, number);
            self.mark_changed(key);
        }
        // Who waits for the one before, and whether anybody still does, shows with the publication's next packet.
        self.takes_changed(publication);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_downlink_is_told_once_a_second_at_most_and_only_if_it_is_another() {
        let start = Instant::now();
        let (mut told, mut times) = (None, Vec::new());
        for millis in (0..10_000_u64).step_by(20) {
            let now = start + Duration::from_millis(millis);
            // It grows for three seconds and then moves about where it is.
            let estimate = Bitrate::kbps(300 + millis.min(3_000) + millis % 60);
            if is_news(now, told, estimate) {
                told = Some((now, estimate));
                times.push(millis / 1_000);
            }
        }
        assert_eq!(times, [0, 1, 2, 3]);
    }
}
