//! How much of what a person sends is passed on: twice what they were asked for, with room for key frames.
//!
//! ```text
//!   authentic datagram ──> the person's bucket (resends and padding count)
//!   packet, small ones as larger ones ──> the track's bucket and its layer's ──> passed on
//!                  └ empty: the layer is cut off, the largest picture first, from its next frame to its next key frame
//!   what was over ──> patience ──> the person is told, then their connection ends
//! ```
//!
//! Sans-IO and pure: `now` is an argument. Who publishes is not policed until they were asked for something.

use std::time::{Duration, Instant};

use super::frame::FrameInfo;
use super::ids::{Kind, Layer, Stream, Track};
use super::message::TrackRates;
use super::units::Bitrate;

/// How much more than asked is passed on. Encoders overshoot by a fifth, resends and headers are as much again.
const TOLERANCE: u64 = 2;

/// What a picture has to be asked at so that no more than `most` of it is passed on.
#[must_use]
pub fn asked_for(most: Bitrate) -> Bitrate {
    most / TOLERANCE
}

/// For how long a rate holds that was asked before: `publish` has to travel, and encoders adapt within a second or two.
const OLD_RATE_HOLDS: Duration = Duration::from_secs(3);

/// What sound may take at least: stereo music in Opus, with its headers. More than that is no codec's.
const SOUND_AT_LEAST: Bitrate = Bitrate::kbps(256);

/// What a person may send besides their tracks: reports on 25 pictures, probes.
const BESIDES: Bitrate = Bitrate::kbps(512);

/// Bytes that a packet counts at the least: to pass on a small one costs as much as a large one, and a rate of nothing but small ones
/// is fifteen thousand a second. A frame has at most one, its last, and the smallest picture that is asked for has room for sixty.
const LEAST_OF_PICTURE: u64 = 300;

/// The same of sound, of which packets are 20 or 10 ms: there is room for two hundred a second.
const LEAST_OF_SOUND: u64 = 150;

/// Time's worth of a rate that may come at once.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Bytes that may come at once at least: key frames of all layers of a camera are 60 to 190 kB, of a screen up to twice that.
const TRACK_AT_ONCE: u64 = 256_000;

/// The same of one layer, whose largest key frames are 50 kB: two of them, and what is between.
const LAYER_AT_ONCE: u64 = 128_000;

/// The same of sound.
const SOUND_AT_ONCE: u64 = 64_000;

/// The excess of so much time, in seconds of what is allowed, before somebody is told.
const TOLD_AFTER: Duration = Duration::from_secs(2);

/// The same before their connection ends. A page whose socket is dead and does not know it yet (30 s) sends for that long
/// what was asked for a smaller room, which is under twice what is allowed in the larger one.
const ENDED_AFTER: Duration = Duration::from_secs(45);

/// After a standstill of the server, how soon all is read that the kernel held back.
const WAITED_COMES_WITHIN: Duration = Duration::from_secs(1);

/// Patience comes back this much slower than it is used up: whoever comes back and goes on is ended at once.
const FORGIVING: u64 = 8;

/// Bits times nanoseconds in a second: what a bucket counts in, so that no rounding adds up.
const BYTE: i128 = 8 * 1_000_000_000;

/// A token bucket. What is taken beyond its level is owed.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    rate: Bitrate,
    depth: i128,
    level: i128,
    filled: Instant,
}

impl Bucket {
    /// A full one of so many bytes.
    fn new(now: Instant, rate: Bitrate, depth: u64) -> Bucket {
        let depth = i128::from(depth) * BYTE;
        Bucket { rate, depth, level: depth, filled: now }
    }

    /// Another rate and depth from now on; what was missing is missing.
    fn set(&mut self, now: Instant, rate: Bitrate, depth: u64) {
        self.fill(now);
        let missing = self.depth - self.level;
        *self = Bucket::new(now, rate, depth);
        self.level = (self.level - missing).max(-self.depth);
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled);
        self.filled = self.filled.max(now);
        let filled = i128::from(self.rate.as_bps()).saturating_mul(passed.as_nanos().cast_signed());
        self.level = self.level.saturating_add(filled).min(self.depth);
    }

    fn take(&mut self, bytes: u64) {
        self.level = self.level.saturating_sub(i128::from(bytes) * BYTE);
    }

    fn give_back(&mut self, bytes: u64) {
        self.level = self.level.saturating_add(i128::from(bytes) * BYTE).min(self.depth);
    }

    /// Forgets what is owed: so many bytes.
    fn forgive(&mut self) -> u64 {
        let owed = (-self.level).max(0);
        self.level += owed;
        u64::try_from(owed / BYTE).unwrap_or(u64::MAX)
    }

    /// Whether more than so many sixteenths of it are there; below zero are what may be owed.
    fn has(&self, sixteenths: i128) -> bool {
        self.level * 16 > sixteenths * self.depth
    }

    /// The bytes that are missing.
    fn used(&self) -> u64 {
        u64::try_from((self.depth - self.level) / BYTE).unwrap_or(u64::MAX)
    }
}

