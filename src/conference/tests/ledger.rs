//! What one address may have and ask for, and that it is no other's loss.

use serde_json::json;

use super::harness::{World, address};
use std::time::Duration;

use crate::conference::protocol::{ServerMessage, Topology};
use crate::conference::{CreateRoom, CreateRoomError, SocketId, Turn, TurnSecret};
use crate::ledger::{Over, Resource};
use crate::limits::{Limit, Limits};
use crate::media::message::Command;

fn make(world: &mut World, from: usize, name: &str) -> Result<(), CreateRoomError> {
    let request =
        CreateRoom { name: name.into(), listed: true, topology: Topology::Sfu, ..CreateRoom::default() };
    world.conference.create_room(world.now(), address(from), request).map(|_| ())
}

#[test]
fn whoever_fills_the_rooms_makes_place_for_others_with_an_empty_one_of_theirs() {
    let limits = Limits::default().with(Limit::Rooms, 5);
    let mut world = World::with(limits, 1);
    world.join(1, "Ann");
    make(&mut world, 7, "Honest").unwrap();
    (0..3).for_each(|number| make(&mut world, 9, &format!("Spam {number}")).unwrap());
    world.enter(2, json!({ "type": "join", "room": "spam-0", "name": "Mallory" }));
    make(&mut world, 8, "Newcomer").unwrap();
    assert!(world.conference.room("spam-1").is_none(), "the oldest empty one of whoever has most");
    for stays in ["den", "honest", "spam-0", "spam-2", "newcomer"] {
        assert!(world.conference.room(stays).is_some(), "{stays}");
    }
    assert_eq!(world.conference.ledger().held(address(9), Resource::Rooms), 2);
}

#[test]
fn an_address_makes_and_has_only_so_many_rooms_and_the_others_make_theirs() {
    let mut world = World::new();
    let made = (0..1_000).take_while(|number| make(&mut world, 9, &format!("Spam {number}")).is_ok()).count();
    assert_eq!(made, 60, "two minutes' worth");
    let over = make(&mut world, 9, "One more").unwrap_err();
    assert!(
        matches!(over, CreateRoomError::Over(Over::Rate(Limit::RoomsMadePerMinutePerAddress, _))),
        "{over:?}"
    );
    make(&mut world, 8, "Honest").unwrap();
    let mut world = World::with_limit(Limit::RoomsPerAddress, 2);
    for name in ["One", "Two"] {
        make(&mut world, 9, name).unwrap();
    }
    let over = make(&mut world, 9, "Three").unwrap_err();
    assert_eq!(over, CreateRoomError::Over(Over::Address(Limit::RoomsPerAddress)));
    make(&mut world, 8, "Honest").unwrap();
    world.pass(crate::conference::room::EMPTY_ROOM_KEPT);
    assert_eq!(world.conference.ledger().total(Resource::Rooms), 0, "what is forgotten is given back");
    make(&mut world, 9, "Three").unwrap();
}

#[test]
fn whoever_asks_for_rooms_that_are_not_hears_less_and_others_behind_the_same_address_come_in() {
    let mut world = World::new();
    let guess = json!({ "type": "join", "room": "guess", "name": "Mallory" });
    let mut heard = Vec::new();
    for socket in 0..100 {
        world.open_from(socket, address(9));
        (0..4).for_each(|_| world.say(socket, guess.clone()));
        heard.extend(world.take_types(socket));
    }
    let count = |what: &str| heard.iter().filter(|one| *one == what).count();
    assert!(count("error unknown-room") <= 300, "{}", count("error unknown-room"));
    assert!(count("error rate-limited") >= 80);
    // The same address, but it knows where it wants to go. Joins have a rate of their own.
    world.pass_millis(1_000);
    world.open_from(200, address(9));
    world.say(200, json!({ "type": "join", "room": "den", "name": "Ann" }));
    assert_eq!(world.take_types(200)[0], "welcome");
}

#[test]
fn joins_of_one_address_have_a_rate_and_a_third_person_enters_at_once() {
    let mut world = World::with_limit(Limit::PeersPerRoom, 10_000);
    for socket in 0..400 {
        world.open_from(socket, address(9));
        world.say(socket, json!({ "type": "join", "room": "den", "name": "Mallory" }));
    }
    assert_eq!(world.conference.room("den").unwrap().people, 300, "a school at once");
    assert_eq!(world.take_types(399), ["error rate-limited"]);
    world.open_from(500, address(8));
    world.say(500, json!({ "type": "join", "room": "den", "name": "Ann" }));
    assert_eq!(world.take_types(500)[0], "welcome");
    world.pass_millis(1_000);
    world.say(399, json!({ "type": "join", "room": "den", "name": "Mallory" }));
    assert_eq!(world.take_types(399)[0], "welcome");
}

