//! What an encoding sends: bits and frames a second, over the last second or a little less.

use std::time::{Duration, Instant};

use super::units::Bitrate;

/// What is counted together. Two of them are looked at: long enough for a key frame not to be taken for the rate, short enough to
/// follow an encoder within a second.
const HALF: Duration = Duration::from_millis(500);

/// Bytes and frames of half a second.
#[derive(Debug, Clone, Copy, Default)]
struct Half {
    bytes: u64,
    frames: u16,
}

/// Counts what an encoding sends.
#[derive(Debug, Default)]
pub struct Flow {
    /// When the present half second ends.
    ends: Option<Instant>,
    present: Half,
    before: Option<Half>,
}

impl Flow {
    /// A packet of so many bytes came, which ended a frame or did not.
    pub fn add(&mut self, now: Instant, bytes: usize, end: bool) {
        let ends = *self.ends.get_or_insert_with(|| now + HALF);
        if now >= ends {
            let present = std::mem::take(&mut self.present);
            let silent = now >= ends + HALF;
            self.before = Some(if silent { Half::default() } else { present });
            self.ends = Some(if silent { now } else { ends } + HALF);
        }
        self.present.bytes += bytes as u64;
        self.present.frames = self.present.frames.saturating_add(u16::from(end));
    }

    /// Bits and frames a second; `None` until they are known.
    #[must_use]
    pub fn rates(&self, now: Instant) -> Option<(Bitrate, f32)> {
        let (ends, before) = self.ends.zip(self.before)?;
        let span = (now + HALF * 2).saturating_duration_since(ends).max(HALF);
        let millis = u64::try_from(span.as_millis()).ok().filter(|millis| *millis > 0)?;
        let bits = (before.bytes + self.present.bytes).saturating_mul(8_000) / millis;
        let frames = f32::from(before.frames.saturating_add(self.present.frames)) / span.as_secs_f32();
        Some((Bitrate::bps(bits), frames))
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
                    flow.add(*now, 1_000, packet == 2);
                }
                *now += Duration::from_millis(if frame == 2 { 34 } else { 33 });
            }
        }
    }

    fn is_near(flow: &Flow, now: Instant, kilobits: u64, frames: f32) -> bool {
        flow.rates(now).is_some_and(|(rate, fps)| {
            rate.as_bps().abs_diff(kilobits * 1_000) <= kilobits * 100
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
        assert!(flow.rates(now).is_some_and(|(rate, _)| rate < Bitrate::kbps(80)), "{:?}", flow.rates(now));
        send(&mut flow, &mut now, 1_100);
        assert!(is_near(&flow, now, 720, 30.0), "{:?}", flow.rates(now));
    }
}
