//! Any feedback about any packets: the estimate of a downlink stays within its bounds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::media::estimate::{Estimator, FIRST, LEAST, MOST, Reported};
use crate::media::units::Bitrate;

/// The shortest window in which the acknowledged rate is measured.
const WINDOW: Duration = Duration::from_millis(150);

/// What was sent in the last [`WINDOW`], and the most that ever was in one.
#[derive(Default)]
struct Sent {
    packets: VecDeque<(Instant, u64)>,
    bytes: u64,
    most: u64,
}

impl Sent {
    fn add(&mut self, now: Instant, bytes: u64) {
        self.packets.push_back((now, bytes));
        self.bytes += bytes;
        while let Some((at, old)) = self.packets.front().copied()
            && now - at > WINDOW
        {
            self.bytes -= old;
            self.packets.pop_front();
        }
        self.most = self.most.max(self.bytes);
    }
}

/// Packets leave, reports of any numbers with any times come, wishes change, time passes: the estimate is never zero, and never more
/// than what a probe may ask for, or half as much again as could have been acknowledged; it asks for little padding, and always
/// for a later time.
pub fn estimator(data: &[u8]) {
    let mut reader = Reader::new(data);
    let mut now = Instant::now();
    let mut estimator = Estimator::new(now);
    let (mut sent, mut wanted, mut number, mut clock) = (Sent::default(), Bitrate::default(), 0_u16, 0_i64);
    while !reader.is_empty() {
        let choice = reader.byte();
        match choice & 7 {
            0..=2 => {
                for _ in 0..=choice >> 5 {
                    let bytes = u64::from(reader.byte()) * 6;
                    sent.add(now, bytes);
                    number = estimator.sent(now, usize::try_from(bytes).unwrap_or(0));
                }
            }
            3 => now += Duration::from_micros(u64::from(reader.short()) << (choice >> 5)),
            4 => {
                let wants = Bitrate::kbps(u64::from(reader.short()));
                wanted = wanted.max(wants);
                estimator.want(now, wants);
            }
            5 | 6 => {
                let first = number.wrapping_sub(reader.byte().into());
                let reports = (0..=choice >> 3).map(|n| {
                    clock = clock.wrapping_add(reader.jump() << ((choice & 1) * 4));
                    let arrival = (clock & 15 != 7).then_some(clock);
                    Reported { number: first.wrapping_add(n.into()), arrival }
                });
                let reports: Vec<_> = reports.collect();
                estimator.feedback(now, reports);
            }
            _ if choice == 0xff => estimator.new_path(),
            _ => clock = clock.wrapping_mul(reader.jump()),
        }
        asked(&mut estimator, now, wanted);
        // A window may begin in one of those and end in another.
        let acknowledged = Bitrate::of(sent.most * 2, WINDOW);
        let bound = FIRST.max(wanted).max(acknowledged * 3 / 2 + Bitrate::kbps(10));
        let estimate = estimator.estimate();
        assert!((LEAST..=MOST.min(bound.max(LEAST))).contains(&estimate), "{estimate:?}, {bound:?} at most");
        assert!((0.0..=1.0).contains(&estimator.loss()), "{}", estimator.loss());
    }
}

/// Asks it, if it wants to be.
fn asked(estimator: &mut Estimator, now: Instant, wanted: Bitrate) {
    if estimator.due().is_none_or(|due| due > now) {
        return;
    }
    let bytes = estimator.poll(now).unwrap_or(0) as u64;
    assert!(bytes <= wanted.bytes_in(Duration::from_millis(60)).max(6_000), "{bytes} of padding");
    assert!(estimator.due().is_none_or(|due| due > now), "it would be asked for ever");
}
