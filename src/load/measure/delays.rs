//! How long packets were on their way.

use hdrhistogram::Histogram;

/// The longest delay that is told apart: a minute, in microseconds. What took longer counts as that.
const LONGEST: u64 = 60_000_000;

/// Significant digits: to one in a hundred.
const DIGITS: u8 = 2;

/// Times in microseconds, and how often each.
#[derive(Debug, Clone)]
pub(in crate::load) struct Delays(Option<Histogram<u32>>);

impl Default for Delays {
    fn default() -> Delays {
        // Only bounds that make no sense are refused.
        Delays(Histogram::new_with_bounds(1, LONGEST, DIGITS).ok())
    }
}

impl Delays {
    pub(in crate::load) fn add(&mut self, micros: u64) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(micros.max(1));
        }
    }

    pub(in crate::load) fn merge(&mut self, other: &Delays) {
        if let (Some(mine), Some(theirs)) = (&mut self.0, &other.0) {
            // Both have the same bounds, so all of it has room.
            let _ = mine.add(theirs);
        }
    }

    pub(in crate::load) fn clear(&mut self) {
        self.0.iter_mut().for_each(Histogram::reset);
    }

    #[cfg(test)]
    pub(in crate::load) fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// The time that this share of all (0 to 1) did not exceed, in microseconds. 0 if there is none.
    pub(in crate::load) fn quantile(&self, share: f64) -> u64 {
        self.0.as_ref().map_or(0, |histogram| histogram.value_at_quantile(share))
    }

    pub(in crate::load) fn max(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_one_in_a_hundred_and_merge() {
        let (mut low, mut high) = (Delays::default(), Delays::default());
        (1..=500).for_each(|millis| low.add(millis * 1_000));
        (501..=1_000).for_each(|millis| high.add(millis * 1_000));
        low.merge(&high);
        assert_eq!(low.count(), 1_000);
        for (share, exact) in [(0.5, 500_000.0), (0.99, 990_000.0), (1.0, 1_000_000.0)] {
            let told = low.quantile(share) as f64;
            assert!((told / exact - 1.0).abs() < 0.01, "{share}: {told}");
        }
        low.add(u64::MAX);
        assert!(low.max() >= LONGEST);
        low.clear();
        assert_eq!((low.count(), low.quantile(0.5), low.max()), (0, 0, 0));
    }
}
