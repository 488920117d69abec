//! The world's dice: `SplitMix64`, so that one seed is one world on every machine.

/// A stream of numbers that its seed fixes.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `n` - 1.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// True with the probability `p`. Draws in any case, so that one fault does not move the others.
    pub fn chance(&mut self, p: f64) -> bool {
        (self.next() >> 11) as f64 / ((1_u64 << 53) as f64) < p
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next().to_be_bytes()[0];
        }
    }

    /// Another stream that does not depend on how much of this one is used later.
    pub fn fork(&mut self) -> Rng {
        Rng(self.next())
    }
}
