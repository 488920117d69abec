//! What a client's cameras, screens and microphones make: frames and sounds at their pace, key frames as Chromium makes
//! them.

use std::time::{Duration, Instant};

use plenary::media::codec::Codec;
use plenary::media::ids::{Layer, Stream};

use crate::payload::{Counters, Stamp};
use crate::rng::Rng;

/// Chromium's encoder drops a key-frame request that comes this soon after the one it took, without a word.
const REQUEST_DROPPED_WITHIN: Duration = Duration::from_millis(300);

/// How a camera is set up.
#[derive(Debug, Clone, Copy)]
pub struct Picture {
    pub fps: u32,
    /// Packets of an ordinary frame; a key frame has three times as many. In simulcast this is the middle layer.
    pub packets: u8,
    /// Bytes of a packet.
    pub bytes: usize,
}

impl Picture {
    /// A small picture: cheap to simulate, with several packets a frame.
    pub const SMALL: Picture = Picture { fps: 15, packets: 2, bytes: 900 };
    /// What a camera sends in a real call: 30 frames a second, about 900 kbit/s.
    pub const REAL: Picture = Picture { fps: 30, packets: 3, bytes: 1_200 };
    /// A screen with text on it: few frames, and large ones.
    pub const SCREEN: Picture = Picture { fps: 5, packets: 6, bytes: 1_100 };
}

/// A media packet to send.
#[derive(Debug, Clone)]
pub struct Sent {
    pub codec: Codec,
    /// The encoding, if there are several.
    pub rid: Option<Layer>,
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
    pub stream: Stream,
    pub life: u16,
    pub origin: Instant,
}

impl Maker {
    fn stamp(&self, now: Instant, layer: Layer, frame: u32, (index, count): (u8, u8), key: bool) -> Stamp {
        let made = now.saturating_duration_since(self.origin).as_micros() as u64;
        let Maker { person, stream, life, .. } = *self;
        Stamp { person, stream, layer, life, frame, index, count, key, made }
    }
}

/// One encoding of a camera.
#[derive(Debug)]
struct Encoder {
    layer: Layer,
    packets: u8,
    bytes: usize,
    /// The server asked for it.
    wanted: bool,
    /// The machine and the uplink are good enough for it.
    able: bool,
    time: u32,
    seq: u64,
    frame: u32,
    counters: Counters,
    key_wanted: bool,
    request_taken: Option<Instant>,
}

impl Encoder {
    fn new(layer: Layer, picture: Picture, rng: &mut Rng) -> Encoder {
        let Picture { packets, bytes, .. } = picture;
        Encoder {
            layer,
            packets,
            bytes,
            wanted: true,
            able: true,
            time: rng.next() as u32,
            seq: rng.below(60_000),
            frame: 0,
            counters: Counters { picture: rng.below(0x8000) as u16, tl0: rng.next() as u8 },
            key_wanted: true,
            request_taken: None,
        }
    }

    fn is_live(&self) -> bool {
        self.wanted && self.able
    }

    /// The packets of a frame that is captured now.
    fn encode(
        &mut self,
        now: Instant,
        maker: &Maker,
        codec: Codec,
        passed: u32,
        simulcast: bool,
    ) -> Vec<Sent> {
        let key = std::mem::take(&mut self.key_wanted);
        let count = if key { self.packets * 3 } else { self.packets };
        let time = self.time.wrapping_add(passed);
        let mut sent = Vec::new();
        for index in 0..count {
            let stamp = maker.stamp(now, self.layer, self.frame, (index, count), key);
            let payload = stamp.packet(codec, self.counters, self.bytes);
            let (rid, last) = (simulcast.then_some(self.layer), index + 1 == count);
            sent.push(Sent { codec, rid, seq: self.seq, time, marker: last, payload, level: None });
            self.seq += 1;
        }
        self.frame += 1;
        self.counters.picture = (self.counters.picture + 1) & 0x7fff;
        self.counters.tl0 = self.counters.tl0.wrapping_add(1);
        sent
    }
}

