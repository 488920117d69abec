//! What bad input gets, as one table: every attack is a row, every row is run, and then every row is judged.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The longest the third person may have had nothing, in virtual time: three lost packets of sound are not heard as a gap.
const VIRTUAL_GAP: Duration = Duration::from_millis(200);

/// The same on real sockets, where other programs have the machine too.
const REAL_GAP: Duration = Duration::from_secs(1);

/// How long an answer may take in virtual time: it goes over a link of 20 ms twice, and nothing else takes any.
pub const VIRTUAL_WAIT: Duration = Duration::from_millis(100);

/// The same on real sockets, unless a row says less. An answer takes some milliseconds; a busy machine adds some dozens.
pub const REAL_WAIT: Duration = Duration::from_secs(1);

/// Where an attack belongs: the order is that of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Signaling,
    Http,
    Udp,
    Tcp,
    Media,
    Address,
    OwnFaults,
}

impl Group {
    fn name(self) -> &'static str {
        match self {
            Group::Signaling => "Signaling",
            Group::Http => "HTTP",
            Group::Udp => "UDP",
            Group::Tcp => "TCP media",
            Group::Media => "Media",
            Group::Address => "One address",
            Group::OwnFaults => "Own faults",
        }
    }
}

/// How time passed while an attack ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// In the simulator: gaps are exact, and nothing may be lost.
    Virtual,
    /// On sockets of this machine: gaps are printed, with a wide gate.
    Real,
}

/// What somebody who only watches noticed: of everybody they should see and hear, while the attack ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Third {
    /// Media packets that came. Without any the other two numbers say nothing.
    pub packets: u64,
    /// Packets that never came, as far as sequence numbers tell.
    pub lost: u64,
    /// The longest time without anything new from one of the people to be seen and heard.
    pub longest_gap: Duration,
    /// The longest time without an answer to something that they said on their socket, or that somebody asked who is about
    /// to join.
    pub longest_wait: Duration,
}

/// What came of an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The counter that has to move, by the name an operator reads.
    pub counter: &'static str,
    /// By how much it moved.
    pub moved: u64,
    /// The answer the sender has to get: an error code, a status, a close code, or `nothing`.
    pub expected: String,
    /// The answer the sender got, in the same words.
    pub answer: String,
    /// What the third person noticed.
    pub third: Third,
    /// The third person's longest wait has to be shorter than this.
    pub wait: Duration,
}

/// An attack and what came of it, or how it failed to run.
struct Row {
    group: Group,
    attack: &'static str,
    clock: Clock,
    outcome: Result<Outcome, String>,
}

/// All rows so far.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
    /// What failed around the rows: a server that did not start, or ended badly.
    broken: Vec<String>,
}

impl Table {
    /// Runs one attack. One that panics is a row that failed; the others are run all the same.
    pub fn run(&mut self, group: Group, attack: &'static str, clock: Clock, act: impl FnOnce() -> Outcome) {
        let outcome = survived(act);
        self.rows.push(Row { group, attack, clock, outcome });
    }

    /// Takes the rows of another table.
    pub fn append(&mut self, mut other: Table) {
        self.rows.append(&mut other.rows);
        self.broken.append(&mut other.broken);
    }

    /// Adds rows that share something. If that breaks, the rows before it stand.
    pub fn section(&mut self, name: &str, add: impl FnOnce(&mut Table)) {
        if let Err(why) = survived(|| add(self)) {
            self.broken.push(format!("{name}: {why}"));
        }
    }

    /// The table as Markdown, its columns aligned.
    pub fn render(&self) -> String {
        let head =
            ["group", "attack", "counter", "moved", "answer", "lost", "longest gap", "longest wait", "time"];
        let mut lines = vec![head.map(str::to_owned)];
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_key(|row| row.group);
        lines.extend(rows.iter().map(|row| row.cells()));
        let mut widths = [0; 9];
        for line in &lines {
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(widths) {
                let _ = write!(text, "| {cell:width$} ");
            }
            text.push_str("|\n");
            if number == 0 {
                let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
                let _ = writeln!(text, "|{}|", rules.join("|"));
            }
        }
        text
    }

    /// What is wrong with which row. None of them means that the server stood everything.
    pub fn complaints(&self) -> Vec<String> {
        let of = |row: &Row| {
            let name = format!("{}: {}", row.group.name(), row.attack);
            row.complaints().into_iter().map(move |complaint| format!("{name}: {complaint}"))
        };
        self.broken.iter().cloned().chain(self.rows.iter().flat_map(of)).collect()
    }
}

/// Does something that may panic: what it returned, or what the panic said.
fn survived<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
    })
}

