//! Rules of the house that the compiler does not check.

#![cfg(test)]

#[path = "house/rooms.rs"]
mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rooms::ARROWS;

/// The files of a folder whose name has one of these endings, and what is in them.
fn files(folder: &str, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|has| endings.iter().any(|ending| has == *ending)) {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// The code of a folder, without its test modules.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let files = files(folder, &["rs"]).into_iter();
    files.map(|(path, text)| (path, without_test_modules(&text))).collect()
}

/// How a file is called in this repository.
fn name(path: &Path) -> String {
    let inside = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("a file of ours");
    inside.to_string_lossy().replace('\\', "/")
}

/// A file of tests, whole.
fn is_test(name: &str) -> bool {
    ["tests.rs", "/tests/", "/testing.rs"].iter().any(|test| name.contains(test))
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
    for heart in ["src/media", "src/conference", "src/passes"] {
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

/// A second place that reads tokens would be a second opinion on which are good.
#[test]
fn tokens_are_verified_in_one_module() {
    let found: Vec<_> = places("src", &["jsonwebtoken"])
        .into_iter()
        .filter(|place| !place.replace('\\', "/").contains("src/passes/"))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// The rooms that code names: `crate::a::b`, and `crate::{a, b::c}`.
fn rooms_named(code: &str) -> BTreeSet<String> {
    named_after("crate::", code)
}

/// What code names right after `path`, one by one or in a group.
fn named_after(path: &str, code: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
    };
    let mut named = BTreeSet::new();
    for (at, start) in code.match_indices(path) {
        // The end of another path: `super::super::a` is nothing of `super`.
        if code[..at].ends_with("::") {
            continue;
        }
        let rest = &code[at + start.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            named.insert(word(rest));
            continue;
        };
        let (mut depth, mut begins) = (1, true);
        for (at, letter) in group.char_indices() {
            if begins {
                named.insert(word(&group[at..]));
            }
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            begins = depth == 1 && letter == ',';
            if depth == 0 {
                break;
            }
        }
    }
    named.remove("");
    named
}

#[test]
fn rooms_are_named_one_by_one_or_in_a_group() {
    let named = rooms_named("use crate::a::b;\nuse crate::{c, d::{e, f},\n    g};\ncrate::h!(super::i);");
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["a", "c", "d", "g", "h"]);
}

#[test]
fn arrows_between_the_rooms_point_one_way() {
    let mut found = Vec::new();
    for (path, code) in sources("src") {
        let file = name(&path);
        if is_test(&file) {
            continue;
        }
        let room = file["src/".len()..].split(['/', '.']).next().expect("a name");
        let Some((_, may)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            found.push(format!("{room} is in no row of ARROWS"));
            continue;
        };
        let code: Vec<_> = code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        for to in rooms_named(&code.join("\n")) {
            if to != room && !may.contains(&to.as_str()) {
                found.push(format!("{file} names {to}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    for (number, (room, may)) in ARROWS.iter().enumerate() {
        let above = |to: &&str| ARROWS[..number].iter().any(|(name, _)| name == to);
        assert!(may.iter().all(above), "{room} may know only what stands above it, so there is no circle");
    }
}

/// A part of a folder: a file, or a folder with its face beside it or in it.
type Part = String;

/// Who names whom of the parts of `folder` (`src/media`), of whose own face `face` is the code. What the face takes from one
/// part for the others (`use part::Thing`) is that part's.
fn arrows_inside(
    folder: &str,
    face: &str,
    files: &[(String, String)],
) -> BTreeMap<Part, BTreeMap<Part, BTreeSet<String>>> {
    let inside = |file: &str| -> Option<(Part, usize)> {
        let rest = file.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".rs")?;
        let deep = rest.matches('/').count() + 1 - usize::from(rest.ends_with("/mod"));
        (rest != "mod").then(|| (rest.split('/').next().unwrap_or(rest).to_owned(), deep))
    };
    let parts: BTreeSet<Part> = files.iter().filter_map(|(file, _)| Some(inside(file)?.0)).collect();
    let mut of_face: BTreeMap<String, Part> = BTreeMap::new();
    for line in face.split(';') {
        let Some((_, taken)) = line.rsplit_once("use ") else { continue };
        let Some((part, names)) = taken.split_once("::").filter(|(part, _)| parts.contains(*part)) else {
            continue;
        };
        let names = names.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        of_face.extend(names.filter(|name| !name.is_empty()).map(|name| (name.to_owned(), part.to_owned())));
    }
    let whole = format!("{}::", folder.replacen("src", "crate", 1).replace('/', "::"));
    let mut arrows: BTreeMap<Part, BTreeMap<Part, BTreeSet<String>>> = BTreeMap::new();
    for (file, code) in files {
        let Some((part, deep)) = inside(file) else { continue };
        for name in named_after(&whole, code).into_iter().chain(named_after(&"super::".repeat(deep), code)) {
            let Some(to) = parts.get(&name).or_else(|| of_face.get(&name)).filter(|to| **to != part) else {
                continue;
            };
            arrows.entry(part.clone()).or_default().entry(to.clone()).or_default().insert(name);
        }
    }
    arrows
}

/// Parts that name each other, by whatever way round.
fn circles(arrows: &BTreeMap<Part, BTreeMap<Part, BTreeSet<String>>>) -> Vec<String> {
    // Whoever names nobody who is left is no part of a circle, and whoever nobody names is none either.
    let mut left: BTreeSet<&Part> = arrows.keys().collect();
    loop {
        let names = |from: &Part, to: &Part| arrows.get(from).is_some_and(|to_whom| to_whom.contains_key(to));
        let kept: BTreeSet<&Part> = left
            .iter()
            .copied()
            .filter(|part| left.iter().any(|to| names(part, to)) && left.iter().any(|from| names(from, part)))
            .collect();
        if kept.len() == left.len() {
            break;
        }
        left = kept;
    }
    let told = |from: &&Part| -> Vec<String> {
        let to_whom = arrows[*from].iter().filter(|(to, _)| left.contains(to));
        to_whom.map(|(to, names)| format!("{from} names {to}: {names:?}")).collect()
    };
    left.iter().flat_map(told).collect()
}

#[test]
fn the_parts_of_a_folder_do_not_name_each_other_in_a_circle() {
    let code = |text: &str| -> String {
        let lines: Vec<_> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        lines.join("\n")
    };
    let files: Vec<(String, String)> = sources("src")
        .into_iter()
        .map(|(path, text)| (name(&path), code(&text)))
        .filter(|(file, _)| !is_test(file))
        .collect();
    let folders: BTreeSet<&str> = files
        .iter()
        .flat_map(|(file, _)| file.match_indices('/').map(|(at, _)| &file[..at]))
        .filter(|folder| *folder != "src")
        .collect();
    assert!(folders.contains("src/media/rtc/srtp") && folders.contains("src/conference"), "{folders:?}");
    let mut found = Vec::new();
    for folder in folders {
        let faces = [format!("{folder}/mod.rs"), format!("{folder}.rs")];
        let face = files.iter().find(|(file, _)| faces.contains(file)).expect("a folder's face");
        let of_it = circles(&arrows_inside(folder, &face.1, &files));
        found.extend(of_it.into_iter().map(|told| format!("{folder}: {told}")));
    }
    assert!(found.is_empty(), "whoever reads one of them has to read all: {found:#?}");
}

#[test]
fn circles_are_found_by_whatever_way_they_are_named() {
    let found = |face: &str, files: &[(&str, &str)]| {
        let files: Vec<_> =
            files.iter().map(|(file, code)| (format!("src/a/{file}.rs"), (*code).to_owned())).collect();
        circles(&arrows_inside("src/a", face, &files))
    };
    let line =
        [("one", "use super::two::Two;"), ("two", "use super::{Face, three};"), ("three", "crate::b::one()")];
    assert_eq!(found("mod one; mod two;", &line), [""; 0]);
    for back in ["super::one::f()", "use crate::a::{x, one::{f}};", "use super::One;"] {
        let mut circle = line;
        circle[2].1 = back;
        assert_eq!(found("mod one;\npub use one::{One, Other};", &circle).len(), 3, "{back}");
    }
    let deep = [("one/inner", "use super::super::two;"), ("two", "use super::one;"), ("one/mod", "")];
    assert_eq!(found("", &deep).len(), 2);
    let own = [("one/inner", "use super::two;"), ("two", "use super::one;"), ("one/two", "")];
    assert_eq!(found("", &own), [""; 0], "a part's own things are its own");
}

/// Lines that a file may have: one that is longer is usually two things.
const LINES: usize = 500;

/// Files, or all files of a folder, that are longer, and why.
const LONGER: [(&str, usize, &str); 4] = [
    ("client/js/words/", 1500, "one text a line"),
    ("src/worker/tcp.rs", 520, "accepting, reading and writing share one table of connections"),
    ("tests/sim/client/mod.rs", 525, "all of a page's reactions"),
    ("tests/sim/client/receiver.rs", 520, "what a browser does with what it receives"),
];

#[test]
fn files_are_no_longer_than_one_thing_needs() {
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches", "client"] {
        let endings = if folder == "client" { &["js", "css", "html"][..] } else { &["rs", "js", "mjs"] };
        for (path, text) in files(folder, endings) {
            let name = name(&path);
            let exception = LONGER.iter().find(|(longer, ..)| name.starts_with(longer));
            let most = exception.map_or(LINES, |(_, most, _)| *most);
            let lines = text.lines().count();
            if lines > most {
                found.push(format!("{name} has {lines} lines"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// What people are told they need, what is checked (clippy's `incompatible_msrv`) and what our crates need is one version.
#[test]
fn the_oldest_compiler_that_is_named_builds_everything() {
    // Of other platforms nothing may have been downloaded.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", &platform])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let version = |text: &str| -> Vec<u32> {
        let mut numbers: Vec<u32> = text.split('.').map(|part| part.parse().expect("a number")).collect();
        numbers.resize(3, 0);
        numbers
    };
    let ours = env!("CARGO_PKG_RUST_VERSION");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 50, "the tree is read rightly");
    for package in packages {
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(version(needed) <= version(ours), "{} needs Rust {needed}", package["id"]);
        }
    }
    let readme = include_str!("../README.md");
    assert!(
        readme.contains(&format!("{ours} or later")),
        "README.md names another version than Cargo.toml's {ours}"
    );
}
