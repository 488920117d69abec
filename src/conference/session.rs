//! One person's session: entering, coming back, leaving.

use std::collections::BTreeMap;

use super::bans::Known;
use super::door::{Entry, Guest};
use super::funnel::{Attempt, Loss, Settled, Step};
use super::grants::{Grant, Grants};
use super::names::{self, Unfit};
use super::negotiation::Negotiation;
use super::parse::Join;
use super::presence::{Hearing, Link, RETURN_WITHIN, Signs};
use super::protocol::{FIRST_PROTOCOL, PROTOCOL, Presence, ServerMessage, SlotLimits};
use super::publish;
use super::publish::Lesses;
use super::rate::Talk;
use super::refusal::Refusal;
use super::sockets::{CLOSE_TAKEN_OVER, SocketState};
use super::state::{Member, RoomEvent, Version};
use super::stun;
use super::timers::Timer;
use super::token::{Token, TokenId};
use super::trace::Trace;
use super::trouble::Standing;
use super::turn::Issued;
use super::visitor::StandardClient;
use super::wishes::NewlyLimited;
use super::{Conference, Entropy, Now, SocketId, StateKey, WorkerId};
use crate::ledger::ClientAddress;
use crate::limits::Limit;
use crate::media::ids::{PeerId, RoomId};
use crate::media::message::{SlotTable, Tile};
use crate::media::units::Bitrate;
use crate::media::{AUDIO_ONLY_SLOTS, PAIRED_SLOTS, VIDEO_SLOT_STEPS};

/// Characters of what a page calls its browser: 96 random bits in base64url at the least.
const BROWSER_CHARS_LEAST: usize = 16;

/// And at the most.
const BROWSER_CHARS: usize = 64;

/// One person in one room.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) room: RoomId,
    /// Where they came from with their socket.
    pub(super) address: ClientAddress,
    /// The room's; `None` while it has none.
    pub(super) worker: Option<WorkerId>,
    /// Brings this person back.
    token: Token,
    /// The token the person came back with. Good until they say something: only then it is sure that the `welcome` with
    /// the new one arrived.
    used_token: Option<TokenId>,
    /// What tells whether they are here.
    pub(super) signs: Signs,
    /// Offers and answers.
    pub(super) negotiation: Negotiation,
    /// What they show, as they said last.
    pub(super) view: Option<Vec<Tile>>,
    /// What their slots show, and the number of that message.
    pub(super) slots: Option<(u64, SlotTable)>,
    /// What their downlink is thought to hold, as last heard from the worker.
    pub(super) downlink: Option<Bitrate>,
    /// What is wanted less of their pictures, as last heard from the worker.
    pub(super) less: Lesses,
    /// What became of what they receive.
    pub(super) trace: Trace,
    /// The version of the last list sent on this socket.
    pub(super) peers_seen: Option<Version>,
    /// What their browser cannot afford to send, as they said since their worker was told last.
    pub(super) limited: NewlyLimited,
    /// How they are known, but for their address, which may change.
    known: Known,
    /// What they are called is not theirs to say.
    named: bool,
    /// How much they write, and what they were told of what was written before.
    pub(super) talk: Talk,
    /// When they were last told credentials for TURN.
    pub(super) issued: Option<Issued>,
    /// How their connection fares.
    pub(super) standing: Standing,
    /// Their way to the first picture; nothing once it ended.
    pub(super) attempt: Option<Attempt>,
    /// By which tool they came, if not by the page.
    pub(super) standard: Option<Box<StandardClient>>,
}

/// Somebody who comes in.
#[derive(Debug)]
pub(super) struct Arrival {
    /// On this socket; without one by a standard tool.
    pub(super) socket: Option<SocketId>,
    /// As what.
    pub(super) guest: Guest,
}

impl Participant {
    /// How they are known if they are banned.
    pub(super) fn known(&self) -> Known {
        Known { address: self.address, ..self.known }
    }

    /// The socket, if there is one.
    pub(super) fn socket(&self) -> Option<SocketId> {
        match self.signs.link {
            Link::Attached(socket) => Some(socket),
            Link::Gone(_) | Link::Media => None,
        }
    }
}

impl Conference {
    /// The socket of somebody, if there is one.
    pub(super) fn socket_of(&self, peer: PeerId) -> Option<SocketId> {
        self.peers.get(&peer)?.socket()
    }

