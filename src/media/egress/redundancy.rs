//! Sound that leaves twice: to whoever loses some of it, each packet brings the one before along (RFC 2198).
//!
//! A voice is not asked for again, because what comes a round trip later is too late for it; Opus' own correction mends one packet, at a
//! fraction of its quality. It costs a voice once more, so only those get it whose line loses some and holds more than voices.

use std::time::{Duration, Instant};

use crate::media::units::Bitrate;

/// From this share of loss on, and for so long after it was lost last: losses come together, and a window has forty packets.
const FROM_LOSS: f32 = 0.02;
const LASTS: Duration = Duration::from_secs(10);

/// A line that is thought to hold less has no room for voices twice.
const FROM_ESTIMATE: Bitrate = Bitrate::kbps(300);

/// The field of a block's length has 10 bits, that of its age 14 (RFC 2198 section 3).
const MOST_BYTES: usize = 1 << 10;
const MOST_AGE: u64 = 1 << 14;

/// Both in one datagram are well within every path's.
const MOST_TOGETHER: usize = 1_000;

/// In front of what is brought along, and of what is new.
const HEADERS: usize = 4 + 1;

/// Whether a connection's sound leaves twice.
#[derive(Debug, Default)]
pub(super) struct Redundancy {
    until: Option<Instant>,
}

impl Redundancy {
    /// Its client told what came: this share was lost, and the line is thought to hold so much.
    pub(super) fn heard(&mut self, now: Instant, loss: f32, estimate: Bitrate) {
        if estimate < FROM_ESTIMATE {
            self.until = None;
        } else if loss >= FROM_LOSS {
            self.until = Some(now + LASTS);
        }
    }

    /// Whether it is on.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

/// What a packet of sound brings along.
#[derive(Debug, Clone, Copy)]
pub struct Along<'a> {
    /// The payload of the packet before.
    pub payload: &'a [u8],
    /// By how many ticks that is older.
    age: u16,
    /// What both are encoded in, as the client calls it.
    of: u8,
}

impl<'a> Along<'a> {
    /// `payload` was sent right before what has so many `bytes` and is `age` ticks younger; `None` if it is too long or
    /// too old, or nothing.
    pub fn new(payload: &'a [u8], age: u64, of: u8, bytes: usize) -> Option<Along<'a>> {
        let fits =
            !payload.is_empty() && payload.len() < MOST_BYTES && payload.len() + bytes <= MOST_TOGETHER;
        let age = u16::try_from(age).ok().filter(|age| fits && *age > 0 && u64::from(*age) < MOST_AGE)?;
        Some(Along { payload, age, of })
    }

    /// How many bytes longer a packet is with it.
    pub fn bytes(&self) -> usize {
        HEADERS + self.payload.len()
    }

    /// Writes what stands in front of the payload of the packet that brings it.
    pub fn write(&self, out: &mut Vec<u8>) {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^14 and 2^10")]
        let (age, length) = (u32::from(self.age), self.payload.len() as u32);
        let block = (1 << 31) | (u32::from(self.of) << 24) | (age << 10) | length;
        out.extend_from_slice(&block.to_be_bytes());
        out.push(self.of);
        out.extend_from_slice(self.payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_by_the_rules_of_the_rfc() {
        let (before, new) = ([7; 300], [9; 80]);
        let along = Along::new(&before, 960, 111, new.len()).expect("short and young enough");
        let mut out = Vec::new();
        along.write(&mut out);
        assert_eq!(out.len(), along.bytes());
        out.extend_from_slice(&new);
        let [first, second, third, fourth, last, blocks @ ..] = &out[..] else { panic!("headers") };
        assert_eq!((first >> 7, first & 0x7f), (1, 111), "another block follows");
        let rest = u32::from_be_bytes([0, *second, *third, *fourth]);
        assert_eq!((rest >> 10, rest & 0x3ff), (960, 300));
        assert_eq!(*last, 111, "and then the last one");
        assert_eq!((&blocks[..300], &blocks[300..]), (&before[..], &new[..]));
    }

    #[test]
    fn what_is_too_long_too_old_or_no_older_is_not_brought_along() {
        let bytes = [0; 1_024];
        assert!(Along::new(&bytes, 960, 111, 10).is_none());
        assert!(Along::new(&bytes[..600], 960, 111, 401).is_none());
        assert!(Along::new(&bytes[..10], 1 << 14, 111, 10).is_none());
        assert!(Along::new(&bytes[..10], 0, 111, 10).is_none());
        assert!(Along::new(&[], 960, 111, 10).is_none());
        assert!(Along::new(&bytes[..10], (1 << 14) - 1, 111, 10).is_some());
    }

    #[test]
    fn it_is_on_while_something_is_lost_and_a_while_longer_unless_there_is_no_room() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut redundancy = Redundancy::default();
        let wide = Bitrate::kbps(1_000);
        redundancy.heard(start, 0.01, wide);
        assert!(!redundancy.is_on(start));
        redundancy.heard(start, 0.03, wide);
        redundancy.heard(at(5), 0.0, wide);
        assert!(redundancy.is_on(at(9)) && !redundancy.is_on(at(10)));
        redundancy.heard(at(20), 0.2, wide);
        redundancy.heard(at(21), 0.2, Bitrate::kbps(200));
        assert!(!redundancy.is_on(at(21)));
    }
}
