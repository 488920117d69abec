//! What was measured: a list that programs read, and two of which can be compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::machine::{Machine, load};

/// One figure of one row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measure {
    /// Which row: what is done.
    pub row: String,
    /// What was measured of it.
    pub what: String,
    pub unit: String,
    /// Of which contestant; empty if it is the machine's own.
    pub of: String,
    /// Of all runs that count.
    pub median: f64,
    /// Each of them, in the order in which they were made.
    pub runs: Vec<f64>,
}

impl Measure {
    /// Lowest and highest of the runs.
    pub fn range(&self) -> (f64, f64) {
        let low = self.runs.iter().copied().fold(f64::INFINITY, f64::min);
        (low, self.runs.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }
}

/// A figure: what, in which unit, how much.
pub type Figure = (&'static str, &'static str, f64);

#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// The commit, as `git describe` says it.
    pub commit: String,
    pub machine: Machine,
    pub measures: Vec<Measure>,
    /// What went wrong, and where the generator was the bottleneck.
    pub troubles: Vec<String>,
}

impl Results {
    pub fn new() -> Results {
        let told = std::process::Command::new("git").args(["describe", "--always", "--dirty"]).output();
        let commit = told.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        Results {
            commit: commit.unwrap_or_default(),
            machine: Machine::look(),
            measures: Vec::new(),
            troubles: Vec::new(),
        }
    }

    /// Adds one run's figure.
    pub fn note(&mut self, row: &str, of: &str, (what, unit, value): Figure) {
        let same = |measure: &Measure| measure.row == row && measure.what == what && measure.of == of;
        let at = self.measures.iter().position(same).unwrap_or_else(|| {
            let (row, what, of) = (row.to_owned(), what.to_owned(), of.to_owned());
            self.measures.push(Measure { row, what, unit: unit.to_owned(), of, median: 0.0, runs: vec![] });
            self.measures.len() - 1
        });
        let measure = &mut self.measures[at];
        measure.runs.push(value);
        measure.median = median(&measure.runs);
    }

    /// Notes what makes figures doubtful, once.
    pub fn trouble(&mut self, text: String) {
        println!("  ! {text}");
        if !self.troubles.contains(&text) {
            self.troubles.push(text);
        }
    }

    /// Takes turns: each of the contestants in each of the `rounds`, after one that is thrown away. Where one round is enough,
    /// because nothing gets warm, none is.
    pub fn in_turns<T>(
        &mut self,
        row: &str,
        rounds: usize,
        contestants: &[T],
        name: impl Fn(&T) -> &str,
        mut run: impl FnMut(&T) -> Vec<Figure>,
    ) {
        let thrown_away = usize::from(rounds > 1);
        for round in 0..rounds + thrown_away {
            for contestant in contestants {
                let figures = run(contestant);
                for figure in figures.into_iter().filter(|_| round >= thrown_away) {
                    self.note(row, name(contestant), figure);
                }
            }
        }
        self.say(row);
    }

    /// The median, if there is one.
    pub fn get(&self, row: &str, what: &str, of: &str) -> Option<f64> {
        let mut found = self.measures.iter();
        found.find(|m| m.row == row && m.what == what && m.of == of).map(|m| m.median)
    }

    /// Says a row on the terminal, all contestants beside each other.
    pub fn say(&self, row: &str) {
        println!("{row}");
        let mut whats: Vec<&Measure> = Vec::new();
        for measure in self.measures.iter().filter(|measure| measure.row == row) {
            if !whats.iter().any(|known| known.what == measure.what) {
                whats.push(measure);
            }
        }
        for first in whats {
            let all = self.measures.iter().filter(|m| m.row == row && m.what == first.what);
            let told: Vec<String> = all.map(|m| format!("{} {}", m.of, round(m.median))).collect();
            println!("  {:<36} {:<8} {}", first.what, first.unit, told.join("   ").trim());
        }
    }

    pub fn write(&mut self, file: &Path) {
        self.machine.load.1 = load();
        let text = serde_json::to_string_pretty(self).expect("figures");
        fs::write(file, text + "\n").unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    pub fn read(file: &Path) -> Results {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

/// The middle one; of an even number the mean of the two in the middle.
pub fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// As many digits as say something.
pub fn round(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Two runs beside each other: what both measured of the same row and contestant.
pub fn compare(a: &Results, b: &Results) {
    println!("A: {} on {} ({} cores)", a.commit, a.machine.processor, a.machine.cores);
    println!("B: {} on {} ({} cores)", b.commit, b.machine.processor, b.machine.cores);
    let key = |m: &Measure| (m.row.clone(), m.what.clone(), m.of.clone());
    let of_b: BTreeMap<_, _> = b.measures.iter().map(|measure| (key(measure), measure)).collect();
    println!("{:<40} {:<34} {:>10} {:>10} {:>7}", "", "", "A", "B", "B : A");
    let mut row = "";
    for measure in &a.measures {
        let Some(other) = of_b.get(&key(measure)) else { continue };
        let name = if measure.row == row { "" } else { &measure.row };
        row = &measure.row;
        let (low, high) = measure.range();
        // A median of one that lies within the runs of the other says nothing.
        let noise = if (low..=high).contains(&other.median) && measure.runs.len() > 1 { " ~" } else { "" };
        let what = format!("{} {}, {}", measure.of, measure.what, measure.unit);
        let (a, b) = (measure.median, other.median);
        println!("{name:<40} {what:<34} {:>10} {:>10} {:>7}{noise}", round(a), round(b), ratio(b, a));
    }
}

/// How many times `b` is in `a`.
pub fn ratio(a: f64, b: f64) -> String {
    if b == 0.0 { "-".to_owned() } else { format!("{:.2}", a / b) }
}
