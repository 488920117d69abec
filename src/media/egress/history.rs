//! What one source of ours sent lately: which packet of which ring left with which sequence number, so that it can be written
//! again as it was.
//!
//! Note each packet with [`History::note`] once it was committed to the wire, and ask [`History::again`] for each number that a
//! receiver says it lost; tell [`History::left_again`] when that has left, too. Nothing is allocated before the first packet, no more
//! than [`MOST_PACKETS`] entries of 24 bytes ever, and about as many as there are. Nothing of the packets themselves is here: [`super::ring`] keeps them once
//! for everybody, and may have given one up that is remembered here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::feedback::KeyRequest;
use super::ring::{KEPT_FOR, Kept, MOST_PACKETS, make_room};
use crate::media::frame::Picture;
use crate::media::ids::Layer;
use crate::media::rtp::SeqNo;
use crate::media::table::{Key, PublicationKey};

/// How old a packet may be that is sent again. A picture that waits for longer stands still, and the key frame that its receiver
/// asks for mends more than a packet does; and without a bound the end of an outage of 12 s had 492 packets sent again. At a
/// round trip of 300 ms it is time for a resend and one more.
pub const OLDEST: Duration = KEPT_FOR;
#[expect(clippy::cast_possible_truncation, reason = "asserted below")]
const OLDEST_MILLIS: u16 = OLDEST.as_millis() as u16;
const _: () = assert!(OLDEST_MILLIS as u128 == OLDEST.as_millis());

/// How often a packet is sent again at most. Browsers give a packet up when they have asked ten times for it.
pub const MOST_TIMES: u8 = 10;

/// The least time between two resends of one packet, whatever the round trip: browsers ask every 20 ms.
pub const LEAST_WAIT: Duration = Duration::from_millis(10);

/// A packet as it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Which.
    pub kept: Kept,
    /// Its RTP timestamp.
    pub time: u32,
    /// The counters in its payload descriptor.
    pub picture: Option<Picture>,
}

/// A packet to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// The sequence number it left with.
    pub seq: SeqNo,
    /// As it left.
    pub sent: Sent,
    /// After this it is too old.
    pub until: Instant,
}

/// Why a packet is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAgain {
    /// No packet left with this number.
    NeverSent,
    /// It left longer ago than [`OLDEST`], or too many have left since.
    TooOld,
    /// A key frame left since, or is going to, which does not need it.
    Superseded,
    /// It was sent again less than a round trip ago: whether that arrived cannot be known yet.
    TooSoon,
    /// It was sent again [`MOST_TIMES`].
    TooOften,
}

/// What is remembered of one sequence number.
#[derive(Debug, Clone, Copy)]
struct Entry {
    number: u64,
    publication: PublicationKey,
    time: u32,
    /// The picture id; its highest bit says that it is a long one.
    picture: u16,
    /// When it left and when it left again, in milliseconds since the history began. Both wrap, far beyond [`OLDEST`].
    sent: u16,
    again: u16,
    tl0: u8,
    marks: Marks,
}

const _: () = assert!(size_of::<Entry>() == 24);

/// What else there is to know of an entry, in one byte: the layer in two bits (three if nothing left with the number), what
/// counters there are in two, and in four how often it was sent again.
#[derive(Debug, Clone, Copy)]
struct Marks(u8);

impl Marks {
    const NOTHING: Marks = Marks(3);
    const LAYER: u8 = 3;
    const HAS_PICTURE: u8 = 1 << 2;
    const HAS_TL0: u8 = 1 << 3;
    const ONCE: u8 = 1 << 4;

    fn new(layer: Layer, picture: Option<Picture>) -> Marks {
        let picture = picture.map(|picture| Marks::HAS_PICTURE | picture.tl0.map_or(0, |_| Marks::HAS_TL0));
        Marks(layer as u8 | picture.unwrap_or(0))
    }

    fn layer(self) -> Option<Layer> {
        Layer::ALL.get(usize::from(self.0 & Marks::LAYER)).copied()
    }

    fn has(self, mark: u8) -> bool {
        self.0 & mark != 0
    }

    fn times(self) -> u8 {
        self.0 / Marks::ONCE
    }

