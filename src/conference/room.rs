//! Rooms: made, found, entered, forgotten.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::administration::{self, Declined};
use super::codecs::Pace;
use super::course::Course;
use super::events::Happened;
use super::keys::ENDING_CHARS;
use super::names::{self, Unfit};
use super::protocol::{Access, Keeping, RoomInfo, Screens, Topology};
use super::rate::RoomTalk;
use super::roster::Roster;
use super::state::RoomState;
use super::store::RoomRecord;
use super::timers::Timer;
use super::times::Meeting;
use super::token::Token;
use super::whereabouts::Whereabouts;
use super::{Conference, Now, UnixTime, ids, times};
use crate::ledger::{ClientAddress, Metered, Over};
use crate::limits::Limit;
use crate::media::ids::{PeerId, RoomId};
use crate::passes::PassError;

/// How long a room is kept while nobody is in it: long enough to send a new room's link around and for the last one to
/// come back from a dead battery, short enough that the list on the home page shows rooms that are alive.
pub(super) const EMPTY_ROOM_KEPT: Duration = Duration::from_secs(5 * 60);

/// Rooms on one page of [`Conference::listed_rooms`] at most: 100 of them are 20 kB.
const MOST_PER_PAGE: usize = 100;

/// Characters that may surround an id where a link was written: brackets, quotation marks, slashes, a dot.
const AROUND: usize = 16;

/// A room to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
// Somebody who asks for `"acess": "token"` must not get a room that is open.
#[serde(deny_unknown_fields)]
pub struct CreateRoom {
    /// For people. The id begins with it.
    pub name: String,
    /// To be shown on the home page.
    #[serde(default)]
    pub listed: bool,
    /// How media is to travel.
    #[serde(default)]
    pub topology: Topology,
    /// To be kept until it is ended.
    #[serde(default)]
    pub lasts: bool,
    /// Who is to come in.
    #[serde(default)]
    pub access: Access,
    /// Who may share a screen.
    #[serde(default)]
    pub screens: Screens,
    /// Whether people may write; they may if it does not say.
    #[serde(default)]
    pub chat: Option<bool>,
    /// Whether they may send files; the same.
    #[serde(default)]
    pub files: Option<bool>,
    /// What is written is to outlive the process.
    #[serde(default, rename = "keepChat")]
    pub keep_chat: bool,
    /// From when on others come in than those who moderate.
    #[serde(default, deserialize_with = "times::moment")]
    pub starts: Option<UnixTime>,
    /// When it is to end.
    #[serde(default, deserialize_with = "times::moment")]
    pub ends: Option<UnixTime>,
    /// Seconds that a meeting in it takes at most.
    #[serde(default, deserialize_with = "administration::whole")]
    pub longest: Option<usize>,
    /// How many people it is to hold at most.
    #[serde(default, rename = "mostPeople", deserialize_with = "administration::whole")]
    pub most_people: Option<usize>,
    /// What an application keeps with it.
    #[serde(default)]
    pub metadata: Option<Value>,
    /// What shows that whoever wants it may make rooms. It comes beside the request, not in it.
    #[serde(skip)]
    pub pass: Option<String>,
}

impl CreateRoom {
    /// How it is to be kept, if that can be.
    fn keeping(&self, now: Now) -> Result<Keeping, String> {
        let keeping = Keeping {
            access: self.access,
            locked: false,
            screens: self.screens,
            chat: self.chat.unwrap_or(true),
            files: self.files.unwrap_or(true),
            keep_chat: self.keep_chat,
            starts: self.starts,
            ends: self.ends,
            longest: times::longest(self.longest)?,
        };
        times::in_order(now, &keeping)?;
        Ok(keeping)
    }
}

/// A room that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreatedRoom {
    /// The room.
    #[serde(flatten)]
    pub room: RoomInfo,
    /// Proves in a `join` that one made it. Told once; the server does not keep it.
    pub secret: String,
    /// Whether it is to outlive the process.
    #[serde(skip)]
    pub kept: bool,
}

