//! VP8 payload descriptors (RFC 7741 section 4.2).

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

use crate::media::frame::{FrameInfo, Picture};

/// Beginning of a partition, partition number zero: the first packet of a frame.
const START_OF_FRAME: u8 = 0x10;
const PARTITION: u8 = 0x07;

/// What the packet is to its frame; `None` if it is no VP8.
pub(super) fn frame_info(payload: &[u8], marker: bool) -> Option<FrameInfo> {
    let descriptor = Vp8Descriptor::parse(payload).ok()?;
    let first = payload.first().copied()?;
    // The picture id follows the extension octet; its top bit says whether it has 15 bits.
    let long = payload.get(2).is_some_and(|octet| octet & 0x80 != 0);
    Some(FrameInfo {
        start: first & START_OF_FRAME != 0 && first & PARTITION == 0,
        end: marker,
        key: descriptor.starts_keyframe(payload),
        picture: descriptor.picture_id().map(|id| Picture { id, long, tl0: descriptor.tl0_pic_idx() }),
    })
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
