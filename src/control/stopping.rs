//! The end of the loop: asked for from outside, in order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mio::Waker;

use super::Turn;
use super::connection::HttpConnection;
use super::ids::ConnectionId;

/// How long clients have to take what was written when the server ends.
const FLUSH: Duration = Duration::from_secs(2);

/// Ends a running [`Control`] from another thread.
#[derive(Debug, Clone)]
pub struct Stopper {
    pub(super) wanted: Arc<AtomicBool>,
    pub(super) waker: Arc<Waker>,
}

impl Stopper {
    /// Asks for the end, as SIGTERM does. Returns at once.
    ///
    /// # Errors
    /// [`io::Error`] if the loop cannot be woken.
    pub fn stop(&self) -> io::Result<()> {
        self.wanted.store(true, Ordering::Release);
        self.waker.wake()
    }
}

impl Turn<'_> {
    /// Whether the loop ends: asked to, or because the workers `failed`.
    pub(super) fn stop_if_wanted(&mut self, failed: bool) -> bool {
        let wanted = failed || self.control.stop_wanted.load(Ordering::Acquire);
        if self.control.stop_by.is_none() && wanted && (failed || self.is_drained()) {
            log::info!("ending: {} connections", self.control.connections.len());
            self.control.stop_by = Some(self.now.instant + FLUSH);
            self.control.service.ends(FLUSH);
            self.control.listeners.close();
            self.control.scrapes = None;
            let ids: Vec<ConnectionId> = self.control.connections.keys().copied().collect();
            for id in ids {
                self.with(id, HttpConnection::stop);
            }
        }
        let Some(by) = self.control.stop_by else { return false };
        self.control.connections.is_empty() || by <= self.now.instant
    }

    /// Whether those who are inside had the time that they get to end their calls. It begins with the first question, and is over
    /// once nobody is inside.
    fn is_drained(&mut self) -> bool {
        let drain = self.control.drain;
        if drain.is_zero() || !self.conference.has_people() {
            return true;
        }
        if let Some(by) = self.control.drain_by {
            return by <= self.now.instant;
        }
        log::info!("ending in {} s, or when nobody is inside: not ready for more", drain.as_secs());
        self.control.drain_by = self.now.instant.checked_add(drain);
        self.control.service.ends(drain + FLUSH);
        self.conference.drain(self.now, drain);
        false
    }
}
