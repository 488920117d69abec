//! What a frame must be: of one sender, on top of the one it needs, in time, and under its owner's name.

use std::time::Instant;

use plenary::media::ids::{PeerId, StreamId};

use super::line::{Line, NAMED_WITHIN, Piece, Unnamed};
use super::{Complaint, Receiver};
use crate::payload::Stamp;

/// Seconds by which timestamps may differ from when frames were made, across a change of owner: as much as a first
/// packet is late that was lost and sent again. A frame that came later still, from an uplink that is full, cannot be put where it was made:
/// timestamps do not go back.
const LARGEST_STEP: f64 = 1.5;

/// Whether timestamp `a` is later than `b`.
pub(super) fn later(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}

impl Receiver {
    pub(super) fn check_frame(&mut self, line: &Line, frame: &[Piece], follows: bool) {
        let Some(first) = frame.first() else { return };
        let both = [line.shown.as_ref(), Some(first)];
        if self.judges_not.is_some_and(|not| both.iter().flatten().any(|piece| piece.stamp.person == not)) {
            return;
        }
        let torn = frame.iter().enumerate().any(|(index, piece)| {
            let expected = Stamp { index: index as u8, count: frame.len() as u8, ..first.stamp };
            let of_one =
                (piece.time, piece.codec, piece.counters) == (first.time, first.codec, first.counters);
            piece.stamp != expected || !of_one
        });
        if torn {
            self.complaints.push(Complaint::Torn(format!("slot {}: {frame:?}", line.slot)));
        }
        let Some(shown) = line.shown else {
            if !first.stamp.key {
                self.complaints.push(Complaint::Garbage(format!("slot {} began with {first:?}", line.slot)));
            }
            return;
        };
        if !first.stamp.key && !line.has_what_it_needs(first) {
            self.complaints
                .push(Complaint::Garbage(format!("slot {}: {first:?} after {shown:?}", line.slot)));
        }
        if !later(first.time, shown.time) {
            self.complaints
                .push(Complaint::Backwards(format!("slot {}: {first:?} after {shown:?}", line.slot)));
        }
        // A browser freezes for as long as timestamps step ahead, and delays everything by as much as they fall behind.
        let passed = (first.stamp.made as f64 - shown.stamp.made as f64) / 1e6;
        let ticks = f64::from(first.time.wrapping_sub(shown.time).cast_signed()) / 90_000.0;
        if (ticks - passed).abs() > LARGEST_STEP.max(first.age).max(shown.age) {
            let text = format!("slot {}: made {passed:.3} s later, timestamps went {ticks:.3} s", line.slot);
            self.complaints.push(Complaint::ClockStep(text));
        }
        let (person, stream) = (first.stamp.person, first.stamp.stream);
        if !shown.has_source_of(first) && (person, stream) == (shown.stamp.person, shown.stamp.stream) {
            self.largest_switch_step = self.largest_switch_step.max((ticks - passed).abs());
        }
        let place = first.stamp.place;
        let went_on = shown.counters.zip(first.counters).is_none_or(|(shown, first)| {
            let base = u8::from(place.layer == 0);
            first.picture == (shown.picture + 1) & 0x7fff && first.tl0 == shown.tl0.wrapping_add(base)
        });
        if follows && !went_on {
            self.complaints.push(Complaint::Backwards(format!(
                "slot {}: the picture id {first:?} after {shown:?}",
                line.slot
            )));
        }
    }

    /// From `since` on, a slot shows its owner and nobody else.
    pub(super) fn check_owner(
        &mut self,
        now: Instant,
        line: &mut Line,
        piece: &Piece,
        who: &impl Fn(u16) -> Option<PeerId>,
    ) {
        let slot = self.table.video.iter().find(|slot| slot.slot.0 == line.slot);
        let owner = slot.and_then(|slot| slot.shows);
        let since = slot.and_then(|slot| slot.since);
        let Stamp { person, stream, .. } = piece.stamp;
        let whose = who(person).map(|peer| StreamId { peer, stream });
        // Frames made before the last word may have been lost and sent again.
        let old = self.deaf || piece.stamp.made <= self.told + NAMED_WITHIN.as_micros() as u64;
        let nameless = line.is_nameless(now, since.is_none() && !old);
        match since {
            _ if self.judges_not == Some(person) => {}
            // The page shows nothing in this slot until the server says since when it has an owner.
            None => {
                self.early += 1;
                if nameless {
                    let text =
                        format!("slot {}: nobody names the frames of {}", line.slot, piece.stamp.person);
                    self.complaints.push(Complaint::WrongPerson(text));
                }
            }
            // The tail of an owner before.
            Some(since) if later(since, piece.time) => {}
            Some(_) if owner.is_some() && owner == whose => {}
            // The server's word is still on its way, or this is wrong: the next `slots` must tell.
            Some(_) => line.unnamed.push(Unnamed { time: piece.time, person, stream, at: now }),
        }
    }
}
