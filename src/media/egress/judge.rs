//! Judges the bytes that leave on one connection, in every build with debug assertions: each run, right after it was sealed, is
//! opened again with the keys of the connection ([`super::opened`]) and held against what was to leave, and against what left
//! before it. A fault is logged and counted ([`Faults`]), and every test that ends a server or a world asks for the count.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::opened::{Header, Opened, Receiver};
use super::ring::Stored;
use super::seal::Sealer;
use super::write::{ExtensionIds, Own};
use super::{Negotiated, Run};
use crate::media::frame::Picture;
use crate::media::guard::Faults;
use crate::media::rtp::{AudioLevel, MediaTime, Ssrc};
use crate::media::window::{REMEMBERED, Window};

/// Bytes of a VP8 payload descriptor up to the counters at most, with them (RFC 7741 section 4.2).
const DESCRIPTOR: usize = 5;

/// Bytes of a datagram at fault that are logged: about what is not encrypted.
const READABLE: usize = 28;

/// A packet that was written.
#[derive(Debug)]
pub struct Expected {
    /// What of it is this connection's own.
    pub own: Own,
    /// What the client calls its extensions.
    pub ids: ExtensionIds,
    /// What came.
    pub stored: Stored,
    /// The payload that it brings along, if any.
    pub along: Vec<u8>,
    /// What it is on its source.
    pub role: Role,
}

/// What a packet is on its source.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// It leaves for the first time, with this timestamp.
    Fresh(MediaTime),
    /// It left with this source before.
    Again(Ssrc),
}

/// Judges what leaves on one connection; does nothing in builds without debug assertions.
#[derive(Debug)]
pub struct Judge(Option<Box<Judging>>);

#[derive(Debug, Default)]
struct Judging {
    receiver: Receiver,
    /// Written, and not in a run yet.
    expected: VecDeque<Expected>,
    sources: FxHashMap<Ssrc, Source>,
    /// The transport-wide number of the last packet that had one.
    transport: Option<u16>,
    /// The index of the last report.
    report: Option<u32>,
    faults: Faults,
}

/// What left with one source.
#[derive(Debug, Default)]
struct Source {
    used: Window,
    newest: Option<(u64, MediaTime)>,
    /// The last [`REMEMBERED`], for what leaves again.
    left: VecDeque<Left>,
}

/// A packet that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    seq: u16,
    time: u32,
    marker: bool,
    payload_type: u8,
    /// What stands for its payload.
    payload: u64,
}

type Verdict = Result<(), &'static str>;

fn holds(condition: bool, otherwise: &'static str) -> Verdict {
    if condition { Ok(()) } else { Err(otherwise) }
}

impl Judge {
    /// Of a connection on which nothing left.
    #[must_use]
    pub fn new() -> Judge {
        Judge(cfg!(debug_assertions).then(Box::default))
    }

    /// Never in builds without debug assertions: then no call of this module is left in them.
    fn judging(&mut self) -> Option<&mut Judging> {
        if cfg!(debug_assertions) { self.0.as_deref_mut() } else { None }
    }

    /// A packet was written into the run that comes next.
    pub fn expect(&mut self, expected: impl FnOnce() -> Expected) {
        if let Some(judging) = self.judging() {
            judging.expected.push_back(expected());
        }
    }

    /// A run is sealed and leaves: what was expected, and maybe reports in front of it.
    pub fn judge(&mut self, sealer: &Sealer, negotiated: &Negotiated, run: Run, bytes: &[u8]) {
        let Some(judging) = self.judging() else { return };
        for datagram in bytes.chunks(run.segment.max(1)) {
            judging.faults.opened += 1;
            if let Err(fault) = judging.datagram(sealer, negotiated, datagram) {
                judging.faults.wire += 1;
                let begins = datagram.get(..READABLE).unwrap_or(datagram);
                log::error!("the egress guard found a fault on the wire: {fault}, {begins:02x?}");
            }
        }
        if !judging.expected.is_empty() {
            judging.faults.wire += 1;
            log::error!("the egress guard found {} packets less in a run", judging.expected.len());
            judging.expected.clear();
        }
    }

