//! Frames that a slot leaves out of what it plays: those of higher temporal layers than its line holds.
//!
//! What leaves is as if they had never been: sequence numbers and picture ids close over them. What was lost on the way here and comes
//! later must still find the number that was left for it, so what was closed over is remembered for as long as anything is sent again.

use std::collections::VecDeque;

use super::frame::{FrameInfo, Frames};
use super::rtp::{MediaTime, SeqNo};

/// Frames left out that are remembered: two seconds of the three of four of a camera at 30 frames a second, and some.
const REMEMBERED: usize = 64;

/// How much is closed over in front of a packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Sequence numbers.
    pub numbers: u64,
    /// Picture ids.
    pub pictures: u16,
}

/// A packet, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Passing<'a> {
    /// Its sequence number.
    pub seq: SeqNo,
    /// Its timestamp.
    pub time: MediaTime,
    /// What it is to its frame.
    pub frame: &'a FrameInfo,
}

/// A frame that was left out.
#[derive(Debug, Clone, Copy)]
struct Gap {
    first: SeqNo,
    last: SeqNo,
    time: MediaTime,
    /// With all before it.
    closed: Closed,
}

/// What is left out of one source.
#[derive(Debug)]
pub struct Thinning {
    /// The highest temporal layer that leaves.
    shown: u8,
    /// The newest last.
    gaps: VecDeque<Gap>,
    /// The end of what is not remembered any more, and what was closed over up to there.
    forgotten: Option<(SeqNo, Closed)>,
}

impl Default for Thinning {
    fn default() -> Thinning {
        Thinning { shown: Frames::All.most(), gaps: VecDeque::new(), forgotten: None }
    }
}

impl Thinning {
    /// Another source follows: nothing of it is left out yet.
    pub fn restart(&mut self) {
        self.gaps.clear();
        (self.shown, self.forgotten) = (Frames::All.most(), None);
    }

    /// Whether a packet is to leave of which `frames` are wanted, and what is closed over in front of it; `None` if it is left out.
    /// `highest` and `latest` are the highest number and the latest timestamp of the source so far. Whether a frame leaves is decided at
    /// the first that comes of it.
    pub fn pass(
        &mut self,
        packet: &Passing<'_>,
        frames: Frames,
        (highest, latest): (SeqNo, MediaTime),
    ) -> Option<Closed> {
        if packet.seq <= highest {
            return self.place_of(packet.seq).filter(|_| packet.frame.temporal.layer <= self.shown);
        }
        let goes_on = packet.time == latest;
        if !goes_on {
            self.adjust(packet, frames);
        }
        let gap = self.gaps.back_mut().filter(|gap| goes_on && gap.time == packet.time);
        if let Some(gap) = gap {
            // What is missing within a frame is of that frame.
            gap.closed.numbers += packet.seq - gap.last;
            gap.last = packet.seq;
            return None;
        }
        if goes_on || packet.frame.temporal.layer <= self.shown {
            return Some(self.closed());
        }
        self.leave_out(packet);
        None
    }

    /// A frame begins: fewer layers are shown at once, more where one can be begun with.
    fn adjust(&mut self, packet: &Passing<'_>, frames: Frames) {
        let most = frames.most();
        if packet.frame.starts_key_frame() || self.shown > most {
            self.shown = most;
        } else if self.shown < most && packet.frame.temporal.opens == Some(self.shown + 1) {
            self.shown += 1;
        }
    }

    fn leave_out(&mut self, packet: &Passing<'_>) {
        let Closed { numbers, pictures } = self.closed();
        let closed = Closed { numbers: numbers + 1, pictures: pictures.wrapping_add(1) };
        self.gaps.push_back(Gap { first: packet.seq, last: packet.seq, time: packet.time, closed });
        if self.gaps.len() > REMEMBERED
            && let Some(gap) = self.gaps.pop_front()
        {
            self.forgotten = Some((gap.last, gap.closed));
        }
    }

    /// What is closed over in all.
    fn closed(&self) -> Closed {
        let forgotten = || self.forgotten.map(|(_, closed)| closed);
        self.gaps.back().map(|gap| gap.closed).or_else(forgotten).unwrap_or_default()
    }

    /// What is closed over in front of a number that is late; `None` if it was left out, or that is not known any more.
    fn place_of(&self, seq: SeqNo) -> Option<Closed> {
        let before = self.gaps.iter().rev().find(|gap| gap.first <= seq);
        match (before, self.forgotten) {
            (Some(gap), _) => (gap.last < seq).then_some(gap.closed),
            (None, Some((last, closed))) => (last < seq).then_some(closed),
            (None, None) => Some(Closed::default()),
        }
    }
}

#[cfg(test)]
mod tests;
