//! Who comes in with an access token, as what, and who does not.

use serde_json::{Value, json};

use super::grants::GUEST;
use super::harness::{World, address, offer};
use super::moderation::{kept_by_ann, wish};
use crate::conference::protocol::{ErrorCode, Grant, PassFault, Role, ServerMessage, SlotLimits};
use crate::conference::{Auth, CreateRoom, CreateRoomError};
use crate::limits::Limit;
use crate::media::ids::PeerId;
use crate::passes::PassKeys;

/// A world in which nobody comes into the den without a pass but Ann, who is in a call there, and Bob, in the attic.
fn closed() -> World {
    let mut world = World::new();
    world.room("Attic");
    world.join_with_media(1, "Ann");
    world.enter(2, json!({ "type": "join", "room": "attic", "name": "Bob" }));
    world.rule(Auth::Token, Auth::Token);
    world.pass_millis(1_000);
    world.take(1);
    world.take(2);
    world
}

fn join(room: &str, pass: Option<&str>) -> Value {
    json!({ "type": "join", "room": room, "name": "Eve", "pass": pass })
}

/// Somebody asks to come in on a socket of their own address.
fn asks(world: &mut World, socket: usize, join: Value) -> Vec<String> {
    world.open(socket);
    world.say(socket, join);
    world.take_types(socket)
}

fn enters(world: &mut World, socket: usize, room: &str, plenary: &Value) -> ServerMessage {
    let pass = world.pass_of(json!({ "plenary": plenary }));
    world.enter(socket, join(room, Some(&pass)));
    let newest = world.all(socket).into_iter().rev();
    newest.into_iter().find(|message| matches!(message, ServerMessage::Welcome { .. })).expect("a welcome")
}

fn grants(welcome: &ServerMessage) -> Vec<Grant> {
    let ServerMessage::Welcome { grants, .. } = welcome else { panic!("no welcome") };
    grants.clone()
}

fn all_but(left_out: &[Grant]) -> Vec<Grant> {
    GUEST.iter().copied().filter(|grant| !left_out.contains(grant)).collect()
}

#[test]
fn a_bad_pass_lets_nobody_in_says_why_and_is_noticed_by_nobody_else() {
    let mut world = closed();
    let now = world.now().wall.as_millis() / 1_000;
    let good = world.pass_of(json!({ "plenary": { "room": "den" } }));
    let mut forged = good.clone();
    forged.replace_range(forged.len() - 10..forged.len() - 9, "_");
    let (header, rest) = good.split_once('.').unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIiwia2lkIjoic2Nob29sIn0.{rest}");
    let mut another = world.conference.config.rules.clone();
    std::mem::swap(&mut world.conference.config.rules, &mut another);
    world.conference.config.rules.passes.keys = PassKeys::default();
    world.conference.config.rules.passes.keys.add_secret("school", &[b'E'; 43]).unwrap();
    let of_another_key = world.pass_of(json!({ "plenary": { "room": "den" } }));
    std::mem::swap(&mut world.conference.config.rules, &mut another);
    for (pass, why) in [
        ("", "three parts"),
        ("a.b.c", "three parts"),
        (&forged, "did not sign it"),
        (&of_another_key, "did not sign it"),
        (&unsigned, "alg: none"),
        (&good.replace(header, "eyJhbGciOiJSUzI1NiIsImtpZCI6InNjaG9vbCJ9"), "signs with HS256"),
        (&good.replace(header, "eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uL3N0YXRlL2tleSJ9"), "not known here"),
        (&world.pass_of(json!({ "exp": now - 31, "plenary": { "room": "den" } })), "expired"),
        (&world.pass_of(json!({ "nbf": now + 31, "plenary": { "room": "den" } })), "not valid yet"),
        (&world.pass_of(json!({ "plenary": { "room": "attic" } })), "another room"),
        (&world.pass_of(json!({ "plenary": { "room": "den", "join": false } })), "not for coming in"),
        (&world.pass_of(json!({ "name": "\u{200b}", "plenary": { "room": "den" } })), "the name in it"),
        (&"a".repeat(Limit::PassBytes.default_value() + 1), "more than 8192 bytes"),
    ] {
        world.open(9);
        world.say(9, join("den", Some(pass)));
        let told = world.take(9);
        let [ServerMessage::Error { code: ErrorCode::BadPass, message, reason, .. }] = &told[..] else {
            panic!("{pass}: {told:?}")
        };
        assert!(message.contains(why) && message.len() < 250, "{pass}: {message}");
        let fault = match why {
            "expired" => PassFault::Expired,
            "not valid yet" => PassFault::NotYet,
            "another room" => PassFault::OtherRoom,
            _ => PassFault::Bad,
        };
        assert_eq!(*reason, Some(fault), "{message}");
    }
    assert_eq!(world.conference.tally().count(Limit::PassBytes), 1);
    // Of this nothing is read at all.
    assert_eq!(asks(&mut world, 9, join("den", Some(&"a".repeat(1_000_000)))), ["error too-large"]);
    assert_eq!(asks(&mut world, 9, join("den", None)), ["error pass-needed"]);
    world.pass_millis(1_000);
    assert_eq!((world.take(1), world.take(2)), (vec![], vec![]), "calls go on, in this room and in others");
    assert!(asks(&mut world, 9, join("den", Some(&good))).contains(&"welcome".to_owned()));
    assert_eq!(world.conference.counters().passes, 1);
}

