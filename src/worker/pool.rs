//! All workers of the process, as the control thread sees them: started, asked whether they turn, replaced.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::Waker;

use super::handle::Failure;
use super::{Attendance, Report, WorkerConfig, WorkerHandle, spawn};
use crate::conference::WorkerId;
use crate::config::Config;
use crate::control::Workers;
use crate::limits::{Limits, Tally};
use crate::media::Protocol;
use crate::media::message::{Command, Notice};
use crate::metrics::Family;

/// How soon a replacement that could not start is tried again at first; each further try waits twice as long.
const RETRY: Duration = Duration::from_millis(50);

/// The longest wait between two tries.
const LONGEST_RETRY: Duration = Duration::from_secs(2);

/// How often one worker is replaced within [`WINDOW`]. What fails more often fails by its input or its machine, and each
/// time its people lose their call for seconds.
const REPLACEMENTS: usize = 5;

/// The time in which replacements are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// A worker did not start.
#[derive(Debug)]
pub struct StartError {
    /// What it was to have a port of.
    pub protocol: Protocol,
    /// The port it was to have.
    pub port: u16,
    /// Why it did not start.
    pub error: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no media on {} port {}: {}", self.protocol, self.port, self.error)
    }
}

impl std::error::Error for StartError {}

/// What happens at one worker's place.
#[derive(Debug)]
struct Place {
    config: WorkerConfig,
    handle: Option<WorkerHandle>,
    /// A thread that stalled: it has the port until it ends.
    stalled: Option<JoinHandle<()>>,
    /// When to try a replacement, and how long to wait after that.
    retry: Option<(Instant, Duration)>,
    /// When this place's workers failed lately.
    failures: VecDeque<Instant>,
    /// How many replacements there were.
    replaced: u64,
    given_up: bool,
    /// What those counted who are gone.
    past: (Report, Attendance),
}

impl Place {
    /// A place with a running worker.
    fn new(mut config: WorkerConfig, control: Arc<Waker>) -> Result<Place, StartError> {
        let handle = spawn(Instant::now(), &config, control)?;
        config.port = handle.port();
        Ok(Place {
            config,
            handle: Some(handle),
            stalled: None,
            retry: None,
            failures: VecDeque::new(),
            replaced: 0,
            given_up: false,
            past: (Report::default(), Attendance::default()),
        })
    }

