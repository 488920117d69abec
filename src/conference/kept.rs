//! Rooms that outlive the process: what of them is to be kept, and what was.

use super::room::CreateRoomError;
use super::store::{Change, Kept, RoomRecord};
use super::{Conference, Now};
use crate::ledger::{ClientAddress, Over};
use crate::limits::Limit;

impl Conference {
    /// What an earlier process kept is there again. To be called once, before anything else.
    pub fn restore(&mut self, now: Now, kept: Kept) {
        let messages = kept.messages;
        for id in kept.ended {
            self.store.bury(&id);
        }
        for room in kept.rooms {
            let id = room.id.clone();
            self.kept.insert(id.clone(), None);
            if self.store.create(room).is_err() {
                log::error!("a room was kept twice");
            }
            self.review_closing(now, &id);
            self.review_addresses(now, &id);
        }
        self.restore_chats(now, messages);
    }

    /// What is to be kept next. To be called after every input until there is nothing more, as
    /// [`Conference::poll_output`]; whoever keeps nothing passes over it.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// Forgets a room that could not be kept, as if it had not been made.
    pub fn withdraw_room(&mut self, now: Now, id: &str) {
        if !self.room_ids.contains_key(id) {
            self.forget_room(now, id);
        }
    }

    /// Whether one more room of somebody at this address may be kept.
    pub(super) fn may_keep_room(&mut self, by: ClientAddress) -> Result<(), CreateRoomError> {
        let theirs = self.kept.values().filter(|maker| **maker == Some(by)).count();
        let limits = &self.config.limits;
        let over = if self.kept.len() >= limits.get(Limit::RoomsKept) {
            Over::Whole(Limit::RoomsKept)
        } else if theirs >= limits.get(Limit::RoomsKeptPerAddress) {
            Over::Address(Limit::RoomsKeptPerAddress)
        } else {
            return Ok(());
        };
        self.tally.hit(over.limit());
        Err(CreateRoomError::Over(over))
    }

    /// A room is so from now on.
    pub(super) fn keep_record(&mut self, record: RoomRecord) {
        if record.is_kept() {
            self.kept.entry(record.id.clone()).or_default();
            self.changes.push_back(Change::Kept(record.clone()));
        } else {
            self.keep_no_more(&record.id);
        }
        self.store.update(record);
    }

    /// A room need not be kept any more.
    pub(super) fn keep_no_more(&mut self, id: &str) {
        if self.kept.remove(id).is_some() {
            self.changes.push_back(Change::Gone { id: id.to_owned() });
        }
    }

    /// A room was ended for good.
    pub(super) fn bury(&mut self, now: Now, id: &str) {
        self.store.bury(id);
        self.changes.push_back(Change::Ended { id: id.to_owned(), at: now.wall });
    }
}
