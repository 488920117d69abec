//! Any packets of any sources on one slot: what leaves is one stream.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::media::fuzzing::{self, Arriving, FrameInfo, Picture, Slot};
use crate::media::ids::{Kind, Layer};
use crate::media::rtc::Mid;

/// Sources that take turns on the slot.
const SOURCES: usize = 3;

/// Where a source is in its own counting.
struct Source {
    seq: u64,
    time: u64,
    /// What it sent: a packet that comes twice does not get past the connection.
    sent: HashSet<u64>,
}

impl Source {
    fn new() -> Source {
        Source { seq: 1 << 20, time: 1 << 34, sent: HashSet::new() }
    }
}

/// Sequence numbers and timestamps that go anywhere, frames that begin and end anywhere, owners that change: the egress
/// guard must find nothing wrong with what leaves.
pub fn forwarder(data: &[u8]) {
    let mut reader = Reader::new(data);
    let (start, mut passed) = (Instant::now() + Duration::from_secs(3_600), Duration::ZERO);
    let mut slot = Slot::new(Kind::Video, Mid::from("0"), Some(1));
    let mut sources: [Source; SOURCES] = std::array::from_fn(|_| Source::new());
    let mut owner = 0;
    while !reader.is_empty() {
        let flags = reader.byte();
        if flags & 0xc0 == 0xc0 {
            slot.detach();
            continue;
        }
        let number = usize::from(flags >> 6);
        let Some(source) = sources.get_mut(number) else { continue };
        if number != owner {
            slot.detach();
            owner = number;
        }
        source.seq = source.seq.saturating_add_signed(reader.jump()).clamp(1, 1 << 40);
        source.time = source.time.saturating_add_signed(reader.jump() * 90).clamp(1, 1 << 50);
        passed += Duration::from_millis(u64::from(flags >> 3 & 0x07) * 10);
        let capture = Duration::from_millis(reader.short().into());
        let picture =
            (flags & 4 != 0).then(|| Picture { id: reader.short() & 0x7fff, long: true, tl0: None });
        let key = flags & 3 == 3;
        let frame = FrameInfo { start: key || flags & 1 != 0, end: flags & 2 != 0, key, picture };
        if !source.sent.insert(source.seq) {
            continue;
        }
        let now = start + passed;
        let capture = now.checked_sub(capture).unwrap_or(now);
        let packet = Arriving { seq: source.seq, time: source.time, capture, frame };
        let (layer, live) = (Layer::High, [false, false, true]);
        let from = fuzzing::Source { number: number as u64, layer, target: layer, live };
        let Ok(leaving) = slot.forward(&from, &packet, now) else { continue };
        assert!(
            leaving.wallclock <= now,
            "a sender report would tell of the future: {packet:?} as {leaving:?}"
        );
        assert_eq!(slot.faults().violations(), 0, "{packet:?} left as {leaving:?}: {:?}", slot.faults());
    }
}
