//! Rates of whoever, or whatever, has no address.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::meter::{Meter, Rate};

/// A meter for each that owes something: no more than there may be. Of too many the one that owes least is forgotten.
#[derive(Debug, Clone)]
pub struct Meters<K> {
    owing: BTreeMap<K, Meter>,
    /// By the time at which they are paid for.
    paid: BTreeSet<(Instant, K)>,
    forgiven: u64,
}

impl<K> Default for Meters<K> {
    fn default() -> Self {
        Self { owing: BTreeMap::new(), paid: BTreeSet::new(), forgiven: 0 }
    }
}

impl<K: Ord + Clone> Meters<K> {
    /// Takes one of the rate of `key`; of so many at most anything is known.
    ///
    /// # Errors
    /// When it can be taken, if not now; nothing is taken then.
    pub fn take(&mut self, now: Instant, key: &K, rate: Rate, most: usize) -> Result<(), Instant> {
        while self.paid.first().is_some_and(|(at, _)| *at <= now) {
            self.forget_first();
        }
        let mut meter = self.owing.get(key).copied().unwrap_or_default();
        let before = meter.paid_at();
        meter.take_of(now, 1, rate)?;
        if let Some(at) = before {
            self.paid.remove(&(at, key.clone()));
        } else if self.owing.len() >= most {
            self.forgiven += 1;
            self.forget_first();
        }
        if let Some(at) = meter.paid_at() {
            self.paid.insert((at, key.clone()));
        }
        self.owing.insert(key.clone(), meter);
        Ok(())
    }

    /// How many were forgotten although they owed.
    #[must_use]
    pub fn forgiven(&self) -> u64 {
        self.forgiven
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.paid.pop_first() {
            self.owing.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate { amount: 1, per: Duration::from_secs(1), burst: 2 };

    #[test]
    fn each_has_a_rate_of_its_own_and_is_forgotten_once_it_is_paid_for() {
        let (mut meters, start) = (Meters::default(), Instant::now());
        let mut take = |key: &str, seconds| {
            meters.take(start + Duration::from_secs(seconds), &key.to_owned(), RATE, 9).is_ok()
        };
        assert_eq!([take("a", 0), take("a", 0), take("a", 0)], [true, true, false]);
        assert_eq!([take("b", 0), take("a", 1), take("a", 1)], [true, true, false]);
        assert!(take("c", 60));
        assert_eq!((meters.owing.len(), meters.paid.len()), (1, 1));
    }

    #[test]
    fn of_too_many_who_owes_least_is_forgotten() {
        let (mut meters, start) = (Meters::default(), Instant::now());
        for key in ["a", "a", "b", "c"] {
            meters.take(start, &key.to_owned(), RATE, 2).unwrap();
        }
        assert_eq!((meters.owing.len(), meters.paid.len(), meters.forgiven()), (2, 2, 1));
        assert!(meters.take(start, &"a".to_owned(), RATE, 2).is_err());
    }
}
