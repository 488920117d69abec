//! Rooms whose people may talk directly: who is told what, and what passes between browsers.

use serde_json::{Value, json};

use super::harness::{World, address, offer};
use crate::conference::CreateRoom;
use crate::conference::protocol::{Path, ServerMessage, Topology, Why};
use crate::limits::Limit;
use crate::media::ids::PeerId;
use crate::media::message::Notice;

/// A world with a room of two that talk directly where they can, `attic`, and the secret of whoever made it.
fn world() -> (World, String) {
    let mut world = World::new();
    let wanted =
        CreateRoom { name: "Attic".into(), listed: true, topology: Topology::Auto, ..CreateRoom::default() };
    let made = world.conference.create_room(world.now(), address(0), wanted).unwrap();
    assert_eq!(made.room.topology, Topology::Auto);
    (world, made.secret)
}

fn join(name: &str) -> Value {
    json!({ "type": "join", "room": "attic", "name": name })
}

/// Enters, and has a connection to the server that was heard on.
fn enter(world: &mut World, socket: usize, join: Value) -> PeerId {
    let peer = world.enter(socket, join).peer;
    connect(world, socket, peer);
    peer
}

fn connect(world: &mut World, socket: usize, peer: PeerId) {
    world.say(socket, offer(1, true, &[("camera", "audio"), ("camera", "video")]));
    world.answer(peer, 1);
    world.notice(Notice::Heard { peer });
}

/// What a socket was told last of the way media goes.
fn told(world: &World, socket: usize) -> Option<(Path, Why, u64)> {
    world.all(socket).into_iter().rev().find_map(|message| match message {
        ServerMessage::Topology { path, reason, epoch, .. } => Some((path, reason, epoch)),
        _ => None,
    })
}

/// Both say that they have each other.
fn have_each_other(world: &mut World, [ann, bob]: [(usize, PeerId); 2]) {
    let epoch = told(world, ann.0).unwrap().2;
    for (from, to) in [(ann, bob), (bob, ann)] {
        let peer = to.1.to_string();
        world.say(from.0, json!({ "type": "direct", "epoch": epoch, "peer": peer, "state": "connected" }));
    }
}

#[test]
fn two_go_direct_when_both_say_so_and_to_the_server_when_a_third_comes() {
    let (mut world, _) = world();
    let ann = world.enter(1, join("Ann")).peer;
    assert_eq!(told(&world, 1).map(|(path, why, _)| (path, why)), Some((Path::Server, Why::Alone)));
    let bob = enter(&mut world, 2, join("Bob"));
    assert_eq!(told(&world, 2).map(|(path, why, _)| (path, why)), Some((Path::Server, Why::NotReady)));
    connect(&mut world, 1, ann);
    let (path, _, trying) = told(&world, 1).unwrap();
    assert_eq!((path, told(&world, 2)), (Path::Trying, told(&world, 1)));
    have_each_other(&mut world, [(1, ann), (2, bob)]);
    assert_eq!(told(&world, 1), Some((Path::Direct, Why::FewPeople, trying)));
    assert_eq!(told(&world, 2), told(&world, 1));
    enter(&mut world, 3, join("Cid"));
    for socket in 1..=3 {
        assert_eq!(told(&world, socket), Some((Path::Server, Why::ManyPeople, trying + 1)));
    }
    world.say(3, json!({ "type": "leave" }));
    world.pass_millis(4_999);
    assert_eq!(told(&world, 1), Some((Path::Server, Why::Settling, trying + 1)));
    world.pass_millis(1);
    assert_eq!(told(&world, 1), Some((Path::Trying, Why::FewPeople, trying + 2)));
    let counters = world.conference.counters();
    assert_eq!((counters.went_direct, counters.went_back), (1, 1));
}

#[test]
fn a_signal_passes_as_it_is_between_two_of_a_room_and_nowhere_else() {
    let (mut world, _) = world();
    let ann = enter(&mut world, 1, join("Ann"));
    world.take(1);
    world.say(1, json!({ "type": "signal", "to": ann.to_string(), "epoch": 1, "data": 1 }));
    assert_eq!(world.take_types(1), ["error unknown-peer"], "to oneself, whichever way media goes");
    let bob = enter(&mut world, 2, join("Bob"));
    let cid = world.join(3, "Cid").peer;
    let epoch = told(&world, 1).unwrap().2;
    for socket in 1..=3 {
        world.take(socket);
    }
    let data = json!({ "sdp": "v=0\r\n", "deep": [[{ "x": null }], 1.5, "\u{202e}"] });
    world.say(1, json!({ "type": "signal", "to": bob.to_string(), "epoch": epoch, "data": data }));
    assert_eq!(world.take(2), [ServerMessage::Signal { from: ann, epoch, data: data.clone() }]);
    // Without an epoch it is of the one that holds; of an earlier one it is of connections that are gone.
    world.say(1, json!({ "type": "signal", "to": bob.to_string(), "data": null }));
    assert_eq!(world.take(2), [ServerMessage::Signal { from: ann, epoch, data: Value::Null }]);
    world.say(1, json!({ "type": "signal", "to": bob.to_string(), "epoch": epoch - 1, "data": 1 }));
    assert_eq!((world.take_types(1), world.take_types(2)), (vec![], vec![]));
    assert_eq!(world.conference.counters().stale_direct, 1);
    for (from, to, error) in [
        (1, ann, "unknown-peer"),
        (1, cid, "unknown-peer"),
        (3, ann, "unknown-peer"),
        (1, PeerId(7), "unknown-peer"),
    ] {
        world.say(from, json!({ "type": "signal", "to": to.to_string(), "epoch": epoch, "data": 1 }));
        assert_eq!(world.take_types(from), [format!("error {error}")], "{to}");
    }
    world.say(1, json!({ "type": "signal", "to": bob.to_string() }));
    assert_eq!(world.take_types(1), ["error bad-message"], "there has to be data");
    assert_eq!((world.take_types(2), world.take_types(3)), (vec![], vec![]));
}

