//! What is told of a run: what was to be reached, tables, drawings.

use std::fmt::Write;
use std::path::Path;

use crate::floor;
use crate::plot::Bars;
use crate::results::{Measure, Results, ratio, round};
use crate::server::{JOINS, RISING};

/// What a packet costs the server, the figure that is compared with the floor.
const CPU: &str = "CPU for a forwarded packet";
const INSTRUCTIONS: &str = "instructions for one that leaves";

/// What is to be reached: the row, the figure, the bound; times the floor, if it is told in floors.
struct Goal {
    row: &'static str,
    what: &'static str,
    bound: f64,
    stretch: f64,
    floors: bool,
    at_least: bool,
}

impl Goal {
    const fn most(row: &'static str, what: &'static str, bound: f64, stretch: f64) -> Goal {
        Goal { row, what, bound, stretch, floors: false, at_least: false }
    }

    const fn floors(row: &'static str, bound: f64, stretch: f64) -> Goal {
        Goal { floors: true, ..Goal::most(row, CPU, bound, stretch) }
    }

    const fn least(row: &'static str, what: &'static str, bound: f64, stretch: f64) -> Goal {
        Goal { at_least: true, ..Goal::most(row, what, bound, stretch) }
    }
}

const GOALS: [Goal; 11] = [
    Goal::floors("server: 1 x 99, bursts", 0.9, 0.6),
    Goal::floors("server: 1 x 99, even", 1.5, 1.25),
    Goal::floors("server: ten all to all, bursts", 1.0, 0.7),
    Goal::least(RISING, "p99 within 20 ms", 900.0, 1_400.0),
    Goal::least(RISING, "p99 within 100 ms", 900.0, 1_400.0),
    Goal::most("server: 1 x 99, even", "delay p99", 1.0, 0.5),
    Goal::most(JOINS, "delay p99.9", 5.0, 3.0),
    Goal::most("server: 1 x 99, bursts", "memory of a person", 0.3, 0.15),
    Goal::most("server: ten all to all, bursts", "memory of a person", 0.8, 0.4),
    Goal::most("server: 1,000 idle", "memory of a person", 0.13, 0.065),
    Goal::most("server: 1,000 idle", "CPU of the server", 2.0, 2.0),
];

/// Writes the tables and the drawings beside the figures.
pub fn write(results: &Results, folder: &Path) {
    let put = |name: &str, text: String| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    };
    let (text, drawings) = (markdown(results), drawings(results));
    put("results.md", text);
    for (name, bars) in drawings {
        if let Some(svg) = bars.svg() {
            put(name, svg);
        }
    }
}

/// The contestants, in the order in which they were measured.
fn contestants(results: &Results) -> Vec<String> {
    let mut of: Vec<String> = Vec::new();
    for measure in results.measures.iter().filter(|measure| !measure.of.is_empty()) {
        if !of.contains(&measure.of) {
            of.push(measure.of.clone());
        }
    }
    of
}

/// The machine's plain floor, in microseconds.
fn plain_floor(results: &Results) -> Option<f64> {
    Some(results.get(&floor::PLAIN.name(), "a packet", "")? / 1_000.0)
}

fn markdown(results: &Results) -> String {
    let mut text = String::from(
        "# Results\n\nWritten by `make bench`; [the method](../benchmarks.md) says what each row is.\n\n",
    );
    let machine = &results.machine;
    let _ = writeln!(
        text,
        "Commit {}, {} cores of {}, {} GiB, Linux {}; load of the machine {} before and {} after. Medians; in brackets the lowest \
         and the highest run.\n",
        results.commit,
        machine.cores,
        machine.processor,
        machine.memory_gib,
        machine.kernel,
        machine.load.0,
        machine.load.1
    );
    goals(&mut text, results);
    for (section, title) in [
        ("floor: ", "The machine"),
        ("core: ", "The core alone"),
        ("growth: ", "Growth"),
        ("server: ", "The whole server"),
    ] {
        table(&mut text, results, section, title);
    }
    if !results.troubles.is_empty() {
        text.push_str("## Doubtful\n\n");
        for trouble in &results.troubles {
            let _ = writeln!(text, "- {trouble}");
        }
    }
    text
}

fn goals(text: &mut String, results: &Results) {
    let of = contestants(results);
    let mut lines = String::new();
    for goal in &GOALS {
        let floor = if goal.floors { plain_floor(results) } else { Some(1.0) };
        let values = of.iter().map(|of| Some(results.get(goal.row, goal.what, of)? / floor?));
        let values: Vec<Option<f64>> = values.collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        let told = values.iter().map(|value| {
            let Some(value) = value else { return "-".to_owned() };
            let meets = |bound| if goal.at_least { *value >= bound } else { *value <= bound };
            let verdict = if meets(goal.stretch) {
                " (stretch)"
            } else if meets(goal.bound) {
                " (reached)"
            } else {
                ""
            };
            format!("{}{verdict}", round(*value))
        });
        let what = if goal.floors { "CPU for a forwarded packet, in plain floors" } else { goal.what };
        let told: Vec<String> = told.collect();
        let (bound, stretch) = (round(goal.bound), round(goal.stretch));
        let row = goal.row.trim_start_matches("server: ");
        let _ = writeln!(lines, "| {row}: {what} | {bound} | {stretch} | {} |", told.join(" | "));
    }
    if !lines.is_empty() {
        let _ = writeln!(
            text,
            "## What was to be reached\n\n| measure | to reach | stretch | {} |",
            of.join(" | ")
        );
        let _ = writeln!(text, "|---|---|---|{}\n{lines}", "---|".repeat(of.len()));
    }
}

