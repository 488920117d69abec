//! Entering a room, and everything that keeps one from it.

use std::time::Duration;

use serde_json::json;

use super::harness::{World, address};
use crate::conference::protocol::{ServerMessage, Topology};
use crate::conference::room::EMPTY_ROOM_KEPT;
use crate::conference::{CreateRoom, CreateRoomError, Full, StateKey, WorkerId};
use crate::ledger::Over;
use crate::limits::{Limit, Limits};
use crate::media::message::Command;

#[test]
fn one_is_welcomed_then_shown_everyone_and_the_others_are_told() {
    let mut world = World::new();
    let ann = world.join(1, "  Ann ");
    assert_eq!(world.take_types(1), ["welcome", "peers"]);
    world.pass_millis(50);
    assert_eq!(world.take_types(1), Vec::<String>::new());

    let bob = world.join(2, "Bob");
    let to_ann = world.take_keyed(1);
    assert!(to_ann.iter().any(|(message, key)| *key == Some(StateKey::Peers)
        && matches!(message, ServerMessage::Peers { peers, .. } if peers.len() == 2)));
    assert!(to_ann.contains(&(ServerMessage::PeerJoined { peer: bob.peer, name: "Bob".into() }, None)));
    assert_eq!(world.names(2), ["Ann", "Bob"]);
    assert_eq!(world.take_types(2), ["welcome", "peers"]);
    assert_ne!(ann.peer, bob.peer);
    assert!(!ann.resumed && !ann.media);
    assert_eq!(world.conference.room("den").unwrap().people, 2);
    assert_eq!(world.take_commands(), ["join", "join"]);
}

#[test]
fn a_welcome_says_where_one_is_and_how_to_connect() {
    let mut world = World::new();
    world.join(1, "Ann");
    let Some(ServerMessage::Welcome { token, room, slots, ice_servers, stun_servers, .. }) =
        world.take(1).into_iter().next()
    else {
        panic!("no welcome first");
    };
    assert_eq!(token.len(), 107);
    assert_eq!((room.id.as_str(), room.name.as_str(), room.people), ("den", "Den", 1));
    assert_eq!(room.created_at.as_millis(), 1_700_000_000_000);
    assert_eq!((slots.pairs, slots.audio_only, slots.video_steps), (5, 3, vec![5, 9, 16, 25]));
    assert_eq!(ice_servers, [], "there is no TURN server");
    let outer: Vec<_> = stun_servers.into_iter().flat_map(|server| server.urls).collect();
    assert_eq!(outer, ["stun:203.0.113.5:3478"]);
}

#[test]
fn a_name_one_cannot_show_is_refused() {
    let mut world = World::new();
    world.open(1);
    for name in ["", "   ", "\u{7}", "\u{3164}", &"x".repeat(65)] {
        world.say(1, json!({ "type": "join", "room": "den", "name": name }));
        assert_eq!(world.take_types(1), ["error bad-name"], "{name:?}");
    }
    assert_eq!(world.conference.tally().count(Limit::NameChars), 1);
    world.say(1, json!({ "type": "join", "room": "den", "name": "ü".repeat(64) }));
    assert_eq!(world.take_types(1), ["welcome", "peers"]);
}

#[test]
fn a_full_room_says_so_until_somebody_leaves() {
    let mut world = World::with_limit(Limit::PeersPerRoom, 2);
    world.join(1, "Ann");
    world.join(2, "Bob");
    world.open(3);
    world.say(3, json!({ "type": "join", "room": "den", "name": "Cleo" }));
    assert_eq!(world.take_types(3), ["error room-full"]);
    assert_eq!(world.conference.tally().count(Limit::PeersPerRoom), 1);
    world.say(1, json!({ "type": "leave" }));
    world.say(3, json!({ "type": "join", "room": "den", "name": "Cleo" }));
    assert_eq!(world.take_types(3), ["welcome", "peers"]);
}

#[test]
fn join_comes_first_and_once() {
    let mut world = World::new();
    world.open(1);
    for message in
        [json!({ "type": "ping" }), json!({ "type": "leave" }), json!({ "type": "view", "tiles": [] })]
    {
        world.say(1, message);
        assert_eq!(world.take_types(1), ["error not-joined"]);
    }
    world.say(1, json!({ "type": "join", "room": "den", "name": "Ann" }));
    world.take(1);
    world.say(1, json!({ "type": "join", "room": "den", "name": "Ann" }));
    assert_eq!(world.take_types(1), ["error already-joined"]);
    world.say(1, json!({ "type": "ping" }));
    assert_eq!(world.take_types(1), ["pong"]);
}

