//! The names of things: small types, so that one is never taken for another.

use std::fmt;
use std::str::FromStr;

use super::rtp::ClockRate;

/// One person in one room. Stays the same across reloads, new sockets and new connections.
///
/// As a text it has sixteen hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A string that is no [`PeerId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPeerId;

impl fmt::Display for NoPeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a peer id is sixteen hexadecimal digits")
    }
}

impl FromStr for PeerId {
    type Err = NoPeerId;

    fn from_str(text: &str) -> Result<Self, NoPeerId> {
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NoPeerId);
        }
        u64::from_str_radix(text, 16).map(PeerId).map_err(|_| NoPeerId)
    }
}

/// A media worker of this process, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub u8);

impl WorkerId {
    /// Its number, as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0.into()
    }
}

/// One room, as the media side knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub u64);

/// The number a client gives its offer: increasing within one session, so that a stale answer is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OfferId(pub u32);

/// Sound or picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

impl Kind {
    /// Its RTP clock: every codec we forward has the one of its kind.
    #[must_use]
    pub fn clock_rate(self) -> ClockRate {
        match self {
            Kind::Audio => ClockRate::AUDIO,
            Kind::Video => ClockRate::VIDEO,
        }
    }
}

/// What a person shows: themselves or their screen. A stream has at most one audio and one video track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// The camera and the microphone.
    Camera,
    /// The shared screen and its sound.
    Screen,
}

/// One track a person publishes: which stream, which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Track {
    /// The stream it belongs to.
    pub stream: Stream,
    /// Sound or picture.
    pub kind: Kind,
}

/// One stream of one person: what a tile shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    /// Whose.
    pub peer: PeerId,
    /// Camera or screen.
    pub stream: Stream,
}

/// One encoding of a simulcast track (RFC 8853), from the smallest picture to the largest. A track with one encoding has
/// no rid and counts as [`Layer::High`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// The smallest.
    Low,
    /// Between.
    Middle,
    /// The picture as it was captured.
    High,
}

impl Layer {
    /// All there are, the smallest first.
    pub const ALL: [Layer; 3] = [Layer::Low, Layer::Middle, Layer::High];

    /// By how much width and height are smaller than captured.
    #[must_use]
    pub fn scale_down(self) -> u8 {
        match self {
            Layer::Low => 4,
            Layer::Middle => 2,
            Layer::High => 1,
        }
    }

    /// Its rid: `q`, `h` or `f`.
    #[must_use]
    pub fn rid(self) -> &'static str {
        match self {
            Layer::Low => "q",
            Layer::Middle => "h",
            Layer::High => "f",
        }
    }

    /// The layer of a rid.
    #[must_use]
    pub fn of_rid(rid: &str) -> Option<Layer> {
        Layer::ALL.into_iter().find(|layer| layer.rid() == rid)
    }
}

/// The number of a slot within its kind, from 0. Audio and video slots with the same number below the number of pairs
/// are one pair: their m-lines carry one msid, so browsers keep lips in sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotIndex(pub u8);
