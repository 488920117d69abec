//! Time in which a loop did not run: its process was stopped, its machine had its memory written to a snapshot, a debugger
//! held it, or others had the processor. Nobody could say anything that was heard then, so it is nobody's silence.

use std::time::{Duration, Instant};

/// How late a wait may end, and how long a turn may take, before that is a standstill. The longest honest turn is some dozen
/// milliseconds, and so is what a scheduler takes on a busy machine; the shortest silence that is judged lasts 3 s.
const HONEST: Duration = Duration::from_millis(500);

/// Tells a loop that waited from one that did not run.
#[derive(Debug, Default)]
pub struct Standstill {
    /// The present turn began then.
    began: Option<Instant>,
    /// The present wait is over then.
    ends: Option<Instant>,
    /// How long the turn before the present wait stood still.
    in_turn: Duration,
}

impl Standstill {
    /// The loop waits from `now` on, for `timeout` at most.
    pub fn waits(&mut self, now: Instant, timeout: Option<Duration>) {
        let turn = self.began.take().map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        self.in_turn = beyond_honest(turn);
        self.ends = timeout.and_then(|timeout| now.checked_add(timeout));
    }

    /// The loop goes on at `now`. Returns for how long it stood still since it went on before: zero, or more than half a second.
    pub fn goes_on(&mut self, now: Instant) -> Duration {
        self.began = Some(now);
        let late = self.ends.take().map_or(Duration::ZERO, |ends| now.saturating_duration_since(ends));
        std::mem::take(&mut self.in_turn) + beyond_honest(late)
    }
}

fn beyond_honest(time: Duration) -> Duration {
    if time > HONEST { time } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_wait_that_ends_when_it_should_is_no_standstill_however_long_it_was() {
        let (start, mut standstill) = (Instant::now(), Standstill::default());
        for (timeout, came) in
            [(Some(0), 3), (Some(1_000), 200), (Some(60_000), 60_001), (None, 3_600_000), (Some(10), 500)]
        {
            standstill.waits(start, timeout.map(millis));
            assert_eq!(standstill.goes_on(start + millis(came)), Duration::ZERO, "{timeout:?}");
            standstill = Standstill::default();
        }
    }

    #[test]
    fn what_a_wait_is_late_and_what_a_turn_takes_too_long_is_counted_once() {
        let (start, mut standstill) = (Instant::now(), Standstill::default());
        standstill.waits(start, Some(millis(1_000)));
        assert_eq!(standstill.goes_on(start + millis(41_000)), millis(40_000), "stopped while it waited");
        standstill.waits(start + millis(51_000), Some(millis(1_000)));
        assert_eq!(standstill.goes_on(start + millis(52_000)), millis(10_000), "stopped in a turn");
        standstill.waits(start + millis(52_010), Some(millis(1_000)));
        assert_eq!(standstill.goes_on(start + millis(53_000)), Duration::ZERO);
    }
}
