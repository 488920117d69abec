//! What losses say the downlink holds: queues that are too short to be seen growing overflow.
//!
//! draft-ietf-rmcat-gcc-02, section 6, with one thing of our own: losses that do not become fewer when less is sent are the
//! line's (a radio), and do not count any more.

use std::time::Duration;

use super::{Micros, bounded};
use crate::media::units::Bitrate;

/// Losses are judged over so many packets at least, and so much time.
const PACKETS: u32 = 40;
const WINDOW: Micros = 300_000;

/// Beyond this share less is sent, below the other more (the draft: 10 and 2 %).
const MANY: f32 = 0.10;
const FEW: f32 = 0.02;

/// With this share lost, what arrives is what the downlink holds: there is nothing to feel one's way to.
const MOST_OF_IT: f32 = 0.5;

/// This share of what arrives is held, whatever is lost beside it by somebody who sends more than the estimate.
const ARRIVES_ANYWAY: f64 = 0.85;

/// One cut takes no more than this, unless most is lost: a radio loses many packets at once now and then.
const LEAST_LEFT: f64 = 0.7;

/// Between two cuts, beside a round trip (libwebrtc: 300 ms): the first must have been able to help.
const CUT_AGAIN: Micros = 300_000;

/// A cut to what arrives halves the losses of a queue that overflows; one that leaves more than this of them did not help.
const HELPED: f32 = 0.75;

/// So many cuts in turn that did not help, and the losses are the line's.
const IN_VAIN: u8 = 2;

/// What the line itself loses is forgotten by this part of the difference with each window that has less.
const FORGETS: f32 = 0.1;

/// With few losses the bound rises by so much a second (libwebrtc: 8 %).
const UP: f64 = 0.08;

#[derive(Debug, Default)]
pub(super) struct Losses {
    arrived: u32,
    missing: u32,
    since: Option<Micros>,
    /// Of the last window that was complete.
    share: f32,
    /// What the line itself loses.
    inherent: f32,
    bound: Option<Bitrate>,
    cut: Option<(Micros, f32)>,
    in_vain: u8,
}

impl Losses {
    pub fn arrived(&mut self, late: bool) {
        self.arrived += 1;
        if late {
            self.missing = self.missing.saturating_sub(1);
        }
    }

    pub fn missing(&mut self) {
        self.missing += 1;
    }

    /// The share that was lost of late, from 0 to 1.
    pub fn share(&self) -> f32 {
        self.share
    }

    /// More is lost than by the line.
    pub fn many(&self) -> bool {
        self.excess() > MANY
    }

    pub fn bound(&self) -> Option<Bitrate> {
        self.bound
    }

    /// It was found out that the downlink holds so much.
    pub fn learn(&mut self, rate: Bitrate) {
        self.bound = self.bound.map(|bound| bound.max(rate));
    }

    /// A feedback came; the delay has it that the downlink holds `rate`.
    pub fn heard(&mut self, now: Micros, rate: Bitrate, acked: Option<Bitrate>, rtt: Option<Duration>) {
        let since = *self.since.get_or_insert(now);
        let count = self.arrived + self.missing;
        if count < PACKETS || now - since < WINDOW {
            return;
        }
        self.share = self.missing as f32 / count as f32;
        (self.arrived, self.missing, self.since) = (0, 0, Some(now));
        // A window is small: one with few losses does not say that the line has none.
        self.inherent -= (self.inherent - self.share).max(0.0) * FORGETS;
        if self.many() {
            self.lose(now, rate, acked, rtt);
        } else if self.excess() < FEW {
            self.release(now - since, rate);
        }
    }

    fn excess(&self) -> f32 {
        ((self.share - self.inherent) / (1.0 - self.inherent)).max(0.0)
    }

