//! The encodings of one track, and which of them send.
//!
//! Browsers stop layers when bandwidth or processor are short and do not say so; silence is told from a stalled network by the
//! other layers going on. There is no timer: while no layer sends there is nothing to change to.

use std::time::{Duration, Instant};

use super::allocate::EncodingFacts;
use super::clock::TrackClock;
use super::codec::Codec;
use super::demand::Demand;
use super::flow::Flow;
use super::ids::{Kind, Layer};
use super::keyframes::KeyFrames;
use super::rtp::SeqNo;

/// A layer is dead after this much silence while others go on. Cameras in the dark pause for 200 ms between frames; a
/// picture that stands for longer than half a second is one that people talk about.
const SILENCE: Duration = Duration::from_millis(500);

/// And after this many frames of other layers: after a stalled network the first packets to come are one layer's, and
/// the others were no more silent than it was.
const FRAMES_MISSED: u8 = 8;

/// A track none of whose layers sent for so long begins anew: its encoder may start with one of them and come to the others seconds later,
/// or not at all, because nothing is known of its line any more. A network stalls for less, or is looked at as a lost path.
const RESTED: Duration = Duration::from_secs(5);

/// How long a layer that died and came back must send before slots go up to it again. Doubled each time it dies, up to
/// [`LONGEST_PROBATION`]: each way costs the publisher a key frame and everybody a picture that changes.
const PROBATION: Duration = Duration::from_secs(2);

/// The longest of these times.
const LONGEST_PROBATION: Duration = Duration::from_secs(32);

/// A layer that lived this long has a clean record again.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

/// From one codec to the next at the least. A room's codecs change once in five seconds at most; whoever cannot decode one of two
/// that take turns with each packet would have their page told so as often, and everybody's messages would wait for that.
const CODEC_HOLDS: Duration = Duration::from_secs(1);

/// Packets this far behind the newest are late; further away the source counts anew. The same as the forwarder's.
const LATE: u64 = 3_000;

/// What an arriving packet says of its layer.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Which layer.
    pub layer: Layer,
    /// What it is encoded with.
    pub codec: Codec,
    /// Sequence number.
    pub seq: SeqNo,
    /// The packet ends a frame.
    pub end: bool,
    /// How many bytes it was on its way.
    pub bytes: usize,
    /// The temporal layer of its frame.
    pub temporal: u8,
}

/// What the arrival of a packet changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a packet may say")]
pub struct Arrival {
    /// The packet is of a format that its source has left, and late, or went over to too soon: it must not be forwarded.
    pub outdated: bool,
    /// Its sequence number is far from the one before.
    pub jumped: bool,
    /// What its publisher sent after it was there before it.
    pub overtaken: bool,
    /// Other layers send, or have settled, than before.
    pub changed: bool,
}

/// One encoding of a track.
#[derive(Debug)]
pub struct Encoding {
    /// Its RTP clock against the server's.
    pub clock: TrackClock,
    /// When its publisher was asked for a key frame.
    pub keys: KeyFrames,
    /// What it is encoded with; `None` before the first packet.
    pub codec: Option<Codec>,
    /// When it was something else last.
    recoded: Option<Instant>,
    /// How many lines its picture has; `None` until a key frame says so.
    height: Option<u16>,
    /// Grows whenever what follows has nothing to do with what was before: another connection, another codec.
    epoch: u32,
    newest: SeqNo,
    arrived: Option<Instant>,
    /// When it began to send; `None` while it is dead.
    alive: Option<Instant>,
    missed: u8,
    probation: Duration,
    flow: Flow,
    demand: Demand,
}

impl Encoding {
    fn new(kind: Kind) -> Encoding {
        Encoding {
            clock: TrackClock::new(kind.clock_rate()),
            keys: KeyFrames::default(),
            codec: None,
            recoded: None,
            height: None,
            epoch: 0,
            newest: SeqNo::default(),
            arrived: None,
            alive: None,
            missed: 0,
            probation: Duration::ZERO,
            flow: Flow::default(),
            demand: Demand::default(),
        }
    }

