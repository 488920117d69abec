//! Drives media cores: each on a thread of its own, sockets in, sockets out, commands in, notices out.
//!
//! One turn of a worker (`thread.rs`): wait for a socket, a message or the core's deadline; take `now` once; feed
//! datagrams and commands; end the core's turn; send what it wants sent; pass its notices on. The control thread has a
//! handle of each worker (`handle.rs`), knows by pings whether it still turns (`health.rs`), and replaces those that failed
//! (`supervisor.rs`, one for each; `pool.rs`, all of them).

mod address;
mod batch;
mod busy;
#[cfg_attr(not(feature = "faults"), path = "damage/none.rs")]
mod damage;
mod error;
#[cfg_attr(not(feature = "faults"), path = "fault/none.rs")]
pub mod fault;
mod handle;
mod health;
mod links;
mod pool;
mod reading;
mod report;
mod spreads;
mod supervisor;
mod tcp;
mod thread;
mod udp;

use crate::config::Announced;
use crate::limits::Limits;
use crate::media::rtc::EgressKind;

pub use address::AddressMap;
pub use error::StartError;
pub use handle::{WorkerHandle, spawn};
pub use links::LinkCounters;
pub use pool::Pool;
pub use report::{PoolCounters, Report, WorkerCounters};
pub use tcp::{TcpCounters, WriteQueue, Written};
pub use udp::{KERNEL_BUFFER, Received, Udp, UdpCounters};

/// How a worker is set up.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Which one it is, from 0.
    pub index: u8,
    /// Its port, of UDP and of TCP; 0 lets the kernel choose.
    pub port: u16,
    /// The core it is to stay on; without one the kernel chooses, again and again.
    pub pin: Option<usize>,
    /// The addresses clients are told.
    pub announced: Vec<Announced>,
    /// The limits in force.
    pub limits: Limits,
    /// Who seals the media that leaves.
    pub egress: EgressKind,
    /// How many of a room who talk at once are passed on.
    pub audio_top: u8,
}
