//! What the others see of the name of somebody, and of a room.

use serde_json::{Value, json};

use super::harness::World;
use super::links::{enter, make};
use crate::conference::protocol::{ErrorCode, ServerMessage};

fn announced(world: &mut World, socket: usize) -> Vec<String> {
    let names = world.take(socket).into_iter().filter_map(|message| match message {
        ServerMessage::PeerJoined { name, .. } | ServerMessage::PeerLeft { name, .. } => Some(name),
        _ => None,
    });
    names.collect()
}

fn back(name: &str, token: &str) -> Value {
    json!({ "type": "join", "room": "den", "name": name, "token": token })
}

#[test]
fn a_name_reaches_the_others_without_what_could_hurt_them() {
    let mut world = World::new();
    world.join(1, "Eve");
    world.take(1);
    for (socket, typed, seen) in [
        (2, "Bob \u{202e}redaerps", "Bob redaerps"),
        (3, "\u{3164}Kim\u{1b}[31m", "Kim[31m"),
        (4, "A\u{0}d\ta\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}", "Ad á\u{301}\u{301}\u{301}\u{301}"),
        (5, "علی‌رضا", "علی‌رضا"),
        (6, "👩🏽‍🚀", "👩🏽‍🚀"),
    ] {
        world.join(socket, typed);
        assert_eq!(announced(&mut world, 1), [seen], "{}", typed.escape_unicode());
        assert_eq!(world.names(socket).last().map(String::as_str), Some(seen), "in the list");
    }
    world.open(9);
    for nobody in ["\u{200b}\u{2060}", "\u{2800}", "\u{202e}", "\u{301}", &"ü".repeat(65)] {
        world.say(9, json!({ "type": "join", "room": "den", "name": nobody }));
        assert_eq!(world.take_types(9), ["error bad-name"], "{}", nobody.escape_unicode());
    }
    assert_eq!(world.conference.counters().refusals(ErrorCode::BadName), 5);
    assert_eq!(world.conference.room("den").unwrap().people, 6);
}

#[test]
fn two_people_of_one_name_are_told_apart_for_as_long_as_they_are_there() {
    let mut world = World::new();
    world.join(9, "Eve");
    world.take(9);
    let first = world.join(1, "Ann");
    let second = world.join(2, "a\u{200b}nn ");
    world.join(3, "Ann (2)");
    assert_eq!(announced(&mut world, 9), ["Ann", "ann (2)", "Ann (2) (2)"]);

    // The second one's page is reloaded, and the first one leaves: the others know her as before.
    world.close(2);
    let again = world.enter(4, back("ann", &second.token));
    assert!(again.resumed);
    world.say(1, json!({ "type": "leave" }));
    assert_eq!(announced(&mut world, 9), ["Ann"]);
    world.close(4);
    let again = world.enter(5, back("ann", &again.token));
    world.pass_millis(100);
    assert_eq!(world.names(9), ["Eve", "ann (2)", "Ann (2) (2)"]);

    // The name is free: somebody new may have it. Whoever changes theirs is told apart anew.
    let third = world.join(6, "Ann");
    world.close(5);
    world.enter(7, back("Bea", &again.token));
    world.close(6);
    world.enter(8, back("bea", &third.token));
    world.pass_millis(100);
    assert_eq!(world.names(9), ["Eve", "Bea", "Ann (2) (2)", "bea (2)"]);
    assert_ne!(first.peer, third.peer);
}

#[test]
fn a_name_is_only_taken_in_its_room() {
    let mut world = World::new();
    world.room("Attic");
    world.join(1, "Ann");
    world.enter(2, json!({ "type": "join", "room": "attic", "name": "Ann" }));
    world.pass_millis(100);
    assert_eq!((world.names(1), world.names(2)), (vec!["Ann".to_owned()], vec!["Ann".to_owned()]));
}

#[test]
fn a_hundred_people_of_one_name_have_a_hundred_names() {
    let mut world = World::new();
    for socket in 1..=100 {
        world.join(socket, "Ann");
    }
    world.pass_millis(5_000);
    let names = world.names(1);
    assert_eq!(
        (names.first().map(String::as_str), names.last().map(String::as_str)),
        (Some("Ann"), Some("Ann (100)"))
    );
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 100);
}

#[test]
fn a_room_that_is_made_again_is_called_as_it_was_by_who_was_inside_and_by_nobody_else_otherwise() {
    for (name, listed, says, called) in [
        ("Team Room", false, "Team Room", "Team Room"),
        ("Café Olé", false, "Café Olé", "Café Olé"),
        ("会議", false, "会議", "会議"),
        ("Café Olé", true, "Café Olé", "Café Olé"),
        // Another name than the link has, one that cannot be shown, one that is too long.
        ("Team Room", false, "Bank of Bob", "team-room"),
        ("Team Room", false, "\u{7}", "team-room"),
        ("Team Room", false, &"team-room ".repeat(400), "team-room"),
        ("Stage", true, "Bank of Bob", "stage"),
    ] {
        let mut world = World::new();
        let id = make(&mut world, name, listed).room.id;
        let token = enter(&mut world, 1, &id, None).token;
        world.restart();
        world
            .enter(2, json!({ "type": "join", "room": id, "name": "Ann", "token": token, "roomName": says }));
        assert_eq!(world.conference.room(&id).unwrap().name, called, "{says}");
    }
}
