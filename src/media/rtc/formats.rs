//! Payload formats, and which payload type stands for each on one connection.
//!
//! Payload types are numbers of one connection only. Two streams of one codec may still be different formats: H264 by
//! packetization mode and profile (RFC 6184 section 8.1; the level may differ). A packet carries its format, and whoever
//! sends it on looks up their own client's number for it.

use str0m::format::{Codec as Str0mCodec, CodecConfig, FormatParams};
use str0m::media::{Frequency, Media, Pt};
use str0m::rtp::Extension;

use super::red::Red;
use crate::media::codec::{Codec, CodecSet, Format};
use crate::media::egress::{self, write::ExtensionIds};
use crate::media::ids::Kind;

/// What we are ready to negotiate, best first within a kind.
#[derive(Debug, Clone, Copy)]
enum Row {
    Opus,
    Vp8,
    /// Profile 0. The others, for more than 8 bits, are what no camera sends and few decode.
    Vp9,
    Av1,
    H264 {
        mode: u8,
        profile_level: u32,
    },
}

const fn h264(mode: u8, profile_level: u32) -> Row {
    Row::H264 { mode, profile_level }
}

/// The row that [`Codec::H264`] stands for as a capability: constrained baseline, packetization mode 1.
const COMMON_H264: usize = 4;

/// Every format. H264 in all combinations browsers offer; the level 3.1 is only what the answer names, str0m matches any.
const FORMATS: [Row; egress::FORMATS] = [
    Row::Opus,
    Row::Vp8,
    Row::Vp9,
    Row::Av1,
    h264(1, 0x42_e01f),
    h264(0, 0x42_e01f),
    h264(1, 0x42_001f),
    h264(0, 0x42_001f),
    h264(1, 0x4d_001f),
    h264(0, 0x4d_001f),
    h264(1, 0x64_001f),
    h264(0, 0x64_001f),
    h264(1, 0x64_0c1f),
    h264(0, 0x64_0c1f),
];

/// Our payload types for what the client did not number: from here on two for each row. A client's own numbers win.
const FIRST_PT: u8 = 96;

impl Row {
    fn codec(self) -> Codec {
        match self {
            Row::Opus => Codec::Opus,
            Row::Vp8 => Codec::Vp8,
            Row::Vp9 => Codec::Vp9,
            Row::Av1 => Codec::Av1,
            Row::H264 { .. } => Codec::H264,
        }
    }

    fn parameters(self) -> FormatParams {
        let none = FormatParams::default();
        match self {
            // DTX in the answer makes both browsers send nothing while somebody is silent.
            Row::Opus => {
                FormatParams { min_p_time: Some(10), use_inband_fec: Some(true), use_dtx: Some(true), ..none }
            }
            Row::Vp8 | Row::Av1 => none,
            Row::Vp9 => FormatParams { profile_id: Some(0), ..none },
            Row::H264 { mode, profile_level } => FormatParams {
                level_asymmetry_allowed: Some(true),
                packetization_mode: Some(mode),
                profile_level_id: Some(profile_level),
                ..none
            },
        }
    }
}

/// Puts every format into a configuration without any; their order is kept by str0m.
pub(super) fn configure(config: &mut CodecConfig) {
    for (pt, row) in (FIRST_PT..).step_by(2).zip(FORMATS) {
        let (codec, rate, channels) = match row.codec() {
            Codec::Opus => (Str0mCodec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2)),
            Codec::Vp8 => (Str0mCodec::Vp8, Frequency::NINETY_KHZ, None),
            Codec::H264 => (Str0mCodec::H264, Frequency::NINETY_KHZ, None),
            Codec::Vp9 => (Str0mCodec::Vp9, Frequency::NINETY_KHZ, None),
            Codec::Av1 => (Str0mCodec::Av1, Frequency::NINETY_KHZ, None),
        };
        let resend = (row.codec().kind() == Kind::Video).then(|| Pt::from(pt + 1));
        config.add_config(pt.into(), resend, codec, rate, channels, row.parameters());
    }
}

/// The codec of a format, which is a row of [`FORMATS`].
pub(super) fn codec(format: Format) -> Codec {
    FORMATS.get(usize::from(format.0)).map_or(Codec::Opus, |row| row.codec())
}

/// What one offer and its answer settled.
#[derive(Debug)]
pub(super) struct Negotiated {
    /// What the client's receiving lines take, and as which payload type: only what every line of the kind takes, so a
    /// packet is never sent with a number that means nothing, or something else, on its line.
    receives: [Option<Pt>; FORMATS.len()],
    /// What the client can send, by the same rule for its own lines.
    sends: [bool; FORMATS.len()],
    /// The format of each payload type that may arrive.
    arriving: [Option<Format>; 128],
    /// Payload types that may arrive: those, and of their retransmissions.
    expected: u128,
    /// Payload types of retransmissions to the client.
    resends: u128,
    /// As what leaves needs it.
    egress: egress::Negotiated,
}

