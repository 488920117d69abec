//! What is kept of all chats together: of rooms nobody is in until those are forgotten, and how much it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::history::History;
use crate::media::ids::RoomId;

/// The chats of all rooms.
#[derive(Debug, Default)]
pub(in super::super) struct Chats {
    /// What all of them take.
    bytes: usize,
    /// What that of each room takes that somebody is in.
    open: BTreeMap<RoomId, usize>,
    /// The same, the heaviest last.
    by_weight: BTreeSet<(usize, RoomId)>,
    /// Those of rooms that nobody is in, in the order in which they were left.
    waiting: BTreeMap<u64, (Arc<str>, History)>,
    /// Where each of them is.
    places: BTreeMap<Arc<str>, u64>,
    next: u64,
}

impl Chats {
    /// What all of them take.
    pub(in super::super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// That of a room somebody is in takes so much.
    pub(in super::super) fn opened(&mut self, room: RoomId, bytes: usize) {
        self.closed(room);
        self.bytes += bytes;
        self.open.insert(room, bytes);
        self.by_weight.insert((bytes, room));
    }

    fn closed(&mut self, room: RoomId) {
        if let Some(bytes) = self.open.remove(&room) {
            self.bytes -= bytes;
            self.by_weight.remove(&(bytes, room));
        }
    }

    /// The last one left a room: what was written in it waits for whoever comes back.
    pub(in super::super) fn left(&mut self, room: RoomId, id: Arc<str>, chat: History) {
        self.closed(room);
        self.waits(id, chat);
    }

    /// What was written in a room waits for whoever comes.
    pub(in super::super) fn waits(&mut self, id: Arc<str>, chat: History) {
        self.take(&id);
        if chat.len() == 0 {
            return;
        }
        self.bytes += chat.bytes();
        self.places.insert(Arc::clone(&id), self.next);
        self.waiting.insert(self.next, (id, chat));
        self.next += 1;
    }

    /// Takes what waits for a room: it is opened, or forgotten.
    pub(in super::super) fn take(&mut self, id: &str) -> Option<History> {
        let (_, chat) = self.waiting.remove(&self.places.remove(id)?)?;
        self.bytes -= chat.bytes();
        Some(chat)
    }

    /// What waits for a room.
    pub(super) fn of(&self, id: &str) -> Option<&History> {
        self.waiting.get(self.places.get(id)?).map(|(_, chat)| chat)
    }

    /// Forgets that of the room that nobody has been in for longest, and says which.
    pub(super) fn drop_oldest(&mut self) -> Option<(Arc<str>, History)> {
        let id = self.waiting.first_key_value().map(|(_, (id, _))| Arc::clone(id))?;
        let chat = self.take(&id)?;
        Some((id, chat))
    }

    /// The room somebody is in whose chat takes most.
    pub(super) fn heaviest(&self) -> Option<RoomId> {
        self.by_weight.last().filter(|(bytes, _)| *bytes > 0).map(|(_, room)| *room)
    }
}
