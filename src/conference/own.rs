//! The server's own room: two synthetic people meet there to see whether it can be reached (`src/selfcall`). Nobody else is told its id, it
//! needs no access token, and neither its people nor itself are among those that are counted or told of.

use super::room::OpenRoom;
use super::store::RoomRecord;
use super::{Conference, Now};
use crate::media::ids::PeerId;

/// What it is called.
const NAME: &str = "Self-call";

impl Conference {
    /// Makes the server's own room, if there is none yet, and says its id: who knows it comes in.
    pub fn make_own_room(&mut self, now: Now) -> String {
        if let Some(id) = &self.own_room {
            return id.clone();
        }
        let id = self.keys.draw_id("", &mut self.entropy);
        let record = RoomRecord { id: id.clone(), name: NAME.to_owned(), ..RoomRecord::new(now, false) };
        if self.store.create(record).is_err() {
            log::error!("the id of the server's own room was drawn twice");
        }
        self.own_room = Some(id.clone());
        id
    }

    /// Whether a room is the server's own.
    pub(super) fn is_own_room(&self, id: &str) -> bool {
        self.own_room.as_deref() == Some(id)
    }

    /// Whether somebody is in the server's own room.
    pub(super) fn is_of_server(&self, peer: PeerId) -> bool {
        self.peers
            .get(&peer)
            .and_then(|peer| self.rooms.get(&peer.room))
            .is_some_and(|room| self.is_own(room))
    }

    fn is_own(&self, room: &OpenRoom) -> bool {
        self.is_own_room(room.id())
    }

    /// The rooms that people are in, without the server's own.
    pub(super) fn rooms_of_people(&self) -> impl Iterator<Item = &OpenRoom> {
        self.rooms.values().filter(|room| !self.is_own(room))
    }

    /// How many are in the server's own room.
    pub(super) fn own_people(&self) -> usize {
        let id = self.own_room.as_deref().and_then(|id| self.room_ids.get(id));
        id.and_then(|id| self.rooms.get(id)).map_or(0, |room| room.state.people().len())
    }
}
