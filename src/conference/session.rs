//! One person's session: entering, coming back, leaving.

use std::collections::{BTreeMap, BTreeSet};

use super::codecs::Abilities;
use super::names::{self, Unfit};
use super::negotiation::Negotiation;
use super::presence::{Hearing, Link, RETURN_WITHIN, Signs};
use super::protocol::{PeerInfo, Presence, ServerMessage, SlotLimits, StreamInfo, TrackInfo};
use super::publish::Published;
use super::refusal::Refusal;
use super::sockets::{CLOSE_TAKEN_OVER, SocketState};
use super::timers::Timer;
use super::token::{Token, TokenId};
use super::turn::Issued;
use super::{Conference, Entropy, Now, SocketId, StateKey, WorkerId};
use crate::ledger::ClientAddress;
use crate::limits::Limit;
use crate::media::codec::Codec;
use crate::media::ids::{Kind, PeerId, RoomId, Stream, Track};
use crate::media::message::{Command, SlotTable, Tile};
use crate::media::{AUDIO_ONLY_SLOTS, PAIRED_SLOTS, VIDEO_SLOT_STEPS};

/// One person in one room.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) room: RoomId,
    /// Where they came from with their socket.
    pub(super) address: ClientAddress,
    /// The room's; `None` while it has none.
    pub(super) worker: Option<WorkerId>,
    /// As they typed it, cleaned.
    pub(super) wanted: String,
    /// As everybody sees it: told apart from the others in the room.
    pub(super) name: String,
    /// By which it is compared ([`names::key`]).
    name_key: String,
    /// Brings this person back.
    token: Token,
    /// The token the person came back with. Good until they say something: only then it is sure that the `welcome` with
    /// the new one arrived.
    used_token: Option<TokenId>,
    /// What tells whether they are here.
    pub(super) signs: Signs,
    /// What the others were told of that.
    pub(super) presence: Presence,
    /// Offers and answers.
    pub(super) negotiation: Negotiation,
    /// What they publish, as of the last answer.
    pub(super) tracks: BTreeSet<Track>,
    /// What they muted; may name tracks that they do not publish yet.
    pub(super) muted: BTreeSet<Track>,
    /// What they show, as they said last.
    pub(super) view: Option<Vec<Tile>>,
    /// What their browser can do. Unknown before the first answer.
    pub(super) abilities: Option<Abilities>,
    /// What they are to encode pictures with. Chosen at the first answer.
    pub(super) codec: Option<Codec>,
    /// What their slots show, and the number of that message.
    pub(super) slots: Option<(u64, SlotTable)>,
    /// What was asked of their tracks.
    pub(super) published: Option<Published>,
    /// The version of the last list sent on this socket.
    pub(super) peers_seen: Option<u64>,
    /// When they were last told credentials for TURN.
    pub(super) issued: Option<Issued>,
}

impl Participant {
    /// The socket, if there is one.
    pub(super) fn socket(&self) -> Option<SocketId> {
        match self.signs.link {
            Link::Attached(socket) => Some(socket),
            Link::Gone(_) => None,
        }
    }

    /// What the others see.
    pub(super) fn info(&self, id: PeerId) -> PeerInfo {
        let track = |stream, kind| {
            let track = Track { stream, kind };
            self.tracks.contains(&track).then(|| TrackInfo { muted: self.muted.contains(&track) })
        };
        let streams = [Stream::Camera, Stream::Screen].map(|stream| StreamInfo {
            stream,
            audio: track(stream, Kind::Audio),
            video: track(stream, Kind::Video),
        });
        let streams =
            streams.into_iter().filter(|info| info.audio.is_some() || info.video.is_some()).collect();
        PeerInfo { id, name: self.name.clone(), state: self.presence, streams }
    }
}

impl Conference {
    /// `join`: comes back as the same person if the token says so, enters as a new one otherwise.
    pub(super) fn join(
        &mut self,
        now: Now,
        socket: SocketId,
        room: &str,
        name: &str,
        token: Option<&str>,
    ) -> Result<(), Refusal> {
        let name = self.checked_name(name)?;
        let meant = self.id_of_link(room);
        let room = meant.as_deref().unwrap_or(room);
        let shown = token.and_then(|text| Token::open(&self.keys, room, text));
        if let Some(token) = shown.filter(|token| self.is_current(token, room)) {
            self.resume(now, socket, name, token);
            return Ok(());
        }
        let Some(address) = self.sockets.get(&socket).map(|client| client.address) else { return Ok(()) };
        let room = self.enter(now, address, room, shown)?;
        let returning = shown.filter(|token| self.may_return(now, room, token));
        self.counters.unknown_tokens += u64::from(token.is_some() && returning.is_none());
        self.admit(now, (socket, address), room, name, returning)
    }

