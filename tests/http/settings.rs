//! Settings in a file, as operators keep, look at and change them.

use std::fs;
use std::process::Command;

use crate::harness::Folder;
use crate::process::{PROGRAM, Process, ask, end};

/// What it prints, and its exit code, with these variables.
fn plenary(folder: &Folder, variables: &[(&str, &str)], args: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(PROGRAM);
    command.args(args).current_dir(folder.path()).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (String::from_utf8(printed).unwrap(), output.status.code())
}

#[test]
fn a_server_starts_by_a_file_and_tells_what_was_changed_since() {
    let folder = Folder::new();
    let file = folder.path().join("plenary.toml");
    fs::write(&file, "plain-http = true\nhttp-port = 0\nudp-port = 0\nspill-at = 60\n").unwrap();
    let diff = ["config", "diff", "--config", "plenary.toml"];
    let (never_ran, code) = plenary(&folder, &[], &diff);
    assert!(code == Some(2) && never_ran.contains("did not run"), "{never_ran}");

    let mut command = Command::new(PROGRAM);
    command.args(["--config", "plenary.toml"]);
    let process = Process::start(command, &folder);
    assert_eq!(ask(&process, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
    end(process);
    assert_eq!(plenary(&folder, &[], &diff), ("nothing is different\n".to_owned(), Some(0)));

    fs::write(&file, "plain-http = true\nhttp-port = 0\nudp-port = 0\nspill-at = 50\n").unwrap();
    let (changes, code) = plenary(&folder, &[("PLENARY_LOG", "warn")], &diff);
    assert_eq!(code, Some(1));
    assert_eq!(
        changes,
        "spill-at: 60 before, 50 (plenary.toml, line 4) now\nlog: \"info\" before, \"warn\" (PLENARY_LOG) now\n"
    );

    fs::write(&file, "http_port = 1\nzebra = 2\n").unwrap();
    let (wrong, code) = plenary(&folder, &[], &["config", "check", "--config", "plenary.toml"]);
    assert_eq!((code, wrong.lines().count()), (Some(2), 1), "{wrong}");
    assert!(wrong.contains("did you mean http-port?") && wrong.contains("zebra"), "{wrong}");
}

#[test]
fn a_variable_comes_before_the_file_and_names_it_and_of_limits_each_for_itself() {
    let folder = Folder::new();
    fs::write(folder.path().join("plenary.toml"), "udp-port = 5\n[limit]\nrooms = 7\npeers_per_room = 8\n")
        .unwrap();
    let variables =
        [("PLENARY_CONFIG", "plenary.toml"), ("PLENARY_UDP_PORT", "6"), ("PLENARY_LIMIT", "rooms=9")];
    let (shown, _) = plenary(&folder, &variables, &["config", "show"]);
    for line in ["udp-port = 6 # PLENARY_UDP_PORT", "rooms = 9 #", "peers_per_room = 8 #"] {
        assert!(shown.lines().any(|shown| shown.starts_with(line)), "{line}: {shown}");
    }
    // An empty variable names no file.
    assert_eq!(plenary(&folder, &[("PLENARY_CONFIG", "")], &["config", "check"]).1, Some(0));
}
