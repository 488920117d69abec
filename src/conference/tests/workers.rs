//! Workers that fail and come back: their people are moved and stay who they are.

use serde_json::json;

use super::harness::{World, offer};
use crate::conference::WorkerId;
use crate::conference::protocol::{Presence, ServerMessage};
use crate::limits::Limits;
use crate::media::ids::OfferId;
use crate::media::message::{Command, Notice};

fn world() -> World {
    World::with(Limits::default(), 3)
}

fn answers(world: &mut World, socket: usize) -> usize {
    world.take(socket).iter().filter(|message| matches!(message, ServerMessage::Answer { .. })).count()
}

/// Takes the commands sent so far, with whom each was sent to.
fn commands(world: &mut World) -> Vec<(usize, String)> {
    let workers: Vec<_> = world.commands.iter().map(|(WorkerId(worker), _)| *worker).collect();
    workers.into_iter().zip(world.take_commands()).collect()
}

fn sent(worker: usize, commands: &[&str]) -> Vec<(usize, String)> {
    commands.iter().map(|command| (worker, (*command).to_owned())).collect()
}

#[test]
fn a_room_moves_and_its_people_build_new_connections_unnoticed() {
    let mut world = world();
    let ann = world.join_with_media(1, "Ann");
    let bob = world.join_with_media(2, "Bob");
    world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": true }));
    world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "video", "muted": true }));
    world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "video", "muted": false }));
    world
        .say(2, json!({ "type": "view", "tiles": [{ "peer": ann.peer.to_string(), "stream": "camera", "height": 90 }] }));
    world.pass_millis(1_000);
    world.take(1);
    world.take(2);
    world.take_commands();

    world.gone(0);
    let told = ["join", "join", "publish 2", "mute Camera Audio true", "publish 2", "view 1"];
    assert_eq!(commands(&mut world), sent(1, &told));
    assert_eq!(world.take_types(1), ["error media-lost rebuild"]);
    assert_eq!(world.take_types(2), ["error media-lost rebuild"]);
    assert_eq!(world.conference.counters().moved, 2);

    world.offer(1, 1, true);
    assert_eq!(commands(&mut world), sent(1, &["offer 1 fresh"]));
    // What the worker that is gone still has to say is about nobody.
    for notice in [
        Notice::Refused { peer: ann.peer, id: OfferId(1), reason: String::new() },
        Notice::Lost { peer: ann.peer, reason: String::new() },
        Notice::Quiet { peer: bob.peer },
    ] {
        world.notice_of(0, notice);
    }
    world.answer(ann.peer, 1);
    for who in [&ann, &bob] {
        world.notice_of(1, Notice::Heard { peer: who.peer });
    }
    assert_eq!(world.take_errors(1), [""; 0]);
    world.pass_millis(60_000);
    let to_bob = world.take_types(2);
    assert!(
        !to_bob.iter().any(|kind| ["peers", "peer-left", "peer-joined"].contains(&kind.as_str())),
        "{to_bob:?}"
    );
    assert!(!world.resume(3, &bob.token).media, "the connection she had is gone");
    assert!(world.resume(4, &ann.token).media);
}

#[test]
fn an_offer_at_the_worker_that_is_gone_is_void_and_one_that_waits_goes_to_the_next() {
    let mut world = world();
    let ann = world.join(1, "Ann");
    let bob = world.join(2, "Bob");
    world.offer(1, 1, true);
    world.offer(2, 1, true);
    world.offer(2, 2, true);
    world.take_commands();
    world.take(1);
    world.take(2);
    world.gone(0);
    // Not `media-lost`: whoever waits for a first answer takes that for the connection before.
    assert_eq!(world.take_types(1), ["error offer-refused rebuild"]);
    assert_eq!(world.take_types(2), [""; 0], "he has a new connection waiting");
    assert_eq!(commands(&mut world), sent(1, &["join", "join", "offer 2 fresh"]));
    world.answer(ann.peer, 1);
    world.answer(bob.peer, 2);
    assert_eq!((answers(&mut world, 1), answers(&mut world, 2)), (0, 1));
}

