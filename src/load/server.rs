//! The server as the system and its own numbers show it: what a packet costs it, and a person.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::site;

/// What the system says of a process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// What its threads that are there have run.
    pub cpu: Duration,
    /// What it has in memory, in bytes.
    pub resident: u64,
}

/// The server's process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process(pub u32);

impl Process {
    /// Looks at it.
    ///
    /// # Errors
    /// If it is not there, or somebody else's.
    pub(super) fn sample(self) -> io::Result<Sample> {
        let mut cpu = Duration::ZERO;
        for task in fs::read_dir(self.file("task"))? {
            // A thread that has ended meanwhile counts no more.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            let ran = text.split_whitespace().next().and_then(|word| word.parse().ok());
            cpu += Duration::from_nanos(ran.unwrap_or(0));
        }
        Ok(Sample { cpu, resident: self.resident()? })
    }

    fn resident(self) -> io::Result<u64> {
        let text = fs::read_to_string(self.file("smaps_rollup"))
            .or_else(|_| fs::read_to_string(self.file("status")))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Rss:").or(line.strip_prefix("VmRSS:")));
        // One that has ended and that nobody has asked about has no memory.
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kibibytes.ok_or(ErrorKind::NotFound)? * 1_024)
    }

    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }

    /// Where it tells numbers, by its command line and environment.
    pub(super) fn metrics(self) -> Option<SocketAddr> {
        let words = |name| fs::read_to_string(self.file(name)).unwrap_or_default();
        let line = words("cmdline");
        let line: Vec<&str> = line.split('\0').collect();
        let flag = line.iter().position(|word| *word == "--metrics").and_then(|at| line.get(at + 1).copied());
        let flag = flag.or_else(|| line.iter().find_map(|word| word.strip_prefix("--metrics=")));
        let environment = words("environ");
        let variable = || environment.split('\0').find_map(|word| word.strip_prefix("PLENARY_METRICS="));
        flag.or_else(variable)?.parse().ok()
    }
}

/// What the server itself counts, of what is of interest here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Media packets handed to subscribers.
    pub forwarded: u64,
    /// Datagrams sent, and the calls that sent them.
    pub sent: u64,
    pub sends: u64,
}

impl Numbers {
    /// Asks for them.
    ///
    /// # Errors
    /// If nobody tells them at `address`.
    pub(super) fn ask(address: SocketAddr) -> io::Result<Numbers> {
        let nothing = || io::Error::new(ErrorKind::InvalidData, "something else answers");
        Numbers::read(&site::numbers(address)?).ok_or_else(nothing)
    }

    fn read(text: &str) -> Option<Numbers> {
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
            line.trim().parse().ok()
        };
        Some(Numbers {
            forwarded: of("plenary_core_forwarded_total")?,
            sent: of("plenary_udp_sent_total")?,
            sends: of("plenary_udp_sends_total")?,
        })
    }

    /// What came since it was `before`.
    pub(super) fn since(self, before: Numbers) -> Numbers {
        Numbers {
            forwarded: self.forwarded.saturating_sub(before.forwarded),
            sent: self.sent.saturating_sub(before.sent),
            sends: self.sends.saturating_sub(before.sends),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_looked_at_and_one_that_is_not_there_is_an_error() {
        let own = Process(std::process::id());
        let before = own.sample().unwrap();
        assert!(before.resident > 1_000_000 && before.cpu > Duration::ZERO, "{before:?}");
        assert!(Process(u32::MAX).sample().is_err());
        assert_eq!(own.metrics(), None);
    }

    #[test]
    fn numbers_are_read_by_their_whole_names() {
        let text = "# TYPE plenary_udp_sent counter\nplenary_udp_sent_total 90\nplenary_udp_sends_total 9\n\
                    plenary_core_forwarded_total 80\n";
        let numbers = Numbers::read(text).unwrap();
        assert_eq!(Numbers::read("HTTP/1.1 404 Not Found"), None);
        assert_eq!(numbers, Numbers { forwarded: 80, sent: 90, sends: 9 });
        assert_eq!(numbers.since(Numbers { forwarded: 30, sent: 30, sends: 3 }).sends, 6);
    }
}
