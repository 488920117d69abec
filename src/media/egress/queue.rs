//! What waits to be written: sound first, which nothing delays.

use std::collections::VecDeque;

use super::ring::Kept;
use crate::media::frame::Picture;
use crate::media::ids::Kind;
use crate::media::rtp::SeqNo;

/// A packet that is to leave: which, and what of it differs for this subscriber.
#[derive(Debug, Clone, Copy)]
pub struct Queued {
    /// Which.
    pub kept: Kept,
    /// Its sequence number there.
    pub seq: SeqNo,
    /// The low bits of its timestamp there.
    pub time: u32,
    /// Its counters there, if it has some.
    pub picture: Option<Picture>,
}

/// What waits, each with the place of its source. Empty between two turns but for what is paced.
#[derive(Debug, Default)]
pub struct Queue {
    sound: VecDeque<(usize, Queued)>,
    picture: VecDeque<(usize, Queued)>,
}

impl Queue {
    /// One more.
    pub fn push(&mut self, kind: Kind, source: usize, packet: Queued) {
        match kind {
            Kind::Audio => self.sound.push_back((source, packet)),
            Kind::Video => self.picture.push_back((source, packet)),
        }
    }

    /// Nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sound.is_empty() && self.picture.is_empty()
    }

    /// What is to leave next.
    #[must_use]
    pub fn front(&self) -> Option<(usize, Queued)> {
        self.sound.front().or_else(|| self.picture.front()).copied()
    }

    /// What was to leave next does not wait any more.
    pub fn pop(&mut self) {
        if self.sound.pop_front().is_none() {
            self.picture.pop_front();
        }
    }

    /// Nothing of it is to leave any more.
    pub fn clear(&mut self) {
        self.sound.clear();
        self.picture.clear();
    }
}
