//! What is to outlive the process goes to the thread of the store.

use super::Turn;

impl Turn<'_> {
    /// Has written what is to be kept; whoever waits for that goes on.
    pub(super) fn keep(&mut self) {
        while let Some(change) = self.conference.poll_change() {
            if let Some(keeper) = &mut self.control.keeper {
                keeper.keep(change);
            }
        }
        let Some(keeper) = &mut self.control.keeper else { return };
        if keeper.turn(self.now.instant) {
            for id in std::mem::take(&mut self.control.await_store) {
                self.make_ready(id);
            }
        }
    }
}
