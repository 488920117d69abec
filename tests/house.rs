//! Rules of the house that the compiler does not check.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on may say so in the shortest way"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, without_test_modules(&text)));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// The code without its test modules, which may take the present as a starting point. Each of their lines is left empty,
/// so that the others keep their numbers. What else is compiled for tests only is code like any other.
fn without_test_modules(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    let mut end: Option<String> = None;
    while let Some(line) = lines.next() {
        let (trimmed, indent) = (line.trim_start(), line.len() - line.trim_start().len());
        match &end {
            // As rustfmt closes it: a brace as far in as the attribute.
            Some(closing) if line == closing => end = None,
            Some(_) => {}
            None if trimmed == "#[cfg(test)]" && lines.peek().is_some_and(|next| is_module(next)) => {
                let opens = lines.next().is_some_and(|next| next.ends_with('{'));
                end = opens.then(|| format!("{}}}", &line[..indent]));
                code.push('\n');
            }
            None => code.push_str(line),
        }
        code.push('\n');
    }
    assert!(end.is_none(), "a test module has an end");
    code
}

fn is_module(line: &str) -> bool {
    line.trim_start().starts_with("mod ")
}

/// The places in `folder` where a line of code (comments aside) holds one of `words`.
fn places(folder: &str, words: &[&str]) -> Vec<String> {
    let mut places = Vec::new();
    for (path, text) in sources(folder) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if words.iter().any(|word| code.contains(word)) {
                places.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    places
}

#[test]
fn only_test_modules_are_left_out() {
    let text = "a\n#[cfg(test)]\nmod tests;\nb\n#[cfg(test)]\nfn c() {\n}\n#[cfg(test)]\nmod more {\n    \
                #[cfg(test)]\n    mod x {\n    }\n    d\n}\ne\n";
    let code = without_test_modules(text);
    let kept: Vec<_> = code.lines().enumerate().filter(|(_, line)| !line.is_empty()).collect();
    assert_eq!(kept, [(0, "a"), (3, "b"), (4, "#[cfg(test)]"), (5, "fn c() {"), (6, "}"), (14, "e")]);
    for (path, code) in sources("src") {
        let whole = fs::read_to_string(&path).expect("a source file").lines().count();
        assert_eq!(code.lines().count(), whole, "{}: each line has its place", path.display());
    }
}

#[test]
fn no_async_runtime_comes_in_by_any_way() {
    let lock = include_str!("../Cargo.lock");
    for name in ["tokio", "async-std", "smol", "async-io", "async-executor"] {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} is in Cargo.lock");
    }
}

/// The lock file also names what optional features would bring; the tree names what is built.
#[test]
fn one_crypto_stack_is_built() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree runs");
    let tree = String::from_utf8(tree.stdout).expect("text");
    let built = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    assert!(built("aws-lc-rs"), "the tree is read rightly: {tree}");
    for name in ["ring", "openssl", "native-tls", "rsa", "p256", "aes-gcm"] {
        assert!(!built(name), "{name} is built");
    }
}

#[test]
fn the_hearts_touch_no_socket_clock_or_thread_and_know_no_driver() {
    let outside = [
        "std::thread",
        "UdpSocket",
        "TcpStream",
        "TcpListener",
        "Instant::now",
        "SystemTime::now",
        "mio::",
        "crate::worker",
        "crate::control",
        "crate::queue",
        "crate::config",
    ];
    let is_test =
        |place: &String| ["tests.rs", "/tests/", "/testing.rs"].iter().any(|test| place.contains(test));
    for heart in ["src/media", "src/conference"] {
        let found: Vec<_> = places(heart, &outside).into_iter().filter(|place| !is_test(place)).collect();
        assert!(found.is_empty(), "{heart} reaches outside: {found:#?}");
    }
    let found = places("src/media", &["crate::conference"]);
    assert!(found.is_empty(), "media knows the people: {found:#?}");
}

/// What clients are told is written by `conference/wire.rs`: the vocabulary of packets may change without them noticing.
#[test]
fn media_has_no_form_in_signaling() {
    let found = places("src/media", &["Serialize", "Deserialize", "serde("]);
    assert!(found.is_empty(), "media is written somewhere: {found:#?}");
}

/// What a room is, is private to one file, and changes there by one function.
#[test]
fn a_room_changes_by_its_events_only() {
    let path = Path::new("src/conference/state.rs");
    let (_, code) =
        sources("src/conference").into_iter().find(|(found, _)| found.ends_with(path)).expect("the state");
    let (_, of_room) = code.split_once("impl RoomState {").expect("the room");
    let (of_room, _) = of_room.split_once("\n}\n").expect("its end");
    let head = |part: &str| part.split('{').next().unwrap_or_default().to_owned();
    let changing: Vec<String> =
        of_room.split("pub(super) fn ").skip(1).map(head).filter(|head| head.contains("&mut self")).collect();
    assert_eq!(changing.len(), 1, "{changing:?}");
    assert!(changing[0].starts_with("apply("), "{changing:?}");
    for whole in ["struct RoomState {", "struct Member {"] {
        let (_, fields) = code.split_once(whole).expect("the fields");
        let (fields, _) = fields.split_once("\n}").expect("their end");
        assert!(!fields.contains("pub"), "{whole} has a field that others may set");
    }
    assert!(!of_room.contains("-> &mut") && !of_room.contains("Option<&mut"), "nothing inside is lent out");
}

#[test]
fn str0m_is_named_in_one_module() {
    let found: Vec<_> = places("src", &["str0m"])
        .into_iter()
        .filter(|place| !place.replace('\\', "/").contains("src/media/rtc/"))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}
