//! Probes: for some tens of milliseconds more is sent than is known to pass, and what became of it is the verdict.
//!
//! ```text
//!   resting ──(more is wanted than is known, or than was seen of late)──> sending ──(all is sent, or time is up)──> waiting
//!      ^                                                                                                               │
//!      └────────────────────────(all is reported, or time is up: the verdict, and when the next is due)────────────────┘
//! ```
//!
//! Whatever leaves while a probe is sent belongs to it: picture counts, and only what is missing is padded. draft-ietf-rmcat-gcc-02
//! has no probes; this is after libwebrtc's (`ProbeController`, `ProbeBitrateEstimator`).

use std::time::Duration;

use super::Micros;
use super::history::Arrived;
use crate::media::units::Bitrate;

/// How long a probe is sent, and how many bytes it has at least, whatever the rate: five full packets (libwebrtc: 15 ms and five
/// packets; a little longer, as a turn of a busy worker is late by a millisecond or two).
const LENGTH: Duration = Duration::from_millis(20);
const LEAST_BYTES: u64 = 6_000;

/// A part of it leaves at once; a full packet at the least.
const PART: Duration = Duration::from_millis(2);
const PACKET: u64 = 1_200;

/// Where what came was held up on the way the next one is longer than the 40 ms for which a busy radio does that, and asks for less: on a
/// full line it makes a queue for as long (with 100 ms and twice what is known, 122 ms of it for 53).
const LONG: Duration = Duration::from_millis(60);
const LONG_STEP: f64 = 1.5;

/// A full line lets all of a probe out at one pace, which is slower than that of the probe. With more than this share of the bytes in
/// less than so much of the time that they were to take, something else held them up.
const UNEVEN_ABOVE: f64 = 0.25;
const FAST: f64 = 0.75;

/// If there is not enough to pad with, it ends after so many times its length.
const MOST_LENGTHS: u32 = 3;

/// What is reported later than this after it was sent is not waited for (libwebrtc: 1 s).
const VERDICT_WITHIN: Micros = 1_000_000;

/// The first probe asks for so many times what is known, the next ones for so many (libwebrtc: 3 and 2).
const FIRST_STEP: f64 = 3.0;
const STEP: f64 = 2.0;

/// If a probe found as much of what it asked for, the next follows at once (libwebrtc: 0.7).
const FOUND_ENOUGH: f64 = 0.7;

/// Otherwise, and while more is wanted than known, one every so often (libwebrtc: 5 s): half of it is what a line that came back waits for
/// before anybody knows.
const EVERY: Micros = 3_000_000;

/// A new wish does not wait for that, but for this since the last probe: views may change with each movement of a hand.
const SOONEST: Micros = 1_000_000;

/// What is wanted counts as known already if it is so little more.
const AS_GOOD: f64 = 1.05;

/// What is known is seen while about as much is sent; if this much less is, it only was so once, and is looked at again.
const UNSEEN_ABOVE: f64 = 1.2;

/// A verdict below this share of what was known says that it was so once. Two in turn are believed: one may be a radio's moment.
const LESS: f64 = 0.9;

/// While the queue grows or much is lost, it is asked again after this.
const HOLDS_OFF: Micros = 500_000;

/// A verdict needs so many packets; of what was sent, so much must have come (libwebrtc: 80 %), or, for the verdict that the
/// downlink is full, so much.
const LEAST_PACKETS: u32 = 4;
const CAME: f64 = 0.8;
const CAME_OF_FULL: f64 = 0.5;

/// What comes so much faster than it left was held up on the way, and says nothing (libwebrtc: 2).
const MOST_FASTER: f64 = 2.0;

/// What comes slower than so much of how it left filled the downlink, which holds a little less than what came (libwebrtc: 0.9 and
/// 0.95).
const FULL_BELOW: f64 = 0.9;
const HELD_OF_FULL: f64 = 0.95;

/// What a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The downlink holds so much.
    pub rate: Bitrate,
    /// And no more.
    pub full: bool,
    /// That is less than was known, and it is not the first to say so.
    pub less: bool,
    /// What came was held up on the way: a longer probe says more.
    pub uneven: bool,
}

/// When the packets of a probe passed one end.
#[derive(Debug, Clone, Copy, Default)]
struct Passed {
    packets: u32,
    bytes: u64,
    first: Option<(Micros, u64)>,
    last: Option<(Micros, u64)>,
}

impl Passed {
    fn add(&mut self, at: Micros, bytes: u64) {
        self.packets += 1;
        self.bytes += bytes;
        if self.first.is_none_or(|(first, _)| at < first) {
            self.first = Some((at, bytes));
        }
        if self.last.is_none_or(|(last, _)| at >= last) {
            self.last = Some((at, bytes));
        }
    }

