//! Any packets that leave, and any that are asked for again: what is sent again is what left.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::media::egress::feedback::KeyRequest;
use crate::media::egress::history::{Again, History, LEAST_WAIT, MOST_TIMES, OLDEST, Sent};
use crate::media::egress::ring::Kept;
use crate::media::fuzzing::{Key, Picture, PublicationKey};
use crate::media::ids::Layer;
use crate::media::rtp::SeqNo;

/// What left, when, and when it left again.
struct Left {
    sent: Sent,
    at: Instant,
    again: Vec<Instant>,
}

/// Packets leave with numbers that go anywhere, and wrap; key frames begin, or are asked for; anything is asked for again, at any
/// round trip. Whatever is sent again left with that number, lately, as it left; not before a round trip was over, and not too
/// often.
pub fn history(data: &[u8]) {
    let mut reader = Reader::new(data);
    let (mut history, mut now) = (History::default(), Instant::now());
    let mut seq = u64::from(reader.short());
    let mut left: BTreeMap<u64, Left> = BTreeMap::new();
    let mut useful = SeqNo(0);
    while !reader.is_empty() {
        let what = reader.byte();
        match what >> 5 {
            0..=3 => {
                seq =
                    seq.saturating_add_signed(1 + if what & 8 == 0 { 0 } else { reader.jump() }).min(1 << 48);
                if left.contains_key(&seq) {
                    continue;
                }
                let (sent, key) = (packet(what, &mut reader), what & 16 != 0);
                history.note(now, SeqNo(seq), sent, key);
                useful = if key { useful.max(SeqNo(seq)) } else { useful };
                left.insert(seq, Left { sent, at: now, again: Vec::new() });
            }
            4 | 5 => {
                let (rtt, low) = (Duration::from_millis(u64::from(what & 31) * 10), reader.short());
                if let Ok(again) = history.again(now, rtt, low) {
                    judge(&mut left, &again, now, rtt, low);
                    assert!(again.seq >= useful, "a key frame takes its place: {again:?}");
                }
            }
            6 => now += Duration::from_millis(u64::from(reader.short() >> (what & 15))),
            _ if history.is_new(KeyRequest::Command { number: what & 3 }) => {
                let first = history.supersede(now, Duration::from_millis(u64::from(what & 31) * 10));
                assert!(first >= useful, "what was of no use is not again: {first:?} {useful:?}");
                useful = first;
            }
            _ => {}
        }
    }
}

/// A packet as it leaves.
fn packet(what: u8, reader: &mut Reader<'_>) -> Sent {
    let id = reader.short();
    let picture = (what & 4 != 0).then(|| Picture {
        id: id & if id & 0x8000 == 0 { 0x7f } else { 0x7fff },
        long: id & 0x8000 != 0,
        tl0: (what & 2 != 0).then(|| id.to_be_bytes()[1]),
    });
    let layer = Layer::ALL.get(usize::from(id % 3)).copied().unwrap_or(Layer::Low);
    let number = u64::from(id) << 32 | u64::from(what);
    Sent {
        kept: Kept { publication: PublicationKey::of(id.into()), layer, number },
        time: u32::MAX - u32::from(id),
        picture,
    }
}

fn judge(left: &mut BTreeMap<u64, Left>, again: &Again, now: Instant, rtt: Duration, low: u16) {
    let Some(left) = left.get_mut(&again.seq.0) else { panic!("{again:?} never left") };
    assert_eq!((again.seq.0 & 0xffff, again.sent), (low.into(), left.sent));
    // Times are kept in milliseconds.
    let slack = Duration::from_millis(1);
    assert!(now <= left.at + OLDEST + slack && now <= again.until, "too old: {again:?}");
    let wait = rtt.saturating_sub(rtt / 8).max(LEAST_WAIT);
    assert!(left.again.last().is_none_or(|last| *last + wait <= now + slack), "too soon: {again:?}");
    left.again.push(now);
    assert!(left.again.len() <= usize::from(MOST_TIMES), "too often: {again:?}");
}
