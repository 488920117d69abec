//! What a room is: who is in it, and what is known of them that concerns others. Pure.
//!
//! ```text
//!   what a client says ─┐                                   ┌─> peers, announcements
//!   what a worker tells ─┼─> RoomEvent ─> RoomState::apply ─┼─> commands to the room's worker
//!   what time brings ────┘                                   └─> what is asked of publishers
//! ```
//!
//! A room changes by [`RoomState::apply`] and by nothing else. The same events give the same state: whoever has them all, or
//! a state and those that came after it, knows the room. What follows from an event is done by `changes.rs`.
//!
//! What is one client's alone is no part of it: their socket, their offers, their slots, what they look at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::bans::{Ban, Known};
use super::course::Order;
use super::grants::{Grant, Grants, Role};
use super::history::{ChatEvent, History};
use super::names;
use super::protocol::{
    Client, Keeping, PeerInfo, Presence, RoomInfo, Screens, StreamInfo, Topology, TrackInfo,
};
use super::publish::Published;
use super::store::RoomRecord;
use super::unix_time::UnixTime;
use crate::media::codec::{Codec, CodecSet};
use crate::media::ids::{Kind, PeerId, Stream, Track};

/// Which state of a room this is. A later one is greater, also after everybody left and the room was opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    /// Rises each time the room is opened.
    pub(super) epoch: u64,
    /// Counts what changed since then.
    pub(super) number: u64,
}

/// A person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// As they typed it, cleaned.
    pub(super) wanted: String,
    /// As everybody sees it: told apart from the others in the room.
    pub(super) shown: String,
    /// By which it is compared ([`names::key`]).
    key: String,
}

/// What a person's browser can do, as it negotiated last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Abilities {
    /// What it can encode.
    pub(super) sends: CodecSet,
    /// What it can decode.
    pub(super) receives: CodecSet,
}

/// Something that happened to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RoomEvent {
    /// Somebody came in. Whatever they are in the room, they may nothing beside what they have `within`.
    Joined { peer: PeerId, name: Name, role: Role, within: Grants },
    /// Somebody is something else from now on.
    RoleGiven { peer: PeerId, role: Role },
    /// Somebody raised a hand, or it was lowered.
    Hand { peer: PeerId, raised: bool },
    /// Somebody came back under another name.
    Renamed { peer: PeerId, name: Name },
    /// Somebody is gone for good.
    Left { peer: PeerId },
    /// Somebody is heard of, or is not.
    Seen { peer: PeerId, presence: Presence },
    /// An answer says what somebody publishes from now on.
    Published { peer: PeerId, tracks: BTreeSet<Track> },
    /// Somebody muted or unmuted a track. It may be one that they do not publish yet.
    Muted { peer: PeerId, track: Track, muted: bool },
    /// An answer says what somebody's browser can do.
    Negotiated { peer: PeerId, abilities: Abilities },
    /// Somebody is to encode pictures with this.
    CodecChosen { peer: PeerId, codec: Codec },
    /// This is asked of somebody's tracks.
    Requested { peer: PeerId, request: Published },
    /// Somebody came by this, and not by the page.
    ComesBy { peer: PeerId, client: Client },
    /// Somebody keeps their address to themselves, or does no more.
    Hidden { peer: PeerId, hidden: bool },
    /// How media is to travel was chosen anew.
    TopologyChosen { topology: Topology },
    /// An application describes the room anew.
    Described { name: String, lasts: bool, most_people: Option<usize>, metadata: Option<Value> },
    /// The room is kept so from now on.
    KeptSo { keeping: Keeping },
    /// Somebody was put out.
    PutOut { ban: Ban },
    /// Whoever is known so may come in again.
    Pardoned { known: Known, at: UnixTime },
    /// The addresses of those who were banned that count no more are forgotten.
    AddressesForgotten { at: UnixTime },
    /// Which way it goes was decided.
    Ordered { order: Order },
    /// Something happened to what is written.
    Chat(ChatEvent),
}

