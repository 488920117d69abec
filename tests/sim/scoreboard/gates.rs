//! The gates that the committed figures of the rule in force keep: a change that loses one fails here when its figures are written.

use super::courses::{self, Course};
use super::figures::COLUMNS;
use super::rules::Rule;
use super::{PATH, Rows, read};

/// What is shown on a steady link is this part of what is shown to whoever knows the link, and on one that changes that part.
const STEADY: f64 = 0.85;
/// See [`STEADY`].
const CHANGING: f64 = 0.75;

/// In the bottleneck's queue, 95 % of the time, in milliseconds.
const QUEUE: f64 = 150.0;

/// Another layer on the screen, a minute, on a steady link.
const CHANGES: f64 = 2.0;

/// What is not kept yet: the course, and the column of the gate.
const MISSED: [(&str, &str); 4] = [
    ("2.5 Mbit/s to 0.4 and back in steps of 2 s", "shown kbit/s"),
    ("2 Mbit/s, somebody else takes 1.4 of it, 5 s of 10", "shown kbit/s"),
    ("10 % loss", "changes"),
    ("two people behind 2 Mbit/s", "changes"),
];

fn figure(rows: &Rows, course: &Course, rule: Rule, column: &str) -> f64 {
    let at = COLUMNS.iter().position(|known| known.name == column).expect("a column");
    let row = &rows[&(course.name.to_owned(), rule.name().to_owned())];
    row[at].expect("a figure")
}

/// The columns in which the rule in force keeps no gate on `course`.
fn missed(rows: &Rows, course: &Course) -> Vec<(&'static str, String)> {
    let steady = course.then.is_none() && course.down.cross.is_none();
    let today = |column| figure(rows, course, Rule::Today, column);
    let (shown, knows) = (today("shown kbit/s"), figure(rows, course, Rule::Oracle, "shown kbit/s"));
    let (queue, changes) = (today("queue ms"), today("changes"));
    let part = if steady { STEADY } else { CHANGING };
    let gates = [
        ("shown kbit/s", shown < knows * part, format!("{shown} of {knows} kbit/s")),
        ("queue ms", queue > QUEUE, format!("{queue} ms in the queue")),
        ("changes", steady && changes > CHANGES, format!("{changes} changes a minute")),
    ];
    gates.into_iter().filter(|(_, missed, _)| *missed).map(|(column, _, how)| (column, how)).collect()
}

#[test]
fn the_committed_figures_of_the_rule_in_force_keep_its_gates() {
    let rows = read(&std::fs::read_to_string(PATH).expect("the scoreboard"));
    let mut lost = Vec::new();
    for course in courses::all() {
        for (column, how) in missed(&rows, &course) {
            println!("{}: {how}", course.name);
            if !MISSED.contains(&(course.name, column)) {
                lost.push(format!("{}: {how}", course.name));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}
