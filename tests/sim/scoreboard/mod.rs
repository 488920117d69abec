//! The scoreboard: what each rule makes of each kind of link, in figures that are committed, so that a change of the
//! media path shows what it did.
//!
//! `make scoreboard` drives all of it and writes `docs/scoreboard.md`; `PLENARY_SCOREBOARD=today` only the rows of the rule in force,
//! `try` prints those of two seeds. `PLENARY_SIM=all` drives a cheap part and compares.

mod courses;
mod drive;
mod figures;
mod gates;
mod rules;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use courses::Course;
use drive::{drive, drive_on};
use figures::{COLUMNS, Figures};
use rules::Rule;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scoreboard.md");

/// What stands before this line in the document is written by hand.
const MARK: &str = "<!-- What follows is written by `make scoreboard`. -->\n";

/// A figure is the median of these: of five, the same rule has a tenth more or less by chance.
const SEEDS: [u64; 15] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// How much more one run may differ than a median of many.
const OF_ONE_RUN: f64 = 2.0;

/// What a course and a rule came to, a figure a column.
type Rows = BTreeMap<(String, String), Vec<Option<f64>>>;

fn row_of(runs: &[Figures]) -> Vec<Option<f64>> {
    COLUMNS.iter().map(|column| column.median(runs)).collect()
}

/// The rows of a document.
fn read(document: &str) -> Rows {
    let mut rows = Rows::new();
    let mut course = String::new();
    for line in document.split_once(MARK).map_or("", |(_, figures)| figures).lines() {
        if let Some(name) = line.strip_prefix("## ") {
            name.clone_into(&mut course);
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let [rule, cells @ ..] = &cells[..]
            && Rule::ALL.iter().any(|known| known.name() == *rule)
        {
            let figures = cells.iter().map(|cell| cell.parse().ok()).collect();
            rows.insert((course.clone(), (*rule).to_owned()), figures);
        }
    }
    rows
}

/// The document with these rows: the head it had, and the tables.
fn written(document: &str, rows: &Rows) -> String {
    let head = document.split_once(MARK).map_or(document, |(head, _)| head);
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let mut text = vec![format!("{head}{MARK}")];
    for course in courses::all() {
        let line = "---:|".repeat(names.len());
        text.push(format!("\n## {}\n\n| rule | {} |\n|---|{line}\n", course.name, names.join(" | ")));
        for rule in Rule::ALL {
            let Some(row) = rows.get(&(course.name.to_owned(), rule.name().to_owned())) else { continue };
            let cells =
                row.iter().map(|figure| figure.map_or("–".to_owned(), |figure| format!("{figure:.0}")));
            text.push(format!("| {} | {} |\n", rule.name(), cells.collect::<Vec<_>>().join(" | ")));
        }
    }
    text.concat()
}

/// Columns in which two rows differ by more than chance.
fn differences(before: &[Option<f64>], now: &[Option<f64>], slack: f64) -> Vec<String> {
    if before.len() != now.len() {
        return vec!["other columns".to_owned()];
    }
    let pairs = COLUMNS.iter().zip(before.iter().zip(now));
    let differ = pairs.filter(|(column, (before, now))| !column.alike(**before, **now, slack));
    differ.map(|(column, (before, now))| format!("{}: {before:?}, now {now:?}", column.name)).collect()
}

/// Drives rules on every course with these seeds, on all cores.
fn drive_all(rules: &[Rule], seeds: &[u64]) -> Rows {
    let runs: Vec<(Course, Rule, u64)> = courses::all()
        .into_iter()
        .flat_map(|course| rules.iter().map(move |rule| (course, *rule)))
        .flat_map(|(course, rule)| seeds.iter().map(move |seed| (course, rule, *seed)))
        .collect();
    let todo = Mutex::new(runs.into_iter());
    let done = Mutex::new(BTreeMap::<_, Vec<Figures>>::new());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let next = todo.lock().expect("no panic").next();
                    let Some((course, rule, seed)) = next else { return };
                    let figures = drive(&course, rule, seed);
                    let key = (course.name.to_owned(), rule.name().to_owned());
                    done.lock().expect("no panic").entry(key).or_default().push(figures);
                }
            });
        }
    });
    let done = done.into_inner().expect("no panic");
    done.into_iter().map(|(key, runs)| (key, row_of(&runs))).collect()
}

fn is(name: &str, value: &str) -> bool {
    std::env::var(name).is_ok_and(|is| is == value)
}

/// Writes the rows of `rules`. A row that differs by no more than chance stays as it is, so that a diff shows what a change did.
fn write(rules: &[Rule]) {
    let document = std::fs::read_to_string(PATH).expect("the scoreboard");
    let before = read(&document);
    let mut rows = before.clone();
    rows.extend(drive_all(rules, &SEEDS));
    for (key, row) in &mut rows {
        let Some(known) = before.get(key) else { continue };
        let differences = differences(known, row, 1.0);
        if differences.is_empty() {
            row.clone_from(known);
        } else {
            println!("{key:?}: {differences:?}");
        }
    }
    std::fs::write(PATH, written(&document, &rows)).expect("the scoreboard can be written");
}

