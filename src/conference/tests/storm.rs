//! Many changes at once: everyone learns the truth, and nobody drowns in it.

use serde_json::json;

use super::harness::{World, type_of};
use crate::conference::SocketId;
use crate::conference::protocol::ServerMessage;
use crate::limits::{Limit, Limits};

fn lists(messages: &[ServerMessage]) -> usize {
    messages.iter().filter(|message| matches!(message, ServerMessage::Peers { .. })).count()
}

#[test]
fn changes_within_50_ms_become_one_list() {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    world.join_with_media(2, "Bob");
    world.pass_millis(1_000);
    world.take(2);
    for muted in [true, false, true, false, true] {
        world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": muted }));
        world.pass_millis(9);
    }
    assert_eq!(lists(&world.take(2)), 1, "the first change is told at once");
    world.pass_millis(4);
    assert_eq!(lists(&world.take(2)), 0);
    world.pass_millis(1);
    assert!(world.peers(2)[0].streams[0].audio.unwrap().muted, "the rest after 50 ms, as it is then");
    assert_eq!(lists(&world.take(2)), 1);
    world.pass_millis(10_000);
    assert_eq!(lists(&world.take(2)), 0);
}

#[test]
fn three_hundred_arrive_and_each_gets_few_bytes_and_the_whole_truth() {
    const PEOPLE: usize = 300;
    let mut world = World::with(Limits::default().with(Limit::PeersPerRoom, PEOPLE), 1);
    for socket in 0..PEOPLE {
        world.join_with_media(socket, &format!("Person number {socket}"));
        world.pass_millis(10);
    }
    world.pass_millis(3_000);
    // 6 s of the lists' budget of 32 kB/s, the list one got on arrival and the last one (50 kB at most each), and 6 s of
    // 16 announcements of 100 bytes; welcome, answer and publish are under 2 kB.
    let bound = 6 * 32_000 + 2 * 50_000 + 6 * 16 * 100 + 2_000;
    for socket in 0..PEOPLE {
        let bytes = world.bytes[&SocketId(socket)];
        assert!(bytes <= bound, "{socket} got {bytes} bytes, more than {bound}");
        assert_eq!(world.peers(socket).len(), PEOPLE, "{socket} does not know everyone");
        assert!(world.peers(socket).iter().all(|peer| peer.streams.len() == 1));
    }
    let joined = world.all(0).iter().filter(|message| type_of(message) == "peer-joined").count();
    assert!(joined <= 4 * 16, "{joined} announcements in 3 s");
}

#[test]
fn a_room_that_empties_at_once_ends_with_the_truth() {
    let mut world = World::new();
    for socket in 0..100 {
        world.join(socket, "Guest");
        world.pass_millis(100);
    }
    world.take(0);
    let before = world.bytes[&SocketId(0)];
    for socket in 1..100 {
        world.say(socket, json!({ "type": "leave" }));
    }
    world.pass_millis(2_000);
    assert_eq!(world.peers(0).len(), 1);
    assert!(world.bytes[&SocketId(0)] - before < 32_000);
}