/// How full, in sixteenths, the buckets must be for a frame to begin: the largest picture goes first, sound last.
fn reserve(track: Track, layer: Layer) -> i128 {
    match (track.kind, track.stream, layer) {
        (Kind::Audio, _, _) => 0,
        (Kind::Video, Stream::Camera, Layer::High) => 4,
        (Kind::Video, Stream::Camera, Layer::Middle) | (Kind::Video, Stream::Screen, _) => 2,
        (Kind::Video, Stream::Camera, Layer::Low) => 1,
    }
}

/// How much fuller they must be for a layer to come back: a key frame fits, and leaves the smaller layers their share.
const FOR_A_KEY_FRAME: i128 = 8;

/// How much may be owed, in sixteenths, before a frame that goes on is cut off in its middle: a whole bucket more is no frame.
const MOST_OWED: i128 = -16;

/// What is to be done with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is passed on.
    Pass,
    /// It is dropped.
    Drop,
    /// It is dropped, and its layer with it until the next key frame.
    Cut,
    /// It is dropped, and a key frame of its layer could be passed on now.
    Ask,
}

/// What is to be said to somebody who sends too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// That they do.
    Tell,
    /// Nothing any more: their connection ends.
    End,
}

/// One layer of a track.
#[derive(Debug, Clone, Copy)]
struct LayerState {
    cut: bool,
    /// The last packet ended a frame: the next one begins one.
    ended: bool,
}

/// The rate of a whole track, and the bytes of it that may come at once.
fn at_once(rates: &TrackRates) -> (Bitrate, u64) {
    let sum = rates.sum() * TOLERANCE;
    let (rate, least) = match rates.track.kind {
        Kind::Audio => (sum.max(SOUND_AT_LEAST), SOUND_AT_ONCE),
        Kind::Video => (sum, TRACK_AT_ONCE),
    };
    (rate, rate.bytes_in(AT_ONCE).max(least))
}

#[derive(Debug)]
struct TrackPolice {
    track: Track,
    whole: Bucket,
    /// Of a camera's layers. The largest has the whole track's rate: it is also what a camera without layers sends.
    low: Bucket,
    middle: Bucket,
    high: Bucket,
    layers: [LayerState; 3],
}

impl TrackPolice {
    fn new(now: Instant, track: Track) -> TrackPolice {
        let [whole, low, middle, high] = [Bucket::new(now, Bitrate::default(), 0); 4];
        TrackPolice { track, whole, low, middle, high, layers: [LayerState { cut: false, ended: true }; 3] }
    }

    fn set(&mut self, now: Instant, rates: &TrackRates) {
        let (rate, depth) = at_once(rates);
        self.whole.set(now, rate, depth);
        self.high.set(now, rate, LAYER_AT_ONCE);
        for (bucket, layer) in [(&mut self.low, Layer::Low), (&mut self.middle, Layer::Middle)] {
            let rate = rates.of(layer) * TOLERANCE;
            // A layer that nobody asked for has nothing.
            let least = if rate == Bitrate::default() { 0 } else { LAYER_AT_ONCE };
            bucket.set(now, rate, rate.bytes_in(AT_ONCE).max(least));
        }
    }

    /// Judges a packet; `person` is the bucket of whoever sends it.
    fn packet(
        &mut self,
        now: Instant,
        layer: Layer,
        bytes: u64,
        frame: &FrameInfo,
        person: &Bucket,
    ) -> Verdict {
        let (sound, reserve) = (self.track.kind == Kind::Audio, reserve(self.track, layer));
        let whole = &mut self.whole;
        whole.fill(now);
        let mut own = match layer {
            Layer::Low => Some(&mut self.low),
            Layer::Middle => Some(&mut self.middle),
            Layer::High if self.track.stream == Stream::Camera && !sound => Some(&mut self.high),
            Layer::High => None,
        };
        let mut own_has = |least: i128| {
            own.as_mut().is_none_or(|own| {
                own.fill(now);
                own.has(least)
            })
        };
        let Some(state) = self.layers.get_mut(layer as usize) else { return Verdict::Drop };
        let begins = std::mem::replace(&mut state.ended, frame.end) || frame.key;
        let fits = whole.has(reserve) && person.has(reserve) && own_has(0);
        let back = reserve + FOR_A_KEY_FRAME;
        let roomy = whole.has(back) && person.has(back) && own_has(FOR_A_KEY_FRAME);
        let was_cut = state.cut;
        state.cut = match (sound, was_cut) {
            (true, _) => !fits,
            (false, true) => !(frame.starts_key_frame() && roomy),
            (false, false) if begins => !fits,
            (false, false) => !(whole.has(MOST_OWED) && own_has(MOST_OWED)),
        };
        if state.cut {
            return match was_cut {
                _ if sound => Verdict::Drop,
                false => Verdict::Cut,
                true if roomy => Verdict::Ask,
                true => Verdict::Drop,
            };
        }
        if let Some(own) = own {
            own.take(bytes);
        }
        whole.take(bytes);
        Verdict::Pass
    }
}