/// A camera or a screen, and its encoders.
#[derive(Debug)]
pub struct Camera {
    maker: Maker,
    fps: u32,
    pub on: bool,
    codec: Codec,
    next: Instant,
    started: Instant,
    encoders: Vec<Encoder>,
    /// Requests dropped as Chromium drops them.
    pub requests_dropped: u64,
    /// Requests that led to a key frame.
    pub requests_taken: u64,
}

impl Camera {
    pub fn new(maker: Maker, picture: Picture, simulcast: bool, now: Instant, rng: &mut Rng) -> Camera {
        let next = now + Duration::from_micros(rng.below(60_000));
        let encoders = if simulcast {
            let Picture { packets, bytes, .. } = picture;
            let low = Picture { packets: 1.max(packets / 2), bytes: bytes / 2, ..picture };
            let high = Picture { packets: packets * 2, ..picture };
            let pictures = [low, picture, high].into_iter().zip(Layer::ALL);
            pictures.map(|(picture, layer)| Encoder::new(layer, picture, rng)).collect()
        } else {
            vec![Encoder::new(Layer::High, picture, rng)]
        };
        Camera {
            maker,
            fps: picture.fps,
            on: true,
            codec: Codec::Vp8,
            next,
            started: now,
            encoders,
            requests_dropped: 0,
            requests_taken: 0,
        }
    }

    pub fn stream(&self) -> Stream {
        self.maker.stream
    }

    pub fn simulcast(&self) -> bool {
        self.encoders.len() > 1
    }

    /// The encodings that are sent now.
    pub fn live(&self) -> Vec<Layer> {
        self.encoders.iter().filter(|encoder| encoder.is_live()).map(|encoder| encoder.layer).collect()
    }

    /// What is made from now on is made with another encoder, which begins with a key frame.
    pub fn encode_with(&mut self, codec: Codec) {
        if self.codec != codec {
            self.codec = codec;
            self.encoders.iter_mut().for_each(|encoder| encoder.key_wanted = true);
        }
    }

    /// The server asked for these encodings and no other.
    pub fn send_layers(&mut self, wanted: &[Layer]) {
        let single = !self.simulcast();
        for encoder in &mut self.encoders {
            let listed = wanted.contains(&encoder.layer) || (single && !wanted.is_empty());
            encoder.key_wanted |= listed && !encoder.wanted;
            encoder.wanted = listed;
        }
    }

    /// The machine or the uplink is too weak for `layer`, or good enough again.
    pub fn set_able(&mut self, layer: Layer, able: bool) {
        for encoder in self.encoders.iter_mut().filter(|encoder| encoder.layer == layer) {
            encoder.key_wanted |= able && !encoder.able;
            encoder.able = able;
        }
    }

    /// Makes far more than anybody asked for.
    pub fn swell(&mut self, picture: Picture) {
        self.fps = picture.fps;
        for encoder in &mut self.encoders {
            (encoder.packets, encoder.bytes) = (picture.packets, picture.bytes);
        }
    }

    /// The server asked for a key frame.
    pub fn key_frame_asked(&mut self, now: Instant, layer: Option<Layer>) {
        let layer = layer.unwrap_or(Layer::High);
        for encoder in self.encoders.iter_mut().filter(|encoder| encoder.layer == layer) {
            if encoder.request_taken.is_some_and(|taken| now < taken + REQUEST_DROPPED_WITHIN) {
                self.requests_dropped += 1;
                continue;
            }
            encoder.request_taken = Some(now);
            encoder.key_wanted = true;
            self.requests_taken += 1;
        }
    }

    /// The connection is up: what would have been made before is not.
    pub fn start(&mut self, now: Instant) {
        self.next = now + self.next.saturating_duration_since(self.started);
    }

    pub fn wakes(&self) -> Instant {
        self.next
    }

    /// The packets of every frame that is due.
    pub fn due(&mut self, now: Instant, out: &mut Vec<Sent>) {
        while self.next <= now {
            self.next += Duration::from_secs(1) / self.fps;
            if !self.on {
                continue;
            }
            let passed = now.saturating_duration_since(self.started).as_micros() * 90 / 1_000;
            let simulcast = self.simulcast();
            for encoder in self.encoders.iter_mut().filter(|encoder| encoder.is_live()) {
                out.extend(encoder.encode(now, &self.maker, self.codec, passed as u32, simulcast));
            }
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