/// Some of the listed rooms, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomPage {
    /// The rooms.
    pub rooms: Vec<RoomInfo>,
    /// Whether who asks makes rooms.
    pub makes: bool,
    /// The page goes on after this id; `None` on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Why a room was not made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreateRoomError {
    /// Nothing of the name can be seen.
    #[error("a room's name needs something that can be seen")]
    InvisibleName,
    /// The name is longer than one may be.
    #[error("the room's name is too long")]
    LongName,
    /// Something of it cannot be.
    #[error("{0}")]
    Unfit(String),
    /// There is a listed room of this name.
    #[error("there is a room of this name already")]
    Exists {
        /// Its id.
        id: String,
    },
    /// Only who shows that they may makes rooms.
    #[error("rooms are made here by whoever has a token for that: Authorization: Bearer TOKEN")]
    NoPass,
    /// What was shown is not good.
    #[error("{0}")]
    BadPass(PassError),
    /// It is not for making this room.
    #[error("pass: it is not for making rooms (plenary.create), or not for this one (plenary.room)")]
    NotGranted,
    /// There are as many rooms as there may be, or as one address may have or make.
    #[error("{}", match .0 {
        Over::Whole(_) => "there are as many rooms as there may be",
        Over::Address(_) => "there are as many rooms made from your address as there may be",
        Over::Rate(..) => "too many rooms were made from your address, or with your token, just now",
    })]
    Over(Over),
}

/// A room somebody is in.
#[derive(Debug)]
pub(super) struct OpenRoom {
    /// What it is.
    pub(super) state: RoomState,
    /// Where its people are.
    pub(super) whereabouts: Whereabouts,
    /// What they are told about each other.
    pub(super) roster: Roster,
    /// When they may be asked for other codecs.
    pub(super) codecs: Pace,
    /// Which way its media is to go.
    pub(super) course: Course,
    /// Who has the floor.
    pub(super) speaker: Option<PeerId>,
    /// How much is written.
    pub(super) talk: RoomTalk,
    /// Who watches by a standard tool.
    pub(super) watchers: Vec<PeerId>,
    /// Since when there is a meeting in it, and what its people know of its end.
    pub(super) meeting: Meeting,
}