    fn span(&self) -> Option<Micros> {
        self.last?.0.checked_sub(self.first?.0).filter(|span| (1..=VERDICT_WITHIN).contains(span))
    }

    /// From the first to the last; one of them is not part of what passed in that time.
    fn rate(&self, without: Option<(Micros, u64)>) -> Option<Bitrate> {
        let span = self.span()?;
        Some(Bitrate::of(self.bytes.saturating_sub(without?.1), Duration::from_micros(span.unsigned_abs())))
    }
}

#[derive(Debug, Clone, Copy)]
struct Cluster {
    id: u8,
    known: Bitrate,
    asks: Bitrate,
    bytes: u64,
    begun: Micros,
    sent: Passed,
    came: Passed,
    /// Bytes that came faster than was asked for, and the longest time in which nothing came.
    fast: u64,
    held_up: Micros,
    missing: u32,
}

impl Cluster {
    fn ends(&self) -> Micros {
        self.begun + micros(self.asks.time_of(self.bytes)) * Micros::from(MOST_LENGTHS)
    }

    /// The bytes that are missing to be on time until the next part is due.
    fn behind(&self, now: Micros) -> u64 {
        let passed = Duration::from_micros((now - self.begun).unsigned_abs()) + part(self.asks);
        self.asks.bytes_in(passed).min(self.bytes).saturating_sub(self.sent.bytes)
    }

    fn came(&mut self, packet: &Arrived) {
        let bytes = u64::from(packet.bytes);
        let gap = self.came.last.and_then(|(last, _)| packet.came.checked_sub(last)).filter(|gap| *gap >= 0);
        if let Some(gap) = gap {
            self.held_up = self.held_up.max(gap);
            if gap < micros(self.asks.time_of(bytes).mul_f64(FAST)) {
                self.fast += bytes;
            }
        }
        self.came.add(packet.came, bytes);
    }

    fn settled(&self) -> bool {
        self.came.packets + self.missing >= self.sent.packets
    }

    fn is_uneven(&self) -> bool {
        self.fast as f64 > UNEVEN_ABOVE * self.came.bytes as f64
    }

    /// Whether it took longer to come than to leave for no more than the longest time in which nothing came.
    fn was_held_up(&self) -> bool {
        let came = self.came.span().unwrap_or(0) - self.held_up;
        (came as f64) < self.sent.span().unwrap_or(0) as f64 / FULL_BELOW
    }

    fn verdict(&self) -> Option<Verdict> {
        let came = self.came.bytes as f64 / self.sent.bytes.max(1) as f64;
        let left = self.sent.rate(self.sent.last)?;
        let arrived = self.came.rate(self.came.first)?;
        let ratio = arrived.as_bps() as f64 / left.as_bps().max(1) as f64;
        let full = ratio < FULL_BELOW;
        let enough = if full { CAME_OF_FULL } else { CAME };
        if self.came.packets < LEAST_PACKETS || came < enough || ratio > MOST_FASTER {
            return None;
        }
        let uneven = full && self.is_uneven();
        let full = full && !(uneven && self.was_held_up());
        let rate = if full { arrived.scaled(HELD_OF_FULL) } else { left.min(arrived) };
        Some(Verdict { rate: rate.min(self.asks), full, less: false, uneven })
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    Resting,
    /// And when the next part is due.
    Sending(Cluster, Micros),
    /// And until when.
    Waiting(Cluster, Micros),
}

#[derive(Debug)]
pub(super) struct Prober {
    wanted: Bitrate,
    state: State,
    step: f64,
    /// When the next may begin.
    next: Micros,
    begun: Option<Micros>,
    /// The last verdict was less than was known.
    doubted: bool,
    /// How long the next one is sent.
    length: Duration,
    id: u8,
}

impl Prober {
    pub fn new() -> Prober {
        Prober {
            wanted: Bitrate::default(),
            state: State::Resting,
            step: FIRST_STEP,
            next: Micros::MIN,
            begun: None,
            doubted: false,
            length: LENGTH,
            id: 0,
        }
    }

    /// Nothing that was found out holds any more; the wish does.
    pub fn restart(&mut self) {
        (self.state, self.step, self.next) = (State::Resting, FIRST_STEP, Micros::MIN);
        self.length = LENGTH;
    }

    /// Somebody would send so much.
    pub fn want(&mut self, now: Micros, wanted: Bitrate) {
        if wanted > self.wanted {
            self.hurry(now);
        }
        self.wanted = wanted;
    }

    /// Does not wait as long as usual for the next probe.
    pub fn hurry(&mut self, now: Micros) {
        let soonest = self.begun.map_or(now, |begun| now.max(begun + SOONEST));
        self.next = self.next.min(soonest);
    }

    /// Waits with the next probe.
    pub fn hold_off(&mut self, now: Micros) {
        self.next = now + HOLDS_OFF;
    }

