//! What synthetic people send: pictures and sound that are due at their times. Sans-IO.

use std::time::{Duration, Instant};

use super::rng::Rng;
use super::stamp::{LEAST, Stamp};
use crate::media::ids::Layer;
use crate::media::units::Bitrate;

/// Thirty pictures a second.
const FRAME: Duration = Duration::from_nanos(33_333_333);

/// Fifty packets of sound a second.
const SOUND: Duration = Duration::from_millis(20);

/// Ticks between two of each, at 90 and 48 kHz.
const FRAME_TICKS: u32 = 3_000;
const SOUND_TICKS: u32 = 960;

/// Bytes of a packet's payload at most: with headers, extensions and tag it fits 1,280, as browsers make them.
const PAYLOAD: usize = 1_150;

/// Bytes of headers and tags that a packet has on its way beside its payload: UDP and IP excepted, they count for the rate.
const HEADERS: usize = 40;

/// Bytes of a packet of speech: 32 kbit/s.
const SPEECH: usize = 80;

/// A key frame is so many times the others' size. What it is over is taken from those after it.
const KEY_FRAME: f64 = 6.0;

/// Other frames are this much larger or smaller at most.
const SPREAD: f64 = 0.4;

/// The least that debt makes of a frame.
const LEAST_FRAME: f64 = 0.6;

/// Two key frames of one camera are at least so far apart, as those of Chromium's encoder are.
const BETWEEN_KEYS: Duration = Duration::from_millis(300);

/// A packet that is to be sent.
#[derive(Debug)]
pub(super) struct Made {
    pub layer: Layer,
    pub seq: u64,
    pub time: u32,
    pub marker: bool,
    pub payload: Vec<u8>,
}

/// One encoding of a camera.
#[derive(Debug)]
struct Encoding {
    layer: Layer,
    /// Its picture's lines.
    height: u16,
    rate: Bitrate,
    next_seq: u64,
    /// Bytes that were sent beyond the rate.
    debt: f64,
    wants_key: bool,
    last_key: Option<Instant>,
}

/// A packet that waits for its moment: the stamp says the rest once it is sent.
#[derive(Debug)]
struct Waiting {
    at: Instant,
    layer: Layer,
    index: u16,
    count: u16,
    size: usize,
    key: bool,
    height: u16,
    seq: u64,
}

/// A camera, or a screen.
#[derive(Debug)]
pub(super) struct Camera {
    source: u32,
    encodings: Vec<Encoding>,
    frame: u32,
    /// The next frame is due then.
    next: Instant,
    /// A frame's packets are spread over its time instead of sent at once.
    even: bool,
    /// The packets of the present frame, the last one first.
    waiting: Vec<Waiting>,
    /// Of the present frame.
    base: u32,
    rng: Rng,
}

/// When a packet was to be sent, and what it is.
pub(super) type Due = (Instant, Made);

impl Camera {
    /// A camera that begins `now`, or at some moment within a frame's time after it: no two begin together.
    pub(super) fn new(
        source: u32,
        layers: &[(Layer, Bitrate)],
        even: bool,
        now: Instant,
        mut rng: Rng,
    ) -> Camera {
        let encodings = layers.iter().map(|(layer, rate)| Encoding {
            layer: *layer,
            height: 720 / u16::from(layer.scale_down()),
            rate: *rate,
            next_seq: 1 + (rng.next() & 0xfff),
            debt: 0.0,
            wants_key: true,
            last_key: None,
        });
        let encodings = encodings.collect();
        let next = now + FRAME.mul_f64(rng.fraction());
        let base = u32::try_from(rng.next() & 0xffff_ffff).unwrap_or(0);
        Camera { source, encodings, frame: 0, next, even, waiting: Vec::new(), base, rng }
    }

    /// What is asked of it from now on. A layer that is not named is not sent.
    pub(super) fn ask(&mut self, layers: &[(Layer, Bitrate)]) {
        for encoding in &mut self.encodings {
            let asked = layers.iter().find(|(layer, _)| *layer == encoding.layer);
            let rate = asked.map_or(Bitrate::default(), |(_, rate)| *rate);
            encoding.wants_key |= encoding.rate == Bitrate::default();
            encoding.rate = rate;
        }
    }

    /// Somebody needs a key frame of a layer.
    pub(super) fn ask_key_frame(&mut self, layer: Layer) {
        for encoding in self.encodings.iter_mut().filter(|encoding| encoding.layer == layer) {
            encoding.wants_key = true;
        }
    }

    /// When the next packet is due.
    pub(super) fn wakes(&self) -> Instant {
        self.waiting.last().map_or(self.next, |packet| packet.at)
    }

