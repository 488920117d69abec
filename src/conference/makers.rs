//! Who made which room, and which one gives way when there are as many as there may be.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::events::Happened;
use super::refusal::Refusal;
use super::room::CreateRoomError;
use super::timers::Timer;
use super::{Conference, Now};
use crate::ledger::{ClientAddress, Crowd, Metered, Over, Resource};

/// Which of all rooms that were made: they count in the order of making.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Number(u64);

/// A room that somebody made.
#[derive(Debug)]
struct Made {
    by: ClientAddress,
    number: Number,
}

/// The makers of all rooms.
#[derive(Debug, Default)]
pub(super) struct Makers {
    rooms: BTreeMap<Arc<str>, Made>,
    /// Those nobody is in.
    empty: Crowd<Number>,
    ids: BTreeMap<Number, Arc<str>>,
    next: Number,
}

impl Makers {
    fn made(&mut self, id: &str, by: ClientAddress) {
        let (id, number): (Arc<str>, Number) = (id.into(), self.next);
        self.next.0 += 1;
        self.ids.insert(number, Arc::clone(&id));
        self.rooms.insert(id, Made { by, number });
        self.empty.insert(by, number);
    }

    /// Somebody is in a room: it does not give way.
    pub(super) fn occupied(&mut self, id: &str) {
        if let Some(Made { by, number }) = self.rooms.get(id) {
            self.empty.remove(*by, *number);
        }
    }

    /// Nobody is in it any more.
    pub(super) fn vacated(&mut self, id: &str) {
        if let Some(Made { by, number }) = self.rooms.get(id) {
            self.empty.insert(*by, *number);
        }
    }

    fn forgotten(&mut self, id: &str) -> Option<ClientAddress> {
        let Made { by, number } = self.rooms.remove(id)?;
        self.ids.remove(&number);
        self.empty.remove(by, number);
        Some(by)
    }

    /// The room that gives way next.
    fn first(&self) -> Option<Arc<str>> {
        let (_, number) = self.empty.first()?;
        self.ids.get(&number).cloned()
    }
}

impl Conference {
    /// Counts a room that an address is about to make, and finds it a place.
    ///
    /// # Errors
    /// [`CreateRoomError::Over`], counted.
    pub(super) fn may_make_room(&mut self, now: Now, by: ClientAddress) -> Result<(), CreateRoomError> {
        self.spend(now, by, Metered::RoomsMade).map_err(CreateRoomError::Over)?;
        let mut verdict = self.ledger.check(by, Resource::Rooms, 1, &self.config.limits);
        if let Err(over @ Over::Whole(limit)) = verdict
            && let Some(id) = self.makers.first()
        {
            self.tally.hit(limit);
            self.forget_room(now, &id);
            verdict = self.ledger.check(by, Resource::Rooms, 1, &self.config.limits).map_err(|_| over);
        }
        verdict.map_err(|over| {
            self.tally.hit(over.limit());
            CreateRoomError::Over(over)
        })
    }

    /// Whether there is one for a room that an address would make, its rate aside.
    pub(super) fn has_place_for_room(&self, by: ClientAddress) -> bool {
        match self.ledger.check(by, Resource::Rooms, 1, &self.config.limits) {
            Ok(()) => true,
            Err(over) => matches!(over, Over::Whole(_)) && self.makers.first().is_some(),
        }
    }

    /// A room was made.
    pub(super) fn room_made(&mut self, id: &str, by: ClientAddress) {
        self.ledger.take(by, Resource::Rooms, 1);
        self.makers.made(id, by);
    }

    /// Forgets a room nobody is in.
    pub(super) fn forget_room(&mut self, now: Now, id: &str) {
        self.lobby_ends(now, id, &Refusal::Ended);
        if let Some(chat) = self.chats.take(id) {
            self.unwrite(id, &chat);
        }
        self.store.remove(id);
        self.happened(Happened::RoomEnded, id, None);
        self.keep_no_more(id);
        self.timers.clear(&Timer::EmptyRoom(id.into()));
        self.timers.clear(&Timer::Closing(id.into()));
        self.timers.clear(&Timer::Addresses(id.into()));
        if let Some(by) = self.makers.forgotten(id) {
            self.ledger.give(by, Resource::Rooms, 1);
        }
    }
}
