//! What people write to each other: in one order, once, to everybody, also to who comes late.

mod late;
mod stored;

use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{World, type_of};
use super::moderation::{join, kept_by_ann, wish};
use crate::conference::SocketId;
use crate::conference::grants::{Grants, Role};
use crate::conference::protocol::{ChatMessage, ErrorCode, Grant, ServerMessage};
use crate::conference::state::RoomEvent;
use crate::limits::{Limit, Limits};

fn post(reference: &str, text: &str) -> Value {
    json!({ "type": "chat", "ref": reference, "text": text })
}

fn edit(reference: &str, id: u64, text: &str) -> Value {
    json!({ "type": "chat-edit", "ref": reference, "id": id, "text": text })
}

fn delete(reference: &str, id: u64) -> Value {
    json!({ "type": "chat-delete", "ref": reference, "id": id })
}

/// What a page has of a chat, as the bundled one keeps it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Page {
    epoch: u64,
    revision: u64,
    messages: Vec<ChatMessage>,
}

impl Page {
    fn hear(&mut self, messages: Vec<ServerMessage>) {
        for message in messages {
            match message {
                ServerMessage::Chat { message, .. } => {
                    if message.revision == self.revision + 1 {
                        self.revision += 1;
                    }
                    self.put(message);
                }
                ServerMessage::ChatHistory { epoch, revision, first, messages } => {
                    if epoch != self.epoch {
                        *self = Page { epoch, ..Page::default() };
                    }
                    self.messages.retain(|kept| kept.id >= first);
                    for message in messages {
                        self.put(message);
                    }
                    self.revision = self.revision.max(revision);
                }
                _ => {}
            }
        }
    }

    fn put(&mut self, message: ChatMessage) {
        match self.messages.binary_search_by_key(&message.id, |kept| kept.id) {
            Ok(at) => self.messages[at] = message,
            Err(at) => self.messages.insert(at, message),
        }
    }

    fn texts(&self) -> Vec<&str> {
        self.messages.iter().map(|message| message.text.as_str()).collect()
    }

    fn join(&self, name: &str, token: Option<&str>) -> Value {
        let chat = json!({ "epoch": self.epoch, "revision": self.revision });
        json!({ "type": "join", "room": "den", "name": name, "token": token, "chat": chat })
    }
}

/// Enters the den with what a page has, and hears what it lacks.
fn enter(world: &mut World, socket: usize, name: &str, page: &mut Page, token: Option<&str>) -> String {
    let token = world.enter(socket, page.join(name, token)).token;
    page.hear(world.take(socket));
    token
}

/// Takes what was confirmed on a socket: what it was called, and the message.
fn confirmed(world: &mut World, socket: usize) -> Vec<(String, ChatMessage)> {
    let messages = world.take(socket).into_iter();
    let of_own = |message| match message {
        ServerMessage::Chat { message, reference } => Some((reference?, message)),
        _ => None,
    };
    messages.filter_map(of_own).collect()
}

/// Takes the errors of a socket: code, and what they are about.
fn refused(world: &mut World, socket: usize) -> Vec<(ErrorCode, Option<String>)> {
    let messages = world.take(socket).into_iter();
    let errors = messages.filter_map(|message| match message {
        ServerMessage::Error { code, reference, .. } => Some((code, reference)),
        _ => None,
    });
    errors.collect()
}

