//! When to look at which connection again.

use std::collections::BTreeSet;
use std::time::Instant;

use super::ids::ConnectionId;

/// Deadlines by connection, the earliest first.
///
/// Moving a deadline later costs nothing: the connection is woken at the old one and asked again.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    queue: BTreeSet<(Instant, ConnectionId)>,
}

/// The deadline of one connection as it stands in the queue.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Armed(Option<Instant>);

impl Deadlines {
    /// Sees to it that `id` is woken at `wanted` or before.
    pub fn arm(&mut self, id: ConnectionId, armed: &mut Armed, wanted: Instant) {
        if armed.0.is_some_and(|queued| queued <= wanted) {
            return;
        }
        self.disarm(id, armed);
        self.queue.insert((wanted, id));
        armed.0 = Some(wanted);
    }

    /// Forgets the deadline of `id`.
    pub fn disarm(&mut self, id: ConnectionId, armed: &mut Armed) {
        if let Some(queued) = armed.0.take() {
            self.queue.remove(&(queued, id));
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes one connection whose deadline is not after `now`. Its [`Armed`] must be replaced by a fresh one.
    pub fn pop_due(&mut self, now: Instant) -> Option<ConnectionId> {
        self.next().filter(|at| *at <= now)?;
        self.queue.pop_first().map(|(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_moves_earlier_at_once_and_later_lazily() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let (mut deadlines, mut one, mut two) = (Deadlines::default(), Armed::default(), Armed::default());
        deadlines.arm(ConnectionId::of(1), &mut one, at(10));
        deadlines.arm(ConnectionId::of(2), &mut two, at(20));
        deadlines.arm(ConnectionId::of(1), &mut one, at(30));
        assert_eq!(deadlines.next(), Some(at(10)));
        deadlines.arm(ConnectionId::of(2), &mut two, at(5));
        assert_eq!(deadlines.pop_due(at(4)), None);
        assert_eq!(deadlines.pop_due(at(15)), Some(ConnectionId::of(2)));
        assert_eq!(deadlines.pop_due(at(15)), Some(ConnectionId::of(1)));
        assert_eq!(deadlines.pop_due(at(100)), None);
    }

    #[test]
    fn a_connection_that_is_gone_wakes_nobody() {
        let (mut deadlines, mut armed) = (Deadlines::default(), Armed::default());
        deadlines.arm(ConnectionId::of(1), &mut armed, Instant::now());
        deadlines.disarm(ConnectionId::of(1), &mut armed);
        assert_eq!(deadlines.next(), None);
    }
}
