//! What becomes of a packet of sound: whether it is passed on, beside the others of its room and for itself.

use std::time::Instant;

use super::ids::StreamId;
use super::rtp::AudioLevel;
use super::silence::Silence;
use super::speakers::Voice;
use super::talkers::{Talkers, Through, Waited};

/// What a packet counts as that says nothing of its level, in dB below full scale: somebody who talks, and not the loudest.
const UNTOLD_DB: u8 = 45;

/// What is known of a track of sound.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sound {
    /// How loud it is.
    pub voice: Voice,
    silence: Silence,
    /// For how long it was left out because others talked.
    waited: Waited,
    /// Its last packet went to nobody: the next one that does follows on the last one that did.
    pub held_back: bool,
    /// Its last packet did not go to the cores of other workers, because it was silence.
    pub kept_here: bool,
    /// Somebody hears it in another slot than the one beside its picture, for as long as it is audible.
    pub apart: bool,
}

/// What a packet of sound is, beside the others of its room.
#[derive(Debug, Clone, Copy)]
pub struct Spoken {
    /// What it says of its level, in dB below full scale.
    pub level: Option<u8>,
    /// How loud its voice counts; `None` while it cannot be heard.
    pub loudness: Option<f32>,
    /// Whether it is let through beside those who talk.
    pub heard: Through,
    /// It is silence, and has been for long.
    pub silent: bool,
    /// It fell silent, and may move beside its picture now.
    pub goes_home: bool,
}

impl Spoken {
    /// Whether it is passed on.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.heard != Through::No && !self.silent
    }
}

impl Sound {
    /// A packet came. Is it passed on, in a room whose `talkers` these are?
    pub fn hear(
        &mut self,
        now: Instant,
        id: StreamId,
        level: Option<AudioLevel>,
        talkers: Option<&mut Talkers>,
    ) -> Spoken {
        let level = level.map(|level| level.level);
        let counts_as = level.unwrap_or(UNTOLD_DB);
        self.voice.level(now, counts_as);
        let (silent, loudness) = (self.silence.level(now, counts_as), self.voice.loudness(now));
        let heard = talkers.map_or(Through::Yes, |talkers| talkers.hear(now, id, loudness, &mut self.waited));
        let goes_home = loudness.is_none() && std::mem::take(&mut self.apart);
        let spoken = Spoken { level, loudness, heard, silent, goes_home };
        self.held_back |= !spoken.goes_on();
        spoken
    }
}
