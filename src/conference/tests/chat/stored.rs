//! Chats that outlive the process.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::{Page, delete, edit, post};
use crate::conference::tests::harness::{World, address};
use crate::conference::{Change, Kept, RoomRecord, StoredMessage};
use crate::limits::Limit;

/// What a store has, as the one on the disk.
#[derive(Debug, Default)]
struct Disk {
    rooms: BTreeMap<String, RoomRecord>,
    messages: BTreeMap<(String, u64, u64), StoredMessage>,
}

impl Disk {
    fn take(&mut self, world: &mut World) {
        while let Some(change) = world.conference.poll_change() {
            match change {
                Change::Kept(room) => drop(self.rooms.insert(room.id.clone(), room)),
                Change::Gone { id } | Change::Ended { id, .. } => drop(self.rooms.remove(&id)),
                Change::Written(written) => {
                    let key = (written.room.clone(), written.era, written.message.id);
                    self.messages.insert(key, *written);
                }
                Change::Unwritten { id, era, below } => {
                    self.messages
                        .retain(|(room, of, number), _| *room != id || (*of, *number) >= (era, below));
                }
            }
        }
    }

    fn texts(&self) -> Vec<&str> {
        self.messages.values().map(|stored| stored.message.text.as_str()).collect()
    }

    fn kept(&self) -> Kept {
        let (rooms, messages) = (self.rooms.values().cloned(), self.messages.values().cloned());
        Kept { rooms: rooms.collect(), messages: messages.collect(), ended: Vec::new() }
    }
}

/// A room with Ann in it on socket 1, what it has on the disk, and its id and secret.
fn room(keeps: bool) -> (World, Disk, (String, String)) {
    let mut world = World::empty();
    let wanted = json!({ "name": "Course", "lasts": true, "keepChat": keeps });
    let made = world.conference.create_room(world.now(), address(0), serde_json::from_value(wanted).unwrap());
    let made = made.unwrap();
    world.enter(1, join(&made.room.id));
    let mut disk = Disk::default();
    disk.take(&mut world);
    (world, disk, (made.room.id, made.secret))
}

fn join(id: &str) -> serde_json::Value {
    json!({ "type": "join", "room": id, "name": "Ann", "chat": { "epoch": 0, "revision": 0 } })
}

fn change(world: &mut World, (id, secret): &(String, String), patch: serde_json::Value) {
    let patch = serde_json::from_value(patch).unwrap();
    world.conference.change_room(world.now(), address(0), (id, secret), None, patch).unwrap();
}

#[test]
fn what_is_written_changed_and_deleted_is_there_after_a_restart_and_goes_on() {
    let (mut world, mut disk, (id, _)) = room(true);
    for message in
        [post("a", "one"), post("b", "tvo"), post("c", "never"), edit("d", 2, "two"), delete("e", 3)]
    {
        world.say(1, message);
        world.pass_millis(1_000);
    }
    disk.take(&mut world);
    assert_eq!(disk.texts(), ["one", "two", ""]);
    let token = world.welcome(1).token;
    let mut page = Page::default();
    page.hear(world.take(1));
    world.restart();
    world.conference.restore(world.now(), disk.kept());
    let mut back = join(&id);
    (back["token"], back["chat"]) = (token.into(), json!({ "epoch": page.epoch, "revision": page.revision }));
    world.enter(2, back);
    world.say(2, edit("f", 1, "first"));
    world.say(2, post("a", "one"));
    world.say(2, post("g", "four"));
    page.hear(world.take(2));
    let texts: Vec<_> = page.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["first", "two", "", "four"], "who wrote may change it, and nothing is written twice");
    disk.take(&mut world);
    assert_eq!(disk.texts(), texts);
    world.restart();
    world.conference.restore(world.now(), disk.kept());
    world.pass(Duration::from_secs(16 * 60));
    world.enter(3, join(&id));
    let mut page = Page::default();
    page.hear(world.take(3));
    assert_eq!(page.messages.len(), 4, "nobody had to be inside");
}

#[test]
fn a_room_that_does_not_keep_it_writes_nothing_down_and_one_may_choose() {
    let (mut world, mut disk, room) = room(false);
    world.say(1, post("a", "one"));
    disk.take(&mut world);
    assert_eq!(disk.texts(), Vec::<&str>::new());
    change(&mut world, &room, json!({ "keepChat": true }));
    world.say(1, post("b", "two"));
    disk.take(&mut world);
    assert_eq!(disk.texts(), ["one", "two"], "what was written before, too");
    change(&mut world, &room, json!({ "keepChat": false }));
    disk.take(&mut world);
    assert_eq!(disk.texts(), Vec::<&str>::new());
    world.say(1, json!({ "type": "leave" }));
    change(&mut world, &room, json!({ "keepChat": true }));
    disk.take(&mut world);
    assert_eq!(disk.texts(), ["one", "two"], "of an empty room as well");
}

#[test]
fn the_disk_has_no_more_of_a_chat_than_memory_and_nothing_of_a_room_that_was_ended() {
    let (mut world, mut disk, (id, secret)) = room(true);
    world.conference.config.limits =
        world.conference.config.limits.clone().with(Limit::ChatMessagesPerRoom, 3);
    for number in 0..9 {
        world.say(1, post(&number.to_string(), &number.to_string()));
        world.pass_millis(1_000);
        disk.take(&mut world);
    }
    assert_eq!(disk.texts(), ["6", "7", "8"]);
    world.restart();
    world.conference.restore(world.now(), disk.kept());
    world.conference.end_room_of(world.now(), address(0), &id, &secret).unwrap();
    disk.take(&mut world);
    assert!(disk.texts().is_empty() && disk.rooms.is_empty(), "{disk:?}");
}

#[test]
fn what_does_not_fit_any_more_after_a_restart_goes_from_the_disk_too() {
    let (mut world, mut disk, _) = room(true);
    world.say(1, post("a", &"x".repeat(1_000)));
    disk.take(&mut world);
    world.restart();
    world.conference.config.limits = world.conference.config.limits.clone().with(Limit::ChatBytes, 100);
    world.conference.restore(world.now(), disk.kept());
    disk.take(&mut world);
    assert_eq!(disk.texts(), Vec::<&str>::new());
}
