//! Who decides about whom, and what comes of it.

use serde_json::{Value, json};

use super::harness::{World, address, offer};
use crate::conference::CreateRoom;
use crate::conference::protocol::{Access, Grant, Role, Screens, ServerMessage};
use crate::media::codec::CodecSet;
use crate::media::ids::{Kind, OfferId, PeerId, Stream, Track};
use crate::media::message::{Command, Notice};

/// A room that Ann made and owns, in which she is on `socket`.
pub(super) fn kept_by_ann(socket: usize, access: &str) -> (World, String) {
    let mut world = World::new();
    let access = serde_json::from_value(json!(access)).unwrap();
    let wanted = CreateRoom { name: "Team Room".into(), access, ..CreateRoom::default() };
    let made = world.conference.create_room(world.now(), address(0), wanted).unwrap();
    world
        .enter(socket, json!({ "type": "join", "room": made.room.id, "name": "Ann", "secret": made.secret }));
    world.pass_millis(1_000);
    world.take(socket);
    (world, made.room.id)
}

/// Somebody on `socket` asks to come in, and may have to wait.
pub(super) fn join(world: &mut World, socket: usize, room: &str, name: &str) {
    world.open(socket);
    world.say(
        socket,
        json!({ "type": "join", "room": room, "name": name, "browser": format!("browser-of-{socket:>06}") }),
    );
}

/// Whoever is on `socket` says what they wish.
pub(super) fn wish(world: &mut World, socket: usize, mut wish: Value) {
    wish["type"] = "moderate".into();
    world.say(socket, wish);
}

/// Ann's room, and Bob on 2 and Cid on 3 in it, who send sound and pictures.
fn with_two() -> (World, String, [PeerId; 2]) {
    let (mut world, room) = kept_by_ann(1, "open");
    let peers = [(2, "Bob"), (3, "Cid")].map(|(socket, name)| {
        join(&mut world, socket, &room, name);
        let peer = world.welcome(socket).peer;
        world.say(socket, offer(1, true, &[("camera", "audio"), ("camera", "video"), ("screen", "video")]));
        let (id, sdp, set) = (OfferId(1), String::new(), CodecSet::ALL);
        world.notice(Notice::Answer { peer, id, sdp, sends: set, receives: set });
        peer
    });
    settle(&mut world);
    (world, room, peers)
}

fn settle(world: &mut World) {
    world.pass_millis(1_000);
    (1..=3).for_each(|socket| drop(world.take(socket)));
    world.take_commands();
}

const VOICE: Track = Track { stream: Stream::Camera, kind: Kind::Audio };

fn muted(world: &World, peer: PeerId, track: Track) -> bool {
    world.conference.member(peer).is_some_and(|member| member.muted().contains(&track))
}

fn role_of(world: &World, peer: PeerId) -> Role {
    world.conference.member(peer).unwrap().role()
}

fn make(world: &mut World, peer: PeerId, role: &str) {
    wish(world, 1, json!({ "action": "role", "peer": peer.to_string(), "role": role }));
    settle(world);
}

