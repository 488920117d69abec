//! Units, so that one is never taken for another.

use std::ops::{Add, Div, Mul};
use std::time::Duration;

/// Bits a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bitrate(u64);

impl Bitrate {
    /// So many bits a second.
    #[must_use]
    pub const fn bps(bits: u64) -> Bitrate {
        Bitrate(bits)
    }

    /// So many thousand bits a second.
    #[must_use]
    pub const fn kbps(kilobits: u64) -> Bitrate {
        Bitrate(kilobits.saturating_mul(1_000))
    }

    /// As a number of bits a second.
    #[must_use]
    pub const fn as_bps(self) -> u64 {
        self.0
    }

    /// What so many bytes in so much time are; nothing in no time.
    #[must_use]
    pub fn of(bytes: u64, time: Duration) -> Bitrate {
        let bits = u128::from(bytes) * 8 * 1_000_000_000;
        let rate = bits.checked_div(time.as_nanos()).unwrap_or_default();
        Bitrate(u64::try_from(rate).unwrap_or(u64::MAX))
    }

    /// So many times this, rounded down; nothing if `by` is negative or no number.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "such a cast saturates")]
    pub fn scaled(self, by: f64) -> Bitrate {
        Bitrate((self.0 as f64 * by) as u64)
    }

    /// How many times `other` this is.
    #[must_use]
    pub fn over(self, other: Bitrate) -> f64 {
        self.0 as f64 / other.0.max(1) as f64
    }

    /// What is left of this without `other`; nothing if that is more.
    #[must_use]
    pub const fn less(self, other: Bitrate) -> Bitrate {
        Bitrate(self.0.saturating_sub(other.0))
    }

    /// How long so many bytes take; for ever, as good as, at no rate.
    #[must_use]
    pub fn time_of(self, bytes: u64) -> Duration {
        Duration::from_nanos(bytes.saturating_mul(8_000_000_000) / self.0.max(1))
    }

    /// The bytes of so much time.
    #[must_use]
    pub fn bytes_in(self, time: Duration) -> u64 {
        let bits = u128::from(self.0) * time.as_nanos() / 1_000_000_000;
        u64::try_from(bits / 8).unwrap_or(u64::MAX)
    }
}

impl Add for Bitrate {
    type Output = Bitrate;

    fn add(self, other: Bitrate) -> Bitrate {
        Bitrate(self.0.saturating_add(other.0))
    }
}

impl Mul<u64> for Bitrate {
    type Output = Bitrate;

    fn mul(self, by: u64) -> Bitrate {
        Bitrate(self.0.saturating_mul(by))
    }
}

impl Div<u64> for Bitrate {
    type Output = Bitrate;

    fn div(self, by: u64) -> Bitrate {
        Bitrate(self.0 / by.max(1))
    }
}

impl std::iter::Sum for Bitrate {
    fn sum<I: Iterator<Item = Bitrate>>(rates: I) -> Bitrate {
        rates.fold(Bitrate::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_bytes_in_a_time_and_back() {
        let rate = Bitrate::of(1_250, Duration::from_millis(10));
        assert_eq!(rate, Bitrate::kbps(1_000));
        assert_eq!(rate.time_of(1_250), Duration::from_millis(10));
        assert_eq!(rate.bytes_in(Duration::from_millis(10)), 1_250);
        assert_eq!(Bitrate::of(1, Duration::ZERO), Bitrate::default());
        assert!(Bitrate::default().time_of(1) > Duration::from_secs(7));
        assert_eq!(rate.scaled(0.85), Bitrate::kbps(850));
        assert_eq!(rate.scaled(Bitrate::kbps(300).over(rate)), Bitrate::kbps(300));
        assert_eq!(rate.scaled(-1.0), Bitrate::default());
        assert_eq!(rate.scaled(f64::NAN), Bitrate::default());
    }
}
