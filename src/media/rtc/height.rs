//! How many lines a picture has, read where a key frame begins: what a client said of its camera would be wrong whenever its
//! encoder scales, which browsers do by themselves.
//!
//! `None` where the frame does not say, and of frames that are encrypted from end to end.

use crate::media::codec::Codec;

/// The height of the picture whose key frame begins with this payload.
pub(super) fn height(codec: Codec, payload: &[u8]) -> Option<u16> {
    match codec {
        Codec::Opus => None,
        Codec::Vp8 => vp8(payload),
        Codec::H264 => h264(payload),
        Codec::Vp9 => vp9(payload),
        Codec::Av1 => av1(payload),
    }
    .filter(|height| *height > 0)
}

/// RFC 7741 section 4.2, then RFC 6386 section 9.1: a tag, a start code, width and height of 14 bits with their scales above.
fn vp8(payload: &[u8]) -> Option<u16> {
    let mut octets = payload.iter().copied();
    if octets.next()? & 0x80 != 0 {
        let fields = octets.next()?;
        if fields & 0x80 != 0 && octets.next()? & 0x80 != 0 {
            octets.next()?;
        }
        // The index of the lowest temporal layer; the layer and the index of its key frame share an octet.
        for present in [fields & 0x40 != 0, fields & 0x30 != 0] {
            if present {
                octets.next()?;
            }
        }
    }
    let mut octets = octets.skip(3);
    let start = [octets.next()?, octets.next()?, octets.next()?];
    let mut octets = octets.skip(2);
    let height = u16::from_le_bytes([octets.next()?, octets.next()?]) & 0x3fff;
    (start == [0x9d, 0x01, 0x2a]).then_some(height)
}

/// RFC 9628 section 4.2: the scalability structure of a key picture has the sizes of its spatial layers, the largest last.
fn vp9(payload: &[u8]) -> Option<u16> {
    let mut octets = payload.iter().copied();
    let flags = octets.next()?;
    let (picture_id, layers, flexible, structure) =
        (flags & 0x80 != 0, flags & 0x20 != 0, flags & 0x10 != 0, flags & 0x02 != 0);
    if picture_id && octets.next()? & 0x80 != 0 {
        octets.next()?;
    }
    if layers {
        octets.next()?;
        if !flexible {
            octets.next()?;
        }
    }
    let structure = if structure { octets.next()? } else { return None };
    let (layers, sizes) = (usize::from(structure >> 5), structure & 0x10 != 0);
    let mut octets = octets.skip(layers * 4 + 2);
    sizes.then_some(u16::from_be_bytes([octets.next()?, octets.next()?]))
}

/// RFC 6184 section 5: a sequence parameter set by itself, or within an aggregate.
fn h264(payload: &[u8]) -> Option<u16> {
    const SPS: u8 = 7;
    const AGGREGATE: u8 = 24;
    let kind = |unit: &[u8]| unit.first().map(|header| header & 0x1f);
    if kind(payload) == Some(SPS) {
        return sequence_parameters(payload);
    }
    let mut rest = payload.get(1..).filter(|_| kind(payload) == Some(AGGREGATE))?;
    loop {
        let (length, units) = rest.split_first_chunk::<2>()?;
        let (unit, following) = units.split_at_checked(u16::from_be_bytes(*length).into())?;
        if kind(unit) == Some(SPS) {
            return sequence_parameters(unit);
        }
        rest = following;
    }
}

/// H.264 section 7.3.2.1.1. With a scaling matrix of its own, which no browser sends, nothing is known.
fn sequence_parameters(unit: &[u8]) -> Option<u16> {
    let mut zeros = 0;
    // What keeps a start code from appearing is no part of it (section 7.4.1).
    let plain = unit.iter().skip(1).copied().filter(|octet| {
        let inserted = zeros >= 2 && *octet == 3;
        zeros = if *octet == 0 { zeros + 1 } else { 0 };
        !inserted
    });
    let plain: Vec<u8> = plain.take(64).collect();
    let mut bits = Bits::new(&plain);
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.golomb()?;
    if matches!(profile, 100 | 110 | 122 | 244) {
        if bits.golomb()? == 3 {
            return None;
        }
        bits.pass(2)?;
        bits.take(1)?;
        if bits.take(1)? != 0 {
            return None;
        }
    }
    bits.golomb()?;
    match bits.golomb()? {
        0 => {
            bits.golomb()?;
        }
        1 => {
            bits.take(1)?;
            bits.pass(2)?;
            let cycle = bits.golomb()?;
            bits.pass(cycle)?;
        }
        _ => {}
    }
    bits.golomb()?;
    bits.take(1)?;
    bits.golomb()?;
    let units = bits.golomb()?.checked_add(1)?;
    let fields = if bits.take(1)? == 1 { 1 } else { 2 };
    if fields == 2 {
        bits.take(1)?;
    }
    bits.take(1)?;
    let mut cropped = 0;
    if bits.take(1)? == 1 {
        bits.pass(2)?;
        cropped = bits.golomb()?.checked_add(bits.golomb()?)?.checked_mul(2 * fields)?;
    }
    let lines = units.checked_mul(16 * fields)?.checked_sub(cropped)?;
    u16::try_from(lines).ok()
}

