//! Who may have a connection: as many as the limits allow, in all and by client address, and those on which nobody has
//! authenticated give way to newer ones.

use std::net::SocketAddr;
use std::time::Instant;

use crate::ledger::{ClientAddress, Crowd, Ledger, Over, Resource};
use crate::limits::{Limit, Limits, Tally};
use crate::refusals::RefusalLog;

/// Which connection it is of all there ever were, and its key: the oldest comes first.
pub(super) type Ticket = (u64, usize);

/// What becomes of somebody who wants a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is room.
    Admitted,
    /// There will be, when the connection with this key has ended.
    InPlaceOf(usize),
    /// There is none.
    Refused,
}

/// The books of one worker's connections.
pub(super) struct Admission {
    limits: Limits,
    /// Connections by client address.
    pub(super) ledger: Ledger,
    /// Those on which nobody has authenticated.
    half_open: Crowd<Ticket>,
    next_number: u64,
    tally: Tally,
    refusals: RefusalLog,
}

impl Admission {
    /// Books without connections.
    pub(super) fn new(limits: Limits) -> Admission {
        Admission {
            limits,
            ledger: Ledger::default(),
            half_open: Crowd::default(),
            next_number: 0,
            tally: Tally::default(),
            refusals: RefusalLog::default(),
        }
    }

    /// The limit in force.
    pub(super) fn limit(&self, limit: Limit) -> usize {
        self.limits.get(limit)
    }

    /// A limit was hit.
    pub(super) fn hit(&mut self, limit: Limit) {
        self.tally.hit(limit);
    }

    /// Which limits were hit so far.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Somebody at `remote` wants a connection.
    pub(super) fn judge(&mut self, now: Instant, remote: SocketAddr) -> Verdict {
        let Some((limit, first)) = self.lacks(ClientAddress::of(remote.ip())) else {
            return Verdict::Admitted;
        };
        self.tally.hit(limit);
        if let Some((_, key)) = first {
            return Verdict::InPlaceOf(key);
        }
        self.refuse(now, remote, "media: too many connections");
        Verdict::Refused
    }

    /// Why there is no place for one more connection of an address, and what gives way if anything does.
    fn lacks(&self, address: ClientAddress) -> Option<(Limit, Option<Ticket>)> {
        let own = self.half_open.first_of(address);
        let of_all = self.half_open.first().map(|(_, first)| first);
        if self.half_open.count(address) >= self.limit(Limit::TcpHalfOpenConnectionsPerAddress) {
            return Some((Limit::TcpHalfOpenConnectionsPerAddress, own));
        }
        if self.half_open.len() >= self.limit(Limit::TcpHalfOpenConnections) {
            return Some((Limit::TcpHalfOpenConnections, of_all));
        }
        match self.ledger.check(address, Resource::MediaConnections, 1, &self.limits) {
            Err(over @ Over::Address(_)) => Some((over.limit(), own)),
            Err(over) => Some((over.limit(), of_all)),
            Ok(()) => None,
        }
    }

    /// The connection `key` of an address begins; nobody has authenticated on it.
    pub(super) fn begin(&mut self, address: ClientAddress, key: usize) -> Ticket {
        let ticket = (self.next_number, key);
        self.next_number += 1;
        self.half_open.insert(address, ticket);
        self.ledger.take(address, Resource::MediaConnections, 1);
        ticket
    }

    /// Somebody has authenticated on a connection.
    pub(super) fn authenticated(&mut self, address: ClientAddress, ticket: Ticket) {
        self.half_open.remove(address, ticket);
    }

    /// A connection has ended.
    pub(super) fn end(&mut self, address: ClientAddress, ticket: Ticket) {
        self.half_open.remove(address, ticket);
        self.ledger.give(address, Resource::MediaConnections, 1);
    }

    /// Somebody at `remote` is turned away: the log is to say so.
    pub(super) fn refuse(&mut self, now: Instant, remote: SocketAddr, what: &'static str) {
        if let Some(line) = self.refusals.note(now, remote.ip().into(), what) {
            log::info!("{line}");
        }
    }

    /// Logs how many more were turned away since it was said last.
    pub(super) fn log_due(&mut self, now: Instant) {
        while let Some(line) = self.refusals.pop_due(now) {
            log::info!("{line}");
        }
    }
}
