//! How fast a bottleneck is as time goes by.

use std::time::Duration;

/// Bits a second of a link without a rate: so many that nothing ever waits.
const UNLIMITED: u64 = 1_000_000_000_000;

/// Rates one after another. The last one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace(pub &'static [Step]);

/// So many bits a second, for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub lasts: Duration,
    pub rate: u64,
}

impl Step {
    pub const fn new(seconds: u64, kbps: u64) -> Step {
        Step { lasts: Duration::from_secs(seconds), rate: kbps * 1_000 }
    }
}

/// The rate of a bottleneck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    Unlimited,
    Fixed(u64),
    Varies(Trace),
}

impl Rate {
    /// Bits a second at so long after the rate was set, and when the next change is.
    pub fn at(self, age: Duration) -> (u64, Option<Duration>) {
        let steps = match self {
            Rate::Unlimited => return (UNLIMITED, None),
            Rate::Fixed(rate) => return (rate, None),
            Rate::Varies(Trace(steps)) => steps,
        };
        let mut ends = Duration::ZERO;
        for step in steps {
            ends += step.lasts;
            if age < ends {
                return (step.rate, Some(ends));
            }
        }
        (steps.last().map_or(UNLIMITED, |step| step.rate), None)
    }
}
