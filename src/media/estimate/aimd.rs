//! What the delay says the downlink holds: up by a share far from the last limit, by a little near it, down to a part of what arrives.
//!
//! draft-ietf-rmcat-gcc-02, section 5.5; constants of libwebrtc (`AimdRateControl`, `LinkCapacityEstimator`) where they differ.

use std::time::Duration;

use super::acked::Rates;
use super::trend::Queue;
use super::{MOST_ABOVE, Micros, bounded};
use crate::media::units::Bitrate;

/// After the queue grew: so much of what arrived (the draft: beta, 0.85).
const DOWN: f64 = 0.85;

/// Far from the last limit: a second brings so much more (the draft: eta, 1.08).
const UP: f64 = 0.08;

/// Near it: half a packet more in each time it takes to notice, which is a round trip and 100 ms (the draft, `response_time_ms`);
/// a packet is thought to have 1,200 bytes. At least by this share: half a packet is nothing to 8 Mbit/s, which would need half a
/// minute to make up for one cut.
const PACKET_BITS: f64 = 1_200.0 * 8.0;
const NOTICES_AFTER: Duration = Duration::from_millis(100);
const LEAST_UP: f64 = 0.015;

/// If less than this share of the estimate is sent, a queue that grows says little of the estimate: one cut leaves so much of it.
const LITTLE: f64 = 0.6;
const LEAST_LEFT: f64 = 0.7;

/// A queue that is too long is let drain within about this time, by sending this share of what arrives at the least.
const DRAINS_WITHIN: f64 = 2_000_000.0;
const LEAST_SENT: f64 = 0.5;

/// A step up is of a second at most, however long nothing was heard.
const LONGEST_STEP: Micros = 1_000_000;

/// After a cut, the next waits a round trip, within these bounds (libwebrtc), unless not even half arrives.
const CUT_AGAIN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(200));

/// The round trip before the first is known (libwebrtc).
const FIRST_RTT: Duration = Duration::from_millis(200);

/// Where the last limits were: mean and variance (relative to the mean) of what arrived when the queue grew.
#[derive(Debug, Clone, Copy)]
struct Limit {
    mean: f64,
    variance: f64,
}

impl Limit {
    /// How fast new limits move the mean (libwebrtc).
    const FOLLOWS: f64 = 0.05;
    /// Bounds of the variance, in kbit/s (libwebrtc).
    const VARIANCES: (f64, f64) = (0.4, 2.5);

    fn spread(&self) -> f64 {
        3.0 * (self.variance * self.mean).sqrt()
    }

    /// A limit was met at `rate`; one far from the last is another downlink's.
    fn met(limit: Option<Limit>, rate: f64) -> Limit {
        let Some(Limit { mean: before, variance }) = limit.filter(|limit| limit.near(rate) != Near::Below)
        else {
            return Limit { mean: rate, variance: Limit::VARIANCES.0 };
        };
        let mean = before + Limit::FOLLOWS * (rate - before);
        let off = (mean - rate).powi(2) / mean.max(1.0);
        let (least, most) = Limit::VARIANCES;
        let variance = ((1.0 - Limit::FOLLOWS) * variance + Limit::FOLLOWS * off).clamp(least, most);
        Limit { mean, variance }
    }

