//! Whose voices are let through in a room: chosen once for everybody in it, before any packet is handed out.
//!
//! The loudest stand in a row, and everybody hears as many of them, from the front, as they have audio slots, without their
//! own. Who stands in the row stays there while silent, so the next word costs nothing and is heard from its beginning; who
//! does not takes a place when louder than somebody in it by [`LOUDER_DB`].

use std::time::Instant;

use super::AUDIO_SLOTS;
use super::ids::{PeerId, StreamId};
use super::speakers::STALE;

/// A voice that is louder by this many dB takes the place of the quietest one. The power of a voice has a half-life of 300 ms
/// (`speakers.rs`), so this is a pause of 600 ms between words: people who speak equally loud do not change places at each
/// other's pauses.
pub const LOUDER_DB: f32 = 6.0;

/// The most audio slots a client has.
pub const ROWS: usize = AUDIO_SLOTS as usize;

/// The most voices that are one's own: the microphone and the sound of the screen.
const OWN: usize = 2;

/// Places in the row: whoever stands in it hears the next ones instead of themselves.
const PLACES: usize = ROWS + OWN;

/// How loud a voice is that cannot be heard, in dB below full scale.
const SILENT: f32 = f32::INFINITY;

/// A voice, as it was last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Whose.
    pub id: StreamId,
    /// How loud, in dB below full scale; `None` while it cannot be heard.
    pub loudness: Option<f32>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    id: StreamId,
    level: f32,
    at: Instant,
}

impl Place {
    fn new(now: Instant, heard: Heard) -> Place {
        Place { id: heard.id, level: heard.loudness.unwrap_or(SILENT), at: now }
    }

    /// Its level at `now`: whoever sends nothing is silent.
    fn level(&self, now: Instant) -> f32 {
        if now.saturating_duration_since(self.at) < STALE { self.level } else { SILENT }
    }
}

/// Who has to look again at what they hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concerned {
    /// Nobody: all hear whom they heard.
    Nobody,
    /// Those only who stand in the row: everybody else hears the places in front.
    Chosen,
    /// Everybody in the room.
    Everybody,
}

/// The loudest of a room.
#[derive(Debug)]
pub struct Loudest {
    row: Vec<Place>,
    /// The fewest audio slots that somebody in the room has: the order of so many places in front is nobody's matter.
    fewest: usize,
}

impl Default for Loudest {
    fn default() -> Loudest {
        Loudest { row: Vec::new(), fewest: ROWS }
    }
}

impl Loudest {
    /// Whether there are more voices than somebody has slots. Until then all are heard, whatever is said of them.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.row.len() > self.fewest
    }

    /// A voice says how loud it is.
    pub fn hear(&mut self, now: Instant, heard: Heard) -> Concerned {
        let known = self.row.iter_mut().position(|place| place.id == heard.id);
        if let Some(place) = known.and_then(|at| self.row.get_mut(at)) {
            *place = Place::new(now, heard);
        }
        if heard.loudness.is_none() || known.is_some_and(|at| at < self.fewest) {
            return Concerned::Nobody;
        }
        let at = known.unwrap_or(self.row.len());
        if known.is_none() {
            self.row.push(Place::new(now, heard));
        }
        let joined = (known.is_none() && at < PLACES).then_some(at);
        let first = self.come_forward(now, at).or(joined);
        self.row.truncate(PLACES);
        match first {
            None => Concerned::Nobody,
            Some(first) if first < ROWS => Concerned::Everybody,
            Some(_) => Concerned::Chosen,
        }
    }

    /// Whoever stands at `at` takes the place of the quietest in front who is so much quieter; who lost theirs may find
    /// another one further back. Returns the first number of places in front that are others' than before, less one.
    fn come_forward(&mut self, now: Instant, at: usize) -> Option<usize> {
        let mut first = None;
        for places in self.fewest..=at.min(PLACES) {
            let level = self.row.get(at)?.level(now);
            let front = self.row.iter().enumerate().take(places.min(at));
            let (quietest, quiet) =
                front.map(|(at, place)| (at, place.level(now))).max_by(|a, b| a.1.total_cmp(&b.1))?;
            if level < SILENT && quiet >= level + LOUDER_DB {
                self.row.swap(quietest, at);
                first = first.or(Some(places.saturating_sub(1)));
            }
        }
        first
    }

    /// The room has exactly these `voices`, and somebody in it has no more than `fewest` audio slots. Who stands in the row
    /// stays; what is free goes to the loudest of the others, then to the silent in their order.
    pub fn settle(&mut self, now: Instant, fewest: usize, voices: &[Heard]) {
        self.fewest = fewest.clamp(1, ROWS);
        self.row.retain_mut(|place| {
            let heard = voices.iter().find(|heard| heard.id == place.id);
            if let Some(heard) = heard {
                *place = Place::new(now, *heard);
            }
            heard.is_some()
        });
        let others = voices.iter().filter(|heard| self.row.iter().all(|place| place.id != heard.id));
        let mut others: Vec<Place> = others.map(|heard| Place::new(now, *heard)).collect();
        others.sort_by(|a, b| a.level.total_cmp(&b.level));
        self.row.extend(others);
        for at in self.fewest..self.row.len() {
            self.come_forward(now, at);
        }
        self.row.truncate(PLACES);
    }

    /// Nothing is to be heard of a voice any more.
    pub fn silence(&mut self, id: StreamId) {
        if let Some(place) = self.row.iter_mut().find(|place| place.id == id) {
            place.level = SILENT;
        }
    }

    /// Whom `listener` hears with so many slots.
    pub fn heard_by(&self, listener: PeerId, slots: usize) -> impl Iterator<Item = StreamId> {
        let others = self.row.iter().filter(move |place| place.id.peer != listener);
        others.take(slots).map(|place| place.id)
    }

    /// Whose voices stand in the row.
    pub fn people(&self) -> impl Iterator<Item = PeerId> {
        self.row.iter().map(|place| place.id.peer)
    }
}

#[cfg(test)]
mod tests;
