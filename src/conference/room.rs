//! Rooms: made, found, entered, forgotten.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::codecs::Pace;
use super::names::{self, Unfit};
use super::parse::Refusal;
use super::protocol::{ErrorCode, RoomInfo, Topology};
use super::roster::Roster;
use super::store::RoomRecord;
use super::timers::Timer;
use super::{Conference, Now, WorkerId};
use crate::ledger::{ClientAddress, Metered, Over};
use crate::limits::Limit;
use crate::media::ids::{PeerId, RoomId};

/// How long a room is kept while nobody is in it: long enough to send a new room's link around and for the last one to
/// come back from a dead battery, short enough that the list on the home page shows rooms that are alive.
pub(super) const EMPTY_ROOM_KEPT: Duration = Duration::from_secs(5 * 60);

/// Rooms on one page of [`Conference::listed_rooms`] at most: 100 of them are 20 kB.
const MOST_PER_PAGE: usize = 100;

/// A room to be made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CreateRoom {
    /// For people. The id is made from it.
    pub name: String,
    /// To be shown on the home page.
    #[serde(default)]
    pub listed: bool,
}

/// A room that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreatedRoom {
    /// The room.
    #[serde(flatten)]
    pub room: RoomInfo,
    /// Proves later that one made it. Told once; the server keeps only its SHA-256.
    pub secret: String,
}

/// Some of the listed rooms, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomPage {
    /// The rooms.
    pub rooms: Vec<RoomInfo>,
    /// The page goes on after this id; `None` on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Why a room was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateRoomError {
    /// The name has nothing that can be seen, is too long, or has nothing an id could be made of.
    BadName,
    /// A room with this id exists.
    Exists {
        /// Its id.
        id: String,
    },
    /// There are as many rooms as there may be, or as one address may have or make.
    Over(Over),
}

impl std::fmt::Display for CreateRoomError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CreateRoomError::BadName => {
                f.write_str("a room's name needs a letter a-z or a digit, and may not be long")
            }
            CreateRoomError::Exists { id } => write!(f, "there is already a room {id}"),
            CreateRoomError::Over(Over::Whole(_)) => f.write_str("there are as many rooms as there may be"),
            CreateRoomError::Over(Over::Address(_)) => {
                f.write_str("there are as many rooms made from your address as there may be")
            }
            CreateRoomError::Over(Over::Rate(..)) => {
                f.write_str("too many rooms were made from your address just now")
            }
        }
    }
}

impl std::error::Error for CreateRoomError {}

/// A room somebody is in.
#[derive(Debug)]
pub(super) struct Room {
    /// What is kept of it.
    record: RoomRecord,
    /// Where its media is; `None` while no worker is there.
    pub(super) worker: Option<WorkerId>,
    /// Who is in it, in the order of joining.
    pub(super) members: Vec<PeerId>,
    /// What they are told about each other.
    pub(super) roster: Roster,
    /// When they may be asked for other codecs.
    pub(super) codecs: Pace,
}

impl Room {
    /// As `welcome` shows it.
    pub(super) fn info(&self) -> RoomInfo {
        info(&self.record, self.members.len())
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.record.id
    }
}

fn info(record: &RoomRecord, people: usize) -> RoomInfo {
    RoomInfo {
        id: record.id.clone(),
        name: record.name.clone(),
        listed: record.listed,
        topology: record.topology,
        created_at: record.created_at,
        people,
    }
}

/// The id for a name: lower-case ASCII letters and digits; whatever is between them becomes one dash.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

impl Conference {
    /// Makes a room for somebody at `address`.
    ///
    /// # Errors
    /// [`CreateRoomError`]; limits that were hit are counted.
    pub fn create_room(
        &mut self,
        now: Now,
        address: ClientAddress,
        request: CreateRoom,
    ) -> Result<CreatedRoom, CreateRoomError> {
        let CreateRoom { name, listed } = request;
        let name = names::clean(&name, self.config.limits.get(Limit::RoomNameChars)).map_err(|unfit| {
            if unfit == Unfit::TooLong {
                self.tally.hit(Limit::RoomNameChars);
            }
            CreateRoomError::BadName
        })?;
        let id = slug(&name);
        if id.is_empty() {
            return Err(CreateRoomError::BadName);
        }
        if self.store.get(&id).is_some() {
            return Err(CreateRoomError::Exists { id });
        }
        let secret = super::session::Token::draw(&mut self.entropy).to_string();
        let mut secret_sha256 = [0; 32];
        for (kept, byte) in secret_sha256.iter_mut().zip(digest(&SHA256, secret.as_bytes()).as_ref()) {
            *kept = *byte;
        }
        let record = RoomRecord {
            id,
            name,
            listed,
            topology: Topology::Sfu,
            created_at: now.unix_millis,
            secret_sha256: Some(secret_sha256),
        };
        self.keep(now, address, record.clone())?;
        Ok(CreatedRoom { room: info(&record, 0), secret })
    }

    /// The room with this id, with how many people are in it.
    #[must_use]
    pub fn room(&self, id: &str) -> Option<RoomInfo> {
        match self.room_ids.get(id).and_then(|room| self.rooms.get(room)) {
            Some(room) => Some(room.info()),
            None => self.store.get(id).map(|record| info(&record, 0)),
        }
    }

