//! What was sent, by its transport-wide number, until its fate is known.
//!
//! An entry takes eight bytes, and there are none while nothing is sent. It goes once everything before it is settled, or it is too old
//! for an answer.

use std::collections::VecDeque;

use super::Micros;

/// Entries at most: more than two seconds of 40 Mbit/s in full packets, in 64 KiB.
const MOST: usize = 8_192;

/// Nothing is said of a packet after so long: the deepest queues of mobile networks are within it.
const ANSWERED_WITHIN: Micros = 10_000_000;

/// A packet that was reported missing may still come within this time, if it was overtaken.
const OVERTAKEN_WITHIN: Micros = 1_000_000;

/// What is known of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Unknown,
    Missing,
    Arrived,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The low bits of when it left: entries are seconds old at most.
    departed: u32,
    bytes: u16,
    cluster: u8,
    fate: Fate,
}

/// A packet that arrived, for the first time it is heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrived {
    /// When it left, on our clock.
    pub departed: Micros,
    /// When it came, on the receiver's clock: of any origin, and no better than the receiver says.
    pub came: Micros,
    /// With all headers.
    pub bytes: u32,
    /// Which probe it was of; zero for none.
    pub cluster: u8,
    /// It had been reported missing before.
    pub late: bool,
}

/// What a report turned out to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Arrived(Arrived),
    /// It has not arrived, as is told for the first time.
    Missing {
        cluster: u8,
    },
}

#[derive(Debug, Default)]
pub(super) struct History {
    entries: VecDeque<Entry>,
    /// The number of the next packet, not wrapped.
    next: u64,
    /// The number after the highest one that was reported.
    reported: u64,
}

impl History {
    /// Notes a packet and gives it its number.
    pub fn push(&mut self, now: Micros, bytes: usize, cluster: u8) -> u16 {
        self.forget(now);
        if self.entries.len() >= MOST {
            self.entries.pop_front();
        }
        let number = self.next;
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        self.entries.push_back(Entry { departed: low(now), bytes, cluster, fate: Fate::Unknown });
        self.next += 1;
        low16(number)
    }

    /// Takes a report. `None` if it says nothing new: the number is not of a packet that is waited for, or was settled before.
    pub fn report(&mut self, now: Micros, number: u16, arrived: Option<Micros>) -> Option<(News, Gap)> {
        let back = low16(self.next).wrapping_sub(number);
        let number = self.next.checked_sub(if back == 0 { 1 << 16 } else { u64::from(back) })?;
        let first = self.next - self.entries.len() as u64;
        let at = usize::try_from(number.checked_sub(first)?).ok()?;
        let entry = self.entries.get_mut(at)?;
        let late = entry.fate == Fate::Missing;
        let news = match (arrived, entry.fate) {
            (_, Fate::Arrived) | (None, Fate::Missing) => return None,
            (None, Fate::Unknown) => {
                entry.fate = Fate::Missing;
                News::Missing { cluster: entry.cluster }
            }
            (Some(arrived), Fate::Unknown | Fate::Missing) => {
                entry.fate = Fate::Arrived;
                let departed = now - Micros::from(low(now).wrapping_sub(entry.departed));
                let (bytes, cluster) = (u32::from(entry.bytes), entry.cluster);
                News::Arrived(Arrived { departed, came: arrived, bytes, cluster, late })
            }
        };
        let gap = if number > self.reported { Gap::Yes } else { Gap::No };
        self.reported = self.reported.max(number + 1);
        Some((news, gap))
    }

    /// Lets go of what is settled or too old.
    pub fn forget(&mut self, now: Micros) {
        while let Some(front) = self.entries.front() {
            let age = Micros::from(low(now).wrapping_sub(front.departed));
            let done = match front.fate {
                Fate::Arrived => true,
                Fate::Missing => age > OVERTAKEN_WITHIN,
                Fate::Unknown => age > ANSWERED_WITHIN,
            };
            if !done {
                return;
            }
            self.entries.pop_front();
        }
    }

