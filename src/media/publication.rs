//! One track that is passed on: where it comes from, what it is made of, who takes it and what they want of it.

use std::time::{Duration, Instant};

use super::demand::Lean;
use super::egress::Packets;
use super::egress::ring::{Kept, Ring, Stored};
use super::ids::{Kind, Layer, Track, WorkerId};
use super::layers::Layers;
use super::message::Limitation;
use super::recap::{Recalled, Recap};
use super::sinks::{Declared, LayerSet, Sink, Sinks};
use super::sound::Sound;
use super::table::{PeerKey, PublicationKey, Table};

/// Where a publication comes from, and thus who is asked for what its sinks want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody on this core.
    Local {
        /// Who.
        peer: PeerKey,
    },
    /// Somebody on another worker's core, which sends what somebody here takes of it.
    Far {
        /// Who.
        peer: PeerKey,
        /// Where they are.
        from: Abroad,
    },
}

impl Origin {
    /// Who publishes it.
    #[must_use]
    pub fn peer(self) -> PeerKey {
        match self {
            Origin::Local { peer } | Origin::Far { peer, .. } => peer,
        }
    }

    /// Its name on the core where its publisher is, if that is another one.
    #[must_use]
    pub fn abroad(self) -> Option<Abroad> {
        match self {
            Origin::Local { .. } => None,
            Origin::Far { from, .. } => Some(from),
        }
    }
}

/// The name of a publication on another worker's core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Abroad {
    /// Which worker.
    pub worker: WorkerId,
    /// Its key there.
    pub at: PublicationKey,
}

/// What is known of who wants a picture, beside what sinks take.
#[derive(Debug, Clone, Copy, Default)]
pub struct Audience {
    /// Until then somebody may come to see it.
    pub expected: Option<Instant>,
    /// The layers of which its publisher was told that nobody wants them.
    pub told: LayerSet,
    /// Whether its smallest picture is to be leaner, because somebody's downlink does not hold it.
    pub lean: Lean,
    /// When it is to be looked at again.
    pub due: Option<Instant>,
    /// It is to be looked at again at the end of the turn.
    pub listed: bool,
    /// What its publisher's core was told, if that is another one.
    pub declared: Option<Declared>,
}

/// One track that is passed on.
#[derive(Debug)]
pub struct Publication {
    /// Where it comes from.
    pub origin: Origin,
    /// Which track of its person's.
    pub track: Track,
    /// It is muted: nothing of it is forwarded, and nothing is wanted of it.
    pub muted: bool,
    /// What keeps its sender from sending all that it was asked to, as they said last.
    pub limited: Option<Limitation>,
    /// Who takes it, and what they want of it.
    pub sinks: Sinks,
    /// Its encodings: three at most, two of a screen, one of sound.
    pub layers: Layers,
    /// How loud it is, if it is sound, and whether it is let through.
    pub sound: Sound,
    /// Who wants its picture.
    pub audience: Audience,
    /// The newest packets of each encoding, in the order of [`Layer::ALL`]; `None` before the first.
    rings: [Option<Ring>; 3],
    /// What came of each since its last key frame.
    recaps: [Recap; 3],
    /// Other workers' cores are told what it is made of no earlier than this.
    tell_at: Option<Instant>,
}

/// How often other cores are told what a picture is made of while nothing but its rates changes. The rates are of the last second.
const TELL_EVERY: Duration = Duration::from_millis(250);

impl Publication {
    /// A track that nobody receives yet.
    #[must_use]
    pub fn new(origin: Origin, track: Track, muted: bool) -> Publication {
        Publication {
            origin,
            track,
            muted,
            limited: None,
            sinks: Sinks::default(),
            layers: match origin {
                Origin::Far { .. } if track.kind == Kind::Video => Layers::far(),
                _ => Layers::new(track.kind),
            },
            sound: Sound::default(),
            audience: Audience::default(),
            rings: [None, None, None],
            recaps: std::array::from_fn(|_| Recap::default()),
            tell_at: None,
        }
    }

    /// Whether it is time to tell other workers' cores what it is made of, if it goes to any.
    pub fn is_to_be_told(&mut self, now: Instant) -> bool {
        let due = self.track.kind == Kind::Video
            && self.tell_at.is_none_or(|at| at <= now)
            && self.sinks.workers().next().is_some();
        if due {
            self.tell_at = now.checked_add(TELL_EVERY);
        }
        due
    }

    /// Keeps a packet that is about to be passed on. `serial` counts the rings of the core. Returns its number there.
    pub fn keep(&mut self, now: Instant, layer: Layer, packet: Stored, serial: &mut u32) -> u64 {
        let Some(ring) = self.rings.get_mut(layer as usize) else { return 0 };
        let ring = ring.get_or_insert_with(|| {
            *serial = serial.wrapping_add(1);
            Ring::new(*serial)
        });
        ring.push(now, packet)
    }

