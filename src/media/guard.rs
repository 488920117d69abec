//! The egress guard: judges everything that is to leave with one source, in every build with debug assertions. It stays with
//! the source whatever becomes of its slot. The bytes that are made of it are judged where they are sealed
//! ([`super::egress::judge`]).
//!
//! What it looks for costs a browser seconds of freeze or shows garbage, and no peer would tell us: a sequence number
//! used twice for different packets, a later sequence number on an earlier timestamp, a torn frame that looks whole, and
//! a step in the relation between timestamps and the server's clock that sender reports would carry.

use std::time::{Duration, Instant};

use super::forward::{Arriving, Leaving};
use super::rtp::{ClockRate, MediaTime, SeqNo};
use super::window::Window;

/// A relation may move by the slew the forwarder allows itself and this much for rounding.
const ROUNDING: Duration = Duration::from_micros(100);

/// How many violations of each kind were seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Packets judged.
    pub judged: u64,
    /// A sequence number was used twice.
    pub collision: u64,
    /// A later sequence number on an earlier timestamp.
    pub backwards: u64,
    /// A frame without its end, or with a hole, that looks whole.
    pub torn: u64,
    /// The relation between timestamps and the server's clock stepped.
    pub clock: u64,
    /// Datagrams opened again, as they leave.
    pub opened: u64,
    /// A datagram is not what was to leave, or does not follow what left before it.
    pub wire: u64,
}

impl Faults {
    /// All violations.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.collision + self.backwards + self.torn + self.clock + self.wire
    }

    /// Adds another guard's counts.
    pub fn add(&mut self, other: &Faults) {
        self.judged += other.judged;
        self.collision += other.collision;
        self.backwards += other.backwards;
        self.torn += other.torn;
        self.clock += other.clock;
        self.opened += other.opened;
        self.wire += other.wire;
    }
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    source: u64,
    seq_in: SeqNo,
    end: bool,
    leaving: Leaving,
}

/// Watches what leaves with one source.
#[derive(Debug)]
pub struct Guard {
    rate: ClockRate,
    newest: Option<Seen>,
    /// Numbers of the present source after the newest that left, which are left out: of each frame the first and the last.
    left_out: Vec<(MediaTime, SeqNo, SeqNo)>,
    used: Box<Window>,
    faults: Faults,
}

impl Guard {
    /// Watches a source of `rate`.
    #[must_use]
    pub fn new(rate: ClockRate) -> Guard {
        Guard { rate, newest: None, left_out: Vec::new(), used: Box::default(), faults: Faults::default() }
    }

