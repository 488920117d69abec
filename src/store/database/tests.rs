//! What is in the way of a file is named, and the file is as it was.

use std::fs;

use super::*;
use crate::conference::UnixTime;

fn room(id: &str) -> RoomRecord {
    let record = format!(
        r#"{{"id":"{id}","name":"Tea's \"room\"; DROP TABLE rooms","listed":true,"lasts":true,"topology":"auto","keeping":{{"access":"lobby",
        "locked":true,"screens":"moderators"}},"roles":{{"00000000000000ff":"moderator"}},"bans":[{{"peer":"0000000000000001",
        "known":[{{"browser":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16],"address":"2001:db8::","identity":null,"pass":null}},1795257403000]}}],"created_at":1795257403000}}"#
    );
    serde_json::from_str(&record).expect("a room")
}

fn at(millis: u64) -> UnixTime {
    UnixTime::from_millis(millis)
}

/// What somebody gets who opens a file with this in it, and what is there afterwards; in a folder that is gone with what is returned.
fn opened_with(bytes: &[u8]) -> (Result<Database, StoreError>, Vec<u8>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plenary.db");
    fs::write(&path, bytes).unwrap();
    let opened = Database::open(&path);
    (opened, fs::read(&path).unwrap(), folder)
}

/// The bytes of a good file with a room in it, after `spoil` did something to it.
fn file(spoil: impl FnOnce(&Connection)) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plenary.db");
    let mut database = Database::open(&path).unwrap();
    let rooms: Vec<Change> = (0..200).map(|number| Change::Kept(room(&format!("room-{number}")))).collect();
    database.apply(&rooms).unwrap();
    spoil(&database.connection);
    database.connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(database);
    fs::read(&path).unwrap()
}

#[test]
fn what_was_kept_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep").join("plenary.db");
    let mut database = Database::open(&path).unwrap();
    assert_eq!(database.load().unwrap(), Kept::default());
    let (den, attic) = (room("den"), room("attic"));
    let gone = Change::Gone { id: "never".into() };
    database.apply(&[Change::Kept(den.clone()), Change::Kept(attic.clone()), gone]).unwrap();
    database.apply(&[Change::Ended { id: "attic".into(), at: at(5) }]).unwrap();
    drop(database);
    let mut database = Database::open(&path).unwrap();
    assert_eq!(
        database.load().unwrap(),
        Kept { rooms: vec![den], ended: vec!["attic".into()], messages: vec![] }
    );
    database.apply(&[Change::Kept(attic.clone()), Change::Gone { id: "den".into() }]).unwrap();
    assert_eq!(database.load().unwrap(), Kept { rooms: vec![attic], ..Kept::default() }, "made anew");
    assert_eq!(database.check().unwrap(), 1);
}

fn message(room: &str, era: u64, id: u64, text: &str) -> Change {
    let message = format!(
        r#"{{"room":"{room}","era":{era},"message":{{"id":{id},"revision":{id},"from":"00000000000000ff","name":"Ann","text":"{text}","at":5}},
        "reference":"a"}}"#
    );
    Change::Written(Box::new(serde_json::from_str(&message).expect("a message")))
}

#[test]
fn what_is_written_is_kept_with_its_room_and_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = Database::open(&folder.path().join("db")).unwrap();
    let texts = |database: &Database| -> Vec<String> {
        database.load().unwrap().messages.into_iter().map(|stored| stored.message.text).collect()
    };
    let den = [
        Change::Kept(room("den")),
        message("den", 3, 1, "one"),
        message("den", 3, 2, "two"),
        message("den", 3, 10, "ten"),
    ];
    database.apply(&den).unwrap();
    database.apply(&[message("den", 3, 2, "second"), message("attic", 1, 1, "elsewhere")]).unwrap();
    assert_eq!(texts(&database), ["elsewhere", "one", "second", "ten"], "by room and number");
    database.apply(&[Change::Unwritten { id: "den".into(), era: 3, below: 2 }]).unwrap();
    assert_eq!(texts(&database), ["elsewhere", "second", "ten"]);
    let anew = [message("den", 4, 1, "anew"), Change::Unwritten { id: "den".into(), era: 4, below: 0 }];
    database.apply(&anew).unwrap();
    assert_eq!(texts(&database), ["elsewhere", "anew"]);
    database.apply(&[Change::Gone { id: "den".into() }]).unwrap();
    database.apply(&[Change::Ended { id: "attic".into(), at: at(5) }]).unwrap();
    assert_eq!(texts(&database), Vec::<String>::new());
}

