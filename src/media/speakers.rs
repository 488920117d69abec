//! Who is to be heard: the loudness of each voice, from the levels clients put beside their audio (RFC 6464).

use std::time::{Duration, Instant};

/// The half-life of a voice's power. Long enough to bridge the gaps between words.
const HALF_LIFE: Duration = Duration::from_millis(300);

/// Loudness above which somebody is speaking, in dB below full scale (negated dBov).
const SPEAKING_DB: f32 = 50.0;

/// Loudness below which they have stopped. The gap to [`SPEAKING_DB`] keeps a quiet voice from flickering.
const SILENT_DB: f32 = 60.0;

/// A voice without packets for this long is silent (DTX sends nothing at all).
pub const STALE: Duration = Duration::from_secs(1);

/// Nobody counts as louder than this, whatever they say of themselves: speech into a near microphone is at 20 to 30 dB.
const LOUDEST_DB: f32 = 20.0;

/// Whoever was audible for this long without a pause counts as quieter from then on, so that a level that somebody made up
/// keeps nobody out for ever. People pause for the three seconds that [`Voice`] takes to fall silent far more often.
const UNBROKEN: Duration = Duration::from_secs(60);

/// By so many dB a second: half a minute later anybody who speaks is louder.
const TIRES_DB: f32 = 1.0;

/// The loudness of one voice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Voice {
    power: f32,
    heard: Option<Instant>,
    /// Since when it is audible.
    audible: Option<Instant>,
}

impl Voice {
    /// Takes note of a packet's level in dB below full scale (0 is loudest, 127 silence).
    pub fn level(&mut self, now: Instant, below_full_scale: u8) {
        // After a pause without packets the voice starts anew: whoever took its place in between must be judged again.
        let was = self.is_audible(now);
        let power = 10f32.powf(-f32::from(below_full_scale.min(127)) / 10.0);
        let passed = self.heard.map_or(STALE, |heard| now.saturating_duration_since(heard));
        let keep = 0.5f32.powf(passed.as_secs_f32() / HALF_LIFE.as_secs_f32());
        self.power = self.power * keep + power * (1.0 - keep);
        self.heard = Some(now);
        let audible = self.smoothed() < if was { SILENT_DB } else { SPEAKING_DB };
        let since = self.audible.filter(|_| was).unwrap_or(now);
        self.audible = audible.then_some(since);
    }

    /// Whether the voice can be heard at `now`.
    fn is_audible(&self, now: Instant) -> bool {
        let fresh = self.heard.is_some_and(|heard| now.saturating_duration_since(heard) < STALE);
        fresh && self.audible.is_some()
    }

    /// How loud the voice counts at `now`, beside others, in dB below full scale; `None` while it cannot be heard.
    #[must_use]
    pub fn loudness(&self, now: Instant) -> Option<f32> {
        let since = self.audible.filter(|_| self.is_audible(now))?;
        let tires = now.saturating_duration_since(since).saturating_sub(UNBROKEN).as_secs_f32();
        Some(self.smoothed().max(LOUDEST_DB) + TIRES_DB * tires)
    }

    /// Smoothed loudness in dB below full scale.
    fn smoothed(&self) -> f32 {
        if self.power <= 1e-13 { 127.0 } else { -10.0 * self.power.log10() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_is_audible_while_it_speaks_and_for_the_gap_between_words() {
        let mut now = Instant::now();
        let mut voice = Voice::default();
        let say = |now: &mut Instant, voice: &mut Voice, level, packets| {
            for _ in 0..packets {
                *now += Duration::from_millis(20);
                voice.level(*now, level);
            }
            voice.loudness(*now).is_some()
        };
        assert!(!say(&mut now, &mut voice, 127, 10));
        assert!(say(&mut now, &mut voice, 30, 5));
        assert!(say(&mut now, &mut voice, 127, 25), "half a second between words");
        assert!(!say(&mut now, &mut voice, 127, 150));
        assert!(say(&mut now, &mut voice, 30, 20));
        now += STALE;
        assert_eq!(voice.loudness(now), None, "no packets, no voice");
        assert!(say(&mut now, &mut voice, 30, 1), "whoever speaks again after a pause is heard at once");
    }

    #[test]
    fn a_level_that_is_made_up_is_no_louder_than_a_voice_and_tires() {
        let start = Instant::now();
        let mut liar = Voice::default();
        let mut counts = |seconds: u32| {
            let packets = (0..seconds * 50).map(|n| start + n * Duration::from_millis(20));
            packets.fold(0.0, |_, now| {
                liar.level(now, 0);
                liar.loudness(now).expect("audible")
            })
        };
        assert!((counts(30) - LOUDEST_DB).abs() < 0.1);
        assert!(counts(100) > 55.0, "anybody who speaks is louder by now");
        let later = start + Duration::from_secs(105);
        liar.level(later, 0);
        assert!(
            liar.loudness(later).is_some_and(|loud| loud < LOUDEST_DB + 0.1),
            "after a pause it is fresh"
        );
    }
}
