//! What came of an encoding since its last key frame, while that is short: whoever comes meanwhile begins with it.

use std::time::{Duration, Instant};

use super::forward::Arriving;

/// A key frame that came longer ago is not begun with: what is older than a moment leaves at once, and a browser that is given a lot of it may
/// play all that follows later. Fifty who come in a second to four people see them 50 ms after they are connected, and one in twenty after
/// 195; with 400 ms 43 and 100, with 100 ms 90 and 300, without any of it 257 and 414.
const WITHIN: Duration = Duration::from_millis(200);

/// And no more than so many bytes of payload: a key frame of a small picture and what follows it. It leaves at once.
const BYTES: usize = 30_000;

/// And so many packets, however small.
const PACKETS: usize = 64;

/// A packet that is kept in the ring of its encoding.
#[derive(Debug, Clone, Copy)]
pub struct Recalled {
    /// Its number there.
    pub number: u64,
    /// What forwarding needs to know of it.
    pub arriving: Arriving,
    /// Bytes of its payload.
    pub bytes: usize,
    /// What its publisher sent after it was there before it.
    pub overtaken: bool,
}

/// What came since a key frame, without a hole.
#[derive(Debug, Default)]
pub struct Recap {
    source: u64,
    /// When the key frame began; `None` while nobody can begin with it.
    since: Option<Instant>,
    bytes: usize,
    packets: Vec<Recalled>,
}

impl Recap {
    /// A packet came, of `source`.
    pub fn push(&mut self, now: Instant, source: u64, packet: Recalled) {
        if packet.arriving.frame.starts_key_frame() && !packet.overtaken {
            self.packets.clear();
            (self.source, self.since, self.bytes) = (source, Some(now), 0);
        }
        if self.since.is_none() {
            return;
        }
        self.bytes += packet.bytes;
        let follows = self.packets.last().is_none_or(|last| packet.arriving.seq == last.arriving.seq + 1);
        let fits = self.bytes <= BYTES && self.packets.len() < PACKETS;
        if packet.overtaken || !follows || !fits || self.of(now, source).is_none() {
            self.end();
            return;
        }
        self.packets.push(packet);
    }

    /// Nobody begins with it any more.
    pub fn end(&mut self) {
        self.since = None;
        self.packets.clear();
    }

    /// What somebody begins with who comes now, if `source` is what it is of; nothing if that is too long ago, or not whole.
    #[must_use]
    pub fn get(&self, now: Instant, source: u64) -> &[Recalled] {
        self.of(now, source).unwrap_or_default()
    }

    fn of(&self, now: Instant, source: u64) -> Option<&[Recalled]> {
        let fresh = now.saturating_duration_since(self.since?) <= WITHIN;
        (fresh && source == self.source).then_some(self.packets.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::frame::FrameInfo;
    use crate::media::rtp::{MediaTime, SeqNo};

    fn packet(now: Instant, seq: u64, key: bool) -> Recalled {
        let frame = FrameInfo { key, start: true, end: true, ..FrameInfo::audio() };
        let arriving = Arriving { seq: SeqNo(seq), time: MediaTime(seq * 3_000), capture: now, frame };
        Recalled { number: seq, arriving, bytes: 900, overtaken: false }
    }

    /// What is begun with after these came, 20 ms after each other: their numbers, whether they are key frames, their bytes.
    fn after(came: &[(u64, bool, usize)]) -> (Recap, Instant) {
        let (mut recap, mut now) = (Recap::default(), Instant::now());
        for (seq, key, bytes) in came {
            recap.push(now, 7, Recalled { bytes: *bytes, ..packet(now, *seq, *key) });
            now += Duration::from_millis(20);
        }
        (recap, now)
    }

    fn numbers(recap: &Recap, now: Instant, source: u64) -> Vec<u64> {
        recap.get(now, source).iter().map(|packet| packet.number).collect()
    }

    #[test]
    fn whoever_comes_begins_with_the_last_key_frame_and_what_followed() {
        let (recap, now) =
            after(&[(1, false, 900), (2, true, 900), (3, false, 900), (4, true, 900), (5, false, 900)]);
        assert_eq!(numbers(&recap, now, 7), [4, 5]);
        assert_eq!(numbers(&recap, now, 8), [0; 0], "another encoding");
        assert_eq!(numbers(&recap, now + WITHIN, 7), [0; 0], "too long ago");
    }

    #[test]
    fn nobody_begins_with_what_has_a_hole_or_is_much_or_old() {
        for (what, came) in [
            ("a hole", vec![(1, true, 900), (3, false, 900), (4, false, 900)]),
            ("twice the same", vec![(1, true, 900), (1, false, 900)]),
            ("many bytes", vec![(1, true, 15_000), (2, false, 15_001), (3, false, 1)]),
            ("many packets", (0..100).map(|seq| (seq, seq == 90 - 66, 10)).collect()),
            ("for long", (0..30).map(|seq| (seq, seq == 0, 10)).collect()),
        ] {
            let (recap, now) = after(&came);
            assert_eq!(numbers(&recap, now, 7), [0; 0], "{what}");
        }
        let (mut recap, now) = after(&[(1, true, 900)]);
        recap.push(now, 7, Recalled { overtaken: true, ..packet(now, 2, false) });
        assert_eq!(numbers(&recap, now, 7), [0; 0], "what was overtaken");
        let (mut recap, now) = after(&[(1, true, 900)]);
        recap.end();
        recap.push(now, 7, packet(now, 2, false));
        assert_eq!(numbers(&recap, now, 7), [0; 0], "it ended");
    }
}