impl Default for Negotiated {
    fn default() -> Negotiated {
        Negotiated {
            receives: [None; FORMATS.len()],
            sends: [false; FORMATS.len()],
            arriving: [None; 128],
            expected: 0,
            resends: 0,
            egress: egress::Negotiated::default(),
        }
    }
}

/// What the client calls header extensions on its receiving lines of this kind: the same on all of them, since they are one bundle
/// (RFC 8285 section 7).
fn extensions(receiving: &[&Media], kind: Kind) -> ExtensionIds {
    let line = receiving.iter().find(|line| line.kind().is_audio() == (kind == Kind::Audio));
    let id = |extension| line.and_then(|line| line.remote_extmap().id_of(extension));
    ExtensionIds {
        transport: id(Extension::TransportSequenceNumber),
        level: id(Extension::AudioLevel),
        orientation: id(Extension::VideoOrientation),
    }
}

/// The place of a payload type in a set of them.
fn bit(pt: Pt) -> u128 {
    1_u128.checked_shl(u32::from(*pt)).unwrap_or(0)
}

impl Negotiated {
    /// Reads what was negotiated: `sending` are the client's own lines, `receiving` those it receives on.
    pub(super) fn read(config: &CodecConfig, sending: &[&Media], receiving: &[&Media]) -> Negotiated {
        let mut negotiated = Negotiated::default();
        negotiated.egress.sound = extensions(receiving, Kind::Audio);
        negotiated.egress.picture = extensions(receiving, Kind::Video);
        let rows = FORMATS.into_iter().zip(0..).zip(config.params());
        for (((row, number), params), (receives, sends)) in
            rows.zip(negotiated.receives.iter_mut().zip(&mut negotiated.sends))
        {
            let pt = params.pt();
            let everywhere = |lines: &[&Media]| {
                let audio = row.codec().kind() == Kind::Audio;
                let mut lines = lines.iter().filter(|line| line.kind().is_audio() == audio).peekable();
                lines.peek().is_some() && lines.all(|line| line.remote_pts().contains(&pt))
            };
            *receives = everywhere(receiving).then_some(pt);
            *sends = everywhere(sending);
            let resend = params.resend().filter(|_| receives.is_some());
            negotiated.resends |= resend.map_or(0, bit);
            let egress = negotiated.egress.formats.get_mut(usize::from(number));
            let resends = negotiated.egress.resends.get_mut(usize::from(number));
            if let (Some(pt), Some(again)) = (egress, resends) {
                (*pt, *again) = (receives.map(|pt| *pt), resend.map(|pt| *pt));
            }
            if sending.iter().any(|line| line.remote_pts().contains(&pt)) {
                if let Some(format) = negotiated.arriving.get_mut(usize::from(*pt)) {
                    *format = Some(Format(number));
                }
                for pt in [Some(pt), params.resend()].into_iter().flatten() {
                    negotiated.expected |= bit(pt);
                }
            }
        }
        negotiated
    }

    /// The client may be sent sound as `red`. Returns whether it may: what is in that is what its lines take as Opus.
    pub(super) fn take_red(&mut self, red: Red) -> bool {
        let takes = self.egress.formats.first().copied().flatten() == Some(red.of);
        self.egress.redundant = takes.then_some(red.pt);
        takes
    }

    /// What of it whatever leaves needs.
    pub(super) fn for_egress(&self) -> egress::Negotiated {
        self.egress
    }

    /// The client's payload type for `format` on its receiving lines.
    pub(super) fn pt(&self, format: Format) -> Option<Pt> {
        self.receives.get(usize::from(format.0)).copied().flatten()
    }

    /// The format of an arriving packet.
    pub(super) fn arriving(&self, pt: Pt) -> Option<Format> {
        self.arriving.get(usize::from(*pt)).copied().flatten()
    }

    /// Whether a payload type may arrive, as media or as retransmission.
    pub(super) fn expects(&self, pt: u8) -> bool {
        1_u128.checked_shl(u32::from(pt)).is_some_and(|bit| self.expected & bit != 0)
    }

    /// Whether a datagram to the client is a retransmission (RFC 4588).
    pub(super) fn is_resend(&self, datagram: &[u8]) -> bool {
        let srtp = matches!(datagram.first(), Some(128..192));
        let pt = datagram.get(1).map(|second| second & 0x7f).filter(|_| srtp);
        pt.is_some_and(|pt| self.resends & bit(pt.into()) != 0)
    }

    /// The codecs the client can send, and those it can receive.
    pub(super) fn codecs(&self) -> (CodecSet, CodecSet) {
        let rows = FORMATS
            .into_iter()
            .zip(0..)
            .filter(|(row, number)| !matches!(row, Row::H264 { .. }) || *number == COMMON_H264);
        let (mut sends, mut receives) = (CodecSet::default(), CodecSet::default());
        for (row, number) in rows {
            if self.sends.get(number).copied().unwrap_or(false) {
                sends.insert(row.codec());
            }
            if self.receives.get(number).copied().flatten().is_some() {
                receives.insert(row.codec());
            }
        }
        (sends, receives)
    }
}
