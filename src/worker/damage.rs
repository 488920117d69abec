//! Does what a fault on demand says, and tells what was counted. Only with the cargo feature `faults`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::fault::WorkerFault;
use super::report::{FromWorker, ToWorker};
use super::supervisor::Supervisor;
use super::thread::Worker;
use super::{Pool, WorkerHandle};
use crate::faults::Fault;
use crate::media::ids::PeerId;
use crate::media::message::Notice;
use crate::metrics::named;

impl WorkerFault {
    /// Does it to a worker, on its thread.
    #[expect(clippy::panic, reason = "it is what the test wants to see survived")]
    pub(super) fn inflict(self, worker: &mut Worker) {
        match self {
            WorkerFault::Panic => panic!("a fault on demand"),
            WorkerFault::PanicOnReceive { peer } => {
                worker.core.inject(peer, Fault::PanicOnReceive);
            }
            WorkerFault::PanicOnSend { peer } => {
                worker.core.inject(peer, Fault::PanicOnSend);
            }
            WorkerFault::Stall { millis } => std::thread::sleep(Duration::from_millis(millis)),
            WorkerFault::Send { errno, count } => {
                for socket in std::iter::once(&mut worker.v4).chain(&mut worker.v6) {
                    socket.udp.failing().sends(errno, count);
                }
            }
            WorkerFault::Receive { errno, count } => {
                for socket in std::iter::once(&mut worker.v4).chain(&mut worker.v6) {
                    socket.udp.failing().receives(errno, count);
                    socket.note();
                }
            }
            WorkerFault::Notices { count } => {
                let nobody = Notice::Quiet { peer: PeerId(u64::MAX) };
                for _ in 0..count {
                    worker.outbound.send(FromWorker::Notice(nobody.clone()));
                }
            }
        }
    }
}

/// Which worker is to have which fault.
#[derive(Debug, Deserialize)]
struct Wanted {
    /// Its number, from 0.
    worker: usize,
    /// The fault.
    #[serde(flatten)]
    fault: WorkerFault,
    /// Milliseconds for which the control thread does nothing after it passed the fault on.
    #[serde(default)]
    pause: u64,
}

impl Pool {
    /// Passes on what a test wants of a worker.
    ///
    /// # Errors
    /// What is wrong with the description.
    pub(super) fn damage(&mut self, wanted: &[u8]) -> Result<(), String> {
        let wanted: Wanted = serde_json::from_slice(wanted).map_err(|error| error.to_string())?;
        let supervisor = self.supervisors.get_mut(wanted.worker);
        let handle = supervisor.and_then(|supervisor| supervisor.handle.as_mut());
        let handle = handle.ok_or("there is no such worker")?;
        handle.post(ToWorker::Fault(wanted.fault));
        handle.flush();
        std::thread::sleep(Duration::from_millis(wanted.pause));
        Ok(())
    }

    /// What each worker counted, by name.
    pub(super) fn every_counter(&mut self) -> Value {
        self.handles().for_each(|(_, handle)| handle.ask());
        let each = |supervisor: &Supervisor| {
            let counters = |handle: &WorkerHandle| -> Map<String, Value> {
                let (outside, report) = (supervisor.outside(), handle.report().0);
                let named = named(&outside).chain(report.named());
                named.map(|(name, count)| (name.to_owned(), count.into())).collect()
            };
            json!({
                "worker": supervisor.config.index,
                "port": supervisor.config.port,
                "replaced": supervisor.replaced,
                "counters": supervisor.handle.as_ref().map(counters),
            })
        };
        self.supervisors.iter().map(each).collect()
    }
}