    fn restart(&mut self, kind: Kind) {
        *self = Encoding { epoch: self.epoch.wrapping_add(1), ..Encoding::new(kind) };
    }

    fn arrive(&mut self, seen: &Seen, now: Instant) -> Arrival {
        let before = self.newest;
        let known = self.arrived.is_some();
        let jumped = self.pass_over(seen.seq);
        let overtaken = known && !jumped && seen.seq < before;
        if self.codec.is_some_and(|codec| codec != seen.codec) {
            let soon = self.recoded.is_some_and(|at| now.saturating_duration_since(at) < CODEC_HOLDS);
            if soon || (seen.seq < before && !jumped) {
                return Arrival { outdated: true, jumped, ..Arrival::default() };
            }
            self.recoded = Some(now);
            self.epoch = self.epoch.wrapping_add(1);
        }
        self.codec = Some(seen.codec);
        if self.is_on_demand(now) {
            // It begins again: what it takes is not known.
            (self.alive, self.flow) = (None, Flow::default());
        }
        self.arrived = Some(now);
        self.missed = 0;
        self.flow.add(now, seen.bytes, seen.end, seen.temporal);
        let since = *self.alive.get_or_insert(now);
        if !self.probation.is_zero() && now.saturating_duration_since(since) >= FORGIVEN_AFTER {
            self.probation = Duration::ZERO;
        }
        Arrival { jumped, overtaken, ..Arrival::default() }
    }

    /// A packet came that nobody is shown: what is counted from goes on.
    fn pass_over(&mut self, seq: SeqNo) -> bool {
        let jumped = self.arrived.is_some() && seq.abs_diff(self.newest) > LATE;
        self.newest = if jumped { seq } else { self.newest.max(seq) };
        jumped
    }

    /// Another layer finished a frame.
    fn miss(&mut self, now: Instant) {
        if self.alive.is_none() {
            return;
        }
        self.missed = self.missed.saturating_add(1);
        if self.is_silent(now) && self.missed >= FRAMES_MISSED {
            self.die();
        }
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.arrived.is_none_or(|arrived| now.saturating_duration_since(arrived) >= SILENCE)
    }

    /// It does not send, and would for whoever wants it.
    fn is_on_demand(&self, now: Instant) -> bool {
        self.demand.excuses() && self.is_silent(now)
    }

    fn die(&mut self) {
        self.alive = None;
        if self.demand.excuses() {
            return;
        }
        self.probation = (self.probation * 2).clamp(PROBATION, LONGEST_PROBATION);
    }

    /// What it sent before says nothing of whether it sends now. It did not die of anything.
    fn begin_anew(&mut self) {
        (self.alive, self.missed, self.flow) = (None, 0, Flow::default());
    }

    fn has_rested(&self, now: Instant) -> bool {
        self.arrived.is_none_or(|arrived| now.saturating_duration_since(arrived) >= RESTED)
    }

    fn is_settled(&self, now: Instant) -> bool {
        let served =
            |since| self.probation.is_zero() || now.saturating_duration_since(since) >= self.probation;
        self.alive.is_some_and(served)
    }
}

/// What the core of its publisher knows of an encoding, for a core that gets no more of it than it takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Learned {
    /// See [`Layers::facts`].
    pub facts: Option<EncodingFacts>,
    /// See [`Layers::is_live`].
    pub live: bool,
    /// See [`Layers::is_gone`].
    pub gone: bool,
    /// What it is encoded with.
    pub codec: Option<Codec>,
}

impl Learned {
    /// Without what changes all the time.
    fn state(&self) -> (bool, bool, Option<bool>) {
        (self.live, self.gone, self.facts.map(|facts| facts.settled))
    }
}

/// The encodings of one track.
#[derive(Debug)]
pub struct Layers {
    kind: Kind,
    /// What is known of them where their publisher is, if that is another core.
    learned: Option<Box<[Learned; 3]>>,
    low: Encoding,
    middle: Encoding,
    high: Encoding,
    /// Which send and which have settled, as it was told last.
    told: [(bool, bool); 3],
}

