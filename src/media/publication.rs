//! One track a person publishes, and who receives it.

use super::clock::TrackClock;
use super::codec::Codec;
use super::ids::{Kind, Track};
use super::keyframes::KeyFrames;
use super::rtc::Mid;
use super::speakers::Voice;

/// A slot that shows a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscriber {
    /// The subscriber's slab index.
    pub peer: u32,
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
    /// Its RTP clock against the server's.
    pub clock: TrackClock,
    /// Who receives it.
    pub subscribers: Vec<Subscriber>,
    /// Who waits for its next key frame.
    pub keys: KeyFrames,
    /// How loud it is.
    pub voice: Voice,
    /// Distinguishes this publication's packets from those after a rebuild, for the egress guard.
    pub epoch: u32,
}

impl Publication {
    /// A track on `mid` that nobody receives yet.
    #[must_use]
    pub fn new(track: Track, mid: Mid, muted: bool) -> Publication {
        Publication {
            track,
            mid,
            muted,
            clock: TrackClock::new(clock_rate(track.kind)),
            subscribers: Vec::new(),
            keys: KeyFrames::default(),
            voice: Voice::default(),
            epoch: 0,
        }
    }

    /// The track now comes on another connection: sequence numbers and timestamps start anew.
    pub fn rebind(&mut self, mid: Mid) {
        self.mid = mid;
        self.clock = TrackClock::new(clock_rate(self.track.kind));
        self.keys = KeyFrames::default();
        self.epoch = self.epoch.wrapping_add(1);
    }
}

/// Ticks a second of a kind's RTP clock: every codec we forward has the one of its kind.
#[must_use]
pub fn clock_rate(kind: Kind) -> u32 {
    match kind {
        Kind::Audio => Codec::Opus.clock_rate(),
        Kind::Video => Codec::Vp8.clock_rate(),
    }
}
