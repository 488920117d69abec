//! In a release no worker has a fault on demand.

use std::io;

/// A fault that there cannot be.
#[derive(Debug, Clone)]
pub enum WorkerFault {}

/// No call is to fail.
#[derive(Debug, Default)]
pub struct Failing(());

#[expect(clippy::unused_self, reason = "tests have something in there")]
impl Failing {
    /// The next send is not to fail.
    #[inline]
    pub(super) fn is_next_send(&self) -> bool {
        false
    }

    /// A send is what the kernel makes of it.
    #[inline]
    pub(super) fn next_send(&mut self) -> Option<io::Error> {
        None
    }

    /// A receive is what the kernel makes of it.
    #[inline]
    pub(super) fn next_receive(&mut self) -> Option<io::Error> {
        None
    }
}
