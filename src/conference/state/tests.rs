//! A room is what happened to it.

use proptest::prelude::*;

use super::*;
use crate::conference::history::Post;
use crate::conference::protocol::Access;
use crate::conference::publish::Lesses;
use crate::conference::publish::Wish;
use crate::conference::{Now, UnixTime};
use crate::ledger::ClientAddress;
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

fn known(host: u8) -> Known {
    Known::by(Some([host; 16]), ClientAddress::of([192, 0, 2, host].into()))
}

fn any_event() -> impl Strategy<Value = RoomEvent> {
    let peer = || (0..4_u64).prop_map(PeerId);
    let name = || "[a-c]".prop_map(|wanted| Name { shown: wanted.clone(), key: wanted.clone(), wanted });
    let presence = prop::sample::select(vec![Presence::Here, Presence::NoMedia, Presence::Reconnecting]);
    let role = || prop::sample::select(vec![Role::Owner, Role::Moderator, Role::Speaker, Role::Listener]);
    let tracks = || prop::collection::btree_set(any_track(), 0..4);
    let codec = || prop::sample::select(vec![Codec::Vp8, Codec::Vp9]);
    let set = || codec().prop_map(|codec| [codec].into_iter().collect::<CodecSet>());
    prop_oneof![
        3 => (peer(), name(), role()).prop_map(|(peer, name, role)| RoomEvent::Joined { peer, name, role, within: Grants::ALL }),
        1 => (peer(), role()).prop_map(|(peer, role)| RoomEvent::RoleGiven { peer, role }),
        2 => (peer(), prop::bool::ANY).prop_map(|(peer, raised)| RoomEvent::Hand { peer, raised }),
        1 => prop::bool::ANY.prop_map(|locked| RoomEvent::KeptSo {
            keeping: Keeping { locked, access: Access::Lobby, ..Keeping::default() },
        }),
        1 => (peer(), 0..3_u8).prop_map(|(peer, host)| RoomEvent::PutOut {
            ban: Ban::lasting(peer, known(host), UnixTime::from_millis(7)),
        }),
        1 => (0..3_u8).prop_map(|host| RoomEvent::Pardoned { known: known(host), at: UnixTime::from_millis(8) }),
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
    room.apply(&RoomEvent::Joined { peer: PeerId(1), name, role: Role::Speaker, within: Grants::ALL });
    let again = RoomState::open(room.record().clone(), room.version().epoch + 1);
    assert!(again.version() > room.version());
}

#[test]
fn hands_are_in_the_order_in_which_they_were_raised() {
    let mut room = room();
    for id in 1..=3 {
        let name = room.name_for(PeerId(id), format!("P{id}"));
        room.apply(&RoomEvent::Joined { peer: PeerId(id), name, role: Role::Speaker, within: Grants::ALL });
    }
    let mut raise = |peer, raised| {
        room.apply(&RoomEvent::Hand { peer: PeerId(peer), raised });
        let mut hands: Vec<(u64, u64)> =
            room.list().iter().filter_map(|info| Some((info.hand?, info.id.0))).collect();
        hands.sort_unstable();
        hands.into_iter().map(|(_, peer)| peer).collect::<Vec<_>>()
    };
    assert_eq!(raise(2, true), [2]);
    assert_eq!(raise(3, true), [2, 3]);
    assert_eq!(raise(2, true), [2, 3], "said again it is the same hand");
    assert_eq!(raise(2, false), [3]);
    assert_eq!(raise(1, true), [3, 1]);
    assert_eq!(raise(2, true), [3, 1, 2], "who raises it again is last");
}
