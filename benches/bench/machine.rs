//! The machine: its cores, its clocks, what else it does.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use core_affinity::CoreId;
use serde::{Deserialize, Serialize};

/// The core of what is measured, and the one of whoever makes it work.
#[derive(Debug, Clone, Copy)]
pub struct Cores {
    pub server: usize,
    pub generator: usize,
}

impl Cores {
    /// The first two that this process may use.
    pub fn own() -> Cores {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        let [server, generator, ..] = cores.as_slice() else {
            panic!("two cores are needed: one for the server, one for whoever it serves")
        };
        Cores { server: server.id, generator: generator.id }
    }
}

/// Keeps this thread on `core`.
pub fn stay_on(core: usize) {
    assert!(core_affinity::set_for_current(CoreId { id: core }), "core {core} is this process's");
}

/// Starts a program on `core`, whatever it does by itself.
pub fn start_on(core: usize, command: &mut Command) -> Child {
    // A child begins where its parent's thread is.
    let started = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            stay_on(core);
            command.spawn()
        });
        thread.join().expect("a thread")
    });
    started.unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()))
}

/// What a program says, run on `core` to its end.
pub fn output_on(core: usize, command: &mut Command) -> String {
    let child = start_on(core, command.stdin(Stdio::null()).stdout(Stdio::piped()));
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

/// Time that this thread has had a core for, interrupts that were served meanwhile included.
pub fn time_of_thread() -> Duration {
    on_a_core("/proc/thread-self/schedstat").expect("a thread is there while it looks")
}

fn on_a_core(schedstat: &str) -> Option<Duration> {
    let text = fs::read_to_string(schedstat).ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

/// The first number behind `name` in a file of `/proc`.
fn number(file: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?.parse().ok()
}

/// What a run was made on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub kernel: String,
    pub memory_gib: f64,
    /// Processes that wanted a core in the last minute, before and after the run.
    pub load: (f64, f64),
}

impl Machine {
    pub fn look() -> Machine {
        let line = |file: &str| fs::read_to_string(file).unwrap_or_default().trim().to_owned();
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processors.lines().find_map(|line| line.strip_prefix("model name"));
        Machine {
            processor: model.unwrap_or_default().trim_start_matches([' ', '\t', ':']).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: line("/proc/sys/kernel/osrelease"),
            memory_gib: (number("/proc/meminfo", "MemTotal:").unwrap_or(0.0) / 1_048_576.0).round(),
            load: (load(), 0.0),
        }
    }
}

/// Processes that wanted a core in the last minute, on average.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0.0)
}
