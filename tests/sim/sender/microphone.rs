//! A microphone, and its Opus encoder.

use std::time::{Duration, Instant};

use plenary::media::codec::Codec;
use plenary::media::ids::{Layer, Stream};

use super::{Maker, Sent};
use crate::payload::Counters;
use crate::rng::Rng;

/// Between two packets of sound.
const SOUND: Duration = Duration::from_millis(20);

/// Between two packets of silence: Opus with DTX.
const SILENCE: Duration = Duration::from_millis(400);

/// What a microphone hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Somebody speaks, at so many dB below full scale.
    Words(u8),
    /// Nothing is said, and a microphone with DTX sends hardly anything.
    Nothing,
    /// Nothing is said, and a microphone without DTX sends that.
    Silence,
}

/// A microphone and its Opus encoder.
#[derive(Debug)]
pub struct Microphone {
    maker: Maker,
    pub on: bool,
    pub says: Says,
    next: Instant,
    started: Instant,
    time: u32,
    seq: u64,
    frame: u32,
}

impl Microphone {
    pub fn new(maker: Maker, says: Says, now: Instant, rng: &mut Rng) -> Microphone {
        Microphone {
            maker,
            on: true,
            says,
            next: now + Duration::from_micros(rng.below(20_000)),
            started: now,
            time: rng.next() as u32,
            seq: rng.below(60_000),
            frame: 0,
        }
    }

    pub fn stream(&self) -> Stream {
        self.maker.stream
    }

    /// The connection is up: what would have been made before is not.
    pub fn start(&mut self, now: Instant) {
        self.next = now + self.next.saturating_duration_since(self.started);
    }

    /// Somebody begins or ceases to speak.
    pub fn say(&mut self, now: Instant, says: Says) {
        self.says = says;
        self.next = self.next.min(now + SOUND);
    }

    pub fn wakes(&self) -> Instant {
        self.next
    }

    pub fn due(&mut self, now: Instant, out: &mut Vec<Sent>) {
        while self.next <= now {
            let (every, bytes, level) = match self.says {
                Says::Words(level) => (SOUND, 90, level),
                Says::Nothing => (SILENCE, 30, 127),
                Says::Silence => (SOUND, 90, 127),
            };
            self.next += every;
            if !self.on {
                continue;
            }
            let passed = now.saturating_duration_since(self.started).as_micros() * 48 / 1_000;
            let time = self.time.wrapping_add(passed as u32);
            let stamp = self.maker.stamp(now, Layer::High, self.frame, (0, 1), true);
            let payload = stamp.packet(Codec::Opus, Counters { picture: 0, tl0: 0 }, bytes);
            let (codec, level) = (Codec::Opus, Some(level));
            out.push(Sent { codec, rid: None, seq: self.seq, time, marker: false, payload, level });
            self.seq += 1;
            self.frame += 1;
        }
    }
}
