//! The server's end of a TCP connection that carries media: its own queue, what a kernel holds that is not sent, and how
//! much is under way.
//!
//! ```text
//!   frames ──> WriteQueue (the server's) ──> kernel: 8 KiB unsent ──> window ──> the link, in pieces that are sent again
//! ```
//!
//! The window is Reno's: it doubles each round trip until something is lost, then halves, and grows by a piece a round trip.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::time::{Duration, Instant};

use plenary::worker::WriteQueue;

use super::stream::PIECE;

/// Bytes a kernel takes that it has not sent: what the server asks for (`TCP_NOTSENT_LOWAT`).
const UNSENT: usize = 8 * 1024;

/// Pieces under way at the beginning (RFC 6928).
const FIRST_WINDOW: f64 = 10.0;

/// Bytes that wait to be sent for the first time.
#[derive(Debug, Default)]
struct Kernel(VecDeque<u8>);

impl Write for Kernel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let takes = bytes.len().min(UNSENT.saturating_sub(self.0.len()));
        self.0.extend(&bytes[..takes]);
        if takes == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(takes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One connection, from the server to a client.
#[derive(Debug)]
pub struct Sender {
    queue: WriteQueue,
    kernel: Kernel,
    under_way: u64,
    window: f64,
    /// Below it the window doubles each round trip.
    threshold: f64,
    /// Until when losses are of one event.
    recovers: Option<Instant>,
    /// Frames that found the queue full, or waited too long in it.
    pub dropped: u64,
    /// The most bytes that waited in the queue.
    pub most_waiting: usize,
}

impl Default for Sender {
    fn default() -> Sender {
        Sender {
            queue: WriteQueue::default(),
            kernel: Kernel::default(),
            under_way: 0,
            window: FIRST_WINDOW,
            threshold: f64::INFINITY,
            recovers: None,
            dropped: 0,
            most_waiting: 0,
        }
    }
}

impl Sender {
    /// A frame is to be sent, unless more than `most` bytes would wait then.
    pub fn send(&mut self, now: Instant, frame: Vec<u8>, most: usize) {
        self.dropped += self.queue.drop_stale(now);
        self.dropped += u64::from(!self.queue.push(now, frame, most));
        self.most_waiting = self.most_waiting.max(self.queue.bytes());
    }

    /// The next piece that may be under way.
    pub fn next_piece(&mut self, now: Instant) -> Option<Vec<u8>> {
        let (written, result) = self.queue.flush(now, &mut self.kernel);
        result.expect("a kernel that takes or does not");
        self.dropped += written.stale;
        if self.kernel.0.is_empty() || self.under_way as f64 >= self.window {
            return None;
        }
        self.under_way += 1;
        let length = self.kernel.0.len().min(PIECE);
        Some(self.kernel.0.drain(..length).collect())
    }

    /// A piece came.
    pub fn acknowledged(&mut self) {
        self.under_way -= 1;
        self.window += if self.window < self.threshold { 1.0 } else { 1.0 / self.window };
    }

    /// A piece was lost; a round trip takes so long.
    pub fn lost(&mut self, now: Instant, round_trip: Duration) {
        if self.recovers.is_none_or(|until| until <= now) {
            self.threshold = (self.window / 2.0).max(2.0);
            self.window = self.threshold;
            self.recovers = Some(now + round_trip);
        }
    }
}

/// Cuts frames (RFC 4571) out of what comes, as the client does.
#[derive(Debug, Default)]
pub struct Cutter(Vec<u8>);

impl Cutter {
    pub fn cut(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.0.extend_from_slice(bytes);
        let (mut frames, mut rest) = (Vec::new(), &self.0[..]);
        while let Some((length, after)) = rest.split_first_chunk::<2>()
            && let Some((frame, after)) = after.split_at_checked(u16::from_be_bytes(*length).into())
        {
            frames.push(frame.to_vec());
            rest = after;
        }
        self.0 = rest.to_vec();
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_follows_the_window_and_what_is_cut_is_what_was_sent() {
        let (mut sender, mut cutter, now) = (Sender::default(), Cutter::default(), Instant::now());
        for number in 0..40 {
            sender.send(now, vec![number; 1_000], 100_000);
        }
        let first: Vec<Vec<u8>> = std::iter::from_fn(|| sender.next_piece(now)).collect();
        assert_eq!(first.len(), 10);
        sender.acknowledged();
        assert_eq!(std::iter::from_fn(|| sender.next_piece(now)).count(), 2, "it doubles");
        sender.lost(now, Duration::from_millis(40));
        sender.lost(now, Duration::from_millis(40));
        assert_eq!((sender.window, sender.under_way), (5.5, 11));
        sender.acknowledged();
        assert!(sender.next_piece(now).is_none());
        let frames: Vec<Vec<u8>> = first.iter().flat_map(|piece| cutter.cut(piece)).collect();
        assert_eq!(frames, (0..11).map(|number| vec![number; 1_000]).collect::<Vec<_>>());
        assert_eq!(sender.dropped, 0);
        sender.send(now + Duration::from_secs(1), vec![1; 1_000], 100_000);
        assert!(sender.dropped > 10, "old frames wait no longer");
    }
}
