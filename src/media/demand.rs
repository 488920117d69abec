//! Whether a layer is to be sent at all: what nobody takes stops at its source, after a while, and begins again at once when
//! somebody wants it.
//!
//! ```text
//!            nobody takes it for LINGERS
//!   ┌─> Sent ───────────────────────────> Stopped ──┐
//!   │                                               │ somebody wants it
//!   └──────── COMES_WITHIN has passed ── Starting <─┘
//! ```
//!
//! What was stopped here is there on demand, unlike what its publisher's device or uplink dropped. If it does not come when it is
//! asked for, it is like that. Only what sends is stopped, so what cannot be sent is not asked for again and again.

use std::time::{Duration, Instant};

/// A layer that nobody takes is stopped after so long. A page that is hidden for a moment, a tile that is small while a window is
/// moved, a person who is pinned and let go again: each way costs a key frame, and a publisher's encoder is set up anew.
pub const LINGERS: Duration = Duration::from_secs(5);

/// A layer that was asked for again comes within this: signaling has to travel, and a browser's uplink estimate to grow, for
/// which it probes for two to three seconds.
pub const COMES_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Sent,
    Stopped,
    Starting(Instant),
}

/// Whether one layer is to be sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demand {
    state: State,
    /// Since when nobody takes what is sent.
    unwanted: Option<Instant>,
}

impl Demand {
    /// Its publisher was told not to send it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.state == State::Stopped
    }

    /// It may be silent because it was stopped here: it is there for whoever wants it.
    #[must_use]
    pub fn excuses(&self) -> bool {
        self.state != State::Sent
    }

    /// Whether somebody wants it, and whether it `sends` or would. Returns when to look again.
    pub fn review(&mut self, now: Instant, wanted: bool, sends: bool) -> Option<Instant> {
        match self.state {
            State::Stopped if wanted => self.state = State::Starting(now),
            State::Starting(since) if now >= since + COMES_WITHIN => self.state = State::Sent,
            _ => {}
        }
        if wanted || !sends || self.is_stopped() {
            self.unwanted = None;
        } else {
            let since = *self.unwanted.get_or_insert(now);
            if now >= since + LINGERS {
                *self = Demand { state: State::Stopped, unwanted: None };
            }
        }
        let started = match self.state {
            State::Starting(since) => Some(since + COMES_WITHIN),
            State::Sent | State::Stopped => None,
        };
        self.unwanted.map(|since| since + LINGERS).into_iter().chain(started).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn what_nobody_takes_stops_after_a_while_and_begins_again_at_once() {
        let (start, mut demand) = (Instant::now(), Demand::default());
        assert_eq!(demand.review(start, true, true), None);
        assert_eq!(demand.review(at(start, 1_000), false, true), Some(at(start, 6_000)));
        demand.review(at(start, 5_999), false, true);
        assert!(!demand.is_stopped());
        assert_eq!(demand.review(at(start, 6_000), false, true), None, "there is nothing to look at again");
        assert!(demand.is_stopped());
        assert_eq!(demand.review(at(start, 60_000), true, true), Some(at(start, 65_000)));
        assert!(!demand.is_stopped() && demand.excuses());
        assert_eq!(demand.review(at(start, 65_000), true, true), None);
        assert!(!demand.excuses(), "from here on its silence is its publisher's");
    }

    #[test]
    fn a_flicker_changes_nothing() {
        let (start, mut demand) = (Instant::now(), Demand::default());
        for second in 0..60 {
            demand.review(at(start, second * 1_000), second % 4 == 0, true);
            assert!(!demand.is_stopped(), "after {second} s");
        }
    }

    #[test]
    fn what_does_not_send_is_not_stopped_and_so_not_asked_for_again() {
        let (start, mut demand) = (Instant::now(), Demand::default());
        for second in 0..60 {
            assert_eq!(demand.review(at(start, second * 1_000), false, false), None);
            assert!(!demand.excuses());
        }
        demand.review(at(start, 60_000), false, true);
        demand.review(at(start, 64_000), false, true);
        assert!(!demand.is_stopped(), "it is counted from when it began");
    }
}