    /// Lets go of everything, and of the memory. What is reported of it from now on says nothing.
    pub fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.reported = self.next;
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Whether reports before this one went missing: of the packets between nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    Yes,
    No,
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low bits are meant")]
const fn low(time: Micros) -> u32 {
    time as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is sent")]
const fn low16(number: u64) -> u16 {
    number as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(history: &mut History, now: Micros, number: u16, arrived: Micros) -> Option<Arrived> {
        match history.report(now, number, Some(arrived)) {
            Some((News::Arrived(packet), _)) => Some(packet),
            _ => None,
        }
    }

    #[test]
    fn a_packet_is_heard_of_once_however_often_it_is_reported() {
        let mut history = History::default();
        let numbers: Vec<_> = (0..4).map(|n| history.push(n * 1_000, 1_200, 0)).collect();
        assert_eq!(numbers, [0, 1, 2, 3]);
        let packet = arrived(&mut history, 50_000, 1, 777).expect("it is news");
        assert_eq!((packet.departed, packet.came, packet.bytes), (1_000, 777, 1_200));
        assert_eq!(arrived(&mut history, 50_000, 1, 888), None);
        assert_eq!(history.report(50_000, 1, None), None, "what arrived does not get lost");
        assert_eq!(history.report(50_000, 2, None), Some((News::Missing { cluster: 0 }, Gap::No)));
        assert_eq!(history.report(50_000, 2, None), None);
        assert!(arrived(&mut history, 60_000, 2, 999).expect("it was overtaken").late);
        for never_sent in [4, 5, 40_000, 65_535] {
            assert_eq!(arrived(&mut history, 60_000, never_sent, 0), None, "{never_sent}");
        }
    }

    #[test]
    fn numbers_wrap() {
        let mut history = History::default();
        for n in 0..200_000_i64 {
            let number = history.push(n * 1_000, 100, 0);
            let packet = arrived(&mut history, n * 1_000 + 500, number, n).expect("news");
            assert_eq!(packet.departed, n * 1_000);
            assert_eq!(arrived(&mut history, n * 1_000 + 500, number, n), None);
        }
        assert!(history.len() <= 2);
    }

    #[test]
    fn reports_that_never_came_are_noticed() {
        let mut history = History::default();
        (0..10).for_each(|n| _ = history.push(n, 100, 0));
        assert_eq!(history.report(100, 0, Some(0)).map(|(_, gap)| gap), Some(Gap::No));
        assert_eq!(history.report(100, 1, None).map(|(_, gap)| gap), Some(Gap::No));
        assert_eq!(history.report(100, 4, Some(0)).map(|(_, gap)| gap), Some(Gap::Yes));
        assert_eq!(history.report(100, 3, Some(0)).map(|(_, gap)| gap), Some(Gap::No), "it goes back");
        assert_eq!(history.report(100, 5, Some(0)).map(|(_, gap)| gap), Some(Gap::No));
    }

    #[test]
    fn memory_is_bounded_in_number_and_time_and_goes_at_rest() {
        let mut history = History::default();
        (0..100_000).for_each(|n| _ = history.push(n, 1_200, 0));
        assert_eq!(history.len(), MOST);
        history.push(ANSWERED_WITHIN + 100_000, 1_200, 0);
        assert_eq!(history.len(), 1);
        history.clear();
        assert_eq!(history.entries.capacity(), 0);
        assert_eq!(size_of::<Entry>(), 8);
    }

    #[test]
    fn the_low_bits_of_time_are_enough() {
        let mut history = History::default();
        let late = (1 << 32) - 10;
        let number = history.push(late, 100, 3);
        let packet = arrived(&mut history, late + 50, number, 0).expect("news");
        assert_eq!((packet.departed, packet.cluster), (late, 3));
    }
}
