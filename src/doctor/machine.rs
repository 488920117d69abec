//! The machine: its clock, what its kernel lets a socket hold, how many files a process may have.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Finding;
use crate::worker::KERNEL_BUFFER;

/// A clock that says less is wrong: no version of this program is older (2026-01-01).
const NOT_BEFORE: Duration = Duration::from_secs(1_767_225_600);

/// A clock that says more is: keys and certificates of this program live a year or so.
const NOT_AFTER: Duration = Duration::from_secs(NOT_BEFORE.as_secs() + 30 * 365 * 24 * 3_600);

/// Each person is a socket, and a second one over TCP; some are files and listeners.
const DESCRIPTORS: u64 = 4_096;

/// Whether the clock says something that can be.
pub(super) fn clock(now: SystemTime) -> [Finding; 1] {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let told = httpdate::fmt_http_date(now);
    [if (NOT_BEFORE..NOT_AFTER).contains(&since) {
        Finding::good("clock", format!("it is {told}"))
    } else {
        Finding::error(
            "clock",
            format!("it says {told}, which cannot be"),
            "set it and keep it set (systemd-timesyncd, chrony): certificates, access tokens and the passwords of TURN are good by the \
             clock only",
        )
    }]
}

/// What the kernel lets a socket hold.
pub(super) fn buffers() -> Vec<Finding> {
    let read = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/net/core/{name}")).ok()?;
        Some((name.to_owned(), text.trim().parse().ok()?))
    };
    let found: Vec<(String, usize)> = ["rmem_max", "wmem_max"].into_iter().filter_map(read).collect();
    if found.is_empty() { Vec::new() } else { vec![judge_buffers(&found)] }
}

fn judge_buffers(found: &[(String, usize)]) -> Finding {
    let small: Vec<String> = found
        .iter()
        .filter(|(_, bytes)| *bytes < KERNEL_BUFFER)
        .map(|(name, bytes)| format!("net.core.{name} is {bytes}"))
        .collect();
    if small.is_empty() {
        return Finding::good("buffers", format!("a socket may hold the {KERNEL_BUFFER} bytes it asks for"));
    }
    Finding::notice(
        "buffers",
        format!("{}, and a socket for media asks for {KERNEL_BUFFER}", small.join(", ")),
        format!(
            "with more than some dozen people: sysctl -w net.core.rmem_max={KERNEL_BUFFER} net.core.wmem_max={KERNEL_BUFFER}, and the \
             same in /etc/sysctl.d"
        ),
    )
}

/// How many files the process may have, at most.
pub(super) fn descriptors() -> Vec<Finding> {
    let hard = rlimit::getrlimit(rlimit::Resource::NOFILE).map(|(_, hard)| hard);
    hard.map(judge_descriptors).into_iter().collect()
}

fn judge_descriptors(hard: u64) -> Finding {
    if hard >= DESCRIPTORS {
        return Finding::good("descriptors", format!("{hard} files and sockets may be open"));
    }
    Finding::warning(
        "descriptors",
        format!("{hard} files and sockets may be open, and each person is one or two"),
        "LimitNOFILE= in the unit, `ulimits: nofile` in a compose file, or `ulimit -Hn` where it is started",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn a_clock_that_was_never_set_is_an_error() {
        let at = |seconds| clock(UNIX_EPOCH + Duration::from_secs(seconds))[0].severity;
        assert_eq!([at(0), at(1_600_000_000), at(9_999_999_999)], [Severity::Error; 3]);
        assert_eq!(clock(SystemTime::now())[0].severity, Severity::Good);
    }

    #[test]
    fn small_buffers_and_few_descriptors_are_told_with_what_to_do() {
        let small =
            judge_buffers(&[("rmem_max".to_owned(), 212_992), ("wmem_max".to_owned(), KERNEL_BUFFER)]);
        assert_eq!(small.severity, Severity::Notice);
        assert!(
            small.seen.contains("rmem_max is 212992") && !small.seen.contains("wmem_max is"),
            "{small:?}"
        );
        assert!(small.advice.contains("sysctl -w"), "{small:?}");
        assert_eq!(judge_buffers(&[("rmem_max".to_owned(), KERNEL_BUFFER)]).severity, Severity::Good);
        assert_eq!(judge_descriptors(1_024).severity, Severity::Warning);
        assert_eq!(judge_descriptors(65_536).severity, Severity::Good);
    }
}
