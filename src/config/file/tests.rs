//! A file of settings says what flags say, and what is wrong with it is told with its line.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::config::tests::config;
use crate::config::{Config, Stop, Task, Transport};
use crate::limits::Limit;

struct Folder(TempDir);

impl Folder {
    fn with(text: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        fs::write(folder.path("plenary.toml"), text).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What the server makes of the file and these arguments.
    fn config(&self, args: &[&str]) -> Result<Config, Stop> {
        let file = self.path("plenary.toml");
        config(&[&["--config", file.to_str().unwrap()][..], args].concat())
    }

    /// What `plenary WORDS --config FILE ARGS` does.
    fn task(&self, words: &[&str], args: &[&str]) -> Result<Task, Stop> {
        let file = self.path("plenary.toml");
        let all = [&["plenary"][..], words, &["--config", file.to_str().unwrap()], args].concat();
        Task::from_args(all)
    }

    /// What it prints, and the exit code.
    fn prints(&self, words: &[&str], args: &[&str]) -> (String, u8) {
        match self.task(words, args).unwrap() {
            Task::Print(print) => (print.text, print.code),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_file_sets_what_flags_set_and_flags_come_before_it() {
    let folder = Folder::with(
        "http-port = 9443\nannounce = ['192.0.2.1', \"10.0.0.1=192.0.2.2\"]\ncodecs = [\"VP9\", \"VP8\"]\n\
         plain-http = true\nworkers = 2\nspill-at = 50\n[limit]\nrooms = 2_000\npeers_per_room = 0x10\n",
    );
    let set = folder.config(&[]).unwrap();
    assert_eq!((set.http_port, set.workers, set.spill_at.0), (9443, 2, 500));
    assert_eq!((set.announced.len(), set.codecs.len(), set.transport), (2, 2, Transport::Plain));
    assert_eq!((set.limits.get(Limit::Rooms), set.limits.get(Limit::PeersPerRoom)), (2_000, 16));
    let other = folder.config(&["--http-port=1", "--announce", "192.0.2.9", "--limit", "rooms=5"]).unwrap();
    assert_eq!((other.http_port, other.announced.len(), other.limits.get(Limit::Rooms)), (1, 1, 5));
    assert_eq!(other.workers, 2, "what the command line does not say");
    assert_eq!(other.limits.get(Limit::PeersPerRoom), 16, "each limit is a setting of its own");
    let Task::Serve(serve) = folder.task(&["serve"], &["--workers=1"]).unwrap() else { panic!("it serves") };
    assert_eq!((serve.http_port, serve.workers), (9443, 1));
    assert!(Folder::with("plain-http = false\n").config(&[]).unwrap().transport != Transport::Plain);
}

#[test]
fn other_commands_take_of_it_what_they_know() {
    let folder = Folder::with("http-port = 9443\nstate = \"elsewhere\"\n");
    let Task::Store(store) = folder.task(&["store"], &["check"]).unwrap() else { panic!("the store") };
    assert_eq!(store.file, Some("elsewhere/plenary.db".into()));
    let Task::Token(token) = folder.task(&["token"], &["--create"]).unwrap() else { panic!("a token") };
    assert_eq!(token.keyring.state, PathBuf::from("elsewhere"));
}

#[test]
fn what_is_wrong_with_a_file_is_one_line_with_its_place() {
    for (text, hints) in [
        ("\nhttp_port = 1", &["line 2", "http_port", "did you mean http-port?"][..]),
        ("zebra = 1", &["line 1", "docs/settings.md"]),
        ("zebra = 1\nhttp-prt = 2", &["line 1", "zebra", "line 2", "did you mean http-port?"]),
        ("config = 'other.toml'", &["there is no setting \"config\""]),
        ("help = true", &["there is no setting \"help\""]),
        ("\n\nhttp-port = 70000", &["70000", "line 3"]),
        ("http-port = 'many'", &["not a whole number", "line 1"]),
        ("http-port = 1.5", &["line 1", "http-port is a text or a number"]),
        ("announce = [true]", &["line 1", "a list of texts"]),
        ("plain-http = 'yes'", &["line 1", "true or false"]),
        ("http-port = ", &["line 1"]),
        ("http-port = 1\nhttp-port = 2", &["line 2", "duplicate"]),
        ("[limit]\nroms = 5", &["did you mean rooms?", "line 1"]),
        ("[limit]\nrooms = [5]", &["a limit is a number"]),
        ("[http-port]\na = 1", &["http-port is a text or a number"]),
        ("cert = 'a.pem'", &["--key"]),
        ("workers = 2\nudp-port = 65535", &["udp-port"]),
    ] {
        let stop = Folder::with(text).config(&[]).unwrap_err();
        assert_eq!((stop.code, stop.text.lines().count()), (2, 1), "{text}: {}", stop.text);
        for hint in hints {
            assert!(stop.text.contains(hint), "{text}: {hint}: {}", stop.text);
        }
    }
    let stop = config(&["--config", "/nowhere.toml"]).unwrap_err();
    assert!(stop.text.contains("/nowhere.toml") && stop.text.contains("No such file"), "{}", stop.text);
    let big = Folder::with(&"# much\n".repeat(100_000)).config(&[]).unwrap_err();
    assert!(big.text.contains("more than"), "{}", big.text);
}

#[test]
fn what_is_shown_is_a_file_that_sets_the_same_and_says_where_each_comes_from() {
    let folder = Folder::with("http-port = 9443\nannounce = ['192.0.2.1']\n[limit]\nrooms = 7\n");
    let (text, code) = folder.prints(&["config", "show"], &["--udp-port=5000"]);
    assert_eq!(code, 0);
    for line in [
        "http-port = 9443 # ",
        "announce = [\"192.0.2.1\"] # ",
        "udp-port = 5000 # the command line",
        "plain-http = false # default",
        "spill-at = 70 # default",
        "# cert =",
        "rooms = 7 # ",
    ] {
        assert!(text.lines().any(|shown| shown.starts_with(line)), "{line}: {text}");
    }
    assert!(text.lines().any(|line| line.ends_with("plenary.toml, line 2")), "{text}");
    let again = Folder::with(&text);
    let config = again.config(&[]).unwrap();
    assert_eq!((config.http_port, config.udp_port, config.limits.get(Limit::Rooms)), (9443, 5000, 7));
    let said = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.split(" # ").next()).map(str::to_owned).collect()
    };
    assert_eq!(
        said(&again.prints(&["config", "show"], &[]).0),
        said(&text),
        "shown once more it is the same"
    );
    assert_eq!(folder.prints(&["config", "check"], &[]).1, 0);
    assert_eq!(folder.task(&["config", "check"], &["--http-port=x"]).unwrap_err().code, 2);
}

#[test]
fn a_difference_is_told_with_both_values_and_by_the_exit_code() {
    let folder = Folder::with("http-port = 9443\n");
    let (shown, _) = folder.prints(&["config", "show"], &[]);
    let before = folder.path("before.toml");
    let before = before.to_str().unwrap();
    fs::write(before, &shown).unwrap();
    assert_eq!(folder.prints(&["config", "diff"], &[before]), ("nothing is different\n".to_owned(), 0));
    // As an older version would have told it: another default, one setting fewer, one more.
    let older = shown
        .replace("spill-at = 70", "spill-at = 60")
        .replace("rooms = 10000", "rooms = 500")
        .replace("# metrics =\n", "dance = \"waltz\" # default\n");
    fs::write(before, older).unwrap();
    let (changes, code) = folder.prints(&["config", "diff"], &[before]);
    let lines: Vec<&str> = changes.lines().collect();
    assert_eq!(
        lines,
        [
            "spill-at: 60 before, 70 (default) now",
            "metrics: new, not set",
            "dance: there is no such setting now (\"waltz\" before)",
            "limit.rooms: 500 before, 10000 (default) now",
        ]
    );
    assert_eq!(code, 1);
    // A file that a person wrote names what they care for.
    fs::write(before, "udp-port = 1\n").unwrap();
    let (changes, _) = folder.prints(&["config", "diff"], &[before]);
    assert_eq!(changes, "udp-port: 1 before, 61000 (default) now\n");
    for (args, hint) in [(&["/nowhere.toml"][..], "/nowhere.toml"), (&["--state=/nowhere"], "did not run")] {
        let stop = folder.task(&["config", "diff"], args).unwrap_err();
        assert!(stop.code == 2 && stop.text.contains(hint), "{}", stop.text);
    }
    // And what the server ran with last is found without its being named.
    let state = folder.path("state");
    fs::create_dir(&state).unwrap();
    crate::state::write(&state, crate::config::LAST_SETTINGS, &shown).unwrap();
    let state = format!("--state={}", state.display());
    let (changes, _) = folder.prints(&["config", "diff"], &[&state]);
    assert!(changes.starts_with("state: \"state\" before, ") && changes.lines().count() == 1, "{changes}");
}
