//! What outlives the people in it: rooms.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::bans::Bans;
use super::grants::Role;
use super::history::ChatMessage;
use super::protocol::{Keeping, RoomInfo, Topology};
use super::{Now, UnixTime, wire};
use crate::media::ids::PeerId;

/// Rooms that were ended for good and are remembered, 100 bytes each. The oldest is forgotten first; one that is not listed is an empty room
/// then for whoever still has its link.
const MOST_BURIED: usize = 10_000;

/// People who are something else in a room than others that are remembered: those who are inside when a process ends, and may come back. Of more
/// some are forgotten.
const MOST_ROLES: usize = 256;

/// A room as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    /// In the address of its page: lower-case ASCII letters, digits, dashes. See `docs/protocol.md` for how it ends.
    pub id: String,
    /// For people.
    pub name: String,
    /// Shown on the home page.
    pub listed: bool,
    /// Kept until it is ended, also while nobody is in it.
    #[serde(default)]
    pub lasts: bool,
    /// How media travels.
    pub topology: Topology,
    /// How many people it holds at most; `None`: as many as any room.
    #[serde(default)]
    pub most_people: Option<usize>,
    /// What an application keeps with it.
    #[serde(default)]
    pub metadata: Option<Value>,
    /// How it is kept.
    #[serde(default)]
    pub keeping: Keeping,
    /// Who is something else in it than whoever has the link.
    #[serde(default, with = "wire::roles")]
    pub roles: BTreeMap<PeerId, Role>,
    /// Who was put out of it.
    #[serde(default)]
    pub bans: Bans,
    /// When it was made.
    pub created_at: UnixTime,
}

impl RoomRecord {
    /// A room that is made now, and has neither id nor name yet.
    pub(super) fn new(now: Now, listed: bool) -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            listed,
            lasts: false,
            topology: Topology::Sfu,
            most_people: None,
            metadata: None,
            keeping: Keeping::default(),
            roles: BTreeMap::new(),
            bans: Bans::default(),
            created_at: now.wall,
        }
    }

    /// Whether it is kept while nobody is in it: for it was made to last, or somebody decided something about it that whoever makes it again
    /// by its link would not know of.
    pub(super) fn is_kept(&self) -> bool {
        self.lasts
            || self.most_people.is_some()
            || self.keeping != Keeping::default()
            || !self.bans.is_empty()
    }

    /// Somebody is this in it from now on.
    pub(super) fn keep_role(&mut self, peer: PeerId, role: Role) {
        if role == Role::default() {
            self.roles.remove(&peer);
        } else {
            self.roles.insert(peer, role);
            if self.roles.len() > MOST_ROLES {
                self.roles.pop_first();
            }
        }
    }

    /// As it is shown, with so many people in it.
    pub(super) fn info(&self, people: usize) -> RoomInfo {
        RoomInfo {
            id: self.id.clone(),
            name: self.name.clone(),
            listed: self.listed,
            lasts: self.lasts,
            topology: self.topology,
            most_people: self.most_people,
            keeping: self.keeping,
            created_at: self.created_at,
            people,
            pass_needed: false,
        }
    }
}

/// What is to be kept for the next process. The newest of an id replaces those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A room is so.
    Kept(RoomRecord),
    /// A room is no more, or need not be kept.
    Gone {
        /// Its id.
        id: String,
    },
    /// A room was ended for good.
    Ended {
        /// Its id.
        id: String,
        /// When.
        at: UnixTime,
    },
    /// A message of a room's chat is so.
    Written(Box<StoredMessage>),
    /// Of a room's chat nothing is kept of an earlier era, nor what has a lower id.
    Unwritten {
        /// The room's id.
        id: String,
        /// Of which era.
        era: u64,
        /// Below which.
        below: u64,
    },
}

/// A message of a chat that outlives the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// The room's id.
    pub room: String,
    /// Which chat of this room: a room that is made again has another one.
    pub era: u64,
    /// As everybody sees it.
    pub message: ChatMessage,
    /// What its client calls it.
    pub reference: String,
}

/// What a change is about: a newer one replaces an older one of the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A room.
    Room(String),
    /// A message.
    Message(String, u64),
    /// What a room's chat has no more.
    Chat(String),
}

impl Change {
    /// What it is about.
    #[must_use]
    pub fn about(&self) -> About {
        match self {
            Change::Kept(room) => About::Room(room.id.clone()),
            Change::Gone { id } | Change::Ended { id, .. } => About::Room(id.clone()),
            Change::Written(written) => About::Message(written.room.clone(), written.message.id),
            Change::Unwritten { id, .. } => About::Chat(id.clone()),
        }
    }
}

/// What an earlier process kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The rooms.
    pub rooms: Vec<RoomRecord>,
    /// The ids of those that were ended for good, the oldest first.
    pub ended: Vec<String>,
    /// What was written in them, by room, era and id.
    pub messages: Vec<StoredMessage>,
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

    /// The room with this id is so from now on, if there is one. It is listed or not as it was before.
    fn update(&mut self, room: RoomRecord);

    /// The room with this id, if there was one, was ended for good: its link leads nowhere.
    fn bury(&mut self, id: &str);

    /// Whether a room with this id was ended for good, and none was made since.
    fn is_buried(&self, id: &str) -> bool;

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
    /// The ids of those that were ended for good, in the order of that, too.
    buried: BTreeSet<String>,
    graves: VecDeque<String>,
}

impl Store for MemoryStore {
    fn create(&mut self, room: RoomRecord) -> Result<(), RoomExists> {
        if self.rooms.contains_key(&room.id) {
            return Err(RoomExists);
        }
        if room.listed {
            self.listed.insert(room.id.clone());
        }
        if self.buried.remove(&room.id) {
            self.graves.retain(|grave| *grave != room.id);
        }
        self.rooms.insert(room.id.clone(), room);
        Ok(())
    }

    fn get(&self, id: &str) -> Option<RoomRecord> {
        self.rooms.get(id).cloned()
    }

    fn update(&mut self, room: RoomRecord) {
        if let Some(kept) = self.rooms.get_mut(&room.id) {
            *kept = RoomRecord { listed: kept.listed, ..room };
        }
    }

    fn bury(&mut self, id: &str) {
        if self.buried.insert(id.to_owned()) {
            self.graves.push_back(id.to_owned());
        }
        if self.graves.len() > MOST_BURIED
            && let Some(oldest) = self.graves.pop_front()
        {
            self.buried.remove(&oldest);
        }
    }

    fn is_buried(&self, id: &str) -> bool {
        self.buried.contains(id)
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
