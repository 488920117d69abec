//! A datagram as its receiver has it: opened with the keys of the connection, and read by the rules of the RFCs, not by those it
//! was written by. For the [`super::judge`] and for tests.

use rustc_hash::FxHashMap;

use super::seal::Sealer;
use crate::media::rtp::Ssrc;

/// Bytes of the header without extensions.
const FIXED: usize = 12;

/// Ids and values of extensions.
type Elements = Vec<(u8, Vec<u8>)>;

/// The header of an RTP packet (RFC 3550 section 5.1) of who mixes nothing: no contributing sources, no padding.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// The marker bit.
    pub marker: bool,
    /// The payload type.
    pub payload_type: u8,
    /// The low bits of the sequence number.
    pub seq: u16,
    /// The low bits of the timestamp.
    pub time: u32,
    /// The source.
    pub ssrc: Ssrc,
    /// Ids and values of extensions (RFC 8285 sections 4.2 and 4.3).
    pub elements: Elements,
    /// Bytes of it, with the extensions.
    pub length: usize,
}

impl Header {
    /// Reads what a packet begins with; `None` if it is no such header.
    #[must_use]
    pub fn read(packet: &[u8]) -> Option<Header> {
        let (&[first, second, high, low, t0, t1, t2, t3, s0, s1, s2, s3], rest) =
            packet.split_first_chunk::<FIXED>()?;
        if first & 0xef != 0x80 {
            return None;
        }
        let (elements, extended) = if first & 0x10 == 0 { (Vec::new(), 0) } else { elements(rest)? };
        Some(Header {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            seq: u16::from_be_bytes([high, low]),
            time: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: Ssrc(u32::from_be_bytes([s0, s1, s2, s3])),
            elements,
            length: FIXED + extended,
        })
    }
}

/// The elements of a block of extensions, and how long it is.
fn elements(block: &[u8]) -> Option<(Elements, usize)> {
    let (&[code, also, high, low], rest) = block.split_first_chunk::<4>()?;
    let long = match [code, also] {
        [0xbe, 0xde] => false,
        [0x10, 0x00] => true,
        _ => return None,
    };
    let mut rest = rest.get(..4 * usize::from(u16::from_be_bytes([high, low])))?;
    let (mut elements, length) = (Vec::new(), 4 + rest.len());
    while let Some((first, after)) = rest.split_first() {
        if *first == 0 {
            rest = after;
            continue;
        }
        let (id, bytes, after) = if long {
            let (bytes, after) = after.split_first()?;
            (*first, usize::from(*bytes), after)
        } else {
            (first >> 4, usize::from(first & 0x0f) + 1, after)
        };
        let (value, after) = after.split_at_checked(bytes)?;
        elements.push((id, value.to_vec()));
        rest = after;
    }
    Some((elements, length))
}

/// What was in a datagram.
#[derive(Debug)]
pub enum Opened {
    /// RTP.
    Packet {
        /// What it begins with.
        header: Header,
        /// Its sequence number with roll-overs.
        index: u64,
        /// What follows the header.
        payload: Vec<u8>,
    },
    /// RTCP.
    Report {
        /// Its number (RFC 3711 section 3.4).
        index: u32,
        /// All of it, in plain text.
        compound: Vec<u8>,
    },
}

/// The other end of a connection. It counts roll-overs for itself (RFC 3711 section 3.3.1).
#[derive(Debug, Default)]
pub struct Receiver {
    highest: FxHashMap<Ssrc, u64>,
}

impl Receiver {
    /// Opens a datagram with the keys of `sealer`. `None` if it was not sealed with them, under the numbers that it says.
    pub fn open(&mut self, sealer: &Sealer, datagram: &[u8]) -> Option<Opened> {
        // RTP or RTCP (RFC 5761 section 4).
        if matches!(datagram.get(1)? & 0x7f, 64..96) {
            let (index, compound) = sealer.open_report(datagram)?;
            return Some(Opened::Report { index, compound });
        }
        let header = Header::read(datagram)?;
        // The first is taken for one without roll-overs.
        let highest = self.highest.get(&header.ssrc).copied().unwrap_or(header.seq.into());
        #[expect(clippy::cast_possible_truncation, reason = "how far it is ahead of the low bits")]
        let ahead = header.seq.wrapping_sub(highest as u16).cast_signed();
        let index = highest.checked_add_signed(ahead.into())?;
        let payload = sealer.open(header.ssrc, index, datagram, header.length)?;
        self.highest.insert(header.ssrc, index.max(highest));
        Some(Opened::Packet { header, index, payload })
    }
}
