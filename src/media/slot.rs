//! One of a subscriber's receiving lines. It never moves; what it shows does.

use super::forward::{Arriving, Forwarder, Held, Leaving};
use super::guard::{Faults, Guard};
use super::ids::{Kind, StreamId};
use super::publication::clock_rate;
use super::rtc::Mid;

/// A receiving line of one client.
#[derive(Debug)]
pub struct Slot {
    /// The m-line.
    pub mid: Mid,
    /// The source it sends with, once the client receives on the line.
    pub ssrc: Option<u32>,
    /// Whom it shows.
    pub owner: Option<StreamId>,
    /// The RTP timestamp of the owner's first packet; `None` until that went out.
    pub since: Option<u32>,
    forwarder: Forwarder,
    guard: Option<Guard>,
}

impl Slot {
    /// A slot on `mid` that shows nothing.
    #[must_use]
    pub fn new(kind: Kind, mid: Mid, ssrc: Option<u32>) -> Slot {
        let rate = clock_rate(kind);
        // Any start will do; from the source's own random number, so that two slots do not start alike.
        let seed = ssrc.unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are as random as the others")]
        let seq = (seed as u16) >> 1;
        Slot {
            mid,
            ssrc,
            owner: None,
            since: None,
            forwarder: Forwarder::new(rate, seq, seed >> 8),
            guard: cfg!(debug_assertions).then(|| Guard::new(rate)),
        }
    }

    /// What comes next starts at a key frame; until then the client shows no picture.
    pub fn detach(&mut self) {
        self.forwarder.detach();
        self.since = None;
    }

    /// Maps one packet of `source` (a number that differs between sources) onto the slot.
    ///
    /// # Errors
    /// [`Held`] if the packet must not go out.
    pub fn forward(
        &mut self,
        source: u64,
        packet: &Arriving,
        now: std::time::Instant,
    ) -> Result<Leaving, Held> {
        let leaving = self.forwarder.forward(packet, now)?;
        if let Some(guard) = &mut self.guard
            && !guard.judge(source, packet, &leaving, now)
        {
            log::error!("the egress guard found a fault: {packet:?} leaves as {leaving:?}");
        }
        if leaving.first {
            #[expect(clippy::cast_possible_truncation, reason = "RTP timestamps wrap")]
            let since = leaving.time as u32;
            self.since = Some(since);
        }
        Ok(leaving)
    }

    /// What the egress guard found on this slot.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.guard.as_ref().map(Guard::faults).unwrap_or_default()
    }
}
