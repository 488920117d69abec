//! On which worker somebody is to be: pure functions of what workers say of themselves.
//!
//! A room stays on one worker until that has no room for more; whoever comes then goes to another one, and people who are left over
//! there come back when there are few. What decides is how busy a worker is, not how many it serves: three who send cameras to
//! each other are as much as thirty who watch one.

use crate::media::ids::WorkerId;

/// Parts of a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PerMille(pub u16);

/// From so much on a worker takes nobody else for a room that can go elsewhere, unless the operator says otherwise. At 63 % of a core
/// 500 receivers of one publisher have 99 of 100 packets within 30 ms (docs/benchmarks.md); what is left is for key frames and for
/// those who talk more than in the second that was measured.
pub const SPILL_AT: PerMille = PerMille(700);

/// A worker that was full has room again when it is less busy by this: what one person takes is a tenth of it, so nobody who comes and
/// goes at the threshold changes where the next one is.
const HYSTERESIS: u16 = 150;

/// What somebody is taken to need before it was measured: a viewer of one camera is 1.5, and a handshake 1 or 2 for a second.
const EXPECTED: u32 = 3;

/// A room comes back to one worker when that would be no busier than this part of [`SPILL_AT`], so that it does not spill again.
const FOLDS_BELOW: u32 = 2;

/// How a worker is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// It serves nobody and must get nobody.
    pub(super) gone: bool,
    /// How many it serves.
    pub(super) people: usize,
    /// For how much of the last second it was busy.
    busy: PerMille,
    /// How many have come since that was measured.
    newcomers: usize,
    /// It had no room for more, and has not become less busy since.
    full: bool,
}

impl Standing {
    /// One that is gone.
    pub(super) fn gone() -> Standing {
        Standing { gone: true, ..Standing::default() }
    }

    /// One more is served, and has not been measured.
    pub(super) fn add(&mut self) {
        self.people += 1;
        self.newcomers += 1;
    }

    /// One less is served.
    pub(super) fn remove(&mut self) {
        self.people = self.people.saturating_sub(1);
        self.newcomers = self.newcomers.min(self.people);
    }

    /// It was busy for so much of the last second.
    pub(super) fn measured(&mut self, busy: PerMille, spill_at: PerMille) {
        (self.busy, self.newcomers) = (busy, 0);
        let again = spill_at.0.saturating_sub(HYSTERESIS);
        self.full = busy >= spill_at || (self.full && busy.0 >= again);
    }

    /// What one of those it serves takes, in parts of a thousand.
    fn each(&self) -> u32 {
        let measured = self.people.saturating_sub(self.newcomers);
        let each = u32::try_from(measured).ok().and_then(|people| u32::from(self.busy.0).checked_div(people));
        each.unwrap_or_default().max(EXPECTED)
    }

    /// How busy it is going to be, those included who have come since it was measured.
    fn expected(&self) -> u32 {
        let newcomers = u32::try_from(self.newcomers).unwrap_or(u32::MAX);
        u32::from(self.busy.0).saturating_add(newcomers.saturating_mul(self.each()))
    }

    fn has_room(&self, spill_at: PerMille) -> bool {
        !self.gone && !self.full && self.expected() < u32::from(spill_at.0)
    }
}

fn numbered(workers: &[Standing]) -> impl Iterator<Item = (WorkerId, &Standing)> {
    (0..).map(WorkerId).zip(workers).filter(|(_, worker)| !worker.gone)
}

/// The least busy one of those that are there.
pub(super) fn least_busy(workers: &[Standing]) -> Option<WorkerId> {
    let least = numbered(workers).min_by_key(|(_, worker)| (worker.expected(), worker.people));
    least.map(|(worker, _)| worker)
}

/// Where somebody goes whose room is on `serving`, in this order of preference: where there is room, else where there is most of it.
pub(super) fn place(
    workers: &[Standing],
    serving: impl IntoIterator<Item = WorkerId>,
    spill_at: PerMille,
) -> Option<WorkerId> {
    let has_room =
        |worker: &WorkerId| workers.get(worker.index()).is_some_and(|standing| standing.has_room(spill_at));
    serving.into_iter().find(has_room).or_else(|| least_busy(workers))
}

