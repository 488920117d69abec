//! Each kind of bad input gets its own error, which is counted.

use serde_json::{Value, json};

use super::harness::{World, offer};
use super::moderation::{join as enter, kept_by_ann, wish};
use super::times::timed;
use crate::conference::Auth;
use crate::conference::protocol::{ErrorCode, ServerMessage};
use crate::limits::Limit;
use crate::media::message::Notice;

fn join(room: &str, name: &str) -> Value {
    json!({ "type": "join", "room": room, "name": name })
}

/// Somebody outside says `message` on socket 9.
fn outside(message: Value) -> World {
    let mut world = World::new();
    world.open(9);
    world.say(9, message);
    world
}

/// Somebody inside says `message` on socket 9.
fn inside(message: Value) -> World {
    let mut world = World::new();
    world.join(9, "Ann");
    world.take(9);
    world.say(9, message);
    world
}

/// Makes an error with this code come on socket 9.
fn provoke(code: ErrorCode) -> World {
    match code {
        ErrorCode::BadMessage => inside(json!({ "type": "dance" })),
        ErrorCode::TooLarge => inside(json!({ "type": "ping", "x": "x".repeat(70_000) })),
        ErrorCode::NotJoined => outside(offer(1, true, &[])),
        ErrorCode::AlreadyJoined => inside(join("den", "Ann")),
        ErrorCode::UnknownRoom => outside(join("nowhere", "Ann")),
        ErrorCode::RoomFull => {
            let mut world = World::with_limit(Limit::PeersPerRoom, 1);
            world.join(1, "Ann");
            world.open(9);
            world.say(9, join("den", "Bob"));
            world
        }
        ErrorCode::Forbidden => {
            let mut message = join("den", "Ann");
            message["secret"] = "a guess".into();
            outside(message)
        }
        ErrorCode::Reload => {
            let mut message = join("den", "Ann");
            message["protocol"] = 0.into();
            outside(message)
        }
        ErrorCode::BadPass => {
            let mut message = join("den", "Ann");
            message["pass"] = "a guess".into();
            outside(message)
        }
        ErrorCode::PassNeeded => {
            let mut world = World::new();
            world.rule(Auth::Token, Auth::Token);
            world.open(9);
            world.say(9, join("den", "Ann"));
            world
        }
        ErrorCode::BadName => outside(join("den", &"x".repeat(10_000))),
        ErrorCode::OfferRefused => {
            let mut message = offer(1, true, &[("camera", "video")]);
            message["slots"] = json!([{ "mid": "0", "kind": "video", "slot": 200 }]);
            inside(message)
        }
        ErrorCode::MediaLost => {
            let mut world = World::new();
            let ann = world.join_with_media(9, "Ann");
            world.take(9);
            world.notice(Notice::Lost { peer: ann.peer, reason: "closed".into() });
            world
        }
        ErrorCode::UnknownPeer => inside(json!({ "type": "signal", "to": "0123456789abcdef", "data": 1 })),
        ErrorCode::UnknownTrack => {
            inside(json!({ "type": "mute", "stream": "screen", "kind": "audio", "muted": true }))
        }
        ErrorCode::UnknownMessage => inside(json!({ "type": "chat-delete", "ref": "a", "id": 1 })),
        ErrorCode::NotInThisTopology => {
            let mut world = World::new();
            let ann = world.join(1, "Ann");
            world.join(9, "Bob");
            world.take(9);
            world.say(9, json!({ "type": "signal", "to": ann.peer.to_string(), "data": 1 }));
            world
        }
        ErrorCode::Busy => {
            let mut world = World::with_limit(Limit::Rooms, 1);
            world.join(1, "Bob");
            let attic = world.link("attic");
            world.open(9);
            world.say(9, join(&attic, "Ann"));
            world
        }
        ErrorCode::NotAllowed
        | ErrorCode::UnknownKnock
        | ErrorCode::Locked
        | ErrorCode::Banned
        | ErrorCode::LobbyFull
        | ErrorCode::NotAdmitted
        | ErrorCode::Removed
        | ErrorCode::Ended => moderated(code),
        ErrorCode::RoomOver | ErrorCode::MeetingOver | ErrorCode::TooEarly => timed(code),
        ErrorCode::TooMuchMedia => {
            let mut world = World::new();
            let ann = world.join(9, "Ann");
            world.take(9);
            world.notice(Notice::TooMuch { peer: ann.peer });
            world
        }
        ErrorCode::RateLimited => {
            let mut world = World::with_limit(Limit::MessagesPerSecond, 1);
            world.open(9);
            world.text(9, "{");
            world.text(9, "{");
            world.take(9);
            world.text(9, "{");
            world
        }
    }
}

