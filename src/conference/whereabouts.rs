//! What is known of the media workers, and which of them serve the people of a room.

use std::collections::BTreeMap;
use std::time::Instant;

use super::WorkerId;
use super::placement::{PerMille, Standing, least_busy, place};
use crate::media::ids::PeerId;

/// The media workers.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) standings: Vec<Standing>,
    /// Who was known to each that is gone when it went: it may still hold them when it is back.
    pub(super) left_behind: BTreeMap<WorkerId, Vec<PeerId>>,
    pub(super) spill_at: PerMille,
}

impl Workers {
    /// So many workers, all of them there.
    pub(super) fn new(count: usize, spill_at: PerMille) -> Workers {
        let standings = vec![Standing::default(); count.max(1)];
        Workers { standings, left_behind: BTreeMap::new(), spill_at }
    }

    /// Where the next room goes.
    pub(super) fn least_busy(&self) -> Option<WorkerId> {
        least_busy(&self.standings)
    }

    /// Where the next one of a room goes.
    pub(super) fn place(&self, whereabouts: &Whereabouts) -> Option<WorkerId> {
        place(&self.standings, whereabouts.in_order(), self.spill_at)
    }

    /// How one of them is, to change.
    pub(super) fn get_mut(&mut self, worker: WorkerId) -> Option<&mut Standing> {
        self.standings.get_mut(worker.index())
    }

    /// Whether it may be told anything.
    pub(super) fn is_there(&self, worker: WorkerId) -> bool {
        self.standings.get(worker.index()).is_some_and(|standing| !standing.gone)
    }

    /// How many people each worker serves, and whether it is there.
    #[cfg(test)]
    pub(super) fn loads(&self) -> Vec<(usize, bool)> {
        self.standings.iter().map(|worker| (worker.people, !worker.gone)).collect()
    }
}

/// Which workers serve the people of a room.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    /// The first: who comes goes there, and who has the floor is found out there. `None` while no worker is there.
    pub(super) first: Option<WorkerId>,
    /// How many people are where.
    pub(super) people: BTreeMap<WorkerId, usize>,
    /// Since when the people of another worker could come back to the first.
    pub(super) folds_since: Option<Instant>,
}

impl Whereabouts {
    /// A room without people that is to be on `first`.
    pub(super) fn new(first: Option<WorkerId>) -> Whereabouts {
        Whereabouts { first, ..Whereabouts::default() }
    }

    /// The workers that serve somebody.
    pub(super) fn workers(&self) -> Vec<WorkerId> {
        self.people.keys().copied().collect()
    }

    /// The same, in the order in which who comes is to go there: the first, then those who serve most.
    pub(super) fn in_order(&self) -> Vec<WorkerId> {
        let mut others: Vec<(WorkerId, usize)> =
            self.people.iter().map(|(worker, people)| (*worker, *people)).collect();
        others.sort_by_key(|(_, people)| std::cmp::Reverse(*people));
        let others =
            others.into_iter().map(|(worker, _)| worker).filter(|worker| Some(*worker) != self.first);
        self.first.into_iter().chain(others).collect()
    }

    /// One of its people is there from now on. Returns whether they are the first.
    pub(super) fn add(&mut self, worker: WorkerId) -> bool {
        let people = self.people.entry(worker).or_default();
        *people += 1;
        *people == 1
    }

    /// One is there no more. Returns whether nobody is left there.
    pub(super) fn remove(&mut self, worker: WorkerId) -> bool {
        let left = self.people.get_mut(&worker).map_or(0, |people| {
            *people = people.saturating_sub(1);
            *people
        });
        if left == 0 {
            self.people.remove(&worker);
        }
        left == 0
    }

    /// The worker besides the first that serves the fewest, and how many.
    pub(super) fn smallest(&self) -> Option<(WorkerId, usize)> {
        let others = self.people.iter().filter(|(worker, _)| Some(**worker) != self.first);
        others.min_by_key(|(_, people)| **people).map(|(worker, people)| (*worker, *people))
    }
}