    /// The next packet, if one is due `now`. It says that it is sent at `sent`, in microseconds of the run.
    pub(super) fn due(&mut self, now: Instant, sent: u64) -> Option<Due> {
        while self.waiting.is_empty() {
            if self.next > now {
                return None;
            }
            self.encode();
        }
        let packet = self.waiting.pop_if(|packet| packet.at <= now)?;
        let stamp = Stamp {
            source: self.source,
            layer: packet.layer,
            frame: self.frame,
            index: packet.index,
            count: packet.count,
            key: packet.key,
            sent,
        };
        let made = Made {
            layer: packet.layer,
            seq: packet.seq,
            time: self.base.wrapping_add(self.frame.wrapping_mul(FRAME_TICKS)),
            marker: packet.index + 1 == packet.count,
            payload: stamp.picture(packet.height, packet.size),
        };
        Some((packet.at, made))
    }

    /// Makes the packets of the next frame.
    fn encode(&mut self) {
        let at = self.next;
        self.next += FRAME;
        self.frame = self.frame.wrapping_add(1);
        for encoding in self.encodings.iter_mut().filter(|encoding| encoding.rate > Bitrate::default()) {
            let (key, bytes) = encoding.frame(at, &mut self.rng);
            let count = bytes.div_ceil(PAYLOAD + HEADERS).max(1);
            let size = (bytes / count).saturating_sub(HEADERS).max(LEAST);
            for index in 0..count {
                self.waiting.push(Waiting {
                    at,
                    layer: encoding.layer,
                    index: u16::try_from(index).unwrap_or(u16::MAX),
                    count: u16::try_from(count).unwrap_or(u16::MAX),
                    size,
                    key,
                    height: encoding.height,
                    seq: encoding.next_seq,
                });
                encoding.next_seq += 1;
            }
        }
        if self.even {
            let all = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX).max(1);
            for (place, packet) in (0..).zip(&mut self.waiting) {
                packet.at = at + FRAME * place / all;
            }
        }
        self.waiting.reverse();
    }
}

impl Encoding {
    /// Whether the next frame is a key frame, and how many bytes it has.
    fn frame(&mut self, at: Instant, rng: &mut Rng) -> (bool, usize) {
        let mean = self.rate.bytes_in(FRAME) as f64;
        let may = self.last_key.is_none_or(|last| at.saturating_duration_since(last) >= BETWEEN_KEYS);
        let key = self.wants_key && may;
        let size = if key {
            self.wants_key = false;
            self.last_key = Some(at);
            mean * KEY_FRAME
        } else {
            let varied = mean * (1.0 - SPREAD + 2.0 * SPREAD * rng.fraction());
            (varied - self.debt).clamp(mean * LEAST_FRAME, mean * (1.0 + SPREAD))
        };
        self.debt += size - mean;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a frame's bytes")]
        let bytes = size as usize;
        (key, bytes)
    }
}

/// A microphone into which somebody speaks all the time.
#[derive(Debug)]
pub(super) struct Microphone {
    source: u32,
    next: Instant,
    number: u32,
    base: u32,
    level: u8,
}

impl Microphone {
    /// A microphone that hears this level, in dB below full scale.
    pub(super) fn new(source: u32, level: u8, now: Instant, mut rng: Rng) -> Microphone {
        let next = now + SOUND.mul_f64(rng.fraction());
        let base = u32::try_from(rng.next() & 0xffff_ffff).unwrap_or(0);
        Microphone { source, next, number: 0, base, level }
    }

    /// When the next packet is due.
    pub(super) fn wakes(&self) -> Instant {
        self.next
    }