    fn near(&self, rate: f64) -> Near {
        match rate - self.mean {
            off if off > self.spread() => Near::Above,
            off if off < -self.spread() => Near::Below,
            _ => Near::There,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Near {
    Below,
    There,
    Above,
}

/// What is known when a feedback came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub queue: Queue,
    /// How long the queue is, if it is too long.
    pub standing: Option<Micros>,
    /// Losses have it that less is held: no reason to think of more.
    pub held: bool,
    pub acked: Option<Rates>,
    /// The rate at which is sent.
    pub left: Option<Bitrate>,
    pub rtt: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Aimd {
    rate: Bitrate,
    limit: Option<Limit>,
    /// Since when it goes up. `None` while it holds.
    rising: Option<Micros>,
    cut: Option<Micros>,
    /// What a queue that only stands leaves at the least: it may be none, and then less brings nothing.
    floor: Option<Bitrate>,
}

impl Aimd {
    pub fn new(rate: Bitrate) -> Aimd {
        Aimd { rate, limit: None, rising: None, cut: None, floor: None }
    }

    pub fn rate(&self) -> Bitrate {
        self.rate
    }

    /// It was found out what the downlink holds. `full`: not more than that.
    pub fn learn(&mut self, now: Micros, rate: Bitrate, full: bool) {
        self.rate = bounded(rate);
        self.limit = full.then(|| Limit::met(None, kbps(rate)));
        self.rising = Some(now);
    }

    /// It is heard again: from here on, if that is more.
    pub fn resume(&mut self, from: Bitrate) {
        self.rate = bounded(self.rate.max(from));
        (self.limit, self.rising) = (None, None);
    }

    /// Nothing is heard: less is sent, until something is.
    pub fn lower(&mut self, to: Bitrate) {
        self.rate = bounded(to.min(self.rate));
        self.rising = None;
    }

    /// A feedback came.
    pub fn heard(&mut self, now: Micros, facts: &Facts) {
        if facts.standing.is_none() {
            self.floor = None;
        }
        if facts.queue == Queue::Grows || facts.standing.is_some() {
            self.rising = None;
            if self.may_cut(now, facts) {
                self.cut(now, facts);
            }
        } else if facts.queue == Queue::Drains || facts.held {
            self.rising = None;
        } else if let Some(since) = self.rising.replace(now) {
            self.rise((now - since).clamp(0, LONGEST_STEP), facts);
        }
    }

    fn may_cut(&self, now: Micros, facts: &Facts) -> bool {
        let (least, most) = CUT_AGAIN;
        let wait = facts.rtt.unwrap_or(FIRST_RTT).clamp(least, most);
        let waited = self.cut.is_none_or(|cut| now - cut >= Micros::try_from(wait.as_micros()).unwrap_or(0));
        waited || facts.acked.is_some_and(|acked| acked.smoothed < self.rate / 2 && !self.little(facts))
    }

    /// Whether much less is sent than could be.
    fn little(&self, facts: &Facts) -> bool {
        facts.left.is_some_and(|left| left < self.rate.scaled(LITTLE))
    }

    fn cut(&mut self, now: Micros, facts: &Facts) {
        self.cut = Some(now);
        let Some(acked) = facts.acked else {
            self.rate = bounded(self.rate / 2);
            return;
        };
        let arrives = acked.at_present();
        let standing = facts.standing.unwrap_or(0) as f64;
        let sent = arrives.scaled(DOWN * (1.0 - standing / DRAINS_WITHIN).clamp(LEAST_SENT, 1.0));
        let limit = self.limit.map(|limit| Bitrate::kbps(1).scaled(limit.mean * DOWN));
        // What arrives may be more than what was thought to be held: then the last limit is the better word.
        let down = if sent > self.rate { limit.unwrap_or(sent) } else { sent };
        let least = if self.little(facts) {
            self.rate.scaled(LEAST_LEFT)
        } else if facts.queue == Queue::Grows {
            Bitrate::default()
        } else {
            *self.floor.get_or_insert(acked.latest.scaled(LEAST_SENT))
        };
        self.rate = bounded(down.max(least).min(self.rate));
        self.limit = Some(Limit::met(self.limit, kbps(arrives)));
    }

    fn rise(&mut self, time: Micros, facts: &Facts) {
        let acked = facts.acked.map(|acked| acked.smoothed);
        let near = acked.and_then(|acked| Some(self.limit?.near(kbps(acked))));
        if near == Some(Near::Above) {
            self.limit = None;
        }
        let seconds = time as f64 / 1_000_000.0;
        let rate = self.rate.as_bps() as f64;
        let by = if self.limit.is_some() {
            let times = 1.0 / (facts.rtt.unwrap_or(FIRST_RTT) + NOTICES_AFTER).as_secs_f64();
            (PACKET_BITS / 2.0 * times).max(LEAST_UP * rate)
        } else {
            rate * UP
        };
        let most = acked.map_or(self.rate, most_above);
        // What is sent says nothing of a limit far above it: only a probe does.
        let limit = self.limit.filter(|_| near == Some(Near::Below));
        let most = limit.map_or(most, |limit| most.min(Bitrate::kbps(1).scaled(limit.mean)));
        let risen = self.rate + Bitrate::bps(1).scaled(by * seconds);
        // What arrives although nobody thought that it would is held, less what a cut would leave of it.
        let arrives = acked.map_or(self.rate, |acked| acked.scaled(DOWN));
        self.rate = bounded(risen.min(most).max(self.rate).max(arrives));
    }
}

/// The most that may be thought of a downlink of which so much is acknowledged.
pub(super) fn most_above(acked: Bitrate) -> Bitrate {
    acked.scaled(MOST_ABOVE) + Bitrate::kbps(10)
}

fn kbps(rate: Bitrate) -> f64 {
    rate.as_bps() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::super::{LEAST, MOST};
    use super::*;

    /// So much arrives.
    fn facts(queue: Queue, kbps: u64) -> Facts {
        let rate = Bitrate::kbps(kbps);
        Facts {
            queue,
            standing: None,
            held: false,
            acked: Some(Rates { smoothed: rate, latest: rate }),
            left: Some(MOST),
            rtt: Some(Duration::from_millis(50)),
        }
    }

    /// A feedback every 100 ms for `seconds`, with all that may be sent acknowledged.
    fn rise(aimd: &mut Aimd, from: Micros, seconds: i64) -> f64 {
        let before = kbps(aimd.rate());
        for n in 0..=seconds * 10 {
            aimd.heard(from + n * 100_000, &facts(Queue::Rests, aimd.rate().as_bps() / 1_000));
        }
        kbps(aimd.rate()) - before
    }

    #[test]
    fn far_from_the_last_limit_it_rises_by_a_share_and_near_it_by_a_little() {
        let mut aimd = Aimd::new(Bitrate::kbps(1_000));
        let far = rise(&mut aimd, 0, 1);
        assert!((75.0..90.0).contains(&far), "{far}");
        aimd.heard(2_000_000, &facts(Queue::Grows, 1_000));
        assert_eq!(aimd.rate(), Bitrate::kbps(850));
        aimd.learn(2_000_000, Bitrate::kbps(1_000), true);
        let near = rise(&mut aimd, 2_000_000, 1);
        assert!((25.0..40.0).contains(&near), "{near}");
        // 160 kbit/s above the limit, and it was somebody else's.
        aimd.learn(3_100_000, Bitrate::kbps(1_160), false);
        let far = rise(&mut aimd, 3_100_000, 1);
        assert!(far > 80.0, "{far}");
    }

    #[test]
    fn a_queue_that_grows_costs_once_in_a_round_trip() {
        let mut aimd = Aimd::new(Bitrate::kbps(2_000));
        for n in 0..5 {
            aimd.heard(n * 9_000, &facts(Queue::Grows, 1_000));
        }
        assert_eq!(aimd.rate(), Bitrate::kbps(850));
        aimd.heard(60_000, &facts(Queue::Grows, 800));
        assert_eq!(aimd.rate(), Bitrate::kbps(680));
        aimd.heard(61_000, &facts(Queue::Grows, 300));
        assert_eq!(aimd.rate(), Bitrate::kbps(255), "not even half arrives");
    }

    #[test]
    fn it_holds_while_the_queue_drains_and_never_falls_to_nothing() {
        let mut aimd = Aimd::new(Bitrate::kbps(500));
        for n in 0..50 {
            aimd.heard(n * 100_000, &facts(Queue::Drains, 500));
        }
        assert_eq!(aimd.rate(), Bitrate::kbps(500));
        for n in 50..500 {
            aimd.heard(n * 100_000, &facts(Queue::Grows, 0));
        }
        assert_eq!(aimd.rate(), LEAST);
    }

    #[test]
    fn it_rises_no_further_than_its_bound_above_what_arrives() {
        let mut aimd = Aimd::new(Bitrate::kbps(600));
        for n in 0..1_000 {
            aimd.heard(n * 100_000, &facts(Queue::Rests, 500));
        }
        assert_eq!(aimd.rate(), Bitrate::kbps(760));
    }
}
