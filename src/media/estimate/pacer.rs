//! The pacer: when what waits for a downlink may leave.
//!
//! ```text
//!   sound ────────────────────────────────> now
//!   picture, then resends, then padding ──> now, while the gate is open; it shuts after 5 ms of the pace and opens when they are over
//! ```
//!
//! It holds no packets: whoever has them asks when the next may leave, and tells what left. Sound counts, but is never delayed.

use std::time::{Duration, Instant};

use crate::media::units::Bitrate;

/// What leaves, in the order in which it is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Voices: never delayed.
    Sound,
    /// Pictures, as they came.
    Picture,
    /// What was asked for again.
    Resend,
    /// What probes are filled up with.
    Padding,
}

/// What leaves at once, in time of the pace: a queue on the way grows by no more than that.
const BURST: Duration = Duration::from_millis(5);

/// The pace is so many times the estimate, that a large frame does not wait for small ones (libwebrtc: 2.5).
const FASTER: f64 = 2.5;

/// The pace is at least the one at which what waits now would leave within this time (libwebrtc: 2 s, for its own camera, which it can
/// slow down; what is forwarded only becomes old). A key frame of 100 kB begins at 8 Mbit/s. It is reckoned anew from what is left at
/// each run, so the last of it leaves later: of 31 kB at an estimate of 600 kbit/s after 151 ms, of 100 kB after 271. To keep the pace
/// until nothing waits was measured and refused (`docs/decisions.md`).
const WAITS_AT_MOST: Duration = Duration::from_millis(100);

/// When packets of one subscriber may leave.
///
/// It does no I/O and has no clock: `now` is an argument, and what must wait says until when.
#[derive(Debug, Clone)]
pub struct Pacer {
    pace: Bitrate,
    /// When all that left is through, if it takes the time of the pace.
    through: Instant,
    /// When the gate is open again; in the past while it is open.
    opens: Instant,
}

impl Pacer {
    /// One whose gate is open, and which has no pace yet.
    #[must_use]
    pub fn new(now: Instant) -> Pacer {
        Pacer { pace: Bitrate::bps(u64::MAX), through: now, opens: now }
    }

    /// The downlink is estimated to hold `estimate`, and `waiting` bytes wait to leave. Call it before a run is sent.
    pub fn pace(&mut self, estimate: Bitrate, waiting: usize) {
        let drains = Bitrate::of(waiting as u64, WAITS_AT_MOST);
        self.pace = estimate.scaled(FASTER).max(drains);
    }

    /// When what is of `class` may leave: now, if that is not after `now`.
    #[must_use]
    pub fn opens(&self, class: Class, now: Instant) -> Instant {
        if class == Class::Sound { now } else { self.opens.max(now) }
    }

    /// So many bytes left, whatever they were.
    pub fn sent(&mut self, now: Instant, bytes: usize) {
        self.through = self.through.max(now) + self.pace.time_of(bytes as u64);
        if self.through.saturating_duration_since(now) >= BURST {
            self.opens = self.through;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `packets` of 1,200 bytes as soon as they may leave; when each did.
    fn run(pacer: &mut Pacer, from: Instant, packets: usize) -> Vec<Duration> {
        let mut now = from;
        let each = |_| {
            now = pacer.opens(Class::Picture, now);
            pacer.sent(now, 1_200);
            now - from
        };
        (0..packets).map(each).collect()
    }

    #[test]
    fn picture_leaves_in_bursts_of_five_milliseconds_at_its_pace() {
        let now = Instant::now();
        let mut pacer = Pacer::new(now);
        // 10 Mbit/s: a packet in 0.96 ms.
        pacer.pace(Bitrate::kbps(4_000), 0);
        let left = run(&mut pacer, now, 104);
        let bursts = left.chunk_by(|a, b| a == b).map(<[Duration]>::len);
        assert!(bursts.clone().all(|packets| packets <= 6), "{:?}", bursts.collect::<Vec<_>>());
        let took = left[103];
        assert!(took > Duration::from_millis(90) && took < Duration::from_millis(105), "{took:?}");
    }

    #[test]
    fn sound_never_waits_but_counts() {
        let now = Instant::now();
        let mut pacer = Pacer::new(now);
        pacer.pace(Bitrate::kbps(100), 0);
        for _ in 0..50 {
            assert_eq!(pacer.opens(Class::Sound, now), now);
            pacer.sent(now, 200);
        }
        // 10,000 bytes at 250 kbit/s.
        assert_eq!(pacer.opens(Class::Picture, now), now + Duration::from_millis(320));
    }

    #[test]
    fn what_waits_leaves_in_time_however_slow_the_pace_would_be() {
        let now = Instant::now();
        let mut pacer = Pacer::new(now);
        pacer.pace(Bitrate::kbps(50), 120_000);
        let left = run(&mut pacer, now, 100);
        assert!(left[99] <= Duration::from_millis(105), "{:?}", left[99]);
    }

    #[test]
    fn time_in_which_nothing_left_is_not_saved_up() {
        let now = Instant::now();
        let mut pacer = Pacer::new(now);
        pacer.pace(Bitrate::kbps(400), 0);
        let late = now + Duration::from_secs(60);
        let left = run(&mut pacer, late, 20);
        assert!(left.iter().filter(|left| left.is_zero()).count() <= 1, "{left:?}");
    }

    #[test]
    fn sound_goes_first_and_padding_last() {
        let mut classes = [Class::Padding, Class::Resend, Class::Sound, Class::Picture];
        classes.sort_unstable();
        assert_eq!(classes, [Class::Sound, Class::Picture, Class::Resend, Class::Padding]);
    }
}
