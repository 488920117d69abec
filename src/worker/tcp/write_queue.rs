//! What waits to be written to one connection: whole frames, bounded in bytes and in time.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::time::{Duration, Instant};

use super::frames::HEADER;

/// How long a frame may wait. Media that is older is of no use, and what matters is sent again by its protocol; without
/// this a thin line would show everything as late as the buffer is long.
const STALE: Duration = Duration::from_secs(1);

/// Frames in one call: their lengths and contents apart, so that nothing is copied.
const FRAMES_PER_CALL: usize = 32;

#[derive(Debug)]
struct Frame {
    header: [u8; HEADER],
    contents: Vec<u8>,
    since: Instant,
}

impl Frame {
    fn len(&self) -> usize {
        HEADER + self.contents.len()
    }
}

/// The frames that wait.
#[derive(Debug, Default)]
pub struct WriteQueue {
    frames: VecDeque<Frame>,
    /// Bytes of all of them.
    bytes: usize,
    /// Bytes of the first one that are written: it is finished whatever happens, or nobody could read what follows.
    written: usize,
}

/// What writing did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Frames that are out.
    pub frames: u64,
    /// Bytes that are out, headers of frames included.
    pub bytes: u64,
    /// Calls that brought them out.
    pub calls: u64,
    /// Frames thrown away because they had waited too long.
    pub stale: u64,
}

impl WriteQueue {
    /// Takes one frame, unless `most` bytes would wait then. Returns whether it did.
    pub fn push(&mut self, now: Instant, contents: Vec<u8>, most: usize) -> bool {
        let Ok(length) = u16::try_from(contents.len()) else { return false };
        let frame = Frame { header: length.to_be_bytes(), contents, since: now };
        if self.bytes + frame.len() > most {
            return false;
        }
        self.bytes += frame.len();
        self.frames.push_back(frame);
        true
    }

