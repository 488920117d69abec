//! How long a room stays on the server after it went back there: longer each time, so that nobody makes it go to and fro. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::SETTLED_AFTER;
use crate::media::ids::PeerId;

/// No wait is longer than that.
pub(super) const LONGEST: Duration = Duration::from_secs(320);

/// What was long ago counts no more: so long after the last time it begins from nothing.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// So many times a room goes back in all, whoever caused it, before that alone makes it wait longer: four who come and load
/// their pages anew are no trouble.
pub(super) const IN_ALL: u32 = 6;

/// How often it was, and when last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Times {
    count: u32,
    last: Option<Instant>,
}

impl Times {
    /// It is once more: how often now.
    fn again(&mut self, now: Instant) -> u32 {
        let long_ago = |last: Instant| now.saturating_duration_since(last) >= FORGOTTEN_AFTER;
        if self.last.is_none_or(long_ago) {
            self.count = 0;
        }
        self.last = Some(now);
        self.count = self.count.saturating_add(1);
        self.count
    }
}

/// How often a room went back to the server of late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// By who caused it, of those who are here.
    people: BTreeMap<PeerId, Times>,
    /// In all, so that nobody escapes it by coming anew.
    all: Times,
}

impl Pace {
    /// The room goes back to the server, because of somebody where that is known: how long it is to stay there.
    pub(super) fn went_back(&mut self, now: Instant, by: Option<PeerId>) -> Duration {
        let all = self.all.again(now).saturating_sub(IN_ALL);
        let own = by.map_or(1, |id| self.people.entry(id).or_default().again(now));
        doubled(own.saturating_sub(1).max(all))
    }

    /// Those of whom this is false are not here any more.
    pub(super) fn keep(&mut self, is_here: impl Fn(&PeerId) -> bool) {
        self.people.retain(|id, _| is_here(id));
    }

    /// What is the same about two that make the same waits: see the tests of the course.
    #[cfg(test)]
    pub(super) fn shape(&self, now: Instant) -> String {
        let since = |times: &Times| (times.count, times.last.map(|last| now.saturating_duration_since(last)));
        let people: Vec<_> = self.people.iter().map(|(id, times)| (*id, since(times))).collect();
        format!("{people:?} {:?}", since(&self.all))
    }
}

/// Twice as long each time.
fn doubled(times: u32) -> Duration {
    SETTLED_AFTER.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Option<PeerId> = Some(PeerId(1));
    const BOB: Option<PeerId> = Some(PeerId(2));

    #[test]
    fn who_sends_a_room_back_again_makes_it_wait_twice_as_long_each_time_and_nobody_else_does() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let waits: Vec<u64> = (0..5).map(|_| pace.went_back(now, ANN).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80]);
        assert_eq!(pace.went_back(now, BOB), SETTLED_AFTER);
    }

    #[test]
    fn no_wait_is_longer_than_some_minutes_and_a_quiet_time_ends_them() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let longest = (0..1_000).map(|_| pace.went_back(now, ANN)).max();
        assert_eq!(longest, Some(LONGEST));
        let almost = now + (FORGOTTEN_AFTER / 2);
        assert_eq!(pace.went_back(almost, ANN), LONGEST);
        assert_eq!(pace.went_back(almost + FORGOTTEN_AFTER, ANN), SETTLED_AFTER);
    }

    #[test]
    fn who_comes_anew_each_time_makes_it_wait_longer_too() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let waits: Vec<u64> = (0..9)
            .map(|guest| {
                pace.keep(|_| false);
                pace.went_back(now, Some(PeerId(guest))).as_secs()
            })
            .collect();
        assert_eq!(waits, [5, 5, 5, 5, 5, 5, 10, 20, 40]);
    }
}
