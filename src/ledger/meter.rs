//! A rate with a burst.

use std::time::{Duration, Instant};

/// Meters a rate with a burst: the generic cell rate algorithm (ITU-T I.371) with `now` as an argument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meter {
    /// When everything taken so far is paid for.
    paid_at: Option<Instant>,
}

impl Meter {
    /// Takes `cost`, of which there are `per_second`, and at most `burst` at once.
    ///
    /// # Errors
    /// When it can be taken, if not now; nothing is taken then.
    pub fn take(
        &mut self,
        now: Instant,
        cost: usize,
        per_second: usize,
        burst: usize,
    ) -> Result<(), Instant> {
        self.take_of(now, cost, Rate { amount: per_second, per: Duration::from_secs(1), burst })
    }

    /// Takes `cost` of a rate.
    ///
    /// # Errors
    /// When it can be taken, if not now; nothing is taken then.
    pub fn take_of(&mut self, now: Instant, cost: usize, rate: Rate) -> Result<(), Instant> {
        self.paid_at = Some(self.after(now, cost, rate)?);
        Ok(())
    }

    /// Whether `cost` of a rate could be taken.
    ///
    /// # Errors
    /// When it can, if not now.
    pub fn look(&self, now: Instant, cost: usize, rate: Rate) -> Result<(), Instant> {
        self.after(now, cost, rate).map(|_| ())
    }

    /// When everything taken so far is paid for; `None` if nothing was ever taken.
    #[must_use]
    pub fn paid_at(&self) -> Option<Instant> {
        self.paid_at
    }

    fn after(&self, now: Instant, cost: usize, rate: Rate) -> Result<Instant, Instant> {
        let Rate { amount, per, burst } = rate;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        // At least a nanosecond: above a thousand million a second there is no rate.
        let each = (per / number(amount.max(1))).max(Duration::from_nanos(1));
        let owed = self.paid_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        // Nobody owes more than a burst, unless the clock went back.
        let owed = if owed > each.saturating_mul(number(burst)) { Duration::ZERO } else { owed };
        let owed = owed.saturating_add(each.saturating_mul(number(cost.min(burst))));
        if let Some(over) =
            owed.checked_sub(each.saturating_mul(number(burst))).filter(|over| !over.is_zero())
        {
            return Err(now.checked_add(over).unwrap_or(now));
        }
        Ok(now.checked_add(owed).unwrap_or(now))
    }
}

/// How much of something there is, in time and at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So much...
    pub amount: usize,
    /// ...in this time,
    pub per: Duration,
    /// and at most so much at once.
    pub burst: usize,
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
    fn looking_takes_nothing() {
        let (start, mut meter) = (Instant::now(), Meter::default());
        let rate = Rate { amount: 60, per: Duration::from_secs(60), burst: 1 };
        assert_eq!([meter.look(start, 1, rate), meter.look(start, 1, rate)], [Ok(()), Ok(())]);
        assert_eq!(meter.take_of(start, 1, rate), Ok(()));
        assert_eq!(meter.look(start, 1, rate), Err(start + Duration::from_secs(1)));
        assert_eq!(meter.paid_at(), Some(start + Duration::from_secs(1)));
    }
}
