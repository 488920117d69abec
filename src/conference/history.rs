//! What is written in a room: the messages that are kept, and what of them somebody missed. Pure.
//!
//! Each change of a message has a revision, one more than the one before: one order for all. Whoever was told everything up to a
//! revision knows the rest from [`History::since`], also when it comes in parts and news come in between.

use std::collections::VecDeque;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{UnixTime, wire};
use crate::media::ids::PeerId;

/// What a message takes besides its text and its name.
const OVERHEAD: usize = 200;

/// A message, as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Which: it rises with each message of a room.
    pub id: u64,
    /// Rises with each change of any message.
    pub revision: u64,
    /// Who wrote it.
    #[serde(with = "wire::peer")]
    pub from: PeerId,
    /// What they were called then.
    pub name: String,
    /// What they wrote: lines of text, and nothing else.
    pub text: String,
    /// When the server got it.
    pub at: UnixTime,
    /// It was written otherwise first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// It is to be read no more, and has no text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// What a page has of a room's chat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatSeen {
    /// Of which chat.
    pub epoch: u64,
    /// Everything up to this one.
    pub revision: u64,
}

/// Something that happens to what is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChatEvent {
    /// Somebody wrote a message.
    Posted(Post),
    /// Its text is another one.
    Edited { id: u64, text: String },
    /// It is to be read no more.
    Deleted { id: u64 },
    /// Those with a lower id are kept no longer.
    Forgotten { below: u64 },
}

/// A message that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Post {
    /// The next one of the room.
    pub(super) id: u64,
    pub(super) from: PeerId,
    pub(super) name: String,
    pub(super) text: String,
    /// What its client calls it.
    pub(super) reference: String,
    pub(super) at: UnixTime,
    /// The same, for what lasts.
    pub(super) since: Instant,
}

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// As everybody sees it.
    pub(super) message: ChatMessage,
    /// What its client calls it.
    pub(super) reference: String,
    /// When it was written.
    pub(super) since: Instant,
}

impl Kept {
    fn bytes(&self) -> usize {
        OVERHEAD + self.message.name.len() + self.message.text.len() + self.reference.len()
    }
}

/// The messages of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct History {
    epoch: u64,
    /// The epoch that it had first: by it a store knows it, over restarts.
    era: u64,
    revision: u64,
    /// The lowest id that is kept, or the next one.
    first: u64,
    /// By id, without a gap.
    kept: VecDeque<Kept>,
    bytes: usize,
}

impl History {
    /// Nothing was written yet. No other chat has this epoch.
    pub(super) fn new(epoch: u64) -> History {
        History { epoch, era: epoch, revision: 0, first: 1, kept: VecDeque::new(), bytes: 0 }
    }

    /// What a store kept of the era with this number, in the order of ids. It is another chat to whoever was inside before: what was
    /// written last may be missing. After a gap nothing is believed.
    pub(super) fn restored(epoch: u64, era: u64, kept: Vec<Kept>) -> History {
        let first = kept.first().map_or(1, |kept| kept.message.id);
        let without_gap = kept.into_iter().zip(first..).take_while(|(kept, id)| kept.message.id == *id);
        let kept: VecDeque<Kept> = without_gap.map(|(kept, _)| kept).collect();
        let revision = kept.iter().map(|kept| kept.message.revision).max().unwrap_or(0);
        let bytes = kept.iter().map(Kept::bytes).sum();
        History { epoch, era, revision, first, kept, bytes }
    }

    /// By which a store knows it.
    pub(super) fn era(&self) -> u64 {
        self.era
    }

    /// All that is kept.
    pub(super) fn all(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter()
    }

    /// Changes it. Returns whether anything is other than before.
    pub(super) fn apply(&mut self, event: &ChatEvent) -> bool {
        let changed = match event {
            ChatEvent::Posted(post) => self.post(post),
            ChatEvent::Edited { id, text } => self.edit(*id, text),
            ChatEvent::Deleted { id } => self.delete(*id),
            ChatEvent::Forgotten { below } => return self.forget(*below),
        };
        self.revision += u64::from(changed);
        changed
    }

    fn post(&mut self, post: &Post) -> bool {
        if post.id != self.next() {
            return false;
        }
        let message = ChatMessage {
            id: post.id,
            revision: self.revision + 1,
            from: post.from,
            name: post.name.clone(),
            text: post.text.clone(),
            at: post.at,
            edited: false,
            deleted: false,
        };
        let kept = Kept { message, reference: post.reference.clone(), since: post.since };
        self.bytes += kept.bytes();
        self.kept.push_back(kept);
        true
    }

    fn edit(&mut self, id: u64, text: &str) -> bool {
        let revision = self.revision + 1;
        let Some(kept) = self.get_mut(id).filter(|kept| !kept.message.deleted && kept.message.text != text)
        else {
            return false;
        };
        let before = kept.bytes();
        text.clone_into(&mut kept.message.text);
        (kept.message.revision, kept.message.edited) = (revision, true);
        let after = kept.bytes();
        self.bytes = self.bytes + after - before;
        true
    }

    fn delete(&mut self, id: u64) -> bool {
        let revision = self.revision + 1;
        let Some(kept) = self.get_mut(id).filter(|kept| !kept.message.deleted) else { return false };
        let before = kept.bytes();
        kept.message.text = String::new();
        (kept.message.revision, kept.message.edited, kept.message.deleted) = (revision, false, true);
        let after = kept.bytes();
        self.bytes = self.bytes + after - before;
        true
    }

    fn forget(&mut self, below: u64) -> bool {
        let end = below.min(self.next());
        let before = self.first;
        while self.first < end {
            self.bytes -= self.kept.pop_front().map_or(0, |kept| kept.bytes());
            self.first += 1;
        }
        self.first > before
    }

    fn at(&self, id: u64) -> Option<usize> {
        usize::try_from(id.checked_sub(self.first)?).ok()
    }

    fn get_mut(&mut self, id: u64) -> Option<&mut Kept> {
        let at = self.at(id)?;
        self.kept.get_mut(at)
    }

    /// A message that is kept.
    pub(super) fn get(&self, id: u64) -> Option<&Kept> {
        self.kept.get(self.at(id)?)
    }

    /// Which chat this is.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Of the newest change.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// The lowest id that is kept; that of the next message if none is.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The id of the next message.
    pub(super) fn next(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    /// What all messages take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The message that somebody's client calls so.
    pub(super) fn called(&self, from: PeerId, reference: &str) -> Option<&ChatMessage> {
        let found =
            self.kept.iter().rev().find(|kept| kept.message.from == from && kept.reference == reference);
        found.map(|kept| &kept.message)
    }

    /// What changed after a revision, about as many `bytes` of it, in the order of the revisions; and the revision up to which
    /// all is known with it.
    pub(super) fn since(&self, revision: u64, bytes: usize) -> (u64, Vec<ChatMessage>) {
        let mut changed: Vec<&Kept> =
            self.kept.iter().filter(|kept| kept.message.revision > revision).collect();
        changed.sort_unstable_by_key(|kept| kept.message.revision);
        let mut taken = 0;
        let part: Vec<ChatMessage> = changed
            .iter()
            .take_while(|kept| {
                let goes_on = taken == 0 || taken + kept.bytes() <= bytes;
                taken += kept.bytes();
                goes_on
            })
            .map(|kept| kept.message.clone())
            .collect();
        let known = if part.len() < changed.len() { part.last().map(|last| last.revision) } else { None };
        (known.unwrap_or(self.revision), part)
    }
}

#[cfg(test)]
mod tests;
