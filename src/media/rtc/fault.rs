//! Faults on demand inside one connection.

use super::Connection;
use crate::faults::Fault;

impl Connection {
    /// The connection panics the next time it does what `fault` names.
    pub fn inject(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    /// The place where `fault` happens, if it is to.
    #[expect(clippy::panic, reason = "this is what it is for")]
    pub(super) fn trip(&mut self, fault: Fault) {
        if self.fault == Some(fault) {
            self.fault = None;
            panic!("a fault on demand: {fault:?}");
        }
    }
}
