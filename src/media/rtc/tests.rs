//! Connections against clients: str0m as a browser, and the offers of real ones.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot go on may say so in the shortest way"
)]

mod client;
mod credentials;
mod hostile;
mod media;
mod offers;
