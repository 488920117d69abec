//! One source after another on one slot: sequence, timestamp and picture id as one stream.
//!
//! A slot keeps its SSRC for ever, so whatever it shows must look like one sender (`rtp_out = base + rate x capture
//! time`). Between switches the source's own steps are kept exactly. At a switch the new source starts on a key frame,
//! one sequence number after the last (two if a frame was left open, so that the torn frame cannot look whole), and at
//! the timestamp at which its capture time puts it on the slot's clock. A jump of seconds there costs a browser seconds
//! of freeze, and a step in what sender reports say up to a minute of delay: the relation between timestamps and the
//! server's clock is therefore only ever slewed. Frames may be left out of a source ([`super::thinning`]): what leaves closes over them.

use std::time::Instant;

use super::frame::{FrameInfo, Frames, Picture};
use super::rtp::{ClockRate, MediaTime, SeqNo};
use super::thinning::{Closed, Passing, Thinning};
use super::window::Window;

/// How fast the relation between timestamps and the server's clock may move: by one part of this, 5 ms a second. Clocks drift by
/// 0.1 ms a second at most; browsers move lips and sound towards each other by about 12 ms a second.
const SLEW: u32 = 200;

/// A source that jumps further than this starts anew: at a key frame, as if it were another source.
const LARGEST_STEP: u64 = 3_000;

/// Timestamp steps beyond this many seconds within one source are no pause but another clock.
const LARGEST_PAUSE_SECONDS: u64 = 120;

/// Nor are steps that are this many seconds longer than the time that passed: a browser that is told of such a step
/// freezes for as long. A queue on the way makes steps look longer than they were, by less than this.
const LARGEST_LEAD_SECONDS: u64 = 1;

/// What forwarding needs to know of an arriving packet.
#[derive(Debug, Clone, Copy)]
pub struct Arriving {
    /// Sequence number.
    pub seq: SeqNo,
    /// RTP timestamp.
    pub time: MediaTime,
    /// When it was captured, on the server's clock.
    pub capture: Instant,
    /// What it is to its frame.
    pub frame: FrameInfo,
}

/// The packet as the subscriber gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// Sequence number.
    pub seq: SeqNo,
    /// RTP timestamp.
    pub time: MediaTime,
    /// What the timestamp stands for on the server's clock: goes into sender reports.
    pub wallclock: Instant,
    /// New picture id and temporal-layer-zero index, where the packet has them.
    pub picture: Option<Picture>,
    /// The packet is the first of its source on this slot.
    pub first: bool,
}

/// Why a packet is not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The slot waits for a key frame of its source.
    AwaitsKeyFrame,
    /// The packet is of a layer that the slot does not show.
    NotShown,
    /// The packet is of a temporal layer that the slot does not show.
    Thinned,
    /// The subscriber negotiated nothing that could decode it.
    NotDecodable,
    /// The packet is from before the point where the slot joined its source.
    Early,
    /// The packet would put a later sequence number on an earlier timestamp.
    Backwards,
    /// A packet left with this sequence number before, or the number is too old to tell: two plain texts under one nonce
    /// would reveal both (RFC 7714 section 10.1). A publisher that changes its source may count from where it was.
    Repeated,
    /// There is no stream it could leave on.
    NoStream,
}

/// How the present source maps onto the slot.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    seq_in: SeqNo,
    seq_out: SeqNo,
    time_in: MediaTime,
    time_out: MediaTime,
    picture_in: u16,
    picture_out: u16,
    tl0_in: u8,
    tl0_out: u8,
    highest_in: SeqNo,
    latest_in: MediaTime,
    latest_at: Instant,
}

/// The outgoing stream of one slot.
#[derive(Debug)]
pub struct Forwarder {
    rate: ClockRate,
    anchor: Option<Anchor>,
    /// Highest sequence number sent, and the timestamp it had.
    highest: Option<(SeqNo, MediaTime)>,
    /// Sequence numbers that were sent.
    used: Window,
    /// A timestamp and the instant it stands for.
    relation: Option<(MediaTime, Instant)>,
    /// The packet with the highest sequence number did not end its frame.
    open: bool,
    picture: u16,
    tl0: u8,
    /// What is left out of the present source, once anything is.
    thinning: Option<Box<Thinning>>,
}

