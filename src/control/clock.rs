//! The time of a turn.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::conference::Now;

/// Both clocks of the system, the second one kept from going back: an operator or a time server may set it back by any
/// amount, and what was made earlier must not look younger than what was made later.
#[derive(Debug, Default)]
pub(super) struct Clock {
    latest_millis: u64,
}

impl Clock {
    /// The time now.
    pub fn now(&mut self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.at(Instant::now(), u64::try_from(unix.as_millis()).unwrap_or(u64::MAX))
    }

    fn at(&mut self, instant: Instant, unix_millis: u64) -> Now {
        self.latest_millis = self.latest_millis.max(unix_millis);
        Now { instant, unix_millis: self.latest_millis }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_stands_still_until_it_is_right_again() {
        let (mut clock, instant) = (Clock::default(), Instant::now());
        let told = [1_000, 500, 0, 999, 1_001].map(|millis| clock.at(instant, millis).unix_millis);
        assert_eq!(told, [1_000, 1_000, 1_000, 1_000, 1_001]);
    }
}