    fn checked_name(&mut self, name: &str) -> Result<String, Refusal> {
        let most = self.config.limits.get(Limit::NameChars);
        names::clean(name, most).map_err(|unfit| match unfit {
            Unfit::TooLong => {
                self.tally.hit(Limit::NameChars);
                Refusal::LongName { most }
            }
            Unfit::Invisible => Refusal::InvisibleName,
        })
    }

    /// What the others in a room see of the name of `who`, and its key.
    fn name_in(&self, room: RoomId, who: PeerId, name: &str) -> (String, String) {
        let members = self.rooms.get(&room).map(|room| room.members.as_slice()).unwrap_or_default();
        let others = members.iter().filter(|id| **id != who).filter_map(|id| self.peers.get(id));
        let taken: BTreeSet<&str> = others.map(|peer| peer.name_key.as_str()).collect();
        names::told_apart(name, |key| taken.contains(key))
    }

    /// Whether somebody who is here was given this token last, or came here with it and has not said anything since.
    fn is_current(&self, token: &Token, room: &str) -> bool {
        let Some(peer) = self.peers.get(&token.peer) else { return false };
        let is_inside = self.rooms.get(&peer.room).is_some_and(|inside| inside.id() == room);
        is_inside && (peer.token.id == token.id || peer.used_token == Some(token.id))
    }

    /// Whether this token makes somebody who is not here the one they were before the server was restarted.
    fn may_return(&mut self, now: Now, room: RoomId, token: &Token) -> bool {
        let is_same_room = self.rooms.get(&room).is_some_and(|room| room.is_of(token));
        is_same_room && !self.peers.contains_key(&token.peer) && self.tokens.brings_back(now, token)
    }

    /// A person enters: a new one, or the one of a token that was given before the server was restarted.
    fn admit(
        &mut self,
        now: Now,
        (socket, address): (SocketId, ClientAddress),
        room_id: RoomId,
        wanted: String,
        returning: Option<Token>,
    ) -> Result<(), Refusal> {
        self.has_place(room_id, address)?;
        let Some(room) = self.rooms.get_mut(&room_id) else { return Ok(()) };
        let id = match returning {
            Some(token) => token.peer,
            None => draw_peer(&mut self.entropy, &self.peers),
        };
        let (worker, created_at) = (room.worker, room.created_at());
        room.members.push(id);
        let (name, name_key) = self.name_in(room_id, id, &wanted);
        self.workers.add(worker, 1);
        if returning.is_some() {
            self.counters.returned += 1;
            self.tokens.came_back(id);
        }
        let peer = Participant {
            room: room_id,
            address,
            worker,
            wanted,
            name: name.clone(),
            name_key,
            token: self.tokens.give(now, id, created_at),
            used_token: returning.map(|token| token.id),
            signs: Signs {
                link: Link::Attached(socket),
                hearing: Hearing::Never,
                began: now.instant,
                departs: None,
            },
            presence: Presence::Here,
            negotiation: Negotiation::default(),
            tracks: BTreeSet::new(),
            muted: BTreeSet::new(),
            view: None,
            abilities: None,
            codec: None,
            slots: None,
            published: None,
            peers_seen: None,
            issued: None,
        };
        self.peers.insert(id, peer);
        self.review(now, id);
        self.set_state(socket, SocketState::Inside(id));
        self.timers.clear(&Timer::Join(socket));
        self.command_for(id, Command::Join { peer: id, room: room_id });
        self.peers_changed(now, room_id);
        self.welcome(now, id, false);
        self.announce(now, room_id, id, &ServerMessage::PeerJoined { peer: id, name });
        Ok(())
    }

