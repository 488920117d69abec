//! The frames of one picture as a decoder takes them: whole and in their order, from a key frame on.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::load::stamp::Stamp;

/// A picture that stands still for longer than this is seen to.
pub(in crate::load) const FREEZE: Duration = Duration::from_millis(200);

/// Frames that wait for packets, or for those before them: four seconds.
const MOST_WAITING: usize = 128;

/// For so long a decoder waits for resends before it asks for a key frame, as browsers do.
const PATIENCE: Duration = Duration::from_millis(250);

/// And for so long before it asks again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug)]
struct Waiting {
    stamp: Stamp,
    got: u16,
}

impl Waiting {
    fn is_whole(&self) -> bool {
        self.got >= self.stamp.count
    }
}

/// What became of frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::load) struct FrameCounts {
    /// Shown.
    pub shown: u64,
    /// Of which some packets came and others never did.
    pub torn: u64,
    /// Of which nothing came, or which could not be decoded for want of those before.
    pub skipped: u64,
    /// Times the picture stood still for longer than [`FREEZE`].
    pub freezes: u64,
    /// For how long, all together.
    pub frozen: Duration,
    /// For how long at most.
    pub longest: Duration,
}

/// The frames of one picture.
#[derive(Debug, Default)]
pub(super) struct Frames {
    waiting: VecDeque<Waiting>,
    /// The last frame that was shown, and when.
    shown: Option<(u32, Instant)>,
    /// Something is missing since then.
    stuck: Option<Instant>,
    asked: Option<Instant>,
    pub(super) counts: FrameCounts,
}

impl Frames {
    /// A packet of a frame came for the first time.
    pub(super) fn take(&mut self, now: Instant, stamp: &Stamp) {
        if self.shown.is_some_and(|(shown, _)| stamp.frame <= shown) {
            return;
        }
        let place = (stamp.frame, stamp.layer);
        match self.waiting.binary_search_by_key(&place, |waiting| (waiting.stamp.frame, waiting.stamp.layer))
        {
            Ok(at) => {
                // Whoever else sends may say the same of any number of packets.
                if let Some(waiting) = self.waiting.get_mut(at) {
                    waiting.got = waiting.got.saturating_add(1);
                }
            }
            Err(at) => self.waiting.insert(at, Waiting { stamp: *stamp, got: 1 }),
        }
        self.show(now);
        if self.waiting.len() > MOST_WAITING {
            let oldest = self.waiting.pop_front();
            if let Some(oldest) = oldest {
                self.give_up(&oldest);
            }
        }
        self.stuck = if self.waiting.iter().any(Waiting::is_whole) { self.stuck.or(Some(now)) } else { None };
    }

    /// Shows what can be decoded now.
    fn show(&mut self, now: Instant) {
        loop {
            let next = self.shown.map(|(shown, _)| shown.wrapping_add(1));
            let decodable = |waiting: &Waiting| {
                waiting.is_whole() && (waiting.stamp.key || Some(waiting.stamp.frame) == next)
            };
            let Some(at) = self.waiting.iter().position(decodable) else { return };
            let passed: Vec<Waiting> = self.waiting.drain(..=at).collect();
            let Some((decoded, passed)) = passed.split_last() else { return };
            let frame = decoded.stamp.frame;
            let mut unseen = next.map_or(0, |next| u64::from(frame.saturating_sub(next)));
            // What there is of this very frame in another size was cut where the slot went over: it is seen all the same.
            for waiting in passed.iter().filter(|waiting| waiting.stamp.frame < frame) {
                unseen = unseen.saturating_sub(1);
                self.give_up(waiting);
            }
            self.waiting.retain(|waiting| waiting.stamp.frame > frame);
            self.counts.skipped += unseen;
            if let Some((_, last)) = self.shown {
                self.stood_still(now.saturating_duration_since(last));
            }
            self.counts.shown += 1;
            self.shown = Some((frame, now));
        }
    }

    fn give_up(&mut self, waiting: &Waiting) {
        if waiting.is_whole() {
            self.counts.skipped += 1;
        } else {
            self.counts.torn += 1;
        }
    }

    fn stood_still(&mut self, time: Duration) {
        if time > FREEZE {
            self.counts.freezes += 1;
            self.counts.frozen += time;
            self.counts.longest = self.counts.longest.max(time);
        }
    }

