//! Bytes of files that pass through the server: what one person may send, and what waits for one person. Nothing is stored: what a
//! sender may send is what there is place for, and a place is free when its bytes were given to the receiver's connection.
//!
//! ```text
//!   sender's core                                  receiver's core
//!   Carried: credit, bytes to come  ── bytes ──>   Waiting, at most WINDOW of a file
//!            `more` to the sender   <── freed ──   its pieces, as fast as pictures and voices leave place
//! ```

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::ids::PeerId;
use super::units::Bitrate;

/// Bytes of a file that may be on their way through the server: 21 Mbit/s at a round trip of 50 ms, and 32 MiB for as many files as
/// are carried at most.
pub const WINDOW: usize = 128 * 1024;

/// So much is freed before a sender is told: eight of their chunks may be under way meanwhile.
const TOLD_EACH: usize = WINDOW / 4;

/// Bytes of a file in one message from a client, and to one: what leaves is a datagram each, so that a burst is what the pace says.
const MOST_IN: usize = 16 * 1024;
/// See [`MOST_IN`].
const PIECE: usize = 1_024;

/// In front of the bytes: the other one's id and the file's number.
const HEADER: usize = 12;

/// From one look at what waits to the next.
pub const EACH: Duration = Duration::from_millis(10);

/// The most that a look lets leave, however long ago the last one was.
const MOST_AT_ONCE: Duration = Duration::from_millis(20);

/// The pace for somebody who gets no media, which would tell what their line holds: SCTP's own congestion control sees to that.
const WITHOUT_MEDIA: Bitrate = Bitrate::kbps(20_000);

/// What is left of an estimate for what it is not sure of.
const SHARE: f64 = 0.9;

/// A file between two people: its number is the sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    /// Who sends it.
    pub from: PeerId,
    /// Who gets it.
    pub to: PeerId,
    /// Its number.
    pub id: u32,
}

/// A file that somebody sends.
#[derive(Debug)]
struct Carried {
    to: PeerId,
    id: u32,
    /// Bytes that are to come.
    left: u64,
    /// How many of them may.
    credit: usize,
    /// How many more may, and the sender was not told.
    untold: usize,
}

/// Bytes that came, or wait, of a file.
#[derive(Debug)]
pub struct Part {
    /// Of which.
    pub file: FileId,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why bytes are not carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stray {
    /// It is no frame.
    Malformed,
    /// The file is not carried, or not any more.
    Unknown,
    /// More than may come: it ends.
    Excess(FileId),
}

/// What one person sends and gets.
#[derive(Debug, Default)]
pub struct Files {
    carried: Vec<Carried>,
    waiting: VecDeque<Part>,
    /// Bytes of the first that left.
    gone: usize,
    /// When it was looked at last.
    looked: Option<Instant>,
    /// What may leave and did not, in bytes.
    budget: usize,
}

impl Files {
    /// A file is to be carried: so many bytes are to come.
    pub fn carry(&mut self, file: FileId, size: u64) {
        self.forget(file);
        self.carried.push(Carried { to: file.to, id: file.id, left: size, credit: WINDOW, untold: WINDOW });
    }

    /// A file of theirs is over.
    pub fn forget(&mut self, file: FileId) {
        self.carried.retain(|carried| (carried.to, carried.id) != (file.to, file.id));
    }

    /// Nothing more of a file is for them.
    pub fn drop_waiting(&mut self, file: FileId) {
        let first = self.waiting.front().map(|part| part.file);
        self.waiting.retain(|part| part.file != file);
        if first == Some(file) {
            self.gone = 0;
        }
    }

    /// Whether there is anything of them here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.carried.is_empty() && self.waiting.is_empty()
    }

