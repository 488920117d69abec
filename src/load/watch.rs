//! Looks at the server's process, and asks it for its numbers, at the moments between which is measured.

use std::io;
use std::net::SocketAddr;

use super::error::LoadError;
use super::report::Looks;
use super::server::{Numbers, Process, Sample};
use crate::config::LoadConfig;

/// Who looks at the server.
#[derive(Debug)]
pub(super) struct Watch {
    process: Process,
    metrics: Option<SocketAddr>,
    /// What it was before anybody came.
    empty: Sample,
}

/// One look.
#[derive(Debug)]
pub(super) struct Look {
    sample: Sample,
    numbers: Option<Numbers>,
}

impl Watch {
    /// Looks for the first time, if it is to be looked at.
    ///
    /// # Errors
    /// [`LoadError::NoProcess`] if there is no such process, or it is somebody else's; [`LoadError::NoNumbers`] if none are
    /// told where they are said to be.
    pub(super) fn new(config: &LoadConfig) -> Result<Option<Watch>, LoadError> {
        let Some(pid) = config.pid else { return Ok(None) };
        let process = Process(pid);
        let empty = process.sample().map_err(|error| LoadError::NoProcess(pid, error))?;
        if let Some(address) = config.metrics {
            Numbers::ask(address).map_err(|error| LoadError::NoNumbers(address, error))?;
        }
        Ok(Some(Watch { process, metrics: config.metrics.or_else(|| process.metrics()), empty }))
    }

    /// Looks once more. Numbers that are not told are not known.
    ///
    /// # Errors
    /// [`LoadError::NoProcess`] if it is gone.
    pub(super) fn look(&self) -> Result<Look, LoadError> {
        let gone = |error: io::Error| LoadError::NoProcess(self.process.0, error);
        let sample = self.process.sample().map_err(gone)?;
        Ok(Look { sample, numbers: self.metrics.and_then(|address| Numbers::ask(address).ok()) })
    }

    /// The last look, and all together.
    ///
    /// # Errors
    /// [`LoadError::NoProcess`] if it is gone.
    pub(super) fn looks(&self, before: &Look) -> Result<Looks, LoadError> {
        let after = self.look()?;
        Ok(Looks {
            pid: self.process.0,
            empty: self.empty,
            before: before.sample,
            after: after.sample,
            numbers: after.numbers.zip(before.numbers).map(|(after, before)| after.since(before)),
        })
    }
}
