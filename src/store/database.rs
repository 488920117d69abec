//! The file.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, params};
use thiserror::Error;

use crate::conference::{Change, Kept, RoomRecord, StoredMessage};

/// "Plny": says whose file it is (<https://www.sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION: i32 = 0x506c_6e79;

/// Each brings the file from the version before to the one with its number, from 1. Never changed once released: new ones follow.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE rooms (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE ended (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE messages (room TEXT NOT NULL, era INTEGER NOT NULL, id INTEGER NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (room, era, id)) STRICT, WITHOUT ROWID;
",
];

/// The version of files from which on they have messages: older ones are looked at, too.
const MESSAGES_SINCE: i64 = 2;

/// How long a statement waits for whoever else reads or writes the file, such as a backup.
const BUSY: Duration = Duration::from_secs(5);

/// Rooms that were ended and are remembered.
const MOST_ENDED: usize = 10_000;

/// Rooms with their records, the ids of those that were ended, and messages.
type Rows = (Vec<(String, String)>, Vec<String>, Vec<String>);

/// Why there is no store to serve with. The file is as it was.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The directory of the file cannot be made.
    #[error("--store {}: the directory cannot be made: {why}", .0.display(), why = .1)]
    NoDirectory(PathBuf, io::Error),
    /// The file cannot be opened or made.
    #[error("--store {}: {why}. Its directory has to be writable for the server, and the disk to have room", .0.display(), why = .1)]
    Unusable(PathBuf, String),
    /// Another process serves with it.
    #[error("--store {} is in use by another server: end that one, or give this one another file", .0.display())]
    InUse(PathBuf),
    /// It is something else.
    #[error("--store {} is no store of Plenary: nothing was changed in it", .0.display())]
    NotOurs(PathBuf),
    /// It is damaged.
    #[error(
        "--store {} is damaged ({why}); nothing was changed in it. Put a backup in its place (made by `plenary store backup`), or move it away \
         to begin without rooms",
        .0.display(), why = .1
    )]
    Damaged(PathBuf, String),
    /// A newer program made it.
    #[error("--store {} is of a newer version of Plenary ({theirs}, this one knows {}); nothing was changed in it", .path.display(), MIGRATIONS.len())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        theirs: i64,
    },
    /// There is no such file.
    #[error("{} is not there: say --store FILE, or --state with the directory that it is in", .0.display())]
    Missing(PathBuf),
}

/// An open store.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
    /// Something was taken out of it that may still be in its log.
    unclean: bool,
    /// Held as long as it is open: nobody else serves with the file.
    _lock: Option<File>,
}

