//! One track that is passed on: where it comes from, what it is made of, who takes it and what they want of it.

use std::time::Instant;

use super::demand::Lean;
use super::egress::Packets;
use super::egress::ring::{Kept, Ring, Stored};
use super::ids::{Layer, Track};
use super::layers::Layers;
use super::message::Limitation;
use super::recap::{Recalled, Recap};
use super::sound::Sound;
use super::table::{PeerKey, PublicationKey, Table};

/// Where a publication comes from, and thus who is asked for what its sinks want. Whatever needs a person takes this apart
/// with `let`, which compiles for as long as there is one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody on this core.
    Local {
        /// Who.
        peer: PeerKey,
    },
}

/// Where the packets of a publication go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// A slot that shows it.
    Slot {
        /// Whose.
        peer: PeerKey,
        /// Its number, within the publication's kind.
        slot: u8,
    },
}

/// Some of the layers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LayerSet(u8);

impl LayerSet {
    /// Those for which `is_in` says so.
    #[must_use]
    pub fn of(mut is_in: impl FnMut(Layer) -> bool) -> LayerSet {
        LayerSet(Layer::ALL.into_iter().filter(|layer| is_in(*layer)).map(bit).sum())
    }

    /// All three.
    #[must_use]
    pub fn all() -> LayerSet {
        LayerSet::of(|_| true)
    }

    /// Whether a layer is among them.
    #[must_use]
    pub fn contains(self, layer: Layer) -> bool {
        self.0 & bit(layer) != 0
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(self, other: LayerSet) -> LayerSet {
        LayerSet(self.0 & other.0)
    }

    /// Those that are in one or the other.
    #[must_use]
    pub fn or(self, other: LayerSet) -> LayerSet {
        LayerSet(self.0 | other.0)
    }

    /// One more.
    pub fn add(&mut self, layer: Layer) {
        self.0 |= bit(layer);
    }

    /// One less.
    pub fn remove(&mut self, layer: Layer) {
        self.0 &= !bit(layer);
    }
}

fn bit(layer: Layer) -> u8 {
    1 << layer as u8
}

/// What one sink wants of a publication.
#[derive(Debug, Clone, Copy)]
struct Wants {
    sink: Sink,
    /// The layers whose packets it takes, as far as is known. A slot takes what it plays, what it is to play, and less than
    /// that while it plays nothing ([`super::slot::Slot::takes`]).
    takes: LayerSet,
    /// The layers whose next key frame it waits for.
    awaits: LayerSet,
}

/// Who waited for a key frame of a layer before a packet of it, and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Awaited {
    /// Somebody did.
    pub before: bool,
    /// Somebody does.
    pub after: bool,
}

/// Everybody to whom a publication goes. What is wanted of it is what they want together; the packets of a layer nobody
/// takes visit nobody.
#[derive(Debug, Default)]
pub struct Sinks {
    wants: Vec<Wants>,
    /// Who takes each layer: places in `wants`.
    takers: [Vec<usize>; 3],
    stale: bool,
}

impl Sinks {
    /// One more, if it is not there.
    pub fn add(&mut self, sink: Sink) {
        if self.iter().all(|known| known != sink) {
            self.wants.push(Wants { sink, takes: LayerSet::default(), awaits: LayerSet::default() });
            self.expire();
        }
    }

