//! Which ways people's media took in the last hour. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::protocol::Way;

/// One bucket of time.
const BUCKET: Duration = Duration::from_secs(300);

/// How many there are: an hour.
const BUCKETS: usize = 12;

/// So long somebody counts.
const KEPT: Duration = Duration::from_secs(3_600);

/// How many people took which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shares {
    pub(super) udp: u64,
    pub(super) tcp: u64,
    pub(super) relay: u64,
}

impl Shares {
    /// All of them.
    pub(super) fn all(self) -> u64 {
        self.udp + self.tcp + self.relay
    }

    fn of(&mut self, way: Way) -> &mut u64 {
        match way {
            Way::Udp => &mut self.udp,
            Way::Tcp => &mut self.tcp,
            Way::Relay => &mut self.relay,
        }
    }
}

/// The same by the time when they connected: bounded, however many they are.
#[derive(Debug, Default)]
pub(super) struct Ways {
    buckets: VecDeque<(Instant, Shares)>,
}

impl Ways {
    /// Somebody connected this way.
    pub(super) fn count(&mut self, now: Instant, way: Way) {
        if let Some(shares) = self.newest(now) {
            *shares.of(way) += 1;
        }
    }

    /// Somebody who was counted to go the way `from` goes by a TURN server: the other end of their path is that server's.
    pub(super) fn is_relayed(&mut self, from: Way) {
        for (_, shares) in self.buckets.iter_mut().rev() {
            if let Some(less) = shares.of(from).checked_sub(1) {
                *shares.of(from) = less;
                shares.relay += 1;
                return;
            }
        }
    }

    /// Those of the last hour.
    pub(super) fn shares(&self, now: Instant) -> Shares {
        let mut all = Shares::default();
        let recent = |began: &Instant| now.saturating_duration_since(*began) < KEPT;
        for (_, shares) in self.buckets.iter().filter(|(began, _)| recent(began)) {
            all.udp += shares.udp;
            all.tcp += shares.tcp;
            all.relay += shares.relay;
        }
        all
    }

    fn newest(&mut self, now: Instant) -> Option<&mut Shares> {
        let fits = |(began, _): &(Instant, Shares)| now.saturating_duration_since(*began) < BUCKET;
        if !self.buckets.back().is_some_and(fits) {
            self.buckets.push_back((now, Shares::default()));
            if self.buckets.len() > BUCKETS {
                self.buckets.pop_front();
            }
        }
        self.buckets.back_mut().map(|(_, shares)| shares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_kept_and_no_more_however_many_come() {
        let (start, mut ways) = (Instant::now(), Ways::default());
        for minute in 0..180 {
            let now = start + Duration::from_secs(60 * minute);
            ways.count(now, if minute % 2 == 0 { Way::Udp } else { Way::Tcp });
            assert!(ways.buckets.len() <= BUCKETS);
        }
        let now = start + Duration::from_secs(60 * 179);
        let shares = ways.shares(now);
        assert!((55..=60).contains(&shares.all()), "{shares:?}");
        ways.is_relayed(Way::Tcp);
        assert_eq!(ways.shares(now), Shares { tcp: shares.tcp - 1, relay: 1, ..shares });
        assert_eq!(ways.shares(now + Duration::from_secs(3_600)).all(), 0);
    }
}