impl RoomEvent {
    /// Whether it changes what is kept of a room when everybody is gone.
    pub(super) fn is_kept(&self) -> bool {
        match self {
            RoomEvent::TopologyChosen { .. }
            | RoomEvent::RoleGiven { .. }
            | RoomEvent::Described { .. }
            | RoomEvent::KeptSo { .. }
            | RoomEvent::PutOut { .. }
            | RoomEvent::Pardoned { .. }
            | RoomEvent::AddressesForgotten { .. } => true,
            RoomEvent::Joined { role, .. } => *role != Role::default(),
            _ => false,
        }
    }
}

/// What an event changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Changed {
    /// It was so already, or it is about nobody who is here.
    Nothing,
    /// Something that the list of people does not show.
    Unlisted,
    /// The list of people.
    List,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    name: Name,
    role: Role,
    within: Grants,
    hand: Option<u64>,
    presence: Presence,
    tracks: BTreeSet<Track>,
    muted: BTreeSet<Track>,
    abilities: Option<Abilities>,
    codec: Option<Codec>,
    request: Option<Published>,
    hidden: bool,
    client: Client,
}

impl Member {
    /// Their name.
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// What they are in the room.
    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// What they may do, if the room does not forbid it at present.
    pub(super) fn grants(&self) -> Grants {
        self.role.grants().and(self.within)
    }

    /// Whether their hand is raised.
    pub(super) fn raises_hand(&self) -> bool {
        self.hand.is_some()
    }

    /// Whether they are heard of.
    pub(super) fn presence(&self) -> Presence {
        self.presence
    }

    /// What they publish, as of the last answer.
    pub(super) fn tracks(&self) -> &BTreeSet<Track> {
        &self.tracks
    }

    /// What they muted; may name tracks that they do not publish yet.
    pub(super) fn muted(&self) -> &BTreeSet<Track> {
        &self.muted
    }

    /// What their browser can do. Unknown before the first answer.
    pub(super) fn abilities(&self) -> Option<Abilities> {
        self.abilities
    }

    /// What they are to encode pictures with. Chosen at the first answer.
    pub(super) fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// What was asked of their tracks.
    pub(super) fn request(&self) -> Option<&Published> {
        self.request.as_ref()
    }

    /// Whether they keep their address to themselves.
    pub(super) fn hidden(&self) -> bool {
        self.hidden
    }

    /// By what they came.
    pub(super) fn client(&self) -> Client {
        self.client
    }

    /// What the others see.
    fn info(&self, id: PeerId) -> PeerInfo {
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
        let name = self.name.shown.clone();
        let (state, role, hand, client) = (self.presence, self.role, self.hand, self.client);
        PeerInfo { id, name, state, role, hand, client, streams }
    }
}

/// A room somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RoomState {
    record: RoomRecord,
    version: Version,
    /// The number of the version since which the list of people is what it is.
    listed: u64,
    /// In the order of joining.
    order: Vec<PeerId>,
    members: BTreeMap<PeerId, Member>,
    /// Which way media goes.
    media: Order,
    chat: History,
}

impl RoomState {
    /// A room that is opened, with nobody in it yet. `epoch` is above the one it had before.
    pub(super) fn open(record: RoomRecord, epoch: u64) -> RoomState {
        let version = Version { epoch, number: 0 };
        let (media, chat) = (Order::first(epoch), History::new(epoch));
        RoomState { record, version, listed: 0, order: Vec::new(), members: BTreeMap::new(), media, chat }
    }

    /// The same with what was written when it was open before.
    pub(super) fn with_chat(self, chat: History) -> RoomState {
        RoomState { chat, ..self }
    }