#[test]
fn guesses_are_counted_by_address_and_a_good_pass_comes_in_all_the_same() {
    let mut world = World::with_limit(Limit::FailedJoinsPerMinutePerAddress, 2);
    world.rule(Auth::Token, Auth::Token);
    let good = world.pass_of(json!({ "plenary": { "room": "den" } }));
    let mut told = Vec::new();
    for socket in 100..140 {
        world.open_from(socket, address(7));
        world.say(socket, join("den", Some("guess")));
        told.extend(world.take_types(socket));
    }
    let bad = told.iter().filter(|answer| *answer == "error bad-pass").count();
    assert!((1..40).contains(&bad) && told[bad..].iter().all(|answer| answer == "error rate-limited"));
    world.open_from(900, address(7));
    world.say(900, join("den", Some(&good)));
    assert!(world.take_types(900).contains(&"welcome".to_owned()));
}

#[test]
fn somebody_may_what_their_pass_says_and_no_more() {
    let mut world = closed();
    for (plenary, left_out) in [
        (json!({}), &[][..]),
        (json!({ "publish": ["microphone", "camera"] }), &[Grant::Screen, Grant::Signal]),
        (json!({ "publish": [] }), &[Grant::Microphone, Grant::Camera, Grant::Screen, Grant::Signal]),
        (json!({ "subscribe": false }), &[Grant::Subscribe, Grant::Signal]),
        (json!({ "chat": false }), &[Grant::Chat]),
        (json!({ "files": false }), &[Grant::Files, Grant::Signal]),
    ] {
        let mut plenary = plenary;
        plenary["room"] = "d*".into();
        let welcome = enters(&mut world, 9, "den", &plenary);
        assert_eq!(grants(&welcome), all_but(left_out), "{plenary}");
        world.say(9, json!({ "type": "leave" }));
        world.close(9);
    }
    let moderator = enters(&mut world, 8, "den", &json!({ "room": "den", "moderate": true }));
    assert!(matches!(moderator, ServerMessage::Welcome { role: Role::Moderator, .. }), "{moderator:?}");
    let owner = enters(&mut world, 7, "den", &json!({ "room": "den", "admin": true }));
    assert!(grants(&owner).contains(&Grant::Own), "{owner:?}");
}

#[test]
fn who_may_not_see_the_others_has_no_slots_and_gets_none_by_offering() {
    let mut world = closed();
    let welcome = enters(&mut world, 9, "den", &json!({ "room": "den", "subscribe": false }));
    let ServerMessage::Welcome { slots, .. } = welcome else { panic!("a welcome") };
    assert_eq!(slots, SlotLimits { pairs: 0, audio_only: 0, video_steps: vec![] });
    world.take(9);
    world.take_commands();
    let mut sly = offer(1, true, &[("camera", "audio")]);
    sly["slots"] = json!([{ "mid": "1", "kind": "audio", "slot": 0 }]);
    world.say(9, sly);
    assert_eq!(world.take_errors(9), ["error not-allowed"]);
    assert_eq!(world.take_commands(), Vec::<String>::new());
    world.say(9, offer(1, true, &[("camera", "audio")]));
    assert_eq!(world.take_errors(9), Vec::<String>::new());
    assert_eq!(world.take_commands().len(), 1, "what they send goes to the worker");
}

