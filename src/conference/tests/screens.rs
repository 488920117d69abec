//! Sharing a screen: offered later than the camera, stopped without a negotiation.

use serde_json::{Value, json};

use super::harness::{World, offer};
use crate::conference::protocol::{PublishTrack, ServerMessage, StreamInfo};
use crate::media::ids::{Kind, PeerId, Stream};

const CAMERA: [(&str, &str); 2] = [("camera", "audio"), ("camera", "video")];
const BOTH: [(&str, &str); 4] =
    [("camera", "audio"), ("camera", "video"), ("screen", "audio"), ("screen", "video")];

fn mute(muted: bool) -> Value {
    json!({ "type": "mute", "stream": "screen", "kind": "video", "muted": muted })
}

/// How the newest list on a socket shows somebody's screen.
fn screen(world: &World, socket: usize, peer: PeerId) -> Option<StreamInfo> {
    let info = world.peers(socket).into_iter().find(|info| info.id == peer);
    info.and_then(|info| info.streams.into_iter().find(|info| info.stream == Stream::Screen))
}

fn is_muted(world: &World, socket: usize, peer: PeerId) -> Option<bool> {
    screen(world, socket, peer).and_then(|screen| screen.video).map(|video| video.muted)
}

/// Ann shares her screen and Bob watches.
fn sharing() -> (World, PeerId, String) {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.join_with_media(2, "Bob");
    world.say(1, offer(2, false, &BOTH));
    world.answer(ann.peer, 2);
    world.pass_millis(100);
    (world, ann.peer, ann.token)
}

#[test]
fn a_screen_is_listed_and_asked_for_in_two_sizes() {
    let (mut world, ann, _) = sharing();
    let shown = screen(&world, 2, ann).unwrap();
    assert!(shown.audio.is_some() && shown.video.is_some());
    let publish = world.take(1).into_iter().rev().find_map(|message| match message {
        ServerMessage::Publish { tracks, .. } => Some(tracks),
        _ => None,
    });
    let asked: Vec<_> = publish.unwrap().into_iter().filter(|track| track.stream == Stream::Screen).collect();
    assert_eq!(asked.iter().map(|track| track.kind).collect::<Vec<_>>(), [Kind::Audio, Kind::Video]);
    let of = |track: &PublishTrack| {
        let layers =
            track.layers.iter().map(|layer| (layer.rid.clone(), layer.max_bitrate, layer.scale_down));
        layers.collect::<Vec<_>>()
    };
    assert_eq!(of(&asked[0]), [(None, 128_000, 1)]);
    assert_eq!(of(&asked[1]), [(Some("h".into()), 600_000, 2), (Some("f".into()), 2_500_000, 1)]);
}

#[test]
fn stopping_and_starting_again_is_a_mute_and_needs_no_offer() {
    let (mut world, ann, _) = sharing();
    world.take_commands();
    world.say(1, mute(true));
    world.pass_millis(100);
    assert_eq!(is_muted(&world, 2, ann), Some(true), "still listed");
    world.say(1, mute(false));
    world.pass_millis(100);
    assert_eq!(is_muted(&world, 2, ann), Some(false));
    assert_eq!(world.take_commands(), ["mute Screen Video true", "mute Screen Video false"]);
}

#[test]
fn a_stopped_screen_stays_stopped_over_a_lost_socket() {
    let (mut world, ann, token) = sharing();
    world.say(1, mute(true));
    world.close(1);
    world.resume(3, &token);
    assert_eq!(is_muted(&world, 3, ann), Some(true));
    world.say(3, offer(3, false, &BOTH));
    world.answer(ann, 3);
    world.pass_millis(100);
    assert_eq!(is_muted(&world, 2, ann), Some(true), "nor does a re-offer start it");
}

#[test]
fn a_screen_shared_anew_after_a_reload_is_not_muted() {
    let (mut world, ann, token) = sharing();
    world.say(1, mute(true));
    world.close(1);
    world.resume(3, &token);
    world.say(3, offer(1, true, &CAMERA));
    world.take_commands();
    world.answer(ann, 1);
    assert_eq!(world.take_commands(), ["mute Screen Video false", "publish 2"]);
    world.pass_millis(100);
    assert_eq!(screen(&world, 2, ann), None, "the page that is back shares nothing");
    world.say(3, offer(2, false, &BOTH));
    world.answer(ann, 2);
    world.pass_millis(100);
    assert_eq!(is_muted(&world, 2, ann), Some(false));
}
