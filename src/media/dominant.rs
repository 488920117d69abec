//! Who has the floor in a room: the dominant speaker, after Volfin and Cohen, "Dominant speaker identification for multipoint
//! videoconferencing" (IEEEI 2010; Computer Speech & Language 27, 2013).
//!
//! Each voice is looked at over three times: the packet of now, the last 100 ms, the last second. How likely it is that speech
//! is what was heard in each is a score, and a challenger takes the floor who beats the holder's in all three. A cough beats no
//! second; a word in between beats nobody who goes on speaking; and whoever pauses for breath holds the floor until somebody
//! has said more. The paper sees how many bands of the spectrum are active; beside encrypted sound there is only its level (RFC
//! 6464), so here it is by how many steps the level is above the voice's background.
//!
//! ```text
//!  level ─> steps above the background ─> score of the packet     ┐
//!             └> active or not ─> of 5 packets ─> of 100 ms       ├─> better in all three: the floor changes hands
//!                                   └> of 10 such ─> of a second  ┘
//! ```

use std::time::{Duration, Instant};

use super::ids::PeerId;

/// What a packet of sound is long.
const PACKET: Duration = Duration::from_millis(20);

/// Packets may be of 60 ms: so long a gap is no pause.
const NO_PAUSE: u32 = 3;

/// Between two looks at who has the floor, as in the paper.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Of a holder who says nothing for so long nobody is told that they speak: the pause that also ends a voice
/// ([`super::speakers`]).
const FREE_AFTER: Duration = Duration::from_secs(3);

/// Of whom nothing came for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// Levels above the background, in dB, that are one step.
const STEP_DB: f32 = 5.0;

/// From so many steps on somebody is speaking: consonants are 15 dB above a quiet room.
const ACTIVE: u32 = 3;

/// The background of a voice that nothing is known of, in dB above the least level: a quiet room.
const QUIET_ROOM_DB: f32 = 62.0;

/// By so many dB a second the background follows what never pauses: a fan, music, a level that is made up. Whoever speaks pauses
/// every few seconds, and then it is found anew.
const RISES_DB: f32 = 1.0;

/// One of the times that a voice is looked at over.
struct Scale {
    /// Of how many parts it is.
    parts: u32,
    /// How sure many active parts make of speech (the paper's lambda).
    sureness: f32,
    /// By how much a challenger must be better (the paper's thresholds, which Jitsi uses, too).
    better_by: f32,
}

/// Steps of a packet.
const NOW: Scale = Scale { parts: 13, sureness: 0.78, better_by: 3.0 };
/// Packets of 100 ms.
const WORD: Scale = Scale { parts: 5, sureness: 24.0, better_by: 2.0 };
/// Hundreds of milliseconds of a second.
const SENTENCE: Scale = Scale { parts: 10, sureness: 47.0, better_by: 0.0 };

/// Of the five packets of 100 ms so many must be active for the whole to be.
const ACTIVE_OF_FIVE: u32 = 4;

/// No score is less.
const LEAST_SCORE: f32 = 1e-10;

impl Scale {
    /// How likely `active` parts are speech rather than none: the logarithm of a binomial by an exponential distribution.
    fn score(&self, active: u32) -> f32 {
        let (n, k) = (self.parts, active.min(self.parts));
        let ways: f32 = (1..=k).map(|i| (as_f32(n - k + i) / as_f32(i)).ln()).sum();
        let score = ways + as_f32(n) * 0.5_f32.ln() - self.sureness.ln() + self.sureness * as_f32(k);
        score.max(LEAST_SCORE)
    }

    /// By how much `challenger` is better than `holder`.
    fn compare(&self, challenger: u32, holder: u32) -> f32 {
        (self.score(challenger) / self.score(holder)).ln()
    }
}

#[expect(clippy::cast_precision_loss, reason = "none of them is above 13")]
fn as_f32(count: u32) -> f32 {
    count as f32
}

/// How much of each time was active.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Activity {
    now: u32,
    word: u32,
    sentence: u32,
}

impl Activity {
    /// By how much it is better over 100 ms, if it is better in all.
    fn beats(self, holder: Activity) -> Option<f32> {
        let word = WORD.compare(self.word, holder.word);
        let better = NOW.compare(self.now, holder.now) > NOW.better_by
            && word > WORD.better_by
            && SENTENCE.compare(self.sentence, holder.sentence) > SENTENCE.better_by;
        better.then_some(word)
    }
}

/// A voice, over the last second.
#[derive(Debug, Clone, Copy)]
struct Speech {
    peer: PeerId,
    /// When its newest packet came.
    at: Instant,
    /// When it was last active.
    active_at: Option<Instant>,
    /// Steps of the newest packet.
    steps: u32,
    /// A bit for each packet's time, the newest the lowest: active or not.
    packets: u64,
    /// In dB above the least level.
    background: f32,
}

