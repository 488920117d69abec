//! Files that go through the server: who is told what of them, and whose bytes are carried.

use serde_json::{Value, json};

use super::harness::{World, offer};
use crate::conference::FILE_BYTES;
use crate::conference::protocol::{FileFrame, ServerMessage};
use crate::limits::{Limit, Limits};
use crate::media::files::FileId;
use crate::media::ids::PeerId;
use crate::media::message::Notice;

const ANN: usize = 1;
const BOB: usize = 2;
const CAROL: usize = 3;

/// Three people of one room, with connections; the third one has nothing to do with it.
fn world(limits: Limits) -> (World, [PeerId; 3]) {
    let mut world = World::with(limits, 1);
    world.room("attic");
    let people = [(ANN, "Ann"), (BOB, "Bob"), (CAROL, "Carol")].map(|(socket, name)| {
        let peer = world.enter(socket, json!({ "type": "join", "room": "attic", "name": name })).peer;
        connect(&mut world, socket, peer, 1);
        peer
    });
    world.take_commands();
    (world, people)
}

fn connect(world: &mut World, socket: usize, peer: PeerId, id: u32) {
    world.say(socket, offer(id, true, &[("camera", "audio")]));
    world.answer(peer, id);
    world.notice(Notice::Heard { peer });
}

fn say(world: &mut World, socket: usize, to: PeerId, frame: &Value) {
    world.say(socket, json!({ "type": "file", "to": to.to_string(), "frame": frame }));
}

/// All that a socket was told of files so far.
fn told(world: &World, socket: usize) -> Vec<(PeerId, FileFrame)> {
    let files = world.all(socket).into_iter().filter_map(|message| match message {
        ServerMessage::File { from, frame } => Some((from, frame)),
        _ => None,
    });
    files.collect()
}

fn offered(world: &mut World, to: PeerId, id: u32) {
    say(world, ANN, to, &json!({ "type": "offer", "id": id, "name": "a.pdf", "size": 5 }));
}

/// Ann's file `id` is accepted by Bob, and she starts it.
fn started(world: &mut World, [ann, bob, _]: [PeerId; 3], id: u32) {
    offered(world, bob, id);
    say(world, BOB, ann, &json!({ "type": "accept", "id": id }));
    say(world, ANN, bob, &json!({ "type": "start", "id": id }));
}

