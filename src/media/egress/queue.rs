//! What waits to be written: sound, which nothing delays, and pictures.

use std::collections::VecDeque;
use std::time::Instant;

use super::ring::Kept;
use crate::media::frame::Picture;
use crate::media::ids::Kind;
use crate::media::rtp::{MediaTime, SeqNo};

/// A packet that is to leave: which, and what of it differs for this subscriber.
#[derive(Debug, Clone, Copy)]
pub struct Queued {
    /// Which.
    pub kept: Kept,
    /// Its sequence number there.
    pub seq: SeqNo,
    /// Its timestamp there.
    pub time: MediaTime,
    /// What the timestamp stands for on the server's clock.
    pub wallclock: Instant,
    /// Its counters there, if it has some.
    pub picture: Option<Picture>,
    /// A key frame begins with it.
    pub key: bool,
    /// Bytes of its payload.
    pub bytes: usize,
}

/// What waits, each with the place of its source. Empty between two turns but for what is paced.
#[derive(Debug, Default)]
pub(super) struct Queue {
    sound: VecDeque<(usize, Queued)>,
    picture: VecDeque<(usize, Queued)>,
    /// Bytes of the pictures.
    bytes: usize,
    /// A key frame began among the pictures, and something of them waits since.
    key: bool,
    /// How many pictures' packets waited at most since the queue was trimmed.
    most: usize,
}

/// A queue for fewer packets than these is never trimmed: a picture's of each of some senders.
const FEW: usize = 32;

/// It is trimmed when it has room for so many times what waited: bursts that differ a little find their room.
const TOO_MUCH: usize = 4;

impl Queue {
    /// One more.
    pub(super) fn push(&mut self, kind: Kind, source: usize, packet: Queued) {
        match kind {
            Kind::Audio => self.sound.push_back((source, packet)),
            Kind::Video => {
                self.bytes += packet.bytes;
                self.key |= packet.key;
                self.picture.push_back((source, packet));
                self.most = self.most.max(self.picture.len());
            }
        }
    }

    /// The sound that is to leave next, or the picture.
    pub(super) fn front(&self, kind: Kind) -> Option<&(usize, Queued)> {
        match kind {
            Kind::Audio => self.sound.front(),
            Kind::Video => self.picture.front(),
        }
    }

    /// What was to leave next does not wait any more.
    pub(super) fn pop(&mut self, kind: Kind) {
        match kind {
            Kind::Audio => {
                self.sound.pop_front();
            }
            Kind::Video => {
                let gone = self.picture.pop_front();
                self.bytes -= gone.map_or(0, |(_, packet)| packet.bytes);
                self.key &= !self.picture.is_empty();
            }
        }
    }

    /// Nothing of this source is to leave any more.
    pub(super) fn forget(&mut self, source: usize) {
        self.sound.retain(|(of, _)| *of != source);
        self.picture.retain(|(of, _)| *of != source);
        self.bytes = self.picture.iter().map(|(_, packet)| packet.bytes).sum();
        self.key &= !self.picture.is_empty();
    }

    /// Bytes of the pictures that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A key frame waits, or the rest of one.
    pub(super) fn holds_key_frame(&self) -> bool {
        self.key
    }

    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.sound.is_empty() && self.picture.is_empty()
    }

    /// Gives room back that was not needed since this was called last: before a downlink is known hundreds of packets wait for it,
    /// and then a few. Call it seldom.
    pub(super) fn trim(&mut self) {
        let most = std::mem::replace(&mut self.most, self.picture.len()).max(FEW);
        if self.picture.capacity() > TOO_MUCH * most {
            self.picture.shrink_to(2 * most);
        }
    }

    /// Nothing of it is to leave any more.
    pub(super) fn clear(&mut self) {
        *self = Queue::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ids::Layer;
    use crate::media::table::{Key, PublicationKey};

    fn queued(number: u64) -> Queued {
        let kept = Kept { publication: PublicationKey::of(0), layer: Layer::High, number };
        let (seq, time) = (SeqNo(number), MediaTime(number));
        Queued { kept, seq, time, wallclock: Instant::now(), picture: None, key: false, bytes: 1_200 }
    }

    #[test]
    fn room_that_a_beginning_took_is_given_back_and_what_bursts_take_stays() {
        let mut queue = Queue::default();
        let burst = |queue: &mut Queue, packets: u64| {
            (0..packets).for_each(|number| queue.push(Kind::Video, 0, queued(number)));
            while let Some((_, packet)) = queue.front(Kind::Video).copied() {
                assert_eq!(packet.kept.number, packets - queue.picture.len() as u64, "in order");
                queue.pop(Kind::Video);
            }
            queue.trim();
            queue.picture.capacity()
        };
        assert!(burst(&mut queue, 500) >= 500);
        assert!(burst(&mut queue, 90) <= 180, "what waits now is fewer");
        let room = queue.picture.capacity();
        for packets in [60, 90, 50, 91] {
            assert_eq!(burst(&mut queue, packets), room, "of {packets}");
        }
        (0..400).for_each(|number| queue.push(Kind::Video, 0, queued(number)));
        queue.trim();
        queue.trim();
        assert_eq!(queue.picture.len(), 400, "what waits, waits");
    }
}
