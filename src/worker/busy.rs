//! For how much of its time a worker is busy: what it does not wait. Time that others take from its core is part of that, so a worker
//! on a slow core counts as one that has more to do.

use std::time::{Duration, Instant};

use super::spreads::{Delays, delays, micros};
use crate::conference::placement::PerMille;

/// What is shorter says nothing: a worker may be asked at any time.
const MEASURED_OVER: Duration = Duration::from_millis(500);

/// What a worker does with its time.
#[derive(Debug)]
pub(super) struct Busy {
    total: Duration,
    /// When the share was looked at last, and how much it had been busy then.
    looked: (Instant, Duration),
    share: PerMille,
    woke: Instant,
    turns: Delays,
}

impl Busy {
    /// Of a worker that begins at `now`.
    pub(super) fn new(now: Instant) -> Busy {
        Busy {
            total: Duration::ZERO,
            looked: (now, Duration::ZERO),
            share: PerMille::default(),
            woke: now,
            turns: delays(),
        }
    }

    /// It waits from `now` on.
    pub(super) fn waits(&mut self, now: Instant) {
        let turn = now.saturating_duration_since(self.woke);
        self.total += turn;
        self.turns.record(micros(turn), 1);
        self.woke = now;
    }

    /// It has waited until `now`.
    pub(super) fn goes_on(&mut self, now: Instant) {
        self.woke = now;
    }

    /// For how long it was busy.
    pub(super) fn total(&self) -> Duration {
        self.total
    }

    /// How long each time lasted that it did not wait.
    pub(super) fn turns(&self) -> Delays {
        self.turns
    }

    /// For how much of the last second: since this was asked last, if that is long enough ago.
    pub(super) fn share(&mut self, now: Instant) -> PerMille {
        let (at, before) = self.looked;
        let passed = now.saturating_duration_since(at);
        if passed >= MEASURED_OVER {
            let busy = self.total.saturating_sub(before).as_micros();
            let share = (busy * 1_000).checked_div(passed.as_micros()).unwrap_or_default();
            self.share = PerMille(u16::try_from(share.min(1_000)).unwrap_or(1_000));
            self.looked = (now, self.total);
        }
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_it_waits_is_not_busy_and_a_share_is_of_the_last_second() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut busy = Busy::new(start);
        busy.waits(at(100));
        busy.goes_on(at(700));
        busy.waits(at(1_000));
        assert_eq!((busy.share(at(1_000)), busy.total()), (PerMille(400), Duration::from_millis(400)));
        busy.goes_on(at(1_100));
        busy.waits(at(1_200));
        assert_eq!(busy.share(at(1_200)), PerMille(400), "too soon to say");
        busy.goes_on(at(2_000));
        assert_eq!(busy.share(at(2_000)), PerMille(100));
    }
}
