//! Answers of workers that HTTP connections wait for.

use std::collections::BTreeMap;

use super::ids::ConnectionId;
use crate::conference::{StandardAnswer, StandardId, StandardRefused};

/// What became of a request.
pub(super) type Outcome = Result<StandardAnswer, StandardRefused>;

/// Answers of workers that HTTP connections wait for.
#[derive(Debug, Default)]
pub(super) struct Answers {
    waiting: BTreeMap<StandardId, ConnectionId>,
    there: BTreeMap<StandardId, Outcome>,
}

impl Answers {
    /// The answer, if it is there; if not, `connection` is woken when it is.
    pub fn take(&mut self, id: StandardId, connection: ConnectionId) -> Option<Outcome> {
        let there = self.there.remove(&id);
        if there.is_none() {
            self.waiting.insert(id, connection);
        }
        there
    }

    /// Who waited for it, and does no more.
    pub fn waits_for(&mut self, id: StandardId) -> Option<ConnectionId> {
        self.waiting.remove(&id)
    }

    /// It is there.
    pub fn put(&mut self, id: StandardId, outcome: Outcome) {
        self.there.insert(id, outcome);
    }

    /// Nobody waits for it any more.
    pub fn forget(&mut self, id: StandardId) {
        self.waiting.remove(&id);
        self.there.remove(&id);
    }
}
