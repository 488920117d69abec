//! `mute`, `view`, `signal`.

use serde_json::json;

use super::harness::{World, offer};
use crate::limits::Limit;
use crate::media::ids::PeerId;
use crate::media::message::Command;

#[test]
fn a_mute_is_seen_by_everyone() {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    world.join(2, "Bob");
    world.pass_millis(100);
    world.take_commands();
    let mute = json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": true });
    world.say(1, mute.clone());
    world.say(1, mute);
    world.pass_millis(100);
    let camera = &world.peers(2)[0].streams[0];
    assert!(camera.audio.unwrap().muted);
    assert!(!camera.video.unwrap().muted);
    assert_eq!(world.take_commands(), ["mute Camera Audio true"], "saying it twice changes nothing");
}

#[test]
fn a_mute_before_the_first_answer_is_kept() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.take_commands();
    world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "video", "muted": true }));
    assert_eq!(world.take_errors(1), Vec::<String>::new());
    world.offer(1, 1, true);
    world.answer(ann.peer, 1);
    assert_eq!(world.take_commands(), ["mute Camera Video true", "offer 1 fresh", "publish 2"]);
    world.pass_millis(100);
    assert!(world.peers(2)[0].streams[0].video.unwrap().muted);
}

#[test]
fn a_mute_of_something_one_does_not_publish_is_refused() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    let mute = json!({ "type": "mute", "stream": "screen", "kind": "video", "muted": true });
    world.say(1, mute.clone());
    assert_eq!(world.take_errors(1), ["error unknown-track"]);
    // Offered but not answered yet is good enough.
    world.say(1, offer(2, false, &[("camera", "audio"), ("camera", "video"), ("screen", "video")]));
    world.say(1, mute);
    assert_eq!(world.take_errors(1), Vec::<String>::new());
    world.answer(ann.peer, 2);
    world.pass_millis(100);
    assert!(world.peers(1)[0].streams[1].video.unwrap().muted);
}

#[test]
fn a_view_reaches_the_worker_as_it_is() {
    let mut world = World::new();
    world.room("Attic");
    let ann = world.join(1, "Ann");
    let bob = world.join(2, "Bob");
    let tile = |peer: &str| json!({ "peer": peer, "stream": "camera", "height": 360 });
    let gone = "0123456789abcdef";
    for (view, arrives) in [
        (vec![tile(gone), tile(&bob.peer.to_string())], vec![gone.parse().unwrap(), bob.peer]),
        // Somebody who just left is not nobody: an empty view says that nobody looks.
        (vec![tile(gone)], vec![gone.parse().unwrap()]),
        (vec![], vec![]),
    ] {
        world.say(1, json!({ "type": "view", "tiles": view }));
        assert_eq!(world.take_errors(1), Vec::<String>::new());
        let Some((_, Command::View { peer, tiles, .. })) = world.commands.pop() else { panic!("no view") };
        assert_eq!(peer, ann.peer);
        assert_eq!(tiles.iter().map(|tile| tile.peer).collect::<Vec<PeerId>>(), arrives);
    }
}

#[test]
fn a_view_of_too_many_tiles_is_refused_and_counted() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.take_commands();
    let tile = json!({ "peer": ann.peer.to_string(), "stream": "camera", "height": 360 });
    world.say(1, json!({ "type": "view", "tiles": vec![tile; 129] }));
    assert_eq!(world.take_errors(1), ["error too-large"]);
    assert_eq!(world.conference.tally().count(Limit::ViewTiles), 1);
    assert_eq!(world.take_commands(), Vec::<String>::new());
}

