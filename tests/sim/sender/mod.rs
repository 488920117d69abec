//! What a client's cameras, screens and microphones make: frames and sounds at their pace, key frames as Chromium makes
//! them.

pub mod encoder;
pub mod microphone;
pub mod uplink;

use std::time::{Duration, Instant};

use plenary::media::codec::Codec;
use plenary::media::ids::{Layer, Stream};

use crate::payload::{Place, Stamp};
use crate::rng::Rng;
use encoder::{Encoder, Pace};
pub use microphone::{Microphone, Says};

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

/// A picture that is captured.
#[derive(Debug, Clone, Copy)]
struct Frame {
    now: Instant,
    /// Ticks since the camera started.
    passed: u32,
    codec: Codec,
    fps: u32,
    simulcast: bool,
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
        Stamp { person, stream, layer, life, frame, place: Place::after(frame), index, count, key, made }
    }
}

/// The layers of a camera.
fn sizes(simulcast: bool) -> &'static [Layer] {
    if simulcast { &Layer::ALL } else { &[Layer::High] }
}

/// A camera or a screen, and its encoders.
#[derive(Debug)]
pub struct Camera {
    maker: Maker,
    fps: u32,
    pub on: bool,
    /// What the uplink is thought to hold, in bits a second.
    uplink: Option<u64>,
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
    /// A camera whose frames are all alike.
    pub fn new(maker: Maker, picture: Picture, simulcast: bool, now: Instant, rng: &mut Rng) -> Camera {
        let Picture { packets, bytes, .. } = picture;
        let low = Picture { packets: 1.max(packets / 2), bytes: bytes / 2, ..picture };
        let high = Picture { packets: packets * 2, ..picture };
        let pictures = if simulcast { [low, picture, high] } else { [picture; 3] };
        let pace = |layer: Layer, _: &mut Rng| Pace::even(&pictures[layer as usize]);
        Camera::with(maker, picture.fps, sizes(simulcast), pace, (now, rng))
    }

    /// A screen, in two sizes or in one.
    pub fn screen(maker: Maker, picture: Picture, twice: bool, now: Instant, rng: &mut Rng) -> Camera {
        let half = Picture { packets: picture.packets.div_ceil(3), ..picture };
        let pace = |layer, _: &mut Rng| Pace::even(if layer == Layer::High { &picture } else { &half });
        let layers = if twice { &Layer::ALL[1..] } else { sizes(false) };
        Camera::with(maker, picture.fps, layers, pace, (now, rng))
    }

    /// A camera whose frames vary, with the rates that are asked for and the uplink holds.
    pub fn adaptive(
        maker: Maker,
        (fps, simulcast): (u32, bool),
        uplink: u64,
        (now, rng): (Instant, &mut Rng),
    ) -> Camera {
        let mut camera =
            Camera::with(maker, fps, sizes(simulcast), |_, rng| Pace::varying(rng.fork()), (now, rng));
        camera.uplink_holds(uplink);
        camera
    }

    fn with(
        maker: Maker,
        fps: u32,
        layers: &[Layer],
        pace: impl Fn(Layer, &mut Rng) -> Pace,
        (now, rng): (Instant, &mut Rng),
    ) -> Camera {
        let next = now + Duration::from_micros(rng.below(60_000));
        let encoders = layers.iter().map(|layer| {
            let pace = pace(*layer, rng);
            Encoder::new(*layer, pace, rng)
        });
        let encoders = encoders.collect();
        Camera {
            maker,
            fps,
            on: true,
            uplink: None,
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
            self.encoders.iter_mut().for_each(Encoder::want_key_frame);
        }
    }

    /// The server asked for these encodings and no other, each of so many bits a second at most.
    pub fn send_layers(&mut self, wanted: &[(Layer, u64)]) {
        let single = !self.simulcast();
        for encoder in &mut self.encoders {
            let listed = wanted.iter().find(|(layer, _)| *layer == encoder.layer);
            encoder.ask(listed.or(wanted.last().filter(|_| single)).map(|(_, most)| *most));
        }
        self.share_uplink();
    }

    /// All that is asked for, in bits a second.
    pub fn asked(&self) -> u64 {
        self.encoders.iter().map(|encoder| encoder.wants().0).sum()
    }

    /// What the uplink is thought to hold for this camera. What does not fit is not sent, the largest picture first.
    pub fn uplink_holds(&mut self, estimate: u64) {
        self.uplink = Some(estimate);
        self.share_uplink();
    }

    /// What that is.
    pub fn uplink(&self) -> Option<u64> {
        self.uplink
    }

    fn share_uplink(&mut self) {
        let Some(uplink) = self.uplink else { return };
        let wanted = self.encoders.iter().map(Encoder::wants).collect::<Vec<_>>();
        for (encoder, rate) in self.encoders.iter_mut().zip(uplink::shares(uplink, &wanted)) {
            encoder.may_send(rate);
        }
    }

    /// The machine or the uplink is too weak for `layer`, or good enough again.
    pub fn set_able(&mut self, layer: Layer, able: bool) {
        for encoder in self.encoders.iter_mut().filter(|encoder| encoder.layer == layer) {
            encoder.set_able(able);
        }
    }

    /// Makes far more than anybody asked for.
    pub fn swell(&mut self, picture: Picture) {
        self.fps = picture.fps;
        for encoder in &mut self.encoders {
            encoder.pace = Pace::even(&picture);
        }
    }

    /// Nothing moves in what is captured any more: a frame a second that says so.
    pub fn stands_still(&mut self, picture: Picture) {
        self.fps = 1;
        for encoder in &mut self.encoders {
            encoder.pace = Pace::still(&picture);
        }
    }

    /// Makes far more of one encoding than anybody asked for.
    pub fn swell_layer(&mut self, layer: Layer, picture: Picture) {
        for encoder in self.encoders.iter_mut().filter(|encoder| encoder.layer == layer) {
            encoder.pace = Pace::even(&picture);
        }
    }

    /// The server asked for a key frame.
    pub fn key_frame_asked(&mut self, now: Instant, layer: Option<Layer>) {
        let layer = layer.unwrap_or(Layer::High);
        for encoder in self.encoders.iter_mut().filter(|encoder| encoder.layer == layer) {
            if encoder.key_frame_asked(now) {
                self.requests_taken += 1;
            } else {
                self.requests_dropped += 1;
            }
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
                let frame = Frame { now, passed: passed as u32, codec: self.codec, fps: self.fps, simulcast };
                encoder.encode(&frame, &self.maker, out);
            }
        }
    }
}
