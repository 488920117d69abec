//! The end of the server that was asked for: people go on until then, and know of it.

use std::time::{Duration, Instant};

use super::protocol::{Closes, ServerMessage};
use super::timers::Timer;
use super::{Conference, Now, StateKey};
use crate::media::ids::PeerId;

/// How long before the end people are told of it once more.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

impl Conference {
    /// The server ends after `left`: everybody inside, and whoever comes in, is told. All else goes on.
    pub fn drain(&mut self, now: Now, left: Duration) {
        self.ends_at = now.instant.checked_add(left);
        self.tell_end(now);
    }

    /// Whether the server ends soon.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.ends_at.is_some()
    }

    /// Whether anybody is in a room, or waits for one.
    #[must_use]
    pub fn has_people(&self) -> bool {
        let gauges = self.gauges();
        gauges.people + gauges.waiting > 0
    }

    pub(super) fn tell_end(&mut self, now: Now) {
        let Some(at) = self.ends_at else { return };
        let people: Vec<PeerId> = self.peers.keys().copied().collect();
        for id in people {
            self.say_server_ends(now.instant, id);
        }
        if let Some(again) = at.checked_sub(TOLD_AGAIN).filter(|again| *again > now.instant) {
            self.timers.set(Timer::ServerEnds, again);
        }
    }

    /// Whether the server ends before something else that somebody was to be told of.
    pub(super) fn ends_before(&self, now: Instant, other: Option<Duration>) -> bool {
        let left = self.ends_at.map(|at| at.saturating_duration_since(now));
        left.is_some_and(|left| other.is_none_or(|other| left < other))
    }

    pub(super) fn say_server_ends(&mut self, now: Instant, id: PeerId) {
        let (Some(at), Some(socket)) = (self.ends_at, self.socket_of(id)) else { return };
        let seconds = at.saturating_duration_since(now).as_millis().div_ceil(1_000);
        let seconds = Some(u64::try_from(seconds).unwrap_or(u64::MAX));
        let message = ServerMessage::Closing { what: Closes::Server, seconds };
        self.send(socket, &message, Some(StateKey::Closing));
    }
}
