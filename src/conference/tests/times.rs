//! Rooms that open and end at a time, meetings that take no longer than they may, and what a room has switched off.

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{World, address, offer};
use crate::conference::protocol::{Closes, ErrorCode, Grant, Path, ServerMessage};
use crate::conference::sockets::SocketState;
use crate::conference::{Auth, Change, CreateRoomError, Declined, Kept, SocketId, UnixTime};
use crate::media::message::Notice;

const MINUTE: u64 = 60_000;

/// So many minutes from now on, as the API writes it.
fn in_minutes(world: &World, minutes: u64) -> u64 {
    world.now().wall.as_millis() + minutes * MINUTE
}

/// A room that is kept so: its id, and its secret.
fn room(world: &mut World, more: Value) -> (String, String) {
    let made = try_room(world, more).unwrap();
    (made.room.id, made.secret)
}

fn try_room(world: &mut World, mut more: Value) -> Result<crate::conference::CreatedRoom, CreateRoomError> {
    more["name"] = "Course".into();
    let wanted = serde_json::from_value(more).unwrap();
    world.conference.create_room(world.now(), address(0), wanted)
}

fn change(world: &mut World, (id, secret): &(String, String), patch: Value) -> Result<(), Declined> {
    let patch = serde_json::from_value(patch).unwrap();
    let changed = world.conference.change_room(world.now(), address(0), (id, secret), None, patch);
    world.pass(Duration::ZERO);
    // Whatever comes next collects what everybody was told.
    world.open(99);
    changed.map(drop)
}

fn asks(world: &mut World, socket: usize, (id, _): &(String, String), more: Value) -> Vec<String> {
    let mut join = more;
    (join["type"], join["room"], join["name"]) = ("join".into(), id.as_str().into(), "Bob".into());
    world.open(socket);
    world.say(socket, join);
    world.take_types(socket)
}

/// Who is inside on a socket.
fn inside(world: &World, socket: usize) -> String {
    match world.conference.sockets.get(&SocketId(socket)).map(|client| client.state) {
        Some(SocketState::Inside(peer)) => peer.to_string(),
        state => panic!("{state:?}"),
    }
}

/// What a socket was told of the end, in the order of that.
fn closing(world: &mut World, socket: usize) -> Vec<(Closes, Option<u64>)> {
    let told = world.take(socket).into_iter().filter_map(|message| match message {
        ServerMessage::Closing { what, seconds } => Some((what, seconds)),
        _ => None,
    });
    told.collect()
}

/// Makes an error come on socket 9 that is about time.
pub(super) fn timed(code: ErrorCode) -> World {
    let mut world = World::empty();
    let soon = in_minutes(&world, 1);
    let room = match code {
        ErrorCode::RoomOver => room(&mut world, json!({ "ends": soon })),
        ErrorCode::MeetingOver => room(&mut world, json!({ "longest": 60 })),
        _ => room(&mut world, json!({ "starts": soon })),
    };
    world.open(9);
    world.say(9, json!({ "type": "join", "room": room.0, "name": "Bob" }));
    if code != ErrorCode::TooEarly {
        world.pass_millis(MINUTE);
    }
    world
}

#[test]
fn before_a_room_opens_only_who_moderates_comes_in() {
    let mut world = World::empty();
    world.rule(Auth::Open, Auth::Open);
    let starts = in_minutes(&world, 30);
    let room = room(&mut world, json!({ "starts": starts }));
    assert_eq!(asks(&mut world, 2, &room, json!({})), ["error too-early"]);
    let guest = world.pass_of(json!({ "plenary": { "room": "*" } }));
    assert_eq!(asks(&mut world, 2, &room, json!({ "pass": guest })), ["error too-early"]);
    let moderator = world.pass_of(json!({ "plenary": { "room": "*", "moderate": true } }));
    assert!(asks(&mut world, 3, &room, json!({ "pass": moderator })).contains(&"welcome".to_owned()));
    assert!(asks(&mut world, 1, &room, json!({ "secret": room.1 })).contains(&"welcome".to_owned()));
    world.pass_millis(30 * MINUTE - 1);
    assert_eq!(asks(&mut world, 4, &room, json!({})), ["error too-early"]);
    world.pass_millis(1);
    assert!(asks(&mut world, 4, &room, json!({})).contains(&"welcome".to_owned()));
}

#[test]
fn a_room_that_opens_tomorrow_is_there_tomorrow() {
    let mut world = World::empty();
    let starts = in_minutes(&world, 24 * 60);
    let room = room(&mut world, json!({ "starts": starts }));
    world.pass_millis(24 * 60 * MINUTE);
    assert!(asks(&mut world, 1, &room, json!({})).contains(&"welcome".to_owned()));
}