    /// `join`: comes back as the same person if the token says so, enters as a new one otherwise.
    pub(super) fn join(&mut self, now: Now, socket: SocketId, join: &Join) -> Result<(), Refusal> {
        let page = join.protocol.unwrap_or(FIRST_PROTOCOL);
        if !(FIRST_PROTOCOL..=PROTOCOL).contains(&page) {
            return Err(Refusal::OtherProtocol { page });
        }
        let name = self.checked_name(&join.name);
        let meant = self.id_of_link(&join.room);
        let room = meant.as_deref().unwrap_or(&join.room);
        let shown = join.token.as_ref().and_then(|text| Token::open(&self.keys, room, text));
        if let Some(token) = shown.filter(|token| self.is_current(token, room)) {
            self.resume(now, socket, name, token)?;
            self.hide_address(now, token.peer, join.hide_address);
            return Ok(());
        }
        check_browser(join.browser.as_deref())?;
        let Some(known) = self.known(socket, join.browser.as_deref()) else { return Ok(()) };
        // Without a name nobody is asked after, unless a pass may have one.
        let name = if join.pass.is_none() { Ok(name?) } else { name };
        let (room, guest, token) = match self.enter(now, (known, name), room, shown, join)? {
            Entry::Inside { room, guest, token } => (room, guest, token),
            Entry::Waits { record, guest, banned } => {
                return self.knock(now, (socket, guest), (&record, banned), join);
            }
        };
        let returning = token.filter(|token| self.may_return(now, room, token));
        self.counters.unknown_tokens += u64::from(join.token.is_some() && returning.is_none());
        let id = self.admit(now, room, Arrival { socket: Some(socket), guest }, returning)?;
        self.hide_address(now, id, join.hide_address);
        Ok(())
    }

    pub(super) fn checked_name(&mut self, name: &str) -> Result<String, Refusal> {
        let most = self.config.limits.get(Limit::NameChars);
        names::clean(name, most).map_err(|unfit| match unfit {
            Unfit::TooLong => {
                self.tally.hit(Limit::NameChars);
                Refusal::LongName { most }
            }
            Unfit::Invisible => Refusal::InvisibleName,
        })
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
    pub(super) fn admit(
        &mut self,
        now: Now,
        room_id: RoomId,
        arrival: Arrival,
        returning: Option<Token>,
    ) -> Result<PeerId, Refusal> {
        let Arrival { socket, guest: Guest { known, role, within, name: wanted, named } } = arrival;
        let address = known.address;
        self.has_place(room_id, address)?;
        let Some(room) = self.rooms.get(&room_id) else { return Err(Refusal::UnknownRoom) };
        let id = match returning {
            Some(token) => token.peer,
            None => draw_peer(&mut self.entropy, &self.peers),
        };
        let created_at = room.created_at();
        let name = room.state.name_for(id, wanted);
        let worker = self.place_for(room_id);
        self.counters.passes += u64::from(known.pass.is_some());
        if returning.is_some() {
            self.counters.returned += 1;
            self.tokens.came_back(id);
        }
        let mut attempt = socket.and_then(|socket| self.attempt_on(socket));
        self.funnel.advance(&mut attempt, Step::Joined);
        let participant = Participant {
            room: room_id,
            address,
            worker,
            token: self.tokens.give(now, id, created_at, within),
            used_token: returning.map(|token| token.id),
            signs: Signs {
                link: socket.map_or(Link::Media, Link::Attached),
                hearing: Hearing::Never,
                began: now.instant,
                departs: None,
            },
            negotiation: Negotiation::default(),
            view: None,
            slots: None,
            downlink: None,
            less: Lesses::default(),
            trace: Trace::default(),
            peers_seen: None,
            limited: NewlyLimited::default(),
            known,
            named,
            talk: Talk::default(),
            issued: None,
            standing: Standing::default(),
            attempt,
            standard: None,
        };
        self.peers.insert(id, participant);
        if let Some(socket) = socket {
            self.set_state(socket, SocketState::Inside(id));
            self.timers.clear(&Timer::Join(socket));
        }
        self.change(now, room_id, &RoomEvent::Joined { peer: id, name, role, within });
        self.review(now, id);
        self.welcome(now, id, false);
        Ok(id)
    }

    /// A person comes back, on a new socket. The others notice nothing, unless they were told of a trouble before.
    fn resume(
        &mut self,
        now: Now,
        socket: SocketId,
        name: Result<String, Refusal>,
        used: Token,
    ) -> Result<(), Refusal> {
        let id = used.peer;
        let Some(member) = self.member(id) else { return Ok(()) };
        let (was_here, wanted) = (member.presence() == Presence::Here, member.name().wanted.clone());
        let Some(peer) = self.peers.get_mut(&id) else { return Ok(()) };
        let name = if peer.named { wanted.clone() } else { name? };
        let renamed = name != wanted;
        self.counters.resumed += 1;
        peer.token = self.tokens.give(now, id, peer.token.room_created_at, peer.token.within);
        peer.used_token = Some(used.id);
        let mut elsewhere = false;
        if let Some(client) = self.sockets.get_mut(&socket) {
            self.funnel.settle(&mut client.attempt, Settled::CameBack);
            elsewhere = peer.address != client.address;
            peer.address = client.address;
        }
        let old_link = std::mem::replace(&mut peer.signs.link, Link::Attached(socket));
        // Who was lost before is not said to be back because the page was loaded anew.
        if peer.signs.departs.take().is_some() && was_here {
            peer.signs.began = now.instant;
        }
        peer.peers_seen = None;
        peer.negotiation.resumed();
        let room = peer.room;
        if let Link::Attached(old) = old_link {
            self.close(old, CLOSE_TAKEN_OVER, "the session continues on another socket");
        }
        self.set_state(socket, SocketState::Inside(id));
        self.timers.clear(&Timer::Join(socket));
        self.review(now, id);
        // Who comes back under the same name keeps what the others know it as; another name is told apart anew.
        if let Some(open) = self.rooms.get(&room).filter(|_| renamed) {
            let name = open.state.name_for(id, name);
            self.change(now, room, &RoomEvent::Renamed { peer: id, name });
        }
        if elsewhere {
            self.network_changed(now, id);
        }
        self.welcome(now, id, true);
        self.send_slots(id);
        self.send_downlink(id);
        self.send_publish(now, id, true);
        Ok(())
    }

    /// The client spoke on its socket, so it has its `welcome`: the token that brought it here is dead.
    pub(super) fn welcome_arrived(&mut self, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.used_token = None;
        }
    }

