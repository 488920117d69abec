//! What passes between the control thread and a worker, around the hearts' commands and notices.

use crate::limits::Tally;
use crate::media::Counters;
use crate::media::message::{Command, Notice};

use super::{TcpCounters, UdpCounters};

/// To a worker.
#[derive(Debug)]
pub(super) enum Order {
    /// From the conference.
    Command(Command),
    /// Asks for a report: is anybody there?
    Ask,
    /// Does damage.
    #[cfg(feature = "faults")]
    Fault(super::Fault),
}

/// From a worker.
#[derive(Debug)]
pub(super) enum Word {
    /// For the conference.
    Notice(Notice),
    /// The answer to a question.
    Report(Box<Report>),
}

/// What a worker counted since it started.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The core's counters.
    pub core: Counters,
    /// The limits that were hit, in the core and on TCP.
    pub limits: Tally,
    /// Both sockets together.
    pub udp: UdpCounters,
    /// Media over TCP.
    pub tcp: TcpCounters,
    /// TCP connections now.
    pub tcp_connections: usize,
    /// Addresses known now.
    pub paths: usize,
    /// People served now.
    pub people: usize,
    /// The most notices that ever waited for room in the queue.
    pub notices_most_waiting: usize,
}