impl Speech {
    fn new(now: Instant, peer: PeerId) -> Speech {
        let at = now.checked_sub(PACKET).unwrap_or(now);
        Speech { peer, at, active_at: None, steps: 0, packets: 0, background: QUIET_ROOM_DB }
    }

    /// How many packets' time passed since the newest.
    fn passed(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.at) + PACKET / 2;
        u32::try_from(passed.as_millis() / PACKET.as_millis()).unwrap_or(u32::MAX)
    }

    /// A packet says its level in dB below full scale.
    fn hear(&mut self, now: Instant, below_full_scale: u8) {
        let level = f32::from(127 - below_full_scale.min(127));
        let rises = RISES_DB * now.saturating_duration_since(self.at).min(FREE_AFTER).as_secs_f32();
        self.background = (self.background + rises).min(level.max(QUIET_ROOM_DB));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 13")]
        let steps = ((level - self.background) / STEP_DB).clamp(0.0, 13.0) as u32;
        let passed = self.passed(now).max(1);
        let active = steps >= ACTIVE;
        // What is longer than a packet is as loud for as long; before it there was a pause.
        let lasts = if passed <= NO_PAUSE { passed } else { 1 };
        let bits = if active { (1 << lasts) - 1 } else { 0 };
        self.packets = self.packets.checked_shl(passed).unwrap_or(0) | bits;
        (self.steps, self.at) = (steps, now);
        if active {
            self.active_at = Some(now);
        }
    }

    fn activity(&self, now: Instant) -> Activity {
        let pause = self.passed(now);
        let packets = self.packets.checked_shl(pause.saturating_sub(NO_PAUSE)).unwrap_or(0);
        let of_five = |at: u32| (packets >> (at * WORD.parts) & 0b1_1111).count_ones();
        let sentence = (0..SENTENCE.parts).filter(|at| of_five(*at) >= ACTIVE_OF_FIVE);
        #[expect(clippy::cast_possible_truncation, reason = "at most ten")]
        let sentence = sentence.count() as u32;
        Activity { now: if pause > NO_PAUSE { 0 } else { self.steps }, word: of_five(0), sentence }
    }
}

/// What became of the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Whom it is about.
    pub peer: PeerId,
    /// They have it now, or had it until now and nobody has.
    pub holds: bool,
}

/// The floor of a room.
#[derive(Debug, Default)]
pub struct Floor {
    /// Whose sound came of late.
    voices: Vec<Speech>,
    holder: Option<PeerId>,
    looked: Option<Instant>,
}

impl Floor {
    /// A packet of sound says its level in dB below full scale (0 is loudest, 127 silence).
    pub fn hear(&mut self, now: Instant, peer: PeerId, below_full_scale: u8) -> Option<Passed> {
        let known = self.voices.iter().position(|voice| voice.peer == peer);
        let at = known.unwrap_or(self.voices.len());
        if known.is_none() {
            self.voices.push(Speech::new(now, peer));
        }
        self.voices.get_mut(at)?.hear(now, below_full_scale);
        let looked = *self.looked.get_or_insert(now);
        if now.saturating_duration_since(looked) < LOOK_EVERY {
            return None;
        }
        self.looked = Some(now);
        self.look(now)
    }

    /// Whose floor is it?
    fn look(&mut self, now: Instant) -> Option<Passed> {
        self.voices.retain(|voice| now.saturating_duration_since(voice.at) < FORGOTTEN_AFTER);
        let holder = self.voices.iter().find(|voice| Some(voice.peer) == self.holder);
        let held = holder.map(|voice| voice.activity(now)).unwrap_or_default();
        let others = self.voices.iter().filter(|voice| Some(voice.peer) != self.holder);
        let better = others.filter_map(|voice| Some((voice.peer, voice.activity(now).beats(held)?)));
        if let Some((peer, _)) = better.max_by(|a, b| a.1.total_cmp(&b.1)) {
            self.holder = Some(peer);
            return Some(Passed { peer, holds: true });
        }
        let spoke = holder.and_then(|voice| voice.active_at);
        let speaks = spoke.is_some_and(|at| now.saturating_duration_since(at) < FREE_AFTER);
        self.holder.take_if(|_| !speaks).map(|peer| Passed { peer, holds: false })
    }

    /// Nothing is to be heard of somebody until they say something again.
    pub fn silence(&mut self, peer: PeerId) -> Option<Passed> {
        self.voices.retain(|voice| voice.peer != peer);
        self.holder.take_if(|holder| *holder == peer).map(|peer| Passed { peer, holds: false })
    }
}

#[cfg(test)]
mod tests;
