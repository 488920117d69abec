//! One of a subscriber's receiving lines. It never moves; what it shows does.

use super::allocate::TileFacts;
use super::forward::{Arriving, Forwarder, Held, Leaving};
use super::frame::Frames;
use super::guard::{Faults, Guard};
use super::ids::{Kind, Layer, StreamId};
use super::layers::Layers;
use super::message::Reason;
use super::rtc::Mid;
use super::rtp::Ssrc;
use super::sinks::LayerSet;
use super::table::{Key, PublicationKey};

/// What a packet comes from, as a slot needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// A number that differs between sources: people, layers, connections, codecs.
    pub number: u64,
    /// The layer it is.
    pub layer: Layer,
    /// The layers that send.
    pub live: [bool; 3],
    /// What its publisher sent after this packet was there before it.
    pub overtaken: bool,
}

impl Source {
    /// That of a packet of `layer` of what is published as `at`, with these `layers`.
    #[must_use]
    pub fn of(at: PublicationKey, layers: &Layers, layer: Layer, overtaken: bool) -> Source {
        Source {
            number: (u64::from(at.number()) << 32) | u64::from(layers.source(layer)),
            layer,
            live: Layer::ALL.map(|layer| layers.is_live(layer)),
            overtaken,
        }
    }
}

/// What a slot shows: whom, and what of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown {
    /// Whom.
    pub owner: Option<StreamId>,
    /// What, while they publish it.
    pub publication: Option<PublicationKey>,
}

/// A receiving line of one client.
#[derive(Debug)]
pub struct Slot {
    /// The m-line.
    pub mid: Mid,
    /// The source it sends with, once the client receives on the line.
    pub ssrc: Option<Ssrc>,
    /// Whom it shows.
    pub owner: Option<StreamId>,
    /// What it shows of them, while they publish it. The slot is among its sinks.
    pub publication: Option<PublicationKey>,
    /// The tile its client shows the owner in, if it named one.
    pub tile: Option<TileFacts>,
    /// The layer it is to show (see [`super::allocate`]); `None` is nothing.
    pub target: Option<Layer>,
    /// How many of its frames.
    pub frames: Frames,
    /// Why it is to show that.
    pub reason: Option<Reason>,
    /// The RTP timestamp of the owner's first packet; `None` until that went out.
    pub since: Option<u32>,
    /// The client cannot decode what the owner sends now.
    pub blocked: bool,
    /// The client made it start anew: the key frame it waits for is on its budget.
    pub owes: bool,
    /// What plays: the number of its source and its layer.
    playing: Option<(u64, Layer)>,
    stream: SendStream,
}

/// What leaves with one source (SSRC) of ours. It goes on where it was for as long as the connection lives, whichever slot
/// has it: with one key, a sequence number that came again would be a nonce that came again.
#[derive(Debug)]
pub struct SendStream {
    forwarder: Forwarder,
    /// In debug builds only.
    guard: Option<Box<Guard>>,
}

impl SendStream {
    /// A source nothing has left with. `ssrc` is its number.
    #[must_use]
    pub fn new(kind: Kind, Ssrc(ssrc): Ssrc) -> SendStream {
        let rate = kind.clock_rate();
        // Any start will do; from the source's own random number, so that two do not start alike.
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are as random as the others")]
        let seq = (ssrc as u16) >> 1;
        SendStream {
            forwarder: Forwarder::new(rate, seq, ssrc >> 1),
            guard: cfg!(debug_assertions).then(|| Box::new(Guard::new(rate))),
        }
    }

    /// What the egress guard found.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.guard.as_ref().map(|guard| guard.faults()).unwrap_or_default()
    }
}

/// What a slot is to show before anybody decided. Of sound there is nothing to be decided: it has one encoding.
fn first_target(kind: Kind) -> Option<Layer> {
    (kind == Kind::Audio).then_some(Layer::High)
}

impl Slot {
    /// A slot on the m-line `mid` that shows nothing and sends with a source nothing has left with.
    #[cfg(any(test, feature = "faults"))]
    #[must_use]
    pub fn new(kind: Kind, mid: Mid, ssrc: Option<Ssrc>) -> Slot {
        Slot::with(kind, mid, ssrc, Shown::default(), SendStream::new(kind, ssrc.unwrap_or_default()))
    }