    /// Changes the room: the only way to. The version rises if anything is other than before.
    pub(super) fn apply(&mut self, event: &RoomEvent) -> Changed {
        let changed = match event {
            RoomEvent::Joined { peer, name, role, within } => self.join(*peer, name, (*role, *within)),
            RoomEvent::RoleGiven { peer, role } => self.give_role(*peer, *role),
            RoomEvent::Hand { peer, raised } => self.hand(*peer, *raised),
            RoomEvent::Described { name, lasts, most_people, metadata } => {
                let record = &mut self.record;
                let fields =
                    (&mut record.name, &mut record.lasts, &mut record.most_people, &mut record.metadata);
                let before = (&*fields.0, *fields.1, *fields.2, &*fields.3);
                let differs = before != (name, *lasts, *most_people, metadata);
                if differs {
                    (*fields.0, *fields.1, *fields.2) = (name.clone(), *lasts, *most_people);
                    (*fields.3).clone_from(metadata);
                }
                told(differs)
            }
            RoomEvent::KeptSo { keeping } => unlisted(&mut self.record.keeping, *keeping),
            RoomEvent::PutOut { ban } => told(self.record.bans.add(ban)),
            RoomEvent::Pardoned { known, at } => told(self.record.bans.pardon(*known, *at)),
            RoomEvent::AddressesForgotten { at } => told(self.record.bans.forget_addresses(*at)),
            RoomEvent::Left { peer } => self.leave(*peer),
            RoomEvent::Renamed { peer, name } => {
                self.set(*peer, Changed::List, |member| (&mut member.name, name.clone()))
            }
            RoomEvent::Seen { peer, presence } => {
                self.set(*peer, Changed::List, |member| (&mut member.presence, *presence))
            }
            RoomEvent::Published { peer, tracks } => {
                self.set(*peer, Changed::List, |member| (&mut member.tracks, tracks.clone()))
            }
            RoomEvent::Muted { peer, track, muted } => self.mute(*peer, *track, *muted),
            RoomEvent::Negotiated { peer, abilities } => {
                self.set(*peer, Changed::Unlisted, |member| (&mut member.abilities, Some(*abilities)))
            }
            RoomEvent::CodecChosen { peer, codec } => {
                self.set(*peer, Changed::Unlisted, |member| (&mut member.codec, Some(*codec)))
            }
            RoomEvent::Requested { peer, request } => {
                self.set(*peer, Changed::Unlisted, |member| (&mut member.request, Some(request.clone())))
            }
            RoomEvent::ComesBy { peer, client } => {
                self.set(*peer, Changed::List, |member| (&mut member.client, *client))
            }
            RoomEvent::Hidden { peer, hidden } => {
                self.set(*peer, Changed::Unlisted, |member| (&mut member.hidden, *hidden))
            }
            RoomEvent::TopologyChosen { topology } => unlisted(&mut self.record.topology, *topology),
            RoomEvent::Ordered { order } => unlisted(&mut self.media, *order),
            RoomEvent::Chat(event) => told(self.chat.apply(event)),
        };
        self.version.number += u64::from(changed > Changed::Nothing);
        if changed == Changed::List {
            self.listed = self.version.number;
        }
        changed
    }

    fn join(&mut self, peer: PeerId, name: &Name, (role, within): (Role, Grants)) -> Changed {
        if self.members.contains_key(&peer) {
            return Changed::Nothing;
        }
        let member = Member {
            name: name.clone(),
            role,
            within,
            hand: None,
            presence: Presence::Here,
            tracks: BTreeSet::new(),
            muted: BTreeSet::new(),
            abilities: None,
            codec: None,
            request: None,
            hidden: false,
            client: Client::default(),
        };
        self.members.insert(peer, member);
        self.order.push(peer);
        self.record.keep_role(peer, role);
        Changed::List
    }

    fn give_role(&mut self, peer: PeerId, role: Role) -> Changed {
        let changed = self.set(peer, Changed::List, |member| (&mut member.role, role));
        if changed == Changed::List {
            self.record.keep_role(peer, role);
        }
        changed
    }

    fn hand(&mut self, peer: PeerId, raised: bool) -> Changed {
        let last = self.members.values().filter_map(|member| member.hand).max().unwrap_or(0);
        let Some(member) = self.members.get_mut(&peer).filter(|member| member.hand.is_some() != raised)
        else {
            return Changed::Nothing;
        };
        member.hand = raised.then_some(last + 1);
        Changed::List
    }

