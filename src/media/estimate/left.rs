//! The rate at which is sent, whatever becomes of it.

use std::time::Duration;

use super::Micros;
use crate::media::units::Bitrate;

/// Over how much time it is measured: some frames, so that it is none of a single one.
const WINDOW: Micros = 250_000;

/// The packets that left in the window that runs, and the rate of the last two.
#[derive(Debug, Default)]
pub(super) struct LeftRate {
    since: Micros,
    bytes: u64,
    rate: Option<Bitrate>,
}

impl LeftRate {
    pub fn add(&mut self, now: Micros, bytes: usize) {
        let passed = now - self.since;
        if passed >= WINDOW {
            let rate = Bitrate::of(self.bytes, Duration::from_micros(passed.unsigned_abs()));
            self.rate = Some(self.rate.map_or(rate, |before| (before + rate) / 2));
            (self.since, self.bytes) = (now, 0);
        }
        self.bytes += bytes as u64;
    }

    /// `None` until it is known.
    pub fn rate(&self) -> Option<Bitrate> {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_rate_of_the_last_half_second() {
        let mut left = LeftRate::default();
        for n in 0..100 {
            left.add(n * 10_000, 1_250);
        }
        assert_eq!(left.rate(), Some(Bitrate::kbps(1_000)));
        for n in 100..200 {
            left.add(n * 10_000, 2_500);
        }
        assert!(left.rate() > Some(Bitrate::kbps(1_800)), "{:?}", left.rate());
    }
}