#[test]
fn a_thousand_views_a_second_are_as_many_as_anybody_may_say_and_the_newest_holds() {
    let mut world = World::new();
    world.join(1, "Ann");
    let bob = world.join(2, "Bob");
    world.take_commands();
    let (mut pongs, everybody) = (0, vec![bob.peer.to_string(); 128]);
    for millis in 0..1_000 {
        let height = [0, 1, u16::MAX][millis % 3];
        let tile = |peer| json!({ "peer": peer, "stream": "camera", "height": height, "pinned": true });
        let tiles: Vec<_> = everybody.iter().map(tile).collect();
        world.say(1, json!({ "type": "view", "tiles": tiles }));
        if millis % 100 == 99 {
            world.say(2, json!({ "type": "ping" }));
            pongs += world.take_types(2).iter().filter(|kind| *kind == "pong").count();
        }
        world.pass_millis(1);
    }
    let views = world.take_commands().len();
    assert!((1..=160).contains(&views), "the worker was told {views} views");
    assert_eq!(pongs, 10, "somebody else waited for it");
    world.pass_millis(5_000);
    world.say(1, json!({ "type": "view", "tiles": [] }));
    assert_eq!(world.take_commands(), ["view 0"], "that nobody looks is heard again");
}

#[test]
fn a_height_that_no_screen_has_is_no_view_and_the_one_before_holds() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.take_commands();
    for height in [json!(-1), json!(65_536), json!(1e300), json!("360"), json!(null), json!(3.5)] {
        let tile = json!({ "peer": ann.peer.to_string(), "stream": "camera", "height": height });
        world.say(1, json!({ "type": "view", "tiles": [tile] }));
        assert_eq!(world.take_errors(1), ["error bad-message"], "{height}");
    }
    assert_eq!(world.take_commands(), Vec::<String>::new());
}

fn limited(by: &str) -> serde_json::Value {
    json!({ "type": "limited", "stream": "camera", "by": if by.is_empty() { json!(null) } else { json!(by) } })
}

#[test]
fn what_a_browser_cannot_afford_reaches_the_worker_at_once_and_then_once_a_second() {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    world.take_commands();
    world.say(1, limited("cpu"));
    assert_eq!(world.take_commands(), ["limited Camera Some(Processor)"]);
    for _ in 0..40 {
        world.say(1, limited("bandwidth"));
        world.say(1, limited(""));
    }
    assert_eq!(world.take_commands(), Vec::<String>::new());
    world.pass_millis(999);
    assert_eq!(world.take_commands(), Vec::<String>::new());
    world.pass_millis(1);
    assert_eq!(world.take_commands(), ["limited Camera None"], "what was said last");
    world.pass_millis(10_000);
    assert_eq!(world.take_commands(), Vec::<String>::new(), "and nothing more until it is said again");
    assert_eq!(world.take_errors(1), Vec::<String>::new());
}

#[test]
fn nobody_is_limited_in_what_they_do_not_send_or_by_what_nobody_knows() {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    world.join(2, "Bob");
    world.take_commands();
    world.say(1, json!({ "type": "limited", "stream": "screen", "by": "cpu" }));
    assert_eq!(world.take_errors(1), ["error unknown-track"]);
    world.say(2, limited("cpu"));
    assert_eq!(world.take_errors(2), ["error unknown-track"]);
    for wrong in ["other", "CPU", "none"] {
        world.say(1, limited(wrong));
        assert_eq!(world.take_errors(1), ["error bad-message"]);
    }
    assert_eq!(world.take_commands(), Vec::<String>::new());
    world.say(1, json!({ "type": "leave" }));
    world.pass_millis(10_000);
    assert_eq!(world.take_commands(), ["leave"]);
}

#[test]
fn there_is_no_path_between_browsers() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.say(1, json!({ "type": "signal", "to": ann.peer.to_string(), "data": { "any": [1, 2] } }));
    assert_eq!(world.take_errors(1), ["error not-in-this-topology"]);
}

#[test]
fn a_message_that_is_too_large_is_refused_and_counted() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.say(1, json!({ "type": "signal", "to": ann.peer.to_string(), "data": "a".repeat(64 * 1024) }));
    assert_eq!(world.take_errors(1), ["error too-large"]);
    assert_eq!(world.conference.tally().count(Limit::SignalBytes), 1);
}