/// Makes one come that is about who decides, and about the door.
fn moderated(code: ErrorCode) -> World {
    match code {
        ErrorCode::NotAllowed => inside(json!({ "type": "moderate", "action": "lock", "locked": true })),
        ErrorCode::UnknownKnock => {
            let (mut world, _) = kept_by_ann(9, "open");
            wish(&mut world, 9, json!({ "action": "refuse", "knock": 5 }));
            world
        }
        ErrorCode::Locked => {
            let (mut world, room) = kept_by_ann(1, "open");
            wish(&mut world, 1, json!({ "action": "lock", "locked": true }));
            enter(&mut world, 9, &room, "Bob");
            world
        }
        ErrorCode::Banned => {
            let (mut world, room) = kept_by_ann(1, "open");
            let bob = world.enter(2, json!({ "type": "join", "room": room, "name": "Bob" })).peer;
            wish(&mut world, 1, json!({ "action": "ban", "peer": bob.to_string() }));
            world.open_from(9, super::harness::address(2));
            world.say(9, join(&room, "Bob"));
            world.take(2);
            world
        }
        ErrorCode::LobbyFull => {
            let (mut world, room) = kept_by_ann(1, "lobby");
            for socket in 100..=Limit::LobbyPerRoom.default_value() + 100 {
                enter(&mut world, if socket == 150 { 9 } else { socket }, &room, "Bob");
            }
            world
        }
        ErrorCode::NotAdmitted => {
            let (mut world, room) = kept_by_ann(1, "lobby");
            enter(&mut world, 9, &room, "Bob");
            wish(&mut world, 1, json!({ "action": "refuse", "knock": 1 }));
            world
        }
        ErrorCode::Removed | ErrorCode::Ended => {
            let (mut world, room) = kept_by_ann(1, "open");
            let bob = world.enter(9, json!({ "type": "join", "room": room, "name": "Bob" })).peer;
            let removal = json!({ "action": "remove", "peer": bob.to_string() });
            wish(&mut world, 1, if code == ErrorCode::Ended { json!({ "action": "end" }) } else { removal });
            world
        }
        _ => panic!("{code:?} is about something else"),
    }
}

#[test]
fn every_error_can_come_and_is_counted() {
    for code in ErrorCode::ALL {
        let mut world = provoke(code);
        let told = world.take(9);
        let is_it = |message: &ServerMessage| matches!(message, ServerMessage::Error { code: told, .. } if *told == code);
        assert_eq!(told.iter().filter(|message| is_it(message)).count(), 1, "{code:?}: {told:?}");
        let told_to_others = u64::from(code == ErrorCode::Ended) + u64::from(code == ErrorCode::Banned);
        assert_eq!(world.conference.counters().refusals(code), 1 + told_to_others, "{code:?}");
    }
}

#[test]
fn a_signal_into_another_room_is_one_to_nobody() {
    let mut world = World::new();
    world.room("Attic");
    let ann = world.join(1, "Ann");
    world.enter(2, join("attic", "Bob"));
    world.take(2);
    world.say(2, json!({ "type": "signal", "to": ann.peer.to_string(), "data": 1 }));
    assert_eq!(world.take_types(2), ["error unknown-peer"]);
}

#[test]
fn a_token_that_brings_nobody_back_is_counted() {
    let mut world = World::new();
    world.room("Attic");
    let ann = world.join(1, "Ann");
    world.close(1);
    let newest = world.resume(2, &ann.token).token;
    world.say(2, json!({ "type": "ping" }));
    assert_eq!(world.conference.counters().unknown_tokens, 0);
    // Used twice, made up, no token at all, and good in another room only.
    for (socket, room, token) in [
        (3, "den", ann.token.as_str()),
        (4, "den", "3q2-7wEjRWeJq83vEjRWeA"),
        (5, "den", "?"),
        (6, "attic", &newest),
    ] {
        let stranger =
            world.enter(socket, json!({ "type": "join", "room": room, "name": "Eve", "token": token }));
        assert!(!stranger.resumed && stranger.peer != ann.peer);
    }
    let counters = world.conference.counters();
    assert_eq!((counters.resumed, counters.unknown_tokens), (1, 4));
}
