//! Links of rooms: who has one may enter, and make the room again; who has not is told nothing. And what survives a restart.

use std::time::Duration;

use serde_json::json;

use super::harness::{Welcome, World, address};
use crate::conference::protocol::{Grant, ServerMessage, Topology};
use crate::conference::room::EMPTY_ROOM_KEPT;
use crate::conference::{CreateRoom, CreateRoomError, CreatedRoom, SocketId};
use crate::limits::Limit;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

pub(super) fn make(world: &mut World, name: &str, listed: bool) -> CreatedRoom {
    world
        .conference
        .create_room(
            world.now(),
            address(0),
            CreateRoom { name: name.into(), listed, topology: Topology::Sfu, ..CreateRoom::default() },
        )
        .unwrap()
}

pub(super) fn enter(world: &mut World, socket: usize, room: &str, token: Option<&str>) -> Welcome {
    world.enter(socket, json!({ "type": "join", "room": room, "name": "Ann", "token": token }))
}

/// What somebody hears who has this id and perhaps this token.
fn hears(world: &mut World, socket: usize, room: &str, token: Option<&str>) -> Vec<ServerMessage> {
    world.open(socket);
    world.say(socket, json!({ "type": "join", "room": room, "name": "Eve", "token": token }));
    world.take(socket)
}

/// Whether a secret brings moderation in a room.
fn owns(world: &mut World, id: &str, secret: &str) -> bool {
    const SOCKET: usize = 99;
    world.open(SOCKET);
    world.say(SOCKET, json!({ "type": "join", "room": id, "name": "Oz", "secret": secret }));
    let granted = |message: &ServerMessage| match message {
        ServerMessage::Welcome { grants, .. } => grants.contains(&Grant::Moderate),
        _ => false,
    };
    let owns = world.take(SOCKET).iter().any(granted);
    world.say(SOCKET, json!({ "type": "leave" }));
    world.close(SOCKET);
    owns
}

fn types(messages: &[ServerMessage]) -> Vec<String> {
    messages.iter().map(super::harness::type_of).collect()
}

