//! What one address may have and ask for, and that it is no other's loss.

use serde_json::json;

use super::harness::{World, address};
use crate::conference::{CreateRoom, CreateRoomError};
use crate::ledger::{Held, Over};
use crate::limits::{Limit, Limits};

fn make(world: &mut World, from: usize, name: &str) -> Result<(), CreateRoomError> {
    let request = CreateRoom { name: name.into(), listed: true };
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
    assert_eq!(world.conference.ledger().held(address(9), Held::Rooms), 2);
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
    assert_eq!(world.conference.ledger().total(Held::Rooms), 0, "what is forgotten is given back");
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
