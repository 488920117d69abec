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
    let workers: Vec<_> = world.commands.iter().map(|(worker, _)| worker.index()).collect();
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
    let ann_moves = ["join", "elsewhere 0", "publish 2", "mute Camera Audio true"];
    let told = [&ann_moves[..], &["join", "publish 2", "view 1"]].concat();
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
    assert_eq!(commands(&mut world), sent(1, &["join", "elsewhere 0", "join", "offer 2 fresh"]));
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
    let told = ["join", "publish 2", "mute Camera Audio true", "offer 1 fresh", "join", "offer 1 fresh"];
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

/// Two in a room whose worker has no room for more, and one who came after that.
fn spilled(world: &mut World) {
    world.join_with_media(1, "Ann");
    world.join_with_media(2, "Bob");
    world.busy(0, 700);
    world.take_commands();
    world.join_with_media(3, "Cleo");
    world.take(3);
}

#[test]
fn whoever_comes_when_a_worker_is_busy_is_served_by_another_and_both_know_all_of_the_room() {
    let mut world = world();
    spilled(&mut world);
    let (on_first, others): (Vec<_>, Vec<_>) = commands(&mut world).into_iter().partition(|(to, _)| *to == 0);
    assert_eq!(on_first, sent(0, &["elsewhere 1", "lead 0"]));
    let told = ["elsewhere 0", "elsewhere 0", "join", "lead 0", "offer 1 fresh", "publish 2"];
    assert_eq!(others, sent(1, &told));
    assert_eq!(world.conference.counters().spilled, 1);
    world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": true }));
    assert_eq!(commands(&mut world), sent(0, &["mute Camera Audio true"]), "her core tells the other");
    world.say(3, json!({ "type": "leave" }));
    let left = commands(&mut world).into_iter().filter(|(_, what)| what == "leave").collect::<Vec<_>>();
    assert_eq!(
        left,
        [sent(0, &["leave"]), sent(1, &["leave"; 3])].concat(),
        "nobody there is left to be shown anybody"
    );
}

#[test]
fn people_come_back_to_the_first_worker_one_by_one_when_it_had_room_for_half_a_minute() {
    let mut world = world();
    spilled(&mut world);
    for _ in 0..29 {
        world.busy(0, 200);
        world.pass_millis(1_000);
    }
    assert_eq!(world.take_types(3).iter().filter(|what| what.starts_with("error")).count(), 0);
    world.busy(0, 350);
    world.pass_millis(1_000);
    for _ in 0..31 {
        assert_eq!(world.conference.counters().folded, 0, "it was too busy in between");
        world.busy(0, 200);
        world.pass_millis(1_000);
    }
    assert_eq!(world.conference.counters().folded, 1);
    assert!(world.take_types(3).contains(&"error media-lost rebuild".to_owned()));
    let people: Vec<usize> = world.conference.workers.loads().iter().map(|load| load.0).collect();
    assert_eq!(people, [3, 0, 0]);
    assert_eq!(world.conference.peers.len(), 3, "and nobody left");
}

#[test]
fn a_worker_that_is_gone_takes_only_its_own_people() {
    let mut world = world();
    spilled(&mut world);
    world.take(1);
    world.gone(1);
    assert_eq!(world.take_types(1), [""; 0], "Ann's connection is where it was");
    assert_eq!(world.take_types(3).last().map(String::as_str), Some("error media-lost rebuild"));
    let first = world.conference.rooms.values().next().map(|room| room.whereabouts.first);
    assert_eq!(first, Some(Some(WorkerId(0))));
    world.gone(0);
    let first = world.conference.rooms.values().next().map(|room| room.whereabouts.first);
    assert_eq!(first, Some(Some(WorkerId(2))), "who has the floor is found out where people are");
}
