//! The self-call: what operators see when a way in is closed, and when it is open again.
//!
//! Each server has a network of its own, in which the test is root: there it drops what it likes.

use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::harness::Folder;
use crate::process::{PROGRAM, Process};

const HTTP: u16 = 8080;
const METRICS: u16 = 9464;
const MEDIA: &str = "61000";

/// A call that fails takes six seconds, one at the address behind it as long again, on a machine that may be busy.
const LONG: Duration = Duration::from_secs(60);

/// A server in a network of its own.
struct Alone {
    process: Process,
    folder: Folder,
}

impl Alone {
    /// One that calls itself each second.
    fn start(arguments: &[&str]) -> Alone {
        let folder = Folder::new();
        let mut command = Command::new("unshare");
        command.args([
            "--user",
            "--map-root-user",
            "--net",
            "sh",
            "-c",
            "ip link set lo up && exec \"$@\"",
            "sh",
        ]);
        command.args([PROGRAM, "--plain-http", "--http-port", &HTTP.to_string(), "--udp-port", MEDIA]);
        command.args(["--metrics", &format!("127.0.0.1:{METRICS}"), "--self-call", "1"]).args(arguments);
        Alone { process: Process::start(command, &folder), folder }
    }

    /// Runs something in its network.
    fn inside(&self, command: &[&str]) -> Output {
        let mut nsenter = Command::new("nsenter");
        nsenter.args([
            "--target",
            &self.process.child.id().to_string(),
            "--user",
            "--preserve-credentials",
            "--net",
        ]);
        nsenter.env("XTABLES_LOCKFILE", self.folder.path().join("lock")).args(command);
        let output = nsenter.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// What it answers there.
    fn ask(&self, port: u16, path: &str) -> String {
        let script = format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET {path} HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
        );
        String::from_utf8(self.inside(&["bash", "-c", &script]).stdout).unwrap()
    }

    /// Waits until it tells all of these numbers.
    fn tells(&self, lines: &[&str]) -> String {
        let start = Instant::now();
        loop {
            let text = self.ask(METRICS, "/metrics");
            if lines.iter().all(|line| text.lines().any(|told| told == *line)) {
                return text;
            }
            assert!(start.elapsed() < LONG, "{lines:?} are not told, but {text}");
            sleep(Duration::from_millis(200));
        }
    }

    /// Drops what comes to the media port by UDP, or lets it in again.
    fn udp(&self, open: bool) {
        let action = if open { "-D" } else { "-I" };
        self.inside(&["iptables", action, "INPUT", "-p", "udp", "--dport", MEDIA, "-j", "DROP"]);
    }
}

/// How often the log says this.
fn times(log: &str, what: &str) -> usize {
    log.lines().filter(|line| line.contains(what)).count()
}

#[test]
fn the_self_call_goes_red_when_the_udp_port_is_dropped_and_green_again() {
    // Access tokens are for people; of two who talk at once only one is passed on.
    let server = Alone::start(&[
        "--announce",
        "127.0.0.1",
        "--auth",
        "token",
        "--creators",
        "token",
        "--audio-top",
        "1",
    ]);
    let well = ["plenary_self_call_ok{way=\"udp\"} 1", "plenary_self_call_ok{way=\"tcp\"} 1"];
    server.tells(&well);
    server.udp(false);
    server.tells(&[
        "plenary_self_call_ok{way=\"udp\"} 0",
        "plenary_self_call_broken{way=\"udp\"} 1",
        "plenary_self_call_unreachable{way=\"udp\"} 0",
        "plenary_self_call_ok{way=\"tcp\"} 1",
        "plenary_self_call_broken{way=\"tcp\"} 0",
    ]);
    assert!(server.ask(HTTP, "/readyz").starts_with("HTTP/1.1 200 "), "people may come by TCP");
    // Another round says nothing new.
    let failures = |text: &str| -> Option<u64> {
        let line =
            text.lines().find(|line| line.starts_with("plenary_self_call_failures_total{way=\"udp\"}"))?;
        line.split(' ').nth(1)?.parse().ok()
    };
    let start = Instant::now();
    while failures(&server.ask(METRICS, "/metrics")) < Some(2) {
        assert!(start.elapsed() < LONG, "no second call");
        sleep(Duration::from_millis(200));
    }
    server.udp(true);
    server.tells(&well);
    let log = server.process.log();
    assert_eq!(times(&log, "WARN  plenary::selfcall"), 1, "{log}");
    assert_eq!(times(&log, "udp to 127.0.0.1 is broken: ICE"), 1, "{log}");
    assert_eq!(times(&log, "udp to 127.0.0.1 is well again"), 1, "{log}");
    // Nobody sees who called.
    let text = server.ask(METRICS, "/metrics");
    for line in
        ["plenary_conference_people 0", "plenary_conference_rooms 0", "plenary_conference_microphones 0"]
    {
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }
    assert_eq!(times(&log, "joined") + times(&log, "room made"), 0, "{log}");
}

#[test]
fn an_address_that_does_not_lead_back_in_is_not_called_broken() {
    let server = Alone::start(&["--announce", "127.0.0.1=192.0.2.7"]);
    server.tells(&[
        "plenary_self_call_ok{way=\"udp\"} 0",
        "plenary_self_call_broken{way=\"udp\"} 0",
        "plenary_self_call_unreachable{way=\"udp\"} 1",
        "plenary_self_call_broken{way=\"tcp\"} 0",
        "plenary_self_call_unreachable{way=\"tcp\"} 1",
    ]);
    // What does not work behind it either is.
    server.udp(false);
    server
        .tells(&["plenary_self_call_broken{way=\"udp\"} 1", "plenary_self_call_unreachable{way=\"tcp\"} 1"]);
    assert_eq!(times(&server.process.log(), "tcp to 192.0.2.7 cannot be reached from inside"), 1);
}
