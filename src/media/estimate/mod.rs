//! What a subscriber's downlink holds: estimated from what becomes of the packets sent to it.
//!
//! ```text
//!   what leaves ──> history ──> its transport-wide number           what somebody would send
//!           └────────> left: the rate that is sent ────────────┐               │
//!   feedback ──────────┤ what arrived, and what is missing                     v
//!                      ├──> acked: the rate that arrives ──────┐            probe ──> padding to send now
//!                      ├──> held up: by what is no queue ──┐   │           │   │
//!                      ├──> groups ────────────────────────┴──>│           │   │
//!                      │               trend: the queue grows ─┼──> aimd ──┤   │
//!                      ├──> standing: the queue is too long ───┤           │   │
//!                      ├───────────────────────────────────────┼──> loss ──┼───┼──> the estimate: the least of both
//!                      └──> probe: what became of it ──────────┴───────────┘<──┘ verdict: both learn it
//! ```
//!
//! It is the congestion control that browsers use among themselves (draft-ietf-rmcat-gcc-02 at the sender, with
//! libwebrtc's probes), one stage a file. It is sans-IO: told what leaves and what is reported, with `now` as an argument, it
//! says what the downlink holds, what to pad with, and when to be asked again. It sends nothing, knows no packet and no peer, and
//! allocates only for the history of what is under way.
//!
//! Sizes are of datagrams on the wire, with the headers of IP and UDP. What a publisher lost has no number and is no loss here. While
//! nothing is sent it rests: it is not to be woken, keeps no history, and begins anew with the next packet. It never says zero,
//! and never more than [`FIRST`], what a probe found, or half as much again as what arrived (and 10 kbit/s).

mod acked;
mod aimd;
mod groups;
mod held_up;
mod history;
mod left;
mod line;
mod loss;
mod pacer;
mod probe;
mod standing;
#[cfg(test)]
mod tests;
mod trend;

use std::time::{Duration, Instant};

use self::acked::AckedRate;
use self::aimd::{Aimd, Facts};
use self::groups::{Groups, Told};
use self::held_up::HeldUp;
use self::history::{Arrived, Gap, History, News};
use self::left::LeftRate;
use self::loss::Losses;
pub use self::pacer::{Class, Pacer};
use self::probe::Prober;
use self::standing::Standing;
use self::trend::{Queue, Trend};
use super::units::Bitrate;

/// What a downlink is thought to hold before anything is known of it: sound and a small picture. A probe finds more within half a
/// second.
pub const FIRST: Bitrate = Bitrate::kbps(600);

/// The bounds of an estimate: a voice with its headers, and more than every slot in its highest layer.
pub const LEAST: Bitrate = Bitrate::kbps(50);
/// See [`LEAST`].
pub const MOST: Bitrate = Bitrate::kbps(100_000);

/// The estimate rises to so many times what arrives (libwebrtc: 1.5, and 10 kbit/s).
const MOST_ABOVE: f64 = 1.5;

/// Nothing was sent for so long: it rests, and what was measured is not continued.
const RESTS_AFTER: Micros = 2_000_000;

/// No answer to what was sent for so long and two round trips: the way is blocked, and the estimate is halved; each time.
const SILENT_AFTER: Micros = 1_000_000;

/// An answer that came in less than half of the shortest time so far, if that is no less than this, while the receiver's clock went on at
/// more than twice the pace of ours: ours stood.
const ROUND_TRIP: Micros = 10_000;

/// A fall below so much of what it was, in one step or several, is met with a probe soon: it may have been a moment's (libwebrtc: 0.66).
const LARGE_FALL: f64 = 0.66;

/// A queue that does not grow steeply counts from this length on: what is shorter nobody hears or sees, and computers and radios that are
/// busy for a moment make everybody wait for as long. Without it 400 people at one generator were thought to have a full line each.
const SHORT: Micros = 25_000;

/// How much of the round trip a new one makes (RFC 6298 section 2: 1/8).
const RTT_FOLLOWS: u32 = 8;

/// Microseconds, since the estimator was made or on the receiver's clock.
type Micros = i64;

/// What a feedback says of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Its transport-wide number.
    pub number: u16,
    /// When it arrived: microseconds on the receiver's clock, of any origin. `None` if it did not.
    pub arrival: Option<i64>,
}

