//! What passes between the control thread and a worker, around the hearts' commands and notices.

use std::ops::AddAssign;

use crate::limits::Tally;
use crate::media::Counters;
use crate::media::message::{Command, Notice};
use crate::metrics::Family;
#[cfg(feature = "faults")]
use crate::metrics::named;

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

crate::metrics! {
    /// What a worker holds.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Held as "worker" {
        /// People whom the workers serve.
        pub people: u64 as Gauge,
        /// Addresses and media connections that the workers know people by.
        pub paths: u64 as Gauge,
        /// The most notices of one worker that ever waited for room in the queue to the control thread.
        pub notices_most_waiting: u64 as Peak,
    }
}

crate::metrics! {
    /// What the control thread knows of workers from outside.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Attendance as "worker" {
        /// Workers that are there.
        pub threads: u64 as Gauge,
        /// Times a worker said what it counted. Each is asked once a second.
        pub answers: u64,
        /// Times a worker that failed was replaced.
        pub replaced: u64,
        /// The most commands that ever waited for room in the queue to one worker.
        pub commands_most_waiting: u64 as Peak,
    }
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
    /// What it holds.
    pub held: Held,
}

impl Report {
    /// Every number of it by name; those of limits by the name of their metric.
    #[cfg(feature = "faults")]
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Report { core, limits, udp, tcp, held } = self;
        let limits = crate::limits::Limit::ALL.iter().map(|limit| (limit.metric(), limits.count(*limit)));
        named(core).chain(named(udp)).chain(named(tcp)).chain(named(held)).chain(limits)
    }

    /// Every number of it but the limits', which have a table of their own.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        let Report { core, limits: _, udp, tcp, held } = self;
        Family::of(core).chain(Family::of(udp)).chain(Family::of(tcp)).chain(Family::of(held))
    }

    /// What stays of it when its worker is gone.
    #[must_use]
    pub fn settled(self) -> Report {
        let Report { core, limits, udp, tcp, held } = self;
        Report { core: core.settled(), limits, udp: udp.settled(), tcp: tcp.settled(), held: held.settled() }
    }
}

impl AddAssign<&Report> for Report {
    fn add_assign(&mut self, other: &Report) {
        let Report { core, limits, udp, tcp, held } = self;
        *core += other.core;
        *limits += &other.limits;
        *udp += other.udp;
        *tcp += other.tcp;
        *held += other.held;
    }
}
