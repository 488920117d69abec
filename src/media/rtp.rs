//! RTP's numbers (RFC 3550 section 5.1), so that one is never taken for another.

use std::num::NonZeroU32;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A synchronization source: one encoding, or its retransmissions, on one connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssrc(pub u32);

/// A sequence number, extended over its wraps at 16 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeqNo(pub u64);

/// A timestamp in ticks of its encoding's clock, extended over its wraps at 32 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaTime(pub u64);

/// What a packet's header says that means the same to everybody who gets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Level of the sound.
    pub level: Option<AudioLevel>,
    /// How the picture is to be turned: `R1` and `R0` of 3GPP TS 26.114 section 7.4.5.
    pub orientation: Option<u8>,
}

/// How loud a packet is (RFC 6464).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioLevel {
    /// In dB below full scale, 0 to 127.
    pub level: u8,
    /// It is a voice.
    pub voice: bool,
}

macro_rules! steps {
    ($($number:ident, $step:literal);*) => {$(
        impl $number {
            #[doc = concat!("How many ", $step, " lie between two of them, whichever is later.")]
            #[must_use]
            pub fn abs_diff(self, other: $number) -> u64 {
                self.0.abs_diff(other.0)
            }
        }

        #[doc = concat!("So many ", $step, " later.")]
        impl Add<u64> for $number {
            type Output = $number;

            fn add(self, steps: u64) -> $number {
                $number(self.0 + steps)
            }
        }

        impl AddAssign<u64> for $number {
            fn add_assign(&mut self, steps: u64) {
                *self = *self + steps;
            }
        }

        #[doc = concat!("How many ", $step, " it is after `earlier`, which must be no later.")]
        impl Sub for $number {
            type Output = u64;

            fn sub(self, earlier: $number) -> u64 {
                self.0 - earlier.0
            }
        }
    )*};
}

steps! { SeqNo, "packets"; MediaTime, "ticks" }

impl MediaTime {
    /// So many ticks earlier; the first one there is if that is before it.
    #[must_use]
    pub fn saturating_sub(self, ticks: u64) -> MediaTime {
        MediaTime(self.0.saturating_sub(ticks))
    }

    /// The low 32 bits, which are what a packet has.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "RTP timestamps wrap")]
    pub fn low(self) -> u32 {
        self.0 as u32
    }

    /// The timestamp nearest to this one whose low 32 bits are `low`.
    #[must_use]
    pub fn near(self, low: u32) -> MediaTime {
        let ahead = low.wrapping_sub(self.low()).cast_signed();
        MediaTime(self.0.saturating_add_signed(i64::from(ahead)))
    }
}

/// Ticks a second of an encoding's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockRate(NonZeroU32);

const NANOS: u64 = 1_000_000_000;

impl ClockRate {
    /// Opus (RFC 7587 section 4.1).
    pub const AUDIO: ClockRate = ClockRate::hertz(48_000);
    /// Every codec of pictures there is.
    pub const VIDEO: ClockRate = ClockRate::hertz(90_000);

    /// So many ticks a second; one if it is none.
    const fn hertz(rate: u32) -> ClockRate {
        match NonZeroU32::new(rate) {
            Some(rate) => ClockRate(rate),
            None => ClockRate(NonZeroU32::MIN),
        }
    }

    /// As a number of ticks a second.
    #[must_use]
    pub fn as_hertz(self) -> u64 {
        self.0.get().into()
    }

    /// The whole ticks of so much time; none if they are more than there are numbers for.
    #[must_use]
    pub fn ticks_in(self, span: Duration) -> u64 {
        let part = u64::from(span.subsec_nanos()) * self.as_hertz() / NANOS;
        let whole = span.as_secs().checked_mul(self.as_hertz());
        whole.and_then(|whole| whole.checked_add(part)).unwrap_or(0)
    }

    /// How long so many ticks take, in whole nanoseconds.
    #[must_use]
    pub fn time_of(self, ticks: u64) -> Duration {
        // Seconds first: what is left times a billion fits into 64 bits, and a division of 128 costs a call.
        let rate = self.as_hertz();
        let (seconds, rest) = (ticks / rate, ticks % rate);
        Duration::from_secs(seconds) + Duration::from_nanos(rest * NANOS / rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Ticks and times are each other's, to the last whole tick and nanosecond.
        #[test]
        fn ticks_are_times(ticks in prop_oneof![0u64..1 << 20, any::<u64>()], nanos in 0u64..1 << 62) {
            for rate in [ClockRate::AUDIO, ClockRate::VIDEO] {
                let exact = u128::from(ticks) * u128::from(NANOS) / u128::from(rate.as_hertz());
                prop_assert_eq!(rate.time_of(ticks).as_nanos(), exact);
                let exact = u128::from(nanos) * u128::from(rate.as_hertz()) / u128::from(NANOS);
                prop_assert_eq!(u128::from(rate.ticks_in(Duration::from_nanos(nanos))), exact);
            }
        }
    }

    #[test]
    fn timestamps_are_extended_across_the_wrap() {
        assert_eq!(MediaTime(0x1_0000_0005).near(0xffff_fff0), MediaTime(0xffff_fff0));
        assert_eq!(MediaTime(0xffff_fff0).near(5), MediaTime(0x1_0000_0005));
    }
}
