//! Whether the queue on the way grows: the slope of delay over time against a threshold that adapts itself.
//!
//! draft-ietf-rmcat-gcc-02, section 5.4, with libwebrtc's line through the last groups (`TrendlineEstimator`) for the draft's filter. Times
//! are in milliseconds here.

use super::Micros;
use super::groups::Step;
use super::line::{Line, Point};

/// How much of the smoothed delay stays with each group (libwebrtc).
const SMOOTHING: f64 = 0.9;

/// A slope counts as so many groups of it, at most: the more there were, the surer it is (libwebrtc).
const MOST_GROUPS: u32 = 60;

/// Makes a slope comparable with the threshold (libwebrtc).
const GAIN: f64 = 4.0;

/// The threshold in the beginning, and its bounds (the draft: `del_var_th(0)`, 12.5 ms, 6 to 600).
const FIRST_THRESHOLD: f64 = 12.5;
const THRESHOLDS: (f64, f64) = (6.0, 600.0);

/// The least threshold is higher by so many times what packets are held up by something else than a queue. Without it too little is
/// known for a fifth of the time on a wide line with 40 ms of jitter; with twice as much nothing is gained.
const NOISES: f64 = 1.0;

/// How fast the threshold rises and falls toward the slope, in a millisecond (libwebrtc; the draft: 0.01 and 0.00018).
const RISES: f64 = 0.0087;
const FALLS: f64 = 0.039;

/// What is so much above the threshold is a burst, and does not move it (the draft: 15 ms).
const BURST: f64 = 15.0;

/// A slope so many times the threshold is a queue's, however short that is yet: a line that falls to half has a hundred times it. With 2 and
/// with 4 the scoreboard is the same.
const STEEP: f64 = 4.0;

/// A group counts for the threshold as at most so much time (libwebrtc).
const MOST_TIME: f64 = 100.0;

/// The queue is said to grow after it did for so long (the draft: `overuse_time_th`, 10 ms).
const GROWS_FOR: f64 = 10.0;

/// What the queue does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// It grows: more is sent than the downlink holds (overuse).
    Grows,
    /// It does not change.
    Rests,
    /// It gets shorter: what waits is being let out (underuse).
    Drains,
}

#[derive(Debug)]
pub(super) struct Trend {
    line: Line,
    /// Groups so far.
    count: u32,
    /// Since which times of arrival are counted.
    origin: Option<Micros>,
    sum: f64,
    smoothed: f64,
    slope: f64,
    threshold: f64,
    grows_for: Option<f64>,
    grew: u32,
    adapted: Option<Micros>,
    queue: Queue,
    steep: bool,
}

impl Trend {
    pub fn new() -> Trend {
        Trend {
            line: Line::default(),
            count: 0,
            origin: None,
            sum: 0.0,
            smoothed: 0.0,
            slope: 0.0,
            threshold: FIRST_THRESHOLD,
            grows_for: None,
            grew: 0,
            adapted: None,
            queue: Queue::Rests,
            steep: false,
        }
    }

    pub fn queue(&self) -> Queue {
        self.queue
    }

    /// It grows or drains so fast that nothing else does.
    pub fn is_steep(&self) -> bool {
        self.steep
    }

    /// One more group, and how long packets are held up of late by something else than a queue, in milliseconds.
    pub fn add(&mut self, step: &Step, noise: f64) {
        let origin = *self.origin.get_or_insert(step.arrived);
        self.sum += millis(step.arrival - step.departure);
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.sum;
        self.line.add(Point { arrived: millis(step.arrived.saturating_sub(origin)), delay: self.smoothed });
        self.count = self.count.saturating_add(1);
        let before = self.slope;
        self.slope = self.line.slope().unwrap_or(self.slope);
        self.judge(before, step, noise);
    }

    fn judge(&mut self, before: f64, step: &Step, noise: f64) {
        let trend = f64::from(self.count.min(MOST_GROUPS)) * self.slope * GAIN;
        let departure = millis(step.departure);
        if trend > self.threshold {
            let grows_for = self.grows_for.map_or(departure / 2.0, |time| time + departure);
            self.grew += 1;
            self.grows_for = Some(grows_for);
            if grows_for > GROWS_FOR && self.grew > 1 && self.slope >= before {
                (self.grows_for, self.grew, self.queue) = (Some(0.0), 0, Queue::Grows);
            }
        } else {
            (self.grows_for, self.grew) = (None, 0);
            self.queue = if trend < -self.threshold { Queue::Drains } else { Queue::Rests };
        }
        self.steep = trend.abs() > STEEP * self.threshold;
        self.adapt(trend.abs(), step.arrived, noise);
    }

