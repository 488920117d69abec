//! How many may talk at once: above the operator's number (`--audio-top`) the loudest are let through, chosen once for the room,
//! and those who are about as loud take turns.
//!
//! Who was let through stays so while nobody else wants the place: the next word is heard from its beginning. Who is left out
//! comes in at once when somebody is silent, or quieter by [`LOUDER_DB`]; else they wait for a [`TURN`], and longer by half a
//! second for each dB that they are quieter. So neither nine who talk without a pause leave one of them out for ever, nor does anybody who
//! makes up how loud they are: levels are clients' own words.

use std::time::{Duration, Instant};

use super::ids::StreamId;
use super::loudest::LOUDER_DB;
use super::speakers::STALE;

/// How long somebody who waited is let through at least, while they talk, and how long those who are as loud wait at least: about a
/// sentence.
pub const TURN: Duration = Duration::from_secs(5);

/// By so many seconds a turn comes later for each dB that somebody is quieter than whose place it is.
const WAITS_FOR_DB: f32 = 0.5;

/// Nobody waits for more dB than this: what is a voice at all is at 20 to 60 dB below full scale.
const QUIETER_AT_MOST_DB: f32 = 40.0;

/// Between two packets of a voice no more than so much counts as talking.
const PACKET_AT_MOST: Duration = Duration::from_millis(100);

/// Whoever was not left out for so long has waited for nothing.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// Of whom nothing came for so long does not wait for the next place in front of others.
const WAITS_NO_MORE: Duration = Duration::from_millis(500);

/// How loud a voice is that cannot be heard, in dB below full scale.
const SILENT: f32 = f32::INFINITY;

/// How loud the loudest is.
const LOUDEST: f32 = 0.0;

/// For how long somebody talked and was left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waited {
    talked: Duration,
    at: Option<Instant>,
}

impl Waited {
    /// They are left out, and talk. Pauses count for nothing, and end nothing: who is not heard stops to ask.
    fn add(&mut self, now: Instant) -> Duration {
        let passed = self.at.map(|at| now.saturating_duration_since(at));
        if passed.is_none_or(|passed| passed >= FORGOTTEN_AFTER) {
            self.talked = Duration::ZERO;
        }
        self.talked += passed.unwrap_or_default().min(PACKET_AT_MOST);
        self.at = Some(now);
        self.talked
    }
}

/// Somebody who is let through.
#[derive(Debug, Clone, Copy)]
struct Talker {
    id: StreamId,
    loudness: f32,
    at: Instant,
    since: Instant,
    /// They waited for it.
    turn: bool,
}

impl Talker {
    fn new(now: Instant, id: StreamId, loudness: f32, turn: bool) -> Talker {
        Talker { id, loudness, at: now, since: now, turn }
    }

    /// How loud at `now`: whoever sends nothing is silent.
    fn loudness(&self, now: Instant) -> f32 {
        if now.saturating_duration_since(self.at) < STALE { self.loudness } else { SILENT }
    }

    fn talked_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    fn had_a_turn(&self, now: Instant) -> bool {
        self.talked_for(now) >= TURN
    }
}

/// Who has waited the longest of those whose turn it may be.
#[derive(Debug, Clone, Copy)]
struct Next {
    id: StreamId,
    waited: Duration,
    at: Instant,
}

/// What is to become of a packet of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Through {
    /// It is let through.
    Yes,
    /// It is the first of a voice that takes somebody's place, because it is louder or because it waited (`turn`).
    First {
        /// It waited.
        turn: bool,
    },
    /// Enough others talk.
    No,
}

/// Those of a room who are let through.
#[derive(Debug)]
pub struct Talkers {
    most: usize,
    through: Vec<Talker>,
    next: Option<Next>,
    /// When a turn was given last.
    given: Option<Instant>,
    /// Another core decides for the room. Here only places are given that nobody needs, until it has heard the same.
    led: bool,
    /// Others are let through than when that was asked last.
    changed: bool,
}

impl Talkers {
    /// A room in which `most` are let through at once.
    #[must_use]
    pub fn new(most: usize) -> Talkers {
        let most = most.max(1);
        Talkers {
            most,
            through: Vec::with_capacity(most),
            next: None,
            given: None,
            led: false,
            changed: false,
        }
    }