#[test]
fn a_room_ends_at_its_time_whoever_is_inside_was_told_and_its_link_leads_nowhere() {
    let mut world = World::empty();
    let ends = in_minutes(&world, 60);
    let room = room(&mut world, json!({ "ends": ends }));
    assert!(asks(&mut world, 1, &room, json!({ "secret": room.1 })).contains(&"welcome".to_owned()));
    world.pass_millis(55 * MINUTE - 1);
    assert_eq!(closing(&mut world, 1), []);
    world.pass_millis(1);
    assert_eq!(closing(&mut world, 1), [(Closes::Room, Some(300))]);
    world.pass_millis(2 * MINUTE);
    let late = asks(&mut world, 2, &room, json!({}));
    assert!(late.contains(&"closing".to_owned()), "who comes late knows too: {late:?}");
    world.pass_millis(2 * MINUTE);
    assert_eq!(closing(&mut world, 1), [(Closes::Room, Some(60))]);
    world.pass_millis(MINUTE);
    assert_eq!(world.take_errors(1), ["error room-over"]);
    assert_eq!(world.take_errors(2), ["error room-over"]);
    assert_eq!(asks(&mut world, 3, &room, json!({ "secret": room.1 })), ["error ended"]);
    let changes: Vec<Change> = std::iter::from_fn(|| world.conference.poll_change()).collect();
    assert!(matches!(changes.last(), Some(Change::Ended { id, .. }) if *id == room.0), "{changes:?}");
}

#[test]
fn an_empty_room_ends_too_and_who_waits_for_it_hears_why() {
    let mut world = World::empty();
    let ends = in_minutes(&world, 60);
    let room = room(&mut world, json!({ "ends": ends, "access": "lobby" }));
    assert_eq!(asks(&mut world, 1, &room, json!({})), ["waiting"]);
    world.pass_millis(60 * MINUTE);
    assert_eq!(world.take_errors(1), ["error room-over"]);
    assert!(world.conference.room(&room.0).is_none());
}

#[test]
fn a_clock_that_was_set_forward_ends_a_room_within_ten_minutes_and_at_once_for_who_comes() {
    for comes in [true, false] {
        let mut world = World::empty();
        let ends = in_minutes(&world, 24 * 60);
        let room = room(&mut world, json!({ "ends": ends }));
        world.clock_ahead = (24 * 60 * MINUTE).cast_signed();
        if comes {
            assert_eq!(asks(&mut world, 1, &room, json!({})), ["error room-over"]);
        } else {
            world.pass_millis(10 * MINUTE);
        }
        assert!(world.conference.room(&room.0).is_none());
        assert_eq!(asks(&mut world, 2, &room, json!({})), ["error ended"]);
    }
}

#[test]
fn an_end_that_came_while_the_server_was_away_is_made_up_for() {
    let mut world = World::empty();
    let (soon, late) = (in_minutes(&world, 1), in_minutes(&world, 90));
    let rooms = [soon, late].map(|ends| room(&mut world, json!({ "ends": ends })));
    let records = std::iter::from_fn(|| world.conference.poll_change());
    let rooms_kept = records.filter_map(|change| match change {
        Change::Kept(room) => Some(room),
        _ => None,
    });
    let kept = Kept { rooms: rooms_kept.collect(), ..Kept::default() };
    assert_eq!(kept.rooms.len(), 2);
    world.pass_millis(30 * MINUTE);
    world.restart();
    world.conference.restore(world.now(), kept);
    assert_eq!(rooms.clone().map(|(id, _)| world.conference.room(&id).is_some()), [false, true]);
    assert!(matches!(world.conference.poll_change(), Some(Change::Gone { .. } | Change::Ended { .. })));
    world.pass_millis(60 * MINUTE);
    assert!(world.conference.room(&rooms[1].0).is_none());
}

#[test]
fn a_meeting_that_took_as_long_as_it_may_is_over_and_another_one_may_begin() {
    let mut world = World::empty();
    let room = room(&mut world, json!({ "longest": 600 }));
    world.pass_millis(60 * MINUTE);
    for (socket, minute) in [(1, 0), (2, 3)] {
        assert!(asks(&mut world, socket, &room, json!({})).contains(&"welcome".to_owned()), "{minute}");
        world.pass_millis(3 * MINUTE);
    }
    assert_eq!(closing(&mut world, 1), [(Closes::Meeting, Some(300))], "reckoned from the first one");
    world.pass_millis(4 * MINUTE);
    for socket in [1, 2] {
        assert_eq!(world.take_errors(socket), ["error meeting-over"]);
    }
    let again = asks(&mut world, 3, &room, json!({}));
    assert!(again.contains(&"welcome".to_owned()) && !again.contains(&"closing".to_owned()), "{again:?}");
    world.pass_millis(5 * MINUTE);
    assert_eq!(closing(&mut world, 3), [(Closes::Meeting, Some(300))]);
}