#[test]
fn everybody_reads_the_same_in_one_order_and_the_sender_alone_is_told_what_it_was_called() {
    let mut world = World::new();
    let ann = world.join(1, "Ann").peer;
    world.join(2, "Bob");
    world.pass_millis(100);
    world.take(1);
    world.take(2);
    world.say(1, post("a1", "Hello"));
    world.say(2, post("b1", "Hi Ann"));
    world.say(1, post("a2", "<b>How</b> are you?"));
    let (of_ann, of_bob) = (world.take(1), world.take(2));
    let seen = |told: &[ServerMessage]| -> Vec<(u64, u64, String, String, Option<String>)> {
        told.iter()
            .map(|message| match message {
                ServerMessage::Chat { message, reference } => {
                    let ChatMessage { id, revision, name, text, .. } = message.clone();
                    (id, revision, name, text, reference.clone())
                }
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let expected = [("Ann", "Hello"), ("Bob", "Hi Ann"), ("Ann", "<b>How</b> are you?")];
    for (told, refs) in [(&of_ann, [Some("a1"), None, Some("a2")]), (&of_bob, [None, Some("b1"), None])] {
        let expected: Vec<_> = (1..)
            .zip(expected.iter().zip(refs))
            .map(|(id, ((name, text), reference))| {
                (id, id, (*name).to_owned(), (*text).to_owned(), reference.map(str::to_owned))
            })
            .collect();
        assert_eq!(seen(told), expected);
    }
    let ServerMessage::Chat { message, .. } = &of_bob[0] else { panic!("a message") };
    assert_eq!((message.from, message.at), (ann, world.now().wall));
    assert!(world.take_keyed(1).iter().all(|(_, key)| key.is_none()), "no newer one replaces it");
}

#[test]
fn a_message_that_comes_again_is_written_once_and_confirmed_again() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.join(2, "Bob");
    world.pass_millis(100);
    world.take(2);
    world.say(1, post("a1", "Hello"));
    let first = confirmed(&mut world, 1);
    world.close(1);
    world.resume(3, &ann.token);
    world.say(3, post("a1", "Hello"));
    assert_eq!(confirmed(&mut world, 3), first);
    world.say(2, post("a1", "the name is Ann's alone"));
    assert_eq!(confirmed(&mut world, 2).len(), 1, "somebody else's message is another one");
    world.say(3, delete("a2", 1));
    world.say(3, delete("a2", 1));
    let gone = confirmed(&mut world, 3);
    assert_eq!(gone.len(), 2);
    assert_eq!(gone[0], gone[1]);
    let heard = world.take_types(2);
    assert_eq!(heard.iter().filter(|kind| *kind == "chat").count(), 1, "the deletion, once: {heard:?}");
}

#[test]
fn only_the_writer_changes_a_message_and_only_for_a_while() {
    let mut world = World::new();
    world.join(1, "Ann");
    world.join(2, "Bob");
    world.say(1, post("a1", "Hello"));
    world.take(1);
    world.take(2);
    let about = |reference: &str| Some(reference.to_owned());
    for (message, code) in [
        (edit("b1", 1, "Goodbye"), ErrorCode::Forbidden),
        (delete("b2", 1), ErrorCode::Forbidden),
        (edit("b3", 2, "nothing is there"), ErrorCode::UnknownMessage),
        (delete("b4", u64::MAX), ErrorCode::UnknownMessage),
        (delete("b5", 0), ErrorCode::UnknownMessage),
    ] {
        let reference = message["ref"].as_str().unwrap().to_owned();
        world.say(2, message);
        assert_eq!(refused(&mut world, 2), [(code, about(&reference))]);
    }
    assert_eq!(world.take(1), [], "Ann notices nothing");
    world.pass(Duration::from_secs(15 * 60));
    world.say(1, edit("a2", 1, "Hello all"));
    assert_eq!(confirmed(&mut world, 1)[0].1.text, "Hello all");
    world.pass_millis(1);
    for message in [edit("a3", 1, "Hello again"), delete("a3", 1)] {
        world.say(1, message);
        assert_eq!(refused(&mut world, 1), [(ErrorCode::Forbidden, about("a3"))]);
    }
}

#[test]
fn a_deleted_message_is_a_gap_without_a_word_of_it_and_stays_one() {
    let mut world = World::new();
    let mut page = Page::default();
    enter(&mut world, 1, "Ann", &mut page, None);
    world.say(1, post("a1", "my password"));
    world.say(1, delete("a2", 1));
    page.hear(world.take(1));
    world.say(1, edit("a3", 1, "another"));
    assert_eq!(refused(&mut world, 1), [(ErrorCode::UnknownMessage, Some("a3".to_owned()))]);
    let before = world.transcript.len();
    let mut late = Page::default();
    enter(&mut world, 2, "Bob", &mut late, None);
    assert_eq!(late, page);
    assert!(late.messages[0].deleted);
    assert!(!world.transcript[before..].iter().any(|(_, text)| text.contains("password")));
}

#[test]
fn a_chat_stays_when_the_people_move_to_another_worker() {
    let mut world = World::with(Limits::default(), 2);
    world.join_with_media(1, "Ann");
    world.say(1, post("a1", "Hello"));
    world.gone(0);
    let mut page = Page::default();
    enter(&mut world, 2, "Bob", &mut page, None);
    assert_eq!(page.texts(), ["Hello"]);
    world.say(2, post("b1", "Hi"));
    assert_eq!(confirmed(&mut world, 2).len(), 1);
}

#[test]
fn a_flood_of_one_person_costs_a_third_nothing() {
    let mut world = World::new();
    world.join(1, "Ann");
    world.join(2, "Bob");
    world.join(3, "Cid");
    world.pass_millis(100);
    for socket in 1..=3 {
        world.take(socket);
    }
    let long = "x".repeat(4_000);
    let (mut errors, mut bytes, mut answers) = (Vec::new(), 0, 0);
    for step in 0..400 {
        world.say(1, post(&step.to_string(), &long));
        world.say(1, json!({ "type": "typing", "typing": step % 2 == 0 }));
        if step % 20 == 0 {
            world.say(3, post(&format!("c{step}"), "short"));
            answers += confirmed(&mut world, 3).len();
        }
        errors.extend(refused(&mut world, 1));
        world.pass_millis(50);
    }
    let is_list = |message: &ServerMessage| matches!(message, ServerMessage::Peers { .. });
    for message in world.take(2).into_iter().filter(|message| !is_list(message)) {
        bytes += serde_json::to_string(&message).unwrap().len();
        assert!(matches!(message, ServerMessage::Chat { .. } | ServerMessage::Typing { .. }), "{message:?}");
    }
    assert_eq!(answers, 20, "Cid writes as ever");
    assert_eq!(world.closed, []);
    // 32 KiB and 2 KiB a second for 20 s.
    assert!((60_000..90_000).contains(&bytes), "Bob got {bytes} bytes in 20 s");
    assert!(
        errors.len() > 300
            && errors.iter().all(|(code, about)| *code == ErrorCode::RateLimited && about.is_some())
    );
    let tally = world.conference.tally();
    assert!(tally.count(Limit::ChatPerSecond) > 0 && tally.count(Limit::ChatBytesPerSecond) > 0);
    assert_eq!(tally.count(Limit::ChatBytesPerSecondPerRoom), 0, "one person does not use up a room");
}

#[test]
fn what_is_no_message_is_refused_under_its_name_and_reaches_nobody() {
    let mut world = World::new();
    world.join(1, "Ann");
    world.join(2, "Bob");
    world.pass_millis(100);
    world.take(1);
    world.take(2);
    for (message, code) in [
        (post("a1", "\u{202e}\u{200b}"), ErrorCode::BadMessage),
        (post("a1", &"x".repeat(4_001)), ErrorCode::TooLarge),
        (post("a1", &"x".repeat(50_000)), ErrorCode::TooLarge),
        (post("a1", &"\u{10ffff}".repeat(4)), ErrorCode::BadMessage),
    ] {
        world.say(1, message);
        assert_eq!(refused(&mut world, 1), [(code, Some("a1".to_owned()))]);
        world.pass_millis(1_000);
    }
    for (message, code) in
        [(post("", "x"), ErrorCode::BadMessage), (post(&"x".repeat(33), "x"), ErrorCode::BadMessage)]
    {
        world.say(1, message);
        assert_eq!(refused(&mut world, 1)[0].0, code);
        world.pass_millis(1_000);
    }
    for message in [
        json!({ "type": "chat", "text": "x" }),
        json!({ "type": "chat", "ref": "a1", "text": 5 }),
        json!({ "type": "chat-edit", "ref": "a1", "id": -1, "text": "x" }),
        json!({ "type": "chat-delete", "ref": "a1", "id": 1.5 }),
        json!({ "type": "typing" }),
        post("a1", &"x".repeat(100 * 1024)),
    ] {
        world.say(1, message.clone());
        assert_eq!(world.take_errors(1).len(), 1, "{message}");
    }
    assert!(!world.take_types(2).contains(&"chat".to_owned()));
}

#[test]
fn who_is_not_granted_to_write_reads_all_the_same() {
    let mut world = World::new();
    world.join(2, "Bob");
    let ann = world.join(1, "Ann").peer;
    let (now, room) = (world.now(), world.conference.peers[&ann].room);
    let name = world.conference.member(ann).unwrap().name().clone();
    let (role, within) = (Role::Speaker, Grants::ALL.without(Grant::Chat));
    for event in [RoomEvent::Left { peer: ann }, RoomEvent::Joined { peer: ann, name, role, within }] {
        world.conference.change(now, room, &event);
    }
    world.say(2, post("b1", "Hello"));
    world.pass_millis(1_000);
    assert!(world.take_types(1).contains(&"chat".to_owned()));
    world.take(2);
    for message in [post("a1", "x"), edit("a1", 1, "x"), delete("a1", 1)] {
        world.say(1, message);
        assert_eq!(refused(&mut world, 1), [(ErrorCode::NotAllowed, Some("a1".to_owned()))]);
    }
    world.say(1, json!({ "type": "typing", "typing": true }));
    assert_eq!(world.take_errors(1), ["error not-allowed"]);
    assert_eq!(world.take(2), []);
}

#[test]
fn the_others_are_told_who_is_typing_and_a_storm_of_it_is_not_passed_on() {
    let mut world = World::new();
    let ann = world.join(1, "Ann").peer;
    world.join(2, "Bob");
    world.pass_millis(100);
    world.take(1);
    world.take(2);
    world.say(1, json!({ "type": "typing", "typing": true }));
    assert_eq!(world.take(2), [ServerMessage::Typing { peer: ann, typing: true }]);
    for _ in 0..100 {
        world.say(1, json!({ "type": "typing", "typing": true }));
        world.pass_millis(20);
    }
    assert!((3..=7).contains(&world.take(2).len()));
    assert_eq!(world.take(1), [], "neither an echo nor a word about it");
}

#[test]
fn a_name_in_the_chat_is_the_one_of_that_time() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.say(1, post("a1", "as Ann"));
    world.close(1);
    let mut page = Page::default();
    enter(&mut world, 2, "Anna", &mut page, Some(&ann.token));
    world.say(2, post("a2", "as Anna"));
    page.hear(world.take(2));
    let names: Vec<_> = page.messages.iter().map(|message| (message.from, message.name.as_str())).collect();
    assert_eq!(names, [(ann.peer, "Ann"), (ann.peer, "Anna")]);
}

#[test]
fn what_waits_for_a_slow_reader_is_never_replaced() {
    let mut world = World::new();
    world.join(1, "Ann");
    world.join(2, "Bob");
    world.take(2);
    for number in 0..5 {
        world.say(1, post(&number.to_string(), "x"));
    }
    let told = world.take_keyed(2);
    let chats = told.iter().filter(|(message, key)| type_of(message) == "chat" && key.is_none());
    assert_eq!(chats.count(), 5);
    assert!(world.conference.is_inside(SocketId(2)));
}

#[test]
fn who_moderates_deletes_what_others_wrote_at_any_time_but_not_what_an_owner_did() {
    let (mut world, room) = kept_by_ann(1, "open");
    let peers = [(2, "Bob"), (3, "Cid")].map(|(socket, name)| {
        join(&mut world, socket, &room, name);
        world.welcome(socket).peer
    });
    wish(&mut world, 1, json!({ "action": "role", "peer": peers[0].to_string(), "role": "moderator" }));
    world.say(1, post("a1", "of the owner"));
    world.say(2, post("b1", "of the moderator"));
    world.say(3, post("c1", "of a speaker"));
    world.pass(Duration::from_secs(16 * 60));
    let about = |reference: &str| [(ErrorCode::Forbidden, Some(reference.to_owned()))];
    (1..=3).for_each(|socket| drop(world.take(socket)));
    for (socket, message, reference) in
        [(2, delete("b2", 1), "b2"), (3, delete("c2", 2), "c2"), (2, edit("b3", 3, "other words"), "b3")]
    {
        world.say(socket, message);
        assert_eq!(refused(&mut world, socket), about(reference));
    }
    world.say(2, delete("b4", 3));
    assert!(confirmed(&mut world, 2)[0].1.deleted, "a speaker's");
    world.say(1, delete("a2", 2));
    assert!(confirmed(&mut world, 1)[0].1.deleted, "a moderator's, by the owner");
    world.say(1, delete("a3", 1));
    assert!(confirmed(&mut world, 1)[0].1.deleted, "their own");
    assert_eq!(world.take_types(3).iter().filter(|kind| *kind == "chat").count(), 3, "everybody is told");
    world.say(3, post("c3", "of who leaves"));
    world.say(3, json!({ "type": "leave" }));
    world.take(2);
    world.say(2, delete("b5", 4));
    assert!(confirmed(&mut world, 2)[0].1.deleted, "of who left");
}
