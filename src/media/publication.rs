//! One track a person publishes, and who receives it.

use super::ids::{Layer, Track};
use super::layers::Layers;
use super::rtc::Mid;
use super::speakers::Voice;
use super::table::PeerKey;

/// A slot that shows a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscriber {
    /// Whose.
    pub peer: PeerKey,
    /// The number of their slot, within the publication's kind.
    pub slot: u8,
}

/// Who takes the packets of each layer. A slot takes what it plays, what it is to play, and less than that while it plays nothing
/// ([`super::slot::Slot::takes`]); the packets of a layer nobody takes visit nobody.
#[derive(Debug, Default)]
pub struct Sinks {
    layers: [Vec<Subscriber>; 3],
    stale: bool,
}

impl Sinks {
    /// What some slot takes is no more what it took: who takes what is looked up again before the next packet.
    pub fn expire(&mut self) {
        self.stale = true;
    }

    /// Whether they are to be looked up again.
    #[must_use]
    pub fn are_stale(&self) -> bool {
        self.stale
    }

    /// Lists `subscribers` by what each `takes`. Returns of each layer whether somebody takes it.
    pub fn list(
        &mut self,
        subscribers: &[Subscriber],
        takes: impl Fn(Subscriber, Layer) -> bool,
    ) -> [bool; 3] {
        self.stale = false;
        Layer::ALL.map(|layer| {
            let sinks = self.of(layer);
            sinks.clear();
            sinks.extend(subscribers.iter().copied().filter(|subscriber| takes(*subscriber, layer)));
            !sinks.is_empty()
        })
    }

    /// Who takes a layer.
    pub fn of(&mut self, layer: Layer) -> &mut Vec<Subscriber> {
        let [low, middle, high] = &mut self.layers;
        match layer {
            Layer::Low => low,
            Layer::Middle => middle,
            Layer::High => high,
        }
    }
}

/// One track a person publishes.
#[derive(Debug)]
pub struct Publication {
    /// Which track.
    pub track: Track,
    /// The m-line it comes on.
    pub mid: Mid,
    /// The person muted it: nothing of it is forwarded.
    pub muted: bool,
    /// Its encodings: three at most, one for sound and screens.
    pub layers: Layers,
    /// Who is shown it, or hears it.
    pub subscribers: Vec<Subscriber>,
    /// Who takes which layer of it.
    pub sinks: Sinks,
    /// How loud it is.
    pub voice: Voice,
}

impl Publication {
    /// A track on `mid` that nobody receives yet.
    #[must_use]
    pub fn new(track: Track, mid: Mid, muted: bool) -> Publication {
        Publication {
            track,
            mid,
            muted,
            layers: Layers::new(track.kind),
            subscribers: Vec::new(),
            sinks: Sinks::default(),
            voice: Voice::default(),
        }
    }

    /// The track now comes on another connection: sequence numbers and timestamps start anew.
    pub fn rebind(&mut self, mid: Mid) {
        self.mid = mid;
        self.layers.restart();
    }
}