    /// What was found so far.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.0.as_ref().map(|judging| judging.faults).unwrap_or_default()
    }
}

impl Default for Judge {
    fn default() -> Judge {
        Judge::new()
    }
}

impl Judging {
    fn datagram(&mut self, sealer: &Sealer, negotiated: &Negotiated, datagram: &[u8]) -> Verdict {
        match self.receiver.open(sealer, datagram) {
            Some(Opened::Report { index, compound }) => self.report(index, &compound),
            Some(Opened::Packet { header, index, payload }) => {
                let expected = self.expected.pop_front().ok_or("more leaves than was written")?;
                let follows = match expected.role {
                    Role::Fresh(time) => self.fresh(&header, index, time, &payload),
                    Role::Again(of) => self.again(&header, index, of, &payload, negotiated),
                };
                // All of them, or one fault would make others.
                let counts = self.numbers(&header, index, expected.ids);
                is_as_expected(&header, &payload, &expected).and(counts).and(follows)
            }
            None => {
                self.expected.pop_front();
                Err("it cannot be opened")
            }
        }
    }

    fn report(&mut self, index: u32, mut compound: &[u8]) -> Verdict {
        holds(
            self.report.replace(index).is_none_or(|before| before < index),
            "a report's index comes again",
        )?;
        // RFC 3550 section 6.4.1: version, type, length in words less one.
        while let Some((&[first, kind, high, low], _)) = compound.split_first_chunk::<4>() {
            let bytes = 4 * (1 + usize::from(u16::from_be_bytes([high, low])));
            holds(first >> 6 == 2 && (200..208).contains(&kind), "a report is none")?;
            compound = compound.get(bytes..).ok_or("a report is cut short")?;
        }
        holds(compound.is_empty(), "a report has a rest")
    }

    /// Each number once, those of the connection one by one.
    fn numbers(&mut self, header: &Header, index: u64, ids: ExtensionIds) -> Verdict {
        let source = self.sources.entry(header.ssrc).or_default();
        holds(source.used.take(index), "a sequence number comes again")?;
        let Some(id) = ids.transport else { return Ok(()) };
        let number = header.elements.iter().find(|(of, _)| *of == id);
        let number = number.and_then(|(_, value)| value.as_slice().try_into().ok()).map(u16::from_be_bytes);
        let number = number.ok_or("it has no transport-wide number")?;
        let before = self.transport.replace(number);
        holds(
            before.is_none_or(|before| before.wrapping_add(1) == number),
            "transport-wide numbers have a hole",
        )
    }

    fn fresh(&mut self, header: &Header, index: u64, time: MediaTime, payload: &[u8]) -> Verdict {
        holds(header.time == time.low(), "the timestamp is another")?;
        let source = self.sources.entry(header.ssrc).or_default();
        let newest = source.newest.unwrap_or((index, time));
        let ordered = if index >= newest.0 { time >= newest.1 } else { time <= newest.1 };
        source.newest = Some(newest.max((index, time)));
        source.left.truncate(usize::try_from(REMEMBERED).unwrap_or_default());
        source.left.push_front(Left::of(header, payload));
        holds(ordered, "timestamps are not in the order of sequence numbers")
    }

