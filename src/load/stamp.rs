//! Payloads that say what they are: whose, which frame, which part of it, when it was sent.
//!
//! A picture looks like VP8 as far as a server may look (RFC 7741): a payload descriptor with a picture id of 15 bits, and where
//! a frame begins the first bytes of its header (RFC 6386 section 9.1). Sound begins with a table of contents of Opus (RFC 6716
//! section 3.1). Behind it stands the stamp, and then zeros up to the size.

use crate::media::ids::Layer;

/// Bytes of a stamp.
const LENGTH: usize = 22;

/// Opus, one frame of 20 ms in one channel, full band.
const OPUS: u8 = 0x78;

/// What a payload descriptor of ours begins with: extension; picture id of 15 bits, TL0PICIDX and TID present.
const START: u8 = 0x90;
const CONTINUED: u8 = 0x80;
const EXTENSIONS: u8 = 0xe0;
const DESCRIPTOR: usize = 6;

/// What a key frame begins with: no interframe, shown; start code.
const KEY: [u8; 6] = [0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a];

/// What another frame begins with.
const INTER: [u8; 3] = [0x11, 0x00, 0x00];

/// Bytes between the descriptor and the stamp of a key frame's first packet: that, width and height.
const KEY_HEADER: usize = KEY.len() + 4;

/// What a packet says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Which publication it is of. Whoever comes back publishes another one.
    pub source: u32,
    /// Which encoding of it.
    pub layer: Layer,
    /// Number of the frame, or of the packet of sound. One capture has one number in all layers.
    pub frame: u32,
    /// Which packet of the frame.
    pub index: u16,
    /// How many packets the frame has.
    pub count: u16,
    /// The frame needs no other.
    pub key: bool,
    /// When it was sent, in microseconds of the run.
    pub sent: u64,
}

/// The least that a packet with a stamp takes.
pub(super) const LEAST: usize = DESCRIPTOR + KEY_HEADER + LENGTH;

impl Stamp {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.source.to_be_bytes());
        bytes.extend_from_slice(&[self.layer as u8, u8::from(self.key)]);
        bytes.extend_from_slice(&self.frame.to_be_bytes());
        bytes.extend_from_slice(&self.index.to_be_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes.extend_from_slice(&self.sent.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Stamp> {
        let (source, rest) = bytes.split_first_chunk()?;
        let ([layer, key], rest) = rest.split_first_chunk()?;
        let (frame, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (sent, _) = rest.split_first_chunk()?;
        Some(Stamp {
            source: u32::from_be_bytes(*source),
            layer: Layer::ALL.get(usize::from(*layer)).copied()?,
            key: *key != 0,
            frame: u32::from_be_bytes(*frame),
            index: u16::from_be_bytes(*index),
            count: u16::from_be_bytes(*count),
            sent: u64::from_be_bytes(*sent),
        })
    }

    /// A packet of a picture of this `height`, `size` bytes long.
    pub(super) fn picture(&self, height: u16, size: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size.max(LEAST));
        let [_, _, high, low] = (self.frame & 0x7fff).to_be_bytes();
        let first = if self.index == 0 { START } else { CONTINUED };
        let [.., tl0] = self.frame.to_be_bytes();
        bytes.extend_from_slice(&[first, EXTENSIONS, 0x80 | high, low, tl0, 0x20]);
        if self.index == 0 && self.key {
            bytes.extend_from_slice(&KEY);
            let width = height / 9 * 16;
            bytes.extend_from_slice(&width.to_le_bytes());
            bytes.extend_from_slice(&height.to_le_bytes());
        } else if self.index == 0 {
            bytes.extend_from_slice(&INTER);
        }
        self.write(&mut bytes);
        bytes.resize(size.max(bytes.len()), 0);
        bytes
    }

    /// A packet of sound, `size` bytes long.
    pub(super) fn sound(&self, size: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size);
        bytes.push(OPUS);
        self.write(&mut bytes);
        bytes.resize(size.max(bytes.len()), 0);
        bytes
    }

    /// Reads a packet of a picture, whoever rewrote its descriptor.
    pub(super) fn of_picture(payload: &[u8]) -> Option<Stamp> {
        let [first, EXTENSIONS, _, _, _, _, rest @ ..] = payload else { return None };
        let header = match (*first, rest.first()?) {
            (START, tag) if *tag == KEY[0] => KEY_HEADER,
            (START, _) => INTER.len(),
            (CONTINUED, _) => 0,
            _ => return None,
        };
        Stamp::read(rest.get(header..)?)
    }

    /// Reads a packet of sound.
    pub(super) fn of_sound(payload: &[u8]) -> Option<Stamp> {
        let [OPUS, rest @ ..] = payload else { return None };
        Stamp::read(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            source: u32, frame: u32, index in 0_u16..9, count: u16, key: bool, sent: u64, layer in 0..3_usize, size in 0..1_200_usize
        ) {
            let stamp = Stamp { source, layer: Layer::ALL[layer], frame, index, count, key, sent };
            let picture = stamp.picture(720, size);
            prop_assert_eq!(Stamp::of_picture(&picture), Some(stamp));
            prop_assert_eq!(picture.len(), size.max(picture.len()));
            prop_assert_eq!(Stamp::of_sound(&stamp.sound(size)), Some(stamp));
        }

        #[test]
        fn what_is_no_packet_of_ours_is_none(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = (Stamp::of_picture(&bytes), Stamp::of_sound(&bytes));
        }
    }

    #[test]
    fn what_is_cut_off_is_no_stamp() {
        let stamp = Stamp { source: 1, layer: Layer::High, frame: 2, index: 0, count: 1, key: true, sent: 3 };
        let (picture, sound) = (stamp.picture(720, 0), stamp.sound(0));
        assert_eq!(picture.len(), LEAST);
        for length in 0..LEAST {
            assert_eq!(Stamp::of_picture(&picture[..length]), None);
        }
        for length in 0..sound.len() {
            assert_eq!(Stamp::of_sound(&sound[..length]), None);
        }
    }
}
