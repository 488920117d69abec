//! Deadlines, so that nothing ever walks over everybody to see what is due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::SocketId;
use crate::ledger::ClientAddress;
use crate::media::ids::{PeerId, RoomId};

/// What is due. Each has at most one deadline at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Somebody should have come in on a socket.
    Join(SocketId),
    /// Look again whether a person is still here.
    Presence(PeerId),
    /// Send the list of people to a room.
    Peers(RoomId),
    /// Read the offer of a person that had to wait for its rate.
    Offer(PeerId),
    /// The rate of an address allows another of the offers that wait for it.
    OffersOf(ClientAddress),
    /// Read more of the offers that wait for their turn.
    Offers,
    /// What is preferred has been possible in a room for long enough.
    Codecs(RoomId),
    /// Look again whether a person's credentials for TURN are old.
    IceServers(PeerId),
    /// Look again which way a room's media is to go.
    Course(RoomId),
    /// Somebody may say again what they cannot afford to send.
    Limited(PeerId),
    /// Somebody should see a picture by now.
    Funnel(PeerId),
    /// Tell somebody more of what was written before they came.
    Chat(PeerId),
    /// Forget a room nobody is in.
    EmptyRoom(Arc<str>),
    /// Forget where those came from who were banned from a room.
    Addresses(Arc<str>),
    /// Look again when a room, or the meeting in it, is to end.
    Closing(Arc<str>),
    /// Tell everybody once more that the server ends.
    ServerEnds,
}

/// The deadlines, in order of time and, at the same time, in the order of [`Timer`].
#[derive(Debug, Default)]
pub(super) struct TimerQueue {
    queue: BTreeSet<(Instant, Timer)>,
    deadlines: BTreeMap<Timer, Instant>,
}

impl TimerQueue {
    /// Sets the deadline of `timer`, in place of the one it had.
    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        self.clear(&timer);
        self.deadlines.insert(timer.clone(), at);
        self.queue.insert((at, timer));
    }

    /// Takes the deadline of `timer` away, if it has one.
    pub(super) fn clear(&mut self, timer: &Timer) {
        if let Some((timer, at)) = self.deadlines.remove_entry(timer) {
            self.queue.remove(&(at, timer));
        }
    }

    /// Whether `timer` has a deadline.
    pub(super) fn is_set(&self, timer: &Timer) -> bool {
        self.deadlines.contains_key(timer)
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due at `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.queue.pop_first()?;
        self.deadlines.remove(&timer);
        Some(timer)
    }
}
