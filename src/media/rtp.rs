//! RTP's numbers (RFC 3550 section 5.1), so that one is never taken for another.

/// A synchronization source: one encoding, or its retransmissions, on one connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssrc(pub u32);
