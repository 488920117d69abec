//! How good what one sees and hears of a person is, in figures: what the scoreboard is made of.

use std::time::{Duration, Instant};

use plenary::media::ids::Layer;

use super::freezes::Freezes;
use super::lips::Lips;
use crate::payload::Stamp;

/// Time between two packets of sound.
const SOUND: Duration = Duration::from_millis(20);

/// A frame, or a packet of sound, that is played.
#[derive(Debug, Clone, Copy)]
pub struct Played {
    pub at: Instant,
    pub stamp: Stamp,
    /// Bytes of its payloads.
    pub bytes: usize,
    /// How old it is then.
    pub age: Duration,
}

/// What came of one person's camera and microphone since the last [`Quality::start_watching`].
#[derive(Debug, Default)]
pub struct Quality {
    pub freezes: Freezes,
    /// When the first picture ever was on the screen.
    pub first: Option<Instant>,
    /// For how long each layer was on the screen.
    pub shares: [Duration; 3],
    /// How often another layer came on the screen.
    pub changes: u64,
    /// Bytes of what was played, and of all media packets of theirs that came.
    pub useful: u64,
    pub received: u64,
    /// Frames of which something came and that were never shown.
    pub torn: u64,
    /// For how long nothing was heard although they spoke.
    pub silent: Duration,
    /// How old a picture or a sound was at most when it was played.
    pub oldest: Duration,
    /// What sender reports say of lips and voice.
    pub told: Lips,
    /// How much older the picture was than the sound at the same moment, or younger, in milliseconds.
    lips: Vec<u64>,
    picture: Option<Played>,
    sound: Option<Played>,
}

impl Quality {
    pub fn start_watching(&mut self, now: Instant) {
        let Quality { first, picture, sound, .. } = *self;
        let (freezes, told) = (std::mem::take(&mut self.freezes), std::mem::take(&mut self.told));
        *self = Quality { freezes, first, told, picture, sound, ..Quality::default() };
        self.freezes.start_watching(now);
        self.told.start_watching();
    }

    /// A frame is on the screen.
    pub fn picture(&mut self, played: Played) {
        self.first.get_or_insert(played.at);
        self.freezes.rendered(played.at);
        self.useful += played.bytes as u64;
        self.oldest = self.oldest.max(played.age);
        if let Some(sound) = self.sound {
            self.lips.push(played.age.abs_diff(sound.age).as_millis() as u64);
        }
        if let Some(before) = self.picture.replace(played) {
            self.changes += u64::from(before.stamp.layer != played.stamp.layer);
            self.shares[before.stamp.layer as usize] += played.at.saturating_duration_since(before.at);
        }
    }

    /// A packet of sound is heard.
    pub fn sound(&mut self, played: Played) {
        self.useful += played.bytes as u64;
        self.oldest = self.oldest.max(played.age);
        if let Some(before) = self.sound.replace(played) {
            let follows = played.stamp.frame == before.stamp.frame + 1;
            let made = Duration::from_micros(played.stamp.made.saturating_sub(before.stamp.made));
            let lasts = if follows { made } else { SOUND };
            self.silent += played.at.saturating_duration_since(before.at).saturating_sub(lasts);
        }
    }

    /// The share of time for which `layer` was on the screen.
    pub fn share(&self, layer: Layer) -> f64 {
        let all: Duration = self.shares.iter().sum();
        self.shares[layer as usize].as_secs_f64() / all.as_secs_f64().max(1e-9)
    }

    /// What lips and sound differed by at most, 95 % of the time, before the browser moves one of them.
    pub fn lip_offset(&self) -> Duration {
        let mut sorted = self.lips.clone();
        sorted.sort_unstable();
        let at = sorted.len().saturating_sub(1) * 95 / 100;
        Duration::from_millis(sorted.get(at).copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use plenary::media::ids::Stream;

    use super::*;

    fn played(origin: Instant, millis: u64, frame: u32, layer: Layer) -> Played {
        let made = millis * 1_000;
        let stream = Stream::Camera;
        let place = crate::payload::Place::after(frame);
        let stamp =
            Stamp { person: 1, stream, layer, life: 1, frame, place, index: 0, count: 1, key: false, made };
        let at = origin + Duration::from_millis(millis + 50);
        Played { at, stamp, bytes: 100, age: Duration::from_millis(50) }
    }

    #[test]
    fn sound_that_never_came_or_came_late_is_silence_and_a_pause_of_the_speaker_is_none() {
        let origin = Instant::now();
        let mut quality = Quality::default();
        // Packets 3 and 4 never come; 6 is heard 30 ms late; the speaker pauses before 7.
        for (frame, made, late) in
            [(0, 0, 0), (1, 20, 0), (2, 40, 0), (5, 100, 0), (6, 120, 30), (7, 520, 0), (8, 540, 0)]
        {
            let mut packet = played(origin, made, frame, Layer::High);
            packet.at += Duration::from_millis(late);
            quality.sound(packet);
        }
        assert_eq!(quality.silent, Duration::from_millis(70));
    }

    #[test]
    fn layers_have_their_share_of_the_time_and_lips_are_compared_with_the_sound() {
        let origin = Instant::now();
        let mut quality = Quality::default();
        quality.sound(played(origin, 0, 0, Layer::High));
        for (n, layer) in
            [Layer::Low, Layer::Low, Layer::Low, Layer::High, Layer::High].into_iter().enumerate()
        {
            let mut picture = played(origin, 100 * n as u64, n as u32, layer);
            picture.age += Duration::from_millis(35);
            quality.picture(picture);
        }
        assert!((quality.share(Layer::Low) - 0.75).abs() < 1e-6, "{}", quality.share(Layer::Low));
        assert_eq!((quality.changes, quality.useful), (1, 600));
        assert_eq!(quality.lip_offset(), Duration::from_millis(35));
    }
}
