//! Payloads that say what they are: who made them, which frame, which part of it, when.
//!
//! They are shaped like the real ones as far as a server may look: what stands in front of a frame in each codec's RTP
//! payload format, or an Opus table-of-contents byte.

use plenary::media::codec::Codec;
use plenary::media::ids::{Layer, Stream};

/// Where a frame is among those of its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its temporal layer.
    pub layer: u8,
    /// It needs no frame but one of the lowest layer.
    pub sync: bool,
    /// The number of the frame it needs: of the same layer or a lower one.
    pub needs: u32,
}

impl Place {
    /// Of a frame that needs the one before, as all others do.
    pub fn after(frame: u32) -> Place {
        Place { layer: 0, sync: true, needs: frame.wrapping_sub(1) }
    }

    /// Of a frame of three temporal layers as libvpx makes them, so many after a key frame.
    pub fn layered(frame: u32, since_key: u32) -> Place {
        let (layer, sync, before) = match since_key % 4 {
            0 => (0, false, 4),
            1 => (2, true, 1),
            2 => (1, true, 2),
            _ => (2, false, 1),
        };
        Place { layer, sync, needs: frame.wrapping_sub(before) }
    }

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.push(self.layer | u8::from(self.sync) << 7);
        bytes.extend(self.needs.to_be_bytes());
    }

    fn read([first, needs @ ..]: [u8; 5]) -> Place {
        Place { layer: first & 0x7f, sync: first >> 7 == 1, needs: u32::from_be_bytes(needs) }
    }
}

/// What a packet says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Number of the person who made it.
    pub person: u16,
    /// What of theirs it is.
    pub stream: Stream,
    /// Which encoding of it; [`Layer::High`] if there is but one.
    pub layer: Layer,
    /// Which of their connections it went into: grows when they build a new one.
    pub life: u16,
    /// Number of the frame within that connection and encoding.
    pub frame: u32,
    /// Where that is among the others.
    pub place: Place,
    /// Which packet of the frame.
    pub index: u8,
    /// How many packets the frame has.
    pub count: u8,
    /// The frame needs no other.
    pub key: bool,
    /// When it was made, in microseconds since the world began.
    pub made: u64,
}

/// The counters of a VP8 payload descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    pub picture: u16,
    pub tl0: u8,
}

/// A packet of a picture, as its receiver reads it.
#[derive(Debug, Clone, Copy)]
pub struct Picture {
    pub stamp: Stamp,
    /// Only VP8 has some that servers rewrite.
    pub counters: Option<Counters>,
    /// What stands in front of the frame says that it starts here.
    pub start: bool,
}

const LENGTH: usize = 26;
const OPUS: u8 = 0x78;

