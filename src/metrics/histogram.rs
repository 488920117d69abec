//! How numbers are spread: how many were at most so large.

use std::ops::AddAssign;

/// So many bounds, the smallest first, each of them part of what it bounds. Recording looks at each bound at most once and
/// allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [u64; N],
    above: u64,
    sum: u64,
}

impl<const N: usize> Histogram<N> {
    /// Of nothing yet.
    #[must_use]
    pub const fn new(bounds: &'static [u64; N]) -> Histogram<N> {
        Histogram { bounds, counts: [0; N], above: 0, sum: 0 }
    }

    /// Something measured `value`, `times` times.
    pub fn record(&mut self, value: u64, times: u64) {
        let at = self.bounds.iter().position(|bound| value <= *bound);
        let count = at.and_then(|at| self.counts.get_mut(at)).unwrap_or(&mut self.above);
        *count += times;
        self.sum = self.sum.saturating_add(value.saturating_mul(times));
    }

    /// How many were measured.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.above
    }

    /// What all of them come to.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Each bound, and how many were above the one before it and not above it; after them those above all.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounded = self.bounds.iter().zip(self.counts).map(|(bound, count)| (Some(*bound), count));
        bounded.chain([(None, self.above)])
    }
}

/// Those of several owners add up; they have the same bounds.
impl<const N: usize> AddAssign for Histogram<N> {
    fn add_assign(&mut self, other: Histogram<N>) {
        debug_assert_eq!(self.bounds, other.bounds, "only what is measured alike adds up");
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.above += other.above;
        self.sum = self.sum.saturating_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_counted_once_by_the_smallest_bound_that_holds_it() {
        let mut times = Histogram::new(&[10, 100]);
        for (value, count) in [(0, 1), (10, 2), (11, 3), (100, 4), (101, 5)] {
            times.record(value, count);
        }
        let mut twice = times;
        twice += times;
        assert_eq!(times.buckets().collect::<Vec<_>>(), [(Some(10), 3), (Some(100), 7), (None, 5)]);
        assert_eq!((times.count(), times.sum()), (15, 20 + 33 + 400 + 505));
        assert_eq!((twice.count(), twice.sum()), (30, 2 * times.sum()));
    }
}
