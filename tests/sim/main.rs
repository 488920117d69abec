//! Whole conferences in virtual time: the real conference and media hearts, str0m clients, a simulated network.
//!
//! `PLENARY_SIM=all` runs every scenario with several seeds; without it a selection runs with one.
//! `PLENARY_SIM_SEED=n` runs with that seed only, `PLENARY_SIM_WORKERS=n` with so many workers.

#![cfg(test)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers in tests are small")]
#![allow(
    clippy::cast_precision_loss,
    clippy::unchecked_time_subtraction,
    reason = "numbers in tests are small"
)]

#[allow(dead_code, reason = "some of it only the attacks need")]
mod client;
mod link;
mod payload;
#[allow(dead_code, reason = "some of it only the attacks need")]
mod receiver;
mod rng;
mod scenarios;
mod scoreboard;
#[allow(dead_code, reason = "some of it only the attacks need")]
mod sender;
mod trace;
#[allow(dead_code, reason = "some of it only the attacks need")]
mod world;
