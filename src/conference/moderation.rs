//! What whoever moderates decides about others, and about the room.

use super::bans::{Ban, Known};
use super::grants::{Grant, Role};
use super::protocol::{Access, Keeping, ServerMessage, Wish};
use super::refusal::Refusal;
use super::session::Participant;
use super::sockets::SocketState;
use super::state::{Member, RoomEvent};
use super::{Conference, Now, SocketId, StateKey};
use crate::limits::Limit;
use crate::media::ids::{PeerId, RoomId, Track};

impl Conference {
    /// `hand`.
    pub(super) fn hand(&mut self, now: Now, id: PeerId, raised: bool) {
        if let Some(room) = self.peers.get(&id).map(|peer| peer.room) {
            self.change(now, room, &RoomEvent::Hand { peer: id, raised });
        }
    }

    /// `moderate`, from somebody who may.
    pub(super) fn moderate(&mut self, now: Now, id: PeerId, wish: Wish) -> Result<(), Refusal> {
        let Some(room) = self.peers.get(&id).map(|peer| peer.room) else { return Ok(()) };
        match wish {
            Wish::Mute { peer, stream, kind } => {
                let track = Track { stream, kind };
                for other in self.concerned(room, id, peer)? {
                    if self.member(other).is_some_and(|member| member.tracks().contains(&track)) {
                        self.mute_for(now, other, track, Some(id));
                    }
                }
            }
            Wish::LowerHand { peer: Some(peer) } if peer == id => self.hand(now, id, false),
            Wish::LowerHand { peer: Some(peer) } => {
                self.decides_about(id, peer)?;
                self.hand(now, peer, false);
            }
            Wish::LowerHand { peer: None } => {
                for other in self.members(room, |_, member| member.raises_hand()) {
                    self.hand(now, other, false);
                }
            }
            Wish::Remove { peer } => {
                self.decides_about(id, peer)?;
                let pass = self.peers.get(&peer).and_then(|peer| peer.known().pass);
                self.put_out(now, peer, Ban::removal(peer, pass), Refusal::Removed);
            }
            Wish::Ban { peer } => {
                self.decides_about(id, peer)?;
                let Some(known) = self.peers.get(&peer).map(Participant::known) else { return Ok(()) };
                self.put_out(now, peer, Ban::lasting(peer, known, now.wall), Refusal::Banned);
            }
            Wish::Role { peer, role } => self.give_role(now, id, peer, role)?,
            Wish::Lock { locked } => self.keep_so(now, room, |keeping| keeping.locked = locked),
            Wish::Access { access } => {
                self.keep_so(now, room, |keeping| keeping.access = access);
                if access == Access::Open {
                    self.admit_from_lobby(now, room, None)?;
                }
            }
            Wish::Screens { screens } => self.keep_so(now, room, |keeping| keeping.screens = screens),
            Wish::Chat { chat } => self.keep_so(now, room, |keeping| keeping.chat = chat),
            Wish::Files { files } => self.keep_so(now, room, |keeping| keeping.files = files),
            Wish::Admit { knock } => self.admit_from_lobby(now, room, knock)?,
            Wish::Refuse { knock } => self.turn_away(now, room, knock)?,
            Wish::End if self.has_grant(id, Grant::Own) => self.end_room(now, room, &Refusal::Ended),
            Wish::End => return Err(Refusal::NotGranted),
        }
        Ok(())
    }

    /// Whom a wish of `id` concerns: one, or everybody who does not moderate.
    fn concerned(&self, room: RoomId, id: PeerId, one: Option<PeerId>) -> Result<Vec<PeerId>, Refusal> {
        if let Some(peer) = one {
            self.decides_about(id, peer)?;
            return Ok(vec![peer]);
        }
        Ok(self.members(room, |_, member| member.role().rank() == 0))
    }

    fn members(&self, room: RoomId, fits: impl Fn(PeerId, &Member) -> bool) -> Vec<PeerId> {
        let Some(room) = self.rooms.get(&room) else { return Vec::new() };
        let people = room.state.people().iter().copied();
        people.filter(|peer| room.state.member(*peer).is_some_and(|member| fits(*peer, member))).collect()
    }

    /// Whether `id` may decide about `peer`: somebody else in the same room, of a lower rank.
    pub(super) fn decides_about(&self, id: PeerId, peer: PeerId) -> Result<(), Refusal> {
        let room = |id: &PeerId| self.peers.get(id).map(|peer| peer.room);
        if room(&id) != room(&peer) {
            return Err(Refusal::NobodyConcerned);
        }
        let rank = |id| self.member(id).map_or(0, |member| member.role().rank());
        if id != peer && rank(id) > rank(peer) { Ok(()) } else { Err(Refusal::NotGranted) }
    }

    /// A track of somebody is muted, whatever they wish; they are told. `by` wished it.
    pub(super) fn mute_for(&mut self, now: Now, id: PeerId, track: Track, by: Option<PeerId>) {
        let by = by.and_then(|by| self.member(by)).map(|member| member.name().shown.clone());
        let Some(room) = self.peers.get(&id).map(|peer| peer.room) else { return };
        if self.member(id).is_none_or(|member| member.muted().contains(&track)) {
            return;
        }
        self.change(now, room, &RoomEvent::Muted { peer: id, track, muted: true });
        if let Some(socket) = self.socket_of(id) {
            let Track { stream, kind } = track;
            self.send(socket, &ServerMessage::Muted { stream, kind, by }, None);
        }
    }

