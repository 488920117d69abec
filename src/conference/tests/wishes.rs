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
        let Some((_, Command::View { peer, tiles })) = world.commands.pop() else { panic!("no view") };
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
    assert_eq!(world.conference.tally().count(Limit::MessageBytes), 1);
}