    /// The listed rooms with an id after `after`, at most `most` (1 to 100) of them.
    #[must_use]
    pub fn listed_rooms(&self, after: Option<&str>, most: usize) -> RoomPage {
        let most = most.clamp(1, MOST_PER_PAGE);
        let mut records = self.store.listed(after, most + 1);
        let goes_on = records.len() > most;
        records.truncate(most);
        let next = records.last().filter(|_| goes_on).map(|record| record.id.clone());
        let people = |id: &str| {
            self.room_ids.get(id).and_then(|id| self.rooms.get(id)).map_or(0, |room| room.members.len())
        };
        RoomPage { rooms: records.iter().map(|record| info(record, people(&record.id))).collect(), next }
    }

    /// Finds the room somebody wants to enter, making it again if they may, and sees to it that it is open.
    pub(super) fn enter(
        &mut self,
        now: Now,
        address: ClientAddress,
        id: &str,
        recreate: bool,
    ) -> Result<RoomId, Refusal> {
        let open = self.room_ids.get(id).copied();
        let record = if open.is_some() { None } else { self.store.get(id) };
        if open.is_none() && record.is_none() && !recreate {
            return Err(self.no_such_room(now, address));
        }
        // Whoever asks in vain does not use up the rate of those behind the same address who know where they want to go.
        self.spend(now, address, Metered::Joins).map_err(|over| Refusal::over(now, over))?;
        match (open, record) {
            (Some(room), _) => Ok(room),
            (None, Some(record)) => Ok(self.open(record)),
            (None, None) => self.recreate(now, address, id).map(|record| self.open(record)),
        }
    }

    fn recreate(&mut self, now: Now, address: ClientAddress, id: &str) -> Result<RoomRecord, Refusal> {
        if id.chars().count() > self.config.limits.get(Limit::RoomNameChars) {
            self.tally.hit(Limit::RoomNameChars);
            return Err(self.no_such_room(now, address));
        }
        if id.is_empty() || slug(id) != id {
            return Err(self.no_such_room(now, address));
        }
        let record = RoomRecord {
            id: id.to_owned(),
            name: id.to_owned(),
            listed: false,
            topology: Topology::Sfu,
            created_at: now.unix_millis,
            secret_sha256: None,
        };
        match self.keep(now, address, record.clone()) {
            Ok(()) => Ok(record),
            Err(CreateRoomError::Over(over)) => Err(Refusal::over(now, over)),
            Err(error) => Err(Refusal::new(ErrorCode::Busy, error.to_string())),
        }
    }

    /// Puts a room into the store, and lets it go if nobody comes.
    fn keep(&mut self, now: Now, address: ClientAddress, record: RoomRecord) -> Result<(), CreateRoomError> {
        self.may_make_room(now, address)?;
        let id = record.id.clone();
        self.store.create(record).map_err(|_| CreateRoomError::Exists { id: id.clone() })?;
        self.room_made(&id, address);
        self.forget_later(now, &id);
        Ok(())
    }

    /// Gives a room a place on the worker with the fewest people.
    fn open(&mut self, record: RoomRecord) -> RoomId {
        let worker = self.workers.least_loaded();
        let id = RoomId(self.next_room);
        self.next_room += 1;
        let name: Arc<str> = record.id.as_str().into();
        self.timers.clear(&Timer::EmptyRoom(Arc::clone(&name)));
        self.makers.occupied(&name);
        self.room_ids.insert(name, id);
        self.rooms.insert(
            id,
            Room { record, worker, members: Vec::new(), roster: Roster::default(), codecs: Pace::default() },
        );
        id
    }

    /// Takes a person off a room's list; a room that is empty then is closed, and forgotten after a while.
    pub(super) fn vacate(&mut self, now: Now, id: RoomId, peer: PeerId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        room.members.retain(|member| *member != peer);
        let (worker, empty) = (room.worker, room.members.is_empty());
        self.workers.remove(worker, 1);
        if !empty {
            self.peers_changed(now, id);
            self.renew_codecs(now, id);
            return;
        }
        self.timers.clear(&Timer::Codecs(id));
        if let Some(room) = self.rooms.remove(&id) {
            self.room_ids.remove(room.id());
            self.makers.vacated(room.id());
            self.forget_later(now, room.id());
        }
    }

    /// Counts that somebody at `address` asked for a room that there is not, and says whether they may hear so.
    ///
    /// # Errors
    /// [`Over::Rate`], counted: they have asked for too many.
    pub fn asked_in_vain(&mut self, now: Now, address: ClientAddress) -> Result<(), Over> {
        self.spend(now, address, Metered::FailedJoins)
    }

    /// What somebody hears who asked for a room that there is not.
    pub(super) fn no_such_room(&mut self, now: Now, address: ClientAddress) -> Refusal {
        match self.asked_in_vain(now, address) {
            Ok(()) => Refusal::new(ErrorCode::UnknownRoom, "there is no such room"),
            Err(over) => Refusal::over(now, over),
        }
    }

    fn forget_later(&mut self, now: Now, id: &str) {
        if let Some(at) = now.instant.checked_add(EMPTY_ROOM_KEPT) {
            self.timers.set(Timer::EmptyRoom(id.into()), at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn an_id_is_what_one_can_say_on_the_telephone() {
        assert_eq!(slug("Team Room"), "team-room");
        assert_eq!(slug("  --Sprint #12: review!"), "sprint-12-review");
        assert_eq!(slug("Café Olé"), "caf-ol");
        assert_eq!(slug("会議"), "");
    }
}
