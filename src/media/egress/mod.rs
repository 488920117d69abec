//! What leaves: RTP to the subscribers of one connection, written from what publications keep.
//!
//! ```text
//!  a packet came ─► ring::Ring            kept once, whoever gets it
//!  fan-out ─► Egress::send ─► queue       what differs for this one: numbers, 48 bytes
//!  Egress::poll ─► write::write           header and payload, once, into the run that is sent
//!               ─► transport-wide number  when it is certain to leave
//!               ─► seal::Sealer           in place
//! ```
//!
//! The shape is that of QUIC's state machines: whoever polls gives a buffer and gets a run of datagrams of one length for one
//! destination, which the kernel takes in one call. str0m seals nothing but its own reports on such a connection
//! (`docs/decisions.md`).

pub mod feedback;
pub mod history;
mod queue;
pub mod repair;
pub mod report;
pub mod ring;
pub mod seal;
pub mod write;

use std::time::Instant;

use super::demux::Path;
use super::ids::Kind;
use super::rtp::Ssrc;
use ring::{Kept, Stored};
use seal::{Sealed, Sealer, Unsealed};
use write::{ExtensionIds, Own};

pub use queue::{Queue, Queued};

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

/// What the client calls things that are sent to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Negotiated {
    /// The payload type of each format, on the lines it receives on.
    pub formats: [Option<u8>; FORMATS],
    /// The payload type of its retransmissions (RFC 4588).
    pub resends: [Option<u8>; FORMATS],
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
}

/// One source of ours: a slot's. It stays for as long as the connection and its keys.
#[derive(Debug)]
struct Source {
    kind: Kind,
    sealed: Sealed,
}

/// What leaves on one connection.
#[derive(Debug, Default)]
pub struct Egress {
    /// From the handshake's end on.
    sealer: Option<Sealer>,
    negotiated: Negotiated,
    /// In the order of [`Egress::ssrcs`].
    sources: Vec<Source>,
    /// Together, so that finding one of them is a look at a line or two of the cache.
    ssrcs: Vec<Ssrc>,
    queue: Queue,
    /// The next transport-wide number.
    transport: u16,
}

impl Egress {
    /// The handshake ended with these keys.
    pub fn keys(&mut self, sealer: Sealer) {
        self.sealer = Some(sealer);
    }

    /// An offer was answered.
    pub fn negotiated(&mut self, negotiated: Negotiated) {
        self.negotiated = negotiated;
    }

    /// A slot sends with `ssrc`. What left with it before is remembered.
    pub fn add(&mut self, kind: Kind, ssrc: Ssrc) {
        if self.place(ssrc).is_none() {
            self.ssrcs.push(ssrc);
            self.sources.push(Source { kind, sealed: Sealed::new(ssrc) });
        }
    }

    fn place(&self, ssrc: Ssrc) -> Option<usize> {
        self.ssrcs.iter().position(|known| *known == ssrc)
    }

    /// Whether a slot sends with `ssrc`.
    #[must_use]
    pub fn has(&self, ssrc: Ssrc) -> bool {
        self.place(ssrc).is_some()
    }

    /// A packet is to leave with `ssrc`. False if there is no such source.
    pub fn send(&mut self, ssrc: Ssrc, packet: Queued) -> bool {
        let Some(source) = self.place(ssrc) else { return false };
        let Some(kind) = self.sources.get(source).map(|source| source.kind) else { return false };
        self.queue.push(kind, source, packet);
        true
    }

    /// Something waits to leave.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Nothing of what waits leaves.
    pub fn clear(&mut self) {
        self.queue.clear();
    }

    /// Writes what is to leave next into `out`, which is empty: at most `most` datagrams. `goes` says where a datagram of so many
    /// bytes goes, if it may go anywhere.
    ///
    /// # Errors
    /// [`Unsealed`] if the connection must end; nothing of it leaves then.
    pub fn poll(
        &mut self,
        _now: Instant,
        most: usize,
        packets: &impl Packets,
        mut goes: impl FnMut(usize) -> Option<Path>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Run>, Unsealed> {
        let Some(sealer) = &self.sealer else {
            self.queue.clear();
            return Ok(None);
        };
        let mut run: Option<Run> = None;
        for _ in 0..most {
            let Some((place, next)) = self.queue.front() else { break };
            let (Some(source), Some(stored)) = (self.sources.get_mut(place), packets.get(next.kept)) else {
                self.queue.pop();
                continue;
            };
            let Some(payload_type) =
                self.negotiated.formats.get(usize::from(stored.format.0)).copied().flatten()
            else {
                self.queue.pop();
                continue;
            };
            let ids = self.negotiated.ids(source.kind);
            #[expect(clippy::cast_possible_truncation, reason = "a packet has the low bits")]
            let own = Own {
                ssrc: source.sealed.ssrc,
                payload_type,
                seq: next.seq.0 as u16,
                time: next.time,
                picture: next.picture,
                original: None,
                transport: Some(self.transport),
            };
            let bytes = write::length(stored, &own, ids) + sealer.adds();
            if run.is_some_and(|run| bytes > run.segment || out.len() + bytes > MOST_BYTES) {
                break;
            }
            let Some(path) = goes(bytes) else {
                self.queue.pop();
                continue;
            };
            if run.is_some_and(|run| run.path != path) {
                break;
            }
            let (index, at) = (next.seq.0, out.len());
            self.queue.pop();
            let header = write::write(stored, &own, ids, out);
            sealer.seal(&mut source.sealed, index, out, at, header)?;
            self.transport = self.transport.wrapping_add(1);
            let segment = run.get_or_insert(Run { path, segment: bytes }).segment;
            if bytes < segment {
                break;
            }
        }
        Ok(run)
    }
}
