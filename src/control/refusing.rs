//! Who was refused what, into the log: once an address and minute.

use std::net::SocketAddr;

use super::{Turn, numbers};
use crate::conference::protocol::ErrorCode;

impl Turn<'_> {
    /// A connection from `address` did not get what it wanted.
    pub(super) fn refused(&mut self, address: SocketAddr, what: &'static str) {
        if let Some(line) = self.control.refusal_log.note(self.now.instant, address.ip().into(), what) {
            log::info!("{line}");
        }
    }

    /// Writes into the log who was refused what in this turn, and the minutes that are over.
    pub(super) fn log_refusals(&mut self) {
        let (now, refusals) = (self.now.instant, &mut self.control.refusal_log);
        let refused = self.conference.take_refused();
        // A connection for media that ended on this side is nobody's doing.
        for (client, code) in refused.into_iter().filter(|(_, code)| *code != ErrorCode::MediaLost) {
            if let Some(line) = refusals.note(now, client, numbers::word_of(code)) {
                log::info!("{line}");
            }
        }
        while let Some(line) = refusals.pop_due(now) {
            log::info!("{line}");
        }
    }
}
