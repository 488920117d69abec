//! Asking a publisher for key frames: coalesced, and repeated while somebody waits.
//!
//! Chromium silently drops a request that comes within 300 ms of the encoder's last one: two subscribers asking 5 ms
//! apart left the second without a picture for ever. So requests are merged per encoding and sent again until the key frame
//! is there.

use std::time::{Duration, Instant};

/// Between two requests. Above the 300 ms Chromium drops, below what a person takes for a fault.
const INTERVAL: Duration = Duration::from_millis(400);

/// Requests at that pace; after them the source is asked every [`SLOW_INTERVAL`].
const EAGER: u32 = 8;

/// For a source that does not answer (a frozen page): it costs a wake-up each time.
const SLOW_INTERVAL: Duration = Duration::from_secs(2);

/// The requests for one encoding's next key frame. Who waits for it is not known here ([`super::publication::Sinks`]).
#[derive(Debug, Default)]
pub struct KeyFrames {
    asked: Option<Instant>,
    unanswered: u32,
}

impl KeyFrames {
    /// Somebody waits for a key frame, and nobody did before.
    pub fn begin(&mut self) {
        self.unanswered = 0;
    }

    /// Whether one was asked for within the interval.
    #[must_use]
    pub fn is_recent(&self, now: Instant) -> bool {
        self.asked.is_some_and(|asked| now.saturating_duration_since(asked) < INTERVAL)
    }

    /// When to ask, if somebody waits.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Instant {
        let interval = if self.unanswered < EAGER { INTERVAL } else { SLOW_INTERVAL };
        // A clock that stepped back makes nobody wait longer than the interval.
        self.asked.map_or(now, |asked| asked.min(now) + interval)
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
        let due = keys.deadline(now) <= now;
        if due {
            keys.asked(now);
        }
        due
    }

    #[test]
    fn a_second_wish_is_asked_again_after_the_interval_and_not_before() {
        let start = Instant::now();
        let mut keys = KeyFrames::default();
        keys.begin();
        assert!(!keys.is_recent(start));
        assert!(ask(&mut keys, start));
        assert!(keys.is_recent(start), "merged with the first");
        assert!(!ask(&mut keys, start + Duration::from_millis(5)));
        assert_eq!(keys.deadline(start), start + INTERVAL, "but not forgotten");
        assert!(ask(&mut keys, start + INTERVAL));
        keys.begin();
        let soon = start + INTERVAL + Duration::from_millis(100);
        assert!(!ask(&mut keys, soon), "a fresh wish keeps the pace");
    }

    #[test]
    fn a_source_that_never_answers_is_asked_ever_more_rarely() {
        let start = Instant::now();
        let mut keys = KeyFrames::default();
        keys.begin();
        let mut at = start;
        let mut asked = 0;
        while at < start + Duration::from_secs(60) {
            at = keys.deadline(at).max(at);
            asked += u32::from(ask(&mut keys, at));
        }
        assert!((30..=40).contains(&asked), "{asked}");
        keys.begin();
        assert_eq!(keys.deadline(at), at + INTERVAL, "who comes later does not wait for it");
    }

    #[test]
    fn a_clock_that_steps_back_delays_nobody_beyond_the_interval() {
        let start = Instant::now() + Duration::from_secs(60);
        let mut keys = KeyFrames::default();
        keys.asked(start);
        let back = start.checked_sub(Duration::from_secs(30)).expect("a minute of past");
        assert!(keys.deadline(back) <= back + INTERVAL);
    }
}