impl Row {
    fn cells(&self) -> [String; 9] {
        let clock = match self.clock {
            Clock::Virtual => "virtual",
            Clock::Real => "real",
        };
        let [counter, moved, answer, lost, gap, wait] = match &self.outcome {
            Ok(outcome) => {
                let Third { packets, lost, longest_gap, longest_wait } = outcome.third;
                [
                    format!("`{}`", outcome.counter),
                    outcome.moved.to_string(),
                    outcome.answer.clone(),
                    format!("{lost} of {}", packets + lost),
                    format!("{} ms", longest_gap.as_millis()),
                    format!("{} ms", longest_wait.as_millis()),
                ]
            }
            Err(_) => ["", "", "did not run to its end", "", "", ""].map(str::to_owned),
        };
        let [group, attack] = [self.group.name(), self.attack].map(str::to_owned);
        [group, attack, counter, moved, answer, lost, gap, wait, clock.to_owned()]
    }

    fn complaints(&self) -> Vec<String> {
        let outcome = match &self.outcome {
            Ok(outcome) => outcome,
            Err(panic) => return vec![panic.clone()],
        };
        let Third { packets, lost, longest_gap, longest_wait } = outcome.third;
        let most = match self.clock {
            // Where a row's own lines hold answers for longer, they hold media, too.
            Clock::Virtual => VIRTUAL_GAP + outcome.wait.saturating_sub(VIRTUAL_WAIT),
            Clock::Real => REAL_GAP,
        };
        let mut found = Vec::new();
        if outcome.moved == 0 {
            found.push(format!("{} did not move", outcome.counter));
        }
        if outcome.answer != outcome.expected {
            found.push(format!("the sender got {:?}, not {:?}", outcome.answer, outcome.expected));
        }
        if packets == 0 {
            found.push("nothing reached the third person at all".to_owned());
        }
        if longest_gap >= most {
            found.push(format!("the third person had nothing for {longest_gap:?}"));
        }
        if longest_wait >= outcome.wait {
            found.push(format!("the third person waited {longest_wait:?} for an answer"));
        }
        if lost > 0 && self.clock == Clock::Virtual {
            found.push(format!("the third person lost {lost} packets"));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Outcome = Outcome {
        counter: "counter",
        moved: 1,
        expected: String::new(),
        answer: String::new(),
        third: Third {
            packets: 100,
            lost: 0,
            longest_gap: Duration::from_millis(40),
            longest_wait: Duration::ZERO,
        },
        wait: REAL_WAIT,
    };

    fn complaints(clock: Clock, outcome: Outcome) -> Vec<String> {
        let mut table = Table::default();
        table.run(Group::Http, "an attack", clock, || outcome);
        table.complaints()
    }

    #[test]
    fn each_gate_names_its_row() {
        assert_eq!(complaints(Clock::Virtual, GOOD), Vec::<String>::new());
        let third = GOOD.third;
        for (outcome, word) in [
            (Outcome { moved: 0, ..GOOD }, "did not move"),
            (Outcome { answer: "500".into(), ..GOOD }, "got"),
            (Outcome { third: Third { packets: 0, ..third }, ..GOOD }, "nothing reached"),
            (Outcome { third: Third { longest_gap: REAL_GAP, ..third }, ..GOOD }, "had nothing for"),
            (Outcome { third: Third { longest_wait: REAL_WAIT, ..third }, ..GOOD }, "waited"),
        ] {
            let found = complaints(Clock::Real, outcome);
            assert!(
                matches!(&found[..], [only] if only.starts_with("HTTP: an attack: ") && only.contains(word)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn virtual_time_is_judged_more_strictly_than_real_time() {
        let third = Third { longest_gap: VIRTUAL_GAP, ..GOOD.third };
        let slow = Outcome { third, wait: VIRTUAL_WAIT, ..GOOD };
        let lossy = Outcome { third: Third { lost: 1, ..GOOD.third }, ..GOOD };
        for outcome in [slow, lossy] {
            assert_eq!(complaints(Clock::Real, outcome.clone()).len(), 0);
            assert_eq!(complaints(Clock::Virtual, outcome).len(), 1);
        }
    }

    #[test]
    fn a_row_that_panics_fails_and_the_next_one_runs() {
        let mut table = Table::default();
        table.run(Group::Media, "broken", Clock::Real, || panic!("no answer came"));
        table.run(Group::Signaling, "whole", Clock::Real, || GOOD);
        assert_eq!(table.complaints(), ["Media: broken: no answer came"]);
        let text = table.render();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.lines().nth(2).is_some_and(|line| line.contains("whole")), "in the order of groups");
    }
}
