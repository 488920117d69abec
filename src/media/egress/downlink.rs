//! The estimator of a connection's downlink, and when it has something to do next.
//!
//! Packets that leave change little of when that is, so it is not reckoned for each: only when it has come, when something is heard
//! or wanted, and every [`ASKED`]. Reckoned twice for each packet, as it was, it took 3 % of what the core does for one.

use std::time::{Duration, Instant};

use crate::media::estimate::{Estimator, Reported};
use crate::media::units::Bitrate;

/// How often it is asked anew while packets leave: of its own notions of time the shortest but a probe's is 250 ms, and a probe is
/// always asked.
const ASKED: Duration = Duration::from_millis(20);

/// What a downlink is thought to hold.
#[derive(Debug)]
pub(super) struct Downlink {
    estimator: Estimator,
    /// When it has something to do, as it said last; `None` while nothing is sent.
    due: Option<Instant>,
    /// It is asked again with the first packet that leaves from then on.
    asks: Instant,
}

impl Downlink {
    /// One of which nothing is known.
    pub(super) fn new(now: Instant) -> Downlink {
        Downlink { estimator: Estimator::new(now), due: None, asks: now }
    }

    fn ask(&mut self, now: Instant) {
        (self.due, self.asks) = (self.estimator.due(), now + ASKED);
    }

    /// See [`Estimator::want`].
    pub(super) fn want(&mut self, now: Instant, wanted: Bitrate) {
        self.estimator.want(now, wanted);
        self.ask(now);
    }

    /// See [`Estimator::feedback`].
    pub(super) fn feedback(&mut self, now: Instant, reports: impl IntoIterator<Item = Reported>) {
        self.estimator.feedback(now, reports);
        self.ask(now);
    }

    /// See [`Estimator::stood_still`].
    pub(super) fn stood_still(&mut self) {
        self.estimator.stood_still();
        self.due = None;
    }

    /// See [`Estimator::new_path`].
    pub(super) fn new_path(&mut self) {
        self.estimator.new_path();
        self.due = None;
    }

    /// See [`Estimator::sent`].
    pub(super) fn sent(&mut self, now: Instant, bytes: usize) -> u16 {
        let number = self.estimator.sent(now, bytes);
        if self.due.is_none() || self.asks <= now {
            self.ask(now);
        }
        number
    }

    /// See [`Estimator::poll`].
    pub(super) fn poll(&mut self, now: Instant) -> Option<usize> {
        if !self.is_due(now) {
            return None;
        }
        let padding = self.estimator.poll(now);
        self.ask(now);
        padding
    }

    /// When [`Downlink::poll`] has something to do next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it has something to do.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// See [`Estimator::estimate`].
    pub(super) fn estimate(&self) -> Bitrate {
        self.estimator.estimate()
    }

    /// See [`Estimator::rtt`].
    pub(super) fn rtt(&self) -> Option<Duration> {
        self.estimator.rtt()
    }
}