#[test]
fn the_scoreboard_says_what_each_rule_makes_of_each_link() {
    if is("PLENARY_SCOREBOARD", "write") {
        write(&Rule::ALL);
        return;
    }
    if is("PLENARY_SCOREBOARD", "today") {
        write(&[Rule::Today]);
        return;
    }
    if is("PLENARY_SCOREBOARD", "try") {
        print!("{}", written("", &drive_all(&[Rule::Today], &SEEDS[..2])));
        return;
    }
    if !is("PLENARY_SIM", "all") {
        println!("only with PLENARY_SIM=all");
        return;
    }
    let known = read(&std::fs::read_to_string(PATH).expect("the scoreboard"));
    assert_eq!(known.len(), courses::all().len() * Rule::ALL.len(), "make scoreboard");
    let course = courses::all()[0];
    // What does not fit freezes for a fifth of the time or for all of it, as chance has it: of one seed that says nothing.
    let is_chance = |rule: &Rule| matches!(rule, Rule::Before | Rule::Reference);
    for rule in Rule::ALL.into_iter().filter(|rule| !is_chance(rule)) {
        let now = row_of(&[drive(&course, rule, SEEDS[0])]);
        let key = (course.name.to_owned(), rule.name().to_owned());
        let differences = differences(&known[&key], &now, OF_ONE_RUN);
        assert!(differences.is_empty(), "{key:?} is another: {differences:?}; make scoreboard");
    }
}

#[test]
fn a_sabotaged_controller_loses_and_so_does_whoever_wastes_a_wide_link() {
    if !is("PLENARY_SIM", "all") {
        println!("only with PLENARY_SIM=all");
        return;
    }
    let courses = courses::all();
    let score = |name: &str, rule| {
        let course = courses.iter().find(|course| course.name == name).expect("a course");
        let figures = drive(course, rule, SEEDS[1]);
        println!("{name}, {}: {:.0}, {figures:?}", rule.name(), figures.score());
        figures.score()
    };
    let (narrow, wide) = ("1 Mbit/s", "40 ms jitter");
    let (sabotaged, low) = (score(narrow, Rule::Sabotaged), score(narrow, Rule::AlwaysLow));
    let (top, oracle) = (score(narrow, Rule::AlwaysTop), score(narrow, Rule::Oracle));
    assert!(sabotaged + 10.0 < low && sabotaged + 10.0 < oracle, "{sabotaged}, always low {low}");
    assert!(top + 10.0 < low, "what does not fit beats what does: {top}, always low {low}");
    let (sabotaged, low) = (score(wide, Rule::Sabotaged), score(wide, Rule::AlwaysLow));
    let top = score(wide, Rule::AlwaysTop);
    assert!(low + 10.0 < top && sabotaged + 10.0 < top, "{top}, always low {low}, sabotaged {sabotaged}");
}

/// Of one run a score says little: of five the mean is compared, course by course, and of all courses.
#[test]
fn each_course_is_as_good_on_three_workers_as_on_one() {
    if !is("PLENARY_SIM", "all") {
        println!("only with PLENARY_SIM=all");
        return;
    }
    let mean = |workers, course: &Course| {
        let scores = SEEDS[..5].iter().map(|seed| drive_on(workers, course, Rule::Today, *seed).score());
        scores.sum::<f64>() / 5.0
    };
    let (mut one, mut three) = (0.0, 0.0);
    let courses = courses::all();
    for course in &courses {
        let (on_one, on_three) = (mean(1, course), mean(3, course));
        println!("{}: {on_one:.0} on one worker, {on_three:.0} on three", course.name);
        assert!(on_three > on_one - 15.0, "{}: {on_one:.0}, on three workers {on_three:.0}", course.name);
        (one, three) = (one + on_one, three + on_three);
    }
    let (one, three) = (one / courses.len() as f64, three / courses.len() as f64);
    println!("of all: {one:.1} on one worker, {three:.1} on three");
    assert!(three > one - 3.0, "{one:.1}, on three workers {three:.1}");
}

#[test]
fn what_is_written_is_read_again_and_what_differs_by_chance_is_alike() {
    let figures = Figures { used: 52.0, queue: 100.0, frozen: 10_000.0, kbps: 900.0, ..Figures::default() };
    let row = row_of(&[figures]);
    let mut rows = Rows::new();
    for course in courses::all() {
        for rule in Rule::ALL {
            rows.insert((course.name.to_owned(), rule.name().to_owned()), row.clone());
        }
    }
    let document = written("# The head\n\n", &rows);
    assert!(document.starts_with("# The head\n\n"));
    assert_eq!(read(&document), rows);
    assert_eq!(written(&document, &read(&document)), document);
    let alike = row_of(&[Figures { frozen: 12_000.0, ..figures }]);
    assert_eq!(differences(&row, &alike, 1.0), [""; 0]);
    let other = row_of(&[Figures { frozen: 40_000.0, ..figures }]);
    assert_eq!(differences(&row, &other, 1.0).len(), 2, "frozen time, and the score");
}
