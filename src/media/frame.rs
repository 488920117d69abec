//! All that forwarding knows of a payload.
//!
//! Read from the payload descriptor in front of the frame, and where that does not tell key frames (VP8, H264) from the frame's first
//! bytes. Whoever encrypts frames from end to end has to leave these readable.

/// What one packet is to its frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameInfo {
    /// The packet starts a frame. Known of key frames; of others only where the descriptor tells (VP8, VP9).
    pub start: bool,
    /// The packet ends a frame (the RTP marker bit).
    pub end: bool,
    /// The packet starts a frame that needs no other frame. Only known at its start.
    pub key: bool,
    /// VP8 picture id and temporal-layer-zero index, where the descriptor has them (RFC 7741 section 4.2).
    pub picture: Option<Picture>,
    /// Its place among the frames of its encoding that can be left out, where the descriptor tells (VP8, VP9).
    pub temporal: Temporal,
}

/// The place of a frame among the temporal layers of its encoding. A frame needs frames of its own layer and of lower ones only, so that
/// those of the highest layers can be left out: browsers make three, of which each doubles the frames of those below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Temporal {
    /// Which layer it is of, from 0.
    pub layer: u8,
    /// From this frame on whoever has all layers below this one can have it as well.
    pub opens: Option<u8>,
}

/// How many of an encoding's frames somebody is shown, in its usual three temporal layers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frames {
    /// Those of the lowest temporal layer.
    Quarter,
    /// Those of the two lowest.
    Half,
    /// All there are.
    #[default]
    All,
}

impl Frames {
    /// The highest temporal layer that belongs to them.
    #[must_use]
    pub fn most(self) -> u8 {
        match self {
            Frames::Quarter => 0,
            Frames::Half => 1,
            Frames::All => u8::MAX,
        }
    }
}

/// The counters of a VP8 payload descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// The picture id.
    pub id: u16,
    /// The picture id has 15 bits, not 7.
    pub long: bool,
    /// `TL0PICIDX`, if there is one.
    pub tl0: Option<u8>,
}

impl FrameInfo {
    /// Whether whoever has nothing of the source can begin with this packet.
    #[must_use]
    pub fn starts_key_frame(&self) -> bool {
        self.key && self.start
    }

    /// A packet of sound: a frame of its own that needs no other.
    #[must_use]
    pub fn audio() -> FrameInfo {
        FrameInfo { start: true, end: true, key: true, ..FrameInfo::default() }
    }
}
