//! The files of the keys that access tokens are signed with: a directory of the operator's (`--pass-keys`), or the server's own key.
//!
//! A token names its key; that name is looked up among the keys that were read here, and no file is opened by it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::passes::{KeyError, PassKeys, is_plain_name};
use crate::state::{self, StateError};

/// Bytes of a file at most: a set of some hundred keys.
const FILE_BYTES: u64 = 256 * 1024;

/// Files of one directory at most.
const MOST_FILES: usize = 1_000;

/// Permissions of everybody.
const EVERYBODY: u32 = 0o007;

/// Why there are no keys.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// The directory cannot be read.
    #[error("--pass-keys {}: it cannot be read: {why}", .0.display(), why = .1)]
    NoDirectory(PathBuf, io::Error),
    /// There are more files than anybody has keys.
    #[error("--pass-keys {}: there are more than {MOST_FILES} files in it", .0.display())]
    TooMany(PathBuf),
    /// A file cannot be read.
    #[error("{} cannot be read: {why}", .0.display(), why = .1)]
    Unreadable(PathBuf, io::Error),
    /// A file is no key by its name.
    #[error(
        "{} is no key: one is called NAME.hs256, NAME.pem or NAME.jwks, and NAME is its kid: 1 to 64 letters, digits, - and _",
        .0.display()
    )]
    Name(PathBuf),
    /// A file is no key by what is in it.
    #[error("{} is no key: {why}", .0.display(), why = .1)]
    NoKey(PathBuf, KeyError),
    /// The server's own key.
    #[error(transparent)]
    State(#[from] StateError),
    /// Nothing here signs.
    #[error("there is no key here that signs: put one into NAME.hs256, or leave --pass-keys out")]
    NoSigner,
    /// One of several has to be chosen.
    #[error("there are several keys: say --key with one of {0}")]
    Which(String),
    /// There is no such key, or only half of it.
    #[error("there is no key named {0} that signs; there are {1}")]
    NoSuch(String, String),
}

/// Where keys are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keyring {
    /// The operator's.
    pub directory: Option<PathBuf>,
    /// Where the server's own is, which is used where the operator has none.
    pub state: PathBuf,
    /// Whether there has to be one: nobody could come in, or make a room.
    pub needed: bool,
    /// Whether the server's own is made if it is not there.
    pub makes: bool,
}

impl Keyring {
    /// Reads all of them.
    ///
    /// # Errors
    /// [`KeyringError`] says what is wrong with which file: of several keys none is taken then.
    pub fn load(&self) -> Result<PassKeys, KeyringError> {
        let mut keys = PassKeys::default();
        if let Some(directory) = &self.directory {
            read_directory(directory, &mut keys)?;
            if !(keys.is_empty() && self.needed) {
                return Ok(keys);
            }
            let name = state::PASS_KEY;
            log::warn!(
                "{} has no key: access tokens of the server's own, {name}, are taken",
                directory.display()
            );
        }
        let secret = state::pass_key(&self.state, self.makes)?;
        let damaged = |why| KeyringError::NoKey(self.state.clone(), why);
        keys.add_secret(state::PASS_KEY, &secret).map_err(damaged)?;
        Ok(keys)
    }
}

/// The name of the key to sign with: that which is `wanted`, or the only one.
///
/// # Errors
/// [`KeyringError`] if there is none such, or no reason to choose one.
pub fn signer(keys: &PassKeys, wanted: Option<&str>) -> Result<String, KeyringError> {
    let names: Vec<&str> = keys.signers().collect();
    match (wanted, &names[..]) {
        (_, []) => Err(KeyringError::NoSigner),
        (Some(wanted), names) if names.contains(&wanted) => Ok(wanted.to_owned()),
        (Some(wanted), names) => Err(KeyringError::NoSuch(wanted.to_owned(), names.join(", "))),
        (None, [only]) => Ok((*only).to_owned()),
        (None, names) => Err(KeyringError::Which(names.join(", "))),
    }
}

