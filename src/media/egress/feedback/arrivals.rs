//! Transport-wide feedback: which packets arrived when (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).

use rtcp_types::prelude::FciParser;
use rtcp_types::{Twcc, TwccPacketStatus};

use crate::media::estimate::Reported;

/// Microseconds that a packet's time counts in.
const TICK: i64 = 250;

/// Microseconds that reference times count in.
const REFERENCE_TICK: i64 = 64_000;

/// Bits of a reference time: it wraps each 12 days.
const REFERENCE_BITS: u32 = 24;

/// Packets that one compound may speak of: a browser reports every 50 to 250 ms, of some hundred packets at most. Sixteen bytes
/// can speak of 65,535, and one datagram could do so forty times.
pub(super) const MOST_STATUSES: usize = 4_096;

/// What one packet of transport-wide feedback says.
#[derive(Debug)]
pub struct Arrivals<'a> {
    feedback: Twcc<'a>,
    /// How many packets of it are looked at.
    most: usize,
}

impl<'a> Arrivals<'a> {
    /// Reads what follows the header of the packet. What it speaks of is taken off `statuses`.
    pub(super) fn read(control: &'a [u8], statuses: &mut usize) -> Option<Arrivals<'a>> {
        let feedback = Twcc::parse(control).ok()?;
        let [_, _, high, low, ..] = *control else { return None };
        let most = usize::from(u16::from_be_bytes([high, low])).min(*statuses);
        *statuses -= most;
        Some(Arrivals { feedback, most })
    }

    /// The packets it speaks of, in the order of their numbers: those that came with the time when, those that were lost with
    /// none. Ends where the packet was cut, or says what means nothing.
    pub fn reported(&self, clock: &mut ReferenceClock) -> impl Iterator<Item = Reported> + use<'a> {
        let mut at = clock.micros(self.feedback.reference_time());
        self.feedback.packets().take(self.most).map_while(move |packet| {
            let (number, status) = packet.ok()?;
            let arrival = match status {
                TwccPacketStatus::NotReceived => None,
                TwccPacketStatus::Received { delta } => {
                    at = at.saturating_add(i64::from(delta) * TICK);
                    Some(at)
                }
            };
            Some(Reported { number, arrival })
        })
    }
}

/// The receiver's clock, as its reference times tell it: extended over their wraps.
#[derive(Debug, Default)]
pub struct ReferenceClock {
    /// The newest reference time, in its ticks.
    newest: Option<i64>,
}

impl ReferenceClock {
    /// The microseconds of a reference time: that nearest to the newest one.
    fn micros(&mut self, reference: u32) -> i64 {
        let newest = self.newest.unwrap_or(reference.into());
        let ahead =
            i64::from(reference).wrapping_sub(newest) << (64 - REFERENCE_BITS) >> (64 - REFERENCE_BITS);
        // Six days in each feedback: there is an end to what a number holds.
        let at = newest.saturating_add(ahead);
        self.newest = Some(newest.max(at));
        at.saturating_mul(REFERENCE_TICK)
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they have 24 bits")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A clock that goes on, by any steps of less than six days, is told to go on; one that steps back is told to.
        #[test]
        fn reference_times_are_extended_over_their_wraps(
            start in 0_i64..1 << 24,
            steps in prop::collection::vec(-100_i64..(1 << 23) - 100, 1..50),
        ) {
            let (mut clock, mut time) = (ReferenceClock::default(), start);
            prop_assert_eq!(clock.micros(start as u32), start * 64_000);
            for step in steps {
                let reference = (time + step) & 0xff_ffff;
                prop_assert_eq!(clock.micros(reference as u32), (time + step) * 64_000);
                time = time.max(time + step);
            }
        }
    }

    #[test]
    fn a_clock_that_leaps_for_ever_ends_where_numbers_do() {
        let mut clock = ReferenceClock::default();
        for newest in [i64::MAX / REFERENCE_TICK - 5, i64::MAX - 5] {
            clock.newest = Some(newest);
            let told = newest.wrapping_add(1_000) as u32 & 0xff_ffff;
            assert_eq!(clock.micros(told), i64::MAX);
        }
        // The step of a packet leads no further either.
        let control = [0, 1, 0, 1, 0, 0, 0, 1, 0x20, 1, 200, 0];
        let arrivals = Arrivals::read(&control, &mut 10).expect("one packet that came");
        assert_eq!(arrivals.reported(&mut clock).next().map(|it| it.arrival.is_some()), Some(true));
    }
}
