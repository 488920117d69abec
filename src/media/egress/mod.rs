//! What leaves: RTP to the subscribers of one connection, written from what publications keep.
//!
//! ```text
//!  a packet came ─► ring::Ring             kept once, whoever gets it
//!  fan-out ─► Egress::send ─► queue        what differs for this one: numbers, and no payload
//!  a report came ─► feedback ─┬► repair    what was lost and is worth it is written again, from the same ring
//!                             ├► estimate  what the downlink holds: how much may be padded, and how fast what waits leaves
//!                             └► a key frame is wanted
//!  Egress::poll ─► write::write            header and payload, once, into the run that is sent; of sound that gets lost twice (redundancy)
//!               ─► transport-wide number   when it is certain to leave
//!               ─► seal::Sealer            in place
//!               ─► history, report         what left, to be repaired and reported
//!               ─► judge                   in debug builds: each run is opened again and judged by its bytes
//! ```
//!
//! The shape is that of QUIC's state machines: whoever polls gives a buffer and gets a run of datagrams of one length for one
//! destination, which the kernel takes in one call. str0m seals nothing but its own reports on such a connection
//! (`docs/decisions.md`).

mod downlink;
pub mod feedback;
pub mod history;
pub mod judge;
mod next;
pub mod opened;
mod outbound;
mod queue;
pub mod redundancy;
pub mod repair;
pub mod report;
pub mod ring;
pub mod seal;
mod source;
pub mod write;

use super::demux::Path;
use super::ids::Kind;
use super::rtp::Ssrc;
use super::units::Bitrate;
use repair::Refused;
use ring::{Kept, Stored};
use write::ExtensionIds;

pub use outbound::Egress;
pub use queue::Queued;

/// Bytes one call may hold (an IPv4 datagram's largest payload): one byte more, and all of it is lost.
pub const MOST_BYTES: usize = 65_507;

/// Payload formats there may be.
pub const FORMATS: usize = 14;

/// Where packets are kept.
pub trait Packets {
    /// A packet, while it is kept.
    fn get(&self, kept: Kept) -> Option<&Stored>;
}

/// Datagrams that go to one destination in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// From our announced address, to the client's.
    pub path: Path,
    /// Bytes of each of them; the last may be shorter.
    pub segment: usize,
}

impl Run {
    /// Whether a datagram of so many bytes may follow in a run that has `held`.
    fn takes(&self, held: usize, bytes: usize) -> bool {
        bytes <= self.segment && held + bytes <= MOST_BYTES
    }
}

/// What was counted since it was asked last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets sent again because the client asked for them.
    pub resent: u64,
    /// Packets of sound that brought the one before along.
    pub redundant: u64,
    /// Packets sent again to find out what the downlink holds.
    pub padded: u64,
    /// What the client asked for again and did not get.
    pub refused: Refused,
}

/// What a report means to others.
#[derive(Debug, Clone, Copy)]
pub enum Told {
    /// The client needs a key frame of this source.
    KeyFrame(Ssrc),
    /// Its downlink is thought to hold so much.
    Estimate(Bitrate),
}

/// What the client calls things that are sent to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Negotiated {
    /// The payload type of each format, on the lines it receives on.
    pub formats: [Option<u8>; FORMATS],
    /// The payload type of its retransmissions (RFC 4588).
    pub resends: [Option<u8>; FORMATS],
    /// The payload type of sound that brings the packet before along (RFC 2198), if the client takes that.
    pub redundant: Option<u8>,
    /// Header extensions of sound.
    pub sound: ExtensionIds,
    /// Header extensions of pictures.
    pub picture: ExtensionIds,
}

impl Negotiated {
    fn ids(&self, kind: Kind) -> ExtensionIds {
        match kind {
            Kind::Audio => self.sound,
            Kind::Video => self.picture,
        }
    }

    /// The payload type of a packet, or of its retransmission.
    fn payload_type(&self, stored: &Stored, again: bool) -> Option<u8> {
        let types = if again { &self.resends } else { &self.formats };
        types.get(usize::from(stored.format.0)).copied().flatten()
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers wrap, and others are small")]
mod tests;
