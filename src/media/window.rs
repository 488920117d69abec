//! Which of the newest numbers of a sequence were used: a bit for each, and none before the first: most receiving lines of an idle
//! person never carry anything, and each has three of these.

/// How far back numbers are remembered. More than any retransmission reaches: three seconds of the largest picture.
pub const REMEMBERED: u64 = 1_024;

const WORDS: usize = 16;
const _: () = assert!(WORDS as u64 * 64 == REMEMBERED);

/// The newest [`REMEMBERED`] numbers of a sequence.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// Above every number that was used.
    end: u64,
    used: Option<Box<[u64; WORDS]>>,
}

impl Window {
    /// Uses `number`. False if it was used before, or is too far back to tell.
    pub fn take(&mut self, number: u64) -> bool {
        if number >= self.end {
            self.advance(number.saturating_add(1));
        } else if self.end - number > REMEMBERED {
            return false;
        }
        let (word, bit) = place(number);
        let Some(word) = self.used.as_mut().and_then(|used| used.get_mut(word)) else { return false };
        let free = *word & bit == 0;
        *word |= bit;
        free
    }

    /// Nothing below `end` that is new here was used.
    fn advance(&mut self, end: u64) {
        let used = self.used.get_or_insert_with(|| Box::new([0; WORDS]));
        if end - self.end >= REMEMBERED {
            **used = [0; WORDS];
        } else {
            for number in self.end..end {
                let (word, bit) = place(number);
                if let Some(word) = used.get_mut(word) {
                    *word &= !bit;
                }
            }
        }
        self.end = end;
    }
}

/// The word of a number, and its bit in it.
fn place(number: u64) -> (usize, u64) {
    let at = number % REMEMBERED;
    (usize::try_from(at / 64).unwrap_or(0), 1 << (at % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_never_used_takes_no_memory() {
        let nothing = allocation_counter::measure(|| assert_eq!(Window::default().end, 0));
        assert_eq!(nothing.count_total, 0);
        assert!(size_of::<Window>() <= 16);
        let mut window = Window::default();
        let once = allocation_counter::measure(|| assert!((0..5_000).all(|number| window.take(number))));
        assert_eq!(once.count_total, 1);
    }

    proptest! {
        /// No number is given out twice, and none that is new or within reach is refused.
        #[test]
        fn a_number_is_used_once(
            start in prop_oneof![0u64..10, Just(u64::from(u16::MAX) - 3), Just((1 << 48) - 2_000)],
            steps in prop::collection::vec(prop_oneof![8 => -40i64..60, 1 => -2_000i64..2_000], 1..300),
        ) {
            let (mut window, mut used) = (Window::default(), HashSet::new());
            let (mut highest, mut number) = (None, start);
            for step in steps {
                number = number.saturating_add_signed(step);
                let within = highest.is_none_or(|highest: u64| number + REMEMBERED > highest);
                let free = used.insert(number) && within;
                prop_assert_eq!(window.take(number), free, "{}", number);
                highest = highest.max(Some(number));
            }
        }
    }
}
