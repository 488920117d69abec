//! All workers of the process, as the control thread sees them.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use mio::Waker;

use super::links::{IN_FLIGHT, Link};
use super::report::ToWorker;
use super::supervisor::Supervisor;
use super::{PoolCounters, Report, StartError, WorkerConfig, WorkerHandle};
use crate::conference::WorkerId;
use crate::conference::placement::PerMille;
use crate::config::Config;
use crate::control::Workers;
use crate::limits::{Limits, Tally};
use crate::media::message::{Command, Notice};
use crate::metrics::{Family, Kind};
use crate::queue::queue;

/// The running workers.
pub struct Pool {
    pub(super) supervisors: Vec<Supervisor>,
    control: Arc<Waker>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("supervisors", &self.supervisors).finish_non_exhaustive()
    }
}

impl Pool {
    /// Starts the workers `config` asks for. `control` is woken when notices wait.
    ///
    /// # Errors
    /// [`StartError`] if a port is taken, or the kernel refuses a socket or a thread.
    pub fn start(config: &Config, limits: &Limits, control: Arc<Waker>) -> Result<Pool, StartError> {
        let mut supervisors = Vec::with_capacity(config.workers.into());
        for index in 0..config.workers {
            // Port 0 lets the kernel choose, for each.
            let port = if config.udp_port == 0 { 0 } else { config.udp_port.saturating_add(index.into()) };
            let worker = WorkerConfig {
                index,
                port,
                pin: config.cores.get(usize::from(index)).copied(),
                announced: config.announced.clone(),
                limits: limits.clone(),
                egress: config.egress,
                audio_top: config.audio_top,
            };
            let supervisor = Supervisor::new(worker, Arc::clone(&control))?;
            let core = supervisor.config.pin.map_or_else(String::new, |core| format!(", core {core}"));
            log::info!(
                "worker {index} of {}: UDP and TCP port {}{core}",
                config.workers,
                supervisor.config.port
            );
            supervisors.push(supervisor);
        }
        let mut pool = Pool { supervisors, control };
        for number in 1..pool.count() {
            pool.connect(number, 0..number);
        }
        Ok(pool)
    }

    /// Gives worker `number`, which was just started, and each of the `others` that is there a connection to each other.
    fn connect(&mut self, number: usize, others: impl IntoIterator<Item = usize>) {
        for other in others.into_iter().filter(|other| *other != number) {
            let Ok([one, two]) = self.supervisors.get_disjoint_mut([number, other]) else { continue };
            let (Some(first), Some(second)) = (&mut one.handle, &mut two.handle) else { continue };
            let (Some(wakes_first), Some(wakes_second)) = (first.waker(), second.waker()) else { continue };
            let (to_second, from_first) = queue(IN_FLIGHT, wakes_second);
            let (to_first, from_second) = queue(IN_FLIGHT, wakes_first);
            let ends = [
                (first, two.config.index, to_second, from_second),
                (second, one.config.index, to_first, from_first),
            ];
            for (handle, worker, outbound, inbound) in ends {
                let link = Link::new(WorkerId(worker), outbound, inbound);
                handle.post(ToWorker::Link(Box::new(link)));
                handle.flush();
            }
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.supervisors.len()
    }

    /// The port of each.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.supervisors.iter().map(|supervisor| supervisor.config.port).collect()
    }

    pub(super) fn handles(&mut self) -> impl Iterator<Item = (WorkerId, &mut WorkerHandle)> {
        let supervisors = (0..).map(WorkerId).zip(&mut self.supervisors);
        supervisors.filter_map(|(index, supervisor)| Some((index, supervisor.handle.as_mut()?)))
    }
}

impl Workers for Pool {
    fn send(&mut self, worker: WorkerId, command: Command) {
        if let Some(handle) =
            self.supervisors.get_mut(worker.index()).and_then(|supervisor| supervisor.handle.as_mut())
        {
            handle.send(command);
        }
    }

    fn drain(&mut self, each: &mut dyn FnMut(WorkerId, Notice)) {
        for (index, handle) in self.handles() {
            handle.drain(|notice| each(index, notice));
        }
    }

    fn flush(&mut self) {
        self.handles().for_each(|(_, handle)| handle.flush());
    }

    fn have_more(&self) -> bool {
        self.supervisors
            .iter()
            .filter_map(|supervisor| supervisor.handle.as_ref())
            .any(WorkerHandle::has_more)
    }

    fn are_behind(&self) -> bool {
        self.supervisors
            .iter()
            .filter_map(|supervisor| supervisor.handle.as_ref())
            .any(WorkerHandle::is_behind)
    }

    fn changes(&mut self, now: Instant, each: &mut dyn FnMut(WorkerId, bool)) {
        for number in 0..self.count() {
            let Some(supervisor) = self.supervisors.get_mut(number) else { continue };
            let worker = WorkerId(supervisor.config.index);
            if supervisor.check(now) {
                each(worker, false);
            }
            if supervisor.replace(now, &self.control) {
                self.connect(number, 0..self.count());
                each(worker, true);
            }
        }
    }

    fn shares(&mut self, each: &mut dyn FnMut(WorkerId, PerMille)) {
        for (worker, handle) in self.handles() {
            if let Some(share) = handle.take_share() {
                each(worker, share);
            }
        }
    }

    fn next_check(&self) -> Option<Instant> {
        self.supervisors.iter().filter_map(Supervisor::next_check).min()
    }

    fn are_lost(&self) -> bool {
        self.supervisors.iter().all(Supervisor::is_lost)
    }

    fn numbers(&self) -> (Vec<Family>, Tally) {
        let (mut report, mut outside) = (Report::default(), PoolCounters::default());
        self.supervisors.iter().for_each(|supervisor| supervisor.add_to(&mut report, &mut outside));
        let busy = Family::by(
            "worker",
            "worker_busy_permille",
            "For how much of the last second each worker was busy, in thousandths. Full is slow before it is full.",
            Kind::Gauge,
            self.supervisors
                .iter()
                .map(|supervisor| (supervisor.config.index.to_string(), supervisor.busy())),
        );
        (Family::of(&outside).chain(report.families()).chain([busy]).collect(), report.limits)
    }

    fn stop(&mut self) {
        for (_, handle) in self.handles() {
            handle.stop();
        }
    }

    fn inject(&mut self, wanted: &[u8]) -> Result<(), String> {
        self.damage(wanted)
    }

    fn counters(&mut self) -> serde_json::Value {
        self.every_counter()
    }
}