    /// Whether something waits for them.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A message came from them, `from`.
    ///
    /// # Errors
    /// [`Stray`], with nothing changed but that a file is over that was sent too much of.
    pub fn take(&mut self, from: PeerId, message: &[u8]) -> Result<Part, Stray> {
        let (to, rest) = message.split_first_chunk().ok_or(Stray::Malformed)?;
        let (id, bytes) = rest.split_first_chunk().ok_or(Stray::Malformed)?;
        let (to, id) = (PeerId(u64::from_be_bytes(*to)), u32::from_be_bytes(*id));
        if bytes.is_empty() || bytes.len() > MOST_IN {
            return Err(Stray::Malformed);
        }
        let carried = self.carried.iter_mut().find(|carried| (carried.to, carried.id) == (to, id));
        let carried = carried.ok_or(Stray::Unknown)?;
        let file = FileId { from, to, id };
        let left = carried.left.checked_sub(bytes.len() as u64);
        let credit = carried.credit.checked_sub(bytes.len());
        let (Some(left), Some(credit)) = (left, credit) else {
            self.forget(file);
            return Err(Stray::Excess(file));
        };
        (carried.left, carried.credit) = (left, credit);
        Ok(Part { file, bytes: bytes.to_vec() })
    }

    /// So many bytes of a file of theirs left: as many more may come.
    pub fn freed(&mut self, to: PeerId, id: u32, bytes: usize) {
        if let Some(carried) = self.carried.iter_mut().find(|carried| (carried.to, carried.id) == (to, id)) {
            carried.credit = (carried.credit + bytes).min(WINDOW);
            carried.untold = (carried.untold + bytes).min(WINDOW);
        }
    }

    /// What they are to be told next: of which file so many more bytes may come. `tell` says whether they were.
    pub fn tell(&mut self, mut tell: impl FnMut(&str) -> bool) {
        for carried in &mut self.carried {
            let Carried { to: PeerId(to), id, untold, .. } = *carried;
            if untold >= TOLD_EACH
                && tell(&format!(r#"{{"type":"more","to":"{to:016x}","id":{id},"bytes":{untold}}}"#))
            {
                carried.untold = 0;
            }
        }
    }

    /// Something is for them.
    pub fn put(&mut self, part: Part) {
        self.waiting.push_back(part);
    }

    /// What waits for them may leave as fast as their media leaves place: of `spare` bits a second, nothing if it is unknown because
    /// nothing is sent. `most` bytes at most; `send` says whether a message was taken. Returns the files of which something left, and
    /// how much.
    pub fn give(
        &mut self,
        now: Instant,
        spare: Option<Bitrate>,
        most: usize,
        mut send: impl FnMut(&[u8]) -> bool,
    ) -> Vec<(FileId, usize)> {
        let passed = self.looked.map_or(EACH, |looked| now.saturating_duration_since(looked));
        self.looked = Some(now);
        let pace = spare.unwrap_or(WITHOUT_MEDIA);
        let bytes_in = |time| usize::try_from(pace.bytes_in(time)).unwrap_or(usize::MAX);
        self.budget = self.budget.saturating_add(bytes_in(passed)).min(bytes_in(MOST_AT_ONCE).max(PIECE));
        let mut left: Vec<(FileId, usize)> = Vec::new();
        let mut message = Vec::with_capacity(HEADER + PIECE);
        let mut most = most;
        while let Some(part) = self.waiting.front() {
            let bytes = part.bytes.get(self.gone..).unwrap_or_default();
            let piece = bytes.get(..PIECE).unwrap_or(bytes);
            if piece.len() > self.budget.min(most) {
                break;
            }
            let FileId { from, id, .. } = part.file;
            message.clear();
            message.extend_from_slice(&from.0.to_be_bytes());
            message.extend_from_slice(&id.to_be_bytes());
            message.extend_from_slice(piece);
            if !send(&message) {
                break;
            }
            self.budget -= piece.len();
            most -= piece.len();
            match left.iter_mut().find(|(file, _)| *file == part.file) {
                Some((_, bytes)) => *bytes += piece.len(),
                None => left.push((part.file, piece.len())),
            }
            self.gone += piece.len();
            if self.gone >= part.bytes.len() {
                self.waiting.pop_front();
                self.gone = 0;
            }
        }
        if self.waiting.is_empty() {
            (self.looked, self.budget) = (None, 0);
        }
        left
    }
}

/// What pictures and voices leave of a downlink that is thought to hold `estimate` when `sent` of it is used.
#[must_use]
pub fn spare(estimate: Bitrate, sent: Bitrate) -> Bitrate {
    estimate.scaled(SHARE).less(sent)
}

#[cfg(test)]
mod tests;