    /// One less. What it wanted is wanted no more.
    pub fn remove(&mut self, sink: Sink) {
        self.wants.retain(|known| known.sink != sink);
        // The places of the others are not what they were.
        self.takers.iter_mut().for_each(Vec::clear);
        self.expire();
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Sink> {
        self.wants.iter().map(|wants| wants.sink)
    }

    /// Some sink takes other layers than before: who takes what is asked again before the next packet.
    pub fn expire(&mut self) {
        self.stale = true;
    }

    /// Asks each sink which layers it `takes`, unless that is known. Nobody waits for a key frame of what they do not take.
    pub fn gather(&mut self, takes: impl Fn(Sink) -> LayerSet) {
        if !self.stale {
            return;
        }
        self.stale = false;
        for wants in &mut self.wants {
            wants.takes = takes(wants.sink);
            wants.awaits = wants.awaits.and(wants.takes);
        }
        for (layer, takers) in Layer::ALL.into_iter().zip(&mut self.takers) {
            let places = self.wants.iter().enumerate().filter(|(_, wants)| wants.takes.contains(layer));
            takers.clear();
            takers.extend(places.map(|(place, _)| place));
        }
    }

    /// Whether what is known of what each sink `takes` is so.
    #[must_use]
    pub fn are_right(&self, takes: impl Fn(Sink) -> LayerSet) -> bool {
        self.wants.iter().all(|wants| wants.takes == takes(wants.sink))
    }

    /// Hands a packet of `layer` to everybody who takes it: `pass` says of each whether it waits for a key frame. `ends` says
    /// that the packet is one, so that nobody else does any more.
    pub fn visit(&mut self, layer: Layer, ends: bool, mut pass: impl FnMut(Sink) -> bool) -> Awaited {
        let mut awaited = Awaited::default();
        let Some(takers) = self.takers.get(layer as usize) else { return awaited };
        for place in takers {
            let Some(wants) = self.wants.get_mut(*place) else { continue };
            awaited.before |= wants.awaits.contains(layer);
            if pass(wants.sink) {
                wants.awaits.add(layer);
                awaited.after = true;
            } else if ends {
                wants.awaits.remove(layer);
            }
        }
        awaited
    }

    /// Everybody starts anew: `awaits` says what each waits for from here on.
    pub fn restart(&mut self, mut awaits: impl FnMut(Sink) -> LayerSet) {
        for wants in &mut self.wants {
            wants.awaits = awaits(wants.sink);
        }
        self.expire();
    }

    /// The layers whose key frame somebody waits for.
    #[must_use]
    pub fn awaited(&self) -> LayerSet {
        self.wants.iter().fold(LayerSet::default(), |all, wants| all.or(wants.awaits))
    }

    /// `sink` waits for a key frame of `layer`.
    fn awaits(&mut self, sink: Sink, layer: Layer) {
        if let Some(wants) = self.wants.iter_mut().find(|wants| wants.sink == sink) {
            wants.awaits.add(layer);
        }
    }

    /// Nobody waits for a key frame of `layer` any more.
    pub fn forget(&mut self, layer: Layer) {
        for wants in &mut self.wants {
            wants.awaits.remove(layer);
        }
    }
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
}

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
            layers: Layers::new(track.kind),
            sound: Sound::default(),
            audience: Audience::default(),
            rings: [None, None, None],
            recaps: std::array::from_fn(|_| Recap::default()),
        }
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
    use crate::media::table::Key;

    use Layer::{High, Low, Middle};

    const NONE: LayerSet = LayerSet(0);

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
        publication.sinks.gather(|sink| if sink == slot(1) { only(Low) } else { only(High) });
        publication
    }

    fn visited(publication: &mut Publication, layer: Layer) -> Vec<Sink> {
        let mut visited = Vec::new();
        publication.sinks.visit(layer, false, |sink| {
            visited.push(sink);
            false
        });
        visited
    }

    #[test]
    fn a_packet_visits_who_takes_its_layer_and_nobody_else() {
        let mut publication = two();
        assert_eq!(visited(&mut publication, Low), [slot(1)]);
        assert_eq!(visited(&mut publication, Middle), []);
        assert_eq!(visited(&mut publication, High), [slot(2)]);
        publication.sinks.remove(slot(1));
        publication.sinks.gather(|_| only(High));
        assert_eq!(visited(&mut publication, High), [slot(2)]);
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
        publication.sinks.gather(|_| only(Middle));
        assert_eq!(publication.awaited(), NONE, "nor does anybody for what they do not take");
    }

    #[test]
    fn a_key_frame_ends_the_wait_of_all_who_got_it() {
        let (now, mut publication) = (Instant::now(), two());
        publication.sinks.restart(|_| only(Low));
        publication.sinks.gather(|_| only(Low));
        assert!(publication.want_key_frame(now, slot(1), Low));
        let awaited = publication.sinks.visit(Low, true, |sink| sink == slot(2));
        assert_eq!(awaited, Awaited { before: true, after: true }, "one of them could not take it yet");
        let awaited = publication.sinks.visit(Low, true, |_| false);
        assert_eq!(awaited, Awaited { before: true, after: false });
        assert_eq!(publication.awaited(), NONE);
    }

    #[test]
    fn nothing_is_wanted_of_what_is_muted() {
        let (now, mut publication) = (Instant::now(), two());
        publication.want_key_frame(now, slot(1), Low);
        publication.muted = true;
        assert_eq!(publication.awaited(), NONE);
    }
}
