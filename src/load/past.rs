//! What is kept of people who left, and of what went wrong.

use std::time::Instant;

use super::measure::Receiver;

/// What somebody who left had received.
#[derive(Debug)]
pub(super) struct Former {
    pub number: usize,
    pub came: Instant,
    pub left: Instant,
    pub receiver: Receiver,
}

/// How somebody got on who came while it was measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub came: Instant,
    pub entered: Option<Instant>,
    pub connected: Option<Instant>,
    pub seen: Option<Instant>,
}

/// What went wrong while it was measured.
#[derive(Debug, Default)]
pub(super) struct Mishaps {
    /// Sockets of signaling that ended.
    pub sockets: u64,
    /// Connections for media that ended.
    pub connections: u64,
    /// Times somebody was refused.
    pub refused: u64,
    /// The first refusal, with what to do about it.
    pub first: Option<String>,
}
