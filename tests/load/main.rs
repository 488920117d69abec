//! `plenary load` against a server, as an engineer runs it: what it reports, and what it says when it cannot.

#![cfg(test)]

#[allow(dead_code, reason = "the harness serves other tests too")]
#[path = "../http/harness.rs"]
mod harness;

mod errors;
mod runs;
mod server;
