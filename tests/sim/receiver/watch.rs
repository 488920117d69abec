//! What is seen or heard of one person, as the scenarios ask for it.

use std::time::{Duration, Instant};

use plenary::media::codec::Codec;
use plenary::media::ids::Layer;

use crate::payload::Stamp;

/// What is seen or heard of one person.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// Frames shown, or packets of sound played.
    pub frames: u64,
    pub last: Instant,
    /// The longest time between two frames since the last [`Receiver::start_watching`].
    pub longest_gap: Duration,
    /// When the newest of them was made, in microseconds since the world began.
    pub made: u64,
    /// Which encoding the newest of them is, of which codec.
    pub layer: Layer,
    pub codec: Codec,
    /// How often the encoding or the codec changed.
    pub switches: u64,
    /// Packets that came since the last [`Receiver::start_watching`], and those that did not, as far as sequence
    /// numbers tell.
    pub packets: u64,
    pub lost: i64,
}

impl Watch {
    pub fn new(now: Instant, layer: Layer, codec: Codec) -> Watch {
        Watch {
            frames: 0,
            last: now,
            longest_gap: Duration::ZERO,
            made: 0,
            layer,
            codec,
            switches: 0,
            packets: 0,
            lost: 0,
        }
    }

    pub fn shown(&mut self, stamp: &Stamp, codec: Codec, now: Instant) {
        self.switches += u64::from(self.frames > 0 && (self.layer, self.codec) != (stamp.layer, codec));
        (self.layer, self.codec) = (stamp.layer, codec);
        self.frames += 1;
        self.longest_gap = self.longest_gap.max(now - self.last);
        self.last = now;
        self.made = self.made.max(stamp.made);
    }
}
