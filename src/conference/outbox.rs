//! What waits for one client's socket: bounded, and without state that newer state has replaced.

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;

use super::StateKey;

/// The outbox cannot take the message: the client reads too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more waits for this client than its outbox may hold")]
pub struct OutboxFull;

/// Messages that wait for one client's socket, in the order they are to be sent.
#[derive(Debug)]
pub struct Outbox {
    limit_bytes: usize,
    bytes: usize,
    queue: VecDeque<(Arc<str>, Option<StateKey>)>,
}

impl Outbox {
    /// An empty outbox for at most `limit_bytes` bytes of text.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, bytes: 0, queue: VecDeque::new() }
    }

    /// Puts a message at the end. One with a `key` takes the place of an unsent one with the same key, and still
    /// goes to the end: it may speak of what the messages before it announce.
    ///
    /// # Errors
    /// [`OutboxFull`] if it does not fit; the outbox is then as it was.
    pub fn push(&mut self, message: Arc<str>, key: Option<StateKey>) -> Result<(), OutboxFull> {
        let replaced = key.and_then(|key| self.queue.iter().position(|(_, queued)| *queued == Some(key)));
        let freed = replaced.and_then(|at| self.queue.get(at)).map_or(0, |(old, _)| old.len());
        let bytes = self.bytes.saturating_sub(freed).saturating_add(message.len());
        if bytes > self.limit_bytes {
            return Err(OutboxFull);
        }
        if let Some(at) = replaced {
            self.queue.remove(at);
        }
        self.bytes = bytes;
        self.queue.push_back((message, key));
        Ok(())
    }

    /// Takes the message to send next.
    pub fn pop(&mut self) -> Option<Arc<str>> {
        let (message, _) = self.queue.pop_front()?;
        self.bytes = self.bytes.saturating_sub(message.len());
        Some(message)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many bytes of text wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(outbox: &mut Outbox) -> Vec<String> {
        std::iter::from_fn(|| outbox.pop()).map(|message| message.to_string()).collect()
    }

    #[test]
    fn a_slow_client_gets_the_newest_state_once_and_every_plain_message() {
        let mut outbox = Outbox::new(1000);
        outbox.push("peers 1".into(), Some(StateKey::Peers)).unwrap();
        outbox.push("slots 1".into(), Some(StateKey::Slots)).unwrap();
        outbox.push("joined".into(), None).unwrap();
        outbox.push("joined".into(), None).unwrap();
        outbox.push("peers 22".into(), Some(StateKey::Peers)).unwrap();
        assert_eq!(outbox.bytes(), 7 + 6 + 6 + 8);
        assert_eq!(drain(&mut outbox), ["slots 1", "joined", "joined", "peers 22"]);
        assert!(outbox.is_empty());
        assert_eq!(outbox.bytes(), 0);
    }

    #[test]
    fn a_client_that_reads_nothing_costs_no_more_than_the_limit() {
        let mut outbox = Outbox::new(20);
        outbox.push("0123456789".into(), Some(StateKey::Peers)).unwrap();
        outbox.push("0123456789".into(), None).unwrap();
        assert_eq!(outbox.push("x".into(), None), Err(OutboxFull));
        assert_eq!(outbox.push("0123456789+".into(), Some(StateKey::Peers)), Err(OutboxFull));
        assert_eq!(outbox.bytes(), 20);
        // State of the same size still fits: it replaces.
        outbox.push("abcdefghij".into(), Some(StateKey::Peers)).unwrap();
        assert_eq!(drain(&mut outbox), ["0123456789", "abcdefghij"]);
    }

    #[test]
    fn a_message_that_was_taken_is_not_replaced() {
        let mut outbox = Outbox::new(100);
        outbox.push("peers 1".into(), Some(StateKey::Peers)).unwrap();
        assert_eq!(outbox.pop().as_deref(), Some("peers 1"));
        outbox.push("peers 2".into(), Some(StateKey::Peers)).unwrap();
        assert_eq!(drain(&mut outbox), ["peers 2"]);
    }
}