    /// Only if it is under [`MOST_TIMES`].
    fn once_more(self) -> Marks {
        Marks(self.0.saturating_add(Marks::ONCE))
    }
}

const _: () = assert!(MOST_TIMES <= u8::MAX / Marks::ONCE);

/// Set in [`Entry::picture`] for ids of 15 bits.
const LONG: u16 = 1 << 15;

impl Entry {
    fn nothing(at: u16) -> Entry {
        let (publication, marks) = (PublicationKey::of(u32::MAX), Marks::NOTHING);
        Entry { number: 0, publication, time: 0, picture: 0, sent: at, again: at, tl0: 0, marks }
    }

    fn new(sent: Sent, at: u16) -> Entry {
        let Kept { publication, layer, number } = sent.kept;
        let picture =
            sent.picture.map_or(0, |picture| (picture.id & !LONG) | if picture.long { LONG } else { 0 });
        let tl0 = sent.picture.and_then(|picture| picture.tl0).unwrap_or(0);
        let marks = Marks::new(layer, sent.picture);
        Entry { number, publication, time: sent.time, picture, sent: at, again: at, tl0, marks }
    }

    /// What left; `None` if nothing did.
    fn left(&self) -> Option<Sent> {
        let kept = Kept { publication: self.publication, layer: self.marks.layer()?, number: self.number };
        let picture = self.marks.has(Marks::HAS_PICTURE).then(|| Picture {
            id: self.picture & !LONG,
            long: self.picture & LONG != 0,
            tl0: self.marks.has(Marks::HAS_TL0).then_some(self.tl0),
        });
        Some(Sent { kept, time: self.time, picture })
    }
}

/// What one source sent.
#[derive(Debug, Default)]
pub struct History {
    /// The sequence number of the first entry.
    first: u64,
    entries: VecDeque<Entry>,
    span: Option<Span>,
    /// What has a number below this is needed by nobody who gets what comes after it.
    superseded: u64,
    /// The number of the last command to send a key frame.
    command: Option<u8>,
}

/// When there was something to note.
#[derive(Debug, Clone, Copy)]
struct Span {
    /// The first time.
    began: Instant,
    /// With this number.
    seq: u64,
    /// The last time.
    newest: Instant,
}

impl Span {
    /// Milliseconds since it began, wrapped.
    fn stamp(&self, now: Instant) -> u16 {
        let since = now.saturating_duration_since(self.began);
        #[expect(clippy::cast_possible_truncation, reason = "it wraps")]
        let (seconds, millis) = (since.as_secs() as u16, since.subsec_millis() as u16);
        seconds.wrapping_mul(1_000).wrapping_add(millis)
    }

    /// How long ago it was that the stamp was made.
    fn since(&self, now: Instant, stamp: u16) -> Duration {
        Duration::from_millis(self.stamp(now).wrapping_sub(stamp).into())
    }
}

impl History {
    /// Notes that a packet left with `seq`, which began a key frame or did not. What is too old or too much is forgotten.
    pub fn note(&mut self, now: Instant, seq: SeqNo, sent: Sent, begins_key_frame: bool) {
        let span = self.span.get_or_insert(Span { began: now, seq: seq.0, newest: now });
        let paused = now.saturating_duration_since(span.newest) > OLDEST;
        span.newest = span.newest.max(now);
        let stamp = span.stamp(span.newest);
        self.forget(stamp);
        // After a pause stamps may have wrapped.
        if paused || self.entries.is_empty() || seq.0 >= self.end() + MOST_PACKETS as u64 {
            self.entries.clear();
            self.first = seq.0;
        }
        if begins_key_frame {
            self.superseded = self.superseded.max(seq.0);
        }
        while self.end() < seq.0 {
            self.push(Entry::nothing(stamp));
        }
        if self.end() == seq.0 {
            self.push(Entry::new(sent, stamp));
        } else if let Some(known) = self.place(seq.0).and_then(|place| self.entries.get_mut(place)) {
            // It came late, and counts as old as what overtook it: stamps rise with numbers.
            *known = Entry::new(sent, known.sent);
        }
    }

    /// The number after the last one.
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn place(&self, seq: u64) -> Option<usize> {
        usize::try_from(seq.checked_sub(self.first)?).ok()
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() >= MOST_PACKETS {
            self.entries.pop_front();
            self.first += 1;
        }
        make_room(&mut self.entries);
        self.entries.push_back(entry);
    }