fn read_directory(directory: &Path, keys: &mut PassKeys) -> Result<(), KeyringError> {
    let no_directory = |error| KeyringError::NoDirectory(directory.to_owned(), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(no_directory)? {
        let path = entry.map_err(no_directory)?.path();
        // Editors and Kubernetes keep things of their own there.
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if files.len() == MOST_FILES {
            return Err(KeyringError::TooMany(directory.to_owned()));
        }
        files.push(path);
    }
    // Which of two keys of one name is complained of does not depend on the disk.
    files.sort();
    files.iter().try_for_each(|path| read_file(path, keys))
}

fn read_file(path: &Path, keys: &mut PassKeys) -> Result<(), KeyringError> {
    let parts = path.file_stem().zip(path.extension());
    let parts = parts.and_then(|(stem, ending)| Some((stem.to_str()?, ending.to_str()?)));
    let wrong_name = || KeyringError::Name(path.to_owned());
    let (name, ending) = parts.filter(|(name, _)| is_plain_name(name)).ok_or_else(wrong_name)?;
    let no_key = |why| KeyringError::NoKey(path.to_owned(), why);
    match ending {
        "hs256" => {
            keys.add_secret(name, &read(path)?).map_err(no_key)?;
            warn_if_open(path);
            Ok(())
        }
        "pem" => keys.add_pem(name, &read(path)?).map_err(no_key),
        "jwks" => keys.add_set(&read(path)?).map_err(no_key),
        "json" if name == "jwks" => keys.add_set(&read(path)?).map_err(no_key),
        _ => Err(wrong_name()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeyringError> {
    let unreadable = |error| KeyringError::Unreadable(path.to_owned(), error);
    // Opening something that is no file may wait for ever.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("it is no file")));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(unreadable(io::Error::other("it is too large for keys")));
    }
    Ok(bytes)
}

/// Whoever reads a secret signs with it. Secrets of containers often come so, and it is no reason not to start.
fn warn_if_open(path: &Path) {
    let mode = fs::metadata(path).map_or(0, |about| about.permissions().mode());
    if mode & EVERYBODY != 0 {
        log::warn!(
            "{path} can be read by everybody on this machine: `chmod 600 {path}`",
            path = path.display()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";

    fn ring(folder: &Path, needed: bool) -> Keyring {
        Keyring { directory: Some(folder.join("keys")), state: folder.join("state"), needed, makes: true }
    }

    fn names(keys: &PassKeys) -> Vec<String> {
        keys.names().map(str::to_owned).collect()
    }

    #[test]
    fn keys_are_those_of_the_directory_or_the_servers_own() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let own = Keyring { directory: None, ..ring(folder.path(), false) };
        let error = Keyring { makes: false, ..own.clone() }.load().unwrap_err().to_string();
        assert!(error.contains("start the server first"), "{error}");
        assert_eq!(names(&own.load().unwrap()), ["plenary"], "it is made");
        let missing = ring(folder.path(), true).load().unwrap_err().to_string();
        assert!(missing.contains("--pass-keys") && missing.contains("keys"), "{missing}");
        fs::create_dir(&keys).unwrap();
        assert_eq!(names(&ring(folder.path(), true).load().unwrap()), ["plenary"]);
        assert!(ring(folder.path(), false).load().unwrap().is_empty(), "nobody needs one");
        fs::write(keys.join("school.hs256"), SECRET).unwrap();
        fs::write(keys.join("jwks.json"), br#"{"keys":[{"kty":"EC","kid":"a"}]}"#).unwrap();
        fs::write(keys.join(".school.hs256.swp"), "x").unwrap();
        assert_eq!(names(&ring(folder.path(), true).load().unwrap()), ["school"]);
    }

    #[test]
    fn what_is_no_key_is_named_with_its_file_in_one_line() {
        for (name, text, why) in [
            ("school.hs256", &b"c2hvcnQ"[..], "fewer than 32 bytes"),
            ("school.hs256", b"no base64url at all, but long enough", "basenc"),
            ("school.pem", b"", "BEGIN PUBLIC KEY"),
            ("school.jwks", b"{}", "JWKS"),
            ("school.json", SECRET, "NAME.hs256"),
            ("school", SECRET, "NAME.hs256"),
            ("my school.hs256", SECRET, "NAME.hs256"),
            ("a.b.hs256", SECRET, "NAME.hs256"),
            ("school.hs512", SECRET, "NAME.hs256"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("keys")).unwrap();
            fs::write(folder.path().join("keys").join(name), text).unwrap();
            let error = ring(folder.path(), true).load().unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(why), "{name}: {error}");
            assert_eq!(error.lines().count(), 1);
        }
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("keys/a.hs256")).unwrap();
        assert!(ring(folder.path(), true).load().unwrap_err().to_string().contains("no file"));
    }

    #[test]
    fn which_key_signs_is_clear_or_asked() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        fs::create_dir(&keys).unwrap();
        let load = || ring(folder.path(), false).load().unwrap();
        assert!(matches!(signer(&load(), None), Err(KeyringError::NoSigner)));
        fs::write(keys.join("a.hs256"), SECRET).unwrap();
        assert_eq!(signer(&load(), None).unwrap(), "a");
        fs::write(keys.join("b.hs256"), SECRET).unwrap();
        assert_eq!(signer(&load(), Some("b")).unwrap(), "b");
        assert!(signer(&load(), None).unwrap_err().to_string().contains("a, b"));
        assert!(signer(&load(), Some("c")).unwrap_err().to_string().contains("named c"));
    }
}
