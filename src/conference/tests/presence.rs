//! Here, without media, reconnecting, left: to the millisecond.

use serde_json::json;

use super::harness::{Welcome, World};
use crate::conference::SocketId;
use crate::conference::protocol::{Presence, ServerMessage};
use crate::media::message::Notice;

/// Ann with media that is heard, Bob who watches what becomes of her.
fn two() -> (World, Welcome) {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.join_with_media(2, "Bob");
    world.pass_millis(10_000);
    (world, ann)
}

fn has_left(world: &World, who: &Welcome) -> bool {
    world.all(2).contains(&ServerMessage::PeerLeft { peer: who.peer, name: "Ann".into() })
}

#[test]
fn a_killed_tab_reconnects_after_5_s_and_leaves_after_30_s() {
    let (mut world, ann) = two();
    world.close(1);
    world.pass_millis(4_999);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
    world.pass_millis(1);
    world.notice(Notice::Quiet { peer: ann.peer });
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Reconnecting));
    world.pass_millis(24_999);
    assert!(!has_left(&world, &ann));
    world.take_commands();
    world.pass_millis(1);
    assert!(has_left(&world, &ann));
    assert_eq!(world.names(2), ["Bob"]);
    assert_eq!(world.take_commands(), ["leave"]);
}

#[test]
fn somebody_whose_socket_is_gone_but_whose_media_is_heard_stays_here() {
    let (mut world, ann) = two();
    world.close(1);
    world.pass_millis(600_000);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
}

#[test]
fn somebody_whose_media_is_silent_but_whose_socket_is_there_stays_and_cannot_be_seen_or_heard() {
    let (mut world, ann) = two();
    world.notice(Notice::Quiet { peer: ann.peer });
    assert_eq!(world.presence(2, ann.peer), Some(Presence::NoMedia));
    world.pass_millis(600_000);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::NoMedia));
    // From the moment the socket is gone too, the time runs.
    world.close(1);
    world.pass_millis(4_999);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::NoMedia));
    world.pass_millis(1);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Reconnecting));
    world.pass_millis(24_999);
    assert!(!has_left(&world, &ann));
    world.pass_millis(1);
    assert!(has_left(&world, &ann));
}

#[test]
fn media_that_comes_back_is_told_at_once_and_a_new_socket_alone_changes_nothing() {
    let (mut world, ann) = two();
    world.notice(Notice::Quiet { peer: ann.peer });
    world.pass_millis(50);
    world.take(2);
    // Sockets that come and go are no sign of media.
    world.close(1);
    world.pass_millis(3_000);
    let back = world.resume(3, &ann.token);
    world.pass_millis(3_000);
    world.close(3);
    world.pass_millis(3_000);
    world.resume(4, &back.token);
    world.pass_millis(3_000);
    assert_eq!(world.take_types(2), [""; 0], "nothing has changed for the others");
    world.notice(Notice::Heard { peer: ann.peer });
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
}

#[test]
fn somebody_whose_media_never_came_has_5_s_and_then_cannot_be_seen_or_heard() {
    let mut world = World::new();
    world.join_with_media(2, "Bob");
    let ann = world.join(1, "Ann");
    world.pass_millis(4_999);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
    world.pass_millis(1);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::NoMedia));
    world.notice(Notice::Heard { peer: ann.peer });
    world.pass_millis(50);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
}

#[test]
fn a_page_that_is_loaded_anew_has_5_s_for_its_media() {
    let (mut world, ann) = two();
    world.say(1, json!({ "type": "leave", "mayReturn": true }));
    world.close(1);
    world.pass_millis(3_900);
    world.take(2);
    world.resume(3, &ann.token);
    world.pass_millis(1_100);
    world.notice(Notice::Quiet { peer: ann.peer });
    world.pass_millis(3_899);
    assert_eq!(world.take_types(2), [""; 0], "a slow reload is seen by nobody");
    world.pass_millis(1);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::NoMedia));
}

