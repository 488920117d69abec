//! What a packet costs: `make bench`, all of it in one run. docs/benchmarks.md tells the method.

#![cfg(test)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unchecked_time_subtraction,
    reason = "numbers in a benchmark are small"
)]

mod contestant;
mod core;
mod floor;
mod machine;
mod plot;
mod results;
mod server;
mod summary;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use plenary::media::rtc::EgressKind;

use contestant::Contestant;
use machine::Cores;
use results::Results;

/// Rounds that count; each is a figure of the core, or a second or two of the machine's floor.
const ROUNDS: usize = 3;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    what: Option<What>,
    /// Only rows whose name contains one of these: "floor", "core: to 10", "server: 1 x 99"
    #[arg(long, value_delimiter = ';')]
    rows: Vec<String>,
    /// Where results go
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
    /// Programs of another build, measured in turns with those of this one: NAME=SERVER,BENCH; repeat it
    #[arg(long)]
    against: Vec<Contestant>,
    /// Of this build only what sends so
    #[arg(long)]
    only: Option<String>,
    /// How the core of `one` sends
    #[arg(long, default_value = "own")]
    egress: EgressKind,
    /// What cargo says to every benchmark
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One row of the core, in this process
    One { row: String },
    /// Two runs beside each other
    Compare { a: PathBuf, b: PathBuf },
}

fn main() {
    let cli = Cli::parse();
    match &cli.what {
        Some(What::One { row }) => core::one(row, cli.egress),
        Some(What::Compare { a, b }) => results::compare(&Results::read(a), &Results::read(b)),
        None => measure(&cli),
    }
}

fn measure(cli: &Cli) {
    let wanted = |name: &str| cli.rows.is_empty() || cli.rows.iter().any(|part| name.contains(part.trim()));
    let mut all = Contestant::of_this_build();
    all.retain(|contestant| cli.only.as_ref().is_none_or(|only| contestant.name == *only));
    all.extend(cli.against.iter().cloned());
    std::fs::create_dir_all(&cli.out).expect("a folder for the results");
    let mut results = Results::new();
    let write = |results: &mut Results| {
        results.write(&cli.out.join("results.json"));
        summary::write(results, &cli.out);
    };
    floors(&mut results, &wanted);
    server::rows(&mut results, &wanted, &all);
    write(&mut results);
    core::times(&mut results, &wanted, &all, ROUNDS);
    write(&mut results);
    core::instructions(&mut results, &wanted, &all);
    // What grows is looked for in what is the default.
    core::growth(&mut results, &wanted, all.get(..1).unwrap_or_default());
    write(&mut results);
    println!("written: {}", cli.out.display());
}

fn floors(results: &mut Results, wanted: &dyn Fn(&str) -> bool) {
    let cores = Cores::own();
    let row = "floor: seal alone";
    if wanted(row) {
        results.in_turns(
            row,
            ROUNDS,
            &[()],
            |()| "",
            |()| vec![("a packet", "ns", floor::seal_alone(cores))],
        );
    }
    let ways: Vec<floor::Way> = floor::WAYS.into_iter().filter(|way| wanted(&way.name())).collect();
    for round in 0..=ROUNDS {
        for way in &ways {
            let (spent, came) = floor::seal_and_send(cores, *way);
            if round > 0 {
                results.note(&way.name(), "", ("a packet", "ns", spent));
                results.note(&way.name(), "", ("read at the other end", "%", came * 100.0));
            }
        }
    }
    for way in ways {
        results.say(&way.name());
    }
}