/// AV1 section 5.5.1, in the first element of a packet (RTP payload format for AV1, section 4.4). With a model of the decoder's
/// timing, which no browser sends, nothing is known.
fn av1(payload: &[u8]) -> Option<u16> {
    const SEQUENCE: u8 = 1;
    let (header, mut rest) = payload.split_first()?;
    // One element needs no length; of others each has one, the last of all perhaps not.
    if header & 0x30 != 0x10 {
        rest = after_length(rest)?;
    }
    let (unit, mut rest) = rest.split_first()?;
    if unit >> 3 & 0x0f != SEQUENCE {
        return None;
    }
    if unit & 0x04 != 0 {
        rest = rest.get(1..)?;
    }
    if unit & 0x02 != 0 {
        rest = after_length(rest)?;
    }
    let mut bits = Bits::new(rest);
    bits.take(4)?;
    if bits.take(1)? == 1 {
        bits.take(5)?;
    } else {
        if bits.take(1)? == 1 {
            return None;
        }
        let delays = bits.take(1)? == 1;
        for _ in 0..=bits.take(5)? {
            bits.take(12)?;
            if bits.take(5)? > 7 {
                bits.take(1)?;
            }
            if delays && bits.take(1)? == 1 {
                bits.take(4)?;
            }
        }
    }
    let (width, height) = (bits.take(4)? + 1, bits.take(4)? + 1);
    bits.take(width)?;
    u16::try_from(bits.take(height)? + 1).ok()
}

/// What follows a number whose octets say whether there is another (LEB128).
fn after_length(octets: &[u8]) -> Option<&[u8]> {
    let end = octets.iter().take(8).position(|octet| octet & 0x80 == 0)?;
    octets.get(end + 1..)
}

/// Bits, the highest of each octet first.
struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(octets: &'a [u8]) -> Bits<'a> {
        Bits { octets, at: 0 }
    }

    /// A number of `count` bits, 31 at most.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let octet = self.octets.get(self.at / 8)?;
            number = number << 1 | u32::from(octet >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(number)
    }

    /// Passes over so many numbers in Exp-Golomb code.
    fn pass(&mut self, numbers: u32) -> Option<()> {
        (0..numbers).try_for_each(|_| self.golomb().map(drop))
    }

    /// A number in Exp-Golomb code (H.264 section 9.1).
    fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
        }
        if zeros > 16 {
            return None;
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vp8_says_it_behind_its_start_code() {
        let long = [0x90, 0xe0, 0x81, 0x23, 7, 0x20, 0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
        assert_eq!(height(Codec::Vp8, &long), Some(360));
        let plain = [0x10, 0x10, 2, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x41, 9];
        assert_eq!(height(Codec::Vp8, &plain), Some(480), "scaled for display");
        let other = [0x10, 0x10, 2, 0, 0x9d, 0x01, 0x2b, 0x80, 0x02, 0xe0, 0x01];
        assert_eq!(height(Codec::Vp8, &other), None, "no start code");
        assert_eq!(height(Codec::Vp8, &plain[..9]), None);
    }

    #[test]
    fn vp9_says_it_in_its_scalability_structure() {
        let one = [0xaa, 0x92, 0x34, 0, 7, 0x18, 0x02, 0x80, 0x01, 0x68, 0x01, 0x82];
        assert_eq!(height(Codec::Vp9, &one), Some(360));
        let two = [0x0a, 0x30, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 0x82];
        assert_eq!(height(Codec::Vp9, &two), Some(360), "of two spatial layers the larger");
        assert_eq!(height(Codec::Vp9, &[0x08, 0x82]), None);
    }

    #[test]
    fn h264_says_it_in_its_parameter_set() {
        // 1280 by 720, constrained baseline.
        let set = [0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8, 0x40];
        assert_eq!(height(Codec::H264, &set), Some(720));
        let mut aggregate = vec![0x78, 0, 2, 0x09, 0x10, 0, 10];
        aggregate.extend(set);
        assert_eq!(height(Codec::H264, &aggregate), Some(720), "behind a delimiter");
        assert_eq!(height(Codec::H264, &[0x65, 0x88, 0x84]), None);
        // 640 by 23 macroblocks of 16 lines, of which four times two are cropped.
        let cropped =
            bits("01000010 11000000 00011111 1 1 011 010 0 00000101000 000010111 1 1 1 1 1 1 00101 0");
        let unit: Vec<u8> = std::iter::once(0x67).chain(cropped).collect();
        assert_eq!(height(Codec::H264, &unit), Some(360));
    }

    #[test]
    fn av1_says_it_in_its_sequence_header() {
        // Profile 0, no timing, no delays, one operating point of level 5, then 640 by 360 in ten bits each.
        let sequence = bits("000 0 0 0 0 00000 000000000000 00101 1001 1001 1001111111 0101100111");
        let alone: Vec<u8> = [0x18, 0x08].into_iter().chain(sequence.clone()).collect();
        assert_eq!(height(Codec::Av1, &alone), Some(360));
        let length = u8::try_from(sequence.len()).expect("short");
        let sized = [0x28, length + 2, 0x0a, length].into_iter().chain(sequence).chain([0x32, 0]);
        assert_eq!(height(Codec::Av1, &sized.collect::<Vec<u8>>()), Some(360), "with lengths");
        assert_eq!(height(Codec::Av1, &[0x18, 0x32, 0]), None, "a frame");
    }

    /// Octets of bits that are written out, filled up with zeros.
    fn bits(written: &str) -> Vec<u8> {
        let bits: Vec<u8> = written.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        bits.chunks(8).map(|octet| octet.iter().zip((0..8).rev()).map(|(bit, at)| bit << at).sum()).collect()
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_fault(payload in prop::collection::vec(any::<u8>(), 0..80), codec in 0usize..5) {
            let codec = Codec::ALL.into_iter().nth(codec).expect("a codec");
            prop_assert!(height(codec, &payload).is_none_or(|height| height > 0));
        }
    }
}
