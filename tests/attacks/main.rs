//! What bad input gets: one table of attacks, the answer to each, and what a third person noticed.
//!
//! Run with `--nocapture` to see the table; it is written to `attacks.md` in the target folder too.

#![cfg(test)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers in tests are small")]
#![allow(
    clippy::cast_precision_loss,
    clippy::unchecked_time_subtraction,
    reason = "numbers in tests are small"
)]

mod churn;
mod control;
mod crowd;
mod faults;
mod guesses;
mod house;
mod http;
mod ledger;
mod line;
mod newcomer;
mod people;
mod person;
mod server;
mod signaling;
mod simulated;
mod simulated_media;
mod simulated_udp;
mod standstill;
mod table;
mod tcp;
mod udp;

#[allow(dead_code, reason = "the harness serves other tests too")]
#[path = "../http/harness.rs"]
mod harness;

// The people of the simulator, and their world, at the paths they know each other by.
#[allow(dead_code, unused_imports, reason = "the simulator uses all of it")]
#[path = "../sim"]
mod sim {
    pub mod client;
    pub mod link;
    pub mod payload;
    pub mod receiver;
    pub mod rng;
    pub mod sender;
    pub mod world;
}
use sim::{client, link, payload, receiver, rng, sender};

use std::path::Path;

use house::House;
use table::Table;

/// Adds the rows of one part to the table.
type Section = fn(&mut Table);

/// Every part with rows, in lanes that run beside each other.
const LANES: &[&[(&str, Section)]] = &[
    &[("a house under attack", attacked_house)],
    &[
        ("a client that never reads", signaling::unread),
        ("one address that takes all", ledger::rows),
        ("guesses", guesses::rows),
        ("another host", http::rebinding),
        ("file descriptors", faults::descriptors),
        ("a worker that panics", faults::panic),
        ("a worker that stalls", faults::stall),
        ("a full queue", faults::full_queue),
        ("media over TCP", tcp::rows),
        ("UDP in virtual time", simulated_udp::rows),
        ("media in virtual time", simulated_media::rows),
    ],
];

#[test]
fn what_bad_input_gets() {
    let lane = |sections: &[(&str, Section)]| {
        let mut table = Table::default();
        for (name, section) in sections {
            table.section(name, *section);
        }
        table
    };
    let mut table = Table::default();
    std::thread::scope(|scope| {
        let lanes: Vec<_> = LANES.iter().map(|sections| scope.spawn(move || lane(sections))).collect();
        for lane in lanes {
            table.append(lane.join().expect("sections are survived"));
        }
    });
    let text = table.render();
    println!("{text}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../attacks.md");
    std::fs::write(file, &text).expect("the target folder can be written to");
    let complaints = table.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// One server on real sockets that stands everything a stranger can send.
fn attacked_house(table: &mut Table) {
    let house = House::new(&[], None);
    http::rows(table, &house);
    let slow = http::begin_slow_head(&house);
    signaling::rows(table, &house);
    control::rows(table, &house);
    let flood = signaling::begin_endless_flood(&house);
    udp::rows(table, &house);
    faults::sends(table, &house);
    faults::receives(table, &house);
    http::slow_head(table, &house, slow);
    signaling::endless_flood(table, &house, flood);
    house.close();
}