    /// A packet of a voice, which is so loud (in dB below full scale; `None` if it cannot be heard) and has `waited`. Is it
    /// let through?
    pub fn hear(
        &mut self,
        now: Instant,
        id: StreamId,
        loudness: Option<f32>,
        waited: &mut Waited,
    ) -> Through {
        if let Some(talker) = self.through.iter_mut().find(|talker| talker.id == id) {
            (talker.loudness, talker.at) = (loudness.unwrap_or(SILENT), now);
            return Through::Yes;
        }
        let full = self.through.len() >= self.most;
        let quietest =
            self.weakest(|talker| !talker.turn || talker.had_a_turn(now), |talker| talker.loudness(now));
        let silent = self.weakest(|talker| talker.loudness(now) >= SILENT, |talker| talker.loudness(now));
        let Some(loudness) = loudness else {
            return if full && silent.is_none() { Through::No } else { Through::Yes };
        };
        if !full {
            self.through.push(Talker::new(now, id, loudness, false));
            self.changed = true;
        } else if self.led && silent.is_none() {
            return Through::No;
        } else if let Some((place, _)) =
            silent.or(quietest.filter(|(_, quiet)| *quiet >= loudness + LOUDER_DB))
        {
            self.replace(place, Talker::new(now, id, loudness, false));
        } else if let Some(place) = self.turn_of(now, id, loudness, waited.add(now)) {
            self.replace(place, Talker::new(now, id, loudness, true));
            *waited = Waited::default();
            return Through::First { turn: true };
        } else {
            return Through::No;
        }
        *waited = Waited::default();
        Through::First { turn: false }
    }

    /// Of those who `may` lose their place, where the one is who is the most to lose it, and how much so.
    fn weakest(&self, may: impl Fn(&Talker) -> bool, how: impl Fn(&Talker) -> f32) -> Option<(usize, f32)> {
        let those = self.through.iter().enumerate().filter(|(_, talker)| may(talker));
        those.map(|(place, talker)| (place, how(talker))).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Whose place somebody gets who has waited so long, if it is their turn. Turns come one after the other: people who follow
    /// several voices at once lose one at a time.
    fn turn_of(&mut self, now: Instant, id: StreamId, loudness: f32, waited: Duration) -> Option<usize> {
        // Among equals the one who was let through the longest.
        let tired =
            |talker: &Talker| talker.loudness(now) + WAITS_FOR_DB * talker.talked_for(now).as_secs_f32();
        let (place, _) = self.weakest(|talker| talker.had_a_turn(now), tired)?;
        let quieter = (loudness - self.through.get(place)?.loudness(now)).clamp(0.0, QUIETER_AT_MOST_DB);
        if waited < TURN + Duration::from_secs_f32(quieter * WAITS_FOR_DB) {
            return None;
        }
        let is_next = self.next.is_none_or(|next| {
            next.id == id || next.waited < waited || now.saturating_duration_since(next.at) >= WAITS_NO_MORE
        });
        if !is_next {
            return None;
        }
        self.next = Some(Next { id, waited, at: now });
        let apart = TURN / u32::try_from(self.most).unwrap_or(1);
        if self.given.is_some_and(|at| now.saturating_duration_since(at) < apart) {
            return None;
        }
        (self.next, self.given) = (None, Some(now));
        Some(place)
    }

    fn replace(&mut self, place: usize, by: Talker) {
        if let Some(talker) = self.through.get_mut(place) {
            *talker = by;
            self.changed = true;
        }
    }

    /// Whether another core decides for the room. If none does, all are to be told who is let through.
    pub fn set_led(&mut self, led: bool) {
        (self.led, self.changed) = (led, !led);
    }

    /// Those whom the core that decides lets through.
    pub fn follow(&mut self, now: Instant, those: &[StreamId]) {
        let known = std::mem::take(&mut self.through);
        self.through.extend(those.iter().take(self.most).map(|id| {
            let known = known.iter().find(|talker| talker.id == *id);
            // Of whom it heard nothing yet it will at once.
            known.copied().unwrap_or_else(|| Talker::new(now, *id, LOUDEST, false))
        }));
    }

    /// Those who are let through, if they are others than when this was asked last, and nobody else decides.
    pub fn news(&mut self) -> Option<Vec<StreamId>> {
        let news = std::mem::take(&mut self.changed) && !self.led;
        news.then(|| self.ids())
    }

    /// Those who are let through.
    #[must_use]
    pub fn ids(&self) -> Vec<StreamId> {
        self.through.iter().map(|talker| talker.id).collect()
    }

    /// Whether a voice is let through whatever others do at this moment.
    #[must_use]
    pub fn has(&self, id: StreamId) -> bool {
        self.through.iter().any(|talker| talker.id == id)
    }

    /// Those only are there any more of whom `is_there` says so.
    pub fn retain(&mut self, is_there: impl Fn(StreamId) -> bool) {
        let before = self.through.len();
        self.through.retain(|talker| is_there(talker.id));
        self.changed |= self.through.len() != before;
    }

    /// Nothing is to be heard of a voice any more.
    pub fn silence(&mut self, id: StreamId) {
        self.retain(|known| known != id);
    }
}

#[cfg(test)]
mod tests;
