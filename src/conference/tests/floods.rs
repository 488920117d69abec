//! Somebody who asks too much: it costs them, and nobody else.

use serde_json::json;

use super::harness::{World, offer};
use crate::conference::SocketId;
use crate::conference::protocol::{ErrorCode, Presence, ServerMessage};
use crate::limits::Limit;
use crate::media::ids::OfferId;

#[test]
fn a_thousand_messages_a_second_are_dropped_unread_and_end_the_socket() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.take(1);
    for millis in 0..9_900 {
        world.text(1, "{");
        if millis % 1_000 == 500 {
            world.say(2, json!({ "type": "ping" }));
        }
        world.pass_millis(1);
    }
    let errors = world.take_errors(1);
    let limited = errors.iter().filter(|error| *error == "error rate-limited").count();
    // The burst of 100 and 50 a second were read; the rest was not, and that is said once a second.
    assert!((590..=600).contains(&(errors.len() - limited)), "{} were read", errors.len() - limited);
    assert!((9..=10).contains(&limited), "told {limited} times");
    assert_eq!(world.take_types(2).iter().filter(|kind| *kind == "pong").count(), 10);
    assert_eq!(world.closed, []);
    for _ in 0..300 {
        world.text(1, "{");
        world.pass_millis(1);
    }
    assert_eq!(world.closed, [(SocketId(1), 1008)]);
    assert_eq!(world.conference.counters().flooders, 1);
    assert!(world.conference.tally().count(Limit::MessagesPerSecond) > 9_000);
    world.pass_millis(6_000);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Reconnecting), "as after any lost socket");
    assert!(world.resume(3, &ann.token).resumed);
}

#[test]
fn a_busy_page_is_never_told_to_slow_down() {
    let mut world = World::new();
    world.join(1, "Ann");
    world.take(1);
    for _ in 0..60 {
        for _ in 0..40 {
            world.say(1, json!({ "type": "ping" }));
        }
        world.pass_millis(1_000);
    }
    assert_eq!(world.take_errors(1), [""; 0]);
}

#[test]
fn bursts_with_pauses_between_them_do_not_end_the_socket() {
    let mut world = World::new();
    world.join(1, "Ann");
    for _ in 0..20 {
        for _ in 0..200 {
            world.say(1, json!({ "type": "ping" }));
        }
        world.pass_millis(2_000);
    }
    assert_eq!(world.closed, []);
    assert!(world.take_errors(1).len() <= 20);
}

#[test]
fn somebody_outside_has_the_same_rate() {
    let mut world = World::with_limit(Limit::JoinMillis, 60_000);
    world.open(1);
    for _ in 0..11_000 {
        world.say(1, json!({ "type": "join", "room": "nowhere", "name": "Ann" }));
        world.pass_millis(1);
    }
    assert_eq!(world.closed, [(SocketId(1), 1008)]);
}

#[test]
fn offers_beyond_their_rate_wait_and_only_the_newest_is_read() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.take_commands();
    for id in 1..=20 {
        world.offer(1, id, id == 1);
        world.answer(ann.peer, id);
        world.pass_millis(10);
    }
    let early: Vec<_> = (2..=6).map(|id| format!("offer {id}")).collect();
    assert_eq!(world.take_commands()[2..], early, "after the first one and what was asked for then");
    world.pass_millis(700);
    assert_eq!(world.take_commands(), [""; 0]);
    world.pass_millis(100);
    assert_eq!(world.take_commands(), ["offer 20"], "a second after the rate began to bind");
    assert_eq!(world.take_errors(1), [""; 0], "waiting is no fault");
    assert_eq!(world.conference.tally().count(Limit::OffersPerSecond), 1);
    world.answer(ann.peer, 20);
    assert!(matches!(
        world.take(1).as_slice(),
        [.., ServerMessage::Answer { id: OfferId(20), .. }, ServerMessage::Publish { .. }]
    ));
}

#[test]
fn a_new_connection_stays_one_while_its_offer_waits() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    for id in 2..=6 {
        world.offer(1, id, false);
        world.answer(ann.peer, id);
        world.pass_millis(1);
    }
    world.take_commands();
    world.offer(1, 7, true);
    world.offer(1, 8, false);
    // What it published before is judged by what it offers now.
    world.say(1, offer(9, false, &[("screen", "video")]));
    world.say(1, json!({ "type": "mute", "stream": "screen", "kind": "video", "muted": true }));
    assert_eq!(world.take_errors(1), [""; 0]);
    world.pass_millis(1_000);
    assert_eq!(world.take_commands(), ["mute Screen Video true", "offer 9 fresh"]);
}

#[test]
fn an_offer_that_waited_and_cannot_be_read_is_refused_by_its_number() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    for id in 2..=6 {
        world.offer(1, id, false);
        world.answer(ann.peer, id);
        world.pass_millis(1);
    }
    world.take(1);
    let mut broken = offer(7, false, &[]);
    broken["sdp"] = "v=0 and nothing else".into();
    world.say(1, broken);
    assert_eq!(world.take_types(1), [""; 0]);
    world.pass_millis(1_000);
    let errors: Vec<_> = world
        .take(1)
        .into_iter()
        .filter_map(|message| match message {
            ServerMessage::Error { code, rebuild, offer, .. } => Some((code, rebuild, offer)),
            _ => None,
        })
        .collect();
    assert_eq!(errors, [(ErrorCode::OfferRefused, true, Some(OfferId(7)))]);
}

#[test]
fn a_crowd_that_offers_at_one_moment_does_not_stop_everything_else() {
    let mut world = World::new();
    for socket in 0..50 {
        world.join(socket, "Guest");
    }
    world.take_commands();
    for socket in 0..50 {
        world.offer(socket, 1, true);
    }
    assert_eq!(world.take_commands().len(), 4, "a few are read before others are heard");
    world.pass_millis(1);
    assert_eq!(world.take_commands().len(), 4);
    world.pass_millis(11);
    assert_eq!(world.take_commands().len(), 42, "and all of them soon");
}

#[test]
fn a_turn_ends_with_an_offer_that_is_dear_to_read() {
    let mut world = World::new();
    let mut large = offer(1, true, &[]);
    large["sdp"] = format!("v=0\r\n{}", "a=rtpmap:96 VP8/90000\r\n".repeat(8_000)).into();
    for socket in 0..3 {
        world.join(socket, "Guest");
    }
    for socket in 0..3 {
        world.say(socket, large.clone());
    }
    let refused = |world: &mut World| (0..3).filter(|socket| world.take_errors(*socket) != [""; 0]).count();
    assert_eq!(refused(&mut world), 1, "one is read before others are heard");
    world.pass_millis(1);
    assert_eq!(refused(&mut world), 1);
    world.pass_millis(1);
    assert_eq!(refused(&mut world), 1, "and all of them soon");
}
