//! One of a subscriber's receiving lines. It never moves; what it shows does.

use super::forward::{Arriving, Forwarder, Held, Leaving};
use super::guard::{Faults, Guard};
use super::ids::{Kind, Layer, StreamId};
use super::rtc::Mid;

/// What a packet comes from, as a slot needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// A number that differs between sources: people, layers, connections, codecs.
    pub number: u64,
    /// The layer it is.
    pub layer: Layer,
    /// The layer the slot is to show.
    pub target: Layer,
    /// The layers that send.
    pub live: [bool; 3],
}

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
    /// The client cannot decode what the owner sends now.
    pub blocked: bool,
    /// What plays: the number of its source and its layer.
    playing: Option<(u64, Layer)>,
    forwarder: Forwarder,
    guard: Option<Guard>,
}

/// The timestamp of a slot's first packet at least. Until there is one, str0m's sender reports say that this moment has the
/// timestamp 0. Chromium takes a step of up to 2^25 from one report to the next for the passing of time, and sounds and
/// pictures do not match for as long as it remembers it; of a longer one it believes the reports that come after.
const LEAST_TIME: u32 = (1 << 25) + 1;

impl Slot {
    /// A slot on the m-line `mid` that shows nothing.
    #[must_use]
    pub fn new(kind: Kind, mid: Mid, ssrc: Option<u32>) -> Slot {
        let rate = kind.clock_rate();
        // Any start will do; from the source's own random number, so that two slots do not start alike.
        let seed = ssrc.unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are as random as the others")]
        let seq = (seed as u16) >> 1;
        Slot {
            mid,
            ssrc,
            owner: None,
            since: None,
            blocked: false,
            playing: None,
            forwarder: Forwarder::new(rate, seq, LEAST_TIME + (seed >> 8)),
            guard: cfg!(debug_assertions).then(|| Guard::new(rate)),
        }
    }

    /// What comes next starts at a key frame; until then the client shows no picture.
    pub fn detach(&mut self) {
        self.forwarder.detach();
        self.playing = None;
        self.since = None;
        self.blocked = false;
    }

    /// The layer that plays.
    #[must_use]
    pub fn layer(&self) -> Option<Layer> {
        self.playing.map(|(_, layer)| layer)
    }

    /// Maps one packet onto the slot. Another source than the one that plays is taken at a key frame only; the one before
    /// plays until then.
    ///
    /// # Errors
    /// [`Held`] if the packet must not go out.
    pub fn forward(
        &mut self,
        source: &Source,
        packet: &Arriving,
        now: std::time::Instant,
    ) -> Result<Leaving, Held> {
        if self.playing.is_none_or(|(number, _)| number != source.number) {
            self.open(source, packet)?;
        }
        let leaving = self.forwarder.forward(packet, now)?;
        if let Some(guard) = &mut self.guard
            && !guard.judge(source.number, packet, &leaving, now)
        {
            log::error!("the egress guard found a fault: {packet:?} leaves as {leaving:?}");
        }
        if leaving.first {
            self.playing = Some((source.number, source.layer));
            self.blocked = false;
            #[expect(clippy::cast_possible_truncation, reason = "RTP timestamps wrap")]
            self.since.get_or_insert(leaving.time as u32);
        }
        Ok(leaving)
    }

    /// Whether the slot goes over to another source with this packet.
    fn open(&mut self, source: &Source, packet: &Arriving) -> Result<(), Held> {
        // What played is at its end if its own layer starts anew. Whoever sees nothing takes less than they are to have.
        let empty = self.layer().is_none_or(|layer| layer == source.layer);
        let wanted = source.layer == source.target;
        if !wanted && (!empty || source.layer > source.target) {
            return Err(Held::NotShown);
        }
        if !packet.frame.starts_key_frame() {
            return Err(if wanted { Held::AwaitsKeyFrame } else { Held::NotShown });
        }
        self.forwarder.detach();
        Ok(())
    }

    /// The owner sends what the client cannot decode: a picture that would stand still is taken away. Another layer that
    /// plays goes on.
    pub fn refuse(&mut self, source: &Source) {
        // What played is at its end if its own layer is what cannot be decoded.
        self.playing.take_if(|(_, layer)| *layer == source.layer);
        let plays = self.layer().is_some_and(|layer| source.live.get(layer as usize) == Some(&true));
        if source.layer == source.target && !plays && !self.blocked {
            self.detach();
            self.blocked = true;
        }
    }

    /// What the egress guard found on this slot.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.guard.as_ref().map(Guard::faults).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
