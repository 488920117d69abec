//! What happened to rooms and people goes into the log, a line each, and to the webhooks. The log has no name, and a room by its mark.

use super::Turn;
use crate::conference::Event;

impl Turn<'_> {
    pub(super) fn tell_events(&mut self) {
        while let Some(event) = self.conference.poll_event() {
            if let Some(hooks) = &mut self.control.webhooks {
                hooks.tell(&event, self.now.wall);
            }
            let Event { what, mark: room, peer, .. } = event;
            match peer {
                Some(peer) => log::info!(room:% = room, peer:% = peer; "{}", what.word()),
                None => log::info!(room:% = room; "{}", what.word()),
            }
        }
    }
}