impl Database {
    /// Opens the file at `path` to serve with, and makes it if there is none.
    ///
    /// # Errors
    /// [`StoreError`]: what is there is left as it is.
    pub fn open(path: &Path) -> Result<Database, StoreError> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(directory) = directory {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
            made.map_err(|error| StoreError::NoDirectory(directory.to_owned(), error))?;
        }
        let lock = lock(path)?;
        // SQLite would make it readable for everybody.
        if let Err(error) = OpenOptions::new().create(true).append(true).mode(0o600).open(path) {
            return Err(StoreError::Unusable(path.to_owned(), error.to_string()));
        }
        let connection = Connection::open(path).map_err(|error| unusable(path, &error))?;
        let mut database = Database { connection, path: path.to_owned(), unclean: true, _lock: Some(lock) };
        database.prepare()?;
        Ok(database)
    }

    /// Opens a file to look at it, also while a server uses it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn look_at(path: &Path) -> Result<Database, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| unusable(path, &error))?;
        let database = Database { connection, path: path.to_owned(), unclean: false, _lock: None };
        let settled = database.connection.busy_timeout(BUSY);
        settled.map_err(|error| unusable(path, &error))?;
        database.version()?;
        Ok(database)
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        let version = self.version()?;
        let path = self.path.clone();
        // Before anything is written.
        self.sound()?;
        let settled = self.connection.busy_timeout(BUSY).and_then(|()| {
            // What was answered is on the disk, also after a power failure.
            self.connection.pragma_update(None, "journal_mode", "WAL")?;
            self.connection.pragma_update(None, "synchronous", "FULL")?;
            // What is deleted is written over.
            self.connection.pragma_update(None, "secure_delete", "ON")
        });
        settled.map_err(|error| unusable(&path, &error))?;
        let known = usize::try_from(version).unwrap_or(0);
        for (done, migration) in MIGRATIONS.iter().enumerate().skip(known) {
            let migrate = |connection: &mut Connection| {
                let step = connection.transaction()?;
                step.execute_batch(migration)?;
                step.pragma_update(None, "application_id", APPLICATION)?;
                step.pragma_update(None, "user_version", done + 1)?;
                step.commit()
            };
            migrate(&mut self.connection).map_err(|error| unusable(&path, &error))?;
        }
        Ok(())
    }

    /// Which version the file has: 0 if it is new and empty.
    fn version(&self) -> Result<i64, StoreError> {
        let number = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let read = || {
            let tables = "SELECT count(*) FROM sqlite_master";
            let tables: i64 = self.connection.query_row(tables, [], |row| row.get(0))?;
            Ok((number("application_id")?, number("user_version")?, tables))
        };
        let (application, version, tables) = read().map_err(|error| unusable(&self.path, &error))?;
        if application != i64::from(APPLICATION) && (application, version, tables) != (0, 0, 0) {
            return Err(StoreError::NotOurs(self.path.clone()));
        }
        if usize::try_from(version).unwrap_or(usize::MAX) > MIGRATIONS.len() {
            return Err(StoreError::Newer { path: self.path.clone(), theirs: version });
        }
        Ok(version)
    }

    /// Whether the file is whole, and everything in it can be read. Returns how many rooms there are.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] says what is wrong.
    pub fn check(&self) -> Result<usize, StoreError> {
        self.sound()?;
        Ok(self.load()?.rooms.len())
    }

    fn sound(&self) -> Result<(), StoreError> {
        let found = self.connection.pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0));
        match found {
            Ok(found) if found == "ok" => Ok(()),
            Ok(found) => Err(StoreError::Damaged(self.path.clone(), first_line(&found))),
            Err(error) => Err(StoreError::Damaged(self.path.clone(), error.to_string())),
        }
    }

    /// Everything in it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first room that cannot be read.
    pub fn load(&self) -> Result<Kept, StoreError> {
        let damaged = |why: String| StoreError::Damaged(self.path.clone(), why);
        let version = self.version()?;
        let read = || -> rusqlite::Result<Rows> {
            let mut rooms = self.connection.prepare("SELECT id, record FROM rooms ORDER BY id")?;
            let rooms =
                rooms.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            let mut ended = self.connection.prepare("SELECT id FROM ended ORDER BY at, id")?;
            let ended = ended.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            if version < MESSAGES_SINCE {
                return Ok((rooms, ended, Vec::new()));
            }
            let mut messages =
                self.connection.prepare("SELECT record FROM messages ORDER BY room, era, id")?;
            let messages = messages.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok((rooms, ended, messages))
        };
        let (rooms, ended, messages) = read().map_err(|error| damaged(error.to_string()))?;
        let room = |(id, record): (String, String)| match serde_json::from_str::<RoomRecord>(&record) {
            Ok(room) if room.id == id => Ok(room),
            Ok(_) => Err(damaged(format!("the room {id:?} has another id inside"))),
            Err(error) => Err(damaged(format!("the room {id:?} cannot be read: {error}"))),
        };
        let message = |record: String| {
            let read = serde_json::from_str::<StoredMessage>(&record);
            read.map_err(|error| damaged(format!("a message of a chat cannot be read: {error}")))
        };
        Ok(Kept {
            rooms: rooms.into_iter().map(room).collect::<Result<_, _>>()?,
            ended,
            messages: messages.into_iter().map(message).collect::<Result<_, _>>()?,
        })
    }

    /// Writes all of these, or none. What people wrote and is not to be kept is in no file once this is done.
    ///
    /// # Errors
    /// What the disk or `SQLite` says.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), String> {
        let mut write = || -> Result<(), String> {
            let step = self.connection.transaction().map_err(said)?;
            for change in changes {
                apply(&step, change)?;
            }
            if changes.iter().any(|change| matches!(change, Change::Ended { .. })) {
                let oldest = "DELETE FROM ended WHERE id IN (SELECT id FROM ended ORDER BY at DESC LIMIT -1 OFFSET ?1)";
                step.execute(oldest, params![MOST_ENDED]).map_err(said)?;
            }
            step.commit().map_err(said)
        };
        write()?;
        self.unclean |= changes.iter().any(takes_out);
        if self.unclean {
            self.clean();
        }
        Ok(())
    }

    /// Empties the log, which has what was there before. Whoever reads the file at this moment may be in the way: then it is tried again
    /// with what is written next.
    fn clean(&mut self) {
        let blocked =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        match blocked {
            Ok(blocked) => self.unclean = blocked != 0,
            Err(error) => log::warn!("{}: the log is not emptied: {error}", self.path.display()),
        }
    }

    /// Writes a copy of it to `to`, also while a server uses it.
    ///
    /// # Errors
    /// What is in the way; a file that is there is not written over.
    pub fn back_up(&self, to: &Path) -> Result<(), String> {
        if to.exists() {
            return Err(format!("{} is there already", to.display()));
        }
        let path = to.to_str().ok_or("the name of the copy is no text")?;
        self.connection.execute("VACUUM INTO ?1", params![path]).map_err(said)?;
        File::open(to).and_then(|copy| copy.sync_all()).map_err(|error| error.to_string())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn said(error: rusqlite::Error) -> String {
    error.to_string()
}

/// Whether somebody relies on it that something is gone. What gives way to newer messages goes sooner or later.
fn takes_out(change: &Change) -> bool {
    match change {
        Change::Kept(_) => false,
        Change::Gone { .. } | Change::Ended { .. } => true,
        Change::Written(written) => written.message.deleted || written.message.edited,
        Change::Unwritten { below, .. } => *below == 0,
    }
}

fn apply(step: &Transaction<'_>, change: &Change) -> Result<(), String> {
    let gone = |id: &str| {
        step.execute("DELETE FROM messages WHERE room = ?1", params![id]).map_err(said)?;
        step.execute("DELETE FROM rooms WHERE id = ?1", params![id]).map_err(said)
    };
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    match change {
        Change::Kept(room) => {
            let record = serde_json::to_string(room).map_err(|error| error.to_string())?;
            let put =
                "INSERT INTO rooms (id, record) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET record = ?2";
            step.execute(put, params![room.id, record]).map_err(said)?;
            step.execute("DELETE FROM ended WHERE id = ?1", params![room.id]).map_err(said)?;
        }
        Change::Gone { id } => drop(gone(id)?),
        Change::Ended { id, at } => {
            gone(id)?;
            let put = "INSERT OR REPLACE INTO ended (id, at) VALUES (?1, ?2)";
            step.execute(put, params![id, number(at.as_millis())]).map_err(said)?;
        }
        Change::Written(written) => {
            let record = serde_json::to_string(written).map_err(|error| error.to_string())?;
            let put = "INSERT OR REPLACE INTO messages (room, era, id, record) VALUES (?1, ?2, ?3, ?4)";
            let (era, id) = (number(written.era), number(written.message.id));
            step.execute(put, params![written.room, era, id, record]).map_err(said)?;
        }
        Change::Unwritten { id, era, below } => {
            let take = "DELETE FROM messages WHERE room = ?1 AND (era < ?2 OR era = ?2 AND id < ?3)";
            step.execute(take, params![id, number(*era), number(*below)]).map_err(said)?;
        }
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&name);
    let file = file.map_err(|error| StoreError::Unusable(path.to_owned(), error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::Unusable(path.to_owned(), error.to_string())),
    }
}

fn unusable(path: &Path, error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(NotADatabase) => StoreError::NotOurs(path.to_owned()),
        Some(DatabaseCorrupt) => StoreError::Damaged(path.to_owned(), first_line(&error.to_string())),
        _ => StoreError::Unusable(path.to_owned(), first_line(&error.to_string())),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
