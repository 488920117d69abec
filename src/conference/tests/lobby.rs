//! Who waits to be let in, and who lets them.

use serde_json::{Value, json};

use super::harness::{World, address};
use super::moderation::{join, kept_by_ann, wish};
use crate::conference::Auth;
use crate::conference::door::NAMES_AT_DOOR;
use crate::conference::protocol::{ServerMessage, Waiting};
use crate::limits::Limit;

/// Who waits, as a moderator on `socket` was told last.
fn waiting(world: &mut World, socket: usize) -> Vec<Waiting> {
    let told = world.take(socket).into_iter().rev().find_map(|message| match message {
        ServerMessage::Lobby { waiting } => Some(waiting),
        _ => None,
    });
    told.expect("a lobby")
}

fn names(waiting: &[Waiting]) -> Vec<&str> {
    waiting.iter().map(|one| one.name.as_str()).collect()
}

#[test]
fn names_are_told_at_the_door_to_who_could_go_in_and_of_no_other_room() {
    let (mut world, room) = kept_by_ann(1, "open");
    join(&mut world, 2, &room, "Bob");
    let told = |world: &World| world.conference.names_at_door(world.now(), address(9), &room);
    assert_eq!(told(&world), ["Ann", "Bob"]);
    for kept in [
        json!({ "action": "access", "access": "lobby" }),
        json!({ "action": "access", "access": "token" }),
        json!({ "action": "lock", "locked": true }),
    ] {
        wish(&mut world, 1, json!({ "action": "access", "access": "open" }));
        wish(&mut world, 1, json!({ "action": "lock", "locked": false }));
        assert_eq!(told(&world).len(), 2);
        wish(&mut world, 1, kept.clone());
        assert_eq!(told(&world), Vec::<String>::new(), "{kept}");
    }
    wish(&mut world, 1, json!({ "action": "lock", "locked": false }));
    world.rule(Auth::Token, Auth::Open);
    assert_eq!(told(&world), Vec::<String>::new(), "where everybody needs a pass");
    world.rule(Auth::Open, Auth::Open);
    for socket in 3..10 {
        join(&mut world, socket, &room, "More");
    }
    assert_eq!(told(&world).len(), NAMES_AT_DOOR);
    let bob = world.welcome(2).peer.to_string();
    wish(&mut world, 1, json!({ "action": "ban", "peer": bob }));
    let from = |world: &World, socket| world.conference.names_at_door(world.now(), address(socket), &room);
    assert_eq!(
        (from(&world, 2).len(), from(&world, 9).len()),
        (0, NAMES_AT_DOOR),
        "who was banned sees nobody"
    );
    world.room("stage");
    world.enter(11, json!({ "type": "join", "room": "stage", "name": "Eve" }));
    let stage = world.conference.names_at_door(world.now(), address(9), "stage");
    assert_eq!(stage, Vec::<String>::new(), "anybody may look at what is listed");
}

#[test]
fn who_waits_is_in_no_room_and_holds_no_place() {
    let (mut world, room) = kept_by_ann(1, "lobby");
    join(&mut world, 2, &room, "Bob");
    let told = world.take(2);
    assert!(matches!(&told[..], [ServerMessage::Waiting { room: info, .. }] if info.people == 1), "{told:?}");
    assert_eq!(world.conference.peers.len(), 1);
    assert_eq!((world.conference.gauges().people, world.conference.gauges().waiting), (1, 1));
    for message in [
        json!({ "type": "chat", "ref": "a", "text": "x" }),
        json!({ "type": "view", "tiles": [] }),
        json!({ "type": "moderate", "action": "admit" }),
    ] {
        world.say(2, message);
        assert_eq!(world.take_types(2), ["error not-joined"]);
    }
    world.say(2, json!({ "type": "ping" }));
    assert_eq!(world.take_types(2), ["pong"]);
    world.pass_millis(600_000);
    assert_eq!((world.take(2), world.closed.len()), (vec![], 0), "they may wait as long as they like");
    let seen = waiting(&mut world, 1);
    assert_eq!(names(&seen), ["Bob"]);
    wish(&mut world, 1, json!({ "action": "admit", "knock": seen[0].knock }));
    assert_eq!(world.take_types(2).first().map(String::as_str), Some("welcome"));
    assert_eq!(waiting(&mut world, 1), []);
    assert_eq!(world.conference.peers.len(), 2);
}

#[test]
fn who_is_not_let_in_hears_so_and_may_ask_again() {
    let (mut world, room) = kept_by_ann(1, "lobby");
    join(&mut world, 2, &room, "Bob");
    let seen = waiting(&mut world, 1);
    wish(&mut world, 1, json!({ "action": "refuse", "knock": seen[0].knock }));
    assert_eq!(world.take_types(2), ["waiting", "error not-admitted"]);
    wish(&mut world, 1, json!({ "action": "admit", "knock": seen[0].knock }));
    assert_eq!(world.take_errors(1), ["error unknown-knock"]);
    world.say(2, json!({ "type": "join", "room": room, "name": "Bob" }));
    assert_eq!(world.take_types(2), ["waiting"]);
}

