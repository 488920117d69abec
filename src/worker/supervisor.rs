//! Looks after one worker: whether its thread turns, and that another one takes its place when it failed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::Waker;

use super::handle::Failure;
use super::{PoolCounters, Report, StartError, WorkerConfig, WorkerHandle, spawn};

/// How soon a replacement that could not start is tried again at first; each further try waits twice as long.
const RETRY: Duration = Duration::from_millis(50);

/// The longest wait between two tries.
const LONGEST_RETRY: Duration = Duration::from_secs(2);

/// How often one worker is replaced within [`WINDOW`]. What fails more often fails by its input or its machine, and each
/// time its people lose their call for seconds.
const REPLACEMENTS: usize = 5;

/// The time in which replacements are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// One worker, whichever thread it is at present.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) config: WorkerConfig,
    pub(super) handle: Option<WorkerHandle>,
    /// A thread that stalled: it has the port until it ends.
    stalled: Option<JoinHandle<()>>,
    /// When to try a replacement, and how long to wait after that.
    retry: Option<(Instant, Duration)>,
    /// When its threads failed lately.
    failures: VecDeque<Instant>,
    /// How many replacements there were.
    pub(super) replaced: u64,
    given_up: bool,
    /// What the threads counted that are gone.
    past: (Report, PoolCounters),
}

impl Supervisor {
    /// A worker that runs.
    pub(super) fn new(mut config: WorkerConfig, control: Arc<Waker>) -> Result<Supervisor, StartError> {
        let handle = spawn(Instant::now(), &config, control)?;
        config.port = handle.port();
        Ok(Supervisor {
            config,
            handle: Some(handle),
            stalled: None,
            retry: None,
            failures: VecDeque::new(),
            replaced: 0,
            given_up: false,
            past: (Report::default(), PoolCounters::default()),
        })
    }

    /// Looks after the worker. True if it is gone.
    pub(super) fn check(&mut self, now: Instant) -> bool {
        let Some(failure) = self.handle.as_mut().and_then(|handle| handle.check(now)) else { return false };
        self.keep_numbers();
        let thread = self.handle.take().and_then(WorkerHandle::abandon);
        let WorkerConfig { index, port, .. } = self.config;
        match failure {
            Failure::Ended => log::error!("worker {index} on port {port} ended: its people move"),
            Failure::Stalled => {
                log::error!("worker {index} on port {port} does not answer: its people move");
                self.stalled = thread;
            }
        }
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|at| *at + WINDOW < now) {
            self.failures.pop_front();
        }
        self.given_up = self.failures.len() > REPLACEMENTS;
        if self.given_up {
            log::error!("worker {index} failed {} times within a minute: it stays away", self.failures.len());
        }
        self.retry = Some((now, RETRY));
        true
    }

    /// Starts a replacement if it is time. True if there is one.
    pub(super) fn replace(&mut self, now: Instant, control: &Arc<Waker>) -> bool {
        let Some((at, wait)) = self.retry.filter(|_| self.handle.is_none() && !self.given_up) else {
            return false;
        };
        if at > now {
            return false;
        }
        if self.stalled.as_ref().is_some_and(|thread| !thread.is_finished()) {
            self.retry = Some((now + LONGEST_RETRY / 4, RETRY));
            return false;
        }
        match spawn(now, &self.config, Arc::clone(control)) {
            Ok(handle) => {
                log::info!("worker {} is back on port {}", self.config.index, handle.port());
                self.handle = Some(handle);
                (self.stalled, self.retry) = (None, None);
                self.replaced += 1;
                true
            }
            Err(error) => {
                let level = if wait == RETRY { log::Level::Error } else { log::Level::Debug };
                log::log!(level, "worker {} does not start again: {error}", self.config.index);
                self.retry = Some((now + wait, (wait * 2).min(LONGEST_RETRY)));
                false
            }
        }
    }

    /// What is known of it from outside.
    pub(super) fn outside(&self) -> PoolCounters {
        let handle = self.handle.as_ref();
        PoolCounters {
            threads: handle.is_some().into(),
            answers: handle.map_or(0, |handle| handle.report().1),
            replaced: self.replaced,
            commands_most_waiting: handle.map_or(0, |handle| handle.commands_most_waiting() as u64),
            command_wakes: handle.map_or(0, WorkerHandle::command_wakes),
        }
    }

    /// For how much of the last second its worker was busy, in thousandths.
    pub(super) fn busy(&self) -> u64 {
        self.handle.as_ref().map_or(0, |handle| u64::from(handle.share().0))
    }

    /// Adds what it counted to `report` and `outside`, the threads before included.
    pub(super) fn add_to(&self, report: &mut Report, outside: &mut PoolCounters) {
        *outside += self.outside();
        *outside += self.past.1;
        *report += &self.past.0;
        if let Some(handle) = &self.handle {
            *report += handle.report().0;
        }
    }

    /// Keeps what the worker counted that is to be let go: a sum never goes back.
    fn keep_numbers(&mut self) {
        let Some(handle) = &self.handle else { return };
        let gone = PoolCounters { replaced: 0, ..self.outside().retained() };
        self.past.0 += &handle.report().0.clone().retained();
        self.past.1 += gone;
    }

    /// Nobody is here, and nothing this process can do brings anybody.
    pub(super) fn is_lost(&self) -> bool {
        self.handle.is_none()
            && (self.given_up || self.stalled.as_ref().is_some_and(|thread| !thread.is_finished()))
    }

    pub(super) fn next_check(&self) -> Option<Instant> {
        match &self.handle {
            Some(handle) => Some(handle.next_check()),
            None => self.retry.filter(|_| !self.given_up).map(|(at, _)| at),
        }
    }
}
