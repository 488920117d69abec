//! No nonce seals two datagrams for one client: two plain texts under one nonce of AES-GCM reveal each other.
//!
//! A nonce is a source and the number of a packet, both of which SRTP and SRTCP leave readable, and keys last as long as
//! sources do. Judged is what the server hands to the network.

use std::collections::HashMap;

use super::Person;

/// Numbers of one word.
const WORD: u32 = 64;

/// The words of 65,536 sequence numbers.
const RTP_WORDS: u32 = 65_536 / WORD;

/// The nonces of what was sent to each client.
#[derive(Debug, Default)]
pub struct Nonces {
    /// By client, source, whether it is RTCP, and the number's word.
    used: HashMap<(Person, u32, bool, u32), u64>,
    pub judged: u64,
    /// What came again, in words.
    pub repeated: Vec<String>,
}

impl Nonces {
    /// A datagram leaves for `person`.
    pub fn judge(&mut self, person: Person, datagram: &[u8]) {
        let Some((source, rtcp, number)) = read(datagram) else { return };
        self.judged += 1;
        let word = number / WORD;
        let used = self.used.entry((person, source, rtcp, word)).or_default();
        let bit = 1 << (number % WORD);
        if *used & bit != 0 {
            let kind = if rtcp { "SRTCP" } else { "SRTP" };
            self.repeated.push(format!("{kind} to {person}: {source:#010x} {number}"));
        }
        *used |= bit;
        if !rtcp {
            // What is half a turn away will be used again with another count of turns.
            self.used.remove(&(person, source, rtcp, (word + RTP_WORDS / 2) % RTP_WORDS));
        }
    }
}

/// The source of an SRTP packet and its sequence number, or the sender of an SRTCP packet and its index (RFC 7714 section
/// 9.3: it comes last), and which of them it is.
fn read(datagram: &[u8]) -> Option<(u32, bool, u32)> {
    let word = |at: usize| Some(u32::from_be_bytes(datagram.get(at..at + 4)?.try_into().ok()?));
    match datagram {
        [128..192, 64..96 | 192..224, ..] => Some((word(4)?, true, word(datagram.len() - 4)? & 0x7fff_ffff)),
        [128..192, _, high, low, ..] => Some((word(8)?, false, u16::from_be_bytes([*high, *low]).into())),
        _ => None,
    }
}