/// The estimator of one subscriber's downlink.
#[derive(Debug)]
pub struct Estimator {
    origin: Instant,
    /// The latest reading.
    clock: Micros,
    history: History,
    left: LeftRate,
    acked: AckedRate,
    groups: Groups,
    held_up: HeldUp,
    trend: Trend,
    standing: Standing,
    aimd: Aimd,
    losses: Losses,
    prober: Prober,
    estimate: Bitrate,
    rtt: Option<Duration>,
    /// The shortest time in which an answer came.
    shortest: Option<Micros>,
    /// When the last answer came, and what it was about.
    answered: Option<(Micros, Micros)>,
    /// Our own clock stood then.
    stood: bool,
    /// When the last packet left; `None` at rest.
    sent: Option<Micros>,
    /// Since when what was sent is not answered.
    unanswered: Option<Micros>,
    /// There was a feedback since it began.
    heard: bool,
    /// What it was before it was halved for want of answers.
    before_silence: Option<Bitrate>,
    /// The most it was since it fell last.
    peak: Bitrate,
}

impl Estimator {
    /// One that knows nothing.
    #[must_use]
    pub fn new(now: Instant) -> Estimator {
        Estimator {
            origin: now,
            clock: 0,
            history: History::default(),
            left: LeftRate::default(),
            acked: AckedRate::default(),
            groups: Groups::default(),
            held_up: HeldUp::default(),
            trend: Trend::new(),
            standing: Standing::default(),
            aimd: Aimd::new(FIRST),
            losses: Losses::default(),
            prober: Prober::new(),
            estimate: FIRST,
            rtt: None,
            shortest: None,
            answered: None,
            stood: false,
            sent: None,
            unanswered: None,
            heard: false,
            before_silence: None,
            peak: FIRST,
        }
    }

    /// Somebody would send so much if the downlink held it; zero if nothing is received. What is wanted beyond the estimate is probed
    /// for while something is sent; and so is what is wanted and known, while so much less is sent that nothing shows it.
    pub fn want(&mut self, now: Instant, wanted: Bitrate) {
        let now = self.micros(now);
        self.prober.want(now, wanted);
    }

    /// The path is another one: nothing that is known holds.
    pub fn new_path(&mut self) {
        self.begin(FIRST);
        (self.rtt, self.shortest) = (None, None);
    }

    /// For a while nobody listened or sent: what comes of what left before says nothing of the path, and neither does how long its
    /// answers took.
    pub fn stood_still(&mut self) {
        self.sent = None;
        self.begin(self.before_silence.unwrap_or(self.estimate));
    }

    /// A packet of so many bytes, with all headers, is committed to the wire: its transport-wide number.
    pub fn sent(&mut self, now: Instant, bytes: usize) -> u16 {
        let now = self.micros(now);
        if self.sent.is_some_and(|sent| now - sent >= RESTS_AFTER) {
            self.begin(self.estimate);
        }
        self.sent = Some(now);
        self.unanswered.get_or_insert(now);
        self.left.add(now, bytes);
        let cluster = self.prober.sent(now, bytes);
        self.history.push(now, bytes, cluster)
    }

    /// A transport-wide feedback came (draft-holmer-rmcat-transport-wide-cc-extensions-01): what it says, in the order of the numbers.
    pub fn feedback(&mut self, now: Instant, reports: impl IntoIterator<Item = Reported>) {
        let now = self.micros(now);
        let (mut news, mut newest) = (false, None);
        for Reported { number, arrival } in reports {
            let Some((what, gap)) = self.history.report(now, number, arrival) else { continue };
            news = true;
            if gap == Gap::Yes {
                self.acked.interrupt();
            }
            match what {
                News::Arrived(packet) => {
                    self.arrived(&packet);
                    newest = newest.max(Some((packet.departed, packet.came)));
                }
                News::Missing { cluster: 0 } => self.losses.missing(),
                News::Missing { cluster } => self.prober.missing(cluster),
            }
        }
        if news {
            self.unanswered = None;
            self.heard = true;
            self.history.forget(now);
            if newest.is_none_or(|(departed, came)| self.trusts(now, now - departed, came)) {
                self.judge(now, newest.map(|(departed, _)| departed));
            }
        }
    }

