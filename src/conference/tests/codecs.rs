//! What pictures are asked in when people come who cannot decode everything.

use std::time::Duration;

use serde_json::json;

use super::harness::World;
use crate::conference::codecs::RETURN_AFTER;
use crate::conference::protocol::ServerMessage;
use crate::media::codec::{Codec, CodecSet};
use crate::media::ids::Kind;

/// The codecs of pictures in each `publish` a socket received since it was last asked.
fn asked(world: &mut World, socket: usize) -> Vec<String> {
    let publish = |message| match message {
        ServerMessage::Publish { tracks, .. } => tracks.into_iter().find(|track| track.kind == Kind::Video),
        _ => None,
    };
    world.take(socket).into_iter().filter_map(publish).map(|track| track.codec).collect()
}

fn only(codec: Codec) -> CodecSet {
    [Codec::Opus, codec].into_iter().collect()
}

/// Ann and Bob, who can do everything, and Cleo, who can decode H264 only.
fn room_with_cleo() -> World {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    world.join_with_media(2, "Bob");
    world.pass_millis(1_000);
    assert_eq!(asked(&mut world, 1), ["VP8"]);
    asked(&mut world, 2);
    cleo_enters(&mut world, 3);
    world
}

fn cleo_enters(world: &mut World, socket: usize) {
    let cleo = world.join(socket, "Cleo");
    world.offer(socket, 1, true);
    world.answer_of(cleo.peer, 1, only(Codec::H264), only(Codec::H264));
}

#[test]
fn who_cannot_decode_a_codec_is_sent_another_one_at_once() {
    let mut world = room_with_cleo();
    // No time has passed since the answer.
    assert_eq!(asked(&mut world, 1), ["H264"]);
    assert_eq!(asked(&mut world, 2), ["H264"]);
    assert_eq!(asked(&mut world, 3), ["H264"], "what she cannot encode is not asked of her");
    world.pass_millis(60_000);
    assert_eq!(asked(&mut world, 1), [""; 0]);
}

#[test]
fn the_preferred_codec_comes_back_when_it_was_possible_for_a_while() {
    let mut world = room_with_cleo();
    asked(&mut world, 1);
    world.say(3, json!({ "type": "leave" }));
    world.pass(RETURN_AFTER.saturating_sub(Duration::from_millis(1)));
    assert_eq!(asked(&mut world, 1), [""; 0]);
    world.pass_millis(1);
    assert_eq!(asked(&mut world, 1), ["VP8"]);
    assert_eq!(asked(&mut world, 2).last().unwrap(), "VP8");
}

#[test]
fn somebody_who_comes_and_goes_makes_nobody_change_back_and_forth() {
    let mut world = room_with_cleo();
    asked(&mut world, 1);
    for socket in 4..10 {
        world.say(socket - 1, json!({ "type": "leave" }));
        world.pass_millis(20_000);
        cleo_enters(&mut world, socket);
        world.pass_millis(20_000);
    }
    assert_eq!(asked(&mut world, 1), [""; 0]);
}

#[test]
fn who_receives_no_pictures_has_no_say() {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    let bob = world.join(2, "Bob");
    world.offer(2, 1, true);
    world.answer_of(bob.peer, 1, CodecSet::ALL, [Codec::Opus].into_iter().collect());
    let cleo = world.join(3, "Cleo");
    world.offer(3, 1, true);
    world.answer_of(cleo.peer, 1, only(Codec::Vp9), CodecSet::ALL);
    assert_eq!(asked(&mut world, 1), ["VP8"]);
    assert_eq!(asked(&mut world, 3), ["VP9"], "of the codecs one can encode");
}

#[test]
fn the_operators_preference_holds_where_everybody_can() {
    let mut world = World::new();
    world.conference.config.codecs = vec![Codec::Av1, Codec::H264];
    world.join_with_media(1, "Ann");
    assert_eq!(asked(&mut world, 1), ["AV1"]);
    cleo_enters(&mut world, 2);
    assert_eq!(asked(&mut world, 1), ["H264"]);
}

#[test]
fn somebody_who_changes_their_mind_every_second_does_not_change_everybodys_encoder_as_often() {
    let mut world = room_with_cleo();
    assert_eq!(asked(&mut world, 1), ["H264"]);
    let cleo = world.welcome(3).peer;
    for id in 2..62 {
        world.pass_millis(1_000);
        world.offer(3, id, false);
        let codec = if id % 2 == 0 { Codec::Vp8 } else { Codec::H264 };
        world.answer_of(cleo, id, only(codec), only(codec));
    }
    let changes = asked(&mut world, 1).len();
    assert!((1..=12).contains(&changes), "{changes} times within a minute");
    world.offer(3, 62, false);
    world.answer_of(cleo, 62, only(Codec::Vp9), only(Codec::Vp9));
    world.pass_millis(5_000);
    assert_eq!(
        asked(&mut world, 1).last().map(String::as_str),
        Some("VP9"),
        "who needs it gets it in the end"
    );
}
