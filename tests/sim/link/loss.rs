//! What a wire loses: single datagrams, and runs of them.

use crate::rng::Rng;

/// Losses that come together, as those of radio do: the model of Gilbert and Elliott with a good state, in which nothing
/// is lost, and a bad one, in which everything is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    /// Datagrams between two bursts, on average.
    pub apart: f64,
    /// Datagrams of a burst, on average.
    pub length: f64,
}

impl Bursts {
    /// Bursts of `length` datagrams, so far apart that `share` of all is lost.
    pub fn of(share: f64, length: f64) -> Bursts {
        Bursts { apart: length * (1.0 - share) / share, length }
    }
}

/// Where the model is.
#[derive(Debug, Default)]
pub struct Loss {
    bad: bool,
}

impl Loss {
    /// Whether a burst takes the next datagram. Draws in any case.
    pub fn takes(&mut self, bursts: Option<Bursts>, rng: &mut Rng) -> bool {
        let Some(Bursts { apart, length }) = bursts else {
            rng.chance(0.0);
            self.bad = false;
            return false;
        };
        let changes = rng.chance(if self.bad { 1.0 / length } else { 1.0 / apart });
        self.bad ^= changes;
        self.bad
    }
}
