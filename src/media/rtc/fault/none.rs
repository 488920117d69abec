//! In a release nothing goes wrong on demand.

use crate::faults::Fault;

/// Nothing is to go wrong.
#[derive(Debug, Default)]
pub(super) struct Pending(());

impl Pending {
    /// The place where `fault` would happen.
    #[expect(clippy::unused_self, reason = "tests have something in there")]
    #[inline]
    pub(super) fn trip(&mut self, fault: Fault) {
        let _ = fault;
    }
}
