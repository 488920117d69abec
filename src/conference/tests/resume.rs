//! Coming back as the same person.

use serde_json::json;

use super::harness::World;
use crate::conference::SocketId;
use crate::conference::protocol::{Presence, ServerMessage};
use crate::limits::Limit;
use crate::media::ids::SlotIndex;
use crate::media::message::{AudioSlot, Notice, SlotTable};
use crate::media::units::Bitrate;

#[test]
fn a_token_brings_the_same_person_back_and_nobody_notices() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.join_with_media(2, "Bob");
    world.pass_millis(100);
    world.take(2);
    world.take_commands();
    world.close(1);
    world.pass_millis(3_000);
    let back = world.resume(3, &ann.token);
    assert_eq!(back.peer, ann.peer);
    assert!(back.resumed);
    assert_ne!(back.token, ann.token);
    assert_eq!(world.names(3), ["Ann", "Bob"], "the place in the order is kept");
    world.pass_millis(60_000);
    assert_eq!(world.take_types(2), Vec::<String>::new());
    assert_eq!(world.take_commands(), Vec::<String>::new());
}

#[test]
fn a_socket_that_was_still_there_is_told_that_it_was_taken_over() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    let back = world.resume(2, &ann.token);
    assert_eq!(back.peer, ann.peer);
    assert_eq!(world.closed, [(SocketId(1), 4001)]);
    world.take(1);
    world.say(1, json!({ "type": "leave" }));
    world.close(1);
    world.pass_millis(60_000);
    assert_eq!(
        world.conference.room("den").unwrap().people,
        1,
        "what the old socket still says changes nothing"
    );
    assert_eq!(world.take_types(1), Vec::<String>::new());
}

#[test]
fn a_lost_welcome_locks_nobody_out() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.close(1);
    let unseen = world.resume(2, &ann.token);
    world.close(2);
    let back = world.resume(3, &ann.token);
    assert_eq!(back.peer, ann.peer);
    assert_ne!(back.token, unseen.token);
    // The token of the welcome that was lost died with it.
    let stranger = world.resume(4, &unseen.token);
    assert!(!stranger.resumed);
    assert_ne!(stranger.peer, ann.peer);
}

#[test]
fn a_token_is_dead_once_its_successor_has_arrived() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.close(1);
    let back = world.resume(2, &ann.token);
    world.say(2, json!({ "type": "ping" }));
    let thief = world.resume(3, &ann.token);
    assert!(!thief.resumed);
    assert_ne!(thief.peer, ann.peer);
    assert_eq!(world.closed, [], "the true Ann keeps her socket");
    let third = world.resume(4, &back.token);
    assert_eq!((third.peer, third.resumed), (ann.peer, true));
}

#[test]
fn a_token_is_good_in_its_own_room_only() {
    let mut world = World::new();
    world.room("Attic");
    let ann = world.join(1, "Ann");
    let other = world.enter(2, json!({ "type": "join", "room": "attic", "name": "Ann", "token": ann.token }));
    assert!(!other.resumed);
    assert_eq!(world.conference.room("den").unwrap().people, 1);
    assert!(world.resume(3, &ann.token).resumed, "and it is not used up by that");
}

#[test]
fn one_comes_back_into_a_room_that_is_full() {
    let mut world = World::with_limit(Limit::PeersPerRoom, 1);
    let ann = world.join(1, "Ann");
    world.close(1);
    assert!(world.resume(2, &ann.token).resumed);
    assert_eq!(world.conference.tally().count(Limit::PeersPerRoom), 0);
}

#[test]
fn who_comes_back_gets_the_state_of_everything() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    let table = |slot| SlotTable {
        audio: vec![AudioSlot { slot: SlotIndex(slot), plays: None }],
        ..SlotTable::default()
    };
    world.notice(Notice::Slots { peer: ann.peer, slots: table(0) });
    world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "audio", "muted": true }));
    world.close(1);
    world.notice(Notice::Slots { peer: ann.peer, slots: table(1) });
    let back = world.resume(2, &ann.token);
    assert!(back.media, "the connection lives on: nothing is negotiated again");
    let state = world.take(2);
    assert!(state.contains(&ServerMessage::Slots { version: 2, slots: table(1) }));
    assert!(state.iter().any(|message| matches!(message, ServerMessage::Publish { version: 1, .. })));
    let Some(ServerMessage::Peers { peers, .. }) = state.get(1) else { panic!("{state:?}") };
    assert!(peers[0].streams[0].audio.unwrap().muted, "still muted");
}

#[test]
fn a_new_name_is_told_to_the_others() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.close(1);
    world.enter(3, json!({ "type": "join", "room": "den", "name": "Anna", "token": ann.token }));
    world.pass_millis(50);
    assert_eq!(world.names(2), ["Anna", "Bob"]);
}

#[test]
fn somebody_shown_as_reconnecting_is_here_again() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.close(1);
    world.pass_millis(20_000);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Reconnecting));
    world.resume(3, &ann.token);
    assert_eq!(world.presence(3, ann.peer), Some(Presence::NoMedia), "only the socket is back");
    world.notice(Notice::Heard { peer: ann.peer });
    world.pass_millis(50);
    assert_eq!(world.presence(2, ann.peer), Some(Presence::Here));
    world.pass_millis(60_000);
    assert_eq!(world.conference.room("den").unwrap().people, 2);
}

#[test]
fn a_reload_is_not_noticed() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.join_with_media(2, "Bob");
    world.pass_millis(100);
    world.take(2);
    world.say(1, json!({ "type": "leave", "mayReturn": true }));
    world.close(1);
    world.notice(Notice::Lost { peer: ann.peer, reason: "closed".into() });
    world.pass_millis(3_999);
    let back = world.resume(3, &ann.token);
    assert_eq!((back.peer, back.resumed, back.media), (ann.peer, true, false));
    world.pass_millis(60_000);
    assert_eq!(world.take_types(2), Vec::<String>::new());
}

#[test]
fn who_comes_back_hears_again_what_their_connection_carries() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.take(1);
    world.notice(Notice::Downlink { peer: ann.peer, estimate: Bitrate::kbps(600) });
    world.notice(Notice::Downlink { peer: ann.peer, estimate: Bitrate::kbps(900) });
    let said = |bitrate| ServerMessage::Downlink { bitrate };
    assert_eq!(world.take(1), [said(600_000), said(900_000)]);
    world.resume(2, &ann.token);
    assert!(world.all(2).contains(&said(900_000)));
    assert!(!world.all(2).contains(&said(600_000)));
}
