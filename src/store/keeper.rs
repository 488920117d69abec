//! Between the loop that must not wait and the disk that makes one wait.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mio::Waker;

use super::database::Database;
use crate::conference::{About, Change};

/// How soon it is tried again when the disk refused something.
const RETRY: Duration = Duration::from_secs(5);

/// How long the end of the process waits for the disk.
const LAST_WORDS: Duration = Duration::from_secs(5);

crate::metrics! {
    /// What became of what was to be kept.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct StoreCounters as "store" {
        /// Changes of rooms and of messages that wait to be written.
        pub waiting: u64 as Gauge,
        /// Changes of rooms and of messages that are on the disk.
        pub written: u64,
        /// Times that the disk refused a batch of them.
        pub failures: u64,
    }
}

/// Changes by what they are about, each with its number.
type Batch = BTreeMap<About, (u64, Change)>;

/// What the thread says of a batch.
type Answer = (Batch, Result<(), String>);

/// The side of the loop: takes changes, never waits.
#[derive(Debug)]
pub struct Keeper {
    batches: Option<SyncSender<Batch>>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
    /// What is not on its way yet.
    waiting: Batch,
    in_flight: bool,
    last: u64,
    kept: u64,
    refused: u64,
    retry_at: Option<Instant>,
    counters: StoreCounters,
}

impl Keeper {
    /// Writes into `database` from now on, and wakes the loop whenever something is written.
    ///
    /// # Errors
    /// [`io::Error`] if the system gives no thread.
    pub fn start(database: Database, waker: Arc<Waker>) -> io::Result<Keeper> {
        let (batches, to_write) = sync_channel::<Batch>(1);
        let (say, answers) = sync_channel::<Answer>(1);
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || {
            write(database, &to_write, &mut |answer| say.send(answer).is_ok() && waker.wake().is_ok());
        })?;
        Ok(Keeper {
            batches: Some(batches),
            answers,
            thread: Some(thread),
            waiting: Batch::new(),
            in_flight: false,
            last: 0,
            kept: 0,
            refused: 0,
            retry_at: None,
            counters: StoreCounters::default(),
        })
    }

    /// Takes a change. Those of one room, or of one message, replace each other; a message that is kept no more need not be written.
    pub fn keep(&mut self, change: Change) {
        self.last += 1;
        if let Change::Unwritten { id, era, below } = &change {
            let theirs = About::Message(id.clone(), 0)..=About::Message(id.clone(), u64::MAX);
            let stays = |written: &Change| match written {
                Change::Written(written) => (written.era, written.message.id) >= (*era, *below),
                _ => true,
            };
            let gone: Vec<About> = self
                .waiting
                .range(theirs)
                .filter(|(_, (_, written))| !stays(written))
                .map(|(about, _)| about.clone())
                .collect();
            for about in gone {
                self.waiting.remove(&about);
            }
        }
        self.waiting.insert(change.about(), (self.last, change));
    }

    /// The number of the change that was taken last.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Whether the change of this number, and all before it, are on the disk. `None` as long as that is not known; false
    /// if the disk refused it when it was tried last.
    #[must_use]
    pub fn is_kept(&self, number: u64) -> Option<bool> {
        if number <= self.kept {
            return Some(true);
        }
        (number <= self.refused).then_some(false)
    }

    /// What it counted.
    #[must_use]
    pub fn counters(&self) -> StoreCounters {
        StoreCounters { waiting: self.waiting.len() as u64, ..self.counters }
    }

    /// When [`Keeper::turn`] wants to be called, if nothing else happens before.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Takes what the thread has to say, and gives it more. Returns whether anybody who waits for a number may know now.
    pub fn turn(&mut self, now: Instant) -> bool {
        let mut news = false;
        while let Ok((batch, outcome)) = self.answers.try_recv() {
            news = true;
            self.answered(now, batch, outcome);
        }
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
        }
        if self.in_flight || self.retry_at.is_some() || self.waiting.is_empty() {
            return news;
        }
        let batch = mem::take(&mut self.waiting);
        self.in_flight = self.batches.as_ref().is_some_and(|batches| batches.try_send(batch).is_ok());
        news
    }

    fn answered(&mut self, now: Instant, batch: Batch, outcome: Result<(), String>) {
        self.in_flight = false;
        let through = batch.values().map(|(number, _)| *number).max().unwrap_or(0);
        match outcome {
            Ok(()) => {
                self.counters.written += batch.len() as u64;
                self.kept = self.kept.max(through);
            }
            Err(why) => {
                self.counters.failures += 1;
                log::error!(
                    "{} changes of rooms are not on the disk: {why}; tried again in 5 s",
                    batch.len()
                );
                self.refused = self.refused.max(through);
                self.retry_at = Some(now + RETRY);
                for (id, change) in batch {
                    // What came meanwhile is newer.
                    self.waiting.entry(id).or_insert(change);
                }
            }
        }
    }

    /// Writes what waits, for as long as the end of a process may take.
    pub fn finish(mut self) {
        let by = Instant::now() + LAST_WORDS;
        while (self.in_flight || !self.waiting.is_empty()) && self.retry_at.is_none() && Instant::now() < by {
            self.turn(Instant::now());
            if self.in_flight
                && let Ok((batch, outcome)) = self.answers.recv_timeout(LAST_WORDS)
            {
                self.answered(Instant::now(), batch, outcome);
            }
        }
        self.batches = None;
        if !self.in_flight
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

/// The thread: one batch after the other, each whole or not at all.
fn write(mut database: Database, batches: &Receiver<Batch>, say: &mut dyn FnMut(Answer) -> bool) {
    while let Ok(batch) = batches.recv() {
        // In the order in which they came: what is taken out of a chat may be put into it again.
        let mut numbered: Vec<&(u64, Change)> = batch.values().collect();
        numbered.sort_unstable_by_key(|(number, _)| *number);
        let changes: Vec<Change> = numbered.into_iter().map(|(_, change)| change.clone()).collect();
        let outcome = database.apply(&changes);
        if !say((batch, outcome)) {
            break;
        }
    }
}

#[cfg(test)]
mod tests;