impl Layers {
    /// A track of which nothing came yet.
    #[must_use]
    pub fn new(kind: Kind) -> Layers {
        let [low, middle, high] = [(); 3].map(|()| Encoding::new(kind));
        Layers { kind, learned: None, low, middle, high, told: [(false, false); 3] }
    }

    /// A picture whose publisher is on another core.
    #[must_use]
    pub fn far() -> Layers {
        Layers { learned: Some(Box::default()), ..Layers::new(Kind::Video) }
    }

    /// What a core is to know of them that gets some of their packets or none.
    #[must_use]
    pub fn known(&self, now: Instant) -> [Learned; 3] {
        Layer::ALL.map(|layer| Learned {
            facts: self.facts(layer, now),
            live: self.is_live(layer),
            gone: self.is_gone(layer),
            codec: self.get(layer).codec,
        })
    }

    /// Where their publisher is, this is known of them. Returns whether others send, or have settled, than before.
    pub fn learn(&mut self, now: Instant, known: &[Learned; 3]) -> bool {
        let Some(learned) = &mut self.learned else { return false };
        let before = learned.map(|learned| learned.state());
        **learned = *known;
        for (layer, known) in Layer::ALL.into_iter().zip(known) {
            let encoding = self.get_mut(layer);
            encoding.alive = known.live.then(|| encoding.alive.unwrap_or(now));
            encoding.codec = encoding.codec.or(known.codec);
        }
        before != known.map(|known| known.state())
    }

    fn learned(&self, layer: Layer) -> Option<&Learned> {
        self.learned.as_ref()?.get(layer as usize)
    }

    /// The track comes on another connection: sequence numbers and timestamps start anew.
    pub fn restart(&mut self) {
        for layer in Layer::ALL {
            let kind = self.kind;
            self.get_mut(layer).restart(kind);
        }
        self.learned.as_deref_mut().map(std::mem::take);
        self.told = [(false, false); 3];
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, layer: Layer) -> &Encoding {
        match layer {
            Layer::Low => &self.low,
            Layer::Middle => &self.middle,
            Layer::High => &self.high,
        }
    }

    /// One of them, to change.
    pub fn get_mut(&mut self, layer: Layer) -> &mut Encoding {
        match layer {
            Layer::Low => &mut self.low,
            Layer::Middle => &mut self.middle,
            Layer::High => &mut self.high,
        }
    }

    /// Whether a layer sends.
    #[must_use]
    pub fn is_live(&self, layer: Layer) -> bool {
        self.get(layer).alive.is_some()
    }

    /// Whether a layer did send and does not any more.
    #[must_use]
    pub fn is_gone(&self, layer: Layer) -> bool {
        if let Some(learned) = self.learned(layer) {
            return learned.gone;
        }
        let encoding = self.get(layer);
        encoding.alive.is_none() && encoding.arrived.is_some() && !encoding.demand.excuses()
    }

    /// The layers that send or would, the smallest first.
    fn present(&self) -> impl Iterator<Item = Layer> {
        let is_there = |layer: &Layer| self.is_live(*layer) || self.get(*layer).demand.excuses();
        Layer::ALL.into_iter().filter(is_there)
    }

    /// The smallest layer that sends or would.
    #[must_use]
    pub fn base(&self) -> Option<Layer> {
        self.present().next()
    }

    /// Whether the publisher was told not to send any of those there are.
    #[must_use]
    pub fn rest(&self) -> bool {
        self.base().is_some() && self.present().all(|layer| self.is_stopped(layer))
    }

    /// Whether the publisher was told not to send a layer.
    #[must_use]
    pub fn is_stopped(&self, layer: Layer) -> bool {
        self.get(layer).demand.is_stopped()
    }

    /// Looks at which layers somebody `wants`: others are stopped after a while. Returns when to look again, and whether one did
    /// not come that was asked for.
    pub fn review(&mut self, now: Instant, wants: impl Fn(Layer) -> bool) -> (Option<Instant>, bool) {
        let (mut next, mut missing) = (None, false);
        for layer in Layer::ALL {
            let (live, encoding) = (self.is_live(layer), self.get_mut(layer));
            let awaited = encoding.is_on_demand(now);
            let again = encoding.demand.review(now, wants(layer), live || awaited);
            if awaited && !encoding.demand.excuses() {
                (encoding.alive, missing) = (None, true);
            }
            next = next.into_iter().chain(again).min();
        }
        (next, missing)
    }

