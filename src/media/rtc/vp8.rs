//! VP8 payload descriptors (RFC 7741 section 4.2).

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

use crate::media::frame::{FrameInfo, Picture, Temporal};

/// Beginning of a partition, partition number zero: the first packet of a frame.
const START_OF_FRAME: u8 = 0x10;
const PARTITION: u8 = 0x07;

/// The extension octet, and which fields follow it.
const EXTENDED: u8 = 0x80;
const PICTURE_ID: u8 = 0x80;
const TL0PICIDX: u8 = 0x40;
const TEMPORAL: u8 = 0x20;

/// The picture id has a second octet.
const LONG: u8 = 0x80;

/// In the octet of the temporal layer: the frame needs the lowest layer only.
const SYNC: u8 = 0x20;

/// What the packet is to its frame; `None` if it is no VP8.
pub(super) fn frame_info(payload: &[u8], marker: bool) -> Option<FrameInfo> {
    let descriptor = Vp8Descriptor::parse(payload).ok()?;
    let first = payload.first().copied()?;
    // The picture id follows the extension octet; its top bit says whether it has 15 bits.
    let long = payload.get(2).is_some_and(|octet| octet & LONG != 0);
    Some(FrameInfo {
        start: first & START_OF_FRAME != 0 && first & PARTITION == 0,
        end: marker,
        key: descriptor.starts_keyframe(payload),
        picture: descriptor.picture_id().map(|id| Picture { id, long, tl0: descriptor.tl0_pic_idx() }),
        temporal: temporal(payload).unwrap_or_default(),
    })
}

/// The temporal layer, where the descriptor has one.
fn temporal(payload: &[u8]) -> Option<Temporal> {
    let mut octets = payload.iter().copied();
    octets.next().filter(|first| first & EXTENDED != 0)?;
    let fields = octets.next().filter(|fields| fields & TEMPORAL != 0)?;
    if fields & PICTURE_ID != 0 && octets.next()? & LONG != 0 {
        octets.next()?;
    }
    if fields & TL0PICIDX != 0 {
        octets.next()?;
    }
    let octet = octets.next()?;
    let layer = octet >> 6;
    Some(Temporal { layer, opens: (octet & SYNC != 0).then_some(layer) })
}

/// The descriptor's new counters; `None` if they do not fit into it.
pub(super) fn patch(payload: &[u8], picture: Picture) -> Option<Vp8Patch> {
    let descriptor = Vp8Descriptor::parse(payload).ok()?;
    let mut patch = descriptor.patch().picture_id(picture.id);
    if let Some(tl0) = picture.tl0 {
        patch = patch.tl0_pic_idx(tl0);
    }
    patch.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// X, I, L and T set; a 15-bit picture id of 0x123; TL0PICIDX 7; then a key frame's first byte.
    const KEY: [u8; 8] = [0x90, 0xe0, 0x81, 0x23, 7, 0x20, 0x10, 0];

    #[test]
    fn a_key_frames_first_packet_is_recognised() {
        let info = frame_info(&KEY, false).expect("VP8");
        assert!(info.start && info.key && !info.end);
        assert_eq!(info.picture, Some(Picture { id: 0x123, long: true, tl0: Some(7) }));
        let delta = [0x90, 0xe0, 0x81, 0x24, 7, 0x20, 0x11, 0];
        assert!(frame_info(&delta, true).is_some_and(|info| info.start && !info.key && info.end));
        let middle = [0x80, 0xe0, 0x81, 0x24, 7, 0x20, 0x10, 0];
        assert!(frame_info(&middle, true).is_some_and(|info| !info.start && !info.key));
    }

    #[test]
    fn the_temporal_layer_follows_what_fields_there_are() {
        let temporal = |octets: &[u8]| frame_info(octets, false).expect("VP8").temporal;
        let of = |layer, opens| Temporal { layer, opens };
        assert_eq!(temporal(&[0x90, 0xe0, 0x81, 0x23, 7, 0x80, 0x11, 0]), of(2, None));
        assert_eq!(temporal(&[0x90, 0xe0, 0x01, 7, 0x60, 0x11, 0]), of(1, Some(1)), "an id of 7 bits");
        assert_eq!(temporal(&[0x90, 0x20, 0xa0, 0x11, 0]), of(2, Some(2)), "no counters");
        assert_eq!(temporal(&[0x90, 0x80, 0x01, 0x11, 0]), Temporal::default(), "a picture id alone");
        assert_eq!(temporal(&[0x10, 0x10, 0]), Temporal::default(), "nothing");
    }

    #[test]
    fn counters_that_do_not_fit_are_no_patch() {
        assert!(patch(&KEY, Picture { id: 5, long: true, tl0: Some(1) }).is_some());
        let plain = [0x10, 0x10, 0];
        assert!(patch(&plain, Picture { id: 5, long: true, tl0: None }).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_fault(payload in prop::collection::vec(any::<u8>(), 0..12)) {
            if let Some(picture) = frame_info(&payload, false).and_then(|info| info.picture) {
                prop_assert!(patch(&payload, picture).is_some());
            }
        }
    }
}
