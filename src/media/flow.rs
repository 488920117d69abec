//! What an encoding sends: bits and frames a second, over the last second or a little less.

use std::time::{Duration, Instant};

use super::frame::Frames;
use super::units::Bitrate;

/// What is counted together. Two of them are looked at: long enough for a key frame not to be taken for the rate, short enough to
/// follow an encoder within a second.
const HALF: Duration = Duration::from_millis(500);

/// A part of an encoding's frames is one if it has at least one frame of so many: a quarter of them is, a key frame now and then is not.
const LEAST_PART: u16 = 6;

/// What some frames take.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    bytes: u64,
    frames: u16,
}

impl Count {
    fn add(&mut self, bytes: usize, end: bool) {
        self.bytes += bytes as u64;
        self.frames = self.frames.saturating_add(u16::from(end));
    }

    fn and(self, other: Count) -> Count {
        Count { bytes: self.bytes + other.bytes, frames: self.frames.saturating_add(other.frames) }
    }
}

/// Half a second: all of it, and what a quarter and a half of the frames take of it.
#[derive(Debug, Clone, Copy, Default)]
struct Half {
    all: Count,
    parts: [Count; 2],
}

/// What an encoding sends in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Bits.
    pub bits: Bitrate,
    /// Frames.
    pub frames: f32,
    /// The part of the bits that a quarter and half of the frames take, where they can be told apart.
    pub parts: [Option<f32>; 2],
}

/// The parts of an encoding's frames that are counted, the smallest first.
const PARTS: [Frames; 2] = [Frames::Quarter, Frames::Half];

/// Counts what an encoding sends.
#[derive(Debug, Default)]
pub struct Flow {
    /// When the present half second ends.
    ends: Option<Instant>,
    present: Half,
    before: Option<Half>,
}

impl Flow {
    /// A packet of so many bytes came, of a frame of that temporal layer, which it ended or did not.
    pub fn add(&mut self, now: Instant, bytes: usize, end: bool, temporal: u8) {
        let ends = *self.ends.get_or_insert_with(|| now + HALF);
        if now >= ends {
            let present = std::mem::take(&mut self.present);
            let silent = now >= ends + HALF;
            self.before = Some(if silent { Half::default() } else { present });
            self.ends = Some(if silent { now } else { ends } + HALF);
        }
        self.present.all.add(bytes, end);
        for (part, frames) in self.present.parts.iter_mut().zip(PARTS) {
            if temporal <= frames.most() {
                part.add(bytes, end);
            }
        }
    }

    /// What is sent in a second; `None` until that is known.
    #[must_use]
    pub fn rates(&self, now: Instant) -> Option<Rates> {
        let (ends, before) = self.ends.zip(self.before)?;
        let span = (now + HALF * 2).saturating_duration_since(ends).max(HALF);
        let millis = u64::try_from(span.as_millis()).ok().filter(|millis| *millis > 0)?;
        let rate = |count: Count| Bitrate::bps(count.bytes.saturating_mul(8_000) / millis);
        let all = before.all.and(self.present.all);
        let [quarter, half] = before.parts;
        let parts = [quarter.and(self.present.parts[0]), half.and(self.present.parts[1])];
        let parts = parts.map(|part| {
            let is_part = part.bytes < all.bytes && part.frames.saturating_mul(LEAST_PART) > all.frames;
            is_part.then(|| part.bytes as f32 / all.bytes as f32)
        });
        Some(Rates { bits: rate(all), frames: f32::from(all.frames) / span.as_secs_f32(), parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For `millis`, thirty frames a second of three packets of 1,000 bytes each.
    fn send(flow: &mut Flow, now: &mut Instant, millis: u64) {
        for _ in 0..millis / 100 {
            for frame in 0..3 {
                for packet in 0..3 {
                    flow.add(*now, 1_000, packet == 2, 0);
                }
                *now += Duration::from_millis(if frame == 2 { 34 } else { 33 });
            }
        }
    }

    fn is_near(flow: &Flow, now: Instant, kilobits: u64, frames: f32) -> bool {
        flow.rates(now).is_some_and(|Rates { bits, frames: fps, .. }| {
            bits.as_bps().abs_diff(kilobits * 1_000) <= kilobits * 100
                && (fps - frames).abs() <= frames / 10.0
        })
    }

    #[test]
    fn a_steady_stream_is_measured_within_a_second() {
        let (mut flow, mut now) = (Flow::default(), Instant::now());
        send(&mut flow, &mut now, 400);
        assert_eq!(flow.rates(now), None, "it is too early to say");
        for _ in 0..20 {
            send(&mut flow, &mut now, 300);
            assert!(is_near(&flow, now, 720, 30.0), "{:?}", flow.rates(now));
        }
    }

    #[test]
    fn what_fell_silent_sends_less_and_less_and_what_comes_back_is_measured_anew() {
        let (mut flow, mut now) = (Flow::default(), Instant::now());
        send(&mut flow, &mut now, 3_000);
        now += Duration::from_secs(10);
        assert!(flow.rates(now).is_some_and(|rates| rates.bits < Bitrate::kbps(80)), "{:?}", flow.rates(now));
        send(&mut flow, &mut now, 1_100);
        assert!(is_near(&flow, now, 720, 30.0), "{:?}", flow.rates(now));
    }

    #[test]
    fn what_a_part_of_the_frames_takes_is_measured_where_there_are_such_parts() {
        let measured = |layers: [u8; 4], sizes: [usize; 4]| {
            let (mut flow, mut now) = (Flow::default(), Instant::now());
            for frame in 0..60 {
                flow.add(now, sizes[frame % 4], true, layers[frame % 4]);
                now += Duration::from_millis(40);
            }
            let rates = flow.rates(now).expect("two seconds are enough");
            rates.parts
        };
        let near = |part: Option<f32>, to: f32| part.is_some_and(|part| (part - to).abs() <= 0.04);
        let [quarter, half] = measured([0, 2, 1, 2], [400, 200, 200, 200]);
        assert!(near(quarter, 0.4) && near(half, 0.6), "{quarter:?} and {half:?}");
        let [quarter, half] = measured([0, 1, 0, 1], [300, 200, 300, 200]);
        assert!(near(quarter, 0.6) && half.is_none(), "of two layers: {quarter:?} and {half:?}");
        assert_eq!(measured([0; 4], [200; 4]), [None; 2], "of one layer nothing can be left out");
        assert_eq!(measured([2; 4], [200; 4]), [None; 2], "nothing is below them");
    }
}
