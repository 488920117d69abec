//! Whether a worker still turns: it gets a ping about once a second, and anything from it is an answer.

use std::time::{Duration, Instant};

/// How often a worker gets a ping. Once a second costs each thread one wake-up.
pub(super) const PING: Duration = Duration::from_secs(1);

/// How long a worker may say nothing after a ping. Its longest honest turn is some milliseconds, and three seconds
/// leave its people seven to build new connections within ten.
const PATIENCE: Duration = Duration::from_secs(3);

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is to be done.
    Fine,
    /// It is time for a ping.
    Ping,
    /// It does not answer.
    Stalled,
}

/// What is known of one worker's life.
#[derive(Debug)]
pub(super) struct Health {
    looked: Instant,
    next: Instant,
    /// Since the last ping, in time in which this thread ran too; `None` while none is out.
    waited: Option<Duration>,
}

impl Health {
    /// A worker that begins at `now`.
    pub(super) fn new(now: Instant) -> Health {
        Health { looked: now, next: now + PING, waited: None }
    }

    /// It said something.
    pub(super) fn heard(&mut self) {
        self.waited = None;
    }

    /// Looks at the time. Of the time since the look before, a second counts at most: a process that was stopped, or a
    /// thread here that did not run, says nothing about the worker.
    pub(super) fn look(&mut self, now: Instant) -> Verdict {
        let ran = now.saturating_duration_since(self.looked).min(PING);
        self.looked = now;
        if let Some(waited) = &mut self.waited {
            *waited += ran;
            if *waited >= PATIENCE {
                return Verdict::Stalled;
            }
        }
        if now < self.next {
            return Verdict::Fine;
        }
        self.next = now + PING;
        if self.waited.is_none() { self.ping() } else { Verdict::Fine }
    }

    /// A ping goes out now.
    pub(super) fn ping(&mut self) -> Verdict {
        // One at a time: those who do not read would get more and more of them.
        if self.waited.is_some() {
            return Verdict::Fine;
        }
        self.waited = Some(Duration::ZERO);
        Verdict::Ping
    }

    /// When to look again.
    pub(super) fn next(&self) -> Instant {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_worker_that_does_not_answer_is_given_up_three_seconds_after_the_ping() {
        let start = Instant::now();
        let mut health = Health::new(start);
        assert_eq!(health.look(start + millis(999)), Verdict::Fine);
        assert_eq!(health.look(start + millis(1_000)), Verdict::Ping);
        for later in [1_500, 2_000, 3_000, 3_999] {
            assert_eq!(health.look(start + millis(later)), Verdict::Fine, "{later}");
        }
        assert_eq!(health.look(start + millis(4_000)), Verdict::Stalled);
    }

    #[test]
    fn anything_it_says_is_an_answer() {
        let start = Instant::now();
        let mut health = Health::new(start);
        for second in 1..60 {
            assert_eq!(health.look(start + millis(second * 1_000)), Verdict::Ping);
            health.heard();
        }
    }

    #[test]
    fn the_time_in_which_this_thread_did_not_run_is_nobodys_fault() {
        let start = Instant::now();
        let mut health = Health::new(start);
        assert_eq!(health.look(start + millis(1_000)), Verdict::Ping);
        assert_eq!(health.look(start + millis(3_600_000)), Verdict::Fine, "stopped for an hour");
        assert_eq!(health.look(start + millis(3_601_000)), Verdict::Fine);
        assert_eq!(health.look(start + millis(3_602_000)), Verdict::Stalled, "it had its three seconds");
    }
}
