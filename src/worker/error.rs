//! Why a worker did not start.

use std::fmt;
use std::io;

use crate::media::Protocol;

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
