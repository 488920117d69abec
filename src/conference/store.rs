//! What outlives the people in it: rooms.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use thiserror::Error;

use super::protocol::{RoomInfo, Topology};
use super::{Now, UnixTime};

/// A room as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// In the address of its page: lower-case ASCII letters, digits, dashes. See `docs/protocol.md` for how it ends.
    pub id: String,
    /// For people.
    pub name: String,
    /// Shown on the home page.
    pub listed: bool,
    /// How media travels.
    pub topology: Topology,
    /// When it was made.
    pub created_at: UnixTime,
}

impl RoomRecord {
    /// A room that is made now, and has neither id nor name yet.
    pub(super) fn new(now: Now, listed: bool) -> Self {
        let (id, name) = (String::new(), String::new());
        Self { id, name, listed, topology: Topology::Sfu, created_at: now.wall }
    }

    /// As it is shown, with so many people in it.
    pub(super) fn info(&self, people: usize) -> RoomInfo {
        RoomInfo {
            id: self.id.clone(),
            name: self.name.clone(),
            listed: self.listed,
            topology: self.topology,
            created_at: self.created_at,
            people,
        }
    }
}

/// There is already a room with this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is already a room with this id")]
pub struct RoomExists;

/// Where rooms are kept. Called on the conference's thread: an implementation answers from memory.
pub trait Store {
    /// Keeps a new room.
    ///
    /// # Errors
    /// [`RoomExists`] if its id is taken; nothing is changed.
    fn create(&mut self, room: RoomRecord) -> Result<(), RoomExists>;

    /// The room with this id.
    fn get(&self, id: &str) -> Option<RoomRecord>;

    /// Media is to travel so in the room with this id, if there is one.
    fn set_topology(&mut self, id: &str, topology: Topology);

    /// Forgets a room. False if there was none.
    fn remove(&mut self, id: &str) -> bool;

    /// The listed rooms with an id after `after`, by id, at most `most` of them. Visits no other room.
    fn listed(&self, after: Option<&str>, most: usize) -> Vec<RoomRecord>;

    /// How many rooms are kept.
    fn len(&self) -> usize;

    /// Whether no room is kept.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Rooms that live as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rooms: BTreeMap<String, RoomRecord>,
    /// The ids of those that are listed.
    listed: BTreeSet<String>,
}

impl Store for MemoryStore {
    fn create(&mut self, room: RoomRecord) -> Result<(), RoomExists> {
        if self.rooms.contains_key(&room.id) {
            return Err(RoomExists);
        }
        if room.listed {
            self.listed.insert(room.id.clone());
        }
        self.rooms.insert(room.id.clone(), room);
        Ok(())
    }

    fn get(&self, id: &str) -> Option<RoomRecord> {
        self.rooms.get(id).cloned()
    }

    fn set_topology(&mut self, id: &str, topology: Topology) {
        if let Some(room) = self.rooms.get_mut(id) {
            room.topology = topology;
        }
    }

    fn remove(&mut self, id: &str) -> bool {
        self.listed.remove(id);
        self.rooms.remove(id).is_some()
    }

    fn listed(&self, after: Option<&str>, most: usize) -> Vec<RoomRecord> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let ids = self.listed.range::<str, _>((from, Bound::Unbounded)).take(most);
        ids.filter_map(|id| self.rooms.get(id).cloned()).collect()
    }

    fn len(&self) -> usize {
        self.rooms.len()
    }
}