    fn lose(&mut self, now: Micros, rate: Bitrate, acked: Option<Bitrate>, rtt: Option<Duration>) {
        let wait = CUT_AGAIN + rtt.map_or(0, |rtt| Micros::try_from(rtt.as_micros()).unwrap_or(0));
        if let Some((cut, before)) = self.cut {
            if now - cut < wait {
                return;
            }
            let helped = self.share < before * HELPED;
            self.in_vain = if helped { 0 } else { self.in_vain + 1 };
            if self.in_vain >= IN_VAIN && self.share < MOST_OF_IT {
                (self.inherent, self.in_vain, self.cut) = (before.midpoint(self.share), 0, None);
                return;
            }
        }
        self.cut = Some((now, self.share));
        let rate = self.bound.map_or(rate, |bound| bound.min(rate));
        let share = f64::from(self.share);
        let arrives = acked.unwrap_or(rate / 2);
        let sent = rate.min(arrives.scaled(1.0 / (1.0 - share).max(0.01)));
        let down = if self.share > MOST_OF_IT {
            sent.min(arrives)
        } else {
            sent.scaled(1.0 - share / 2.0).max(rate.scaled(LEAST_LEFT))
        };
        self.bound = Some(bounded(down.min(rate).max(arrives.scaled(ARRIVES_ANYWAY))));
    }

    fn release(&mut self, time: Micros, rate: Bitrate) {
        (self.cut, self.in_vain) = (None, 0);
        let by = 1.0 + UP * (time as f64 / 1_000_000.0).min(1.0);
        self.bound = self.bound.map(|bound| bound.scaled(by)).filter(|bound| *bound <= rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Option<Duration> = Some(Duration::from_millis(50));

    fn begun() -> (Losses, Micros) {
        (Losses { since: Some(0), ..Losses::default() }, 0)
    }

    /// Packets every 4 ms of a window, of which `share` of a hundred is lost, and the judgement.
    fn window(losses: &mut Losses, now: &mut Micros, share: u32, rate: Bitrate) -> Bitrate {
        for n in 0..100 {
            if n * share / 100 == (n + 1) * share / 100 { losses.arrived(false) } else { losses.missing() }
        }
        *now += 400_000;
        losses.heard(*now, rate, Some(rate.scaled(1.0 - f64::from(share) / 100.0)), RTT);
        losses.bound().unwrap_or(rate).min(rate)
    }

    #[test]
    fn a_queue_that_overflows_is_found_and_left() {
        let (mut losses, mut now) = begun();
        let held = 1_000.0;
        let mut rate = Bitrate::kbps(2_000);
        for _ in 0..8 {
            let sent = rate.as_bps() as f64 / 1_000.0;
            let lost = (0..=100).rev().find(|lost| f64::from(*lost) <= 100.0 * (1.0 - held / sent));
            rate = window(&mut losses, &mut now, lost.unwrap_or(0), rate);
        }
        assert!(rate <= Bitrate::kbps(1_130) && rate > Bitrate::kbps(850), "{rate:?}");
    }

    #[test]
    fn what_a_radio_loses_whatever_is_sent_does_not_count_for_ever() {
        let (mut losses, mut now) = begun();
        let mut rate = Bitrate::kbps(2_000);
        for _ in 0..100 {
            rate = window(&mut losses, &mut now, 15, rate);
        }
        assert!(rate > Bitrate::kbps(1_500), "{rate:?}");
        assert!(!losses.many());
        // What is lost beyond it does.
        let before = rate;
        rate = window(&mut losses, &mut now, 35, rate);
        assert!(rate < before.scaled(0.9), "{rate:?}");
    }

    #[test]
    fn when_nearly_all_is_lost_what_arrives_is_the_bound_and_it_is_never_zero() {
        let (mut losses, mut now) = begun();
        let rate = Bitrate::kbps(2_000);
        assert!(window(&mut losses, &mut now, 90, rate) <= Bitrate::kbps(210));
        for _ in 0..50 {
            window(&mut losses, &mut now, 100, rate);
        }
        assert_eq!(losses.bound(), Some(super::super::LEAST));
    }

    #[test]
    fn few_losses_raise_the_bound_and_in_the_end_there_is_none() {
        let (mut losses, mut now) = begun();
        let rate = Bitrate::kbps(2_000);
        let bound = window(&mut losses, &mut now, 20, rate);
        assert!(bound < rate);
        assert_eq!(window(&mut losses, &mut now, 5, rate), bound, "neither few nor many");
        for _ in 0..30 {
            window(&mut losses, &mut now, 0, rate);
        }
        assert_eq!(losses.bound(), None);
    }

    #[test]
    fn a_few_packets_say_nothing() {
        let mut losses = Losses::default();
        (0..30).for_each(|_| losses.missing());
        losses.heard(0, Bitrate::kbps(500), None, RTT);
        losses.heard(10_000_000, Bitrate::kbps(500), None, RTT);
        assert_eq!((losses.bound(), losses.share()), (None, 0.0));
    }
}
