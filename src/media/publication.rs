//! One track a person publishes, and who receives it.

use super::ids::Track;
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
    /// Who receives it.
    pub subscribers: Vec<Subscriber>,
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
            voice: Voice::default(),
        }
    }

    /// The track now comes on another connection: sequence numbers and timestamps start anew.
    pub fn rebind(&mut self, mid: Mid) {
        self.mid = mid;
        self.layers.restart();
    }
}
