//! Anything that can be known of a subscriber, in any order: what is decided for them is a decision.

use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::media::allocate::{Adaptive, Allocator, Downlink, EncodingFacts, SlotFacts, TileFacts};
use crate::media::ids::{Layer, PeerId, SlotIndex, Stream, StreamId};
use crate::media::units::Bitrate;

/// As many as a client may have.
const SLOTS: usize = crate::media::VIDEO_SLOTS as usize;

/// No more than this is ever looked for.
const MOST_PROBED: Bitrate = Bitrate::kbps(40_000);

/// Estimates, layers that come and go at any rate, views and owners that change, time that passes or does not: every decision keeps
/// the slots it was given, asks to be made again later, not now, and is judged where it is made (`media/allocate/decide/judge.rs`).
pub fn allocator(data: &[u8]) {
    let mut reader = Reader::new(data);
    let mut now = Instant::now();
    let (mut allocator, mut downlink) = (Adaptive::default(), Downlink::default());
    let mut slots: Vec<SlotFacts> = Vec::new();
    while !reader.is_empty() {
        let choice = reader.byte();
        let decides = match choice & 7 {
            0 => {
                now += Duration::from_millis(u64::from(reader.short()) << (choice >> 6));
                false
            }
            1 | 2 => {
                let estimate = Bitrate::kbps(u64::from(reader.short()) >> (choice >> 5));
                downlink.estimate = Some(estimate);
                allocator.heeds(now, estimate)
            }
            3 => {
                let (stream, number) = (choice & 8 == 0, slots.len());
                if number < SLOTS {
                    slots.push(of(reader.byte(), number, stream));
                }
                true
            }
            4 | 5 => change(&mut reader, &mut slots, choice),
            6 => {
                downlink.sound = Bitrate::kbps(u64::from(reader.byte()));
                downlink.estimate = downlink.estimate.filter(|_| choice < 0xf0);
                true
            }
            _ => true,
        };
        if decides {
            decide(&mut allocator, now, &downlink, &mut slots);
        }
    }
}

fn of(peer: u8, number: usize, camera: bool) -> SlotFacts {
    let stream = if camera { Stream::Camera } else { Stream::Screen };
    let number = SlotIndex(u8::try_from(number).unwrap_or(u8::MAX));
    SlotFacts::of(number, StreamId { peer: PeerId(peer.into()), stream })
}

/// What is known of one slot changes.
fn change(reader: &mut Reader<'_>, slots: &mut Vec<SlotFacts>, choice: u8) -> bool {
    let at = usize::from(reader.byte());
    if choice == 0xfc && at < slots.len() {
        slots.swap_remove(at);
        return true;
    }
    let many = slots.len().max(1);
    let Some(slot) = slots.get_mut(at % many) else { return false };
    match choice >> 3 & 7 {
        layer @ 0..=2 => {
            let flags = reader.byte();
            let rate = Bitrate::kbps(u64::from(reader.short()));
            if let Some(encoding) = slot.encodings.get_mut(usize::from(layer)) {
                *encoding = (flags & 1 != 0).then(|| EncodingFacts {
                    settled: flags & 2 == 0,
                    asked: (flags & 4 != 0).then_some(rate),
                    rate: (flags & 8 == 0).then_some(rate),
                    parts: if flags & 64 == 0 { [None; 2] } else { [Some(0.4), Some(0.6)] },
                    frames: (flags & 16 == 0).then(|| f32::from(flags >> 3)),
                    height: (flags & 32 != 0).then(|| reader.short()),
                });
            }
        }
        3 => (slot.unseen, slot.speaks) = (choice & 64 != 0, choice & 128 != 0),
        4 => slot.tile = None,
        5 => slot.gone = [choice & 64 != 0, choice & 128 != 0, at & 64 != 0],
        _ => {
            let rank = usize::from(reader.byte());
            slot.tile = Some(TileFacts { rank, height: reader.short(), pinned: choice & 128 != 0 });
        }
    }
    choice & 1 != 0
}

fn decide(allocator: &mut Adaptive, now: Instant, downlink: &Downlink, slots: &mut [SlotFacts]) {
    let sorted = |slots: &[SlotFacts]| {
        let mut numbers: Vec<u8> = slots.iter().map(|slot| slot.slot.0).collect();
        numbers.sort_unstable();
        numbers
    };
    let before = sorted(slots);
    let asks = allocator.allocate(now, downlink, slots);
    assert_eq!(before, sorted(slots), "other slots than those there are");
    assert!(asks.again.is_none_or(|again| again > now), "it would be asked for ever");
    assert!(asks.probe.is_none_or(|probe| probe <= MOST_PROBED), "{:?} is looked for", asks.probe);
    for slot in &mut *slots {
        for layer in Layer::ALL {
            let unseen = slot.unseen && slot.target.is_some_and(|target| slot.encoding(target).is_some());
            assert!(!(unseen && allocator.misses(slot, layer)), "what nobody sees is missed");
        }
        (slot.held, slot.held_frames) = (slot.target, slot.frames);
    }
}
