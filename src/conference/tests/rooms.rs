//! The list of rooms, and how a room leaves it.

use serde_json::json;

use super::harness::{World, address};
use crate::conference::CreateRoom;
use crate::conference::protocol::Topology;
use crate::conference::room::EMPTY_ROOM_KEPT;
use crate::ledger::Resource;

/// Each room is made from an address of its own.
fn make(world: &mut World, name: &str, listed: bool) {
    let by = address(world.conference.ledger().total(Resource::Rooms));
    world
        .conference
        .create_room(
            world.now(),
            by,
            CreateRoom { name: name.into(), listed, topology: Topology::Sfu, ..CreateRoom::default() },
        )
        .unwrap();
}

fn ids(world: &World, after: Option<&str>, most: usize) -> (Vec<String>, Option<String>) {
    let page = world.conference.listed_rooms(after, most);
    (page.rooms.into_iter().map(|room| room.id).collect(), page.next)
}

#[test]
fn pages_hold_every_listed_room_once_and_no_other() {
    let mut world = World::empty();
    for number in 0..250 {
        make(&mut world, &format!("Room {number:03}"), number % 2 == 0);
    }
    let expected: Vec<_> = (0..250).step_by(2).map(|number| format!("room-{number:03}")).collect();
    for most in [1, 7, 50, 100, 125, 1_000] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = ids(&world, after.as_deref(), most);
            assert!(page.len() <= most.min(100) && (next.is_none() || page.len() == most.min(100)));
            seen.extend(page);
            after = next;
            assert!(seen.len() <= expected.len(), "a room comes twice");
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{most} on a page");
    }
    assert_eq!(ids(&world, Some("room-248"), 50), (vec![], None));
    assert_eq!(ids(&world, Some("zzz"), 0), (vec![], None));
}

#[test]
fn a_page_tells_who_is_there_and_goes_on_after_a_room_that_is_gone() {
    let mut world = World::empty();
    for name in ["One", "Three", "Two"] {
        make(&mut world, name, true);
    }
    world.enter(1, json!({ "type": "join", "room": "two", "name": "Ann" }));
    world.enter(2, json!({ "type": "join", "room": "one", "name": "Bob" }));
    let people: Vec<_> =
        world.conference.listed_rooms(None, 9).rooms.iter().map(|room| room.people).collect();
    assert_eq!(people, [1, 0, 1]);
    let (first, next) = ids(&world, None, 2);
    assert_eq!((first, next.as_deref()), (vec!["one".into(), "three".into()], Some("three")));
    // `three` was never entered; it ends between the two requests.
    world.pass(EMPTY_ROOM_KEPT);
    assert_eq!(ids(&world, next.as_deref(), 2), (vec!["two".into()], None));
    assert_eq!(ids(&world, None, 9).0, ["one", "two"]);
}

#[test]
fn an_empty_room_waits_five_minutes_and_one_that_is_used_does_not_end() {
    let mut world = World::new();
    world.join(1, "Ann");
    world.pass(EMPTY_ROOM_KEPT * 3);
    world.say(1, json!({ "type": "leave" }));
    world.pass_millis(299_999);
    assert!(world.conference.room("den").is_some());
    world.join(2, "Ann");
    world.pass_millis(1_000);
    world.say(2, json!({ "type": "leave" }));
    world.pass_millis(299_999);
    assert!(world.conference.room("den").is_some(), "it waits anew");
    world.pass_millis(1);
    assert_eq!(world.conference.room("den"), None);
}
