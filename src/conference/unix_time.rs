//! Points in time as messages, tokens and credentials write them.

use std::ops::Add;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time by the wall clock, in whole milliseconds since 1970-01-01 UTC; that is also what is written of it. It may go
/// back: what lasts is reckoned by an [`Instant`](std::time::Instant).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(u64);

impl UnixTime {
    /// So many milliseconds after 1970 began.
    #[must_use]
    pub const fn from_millis(millis: u64) -> UnixTime {
        UnixTime(millis)
    }

    /// In milliseconds since 1970 began.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// In whole seconds since 1970 began.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// How long after `earlier` it is: nothing if it is before it.
    #[must_use]
    pub fn saturating_since(self, earlier: UnixTime) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// So much later; the last point there is if it would be after that.
impl Add<Duration> for UnixTime {
    type Output = UnixTime;

    fn add(self, time: Duration) -> UnixTime {
        UnixTime(self.0.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Before 1970 nothing is told apart.
impl From<SystemTime> for UnixTime {
    fn from(time: SystemTime) -> UnixTime {
        UnixTime::default() + time.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

impl From<UnixTime> for SystemTime {
    fn from(time: UnixTime) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(time.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reckoned_with_times_is_never_outside_of_them() {
        let (start, last) = (UnixTime::from_millis(1_700_000_000_999), UnixTime::from_millis(u64::MAX));
        assert_eq!(start + Duration::from_millis(1), UnixTime::from_millis(1_700_000_001_000));
        assert_eq!(start.as_secs(), 1_700_000_000);
        assert_eq!((start + Duration::from_secs(1)).saturating_since(start), Duration::from_secs(1));
        assert_eq!(start.saturating_since(start + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(last + Duration::MAX, last);
        assert_eq!(UnixTime::from(UNIX_EPOCH - Duration::from_secs(1)), UnixTime::default(), "before 1970");
        assert_eq!(UnixTime::from(SystemTime::from(start)), start);
        assert_eq!(serde_json::to_string(&start).unwrap(), "1700000000999");
    }
}