    /// Looks after the worker. True if it is gone.
    fn check(&mut self, now: Instant) -> bool {
        let Some(failure) = self.handle.as_mut().and_then(|handle| handle.check(now)) else { return false };
        self.keep_numbers();
        let thread = self.handle.take().and_then(WorkerHandle::abandon);
        let WorkerConfig { index, port, .. } = self.config;
        match failure {
            Failure::Ended => log::error!("worker {index} on port {port} ended: its rooms move"),
            Failure::Stalled => {
                log::error!("worker {index} on port {port} does not answer: its rooms move");
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
    fn replace(&mut self, now: Instant, control: &Arc<Waker>) -> bool {
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

    /// Every number of this place by its name.
    #[cfg(feature = "faults")]
    fn counters(&self, handle: &WorkerHandle) -> serde_json::Map<String, serde_json::Value> {
        let (attendance, report) = (self.attendance(), handle.report().0);
        let named = crate::metrics::named(&attendance).chain(report.named());
        named.map(|(name, count)| (name.to_owned(), count.into())).collect()
    }

    /// What is known of it from outside.
    fn attendance(&self) -> Attendance {
        let handle = self.handle.as_ref();
        Attendance {
            threads: handle.is_some().into(),
            answers: handle.map_or(0, |handle| handle.report().1),
            replaced: self.replaced,
            commands_most_waiting: handle.map_or(0, |handle| handle.commands_most_waiting() as u64),
        }
    }

    /// Adds what this place counted to `report` and `attendance`, those who worked here before included.
    fn add_to(&self, report: &mut Report, attendance: &mut Attendance) {
        *attendance += self.attendance();
        *attendance += self.past.1;
        *report += &self.past.0;
        if let Some(handle) = &self.handle {
            *report += handle.report().0;
        }
    }

    /// Keeps what the worker counted that is to be let go: a sum never goes back.
    fn keep_numbers(&mut self) {
        let Some(handle) = &self.handle else { return };
        let gone = Attendance { replaced: 0, ..self.attendance().settled() };
        self.past.0 += &handle.report().0.clone().settled();
        self.past.1 += gone;
    }

    /// Nobody is here, and nothing this process can do brings anybody.
    fn is_lost(&self) -> bool {
        self.handle.is_none()
            && (self.given_up || self.stalled.as_ref().is_some_and(|thread| !thread.is_finished()))
    }

    fn next_check(&self) -> Option<Instant> {
        match &self.handle {
            Some(handle) => Some(handle.next_check()),
            None => self.retry.filter(|_| !self.given_up).map(|(at, _)| at),
        }
    }
}

/// The running workers.
pub struct Pool {
    places: Vec<Place>,
    control: Arc<Waker>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("places", &self.places).finish_non_exhaustive()
    }
}

impl Pool {
    /// Starts the workers `config` asks for. `control` is woken when notices wait.
    ///
    /// # Errors
    /// [`StartError`] if a port is taken, or the kernel refuses a socket or a thread.
    pub fn start(config: &Config, limits: &Limits, control: Arc<Waker>) -> Result<Pool, StartError> {
        let mut places = Vec::with_capacity(config.workers.into());
        for index in 0..config.workers {
            // Port 0 lets the kernel choose, for each.
            let port = if config.udp_port == 0 { 0 } else { config.udp_port.saturating_add(index.into()) };
            let worker = WorkerConfig {
                index,
                port,
                pin: config.cores.get(usize::from(index)).copied(),
                announced: config.announced.clone(),
                limits: limits.clone(),
            };
            let place = Place::new(worker, Arc::clone(&control))?;
            let core = place.config.pin.map_or_else(String::new, |core| format!(", core {core}"));
            log::info!("worker {index} of {}: UDP and TCP port {}{core}", config.workers, place.config.port);
            places.push(place);
        }
        Ok(Pool { places, control })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The port of each.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.places.iter().map(|place| place.config.port).collect()
    }

    fn handles(&mut self) -> impl Iterator<Item = (usize, &mut WorkerHandle)> {
        let places = self.places.iter_mut().enumerate();
        places.filter_map(|(index, place)| Some((index, place.handle.as_mut()?)))
    }
}

impl Workers for Pool {
    fn send(&mut self, worker: WorkerId, command: Command) {
        if let Some(handle) = self.places.get_mut(worker.0).and_then(|place| place.handle.as_mut()) {
            handle.send(command);
        }
    }

    fn drain(&mut self, each: &mut dyn FnMut(WorkerId, Notice)) {
        for (index, handle) in self.handles() {
            handle.drain(|notice| each(WorkerId(index), notice));
        }
    }

    fn have_more(&self) -> bool {
        self.places.iter().filter_map(|place| place.handle.as_ref()).any(WorkerHandle::has_more)
    }

    fn are_behind(&self) -> bool {
        self.places.iter().filter_map(|place| place.handle.as_ref()).any(WorkerHandle::is_behind)
    }

    fn changes(&mut self, now: Instant, each: &mut dyn FnMut(WorkerId, bool)) {
        for (index, place) in self.places.iter_mut().enumerate() {
            if place.check(now) {
                each(WorkerId(index), false);
            }
            if place.replace(now, &self.control) {
                each(WorkerId(index), true);
            }
        }
    }

    fn next_check(&self) -> Option<Instant> {
        self.places.iter().filter_map(Place::next_check).min()
    }

    fn are_lost(&self) -> bool {
        self.places.iter().all(Place::is_lost)
    }

    fn numbers(&self) -> (Vec<Family>, Tally) {
        let (mut report, mut attendance) = (Report::default(), Attendance::default());
        self.places.iter().for_each(|place| place.add_to(&mut report, &mut attendance));
        (Family::of(&attendance).chain(report.families()).collect(), report.limits)
    }

    fn stop(&mut self) {
        for (_, handle) in self.handles() {
            handle.stop();
        }
    }

    #[cfg(feature = "faults")]
    fn inject(&mut self, wanted: &[u8]) -> Result<(), String> {
        let wanted: super::fault::Wanted =
            serde_json::from_slice(wanted).map_err(|error| error.to_string())?;
        let place = self.places.get_mut(wanted.worker).and_then(|place| place.handle.as_mut());
        place.ok_or("there is no such worker")?.order(super::report::Order::Fault(wanted.fault));
        std::thread::sleep(Duration::from_millis(wanted.pause));
        Ok(())
    }

    #[cfg(feature = "faults")]
    fn counters(&mut self) -> serde_json::Value {
        self.handles().for_each(|(_, handle)| handle.ask());
        let each = |place: &Place| {
            serde_json::json!({
                "worker": place.config.index,
                "port": place.config.port,
                "replaced": place.replaced,
                "counters": place.handle.as_ref().map(|handle| place.counters(handle)),
            })
        };
        self.places.iter().map(each).collect()
    }
}
