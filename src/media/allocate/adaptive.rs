//! What an allocator remembers around the pure function: what the estimate was of late, what was too much, what was tried.

use std::time::{Duration, Instant};

use super::decide::{Decided, Means, SOUND_ONLY, decide};
use super::ladder::{Ladder, height};
use super::{Allocator, Asks, Downlink, SlotFacts, TileFacts};
use crate::media::estimate::FIRST;
use crate::media::ids::{Layer, StreamId};
use crate::media::units::Bitrate;

/// What is gained must fit the least of the present and the last such time (Signal: 2.5 s).
const WINDOW: Duration = Duration::from_secs(2);

/// Only a probe makes an estimate so many times as large at once. So much was sent and came, so that counts alone once it has stood for so
/// long: what was a radio's moment is reported by then.
const LEAPS: f64 = 1.4;
/// See [`LEAPS`].
const STANDS: Duration = Duration::from_millis(300);

/// For so long after the first estimate, unless it falls, it alone counts: probes find a link within a second, and nobody is to wait
/// for a window to pass before their first sharp picture.
const FRESH: Duration = Duration::from_secs(5);

/// Of a downlink that nothing was sent to nothing is known: for so long after the first estimate everybody's base is shown as far as
/// [`HOPED_FOR`] goes, unless the estimate falls. What is thought of it at first would leave a camera without simulcast black for as long as nothing is sent.
const LEARNS: Duration = Duration::from_secs(3);

/// See [`LEARNS`]. Two cameras without simulcast, by what is asked of them; what they send is not measured yet.
const HOPED_FOR: Bitrate = Bitrate::kbps(4_000);

/// Where no estimate came for so long nothing was sent or nothing arrived: what was known before does not hold.
const SILENT: Duration = Duration::from_secs(2);

/// The estimate fell if it is below this part of what it was.
const FALLS: f64 = 0.9;

/// It is decided anew this often while estimates come: rates change, too.
const EVERY: Duration = Duration::from_secs(1);

/// And no sooner than this after the last time, unless the estimate is below what is shown.
const SOONEST: Duration = Duration::from_millis(200);

/// After a rise that was too much the next one waits for so long, twice as long each time, up to [`LONGEST_WAIT`].
const WAIT: Duration = Duration::from_secs(4);
/// See [`WAIT`]. As long as a person takes to stop hoping for a better picture.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A rise was too much if it is taken back within this.
const TOO_MUCH_WITHIN: Duration = Duration::from_secs(20);

/// What was shown before a fall is looked for again for so long.
const MISSED_FOR: Duration = Duration::from_secs(60);

/// Where nothing is shown nothing is learned: after so long the most important picture is shown for [`TRY`], whatever is thought
/// (`LiveKit`: 5 s); after twice as long the next time, up to [`SELDOMEST`].
const TRIES_AFTER: Duration = Duration::from_secs(5);
/// See [`TRIES_AFTER`]. Long enough for the key frame and two probes.
const TRY: Duration = Duration::from_secs(2);
/// See [`TRIES_AFTER`].
const SELDOMEST: Duration = Duration::from_secs(40);

/// For so long a fall of the estimate after a rise is taken for that of the key frame, which fills the queue for a moment.
const SETTLES: Duration = Duration::from_millis(1_200);

/// Unless it is below this part of what it was.
const COLLAPSES: f64 = 0.4;

/// Before the last picture is taken away the estimate must have been too little for so long: after a link fell it is too low at
/// first.
const LAST_LEAVES_AFTER: Duration = Duration::from_secs(3);

/// So long everybody keeps the base after a fall: of bursts that fill a queue for a moment (somebody sends ten times what they were
/// asked for) the estimate is back after a second, and without this a third person's picture was gone for 1.1 s each time.
const BASES_STAY: Duration = Duration::from_millis(1_500);

/// A picture that leaves the view keeps its layer for so long: a tile that is scrolled past or covered for a moment costs no key frame.
const FLICKERS: Duration = Duration::from_secs(1);

/// The estimator looks for no more: ten cameras of 2.5 Mbit/s. What is known is asked for twice at most, so only those who have nearly as
/// much are probed with it. With 9 Mbit/s ten people who show each other so much had two thirds of the pictures within six seconds.
const MOST_PROBED: Bitrate = Bitrate::kbps(30_000);

/// What is looked for stays as it is while it is no more than this many times what is needed: each new wish is one more probe.
const LOOSE: f64 = 1.4;

/// The least estimate of the present window and the one before.
#[derive(Debug, Clone, Copy)]
struct Lowest {
    present: Bitrate,
    before: Bitrate,
    ends: Instant,
}

impl Lowest {
    fn new(now: Instant, estimate: Bitrate) -> Lowest {
        Lowest { present: estimate, before: estimate, ends: now + WINDOW }
    }

    fn add(&mut self, now: Instant, estimate: Bitrate) {
        if now >= self.ends {
            let long = now >= self.ends + WINDOW;
            self.before = if long { estimate } else { self.present };
            (self.present, self.ends) = (estimate, now + WINDOW);
        }
        self.present = self.present.min(estimate);
    }

