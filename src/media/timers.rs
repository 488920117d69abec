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

/// Where a chain ends: there are fewer entries.
const END: u32 = u32::MAX;

/// A key in a bucket.
#[derive(Debug, Clone, Copy)]
struct Entry {
    key: PeerKey,
    /// The place of the next in its bucket, or of the next that is free.
    next: u32,
}

/// Deadlines by peer.
#[derive(Debug)]
pub struct Timers {
    start: Instant,
    /// The tick up to which everything was fired.
    hand: u64,
    /// The place of the newest entry of each.
    buckets: Vec<u32>,
    chained: Vec<Entry>,
    /// The place of the first of `chained` that is in no bucket.
    free: u32,
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
            buckets: vec![END; BUCKETS],
            chained: Vec::new(),
            free: END,
            occupied: [0; WORDS],
            entries: Vec::new(),
        }
    }

    /// The tick that has passed at `at`: an entry is due once its tick has passed, at most 1 ms before its deadline.
    fn tick(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.start);
        since.as_secs().saturating_mul(1_000).saturating_add(since.subsec_millis().into())
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

    /// Whether `key` fires by `deadline`, or as near to it as the wheel spans.
    #[must_use]
    pub fn fires_by(&self, key: PeerKey, deadline: Instant) -> bool {
        let tick = self.tick(deadline).max(self.hand + 1);
        self.entries.get(key.index()).is_some_and(|entry| entry.is_some_and(|entry| entry <= tick))
    }

    fn put(&mut self, key: PeerKey, tick: u64) {
        let bucket = bucket(tick);
        let Some(newest) = self.buckets.get_mut(bucket) else { return };
        let entry = Entry { key, next: *newest };
        if let Some(free) = self.chained.get_mut(self.free as usize) {
            (*newest, self.free) = (self.free, free.next);
            *free = entry;
        } else if let Ok(place) = u32::try_from(self.chained.len())
            && place < END
        {
            *newest = place;
            self.chained.push(entry);
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
        let Some(newest) = self.buckets.get_mut(bucket) else { return };
        let mut place = std::mem::replace(newest, END);
        let before = due.len();
        while let Some(Entry { key, next }) = self.chained.get(place as usize).copied() {
            if let Some(entry) = self.entries.get_mut(key.index())
                && *entry == Some(tick)
            {
                *entry = None;
                due.push(key);
            }
            if let Some(gone) = self.chained.get_mut(place as usize) {
                gone.next = self.free;
            }
            (self.free, place) = (place, next);
        }
        // The newest come first in a chain.
        due.get_mut(before..).unwrap_or_default().reverse();
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
    fn whoever_was_first_of_a_millisecond_fires_first_and_entries_are_used_again() {
        let start = Instant::now();
        let mut timers = Timers::new(start);
        let keys: Vec<PeerKey> = (0..50).map(PeerKey::of).collect();
        for second in 1..100 {
            for key in &keys {
                timers.schedule(*key, start + ms(second * 1_000));
            }
            let mut due = Vec::new();
            timers.fire(start + ms(second * 1_000), &mut due);
            assert_eq!(due, keys);
        }
        assert_eq!(timers.chained.len(), keys.len());
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