    /// What somebody sends, or is about to, and may not is muted.
    pub(super) fn mute_ungranted(&mut self, now: Now, id: PeerId, tracks: &[Track]) {
        for track in tracks {
            if !self.has_grant(id, Grant::for_track(*track)) {
                self.mute_for(now, id, *track, None);
            }
        }
    }

    fn give_role(&mut self, now: Now, id: PeerId, peer: PeerId, role: Role) -> Result<(), Refusal> {
        let Some(room) = self.peers.get(&id).map(|peer| peer.room) else { return Ok(()) };
        let owners = self.members(room, |_, member| member.role() == Role::Owner).len();
        let (owns, steps_down) = (self.has_grant(id, Grant::Own), id == peer && owners > 1);
        if !(owns && (steps_down || (id == peer && role == Role::Owner))) {
            self.decides_about(id, peer)?;
            if role.rank() > 0 && !owns {
                return Err(Refusal::NotGranted);
            }
        }
        if self.member(peer).is_some_and(|member| member.role() == role) {
            return Ok(());
        }
        self.change(now, room, &RoomEvent::RoleGiven { peer, role });
        self.rights_changed(now, peer);
        self.send_lobby(peer);
        self.review_course(now, room);
        Ok(())
    }

    /// What somebody may is other than before: they are told, and what they may not any more is muted.
    fn rights_changed(&mut self, now: Now, id: PeerId) {
        if let Some((socket, message)) = self.socket_of(id).zip(self.granted(id)) {
            self.send(socket, &message, Some(StateKey::Granted));
        }
        let tracks = self.member(id).map(|member| member.tracks().iter().copied().collect::<Vec<_>>());
        self.mute_ungranted(now, id, &tracks.unwrap_or_default());
    }

    fn granted(&self, id: PeerId) -> Option<ServerMessage> {
        let room = self.rooms.get(&self.peers.get(&id)?.room)?;
        let role = room.state.member(id)?.role();
        Some(ServerMessage::Granted { role, grants: room.state.grants_of(id)?.list() })
    }

    pub(super) fn keep_so(&mut self, now: Now, id: RoomId, decide: impl FnOnce(&mut Keeping)) {
        let Some(before) = self.rooms.get(&id).map(|room| room.state.record().keeping) else { return };
        let mut keeping = before;
        decide(&mut keeping);
        if keeping == before {
            return;
        }
        self.change(now, id, &RoomEvent::KeptSo { keeping });
        let rights = |keeping: Keeping| (keeping.screens, keeping.chat, keeping.files);
        for peer in self.members(id, |_, _| true) {
            self.send_keeping(peer);
            if rights(keeping) != rights(before) {
                self.rights_changed(now, peer);
            }
            if before.files && !keeping.files {
                self.files_lost(peer);
            }
        }
        if keeping.files != before.files {
            self.review_course(now, id);
        }
        if let Some(open) = self.rooms.get(&id).filter(|_| keeping.keep_chat != before.keep_chat) {
            let name = open.id().to_owned();
            self.store_whole_chat(&name, keeping.keep_chat);
        }
        self.review_closing_of(now, id);
    }

    /// How the room is kept, for somebody in it.
    pub(super) fn send_keeping(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        if let (Some(socket), Some(room)) = (peer.socket(), self.rooms.get(&peer.room)) {
            let keeping = room.state.record().keeping;
            self.send(socket, &ServerMessage::Room { keeping }, Some(StateKey::Room));
        }
    }

    /// Somebody is out, and hears why; their socket may join again.
    pub(super) fn put_out(&mut self, now: Now, id: PeerId, ban: Ban, why: Refusal) {
        let Some(room) = self.peers.get(&id).map(|peer| peer.room) else { return };
        self.change(now, room, &RoomEvent::PutOut { ban });
        if let Some(id) = self.rooms.get(&room).map(|open| open.id().to_owned()) {
            self.review_addresses(now, &id);
        }
        self.counters.put_out += 1;
        self.dismiss(now, id, why);
    }

    pub(super) fn dismiss(&mut self, now: Now, id: PeerId, why: Refusal) {
        let socket = self.socket_of(id);
        self.remove_peer(now, id);
        if let Some(socket) = socket {
            self.set_state(socket, SocketState::Outside);
            self.expect_join(now, socket, Limit::RejoinMillis);
            self.refuse(socket, why);
        }
    }

    /// Ends a room for good, and everybody hears why.
    pub(super) fn end_room(&mut self, now: Now, room: RoomId, why: &Refusal) {
        let Some(id) = self.rooms.get(&room).map(|open| open.id().to_owned()) else { return };
        self.lobby_ends(now, &id, why);
        self.dismiss_all(now, room, why);
        self.forget_room(now, &id);
        self.bury(now, &id);
        self.counters.rooms_ended += 1;
    }

    /// Everybody is out, and hears why.
    pub(super) fn dismiss_all(&mut self, now: Now, room: RoomId, why: &Refusal) {
        for peer in self.members(room, |_, _| true) {
            self.dismiss(now, peer, why.clone());
        }
    }

    /// How somebody who wants to come in on a socket is known.
    pub(super) fn known(&self, socket: SocketId, browser: Option<&str>) -> Option<Known> {
        let address = self.sockets.get(&socket)?.address;
        Some(Known::by(browser.map(|browser| self.keys.browser(browser)), address))
    }
}
