//! What follows from a change of a room: what everybody in it is told, and its workers.

use super::events::Happened;
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
        let happened = match event {
            RoomEvent::Joined { peer, name, .. } => Some((Happened::Joined, *peer, name.shown.clone())),
            RoomEvent::Left { peer } => {
                room.state.member(*peer).map(|member| (Happened::Left, *peer, member.name().shown.clone()))
            }
            _ => None,
        };
        let room_id = happened.as_ref().map(|_| room.id().to_owned()).unwrap_or_default();
        let changed = room.state.apply(event);
        if changed == Changed::Nothing {
            return;
        }
        log::debug!("{id:?} is at {:?}", room.state.version());
        if event.is_kept() {
            let record = room.state.record().clone();
            self.keep_record(record);
        }
        if let Some((what, peer, name)) = &happened {
            self.happened(*what, &room_id, Some((*peer, name.clone())));
        }
        if let RoomEvent::Chat(event) = event {
            self.store_chat(id, event);
        }
        self.tell_workers(id, event);
        if matches!(event, RoomEvent::Published { .. } | RoomEvent::Muted { .. } | RoomEvent::Left { .. }) {
            self.review_watchers(id);
        }
        if changed == Changed::List {
            self.list_changed(now, id);
        }
        if let Some((what, peer, name)) = happened {
            let message = match what {
                Happened::Left => ServerMessage::PeerLeft { peer, name },
                _ => ServerMessage::PeerJoined { peer, name },
            };
            self.announce(now, id, peer, &message);
        }
    }

    /// The workers of a room, or the one of the person it is about, are told of an event.
    fn tell_workers(&mut self, room: RoomId, event: &RoomEvent) {
        match event {
            RoomEvent::Joined { peer, .. } => {
                if let Some(worker) = self.peers.get(peer).and_then(|peer| peer.worker) {
                    self.settle(*peer, room, worker);
                }
            }
            RoomEvent::Left { peer } => self.leaves(*peer, room),
            RoomEvent::Muted { peer, track, muted } => {
                self.command_for(*peer, Command::Mute { peer: *peer, track: *track, muted: *muted });
            }
            RoomEvent::Requested { peer, request } => {
                self.command_for(*peer, Command::Publish { peer: *peer, rates: request.rates() });
            }
            RoomEvent::Renamed { .. }
            | RoomEvent::Seen { .. }
            | RoomEvent::Published { .. }
            | RoomEvent::Negotiated { .. }
            | RoomEvent::CodecChosen { .. }
            | RoomEvent::Hidden { .. }
            | RoomEvent::ComesBy { .. }
            | RoomEvent::TopologyChosen { .. }
            | RoomEvent::RoleGiven { .. }
            | RoomEvent::Hand { .. }
            | RoomEvent::Described { .. }
            | RoomEvent::KeptSo { .. }
            | RoomEvent::PutOut { .. }
            | RoomEvent::Pardoned { .. }
            | RoomEvent::AddressesForgotten { .. }
            | RoomEvent::Ordered { .. }
            | RoomEvent::Chat(_) => {}
        }
    }
}
