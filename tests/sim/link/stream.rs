//! What a reliable stream makes of a wire: pieces are sent again until they come, and are read in the order of sending.

use std::collections::BTreeMap;
use std::time::Duration;

/// How long after it was sent a lost piece is sent again, beside a round trip: what Linux waits at least.
pub const SENT_AGAIN: Duration = Duration::from_millis(200);

/// Bytes of a message that go in one piece.
pub const PIECE: usize = 1_200;

/// Bytes around each: TLS, TCP and IP.
pub const AROUND: usize = 80;

/// One direction of a stream, both ends.
#[derive(Debug)]
pub struct Stream<T> {
    sent: u64,
    read: u64,
    /// Pieces that came before earlier ones.
    early: BTreeMap<u64, Option<T>>,
}

impl<T> Default for Stream<T> {
    fn default() -> Stream<T> {
        Stream { sent: 0, read: 0, early: BTreeMap::new() }
    }
}

impl<T> Stream<T> {
    /// The number of the next piece.
    pub fn number(&mut self) -> u64 {
        self.sent += 1;
        self.sent - 1
    }

    /// A piece came, the last of a message with it: what can be read now.
    pub fn arrived(&mut self, number: u64, message: Option<T>) -> Vec<T> {
        if number >= self.read {
            self.early.entry(number).or_insert(message);
        }
        let mut messages = Vec::new();
        while let Some(message) = self.early.remove(&self.read) {
            self.read += 1;
            messages.extend(message);
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_whole_once_and_in_order_whatever_order_pieces_come_in() {
        let mut stream = Stream::default();
        let numbers: Vec<u64> = (0..4).map(|_| stream.number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3]);
        assert_eq!(stream.arrived(1, Some("first")), [""; 0]);
        assert_eq!(stream.arrived(2, None), [""; 0]);
        assert_eq!(stream.arrived(1, Some("first")), [""; 0]);
        assert_eq!(stream.arrived(0, None), ["first"]);
        assert_eq!(stream.arrived(0, None), [""; 0]);
        assert_eq!(stream.arrived(3, Some("second")), ["second"]);
    }
}