    /// A packet of `layer`, of that source, is kept: somebody who comes soon begins with it, or with what was before it.
    pub fn recall(&mut self, now: Instant, layer: Layer, source: u64, packet: Recalled) {
        if let Some(recap) = self.recaps.get_mut(layer as usize) {
            recap.push(now, source, packet);
        }
    }

    /// What somebody who comes now begins with of `layer`.
    #[must_use]
    pub fn recap(&self, layer: Layer) -> Option<&Recap> {
        self.recaps.get(layer as usize)
    }

    /// Something is left out from here on: nobody begins with what was before.
    pub fn nobody_begins(&mut self) {
        self.recaps.iter_mut().for_each(Recap::end);
    }

    /// The layers whose key frame is wanted.
    #[must_use]
    pub fn awaited(&self) -> LayerSet {
        if self.muted { LayerSet::default() } else { self.sinks.awaited() }
    }

    /// `sink` waits for a key frame of `layer`. Returns whether that is one more wish for the same one: somebody waits
    /// already, or one was asked for just now.
    pub fn want_key_frame(&mut self, now: Instant, sink: Sink, layer: Layer) -> bool {
        let awaited = self.sinks.awaited().contains(layer);
        self.sinks.awaits(sink, layer);
        let keys = &mut self.layers.get_mut(layer).keys;
        if !awaited {
            keys.begin();
        }
        awaited || keys.is_recent(now)
    }

    /// All who wait have begun to only now. Returns when the first of their key frames is to be asked for, if any.
    pub fn begin_to_wait(&mut self, now: Instant) -> Option<Instant> {
        let awaited = self.awaited();
        let awaited = Layer::ALL.into_iter().filter(|layer| awaited.contains(*layer));
        let due = awaited.map(|layer| {
            let keys = &mut self.layers.get_mut(layer).keys;
            keys.begin();
            keys.deadline(now)
        });
        due.min()
    }

    /// What follows of a layer is dropped until its next key frame, which nobody waits for as yet.
    pub fn cut(&mut self, layer: Layer, now: Instant) {
        self.layers.cut(layer, now);
        self.sinks.forget(layer);
    }
}

impl Packets for Table<PublicationKey, Publication> {
    fn get(&self, kept: Kept) -> Option<&Stored> {
        let publication = Table::get(self, kept.publication)?;
        publication.rings.get(kept.layer as usize)?.as_ref()?.get(kept.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ids::{Kind, Stream};
    use crate::media::sinks::Awaited;
    use crate::media::table::Key;

    use Layer::{High, Low, Middle};

    fn slot(number: u32) -> Sink {
        Sink::Slot { peer: PeerKey::of(number), slot: 0 }
    }

    fn only(layer: Layer) -> LayerSet {
        LayerSet::of(|other| other == layer)
    }

    /// One viewer takes the lowest layer, one the highest.
    fn two() -> Publication {
        let track = Track { stream: Stream::Camera, kind: Kind::Video };
        let mut publication = Publication::new(Origin::Local { peer: PeerKey::of(9) }, track, false);
        publication.sinks.add(slot(1));
        publication.sinks.add(slot(2));
        publication.sinks.gather(|peer, _| if peer == PeerKey::of(1) { only(Low) } else { only(High) });
        publication
    }

    #[test]
    fn what_is_awaited_is_what_all_sinks_wait_for_and_each_of_them_stops_for_itself() {
        let (now, mut publication) = (Instant::now(), two());
        assert!(!publication.want_key_frame(now, slot(1), Low));
        assert!(!publication.want_key_frame(now, slot(2), High));
        assert!(publication.want_key_frame(now, slot(2), High), "one more wish for the same");
        assert_eq!(publication.awaited(), only(Low).or(only(High)));
        publication.sinks.remove(slot(2));
        assert_eq!(publication.awaited(), only(Low), "who is gone waits for nothing");
        publication.sinks.gather(|_, _| only(Middle));
        assert_eq!(publication.awaited(), LayerSet::default(), "nor does anybody for what they do not take");
    }

    #[test]
    fn a_key_frame_ends_the_wait_of_all_who_got_it() {
        let (now, mut publication) = (Instant::now(), two());
        publication.sinks.restart(|_, _| only(Low));
        publication.sinks.gather(|_, _| only(Low));
        assert!(publication.want_key_frame(now, slot(1), Low));
        let awaited = publication.sinks.visit(Low, true, |sink| sink == slot(2));
        assert_eq!(awaited, Awaited { before: true, after: true }, "one of them could not take it yet");
        let awaited = publication.sinks.visit(Low, true, |_| false);
        assert_eq!(awaited, Awaited { before: true, after: false });
        assert_eq!(publication.awaited(), LayerSet::default());
    }

    #[test]
    fn nothing_is_wanted_of_what_is_muted() {
        let (now, mut publication) = (Instant::now(), two());
        publication.want_key_frame(now, slot(1), Low);
        publication.muted = true;
        assert_eq!(publication.awaited(), LayerSet::default());
    }
}
