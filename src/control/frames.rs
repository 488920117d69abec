//! Counts the frames of a WebSocket (RFC 6455, section 5.2) as their bytes pass by.
//!
//! The library that reads them tells of whole messages and of pings, but neither of the pieces a message comes in nor of
//! what an unfinished one holds. Nothing is judged here but numbers: what is no frame, the library refuses.

use std::time::Instant;

use crate::ledger::Meter;
use crate::limits::{Limit, Limits};

/// A piece of a message of fewer bytes is a small one. Browsers cut messages by the dozen of kilobytes, if at all.
const SMALL_PIECE: u64 = 1_024;

/// The longest header: two bytes, a length of eight and a mask of four.
const HEADER: usize = 14;

/// What is known of the frames so far.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The header that is not all here.
    header: [u8; HEADER],
    /// How much of it is.
    known: usize,
    /// Bytes of the present frame's payload that have yet to come.
    rest: u64,
    /// The message ends with the present frame.
    ends: bool,
    /// The message goes on with another frame.
    unfinished: bool,
    /// Bytes of the unfinished message, what its present frame has announced included.
    held: u64,
    /// Small pieces of it.
    pieces: usize,
    /// Frames that are no messages: pings, pongs, small pieces.
    flow: Meter,
    over: Option<Limit>,
}

impl Frames {
    /// These bytes came.
    pub fn pass(&mut self, mut bytes: &[u8], now: Instant, limits: &Limits) {
        while let Some((first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let passed = usize::try_from(self.rest).unwrap_or(usize::MAX).min(bytes.len());
                self.rest -= passed as u64;
                bytes = bytes.get(passed..).unwrap_or_default();
            } else {
                self.take(*first, now, limits);
                bytes = others;
            }
            if self.rest == 0 && self.known == 0 && self.ends {
                (self.held, self.pieces, self.ends) = (0, 0, false);
            }
        }
    }

    /// The limit that was passed, if one was: nothing more is to be read.
    pub fn over(&self) -> Option<Limit> {
        self.over
    }

    /// How many bytes the unfinished message holds.
    pub fn held(&self) -> usize {
        usize::try_from(self.held).unwrap_or(usize::MAX)
    }

    /// Whether all that came are whole messages.
    pub fn are_between(&self) -> bool {
        self.known == 0 && self.rest == 0 && !self.unfinished
    }