#[test]
fn a_file_is_offered_accepted_carried_and_over() {
    let (mut world, people) = world(Limits::default());
    let [ann, bob, _] = people;
    offered(&mut world, bob, 4);
    say(&mut world, ANN, bob, &json!({ "type": "start", "id": 4 }));
    assert_eq!(world.take_errors(ANN), ["error bad-message"], "nobody wants it yet");
    say(&mut world, BOB, ann, &json!({ "type": "accept", "id": 4 }));
    assert!(world.take_commands().is_empty());
    for _ in 0..2 {
        // Said again after the socket was another one for a moment.
        say(&mut world, ANN, bob, &json!({ "type": "start", "id": 4 }));
    }
    assert_eq!(world.take_commands().len(), 1, "its sender's worker is told, once");
    assert_eq!(world.conference.gauges().files, 1);
    let digest = "0".repeat(64);
    say(&mut world, ANN, bob, &json!({ "type": "done", "id": 4, "digest": digest }));
    say(&mut world, BOB, ann, &json!({ "type": "received", "id": 4 }));
    assert_eq!(world.take_commands().len(), 1, "it is over");
    assert_eq!(world.conference.gauges().files, 0);
    let kinds = |socket| {
        let frames = told(&world, socket).into_iter();
        frames.map(|(_, frame)| json!(frame)["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(ANN), ["accept", "received"]);
    assert_eq!(kinds(BOB), ["offer", "done"]);
    assert!(kinds(CAROL).is_empty(), "nobody else hears of it");
    // What crossed the end is of nothing.
    say(&mut world, ANN, bob, &json!({ "type": "cancel", "id": 4, "reason": "withdrawn" }));
    assert_eq!(told(&world, BOB).len(), 2);
}

#[test]
fn only_so_many_are_carried_and_the_next_has_to_wait() {
    let (mut world, people) = world(Limits::default());
    let [_, bob, _] = people;
    for id in 1..=4 {
        started(&mut world, people, id);
    }
    assert_eq!(told(&world, ANN).last(), Some(&(bob, FileFrame::Wait { id: 4 })));
    assert_eq!(world.conference.tally().count(Limit::FilesCarriedPerPeer), 1);
    say(&mut world, ANN, bob, &json!({ "type": "cancel", "id": 1, "reason": "withdrawn" }));
    say(&mut world, ANN, bob, &json!({ "type": "start", "id": 4 }));
    assert_eq!(world.conference.gauges().files, 3);
}

#[test]
fn one_address_does_not_take_all_places() {
    let (mut world, people) = world(Limits::default().with(Limit::FilesCarriedPerAddress, 1));
    let [ann, bob, carol] = people;
    started(&mut world, people, 1);
    started(&mut world, people, 2);
    assert_eq!(told(&world, ANN).last(), Some(&(bob, FileFrame::Wait { id: 2 })));
    // A third person, from elsewhere.
    say(&mut world, CAROL, bob, &json!({ "type": "offer", "id": 1, "name": "b.pdf", "size": 5 }));
    say(&mut world, BOB, carol, &json!({ "type": "accept", "id": 1 }));
    say(&mut world, CAROL, bob, &json!({ "type": "start", "id": 1 }));
    assert_eq!(world.conference.gauges().files, 2);
    let _ = ann;
}

#[test]
fn what_cannot_be_carried_is_refused_with_the_reason() {
    let (mut world, people) = world(Limits::default().with(Limit::FilesPerPeer, 1));
    let [_, bob, _] = people;
    let refusal = |world: &World| match told(world, ANN).pop() {
        Some((from, FileFrame::Refuse { reason, .. })) if from == bob => reason,
        other => panic!("{other:?}"),
    };
    say(&mut world, ANN, bob, &json!({ "type": "offer", "id": 1, "name": "a", "size": FILE_BYTES + 1 }));
    assert_eq!(refusal(&world), "too-large");
    offered(&mut world, bob, 2);
    offered(&mut world, bob, 3);
    assert_eq!(refusal(&world), "busy");
    say(&mut world, ANN, PeerId(99), &json!({ "type": "offer", "id": 4, "name": "a", "size": 1 }));
    assert_eq!(world.take_errors(ANN), ["error unknown-peer"]);
    let long = "x".repeat(1_025);
    say(&mut world, ANN, bob, &json!({ "type": "offer", "id": 5, "name": long, "size": 1 }));
    assert_eq!(world.take_errors(ANN), ["error bad-name"]);
    say(&mut world, ANN, bob, &json!({ "type": "wait", "id": 2 }));
    assert_eq!(world.take_errors(ANN), ["error bad-message"]);
    assert_eq!(told(&world, BOB).len(), 1, "Bob heard of one file");
}

#[test]
fn whoever_leaves_or_has_a_new_connection_takes_their_files_along() {
    for leaves in [true, false] {
        let (mut world, people) = world(Limits::default());
        let [ann, bob, _] = people;
        started(&mut world, people, 1);
        say(&mut world, BOB, ann, &json!({ "type": "offer", "id": 9, "name": "b.pdf", "size": 5 }));
        world.take_commands();
        if leaves {
            world.say(BOB, json!({ "type": "leave" }));
        } else {
            connect(&mut world, BOB, bob, 2);
        }
        let lost = "lost".to_owned();
        let told = told(&world, ANN);
        assert!(
            told.contains(&(bob, FileFrame::Refuse { id: 1, reason: lost.clone() })),
            "{leaves} {told:?}"
        );
        assert!(told.contains(&(bob, FileFrame::Cancel { id: 9, reason: lost })), "{leaves} {told:?}");
        assert_eq!(world.conference.gauges().files, 0);
    }
}

#[test]
fn a_file_of_which_too_much_comes_ends_for_both() {
    let (mut world, people) = world(Limits::default());
    let [ann, bob, _] = people;
    started(&mut world, people, 1);
    let file = FileId { from: ann, to: bob, id: 1 };
    for _ in 0..2 {
        world.notice(Notice::FileBroken { file });
    }
    let order = "order".to_owned();
    assert_eq!(told(&world, ANN).last(), Some(&(bob, FileFrame::Refuse { id: 1, reason: order.clone() })));
    assert_eq!(told(&world, BOB).last(), Some(&(ann, FileFrame::Cancel { id: 1, reason: order })));
    assert_eq!(world.conference.gauges().files, 0);
}
