//! RTP's numbers (RFC 3550 section 5.1), so that one is never taken for another.

/// A synchronization source: one encoding, or its retransmissions, on one connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ssrc(pub u32);

/// A sequence number, extended over its wraps at 16 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeqNo(pub u64);

/// A timestamp in ticks of its encoding's clock, extended over its wraps at 32 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MediaTime(pub u64);
