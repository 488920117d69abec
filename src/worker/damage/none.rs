//! In a release no worker is damaged.

use serde_json::Value;

use super::Pool;
use super::fault::WorkerFault;
use super::thread::Worker;

impl WorkerFault {
    /// Never comes to it.
    pub(super) fn inflict(self, _: &mut Worker) {
        match self {}
    }
}

#[expect(clippy::unused_self, reason = "tests have something in there")]
impl Pool {
    /// Does nothing.
    ///
    /// # Errors
    /// Always.
    pub(super) fn damage(&mut self, _: &[u8]) -> Result<(), String> {
        Err("these workers cannot be damaged".to_owned())
    }

    /// Tells nothing.
    pub(super) fn every_counter(&mut self) -> Value {
        Value::Null
    }
}
