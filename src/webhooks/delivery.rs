//! What is told when: in order, each event until it is taken, further and further apart. No socket, no clock.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::message::Note;

/// Events in one request at most: some 20 kB.
const BATCH: usize = 100;

/// How many times the first wait the longest is.
const MOST_WAITS: u32 = 60;

/// How long an event is told at most. Whoever takes none for as long is not there any more.
const TOLD_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What became of events since the last report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub taken: u64,
    pub lost: u64,
    pub failures: u64,
}

/// The events for one address.
#[derive(Debug)]
pub(super) struct Delivery {
    retry: Duration,
    /// The oldest first, each with the time from which it waits. The first `batch` of them are on their way.
    waiting: VecDeque<(Instant, Arc<Note>)>,
    /// How many are told together, also if they have to be told again: a request that is repeated is the same.
    batch: usize,
    failures: u32,
    not_before: Option<Instant>,
    report: Report,
}

impl Delivery {
    /// The first wait after a failure is `retry`.
    pub fn new(retry: Duration) -> Delivery {
        Delivery {
            retry,
            waiting: VecDeque::new(),
            batch: 0,
            failures: 0,
            not_before: None,
            report: Report::default(),
        }
    }

    /// Takes an event.
    pub fn push(&mut self, now: Instant, note: Arc<Note>) {
        self.waiting.push_back((now, note));
    }

    /// Whether it holds as many as are told at once: the others wait where they are bounded.
    pub fn has_enough(&self) -> bool {
        self.waiting.len() >= BATCH
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When the next request may be made, if one is to be made.
    pub fn due(&self) -> Option<Instant> {
        let (since, _) = self.waiting.front()?;
        Some(self.not_before.unwrap_or(*since))
    }

    /// What to tell now. To be followed by [`Delivery::taken`] or [`Delivery::failed`].
    pub fn next(&mut self, now: Instant) -> Option<Vec<Arc<Note>>> {
        self.give_up(now);
        if self.due()? > now {
            return None;
        }
        if self.batch == 0 {
            self.batch = self.waiting.len().min(BATCH);
        }
        Some(self.waiting.iter().take(self.batch).map(|(_, note)| Arc::clone(note)).collect())
    }

    /// What was told is taken. Returns after how many failures.
    pub fn taken(&mut self) -> u32 {
        self.report.taken += self.batch as u64;
        self.waiting.drain(..self.batch);
        self.batch = 0;
        self.not_before = None;
        std::mem::take(&mut self.failures)
    }

    /// What was told is not taken. Returns after how many failures before.
    pub fn failed(&mut self, now: Instant) -> u32 {
        let waits = 1_u32.checked_shl(self.failures).unwrap_or(MOST_WAITS).min(MOST_WAITS);
        self.not_before = now.checked_add(self.retry * waits);
        self.report.failures += 1;
        self.failures += 1;
        self.failures - 1
    }

    /// From now on every request may be made at once: for the end of the process.
    pub fn hurry(&mut self) {
        self.not_before = None;
    }

    /// What became of events since the last call.
    pub fn report(&mut self) -> Report {
        std::mem::take(&mut self.report)
    }

    /// A report that nobody heard: it comes with the next.
    pub fn untold(&mut self, report: Report) {
        self.report.taken += report.taken;
        self.report.lost += report.lost;
        self.report.failures += report.failures;
    }

    fn give_up(&mut self, now: Instant) {
        let too_old = |since: Instant| now.saturating_duration_since(since) >= TOLD_FOR;
        while self.waiting.front().is_some_and(|(since, _)| too_old(*since)) {
            self.waiting.pop_front();
            self.batch = self.batch.saturating_sub(1);
            self.report.lost += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conference::{Event, Happened, UnixTime};

    const SECOND: Duration = Duration::from_secs(1);

    fn note(number: usize) -> Arc<Note> {
        let event = Event {
            what: Happened::Joined,
            room: String::new(),
            mark: String::new(),
            peer: None,
            name: None,
        };
        Arc::new(Note::of(&event, format!("life-{number}"), UnixTime::default()))
    }

    proptest! {
        #[test]
        fn whoever_is_away_for_a_while_gets_every_event_once_and_in_order(
            steps in prop::collection::vec((0..40_usize, 0..20_u64, any::<bool>()), 1..200),
        ) {
            let (mut now, mut delivery, mut sent) = (Instant::now(), Delivery::new(SECOND), 0);
            let (mut got, mut asked): (Vec<String>, Option<Vec<String>>) = (Vec::new(), None);
            let ids = |notes: &[Arc<Note>]| notes.iter().map(|note| note.id.clone()).collect::<Vec<_>>();
            // In the end the receiver is there.
            for (more, seconds, is_there) in steps.into_iter().chain([(0, 60, true); 100]) {
                for _ in 0..more {
                    delivery.push(now, note(sent));
                    sent += 1;
                }
                now += SECOND * u32::try_from(seconds).unwrap();
                let Some(notes) = delivery.next(now) else { continue };
                prop_assert!(!notes.is_empty() && notes.len() <= BATCH);
                if let Some(asked) = asked.take() {
                    prop_assert_eq!(&asked, &ids(&notes), "a request that is repeated is the same");
                }
                if is_there {
                    got.extend(ids(&notes));
                    delivery.taken();
                } else {
                    asked = Some(ids(&notes));
                    delivery.failed(now);
                }
            }
            let all: Vec<_> = (0..sent).map(|number| format!("life-{number}")).collect();
            prop_assert_eq!(got, all);
            let report = delivery.report();
            prop_assert_eq!((report.taken, report.lost), (sent as u64, 0));
            prop_assert!(delivery.is_empty());
        }
    }

    #[test]
    fn waits_become_longer_and_no_longer_than_a_minute() {
        let (mut now, mut delivery) = (Instant::now(), Delivery::new(SECOND));
        delivery.push(now, note(0));
        let mut waits = Vec::new();
        for before in 0..40 {
            assert!(delivery.next(now).is_some());
            assert_eq!(delivery.failed(now), before);
            assert!(delivery.next(now).is_none(), "not at once");
            let due = delivery.due().unwrap();
            waits.push((due - now).as_secs());
            now = due;
        }
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(waits[39], 60);
        assert!(delivery.next(now).is_some());
        assert_eq!(delivery.taken(), 40);
    }

    #[test]
    fn after_a_day_an_event_is_lost_and_those_after_it_are_told() {
        let (start, mut delivery) = (Instant::now(), Delivery::new(SECOND));
        delivery.push(start, note(0));
        assert!(delivery.next(start).is_some());
        delivery.failed(start);
        delivery.push(start + SECOND, note(1));
        let next = delivery.next(start + TOLD_FOR).unwrap();
        assert_eq!(next.iter().map(|note| note.id.as_str()).collect::<Vec<_>>(), ["life-1"]);
        assert_eq!(delivery.report(), Report { taken: 0, lost: 1, failures: 1 });
    }
}