    /// A packet leaves; the probe it belongs to, or zero.
    pub fn sent(&mut self, now: Micros, bytes: usize) -> u8 {
        let State::Sending(cluster, _) = &mut self.state else { return 0 };
        cluster.sent.add(now, bytes as u64);
        let id = cluster.id;
        if cluster.sent.bytes >= cluster.bytes {
            self.state = State::Waiting(*cluster, now + VERDICT_WITHIN);
        }
        id
    }

    /// A packet of a probe came.
    pub fn came(&mut self, packet: &Arrived) {
        if let Some(cluster) = self.cluster(packet.cluster) {
            cluster.came(packet);
            cluster.missing = cluster.missing.saturating_sub(packet.late.into());
        }
    }

    /// A packet of a probe did not.
    pub fn missing(&mut self, id: u8) {
        if let Some(cluster) = self.cluster(id) {
            cluster.missing += 1;
        }
    }

    fn cluster(&mut self, id: u8) -> Option<&mut Cluster> {
        match &mut self.state {
            State::Sending(cluster, _) | State::Waiting(cluster, _) if cluster.id == id => Some(cluster),
            _ => None,
        }
    }

    /// The verdict, once nothing more of the probe is waited for.
    pub fn verdict(&mut self, now: Micros) -> Option<Verdict> {
        let State::Waiting(cluster, until) = &self.state else { return None };
        if !cluster.settled() && now < *until {
            return None;
        }
        let (verdict, asks, known) = (cluster.verdict(), cluster.asks, cluster.known);
        (self.state, self.step) = (State::Resting, STEP);
        let less = verdict.is_some_and(|verdict| verdict.full && verdict.rate < known.scaled(LESS));
        let more =
            |verdict: Verdict| !verdict.full && verdict.rate >= asks.scaled(FOUND_ENOUGH) && asks > known;
        let longer = verdict.is_some_and(|verdict| verdict.uneven) && self.length < LONG;
        self.next = match verdict {
            Some(verdict) if more(verdict) || longer => now,
            Some(_) if less && !self.doubted => now + SOONEST,
            _ => now + EVERY,
        };
        if let Some(verdict) = verdict {
            self.length = if verdict.uneven { LONG } else { LENGTH };
        }
        let before = std::mem::replace(&mut self.doubted, less);
        verdict.map(|verdict| Verdict { less: less && before, ..verdict })
    }

    /// Whether more is wanted than is known.
    fn lacks(&self, known: Bitrate) -> bool {
        self.wanted > known.scaled(AS_GOOD)
    }

    /// Whether more is wanted than `left`, what is sent, shows of what is known.
    fn doubts(&self, known: Bitrate, left: Bitrate) -> bool {
        self.wanted.min(known) > left.scaled(UNSEEN_ABOVE)
    }

    /// Whether a probe is due, of which nothing has left yet.
    pub fn is_due(&self, now: Micros, known: Bitrate, left: Bitrate) -> bool {
        let wanted = self.lacks(known) || self.doubts(known, left);
        matches!(self.state, State::Resting) && now >= self.next && wanted
    }

    /// Begins the probe that is due.
    pub fn begin(&mut self, now: Micros, known: Bitrate) {
        let step = if self.length < LONG { self.step } else { LONG_STEP };
        let asks = known.scaled(step).min(self.wanted);
        // Zero is no probe's.
        self.id = self.id.checked_add(1).unwrap_or(1);
        self.begun = Some(now);
        let cluster = Cluster {
            id: self.id,
            known,
            asks,
            bytes: asks.bytes_in(self.length).max(LEAST_BYTES),
            begun: now,
            sent: Passed::default(),
            came: Passed::default(),
            fast: 0,
            held_up: 0,
            missing: 0,
        };
        self.state = State::Sending(cluster, now);
    }

    /// The bytes that are to leave now beside what leaves anyway, if any.
    pub fn poll(&mut self, now: Micros) -> Option<usize> {
        let State::Sending(cluster, due) = &mut self.state else { return None };
        if now >= cluster.ends() {
            self.state = State::Waiting(*cluster, now + VERDICT_WITHIN);
            return None;
        }
        if now < *due {
            return None;
        }
        *due = now + micros(part(cluster.asks));
        usize::try_from(cluster.behind(now)).ok().filter(|bytes| *bytes > 0)
    }

    /// When something is to be done.
    pub fn due(&self, known: Bitrate, left: Bitrate) -> Option<Micros> {
        match &self.state {
            State::Resting => (self.lacks(known) || self.doubts(known, left)).then_some(self.next),
            State::Sending(cluster, due) => Some((*due).min(cluster.ends())),
            State::Waiting(_, until) => Some(*until),
        }
    }
}

fn part(rate: Bitrate) -> Duration {
    PART.max(rate.time_of(PACKET))
}

fn micros(time: Duration) -> Micros {
    Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX)
}

#[cfg(test)]
mod tests;