#[test]
fn what_a_pass_forbids_no_role_gives_and_no_restart_forgets() {
    let mut world = World::new();
    world.rule(Auth::Open, Auth::Open);
    let owner = world.pass_of(json!({ "plenary": { "room": "den", "admin": true } }));
    world.enter(1, join("den", Some(&owner)));
    let mute = world.pass_of(json!({ "plenary": { "room": "den", "publish": [] } }));
    let eve = world.enter(9, join("den", Some(&mute)));
    wish(&mut world, 1, json!({ "action": "role", "peer": eve.peer.to_string(), "role": "owner" }));
    let told = world.take(9).into_iter().rev().find_map(|message| match message {
        ServerMessage::Granted { grants, .. } => Some(grants),
        _ => None,
    });
    let told = told.expect("word of it");
    assert!(told.contains(&Grant::Own) && !told.contains(&Grant::Microphone), "{told:?}");
    world.restart();
    world.rule(Auth::Token, Auth::Token);
    let mut back = join("den", None);
    back["token"] = eve.token.into();
    world.pass_millis(1);
    let again = world.enter(9, back);
    assert_eq!(again.peer, eve.peer, "no pass is needed to come back");
    let ServerMessage::Welcome { grants, .. } = &world.all(9)[0] else { panic!("a welcome") };
    assert!(grants.contains(&Grant::Chat) && !grants.contains(&Grant::Microphone), "{grants:?}");
}

#[test]
fn who_comes_back_needs_no_pass_any_more_and_keeps_the_name_in_it() {
    let mut world = closed();
    let pass = world.pass_of(json!({ "name": "  Dr.  Ann ", "plenary": { "room": "den" } }));
    let mut wanted = join("den", Some(&pass));
    wanted["name"] = "".into();
    let welcome = world.enter(9, wanted.clone());
    assert!(world.names(9).contains(&"Dr. Ann".to_owned()), "{:?}", world.names(9));
    world.pass_millis(120_000);
    world.close(9);
    (wanted["token"], wanted["name"]) = (welcome.token.into(), "Mallory".into());
    assert_eq!(world.enter(8, wanted).peer, welcome.peer, "it has expired meanwhile");
    assert!(world.names(8).contains(&"Dr. Ann".to_owned()), "{:?}", world.names(8));
}

#[test]
fn whoever_made_the_room_needs_no_pass() {
    let (mut world, _) = kept_by_ann(1, "open");
    world.rule(Auth::Token, Auth::Open);
    let wanted = CreateRoom { name: "Other".into(), ..CreateRoom::default() };
    let made = world.conference.create_room(world.now(), address(0), wanted).unwrap();
    for pass in [None, Some("nonsense")] {
        let mut join = join(&made.room.id, pass);
        join["secret"] = made.secret.clone().into();
        assert!(asks(&mut world, 9, join).contains(&"welcome".to_owned()), "{pass:?}");
        world.close(9);
    }
}

fn remove(world: &mut World, action: &str, peer: PeerId) {
    wish(world, 1, json!({ "action": action, "peer": peer.to_string() }));
}

#[test]
fn who_was_put_out_does_not_come_back_with_the_same_pass_and_who_was_banned_with_none() {
    let (mut world, room) = kept_by_ann(1, "open");
    world.rule(Auth::Token, Auth::Token);
    let pass = |world: &World, sub: &str, jti: &str| {
        world.pass_of(json!({ "sub": sub, "jti": jti, "plenary": { "room": room } }))
    };
    let (first, second) = (pass(&world, "eve", "1"), pass(&world, "eve", "2"));
    let eve = world.enter(2, join(&room, Some(&first))).peer;
    remove(&mut world, "remove", eve);
    assert_eq!(world.take_errors(2), ["error removed"]);
    assert_eq!(asks(&mut world, 3, join(&room, Some(&first))), ["error removed"], "from elsewhere, too");
    let eve = world.enter(4, join(&room, Some(&second))).peer;
    remove(&mut world, "ban", eve);
    let third = pass(&world, "eve", "3");
    for pass in [&first, &second, &third] {
        assert_eq!(asks(&mut world, 5, join(&room, Some(pass))), ["error banned"]);
    }
    world.pass_millis(7_200_000);
    let later = pass(&world, "eve", "4");
    assert_eq!(asks(&mut world, 6, join(&room, Some(&later))), ["error banned"], "as long as the room lives");
    let (dan, moderator) = (
        pass(&world, "dan", "5"),
        world.pass_of(json!({ "sub": "eve", "plenary": { "room": room, "moderate": true } })),
    );
    assert_eq!(asks(&mut world, 7, join(&room, Some(&moderator))), ["error banned"], "whatever they are");
    assert!(
        asks(&mut world, 4, join(&room, Some(&dan))).contains(&"welcome".to_owned()),
        "the next one behind their address"
    );
    let mut asking = join(&room, Some(&later));
    asking["knock"] = true.into();
    assert_eq!(asks(&mut world, 8, asking), ["waiting"]);
    wish(&mut world, 1, json!({ "action": "admit", "knock": 1 }));
    assert!(world.take_types(8).contains(&"welcome".to_owned()), "they may be let in again");
}

