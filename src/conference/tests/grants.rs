//! What whoever made a room may do, and others may not; pages of another protocol.

use serde_json::{Value, json};

use super::harness::{World, address, offer, type_of};
use crate::conference::CreateRoom;
use crate::conference::grants::{Grants, Role};
use crate::conference::protocol::{FIRST_PROTOCOL, Grant, PROTOCOL, ServerMessage, Topology};
use crate::conference::state::RoomEvent;
use crate::limits::Limit;
use crate::media::ids::PeerId;

const OWNER: [Grant; 10] = [
    Grant::Publish,
    Grant::Microphone,
    Grant::Camera,
    Grant::Screen,
    Grant::Subscribe,
    Grant::Signal,
    Grant::Files,
    Grant::Chat,
    Grant::Moderate,
    Grant::Own,
];
/// All but the last two.
pub(super) const GUEST: &[Grant] = OWNER.split_at(8).0;

fn make(world: &mut World, name: &str) -> (String, String) {
    let wanted =
        CreateRoom { name: name.to_owned(), listed: false, topology: Topology::Sfu, ..CreateRoom::default() };
    let made = world.conference.create_room(world.now(), address(0), wanted).unwrap();
    (made.room.id, made.secret)
}

fn join(room: &str, secret: Option<&str>) -> Value {
    json!({ "type": "join", "room": room, "name": "Ann", "secret": secret })
}

/// What the newest `welcome` on a socket grants.
fn granted(world: &World, socket: usize) -> Vec<Grant> {
    let newest = world.all(socket).into_iter().rev().find_map(|message| match message {
        ServerMessage::Welcome { grants, .. } => Some(grants),
        _ => None,
    });
    newest.unwrap()
}

fn enters_as(world: &mut World, socket: usize, join: Value) -> Vec<Grant> {
    world.enter(socket, join);
    granted(world, socket)
}

#[test]
fn whoever_made_a_room_is_granted_moderation_and_whoever_has_the_link_is_not() {
    let mut world = World::new();
    let (room, secret) = make(&mut world, "Team Room");
    assert_eq!(enters_as(&mut world, 1, join(&room, None)), GUEST);
    assert_eq!(enters_as(&mut world, 2, join(&room, Some(&secret))), OWNER);
    let token = world.welcome(2).token;
    let mut back = join(&room, None);
    back["token"] = token.into();
    assert_eq!(enters_as(&mut world, 3, back), OWNER, "who comes back is who they were");
    world.restart();
    world.pass_millis(1);
    assert_eq!(enters_as(&mut world, 4, join(&room, Some(&secret))), OWNER, "also after a restart");
    assert_eq!(enters_as(&mut world, 5, join(&room, None)), GUEST);
}

#[test]
fn a_wrong_secret_is_refused_and_nobody_else_notices() {
    let mut world = World::new();
    let ((room, secret), (_, others)) = (make(&mut world, "Team Room"), make(&mut world, "Other Room"));
    world.enter(1, join(&room, None));
    world.pass_millis(1_000);
    world.take(1);
    for wrong in [&others, "", "?", &secret[1..], &format!("{secret}A"), &"A".repeat(54)] {
        world.open(9);
        world.say(9, join(&room, Some(wrong)));
        assert_eq!(world.take_types(9), ["error forbidden"], "{wrong}");
    }
    assert_eq!(enters_as(&mut world, 9, join("den", None)), GUEST, "the socket may try again");
    world.open(8);
    world.say(8, join("nowhere", Some(&secret)));
    assert_eq!(world.take_types(8), ["error unknown-room"]);
    world.pass_millis(1_000);
    assert_eq!(world.take(1), [], "nobody was in the room, not for a moment");
}

