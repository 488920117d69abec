//! Whole conferences in virtual time: the real conference and media hearts, str0m clients, a simulated network.
//!
//! `PLENARY_SIM=all` runs every scenario with several seeds; without it a selection runs with one.
//! `PLENARY_SIM_SEED=n` runs with that seed only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on may say so in the shortest way"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::unchecked_time_subtraction,
    reason = "the numbers of a test are small, and time is made by it"
)]

mod client;
mod network;
mod payload;
mod rng;
mod scenarios;
mod world;
