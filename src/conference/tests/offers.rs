//! Offers, answers, and what the server asks of publishers.

use serde_json::json;

use super::harness::{World, offer};
use crate::conference::protocol::{PublishTrack, ServerMessage};
use crate::limits::Limit;
use crate::media::codec::CodecSet;
use crate::media::ids::{Kind, OfferId, Stream};
use crate::media::message::Notice;

fn answers(messages: &[ServerMessage]) -> Vec<u32> {
    let id = |message: &ServerMessage| match message {
        ServerMessage::Answer { id, .. } => Some(id.0),
        _ => None,
    };
    messages.iter().filter_map(id).collect()
}

fn publish(messages: Vec<ServerMessage>) -> Vec<(u64, Vec<PublishTrack>)> {
    let parts = |message| match message {
        ServerMessage::Publish { version, tracks } => Some((version, tracks)),
        _ => None,
    };
    messages.into_iter().filter_map(parts).collect()
}

#[test]
fn an_answer_comes_back_and_the_others_see_what_is_published() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.take_commands();
    world.offer(1, 1, true);
    assert_eq!(world.take_commands(), ["offer 1 fresh"]);
    assert!(world.peers(2)[0].streams.is_empty());
    world.take(1);
    world.answer(ann.peer, 1);
    let to_ann = world.take(1);
    assert_eq!(answers(&to_ann), [1]);
    world.pass_millis(100);
    let streams = &world.peers(2)[0].streams;
    assert_eq!(streams.len(), 1);
    assert!(streams[0].audio.is_some() && streams[0].video.is_some());
    let published = publish(to_ann);
    let [(1, tracks)] = published.as_slice() else { panic!("{published:?}") };
    let asked: Vec<_> = tracks
        .iter()
        .map(|track| {
            (track.stream, track.kind, track.codec.as_str(), track.layers.last().unwrap().max_bitrate)
        })
        .collect();
    assert_eq!(
        asked,
        [(Stream::Camera, Kind::Audio, "opus", 32_000), (Stream::Camera, Kind::Video, "VP8", 1_500_000)]
    );
}

#[test]
fn a_newer_offer_supersedes_and_only_its_answer_is_told() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take(1);
    world.take_commands();
    world.offer(1, 2, false);
    world.offer(1, 3, false);
    world.offer(1, 4, false);
    assert_eq!(world.take_commands(), ["offer 2"], "the worker gets one at a time");
    world.answer(ann.peer, 2);
    assert_eq!(world.take_commands(), ["offer 4"], "and never the one that was overtaken");
    world.answer(ann.peer, 3);
    world.answer(ann.peer, 4);
    world.answer(ann.peer, 4);
    assert_eq!(answers(&world.take(1)), [4]);
}

#[test]
fn the_answer_to_the_old_page_is_not_given_to_the_new_one() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.offer(1, 1, true);
    world.close(1);
    let back = world.resume(2, &ann.token);
    assert!(!back.media);
    world.offer(2, 1, true);
    world.notice(Notice::Answer {
        peer: ann.peer,
        id: OfferId(1),
        sdp: "for the old page".into(),
        sends: CodecSet::ALL,
        receives: CodecSet::ALL,
    });
    assert!(answers(&world.take(2)).is_empty());
    world.notice(Notice::Answer {
        peer: ann.peer,
        id: OfferId(1),
        sdp: "for the new page".into(),
        sends: CodecSet::ALL,
        receives: CodecSet::ALL,
    });
    assert!(
        world.take(2).contains(&ServerMessage::Answer { id: OfferId(1), sdp: "for the new page".into() })
    );
}

#[test]
fn the_answer_to_the_old_page_is_not_given_to_the_new_one_either_before_it_offers() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.offer(1, 1, true);
    world.close(1);
    world.resume(2, &ann.token);
    world.answer(ann.peer, 1);
    assert!(answers(&world.take(2)).is_empty());
    world.offer(2, 1, true);
    world.answer(ann.peer, 1);
    assert_eq!(answers(&world.take(2)), [1]);
}

#[test]
fn what_the_old_page_still_wanted_is_not_done_for_the_new_one() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.offer(1, 1, true);
    world.offer(1, 2, false);
    world.close(1);
    world.resume(2, &ann.token);
    world.take_commands();
    world.answer(ann.peer, 1);
    assert_eq!(world.take_commands(), Vec::<String>::new());
}

#[test]
fn a_connection_that_is_being_replaced_is_not_one_to_go_on_with() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.offer(1, 2, true);
    world.close(1);
    let back = world.resume(2, &ann.token);
    assert!(!back.media);
}

#[test]
fn an_answer_nobody_was_there_to_get_leaves_no_connection_to_go_on_with() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.offer(1, 1, true);
    world.close(1);
    world.answer(ann.peer, 1);
    assert!(!world.resume(2, &ann.token).media);
    world.offer(2, 1, true);
    world.answer(ann.peer, 1);
    world.close(2);
    let token = world.welcome(2).token;
    assert!(world.resume(3, &token).media, "one that was told does");
}

#[test]
fn ids_rise_within_a_connection_and_start_anew_with_a_fresh_one() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.offer(1, 7, true);
    world.answer(ann.peer, 7);
    world.take(1);
    for id in [7, 3] {
        world.offer(1, id, false);
        assert_eq!(world.take_errors(1), ["error bad-message"]);
    }
    world.offer(1, 1, true);
    world.answer(ann.peer, 1);
    assert_eq!(answers(&world.take(1)), [1]);
}

#[test]
fn an_unanswered_new_connection_that_is_offered_again_stays_new() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take_commands();
    world.offer(1, 2, false);
    world.offer(1, 3, true);
    world.offer(1, 4, false);
    world.answer(ann.peer, 2);
    assert_eq!(world.take_commands(), ["offer 2", "offer 4 fresh"]);
}