impl Forwarder {
    /// A stream of `rate` that starts at sequence number `seq` (below 2^16) and timestamp `time`.
    #[must_use]
    pub fn new(rate: ClockRate, seq: u16, time: u32) -> Forwarder {
        Forwarder {
            rate,
            anchor: None,
            highest: Some((SeqNo(seq.into()), MediaTime(time.into()))),
            used: Window::default(),
            relation: None,
            open: false,
            picture: seq & 0x7fff,
            tl0: 0,
            thinning: None,
        }
    }

    /// The source ends here, or another one follows: the next packet must start a key frame.
    pub fn detach(&mut self) {
        self.anchor = None;
    }

    /// Maps one packet onto the slot, of whose source `frames` are shown, or says why not. `now` bounds the wallclock.
    ///
    /// # Errors
    /// [`Held`] if the packet must not go out.
    pub fn forward(&mut self, packet: &Arriving, frames: Frames, now: Instant) -> Result<Leaving, Held> {
        if self.anchor.is_some_and(|anchor| anchor.jumped(packet, now, self.rate)) {
            self.anchor = None;
        }
        let (anchor, first) = match self.anchor {
            Some(anchor) => (anchor, false),
            None if packet.frame.starts_key_frame() => {
                self.thinning.iter_mut().for_each(|thinning| thinning.restart());
                (self.attach(packet, now), true)
            }
            None => return Err(Held::AwaitsKeyFrame),
        };
        let passes = if first { Some(Closed::default()) } else { self.passes(&anchor, packet, frames) };
        let Some(closed) = passes else {
            self.anchor = Some(anchor.advance(packet, now));
            return Err(Held::Thinned);
        };
        let leaving = self.map(&anchor, packet, now, (first, closed))?;
        if !self.used.take(leaving.seq.0) {
            return Err(Held::Repeated);
        }
        self.anchor = Some(anchor.advance(packet, now));
        self.remember(packet, &leaving);
        Ok(leaving)
    }

    /// What is closed over in front of a packet; `None` if it is left out itself.
    fn passes(&mut self, anchor: &Anchor, packet: &Arriving, frames: Frames) -> Option<Closed> {
        if frames == Frames::All && self.thinning.is_none() {
            return Some(Closed::default());
        }
        let thinning = self.thinning.get_or_insert_default();
        let Arriving { seq, time, ref frame, .. } = *packet;
        thinning.pass(&Passing { seq, time, frame }, frames, (anchor.highest_in, anchor.latest_in))
    }

    /// Whether what was captured at `capture` comes after all that left, on the clock of the stream.
    #[must_use]
    pub fn has_room_for(&self, capture: Instant) -> bool {
        let (_, latest) = self.highest.unwrap_or_default();
        self.relation.is_none_or(|(at, instant)| self.moment(at, instant, capture) > latest)
    }

    /// The timestamp of `capture`, if `at` is that of `instant`.
    fn moment(&self, at: MediaTime, instant: Instant, capture: Instant) -> MediaTime {
        let ahead = self.rate.ticks_in(capture.saturating_duration_since(instant));
        (at + ahead).saturating_sub(self.rate.ticks_in(instant.saturating_duration_since(capture)))
    }

    fn attach(&self, packet: &Arriving, now: Instant) -> Anchor {
        let (seq, time) = self.highest.unwrap_or_default();
        let earliest = time + 1;
        let follows = self.relation.map(|(at, instant)| self.moment(at, instant, packet.capture));
        let time_out = follows.map_or(earliest, |time| time.max(earliest));
        let picture = packet.frame.picture;
        Anchor {
            seq_in: packet.seq,
            seq_out: seq + 1 + u64::from(self.open),
            time_in: packet.time,
            time_out,
            picture_in: picture.map_or(0, |picture| picture.id),
            picture_out: self.picture.wrapping_add(1),
            tl0_in: picture.and_then(|picture| picture.tl0).unwrap_or(0),
            tl0_out: self.tl0.wrapping_add(1),
            highest_in: packet.seq,
            latest_in: packet.time,
            latest_at: now,
        }
    }

