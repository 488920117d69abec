//! What one forwarded packet costs in the core, in nanoseconds and allocations: `cargo bench`. In instructions, which no other
//! program on the machine changes: `make bench-instructions`, which counts this program's `run ROW` under callgrind.
//!
//! Everything runs in this process and in virtual time; only the time inside the core is counted, the clients' own is not.
//! A row says who sends what to whom (`rows.rs`). Compare within one machine only.

#![cfg(test)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unchecked_time_subtraction,
    reason = "numbers in a benchmark are small"
)]

mod client;
mod room;
mod rows;

use std::time::Duration;

use room::{Spent, measure};
use rows::Row;

/// Packets that are measured, after as many of each sender that are not: four seconds, in which what is kept for resending is
/// as much as it will be.
const MEASURED: u64 = 1_200;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "list", ..] => {
            for row in Row::all().iter().filter(|row| row.counted) {
                println!("{}", row.name);
            }
        }
        [_, "run", name, ..] => {
            let row = Row::all().into_iter().find(|row| row.name == *name).expect("a row of the list");
            let spent = measure(&row, MEASURED);
            let each = spent.held / 1_024 / i64::from(row.people);
            println!("received {} forwarded {}, {each} KiB each", spent.received, spent.forwarded);
        }
        _ => table(),
    }
}

fn table() {
    println!(
        "ns in the core; in: for a packet that comes; out, timers, feedback and all together: for one that leaves to somebody; \
         KiB each: what the core has of the heap then, by people"
    );
    println!(
        "{:<28} {:>7} {:>7} {:>8} {:>10} {:>9} {:>12} {:>9}",
        "", "in", "out", "timers", "feedback", "together", "allocations", "KiB each"
    );
    for row in Row::all() {
        let best = (0..3).map(|_| measure(&row, MEASURED)).min_by_key(Spent::together);
        let Some(spent) = best else { continue };
        let (each, forwarded) = (spent.received.max(1), spent.forwarded.max(1));
        println!(
            "{:<28} {:>7} {:>7} {:>8} {:>10} {:>9} {:>12.2} {:>9}",
            row.name,
            per(spent.input, each),
            per(spent.output, forwarded),
            per(spent.timers, forwarded),
            per(spent.feedback, forwarded),
            spent.together(),
            spent.allocations as f64 / forwarded as f64,
            spent.held / 1_024 / i64::from(row.people),
        );
    }
}

fn per(time: Duration, packets: u64) -> u128 {
    time.as_nanos() / u128::from(packets)
}
