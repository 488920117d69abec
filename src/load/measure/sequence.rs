//! The sequence numbers of one slot: what is missing, what came late, what came twice.

use std::collections::BTreeSet;

/// How far behind the newest packet one may still come: about five seconds of a large picture, more than any repair takes.
const WINDOW: u64 = 2_048;

/// What a packet is to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Newer than all. So many numbers before it are missing.
    Ahead(u64),
    /// It was missing.
    Late,
    /// It was here before, or is too old to be missed.
    Known,
}

/// The sequence numbers of one slot, roll-overs counted.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    highest: Option<u64>,
    missing: BTreeSet<u64>,
}

impl Sequence {
    /// A packet of this number came. Also says how many are given up with it.
    pub(super) fn take(&mut self, seq: u64) -> (Place, u64) {
        let Some(highest) = self.highest else {
            self.highest = Some(seq);
            return (Place::Ahead(0), 0);
        };
        if seq <= highest {
            return (if self.missing.remove(&seq) { Place::Late } else { Place::Known }, 0);
        }
        self.highest = Some(seq);
        let gap = seq - highest - 1;
        let oldest = seq.saturating_sub(WINDOW);
        // Of a larger gap all but the newest are given up at once.
        let mut given_up = oldest.saturating_sub(highest + 1).min(gap);
        self.missing.extend((highest + 1).max(oldest)..seq);
        while self.missing.first().is_some_and(|first| *first < oldest) {
            self.missing.pop_first();
            given_up += 1;
        }
        (Place::Ahead(gap), given_up)
    }

    /// A number was left out on purpose: it is missing to nobody.
    pub(super) fn left_free(&mut self, seq: u64) {
        self.missing.remove(&seq);
    }

    /// How many are missing now: whatever has not come by the end is lost.
    pub(super) fn missing(&self) -> u64 {
        self.missing.len() as u64
    }

    /// What is missing now is nobody's loss.
    pub(super) fn forgive(&mut self) {
        self.missing.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_missing_comes_late_or_is_given_up() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.take(70_000), (Place::Ahead(0), 0));
        assert_eq!(sequence.take(70_003), (Place::Ahead(2), 0));
        assert_eq!(sequence.take(70_001), (Place::Late, 0));
        assert_eq!(sequence.take(70_001), (Place::Known, 0));
        assert_eq!(sequence.take(69_000), (Place::Known, 0));
        assert_eq!(sequence.missing(), 1);
        assert_eq!(sequence.take(70_002 + WINDOW), (Place::Ahead(WINDOW - 2), 0));
        assert_eq!(sequence.take(70_003 + WINDOW), (Place::Ahead(0), 1), "70,002 is given up");
    }

    proptest! {
        #[test]
        fn every_number_came_or_is_missing_or_was_given_up(seqs in prop::collection::vec(10_000..20_000_u64, 1..200)) {
            let mut sequence = Sequence::default();
            let (mut came, mut lost, mut highest) = (0, 0, 0);
            for seq in &seqs {
                let (place, given_up) = sequence.take(*seq);
                came += u64::from(place != Place::Known);
                lost += given_up;
                highest = highest.max(*seq);
            }
            prop_assert_eq!(came + lost + sequence.missing(), highest - seqs[0] + 1);
        }
    }
}