#[test]
fn who_moderates_comes_through_lobby_and_lock_and_others_wait_as_what_they_are() {
    let (mut world, room) = kept_by_ann(1, "lobby");
    world.rule(Auth::Open, Auth::Open);
    let guest = world.pass_of(json!({ "name": "Eve", "plenary": { "room": room, "chat": false } }));
    let moderator = world.pass_of(json!({ "plenary": { "room": room, "moderate": true } }));
    assert_eq!(asks(&mut world, 2, join(&room, Some(&guest))), ["waiting"]);
    wish(&mut world, 1, json!({ "action": "admit", "knock": 1 }));
    let welcome = world.take(2).into_iter().find(|message| matches!(message, ServerMessage::Welcome { .. }));
    assert!(
        !grants(&welcome.unwrap()).contains(&Grant::Chat),
        "the lobby does not wash off what a pass says"
    );
    wish(&mut world, 1, json!({ "action": "lock", "locked": true }));
    assert_eq!(asks(&mut world, 3, join(&room, Some(&guest))), ["error locked"]);
    assert!(asks(&mut world, 4, join(&room, Some(&moderator))).contains(&"welcome".to_owned()));
}

#[test]
fn a_key_that_is_gone_lets_nobody_in_and_puts_nobody_out() {
    let mut world = closed();
    let pass = world.pass_of(json!({ "plenary": { "room": "den" } }));
    let eve = world.enter(9, join("den", Some(&pass)));
    world.conference.use_pass_keys(PassKeys::default());
    assert_eq!(asks(&mut world, 8, join("den", Some(&pass))), ["error bad-pass"]);
    world.close(9);
    let mut back = join("den", Some(&pass));
    back["token"] = eve.token.into();
    assert_eq!(world.enter(7, back).peer, eve.peer);
}

#[test]
fn where_rooms_are_made_with_a_pass_links_make_none() {
    let mut world = World::new();
    world.rule(Auth::Open, Auth::Token);
    let create = |world: &mut World, pass: Option<String>| {
        let wanted = CreateRoom { name: "Class 7".into(), listed: false, pass, ..CreateRoom::default() };
        world.conference.create_room(world.now(), address(0), wanted)
    };
    assert_eq!(create(&mut world, None).unwrap_err(), CreateRoomError::NoPass);
    assert!(matches!(create(&mut world, Some("nonsense".into())), Err(CreateRoomError::BadPass(_))));
    let long = "a".repeat(Limit::PassBytes.default_value() + 1);
    assert!(matches!(create(&mut world, Some(long)), Err(CreateRoomError::BadPass(_))));
    assert_eq!(world.conference.tally().count(Limit::PassBytes), 1);
    for plenary in [json!({ "room": "*" }), json!({ "room": "attic-*", "create": true })] {
        let pass = world.pass_of(json!({ "plenary": plenary }));
        assert_eq!(create(&mut world, Some(pass)).unwrap_err(), CreateRoomError::NotGranted);
    }
    let teacher = world.pass_of(json!({ "exp": 9e9, "plenary": { "room": "class-*", "create": true } }));
    let made = create(&mut world, Some(teacher.clone())).unwrap();
    let room = made.room.id;
    assert!(asks(&mut world, 1, join(&room, None)).contains(&"welcome".to_owned()), "whoever has the link");
    world.say(1, json!({ "type": "leave" }));
    world.pass_millis(600_000);
    assert_eq!(world.conference.look_up(world.now(), &room), None, "it has ended");
    assert_eq!(asks(&mut world, 2, join(&room, None)), ["error unknown-room"]);
    assert_eq!(world.conference.look_up_with(world.now(), &room, Some("nonsense")), None);
    assert!(world.conference.look_up_with(world.now(), &room, Some(&teacher)).is_some());
    assert!(asks(&mut world, 3, join(&room, Some(&teacher))).contains(&"welcome".to_owned()));
    assert!(asks(&mut world, 4, join(&room, None)).contains(&"welcome".to_owned()), "and everybody again");
    world.say(3, json!({ "type": "leave" }));
    world.say(4, json!({ "type": "leave" }));
    world.pass_millis(600_000);
    let mut mine = join(&room, None);
    mine["secret"] = made.secret.into();
    assert!(asks(&mut world, 5, mine).contains(&"welcome".to_owned()), "whoever made it was allowed to");
}
