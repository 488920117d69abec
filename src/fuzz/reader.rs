//! Bytes as a list of choices.

/// Takes numbers and slices off the front of an input; zeros when it has ended.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// Two bytes that mean small numbers of either sign mostly, and every size now and then.
    pub fn jump(&mut self) -> i64 {
        let short = self.short();
        let (power, digits) = (short >> 11, i64::from(short & 0x3ff));
        let size = if power < 8 { digits } else { digits << power };
        if short & 0x400 == 0 { size } else { -size }
    }

    /// What is left.
    pub fn remaining(&self) -> &'a [u8] {
        self.0
    }

    /// At most `most` bytes; fewer at the end.
    pub fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(most).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }
}