    /// Whether to ask for a key frame now: resends have not brought what is missing.
    pub(super) fn asks(&mut self, now: Instant) -> bool {
        let asks = self.stuck.is_some_and(|since| now.saturating_duration_since(since) >= PATIENCE)
            && self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= ASK_AGAIN);
        if asks {
            self.asked = Some(now);
        }
        asks
    }

    /// When a frame was shown first is not asked here: whether one was.
    pub(super) fn has_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Counts from now on. A picture that stands still does so from now on, too.
    pub(super) fn restart(&mut self, now: Instant) {
        self.counts = FrameCounts::default();
        self.shown = self.shown.map(|(frame, _)| (frame, now));
    }

    /// What it comes to by `now`: of what waits still, frames older than [`PATIENCE`] are given up, and somebody who still sends
    /// and is not seen has been standing still.
    pub(super) fn total(&self, now: Instant, sends: bool) -> FrameCounts {
        let mut last = Frames { counts: self.counts, shown: self.shown, ..Frames::default() };
        if let Some((_, shown)) = self.shown.filter(|_| sends) {
            last.stood_still(now.saturating_duration_since(shown));
        }
        if self.stuck.is_some_and(|since| now.saturating_duration_since(since) >= PATIENCE) {
            self.waiting.iter().for_each(|waiting| last.give_up(waiting));
        }
        last.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ids::Layer;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    struct Viewer {
        frames: Frames,
        now: Instant,
    }

    impl Viewer {
        fn new() -> Viewer {
            Viewer { frames: Frames::default(), now: Instant::now() }
        }

        /// The packets `which` of a frame of three.
        fn take(&mut self, frame: u32, key: bool, which: &[u16]) {
            for index in which {
                let layer = Layer::High;
                let stamp = Stamp { source: 1, layer, frame, index: *index, count: 3, key, sent: 0 };
                self.frames.take(self.now, &stamp);
            }
        }

        fn whole(&mut self, frame: u32, key: bool) {
            self.take(frame, key, &[0, 1, 2]);
            self.now += ms(33);
        }

        fn counts(&self) -> FrameCounts {
            self.frames.total(self.now, false)
        }
    }

    #[test]
    fn nothing_is_shown_before_a_key_frame_and_everything_after_it() {
        let mut viewer = Viewer::new();
        viewer.whole(1, false);
        assert!(!viewer.frames.has_shown());
        (2..12).for_each(|frame| viewer.whole(frame, frame == 2));
        assert_eq!(viewer.counts(), FrameCounts { shown: 10, skipped: 1, ..FrameCounts::default() });
    }

    #[test]
    fn a_frame_of_which_a_packet_never_comes_is_torn_and_what_follows_waits_for_a_key_frame() {
        let mut viewer = Viewer::new();
        viewer.whole(1, true);
        viewer.take(2, false, &[0, 2]);
        (3..6).for_each(|frame| viewer.whole(frame, false));
        assert_eq!(viewer.counts().shown, 1);
        viewer.whole(9, true);
        let counts = viewer.counts();
        assert_eq!((counts.shown, counts.torn), (2, 1));
        assert_eq!(
            counts.skipped, 6,
            "three that came whole and could not be decoded, three that never came"
        );
    }

    #[test]
    fn a_packet_that_comes_late_mends_the_frame_and_all_that_waited_is_shown() {
        let mut viewer = Viewer::new();
        viewer.whole(1, true);
        viewer.take(2, false, &[0, 2]);
        viewer.whole(3, false);
        viewer.take(2, false, &[1]);
        assert_eq!(viewer.counts(), FrameCounts { shown: 3, ..FrameCounts::default() });
    }

    #[test]
    fn a_picture_that_stands_still_for_longer_than_200_ms_froze_and_not_otherwise() {
        let mut viewer = Viewer::new();
        viewer.whole(1, true);
        viewer.now += ms(167);
        viewer.whole(2, false);
        assert_eq!(viewer.counts().freezes, 0);
        viewer.now += ms(168);
        viewer.whole(3, false);
        let counts = viewer.counts();
        assert_eq!((counts.freezes, counts.frozen, counts.longest), (1, ms(201), ms(201)));
        let later = viewer.now + ms(1_000);
        assert_eq!(viewer.frames.total(later, false).freezes, 1, "who does not send does not freeze");
        let counts = viewer.frames.total(later, true);
        assert_eq!((counts.freezes, counts.longest), (2, ms(1_033)));
    }

    #[test]
    fn a_key_frame_is_asked_for_once_resends_had_their_time_and_again_after_a_while() {
        let mut viewer = Viewer::new();
        viewer.whole(1, true);
        viewer.take(2, false, &[0, 2]);
        viewer.whole(3, false);
        assert!(!viewer.frames.asks(viewer.now));
        viewer.now += PATIENCE;
        assert!(viewer.frames.asks(viewer.now));
        assert!(!viewer.frames.asks(viewer.now));
        viewer.now += ASK_AGAIN;
        assert!(viewer.frames.asks(viewer.now));
        viewer.take(2, false, &[1]);
        viewer.now += ASK_AGAIN;
        assert!(!viewer.frames.asks(viewer.now), "it is mended");
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut viewer = Viewer::new();
        viewer.whole(1, true);
        (3..1_000).for_each(|frame| viewer.take(frame, false, &[0]));
        assert_eq!(viewer.frames.waiting.len(), MOST_WAITING);
        assert_eq!(viewer.counts().torn, 997 - MOST_WAITING as u64);
    }

    #[test]
    fn more_packets_of_a_frame_than_there_are_numbers_for_are_a_frame() {
        let mut viewer = Viewer::new();
        let stamp =
            Stamp { source: 1, layer: Layer::High, frame: 7, index: 0, count: u16::MAX, key: false, sent: 0 };
        (0..70_000).for_each(|_| viewer.frames.take(viewer.now, &stamp));
        assert_eq!((viewer.frames.waiting.len(), viewer.counts().shown), (1, 0));
    }

    #[test]
    fn counting_begins_anew_without_the_time_before() {
        let mut viewer = Viewer::new();
        viewer.whole(1, true);
        viewer.now += ms(5_000);
        viewer.frames.restart(viewer.now);
        viewer.now += ms(100);
        viewer.whole(2, false);
        assert_eq!(viewer.counts(), FrameCounts { shown: 1, ..FrameCounts::default() });
    }
}
