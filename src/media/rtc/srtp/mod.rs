//! All that is known here of SRTP (RFC 3711, RFC 7714): one client's keys, which of its packets str0m may see, what of them was
//! decrypted, and that nothing of ours is sealed twice with one nonce.
//!
//! str0m does the encrypting, and tells nothing of it. Its cryptography is wrapped, and what passes by while it has a call
//! is noted on the thread, for the connection whose call that is:
//!
//! ```text
//!  datagram ─► Srtp::admits ─► Watch::begin ─► str0m ─► Watch::end ─► Srtp::note
//!              replay, sources, keys           │ ▲
//!                       handshake, ciphers ────┴─┘ keys; what was decrypted, reports with their plain text; sealing
//! ```
//!
//! Where we read reports ourselves, str0m sees of them only what it needs (`heeded`).
//!
//! Egress follows the client only to addresses from which SRTP or SRTCP was *authenticated*, and presence counts only such
//! packets: str0m's own counter of what it received moves before decryption.

mod ciphers;
mod datastreams;
mod handshake;
mod heeded;
mod keys;
mod replay;
mod sealing;
mod sources;
mod watch;

use crate::limits::{Limits, Tally};
use crate::media::egress::seal::Sealer;
use keys::Verifier;
use replay::Replays;

pub(super) use ciphers::provider;
pub(super) use sources::{RxStream, Sources};
#[cfg(test)]
pub(super) use watch::last_report;
pub(super) use watch::{Watch, Watched, take_repeated};

/// One client's SRTP.
#[derive(Debug, Default)]
pub(super) struct Srtp {
    /// The client's keys, when the handshake is over.
    verifier: Option<Verifier>,
    /// What SRTCP came already.
    replays: Replays,
    /// What SRTP comes from.
    pub sources: Sources,
}

impl Srtp {
    /// The handshake is not over yet.
    pub(super) fn lacks_keys(&self) -> bool {
        self.verifier.is_none()
    }

    /// Whether str0m may see an SRTP or SRTCP packet: of SRTP its source is known, or the packet proves itself; SRTCP is no
    /// replay.
    pub(super) fn admits(&mut self, datagram: &[u8], limits: &Limits, tally: &mut Tally) -> bool {
        let Some(verifier) = &mut self.verifier else { return false };
        if is_rtcp(datagram) {
            !self.replays.refuse(datagram, verifier.after_index(), limits, tally)
        } else {
            self.sources.admit(datagram, verifier, limits, tally)
        }
    }

    /// Takes note of what passed while str0m was given `datagram`. Returns what seals with our keys, once a handshake ended.
    pub(super) fn note(&mut self, datagram: &[u8], watched: Watched) -> Option<Sealer> {
        if let Some(keys) = watched.keys {
            self.verifier = Some(keys);
        }
        if let Some(verifier) = self.verifier.as_ref().filter(|_| watched.authentic && is_rtcp(datagram)) {
            self.replays.note(datagram, verifier.after_index());
        }
        watched.sealer
    }
}

/// Whether SRTP or SRTCP is SRTCP (RFC 5761 section 4).
pub(super) fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|second| (64..96).contains(&(second & 0x7f)))
}
