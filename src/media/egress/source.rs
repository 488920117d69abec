//! One source (SSRC) of ours: what of it is sealed, sent again and reported.

use super::history::History;
use super::report::Sending;
use super::seal::Sealed;
use crate::media::ids::Kind;
use crate::media::rtp::Ssrc;

/// A slot's source. It stays for as long as the connection and its keys.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) kind: Kind,
    pub(super) sealed: Sealed,
    /// What its packets leave with when they leave again; `None` if they do not.
    pub(super) resends: Option<Resends>,
    pub(super) history: History,
    pub(super) sending: Sending,
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
    /// Nothing was sent with it.
    pub(super) fn new(kind: Kind, ssrc: Ssrc, resends: Option<Ssrc>) -> Source {
        Source {
            kind,
            sealed: Sealed::new(ssrc),
            resends: resends.map(Resends::new),
            history: History::default(),
            sending: Sending::new(kind.clock_rate()),
        }
    }
}
