//! Whole conferences in virtual time: the real conference and media hearts, str0m clients, a simulated network.
//!
//! `PLENARY_SIM=all` runs every scenario with several seeds; without it a selection runs with one.
//! `PLENARY_SIM_SEED=n` runs with that seed only.

mod client;
mod network;
mod payload;
mod rng;
mod scenarios;
mod world;