impl OpenRoom {
    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.state.record().id
    }

    /// When it was made.
    pub(super) fn created_at(&self) -> UnixTime {
        self.state.record().created_at
    }

    /// Whether a token that names its id was given for it: under the id of a listed room that ended anybody may have made
    /// another one.
    pub(super) fn is_of(&self, token: &Token) -> bool {
        !self.state.record().listed || token.room_created_at == self.created_at()
    }
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
        let keeping = request.keeping(now).map_err(CreateRoomError::Unfit)?;
        let CreateRoom { name, listed, lasts, topology, most_people, metadata, pass, .. } = request;
        let pass = self.maker(now, address, pass.as_deref())?;
        let name =
            names::clean(&name, self.config.limits.get(Limit::RoomNameChars)).map_err(
                |unfit| match unfit {
                    Unfit::TooLong => {
                        self.tally.hit(Limit::RoomNameChars);
                        CreateRoomError::LongName
                    }
                    Unfit::Invisible => CreateRoomError::InvisibleName,
                },
            )?;
        let id = if listed {
            self.listed_id(&name)?
        } else {
            self.keys.draw_id(&ids::slug(&name, self.most_of_name()), &mut self.entropy)
        };
        if pass.is_some_and(|pass| !pass.makes(&id)) {
            return Err(CreateRoomError::NotGranted);
        }
        let unfit = |declined: Declined| CreateRoomError::Unfit(declined.to_string());
        let (most_people, metadata) =
            (self.most_people(most_people).map_err(unfit)?, self.metadata(metadata).map_err(unfit)?);
        let record = RoomRecord {
            id,
            name,
            lasts,
            topology,
            most_people,
            metadata,
            keeping,
            ..RoomRecord::new(now, listed)
        };
        self.keep(now, address, record.clone())?;
        let secret = self.keys.owner_secret(&record.id, record.created_at);
        Ok(CreatedRoom { room: self.shown(record.info(0)), secret, kept: record.is_kept() })
    }

    fn most_of_name(&self) -> usize {
        self.config.limits.get(Limit::RoomNameChars)
    }

    /// The id of a listed room that is to be made: what can be said of its name, or, if a room of another name has that, what
    /// is this name's alone.
    fn listed_id(&self, name: &str) -> Result<String, CreateRoomError> {
        if let Some(id) = self.listed_as(name) {
            return Err(CreateRoomError::Exists { id });
        }
        let [said, own] = ids::of_listed(name, self.most_of_name());
        // What ends like a room that is not listed is that room's, also while it does not exist.
        if self.keys.drawn_id(&said).is_some() {
            return Err(CreateRoomError::Exists { id: said });
        }
        let is_free = |id: &String| self.store.get(id).is_none();
        [said, own.clone()].into_iter().find(is_free).ok_or(CreateRoomError::Exists { id: own })
    }

    /// The listed room of this name.
    fn listed_as(&self, name: &str) -> Option<String> {
        let is_it = |id: &String| {
            let room = self.store.get(id).filter(|room| room.listed);
            room.is_some_and(|room| ids::is_same_name(&room.name, name))
        };
        ids::of_listed(name, self.most_of_name()).into_iter().find(is_it)
    }

    /// The id somebody means: of a room's link, in whatever case and with whatever a chat or a hand added to it, or of the
    /// listed room with a name. The same for everybody, so that those in one room have one address. `None` for a text that
    /// can lead nowhere; whether there is such a room is another question ([`Conference::look_up`]).
    #[must_use]
    pub fn id_meant(&self, text: &str) -> Option<String> {
        Some(self.meant(self.cleaned(text)?))
    }

    /// The id that a link means. Unlike what somebody typed, which is a name before it is anything else, it is an id first:
    /// in capitals too it must not lead to another room whose name reads the same.
    #[must_use]
    pub fn id_of_link(&self, text: &str) -> Option<String> {
        let text = self.cleaned(text)?;
        let form = ids::without_ends(&text).to_ascii_lowercase();
        let is_there = |id: &str| self.store.get(id).is_some();
        Some(if !is_there(&text) && is_there(&form) { form } else { self.meant(text) })
    }

    fn cleaned(&self, text: &str) -> Option<String> {
        names::clean(text, self.most_of_name() + ENDING_CHARS + AROUND).ok()
    }

    fn meant(&self, text: String) -> String {
        if self.store.get(&text).is_some() || self.keys.drawn_id(&text).is_some() {
            return text;
        }
        let (inner, most) = (ids::without_ends(&text), self.most_of_name());
        if let Some(listed) = self.listed_as(&text).or_else(|| self.listed_as(inner)) {
            return listed;
        }
        // The text of a link is in ASCII and whole; that of a name may be long when it is transliterated.
        let said = ids::slug(inner, if inner.is_ascii() { usize::MAX } else { most });
        let [named, _] = ids::of_listed(&text, most);
        if said.is_empty() { named } else { said }
    }

    /// Whether `secret` was given to whoever made this room. One that is not listed may have ended and been made again by
    /// somebody else: there is never another one of its id.
    pub(super) fn is_secret_of(&self, room: &RoomRecord, secret: &str) -> bool {
        let since = self.keys.owner_since(&room.id, secret);
        since.is_some_and(|since| !room.listed || since == room.created_at)
    }

    /// The room with this id, with how many people are in it.
    #[must_use]
    pub fn room(&self, id: &str) -> Option<RoomInfo> {
        match self.room_ids.get(id).and_then(|room| self.rooms.get(room)) {
            Some(room) => Some(self.shown(room.state.info())),
            None => self.store.get(id).map(|record| self.shown(record.info(0))),
        }
    }

    /// What somebody would find who entered this id now, without having been inside before: a room that is there, or one
    /// that is not listed and is made again for everybody who has its link.
    #[must_use]
    pub fn look_up(&self, now: Now, id: &str) -> Option<RoomInfo> {
        self.look_up_with(now, id, None)
    }

    /// The same for somebody who shows this pass: where not everybody makes rooms, it may be made again for them.
    #[must_use]
    pub fn look_up_with(&self, now: Now, id: &str, pass: Option<&str>) -> Option<RoomInfo> {
        self.room(id).or_else(|| {
            let may = self.links_make_rooms() || pass.is_some_and(|pass| self.makes(now, id, pass));
            Some(self.shown(self.made_again(now, id, None, None, may)?.info(0)))
        })
    }

    /// Whether a room with this id was ended for good.
    #[must_use]
    pub fn has_ended(&self, id: &str) -> bool {
        self.store.is_buried(id)
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
            self.room_ids
                .get(id)
                .and_then(|id| self.rooms.get(id))
                .map_or(0, |room| room.state.people().len())
        };
        let shown = |record: &RoomRecord| self.shown(record.info(people(&record.id)));
        RoomPage { rooms: records.iter().map(shown).collect(), makes: true, next }
    }

    /// Puts a room into the store, and lets it go if nobody comes.
    pub(super) fn keep(
        &mut self,
        now: Now,
        address: ClientAddress,
        record: RoomRecord,
    ) -> Result<(), CreateRoomError> {
        self.may_make_room(now, address)?;
        let (id, is_kept) = (record.id.clone(), record.is_kept());
        if is_kept {
            self.may_keep_room(address)?;
        }
        self.store.create(record.clone()).map_err(|_| CreateRoomError::Exists { id: id.clone() })?;
        self.room_made(&id, address);
        self.happened(Happened::RoomMade, &id, None);
        let closes = record.keeping.ends.is_some();
        if is_kept {
            self.makers.occupied(&id);
            self.kept.insert(id.clone(), Some(address));
            self.keep_record(record);
        } else {
            self.forget_later(now, &id);
        }
        if closes {
            self.review_closing(now, &id);
        }
        Ok(())
    }

    /// Gives a room a place on the least busy worker.
    pub(super) fn open(&mut self, now: Now, record: RoomRecord) -> RoomId {
        let whereabouts = Whereabouts::new(self.workers.least_busy());
        let id = RoomId(self.next_room);
        self.next_room += 1;
        let name: Arc<str> = record.id.as_str().into();
        self.timers.clear(&Timer::EmptyRoom(Arc::clone(&name)));
        self.makers.occupied(&name);
        self.room_ids.insert(name, id);
        // The wall clock carries it over restarts; where that goes back, it still rises within this process.
        self.epoch = now.wall.as_millis().max(self.epoch + 1);
        let topology = record.topology;
        let chat = self.chats.take(&record.id);
        let mut state = RoomState::open(record, self.epoch);
        if let Some(chat) = chat {
            self.chats.opened(id, chat.bytes());
            state = state.with_chat(chat);
        }
        let (roster, codecs, talk) = (Roster::default(), Pace::default(), RoomTalk::default());
        let course = Course::new(topology, state.course());
        let meeting = Meeting::begins(now);
        self.rooms.insert(
            id,
            OpenRoom {
                state,
                whereabouts,
                roster,
                codecs,
                course,
                speaker: None,
                talk,
                watchers: Vec::new(),
                meeting,
            },
        );
        self.review_closing_of(now, id);
        id
    }

    /// Somebody left a room: one that is empty then is closed, and forgotten after a while.
    pub(super) fn vacated(&mut self, now: Now, id: RoomId) {
        let Some(room) = self.rooms.get(&id) else { return };
        if !room.state.people().is_empty() {
            self.renew_codecs(now, id);
            return;
        }
        self.timers.clear(&Timer::Codecs(id));
        self.timers.clear(&Timer::Peers(id));
        self.timers.clear(&Timer::Course(id));
        if let Some(room) = self.rooms.remove(&id) {
            self.room_ids.remove(room.id());
            if !(room.state.record().is_kept() || self.is_own_room(room.id())) {
                self.makers.vacated(room.id());
                self.forget_later(now, room.id());
            }
            let name: Arc<str> = room.id().into();
            self.chats.left(id, Arc::clone(&name), room.state.into_chat());
            self.review_closing(now, &name);
        }
    }

    /// Counts that somebody at `address` asked for a room that there is not, and says whether they may hear so.
    ///
    /// # Errors
    /// [`Over::Rate`], counted: they have asked for too many.
    pub fn asked_in_vain(&mut self, now: Now, address: ClientAddress) -> Result<(), Over> {
        self.spend(now, address, Metered::FailedJoins)
    }

    pub(super) fn forget_later(&mut self, now: Now, id: &str) {
        if let Some(at) = now.instant.checked_add(EMPTY_ROOM_KEPT) {
            self.timers.set(Timer::EmptyRoom(id.into()), at);
        }
    }
}
