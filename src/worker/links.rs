//! The other workers of the process, as one of them sees them: to each a bounded queue of what its core tells theirs, and from each
//! one back.
//!
//! What does not fit waits on the sender's side. Of that, media beyond [`MOST_WAITING`] is dropped, the oldest first: whoever is served
//! by a worker that is behind loses packets, and can ask for key frames; and what is not media comes late, but it comes.

use std::time::{Duration, Instant};

use crate::media::Core;
use crate::media::crossing::{Crossing, Gap};
use crate::media::ids::WorkerId;
use crate::queue::{Drain, Sender};

/// What one worker may tell another one before that looks. A turn takes 1,024 datagrams at most, of which some are of one room; each
/// is some 300 bytes here.
pub(super) const IN_FLIGHT: usize = 512;

/// What waits for room beside that at most, of media: with what is in flight, what 25 cameras send in a seventh of a second. What is
/// older is of no use.
const MOST_WAITING: usize = 512;

/// Taken from one worker in one turn at most: as many as may be in flight, once over.
const TAKEN_A_TURN: usize = 1_024;

/// How soon what found the queue full is tried again, if no turn comes before.
const RETRY: Duration = Duration::from_millis(1);

/// The connection to one other worker.
#[derive(Debug)]
pub(super) struct Link {
    /// Which.
    pub(super) worker: WorkerId,
    /// To there.
    pub(super) outbound: Sender<Crossing>,
    /// From there.
    pub(super) inbound: Drain<Crossing>,
    /// Where something is missing of what went there: told when it no longer is behind, or it would be told all the time.
    gaps: Vec<Gap>,
}

impl Link {
    /// A connection to another worker over these queues.
    pub(super) fn new(worker: WorkerId, outbound: Sender<Crossing>, inbound: Drain<Crossing>) -> Link {
        Link { worker, outbound, inbound, gaps: Vec::new() }
    }

    /// Drops what waits for too long, and says so. Returns how many packets went.
    fn drop_old_media(&mut self) -> u64 {
        let gone = self.outbound.take_oldest(MOST_WAITING, Crossing::is_media);
        for gap in gone.iter().filter_map(Crossing::gap) {
            if !self.gaps.contains(&gap) {
                self.gaps.push(gap);
            }
        }
        if self.outbound.backlog() == 0 {
            self.gaps.drain(..).for_each(|gap| self.outbound.send(gap.told()));
        }
        gone.len() as u64
    }
}

crate::metrics! {
    /// What passed between workers.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct LinkCounters as "link" {
        /// Media packets for another worker that were dropped, because it was behind.
        pub dropped: u64,
        /// The most that ever waited for room in the queue to another worker.
        pub most_waiting: u64 as Peak,
        /// Times a worker woke another one, for all that one turn had to tell.
        pub wakes: u64,
    }
}

/// The connections to all other workers.
#[derive(Debug, Default)]
pub(super) struct Links {
    others: Vec<Link>,
    dropped: u64,
    /// Of connections that are no more.
    past: LinkCounters,
    /// The last turn left something behind.
    has_more: bool,
}

impl Links {
    /// Another worker is there, or is another one than before: what the one before told is of nobody any more.
    pub(super) fn connect(&mut self, link: Link, core: &mut Core) {
        core.forget_worker(link.worker);
        match self.others.iter_mut().find(|known| known.worker == link.worker) {
            Some(known) => {
                let before = std::mem::replace(known, link);
                self.past += count(&before.outbound);
            }
            None => self.others.push(link),
        }
    }

    /// Hands the core what others told it.
    pub(super) fn drain(&mut self, now: Instant, core: &mut Core) {
        self.has_more = false;
        for Link { worker, inbound, .. } in &self.others {
            let mut taken = 0;
            while let Ok(crossing) = inbound.next() {
                core.handle_crossing(now, *worker, crossing);
                taken += 1;
                if taken == TAKEN_A_TURN {
                    self.has_more = true;
                    break;
                }
            }
        }
    }

    /// Hands over what the core has to tell others, and wakes each of those once.
    pub(super) fn send(&mut self, core: &mut Core) {
        while let Some((to, crossing)) = core.poll_crossing() {
            // Of a worker that is not there nobody is told anything, and the conference moves whoever was on it.
            if let Some(link) = self.others.iter_mut().find(|link| link.worker == to) {
                link.outbound.send(crossing);
            }
        }
        for link in &mut self.others {
            self.dropped += link.drop_old_media();
            if let Err(e) = link.outbound.flush() {
                log::error!("a worker cannot be woken: {e}");
            }
        }
    }

    /// How soon to look again although nothing woke us.
    pub(super) fn wakes(&self) -> Option<Duration> {
        let waits = self.others.iter().any(|link| link.outbound.backlog() > 0);
        if self.has_more { Some(Duration::ZERO) } else { waits.then_some(RETRY) }
    }

    /// What was counted.
    pub(super) fn counters(&self) -> LinkCounters {
        let mut all = LinkCounters { dropped: self.dropped, ..self.past };
        for link in &self.others {
            all += count(&link.outbound);
        }
        all
    }
}

fn count(outbound: &Sender<Crossing>) -> LinkCounters {
    LinkCounters { dropped: 0, most_waiting: outbound.most_waiting() as u64, wakes: outbound.wakes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_flight_between_two_workers_takes_little_memory() {
        assert!(size_of::<Crossing>() <= 320, "{} bytes", size_of::<Crossing>());
    }
}
