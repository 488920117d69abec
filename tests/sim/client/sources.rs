//! What a client's camera and microphone make: frames and sounds at their pace, key frames as Chromium makes them.

use std::time::{Duration, Instant};

use crate::payload::{Counters, Stamp};
use crate::rng::Rng;

/// Chromium's encoder drops a key-frame request that comes this soon after the one it took, without a word.
const REQUEST_DROPPED_WITHIN: Duration = Duration::from_millis(300);

/// How a camera is set up.
#[derive(Debug, Clone, Copy)]
pub struct Picture {
    pub fps: u32,
    /// Packets of an ordinary frame; a key frame has three times as many.
    pub packets: u8,
    /// Bytes of a packet.
    pub bytes: usize,
}

impl Picture {
    /// A small picture: cheap to simulate, with several packets a frame.
    pub const SMALL: Picture = Picture { fps: 15, packets: 2, bytes: 900 };
    /// What a camera sends in a real call: 30 frames a second, about 900 kbit/s.
    pub const REAL: Picture = Picture { fps: 30, packets: 3, bytes: 1_200 };
}

/// A media packet to send.
#[derive(Debug)]
pub struct Sent {
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    pub payload: Vec<u8>,
    /// dB below full scale.
    pub level: Option<u8>,
}

/// Who makes the packets, and when the world began.
#[derive(Debug, Clone, Copy)]
pub struct Maker {
    pub person: u16,
    pub life: u16,
    pub origin: Instant,
}

impl Maker {
    fn stamp(&self, now: Instant, frame: u32, index: u8, count: u8, key: bool) -> Stamp {
        let made = now.saturating_duration_since(self.origin).as_micros() as u64;
        Stamp { person: self.person, life: self.life, frame, index, count, key, made }
    }
}

/// A camera and its VP8 encoder.
#[derive(Debug)]
pub struct Camera {
    maker: Maker,
    picture: Picture,
    pub on: bool,
    next: Instant,
    started: Instant,
    time: u32,
    seq: u64,
    frame: u32,
    counters: Counters,
    key_wanted: bool,
    request_taken: Option<Instant>,
    /// Requests dropped as Chromium drops them.
    pub requests_dropped: u64,
    /// Requests that led to a key frame.
    pub requests_taken: u64,
}

impl Camera {
    pub fn new(maker: Maker, picture: Picture, now: Instant, rng: &mut Rng) -> Camera {
        Camera {
            maker,
            picture,
            on: true,
            next: now + Duration::from_micros(rng.below(60_000)),
            started: now,
            time: rng.next() as u32,
            seq: rng.below(60_000),
            frame: 0,
            counters: Counters { picture: rng.below(0x8000) as u16, tl0: rng.next() as u8 },
            key_wanted: true,
            request_taken: None,
            requests_dropped: 0,
            requests_taken: 0,
        }
    }

    /// The server asked for a key frame.
    pub fn key_frame_asked(&mut self, now: Instant) {
        if self.request_taken.is_some_and(|taken| now < taken + REQUEST_DROPPED_WITHIN) {
            self.requests_dropped += 1;
            return;
        }
        self.request_taken = Some(now);
        self.requests_taken += 1;
        self.key_wanted = true;
    }

    /// The connection is up: what would have been made before is not.
    pub fn start(&mut self, now: Instant) {
        self.next = now + (self.next - self.started);
    }

    pub fn wakes(&self) -> Instant {
        self.next
    }

    /// The packets of every frame that is due.
    pub fn due(&mut self, now: Instant, out: &mut Vec<Sent>) {
        while self.next <= now {
            self.next += Duration::from_secs(1) / self.picture.fps;
            if !self.on {
                continue;
            }
            let key = std::mem::take(&mut self.key_wanted);
            let count = if key { self.picture.packets * 3 } else { self.picture.packets };
            let passed = now.saturating_duration_since(self.started).as_micros() * 90 / 1_000;
            let time = self.time.wrapping_add(passed as u32);
            for index in 0..count {
                let stamp = self.maker.stamp(now, self.frame, index, count, key);
                let payload = stamp.vp8(self.counters, self.picture.bytes);
                let marker = index + 1 == count;
                out.push(Sent { seq: self.seq, time, marker, payload, level: None });
                self.seq += 1;
            }
            self.frame += 1;
            self.counters.picture = (self.counters.picture + 1) & 0x7fff;
            self.counters.tl0 = self.counters.tl0.wrapping_add(1);
        }
    }
}

/// Between two packets of sound.
const SOUND: Duration = Duration::from_millis(20);

/// Between two packets of silence: Opus with DTX.
const SILENCE: Duration = Duration::from_millis(400);

/// What a microphone hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Somebody speaks, at so many dB below full scale.
    Words(u8),
    Nothing,
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

    /// The connection is up: what would have been made before is not.
    pub fn start(&mut self, now: Instant) {
        self.next = now + (self.next - self.started);
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
            };
            self.next += every;
            if !self.on {
                continue;
            }
            let passed = now.saturating_duration_since(self.started).as_micros() * 48 / 1_000;
            let time = self.time.wrapping_add(passed as u32);
            let stamp = self.maker.stamp(now, self.frame, 0, 1, true);
            let payload = stamp.opus(bytes);
            out.push(Sent { seq: self.seq, time, marker: false, payload, level: Some(level) });
            self.seq += 1;
            self.frame += 1;
        }
    }
}
