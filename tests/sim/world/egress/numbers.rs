//! Numbers on the wire that wrap: what they stand for, and whether each came.

use std::collections::BTreeSet;

/// The number that `low` bits stand for, nearest to `near`.
pub fn extend(low: u16, near: u64) -> u64 {
    let ahead = low.wrapping_sub(near as u16).cast_signed();
    near.checked_add_signed(i64::from(ahead)).unwrap_or(u64::from(low))
}

/// Numbers that are to go on one by one.
#[derive(Debug, Default)]
pub struct Run {
    next: Option<u64>,
    /// The first that was looked at. What left before it may be looked at later: its answer was not there yet.
    first: u64,
    /// Those that came before an earlier one.
    early: BTreeSet<u64>,
    /// Those before the first.
    late: BTreeSet<u64>,
}

impl Run {
    /// Takes one. False if it came before, or from nowhere.
    pub fn take(&mut self, low: u16) -> bool {
        let next = *self.next.get_or_insert_with(|| {
            self.first = u64::from(low) + (1 << 16);
            self.first
        });
        let number = extend(low, next);
        if number < self.first {
            return self.late.insert(number);
        }
        if number < next || !self.early.insert(number) {
            return false;
        }
        let mut next = next;
        while self.early.remove(&next) {
            next += 1;
        }
        self.next = Some(next);
        true
    }

    /// How many never came although a later one did.
    pub fn missing(&self) -> u64 {
        let before = self.late.first().map_or(0, |least| self.first - least - self.late.len() as u64);
        let (Some(next), Some(last)) = (self.next, self.early.last()) else { return before };
        before + last + 1 - next - self.early.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_one_by_one_over_a_turn_or_are_missed() {
        let mut run = Run::default();
        assert!((65_530..=65_535).chain(0..10).all(|number| run.take(number)));
        assert_eq!(run.missing(), 0);
        assert!(!run.take(5) && !run.take(65_535), "again");
        assert!(run.take(12) && run.take(11));
        assert_eq!(run.missing(), 1);
        assert!(run.take(10));
        assert_eq!(run.missing(), 0);
    }

    #[test]
    fn what_left_before_the_first_that_was_looked_at_comes_later_and_once() {
        let mut run = Run::default();
        assert!(run.take(2) && run.take(3) && run.take(0));
        assert_eq!(run.missing(), 1);
        assert!(!run.take(0) && !run.take(2), "again");
        assert!(run.take(1) && run.take(65_535));
        assert_eq!(run.missing(), 0);
    }
}