/// Whether those of a room who are on `from`, so many, may come back to `to`.
pub(super) fn folds(workers: &[Standing], from: (WorkerId, usize), to: WorkerId, spill_at: PerMille) -> bool {
    let (Some(there), Some(here)) = (workers.get(from.0.index()), workers.get(to.index())) else {
        return false;
    };
    let people = u32::try_from(from.1).unwrap_or(u32::MAX);
    // What they take there, or would take here: what one person takes depends on whom they are shown.
    let more = people.saturating_mul(there.each().max(here.each()));
    here.has_room(spill_at) && here.expected().saturating_add(more) < u32::from(spill_at.0) / FOLDS_BELOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST: WorkerId = WorkerId(0);
    const SECOND: WorkerId = WorkerId(1);

    fn busy(people: usize, busy: u16) -> Standing {
        let mut standing = Standing { people, ..Standing::default() };
        standing.measured(PerMille(busy), SPILL_AT);
        standing
    }

    #[test]
    fn a_room_stays_where_it_is_until_its_worker_is_busy_and_not_until_it_has_many_people() {
        assert_eq!(place(&[busy(300, 690), busy(0, 0)], [FIRST], SPILL_AT), Some(FIRST));
        assert_eq!(place(&[busy(3, 700), busy(0, 0)], [FIRST], SPILL_AT), Some(SECOND));
        assert_eq!(place(&[busy(3, 700), busy(9, 300), busy(9, 0)], [FIRST, SECOND], SPILL_AT), Some(SECOND));
        assert_eq!(
            place(&[busy(3, 800), busy(9, 900)], [FIRST, SECOND], SPILL_AT),
            Some(FIRST),
            "all are full"
        );
    }

    #[test]
    fn who_comes_and_goes_at_the_threshold_changes_nothing() {
        let mut first = busy(100, 710);
        let (mut left, mut moved) = (0, 0);
        for second in 0..100 {
            // One leaves and one comes, each second.
            first.measured(PerMille(if second % 2 == 0 { 695 } else { 705 }), SPILL_AT);
            match place(&[first, busy(10, 60)], [FIRST, SECOND], SPILL_AT) {
                Some(SECOND) => left += 1,
                _ => moved += 1,
            }
        }
        assert_eq!((left, moved), (100, 0));
        first.measured(PerMille(540), SPILL_AT);
        assert_eq!(place(&[first, busy(10, 60)], [FIRST, SECOND], SPILL_AT), Some(FIRST));
    }

    #[test]
    fn three_hundred_who_come_at_once_are_not_all_on_one_worker_before_anything_is_measured() {
        let mut workers = [Standing::default(); 3];
        for _ in 0..300 {
            let to = place(&workers, [FIRST, SECOND, WorkerId(2)], SPILL_AT).expect("a worker");
            workers[to.index()].add();
        }
        let people = workers.map(|worker| worker.people);
        assert!(people[0] < 240 && people[1] > 60, "{people:?}");
    }

    /// One is pinned to a core that others use as well: what it does takes three times as long.
    #[test]
    fn a_worker_on_a_slow_core_takes_fewer_and_neither_is_asked_for_more_than_it_can() {
        let mut workers = [Standing::default(); 2];
        for second in 0..60 {
            for _ in 0..4 {
                let to = place(&workers, [FIRST, SECOND], SPILL_AT).expect("a worker");
                workers[to.index()].add();
            }
            for (worker, each) in workers.iter_mut().zip([9, 3]) {
                let busy = PerMille(u16::try_from(worker.people * each).expect("few people"));
                worker.measured(busy, SPILL_AT);
                assert!(busy < PerMille(800), "a worker is {busy:?} busy after {second} s");
            }
        }
        let [slow, fast] = workers.map(|worker| worker.people);
        assert!((70..90).contains(&slow) && fast > 150, "{slow} on the slow one, {fast} on the other");
    }

    #[test]
    fn few_come_back_where_they_leave_it_half_idle_and_many_do_not() {
        let workers = [busy(20, 200), busy(10, 50)];
        assert!(folds(&workers, (SECOND, 10), FIRST, SPILL_AT), "they would make 250 of 350");
        assert!(!folds(&[busy(20, 320), busy(10, 50)], (SECOND, 10), FIRST, SPILL_AT));
        assert!(!folds(&[busy(20, 0), busy(200, 690)], (SECOND, 200), FIRST, SPILL_AT));
        assert!(!folds(&workers, (SECOND, 1), FIRST, PerMille(0)), "where everybody is to be spread");
    }

    proptest! {
        /// Whoever is moved back would not have been sent away.
        #[test]
        fn nobody_comes_back_only_to_be_sent_away(
            people in prop::collection::vec((0_usize..300, 0_u16..=1_000), 2..6),
            number in 1_usize..300,
        ) {
            let mut workers: Vec<Standing> = people.iter().map(|(people, share)| busy(*people, *share)).collect();
            if folds(&workers, (SECOND, number), FIRST, SPILL_AT) {
                for _ in 0..number {
                    prop_assert_eq!(place(&workers, [FIRST, SECOND], SPILL_AT), Some(FIRST));
                    workers[0].add();
                }
            }
        }

        #[test]
        fn nobody_is_sent_to_a_worker_that_is_gone(
            people in prop::collection::vec((any::<bool>(), 0_usize..300, 0_u16..=1_000), 1..6),
            spill_at in 0_u16..=1_000,
        ) {
            let workers: Vec<Standing> = people
                .iter()
                .map(|(gone, people, share)| Standing { gone: *gone, ..busy(*people, *share) })
                .collect();
            let to = place(&workers, [FIRST, SECOND], PerMille(spill_at));
            prop_assert_eq!(to.is_some(), workers.iter().any(|worker| !worker.gone));
            prop_assert!(to.is_none_or(|to| !workers[to.index()].gone));
        }
    }
}
