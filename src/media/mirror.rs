//! Plain STUN (RFC 8489 section 3): whoever asks over UDP where their datagrams come from is told that, and nothing else. Browsers
//! that are to reach each other find their outer addresses so, and nobody else's server has to be asked.
//!
//! Strangers ask, in whoever's name: an answer is 32 bytes (IPv4) or 44 (IPv6) for a request of 20 at least, 2.2 times as much at
//! most, and is metered by source. Meters are a fixed number of cells that addresses are spread over by a secret hash. Sources
//! that share a cell share its rate, so none is ever put out of the table for another, and asking in many names costs no memory:
//! what all get together is metered too, and fills few of the cells.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::demux::Path;
use super::egress::Run;
use crate::limits::{Limit, Limits, Tally};

/// Cells of the meter of sources, 16 bytes each: two sources share one in one of 4,096 cases.
const CELLS: usize = 4_096;

/// Seconds' worth of its rate that a source may have at once: a school that enters.
const SOURCE_AT_ONCE: u32 = 10;

/// The same of all together.
const ALL_AT_ONCE: u32 = 1;

/// Bytes of a request that is read. Browsers send 20 and hardly any attribute; to be read to the end costs a microsecond.
const LONGEST: usize = 128;

/// Bytes of the header of a message.
const HEADER: usize = 20;

/// Bytes of an answer at most: the header, and one attribute with an address of IPv6.
const ANSWER: usize = 44;

const MAGIC: u32 = 0x2112_a442;
const MAPPED: u16 = 0x0020;
const FINGERPRINT: u16 = 0x8028;

/// From here on attributes may be passed over by who does not know them.
const OPTIONAL: u16 = 0x8000;

type Transaction = [u8; 12];

/// The transaction of a plain request: a binding request without a user name and without integrity. `None` for everything else, such
/// as one with an attribute that would have to be understood or with a wrong fingerprint.
pub fn read(datagram: &[u8]) -> Option<Transaction> {
    let (header, mut rest) = datagram.split_first_chunk::<HEADER>()?;
    let [0, 1, high, low, 0x21, 0x12, 0xa4, 0x42, transaction @ ..] = *header else { return None };
    if datagram.len() > LONGEST || usize::from(u16::from_be_bytes([high, low])) != rest.len() {
        return None;
    }
    while !rest.is_empty() {
        let before = datagram.len() - rest.len();
        let (&[kind, under, high, low], behind) = rest.split_first_chunk()?;
        let (kind, length) = (u16::from_be_bytes([kind, under]), u16::from_be_bytes([high, low]).into());
        let value = behind.get(..length)?;
        if kind < OPTIONAL {
            return None;
        }
        rest = behind.get(length.next_multiple_of(4)..)?;
        if kind == FINGERPRINT {
            // It is the last one, and of all before it (section 14.7).
            let found = fingerprint(datagram.get(..before)?);
            return (rest.is_empty() && value == found).then_some(transaction);
        }
    }
    Some(transaction)
}

/// CRC-32 (ITU V.42) with a number that tells it from others (RFC 8489 section 14.7). Bit by bit: messages are short.
fn fingerprint(bytes: &[u8]) -> [u8; 4] {
    let crc = bytes.iter().fold(!0_u32, |crc, byte| {
        let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    });
    (!crc ^ 0x5354_554e).to_be_bytes()
}

/// A success response with XOR-MAPPED-ADDRESS (RFC 8489 section 14.2), appended.
fn write(transaction: &Transaction, to: SocketAddr, out: &mut Vec<u8>) {
    let port = to.port() ^ 0x2112;
    let (family, bytes): (u8, u16) = if to.is_ipv4() { (1, 8) } else { (2, 20) };
    out.extend_from_slice(&[1, 1]);
    out.extend_from_slice(&(bytes + 4).to_be_bytes());
    out.extend_from_slice(&MAGIC.to_be_bytes());
    out.extend_from_slice(transaction);
    out.extend_from_slice(&MAPPED.to_be_bytes());
    out.extend_from_slice(&bytes.to_be_bytes());
    out.extend_from_slice(&[0, family]);
    out.extend_from_slice(&port.to_be_bytes());
    match to.ip() {
        IpAddr::V4(v4) => out.extend_from_slice(&(v4.to_bits() ^ MAGIC).to_be_bytes()),
        IpAddr::V6(v6) => {
            let mut mask = [0; 16];
            if let Some((magic, rest)) = mask.split_first_chunk_mut::<4>() {
                *magic = MAGIC.to_be_bytes();
                rest.copy_from_slice(transaction);
            }
            let masked = v6.to_bits() ^ u128::from_be_bytes(mask);
            out.extend_from_slice(&masked.to_be_bytes());
        }
    }
}

