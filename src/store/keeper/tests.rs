//! The loop never waits, and nothing is lost.

use std::path::Path;

use mio::{Poll, Token};

use super::*;
use crate::conference::{RoomRecord, UnixTime};

fn keeper(path: &Path, poll: &Poll) -> Keeper {
    let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
    Keeper::start(Database::open(path).unwrap(), waker).unwrap()
}

fn kept(id: &str, name: &str) -> Change {
    let record = format!(
        r#"{{"id":"{id}","name":"{name}","listed":false,"lasts":true,"topology":"sfu","created_at":1}}"#
    );
    Change::Kept(serde_json::from_str::<RoomRecord>(&record).unwrap())
}

fn written(era: u64, id: u64) -> Change {
    let text = format!(
        r#"{{"room":"den","era":{era},"message":{{"id":{id},"revision":1,"from":"00000000000000ff","name":"Ann","text":"x","at":5}},"reference":"a"}}"#
    );
    Change::Written(Box::new(serde_json::from_str(&text).unwrap()))
}

/// Turns until it is known whether this was kept.
fn until_known(keeper: &mut Keeper, number: u64) -> bool {
    let by = Instant::now() + Duration::from_secs(20);
    loop {
        keeper.turn(Instant::now());
        match keeper.is_kept(number) {
            Some(known) => return known,
            None => assert!(Instant::now() < by, "it is never known"),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_is_said_to_be_kept_is_in_the_file_and_the_newest_of_a_room_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let (path, poll) = (folder.path().join("db"), Poll::new().unwrap());
    let mut keeper = keeper(&path, &poll);
    for name in ["one", "two", "three"] {
        keeper.keep(kept("den", name));
        keeper.keep(kept(name, name));
    }
    assert_eq!((keeper.last(), keeper.is_kept(1), keeper.counters().waiting), (6, None, 4));
    assert!(until_known(&mut keeper, 6));
    assert_eq!(keeper.counters().written, 4);
    let rooms = Database::look_at(&path).unwrap().load().unwrap().rooms;
    assert_eq!(rooms.iter().find(|room| room.id == "den").unwrap().name, "three");
    keeper.keep(Change::Ended { id: "den".into(), at: UnixTime::from_millis(9) });
    keeper.finish();
    let kept = Database::open(&path).unwrap().load().unwrap();
    assert_eq!((kept.rooms.len(), kept.ended), (3, vec!["den".to_owned()]), "the end waits for what is left");
}

/// The disk refuses: whoever waits is told, what came meanwhile stands, and all is written once it takes it.
#[test]
fn what_the_disk_refused_is_tried_again_with_what_came_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (path, poll) = (folder.path().join("db"), Poll::new().unwrap());
    let mut keeper = keeper(&path, &poll);
    keeper.keep(kept("den", "old"));
    assert!(until_known(&mut keeper, 1));
    // Somebody else holds the file for longer than a statement waits.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("ALTER TABLE rooms RENAME TO elsewhere").unwrap();
    keeper.keep(kept("den", "new"));
    assert!(!until_known(&mut keeper, 2));
    assert_eq!((keeper.counters().failures, keeper.counters().waiting), (1, 1));
    keeper.keep(kept("den", "newest"));
    let retry = keeper.next().expect("it is tried again");
    assert_eq!(keeper.is_kept(3), None, "of this nothing is known yet");
    other.execute_batch("ALTER TABLE elsewhere RENAME TO rooms").unwrap();
    keeper.turn(retry);
    assert!(until_known(&mut keeper, 3));
    let rooms = Database::look_at(&path).unwrap().load().unwrap().rooms;
    assert_eq!(rooms[0].name, "newest");
}

/// A disk that is full for long: no more waits of a chat than memory has of it.
#[test]
fn a_message_that_is_kept_no_more_does_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (path, poll) = (folder.path().join("db"), Poll::new().unwrap());
    let mut keeper = keeper(&path, &poll);
    for id in 1..=1_000 {
        keeper.keep(written(7, id));
        if id > 10 {
            keeper.keep(Change::Unwritten { id: "den".into(), era: 7, below: id - 9 });
        }
    }
    assert_eq!(keeper.counters().waiting, 11, "ten messages, and what to forget");
    keeper.keep(Change::Unwritten { id: "den".into(), era: 8, below: 0 });
    keeper.keep(written(8, 1));
    assert_eq!(keeper.counters().waiting, 2);
    let last = keeper.last();
    assert!(until_known(&mut keeper, last));
    let kept = Database::look_at(&path).unwrap().load().unwrap().messages;
    assert_eq!(kept.iter().map(|message| message.era).collect::<Vec<_>>(), [8]);
}

/// Whoever changes their mind about a chat before the disk has heard of it loses nothing of it.
#[test]
fn a_chat_that_is_kept_after_all_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, poll) = (folder.path().join("db"), Poll::new().unwrap());
    let mut keeper = keeper(&path, &poll);
    keeper.keep(written(7, 1));
    assert!(until_known(&mut keeper, 1));
    keeper.keep(Change::Unwritten { id: "den".into(), era: 8, below: 0 });
    keeper.keep(written(7, 1));
    keeper.keep(written(7, 2));
    assert!(until_known(&mut keeper, 4));
    let kept = Database::look_at(&path).unwrap().load().unwrap().messages;
    assert_eq!(kept.iter().map(|message| message.message.id).collect::<Vec<_>>(), [1, 2]);
}
