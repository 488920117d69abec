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
