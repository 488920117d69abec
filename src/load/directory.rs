//! Who publishes what: by the number that is in every packet.

use std::time::Instant;

use crate::media::ids::Kind;

/// One publication: a picture or a sound of somebody, for as long as they are there.
#[derive(Debug, Clone)]
pub(super) struct Publication {
    /// Whose: the person's number in the run.
    pub person: usize,
    /// Which room they are in.
    pub room: usize,
    /// Picture or sound.
    pub kind: Kind,
    /// When it began to be sent.
    pub since: Instant,
    /// When it ended.
    pub until: Option<Instant>,
    /// Packets that were sent since counting began, all layers together.
    pub sent: u64,
}

/// All publications there were.
#[derive(Debug, Default)]
pub(super) struct Directory(Vec<Publication>);

impl Directory {
    /// Takes a new one, and says its number.
    pub(super) fn add(&mut self, (person, room): (usize, usize), kind: Kind, since: Instant) -> u32 {
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(Publication { person, room, kind, since, until: None, sent: 0 });
        number
    }

    pub(super) fn get(&self, number: u32) -> Option<&Publication> {
        self.0.get(usize::try_from(number).ok()?)
    }

    /// A packet of it is sent.
    pub(super) fn sends(&mut self, number: u32) {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.0.get_mut(index).into_iter().for_each(|publication| publication.sent += 1);
    }

    /// It is not sent any more.
    pub(super) fn end(&mut self, number: u32, now: Instant) {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(publication) = self.0.get_mut(index) {
            publication.until = Some(now);
        }
    }

    /// Packets that were sent of all since counting began.
    pub(super) fn sent(&self) -> u64 {
        self.0.iter().map(|publication| publication.sent).sum()
    }

    /// Counting begins.
    pub(super) fn restart(&mut self) {
        self.0.iter_mut().for_each(|publication| publication.sent = 0);
    }
}