#[test]
fn somebody_without_media_is_not_troubled() {
    let mut world = world();
    world.join(1, "Ann");
    world.take(1);
    world.gone(0);
    assert_eq!(world.take_types(1), [""; 0]);
}

#[test]
fn without_any_worker_people_wait_in_their_rooms() {
    let mut world = world();
    let ann = world.join_with_media(1, "Ann");
    world.take(1);
    for worker in [1, 2, 0] {
        world.gone(worker);
    }
    assert_eq!(world.take_types(1), ["error media-lost rebuild"], "told once, and at once");
    world.take_commands();
    world.join(2, "Bob");
    world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": true }));
    world.offer(1, 1, true);
    world.offer(2, 1, true);
    assert_eq!(commands(&mut world), []);
    world.pass_millis(4_900);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
    world.pass_millis(15_100);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::NoMedia), "nobody can hear anybody");

    world.back(2);
    let told = ["join", "join", "publish 2", "mute Camera Audio true", "offer 1 fresh", "offer 1 fresh"];
    assert_eq!(commands(&mut world), sent(2, &told));
    world.take(1);
    world.answer(ann.peer, 1);
    assert_eq!(answers(&mut world, 1), 1);
}

#[test]
fn who_has_no_socket_either_has_as_long_to_come_back_as_ever() {
    let mut world = world();
    let ann = world.join_with_media(1, "Ann");
    world.join(2, "Bob");
    world.close(1);
    world.pass_millis(60_000);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here), "her media is heard");
    world.gone(0);
    world.pass_millis(4_900);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
    world.pass_millis(200);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Reconnecting));
    world.pass_millis(24_800);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Reconnecting));
    world.pass_millis(200);
    assert_eq!(world.presence(2, ann.peer), None);
}

#[test]
fn a_worker_that_comes_back_forgets_whom_it_served() {
    let mut world = world();
    let ann = world.join_with_media(1, "Ann");
    world.gone(0);
    world.gone(0);
    world.take_commands();
    world.back(0);
    world.back(0);
    world.back(1);
    let Some((WorkerId(0), Command::Leave { peer })) = world.commands.pop() else {
        panic!("no word to the worker that is back")
    };
    assert_eq!((peer, world.commands.len()), (ann.peer, 0), "a room that has a worker stays where it is");
}

#[test]
fn rooms_of_a_worker_that_is_gone_are_spread_by_people() {
    let mut world = world();
    for (room, people) in [("One", 3), ("Two", 2), ("Three", 1)] {
        world.room(room);
        for person in 0..people {
            let socket = 10 * people + person;
            world.enter(socket, json!({ "type": "join", "room": room.to_lowercase(), "name": "Guest" }));
        }
    }
    let people =
        |world: &World| world.conference.workers.loads().iter().map(|load| load.0).collect::<Vec<_>>();
    assert_eq!(people(&world), [3, 2, 1]);
    world.gone(0);
    assert_eq!(people(&world), [0, 2, 4]);
    world.back(0);
    world.gone(2);
    // The larger room goes first: rooms move in the order they were opened.
    assert_eq!(people(&world), [3, 3, 0]);
    world.say(10, json!({ "type": "leave" }));
    assert_eq!(people(&world), [3, 2, 0]);
}

#[test]
fn a_screen_offered_before_the_move_is_asked_for_again() {
    let mut world = world();
    let ann = world.join_with_media(1, "Ann");
    world.say(1, offer(2, false, &[("camera", "audio"), ("camera", "video"), ("screen", "video")]));
    world.take(1);
    world.gone(0);
    assert_eq!(world.take_types(1), ["error media-lost rebuild"]);
    world.say(1, offer(3, true, &[("camera", "audio"), ("camera", "video"), ("screen", "video")]));
    world.answer(ann.peer, 3);
    world.pass_millis(100);
    assert_eq!(world.peers(1)[0].streams.len(), 2);
}