    /// Lets go of what is too old at the time of `stamp`: asked with each packet, so in milliseconds.
    fn forget(&mut self, stamp: u16) {
        while self.entries.front().is_some_and(|entry| stamp.wrapping_sub(entry.sent) > OLDEST_MILLIS) {
            self.entries.pop_front();
            self.first += 1;
        }
    }

    /// The packet whose sequence number ends in `low`, to be sent again now: that is noted.
    ///
    /// # Errors
    /// [`NotAgain`] if it is not to be.
    pub fn again(&mut self, now: Instant, rtt: Duration, low: u16) -> Result<Again, NotAgain> {
        let span = self.span.ok_or(NotAgain::NeverSent)?;
        let seq = self.extended(low).filter(|seq| *seq >= span.seq).ok_or(NotAgain::NeverSent)?;
        if seq < self.superseded {
            return Err(NotAgain::Superseded);
        }
        let now = now.max(span.newest);
        // Stamps wrap, but not in so short a time.
        if now.saturating_duration_since(span.newest) > OLDEST {
            return Err(NotAgain::TooOld);
        }
        let place = self.place(seq).ok_or(NotAgain::TooOld)?;
        let entry = self.entries.get_mut(place).ok_or(NotAgain::NeverSent)?;
        let sent = entry.left().ok_or(NotAgain::NeverSent)?;
        let left = OLDEST.checked_sub(span.since(now, entry.sent)).ok_or(NotAgain::TooOld)?;
        let times = entry.marks.times();
        if times >= MOST_TIMES {
            return Err(NotAgain::TooOften);
        }
        if times > 0 && span.since(now, entry.again) < patience(rtt) {
            return Err(NotAgain::TooSoon);
        }
        (entry.again, entry.marks) = (span.stamp(now), entry.marks.once_more());
        Ok(Again { seq: SeqNo(seq), sent, until: now + left })
    }

    /// A packet left again that had to wait since [`History::again`] gave it: its round trip begins now.
    pub fn left_again(&mut self, now: Instant, seq: SeqNo) {
        let entry = self.place(seq.0).and_then(|place| self.entries.get_mut(place));
        if let (Some(span), Some(entry)) = (self.span, entry) {
            entry.again = span.stamp(now);
        }
    }

    /// What left so far is of use to nobody any more: what comes next shows somebody else. Returns the first number that may be
    /// of use.
    pub fn close(&mut self) -> SeqNo {
        self.superseded = self.superseded.max(self.end());
        SeqNo(self.superseded)
    }

    /// The last number that ends in `low`.
    fn extended(&self, low: u16) -> Option<u64> {
        let last = self.end().checked_sub(1)?;
        #[expect(clippy::cast_possible_truncation, reason = "sequence numbers wrap")]
        let behind = (last as u16).wrapping_sub(low);
        last.checked_sub(behind.into())
    }

    /// Whether a request for a key frame is another one than the one before.
    pub fn is_new(&mut self, request: KeyRequest) -> bool {
        match request {
            KeyRequest::Loss => true,
            KeyRequest::Command { number } => self.command.replace(number) != Some(number),
        }
    }

    /// A key frame was asked for, and is going to come: what its receiver had the time to miss is of no use any more. Of what
    /// left within the last round trip, they may not have known: it may be a key frame itself.
    ///
    /// Returns the first number that may be of use.
    pub fn supersede(&mut self, now: Instant, rtt: Duration) -> SeqNo {
        if let Some(span) = self.span {
            let now = now.max(span.newest);
            let all = now.saturating_duration_since(span.newest) > rtt;
            let old = |entry: &Entry| all || span.since(now, entry.sent) > rtt;
            let end = self.first + self.entries.partition_point(old) as u64;
            self.superseded = self.superseded.max(end);
        }
        SeqNo(self.superseded)
    }
}

/// How long a resend has to arrive before it is taken for lost: a round trip, or a little less, as two ends that measure it differ.
fn patience(rtt: Duration) -> Duration {
    rtt.saturating_sub(rtt / 8).max(LEAST_WAIT)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of tests are small, or wrap")]
mod tests;