    /// Bytes that wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes what can be written without waiting.
    ///
    /// # Errors
    /// What the connection says, beside what was written before it; that it would have to wait is none.
    pub fn flush(&mut self, now: Instant, to: &mut impl Write) -> (Written, io::Result<()>) {
        let mut written = Written::default();
        loop {
            written.stale += self.drop_stale(now);
            if self.frames.is_empty() {
                return (written, Ok(()));
            }
            match to.write_vectored(&self.slices()) {
                Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
                Ok(count) => {
                    written.calls += 1;
                    written.bytes += count as u64;
                    written.frames += self.advance(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return (written, Ok(())),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return (written, Err(error)),
            }
        }
    }

    /// Throws away what has waited too long; not the frame that is half out. Returns how many frames that were.
    pub fn drop_stale(&mut self, now: Instant) -> u64 {
        let keep = usize::from(self.written > 0);
        let is_stale = |frame: &Frame| now.saturating_duration_since(frame.since) >= STALE;
        let stale = self.frames.iter().skip(keep).take_while(|frame| is_stale(frame)).count();
        for frame in self.frames.drain(keep..keep + stale) {
            self.bytes -= frame.len();
        }
        stale as u64
    }

    fn slices(&self) -> [IoSlice<'_>; 2 * FRAMES_PER_CALL] {
        let mut skip = self.written;
        let parts = self.frames.iter().flat_map(|frame| [&frame.header[..], &frame.contents[..]]);
        let mut parts = parts.map(|part| {
            let (_, rest) = part.split_at(skip.min(part.len()));
            skip -= part.len() - rest.len();
            rest
        });
        std::array::from_fn(|_| IoSlice::new(parts.next().unwrap_or_default()))
    }

    /// So many bytes more are out. Returns how many frames that completes.
    fn advance(&mut self, count: usize) -> u64 {
        self.written += count;
        let mut frames = 0;
        while let Some(length) = self.frames.front().map(Frame::len).filter(|length| *length <= self.written)
        {
            self.frames.pop_front();
            self.written -= length;
            self.bytes -= length;
            frames += 1;
        }
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::tcp::frames::{Frames, TooLarge};
    use proptest::prelude::*;

    /// Takes so many bytes at each call, in turn; none means not now.
    struct Line {
        takes: Vec<usize>,
        turn: usize,
        got: Vec<u8>,
    }

    impl Write for Line {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let takes = self.takes[self.turn % self.takes.len()].min(bytes.len());
            self.turn += 1;
            if takes == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.got.extend_from_slice(&bytes[..takes]);
            Ok(takes)
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            self.write(&bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(takes: Vec<usize>) -> Line {
        Line { takes, turn: 0, got: Vec::new() }
    }

    fn frames_in(stream: &[u8]) -> Vec<Vec<u8>> {
        let mut got = Vec::new();
        let cut = Frames::default().cut::<TooLarge>(stream, 1_500, |frame| {
            got.push(frame.to_vec());
            Ok(())
        });
        assert_eq!(cut, Ok(()));
        got
    }

    proptest! {
        /// However little the line takes at a time and whatever is thrown away: what arrives are whole frames in order.
        #[test]
        fn what_arrives_is_whole_frames_in_their_order(
            sizes in prop::collection::vec(0_usize..400, 1..60),
            mut takes in prop::collection::vec(0_usize..900, 1..20),
            steps in prop::collection::vec(0_u64..600, 60),
        ) {
            takes.push(1);
            let (mut queue, mut line) = (WriteQueue::default(), line(takes));
            let (mut now, mut refused, mut written) = (Instant::now(), 0, Written::default());
            for ((number, size), step) in sizes.iter().enumerate().zip(&steps) {
                now += Duration::from_millis(*step);
                let number = u8::try_from(number).expect("few");
                refused += u64::from(!queue.push(now, vec![number; size + 1], 2_000));
                prop_assert!(queue.bytes() <= 2_000);
                let (more, result) = queue.flush(now, &mut line);
                prop_assert!(result.is_ok());
                written.frames += more.frames;
                written.stale += more.stale;
            }
            line.takes = vec![usize::MAX];
            let (last, _) = queue.flush(now, &mut line);
            prop_assert_eq!(queue.bytes(), 0);
            let got = frames_in(&line.got);
            prop_assert_eq!(got.len() as u64, written.frames + last.frames);
            prop_assert_eq!(got.len() as u64 + written.stale + last.stale + refused, sizes.len() as u64);
            prop_assert!(got.is_sorted_by_key(|frame| frame[0]));
            prop_assert!(got.iter().all(|frame| frame.len() == sizes[usize::from(frame[0])] + 1));
        }
    }

    #[test]
    fn on_a_line_that_takes_nothing_old_frames_make_room_for_new_ones() {
        let (mut queue, mut line) = (WriteQueue::default(), line(vec![10, 0]));
        let start = Instant::now();
        for number in 0..3 {
            assert!(queue.push(start, vec![number; 98], 300));
        }
        assert!(!queue.push(start, vec![3; 98], 300), "three fill it");
        // Ten bytes of the first are out.
        assert!(queue.flush(start, &mut line).1.is_ok());
        line.takes = vec![0];
        let (written, _) = queue.flush(start + STALE, &mut line);
        assert_eq!(written, Written { stale: 2, ..Written::default() });
        assert!(queue.push(start + STALE, vec![4; 98], 300));
        line.takes = vec![usize::MAX];
        queue.flush(start + STALE, &mut line).1.expect("a line");
        assert_eq!(frames_in(&line.got), [vec![0; 98], vec![4; 98]], "what was begun is finished");
    }

    #[test]
    fn many_frames_leave_in_few_calls() {
        let (mut queue, mut line) = (WriteQueue::default(), line(vec![usize::MAX]));
        let now = Instant::now();
        for number in 0..40 {
            assert!(queue.push(now, vec![number; 1_200], 100_000));
        }
        let (written, _) = queue.flush(now, &mut line);
        assert_eq!(written, Written { frames: 40, calls: 2, stale: 0, bytes: written.bytes });
    }
}