/// Watches over what one person sends, over all their connections.
#[derive(Debug)]
pub struct Police {
    /// Empty until something was asked.
    tracks: Vec<TrackPolice>,
    person: Bucket,
    patience: Bucket,
    allowed: Bitrate,
    told: bool,
    /// Until then what comes is taken to have waited: it may be dropped, and is held against nobody.
    waited: Option<Instant>,
    /// What holds, with the older and larger rates.
    rates: Vec<TrackRates>,
    /// What holds alone from then on.
    next: Option<(Instant, Vec<TrackRates>)>,
    asked: bool,
}

impl Police {
    /// Somebody who was asked for nothing yet.
    #[must_use]
    pub fn new(now: Instant) -> Police {
        let none = Bucket::new(now, Bitrate::default(), 0);
        Police {
            tracks: Vec::new(),
            person: none,
            patience: none,
            allowed: Bitrate::default(),
            told: false,
            waited: None,
            rates: Vec::new(),
            next: None,
            asked: false,
        }
    }

    /// The person was asked for this and nothing else.
    pub fn ask(&mut self, now: Instant, rates: Vec<TrackRates>) {
        let mut both = rates.clone();
        for old in &self.rates {
            match both.iter_mut().find(|new| new.track == old.track) {
                Some(new) => new.raise(old),
                None => both.push(old.clone()),
            }
        }
        self.apply(now, both);
        self.next = Some((now + OLD_RATE_HOLDS, rates));
    }

    fn apply(&mut self, now: Instant, rates: Vec<TrackRates>) {
        self.tracks.retain(|police| rates.iter().any(|rates| rates.track == police.track));
        for rates in &rates {
            let at = self.tracks.iter().position(|police| police.track == rates.track);
            let at = at.unwrap_or_else(|| {
                self.tracks.push(TrackPolice::new(now, rates.track));
                self.tracks.len() - 1
            });
            if let Some(police) = self.tracks.get_mut(at) {
                police.set(now, rates);
            }
        }
        self.allowed = self.tracks.iter().map(|police| police.whole.rate).sum::<Bitrate>() + BESIDES;
        let depths = rates.iter().map(|rates| at_once(rates).1).sum::<u64>();
        self.person.set(now, self.allowed, depths + TRACK_AT_ONCE);
        // Patience that was used up is no more for being asked for something else.
        let patience = self.allowed.bytes_in(ENDED_AFTER);
        self.patience.set(now, self.allowed / FORGIVING, patience);
        self.asked = true;
        self.rates = rates;
    }

    /// An authentic datagram came, whatever is in it, of somebody who `publishes` or does not. What to say, if it is much too much.
    pub fn datagram(&mut self, now: Instant, bytes: usize, publishes: bool) -> Option<Warning> {
        if !self.asked {
            if publishes {
                return None;
            }
            // Nobody asks a viewer for anything.
            self.apply(now, Vec::new());
        }
        if let Some((_, rates)) = self.next.take_if(|(at, _)| *at <= now) {
            self.apply(now, rates);
        }
        self.person.fill(now);
        self.person.take(bytes as u64);
        let over = self.person.forgive();
        if over == 0 { None } else { self.excess(now, over) }
    }

    /// A packet of a track came, in a datagram that was counted already.
    pub fn packet(
        &mut self,
        now: Instant,
        track: Track,
        layer: Layer,
        bytes: usize,
        frame: &FrameInfo,
    ) -> (Verdict, Option<Warning>) {
        let Some(police) = self.tracks.iter_mut().find(|police| police.track == track) else {
            return (Verdict::Pass, None);
        };
        let least = if track.kind == Kind::Audio { LEAST_OF_SOUND } else { LEAST_OF_PICTURE };
        let counted = (bytes as u64).max(least);
        let verdict = police.packet(now, layer, counted, frame, &self.person);
        if verdict == Verdict::Pass {
            return (verdict, None);
        }
        // What costs nobody anything leaves the smaller layers their share.
        self.person.give_back(bytes as u64);
        (verdict, self.excess(now, counted))
    }

    /// Nobody listened until `now`: what was sent meanwhile comes all at once.
    pub fn stood_still(&mut self, now: Instant) {
        self.waited = Some(now + WAITED_COMES_WITHIN);
    }

    /// So many bytes were over.
    fn excess(&mut self, now: Instant, bytes: u64) -> Option<Warning> {
        self.waited.take_if(|until| *until <= now);
        if self.waited.is_some() {
            return None;
        }
        self.patience.fill(now);
        self.told &= self.patience.used() > 0;
        self.patience.take(bytes);
        if self.patience.forgive() > 0 {
            return Some(Warning::End);
        }
        let tell = !self.told && self.patience.used() >= self.allowed.bytes_in(TOLD_AFTER);
        self.told |= tell;
        tell.then_some(Warning::Tell)
    }
}

#[cfg(test)]
mod tests;