#[test]
fn a_refused_offer_is_rebuilt_under_the_same_person() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take(1);
    world.offer(1, 2, false);
    world.refuse(ann.peer, 2);
    assert_eq!(world.take_types(1), ["error offer-refused rebuild"]);
    world.refuse(ann.peer, 2);
    assert_eq!(world.take_types(1), Vec::<String>::new(), "told once");
    world.offer(1, 3, true);
    world.answer(ann.peer, 3);
    assert_eq!(answers(&world.take(1)), [3]);
}

#[test]
fn a_refusal_of_an_offer_that_a_new_connection_replaced_is_not_told() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take_commands();
    world.take(1);
    world.offer(1, 2, false);
    world.offer(1, 3, true);
    world.refuse(ann.peer, 2);
    assert_eq!(world.take_types(1), Vec::<String>::new());
    assert_eq!(world.take_commands(), ["offer 2", "offer 3 fresh"]);
}

#[test]
fn an_offer_that_cannot_be_read_voids_the_one_before_it() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take(1);
    world.offer(1, 2, false);
    let mut broken = offer(3, false, &[]);
    broken["sdp"] = "v=0 and nothing else".into();
    world.say(1, broken);
    assert_eq!(world.take_types(1), ["error offer-refused rebuild"]);
    world.answer(ann.peer, 2);
    assert!(answers(&world.take(1)).is_empty(), "the client builds a new connection now");
    world.offer(1, 4, true);
    world.answer(ann.peer, 4);
    assert_eq!(answers(&world.take(1)), [4]);
}

#[test]
fn an_offer_over_a_limit_is_refused_and_counted() {
    let mut world = World::new();
    world.join(1, "Ann");
    world.take_commands();
    let tracks = [
        ("camera", "audio"),
        ("camera", "video"),
        ("screen", "audio"),
        ("screen", "video"),
        ("camera", "video"),
    ];
    world.say(1, offer(1, true, &tracks));
    assert_eq!(world.take_errors(1), ["error offer-refused rebuild"]);
    assert_eq!(world.conference.tally().count(Limit::TracksPerPeer), 1);
    let mut large = offer(2, true, &[]);
    large["sdp"] = "a".repeat(512 * 1024).into();
    world.say(1, large);
    assert_eq!(world.take_errors(1), ["error too-large"]);
    assert_eq!(world.conference.tally().count(Limit::OfferBytes), 1);
    assert_eq!(world.take_commands(), Vec::<String>::new());
}

#[test]
fn a_lost_connection_is_told_to_a_client_that_is_there() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take(1);
    world.notice(Notice::Lost { peer: ann.peer, reason: "closed".into() });
    assert_eq!(world.take_types(1), ["error media-lost rebuild"]);
    world.close(1);
    let back = world.resume(2, &ann.token);
    assert!(!back.media);
}

#[test]
fn losing_the_old_connection_while_a_new_one_is_made_disturbs_nobody() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take(1);
    world.offer(1, 2, true);
    world.notice(Notice::Lost { peer: ann.peer, reason: "closed".into() });
    world.answer(ann.peer, 2);
    assert_eq!(answers(&world.all(1)), [2]);
    assert_eq!(world.take_errors(1), Vec::<String>::new());
}

#[test]
fn a_connection_lost_with_a_re_offer_in_flight_is_told_once() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take(1);
    world.offer(1, 2, false);
    world.notice(Notice::Lost { peer: ann.peer, reason: "fault".into() });
    world.refuse(ann.peer, 2);
    assert_eq!(world.take_types(1), ["error media-lost rebuild"]);
}

#[test]
fn a_connection_lost_after_coming_back_in_the_middle_of_a_re_offer_is_told() {
    for offers_again in [false, true] {
        let mut world = World::new();
        let ann = world.join_with_media(1, "Ann");
        world.offer(1, 2, false);
        world.close(1);
        assert!(world.resume(2, &ann.token).media);
        if offers_again {
            world.offer(2, 3, false);
        }
        world.take(2);
        world.notice(Notice::Lost { peer: ann.peer, reason: "fault".into() });
        world.refuse(ann.peer, 2);
        assert_eq!(world.take_types(2), ["error media-lost rebuild"], "offers again: {offers_again}");
    }
}

#[test]
fn a_refusal_of_the_old_pages_re_offer_is_told_to_who_went_on_with_the_connection() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.offer(1, 2, false);
    world.close(1);
    assert!(world.resume(2, &ann.token).media);
    world.offer(2, 3, false);
    world.take(2);
    world.take_commands();
    world.refuse(ann.peer, 2);
    assert_eq!(world.take_types(2), ["error offer-refused rebuild"]);
    assert_eq!(world.take_commands(), Vec::<String>::new(), "there is nothing left that 3 could change");
}

#[test]
fn a_growing_room_is_asked_for_smaller_pictures() {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    for socket in 2..=3 {
        world.join(socket, "Guest");
        world.pass_millis(100);
    }
    assert_eq!(publish(world.take(1)).len(), 1);
    world.join(4, "Guest");
    world.pass_millis(100);
    let changes = publish(world.take(1));
    let [(2, tracks)] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(tracks[1].layers[1].max_bitrate, 700_000);
    world.say(4, json!({ "type": "leave" }));
    world.pass_millis(100);
    assert_eq!(publish(world.take(1))[0].0, 3);
}

#[test]
fn somebody_who_only_watches_is_asked_for_nothing() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.say(1, offer(1, true, &[]));
    world.answer(ann.peer, 1);
    assert_eq!(publish(world.take(1)), []);
}
