//! Payloads that say what they are: who made them, which frame, which part of it, when.
//!
//! They are shaped like the real ones as far as a server may look: a VP8 payload descriptor (RFC 7741 section 4.2) and
//! the first byte of a frame, or an Opus table-of-contents byte.

/// What a packet says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Number of the person who made it.
    pub person: u16,
    /// Which of their connections it went into: grows when they build a new one.
    pub life: u16,
    /// Number of the frame within that connection.
    pub frame: u32,
    /// Which packet of the frame.
    pub index: u8,
    /// How many packets the frame has.
    pub count: u8,
    /// The frame needs no other.
    pub key: bool,
    /// When it was made, in microseconds since the world began.
    pub made: u64,
}

/// The counters of a payload descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    pub picture: u16,
    pub tl0: u8,
}

const LENGTH: usize = 19;
const OPUS: u8 = 0x78;

impl Stamp {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.person.to_be_bytes());
        bytes.extend(self.life.to_be_bytes());
        bytes.extend(self.frame.to_be_bytes());
        bytes.extend([self.index, self.count, u8::from(self.key)]);
        bytes.extend(self.made.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Stamp> {
        let bytes: &[u8; LENGTH] = bytes.get(..LENGTH)?.try_into().ok()?;
        Some(Stamp {
            person: u16::from_be_bytes([bytes[0], bytes[1]]),
            life: u16::from_be_bytes([bytes[2], bytes[3]]),
            frame: u32::from_be_bytes(bytes[4..8].try_into().ok()?),
            index: bytes[8],
            count: bytes[9],
            key: bytes[10] != 0,
            made: u64::from_be_bytes(bytes[11..19].try_into().ok()?),
        })
    }

    /// A VP8 packet of `size` bytes.
    pub fn vp8(&self, counters: Counters, size: usize) -> Vec<u8> {
        let first = if self.index == 0 { 0x90 } else { 0x80 };
        let [high, low] = counters.picture.to_be_bytes();
        let mut bytes = vec![first, 0xe0, 0x80 | high, low, counters.tl0, 0x20];
        bytes.push(if self.key { 0x10 } else { 0x11 });
        self.write(&mut bytes);
        bytes.resize(size.max(bytes.len()), 0);
        bytes
    }

    /// An Opus packet of `size` bytes.
    pub fn opus(&self, size: usize) -> Vec<u8> {
        let mut bytes = vec![OPUS];
        self.write(&mut bytes);
        bytes.resize(size.max(bytes.len()), 0);
        bytes
    }

    /// Reads a VP8 packet, and whether its descriptor says that it starts a frame.
    pub fn of_vp8(bytes: &[u8]) -> Option<(Stamp, Counters, bool)> {
        let [first, 0xe0, high, low, tl0, 0x20, _, rest @ ..] = bytes else { return None };
        let picture = u16::from_be_bytes([high & 0x7f, *low]);
        Some((Stamp::read(rest)?, Counters { picture, tl0: *tl0 }, first & 0x10 != 0))
    }

    pub fn of_opus(bytes: &[u8]) -> Option<Stamp> {
        let [OPUS, rest @ ..] = bytes else { return None };
        Stamp::read(rest)
    }
}
