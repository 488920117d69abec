//! What a server keeps over a restart: its keys, in a directory of its own (`--state`).

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use thiserror::Error;

use crate::conference::MasterKey;

/// The file of the first key inside of the directory: 64 hexadecimal digits and a line feed, so that a piece of one is no key.
const KEY: &str = "key";

/// The name of the server's own key of access tokens. Nothing else is signed with it.
pub const PASS_KEY: &str = "plenary";

/// Its file: a secret in base64url and a line feed.
const PASS_KEY_FILE: &str = "plenary.hs256";

/// Bytes of either file at most.
const MOST_BYTES: u64 = 128;

/// Permissions that only the owner has.
const OTHERS: u32 = 0o077;

/// Why there is no key to serve with.
#[derive(Debug, Error)]
pub enum StateError {
    /// The directory cannot be made.
    #[error("--state {}: the directory cannot be made: {why}", .0.display(), why = .1)]
    NoDirectory(PathBuf, io::Error),
    /// The file cannot be read.
    #[error("{} cannot be read: {why}", .0.display(), why = .1)]
    Unreadable(PathBuf, io::Error),
    /// Others than its owner may read or write the file.
    #[error("{path} can be read by others: `chmod 600 {path}` if nobody has, or delete it", path = .0.display())]
    Open(PathBuf),
    /// There is no file, and this is not the one who makes it.
    #[error("{} is not there: start the server first, or say --state with the directory of its keys, or --pass-keys if it has that", .0.display())]
    Missing(PathBuf),
    /// What is in the file is no key.
    #[error("{} is no key of a server: bring back the one it was, or delete it", .0.display())]
    Damaged(PathBuf),
    /// There is no file, and none can be made.
    #[error("{} cannot be made: {why}", .0.display(), why = .1)]
    Unwritable(PathBuf, io::Error),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoEntropy,
}

/// The server's key, kept in `directory`. Both are made if there is none, for nobody else to read.
///
/// # Errors
/// [`StateError`] says what is wrong with which file. A file that is there is never written over: with another key, links of
/// rooms and tokens that people hold would be good for nothing.
pub fn load(directory: &Path) -> Result<MasterKey, StateError> {
    let path = directory.join(KEY);
    let encode = |bytes: &[u8]| HEXLOWER.encode(bytes);
    let text = read_or_make(directory, &path, "a key for the links of rooms", encode)?;
    let bytes = text.strip_suffix(b"\n").and_then(|digits| HEXLOWER.decode(digits).ok());
    let key = bytes.and_then(|bytes| <[u8; MasterKey::BYTES]>::try_from(bytes).ok());
    key.map(|bytes| MasterKey::new(&bytes)).ok_or(StateError::Damaged(path))
}

/// The secret that access tokens of this server's own are signed with ([`PASS_KEY`]), in base64url. A server makes it as it does the
/// other key; whoever else needs it (`makes` is false) does not: one that no server has is good for nothing.
///
/// # Errors
/// [`StateError`], as of the other key.
pub fn pass_key(directory: &Path, makes: bool) -> Result<Vec<u8>, StateError> {
    let path = directory.join(PASS_KEY_FILE);
    if !makes && !path.exists() {
        return Err(StateError::Missing(path));
    }
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let text = read_or_make(directory, &path, "a key for access tokens", encode)?;
    let secret = text
        .strip_suffix(b"\n")
        .filter(|secret| BASE64URL_NOPAD.decode(secret).is_ok_and(|bytes| bytes.len() == MasterKey::BYTES));
    secret.map(<[u8]>::to_vec).ok_or(StateError::Damaged(path))
}

