//! Who comes and goes while it is measured: a storm of arrivals, and people who leave and come back. Sans-IO.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::rng::Rng;

/// A storm comes so long after the measuring began: what was before it can be told from it.
const STORM_AFTER: Duration = Duration::from_secs(2);

/// All of a storm come within this time.
const STORM: Duration = Duration::from_secs(1);

/// Whoever leaves comes back after this time, and whoever was refused tries again.
pub(super) const AWAY: Duration = Duration::from_secs(1);

/// What somebody is to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// One more comes to see and hear.
    Come,
    /// This one leaves.
    Leave(usize),
    /// This one comes back.
    Return(usize),
}

/// Arrivals that are still to come.
#[derive(Debug)]
struct Storm {
    left: u32,
    next: Instant,
    between: Duration,
}

/// Who comes and goes.
#[derive(Debug)]
pub(super) struct Plan {
    storm: Storm,
    /// When the next one leaves, and how long after that the one after.
    leaves: Option<(Instant, Duration)>,
    returns: VecDeque<(Instant, usize)>,
    rng: Rng,
}

impl Plan {
    /// `storm` people come at once, and `churn` a second leave and come back, from `now` on.
    pub(super) fn new(storm: u32, churn: f64, now: Instant, rng: Rng) -> Plan {
        let between = STORM.checked_div(storm).unwrap_or(STORM);
        let every = (churn > 0.0).then(|| Duration::from_secs_f64(1.0 / churn));
        Plan {
            storm: Storm { left: storm, next: now + STORM_AFTER, between },
            leaves: every.map(|every| (now + every, every)),
            returns: VecDeque::new(),
            rng,
        }
    }

    /// Somebody comes back after [`AWAY`].
    pub(super) fn comes_back(&mut self, who: usize, now: Instant) {
        self.returns.push_back((now + AWAY, who));
    }

    /// What is to be done `now`, one after the other, of so many people.
    pub(super) fn due(&mut self, now: Instant, people: usize) -> Option<Act> {
        if self.storm.left > 0 && self.storm.next <= now {
            self.storm.left -= 1;
            self.storm.next += self.storm.between;
            return Some(Act::Come);
        }
        if self.returns.front().is_some_and(|(at, _)| *at <= now) {
            return self.returns.pop_front().map(|(_, who)| Act::Return(who));
        }
        let (next, every) = self.leaves.as_mut().filter(|(next, _)| *next <= now)?;
        *next += *every;
        let place = usize::try_from(self.rng.next() >> 1).unwrap_or(0);
        Some(Act::Leave(place.checked_rem(people)?))
    }

    /// When something is to be done next.
    pub(super) fn next(&self) -> Option<Instant> {
        let storm = (self.storm.left > 0).then_some(self.storm.next);
        let returns = self.returns.front().map(|(at, _)| *at);
        storm.into_iter().chain(returns).chain(self.leaves.map(|(next, _)| next)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(plan: &mut Plan, until: Instant, people: usize) -> Vec<Act> {
        std::iter::from_fn(|| plan.due(until, people)).collect()
    }

    #[test]
    fn a_storm_comes_within_a_second_and_once() {
        let now = Instant::now();
        let mut plan = Plan::new(50, 0.0, now, Rng::new(1));
        assert_eq!(plan.next(), Some(now + STORM_AFTER));
        assert_eq!(acts(&mut plan, now + STORM_AFTER / 2, 9), []);
        assert_eq!(acts(&mut plan, now + STORM_AFTER, 9), [Act::Come]);
        assert_eq!(acts(&mut plan, now + STORM_AFTER + STORM, 9), [Act::Come; 49]);
        assert_eq!((acts(&mut plan, now + STORM_AFTER * 9, 9), plan.next()), (Vec::new(), None));
    }

    #[test]
    fn so_many_a_second_leave_and_each_comes_back() {
        let now = Instant::now();
        let mut plan = Plan::new(0, 4.0, now, Rng::new(1));
        let mut gone = Vec::new();
        for act in acts(&mut plan, now + Duration::from_secs(5), 10) {
            let Act::Leave(who) = act else { panic!("{act:?}") };
            assert!(who < 10);
            plan.comes_back(who, now + Duration::from_secs(5));
            gone.push(who);
        }
        assert_eq!(gone.len(), 20);
        assert!(gone.windows(2).any(|pair| pair[0] != pair[1]));
        let back: Vec<usize> = acts(&mut plan, now + Duration::from_secs(6), 10)
            .iter()
            .filter_map(|act| if let Act::Return(who) = act { Some(*who) } else { None })
            .collect();
        assert_eq!(back, gone);
    }

    #[test]
    fn nobody_is_nobody_who_could_leave() {
        let now = Instant::now();
        let mut plan = Plan::new(0, 4.0, now, Rng::new(1));
        assert_eq!(plan.due(now + Duration::from_secs(1), 0), None);
    }
}