#[test]
fn leaving_on_purpose_is_immediate_and_the_socket_may_enter_again() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.pass_millis(100);
    world.take(2);
    world.take_commands();
    world.say(1, json!({ "type": "leave" }));
    let to_bob = world.take(2);
    assert!(to_bob.contains(&ServerMessage::PeerLeft { peer: ann.peer, name: "Ann".into() }));
    assert!(
        to_bob
            .iter()
            .any(|message| matches!(message, ServerMessage::Peers { peers, .. } if peers.len() == 1))
    );
    assert_eq!(world.take_commands(), ["leave"]);
    world.say(1, json!({ "type": "join", "room": "den", "name": "Ann", "token": ann.token }));
    let again = world.welcome(1);
    assert!(!again.resumed, "a token does not outlive its person");
    assert_ne!(again.peer, ann.peer);
}

fn create(world: &mut World, name: &str) -> Result<crate::conference::CreatedRoom, CreateRoomError> {
    world.conference.create_room(
        world.now(),
        address(0),
        CreateRoom { name: name.into(), listed: true, topology: Topology::Sfu, ..CreateRoom::default() },
    )
}

#[test]
fn a_listed_room_is_made_once_and_its_secret_told_once() {
    let mut world = World::new();
    let made = create(&mut world, " Sprint\u{202e} \u{0}Review ").unwrap();
    assert_eq!((made.room.id.as_str(), made.room.name.as_str()), ("sprint-review", "Sprint Review"));
    assert_eq!(made.secret.len(), 54);
    let json = serde_json::to_value(&made).unwrap();
    assert_eq!(json["id"], "sprint-review");
    assert_eq!(json["topology"], "sfu");
    assert_eq!(
        create(&mut world, "sprint review"),
        Err(CreateRoomError::Exists { id: "sprint-review".into() })
    );
    for bad in ["", "  ", "\u{202e}\u{301}", "\u{200b}"] {
        assert_eq!(create(&mut world, bad), Err(CreateRoomError::InvisibleName), "{bad:?}");
    }
    assert_eq!(create(&mut world, &"a".repeat(65)), Err(CreateRoomError::LongName));
    assert_eq!(world.conference.tally().count(Limit::RoomNameChars), 1);
    assert_eq!(world.conference.room("nowhere"), None);
}

#[test]
fn there_are_only_so_many_rooms_and_an_empty_one_is_forgotten_after_five_minutes() {
    let mut world = World::with_limit(Limit::Rooms, 2);
    world.join(2, "Bob");
    world.room("Attic");
    world.enter(3, json!({ "type": "join", "room": "attic", "name": "Cleo" }));
    assert_eq!(create(&mut world, "Cellar"), Err(CreateRoomError::Over(Over::Whole(Limit::Rooms))));
    world.open(1);
    let cellar = world.link("cellar");
    world.say(1, json!({ "type": "join", "room": cellar, "name": "Ann" }));
    assert_eq!(world.take_types(1), ["error busy"]);
    assert_eq!(world.conference.tally().count(Limit::Rooms), 2);

    world.say(3, json!({ "type": "leave" }));
    world.pass(EMPTY_ROOM_KEPT.saturating_sub(Duration::from_millis(1)));
    assert!(world.conference.room("attic").is_some());
    world.pass_millis(1);
    assert_eq!(world.conference.room("attic"), None);
    assert!(world.conference.room("den").is_some(), "somebody is in it");
    create(&mut world, "Cellar").unwrap();
    world.say(2, json!({ "type": "leave" }));
    world.pass(EMPTY_ROOM_KEPT);
    assert_eq!(world.conference.room("den"), None);
}

#[test]
fn whoever_would_be_refused_learns_before_the_door_what_is_full() {
    let mut world = World::with_limit(Limit::PeersPerRoom, 2);
    let full = |world: &World, id: &str| world.conference.full_at_door(address(9), id);
    world.join(1, "Ann");
    assert_eq!(full(&world, "den"), None, "one more may come in");
    world.join(2, "Bob");
    assert_eq!(full(&world, "den"), Some(Full::Room), "by the bound of every room");
    assert_eq!(world.conference.tally().count(Limit::PeersPerRoom), 0, "who only looks is not refused");

    let mut world = World::with_limit(Limit::Rooms, 2);
    let (attic, cellar) = (world.link("attic"), world.link("cellar"));
    world.join(1, "Ann");
    world.enter(2, json!({ "type": "join", "room": attic, "name": "Bob" }));
    assert_eq!(full(&world, &attic), None, "what is there is entered");
    assert_eq!(full(&world, &cellar), Some(Full::Server), "what is not has no place");
    world.say(2, json!({ "type": "leave" }));
    assert_eq!(full(&world, &cellar), None, "an empty room gives way");
}

#[test]
fn a_room_goes_to_the_worker_with_the_fewest_people() {
    let mut world = World::with(Limits::default(), 2);
    world.room("Attic");
    world.join(1, "Ann");
    world.join(2, "Bob");
    world.enter(3, json!({ "type": "join", "room": "attic", "name": "Cleo" }));
    let joins: Vec<_> = world
        .commands
        .iter()
        .filter_map(|(worker, command)| matches!(command, Command::Join { .. }).then_some(*worker))
        .collect();
    assert_eq!(joins, [WorkerId(0), WorkerId(0), WorkerId(1)]);
}
