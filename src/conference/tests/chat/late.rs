//! What who comes late or comes back is told of what was written, how much of it is kept, and for how long.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::{Page, delete, edit, enter, post, refused};
use crate::conference::protocol::ErrorCode;
use crate::conference::tests::harness::World;
use crate::limits::{Limit, Limits};

#[test]
fn who_comes_late_reads_what_was_written_and_who_does_not_ask_is_not_told() {
    let mut world = World::new();
    world.join(1, "Ann");
    for (at, text) in ["one", "two", "three"].into_iter().enumerate() {
        world.say(1, post(&at.to_string(), text));
    }
    let mut page = Page::default();
    enter(&mut world, 2, "Bob", &mut page, None);
    assert_eq!(page.texts(), ["one", "two", "three"]);
    world.join(3, "Cid");
    assert!(!world.take_types(3).contains(&"chat-history".to_owned()), "an older page does not know it");
}

#[test]
fn who_comes_back_is_told_what_they_missed_and_no_more() {
    let mut world = World::new();
    let mut page = Page::default();
    let token = enter(&mut world, 1, "Ann", &mut page, None);
    world.join(2, "Bob");
    world.say(1, post("a1", "before"));
    world.say(2, post("b1", "a slip"));
    world.say(2, post("b2", "stays"));
    page.hear(world.take(1));
    world.close(1);
    world.say(2, post("b3", "missed"));
    world.say(2, edit("b4", 2, "no slip"));
    world.say(2, delete("b5", 3));
    let before = world.transcript.len();
    let token = enter(&mut world, 3, "Ann", &mut page, Some(&token));
    assert_eq!(page.texts(), ["before", "no slip", "", "missed"]);
    assert!(page.messages[1].edited && page.messages[2].deleted);
    let told: Vec<&String> = world.transcript[before..].iter().map(|(_, text)| text).collect();
    assert!(!told.iter().any(|text| text.contains("before")), "Ann has that");
    world.close(3);
    let token = enter(&mut world, 4, "Ann", &mut page.clone(), Some(&token));
    let (_, last) = world.transcript.iter().rev().find(|(_, text)| text.contains("chat-history")).unwrap();
    assert!(last.contains("\"messages\":[]"), "nothing was missed: {last}");
    // A reload: the page has forgotten everything.
    let mut anew = Page::default();
    enter(&mut world, 5, "Ann", &mut anew, Some(&token));
    assert_eq!(anew, page);
}

#[test]
fn a_room_keeps_the_newest_messages_and_lets_the_oldest_go() {
    for (limits, kept) in [
        (Limits::default().with(Limit::ChatMessagesPerRoom, 3), 3),
        (Limits::default().with(Limit::ChatBytesPerRoom, 900), 4),
    ] {
        let mut world = World::with(limits, 1);
        let mut all = Page::default();
        enter(&mut world, 1, "Ann", &mut all, None);
        for number in 0..9 {
            world.say(1, post(&number.to_string(), &format!("message {number}")));
            world.pass_millis(1_000);
        }
        all.hear(world.take(1));
        assert_eq!(all.messages.len(), 9, "who is there reads all");
        let mut late = Page::default();
        enter(&mut world, 2, "Bob", &mut late, None);
        assert_eq!(late.messages, all.messages[9 - kept..]);
        world.say(1, delete("old", 1));
        assert_eq!(refused(&mut world, 1), [(ErrorCode::UnknownMessage, Some("old".to_owned()))]);
    }
}

#[test]
fn a_long_history_comes_in_parts_that_leave_room_for_others_and_news_come_in_between() {
    let limits = Limits::default().with(Limit::ChatPerSecond, 1_000).with(Limit::ChatBytesPerSecond, 1 << 20);
    let mut world = World::with(limits.with(Limit::ChatBytesPerSecondPerRoom, 1 << 20), 1);
    let mut there = Page::default();
    enter(&mut world, 1, "Ann", &mut there, None);
    for number in 0..60 {
        world.say(1, post(&number.to_string(), &"long ".repeat(200)));
        world.pass_millis(100);
    }
    there.hear(world.take(1));
    let mut late = Page::default();
    let token = enter(&mut world, 2, "Bob", &mut late, None);
    assert!(late.messages.len() < 20, "not all of it at once");
    world.say(1, post("new", "news"));
    world.say(1, edit("newer", 60, "changed"));
    world.pass_millis(600);
    late.hear(world.take(2));
    // In the middle of it the socket is lost: the rest is what was not told.
    world.close(2);
    enter(&mut world, 3, "Bob", &mut late, Some(&token));
    world.pass(Duration::from_secs(10));
    late.hear(world.take(3));
    there.hear(world.take(1));
    assert_eq!(late, there);
    let most =
        world.transcript.iter().filter(|(_, text)| text.contains("chat-history")).map(|(_, text)| text.len());
    assert!(most.max().unwrap() < 24 * 1024);
}

#[test]
fn a_chat_lives_as_long_as_its_room() {
    let mut world = World::new();
    let mut page = Page::default();
    enter(&mut world, 1, "Ann", &mut page, None);
    world.say(1, post("a1", "Hello"));
    page.hear(world.take(1));
    world.say(1, json!({ "type": "leave" }));
    world.pass(Duration::from_secs(299));
    let mut later = Page::default();
    enter(&mut world, 2, "Bob", &mut later, None);
    assert_eq!(later, page, "somebody came before it was forgotten");
    world.say(2, edit("b1", 1, "as who left"));
    assert_eq!(refused(&mut world, 2), [(ErrorCode::Forbidden, Some("b1".to_owned()))]);
    world.say(2, json!({ "type": "leave" }));
    world.pass(Duration::from_secs(301));
    world.room("Den");
    enter(&mut world, 3, "Cid", &mut page, None);
    assert_eq!(page.texts(), [""; 0], "another room of the same name");
    assert_eq!(world.conference.chats.bytes(), 0);
}

