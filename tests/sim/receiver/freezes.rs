//! Frozen time as libwebrtc counts it: an interval between two pictures that is longer than three times the average, and
//! than the average and 150 ms.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Intervals the average is of.
const AVERAGED: usize = 30;

/// Before so many intervals are known nothing is a freeze.
const KNOWN: usize = 5;

/// An interval is longer than the average by this at least.
const LONGER: Duration = Duration::from_millis(150);

/// The pictures of one person, by when they were on the screen.
#[derive(Debug, Default)]
pub struct Freezes {
    intervals: VecDeque<Duration>,
    last: Option<Instant>,
    watched: Option<Instant>,
    frozen: Duration,
    /// When the last freeze ended.
    ended: Option<Instant>,
}

impl Freezes {
    /// Frozen time is counted from now.
    pub fn start_watching(&mut self, now: Instant) {
        (self.watched, self.frozen, self.ended) = (Some(now), Duration::ZERO, None);
    }

    /// A picture is on the screen at `at`.
    pub fn rendered(&mut self, at: Instant) {
        let Some(last) = self.last.replace(at) else { return };
        let interval = at.saturating_duration_since(last);
        if self.is_freeze(interval) {
            self.frozen += at.saturating_duration_since(self.watched.map_or(last, |from| from.max(last)));
            self.ended = Some(at);
        }
        self.intervals.push_back(interval);
        if self.intervals.len() > AVERAGED {
            self.intervals.pop_front();
        }
    }

    fn is_freeze(&self, interval: Duration) -> bool {
        let known = self.intervals.len();
        if known < KNOWN {
            return false;
        }
        let average = self.intervals.iter().sum::<Duration>() / known as u32;
        interval > (average * 3).max(average + LONGER)
    }

    /// How long the picture stood still, up to now: libwebrtc counts a freeze when it is over, and one that is not over
    /// is one all the same.
    pub fn frozen(&self, now: Instant) -> Duration {
        self.frozen + self.open(now).map_or(Duration::ZERO, |since| now - since)
    }

    /// Since when the picture stands still now.
    fn open(&self, now: Instant) -> Option<Instant> {
        let last = self.last.filter(|last| self.is_freeze(now.saturating_duration_since(*last)))?;
        Some(self.watched.map_or(last, |from| from.max(last)))
    }

    /// Until when the picture stood still last, if it did. `now` while it does.
    pub fn ended(&self, now: Instant) -> Option<Instant> {
        self.open(now).map(|_| now).or(self.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Frozen time after pictures at these intervals.
    fn frozen(intervals: &[u64], rest: u64) -> Duration {
        let mut at = Instant::now();
        let mut freezes = Freezes::default();
        freezes.start_watching(at);
        freezes.rendered(at);
        for interval in intervals {
            at += ms(*interval);
            freezes.rendered(at);
        }
        freezes.frozen(at + ms(rest))
    }

    #[test]
    fn an_interval_is_a_freeze_beyond_three_times_the_average_and_the_average_and_150_ms() {
        let even = [33; 30];
        assert_eq!(frozen(&[&even[..], &[183]].concat(), 0), Duration::ZERO);
        assert_eq!(frozen(&[&even[..], &[184]].concat(), 0), ms(184));
        // Five pictures a second: the average and 150 ms is less than three times it.
        let slow = [200; 30];
        assert_eq!(frozen(&[&slow[..], &[600]].concat(), 0), Duration::ZERO);
        assert_eq!(frozen(&[&slow[..], &[601]].concat(), 0), ms(601));
        assert_eq!(frozen(&[33, 33, 33, 33, 900], 0), Duration::ZERO, "too little is known");
    }

    #[test]
    fn a_picture_that_stands_still_at_the_end_is_frozen() {
        assert_eq!(frozen(&[33; 30], 5_000), ms(5_000));
        assert_eq!(frozen(&[33; 30], 100), Duration::ZERO);
    }
}
