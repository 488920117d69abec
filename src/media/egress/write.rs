//! A packet as one subscriber gets it: header (RFC 3550 section 5.1), extensions (RFC 8285), payload.

use super::redundancy::Along;
use super::ring::Stored;
use crate::media::frame::Picture;
use crate::media::rtp::{AudioLevel, Ssrc};

/// Bytes of the header without extensions.
const FIXED: usize = 12;

/// Version 2, and the bit that says that extensions follow.
const VERSION: u8 = 0x80;
const EXTENDED: u8 = 0x10;

const MARKER: u8 = 0x80;

/// What extensions begin with: elements with a header of one byte, or of two (RFC 8285 sections 4.2 and 4.3).
const ONE_BYTE: [u8; 2] = [0xbe, 0xde];
const TWO_BYTES: [u8; 2] = [0x10, 0x00];

/// Ids from here on need headers of two bytes.
const LONG_ID: u8 = 15;

/// Bytes of extensions at most: level, orientation and transport-wide number with headers of two bytes, and what begins them.
const MOST_EXTENSIONS: usize = 16;

/// In front of the payload of a retransmission: the sequence number it had (RFC 4588 section 4).
const ORIGINAL: usize = 2;

/// Which ids a client gave to the extensions that are sent to it on its lines of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    /// Of the transport-wide number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    pub transport: Option<u8>,
    /// Of the level of sound (RFC 6464).
    pub level: Option<u8>,
    /// Of the orientation of pictures (3GPP TS 26.114).
    pub orientation: Option<u8>,
}

/// What of a packet is one subscriber's own.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    /// The source it leaves with.
    pub ssrc: Ssrc,
    /// The payload type.
    pub payload_type: u8,
    /// The low bits of its sequence number.
    pub seq: u16,
    /// The low bits of its timestamp.
    pub time: u32,
    /// Its counters, if its payload descriptor has some that are ours to write.
    pub picture: Option<Picture>,
    /// It leaves again: the sequence number that it had.
    pub original: Option<u16>,
    /// Its number among all that leaves on the connection.
    pub transport: Option<u16>,
}

/// Writes the packet behind what `out` has, with what it brings along. Returns how many bytes are its header.
pub fn write(
    packet: &Stored,
    along: Option<&Along<'_>>,
    own: &Own,
    ids: ExtensionIds,
    out: &mut Vec<u8>,
) -> usize {
    let begin = out.len();
    let (extensions, length) = extensions(packet, own, ids);
    let extensions = extensions.get(..length).unwrap_or_default();
    let mut header = [0; FIXED];
    let [first, second, rest @ ..] = &mut header;
    *first = VERSION | if extensions.is_empty() { 0 } else { EXTENDED };
    *second = own.payload_type | if packet.marker { MARKER } else { 0 };
    let numbers = own.seq.to_be_bytes().into_iter().chain(own.time.to_be_bytes());
    rest.iter_mut().zip(numbers.chain(own.ssrc.0.to_be_bytes())).for_each(|(to, from)| *to = from);
    out.extend_from_slice(&header);
    out.extend_from_slice(extensions);
    let header = out.len() - begin;
    if let Some(original) = own.original {
        out.extend_from_slice(&original.to_be_bytes());
    }
    if let Some(along) = along {
        along.write(out);
    }
    let at = out.len();
    out.extend_from_slice(&packet.payload);
    if let Some(picture) = own.picture {
        count(out.get_mut(at..).unwrap_or_default(), picture);
    }
    header
}

/// How many bytes [`write`] will write.
#[must_use]
pub fn length(packet: &Stored, along: Option<&Along<'_>>, own: &Own, ids: ExtensionIds) -> usize {
    let before = own.original.map_or(0, |_| ORIGINAL) + along.map_or(0, Along::bytes);
    FIXED + extensions_length(packet, own, ids) + before + packet.payload.len()
}

/// How long the block of extensions will be.
fn extensions_length(packet: &Stored, own: &Own, ids: ExtensionIds) -> usize {
    let of = |id: Option<u8>, said: bool| id.filter(|_| said);
    let elements = [
        (of(ids.level, packet.extensions.level.is_some()), 1),
        (of(ids.orientation, packet.extensions.orientation.is_some()), 1),
        (of(ids.transport, own.transport.is_some()), 2),
    ];
    let (mut bytes, mut count, mut long): (usize, usize, bool) = (0, 0, false);
    for (id, value) in elements {
        if let Some(id) = id {
            (bytes, count) = (bytes + value, count + 1);
            long |= id >= LONG_ID;
        }
    }
    let headers = if long { 2 * count } else { count };
    if count == 0 { 0 } else { (4 + headers + bytes).next_multiple_of(4) }
}

/// The block of extensions, and how long it is: nothing if there are none.
fn extensions(packet: &Stored, own: &Own, ids: ExtensionIds) -> ([u8; MOST_EXTENSIONS], usize) {
    let level = ids.level.zip(packet.extensions.level);
    let level = level.map(|(id, AudioLevel { level, voice })| (id, level | if voice { 0x80 } else { 0 }));
    let orientation = ids.orientation.zip(packet.extensions.orientation);
    let transport = ids.transport.zip(own.transport);
    let long = level.into_iter().chain(orientation).any(|(id, _)| id >= LONG_ID)
        || transport.is_some_and(|(id, _)| id >= LONG_ID);
    let mut block = Block { bytes: [0; MOST_EXTENSIONS], length: 4, long };
    for (id, value) in level.into_iter().chain(orientation) {
        block.element(id, [value]);
    }
    if let Some((id, number)) = transport {
        block.element(id, number.to_be_bytes());
    }
    block.finish()
}

