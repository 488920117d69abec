//! Any packets of any layers on one slot: what leaves is one stream.

use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::media::fuzzing::{Arriving, FrameInfo, Frames, Picture, Slot, Source, Temporal};
use crate::media::ids::{Kind, Layer};
use crate::media::rtc::Mid;
use crate::media::rtp::{MediaTime, SeqNo, Ssrc};

/// Where a layer is in its own counting.
struct Counting {
    seq: u64,
    time: u64,
}

impl Counting {
    fn new() -> Counting {
        Counting { seq: 1 << 20, time: 1 << 34 }
    }
}

/// Sequence numbers and timestamps that go anywhere and come twice, frames that begin and end anywhere, layers that are wanted by turns,
/// owners that change: the egress guard must find nothing wrong with what leaves.
pub fn forwarder(data: &[u8]) {
    let mut reader = Reader::new(data);
    let (start, mut passed) = (Instant::now() + Duration::from_secs(3_600), Duration::ZERO);
    let mut slot = Slot::new(Kind::Video, Mid::from("0"), Some(Ssrc(1)));
    let mut layers = Layer::ALL.map(|_| Counting::new());
    let (mut target, mut frames, mut owner) = (Layer::Middle, Frames::All, 0);
    while !reader.is_empty() {
        let flags = reader.byte();
        let number = usize::from(flags >> 6);
        let Some((layer, counting)) = Layer::ALL.get(number).copied().zip(layers.get_mut(number)) else {
            if let Some(layer) = Layer::ALL.get(usize::from(flags & 3)) {
                target = *layer;
                frames = match flags >> 2 & 3 {
                    0 => Frames::Quarter,
                    1 => Frames::Half,
                    _ => Frames::All,
                };
            } else {
                slot.detach();
                owner += 1;
            }
            continue;
        };
        counting.seq = counting.seq.saturating_add_signed(reader.jump()).clamp(1, 1 << 40);
        counting.time = counting.time.saturating_add_signed(reader.jump() * 90).clamp(1, 1 << 50);
        passed += Duration::from_millis(u64::from(flags >> 3 & 0x07) * 10);
        let capture = Duration::from_millis(reader.short().into());
        let picture =
            (flags & 4 != 0).then(|| Picture { id: reader.short() & 0x7fff, long: true, tl0: None });
        let key = flags & 3 == 3;
        // Its temporal layer is any, also within one frame.
        let place = reader.byte();
        let temporal = Temporal { layer: place & 3, opens: (place & 4 != 0).then_some(place >> 3 & 3) };
        let frame = FrameInfo { start: key || flags & 1 != 0, end: flags & 2 != 0, key, picture, temporal };
        let now = start + passed;
        let capture = now.checked_sub(capture).unwrap_or(now);
        let packet = Arriving { seq: SeqNo(counting.seq), time: MediaTime(counting.time), capture, frame };
        (slot.target, slot.frames) = (Some(target), frames);
        let source = Source { number: owner * 3 + number as u64, layer, live: [true; 3], overtaken: false };
        let Ok(leaving) = slot.forward(&source, &packet, now) else { continue };
        assert!(
            leaving.wallclock <= now,
            "a sender report would tell of the future: {packet:?} as {leaving:?}"
        );
        assert_eq!(slot.faults().violations(), 0, "{packet:?} left as {leaving:?}: {:?}", slot.faults());
    }
}