    fn map(
        &self,
        anchor: &Anchor,
        packet: &Arriving,
        now: Instant,
        (first, closed): (bool, Closed),
    ) -> Result<Leaving, Held> {
        if packet.seq < anchor.seq_in || packet.time < anchor.time_in {
            return Err(Held::Early);
        }
        let seq = anchor.seq_out + (packet.seq - anchor.seq_in).saturating_sub(closed.numbers);
        let time = anchor.time_out + (packet.time - anchor.time_in);
        if let Some((highest, latest)) = self.highest
            && ((seq > highest && time < latest) || (seq <= highest && time > latest))
        {
            return Err(Held::Backwards);
        }
        let picture = packet.frame.picture.map(|picture| Picture {
            id: anchor
                .picture_out
                .wrapping_add(picture.id.wrapping_sub(anchor.picture_in))
                .wrapping_sub(closed.pictures)
                & if picture.long { 0x7fff } else { 0x7f },
            long: picture.long,
            tl0: picture.tl0.map(|tl0| anchor.tl0_out.wrapping_add(tl0.wrapping_sub(anchor.tl0_in))),
        });
        let wallclock = self.wallclock(time, packet.capture).min(now);
        Ok(Leaving { seq, time, wallclock, picture, first })
    }

    /// The instant `time` stands for: by the slot's relation, slewed towards when it was really captured.
    fn wallclock(&self, time: MediaTime, capture: Instant) -> Instant {
        let Some((at, instant)) = self.relation else { return capture };
        if time < at {
            return instant.checked_sub(self.rate.time_of(at - time)).unwrap_or(instant);
        }
        let passed = self.rate.time_of(time - at);
        let expected = instant + passed;
        let most = passed / SLEW;
        if capture > expected {
            expected + (capture - expected).min(most)
        } else {
            expected.checked_sub((expected - capture).min(most)).unwrap_or(expected)
        }
    }

    fn remember(&mut self, packet: &Arriving, leaving: &Leaving) {
        if self.highest.is_some_and(|(highest, _)| leaving.seq <= highest) {
            return;
        }
        self.highest = Some((leaving.seq, leaving.time));
        self.relation = Some((leaving.time, leaving.wallclock));
        self.open = !packet.frame.end;
        if let Some(picture) = leaving.picture {
            self.picture = picture.id;
            self.tl0 = picture.tl0.unwrap_or(self.tl0);
        }
    }
}

impl Anchor {
    /// The source left its own track: a sequence number or timestamp nobody counts up to, or a clock that went back
    /// (what follows it would be held until the clock is where it was).
    fn jumped(&self, packet: &Arriving, now: Instant, rate: ClockRate) -> bool {
        let (step, second) = (packet.time.abs_diff(self.latest_in), rate.as_hertz());
        packet.seq.abs_diff(self.highest_in) > LARGEST_STEP
            || (packet.seq > self.highest_in && packet.time < self.latest_in)
            || step > LARGEST_PAUSE_SECONDS * second
            || (step > LARGEST_LEAD_SECONDS * second
                && packet.time > self.latest_in
                && step > self.largest_step(now, second))
    }

    /// The most ticks a source may have counted by `now`.
    fn largest_step(&self, now: Instant, second: u64) -> u64 {
        let passed = now.saturating_duration_since(self.latest_at);
        (passed.as_secs() + LARGEST_LEAD_SECONDS) * second
            + u64::from(passed.subsec_millis()) * second / 1_000
    }

    fn advance(mut self, packet: &Arriving, now: Instant) -> Anchor {
        self.highest_in = self.highest_in.max(packet.seq);
        if packet.time >= self.latest_in {
            (self.latest_in, self.latest_at) = (packet.time, now);
        }
        self
    }
}

#[cfg(test)]
mod tests;