#[test]
fn the_id_of_a_room_that_is_not_listed_is_its_name_and_64_bits_nobody_can_guess() {
    let mut world = World::new();
    let room = make(&mut world, " Team Room! ", false).room;
    assert_eq!((room.name.as_str(), room.listed), ("Team Room!", false));
    let ending = room.id.strip_prefix("team-room-").unwrap();
    let drawn = ending.rsplit('-').next().unwrap();
    assert_eq!(drawn.len(), 13, "{}", room.id);
    assert!(drawn.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')), "{}", room.id);
    assert_ne!(make(&mut world, "Team Room!", false).room.id, room.id, "a name is nobody's");
    assert_eq!(make(&mut world, "Team Room!", true).room.id, "team-room");
    assert_eq!(world.conference.listed_rooms(None, 9).rooms.len(), 2, "it and the den");
    assert_eq!(
        make(&mut world, &"x".repeat(64), false).room.id.len(),
        64 + 23,
        "beyond the limit of the name"
    );
}

#[test]
fn who_has_the_link_makes_the_room_again_after_a_restart_or_a_week_later() {
    let mut world = World::new();
    let id = make(&mut world, "Team Room", false).room.id;
    enter(&mut world, 1, &id, None);
    world.say(1, json!({ "type": "leave" }));
    world.pass(EMPTY_ROOM_KEPT);
    assert_eq!(world.conference.room(&id), None, "it has ended");
    enter(&mut world, 2, &id, None);
    assert_eq!(world.conference.room(&id).unwrap().people, 1);

    world.restart();
    world.pass(WEEK);
    let found = world.conference.look_up(world.now(), &id).unwrap();
    assert_eq!(
        (found.id.as_str(), found.name.as_str(), found.listed, found.people),
        (&*id, "team-room", false, 0)
    );
    enter(&mut world, 3, &id, None);
    let again = world.conference.room(&id).unwrap();
    assert_eq!((again.name, again.people, again.created_at), ("team-room".into(), 1, found.created_at));
    assert!(!world.conference.listed_rooms(None, 9).rooms.iter().any(|room| room.id == id));
    // The second one with the link meets the first.
    world.enter(4, json!({ "type": "join", "room": id, "name": "Bob" }));
    assert_eq!(world.names(4), ["Ann", "Bob"]);
}

#[test]
fn an_id_that_was_never_made_is_wrong_or_has_ended_gets_one_answer() {
    let mut world = World::new();
    let id = make(&mut world, "Team Room", false).room.id;
    let ended = make(&mut world, "Stage", true).room.id;
    enter(&mut world, 1, &id, None);
    world.pass(EMPTY_ROOM_KEPT);
    let mut wrong =
        vec!["never".to_owned(), ended, String::new(), "-".into(), "Team Room".into(), "team-room".into()];
    wrong.push(format!("team-room-aaaaaaaa-{}", "a".repeat(13)));
    wrong.push("x".repeat(64 * 1024 - 100));
    for at in 0..id.len() {
        let other = if id.as_bytes()[at] == b'q' { "p" } else { "q" };
        wrong.push(format!("{}{other}{}", &id[..at], &id[at + 1..]));
        wrong.push(id[..at].to_owned());
    }
    wrong.retain(|wrong| *wrong != id && wrong != "stage");
    let answer = hears(&mut world, 100, "no-such-room", None);
    assert_eq!(types(&answer), ["error unknown-room"]);
    for (number, wrong) in wrong.iter().enumerate() {
        let heard = hears(&mut world, 101 + number, wrong, None);
        assert_eq!(heard, answer, "{wrong}");
        assert_eq!(world.conference.look_up(world.now(), wrong), None, "{wrong}");
    }
    assert!(types(&hears(&mut world, 99, &id, None)).contains(&"welcome".to_owned()));
}

#[test]
fn a_listed_room_is_made_again_by_who_was_inside_and_by_nobody_else() {
    let mut world = World::new();
    let stage = make(&mut world, "Stage", true);
    let ann = enter(&mut world, 1, "stage", None);
    let other = world.join(2, "Bob");
    world.restart();
    for token in [None, Some("stale"), Some(other.token.as_str())] {
        assert_eq!(types(&hears(&mut world, 3, "stage", token)), ["error unknown-room"], "{token:?}");
    }
    assert_eq!(world.conference.look_up(world.now(), "stage"), None);
    enter(&mut world, 4, "stage", Some(&ann.token));
    let again = world.conference.room("stage").unwrap();
    assert_eq!((again.listed, again.created_at), (true, stage.room.created_at), "it is the room it was");
    assert_eq!(world.conference.listed_rooms(None, 9).rooms.len(), 1);
    assert!(types(&hears(&mut world, 5, "stage", None)).contains(&"welcome".to_owned()));
}

#[test]
fn one_is_the_same_peer_after_a_restart_once() {
    for listed in [false, true] {
        let mut world = World::new();
        let id = make(&mut world, "Team Room", listed).room.id;
        let ann = enter(&mut world, 1, &id, None);
        let bob = enter(&mut world, 2, &id, None);
        world.restart();
        world.pass_millis(3_000);
        let again = enter(&mut world, 3, &id, Some(&ann.token));
        assert_eq!((again.peer, again.resumed, again.media), (ann.peer, false, false));
        // The socket was lost before the welcome arrived: the token brings the same person back once more.
        world.close(3);
        let again = enter(&mut world, 4, &id, Some(&ann.token));
        assert_eq!((again.peer, again.resumed), (ann.peer, true));
        world.say(4, json!({ "type": "ping" }));
        // A copy of the tab is somebody else; so is who comes with it after Ann has left.
        assert_ne!(enter(&mut world, 5, &id, Some(&ann.token)).peer, ann.peer);
        assert_eq!(world.closed, [], "the true Ann keeps her socket");
        world.say(4, json!({ "type": "leave" }));
        assert_ne!(enter(&mut world, 6, &id, Some(&ann.token)).peer, ann.peer);
        // Bob takes longer, and his new token is one like any other.
        world.pass_millis(60_000);
        let back = enter(&mut world, 7, &id, Some(&bob.token));
        assert_eq!(back.peer, bob.peer);
        world.close(7);
        let back = enter(&mut world, 8, &id, Some(&back.token));
        assert_eq!((back.peer, back.resumed), (bob.peer, true));
        let counters = world.conference.counters();
        assert_eq!((counters.returned, counters.resumed, counters.unknown_tokens), (2, 2, 2));
    }
}

#[test]
fn who_stays_away_for_longer_than_a_restart_is_a_new_person_in_the_room_they_were_in() {
    let mut world = World::new();
    make(&mut world, "Stage", true);
    let ann = enter(&mut world, 1, "stage", None);
    world.restart();
    world.open(9);
    world.pass_millis(300_000);
    let late = enter(&mut world, 2, "stage", Some(&ann.token));
    assert_ne!(late.peer, ann.peer);
    assert_eq!(world.conference.room("stage").unwrap().people, 1);
}

#[test]
fn a_token_of_a_person_who_left_opens_their_room_again_and_makes_them_somebody_else() {
    let mut world = World::new();
    make(&mut world, "Stage", true);
    let ann = enter(&mut world, 1, "stage", None);
    world.close(1);
    world.pass(Duration::from_secs(30) + EMPTY_ROOM_KEPT);
    assert_eq!(world.conference.room("stage"), None);
    let again = enter(&mut world, 2, "stage", Some(&ann.token));
    assert_ne!(again.peer, ann.peer);
    assert!(!again.resumed);
}

#[test]
fn a_token_ends_after_a_week_by_the_wall_clock_and_not_while_one_is_inside() {
    let week = i64::try_from(WEEK.as_millis()).unwrap();
    for (ahead, is_good) in
        [(0, true), (week - 1, true), (week, false), (-3_600_000, true), (-3_600_001, false)]
    {
        let mut world = World::new();
        make(&mut world, "Stage", true);
        let ann = enter(&mut world, 1, "stage", None);
        world.restart();
        world.clock_ahead = ahead;
        let heard = hears(&mut world, 2, "stage", Some(&ann.token));
        let expected = if is_good { "welcome" } else { "error unknown-room" };
        assert_eq!(types(&heard).first().map(String::as_str), Some(expected), "{ahead}");
        if is_good {
            assert_eq!(world.conference.room("stage").unwrap().people, 1);
        }
    }
    // Whatever the clock says: who is inside comes back.
    let mut world = World::new();
    let mut token = world.join(1, "Ann").token;
    for ahead in [0, 10 * week, -10 * week, week] {
        world.close(1);
        world.clock_ahead = ahead;
        let back = world.resume(1, &token);
        assert!(back.resumed, "{ahead}");
        token = back.token;
    }
}

#[test]
fn a_token_of_a_listed_room_says_nothing_to_a_later_room_of_its_id() {
    let mut world = World::new();
    let first = make(&mut world, "Stage", true);
    let ann = enter(&mut world, 1, "stage", None);
    world.restart();
    let second = make(&mut world, "Stage", true);
    assert_eq!(first.room.created_at, second.room.created_at, "of the same moment: it cannot be told apart");
    assert_eq!(enter(&mut world, 2, "stage", Some(&ann.token)).peer, ann.peer);
    world.restart();
    world.pass_millis(1);
    make(&mut world, "Stage", true);
    assert_ne!(enter(&mut world, 3, "stage", Some(&ann.token)).peer, ann.peer);
}

#[test]
fn with_another_key_links_and_tokens_are_those_of_a_stranger() {
    let mut world = World::new();
    let room = make(&mut world, "Team Room", false);
    make(&mut world, "Stage", true);
    let inside = enter(&mut world, 1, &room.room.id, None);
    let on_stage = enter(&mut world, 2, "stage", None);
    world.restart_with_another_key();
    assert_eq!(types(&hears(&mut world, 3, &room.room.id, Some(&inside.token))), ["error unknown-room"]);
    assert_eq!(types(&hears(&mut world, 4, "stage", Some(&on_stage.token))), ["error unknown-room"]);
    assert!(!owns(&mut world, &room.room.id, &room.secret));
    make(&mut world, "Stage", true);
    assert_ne!(enter(&mut world, 5, "stage", Some(&on_stage.token)).peer, on_stage.peer);
}

#[test]
fn who_made_a_room_can_prove_it_after_a_restart_too() {
    let mut world = World::new();
    let (den, stage) = (make(&mut world, "Den", false), make(&mut world, "Stage", true));
    let ann = enter(&mut world, 1, "stage", None);
    let (den_id, stage_id) = (den.room.id.as_str(), stage.room.id.as_str());
    assert!(owns(&mut world, den_id, &den.secret) && owns(&mut world, stage_id, &stage.secret));
    assert!(!owns(&mut world, den_id, &stage.secret) && !owns(&mut world, stage_id, &den.secret));
    assert!(!owns(&mut world, "den", &den.secret));
    for forged in ["", "?", &den.secret[1..], &format!("{}A", den.secret), &ann.token, &"A".repeat(54)] {
        assert!(!owns(&mut world, den_id, forged), "{forged}");
    }
    world.restart();
    world.pass_millis(5_000);
    assert!(owns(&mut world, den_id, &den.secret), "nobody else can have made it");
    assert!(!owns(&mut world, "stage", &stage.secret), "there is no such room now");
    enter(&mut world, 2, "stage", Some(&ann.token));
    assert!(owns(&mut world, "stage", &stage.secret), "those who were inside brought it back");
    world.restart();
    let other = make(&mut world, "Stage", true);
    assert!(!owns(&mut world, "stage", &stage.secret), "it is the room of somebody else now");
    assert!(owns(&mut world, "stage", &other.secret));
}

#[test]
fn nobody_puts_a_room_of_others_on_the_list() {
    let mut world = World::new();
    let id = make(&mut world, "Team Room", false).room.id;
    let listed =
        CreateRoom { name: id.clone(), listed: true, topology: Topology::Sfu, ..CreateRoom::default() };
    // A name has 64 characters at most, and this one fits.
    assert!(id.len() <= 64);
    for ended in [false, true] {
        if ended {
            world.pass(EMPTY_ROOM_KEPT);
        }
        let made = world.conference.create_room(world.now(), address(0), listed.clone());
        assert_eq!(made, Err(CreateRoomError::Exists { id: id.clone() }));
    }
    // What only looks like one is a name like any other.
    let alike = make(&mut world, "Internal Communication", true).room;
    assert_eq!(alike.id, "internal-communication");
    enter(&mut world, 1, "internal-communication", None);
}

#[test]
fn an_id_longer_than_any_is_counted() {
    let mut world = World::new();
    let id = make(&mut world, &"x".repeat(64), false).room.id;
    enter(&mut world, 1, &id, None);
    assert_eq!(world.conference.tally().count(Limit::RoomNameChars), 0);
    hears(&mut world, 2, &format!("x{id}"), None);
    assert_eq!(world.conference.tally().count(Limit::RoomNameChars), 1);
    assert_eq!(world.closed, Vec::<(SocketId, u16)>::new());
}

/// Asked for in turn, so that whatever else the machine does is the same for all; of each the median.
#[test]
fn a_wrong_id_costs_the_same_whatever_is_wrong_with_it() {
    let mut world = World::new();
    let id = make(&mut world, "Team Room", false).room.id;
    for number in 0..20 {
        world
            .conference
            .create_room(
                world.now(),
                address(number),
                CreateRoom {
                    name: "Team Room".into(),
                    listed: false,
                    topology: Topology::Sfu,
                    ..CreateRoom::default()
                },
            )
            .unwrap();
    }
    let never = |letter: &str| format!("team-room-{}-{}", letter.repeat(8), letter.repeat(13));
    let end = format!("{}{}", &id[..id.len() - 1], if id.ends_with('q') { 'i' } else { 'q' });
    let check = id.replacen("team-room-", "team-room-q", 1).replacen("team-room-qq", "team-room-qa", 1);
    let (ended, unlike) = ("x".repeat(id.len()), "team-room-".repeat(4)[..id.len()].to_owned());
    let wrong = [never("a"), never("7"), end, check[..id.len()].to_owned(), ended, unlike];
    let mut times = wrong.each_ref().map(|_| Vec::new());
    for _ in 0..2_001 {
        for (id, times) in wrong.iter().zip(&mut times) {
            let began = std::time::Instant::now();
            assert!(world.conference.look_up(world.now(), id).is_none(), "{id}");
            times.push(began.elapsed());
        }
    }
    let medians = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    println!("{medians:?}");
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(*most < *least * 2, "{medians:?}");
}

/// What is written instead of a link that leads to `id`: by hand, by a chat program, by a mail.
fn forms(id: &str) -> Vec<String> {
    let capitals = id.to_uppercase();
    let forms = [
        "{} ",
        " {}",
        "{}/",
        "{}//",
        "{}.",
        "{},",
        "{}!",
        "{}?",
        "{})",
        "<{}>",
        "{}>",
        "\u{201c}{}\u{201d}",
        "{}\u{3002}",
        "\u{200b}{}\u{feff}",
    ];
    forms.iter().map(|form| form.replace("{}", id)).chain([capitals]).collect()
}

#[test]
fn a_link_in_any_form_leads_everybody_into_one_room_at_one_address() {
    let mut world = World::new();
    let id = make(&mut world, "Team Room", false).room.id;
    make(&mut world, "Stage", true);
    for (number, form) in forms(&id).iter().chain(&forms("stage")).enumerate() {
        let expected = if number < forms(&id).len() { &id } else { "stage" };
        assert_eq!(world.conference.id_meant(form).as_deref(), Some(expected), "{form:?}");
        let heard = hears(&mut world, 200 + number, form, None);
        assert!(types(&heard).contains(&"welcome".to_owned()), "{form:?}: {heard:?}");
    }
    let people = world.conference.room(&id).unwrap().people;
    assert_eq!((people, world.conference.room("stage").unwrap().people), (15, 15));
}

#[test]
fn listed_rooms_of_two_names_never_become_one_and_each_is_found_by_its_name() {
    let mut world = World::new();
    let names =
        ["Café", "Cafe", "C++", "C", "会議 1", "Встреча 1", "🎉", "Tada", "!!!", "???", "Straße", "Strasse"];
    let made: Vec<CreatedRoom> = names.iter().map(|name| make(&mut world, name, true)).collect();
    for (room, name) in made.iter().map(|made| &made.room).zip(names) {
        assert_eq!(room.name, name, "it keeps its spelling");
        assert_eq!(world.conference.id_meant(name).as_ref(), Some(&room.id), "{name}");
        let again = CreateRoom {
            name: name.to_lowercase(),
            listed: true,
            topology: Topology::Sfu,
            ..CreateRoom::default()
        };
        let again = world.conference.create_room(world.now(), address(1), again);
        assert_eq!(again, Err(CreateRoomError::Exists { id: room.id.clone() }), "{name}");
    }
    let ids: std::collections::BTreeSet<&str> = made.iter().map(|made| &*made.room.id).collect();
    assert_eq!(ids.len(), names.len(), "{ids:?}");
    assert_eq!((&*made[0].room.id, &*made[4].room.id, &*made[5].room.id), ("cafe", "hui-yi-1", "vstrecha-1"));
    assert!(made[1].room.id.starts_with("cafe-") && made[3].room.id.starts_with("c-"));
    // What is typed is a name first, a link an id.
    for form in forms("cafe") {
        assert_eq!(world.conference.id_of_link(&form).as_deref(), Some("cafe"), "{form:?}");
    }
    // The first of two that read the same ends: the other one stays what it is, and is found.
    world.conference.forget_room(world.now(), "cafe");
    assert_eq!(world.conference.id_meant("Cafe"), Some(made[1].room.id.clone()));
    let again =
        CreateRoom { name: "Cafe".into(), listed: true, topology: Topology::Sfu, ..CreateRoom::default() };
    assert!(world.conference.create_room(world.now(), address(1), again).is_err(), "one name is one room");
}

#[test]
fn a_link_in_any_script_that_was_sent_ahead_works_when_people_come_a_week_and_a_restart_later() {
    for (name, shown) in [
        ("Встреча", "vstrecha"),
        ("会議", "hui-yi"),
        ("اجتماع", "jtm"),
        ("🎉", "tada"),
        // Nothing of it can be said: the random part stands alone.
        ("!!!", "Room"),
    ] {
        let mut world = World::new();
        let made = make(&mut world, name, false).room;
        assert_eq!(made.name, name);
        world.pass(EMPTY_ROOM_KEPT);
        assert_eq!(world.conference.room(&made.id), None, "nobody came, and it has ended");
        world.restart();
        world.pass(WEEK);
        let form = format!("<{}/>", made.id.to_uppercase());
        enter(&mut world, 1, &form, None);
        let room = world.conference.room(&made.id).unwrap();
        assert_eq!((room.name.as_str(), room.people, room.listed), (shown, 1, false), "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn any_name_makes_a_room_whose_link_leads_to_it(name in "\\PC{1,64}", listed: bool) {
        let mut world = World::new();
        let wanted = CreateRoom { name, listed, topology: Topology::Sfu, ..CreateRoom::default() };
        if let Ok(made) = world.conference.create_room(world.now(), address(0), wanted) {
            let id = made.room.id;
            for form in forms(&id) {
                proptest::prop_assert_eq!(world.conference.id_meant(&form), Some(id.clone()));
            }
            if listed {
                proptest::prop_assert_eq!(world.conference.id_meant(&made.room.name), Some(id));
            } else {
                world.restart();
                proptest::prop_assert!(world.conference.look_up(world.now(), &id).is_some());
            }
        }
    }

    #[test]
    fn any_text_means_one_address_or_none(text in proptest::prelude::any::<String>()) {
        let world = World::new();
        if let Some(id) = world.conference.id_meant(&text) {
            proptest::prop_assert_eq!(world.conference.id_meant(&id), Some(id.clone()));
            let plain = id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            proptest::prop_assert!(plain && !id.is_empty(), "{}", id);
        }
    }
}
