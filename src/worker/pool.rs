//! All workers of the process, as the control thread sees them.

use std::io;
use std::sync::Arc;

use mio::Waker;

use super::{WorkerConfig, WorkerHandle, spawn};
use crate::conference::WorkerId;
use crate::config::Config;
use crate::control::Workers;
use crate::limits::Limits;
use crate::media::message::{Command, Notice};

/// The running workers.
#[derive(Debug)]
pub struct Pool {
    workers: Vec<WorkerHandle>,
}

impl Pool {
    /// Starts the workers `config` asks for. `control` is woken when notices wait.
    ///
    /// # Errors
    /// [`io::Error`] if a UDP port is taken, or the kernel refuses a socket or a thread.
    pub fn start(config: &Config, limits: &Limits, control: Arc<Waker>) -> io::Result<Pool> {
        let worker = WorkerConfig {
            index: 0,
            port: config.udp_port,
            announced: config.announced.clone(),
            limits: limits.clone(),
        };
        Ok(Pool { workers: vec![spawn(&worker, control)?] })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.workers.len()
    }
}

impl Workers for Pool {
    fn send(&mut self, worker: WorkerId, command: Command) {
        if let Some(worker) = self.workers.get_mut(worker.0) {
            worker.send(command);
        }
    }

    fn drain(&mut self, each: &mut dyn FnMut(WorkerId, Notice)) {
        for (index, worker) in self.workers.iter_mut().enumerate() {
            worker.drain(|notice| each(WorkerId(index), notice));
        }
    }

    fn are_behind(&self) -> bool {
        self.workers.iter().any(WorkerHandle::is_behind)
    }

    fn have_failed(&self) -> bool {
        self.workers.iter().any(WorkerHandle::has_failed)
    }

    fn stop(&mut self) {
        for worker in &mut self.workers {
            worker.stop();
        }
    }
}