    /// The publisher was asked for the layers of which `asked` says so: others are not there on demand any more. A camera with one
    /// encoding sends it whatever it is called.
    pub fn list(&mut self, asked: impl Fn(Layer) -> bool) {
        if [Layer::Low, Layer::Middle].into_iter().all(|layer| self.get(layer).arrived.is_none()) {
            return;
        }
        for layer in Layer::ALL.into_iter().filter(|layer| !asked(*layer)) {
            self.get_mut(layer).demand = Demand::default();
        }
    }

    /// A number that differs between layers, and between what a layer sent before and after it started anew.
    #[must_use]
    pub fn source(&self, layer: Layer) -> u32 {
        (self.get(layer).epoch << 2) | layer as u32
    }

    /// What an allocator is to know of a layer, except what was asked of it; `None` if it neither sends nor would.
    #[must_use]
    pub fn facts(&self, layer: Layer, now: Instant) -> Option<EncodingFacts> {
        if let Some(learned) = self.learned(layer) {
            return learned.facts;
        }
        let encoding = self.get(layer);
        let height = encoding.height;
        if encoding.is_on_demand(now) {
            return Some(EncodingFacts { settled: true, height, ..EncodingFacts::default() });
        }
        let rates = encoding.flow.rates(now);
        encoding.alive.map(|_| EncodingFacts {
            settled: encoding.is_settled(now),
            asked: None,
            rate: rates.map(|rates| rates.bits),
            parts: rates.map(|rates| rates.parts).unwrap_or_default(),
            frames: rates.map(|rates| rates.frames),
            height,
        })
    }

    /// Takes note of a packet.
    pub fn arrive(&mut self, seen: &Seen, now: Instant) -> Arrival {
        let begins_anew = self.kind == Kind::Video && self.learned.is_none();
        if begins_anew && Layer::ALL.iter().all(|layer| self.get(*layer).has_rested(now)) {
            for layer in Layer::ALL {
                self.get_mut(layer).begin_anew();
            }
        }
        let mut arrival = self.get_mut(seen.layer).arrive(seen, now);
        if self.kind == Kind::Audio || self.learned.is_some() || arrival.outdated {
            return arrival;
        }
        if seen.end {
            for other in Layer::ALL {
                if other != seen.layer {
                    self.get_mut(other).miss(now);
                }
            }
        }
        arrival.changed = self.has_changed(now);
        arrival
    }

    /// A key frame of a layer says how many lines its picture has. Returns whether that is news.
    pub fn measure(&mut self, layer: Layer, height: u16) -> bool {
        self.get_mut(layer).height.replace(height) != Some(height)
    }

    /// Takes note of the sequence number of a packet that nobody is shown, as of somebody who is muted. Returns whether it
    /// is far from the one before.
    pub fn pass_over(&mut self, layer: Layer, seq: SeqNo) -> bool {
        self.get_mut(layer).pass_over(seq)
    }

    /// What comes next of a layer follows on what sinks got of it last, whatever came in between that they did not.
    pub fn resume(&mut self, layer: Layer) {
        let encoding = self.get_mut(layer);
        encoding.epoch = encoding.epoch.wrapping_add(1);
    }

    /// Whether other layers send, or have settled, than when this was asked last.
    fn has_changed(&mut self, now: Instant) -> bool {
        let state = |layer| (self.is_live(layer), self.get(layer).is_settled(now));
        let present = Layer::ALL.map(state);
        std::mem::replace(&mut self.told, present) != present
    }

    /// What follows of a layer is dropped until its next key frame: it is dead until then, and what comes after has nothing
    /// to do with what was before.
    pub fn cut(&mut self, layer: Layer, now: Instant) {
        let encoding = self.get_mut(layer);
        encoding.die();
        encoding.epoch = encoding.epoch.wrapping_add(1);
        self.has_changed(now);
    }
}

#[cfg(test)]
mod tests;
