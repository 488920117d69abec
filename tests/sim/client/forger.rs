//! What a hostile client can do that no browser does: make up any SRTP and SRTCP under its own keys.

use super::keyring::Keyring;

/// Seals what it is asked to, with the keys of one connection.
#[derive(Debug)]
pub struct Forger {
    keys: Keyring,
    /// Index of the last SRTCP packet made here: far from those the connection uses itself.
    index: u32,
}

impl Forger {
    pub fn new(keys: Keyring) -> Forger {
        Forger { keys, index: 1 << 20 }
    }

    /// An SRTP packet (RFC 7714 section 8): the header as it is, the payload sealed. For the first 65,536 packets of a
    /// source, once the connection has sent something itself.
    pub fn rtp(&self, header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
        let key = self.keys.ours().rtp?;
        Some([header, &key.seal_rtp(header, payload)].concat())
    }

    /// An SRTCP packet (RFC 7714 section 9) of one compound packet, whose first eight bytes stay readable.
    pub fn rtcp(&mut self, compound: &[u8]) -> Option<Vec<u8>> {
        let key = self.keys.ours().rtcp?;
        self.index += 1;
        let (first, rest) = compound.split_at(8);
        let word = (self.index | 0x8000_0000).to_be_bytes();
        let sealed = key.seal_rtcp(first, self.index, &[first, &word].concat(), rest);
        Some([first, &sealed, &word].concat())
    }
}
