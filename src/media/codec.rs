//! What tracks are encoded with.

use std::fmt;
use std::str::FromStr;

use super::ids::Kind;

/// What a track is encoded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// Opus (RFC 7587), 48,000 ticks a second.
    Opus,
    /// VP8 (RFC 7741), 90,000 ticks a second, as all that follow.
    Vp8,
    /// H.264 (RFC 6184). As a capability it means constrained baseline in packetization mode 1, which every browser
    /// that has H.264 can send and receive.
    H264,
    /// VP9 (RFC 9628).
    Vp9,
    /// AV1 (the AOM's RTP payload format).
    Av1,
}

impl Codec {
    /// All there are.
    pub const ALL: [Codec; 5] = [Codec::Opus, Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1];

    /// Its name in SDP (`a=rtpmap`) and in signaling.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::Vp8 => "VP8",
            Codec::H264 => "H264",
            Codec::Vp9 => "VP9",
            Codec::Av1 => "AV1",
        }
    }

    /// Sound or picture.
    #[must_use]
    pub fn kind(self) -> Kind {
        if self == Codec::Opus { Kind::Audio } else { Kind::Video }
    }
}

/// What a payload is to whoever decodes it, beyond its codec (H264 by packetization mode and profile): a number of ours, the same
/// on every connection, whose payload types differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Format(pub u8);

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Codec {
    type Err = String;

    /// Reads a name; upper and lower case are the same.
    fn from_str(text: &str) -> Result<Codec, String> {
        let found = Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(text.trim()));
        found.ok_or_else(|| format!("\"{text}\" is none of VP8, H264, VP9, AV1, opus"))
    }
}

/// Some codecs: what one end can encode or decode.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CodecSet(u8);

impl CodecSet {
    /// Every codec.
    pub const ALL: CodecSet = CodecSet((1 << Codec::ALL.len()) - 1);

    /// Adds a codec.
    pub fn insert(&mut self, codec: Codec) {
        self.0 |= 1 << codec as u8;
    }

    /// Whether a codec is among them.
    #[must_use]
    pub fn contains(self, codec: Codec) -> bool {
        self.0 & (1 << codec as u8) != 0
    }

    /// The codecs that are in both.
    #[must_use]
    pub fn and(self, other: CodecSet) -> CodecSet {
        CodecSet(self.0 & other.0)
    }

    /// The codecs, in the order of [`Codec::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Codec> {
        Codec::ALL.into_iter().filter(move |codec| self.contains(*codec))
    }
}

impl FromIterator<Codec> for CodecSet {
    fn from_iter<I: IntoIterator<Item = Codec>>(codecs: I) -> CodecSet {
        let mut set = CodecSet::default();
        codecs.into_iter().for_each(|codec| set.insert(codec));
        set
    }
}

impl fmt::Debug for CodecSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_is_read_by_its_name_and_is_in_the_full_set() {
        for codec in Codec::ALL {
            assert_eq!(codec.name().to_lowercase().parse(), Ok(codec));
            assert!(CodecSet::ALL.contains(codec) && !CodecSet::default().contains(codec));
        }
        assert_eq!(CodecSet::ALL.iter().collect::<CodecSet>(), CodecSet::ALL);
        assert!("H265".parse::<Codec>().is_err());
    }
}
