//! Who waits to be let in. They are on a socket, and in no room.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::door::Guest;
use super::grants::Grant;
use super::history::ChatSeen;
use super::parse::Join;
use super::protocol::{KnockId, ServerMessage, Waiting};
use super::refusal::Refusal;
use super::session::Arrival;
use super::sockets::{SocketState, to_text};
use super::state::RoomEvent;
use super::store::RoomRecord;
use super::timers::Timer;
use super::{Conference, Now, SocketId, StateKey};
use crate::limits::Limit;
use crate::media::ids::{PeerId, RoomId};

/// A wish to come in.
#[derive(Debug)]
struct Knock {
    /// As moderators see it.
    waiting: Waiting,
    socket: SocketId,
    guest: Guest,
    hide_address: bool,
    chat: Option<ChatSeen>,
}

/// All who wait.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    /// By room and in the order in which they came.
    knocks: BTreeMap<(Arc<str>, KnockId), Knock>,
    next: u64,
}

impl Lobby {
    /// Those who wait for a room, the longest wait first.
    fn of<'a>(&'a self, room: &str) -> impl Iterator<Item = (&'a (Arc<str>, KnockId), &'a Knock)> {
        let room: Arc<str> = room.into();
        self.knocks.range((Arc::clone(&room), KnockId(0))..=(room, KnockId(u64::MAX)))
    }

    /// Those of them who wait without having been banned, or everybody.
    fn ids(&self, room: &str, banned_too: bool) -> Vec<KnockId> {
        let fits = |knock: &Knock| banned_too || !knock.waiting.banned;
        self.of(room).filter(|(_, knock)| fits(knock)).map(|((_, id), _)| *id).collect()
    }

    fn take(&mut self, room: &str, id: KnockId) -> Option<Knock> {
        self.knocks.remove(&(room.into(), id))
    }

    /// How many wait in all.
    pub(super) fn len(&self) -> usize {
        self.knocks.len()
    }
}

impl Conference {
    /// Somebody waits from now on: they are told so, and those who may let them in.
    pub(super) fn knock(
        &mut self,
        now: Now,
        (socket, guest): (SocketId, Guest),
        (record, banned): (&RoomRecord, bool),
        join: &Join,
    ) -> Result<(), Refusal> {
        let most = self.config.limits.get(Limit::LobbyPerRoom);
        let of_address = self.config.limits.get(Limit::LobbyPerAddress);
        let (all, same) = self.lobby.of(&record.id).fold((0, 0), |(all, same), (_, knock)| {
            (all + 1, same + usize::from(knock.guest.known.address == guest.known.address))
        });
        for (limit, count, most) in
            [(Limit::LobbyPerRoom, all, most), (Limit::LobbyPerAddress, same, of_address)]
        {
            if count >= most {
                self.tally.hit(limit);
                return Err(Refusal::LobbyFull);
            }
        }
        self.lobby.next += 1;
        let id = KnockId(self.lobby.next);
        let waiting = Waiting { knock: id, name: guest.name.clone(), since: now.wall, banned };
        let (hide_address, chat) = (join.hide_address, join.chat);
        let knock = Knock { waiting, socket, guest, hide_address, chat };
        let room: Arc<str> = record.id.as_str().into();
        self.lobby.knocks.insert((Arc::clone(&room), id), knock);
        self.counters.knocks += 1;
        self.set_state(socket, SocketState::Waiting(id));
        if let Some(client) = self.sockets.get_mut(&socket) {
            client.waits_for = Some(Arc::clone(&room));
        }
        self.timers.clear(&Timer::Join(socket));
        let people = self.room(&record.id).map_or(0, |room| room.people);
        let info = self.shown(record.info(people));
        self.send(socket, &ServerMessage::Waiting { knock: id, room: info }, None);
        self.lobby_changed(&room);
        Ok(())
    }

    /// Whoever waits on a socket does not any more.
    pub(super) fn stop_waiting(&mut self, socket: SocketId, id: KnockId) -> bool {
        let Some(room) = self.sockets.get_mut(&socket).and_then(|client| client.waits_for.take()) else {
            return false;
        };
        let waited = self.lobby.take(&room, id).is_some();
        if waited {
            self.lobby_changed(&room);
        }
        waited
    }