    /// What was found so far.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.faults
    }

    /// Judges one packet of `source` (any number that differs between sources). Returns whether it was clean.
    pub fn judge(&mut self, source: u64, packet: &Arriving, leaving: &Leaving, now: Instant) -> bool {
        let before = self.faults.violations();
        self.faults.judged += 1;
        let seen = Seen { source, seq_in: packet.seq, end: packet.frame.end, leaving: *leaving };
        match self.newest {
            Some(newest) if leaving.seq <= newest.leaving.seq => self.judge_late(&newest, leaving),
            newest => {
                if let Some(newest) = newest {
                    self.judge_next(&newest, &seen, now);
                }
                self.newest = Some(seen);
                self.left_out.retain(|(_, first, _)| !leaving.first && *first > packet.seq);
            }
        }
        if !self.used.take(leaving.seq.0) {
            self.faults.collision += 1;
        }
        self.faults.violations() == before
    }

    /// A packet of the source that left last does not leave, and what follows closes over it.
    pub fn leave_out(&mut self, packet: &Arriving) {
        let (time, seq) = (packet.time, packet.seq);
        match self.left_out.last_mut() {
            Some((_, _, last)) if *last >= seq => {}
            Some((of, _, last)) if *of == time => *last = seq,
            _ if self.newest.is_some_and(|newest| newest.seq_in >= seq) => {}
            _ => self.left_out.push((time, seq, seq)),
        }
    }

    /// How many numbers that are left out are between two of the source.
    fn closed(&self, after: SeqNo, before: SeqNo) -> u64 {
        let between = self.left_out.iter().filter(|(_, first, last)| *first > after && *last < before);
        between.map(|(_, first, last)| *last - *first + 1).sum()
    }

    fn judge_late(&mut self, newest: &Seen, leaving: &Leaving) {
        if leaving.time > newest.leaving.time {
            self.faults.backwards += 1;
        }
    }

    fn judge_next(&mut self, newest: &Seen, seen: &Seen, now: Instant) {
        let (last, next) = (&newest.leaving, &seen.leaving);
        if next.time < last.time {
            self.faults.backwards += 1;
            return;
        }
        let contiguous = next.seq == last.seq + 1;
        let same_source = newest.source == seen.source && !next.first;
        let torn = if same_source {
            seen.seq_in < newest.seq_in
                || next.seq - last.seq + self.closed(newest.seq_in, seen.seq_in)
                    != seen.seq_in - newest.seq_in
        } else {
            contiguous && !newest.end
        };
        self.faults.torn += u64::from(torn);
        let span = self.rate.time_of(next.time - last.time);
        let expected = last.wallclock + span;
        let off = expected.max(next.wallclock) - expected.min(next.wallclock);
        let clamped = next.wallclock >= now;
        if off > span.mul_f64(0.005) + ROUNDING && !clamped {
            self.faults.clock += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::frame::FrameInfo;
    use crate::media::rtp::MediaTime;

    struct Fixture {
        guard: Guard,
        at: Instant,
    }

    impl Fixture {
        fn new() -> Fixture {
            let mut fixture = Fixture { guard: Guard::new(ClockRate::VIDEO), at: Instant::now() };
            assert!(fixture.send(1, 10, 100, 9_000, 0, true), "the first packet is clean");
            fixture
        }

        /// Judges a packet whose wallclock is `step` milliseconds beside what its timestamp says.
        fn send(&mut self, source: u64, seq_in: u64, seq: u64, time: u64, step: u64, end: bool) -> bool {
            let wallclock = self.at + Duration::from_micros(time * 100 / 9) + Duration::from_millis(step);
            let frame = FrameInfo { start: true, end, key: true, ..FrameInfo::default() };
            let (seq, time) = (SeqNo(seq), MediaTime(time));
            let packet = Arriving { seq: SeqNo(seq_in), time, capture: wallclock, frame };
            let leaving = Leaving { seq, time, wallclock, picture: None, first: source != 1 };
            self.guard.judge(source, &packet, &leaving, self.at + Duration::from_secs(60))
        }
    }

    #[test]
    fn a_clean_stream_is_clean_across_a_switch_and_a_late_packet() {
        let mut f = Fixture::new();
        assert!(f.send(1, 12, 102, 12_000, 0, true));
        assert!(f.send(1, 11, 101, 9_000, 0, true), "late");
        assert!(f.send(2, 900, 103, 15_000, 0, true), "another source");
        assert_eq!(f.guard.faults(), Faults { judged: 4, ..Faults::default() });
    }

    #[test]
    fn each_violation_is_caught() {
        let mut f = Fixture::new();
        assert!(!f.send(1, 10, 100, 9_000, 0, true));
        assert_eq!(f.guard.faults().collision, 1);

        let mut f = Fixture::new();
        assert!(!f.send(1, 11, 101, 8_000, 0, true));
        assert_eq!(f.guard.faults().backwards, 1);
        assert!(!f.send(1, 9, 99, 9_500, 0, true), "an earlier number on a later timestamp");
        assert_eq!(f.guard.faults().backwards, 2);

        let mut f = Fixture::new();
        assert!(f.send(1, 11, 101, 9_000, 0, false));
        assert!(!f.send(2, 5, 102, 12_000, 0, true), "the open frame looks whole");
        assert_eq!(f.guard.faults().torn, 1);
        let mut f = Fixture::new();
        assert!(!f.send(1, 13, 101, 12_000, 0, true), "a hole in the source was closed");
        assert_eq!(f.guard.faults().torn, 1);

        let mut f = Fixture::new();
        assert!(!f.send(1, 11, 101, 12_000, 300, true), "300 ms of step");
        assert_eq!(f.guard.faults().clock, 1);
    }
}
