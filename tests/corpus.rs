//! The committed corpus of every fuzz target, on stable: what was found once is found again.

#![cfg(test)]

use std::fs;
use std::path::Path;

use plenary::fuzz::{TARGETS, Target, replay};

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let input = |path: &std::path::PathBuf| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).expect("an input"))
    };
    paths.iter().map(input).collect()
}

fn check((name, target): Target) {
    let inputs = corpus(name);
    assert!(inputs.len() >= 10, "{name}: a corpus of {} inputs tests little", inputs.len());
    let failed = replay(target, &inputs);
    assert!(failed.is_empty(), "{name}: {failed:?}");
}

#[test]
fn every_input_that_was_ever_interesting_is_taken_without_a_fault() {
    TARGETS.into_iter().for_each(check);
}

/// A corpus without a target would be replayed by nobody.
#[test]
fn every_corpus_has_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for entry in fs::read_dir(folder).expect("the corpora") {
        let name = entry.expect("an entry").file_name();
        assert!(TARGETS.iter().any(|(target, _)| name.to_str() == Some(target)), "{}", name.display());
    }
}
