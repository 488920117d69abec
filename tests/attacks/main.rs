//! What bad input gets: one table of attacks, the answer to each, and what a third person noticed.
//!
//! Run with `--nocapture` to see the table; it is written to `attacks.md` in the target folder too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unchecked_time_subtraction,
    reason = "a test fails by panicking, and its numbers are small"
)]

mod table;

// The people of the simulator, and their world, at the paths they know each other by.
#[allow(dead_code, unused_imports, reason = "the simulator uses all of it")]
#[path = "../sim"]
mod sim {
    pub mod client;
    pub mod network;
    pub mod payload;
    pub mod rng;
    pub mod world;
}
use sim::{client, network, payload, rng};

use std::path::Path;

use table::Table;

/// Adds the rows of one file to the table.
type Section = fn(&mut Table);

/// Every file with rows.
const SECTIONS: &[Section] = &[];

#[test]
fn what_bad_input_gets() {
    let mut table = Table::default();
    SECTIONS.iter().for_each(|section| section(&mut table));
    let text = table.render();
    println!("{text}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../attacks.md");
    std::fs::write(file, &text).expect("the target folder can be written to");
    let complaints = table.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
