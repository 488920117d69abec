//! Where the packets of a publication go, and what each of these places wants of it.

use super::ids::{Layer, WorkerId};
use super::table::PeerKey;

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
    /// The core of another worker, where people of the same room are. It gets each packet once, for all of them.
    Worker(WorkerId),
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

/// What the people of another worker want of a publication, together: its core says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Declared {
    /// The layers whose packets somebody there takes.
    pub takes: LayerSet,
    /// The layers that are to be sent for them; `None` if nobody there is shown it.
    pub wanted: Option<LayerSet>,
    /// Somebody there has a downlink that does not hold everybody's smallest picture.
    pub starves: bool,
}

impl Declared {
    /// Sound: it has one encoding, and each core hears all of it to know who talks.
    #[must_use]
    pub fn sound() -> Declared {
        Declared { takes: LayerSet::all(), ..Declared::default() }
    }
}

/// What one sink wants of a publication.
#[derive(Debug, Clone, Copy)]
struct Wants {
    sink: Sink,
    /// What a [`Sink::Worker`] said last.
    declared: Declared,
    /// The layers whose packets it takes, as far as is known. A slot takes what it plays, what it is to play, and less than
    /// that while it plays nothing ([`super::slot::Slot::takes`]).
    takes: LayerSet,
    /// The layers whose next key frame it waits for.
    awaits: LayerSet,
}

impl Wants {
    /// The layers it takes: a slot as `takes` says, a worker as it said itself.
    fn now(&self, takes: impl Fn(PeerKey, u8) -> LayerSet) -> LayerSet {
        match self.sink {
            Sink::Slot { peer, slot } => takes(peer, slot),
            Sink::Worker(_) => self.declared.takes,
        }
    }
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
    /// Workers first.
    wants: Vec<Wants>,
    /// How many workers there are: each packet asks.
    workers: usize,
    /// Who takes each layer: places in `wants`.
    takers: [Vec<usize>; 3],
    stale: bool,
}

impl Sinks {
    /// One more, if it is not there.
    pub fn add(&mut self, sink: Sink) {
        if self.iter().any(|known| known == sink) {
            return;
        }
        let (takes, awaits) = (LayerSet::default(), LayerSet::default());
        let wants = Wants { sink, declared: Declared::default(), takes, awaits };
        if let Sink::Worker(_) = sink {
            self.wants.insert(0, wants);
            self.workers += 1;
        } else {
            self.wants.push(wants);
        }
        self.lose_places();
    }

    /// What the people of another worker want of it from now on. Returns whether that is news.
    pub fn declare(&mut self, worker: WorkerId, declared: Declared) -> bool {
        let wants = self.wants.iter_mut().find(|wants| wants.sink == Sink::Worker(worker));
        let news = wants.is_some_and(|wants| std::mem::replace(&mut wants.declared, declared) != declared);
        if news {
            self.expire();
        }
        news
    }

    /// One less. What it wanted is wanted no more.
    pub fn remove(&mut self, sink: Sink) {
        self.wants.retain(|known| known.sink != sink);
        self.workers = self.wants.iter().filter(|wants| matches!(wants.sink, Sink::Worker(_))).count();
        self.lose_places();
    }