    /// A person comes back, on a new socket. The others notice nothing, unless they were told of a trouble before.
    fn resume(&mut self, now: Now, socket: SocketId, name: String, used: Token) {
        let id = used.peer;
        let Some(peer) = self.peers.get_mut(&id) else { return };
        self.counters.resumed += 1;
        peer.token = self.tokens.give(now, id, peer.token.room_created_at);
        peer.used_token = Some(used.id);
        if let Some(client) = self.sockets.get(&socket) {
            peer.address = client.address;
        }
        let old_link = std::mem::replace(&mut peer.signs.link, Link::Attached(socket));
        // Who was lost before is not said to be back because the page was loaded anew.
        if peer.signs.departs.take().is_some() && peer.presence == Presence::Here {
            peer.signs.began = now.instant;
        }
        peer.peers_seen = None;
        peer.negotiation.resumed();
        let (room, renamed) = (peer.room, peer.wanted != name);
        if let Link::Attached(old) = old_link {
            self.close(old, CLOSE_TAKEN_OVER, "the session continues on another socket");
        }
        self.set_state(socket, SocketState::Inside(id));
        self.timers.clear(&Timer::Join(socket));
        self.review(now, id);
        if renamed {
            self.rename(id, room, name);
            self.peers_changed(now, room);
        }
        self.welcome(now, id, true);
        self.send_slots(id);
        self.send_publish(id, true);
    }

    /// Who comes back under the same name keeps what the others know it as; another name is told apart anew.
    fn rename(&mut self, id: PeerId, room: RoomId, wanted: String) {
        let (name, name_key) = self.name_in(room, id, &wanted);
        if let Some(peer) = self.peers.get_mut(&id) {
            (peer.wanted, peer.name, peer.name_key) = (wanted, name, name_key);
        }
    }

    /// The client spoke on its socket, so it has its `welcome`: the token that brought it here is dead.
    pub(super) fn welcome_arrived(&mut self, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.used_token = None;
        }
    }

    /// `welcome`, and everyone in the room.
    fn welcome(&mut self, now: Now, id: PeerId, resumed: bool) {
        let ice_servers = self.issue_ice_servers(now, id);
        let Some(peer) = self.peers.get(&id) else { return };
        let (Some(socket), Some(room)) = (peer.socket(), self.rooms.get(&peer.room)) else { return };
        let welcome = ServerMessage::Welcome {
            peer: id,
            token: peer.token.seal(&self.keys, room.id()),
            resumed,
            media: peer.negotiation.connected(),
            room: room.info(),
            slots: SlotLimits {
                pairs: PAIRED_SLOTS,
                audio_only: AUDIO_ONLY_SLOTS,
                video_steps: VIDEO_SLOT_STEPS.to_vec(),
            },
            ice_servers,
        };
        self.send(socket, &welcome, None);
        self.send_peers(id);
    }

    /// What the person's slots show, as last heard from the worker.
    pub(super) fn send_slots(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        if let (Some(socket), Some((version, slots))) = (peer.socket(), peer.slots.clone()) {
            self.send(socket, &ServerMessage::Slots { version, slots }, Some(StateKey::Slots));
        }
    }

    /// `leave`: at once, or after a moment in which the page may come back. The socket may join again.
    pub(super) fn leave(&mut self, now: Now, socket: SocketId, id: PeerId, may_return: bool) {
        self.set_state(socket, SocketState::Outside);
        if let Some(client) = self.sockets.get_mut(&socket) {
            client.left = true;
        }
        self.expect_join(now, socket, Limit::RejoinMillis);
        if !may_return {
            self.remove_peer(now, id);
            return;
        }
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.signs.link = Link::Gone(now.instant);
            peer.signs.departs = now.instant.checked_add(RETURN_WITHIN);
            self.review(now, id);
        }
    }

    /// The socket of a person is gone; they are not, yet.
    pub(super) fn detach(&mut self, now: Now, id: PeerId, socket: SocketId) {
        if let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.socket() == Some(socket)) {
            peer.signs.link = Link::Gone(now.instant);
            self.review(now, id);
        }
    }

    /// The person is gone for good.
    pub(super) fn remove_peer(&mut self, now: Now, id: PeerId) {
        self.command_for(id, Command::Leave { peer: id });
        let Some(peer) = self.peers.remove(&id) else { return };
        self.timers.clear(&Timer::Presence(id));
        self.timers.clear(&Timer::Offer(id));
        self.timers.clear(&Timer::IceServers(id));
        self.vacate(now, peer.room, id);
        self.announce(now, peer.room, id, &ServerMessage::PeerLeft { peer: id, name: peer.name });
    }
}

/// A name that nobody here has.
fn draw_peer(entropy: &mut Entropy, taken: &BTreeMap<PeerId, Participant>) -> PeerId {
    let mut bytes = [0; 8];
    entropy(&mut bytes);
    let mut id = PeerId(u64::from_be_bytes(bytes));
    while taken.contains_key(&id) {
        id = PeerId(id.0.wrapping_add(1));
    }
    id
}