    /// A slot on the m-line `mid` that is to show `shown` and goes on with `stream`.
    #[must_use]
    pub fn with(kind: Kind, mid: Mid, ssrc: Option<Ssrc>, shown: Shown, mut stream: SendStream) -> Slot {
        stream.forwarder.detach();
        Slot {
            mid,
            ssrc,
            owner: shown.owner,
            publication: shown.publication,
            tile: None,
            target: first_target(kind),
            frames: Frames::All,
            reason: None,
            since: None,
            blocked: false,
            owes: true,
            playing: None,
            stream,
        }
    }

    /// It shows `owner` from now on, of whom it has nothing yet.
    pub fn set_owner(&mut self, kind: Kind, owner: Option<StreamId>) {
        self.detach();
        (self.owner, self.publication) = (owner, None);
        (self.owes, self.tile, self.reason) = (true, None, None);
        (self.target, self.frames) = (first_target(kind), Frames::All);
    }

    /// What it shows.
    #[must_use]
    pub fn shown(&self) -> Shown {
        Shown { owner: self.owner, publication: self.publication }
    }

    /// Which layers it takes.
    #[must_use]
    pub fn taken(&self) -> LayerSet {
        LayerSet::of(|layer| self.takes(layer))
    }

    /// The slot is no more: what left with its source, if it has one.
    #[must_use]
    pub fn into_stream(self) -> Option<(Ssrc, SendStream)> {
        Some((self.ssrc?, self.stream))
    }

    /// What comes next starts at a key frame; until then the client shows no picture.
    pub fn detach(&mut self) {
        self.stream.forwarder.detach();
        self.playing = None;
        self.since = None;
        self.blocked = false;
    }

    /// The layer that plays.
    #[must_use]
    pub fn layer(&self) -> Option<Layer> {
        self.playing.map(|(_, layer)| layer)
    }

    /// Whether a packet of `layer` may be for it: of what it plays or is to play, or of less while it plays nothing.
    #[must_use]
    pub fn takes(&self, layer: Layer) -> bool {
        let (layer, plays) = (Some(layer), self.layer());
        layer == plays || layer == self.target || (plays.is_none() && layer < self.target)
    }

    /// Whether what was captured at `capture` comes after all that left, on the clock of the slot.
    #[must_use]
    pub fn has_room_for(&self, capture: std::time::Instant) -> bool {
        self.stream.forwarder.has_room_for(capture)
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
        let leaving = self.stream.forwarder.forward(packet, self.frames, now);
        if let (Err(Held::Thinned), Some(guard)) = (leaving, &mut self.stream.guard) {
            guard.leave_out(packet);
        }
        let leaving = leaving?;
        if let Some(guard) = &mut self.stream.guard
            && !guard.judge(source.number, packet, &leaving, now)
        {
            log::error!("the egress guard found a fault: {packet:?} leaves as {leaving:?}");
        }
        if leaving.first {
            self.playing = Some((source.number, source.layer));
            self.blocked = false;
            self.since.get_or_insert(leaving.time.low());
        }
        Ok(leaving)
    }

    /// Whether the slot goes over to another source with this packet.
    fn open(&mut self, source: &Source, packet: &Arriving) -> Result<(), Held> {
        // What played is at its end if its own layer starts anew. Whoever sees nothing takes less than they are to have.
        let empty = self.layer().is_none_or(|layer| layer == source.layer);
        let layer = Some(source.layer);
        let wanted = layer == self.target;
        if !wanted && (!empty || layer > self.target) {
            return Err(Held::NotShown);
        }
        if !packet.frame.starts_key_frame() {
            return Err(if wanted { Held::AwaitsKeyFrame } else { Held::NotShown });
        }
        if source.overtaken {
            // It was lost and came when it was sent again, up to two seconds later on a full uplink. What it needs behind it has gone by:
            // the picture would go back, stand still, and nothing could repair it.
            return Err(Held::Early);
        }
        self.stream.forwarder.detach();
        Ok(())
    }

    /// The owner sends what the client cannot decode: a picture that would stand still is taken away. Another layer that
    /// plays goes on.
    pub fn refuse(&mut self, source: &Source) {
        // What played is at its end if its own layer is what cannot be decoded.
        self.playing.take_if(|(_, layer)| *layer == source.layer);
        let plays = self.layer().is_some_and(|layer| source.live.get(layer as usize) == Some(&true));
        if Some(source.layer) == self.target && !plays && !self.blocked {
            self.detach();
            self.blocked = true;
            self.owes = true;
        }
    }

    /// What the egress guard found on this slot.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.stream.faults()
    }
}

#[cfg(test)]
mod tests;