    /// One more byte of a header.
    fn take(&mut self, byte: u8, now: Instant, limits: &Limits) {
        if let Some(place) = self.header.get_mut(self.known) {
            *place = byte;
        }
        self.known += 1;
        let [first, second, long @ ..] = self.header;
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        if self.known < 2 || self.known < 2 + extended + mask {
            return;
        }
        let length = match extended {
            0 => u64::from(second & 0x7f),
            count => long.iter().take(count).fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        (self.known, self.rest) = (0, length);
        self.count(first & 0x80 != 0, first & 0x0f, length, now, limits);
    }

    /// A frame begins.
    fn count(&mut self, is_last: bool, opcode: u8, length: u64, now: Instant, limits: &Limits) {
        let is_control = opcode & 0x08 != 0;
        let is_piece = !is_control && (opcode == 0 || !is_last);
        let is_small = is_piece && length < SMALL_PIECE;
        if !is_control {
            self.held = self.held.saturating_add(length);
            (self.ends, self.unfinished) = (is_last, !is_last);
        }
        if is_small {
            self.pieces += 1;
            if self.pieces > limits.get(Limit::MessagePieces) {
                self.over.get_or_insert(Limit::MessagePieces);
            }
        }
        if is_control || is_small {
            let rate = limits.get(Limit::FramesPerSecond);
            if self.flow.take(now, 1, rate, 2 * rate).is_err() {
                self.over.get_or_insert(Limit::FramesPerSecond);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tungstenite::protocol::frame::FrameHeader;
    use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

    use super::*;

    /// A client's frame.
    fn frame(opcode: OpCode, is_last: bool, bytes: usize) -> Vec<u8> {
        let header = FrameHeader { is_final: is_last, opcode, mask: Some([0; 4]), ..FrameHeader::default() };
        let mut written = Vec::new();
        header.format(bytes as u64, &mut written).unwrap();
        written.resize(written.len() + bytes, 7);
        written
    }

    fn passed(frames: &mut Frames, bytes: &[u8]) -> Option<Limit> {
        frames.pass(bytes, Instant::now(), &Limits::default());
        frames.over()
    }

    const TEXT: OpCode = OpCode::Data(Data::Text);
    const MORE: OpCode = OpCode::Data(Data::Continue);
    const PING: OpCode = OpCode::Control(Control::Ping);

    #[test]
    fn the_64th_empty_piece_is_one_too_many_and_large_pieces_never_are() {
        let mut frames = Frames::default();
        assert_eq!(passed(&mut frames, &frame(TEXT, false, 0)), None);
        assert_eq!(passed(&mut frames, &frame(MORE, false, 0).repeat(62)), None);
        assert_eq!(passed(&mut frames, &frame(MORE, false, 0)), Some(Limit::MessagePieces));
        let mut frames = Frames::default();
        assert_eq!(passed(&mut frames, &frame(TEXT, false, 2_000)), None);
        assert_eq!(passed(&mut frames, &frame(MORE, false, 2_000).repeat(500)), None);
    }

    #[test]
    fn pings_have_a_rate() {
        let (start, mut frames) = (Instant::now(), Frames::default());
        let mut pinged = |seconds, count| {
            frames.pass(
                &frame(PING, true, 3).repeat(count),
                start + Duration::from_secs(seconds),
                &Limits::default(),
            );
            frames.over()
        };
        assert_eq!((pinged(0, 100), pinged(1, 50), pinged(2, 50)), (None, None, None));
        assert_eq!(pinged(2, 1), Some(Limit::FramesPerSecond));
    }

    #[test]
    fn what_a_frame_announces_is_held_until_its_message_is_whole() {
        let mut frames = Frames::default();
        passed(&mut frames, &frame(TEXT, false, 2_000));
        assert_eq!(frames.held(), 2_000);
        let last = frame(MORE, true, 100_000);
        passed(&mut frames, &last[..20]);
        assert_eq!(frames.held(), 102_000);
        passed(&mut frames, &last[20..]);
        assert_eq!(frames.held(), 0);
    }

    #[test]
    fn between_messages_is_neither_in_a_header_nor_in_a_frame_nor_between_the_pieces_of_one() {
        let mut frames = Frames::default();
        let (piece, last, ping) = (frame(TEXT, false, 0), frame(MORE, true, 10), frame(PING, true, 3));
        let mut after = |bytes: &[u8]| {
            passed(&mut frames, bytes);
            frames.are_between()
        };
        assert!(after(&[]), "nothing came");
        assert!(!after(&ping[..1]) && !after(&ping[1..7]) && after(&ping[7..]), "a ping");
        assert!(!after(&piece) && !after(&ping), "an empty piece, and a ping behind it");
        assert!(!after(&last[..8]) && after(&last[8..]), "the last piece");
    }

    proptest! {
        /// However the bytes are cut, the same is counted.
        #[test]
        fn frames_are_found_wherever_they_are_cut(
            sizes in prop::collection::vec((0..3_u8, any::<bool>(), prop_oneof![0..200_usize, 60_000..70_000_usize]), 1..20),
            cut in 1..3_000_usize,
        ) {
            let (mut bytes, mut open, mut small, mut held) = (Vec::new(), false, 0, 0);
            for (what, is_last, size) in sizes {
                if what == 0 {
                    bytes.extend(frame(PING, true, size.min(125)));
                    continue;
                }
                bytes.extend(frame(if open { MORE } else { TEXT }, is_last, size));
                small += usize::from((open || !is_last) && size < 1_024);
                held += size;
                open = !is_last;
                if is_last {
                    (small, held) = (0, 0);
                }
            }
            let mut frames = Frames::default();
            for part in bytes.chunks(cut) {
                prop_assert_eq!(passed(&mut frames, part), None);
            }
            prop_assert_eq!((frames.held(), frames.pieces, frames.rest, frames.known), (held, small, 0, 0));
        }
    }
}
