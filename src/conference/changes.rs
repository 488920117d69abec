//! What follows from a change of a room: what everybody in it is told, and its worker.

use super::protocol::ServerMessage;
use super::state::{Changed, Member, RoomEvent};
use super::{Conference, Now};
use crate::media::ids::{PeerId, RoomId};
use crate::media::message::Command;

impl Conference {
    /// Somebody in a room.
    pub(super) fn member(&self, id: PeerId) -> Option<&Member> {
        let room = self.peers.get(&id)?.room;
        self.rooms.get(&room)?.state.member(id)
    }

    /// Something happened to a room: it changes, and whoever is concerned is told. Nothing follows if it was so already.
    pub(super) fn change(&mut self, now: Now, id: RoomId, event: &RoomEvent) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let announcement = match event {
            RoomEvent::Joined { peer, name, .. } => {
                Some((*peer, ServerMessage::PeerJoined { peer: *peer, name: name.shown.clone() }))
            }
            RoomEvent::Left { peer } => room.state.member(*peer).map(|member| {
                (*peer, ServerMessage::PeerLeft { peer: *peer, name: member.name().shown.clone() })
            }),
            _ => None,
        };
        let changed = room.state.apply(event);
        if changed == Changed::Nothing {
            return;
        }
        log::debug!("{id:?} is at {:?}", room.state.version());
        if let Some((worker, command)) = room.worker.zip(command_of(event, id)) {
            self.command(worker, command);
        }
        if changed == Changed::List {
            self.list_changed(now, id);
        }
        if let Some((about, message)) = announcement {
            self.announce(now, id, about, &message);
        }
    }
}

/// What a room's worker is told of an event.
fn command_of(event: &RoomEvent, room: RoomId) -> Option<Command> {
    match event {
        RoomEvent::Joined { peer, .. } => Some(Command::Join { peer: *peer, room }),
        RoomEvent::Left { peer } => Some(Command::Leave { peer: *peer }),
        RoomEvent::Muted { peer, track, muted } => {
            Some(Command::Mute { peer: *peer, track: *track, muted: *muted })
        }
        RoomEvent::Requested { peer, request } => {
            Some(Command::Publish { peer: *peer, rates: request.rates() })
        }
        RoomEvent::Renamed { .. }
        | RoomEvent::Seen { .. }
        | RoomEvent::Published { .. }
        | RoomEvent::Negotiated { .. }
        | RoomEvent::CodecChosen { .. } => None,
    }
}