    /// The places of the others are not what they were.
    fn lose_places(&mut self) {
        self.takers.iter_mut().for_each(Vec::clear);
        self.expire();
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Sink> {
        self.wants.iter().map(|wants| wants.sink)
    }

    /// The slots among them: whose, and which.
    pub fn slots(&self) -> impl Iterator<Item = (PeerKey, u8)> {
        self.iter().filter_map(|sink| match sink {
            Sink::Slot { peer, slot } => Some((peer, slot)),
            Sink::Worker(_) => None,
        })
    }

    /// The workers among them.
    pub fn workers(&self) -> impl Iterator<Item = WorkerId> {
        self.declared().map(|(worker, _)| worker)
    }

    /// What each worker said.
    pub fn declared(&self) -> impl Iterator<Item = (WorkerId, Declared)> {
        self.wants.iter().take(self.workers).filter_map(|wants| match wants.sink {
            Sink::Slot { .. } => None,
            Sink::Worker(worker) => Some((worker, wants.declared)),
        })
    }

    /// Some sink takes other layers than before: who takes what is asked again before the next packet.
    pub fn expire(&mut self) {
        self.stale = true;
    }

    /// Asks each slot which layers it `takes`, unless that is known. Nobody waits for a key frame of what they do not take.
    pub fn gather(&mut self, takes: impl Fn(PeerKey, u8) -> LayerSet) {
        if !self.stale {
            return;
        }
        self.stale = false;
        for wants in &mut self.wants {
            wants.takes = wants.now(&takes);
            wants.awaits = wants.awaits.and(wants.takes);
        }
        for (layer, takers) in Layer::ALL.into_iter().zip(&mut self.takers) {
            let places = self.wants.iter().enumerate().filter(|(_, wants)| wants.takes.contains(layer));
            takers.clear();
            takers.extend(places.map(|(place, _)| place));
        }
    }

    /// Whether what is known of what each slot `takes` is so.
    #[must_use]
    pub fn are_right(&self, takes: impl Fn(PeerKey, u8) -> LayerSet) -> bool {
        self.wants.iter().all(|wants| wants.takes == wants.now(&takes))
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

    /// Everybody starts anew: `awaits` says what each slot waits for from here on.
    pub fn restart(&mut self, mut awaits: impl FnMut(PeerKey, u8) -> LayerSet) {
        for wants in &mut self.wants {
            wants.awaits = match wants.sink {
                Sink::Slot { peer, slot } => awaits(peer, slot),
                // Its core is told, and asks.
                Sink::Worker(_) => LayerSet::default(),
            };
        }
        self.expire();
    }

    /// The layers whose key frame somebody waits for.
    #[must_use]
    pub fn awaited(&self) -> LayerSet {
        self.wants.iter().fold(LayerSet::default(), |all, wants| all.or(wants.awaits))
    }

    /// `sink` waits for a key frame of `layer`.
    pub fn awaits(&mut self, sink: Sink, layer: Layer) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::table::Key;

    fn slot(number: u32) -> Sink {
        Sink::Slot { peer: PeerKey::of(number), slot: 0 }
    }

    fn only(layer: Layer) -> LayerSet {
        LayerSet::of(|other| other == layer)
    }

    fn visited(sinks: &mut Sinks, layer: Layer) -> Vec<Sink> {
        sinks.gather(|_, _| only(Layer::Low));
        let mut visited = Vec::new();
        sinks.visit(layer, false, |sink| {
            visited.push(sink);
            false
        });
        visited
    }

    #[test]
    fn a_packet_visits_who_takes_its_layer_and_nobody_else() {
        let mut sinks = Sinks::default();
        sinks.add(slot(1));
        sinks.add(slot(2));
        sinks.gather(|peer, _| if peer == PeerKey::of(1) { only(Layer::Low) } else { only(Layer::High) });
        assert_eq!(visited(&mut sinks, Layer::Low), [slot(1)]);
        assert_eq!(visited(&mut sinks, Layer::Middle), []);
        assert_eq!(visited(&mut sinks, Layer::High), [slot(2)]);
        sinks.remove(slot(1));
        sinks.gather(|_, _| only(Layer::High));
        assert_eq!(visited(&mut sinks, Layer::High), [slot(2)]);
    }

    #[test]
    fn a_worker_takes_what_it_said_once_whoever_comes_and_goes_beside_it() {
        let (mut sinks, worker) = (Sinks::default(), WorkerId(3));
        sinks.add(slot(1));
        sinks.add(Sink::Worker(worker));
        sinks.add(Sink::Worker(worker));
        assert_eq!(visited(&mut sinks, Layer::Low), [slot(1)], "it has said nothing yet");
        let declared = Declared { takes: only(Layer::High), wanted: Some(only(Layer::High)), starves: true };
        assert!(sinks.declare(worker, declared));
        assert!(!sinks.declare(worker, declared), "that is no news");
        assert!(!sinks.declare(WorkerId(9), declared), "nobody there is a sink");
        sinks.add(slot(2));
        sinks.remove(slot(1));
        assert_eq!(visited(&mut sinks, Layer::High), [Sink::Worker(worker)]);
        assert_eq!(visited(&mut sinks, Layer::Low), [slot(2)]);
        assert_eq!(sinks.declared().collect::<Vec<_>>(), [(worker, declared)]);
        assert_eq!(sinks.slots().collect::<Vec<_>>(), [(PeerKey::of(2), 0)]);
        sinks.awaits(Sink::Worker(worker), Layer::High);
        assert_eq!(sinks.awaited(), only(Layer::High));
        sinks.remove(Sink::Worker(worker));
        assert_eq!((sinks.workers().count(), sinks.awaited()), (0, LayerSet::default()));
    }
}
