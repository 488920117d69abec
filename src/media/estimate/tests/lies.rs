//! Receivers that do not tell the truth, or nothing that makes sense: they harm at most themselves.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{Estimator, FIRST, LEAST, MOST, Reported};
use super::world::{Link, Media, World};
use crate::media::units::Bitrate;

type Lie = fn(Vec<Reported>) -> Vec<Reported>;

/// What a receiver may make of a feedback, and what of 2,000 kbit/s must arrive all the same.
const LIES: [(&str, u64, Lie); 8] = [
    ("each is told three times", 1_600, |told| [told.clone(), told.clone(), told].concat()),
    ("backwards", 300, |told| told.into_iter().rev().collect()),
    ("cut", 500, |mut told| {
        told.truncate(told.len() / 2);
        told
    }),
    ("all came at once", 0, |told| changed(told, |_| Some(0))),
    ("ten times as fast as it is", 0, |told| changed(told, |at| Some(at / 10))),
    ("ten times as slow as it is", 0, |told| changed(told, |at| Some(at.saturating_mul(10)))),
    ("nothing came", 0, |told| changed(told, |_| None)),
    ("times of no sense", 0, |told| changed(told, |at| Some(at.wrapping_mul(0x5851_f42d_4c95_7f2d)))),
];

fn changed(mut told: Vec<Reported>, change: impl Fn(i64) -> Option<i64>) -> Vec<Reported> {
    for reported in &mut told {
        reported.arrival = reported.arrival.and_then(&change);
    }
    told
}

#[test]
fn lies_raise_nothing_above_its_bound_and_never_stop_it() {
    for (name, arrives, lie) in LIES {
        let mut world = World::new(Link::of(2_000), Media::Adapts, 3_000);
        world.lie = lie;
        world.run(10.0);
        world.watch();
        // What a probe found is not more than was wanted, and half as much again is the most that may be thought.
        world.run_and(30.0, |world| {
            assert!((LEAST..=Bitrate::kbps(4_510)).contains(&world.estimator.estimate()), "{name}");
        });
        assert!(world.goodput() >= arrives, "{name}: {}", world.goodput());
        world.lie = |told| told;
        world.run(20.0);
        world.watch();
        world.run(10.0);
        assert!(world.goodput() > 1_500, "{name}: {} after the truth was told", world.goodput());
    }
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    Passes(u32),
    Sent(u16),
    Wants(u32),
    Feedback(u16, Vec<Option<i64>>),
    NewPath,
}

fn event() -> impl Strategy<Value = Event> {
    let arrival = prop_oneof![4 => (0..40_000_000_i64).prop_map(Some), 1 => any::<i64>().prop_map(Some), 1 => Just(None)];
    prop_oneof![
        8 => (0..50_000_u32).prop_map(Event::Passes),
        1 => any::<u32>().prop_map(Event::Passes),
        16 => (0..1_500_u16).prop_map(Event::Sent),
        1 => any::<u32>().prop_map(Event::Wants),
        6 => (0..600_u16, prop::collection::vec(arrival, 0..60)).prop_map(|(n, told)| Event::Feedback(n, told)),
        1 => Just(Event::NewPath),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_stays_within_its_bounds(events in prop::collection::vec(event(), 0..800)) {
        let mut now = Instant::now();
        let mut estimator = Estimator::new(now);
        let mut wanted = Bitrate::default();
        for event in events {
            match event {
                Event::Passes(micros) => now += Duration::from_micros(micros.into()),
                Event::Sent(bytes) => _ = estimator.sent(now, bytes.into()),
                Event::Wants(bps) => {
                    wanted = wanted.max(Bitrate::bps(bps.into()));
                    estimator.want(now, Bitrate::bps(bps.into()));
                }
                Event::Feedback(first, told) => estimator.feedback(now, told.into_iter().zip(first..).map(|(arrival, number)| Reported { number, arrival })),
                Event::NewPath => estimator.new_path(),
            }
            if estimator.due().is_some_and(|due| due <= now) {
                let bytes = estimator.poll(now).unwrap_or(0);
                prop_assert!(bytes as u64 <= wanted.bytes_in(Duration::from_millis(60)).max(6_000));
                prop_assert!(estimator.due().is_none_or(|due| due > now), "it would be asked for ever");
            }
            let estimate = estimator.estimate();
            prop_assert!((LEAST..=MOST).contains(&estimate), "{estimate:?}");
            // 800 packets of 1,500 bytes in a window of 150 ms are the most that may have been acknowledged.
            prop_assert!(estimate <= FIRST.max(wanted).max(Bitrate::kbps(96_010)));
            prop_assert!((0.0..=1.0).contains(&estimator.loss()));
        }
    }
}

#[test]
fn what_left_before_a_standstill_says_nothing_of_the_path() {
    let mut now = Instant::now();
    let mut estimator = Estimator::new(now);
    let mut left: Vec<u16> = Vec::new();
    for packet in 0..400_i64 {
        now += Duration::from_millis(5);
        left.push(estimator.sent(now, 1_000));
        if left.len() == 10 {
            let report = |(number, at)| Reported { number, arrival: Some((packet - 10 + at) * 5_000) };
            estimator.feedback(now, left.drain(..).zip(0..).map(report));
        }
    }
    let known = estimator.estimate();
    left.extend((0..20).map(|_| estimator.sent(now, 1_000)));
    now += Duration::from_secs(32);
    estimator.stood_still();
    // Half of it arrived at once, and half is lost.
    let report = |(number, at): (u16, i64)| Reported { number, arrival: (at % 2 == 0).then_some(34_000_000) };
    estimator.feedback(now, left.drain(..).zip(0..).map(report));
    assert_eq!(estimator.estimate(), known);
}