#[test]
fn who_goes_away_waits_no_more_be_it_by_a_word_or_by_the_socket() {
    let (mut world, room) = kept_by_ann(1, "lobby");
    for (socket, name) in [(2, "Bob"), (3, "Cid"), (4, "Dan")] {
        join(&mut world, socket, &room, name);
    }
    world.say(2, json!({ "type": "leave" }));
    world.close(3);
    assert_eq!(names(&waiting(&mut world, 1)), ["Dan"]);
    wish(&mut world, 1, json!({ "action": "admit" }));
    assert_eq!(world.take_types(2), ["waiting"]);
    assert!(world.take_types(4).contains(&"welcome".to_owned()));
    world.say(2, json!({ "type": "join", "room": room, "name": "Bob" }));
    assert_eq!(names(&waiting(&mut world, 1)), ["Bob"], "the socket may knock again");
}

#[test]
fn a_flood_of_knocks_is_bounded_by_room_and_address_and_who_waits_keeps_their_place() {
    let (mut world, room) = kept_by_ann(1, "lobby");
    join(&mut world, 2, &room, "Bob");
    let mut full = 0;
    for socket in 100..120 {
        world.open_from(socket, address(7));
        world.say(socket, json!({ "type": "join", "room": room, "name": "Mob" }));
        full += usize::from(world.take_types(socket) == ["error lobby-full"]);
    }
    assert_eq!(full, 20 - Limit::LobbyPerAddress.default_value());
    for socket in 200..300 {
        join(&mut world, socket, &room, "Mob");
    }
    let seen = waiting(&mut world, 1);
    assert_eq!((seen.len(), seen[0].name.as_str()), (Limit::LobbyPerRoom.default_value(), "Bob"));
    assert!(world.conference.tally().count(Limit::LobbyPerRoom) > 0);
    assert!(world.conference.tally().count(Limit::LobbyPerAddress) > 0);
}

#[test]
fn opening_the_door_lets_everybody_in_but_who_was_banned() {
    let (mut world, room) = kept_by_ann(1, "lobby");
    join(&mut world, 2, &room, "Bob");
    wish(&mut world, 1, json!({ "action": "admit" }));
    let bob = world.welcome(2).peer.to_string();
    wish(&mut world, 1, json!({ "action": "ban", "peer": bob }));
    world.take(2);
    let knock: Value =
        json!({ "type": "join", "room": room, "name": "Bob", "knock": true, "browser": "browser-of-000002" });
    world.say(2, knock);
    join(&mut world, 3, &room, "Cid");
    assert_eq!(
        (world.take_types(2), world.take_types(3)),
        (vec!["waiting".to_owned()], vec!["waiting".to_owned()])
    );
    wish(&mut world, 1, json!({ "action": "access", "access": "open" }));
    assert!(world.take_types(3).contains(&"welcome".to_owned()));
    assert_eq!(world.take_types(2), Vec::<String>::new());
    assert_eq!(names(&waiting(&mut world, 1)), ["Bob"]);
}

#[test]
fn who_moderates_learns_of_the_lobby_whenever_they_come() {
    let (mut world, room) = kept_by_ann(1, "lobby");
    world.say(1, json!({ "type": "leave" }));
    join(&mut world, 2, &room, "Bob");
    assert_eq!(world.take_types(2), ["waiting"], "nobody is there who might let them in");
    let secret = world.conference.keys.owner_secret(&room, world.conference.room(&room).unwrap().created_at);
    world.enter(3, json!({ "type": "join", "room": room, "name": "Ann", "secret": secret }));
    let seen = waiting(&mut world, 3);
    assert_eq!(names(&seen), ["Bob"]);
    wish(&mut world, 3, json!({ "action": "admit", "knock": seen[0].knock }));
    let bob = world.welcome(2).peer.to_string();
    join(&mut world, 4, &room, "Cid");
    world.take(2);
    wish(&mut world, 3, json!({ "action": "role", "peer": bob, "role": "moderator" }));
    assert_eq!(names(&waiting(&mut world, 2)), ["Cid"]);
    let cid = seen[0].knock.0 + 1;
    wish(&mut world, 2, json!({ "action": "admit", "knock": cid }));
    assert!(world.take_types(4).contains(&"welcome".to_owned()));
}

#[test]
fn a_browsers_name_of_another_length_is_refused() {
    let (mut world, room) = kept_by_ann(1, "open");
    world.open(2);
    for browser in ["", "short", &"x".repeat(65)] {
        world.say(2, json!({ "type": "join", "room": room, "name": "Bob", "browser": browser }));
        assert_eq!(world.take_types(2), ["error bad-message"], "{browser}");
    }
}
