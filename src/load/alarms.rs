//! Who is to be run when. Whoever is moved is found again at their old time and passed over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The next time of each person.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    set: Vec<Option<Instant>>,
}

impl Alarms {
    /// Person `who` is to be run then, and at no other time.
    pub(super) fn set(&mut self, who: usize, at: Option<Instant>) {
        if self.set.len() <= who {
            self.set.resize(who + 1, None);
        }
        let Some(slot) = self.set.get_mut(who) else { return };
        if *slot == at {
            return;
        }
        *slot = at;
        self.heap.extend(at.map(|at| Reverse((at, who))));
    }

    /// The next time anybody is to be run. Never later; sometimes earlier.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Somebody who is to be run by `now`.
    pub(super) fn due(&mut self, now: Instant) -> Option<usize> {
        while self.next().is_some_and(|at| at <= now) {
            let Reverse((at, who)) = self.heap.pop()?;
            if let Some(slot) = self.set.get_mut(who).filter(|slot| **slot == Some(at)) {
                *slot = None;
                return Some(who);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn everybody_is_run_once_at_their_last_time() {
        let (mut alarms, now) = (Alarms::default(), Instant::now());
        let at = |millis| now + Duration::from_millis(millis);
        alarms.set(3, Some(at(30)));
        alarms.set(1, Some(at(10)));
        alarms.set(2, Some(at(20)));
        alarms.set(1, Some(at(25)));
        alarms.set(3, None);
        assert_eq!(alarms.due(at(9)), None);
        assert_eq!(std::iter::from_fn(|| alarms.due(at(40))).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((alarms.due(at(99)), alarms.next()), (None, None));
    }
}
