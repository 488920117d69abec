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
        FrameInfo { start: true, end: true, key: true, picture: None }
    }
}