    fn of_both(&self) -> Bitrate {
        self.present.min(self.before)
    }
}

/// A time that grows by itself when it was too short.
#[derive(Debug, Clone, Copy, Default)]
struct Patience {
    until: Option<Instant>,
    length: Duration,
}

impl Patience {
    /// Waits again, twice as long as the last time, `least` the first time.
    fn wait(&mut self, now: Instant, least: Duration, most: Duration) {
        self.length = (self.length * 2).clamp(least, most);
        self.until = Some(now + self.length);
    }

    fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }
}

/// The rule in force: what fits the downlink, after [`decide`].
#[derive(Debug, Default)]
pub struct Adaptive {
    /// When the first estimate came, until it falls or [`FRESH`] has passed.
    fresh: Option<Instant>,
    /// Until when little is known of the downlink.
    learns: Option<Instant>,
    lowest: Option<Lowest>,
    /// When the estimate leapt, and to what, until that counts or is not so.
    leapt: Option<(Instant, Bitrate)>,
    /// When an estimate came last.
    heard: Option<Instant>,
    /// What it was.
    known: Bitrate,
    /// What it was before it fell, and for how long everybody's base is still paid from that.
    fell: Option<(Bitrate, Instant)>,
    /// The estimate of the last decision, and when that was.
    decided: Option<(Instant, Bitrate)>,
    last: Decided,
    /// When more was shown than before, and the estimate then.
    rose: Option<(Instant, Bitrate)>,
    /// When some picture became larger last, and whether that is known to have been too much.
    gained: Option<(Instant, bool)>,
    rising: Patience,
    /// What was looked for before the downlink became worse, and until when it is.
    missed: Option<(Bitrate, Instant)>,
    /// Since when nothing is shown, and the next time that something is all the same.
    trying: Patience,
    trial: Option<Instant>,
    /// Whose pictures left the view with more than the base, and when; until they come back.
    left: Vec<(StreamId, Instant)>,
    probe: Bitrate,
}

impl Adaptive {
    /// What it is allowed to spend now.
    fn means(&mut self, now: Instant, downlink: &Downlink) -> Means {
        let budget = downlink.estimate.unwrap_or(FIRST);
        if downlink.estimate.is_none() && self.lowest.is_some() {
            // Another connection.
            *self = Adaptive::default();
        }
        // An estimate that never moved says nothing.
        let learns = self.lowest.is_none() || budget == FIRST || self.learns.is_some_and(|until| now < until);
        let lowest = self.lowest.map_or(budget, |lowest| lowest.of_both());
        let tries = self.trial.is_some_and(|until| now < until);
        let budget = self.rose.map_or(budget, |(rose, had)| {
            let settles = now.saturating_duration_since(rose) < SETTLES && budget >= had.scaled(COLLAPSES);
            if settles { budget.max(had) } else { budget }
        });
        let before = self.fell.filter(|(_, until)| now < *until).map(|(before, _)| before);
        let bases = if learns { budget.max(HOPED_FOR) } else { budget.max(before.unwrap_or_default()) };
        Means { budget, bases, lowest, sound: downlink.sound, rises: self.rising.is_over(now), tries }
    }

    /// Who left the view a moment ago is decided for as if they had not, at the size they have. Returns when the next of them is gone.
    fn let_flicker(&mut self, now: Instant, slots: &mut [SlotFacts]) -> Option<Instant> {
        self.left.retain(|(owner, _)| slots.iter().any(|slot| slot.owner == *owner && slot.unseen));
        let mut next = None;
        for slot in slots.iter_mut().filter(|slot| slot.unseen) {
            let Some(held) = slot.held.filter(|held| Some(*held) > Ladder::of(slot).base()) else { continue };
            let known = self.left.iter().find(|(owner, _)| *owner == slot.owner).map(|(_, left)| *left);
            let until = known.unwrap_or(now) + FLICKERS;
            if known.is_none() {
                self.left.push((slot.owner, now));
            }
            if now < until {
                slot.unseen = false;
                slot.tile = Some(TileFacts { rank: usize::MAX, height: height(slot, held), pinned: false });
                next = next.into_iter().chain([until]).min();
            }
        }
        next
    }

    /// Takes note of an estimate. Returns whether more counts from here on.
    fn observe(&mut self, now: Instant, estimate: Bitrate) -> bool {
        if self.heard.replace(now).is_some_and(|heard| now.saturating_duration_since(heard) >= SILENT) {
            self.lowest = None;
        }
        let lowest = self.lowest.get_or_insert_with(|| {
            (self.fresh, self.learns) = (Some(now), Some(now + LEARNS));
            Lowest::new(now, estimate)
        });
        let known = std::mem::replace(&mut self.known, estimate);
        if estimate < known.scaled(FALLS) && self.fell.is_none_or(|(_, until)| now >= until) {
            self.fell = Some((known, now + BASES_STAY));
        }
        // After a rise that was too much it has to show for longer.
        if estimate >= known.scaled(LEAPS) && known > Bitrate::default() && self.rising.length.is_zero() {
            self.leapt = Some((now, estimate));
        }
        self.leapt.take_if(|(_, to)| estimate < to.scaled(FALLS));
        let counts = self.leapt.take_if(|(at, _)| now.saturating_duration_since(*at) >= STANDS).is_some();
        if counts {
            *lowest = Lowest::new(now, estimate);
        }
        let fell = estimate < lowest.present.scaled(FALLS);
        if fell {
            self.learns = None;
        }
        if self.fresh.is_some_and(|since| !fell && now.saturating_duration_since(since) < FRESH) {
            *lowest = Lowest::new(now, estimate);
        } else {
            self.fresh = None;
            lowest.add(now, estimate);
        }
        counts
    }

