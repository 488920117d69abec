//! AV1 payloads: the aggregation header in front of each (AOM's RTP payload format, section 4.4).
//!
//! It tells the first packet of a coded video sequence, which starts with a key frame, and nothing else about frames. The
//! dependency descriptor would, but Firefox does not offer it.

use str0m::format::detect_av1_keyframe;

use crate::media::frame::FrameInfo;

/// The first element goes on from the packet before.
const CONTINUES: u8 = 0x80;

/// What the packet is to its frame; `None` if it is no AV1. A start is only known of key frames.
pub(super) fn frame_info(payload: &[u8], marker: bool) -> Option<FrameInfo> {
    let header = payload.first().filter(|_| payload.len() > 1)?;
    let key = detect_av1_keyframe(payload) && header & CONTINUES == 0;
    Some(FrameInfo { start: key, end: marker, key, ..FrameInfo::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_frame_starts_with_a_new_sequence() {
        let is_key = |header: u8| frame_info(&[header, 0x0a, 0x0b], false).expect("AV1").key;
        assert!(is_key(0x18), "one element, new sequence");
        assert!(is_key(0x68), "its last element goes on in the next packet");
        assert!(!is_key(0x10) && !is_key(0x90) && !is_key(0x50));
        assert!(!is_key(0x98), "a new sequence cannot start within an element");
    }

    #[test]
    fn a_header_without_anything_behind_it_is_no_av1() {
        assert_eq!(frame_info(&[], true), None);
        assert_eq!(frame_info(&[0x18], true), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_fault(payload in prop::collection::vec(any::<u8>(), 0..6)) {
            prop_assert!(frame_info(&payload, true).is_none_or(|info| info.end));
        }
    }
}
