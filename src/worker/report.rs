//! What passes between the control thread and a worker, around the hearts' commands and notices.

use std::ops::AddAssign;

use crate::conference::placement::PerMille;
use crate::limits::Tally;
use crate::media::Counters;
use crate::media::message::{Command, Notice};
use crate::metrics::{Family, named};

use super::fault::WorkerFault;
use super::links::{Link, LinkCounters};
use super::spreads::Spreads;
use super::{TcpCounters, UdpCounters};

/// To a worker.
#[derive(Debug)]
pub(super) enum ToWorker {
    /// From the conference.
    Command(Command),
    /// Another worker is there, or another one in its place.
    Link(Box<Link>),
    /// Asks for a report: is anybody there?
    Ping,
    /// Does damage.
    #[cfg_attr(not(feature = "faults"), expect(dead_code, reason = "in a release there is none"))]
    Fault(WorkerFault),
}

/// From a worker.
#[derive(Debug)]
pub(super) enum FromWorker {
    /// For the conference.
    Notice(Notice),
    /// The answer to a ping.
    Report(Box<Report>),
}

crate::metrics! {
    /// What a worker serves, and how it gets on with the control thread.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct WorkerCounters as "worker" {
        /// People whom the workers serve.
        pub people: u64 as Gauge,
        /// Addresses and media connections that the workers know people by.
        pub paths: u64 as Gauge,
        /// Milliseconds in which workers were busy: all their time but what they waited.
        pub busy_millis: u64,
        /// The most notices of one worker that ever waited for room in the queue to the control thread.
        pub notices_most_waiting: u64 as Peak,
        /// Times a worker woke the control thread, for all that one turn had to tell.
        pub notice_wakes: u64,
    }
}

crate::metrics! {
    /// What the control thread knows of workers from outside.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct PoolCounters as "worker" {
        /// Workers that are there.
        pub threads: u64 as Gauge,
        /// Times a worker said what it counted. Each is asked once a second.
        pub answers: u64,
        /// Times a worker that failed was replaced.
        pub replaced: u64,
        /// The most commands that ever waited for room in the queue to one worker.
        pub commands_most_waiting: u64 as Peak,
        /// Times the control thread woke a worker, for all that one turn had for it.
        pub command_wakes: u64,
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
    /// What it told other workers.
    pub links: LinkCounters,
    /// The worker's own.
    pub worker: WorkerCounters,
    /// For how much of the last second it was busy.
    pub share: PerMille,
    /// How what it measured is spread.
    pub spreads: Spreads,
}

impl Report {
    /// Every number of it by name; those of limits by the name of their metric.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Report { core, limits, udp, tcp, links, worker, share: _, spreads: _ } = self;
        let limits = crate::limits::Limit::ALL.iter().map(|limit| (limit.metric(), limits.count(*limit)));
        named(core).chain(named(udp)).chain(named(tcp)).chain(named(links)).chain(named(worker)).chain(limits)
    }

    /// Every number of it but the limits', which have a table of their own.
    pub fn families(&self) -> impl Iterator<Item = Family> {
        let Report { core, limits: _, udp, tcp, links, worker, share: _, spreads } = self;
        Family::of(core)
            .chain(Family::of(udp))
            .chain(Family::of(tcp))
            .chain(Family::of(links))
            .chain(Family::of(worker))
            .chain(spreads.families())
    }

    /// What stays of it when its worker is gone.
    #[must_use]
    pub fn retained(self) -> Report {
        let Report { core, limits, udp, tcp, links, worker, share: _, spreads } = self;
        Report {
            core: core.retained(),
            limits,
            udp: udp.retained(),
            tcp: tcp.retained(),
            links: links.retained(),
            worker: worker.retained(),
            share: PerMille::default(),
            spreads,
        }
    }
}

impl AddAssign<&Report> for Report {
    fn add_assign(&mut self, other: &Report) {
        let Report { core, limits, udp, tcp, links, worker, share: _, spreads } = self;
        *spreads += other.spreads;
        *core += other.core;
        *limits += &other.limits;
        *udp += other.udp;
        *tcp += other.tcp;
        *links += other.links;
        *worker += other.worker;
    }
}