/// A secret is not guessed faster than a link: both are out of the same budget.
#[test]
fn guesses_at_a_secret_are_counted_by_address() {
    let mut world = World::with_limit(Limit::FailedJoinsPerMinutePerAddress, 2);
    let (room, secret) = make(&mut world, "Team Room");
    let mut guesses = Vec::new();
    for guess in 0..40 {
        let socket = 100 + guess;
        world.open_from(socket, address(7));
        world.say(socket, join(&room, Some("guess")));
        guesses.extend(world.take_types(socket));
    }
    let told = guesses.iter().filter(|answer| *answer == "error forbidden").count();
    assert!((1..40).contains(&told) && guesses[told..].iter().all(|answer| answer == "error rate-limited"));
    assert!(world.conference.tally().count(Limit::FailedJoinsPerMinutePerAddress) > 0);
    world.open_from(900, address(8));
    world.say(900, join(&room, Some(&secret)));
    assert_eq!(granted(&world, 900), OWNER, "somebody elsewhere");
    world.open_from(901, address(7));
    world.say(901, join(&room, None));
    assert_eq!(granted(&world, 901), GUEST, "and whoever does not guess");
}

/// Ann is in the den as somebody who may do all but this.
fn without(grant: Grant) -> (World, PeerId) {
    let mut world = World::new();
    world.join_with_media(2, "Bob");
    let ann = world.join(1, "Ann").peer;
    let (now, room) = (world.now(), world.conference.peers[&ann].room);
    let name = world.conference.member(ann).unwrap().name().clone();
    let (role, within) = (Role::Speaker, Grants::ALL.without(grant));
    for event in [RoomEvent::Left { peer: ann }, RoomEvent::Joined { peer: ann, name, role, within }] {
        world.conference.change(now, room, &event);
    }
    world.pass_millis(1_000);
    world.take(1);
    world.take(2);
    world.take_commands();
    (world, ann)
}

#[test]
fn what_is_not_granted_is_refused_and_reaches_nobody() {
    let bob = |world: &World| world.conference.peers.keys().next().unwrap().to_string();
    for (grant, messages) in [
        (
            Grant::Publish,
            vec![
                offer(1, true, &[("camera", "audio")]),
                json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": true }),
            ],
        ),
        (Grant::Subscribe, vec![offer(1, true, &[]), json!({ "type": "view", "tiles": [] })]),
        (Grant::Signal, vec![json!({ "type": "signal", "to": "", "data": 1 })]),
    ] {
        for mut message in messages {
            let (mut world, _) = without(grant);
            if message["type"] == "signal" {
                message["to"] = bob(&world).into();
            }
            world.say(1, message.clone());
            world.pass_millis(1_000);
            assert_eq!(world.take_types(1), ["error not-allowed"], "{message}");
            assert_eq!((world.take_types(2), world.take_commands()), (vec![], vec![]), "{message}");
            world.say(1, json!({ "type": "ping" }));
            assert_eq!(world.take_types(1), ["pong"], "{message}");
            world.say(1, json!({ "type": "leave" }));
            assert_eq!(world.take_errors(1), Vec::<String>::new(), "nobody is kept in a room");
        }
    }
}

#[test]
fn what_everybody_may_is_granted() {
    let (mut world, _) = without(Grant::Moderate);
    for message in [
        offer(1, true, &[("camera", "audio")]),
        json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": true }),
        json!({ "type": "view", "tiles": [] }),
    ] {
        world.say(1, message);
    }
    assert_eq!(world.take_errors(1), Vec::<String>::new());
}

#[test]
fn an_older_page_is_served_and_one_of_another_server_is_told_to_reload() {
    let mut world = World::new();
    for (socket, protocol) in [None, Some(FIRST_PROTOCOL), Some(PROTOCOL)].into_iter().enumerate() {
        world.enter(socket, json!({ "type": "join", "room": "den", "name": "Ann", "protocol": protocol }));
        let welcome = world.take(socket).into_iter().find(|message| type_of(message) == "welcome");
        let Some(ServerMessage::Welcome { protocol, .. }) = welcome else { panic!("a welcome") };
        assert_eq!(protocol, PROTOCOL, "a page learns that it is older");
    }
    world.pass_millis(1_000);
    world.take(0);
    for protocol in [0, PROTOCOL + 1, u32::MAX] {
        world.open(9);
        world.say(9, json!({ "type": "join", "room": "den", "name": "Eve", "protocol": protocol }));
        assert_eq!(world.take_types(9), ["error reload"], "{protocol}");
    }
    world.pass_millis(1_000);
    assert_eq!(world.take(0), [], "the others notice nothing");
}
