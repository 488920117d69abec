//! What the process takes of the machine, and which one it is.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::metrics::{Family, Kind};

crate::metrics! {
    /// What the process takes. Where the system does not say it is zero.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Vitals as "process" {
        /// Memory of the process that is in use, in bytes.
        pub resident_memory_bytes: u64 as Gauge in "bytes",
        /// Files and sockets that the process holds open.
        pub open_descriptors: u64 as Gauge,
        /// Threads of the process.
        pub threads: u64 as Gauge,
        /// When the process began, in seconds since 1970.
        pub start_time_seconds: u64 as Gauge in "seconds",
    }
}

impl Vitals {
    /// Of this process, as Linux tells them (`proc_pid_status(5)`), which began at `start`.
    pub(super) fn read(start: SystemTime) -> Vitals {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        Vitals {
            resident_memory_bytes: field("VmRSS:").unwrap_or_default() * 1_024,
            // The list holds the one that reads it.
            open_descriptors: fs::read_dir("/proc/self/fd")
                .map_or(0, |list| list.count().saturating_sub(1) as u64),
            threads: field("Threads:").unwrap_or_default(),
            start_time_seconds: start.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        }
    }
}

/// Which program it is.
pub(super) fn build() -> Family {
    let version = [(env!("CARGO_PKG_VERSION"), 1)];
    Family::by("version", "build_info", "Always 1; its label says which version runs.", Kind::Gauge, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_takes_something() {
        let vitals = Vitals::read(SystemTime::now());
        assert!(vitals.resident_memory_bytes > 100_000 && vitals.threads > 0, "{vitals:?}");
        assert!(vitals.open_descriptors >= 3 && vitals.start_time_seconds > 1_700_000_000, "{vitals:?}");
    }
}