#[test]
fn when_all_chats_take_too_much_that_of_the_room_nobody_is_in_goes_first_and_then_the_heaviest() {
    let mut world = World::with_limit(Limit::ChatBytes, 1_500);
    for (socket, room) in [(1, "attic"), (2, "barn"), (3, "cellar")] {
        world.room(room);
        world.enter(socket, json!({ "type": "join", "room": room, "name": "Ann" }));
        world.say(socket, post("a1", "Hello"));
    }
    world.say(2, json!({ "type": "leave" }));
    world.pass_millis(1_000);
    world.say(1, json!({ "type": "leave" }));
    for number in 0..10 {
        world.say(3, post(&format!("c{number}"), &"x".repeat(100)));
        world.pass_millis(1_000);
    }
    assert!(world.conference.chats.bytes() <= 1_500);
    assert!(world.conference.tally().count(Limit::ChatBytes) > 0);
    let kept = |world: &mut World, socket: usize, room: &str| {
        let mut page = Page::default();
        let mut join = page.join("Eve", None);
        join["room"] = room.into();
        world.enter(socket, join);
        page.hear(world.take(socket));
        page.messages.len()
    };
    assert_eq!([kept(&mut world, 4, "attic"), kept(&mut world, 5, "barn")], [0, 0]);
    let heaviest = kept(&mut world, 6, "cellar");
    assert!((3..=6).contains(&heaviest), "{heaviest}");
    world.say(4, post("e1", "small"));
    assert_eq!(kept(&mut world, 7, "attic"), 1, "who has little keeps it");
    assert!(world.conference.chats.bytes() <= 1_500);
}

/// Something that happens in a room with two people whose sockets come and go.
#[derive(Debug, Clone)]
enum Step {
    Post(usize, String),
    Edit(usize, u64),
    Delete(usize, u64),
    Lose(usize),
    Return(usize),
    Reload(usize),
    Pass(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let who = 0..2_usize;
    prop_oneof![
        4 => (who.clone(), "[a-z ]{1,600}").prop_map(|(who, text)| Step::Post(who, text)),
        2 => (who.clone(), 1..30_u64).prop_map(|(who, id)| Step::Edit(who, id)),
        1 => (who.clone(), 1..30_u64).prop_map(|(who, id)| Step::Delete(who, id)),
        2 => who.clone().prop_map(Step::Lose),
        2 => who.clone().prop_map(Step::Return),
        1 => who.prop_map(Step::Reload),
        2 => (0..800_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whoever_missed_whatever_has_the_same_in_the_end(steps in prop::collection::vec(any_step(), 0..60)) {
        let limits = Limits::default()
            .with(Limit::ChatMessagesPerRoom, 8)
            .with(Limit::ChatBytesPerRoom, 4_000)
            .with(Limit::ChatPerSecond, 1_000)
            .with(Limit::ChatBytesPerSecond, 1 << 20);
        let mut world = World::with(limits.with(Limit::ChatBytesPerSecondPerRoom, 1 << 20), 1);
        let mut pages = [Page::default(), Page::default()];
        let mut tokens = [String::new(), String::new()];
        let (mut sockets, mut next) = ([Some(0), Some(1)], 2);
        for who in 0..2 {
            tokens[who] = enter(&mut world, who, ["Ann", "Bob"][who], &mut pages[who], None);
        }
        let all = steps.into_iter().chain([Step::Return(0), Step::Return(1)]);
        for (number, step) in all.enumerate() {
            let reference = number.to_string();
            match step {
                Step::Post(who, text) => if let Some(socket) = sockets[who] { world.say(socket, post(&reference, &text)) },
                Step::Edit(who, id) => if let Some(socket) = sockets[who] { world.say(socket, edit(&reference, id, &reference)) },
                Step::Delete(who, id) => if let Some(socket) = sockets[who] { world.say(socket, delete(&reference, id)) },
                Step::Pass(millis) => world.pass_millis(millis),
                Step::Lose(who) => if let Some(socket) = sockets[who].take() { world.close(socket) },
                Step::Return(who) | Step::Reload(who) => {
                    if matches!(step, Step::Reload(_)) {
                        pages[who] = Page::default();
                    }
                    let name = ["Ann", "Bob"][who];
                    tokens[who] = enter(&mut world, next, name, &mut pages[who], Some(&tokens[who].clone()));
                    sockets[who] = Some(next);
                    next += 1;
                }
            }
            for who in 0..2 {
                if let Some(socket) = sockets[who] {
                    pages[who].hear(world.take(socket));
                }
            }
            let room = world.conference.rooms.values().next().unwrap();
            prop_assert!(room.state.chat().len() <= 8 && room.state.chat().bytes() <= 4_000);
        }
        world.pass(Duration::from_secs(5));
        for who in 0..2 {
            pages[who].hear(world.take(sockets[who].unwrap()));
        }
        // Each may have seen more than is kept; what is kept is the same.
        let room = world.conference.rooms.values().next().unwrap();
        let (first, revision) = (room.state.chat().first(), room.state.chat().revision());
        for page in &mut pages {
            page.messages.retain(|message| message.id >= first);
            prop_assert_eq!(page.revision, revision);
        }
        prop_assert_eq!(&pages[0], &pages[1]);
        prop_assert_eq!(pages[0].messages.len(), room.state.chat().len());
    }
}