    /// Everybody who may let others in is told who waits.
    fn lobby_changed(&mut self, room: &str) {
        let Some(open) = self.room_ids.get(room).and_then(|id| self.rooms.get(id)) else { return };
        let moderates = |peer: &&PeerId| {
            open.state.member(**peer).is_some_and(|member| member.grants().has(Grant::Moderate))
        };
        let people: Vec<PeerId> = open.state.people().iter().filter(moderates).copied().collect();
        let Some(text) = to_text(&self.lobby_message(room)) else { return };
        for socket in people.into_iter().filter_map(|peer| self.socket_of(peer)).collect::<Vec<_>>() {
            self.send_text(socket, Arc::clone(&text), Some(StateKey::Lobby));
        }
    }

    fn lobby_message(&self, room: &str) -> ServerMessage {
        ServerMessage::Lobby {
            waiting: self.lobby.of(room).map(|(_, knock)| knock.waiting.clone()).collect(),
        }
    }

    /// Whether somebody waits for the room that a person is in.
    pub(super) fn is_waited_for(&self, id: PeerId) -> bool {
        let room = self.peers.get(&id).and_then(|peer| self.rooms.get(&peer.room));
        room.is_some_and(|room| self.lobby.of(room.id()).next().is_some())
    }

    /// Tells somebody who may let others in, or may from now on.
    pub(super) fn send_lobby(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let (Some(socket), Some(room)) = (peer.socket(), self.rooms.get(&peer.room)) else { return };
        if self.has_grant(id, Grant::Moderate) {
            let message = self.lobby_message(room.id());
            self.send(socket, &message, Some(StateKey::Lobby));
        }
    }

    /// Lets somebody in who waits, or everybody.
    pub(super) fn admit_from_lobby(
        &mut self,
        now: Now,
        room: RoomId,
        knock: Option<KnockId>,
    ) -> Result<(), Refusal> {
        let Some(id) = self.rooms.get(&room).map(|open| open.id().to_owned()) else { return Ok(()) };
        let all = match knock {
            Some(knock) => vec![knock],
            None => self.lobby.ids(&id, false),
        };
        let mut found = knock.is_none();
        for knock in all {
            let Some(knock) = self.lobby.take(&id, knock) else { continue };
            found = true;
            self.let_in(now, room, knock);
        }
        self.lobby_changed(&id);
        if found { Ok(()) } else { Err(Refusal::UnknownKnock) }
    }

    fn let_in(&mut self, now: Now, room: RoomId, knock: Knock) {
        let Knock { waiting, socket, guest, hide_address, chat } = knock;
        let Some(client) = self.sockets.get_mut(&socket) else { return };
        client.waits_for = None;
        self.set_state(socket, SocketState::Outside);
        if waiting.banned {
            self.change(now, room, &RoomEvent::Pardoned { known: guest.known, at: now.wall });
        }
        match self.admit(now, room, Arrival { socket: Some(socket), guest }, None) {
            Ok(id) => {
                self.hide_address(now, id, hide_address);
                self.begin_history(now, socket, chat);
            }
            Err(refusal) => {
                self.expect_join(now, socket, Limit::RejoinMillis);
                self.refuse(socket, refusal);
            }
        }
    }

    /// Somebody who waits does not come in.
    pub(super) fn turn_away(&mut self, now: Now, room: RoomId, knock: KnockId) -> Result<(), Refusal> {
        let Some(id) = self.rooms.get(&room).map(|open| open.id().to_owned()) else { return Ok(()) };
        let Some(knock) = self.lobby.take(&id, knock) else { return Err(Refusal::UnknownKnock) };
        self.wait_ends(now, knock.socket, Refusal::NotAdmitted);
        self.lobby_changed(&id);
        Ok(())
    }

    /// A room is no more: nobody waits for it.
    pub(super) fn lobby_ends(&mut self, now: Now, room: &str, why: &Refusal) {
        for id in self.lobby.ids(room, true) {
            if let Some(knock) = self.lobby.take(room, id) {
                self.wait_ends(now, knock.socket, why.clone());
            }
        }
    }

    fn wait_ends(&mut self, now: Now, socket: SocketId, why: Refusal) {
        if let Some(client) = self.sockets.get_mut(&socket) {
            client.waits_for = None;
        }
        self.set_state(socket, SocketState::Outside);
        self.expect_join(now, socket, Limit::RejoinMillis);
        self.refuse(socket, why);
    }
}
