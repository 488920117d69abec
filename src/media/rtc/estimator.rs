//! The estimator of a client's downlink: what it is asked to find out, and how it rests.

use std::time::{Duration, Instant};

use str0m::bwe::Bitrate;

use super::{Connection, guarded};
use crate::faults::Fault;
use crate::media::units;

/// The first estimate of a client's downlink. Without an allocator nothing is held back by it.
pub(super) const FIRST_ESTIMATE: Bitrate = Bitrate::kbps(2_000);

/// How late what is due on a parked connection may be done: four wake-ups a second. What is parked sends no picture;
/// the rest of its timers are reports and keep-alives of a second and more, and whatever arrives serves them too.
const PARKED_DUE: Duration = Duration::from_millis(250);

/// A connection comes to rest this long after it was parked: a probe in flight, which no reset ends, needs some tens of
/// milliseconds of punctual steps, and at four steps a second it would go on for minutes.
const COMES_TO_REST: Duration = Duration::from_secs(1);

/// The same for one that is not connected yet: a handshake wants its timers punctual, but a client whose network lets no
/// media through stays for as long as its page is open.
const GIVEN_UP: Duration = Duration::from_secs(10);

impl Connection {
    /// What the estimator is to find out whether the client's downlink holds; zero parks it.
    ///
    /// str0m pads up to 50 kbit/s however little is desired: about 200 packets and wake-ups a second for somebody who
    /// receives nothing. Only an estimate of zero ends that. A fault ends the connection with its next step.
    pub fn set_desired_bitrate(&mut self, desired: units::Bitrate) {
        if let Err(fault) = guarded(|| self.ask(desired)) {
            self.ended = Some(fault);
        }
    }

    fn ask(&mut self, desired: units::Bitrate) {
        self.fault.trip(Fault::PanicOnDesire);
        let park = desired == units::Bitrate::default();
        if park != self.parked.is_some() {
            let resumed = self.estimate.unwrap_or(FIRST_ESTIMATE);
            self.rtc.bwe().reset(if park { Bitrate::ZERO } else { resumed });
            self.parked = park.then_some(self.clock);
        }
        self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::bps(desired.as_bps()));
    }

    /// Nothing was desired for a while, and what is due may wait a little.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let after = if self.connected { COMES_TO_REST } else { GIVEN_UP };
        // A challenge that waits for its turn is a viewer who waits for a picture.
        self.parked.is_some_and(|since| self.clock >= since + after) && self.paths.due().is_none()
    }

    /// When to step a connection that asked for `deadline`.
    #[must_use]
    pub fn wakes(&self, now: Instant, deadline: Instant) -> Instant {
        if self.is_at_rest() { deadline.max(now + PARKED_DUE) } else { deadline }
    }
}
