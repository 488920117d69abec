//! What the control thread needs of the media workers.

use std::time::Instant;

use crate::conference::WorkerId;
use crate::conference::placement::PerMille;
use crate::limits::Tally;
use crate::media::message::{Command, Notice};
use crate::metrics::Family;

/// The media workers, as the control thread sees them.
pub trait Workers {
    /// Hands a command to a worker, which hears of it with the next [`Workers::flush`]. Never waits.
    fn send(&mut self, worker: WorkerId, command: Command);

    /// Wakes the workers for which something was sent, each once. To be called at the end of a turn.
    fn flush(&mut self) {}

    /// Takes the notices that wait, in the order of each worker: as many as a turn has time for.
    fn drain(&mut self, each: &mut dyn FnMut(WorkerId, Notice));

    /// More notices waited than [`Workers::drain`] took, and no event will say so.
    fn have_more(&self) -> bool {
        false
    }

    /// A command waits for room at a worker: [`Workers::drain`] is to be called again soon.
    fn are_behind(&self) -> bool {
        false
    }

    /// Tells which workers are gone (`false`) and which are there again (`true`) since the last call, in this order for
    /// each. To be called after [`Workers::drain`], at [`Workers::next_check`] or more often.
    fn changes(&mut self, now: Instant, each: &mut dyn FnMut(WorkerId, bool)) {
        let _ = (now, each);
    }

    /// For how much of the last second each worker was busy that has said so since the last call.
    fn shares(&mut self, each: &mut dyn FnMut(WorkerId, PerMille)) {
        let _ = each;
    }

    /// When to look at them again.
    fn next_check(&self) -> Option<Instant> {
        None
    }

    /// No worker is there and none will be: everyone is without media for good.
    fn are_lost(&self) -> bool {
        false
    }

    /// What they counted, all together, those who are gone included; and which limits were hit there. As old as their
    /// last answers: a second.
    fn numbers(&self) -> (Vec<Family>, Tally) {
        (Vec::new(), Tally::default())
    }

    /// Does the damage that a test describes in JSON: never in a release.
    ///
    /// # Errors
    /// What is wrong with the description.
    fn inject(&mut self, wanted: &[u8]) -> Result<(), String> {
        let _ = wanted;
        Err("these workers cannot be damaged".to_owned())
    }

    /// What each worker counted when it was last heard of, for tests; each is asked for more by this.
    fn counters(&mut self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Ends the workers. Takes at most a second.
    fn stop(&mut self);
}
