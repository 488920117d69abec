//! The newest packets of one encoding, kept once for everybody who takes it: to be written for each of them, and to be written
//! again for whoever lost one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::media::codec::Format;
use crate::media::frame::Picture;
use crate::media::ids::Layer;
use crate::media::rtp::Extensions;
use crate::media::table::PublicationKey;

/// For how long packets are kept: who asks for one later has given the picture up.
pub const KEPT_FOR: Duration = Duration::from_secs(1);

/// How many bytes are kept at most, of payloads: a second of 4 Mbit/s.
pub const MOST_BYTES: usize = 512 * 1024;

/// How many packets are kept at most, whatever their size.
pub const MOST_PACKETS: usize = 1_024;

/// There is room for at most so many more than there are. A vector that grows by itself has room for twice as many, and a second of a
/// camera is 300 packets: nine pictures had 45 kB of room in their histories for nothing.
const STEP: usize = 64;

/// Makes room for one more; beyond half of all there may be, for all.
pub(super) fn make_room<T>(kept: &mut VecDeque<T>) {
    let count = kept.len();
    if count == kept.capacity() {
        let rest = MOST_PACKETS.saturating_sub(count).max(1);
        kept.reserve_exact(if count < MOST_PACKETS / 2 { count.clamp(8, STEP) } else { rest });
    }
}

/// Names a packet of a ring, for as long as it is kept and for ever after: no other one is called so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Of which publication.
    pub publication: PublicationKey,
    /// Of which of its encodings.
    pub layer: Layer,
    /// Its number.
    pub number: u64,
}

/// A packet as it came, without what differs for each who gets it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// What follows the header.
    pub payload: Arc<[u8]>,
    /// What it is encoded in.
    pub format: Format,
    /// The marker bit.
    pub marker: bool,
    /// What its header says to everybody alike.
    pub extensions: Extensions,
    /// The counters in its payload descriptor, as they came: where they are follows from what they are.
    pub picture: Option<Picture>,
}

/// The newest packets of one encoding.
#[derive(Debug)]
pub struct Ring {
    /// The number of the first that is kept.
    first: u64,
    packets: VecDeque<(Instant, Stored)>,
    bytes: usize,
}

impl Ring {
    /// An empty ring, the `serial`th of all there were.
    #[must_use]
    pub fn new(serial: u32) -> Ring {
        Ring { first: u64::from(serial) << 32, packets: VecDeque::new(), bytes: 0 }
    }

    /// Keeps a packet, and gives up those that are too old or too many. Returns its number.
    pub fn push(&mut self, now: Instant, packet: Stored) -> u64 {
        self.bytes += packet.payload.len();
        make_room(&mut self.packets);
        self.packets.push_back((now, packet));
        while self.packets.len() > 1 && self.is_over(now) {
            if let Some((_, gone)) = self.packets.pop_front() {
                self.bytes -= gone.payload.len();
                self.first += 1;
            }
        }
        self.first + self.packets.len() as u64 - 1
    }

    fn is_over(&self, now: Instant) -> bool {
        let old = |(came, _): &(Instant, Stored)| now.saturating_duration_since(*came) > KEPT_FOR;
        self.packets.len() > MOST_PACKETS || self.bytes > MOST_BYTES || self.packets.front().is_some_and(old)
    }

    /// A packet, while it is kept.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Stored> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.packets.get(place).map(|(_, packet)| packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored(bytes: usize) -> Stored {
        Stored {
            payload: vec![7; bytes].into(),
            format: Format::default(),
            marker: false,
            extensions: Extensions::default(),
            picture: None,
        }
    }

    proptest! {
        /// What is kept is the newest packets, each under the number it was given, within the bounds of time, bytes and count.
        #[test]
        fn the_newest_are_kept_within_the_bounds(
            serial in 0u32..3,
            steps in prop::collection::vec((0u64..40, prop_oneof![9 => 1usize..1_300, 1 => 30_000usize..40_000]), 1..1_500),
        ) {
            let (mut ring, mut now) = (Ring::new(serial), Instant::now());
            let mut all: Vec<(u64, Instant, usize)> = Vec::new();
            for (wait, bytes) in steps {
                now += Duration::from_millis(wait);
                let number = ring.push(now, stored(bytes));
                prop_assert_eq!(number, (u64::from(serial) << 32) + all.len() as u64);
                all.push((number, now, bytes));
            }
            let kept = all.iter().rev().take_while(|(number, ..)| ring.get(*number).is_some()).count();
            let bytes: usize = all.iter().rev().take(kept).map(|(.., bytes)| bytes).sum();
            prop_assert!(all.iter().rev().skip(kept).all(|(number, ..)| ring.get(*number).is_none()));
            let is = |number: &u64, bytes: &usize| ring.get(*number).is_some_and(|it| it.payload.len() == *bytes);
            prop_assert!(all.iter().rev().take(kept).all(|(number, _, bytes)| is(number, bytes)));
            prop_assert!((1..=MOST_PACKETS).contains(&kept) && (kept == 1 || bytes <= MOST_BYTES));
            prop_assert!(all.iter().rev().take(kept).all(|(_, came, _)| *came + KEPT_FOR >= now));
            if let Some((_, came, more)) = all.iter().rev().nth(kept) {
                let full = kept == MOST_PACKETS || bytes + more > MOST_BYTES;
                prop_assert!(full || *came + KEPT_FOR < now, "no more is given up than must be");
            }
        }
    }

    #[test]
    fn a_ring_that_follows_another_has_other_numbers() {
        let (mut one, mut next) = (Ring::new(0), Ring::new(1));
        let now = Instant::now();
        let number = one.push(now, stored(1));
        next.push(now, stored(1));
        assert!(next.get(number).is_none() && one.get(number).is_some() && one.get(number + 1).is_none());
    }
}
