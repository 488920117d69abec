//! When what arrives is shown or heard: a buffer holds it for as long as the network varied lately.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Frames, or packets of sound, by whose lateness the buffer goes.
const REMEMBERED: usize = 120;

/// The buffer waits for so many of a hundred.
const WAITS_FOR: usize = 95;

/// The buffer holds nothing longer than this.
const LONGEST: i64 = 1_000_000;

/// Every picture waits this long for the screen, as in libwebrtc.
const RENDERING: i64 = 10_000;

/// The buffer of one line.
#[derive(Debug, Default)]
pub struct Playout {
    origin: Option<(Instant, u32)>,
    /// The newest timestamp, unwrapped, in ticks since the first.
    newest: i64,
    /// By how many microseconds each was later than its timestamp, since the first.
    late: VecDeque<i64>,
    last: Option<Instant>,
}

impl Playout {
    /// When something with the timestamp `time`, of `rate` ticks a second, that is complete now is played.
    pub fn plays(&mut self, now: Instant, time: u32, rate: i64) -> Instant {
        let (origin, first) = *self.origin.get_or_insert((now, time));
        let newest = first.wrapping_add(self.newest as u32);
        self.newest += i64::from(time.wrapping_sub(newest).cast_signed());
        let media = self.newest * 1_000_000 / rate;
        let late = (now - origin).as_micros() as i64 - media;
        self.late.push_back(late);
        if self.late.len() > REMEMBERED {
            self.late.pop_front();
        }
        let mut sorted: Vec<i64> = self.late.iter().copied().collect();
        sorted.sort_unstable();
        let least = sorted.first().copied().unwrap_or(late);
        let usual = sorted.get((sorted.len() - 1) * WAITS_FOR / 100).copied().unwrap_or(late);
        let due = media + least + (usual - least).min(LONGEST) + RENDERING;
        let due = origin + Duration::from_micros(due.max(0) as u64);
        let at = due.max(now).max(self.last.unwrap_or(now));
        self.last = Some(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn what_comes_evenly_is_shown_at_once_and_what_varies_is_shown_evenly_a_little_later() {
        let origin = Instant::now();
        let mut even = Playout::default();
        // Timestamps that wrap around meanwhile.
        let time = |n: u32| 0_u32.wrapping_sub(90_000).wrapping_add(n * 3_000);
        for n in 0..100 {
            let now = origin + n * Duration::from_micros(33_333);
            assert!(even.plays(now, time(n), 90_000) <= now + ms(11));
        }
        let mut varying = Playout::default();
        let mut shown = Vec::new();
        for n in 0..200 {
            let now = origin + n * Duration::from_micros(33_333) + ms(u64::from(n % 3) * 30);
            let at = varying.plays(now, time(n), 90_000);
            assert!(at >= now && at <= now + ms(75), "{:?}", at - now);
            shown.push(at);
        }
        let gaps = shown[100..].windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.clone().all(|gap| gap < ms(40)), "{:?}", gaps.max());
    }
}
