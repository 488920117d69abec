//! What is fuzzed: plain functions that take any bytes and must neither panic nor break what they assert.
//!
//! `fuzz/` runs them under libFuzzer, `tests/corpus.rs` replays the committed corpus. Only with the feature `faults`.

#![expect(clippy::panic, reason = "a broken promise is what the fuzzer is to find")]

mod allocator;
mod datagram;
mod estimator;
mod forwarder;
mod history;
mod offer;
mod reader;
mod reports;
mod signaling;
mod tokens;

use std::panic::{AssertUnwindSafe, catch_unwind};

use allocator::allocator;
use datagram::datagram;
use estimator::estimator;
use forwarder::forwarder;
use history::history;
use offer::offer;
use reports::reports;
use signaling::signaling;
use tokens::tokens;

/// One target: its name, which is that of its corpus, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target there is.
pub const TARGETS: [Target; 10] = [
    ("allocator", allocator),
    ("datagram", datagram),
    ("estimator", estimator),
    ("forwarder", forwarder),
    ("head", crate::control::faults::fuzzed_head),
    ("history", history),
    ("offer", offer),
    ("reports", reports),
    ("signaling", signaling),
    ("tokens", tokens),
];

/// Runs the target called `name`: the whole of a fuzzer's program.
///
/// # Panics
/// If `data` is a finding.
pub fn run(name: &str, data: &[u8]) {
    match TARGETS.iter().find(|(target, _)| *target == name) {
        Some((_, body)) => body(data),
        None => panic!("there is no target {name}"),
    }
}

/// What a browser offers: a data channel, two own tracks (the picture with three layers), two pairs of slots.
const OFFERS: [&str; 3] = [SHORT_OFFER, CHROMIUM_OFFER, FIREFOX_OFFER];
const CHROMIUM_OFFER: &str = include_str!("../../fuzz/offers/chromium.sdp");
const FIREFOX_OFFER: &str = include_str!("../../fuzz/offers/firefox.sdp");

/// A picture out and one in, for speed.
const SHORT_OFFER: &str = include_str!("../../fuzz/offers/short.sdp");

/// Runs every input of a target's corpus and says which of them failed.
#[must_use]
pub fn replay(target: fn(&[u8]), inputs: &[(String, Vec<u8>)]) -> Vec<String> {
    let failed = |input: &&(String, Vec<u8>)| catch_unwind(AssertUnwindSafe(|| target(&input.1))).is_err();
    inputs.iter().filter(failed).map(|(name, _)| name.clone()).collect()
}