#[test]
fn who_was_lost_is_not_said_to_be_back_because_the_page_was_loaded_anew() {
    let (mut world, ann) = two();
    world.notice(Notice::Quiet { peer: ann.peer });
    world.pass_millis(50);
    world.take(2);
    world.say(1, json!({ "type": "leave", "mayReturn": true }));
    world.close(1);
    world.pass_millis(1_000);
    world.resume(3, &ann.token);
    world.pass_millis(60_000);
    assert_eq!(world.take_types(2), [""; 0]);
    assert_eq!(world.presence(3, ann.peer), Some(Presence::NoMedia));
}

#[test]
fn a_packet_makes_somebody_here_again_and_the_time_starts_anew() {
    let (mut world, ann) = two();
    world.close(1);
    world.pass_millis(5_000);
    world.notice(Notice::Quiet { peer: ann.peer });
    world.pass_millis(24_000);
    world.notice(Notice::Heard { peer: ann.peer });
    world.pass_millis(100);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
    world.pass_millis(60_000);
    world.notice(Notice::Quiet { peer: ann.peer });
    world.pass_millis(24_999);
    assert!(!has_left(&world, &ann));
    world.pass_millis(1);
    assert!(has_left(&world, &ann));
}

#[test]
fn somebody_who_never_had_media_is_judged_by_the_socket_alone() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.pass_millis(1_000);
    world.close(1);
    world.pass_millis(3_999);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
    world.pass_millis(1_000);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::NoMedia), "5 s after she joined");
    world.pass_millis(1);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Reconnecting));
    world.pass_millis(24_999);
    assert!(!has_left(&world, &ann));
    world.pass_millis(1);
    assert!(has_left(&world, &ann));
}

#[test]
fn a_lost_connection_is_judged_by_its_silence() {
    let (mut world, ann) = two();
    world.close(1);
    world.notice(Notice::Lost { peer: ann.peer, reason: "closed".into() });
    world.pass_millis(60_000);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here), "a new connection may be heard already");
    world.notice(Notice::Quiet { peer: ann.peer });
    world.pass_millis(50);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Reconnecting));
}

#[test]
fn a_page_that_went_away_and_did_not_return_has_left_after_4_s() {
    let (mut world, ann) = two();
    world.take(2);
    world.say(1, json!({ "type": "leave", "mayReturn": true }));
    world.close(1);
    world.pass_millis(3_999);
    assert_eq!(world.take_types(2), Vec::<String>::new());
    world.pass_millis(1);
    assert!(has_left(&world, &ann));
    world.pass_millis(1_000);
    assert_eq!(world.names(2), ["Bob"]);
}

#[test]
fn so_has_the_page_of_somebody_without_media() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.say(1, json!({ "type": "leave", "mayReturn": true }));
    world.close(1);
    world.pass_millis(3_999);
    assert!(!has_left(&world, &ann));
    world.pass_millis(1);
    assert!(has_left(&world, &ann));
}

#[test]
fn a_browser_that_says_the_page_goes_away_says_it_for_the_page() {
    let (mut world, ann) = two();
    let now = world.now();
    world.conference.socket_away(now, SocketId(1));
    world.close(1);
    world.pass_millis(3_999);
    assert!(!has_left(&world, &ann));
    world.pass_millis(1);
    assert!(has_left(&world, &ann));
}

#[test]
fn a_page_that_goes_away_after_another_took_its_place_takes_nobody_along() {
    let (mut world, ann) = two();
    world.resume(3, &ann.token);
    let now = world.now();
    world.conference.socket_away(now, SocketId(1));
    world.close(1);
    world.pass_millis(10_000);
    assert!(!has_left(&world, &ann));
}

#[test]
fn a_worker_speaks_for_its_own_people_only() {
    let (mut world, ann) = two();
    world.close(1);
    let now = world.now();
    world.conference.notice(now, crate::conference::WorkerId(1), Notice::Quiet { peer: ann.peer });
    world.pass_millis(60_000);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
}

#[test]
fn an_idle_conference_has_nothing_to_wake_up_for() {
    let (mut world, _) = two();
    world.say(1, json!({ "type": "ping" }));
    world.pass_millis(5_000);
    assert_eq!(world.conference.poll_timeout(), None);
}
