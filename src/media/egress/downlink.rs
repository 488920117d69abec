//! The estimator of a connection's downlink, and when it has something to do next.
//!
//! It is reckoned once when something changes it, a packet that leaves among that, and not each time that somebody asks: before a run,
//! after it, and when the next deadline of its person is looked for.

use std::time::{Duration, Instant};

use crate::media::estimate::{Estimator, Reported};
use crate::media::units::Bitrate;

/// What a downlink is thought to hold.
#[derive(Debug)]
pub(super) struct Downlink {
    estimator: Estimator,
    /// When it has something to do, as it said last; `None` while nothing is sent.
    due: Option<Instant>,
}

impl Downlink {
    /// One of which nothing is known.
    pub(super) fn new(now: Instant) -> Downlink {
        Downlink { estimator: Estimator::new(now), due: None }
    }

    fn ask(&mut self) {
        self.due = self.estimator.due();
    }

    /// See [`Estimator::want`].
    pub(super) fn want(&mut self, now: Instant, wanted: Bitrate) {
        self.estimator.want(now, wanted);
        self.ask();
    }

    /// See [`Estimator::feedback`].
    pub(super) fn feedback(&mut self, now: Instant, reports: impl IntoIterator<Item = Reported>) {
        self.estimator.feedback(now, reports);
        self.ask();
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
        self.ask();
        number
    }

    /// See [`Estimator::poll`].
    pub(super) fn poll(&mut self, now: Instant) -> Option<usize> {
        if !self.is_due(now) {
            return None;
        }
        let padding = self.estimator.poll(now);
        self.ask();
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

    /// See [`Estimator::left`].
    pub(super) fn left(&self, now: Instant) -> Option<Bitrate> {
        self.estimator.left(now)
    }

    /// See [`Estimator::loss`].
    pub(super) fn loss(&self) -> f32 {
        self.estimator.loss()
    }

    /// See [`Estimator::rtt`].
    pub(super) fn rtt(&self) -> Option<Duration> {
        self.estimator.rtt()
    }
}
