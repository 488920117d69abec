//! Nobody looks at a tile that is black without a word: a slot with an owner who sends shows them, or says why not.

use std::time::{Duration, Instant};

use plenary::media::ids::{Kind, SlotIndex, Stream, StreamId};

use super::{Person, World, ms};

/// For so long a tile may be empty.
const EMPTY: Duration = Duration::from_secs(1);

/// How often tiles are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A slot that is to show somebody.
#[derive(Debug, Clone, Copy)]
pub struct Tile {
    viewer: Person,
    slot: SlotIndex,
    shows: StreamId,
    /// Since when it is to.
    since: Instant,
}

impl World {
    /// Lets time pass and looks at everybody's tiles meanwhile.
    pub fn run_watching_tiles(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.run(LOOK.min(end - self.now));
            self.look_at_tiles();
        }
    }

    /// Waits until `done` and looks at everybody's tiles meanwhile.
    pub fn within_watching_tiles(
        &mut self,
        most: Duration,
        lost: &str,
        done: impl Fn(&World) -> bool,
    ) -> Duration {
        let began = self.now;
        while !done(self) {
            assert!(self.now < began + most, "{lost} (waited {most:?})");
            self.run_watching_tiles(LOOK);
        }
        self.now - began
    }

    fn look_at_tiles(&mut self) {
        let before = std::mem::take(&mut self.tiles);
        for viewer in 0..self.seats.len() {
            for (slot, shows, owner) in self.slots_that_should_show(viewer) {
                let same = |tile: &&Tile| (tile.viewer, tile.slot, tile.shows) == (viewer, slot, shows);
                let since = before.iter().find(same).map_or(self.now, |tile| tile.since);
                self.tiles.push(Tile { viewer, slot, shows, since });
                let receiver = &self.seats[viewer].client.receiver;
                let watches = if shows.stream == Stream::Camera { &receiver.seen } else { &receiver.screens };
                let last = watches.get(&(owner as u16)).map(|watch| watch.last);
                let alive = last.is_some_and(|last| self.now < last + EMPTY) || self.now < since + EMPTY;
                assert!(
                    alive,
                    "{viewer} looks at a black tile: slot {slot:?} is to show {:?} of {owner} since {:?}, last seen {:?} ago, {:?}",
                    shows.stream,
                    self.now - since,
                    last.map(|last| self.now - last),
                    receiver.table.video.iter().find(|entry| entry.slot == slot),
                );
            }
        }
    }

    /// The slots of `viewer` whose owners send and which do not say that they cannot be decoded.
    fn slots_that_should_show(&self, viewer: Person) -> Vec<(SlotIndex, StreamId, Person)> {
        let seat = &self.seats[viewer];
        let hears = seat.client.connection.as_ref().is_some_and(|connection| connection.connected);
        if seat.dead || seat.socket.is_none() || !hears || seat.down.cut {
            return Vec::new();
        }
        let slots = seat.client.receiver.table.video.iter().filter(|slot| slot.blocked.is_none());
        let owned = slots.filter_map(|slot| Some((slot.slot, slot.shows?)));
        owned.filter_map(|(slot, shows)| Some((slot, shows, self.who_sends(shows)?))).collect()
    }

    /// Whose picture it is, if it is sent.
    fn who_sends(&self, stream: StreamId) -> Option<Person> {
        let person = self.seats.iter().position(|seat| seat.client.peer == Some(stream.peer))?;
        let seat = &self.seats[person];
        let connection = seat.client.connection.as_ref().filter(|connection| connection.connected)?;
        let mut cameras = connection.cameras.iter().map(|(_, camera)| camera);
        let camera = cameras.find(|camera| camera.stream() == stream.stream)?;
        let sends = camera.on && !camera.live().is_empty() && !seat.dead && !seat.up.cut;
        // What the viewer is told of a mute is as old as what they see.
        (sends && !seat.client.is_muted(stream.stream, Kind::Video)).then_some(person)
    }

    /// How many slots of `viewer` say that what their owner sends cannot be decoded.
    pub fn blocked(&self, viewer: Person) -> usize {
        let slots = &self.seats[viewer].client.receiver.table.video;
        slots.iter().filter(|slot| slot.blocked.is_some()).count()
    }

    /// Everybody of `people` sees everybody else with a camera, and no slot is blocked.
    pub fn all_tiles_show(&self, people: &[Person]) -> bool {
        people.iter().all(|viewer| self.blocked(*viewer) == 0) && self.meet(people)
    }
}

/// Time for a change of codec to be told, made and seen.
pub const CODEC_CHANGE: Duration = ms(2_000);
