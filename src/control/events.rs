//! What happened to rooms and people goes into the log, a line each.

use super::Turn;
use crate::conference::Event;

impl Turn<'_> {
    pub(super) fn log_events(&mut self) {
        while let Some(Event { what, room, peer }) = self.conference.poll_event() {
            match peer {
                Some(peer) => log::info!(room:% = room, peer:% = peer; "{}", what.word()),
                None => log::info!(room:% = room; "{}", what.word()),
            }
        }
    }
}