    fn leave(&mut self, peer: PeerId) -> Changed {
        if self.members.remove(&peer).is_none() {
            return Changed::Nothing;
        }
        self.order.retain(|member| *member != peer);
        self.record.keep_role(peer, Role::default());
        Changed::List
    }

    fn mute(&mut self, peer: PeerId, track: Track, muted: bool) -> Changed {
        let Some(member) = self.members.get_mut(&peer) else { return Changed::Nothing };
        let differs = if muted { member.muted.insert(track) } else { member.muted.remove(&track) };
        match (differs, member.tracks.contains(&track)) {
            (false, _) => Changed::Nothing,
            (true, false) => Changed::Unlisted,
            (true, true) => Changed::List,
        }
    }

    fn set<T: PartialEq>(
        &mut self,
        peer: PeerId,
        changes: Changed,
        field: impl FnOnce(&mut Member) -> (&mut T, T),
    ) -> Changed {
        let Some(member) = self.members.get_mut(&peer) else { return Changed::Nothing };
        let (old, new) = field(member);
        if *old == new {
            return Changed::Nothing;
        }
        *old = new;
        changes
    }

    /// What is kept of it when everybody is gone.
    pub(super) fn record(&self) -> &RoomRecord {
        &self.record
    }

    /// Which way media goes.
    pub(super) fn course(&self) -> Order {
        self.media
    }

    /// Which state this is.
    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Since which version the list of people is what it is.
    pub(super) fn listed(&self) -> Version {
        Version { number: self.listed, ..self.version }
    }

    /// What people in it publish.
    pub(super) fn tracks(&self) -> impl Iterator<Item = Track> {
        self.members.values().flat_map(|member| member.tracks.iter().copied())
    }

    /// Who is in it, in the order of joining.
    pub(super) fn people(&self) -> &[PeerId] {
        &self.order
    }

    /// Somebody in it.
    pub(super) fn member(&self, peer: PeerId) -> Option<&Member> {
        self.members.get(&peer)
    }

    /// What somebody in it may do, as it is kept at present. Where nobody sends files browsers are not connected directly, for there
    /// nobody would hold them to it.
    pub(super) fn grants_of(&self, peer: PeerId) -> Option<Grants> {
        let grants = self.member(peer)?.grants();
        let Keeping { screens, chat, files, .. } = self.record.keeping;
        let shares = screens == Screens::Everybody || grants.has(Grant::Moderate);
        let shut =
            [(shares, Grant::Screen), (chat, Grant::Chat), (files, Grant::Files), (files, Grant::Signal)];
        Some(shut.iter().filter(|(may, _)| !may).fold(grants, |grants, (_, grant)| grants.without(*grant)))
    }

    /// What was written in it, when it is closed.
    pub(super) fn into_chat(self) -> History {
        self.chat
    }

    /// What is written in it.
    pub(super) fn chat(&self) -> &History {
        &self.chat
    }

    /// The list of people, as `peers` tells it.
    pub(super) fn list(&self) -> Vec<PeerInfo> {
        self.order.iter().filter_map(|id| self.members.get(id).map(|member| member.info(*id))).collect()
    }

    /// As `welcome` shows it.
    pub(super) fn info(&self) -> RoomInfo {
        self.record.info(self.order.len())
    }

    /// What `who` is to be called who typed `wanted`: whoever comes later under a name that is taken has a number.
    pub(super) fn name_for(&self, who: PeerId, wanted: String) -> Name {
        let others = self.members.iter().filter(|(id, _)| **id != who);
        let taken: BTreeSet<&str> = others.map(|(_, member)| member.name.key.as_str()).collect();
        let (shown, key) = names::told_apart(&wanted, |key| taken.contains(key));
        Name { wanted, shown, key }
    }
}

/// Whether something was changed that the list of people does not show.
fn told(changed: bool) -> Changed {
    if changed { Changed::Unlisted } else { Changed::Nothing }
}

/// Sets what the list of people does not show.
fn unlisted<T: PartialEq>(field: &mut T, value: T) -> Changed {
    if *field == value {
        return Changed::Nothing;
    }
    *field = value;
    Changed::Unlisted
}

#[cfg(test)]
mod tests;