#[test]
fn who_signals_without_end_is_held_up_and_neither_the_other_nor_a_third_has_more_to_hear_than_a_call_needs() {
    let (mut world, _) = world();
    enter(&mut world, 1, join("Ann"));
    let bob = enter(&mut world, 2, join("Bob"));
    world.join(3, "Cid");
    world.take(1);
    world.take(2);
    world.take(3);
    world.bytes.clear();
    let message = json!({ "type": "signal", "to": bob.to_string(), "data": "x".repeat(4_000) }).to_string();
    for _ in 0..1_000 {
        world.text(1, &message);
        world.pass_millis(1);
    }
    let heard = world.bytes.get(&crate::conference::SocketId(2)).copied().unwrap_or(0);
    assert!((100_000..160_000).contains(&heard), "a burst of 128 KiB and a second of 16 KiB: {heard}");
    assert!(world.take_types(3).is_empty());
    assert!(world.conference.tally().count(Limit::SignalBytesPerSecond) > 0);
    // What is too large for any description is refused before it is read.
    world.pass_millis(20_000);
    world.take(1);
    world.text(1, &message.replace("xxxx", &"x".repeat(40)));
    assert_eq!(world.take_types(1), ["error too-large"]);
}

#[test]
fn whoever_made_the_room_chooses_its_topology_and_nobody_else() {
    let (mut world, secret) = world();
    let mut owner = join("Ann");
    owner["secret"] = secret.into();
    let ann = enter(&mut world, 1, owner);
    let bob = enter(&mut world, 2, join("Bob"));
    have_each_other(&mut world, [(1, ann), (2, bob)]);
    world.take_errors(2);
    world.say(2, json!({ "type": "topology", "topology": "sfu" }));
    assert_eq!(world.take_errors(2), ["error not-allowed"]);
    world.say(1, json!({ "type": "topology", "topology": "sfu" }));
    assert_eq!(told(&world, 2).map(|(path, why, _)| (path, why)), Some((Path::Server, Why::Chosen)));
    assert_eq!(world.conference.room("attic").unwrap().topology, Topology::Sfu);
    world.say(1, json!({ "type": "topology", "topology": "mesh" }));
    assert_eq!(world.conference.room("attic").unwrap().topology, Topology::Mesh);
    world.say(1, json!({ "type": "topology", "topology": "ring" }));
    assert_eq!(world.take_errors(1), ["error bad-message"]);
    // Whoever comes when everybody was gone finds it as it was left.
    for socket in [1, 2] {
        world.say(socket, json!({ "type": "leave" }));
    }
    world.enter(3, join("Cid"));
    assert_eq!(world.conference.room("attic").unwrap().topology, Topology::Mesh);
}

#[test]
fn while_somebody_keeps_their_address_to_themselves_nothing_goes_directly() {
    let (mut world, _) = world();
    enter(&mut world, 1, join("Ann"));
    let mut hidden = join("Bob");
    hidden["hideAddress"] = true.into();
    enter(&mut world, 2, hidden);
    let never =
        world.all(1).iter().chain(&world.all(2)).all(|message| {
            !matches!(message, ServerMessage::Topology { path: Path::Trying | Path::Direct, .. })
        });
    assert!(never, "not even for a moment: looking for a path tells addresses");
    assert_eq!(told(&world, 1).map(|(_, why, _)| why), Some(Why::HiddenAddress));
    world.say(2, json!({ "type": "hide-address", "hidden": false }));
    assert_eq!(told(&world, 1).map(|(path, ..)| path), Some(Path::Trying));
    world.say(1, json!({ "type": "hide-address", "hidden": true }));
    assert_eq!(told(&world, 2).map(|(path, why, _)| (path, why)), Some((Path::Server, Why::HiddenAddress)));
}

#[test]
fn who_comes_back_is_told_again_and_who_has_no_connection_left_begins_anew() {
    let (mut world, _) = world();
    let welcome = world.enter(1, join("Ann"));
    connect(&mut world, 1, welcome.peer);
    let bob = enter(&mut world, 2, join("Bob"));
    have_each_other(&mut world, [(1, welcome.peer), (2, bob)]);
    let direct = told(&world, 2).unwrap();
    assert_eq!(direct.0, Path::Direct);
    // A socket that is lost ends nothing: what is direct goes on.
    world.close(1);
    world.pass_millis(20_000);
    assert_eq!(told(&world, 2), Some(direct));
    let mut back = join("Ann");
    back["token"] = welcome.token.into();
    world.enter(3, back);
    assert_eq!(told(&world, 3), Some(direct));
    world.say(3, json!({ "type": "direct", "epoch": direct.2, "state": "gone" }));
    assert_eq!(told(&world, 2), Some((Path::Server, Why::Settling, direct.2 + 1)));
    world.pass_millis(5_000);
    assert_eq!(told(&world, 2), Some((Path::Trying, Why::FewPeople, direct.2 + 2)));
}

#[test]
fn in_a_room_that_goes_through_the_server_nobody_is_told_of_a_way() {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    let bob = world.join_with_media(2, "Bob");
    world.say(1, json!({ "type": "direct", "epoch": 1, "peer": bob.peer.to_string(), "state": "connected" }));
    world.say(1, json!({ "type": "hide-address", "hidden": true }));
    world.pass_millis(60_000);
    assert_eq!((told(&world, 1), told(&world, 2)), (None, None));
    assert_eq!(world.take_errors(1), Vec::<String>::new());
}