fn read_or_make(
    directory: &Path,
    path: &Path,
    what: &str,
    encode: impl Fn(&[u8]) -> String,
) -> Result<Vec<u8>, StateError> {
    match read(path) {
        Err(StateError::Unreadable(_, error)) if error.kind() == ErrorKind::NotFound => {
            make(directory, path, what, encode)?;
            read(path)
        }
        read => read,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, StateError> {
    let unreadable = |error| StateError::Unreadable(path.to_owned(), error);
    // Opening something that is no file may wait for ever.
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(StateError::Damaged(path.to_owned()));
    }
    if about.permissions().mode() & OTHERS != 0 {
        return Err(StateError::Open(path.to_owned()));
    }
    let mut text = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MOST_BYTES).read_to_end(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Makes a key, whole or not at all. If another process makes one at the same time the first one is it.
fn make(
    directory: &Path,
    path: &Path,
    what: &str,
    encode: impl Fn(&[u8]) -> String,
) -> Result<(), StateError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| StateError::NoDirectory(directory.to_owned(), error))?;
    let mut bytes = [0; MasterKey::BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| StateError::NoEntropy)?;
    match put(directory, path, &format!("{}\n", encode(&bytes))) {
        Ok(()) => log::info!("made {what}: {}", path.display()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(StateError::Unwritable(path.to_owned(), error)),
    }
    Ok(())
}

/// Puts a new file into a directory, on the disk before it has its name.
/// Writes a file beside the key, in the place of one that is there, for its owner alone. `directory` is there.
///
/// # Errors
/// [`io::Error`] if it cannot be written; what was there is as it was.
pub fn write(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(directory.join(name))?;
    Ok(())
}

fn put(directory: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// What a key makes of something: keys cannot be compared.
    fn print(key: &MasterKey) -> String {
        key.fingerprint()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("deep").join("state");
        let made = print(&load(&directory).unwrap());
        assert_eq!((mode(&directory), mode(&directory.join(KEY))), (0o700, 0o600));
        assert_eq!(print(&load(&directory).unwrap()), made);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(print(&load(other.path()).unwrap()), made, "another server has another key");
        let names: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [KEY], "nothing is left beside it");
    }

    #[test]
    fn servers_that_start_at_once_have_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("state");
        let keys: Vec<_> = thread::scope(|scope| {
            let starts: Vec<_> = (0..16).map(|_| scope.spawn(|| print(&load(&directory).unwrap()))).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_damaged_is_refused_in_one_line_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY);
        load(folder.path()).unwrap();
        let good = fs::read(&path).unwrap();
        for open in [0o640, 0o604, 0o620, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let error = load(folder.path()).unwrap_err();
            assert!(matches!(error, StateError::Open(_)), "{open:o}: {error:?}");
            assert_eq!(error.to_string().lines().count(), 1);
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let long = [good.clone(), b"\n".to_vec()].concat();
        let loud = good.to_ascii_uppercase();
        for damaged in [&b""[..], b"\n", &good[..64], &good[..20], &long, &loud, &[0; 65]] {
            fs::write(&path, damaged).unwrap();
            let error = load(folder.path()).unwrap_err();
            assert!(matches!(error, StateError::Damaged(_)), "{damaged:?}: {error:?}");
            assert_eq!(error.to_string().lines().count(), 1);
            assert_eq!(fs::read(&path).unwrap(), damaged);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(load(folder.path()), Err(StateError::Damaged(_))));
    }

    #[test]
    fn the_key_of_access_tokens_is_another_one_and_kept_as_well() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(pass_key(folder.path(), false), Err(StateError::Missing(_))));
        let made = pass_key(folder.path(), true).unwrap();
        let path = folder.path().join(PASS_KEY_FILE);
        assert_eq!((made.len(), mode(&path)), (43, 0o600));
        assert_eq!(pass_key(folder.path(), true).unwrap(), made);
        for damaged in [&b""[..], &made, b"not base64url at all\n", b"AAAA\n"] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(pass_key(folder.path(), true), Err(StateError::Damaged(_))), "{damaged:?}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(pass_key(folder.path(), true), Err(StateError::Open(_))));
    }

    #[test]
    fn a_place_where_no_directory_can_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = load(&file.join("state")).unwrap_err();
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    }
}