/// A rate with a burst (GCRA, ITU-T I.371).
#[derive(Debug, Clone, Copy)]
struct Rate {
    each: Duration,
    burst: Duration,
}

impl Rate {
    /// `None` if there is none of it.
    fn of(limits: &Limits, limit: Limit, seconds: u32) -> Option<Rate> {
        let second = Duration::from_secs(1);
        let each = second.checked_div(u32::try_from(limits.get(limit)).unwrap_or(u32::MAX))?;
        Some(Rate { each, burst: second * seconds })
    }

    /// When all is paid for if one more is taken. `None` if that is one too many.
    fn after(self, paid_at: Option<Instant>, now: Instant) -> Option<Instant> {
        let after = paid_at.map_or(now, |at| at.max(now)) + self.each;
        (after <= now + self.burst).then_some(after)
    }
}

/// Who asked of late, and the answers that are to leave.
#[derive(Debug)]
pub struct Mirror {
    hash: RandomState,
    /// When all that the sources of each cell took is paid for.
    cells: Vec<Option<Instant>>,
    all: Option<Instant>,
    rates: (Option<Rate>, Option<Rate>),
    /// As many as all may have at once, at most; kept when it is empty, so that an answer allocates nothing.
    answers: Vec<(Path, Transaction)>,
    /// How many of these left.
    gone: usize,
}

impl Mirror {
    /// Nobody asked yet.
    pub fn new(limits: &Limits) -> Mirror {
        Mirror {
            hash: RandomState::new(),
            cells: vec![None; CELLS],
            all: None,
            rates: (
                Rate::of(limits, Limit::StunPerSecondPerAddress, SOURCE_AT_ONCE),
                Rate::of(limits, Limit::StunPerSecond, ALL_AT_ONCE),
            ),
            answers: Vec::new(),
            gone: 0,
        }
    }

    /// Somebody asks by `path`. Whether they get an answer.
    pub fn ask(&mut self, now: Instant, path: Path, transaction: Transaction, tally: &mut Tally) -> bool {
        let (source, all) = self.rates;
        let at = usize::try_from(self.hash.hash_one(counted(path.remote.ip()))).unwrap_or(0) % CELLS;
        let Some(cell) = self.cells.get_mut(at) else { return false };
        let Some(source) = source.and_then(|rate| rate.after(*cell, now)) else {
            tally.hit(Limit::StunPerSecondPerAddress);
            return false;
        };
        let Some(all) = all.and_then(|rate| rate.after(self.all, now)) else {
            tally.hit(Limit::StunPerSecond);
            return false;
        };
        *cell = Some(source);
        self.all = Some(all);
        self.answers.push((path, transaction));
        true
    }

    /// The next answer, written to the end of `out`.
    pub fn poll(&mut self, out: &mut Vec<u8>) -> Option<Run> {
        let Some((path, transaction)) = self.answers.get(self.gone) else {
            self.answers.clear();
            self.gone = 0;
            return None;
        };
        self.gone += 1;
        let before = out.len();
        write(transaction, path.remote, out);
        debug_assert!(out.len() - before <= ANSWER);
        Some(Run { path: *path, segment: out.len() - before })
    }
}

/// An address as it is counted: one of IPv4, or a /64 of IPv6, all of which whoever has one of them has.
fn counted(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits() >> 64 | 1 << 127,
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "lengths are small")]
mod tests;
