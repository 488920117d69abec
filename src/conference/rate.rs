//! How much one socket may ask: messages are dropped unread beyond their rate, offers wait.

use std::time::{Duration, Instant};

use crate::limits::{Limit, Limits};

/// A message costs one for each of these bytes begun: reading 64 of the largest offers a second would be 32 MB of JSON.
const BYTES_PER_COST: usize = 8 * 1024;

/// What may come at once, in seconds' worth of the rate: a page that comes back says all its state in one go.
const MESSAGE_BURST_SECONDS: usize = 2;

/// Offers that are read at once: the first one, three steps of slots, a screen and an ICE restart.
const OFFER_BURST: usize = 6;

/// How long a socket may be over its rate before it is closed. No client of ours is for a second; one that loops does not
/// stop by itself.
const FLOOD_PATIENCE: Duration = Duration::from_secs(10);

/// Two messages too many with more than this between them are no flood.
const FLOOD_PAUSE: Duration = Duration::from_secs(2);

/// At most one error about it in this time.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Meters a rate with a burst: the generic cell rate algorithm (ITU-T I.371) with `now` as an argument.
#[derive(Debug, Clone, Copy, Default)]
struct Meter {
    /// When everything taken so far is paid for.
    paid_at: Option<Instant>,
}

impl Meter {
    /// Takes `cost`, of which there are `per_second`, and at most `burst` at once.
    ///
    /// # Errors
    /// When it can be taken, if not now; nothing is taken then.
    fn take(&mut self, now: Instant, cost: usize, per_second: usize, burst: usize) -> Result<(), Instant> {
        let times = |span: Duration, by: usize| span.saturating_mul(u32::try_from(by).unwrap_or(u32::MAX));
        let each = Duration::from_secs(1) / u32::try_from(per_second.max(1)).unwrap_or(u32::MAX);
        let owed = self.paid_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        // Nobody owes more than a burst, unless the clock went back.
        let owed = if owed > times(each, burst) { Duration::ZERO } else { owed };
        let owed = owed.saturating_add(times(each, cost.min(burst)));
        if let Some(over) = owed.checked_sub(times(each, burst)).filter(|over| !over.is_zero()) {
            return Err(now.checked_add(over).unwrap_or(now));
        }
        self.paid_at = now.checked_add(owed);
        Ok(())
    }
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// Read it.
    Read,
    /// Drop it, and say so.
    DropAndTell,
    /// Drop it.
    Drop,
    /// Drop it and close the socket.
    Close,
}

/// A socket that is over its rate.
#[derive(Debug, Clone, Copy)]
struct Flood {
    since: Instant,
    last: Instant,
    told: Instant,
}

/// What one socket asked of late.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flow {
    messages: Meter,
    offers: Meter,
    flood: Option<Flood>,
}

impl Flow {
    /// A message of so many bytes came.
    pub(super) fn message(&mut self, now: Instant, bytes: usize, limits: &Limits) -> Passage {
        let rate = limits.get(Limit::MessagesPerSecond);
        let cost = bytes.div_ceil(BYTES_PER_COST).max(1);
        let burst = rate.saturating_mul(MESSAGE_BURST_SECONDS);
        if self.messages.take(now, cost, rate, burst).is_ok() {
            return Passage::Read;
        }
        let Some(flood) =
            self.flood.as_mut().filter(|flood| now.saturating_duration_since(flood.last) < FLOOD_PAUSE)
        else {
            self.flood = Some(Flood { since: now, last: now, told: now });
            return Passage::DropAndTell;
        };
        flood.last = now;
        if now.saturating_duration_since(flood.since) >= FLOOD_PATIENCE {
            Passage::Close
        } else if now.saturating_duration_since(flood.told) >= TELL_EVERY {
            flood.told = now;
            Passage::DropAndTell
        } else {
            Passage::Drop
        }
    }

    /// Whether one more offer may be read.
    ///
    /// # Errors
    /// When it may, if not now.
    pub(super) fn offer(&mut self, now: Instant, limits: &Limits) -> Result<(), Instant> {
        self.offers.take(now, 1, limits.get(Limit::OffersPerSecond), OFFER_BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_gives_its_burst_and_then_its_rate() {
        let (start, mut meter) = (Instant::now(), Meter::default());
        let mut taken = |millis| meter.take(start + Duration::from_millis(millis), 1, 10, 3);
        let at = |millis| Err(start + Duration::from_millis(millis));
        assert_eq!([taken(0), taken(0), taken(0), taken(0)], [Ok(()), Ok(()), Ok(()), at(100)]);
        assert_eq!([taken(99), taken(100), taken(150)], [at(100), Ok(()), at(200)]);
        assert_eq!(
            [taken(5_000), taken(5_000), taken(5_000), taken(5_000)],
            [Ok(()), Ok(()), Ok(()), at(5_100)]
        );
    }

    #[test]
    fn what_costs_more_than_the_burst_passes_when_nothing_is_owed() {
        let (start, mut meter) = (Instant::now(), Meter::default());
        assert_eq!(meter.take(start, 50, 10, 3), Ok(()));
        assert_eq!(meter.take(start, 50, 10, 3), Err(start + Duration::from_millis(300)));
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_waiting() {
        let (start, mut meter) = (Instant::now(), Meter::default());
        let ahead = start + Duration::from_secs(3);
        assert_eq!([(); 3].map(|()| meter.take(ahead, 1, 10, 3)), [Ok(()); 3]);
        assert_eq!(meter.take(start, 1, 10, 3), Ok(()));
    }

    #[test]
    fn a_large_message_counts_for_many() {
        let (now, limits) = (Instant::now(), Limits::default());
        let passed = |bytes| {
            let mut flow = Flow::default();
            (0..1_000).take_while(|_| flow.message(now, bytes, &limits) == Passage::Read).count()
        };
        assert_eq!((passed(10), passed(160 * 1024), passed(512 * 1024)), (100, 5, 1));
    }
}
