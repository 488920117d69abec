//! What is kept on disk: rooms, and the server's keys.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Finding;
use crate::config::Config;
use crate::store::Database;

/// Rights of anybody but the owner.
const OTHERS: u32 = 0o077;

/// Looks at the store and at the directory of keys.
pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![state(&config.state)];
    findings.extend(config.store.as_deref().map(store));
    findings
}

fn store(file: &Path) -> Finding {
    let named = file.display();
    if !file.exists() {
        return match will_be_writable(file) {
            Ok(()) => Finding::good("store", format!("{named} is made at the start")),
            Err(why) => cannot_write("store", &format!("{named} cannot be made: {why}")),
        };
    }
    let looked = Database::look_at(file).and_then(|database| database.check());
    match (looked, fs::OpenOptions::new().append(true).open(file)) {
        (Err(why), _) => Finding::error(
            "store",
            format!("{named}: {why}"),
            "bring back a copy (`plenary store backup` writes them), or put the file aside and start without its rooms",
        ),
        (Ok(_), Err(why)) => cannot_write("store", &format!("{named} cannot be written: {why}")),
        (Ok(rooms), Ok(_)) => Finding::good("store", format!("{named} is whole: {rooms} rooms")),
    }
}

fn state(directory: &Path) -> Finding {
    let named = directory.display();
    if !directory.exists() {
        return match will_be_writable(directory) {
            Ok(()) => Finding::good("state", format!("{named} is made at the start")),
            Err(why) => cannot_write("state", &format!("{named} cannot be made: {why}")),
        };
    }
    let open: Vec<String> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|file| is_key(&file.file_name().to_string_lossy()))
        .filter(|file| file.metadata().is_ok_and(|about| about.permissions().mode() & OTHERS != 0))
        .map(|file| file.path().display().to_string())
        .collect();
    if !open.is_empty() {
        let files = open.join(" ");
        return Finding::error(
            "state",
            format!("{files} can be read by others, and whoever reads it can make links and tokens"),
            format!("chmod 600 {files}, if nobody has; else delete it, and every link and token ends"),
        );
    }
    match writable(directory) {
        Ok(()) => Finding::good("state", format!("{named} can be written, and its keys are its owner's")),
        Err(why) => cannot_write("state", &format!("{named}: {why}")),
    }
}

fn is_key(name: &str) -> bool {
    let kind = Path::new(name).extension();
    name == "key" || kind.is_some_and(|kind| kind == "hs256")
}

fn cannot_write(name: &'static str, seen: &str) -> Finding {
    Finding::error(name, seen, "give the directory to the user that the server runs as, or name another one")
}

/// Whether this can be made, with every folder on the way to it.
fn will_be_writable(path: &Path) -> std::io::Result<()> {
    let there = path.ancestors().skip(1).find(|folder| folder.exists());
    writable(there.unwrap_or(Path::new(".")))
}

/// Whether something can be put there.
fn writable(directory: &Path) -> std::io::Result<()> {
    tempfile::Builder::new().prefix(".plenary-doctor-").tempfile_in(directory).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn keys_that_others_read_and_a_store_that_is_none_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let (directory, file) = (folder.path().join("state"), folder.path().join("rooms.db"));
        assert_eq!([state(&directory).severity, store(&file).severity], [Severity::Good; 2]);
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("settings.toml"), "").unwrap();
        assert_eq!(state(&directory).severity, Severity::Good);
        fs::write(directory.join("key"), "x").unwrap();
        fs::set_permissions(directory.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
        let open = state(&directory);
        assert!(open.severity == Severity::Error && open.advice.starts_with("chmod 600"), "{open:?}");
        fs::write(&file, "this is no database, whatever its name says").unwrap();
        assert_eq!(store(&file).severity, Severity::Error);
        assert_eq!(store(Path::new("/proc/nowhere/rooms.db")).severity, Severity::Error);
    }
}
