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

/// Somebody's downlink does not hold everybody's smallest picture: after so long their publishers are asked for less. A fall of an
/// estimate goes too far at first, and before the last picture is taken away three seconds pass.
pub const STARVES_FOR: Duration = Duration::from_secs(1);

/// And for as much as before when nobody is like that for so long: each way changes what everybody sees who sees that picture.
pub const RECOVERED_FOR: Duration = Duration::from_secs(10);

/// Whether the smallest picture of a camera is to be leaner than usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lean {
    is_lean: bool,
    /// Since when it is to be the other way.
    other: Option<Instant>,
}

impl Lean {
    /// Its publisher was told to send less.
    #[must_use]
    pub fn is_lean(&self) -> bool {
        self.is_lean
    }

    /// Whether somebody who is shown it `starves`. Returns when to look again.
    pub fn review(&mut self, now: Instant, starves: bool) -> Option<Instant> {
        if starves == self.is_lean {
            self.other = None;
            return None;
        }
        let wait = if starves { STARVES_FOR } else { RECOVERED_FOR };
        let at = *self.other.get_or_insert(now) + wait;
        if now < at {
            return Some(at);
        }
        *self = Lean { is_lean: starves, other: None };
        None
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
    fn who_starves_gets_less_after_a_second_and_who_recovers_more_after_ten() {
        let (start, mut lean) = (Instant::now(), Lean::default());
        assert_eq!(lean.review(start, true), Some(at(start, 1_000)));
        assert_eq!(lean.review(at(start, 900), false), None, "it was an undershoot");
        assert_eq!(lean.review(at(start, 1_100), true), Some(at(start, 2_100)));
        assert_eq!(lean.review(at(start, 2_100), true), None);
        assert!(lean.is_lean());
        assert_eq!(lean.review(at(start, 3_000), false), Some(at(start, 13_000)));
        assert_eq!(lean.review(at(start, 12_999), true), None);
        assert_eq!(lean.review(at(start, 13_000), false), Some(at(start, 23_000)));
        assert!(lean.is_lean());
        assert_eq!(lean.review(at(start, 23_000), false), None);
        assert!(!lean.is_lean());
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