    fn again(
        &mut self,
        header: &Header,
        index: u64,
        of: Ssrc,
        payload: &[u8],
        negotiated: &Negotiated,
    ) -> Verdict {
        let resends = self.sources.entry(header.ssrc).or_default();
        let before = resends.newest.replace((index, MediaTime::default()));
        holds(
            before.is_none_or(|(before, _)| before + 1 == index),
            "numbers of what leaves again are not one by one",
        )?;
        let (original, payload) = payload.split_first_chunk().ok_or("what leaves again has no number")?;
        let seq = u16::from_be_bytes(*original);
        let left = self.sources.get(&of).and_then(|source| source.left.iter().find(|left| left.seq == seq));
        let left = left.ok_or("what leaves again never left")?;
        let same = Left { payload_type: left.payload_type, seq, ..Left::of(header, payload) };
        holds(same == *left, "what leaves again is not what left")?;
        let types = negotiated.formats.iter().zip(&negotiated.resends);
        let mut paired = types.filter(|(first, _)| **first == Some(left.payload_type));
        holds(
            paired.any(|(_, again)| *again == Some(header.payload_type)),
            "what leaves again has another's payload type",
        )
    }
}

impl Left {
    fn of(header: &Header, payload: &[u8]) -> Left {
        let mut hasher = FxHasher::default();
        payload.hash(&mut hasher);
        let Header { seq, time, marker, payload_type, .. } = *header;
        Left { seq, time, marker, payload_type, payload: hasher.finish() }
    }
}

/// Whether it is what was to be written, and nothing else.
fn is_as_expected(header: &Header, payload: &[u8], expected: &Expected) -> Verdict {
    let Expected { own, ids, stored, along, .. } = expected;
    holds(header.ssrc == own.ssrc, "the source is another")?;
    holds(header.payload_type == own.payload_type, "the payload type is another")?;
    holds(header.marker == stored.marker, "the marker is another")?;
    holds((header.seq, header.time) == (own.seq, own.time), "numbers are others")?;
    let level = stored.extensions.level.map(|AudioLevel { level, voice }| level | (u8::from(voice) << 7));
    let said = [
        (ids.level, level.map(|level| vec![level])),
        (ids.orientation, stored.extensions.orientation.map(|turned| vec![turned])),
        (ids.transport, own.transport.map(|number| number.to_be_bytes().to_vec())),
    ];
    let said: Vec<_> = said.into_iter().filter_map(|(id, value)| id.zip(value)).collect();
    holds(header.elements == said, "extensions are others")?;
    let payload = match own.original {
        None => payload,
        Some(original) => {
            payload.strip_prefix(&original.to_be_bytes()).ok_or("the original number is another")?
        }
    };
    let payload = if along.is_empty() { payload } else { newest(payload, along)? };
    holds(is_copy(payload, &stored.payload, own.picture), "the payload is another")
}

/// What is new of a payload that brings `along` what left before (RFC 2198 section 3).
fn newest<'a>(payload: &'a [u8], along: &[u8]) -> Result<&'a [u8], &'static str> {
    let (&[first, _, third, fourth, last], blocks) =
        payload.split_first_chunk::<5>().ok_or("what brings something along is too short")?;
    holds(first >> 7 == 1 && first & 0x7f == last, "blocks of redundant sound are not of one kind")?;
    let length = usize::from(third & 3) << 8 | usize::from(fourth);
    holds(length == along.len(), "what is brought along has another length")?;
    blocks.strip_prefix(along).ok_or("what is brought along did not leave before")
}

/// Whether a payload is that which came, but for the counters of a picture.
fn is_copy(payload: &[u8], came: &[u8], picture: Option<Picture>) -> bool {
    let Some(Picture { id, long, .. }) = picture else { return payload == came };
    let rest = |bytes: &[u8]| bytes.iter().skip(DESCRIPTOR).copied().collect::<Vec<u8>>();
    let counted = match (payload, long) {
        (&[_, _, high, low, ..], true) => u16::from_be_bytes([high, low]) == id | 0x8000,
        (&[_, _, low, ..], false) => u16::from(low) == id & 0x7f,
        _ => false,
    };
    counted && payload.len() == came.len() && payload.get(..2) == came.get(..2) && rest(payload) == rest(came)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "numbers wrap, and others are small")]
mod tests;
