//! A timer wheel: one deadline per peer, found again without visiting everybody.
//!
//! 4,096 buckets of one millisecond and a bit for each. A deadline further away than the wheel goes into the last
//! bucket before the hand and is looked at again when that comes round. Moving a deadline back costs nothing: the old
//! entry stays, and its owner is asked when it fires.

use std::time::{Duration, Instant};

use super::table::{Key, PeerKey};

/// Buckets in the wheel. With one of 1 ms each the wheel spans four seconds: longer than all but the ICE timeouts.
const BUCKETS: usize = 4096;
const WORDS: usize = BUCKETS / 64;

/// Deadlines by peer.
#[derive(Debug)]
pub struct Timers {
    start: Instant,
    /// The tick up to which everything was fired.
    hand: u64,
    buckets: Vec<Vec<PeerKey>>,
    occupied: [u64; WORDS],
    /// The tick at which each key has its earliest entry in the wheel.
    entries: Vec<Option<u64>>,
}

impl Timers {
    /// An empty wheel.
    #[must_use]
    pub fn new(start: Instant) -> Timers {
        Timers {
            start,
            hand: 0,
            buckets: vec![Vec::new(); BUCKETS],
            occupied: [0; WORDS],
            entries: Vec::new(),
        }
    }

    /// The tick that has passed at `at`: an entry is due once its tick has passed, at most 1 ms before its deadline.
    fn tick(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    /// Wants `key` to fire at `deadline`. Does nothing if it fires earlier already.
    pub fn schedule(&mut self, key: PeerKey, deadline: Instant) {
        let span = BUCKETS as u64 - 1;
        let tick = self.tick(deadline).clamp(self.hand + 1, self.hand + span);
        let index = key.index();
        if self.entries.len() <= index {
            self.entries.resize(index + 1, None);
        }
        let Some(entry) = self.entries.get_mut(index) else { return };
        if entry.is_some_and(|earlier| earlier <= tick) {
            return;
        }
        *entry = Some(tick);
        self.put(key, tick);
    }

    fn put(&mut self, key: PeerKey, tick: u64) {
        let bucket = bucket(tick);
        if let Some(keys) = self.buckets.get_mut(bucket) {
            keys.push(key);
        }
        if let Some(word) = self.occupied.get_mut(bucket / 64) {
            *word |= 1 << (bucket % 64);
        }
    }

    /// Forgets `key`. Its entries fire into nothing.
    pub fn cancel(&mut self, key: PeerKey) {
        if let Some(entry) = self.entries.get_mut(key.index()) {
            *entry = None;
        }
    }

    /// When to call [`Timers::fire`] next, if anything waits.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let from = bucket(self.hand + 1);
        let distance = self.next_occupied(from)?;
        Some(self.start + Duration::from_millis(self.hand + 1 + distance as u64))
    }

    /// How many buckets after `from` the first occupied one is.
    fn next_occupied(&self, from: usize) -> Option<usize> {
        let (word, bit) = (from / 64, from % 64);
        for step in 0..=WORDS {
            let at = (word + step) % WORDS;
            let mut bits = self.occupied.get(at).copied().unwrap_or(0);
            if step == 0 {
                bits &= u64::MAX << bit;
            } else if step == WORDS {
                bits &= !(u64::MAX << bit);
            }
            if bits != 0 {
                let bucket = at * 64 + bits.trailing_zeros() as usize;
                return Some((bucket + BUCKETS - from) % BUCKETS);
            }
        }
        None
    }

    /// Moves the hand to `now` and adds every key that is due to `due`, each once.
    pub fn fire(&mut self, now: Instant, due: &mut Vec<PeerKey>) {
        let target = self.tick(now);
        while self.hand < target {
            let from = bucket(self.hand + 1);
            let Some(distance) = self.next_occupied(from) else { break };
            let tick = self.hand + 1 + distance as u64;
            if tick > target {
                break;
            }
            self.hand = tick;
            self.empty(tick, due);
        }
        self.hand = self.hand.max(target);
    }

    fn empty(&mut self, tick: u64, due: &mut Vec<PeerKey>) {
        let bucket = bucket(tick);
        if let Some(word) = self.occupied.get_mut(bucket / 64) {
            *word &= !(1 << (bucket % 64));
        }
        let Some(keys) = self.buckets.get_mut(bucket) else { return };
        for key in keys.drain(..) {
            if let Some(entry) = self.entries.get_mut(key.index())
                && *entry == Some(tick)
            {
                *entry = None;
                due.push(key);
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the remainder is below 4,096")]
fn bucket(tick: u64) -> usize {
    (tick % BUCKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_far_deadline_is_looked_at_again_before_it_is_due() {
        let start = Instant::now();
        let mut timers = Timers::new(start);
        timers.schedule(PeerKey::of(3), start + ms(10_000));
        let mut due = Vec::new();
        timers.fire(start + ms(5_000), &mut due);
        assert_eq!(due, [PeerKey::of(3)], "fires early; the owner schedules it again");
    }

    proptest! {
        /// Whoever asked for a deadline within the span fires at its millisecond and not before.
        #[test]
        fn everyone_fires_at_their_millisecond(wishes in prop::collection::vec((0u32..50, 1u64..4_000), 1..200)) {
            let start = Instant::now();
            let mut timers = Timers::new(start);
            let mut wanted = std::collections::BTreeMap::new();
            for (key, at) in wishes {
                timers.schedule(PeerKey::of(key), start + ms(at));
                let earliest = wanted.entry(key).or_insert(at);
                *earliest = at.min(*earliest);
            }
            let mut fired = std::collections::BTreeMap::new();
            while let Some(next) = timers.next() {
                let mut due = Vec::new();
                timers.fire(next, &mut due);
                for key in due {
                    let at = u64::try_from((next - start).as_millis()).unwrap();
                    prop_assert!(fired.insert(key.number(), at).is_none(), "fires once");
                }
            }
            prop_assert_eq!(fired, wanted);
        }
    }
}
