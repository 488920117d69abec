//! Who has the floor of a room: its worker says so, and everybody in it is told.

use std::sync::Arc;

use super::protocol::ServerMessage;
use super::sockets::to_text;
use super::{Conference, StateKey};
use crate::media::ids::{PeerId, RoomId};

impl Conference {
    /// The floor passed to somebody, or they had it and nobody has it now.
    pub(super) fn floor_passed(&mut self, id: PeerId, holds: bool) {
        let Some(at) = self.peers.get(&id).map(|peer| peer.room) else { return };
        let Some(room) = self.rooms.get(&at) else { return };
        let speaker = if holds { Some(id) } else { room.speaker.filter(|speaker| *speaker != id) };
        self.set_speaker(at, speaker);
    }

    /// Nobody has the floor: its room is on another worker now, which has to find out.
    pub(super) fn floor_is_free(&mut self, at: RoomId) {
        self.set_speaker(at, None);
    }

    fn set_speaker(&mut self, at: RoomId, speaker: Option<PeerId>) {
        let Some(room) = self.rooms.get_mut(&at).filter(|room| room.speaker != speaker) else { return };
        room.speaker = speaker;
        self.review_watchers(at);
        let Some(room) = self.rooms.get(&at) else { return };
        let members = room.state.people().to_vec();
        let Some(text) = to_text(&ServerMessage::Speaker { peer: speaker }) else { return };
        for member in members {
            if let Some(socket) = self.socket_of(member) {
                self.send_text(socket, Arc::clone(&text), Some(StateKey::Speaker));
            }
        }
    }

    /// Tells somebody who comes while somebody speaks.
    pub(super) fn send_speaker(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let speaker = self.rooms.get(&peer.room).and_then(|room| room.speaker);
        if let (Some(socket), Some(_)) = (peer.socket(), speaker) {
            self.send(socket, &ServerMessage::Speaker { peer: speaker }, Some(StateKey::Speaker));
        }
    }
}
