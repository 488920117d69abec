//! H264 payloads (RFC 6184 section 5).
//!
//! There is no payload descriptor: the headers of the NAL units say what begins in a packet, not whether it is the first of
//! its frame. What is known for certain is where a sequence parameter set is: browsers send it, and the picture parameter
//! set, in front of every key frame. An IDR slice is no place to start: it may be the frame's second one, and a decoder that
//! has no parameter sets shows nothing.

use str0m::format::detect_h264_nalu;

use crate::media::frame::FrameInfo;

/// The type of a sequence parameter set.
const SPS: u8 = 7;

/// What the packet is to its frame; `None` if it is no H264. A start is only known of key frames.
pub(super) fn frame_info(payload: &[u8], marker: bool) -> Option<FrameInfo> {
    // The types: 1 to 23 are single units, 24 an aggregate, 28 a fragment. The rest is for interleaving, which is never
    // negotiated, or reserved.
    let kind = payload.first()? & 0x1f;
    if payload.len() < 2 || !matches!(kind, 1..=24 | 28) {
        return None;
    }
    let key = detect_h264_nalu(payload, SPS);
    Some(FrameInfo { start: key, end: marker, key, ..FrameInfo::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_key(payload: &[u8]) -> bool {
        let info = frame_info(payload, false).expect("H264");
        assert_eq!(info.start, info.key);
        info.key
    }

    #[test]
    fn a_key_frame_starts_at_its_parameter_sets() {
        assert!(is_key(&[0x67, 0x42, 0xe0, 0x1f]), "a single unit, as in mode 0");
        let aggregate = [0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x68, 0xce, 0, 1, 0x65];
        assert!(is_key(&aggregate), "SPS, PPS and IDR in a STAP-A");
        let delimited = [0x78, 0, 2, 0x09, 0x10, 0, 4, 0x67, 0x42, 0xe0, 0x1f];
        assert!(is_key(&delimited), "after an access unit delimiter");
    }

    #[test]
    fn nothing_starts_at_a_slice_even_of_a_key_frame() {
        for payload in [
            [0x65, 0x88, 0x84], // an IDR slice
            [0x7c, 0x85, 0x88], // the first fragment of one
            [0x7c, 0x05, 0x88], // a later one
            [0x41, 0x9a, 0x02], // a slice of a delta frame
            [0x68, 0xce, 0x3c], // the picture parameter set
        ] {
            assert!(!is_key(&payload), "{payload:?}");
        }
    }

    #[test]
    fn what_modes_0_and_1_do_not_have_is_no_h264() {
        for payload in [&[][..], &[0x67], &[0x00, 1], &[0x79, 1], &[0x7d, 1], &[0x7f, 1]] {
            assert_eq!(frame_info(payload, false), None, "{payload:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_fault(payload in prop::collection::vec(any::<u8>(), 0..24)) {
            prop_assert!(frame_info(&payload, true).is_none_or(|info| info.end));
        }
    }
}
