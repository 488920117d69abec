//! One source (SSRC) of ours: what of it is sealed, sent again and reported.

use super::Packets;
use super::history::History;
use super::redundancy::Along;
use super::report::Sending;
use super::ring::{Kept, Stored};
use super::seal::Sealed;
use crate::media::ids::Kind;
use crate::media::rtp::{MediaTime, SeqNo, Ssrc};

/// A slot's source. It stays for as long as the connection and its keys.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) kind: Kind,
    pub(super) sealed: Sealed,
    /// What its packets leave with when they leave again; `None` if they do not.
    pub(super) resends: Option<Resends>,
    pub(super) history: History,
    pub(super) sending: Sending,
    /// The last packet of sound that left: which, and its numbers.
    pub(super) before: Option<(Kept, SeqNo, MediaTime)>,
}

/// The source of another one's retransmissions (RFC 4588 section 4), which counts for itself.
#[derive(Debug)]
pub(super) struct Resends {
    pub(super) sealed: Sealed,
    next: u64,
}

impl Resends {
    fn new(ssrc: Ssrc) -> Resends {
        // Any start will do below 2^15: beyond, a receiver that misses the first ones guesses the roll-overs wrong.
        Resends { sealed: Sealed::new(ssrc), next: u64::from(ssrc.0 & 0x7fff) }
    }

    /// The next sequence number.
    pub(super) fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Source {
    /// What its packet of sound `seq`, of `time` and encoded as the client's payload type `of`, brings along: the one that left before.
    pub(super) fn along<'a>(
        &self,
        seq: SeqNo,
        time: MediaTime,
        of: u8,
        packet: &Stored,
        packets: &'a impl Packets,
    ) -> Option<Along<'a>> {
        let (kept, _, at) = self.before.filter(|(_, left, at)| *left + 1 == seq && *at < time)?;
        Along::new(&packets.get(kept)?.payload, time - at, of, packet.payload.len())
    }

    /// Nothing was sent with it.
    pub(super) fn new(kind: Kind, ssrc: Ssrc, resends: Option<Ssrc>) -> Source {
        Source {
            kind,
            sealed: Sealed::new(ssrc),
            resends: resends.map(Resends::new),
            history: History::default(),
            sending: Sending::new(kind.clock_rate()),
            before: None,
        }
    }
}
