//! How what a worker measures is spread: its turns, the datagrams' time in its hands, the estimates of downlinks.

use std::ops::AddAssign;
use std::time::Duration;

use crate::media::{ESTIMATES, Estimates};
use crate::metrics::{Family, Histogram};

/// Microseconds: what a turn and what a packet on its way through take. Whoever waits longer than the last is late for any voice.
const DELAYS: [u64; 11] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000];

/// How delays are spread, in microseconds.
pub type Delays = Histogram<{ DELAYS.len() }>;

/// What a worker measured since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spreads {
    /// How long each turn lasted.
    pub turns: Delays,
    /// How long each datagram that left was in the worker's hands.
    pub forwarding: Delays,
    /// What downlinks were thought to hold, in bits a second.
    pub estimates: Estimates,
}

impl Default for Spreads {
    fn default() -> Spreads {
        Spreads { turns: delays(), forwarding: delays(), estimates: Estimates::new(&ESTIMATES) }
    }
}

impl AddAssign for Spreads {
    fn add_assign(&mut self, other: Spreads) {
        self.turns += other.turns;
        self.forwarding += other.forwarding;
        self.estimates += other.estimates;
    }
}

impl Spreads {
    /// As they are told.
    pub(super) fn families(&self) -> [Family; 3] {
        [
            Family::spread(
                "worker_turn_seconds",
                "How long workers went on without waiting. What comes meanwhile waits as long at most.",
                "seconds",
                &self.turns,
                1_000_000,
            ),
            Family::spread(
                "worker_forwarding_seconds",
                "How long datagrams that left were in a worker's hands, from its waking until the kernel had them.",
                "seconds",
                &self.forwarding,
                1_000_000,
            ),
            Family::spread(
                "core_estimate_bits",
                "What downlinks were thought to hold, in bits a second, each time that was thought anew.",
                "bits",
                &self.estimates,
                1,
            ),
        ]
    }
}

/// Nothing was delayed yet.
pub(super) const fn delays() -> Delays {
    Delays::new(&DELAYS)
}

/// As a delay is recorded.
pub(super) fn micros(delay: Duration) -> u64 {
    u64::try_from(delay.as_micros()).unwrap_or(u64::MAX)
}
