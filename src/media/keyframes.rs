//! Asking a publisher for key frames: coalesced, and repeated while somebody waits.
//!
//! Chromium silently drops a request that comes within 300 ms of the encoder's last one: two subscribers asking 5 ms
//! apart left the second without a picture for ever. So requests are merged per track and sent again until the key frame
//! is there.

use std::time::{Duration, Instant};

/// Between two requests. Above the 300 ms Chromium drops, below what a person takes for a fault.
const INTERVAL: Duration = Duration::from_millis(400);

/// Requests at that pace; after them the source is asked every [`SLOW_INTERVAL`].
const EAGER: u32 = 8;

/// For a source that does not answer (a frozen page): it costs a wake-up each time.
const SLOW_INTERVAL: Duration = Duration::from_secs(2);

/// The wishes for one track's next key frame.
#[derive(Debug, Default)]
pub struct KeyFrames {
    wanted: bool,
    asked: Option<Instant>,
    unanswered: u32,
}

impl KeyFrames {
    /// Somebody waits for a key frame. Returns whether that is one more wish for the same one: somebody waits already, or
    /// one was asked for within the interval.
    pub fn want(&mut self, now: Instant) -> bool {
        let recent = self.asked.is_some_and(|asked| now.saturating_duration_since(asked) < INTERVAL);
        std::mem::replace(&mut self.wanted, true) || recent
    }

    /// Somebody waits already.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// A key frame came, or nobody waits any more.
    pub fn satisfied(&mut self) {
        self.wanted = false;
        self.unanswered = 0;
    }

    /// When to ask, if somebody waits: `None` is not at all.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        if !self.wanted {
            return None;
        }
        let interval = if self.unanswered < EAGER { INTERVAL } else { SLOW_INTERVAL };
        // A clock that stepped back makes nobody wait longer than the interval.
        Some(self.asked.map_or(now, |asked| asked.min(now) + interval))
    }

    /// Whether to ask at `now`.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.deadline(now).is_some_and(|deadline| deadline <= now)
    }

    /// The publisher was asked.
    pub fn asked(&mut self, now: Instant) {
        self.asked = Some(now);
        self.unanswered = self.unanswered.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks if it is time to.
    fn ask(keys: &mut KeyFrames, now: Instant) -> bool {
        let due = keys.is_due(now);
        if due {
            keys.asked(now);
        }
        due
    }

    #[test]
    fn a_second_wish_is_asked_again_after_the_interval_and_not_before() {
        let start = Instant::now();
        let mut keys = KeyFrames::default();
        assert!(!keys.want(start));
        assert!(ask(&mut keys, start));
        assert!(keys.want(start), "merged with the first");
        assert!(!ask(&mut keys, start + Duration::from_millis(5)));
        assert_eq!(keys.deadline(start), Some(start + INTERVAL), "but not forgotten");
        assert!(ask(&mut keys, start + INTERVAL));
        keys.satisfied();
        assert_eq!(keys.deadline(start + INTERVAL), None);
        assert!(keys.want(start + INTERVAL + Duration::from_millis(100)));
        assert!(
            !ask(&mut keys, start + INTERVAL + Duration::from_millis(100)),
            "a fresh wish keeps the pace"
        );
    }

    #[test]
    fn a_source_that_never_answers_is_asked_ever_more_rarely() {
        let start = Instant::now();
        let mut keys = KeyFrames::default();
        keys.want(start);
        let mut at = start;
        let mut asked = 0;
        while at < start + Duration::from_secs(60) {
            at = keys.deadline(at).expect("still wanted").max(at);
            asked += u32::from(ask(&mut keys, at));
        }
        assert!((30..=40).contains(&asked), "{asked}");
    }

    #[test]
    fn a_clock_that_steps_back_delays_nobody_beyond_the_interval() {
        let start = Instant::now() + Duration::from_secs(60);
        let mut keys = KeyFrames::default();
        keys.want(start);
        keys.asked(start);
        let back = start.checked_sub(Duration::from_secs(30)).expect("a minute of past");
        assert!(keys.deadline(back).is_some_and(|at| at <= back + INTERVAL));
    }
}