    /// Whether our own clock went on while the answer to what came at `came` was waited for. If it did not, what was measured meanwhile
    /// says nothing of the path, and after it all begins anew with the estimate of before.
    fn trusts(&mut self, now: Micros, round: Micros, came: Micros) -> bool {
        let shortest = self.shortest.map_or(round, |shortest| shortest.min(round));
        let before = self.answered.replace((now, came));
        let slower = before.is_some_and(|(at, before)| now - at < came.saturating_sub(before) / 2);
        let sooner = self.shortest.is_some_and(|shortest| shortest >= ROUND_TRIP && round < shortest / 2);
        let stands = slower && sooner;
        if !stands {
            self.shortest = Some(shortest);
        }
        let stood = std::mem::replace(&mut self.stood, stands);
        if stood && !stands {
            self.begin(self.before_silence.unwrap_or(self.estimate));
        }
        !stands && !stood
    }

    fn arrived(&mut self, packet: &Arrived) {
        self.acked.add(packet);
        if packet.cluster != 0 {
            // Its queue is of its own making: seen by the verdict alone.
            self.groups.interrupt();
            self.held_up.interrupt();
            self.prober.came(packet);
            return;
        }
        self.losses.arrived(packet.late);
        self.standing.add(packet);
        self.held_up.add(packet, self.estimate);
        match self.groups.add(packet) {
            Told::Step(step) => self.trend.add(&step, self.held_up.noise()),
            Told::Jumped => (self.trend, self.standing) = (Trend::new(), Standing::default()),
            Told::Nothing => {}
        }
    }

    fn judge(&mut self, now: Micros, newest: Option<Micros>) {
        if let Some(before) = self.before_silence.take() {
            self.aimd.resume(before.min(FIRST));
            self.prober.restart();
        }
        let acked = self.acked.rates();
        self.standing.heard(now);
        if let Some(departed) = newest {
            self.rtt = Some(smoothed(self.rtt, Duration::from_micros((now - departed).unsigned_abs())));
            let facts = Facts {
                queue: if self.trend.queue() == Queue::Drains { Queue::Drains } else { self.queue() },
                standing: self.standing.too_long(),
                held: (self.trend.queue() == Queue::Grows && self.queue() == Queue::Rests)
                    || self.losses.bound().is_some_and(|bound| bound <= self.aimd.rate()),
                acked,
                left: self.left.rate(),
                rtt: self.rtt,
            };
            self.aimd.heard(now, &facts);
        }
        let arrives = acked.map(|acked| acked.at_present());
        self.losses.heard(now, self.aimd.rate(), arrives, self.rtt);
        self.learn(now);
        self.settle();
        self.peak = self.peak.max(self.estimate);
        if self.estimate < self.peak.scaled(LARGE_FALL) {
            self.peak = self.estimate;
            self.prober.hurry(now);
        }
    }

    /// Takes the verdict of a probe, if there is one.
    fn learn(&mut self, now: Micros) {
        let Some(verdict) = self.prober.verdict(now) else { return };
        if verdict.rate > self.estimate {
            self.aimd.learn(now, verdict.rate, verdict.full);
            self.losses.learn(verdict.rate);
            self.settle();
        } else if verdict.less {
            let arrives = self.acked.rates().map(|acked| acked.at_present()).unwrap_or_default();
            self.aimd.learn(now, verdict.rate.max(arrives).min(self.estimate), true);
            self.settle();
        }
    }

    fn settle(&mut self) {
        let rate = self.aimd.rate();
        self.estimate = self.losses.bound().map_or(rate, |bound| bound.min(rate));
    }

    /// What the downlink is thought to hold: of everything that is sent, with headers, resends and padding.
    #[must_use]
    pub fn estimate(&self) -> Bitrate {
        self.estimate
    }

    /// What is sent at present, if anything is: all of what the downlink is thought to hold before it was measured.
    #[must_use]
    pub fn left(&self, now: Instant) -> Option<Bitrate> {
        let sent = self.origin + Duration::from_micros(self.sent?.max(0).unsigned_abs());
        if now.saturating_duration_since(sent).as_micros() >= RESTS_AFTER.unsigned_abs().into() {
            return None;
        }
        Some(self.left.rate().unwrap_or(self.estimate))
    }

    /// How long an answer takes, smoothed; with the time that the receiver gathers reports.
    #[must_use]
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// The share of packets that did not arrive of late, from 0 to 1, without those of probes.
    #[must_use]
    pub fn loss(&self) -> f32 {
        self.losses.share()
    }

