//! Silence that is not sent for ever: microphones without DTX send 50 packets a second of it.
//!
//! Only what is far below any speech counts, so the first packet of the next word opens at once and nothing of it is missing.

use std::time::{Duration, Instant};

/// At this level, in dB below full scale, and below it nothing can be heard: speech, also across a room, is at 20 to 55, a quiet
/// room beside a microphone at 60 to 70, and what a browser's noise suppression leaves of it at 80 and less.
const FLOOR_DB: u8 = 75;

/// For so long silence is sent as it comes. Longer than pauses between sentences, in which a listener would notice that the room
/// around the speaker is gone.
pub const SENT_FOR: Duration = Duration::from_secs(3);

/// Without a packet for so long nothing is known of what was between: somebody sends again who rested, or whose line was gone. With DTX a
/// packet comes every 400 ms.
const RESTED_FOR: Duration = Duration::from_secs(1);

/// Whether what a microphone sends is silence, and for how long.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silence {
    since: Option<Instant>,
    last: Option<Instant>,
}

impl Silence {
    /// Takes note of a packet's level in dB below full scale (RFC 6464). Returns whether it is silence that need not be sent.
    pub fn level(&mut self, now: Instant, below_full_scale: u8) -> bool {
        let rested = self.last.is_some_and(|last| now.saturating_duration_since(last) >= RESTED_FOR);
        self.last = Some(now);
        if rested || below_full_scale < FLOOR_DB {
            self.since = None;
        }
        if below_full_scale < FLOOR_DB {
            return false;
        }
        now.saturating_duration_since(*self.since.get_or_insert(now)) >= SENT_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_sent_for_three_seconds_and_the_first_packet_of_a_word_always() {
        let start = Instant::now();
        let mut silence = Silence::default();
        let at = |packet: u32| start + packet * Duration::from_millis(20);
        assert!((0..150).all(|packet| !silence.level(at(packet), 127)));
        assert!((150..1_000).all(|packet| silence.level(at(packet), if packet % 2 == 0 { 127 } else { 80 })));
        assert!(!silence.level(at(1_000), 55), "a word, spoken across the room");
        assert!((1_001..1_151).all(|packet| !silence.level(at(packet), 127)), "the pause behind it");
        assert!(silence.level(at(1_151), 127));
        assert!((1_152..9_000).all(|packet| !silence.level(at(packet), 60)), "a room that hums is heard");
    }

    #[test]
    fn who_rested_is_heard_from_the_first_packet_on_be_it_silence() {
        let start = Instant::now();
        let mut silence = Silence::default();
        let at = |millis: u64| start + Duration::from_millis(millis);
        assert_eq!((0..200).filter(|packet| silence.level(at(packet * 20), 127)).count(), 50);
        assert!(silence.level(at(4_380), 127), "a packet of DTX");
        assert!((0..150).all(|packet| !silence.level(at(6_000 + packet * 20), 127)));
        assert!(silence.level(at(9_000), 127));
    }
}