/// A block of extensions on its way.
struct Block {
    bytes: [u8; MOST_EXTENSIONS],
    length: usize,
    long: bool,
}

impl Block {
    fn put(&mut self, byte: u8) {
        if let Some(to) = self.bytes.get_mut(self.length) {
            *to = byte;
            self.length += 1;
        }
    }

    fn element<const N: usize>(&mut self, id: u8, value: [u8; N]) {
        #[expect(clippy::cast_possible_truncation, reason = "one or two bytes")]
        let length = N as u8;
        if self.long {
            self.put(id);
            self.put(length);
        } else {
            self.put((id << 4) | (length - 1));
        }
        for byte in value {
            self.put(byte);
        }
    }

    fn finish(mut self) -> ([u8; MOST_EXTENSIONS], usize) {
        if self.length <= 4 {
            return (self.bytes, 0);
        }
        let length = self.length.next_multiple_of(4);
        #[expect(clippy::cast_possible_truncation, reason = "four words at most")]
        let words = (length / 4 - 1) as u8;
        let [begin, code, _, count, ..] = &mut self.bytes;
        [*begin, *code] = if self.long { TWO_BYTES } else { ONE_BYTE };
        *count = words;
        (self.bytes, length)
    }
}

/// Writes the counters into a VP8 payload descriptor that has some (RFC 7741 section 4.2): the picture id follows the extension
/// octet, and `TL0PICIDX` follows it.
fn count(payload: &mut [u8], picture: Picture) {
    let [high, low] = picture.id.to_be_bytes();
    let [_, _, counters @ ..] = payload else { return };
    let after = match counters {
        [first, second, after @ ..] if picture.long => {
            (*first, *second) = (0x80 | high, low);
            after
        }
        [first, after @ ..] if !picture.long => {
            *first = low & 0x7f;
            after
        }
        _ => return,
    };
    if let (Some(tl0), Some(byte)) = (picture.tl0, after.first_mut()) {
        *byte = tl0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::codec::Format;
    use crate::media::egress::opened::Header;
    use crate::media::rtp::Extensions;
    use proptest::prelude::*;

    fn id() -> impl Strategy<Value = Option<u8>> {
        prop::option::of(prop_oneof![4 => 1u8..15, 1 => 15u8..=255])
    }

    proptest! {
        /// Whatever is to be said is what is read, under the ids that the client gave, and is as long as was told.
        #[test]
        fn what_is_written_is_what_is_read(
            (transport, level, orientation) in (id(), id(), id()),
            (loud, turned) in (prop::option::of((0u8..128, any::<bool>())), prop::option::of(0u8..4)),
            (number, original) in (prop::option::of(any::<u16>()), prop::option::of(any::<u16>())),
            (marker, seq, time, ssrc) in any::<(bool, u16, u32, u32)>(),
            (payload, before) in (prop::collection::vec(any::<u8>(), 0..40), prop::collection::vec(any::<u8>(), 0..40)),
        ) {
            let level_value = loud.map(|(level, voice)| AudioLevel { level, voice });
            let extensions = Extensions { level: level_value, orientation: turned };
            let stored = Stored { payload: payload.clone().into(), format: Format(1), marker, extensions, picture: None };
            let own = Own { ssrc: Ssrc(ssrc), payload_type: 96, seq, time, picture: None, original, transport: number };
            let ids = ExtensionIds { transport, level, orientation };
            let mut out = vec![1, 2, 3];
            let along = Along::new(&before, 960, 111, payload.len()).filter(|_| original.is_none());
            let header = write(&stored, along.as_ref(), &own, ids, &mut out);
            prop_assert_eq!(out.len() - 3, length(&stored, along.as_ref(), &own, ids));
            let got = Header::read(&out[3..]).expect("a header");
            let said = level.zip(loud).map(|(id, (level, voice))| (id, vec![level | (u8::from(voice) << 7)]));
            let turn = orientation.zip(turned).map(|(id, turned)| (id, vec![turned]));
            let counted = transport.zip(number).map(|(id, number)| (id, number.to_be_bytes().to_vec()));
            let elements: Vec<_> = said.into_iter().chain(turn).chain(counted).collect();
            let mut brought = Vec::new();
            if let Some(along) = along {
                along.write(&mut brought);
            }
            let first = original.map(u16::to_be_bytes).into_iter().flatten();
            let whole: Vec<u8> = first.chain(brought).chain(payload).collect();
            prop_assert_eq!((got.marker, got.payload_type, got.seq), (marker, 96, seq));
            prop_assert_eq!((got.time, got.ssrc, got.elements, got.length), (time, Ssrc(ssrc), elements, header));
            prop_assert_eq!(&out[3 + header..], whole);
        }
    }

    #[test]
    fn the_counters_of_a_picture_are_written_where_they_are() {
        let long = Picture { id: 0x7abc, long: true, tl0: Some(9) };
        let mut payload = [0x90, 0xe0, 0x81, 0x23, 7, 0x20, 0x10];
        count(&mut payload, long);
        assert_eq!(payload, [0x90, 0xe0, 0xfa, 0xbc, 9, 0x20, 0x10]);
        let mut payload = [0x90, 0xc0, 0x23, 7, 0x10];
        count(&mut payload, Picture { id: 0x1f0, long: false, tl0: Some(8) });
        assert_eq!(payload, [0x90, 0xc0, 0x70, 8, 0x10]);
        let mut payload = [0x90, 0x80, 0x23, 0x10];
        count(&mut payload, Picture { id: 5, long: false, tl0: None });
        assert_eq!(payload, [0x90, 0x80, 5, 0x10]);
        for cut in 0..4 {
            count(&mut [0x90, 0xe0, 0x81, 0x23][..cut], long);
        }
    }
}
