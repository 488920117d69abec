//! Replayed SRTCP (RFC 3711 section 3.3.2): str0m refuses SRTP it has had before, but takes SRTCP again and again.
//!
//! Whoever overhears one datagram could otherwise send it from elsewhere and have media sent there, or keep somebody who
//! is gone in the room.

use std::collections::BTreeMap;

use crate::limits::{Limit, Limits, Tally};

/// Reports may overtake each other by this many: the least a receiver must allow.
const WINDOW: u32 = 64;

/// Senders of reports that one client may have over the life of a connection beyond one for each of its sources: those of
/// a client that sends no media.
const MORE_SENDERS: usize = 8;

/// The index is under this bit, which says that the packet is encrypted (RFC 3711 section 3.4). Nobody negotiates reports
/// that are not: a browser sends none, and with AES-CM str0m would take them without a cipher ever seeing them.
const ENCRYPTED: u32 = 0x8000_0000;

#[derive(Debug, Clone, Copy)]
struct Window {
    highest: u32,
    /// One bit for each index from `highest` down.
    seen: u64,
}

/// What SRTCP came from one client.
#[derive(Debug, Default)]
pub(super) struct Replays {
    /// By numbers of the client's choosing: no hash table without a secret key.
    windows: BTreeMap<u32, Window>,
}

impl Replays {
    /// Whether the SRTCP packet came before, or is too old to tell, or has one sender too many, or is not encrypted. `tail`
    /// bytes follow its index, which depends on the cipher.
    #[must_use]
    pub fn refuse(&self, datagram: &[u8], tail: usize, limits: &Limits, tally: &mut Tally) -> bool {
        let Some((sender, index)) = read(datagram, tail) else { return true };
        match self.windows.get(&sender) {
            None => {
                let full = self.windows.len() >= limits.get(Limit::SsrcsPerPeer) + MORE_SENDERS;
                if full {
                    tally.hit(Limit::SsrcsPerPeer);
                }
                full
            }
            Some(Window { highest, seen }) => match highest.checked_sub(index) {
                None => false,
                Some(behind) => behind >= WINDOW || seen & (1 << behind) != 0,
            },
        }
    }

    /// An SRTCP packet was authenticated.
    pub fn note(&mut self, datagram: &[u8], tail: usize) {
        let Some((sender, index)) = read(datagram, tail) else { return };
        let window = self.windows.entry(sender).or_insert(Window { highest: index, seen: 0 });
        if index > window.highest {
            window.seen = window.seen.checked_shl(index - window.highest).unwrap_or(0);
            window.highest = index;
        }
        window.seen |= 1_u64.checked_shl(window.highest - index).unwrap_or(0);
    }
}

/// The sender and the index of an encrypted SRTCP packet.
fn read(datagram: &[u8], tail: usize) -> Option<(u32, u32)> {
    let word = |at: usize| {
        let bytes = datagram.get(at..at.checked_add(4)?)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let index = word(datagram.len().checked_sub(tail + 4)?)?;
    (index & ENCRYPTED != 0).then_some((word(4)?, index & !ENCRYPTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(sender: u32, index: u32, tail: usize) -> Vec<u8> {
        let mut bytes = vec![0x80, 201, 0, 1];
        bytes.extend(sender.to_be_bytes());
        bytes.extend([7; 16]);
        bytes.extend((index | 0x8000_0000).to_be_bytes());
        bytes.resize(bytes.len() + tail, 9);
        bytes
    }

    #[test]
    fn a_report_is_taken_once_and_reordered_ones_still() {
        for tail in [0, 10] {
            let mut replays = Replays::default();
            let refuse = |replays: &Replays, report: &[u8]| {
                replays.refuse(report, tail, &Limits::default(), &mut Tally::default())
            };
            for index in [1, 2, 5, 4, 70, 69] {
                let report = report(1, index, tail);
                assert!(!refuse(&replays, &report), "{index}");
                replays.note(&report, tail);
                assert!(refuse(&replays, &report), "{index} again");
            }
            assert!(refuse(&replays, &report(1, 3, tail)), "too old to tell");
            assert!(!refuse(&replays, &report(2, 3, tail)), "another sender");
            let mut plain = report(2, 4, tail);
            plain[24] &= 0x7f;
            assert!(refuse(&replays, &plain), "not encrypted");
        }
    }

    #[test]
    fn senders_are_bounded_by_the_limit_in_force_and_counted_and_scraps_are_refused() {
        for most in [5, 50] {
            let (limits, mut tally) = (Limits::default().with(Limit::SsrcsPerPeer, most), Tally::default());
            let mut replays = Replays::default();
            for sender in 0..100 {
                let report = report(sender, 1, 0);
                if !replays.refuse(&report, 0, &limits, &mut tally) {
                    replays.note(&report, 0);
                }
            }
            let senders = most + MORE_SENDERS;
            assert_eq!(replays.windows.len(), senders);
            assert_eq!(tally.count(Limit::SsrcsPerPeer), 100 - senders as u64);
            assert!(replays.refuse(&[0x80, 201, 0], 0, &limits, &mut tally));
        }
    }
}