impl Stamp {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.person.to_be_bytes());
        bytes.extend([u8::from(self.stream == Stream::Screen), self.layer as u8]);
        bytes.extend(self.life.to_be_bytes());
        bytes.extend(self.frame.to_be_bytes());
        bytes.extend([self.index, self.count, u8::from(self.key)]);
        bytes.extend(self.made.to_be_bytes());
        self.place.write(bytes);
    }

    fn read(bytes: &[u8]) -> Option<Stamp> {
        let bytes: &[u8; LENGTH] = bytes.get(..LENGTH)?.try_into().ok()?;
        Some(Stamp {
            person: u16::from_be_bytes([bytes[0], bytes[1]]),
            stream: if bytes[2] == 0 { Stream::Camera } else { Stream::Screen },
            layer: Layer::ALL.get(usize::from(bytes[3])).copied()?,
            life: u16::from_be_bytes([bytes[4], bytes[5]]),
            frame: u32::from_be_bytes(bytes[6..10].try_into().ok()?),
            index: bytes[10],
            count: bytes[11],
            key: bytes[12] != 0,
            made: u64::from_be_bytes(bytes[13..21].try_into().ok()?),
            place: Place::read(bytes[21..].try_into().ok()?),
        })
    }

    /// It ends its frame.
    pub fn last(&self) -> bool {
        self.index + 1 == self.count
    }

    /// A packet of `size` bytes.
    pub fn packet(&self, codec: Codec, counters: Counters, size: usize) -> Vec<u8> {
        let mut bytes = match codec {
            Codec::Opus => vec![OPUS],
            Codec::Vp8 => self.vp8(counters),
            Codec::Vp9 => self.vp9(counters),
            Codec::H264 => self.h264(size),
            Codec::Av1 => self.av1(),
        };
        self.write(&mut bytes);
        bytes.resize(size.max(bytes.len()), 0);
        bytes
    }

    /// RFC 7741 section 4.2: picture id of 15 bits, TL0PICIDX and TID; then the first byte of the frame.
    fn vp8(&self, counters: Counters) -> Vec<u8> {
        let first = if self.index == 0 { 0x90 } else { 0x80 };
        let [high, low] = counters.picture.to_be_bytes();
        let temporal = self.place.layer << 6 | u8::from(self.place.sync) << 5;
        vec![first, 0xe0, 0x80 | high, low, counters.tl0, temporal, if self.key { 0x10 } else { 0x11 }]
    }

    /// RFC 9628 section 4.2: picture id of 15 bits, one layer; a key frame begins with its scalability structure.
    fn vp9(&self, counters: Counters) -> Vec<u8> {
        let structure = self.key && self.index == 0;
        let first = 0x80
            | if self.key { 0 } else { 0x40 }
            | if self.index == 0 { 0x08 } else { 0 }
            | if self.last() { 0x04 } else { 0 }
            | if structure { 0x02 } else { 0 };
        let [high, low] = counters.picture.to_be_bytes();
        let mut bytes = vec![first, 0x80 | high, low];
        if structure {
            // One spatial layer, of 640 by 360.
            bytes.extend([0x10, 0x02, 0x80, 0x01, 0x68]);
        }
        bytes
    }

    /// RFC 6184: a key frame begins with its parameter sets in a STAP-A; slices are fragmented (FU-A) or whole.
    fn h264(&self, size: usize) -> Vec<u8> {
        if self.key && self.index == 0 {
            let mut bytes = vec![0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x68, 0xce];
            // The rest is one more unit: supplemental information, where our stamp is.
            let [high, low] = (size.saturating_sub(13).max(1 + LENGTH) as u16).to_be_bytes();
            bytes.extend([high, low, 0x06]);
            return bytes;
        }
        let slice = if self.key { 5 } else { 1 };
        let starts = self.index == u8::from(self.key);
        if starts && self.last() {
            return vec![0x60 | slice];
        }
        let fragment = u8::from(starts) << 7 | u8::from(self.last()) << 6;
        vec![0x7c, fragment | slice]
    }

    /// The AOM's RTP payload format, section 4.4: a key frame begins with a sequence header; the frame is one OBU.
    fn av1(&self) -> Vec<u8> {
        let continues = u8::from(self.index > 0) << 7 | u8::from(!self.last()) << 6;
        match (self.index, self.key) {
            (0, true) => vec![continues | 0x28, 3, 0x08, 0, 0, 0x30],
            (0, false) => vec![continues | 0x10, 0x30],
            _ => vec![continues | 0x10],
        }
    }

    /// Reads a packet of a picture.
    pub fn of_picture(codec: Codec, bytes: &[u8]) -> Option<Picture> {
        let (rest, counters, start) = match (codec, bytes) {
            (Codec::Vp8, [first, 0xe0, high, low, tl0, _, _, rest @ ..]) => {
                let picture = u16::from_be_bytes([high & 0x7f, *low]);
                (rest, Some(Counters { picture, tl0: *tl0 }), first & 0x10 != 0)
            }
            (Codec::Vp9, [first, _, _, rest @ ..]) if first & 0x02 == 0 => (rest, None, first & 0x08 != 0),
            (Codec::Vp9, [_, _, _, _, _, _, _, _, rest @ ..]) => (rest, None, true),
            // H.264 does not say where a frame starts: with its parameter sets, or after the frame before.
            (Codec::H264, [0x78, rest @ ..]) => (rest.get(13..)?, None, true),
            (Codec::H264, [0x7c, header, rest @ ..]) => (rest, None, *header == 0x81 || *header == 0xc1),
            (Codec::H264, [unit, rest @ ..]) => (rest, None, unit & 0x1f == 1),
            (Codec::Av1, [first, rest @ ..]) if first & 0x08 != 0 => (rest.get(5..)?, None, true),
            (Codec::Av1, [first, _, rest @ ..]) if first & 0x80 == 0 => (rest, None, true),
            (Codec::Av1, [_, rest @ ..]) => (rest, None, false),
            _ => return None,
        };
        Some(Picture { stamp: Stamp::read(rest)?, counters, start })
    }

    pub fn of_opus(bytes: &[u8]) -> Option<Stamp> {
        let [OPUS, rest @ ..] = bytes else { return None };
        Stamp::read(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_of_every_codec_is_read_as_it_was_made() {
        for codec in Codec::ALL.into_iter().filter(|codec| *codec != Codec::Opus) {
            for (key, count) in [(true, 2), (true, 6), (false, 1), (false, 3)] {
                for index in 0..count {
                    let (stream, layer, counters) =
                        (Stream::Screen, Layer::Middle, Counters { picture: 0x1234, tl0: 9 });
                    let stamp = Stamp {
                        person: 7,
                        stream,
                        layer,
                        life: 2,
                        frame: 99,
                        place: Place::layered(99, 3),
                        index,
                        count,
                        key,
                        made: 1_234,
                    };
                    let bytes = stamp.packet(codec, counters, 500);
                    let read = Stamp::of_picture(codec, &bytes).expect("readable");
                    assert_eq!(read.stamp, stamp, "{codec}");
                    assert_eq!(read.start, index == 0, "{codec} {index} of {count}, key {key}");
                    assert_eq!(read.counters, (codec == Codec::Vp8).then_some(counters));
                    assert_eq!(bytes.len(), 500);
                }
            }
        }
    }
}