    /// Learns from what was decided.
    fn learn(&mut self, now: Instant, slots: &[SlotFacts], decided: &Decided, budget: Bitrate) {
        // Frames that come back fill no queue at once.
        if slots.iter().any(|slot| slot.target > slot.held) {
            self.rose = Some((now, budget));
        }
        // A first picture is none: it waits for nothing but its trials.
        if slots.iter().any(|slot| slot.held.is_some() && slot.target > slot.held) {
            self.gained = Some((now, false));
        }
        let recent = self.gained.is_some_and(|(at, _)| now.saturating_duration_since(at) < TOO_MUCH_WITHIN);
        if decided.lowered {
            self.missed = Some((self.last.all.max(self.last.spent), now + MISSED_FOR));
            // A fall has many steps, and is one lesson.
            if let Some((_, false)) = self.gained.filter(|_| recent) {
                self.gained = self.gained.map(|(at, _)| (at, true));
                self.rising.wait(now, WAIT, LONGEST_WAIT);
            }
        } else if !recent {
            self.rising.length = Duration::ZERO;
        }
        if !decided.nothing {
            if self.trial.is_none_or(|until| now >= until) {
                (self.trying, self.trial) = (Patience::default(), None);
            }
        } else if self.trying.until.is_none() {
            self.trying.wait(now, TRIES_AFTER, SELDOMEST);
        }
        self.last = *decided;
    }

    /// Begins to show something although nothing fits, if it is time to.
    fn try_again(&mut self, now: Instant) {
        if self.trying.until.is_some_and(|until| now >= until) {
            self.trial = Some(now + TRY);
            self.trying.wait(now + TRY, TRIES_AFTER, SELDOMEST);
        }
    }

    /// What the estimator is to look for.
    fn look_for(&mut self, now: Instant, decided: &Decided) -> Bitrate {
        let missed = self.missed.filter(|(_, until)| now < *until).map(|(rate, _)| rate);
        let wanted = if self.fresh.is_some() || self.lowest.is_none() {
            decided.all
        } else {
            decided.step.max(missed.unwrap_or_default().min(decided.all))
        };
        let wanted = wanted.min(MOST_PROBED);
        if self.probe < wanted || self.probe > wanted.scaled(LOOSE) {
            self.probe = wanted.scaled(LOOSE.sqrt());
        }
        if decided.all == Bitrate::default() {
            self.probe = Bitrate::default();
        }
        self.probe
    }
}

impl Allocator for Adaptive {
    fn allocate(&mut self, now: Instant, downlink: &Downlink, slots: &mut [SlotFacts]) -> Asks {
        self.try_again(now);
        let flickers = self.let_flicker(now, slots);
        let mut means = self.means(now, downlink);
        let mut decided = decide(&means, slots);
        if decided.nothing && !self.last.nothing && self.trial.is_none() && means.budget >= SOUND_ONLY {
            self.trial = Some(now + LAST_LEAVES_AFTER);
            means.tries = true;
            decided = decide(&means, slots);
        }
        for slot in slots.iter_mut().filter(|slot| self.left.iter().any(|(owner, _)| *owner == slot.owner)) {
            (slot.unseen, slot.tile) = (true, None);
        }
        self.learn(now, slots, &decided, means.budget);
        self.decided = Some((now, means.budget));
        let again = (decided.lacks || means.tries).then(|| now + EVERY);
        let again = again.into_iter().chain(flickers).min();
        // What an estimate is before anything is known says nothing.
        let known = self.lowest.is_some() && self.learns.is_none_or(|until| now >= until);
        Asks {
            again,
            probe: Some(self.look_for(now, &decided)),
            starves: known && decided.least > means.budget,
        }
    }

    fn heeds(&mut self, now: Instant, estimate: Bitrate) -> bool {
        let counts = self.observe(now, estimate);
        let Some((at, before)) = self.decided else { return true };
        let passed = now.saturating_duration_since(at);
        let short = estimate < self.last.spent && estimate < before;
        let more = self.last.lacks && estimate > before && (passed >= SOONEST || self.last.nothing);
        short || more || counts || passed >= EVERY
    }

    fn misses(&self, slot: &SlotFacts, layer: Layer) -> bool {
        // What was to be shown may be what was cut off.
        let shown = slot.target.filter(|target| slot.encoding(*target).is_some());
        shown.is_none_or(|shown| layer > shown) && !slot.unseen
    }

    fn spares(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
