//! Reactions: seen by everybody present, for a moment, and by nobody later.

use serde_json::{Value, json};

use super::harness::World;
use super::moderation::{join, kept_by_ann, wish};
use crate::conference::protocol::{ErrorCode, Reaction, ServerMessage};
use crate::limits::Limit;

fn react(reaction: &str) -> Value {
    json!({ "type": "react", "reaction": reaction })
}

/// A world with so many people who have heard all there is.
fn of(names: &[&str]) -> World {
    let mut world = World::new();
    for (socket, name) in names.iter().enumerate() {
        world.join(socket + 1, name);
    }
    world.pass_millis(1_000);
    for socket in 1..=names.len() {
        world.take(socket);
    }
    world
}

/// How many reactions came on a socket since the last look.
fn seen(world: &mut World, socket: usize) -> usize {
    let messages = world.take(socket).into_iter();
    messages.filter(|message| matches!(message, ServerMessage::Reacted { .. })).count()
}

#[test]
fn everybody_present_sees_it_and_whoever_reacted_too() {
    let mut world = of(&["Ann", "Bob", "Cid"]);
    let ann = world.conference.rooms.values().flat_map(|room| room.state.people().to_vec()).next().unwrap();
    let all = [
        ("thumbs-up", Reaction::ThumbsUp),
        ("clap", Reaction::Clap),
        ("heart", Reaction::Heart),
        ("laugh", Reaction::Laugh),
        ("surprise", Reaction::Surprise),
        ("celebrate", Reaction::Celebrate),
    ];
    for (word, reaction) in all {
        world.say(1, react(word));
        for socket in 1..=3 {
            assert_eq!(world.take(socket), [ServerMessage::Reacted { peer: ann, reaction }], "{socket}");
        }
    }
}

#[test]
fn what_is_none_of_the_set_is_refused_and_reaches_nobody() {
    let mut world = of(&["Ann", "Bob"]);
    for message in [
        react("\u{1f44d}"),
        react("Clap"),
        react(""),
        react(&"x".repeat(10_000)),
        json!({ "type": "react" }),
        json!({ "type": "react", "reaction": 5 }),
        json!({ "type": "react", "reaction": ["clap"] }),
        json!({ "type": "react", "reaction": null }),
    ] {
        world.say(1, message.clone());
        let told = world.take(1);
        let [ServerMessage::Error { code: ErrorCode::BadMessage, message: why, .. }] = &told[..] else {
            panic!("{message}: {told:?}");
        };
        if message["reaction"].is_string() {
            assert!(why.starts_with("reaction: unknown variant"), "says what to mend: {why}");
        }
        assert_eq!(world.take(2), []);
    }
}

#[test]
fn a_flood_of_one_is_told_to_nobody_and_a_third_is_seen_all_the_same() {
    let mut world = of(&["Ann", "Bob", "Cid"]);
    let (mut of_both, mut errors) = (0, 0);
    // 40 a second for 20 s: under what a socket may say at all.
    for step in 0..800 {
        world.say(1, react("clap"));
        if step % 40 == 0 {
            world.say(3, react("heart"));
            let hearts = world.take(3).into_iter();
            let own = |message: &ServerMessage| {
                matches!(message, ServerMessage::Reacted { reaction: Reaction::Heart, .. })
            };
            assert_eq!(hearts.filter(own).count(), 1, "Cid is seen at {step}");
        }
        of_both += seen(&mut world, 2);
        errors += world.take_errors(1).len();
        world.pass_millis(25);
    }
    // Ten at once and two a second of Ann, one a second of Cid.
    assert!((60..=75).contains(&of_both), "Bob saw {of_both}");
    assert_eq!((errors, world.closed.len()), (0, 0), "nobody is told off");
    let tally = world.conference.tally();
    assert!(tally.count(Limit::ReactionsPerSecond) > 700);
    assert_eq!(tally.count(Limit::ReactionsPerSecondPerRoom), 0, "one person does not use up a room");
}

#[test]
fn a_full_room_claps_at_once_and_no_more_than_a_room_may() {
    let mut world = World::with_limit(Limit::ReactionsPerSecondPerRoom, 1);
    for socket in 1..=4 {
        world.join(socket, "Ann");
    }
    (1..=4).for_each(|socket| drop(world.take(socket)));
    for socket in 1..=4 {
        (0..3).for_each(|_| world.say(socket, react("celebrate")));
    }
    assert_eq!(seen(&mut world, 4), 5, "five seconds' worth");
    assert_eq!(world.conference.tally().count(Limit::ReactionsPerSecondPerRoom), 7);
    world.pass_millis(1_000);
    world.say(1, react("celebrate"));
    assert_eq!(seen(&mut world, 4), 1);
}

#[test]
fn who_is_away_and_who_comes_later_never_hear_of_it() {
    let mut world = World::new();
    world.join(1, "Ann");
    let bob = world.join(2, "Bob");
    world.close(2);
    world.say(1, react("laugh"));
    assert_eq!(seen(&mut world, 1), 1);
    world.resume(3, &bob.token);
    world.join(4, "Cid");
    world.pass_millis(1_000);
    assert_eq!((seen(&mut world, 2), seen(&mut world, 3), seen(&mut world, 4)), (0, 0, 0));
}

#[test]
fn listeners_react_as_they_raise_a_hand_and_who_waits_at_the_door_does_not() {
    let (mut world, room) = kept_by_ann(1, "open");
    join(&mut world, 2, &room, "Bob");
    let bob = world.welcome(2).peer;
    wish(&mut world, 1, json!({ "action": "role", "peer": bob.to_string(), "role": "listener" }));
    wish(&mut world, 1, json!({ "action": "access", "access": "lobby" }));
    join(&mut world, 3, &room, "Cid");
    world.pass_millis(1_000);
    (1..=3).for_each(|socket| drop(world.take(socket)));
    world.say(2, react("thumbs-up"));
    assert_eq!(world.take(1), [ServerMessage::Reacted { peer: bob, reaction: Reaction::ThumbsUp }]);
    assert_eq!(world.take(3), [], "who waits sees nothing of a room");
    world.say(3, react("clap"));
    assert_eq!(world.take_errors(3), ["error not-joined"]);
    assert_eq!(world.take(1), []);
}

#[test]
fn another_room_sees_nothing_of_it_and_the_room_is_as_before() {
    let mut world = of(&["Ann", "Bob"]);
    world.room("elsewhere");
    world.enter(3, json!({ "type": "join", "room": "elsewhere", "name": "Cid" }));
    world.pass_millis(1_000);
    (1..=3).for_each(|socket| drop(world.take(socket)));
    let version =
        |world: &World| world.conference.rooms.values().map(|room| room.state.version()).collect::<Vec<_>>();
    let before = version(&world);
    world.say(1, react("surprise"));
    assert_eq!((seen(&mut world, 2), world.take(3).len()), (1, 0));
    assert_eq!(version(&world), before);
}