    fn adapt(&mut self, trend: f64, arrived: Micros, noise: f64) {
        let since = self.adapted.replace(arrived).map_or(0, |adapted| arrived.saturating_sub(adapted));
        if trend > self.threshold + BURST {
            return;
        }
        let pace = if trend < self.threshold { FALLS } else { RISES };
        let time = millis(since).clamp(0.0, MOST_TIME);
        let (least, most) = THRESHOLDS;
        let threshold = self.threshold + pace * (trend - self.threshold) * time;
        self.threshold = threshold.max(least + NOISES * noise).min(most);
    }
}

fn millis(time: Micros) -> f64 {
    time as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups every 20 ms, each of which takes longer than the one before by `by` microseconds.
    fn run(trend: &mut Trend, groups: u32, by: Micros, noise: f64) -> Vec<Queue> {
        let mut arrived = trend.origin.unwrap_or(0) + Micros::from(trend.count) * 20_000;
        let each = |_| {
            arrived += 20_000 + by;
            trend.add(&Step { departure: 20_000, arrival: 20_000 + by, arrived }, noise);
            trend.queue()
        };
        (0..groups).map(each).collect()
    }

    #[test]
    fn a_queue_that_grows_is_noticed_within_half_a_second_and_one_that_drains_too() {
        let mut trend = Trend::new();
        assert!(run(&mut trend, 60, 0, 0.0).iter().all(|queue| *queue == Queue::Rests));
        let noticed = run(&mut trend, 25, 4_000, 0.0).iter().position(|queue| *queue == Queue::Grows);
        assert!(noticed.is_some_and(|groups| groups < 25), "{noticed:?}");
        assert!(run(&mut trend, 30, -8_000, 0.0).contains(&Queue::Drains));
        assert_eq!(run(&mut trend, 60, 0, 0.0).last(), Some(&Queue::Rests));
    }

    /// A queue that grows by a twentieth of the time is one without noise, and may be noise if there is much of it.
    #[test]
    fn a_queue_must_stand_out_from_what_is_held_up_and_does_if_it_grows_fast() {
        for (noise, by, grows) in [(0.0, 900, true), (5.0, 900, false), (5.0, 4_000, true)] {
            let mut trend = Trend::new();
            run(&mut trend, 60, 0, noise);
            assert_eq!(run(&mut trend, 30, by, noise).contains(&Queue::Grows), grows, "{noise} {by}");
        }
    }

    #[test]
    fn a_clock_that_drifts_is_no_queue() {
        for by in [2, -2, 10] {
            let mut trend = Trend::new();
            assert!(run(&mut trend, 5_000, by, 0.0).iter().all(|queue| *queue == Queue::Rests), "{by}");
        }
    }

    #[test]
    fn the_threshold_rises_toward_jitter_falls_again_and_is_not_moved_by_a_burst() {
        let mut trend = Trend::new();
        for n in 0..50 {
            trend.adapt(25.0, n * 20_000, 0.0);
        }
        let raised = trend.threshold;
        assert!((20.0..25.0).contains(&raised), "{raised}");
        trend.adapt(raised + 100.0, 1_100_000, 0.0);
        assert!((trend.threshold - raised).abs() < f64::EPSILON);
        for n in 0..50 {
            trend.adapt(0.0, 1_200_000 + n * 20_000, 0.0);
        }
        assert!((trend.threshold - THRESHOLDS.0).abs() < f64::EPSILON, "{}", trend.threshold);
    }

    #[test]
    fn times_without_sense_leave_finite_numbers() {
        let mut trend = Trend::new();
        for n in 0..200 {
            let arrived = [i64::MAX, i64::MIN, 0, 1][n % 4];
            trend.add(&Step { departure: 3_000_000, arrival: 0, arrived }, 0.0);
        }
        assert!(trend.slope.is_finite() && trend.smoothed.is_finite() && trend.threshold.is_finite());
    }
}
