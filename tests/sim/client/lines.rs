//! The words of str0m and of the protocol for codecs and lines.

use plenary::media::codec::Codec;
use plenary::media::ids::{Kind, Layer, SlotIndex, Stream};
use plenary::media::message::{SlotLine, TrackLine};
use str0m::format::{Codec as Str0mCodec, PayloadParams};
use str0m::media::{Mid, Simulcast, SimulcastLayer};

pub(super) fn codec_of(params: &PayloadParams) -> Option<Codec> {
    let spec = params.spec();
    match spec.codec {
        Str0mCodec::Opus => Some(Codec::Opus),
        Str0mCodec::Vp8 => Some(Codec::Vp8),
        Str0mCodec::Vp9 => Some(Codec::Vp9),
        Str0mCodec::Av1 => Some(Codec::Av1),
        // Constrained baseline with fragments: what every browser means by H264.
        Str0mCodec::H264 => {
            let profile = spec.format.profile_level_id.is_none_or(|profile| profile >> 8 == 0x42_e0);
            (spec.format.packetization_mode == Some(1) && profile).then_some(Codec::H264)
        }
        _ => None,
    }
}

/// What is sent in several sizes.
pub(super) fn in_sizes(layers: &[Layer]) -> Simulcast {
    let mut sizes = Simulcast::new();
    for layer in layers {
        sizes.add_send_layer(SimulcastLayer::new(layer.rid()));
    }
    sizes
}

pub(super) fn track(mid: Mid, stream: Stream, kind: Kind) -> TrackLine {
    TrackLine { mid: mid.to_string(), stream, kind }
}

pub(super) fn slot(mid: Mid, kind: Kind, number: u8) -> SlotLine {
    SlotLine { mid: mid.to_string(), kind, slot: SlotIndex(number) }
}
