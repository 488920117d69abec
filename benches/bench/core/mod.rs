//! The core alone, in this process and in virtual time: only the time inside the core is counted, the clients' own is not.
//!
//! Each row runs in a process of its own, so that contestants may be programs of different builds and none finds the heap as another
//! left it. Instructions, which no other program on the machine changes, are counted by callgrind.

mod client;
mod room;
mod rows;
mod spent;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::contestant::Contestant;
use crate::machine::{Cores, output_on};
use crate::results::{Figure, Results};
use plenary::media::rtc::EgressKind;
use room::Measured;
use rows::Row;

/// What a function is called whose instructions are the core's.
const INSIDE: &str = "--toggle-collect=*inside_the_core*";

/// What a function is called at which callgrind begins a count of its own.
const GOES_ON: &str = "--dump-before=*the_room_goes_on*";

/// Measures one row in this process, and says what came of it as JSON.
pub fn one(name: &str, egress: EgressKind) {
    let row = Row::all().into_iter().chain(Row::growth()).find(|row| row.name == name).expect("a row");
    println!("{}", serde_json::to_string(&room::measure(&row, egress)).expect("figures"));
}

/// Nanoseconds, allocations and heap, in turns.
pub fn times(results: &mut Results, wanted: &dyn Fn(&str) -> bool, all: &[Contestant], rounds: usize) {
    let cores = Cores::own();
    for row in Row::all() {
        let name = format!("core: {}", row.name);
        if wanted(&name) {
            results.in_turns(
                &name,
                rounds,
                all,
                |contestant| &contestant.name,
                |contestant| {
                    let said = output_on(cores.server, contestant.bench().args(["one", &row.name]));
                    figures(&row, &serde_json::from_str(&said).expect("figures"))
                },
            );
        }
    }
}

fn figures(row: &Row, measured: &Measured) -> Vec<Figure> {
    let spent = &measured.sending;
    let leaving = spent.forwarded.max(1) as f64;
    let each = |time: std::time::Duration| time.as_nanos() as f64 / leaving;
    let mut figures = vec![
        ("for one that leaves, all together", "ns", each(spent.together())),
        ("for one that comes", "ns", spent.input.as_nanos() as f64 / spent.received.max(1) as f64),
        ("what leaves at once", "ns", each(spent.output)),
        ("timers", "ns", each(spent.timers)),
        ("reports and checks", "ns", each(spent.feedback)),
        ("allocations for one that leaves", "", spent.allocations as f64 / leaving),
        ("heap of a person", "KiB", spent.held as f64 / 1_024.0 / f64::from(row.people)),
    ];
    if row.name.starts_with("over cores") {
        let of_busiest = measured.busiest.as_nanos() as f64 / spent.received.max(1) as f64;
        figures.push(("crossing, for one that leaves", "ns", each(spent.crossing)));
        figures.push(("the busiest core, for one that comes", "ns", of_busiest));
    }
    figures
}

/// Instructions for one that leaves. The machine may be busy meanwhile, so all its cores count.
pub fn instructions(results: &mut Results, wanted: &dyn Fn(&str) -> bool, all: &[Contestant]) {
    let rows = Row::all().into_iter().filter(|row| row.counted && wanted(&format!("core: {}", row.name)));
    count(results, &rows.collect::<Vec<_>>(), all, |row, [_, sending], measured| {
        let for_one = sending as f64 / measured.sending.forwarded as f64;
        (format!("core: {}", row.name), vec![("instructions for one that leaves", "", for_one)])
    });
}

/// Instructions for one that leaves in the same room, by how many people the core holds in all; what those others cost while nobody
/// sends is told apart.
pub fn growth(results: &mut Results, wanted: &dyn Fn(&str) -> bool, all: &[Contestant]) {
    let rows = Row::growth().into_iter().filter(|row| wanted(&format!("growth: {}", row.name)));
    count(results, &rows.collect::<Vec<_>>(), all, |row, [at_rest, sending], measured| {
        let at_rest = if row.others == 0 { 0 } else { at_rest };
        let for_one = sending.saturating_sub(at_rest) as f64 / measured.sending.forwarded as f64;
        let mut figures = vec![("instructions for one that leaves", "", for_one)];
        if row.others > 0 {
            let seconds = room::seconds(row);
            let idle = at_rest as f64 / seconds / f64::from(row.people + row.others);
            figures.push(("instructions for one who is idle, a second", "", idle));
        }
        (format!("growth: {}", row.name), figures)
    });
}

type Counted<'a> = dyn Fn(&Row, [u64; 2], &Measured) -> (String, Vec<Figure>) + Sync + 'a;

fn count(
    results: &mut Results,
    rows: &[Row],
    all: &[Contestant],
    figures: impl Fn(&Row, [u64; 2], &Measured) -> (String, Vec<Figure>) + Sync,
) {
    let figures: &Counted<'_> = &figures;
    let jobs: Vec<(&Row, &Contestant)> =
        rows.iter().flat_map(|row| all.iter().map(move |contestant| (row, contestant))).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some((row, contestant)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (counts, measured) = callgrind(contestant, row);
            let (name, figures) = figures(row, counts, &measured);
            println!("{name}: {} {:?}", contestant.name, figures);
            done.lock().expect("nobody panics").push((name, contestant.name.clone(), figures));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().expect("nobody panics");
    done.sort_by_key(|(name, of, _)| {
        jobs.iter().position(|(row, who)| name.ends_with(&row.name) && who.name == *of)
    });
    for (row, of, figures) in done {
        for figure in figures {
            results.note(&row, &of, figure);
        }
    }
}

/// Instructions inside the core before the room goes on, and after; and what the row says of itself.
fn callgrind(contestant: &Contestant, row: &Row) -> ([u64; 2], Measured) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let bench = contestant.bench();
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--collect-atstart=no", INSIDE, GOES_ON]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(bench.get_program()).args(bench.get_args()).args(["one", &row.name]);
    let said = command.stdin(Stdio::null()).stderr(Stdio::null()).output().expect("valgrind is installed");
    assert!(said.status.success(), "{command:?}: {}", said.status);
    let measured = serde_json::from_slice(&said.stdout).expect("figures");
    ([total(&out.with_extension("1")), total(&out)], measured)
}

/// The sum in a file of callgrind's.
fn total(file: &Path) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let sum = text.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    sum.and_then(|sum| sum.trim().parse().ok()).expect("callgrind tells a sum")
}