    /// `welcome`, and everyone in the room.
    fn welcome(&mut self, now: Now, id: PeerId, resumed: bool) {
        let Some(socket) = self.socket_of(id) else { return };
        let ice_servers = self.issue_ice_servers(now, id);
        let Some(peer) = self.peers.get(&id) else { return };
        let Some(room) = self.rooms.get(&peer.room) else { return };
        let role = room.state.member(id).map(Member::role).unwrap_or_default();
        let grants = room.state.grants_of(id).map_or(Vec::new(), Grants::list);
        let welcome = ServerMessage::Welcome {
            peer: id,
            token: peer.token.seal(&self.keys, room.id()),
            resumed,
            media: peer.negotiation.connected(),
            room: self.shown(room.state.info()),
            protocol: PROTOCOL,
            role,
            slots: slots(grants.contains(&Grant::Subscribe)),
            grants,
            encodings: publish::encodings(room.state.people().len()),
            ice_servers,
            stun_servers: stun::servers(&self.config.stun),
            file_bytes: Some(self.config.file_bytes).filter(|most| *most > 0),
        };
        self.send(socket, &welcome, None);
        if resumed || self.is_waited_for(id) {
            self.send_lobby(id);
        }
        self.send_peers(id);
        self.send_speaker(id);
        self.send_course(id);
        self.send_closing(now, id);
    }

    /// What the person's slots show, as last heard from the worker.
    pub(super) fn send_slots(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        if let (Some(socket), Some((version, slots))) = (peer.socket(), peer.slots.clone()) {
            self.send(socket, &ServerMessage::Slots { version, slots }, Some(StateKey::Slots));
        }
    }

    /// What the person's downlink is thought to hold.
    pub(super) fn send_downlink(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        if let (Some(socket), Some(estimate)) = (peer.socket(), peer.downlink) {
            let bitrate = estimate.as_bps();
            self.send(socket, &ServerMessage::Downlink { bitrate }, Some(StateKey::Downlink));
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
        let Some(room) = self.peers.get(&id).map(|peer| peer.room) else { return };
        self.floor_passed(id, false);
        self.standard_over(id);
        self.files_lost(id);
        self.change(now, room, &RoomEvent::Left { peer: id });
        if let Some(mut peer) = self.peers.remove(&id) {
            let vanished = peer.signs.departs.is_none() && matches!(peer.signs.link, Link::Gone(_));
            self.funnel.lose(&mut peer.attempt, if vanished { Loss::SocketGone } else { Loss::Left });
        }
        self.review_course(now, room);
        self.timers.clear(&Timer::Presence(id));
        self.timers.clear(&Timer::Offer(id));
        self.timers.clear(&Timer::IceServers(id));
        self.timers.clear(&Timer::Limited(id));
        self.timers.clear(&Timer::Chat(id));
        self.timers.clear(&Timer::Funnel(id));
        self.vacated(now, room);
    }
}

/// Whether a page's name for its browser may be one.
fn check_browser(browser: Option<&str>) -> Result<(), Refusal> {
    let (least, most) = (BROWSER_CHARS_LEAST, BROWSER_CHARS);
    match browser {
        Some(browser) if !(least..=most).contains(&browser.len()) => Err(Refusal::BadBrowser { least, most }),
        _ => Ok(()),
    }
}

/// The slots of somebody who sees and hears others, or of somebody who may not.
fn slots(subscribes: bool) -> SlotLimits {
    if !subscribes {
        return SlotLimits { pairs: 0, audio_only: 0, video_steps: Vec::new() };
    }
    SlotLimits { pairs: PAIRED_SLOTS, audio_only: AUDIO_ONLY_SLOTS, video_steps: VIDEO_SLOT_STEPS.to_vec() }
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