#[test]
fn a_socket_on_which_nobody_comes_in_ends_and_one_that_was_left_ends_later() {
    let mut world = World::new();
    world.open(1);
    world.pass_millis(9_000);
    world.say(1, json!({ "type": "join", "room": "nowhere", "name": "Ann" }));
    assert_eq!(world.take_types(1), ["error unknown-room"], "trying does not make it longer");
    world.pass_millis(999);
    assert_eq!(world.closed, []);
    world.pass_millis(1);
    assert_eq!(world.closed, [(SocketId(1), 4004)]);

    world.join(2, "Bob");
    world.pass_millis(20_000);
    world.say(2, json!({ "type": "leave" }));
    world.pass_millis(59_999);
    world.say(2, json!({ "type": "join", "room": "den", "name": "Bob" }));
    assert_eq!(world.take_types(2).first().map(String::as_str), Some("welcome"));
    world.pass_millis(600_000);
    assert_eq!(world.closed.len(), 1, "whoever is inside is let be");
    world.say(2, json!({ "type": "leave" }));
    world.pass_millis(60_000);
    assert_eq!(world.closed.last(), Some(&(SocketId(2), 4004)));
}

#[test]
fn the_last_tenth_of_a_rooms_places_is_kept_for_other_addresses() {
    let mut world = World::new();
    let join = json!({ "type": "join", "room": "den", "name": "Somebody" });
    for socket in 0..99 {
        world.open_from(socket, address(9));
        world.say(socket, join.clone());
    }
    assert_eq!(world.conference.room("den").unwrap().people, 90);
    assert_eq!(world.take_types(98), ["error room-full"]);
    // A family of two, and others, each from an address of their own.
    for socket in 100..102 {
        world.open_from(socket, address(8));
        world.say(socket, join.clone());
    }
    for socket in 200..208 {
        world.enter(socket, join.clone());
    }
    assert_eq!(world.conference.room("den").unwrap().people, 100);
    // Whoever leaves makes a place, not for the one who has most of them.
    world.say(205, json!({ "type": "leave" }));
    world.say(98, join.clone());
    assert_eq!(world.take_types(98), ["error room-full"]);
    world.enter(300, join);
}

#[test]
fn offers_of_many_sockets_of_one_address_wait_for_each_other_and_not_a_third_person_for_them() {
    let mut world = World::with_limit(Limit::OffersPerSecondPerAddress, 2);
    let third = world.join(500, "Third");
    // Forty at once are the address's, and each socket brings six of its own.
    for socket in 0..60 {
        world.open_from(socket, address(9));
        world.say(socket, json!({ "type": "join", "room": "den", "name": "Mallory" }));
    }
    world.take_commands();
    (0..60).for_each(|socket| world.offer(socket, 1, true));
    let before = world.elapsed;
    world.offer(500, 1, true);
    let at_worker = |world: &World, peer| {
        let offers = world.commands.iter();
        offers
            .filter(|(_, command)| matches!(command, Command::Offer { peer: of, .. } if *of == peer))
            .count()
    };
    while at_worker(&world, third.peer) == 0 {
        world.pass_millis(1);
    }
    assert!(world.elapsed <= before + Duration::from_millis(2), "one turn, whatever waits");
    world.pass_millis(100);
    let read = |world: &World| {
        world.commands.iter().filter(|(_, command)| matches!(command, Command::Offer { .. })).count() - 1
    };
    assert_eq!(read(&world), 40);
    world.pass_millis(9_900);
    assert_eq!(read(&world), 60, "two a second, and none is forgotten");
}

#[test]
fn users_of_the_relay_are_counted_by_address_and_those_over_it_enter_without() {
    let limits = Limits::default().with(Limit::TurnUsersPerHourPerAddress, 2);
    let secret = TurnSecret::new(b"0123456789abcdef").unwrap();
    let turn = Turn { urls: vec!["turn:turn.example.org".to_owned()], secret };
    let mut world = World::with_turn(limits, 1, Some(turn));
    let mut servers = |socket: usize, from: usize, token: Option<String>| {
        world.open_from(socket, address(from));
        world.say(socket, json!({ "type": "join", "room": "den", "name": "Ann", "token": token }));
        let welcome = world.take(socket).into_iter().find_map(|message| match message {
            ServerMessage::Welcome { ice_servers, token, .. } => Some((ice_servers.len(), token)),
            _ => None,
        });
        welcome.unwrap()
    };
    let (count, token) = servers(1, 9, None);
    assert_eq!(count, 1);
    assert_eq!(servers(2, 9, Some(token)).0, 1, "coming back is no new user");
    assert_eq!([servers(3, 9, None).0, servers(4, 9, None).0], [1, 0]);
    assert_eq!(servers(5, 8, None).0, 1);
    world.pass_millis(45 * 60 * 1_000);
    let told = world.take_types(4);
    assert!(told.contains(&"ice-servers".to_owned()), "they come once the rate allows it: {told:?}");
}