    /// The next packet, if one is due `now`, and its level.
    pub(super) fn due(&mut self, now: Instant, sent: u64) -> Option<(Due, u8)> {
        if self.next > now {
            return None;
        }
        let at = self.next;
        self.next += SOUND;
        self.number = self.number.wrapping_add(1);
        let stamp = Stamp {
            source: self.source,
            layer: Layer::High,
            frame: self.number,
            index: 0,
            count: 1,
            key: true,
            sent,
        };
        let made = Made {
            layer: Layer::High,
            seq: u64::from(self.number),
            time: self.base.wrapping_add(self.number.wrapping_mul(SOUND_TICKS)),
            marker: false,
            payload: stamp.sound(SPEECH),
        };
        Some(((at, made), self.level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Bitrate = Bitrate::kbps(2_500);

    fn second(camera: &mut Camera, from: Instant, seconds: u32) -> Vec<(Due, Stamp)> {
        let mut all = Vec::new();
        for milli in 0..seconds * 1_000 {
            let now = from + Duration::from_millis(milli.into());
            while let Some(due) = camera.due(now, 0) {
                let stamp = Stamp::of_picture(&due.1.payload).unwrap();
                all.push((due, stamp));
            }
        }
        all
    }

    #[test]
    fn a_camera_keeps_its_rate_and_begins_with_a_key_frame_that_is_larger() {
        let now = Instant::now();
        let mut camera = Camera::new(7, &[(Layer::High, RATE)], false, now, Rng::new(1));
        let all = second(&mut camera, now, 10);
        let bits: usize = all.iter().map(|((_, made), _)| (made.payload.len() + HEADERS) * 8).sum();
        assert!((24_000_000..26_000_000).contains(&bits), "{bits} in ten seconds");
        let packets = all.len() / 10;
        assert!((260..330).contains(&packets), "{packets} packets a second");
        assert!(all[0].1.key && all[0].1.count > 40, "{:?}", all[0].1);
        assert_eq!(all.iter().filter(|(_, stamp)| stamp.key && stamp.index == 0).count(), 1);
        let sizes: std::collections::BTreeSet<u16> =
            all.iter().skip(500).map(|(_, stamp)| stamp.count).collect();
        assert!(sizes.len() >= 4, "frames vary: {sizes:?}");
        for pair in all.windows(2) {
            assert_eq!(pair[1].0.1.seq, pair[0].0.1.seq + 1);
            let new = pair[1].1.index == 0;
            assert_eq!(pair[1].1.frame, pair[0].1.frame + u32::from(new));
            assert_eq!(new, pair[0].0.1.marker);
        }
    }

    #[test]
    fn a_frame_goes_at_once_or_evenly() {
        let now = Instant::now();
        let spread = |even| {
            let mut camera = Camera::new(7, &[(Layer::High, RATE)], even, now, Rng::new(1));
            let all = second(&mut camera, now, 1);
            let of_frame: Vec<Instant> =
                all.iter().filter(|(_, stamp)| stamp.frame == 20).map(|((at, _), _)| *at).collect();
            *of_frame.last().unwrap() - of_frame[0]
        };
        assert_eq!(spread(false), Duration::ZERO);
        assert!(spread(true) > FRAME / 2 && spread(true) < FRAME, "{:?}", spread(true));
    }

    #[test]
    fn key_frames_come_when_asked_for_and_not_faster_than_an_encoder_makes_them() {
        let now = Instant::now();
        let mut camera =
            Camera::new(7, &[(Layer::Low, RATE), (Layer::Middle, RATE)], false, now, Rng::new(1));
        let (mut at, mut keys) = (now, Vec::new());
        while at < now + Duration::from_secs(2) {
            at += Duration::from_millis(1);
            camera.ask_key_frame(Layer::Middle);
            while let Some((_, made)) = camera.due(at, 0) {
                let stamp = Stamp::of_picture(&made.payload).unwrap();
                if stamp.key && stamp.index == 0 {
                    keys.push(stamp.layer);
                }
            }
        }
        assert_eq!(keys.iter().filter(|layer| **layer == Layer::Low).count(), 1);
        assert!((6..=7).contains(&keys.iter().filter(|layer| **layer == Layer::Middle).count()), "{keys:?}");
    }

    #[test]
    fn a_layer_that_is_not_asked_for_is_not_sent_and_begins_again_with_a_key_frame() {
        let now = Instant::now();
        let all = [(Layer::Low, RATE), (Layer::Middle, RATE)];
        let mut camera = Camera::new(7, &all, false, now, Rng::new(1));
        second(&mut camera, now, 1);
        camera.ask(&all[..1]);
        let later = now + Duration::from_secs(1);
        assert!(second(&mut camera, later, 1).iter().all(|(_, stamp)| stamp.layer == Layer::Low));
        camera.ask(&all);
        let again = second(&mut camera, later + Duration::from_secs(1), 1);
        let first = again.iter().find(|(_, stamp)| stamp.layer == Layer::Middle).unwrap();
        assert!(first.1.key);
    }

    #[test]
    fn a_microphone_speaks_fifty_times_a_second() {
        let now = Instant::now();
        let mut microphone = Microphone::new(9, 30, now, Rng::new(1));
        let mut numbers = Vec::new();
        while let Some(((_, made), level)) = microphone.due(now + Duration::from_millis(999), 5) {
            assert_eq!((level, made.payload.len()), (30, SPEECH));
            let stamp = Stamp::of_sound(&made.payload).unwrap();
            assert_eq!((stamp.source, stamp.sent), (9, 5));
            numbers.push(stamp.frame);
        }
        assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<_>>());
        assert!((49..=50).contains(&numbers.len()), "{}", numbers.len());
    }
}