#[test]
fn an_end_that_is_put_off_is_told_and_one_that_is_near_at_once() {
    let mut world = World::empty();
    let room = room(&mut world, json!({}));
    assert!(asks(&mut world, 1, &room, json!({ "secret": room.1 })).contains(&"welcome".to_owned()));
    let near = in_minutes(&world, 4);
    change(&mut world, &room, json!({ "ends": near })).unwrap();
    assert_eq!(closing(&mut world, 1), [(Closes::Room, Some(240))]);
    change(&mut world, &room, json!({ "ends": null })).unwrap();
    assert_eq!(closing(&mut world, 1), [(Closes::Room, None)]);
    world.pass_millis(60 * MINUTE);
    assert_eq!(world.take_errors(1), Vec::<String>::new());
    change(&mut world, &room, json!({ "longest": 3_660 })).unwrap();
    assert_eq!(closing(&mut world, 1), [(Closes::Meeting, Some(60))]);
}

#[test]
fn times_that_cannot_be_are_refused_and_nothing_is_changed() {
    let mut world = World::empty();
    let (past, soon, late) = (world.now().wall.as_millis() - 1, in_minutes(&world, 1), in_minutes(&world, 2));
    for wanted in [
        json!({ "ends": past }),
        json!({ "starts": late, "ends": soon }),
        json!({ "starts": soon, "ends": soon }),
        json!({ "longest": 59 }),
        json!({ "longest": 86_401 }),
    ] {
        assert!(matches!(try_room(&mut world, wanted.clone()), Err(CreateRoomError::Unfit(_))), "{wanted}");
        let room = room(&mut world, json!({}));
        let changed = change(&mut world, &room, wanted.clone());
        assert!(matches!(changed, Err(Declined::Unfit(_))), "{wanted}");
        assert_eq!(world.conference.room(&room.0).unwrap().keeping.ends, None);
    }
    let made = try_room(
        &mut world,
        json!({ "starts": 100_000_000_000_u64, "ends": (soon as f64), "longest": 60.0 }),
    )
    .unwrap();
    assert_eq!(made.room.keeping.ends, Some(UnixTime::from_millis(soon)), "8 and 8.0 are the same");
    for wrong in
        [json!({ "ends": -1 }), json!({ "ends": 1.5 }), json!({ "ends": 1e300 }), json!({ "starts": "now" })]
    {
        let mut wrong = wrong;
        wrong["name"] = "x".into();
        assert!(serde_json::from_value::<crate::conference::CreateRoom>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn where_the_chat_is_off_nobody_writes_and_where_files_are_off_nobody_sends_any() {
    let mut world = World::empty();
    let room = room(&mut world, json!({ "chat": false, "files": false }));
    for (socket, more) in [(1, json!({ "secret": room.1 })), (2, json!({}))] {
        asks(&mut world, socket, &room, more);
    }
    let bob = inside(&world, 2);
    let attempts = [
        json!({ "type": "chat", "ref": "a", "text": "Hello" }),
        json!({ "type": "typing", "typing": true }),
        json!({ "type": "file", "to": bob, "frame": { "type": "offer", "id": 1, "name": "a", "size": 1 } }),
        json!({ "type": "signal", "to": bob, "data": {} }),
    ];
    for attempt in &attempts {
        world.say(1, attempt.clone());
        assert_eq!(world.take_errors(1), ["error not-allowed"], "the owner neither: {attempt}");
    }
    let written =
        world.conference.write_into(world.now(), address(0), (&room.0, &room.1), ("The house", "Hello"));
    assert!(matches!(written, Err(Declined::Unfit(_))));
    world.take(2);
    change(&mut world, &room, json!({ "chat": true, "files": true })).unwrap();
    let told = world.take(2);
    let granted = told.iter().find_map(|message| match message {
        ServerMessage::Granted { grants, .. } => Some(grants),
        _ => None,
    });
    assert!(granted.unwrap().contains(&Grant::Chat) && granted.unwrap().contains(&Grant::Files), "{told:?}");
    assert!(told.iter().any(|message| matches!(message, ServerMessage::Room { keeping } if keeping.chat)));
    world.say(1, attempts[0].clone());
    world.say(1, attempts[2].clone());
    assert_eq!(world.take_errors(1), Vec::<String>::new());
    assert!(world.take_types(2).contains(&"file".to_owned()));
    change(&mut world, &room, json!({ "files": false })).unwrap();
    assert!(world.take_types(2).contains(&"file".to_owned()), "what was offered is over");
}

/// There nobody would hold them to it.
#[test]
fn where_files_are_off_browsers_are_not_connected_directly() {
    let mut world = World::empty();
    let room = room(&mut world, json!({ "topology": "auto" }));
    for socket in [1, 2] {
        asks(&mut world, socket, &room, json!({}));
        let peer = inside(&world, socket).parse().unwrap();
        world.say(socket, offer(1, true, &[("camera", "audio")]));
        world.answer(peer, 1);
        world.notice(Notice::Heard { peer });
    }
    let path = |world: &World| {
        world.all(1).into_iter().rev().find_map(|message| match message {
            ServerMessage::Topology { path, .. } => Some(path),
            _ => None,
        })
    };
    world.pass_millis(5_000);
    assert_eq!(path(&world), Some(Path::Trying));
    change(&mut world, &room, json!({ "files": false })).unwrap();
    assert_eq!(path(&world), Some(Path::Server));
}

#[test]
fn a_room_may_be_for_those_who_show_an_access_token() {
    let mut world = World::empty();
    world.rule(Auth::Open, Auth::Open);
    let room = room(&mut world, json!({ "access": "token" }));
    assert_eq!(asks(&mut world, 1, &room, json!({})), ["error pass-needed"]);
    let other = world.pass_of(json!({ "plenary": { "room": "den" } }));
    assert_eq!(asks(&mut world, 1, &room, json!({ "pass": other })), ["error bad-pass"]);
    assert!(asks(&mut world, 2, &room, json!({ "secret": room.1 })).contains(&"welcome".to_owned()));
    let good = world.pass_of(json!({ "plenary": { "room": room.0 } }));
    let token = world.enter(3, json!({ "type": "join", "room": room.0, "name": "Cid", "pass": good })).token;
    world.close(3);
    assert!(
        asks(&mut world, 4, &room, json!({ "token": token })).contains(&"welcome".to_owned()),
        "who is inside comes back without"
    );
    change(&mut world, &room, json!({ "access": "open" })).unwrap();
    assert!(asks(&mut world, 5, &room, json!({})).contains(&"welcome".to_owned()));
}

/// Whoever was banned: where they came from is in no store longer than it counts.
#[test]
fn the_address_of_who_was_banned_is_forgotten_after_an_hour_in_open_rooms_and_empty_ones() {
    for stays in [true, false] {
        let mut world = World::empty();
        let room = room(&mut world, json!({}));
        asks(&mut world, 1, &room, json!({ "secret": room.1 }));
        asks(&mut world, 2, &room, json!({}));
        let bob = inside(&world, 2);
        world.say(1, json!({ "type": "moderate", "action": "ban", "peer": bob }));
        if !stays {
            world.say(1, json!({ "type": "leave" }));
        }
        let newest = |world: &mut World| {
            let changes: Vec<Change> = std::iter::from_fn(|| world.conference.poll_change()).collect();
            changes.last().map(|change| match change {
                Change::Kept(room) => serde_json::to_string(&room.bans).unwrap(),
                other => panic!("{other:?}"),
            })
        };
        assert!(newest(&mut world).unwrap().contains("10.0.0.2"));
        world.pass_millis(60 * MINUTE - 1);
        assert_eq!(newest(&mut world), None);
        world.pass_millis(1);
        let kept = newest(&mut world).unwrap();
        assert!(!kept.contains("10.0.0.2") && kept.contains(&bob), "{kept}");
    }
}

#[test]
fn everybody_is_told_when_the_server_ends_and_whoever_comes_meanwhile_and_again_a_minute_before() {
    let mut world = World::empty();
    let (den, attic) = (room(&mut world, json!({})), room(&mut world, json!({ "longest": 240 })));
    for (socket, room) in [(1, &den), (2, &attic)] {
        assert!(asks(&mut world, socket, room, json!({})).contains(&"welcome".to_owned()));
    }
    assert!(world.conference.has_people() && !world.conference.is_draining());
    world.conference.drain(world.now(), Duration::from_secs(300));
    world.open(99);
    assert_eq!(closing(&mut world, 1), [(Closes::Server, Some(300))]);
    world.take(2);
    world.pass_millis(MINUTE);
    world.open(3);
    world.say(3, json!({ "type": "join", "room": den.0, "name": "Late" }));
    assert_eq!(closing(&mut world, 3), [(Closes::Server, Some(240))]);
    world.pass_millis(2 * MINUTE);
    assert_eq!(closing(&mut world, 2), [(Closes::Meeting, Some(60))], "what is sooner");
    world.pass_millis(MINUTE);
    for socket in [1, 3] {
        assert_eq!(closing(&mut world, socket), [(Closes::Server, Some(60))]);
    }
    for socket in [1, 3] {
        world.say(socket, json!({ "type": "leave" }));
    }
    assert!(!world.conference.has_people(), "the meeting of the second is over");
}