#[test]
fn a_file_of_the_version_before_is_looked_at_and_brought_to_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(MIGRATIONS[0]).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let record = serde_json::to_string(&room("den")).unwrap();
    connection.execute("INSERT INTO rooms VALUES ('den', ?1)", [record]).unwrap();
    drop(connection);
    assert_eq!(Database::look_at(&path).unwrap().check().unwrap(), 1);
    let mut database = Database::open(&path).unwrap();
    database.apply(&[message("den", 1, 1, "one")]).unwrap();
    assert_eq!(database.load().unwrap().messages.len(), 1);
}

#[test]
fn the_oldest_of_very_many_rooms_that_were_ended_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = Database::open(&folder.path().join("db")).unwrap();
    let ended = |number: usize| Change::Ended { id: format!("r{number}"), at: at(number as u64) };
    database.apply(&(0..MOST_ENDED + 3).map(ended).collect::<Vec<_>>()).unwrap();
    let kept = database.load().unwrap().ended;
    assert_eq!((kept.len(), kept[0].as_str()), (MOST_ENDED, "r3"));
}

#[test]
fn one_server_at_a_time_and_anybody_may_look() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plenary.db");
    let mut database = Database::open(&path).unwrap();
    assert!(matches!(Database::open(&path), Err(StoreError::InUse(_))));
    database.apply(&[Change::Kept(room("den"))]).unwrap();
    let looked = Database::look_at(&path).unwrap();
    assert_eq!(looked.check().unwrap(), 1);
    let copy = folder.path().join("copy.db");
    looked.back_up(&copy).unwrap();
    assert!(looked.back_up(&copy).unwrap_err().contains("is there already"));
    database.apply(&[Change::Kept(room("attic"))]).unwrap();
    let copied = Database::open(&copy).unwrap();
    assert_eq!(copied.load().unwrap().rooms, [room("den")], "a copy serves like the file");
    assert!(matches!(Database::look_at(&folder.path().join("none")), Err(StoreError::Missing(_))));
}

#[test]
fn a_file_that_cannot_be_used_is_named_and_left_as_it_is() {
    let newer = file(|db| db.pragma_update(None, "user_version", 99).unwrap());
    let foreign = file(|db| db.pragma_update(None, "application_id", 7).unwrap());
    let unreadable = file(|db| {
        db.execute("UPDATE rooms SET record = '{}' WHERE id = 'room-7'", []).unwrap();
    });
    let mut torn = file(|_| ());
    let middle = torn.len() / 2;
    torn[middle..middle + 4_096].fill(0xa5);
    let cut = file(|_| ())[..8_192].to_vec();
    for (what, bytes, fits) in [
        (
            "newer",
            newer,
            (|error| matches!(error, StoreError::Newer { theirs: 99, .. })) as fn(&StoreError) -> bool,
        ),
        ("another program's", foreign, |error| matches!(error, StoreError::NotOurs(_))),
        ("a text", b"# rooms\n".repeat(200), |error| matches!(error, StoreError::NotOurs(_))),
        ("torn", torn, |error| matches!(error, StoreError::Damaged(..))),
        ("cut", cut, |error| matches!(error, StoreError::Damaged(..))),
        ("a room that is none", unreadable, |error| matches!(error, StoreError::Damaged(..))),
    ] {
        let (opened, after, _folder) = opened_with(&bytes);
        // What is inside is read when it is loaded.
        let error = opened.and_then(|database| database.load().map(drop)).expect_err(what);
        assert!(fits(&error), "{what}: {error:?}");
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
        assert!(what == "a room that is none" || after == bytes, "{what}: it was changed");
    }
}

#[test]
fn a_place_where_no_file_can_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Database::open(&file.join("plenary.db")).unwrap_err();
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    let error = Database::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Unusable(..)), "{error:?}");
}

/// A disk that is full refuses a batch whole, and takes the next once there is room.
#[test]
fn of_a_batch_that_does_not_fit_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = Database::open(&folder.path().join("plenary.db")).unwrap();
    let pages: i64 = database.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    database.connection.pragma_update(None, "max_page_count", pages + 2).unwrap();
    let rooms: Vec<Change> = (0..500).map(|number| Change::Kept(room(&format!("room-{number}")))).collect();
    assert!(database.apply(&rooms).unwrap_err().contains("full"));
    assert_eq!(database.load().unwrap().rooms, []);
    database.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
    database.apply(&rooms).unwrap();
    assert_eq!(database.load().unwrap().rooms.len(), 500);
}