fn table(text: &mut String, results: &Results, section: &str, title: &str) {
    let measures: Vec<&Measure> = results.measures.iter().filter(|m| m.row.starts_with(section)).collect();
    if measures.is_empty() {
        return;
    }
    let mut of = contestants(results);
    if measures.iter().all(|measure| measure.of.is_empty()) {
        of = vec![String::new()];
    }
    let ratios = if of.len() == 2 { format!(" {} : {} |", of[0], of[1]) } else { String::new() };
    let _ = writeln!(text, "## {title}\n\n| row | figure | {} |{ratios}", of.join(" | "));
    let _ = writeln!(
        text,
        "|---|---|{}{}",
        "---:|".repeat(of.len()),
        if ratios.is_empty() { "" } else { "---:|" }
    );
    let (mut row, mut done): (&str, Vec<(&str, &str)>) = ("", Vec::new());
    for measure in &measures {
        if done.contains(&(&measure.row, &measure.what)) {
            continue;
        }
        done.push((&measure.row, &measure.what));
        let same: Vec<Option<&&Measure>> = of
            .iter()
            .map(|of| measures.iter().find(|m| m.row == measure.row && m.what == measure.what && m.of == *of))
            .collect();
        let name = if row == measure.row { "" } else { measure.row.trim_start_matches(section) };
        row = &measure.row;
        let comma = if measure.unit.is_empty() { "" } else { ", " };
        let told: Vec<String> = same.iter().map(|m| m.map_or("-".to_owned(), |m| told(m))).collect();
        let _ = write!(text, "| {name} | {}{comma}{} | {} |", measure.what, measure.unit, told.join(" | "));
        if let [Some(a), Some(b)] = same.as_slice() {
            let _ = write!(text, " {} |", ratio(a.median, b.median));
        }
        text.push('\n');
    }
    text.push('\n');
}

fn told(measure: &Measure) -> String {
    let (low, high) = measure.range();
    match measure.runs.len() {
        1 => round(measure.median),
        _ => format!("{} ({} - {})", round(measure.median), round(low), round(high)),
    }
}

fn drawings(results: &Results) -> Vec<(&'static str, Bars)> {
    let bars = |section: &str, what: &str, title: &str, unit| {
        let of = contestants(results);
        let mut names: Vec<&str> = Vec::new();
        for measure in results.measures.iter().filter(|m| m.row.starts_with(section) && m.what == what) {
            if !names.contains(&measure.row.as_str()) {
                names.push(&measure.row);
            }
        }
        let values = |row: &&str| of.iter().map(|of| results.get(row, what, of)).collect();
        let rows = names.iter().map(|row| (label(row, section), values(row))).collect();
        Bars { title: title.to_owned(), unit, of, rows, marks: Vec::new() }
    };
    let mut packet = bars("server: ", CPU, "Processor time for a forwarded packet, whole server", "us");
    packet.rows.retain(|(row, _)| !row.contains("receivers of one"));
    for way in [floor::PLAIN, floor::GATHERED] {
        if let Some(floor) = results.get(&way.name(), "a packet", "") {
            let name = way.name().trim_start_matches("floor: ").to_owned();
            packet.marks.push((name, floor / 1_000.0));
        }
    }
    let mut delay = bars("server: ", "delay p99", "Delay, 99 of 100 packets", "ms");
    delay.rows.retain(|(row, _)| !row.contains("receivers of one"));
    let mut rising = bars(
        "server: receivers of one publisher: ",
        "delay p99",
        "Delay by receivers, 99 of 100 packets",
        "ms",
    );
    rising.rows.sort_by_key(|(row, _)| row.parse::<u32>().unwrap_or(0));
    rising.marks = [20.0, 100.0].map(|bound| ("bound".to_owned(), bound)).into();
    let mut memory = bars("server: ", "memory of a person", "Memory of a person, whole server", "MiB");
    memory.rows.retain(|(row, _)| !row.contains("receivers of one"));
    vec![
        ("packet.svg", packet),
        ("delay.svg", delay),
        ("rising.svg", rising),
        ("memory.svg", memory),
        (
            "core.svg",
            bars(
                "core: ",
                INSTRUCTIONS,
                "Instructions for one packet that leaves, the core alone",
                "instructions",
            ),
        ),
        (
            "growth.svg",
            bars("growth: ", INSTRUCTIONS, "The same room, by people in the core", "instructions"),
        ),
    ]
}

fn label(row: &str, section: &str) -> String {
    row.strip_prefix(section).unwrap_or(row).to_owned()
}
