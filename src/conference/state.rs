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

use super::course::Order;
use super::grants::Grants;
use super::history::{ChatEvent, History};
use super::names;
use super::protocol::{PeerInfo, Presence, RoomInfo, StreamInfo, Topology, TrackInfo};
use super::publish::Published;
use super::store::RoomRecord;
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
    /// Somebody came in.
    Joined { peer: PeerId, name: Name, grants: Grants },
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
    /// Somebody keeps their address to themselves, or does no more.
    Hidden { peer: PeerId, hidden: bool },
    /// How media is to travel was chosen anew.
    TopologyChosen { topology: Topology },
    /// Which way it goes was decided.
    Ordered { order: Order },
    /// Something happened to what is written.
    Chat(ChatEvent),
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
    grants: Grants,
    presence: Presence,
    tracks: BTreeSet<Track>,
    muted: BTreeSet<Track>,
    abilities: Option<Abilities>,
    codec: Option<Codec>,
    request: Option<Published>,
    hidden: bool,
}

impl Member {
    /// Their name.
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// What they may do.
    pub(super) fn grants(&self) -> Grants {
        self.grants
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
        PeerInfo { id, name: self.name.shown.clone(), state: self.presence, streams }
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
            RoomEvent::Joined { peer, name, grants } => self.join(*peer, name, *grants),
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
            RoomEvent::Hidden { peer, hidden } => {
                self.set(*peer, Changed::Unlisted, |member| (&mut member.hidden, *hidden))
            }
            RoomEvent::TopologyChosen { topology } => unlisted(&mut self.record.topology, *topology),
            RoomEvent::Ordered { order } => unlisted(&mut self.media, *order),
            RoomEvent::Chat(event) if self.chat.apply(event) => Changed::Unlisted,
            RoomEvent::Chat(_) => Changed::Nothing,
        };
        self.version.number += u64::from(changed > Changed::Nothing);
        if changed == Changed::List {
            self.listed = self.version.number;
        }
        changed
    }

    fn join(&mut self, peer: PeerId, name: &Name, grants: Grants) -> Changed {
        if self.members.contains_key(&peer) {
            return Changed::Nothing;
        }
        let member = Member {
            name: name.clone(),
            grants,
            presence: Presence::Here,
            tracks: BTreeSet::new(),
            muted: BTreeSet::new(),
            abilities: None,
            codec: None,
            request: None,
            hidden: false,
        };
        self.members.insert(peer, member);
        self.order.push(peer);
        Changed::List
    }

    fn leave(&mut self, peer: PeerId) -> Changed {
        if self.members.remove(&peer).is_none() {
            return Changed::Nothing;
        }
        self.order.retain(|member| *member != peer);
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

    /// Who is in it, in the order of joining.
    pub(super) fn people(&self) -> &[PeerId] {
        &self.order
    }

    /// Somebody in it.
    pub(super) fn member(&self, peer: PeerId) -> Option<&Member> {
        self.members.get(&peer)
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

/// Sets what the list of people does not show.
fn unlisted<T: PartialEq>(field: &mut T, value: T) -> Changed {
    if *field == value {
        return Changed::Nothing;
    }
    *field = value;
    Changed::Unlisted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conference::Now;
    use crate::conference::UnixTime;
    use crate::conference::history::Post;
    use crate::conference::publish::Lesses;
    use crate::conference::publish::Wish;
    use crate::media::codec::CodecSet;
    use crate::media::ladder::camera_rule;

    fn room() -> RoomState {
        let now = Now { instant: std::time::Instant::now(), wall: UnixTime::from_millis(7) };
        RoomState::open(RoomRecord::new(now, true), 7)
    }

    fn any_track() -> impl Strategy<Value = Track> {
        (prop::bool::ANY, prop::bool::ANY).prop_map(|(screen, video)| Track {
            stream: if screen { Stream::Screen } else { Stream::Camera },
            kind: if video { Kind::Video } else { Kind::Audio },
        })
    }

    fn any_event() -> impl Strategy<Value = RoomEvent> {
        let peer = || (0..4_u64).prop_map(PeerId);
        let name = || "[a-c]".prop_map(|wanted| Name { shown: wanted.clone(), key: wanted.clone(), wanted });
        let presence = prop::sample::select(vec![Presence::Here, Presence::NoMedia, Presence::Reconnecting]);
        let tracks = || prop::collection::btree_set(any_track(), 0..4);
        let codec = || prop::sample::select(vec![Codec::Vp8, Codec::Vp9]);
        let set = || codec().prop_map(|codec| [codec].into_iter().collect::<CodecSet>());
        prop_oneof![
            3 => (peer(), name(), prop::bool::ANY).prop_map(|(peer, name, owner)| RoomEvent::Joined {
                peer, name, grants: if owner { Grants::OWNER } else { Grants::GUEST },
            }),
            1 => (peer(), name()).prop_map(|(peer, name)| RoomEvent::Renamed { peer, name }),
            1 => peer().prop_map(|peer| RoomEvent::Left { peer }),
            2 => (peer(), presence).prop_map(|(peer, presence)| RoomEvent::Seen { peer, presence }),
            2 => (peer(), tracks()).prop_map(|(peer, tracks)| RoomEvent::Published { peer, tracks }),
            2 => (peer(), any_track(), prop::bool::ANY)
                .prop_map(|(peer, track, muted)| RoomEvent::Muted { peer, track, muted }),
            1 => (peer(), set(), set()).prop_map(|(peer, sends, receives)| RoomEvent::Negotiated {
                peer, abilities: Abilities { sends, receives },
            }),
            1 => (peer(), codec()).prop_map(|(peer, codec)| RoomEvent::CodecChosen { peer, codec }),
            1 => (peer(), prop::bool::ANY).prop_map(|(peer, hidden)| RoomEvent::Hidden { peer, hidden }),
            1 => prop::sample::select(vec![Topology::Sfu, Topology::Auto])
                .prop_map(|topology| RoomEvent::TopologyChosen { topology }),
            1 => (7..9_u64).prop_map(|epoch| RoomEvent::Ordered { order: Order::first(epoch) }),
            1 => (peer(), tracks(), 1..9_usize, codec()).prop_map(|(peer, tracks, people, codec)| {
                let wish = Wish { camera: camera_rule(people), video: codec, less: &Lesses::default() };
                let request = Published::after(None, &tracks, &wish);
                RoomEvent::Requested { peer, request }
            }),
            3 => any_chat_event().prop_map(RoomEvent::Chat),
        ]
    }

    fn any_chat_event() -> impl Strategy<Value = ChatEvent> {
        prop_oneof![
            2 => (1..9_u64, 0..4_u64, "[a-c]").prop_map(|(id, from, text)| ChatEvent::Posted(Post {
                id, from: PeerId(from), name: text.clone(), reference: text.clone(), text,
                at: UnixTime::from_millis(7), since: std::time::Instant::now(),
            })),
            1 => (0..9_u64, "[a-c]").prop_map(|(id, text)| ChatEvent::Edited { id, text }),
            1 => (0..9_u64).prop_map(|id| ChatEvent::Deleted { id }),
            1 => (0..9_u64).prop_map(|below| ChatEvent::Forgotten { below }),
        ]
    }

    proptest! {
        /// What a store, another node or a test is given: all events, or only those that changed something, or a state and
        /// the events after it.
        #[test]
        fn the_same_events_give_the_same_room(events in prop::collection::vec(any_event(), 0..60), cut in 0_usize..60) {
            let (mut first, mut log, mut half) = (room(), Vec::new(), room());
            for (at, event) in events.iter().enumerate() {
                if at <= cut {
                    half = first.clone();
                }
                if first.apply(event) > Changed::Nothing {
                    log.push(event.clone());
                }
            }
            let rest = &events[cut.min(events.len().saturating_sub(1)).min(events.len())..];
            let (mut again, mut shorter) = (room(), room());
            for (state, events) in [(&mut again, &events[..]), (&mut shorter, &log[..]), (&mut half, rest)] {
                for event in events {
                    state.apply(event);
                }
            }
            prop_assert_eq!(&again, &first);
            prop_assert_eq!(&shorter, &first);
            prop_assert_eq!(&half, &first);
        }

        #[test]
        fn a_version_names_one_state_and_only_rises(events in prop::collection::vec(any_event(), 0..60)) {
            let mut room = room();
            for event in &events {
                let before = room.clone();
                let changed = room.apply(event);
                let unversioned = |room: &RoomState| RoomState { version: before.version, listed: 0, ..room.clone() };
                prop_assert_eq!(unversioned(&room) == unversioned(&before), changed == Changed::Nothing, "{:?}", event);
                prop_assert_eq!(room.version() > before.version(), changed > Changed::Nothing);
                prop_assert_eq!(room.list() == before.list(), changed < Changed::List, "{:?}", event);
                prop_assert_eq!(room.listed() > before.listed(), changed == Changed::List);
                prop_assert!(room.listed() <= room.version());
                prop_assert_eq!(room.apply(event), Changed::Nothing, "said twice, it is so already: {:?}", event);
            }
        }
    }

    #[test]
    fn a_room_that_is_opened_again_begins_above_all_it_was_before() {
        let mut room = room();
        let name = room.name_for(PeerId(1), "Ann".to_owned());
        room.apply(&RoomEvent::Joined { peer: PeerId(1), name, grants: Grants::GUEST });
        let again = RoomState::open(room.record().clone(), room.version().epoch + 1);
        assert!(again.version() > room.version());
    }
}