#[test]
fn who_moderates_mutes_and_only_whose_voice_it_is_unmutes() {
    let (mut world, _, [bob, cid]) = with_two();
    wish(
        &mut world,
        1,
        json!({ "action": "mute", "peer": bob.to_string(), "stream": "camera", "kind": "audio" }),
    );
    let told = ServerMessage::Muted { stream: Stream::Camera, kind: Kind::Audio, by: Some("Ann".into()) };
    assert!(world.take(2).contains(&told));
    let mute = |(_, command): &_| matches!(command, Command::Mute { peer, muted: true, .. } if *peer == bob);
    assert!(world.commands.iter().any(mute), "nothing of it is passed on, whatever Bob's page does");
    assert!(muted(&world, bob, VOICE) && !muted(&world, cid, VOICE));
    world.say(2, json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": false }));
    assert!(!muted(&world, bob, VOICE));
    settle(&mut world);
    wish(&mut world, 1, json!({ "action": "mute", "stream": "camera", "kind": "audio" }));
    assert!(muted(&world, bob, VOICE) && muted(&world, cid, VOICE), "everybody");
    settle(&mut world);
    wish(&mut world, 1, json!({ "action": "mute", "stream": "camera", "kind": "audio" }));
    assert_eq!((world.take_types(2), world.take_errors(1)), (vec![], vec![]), "it is so already");
}

#[test]
fn a_listener_is_not_heard_and_is_asked_to_negotiate_nothing() {
    let (mut world, _, [bob, _]) = with_two();
    wish(&mut world, 1, json!({ "action": "role", "peer": bob.to_string(), "role": "listener" }));
    let told = world.take(2);
    let granted = [Grant::Publish, Grant::Subscribe, Grant::Chat];
    assert!(
        told.contains(&ServerMessage::Granted { role: Role::Listener, grants: granted.into() }),
        "{told:?}"
    );
    for (stream, kind) in [("camera", "audio"), ("camera", "video"), ("screen", "video")] {
        world.say(2, json!({ "type": "mute", "stream": stream, "kind": kind, "muted": false }));
        assert_eq!(world.take_errors(2), ["error not-allowed"], "{stream} {kind}");
    }
    world.say(2, offer(2, true, &[("camera", "audio")]));
    assert_eq!(world.take_errors(2), Vec::<String>::new());
    assert!(muted(&world, bob, VOICE), "a new connection changes nothing");
    make(&mut world, bob, "speaker");
    assert!(muted(&world, bob, VOICE), "they unmute themselves");
    world.say(2, json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": false }));
    assert!(!muted(&world, bob, VOICE) && world.take_errors(2).is_empty());
}

/// From before the connection is answered: nothing is heard in between.
#[test]
fn what_a_listener_is_about_to_send_is_muted_before_it_comes() {
    let (mut world, room) = kept_by_ann(1, "open");
    join(&mut world, 2, &room, "Bob");
    let bob = world.welcome(2).peer;
    make(&mut world, bob, "listener");
    world.say(2, offer(1, true, &[("camera", "audio")]));
    world.pass_millis(100);
    let order: Vec<&str> = world
        .commands
        .iter()
        .filter_map(|(_, command)| match command {
            Command::Mute { .. } => Some("mute"),
            Command::Offer { .. } => Some("offer"),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["mute", "offer"]);
}

#[test]
fn screens_may_be_for_those_who_moderate() {
    let (mut world, _, [bob, cid]) = with_two();
    make(&mut world, bob, "moderator");
    wish(&mut world, 1, json!({ "action": "screens", "screens": "moderators" }));
    let screen = Track { stream: Stream::Screen, kind: Kind::Video };
    assert!(muted(&world, cid, screen) && !muted(&world, bob, screen));
    let types = world.take_types(3);
    assert!(["room", "granted", "muted"].iter().all(|told| types.contains(&(*told).to_owned())), "{types:?}");
    world.say(3, json!({ "type": "mute", "stream": "screen", "kind": "video", "muted": false }));
    assert_eq!(world.take_errors(3), ["error not-allowed"]);
}

#[test]
fn chat_and_files_are_switched_off_and_on_again_by_who_moderates() {
    let (mut world, room, [bob, _]) = with_two();
    make(&mut world, bob, "moderator");
    let granted = |world: &World, grant| world.conference.has_grant(bob, grant);
    for what in ["chat", "files"] {
        wish(&mut world, 3, json!({ "action": what, what: false }));
        assert_eq!(world.take_errors(3), ["error not-allowed"], "a speaker");
    }
    world.take(3);
    for on in [false, true] {
        wish(&mut world, 2, json!({ "action": "chat", "chat": on }));
        wish(&mut world, 1, json!({ "action": "files", "files": on }));
        assert_eq!(
            (granted(&world, Grant::Chat), granted(&world, Grant::Files)),
            (on, on),
            "a moderator, too"
        );
        let types = world.take_types(3);
        assert!(["room", "granted"].iter().all(|told| types.contains(&(*told).to_owned())), "{types:?}");
        let kept = world.conference.look_up(world.now(), &room).unwrap().keeping;
        assert_eq!((kept.chat, kept.files), (on, on), "as the API tells");
    }
}

#[test]
fn a_lower_rank_decides_about_nobody_and_nobody_about_an_owner() {
    let (mut world, _, [bob, cid]) = with_two();
    let ann = world.conference.peers.keys().copied().find(|peer| ![bob, cid].contains(peer)).unwrap();
    let remove = |peer: PeerId| json!({ "action": "remove", "peer": peer.to_string() });
    let refused = |world: &mut World, socket, wanted| {
        wish(world, socket, wanted);
        world.take_errors(socket)
    };
    assert_eq!(refused(&mut world, 2, remove(cid)), ["error not-allowed"], "a speaker");
    make(&mut world, bob, "moderator");
    make(&mut world, cid, "moderator");
    for (socket, about) in [(2, cid), (2, ann), (2, bob), (1, ann)] {
        assert_eq!(
            refused(&mut world, socket, remove(about)),
            ["error not-allowed"],
            "{socket} about {about}"
        );
    }
    let promoted = |role: &str| json!({ "action": "role", "peer": cid.to_string(), "role": role });
    make(&mut world, cid, "speaker");
    assert_eq!(
        refused(&mut world, 2, promoted("moderator")),
        ["error not-allowed"],
        "owners make moderators"
    );
    assert_eq!(refused(&mut world, 2, json!({ "action": "end" })), ["error not-allowed"]);
    assert_eq!(refused(&mut world, 2, promoted("listener")), Vec::<String>::new());
    assert_eq!(role_of(&world, cid), Role::Listener);
    let stranger = json!({ "action": "remove", "peer": "0123456789abcdef" });
    assert_eq!(refused(&mut world, 1, stranger), ["error unknown-peer"]);
    assert_eq!(world.conference.peers.len(), 3, "everybody is here");
}

#[test]
fn two_moderators_who_remove_each_other_are_both_refused_and_two_owners_share_the_room() {
    let (mut world, _, [bob, _]) = with_two();
    let ann = *world.conference.rooms.values().next().unwrap().state.people().first().unwrap();
    let step_down = json!({ "action": "role", "peer": ann.to_string(), "role": "speaker" });
    wish(&mut world, 1, step_down.clone());
    assert_eq!(world.take_errors(1), ["error not-allowed"], "the last owner stays one");
    make(&mut world, bob, "owner");
    wish(&mut world, 1, json!({ "action": "remove", "peer": bob.to_string() }));
    assert_eq!(world.take_errors(1), ["error not-allowed"]);
    wish(&mut world, 1, step_down);
    assert_eq!((world.take_errors(1), role_of(&world, ann)), (vec![], Role::Speaker), "handed over");
    wish(&mut world, 2, json!({ "action": "remove", "peer": ann.to_string() }));
    assert_eq!(world.take_errors(1), ["error removed"]);
}

#[test]
fn who_was_put_out_may_come_again_and_who_was_banned_may_ask() {
    let (mut world, room, [bob, cid]) = with_two();
    wish(&mut world, 1, json!({ "action": "remove", "peer": bob.to_string() }));
    assert_eq!(world.take_types(2).last().map(String::as_str), Some("error removed"));
    assert!(!world.conference.peers.contains_key(&bob));
    world.say(2, json!({ "type": "join", "room": room, "name": "Bob" }));
    assert_ne!(world.welcome(2).peer, bob, "somebody new, on the same socket");
    wish(&mut world, 1, json!({ "action": "ban", "peer": cid.to_string() }));
    assert_eq!(world.take_types(3).last().map(String::as_str), Some("error banned"));
    // Another address, the same browser; the same address, another browser; neither.
    let again = |world: &mut World, socket: usize, from: usize, browser: usize, knock: bool| {
        world.open_from(socket, address(from));
        let browser = format!("browser-of-{browser:>06}");
        world.say(
            socket,
            json!({ "type": "join", "room": room, "name": "Cid", "browser": browser, "knock": knock }),
        );
        world.take_types(socket)
    };
    assert_eq!(again(&mut world, 10, 10, 3, false), ["error banned"]);
    assert_eq!(again(&mut world, 11, 3, 11, false), ["error banned"]);
    assert_eq!(again(&mut world, 12, 12, 12, false).first().map(String::as_str), Some("welcome"));
    assert_eq!(again(&mut world, 13, 13, 3, true), ["waiting"]);
    let lobby = world.take(1).into_iter().rev().find_map(|message| match message {
        ServerMessage::Lobby { waiting } => Some(waiting),
        _ => None,
    });
    let waiting = lobby.unwrap();
    assert!(waiting.len() == 1 && waiting[0].banned && waiting[0].name == "Cid", "{waiting:?}");
    wish(&mut world, 1, json!({ "action": "admit", "knock": waiting[0].knock }));
    assert!(world.take_types(13).contains(&"welcome".to_owned()));
    assert_eq!(again(&mut world, 14, 14, 3, false).first().map(String::as_str), Some("welcome"), "pardoned");
}

#[test]
fn nobody_new_comes_into_a_locked_room_and_who_was_inside_comes_back() {
    let (mut world, room, _) = with_two();
    join(&mut world, 4, &room, "Eve");
    let eve = world.welcome(4);
    wish(&mut world, 1, json!({ "action": "lock", "locked": true }));
    assert!(world.conference.look_up(world.now(), &room).unwrap().keeping.locked, "the door's page knows");
    join(&mut world, 9, &room, "Dan");
    assert_eq!(world.take_types(9), ["error locked"]);
    world.close(4);
    let back = json!({ "type": "join", "room": room, "name": "Eve", "token": eve.token });
    assert_eq!(world.enter(5, back).peer, eve.peer);
    wish(&mut world, 1, json!({ "action": "lock", "locked": false }));
    world.say(9, json!({ "type": "join", "room": room, "name": "Dan" }));
    assert!(world.take_types(9).contains(&"welcome".to_owned()));
}

#[test]
fn hands_are_seen_by_all_and_lowered_by_who_moderates() {
    let (mut world, _, [bob, cid]) = with_two();
    for socket in [3, 2] {
        world.say(socket, json!({ "type": "hand", "raised": true }));
    }
    world.pass_millis(1_000);
    let hands = |world: &mut World| {
        let told = world.take(1).into_iter().rev().find_map(|message| match message {
            ServerMessage::Peers { peers, .. } => Some(peers),
            _ => None,
        });
        told.unwrap().into_iter().filter_map(|info| Some((info.hand?, info.id))).collect::<Vec<_>>()
    };
    assert_eq!(hands(&mut world), [(2, bob), (1, cid)], "Cid was first");
    wish(&mut world, 1, json!({ "action": "lower-hand", "peer": cid.to_string() }));
    world.pass_millis(1_000);
    assert_eq!(hands(&mut world), [(2, bob)]);
    wish(&mut world, 2, json!({ "action": "lower-hand" }));
    assert_eq!(world.take_errors(2), ["error not-allowed"]);
    wish(&mut world, 1, json!({ "action": "lower-hand" }));
    world.pass_millis(1_000);
    assert_eq!(hands(&mut world), []);
}

#[test]
fn a_room_that_was_ended_is_over_for_all_and_its_link_leads_nowhere() {
    let (mut world, room, _) = with_two();
    wish(&mut world, 1, json!({ "action": "access", "access": "lobby" }));
    join(&mut world, 9, &room, "Dan");
    assert_eq!(world.take_types(9), ["waiting"]);
    wish(&mut world, 1, json!({ "action": "end" }));
    for socket in [1, 2, 3, 9] {
        let types = world.take_types(socket);
        assert_eq!(types.last().map(String::as_str), Some("error ended"), "{socket}: {types:?}");
    }
    assert_eq!(world.conference.gauges().rooms, 1, "the den");
    for socket in [2, 9] {
        world.say(socket, json!({ "type": "join", "room": room, "name": "Bob" }));
        assert_eq!(world.take_types(socket), ["error ended"]);
    }
    assert!(world.conference.look_up(world.now(), &room).is_none());
}

#[test]
fn a_call_in_another_room_goes_on_whatever_is_decided_in_this_one() {
    let (mut world, room, [bob, cid]) = with_two();
    let eve = world.join_with_media(20, "Eve").peer;
    world.pass_millis(1_000);
    world.take(20);
    let all = |peer: PeerId| {
        let peer = peer.to_string();
        [
            json!({ "action": "mute", "stream": "camera", "kind": "audio" }),
            json!({ "action": "role", "peer": peer, "role": "listener" }),
            json!({ "action": "screens", "screens": "moderators" }),
            json!({ "action": "lock", "locked": true }),
            json!({ "action": "access", "access": "lobby" }),
            json!({ "action": "ban", "peer": peer }),
            json!({ "action": "mute", "peer": eve.to_string(), "stream": "camera", "kind": "audio" }),
            json!({ "action": "remove", "peer": eve.to_string() }),
        ]
    };
    for wanted in [bob, cid].into_iter().flat_map(all).chain([json!({ "action": "end" })]) {
        wish(&mut world, 1, wanted);
    }
    world.pass_millis(1_000);
    assert_eq!(world.take(20), []);
    assert!(world.conference.peers.contains_key(&eve) && !muted(&world, eve, VOICE));
    assert!(world.conference.look_up(world.now(), &room).is_none());
}

/// Settings are the room's: nobody gets around them by waiting until everybody has left.
#[test]
fn a_room_with_a_lobby_or_a_ban_is_not_forgotten_when_it_is_empty() {
    let (mut world, room, [bob, _]) = with_two();
    wish(&mut world, 1, json!({ "action": "access", "access": "lobby" }));
    wish(&mut world, 1, json!({ "action": "screens", "screens": "moderators" }));
    wish(&mut world, 1, json!({ "action": "ban", "peer": bob.to_string() }));
    for socket in [1, 3] {
        world.say(socket, json!({ "type": "leave" }));
    }
    world.pass_millis(3_600_000);
    world.take(2);
    let kept = world.conference.look_up(world.now(), &room).unwrap().keeping;
    assert_eq!((kept.access, kept.screens), (Access::Lobby, Screens::Moderators));
    join(&mut world, 2, &room, "Bob");
    assert_eq!(world.take_types(2), ["error banned"], "by the browser");
    join(&mut world, 8, &room, "Dan");
    assert_eq!(world.take_types(8), ["waiting"]);
}
