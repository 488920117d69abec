//! What happened to rooms and people, for whoever keeps a record of that: which room, and which person by id and name.

use super::Conference;
use crate::media::ids::PeerId;

/// Events that wait for whoever takes them, at most. A driver takes them every turn; one that wants none does not pay for them.
const MOST_WAITING: usize = 4_096;

/// Something that happened in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub what: Happened,
    /// The room's id, which is its link.
    pub room: String,
    /// What the log calls the room.
    pub mark: String,
    /// Who it is about, if it is about somebody.
    pub peer: Option<PeerId>,
    /// What they are called.
    pub name: Option<String>,
}

/// What happens to rooms and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// A room was made.
    RoomMade,
    /// A room is gone: it was ended, or everybody had left it.
    RoomEnded,
    /// Somebody came in.
    Joined,
    /// Somebody left, or was put out. Who lost the connection has left once they may come back no more.
    Left,
}

impl Happened {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Happened::RoomMade => "room made",
            Happened::RoomEnded => "room ended",
            Happened::Joined => "joined",
            Happened::Left => "left",
        }
    }
}

impl Conference {
    /// What happened next. To be called after every input until there is nothing more, as [`Conference::poll_output`]; of those that
    /// nobody takes the oldest are lost.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn happened(&mut self, what: Happened, room: &str, person: Option<(PeerId, String)>) {
        if self.is_own_room(room) {
            return;
        }
        if self.events.len() >= MOST_WAITING {
            self.events.pop_front();
        }
        let (peer, name) = person.unzip();
        self.events.push_back(Event { what, room: room.to_owned(), mark: self.keys.mark(room), peer, name });
    }
}