    /// Does what is due. So many bytes are to be sent now beside what is sent anyway, old packets best; about, and what is not
    /// there is not missed.
    pub fn poll(&mut self, now: Instant) -> Option<usize> {
        let now = self.micros(now);
        let sent = self.sent?;
        if now - sent >= RESTS_AFTER {
            self.rest();
            return None;
        }
        self.endure(now, sent);
        self.learn(now);
        if self.heard && self.prober.is_due(now, self.estimate, self.seen()) {
            if self.waits() || self.standing.too_long().is_some() || self.losses.many() {
                self.prober.hold_off(now);
            } else {
                self.prober.begin(now, self.estimate);
            }
        }
        self.prober.poll(now)
    }

    /// When [`Estimator::poll`] has something to do next. `None` while it rests.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let rests = self.sent? + RESTS_AFTER;
        let silent = self.silent().unwrap_or(rests);
        let probe =
            self.heard.then(|| self.prober.due(self.estimate, self.seen())).flatten().unwrap_or(rests);
        let due = rests.min(silent).min(probe).max(0);
        Some(self.origin + Duration::from_micros(due.unsigned_abs()))
    }

    /// Whether something waits on the way that would be the verdict of a probe. A steep slope down alone is none: where a receiver's
    /// computer is busy, every wait ends in one.
    fn waits(&self) -> bool {
        let drains = self.trend.queue() == Queue::Drains && self.standing.queue() >= SHORT;
        drains || self.queue() == Queue::Grows
    }

    /// What the queue does, if it is one that anybody could notice.
    fn queue(&self) -> Queue {
        let counts = self.standing.queue() >= SHORT || self.trend.is_steep();
        if counts { self.trend.queue() } else { Queue::Rests }
    }

    /// What is sent shows that so much is held.
    fn seen(&self) -> Bitrate {
        self.left.rate().unwrap_or(self.estimate)
    }

    /// When silence becomes too long.
    fn silent(&self) -> Option<Micros> {
        let rtt = self.rtt.map_or(0, |rtt| Micros::try_from(rtt.as_micros()).unwrap_or(0));
        self.unanswered.filter(|_| self.heard).map(|since| since + SILENT_AFTER + 2 * rtt)
    }

    /// Halves the estimate if nothing was answered for too long.
    fn endure(&mut self, now: Micros, sent: Micros) {
        if self.silent().is_some_and(|silent| now >= silent) {
            self.before_silence.get_or_insert(self.estimate);
            self.aimd.lower(self.estimate / 2);
            self.settle();
            self.prober.hold_off(now);
            self.unanswered = (now - sent < SILENT_AFTER).then_some(now);
        }
    }

    /// Lets go of everything but the estimate and the wish, and is woken by the next packet.
    fn rest(&mut self) {
        self.sent = None;
        self.begin(self.estimate);
    }

    /// Begins anew, with no more than a number.
    fn begin(&mut self, from: Bitrate) {
        self.history.clear();
        self.left = LeftRate::default();
        self.acked = AckedRate::default();
        self.groups = Groups::default();
        self.held_up = HeldUp::default();
        self.trend = Trend::new();
        self.standing = Standing::default();
        self.aimd = Aimd::new(from);
        self.losses = Losses::default();
        self.prober.restart();
        (self.estimate, self.peak) = (from, from);
        (self.unanswered, self.heard, self.before_silence) = (None, false, None);
    }

    /// Readings come in any order, and one before another is taken for the same: of what left later than now, nothing can be said.
    fn micros(&mut self, now: Instant) -> Micros {
        let passed = now.saturating_duration_since(self.origin);
        let seconds = Micros::try_from(passed.as_secs()).unwrap_or(Micros::MAX >> 24);
        let micros = seconds.saturating_mul(1_000_000).saturating_add(passed.subsec_micros().into());
        self.clock = self.clock.max(micros);
        self.clock
    }
}

fn smoothed(rtt: Option<Duration>, new: Duration) -> Duration {
    rtt.map_or(new, |rtt| (rtt * (RTT_FOLLOWS - 1) + new) / RTT_FOLLOWS)
}

fn bounded(rate: Bitrate) -> Bitrate {
    rate.clamp(LEAST, MOST)
}
