//! VP9 payload descriptors (RFC 9628 section 4.2).
//!
//! Nothing is rewritten: a receiver takes a picture id that jumps at a key frame for what it is, a new start, and slots
//! switch on key frames only. Pictures of higher temporal layers that are left out are no hole to it: what a picture needs follows from
//! its place in the group, or is said.

use crate::media::frame::{FrameInfo, Temporal};

/// The first octet: which fields follow, and what the packet is to its frame.
const PICTURE_ID: u8 = 0x80;
const PREDICTED: u8 = 0x40;
const LAYERS: u8 = 0x20;
const START_OF_FRAME: u8 = 0x08;

/// The picture id has a second octet.
const LONG: u8 = 0x80;

/// In the octet of layer indices: the spatial layer, and that from here on the next temporal layer needs nothing before.
const SPATIAL: u8 = 0x0e;
const SWITCHES_UP: u8 = 0x10;

/// What the packet is to its picture; `None` if it is no VP9.
pub(super) fn frame_info(payload: &[u8], marker: bool) -> Option<FrameInfo> {
    let mut octets = payload.iter().copied();
    let first = octets.next()?;
    if first & PICTURE_ID != 0 && octets.next()? & LONG != 0 {
        octets.next()?;
    }
    let indices = if first & LAYERS == 0 { 0 } else { octets.next()? };
    let layer = indices >> 5;
    let temporal = Temporal { layer, opens: (indices & SWITCHES_UP != 0).then_some(layer + 1) };
    let lowest = indices & SPATIAL == 0;
    // A picture has one frame for each spatial layer, and starts with the lowest.
    let start = first & START_OF_FRAME != 0 && lowest;
    // Something must follow the descriptor.
    octets.next()?;
    Some(FrameInfo { start, end: marker, key: start && first & PREDICTED == 0, picture: None, temporal })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As Chromium sends it: I, L, B, V; a 15-bit picture id; layer indices; TL0PICIDX; then what follows.
    fn packet(flags: u8, layers: u8) -> [u8; 7] {
        [0xa2 | flags, 0x92, 0x34, layers, 7, 0x18, 0x82]
    }

    fn info(payload: &[u8]) -> FrameInfo {
        frame_info(payload, false).expect("VP9")
    }

    #[test]
    fn a_key_pictures_first_packet_is_recognised() {
        let key = packet(START_OF_FRAME, 0);
        assert!(info(&key).start && info(&key).key);
        let delta = packet(START_OF_FRAME | PREDICTED, 0);
        assert!(info(&delta).start && !info(&delta).key);
        let middle = packet(0, 0);
        assert!(!info(&middle).start && !info(&middle).key);
    }

    #[test]
    fn a_temporal_layer_starts_a_picture_and_a_higher_spatial_layer_does_not() {
        assert!(info(&packet(START_OF_FRAME, 0x20)).key, "temporal layer 1");
        assert!(!info(&packet(START_OF_FRAME, 0x02)).start, "spatial layer 1 of a key picture");
        assert!(!info(&packet(START_OF_FRAME, 0x02)).key);
    }

    #[test]
    fn the_temporal_layer_and_what_it_opens_are_read() {
        let temporal = |layers| info(&packet(START_OF_FRAME | PREDICTED, layers)).temporal;
        assert_eq!(temporal(0x40), Temporal { layer: 2, opens: None });
        assert_eq!(temporal(0x30), Temporal { layer: 1, opens: Some(2) });
        assert_eq!(info(&[START_OF_FRAME, 0x82]).temporal, Temporal::default(), "no indices");
    }

    #[test]
    fn without_optional_fields_the_first_octet_is_enough() {
        assert!(info(&[START_OF_FRAME, 0x82]).key);
        assert!(info(&[START_OF_FRAME | PICTURE_ID, 0x12, 0x82]).key, "a picture id of 7 bits");
    }

    #[test]
    fn a_descriptor_that_is_cut_short_is_no_vp9() {
        let key = packet(START_OF_FRAME, 0);
        for end in 0..=4 {
            assert_eq!(frame_info(key.get(..end).unwrap_or_default(), true), None, "{end} octets");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_fault(payload in prop::collection::vec(any::<u8>(), 0..12)) {
            let info = frame_info(&payload, true);
            prop_assert!(info.is_none_or(|info| info.end && (info.start || !info.key)));
        }
    }
}
