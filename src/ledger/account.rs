//! The accounts: what each address holds, and how much it asked for of late.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::ClientAddress;
use super::meter::{Meter, Rate};
use crate::limits::{Limit, Limits};

/// What is held, for as long as it is: counted by address and in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Rooms that an address made and that exist.
    Rooms,
    /// Media connections over TCP of one worker.
    MediaConnections,
    /// TCP connections of pages and signaling.
    Connections,
    /// Of these, sockets of signaling.
    Sockets,
    /// Bytes of what came in part and of what waits to be sent.
    Bytes,
    /// People who came by a standard tool: no socket of theirs counts.
    StandardClients,
}

impl Resource {
    const COUNT: usize = 6;

    /// The most of one address, and the most in all.
    fn limits(self) -> (Limit, Limit) {
        match self {
            Resource::Rooms => (Limit::RoomsPerAddress, Limit::Rooms),
            Resource::MediaConnections => (Limit::TcpConnectionsPerAddress, Limit::TcpConnections),
            Resource::Connections => (Limit::ConnectionsPerAddress, Limit::Connections),
            Resource::Sockets => (Limit::SocketsPerAddress, Limit::Connections),
            Resource::Bytes => (Limit::HeldBytesPerAddress, Limit::HeldBytes),
            Resource::StandardClients => (Limit::StandardClientsPerAddress, Limit::StandardClients),
        }
    }
}

/// What is asked for, again and again: metered by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metered {
    /// Entering a room as a new person.
    Joins,
    /// Asking for a room that there is not, by whichever way.
    FailedJoins,
    /// Making a room.
    RoomsMade,
    /// Offers that are read.
    Offers,
    /// People who are given credentials for the TURN server.
    TurnUsers,
    /// Reports of people who get no media.
    Troubles,
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Metered {
    const COUNT: usize = 6;

    /// The limit that says how many there are, in which time, and how many of these times' worth may come at once: a class
    /// that follows one link, or everybody when the server was restarted.
    fn terms(self) -> (Limit, Duration, usize) {
        match self {
            Metered::Joins => (Limit::JoinsPerSecondPerAddress, SECOND, 15),
            Metered::FailedJoins => (Limit::FailedJoinsPerMinutePerAddress, MINUTE, 5),
            Metered::RoomsMade => (Limit::RoomsMadePerMinutePerAddress, MINUTE, 2),
            Metered::Offers => (Limit::OffersPerSecondPerAddress, SECOND, 20),
            Metered::Troubles => (Limit::TroublesPerMinutePerAddress, MINUTE, 4),
            Metered::TurnUsers => (Limit::TurnUsersPerHourPerAddress, HOUR, 1),
        }
    }

    fn rate(self, limits: &Limits) -> Rate {
        let (limit, per, bursts) = self.terms();
        let amount = limits.get(limit);
        Rate { amount, per, burst: amount.saturating_mul(bursts).max(1) }
    }
}

/// Why something is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The address has as much as one may have.
    Address(Limit),
    /// All together have as much as there is.
    Whole(Limit),
    /// The address asked for more than its rate, and may ask again at that time.
    Rate(Limit, Instant),
}

impl Over {
    /// The limit that was hit.
    #[must_use]
    pub fn limit(self) -> Limit {
        match self {
            Over::Address(limit) | Over::Whole(limit) | Over::Rate(limit, _) => limit,
        }
    }

    /// Seconds after which to ask again, for `Retry-After`: what is held has no time, so a minute.
    #[must_use]
    pub fn retry_after(self, now: Instant) -> u64 {
        match self {
            Over::Address(_) | Over::Whole(_) => 60,
            Over::Rate(_, at) => at.saturating_duration_since(now).as_secs() + 1,
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Account {
    held: [usize; Resource::COUNT],
    meters: [Meter; Metered::COUNT],
    /// Where it stands in the list of those that hold nothing.
    free_at: Option<Instant>,
}

impl Account {
    fn holds(&self) -> bool {
        self.held.iter().any(|amount| *amount > 0)
    }

    fn paid_at(&self) -> Option<Instant> {
        self.meters.iter().filter_map(Meter::paid_at).max()
    }
}

/// Every account there is.
///
/// An account that holds nothing is forgotten once its rates are paid for. Accounts that hold something are as many as the
/// wholes allow; those that only owe are bounded by `limit_ledger_accounts`: with as many addresses as that, the one that
/// owes least is forgotten first, and each address has the rate of a newcomer.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    accounts: BTreeMap<ClientAddress, Account>,
    /// Those that hold nothing, by the time at which they are paid for.
    free: BTreeSet<(Instant, ClientAddress)>,
    totals: [usize; Resource::COUNT],
    /// Accounts that were forgotten although they owed.
    forgiven: u64,
}

impl Ledger {
    /// Whether an address may hold so much more.
    ///
    /// # Errors
    /// [`Over::Address`] first, then [`Over::Whole`].
    pub fn check(
        &self,
        address: ClientAddress,
        what: Resource,
        amount: usize,
        limits: &Limits,
    ) -> Result<(), Over> {
        let (own, whole) = what.limits();
        if self.held(address, what).saturating_add(amount) > limits.get(own) {
            return Err(Over::Address(own));
        }
        if self.total(what).saturating_add(amount) > limits.get(whole) {
            return Err(Over::Whole(whole));
        }
        Ok(())
    }

    /// Notes that an address holds so much more, whether it may or not.
    pub fn take(&mut self, address: ClientAddress, what: Resource, amount: usize) {
        self.change(address, |account| {
            if let Some(held) = account.held.get_mut(what as usize) {
                *held = held.saturating_add(amount);
            }
        });
        if let Some(total) = self.totals.get_mut(what as usize) {
            *total = total.saturating_add(amount);
        }
    }

    /// Notes that an address holds so much less.
    pub fn give(&mut self, address: ClientAddress, what: Resource, amount: usize) {
        let mut given = 0;
        self.change(address, |account| {
            if let Some(held) = account.held.get_mut(what as usize) {
                given = amount.min(*held);
                *held -= given;
            }
        });
        if let Some(total) = self.totals.get_mut(what as usize) {
            *total -= given.min(*total);
        }
    }

    /// Takes one of a rate.
    ///
    /// # Errors
    /// [`Over::Rate`], and nothing is taken.
    pub fn spend(
        &mut self,
        now: Instant,
        address: ClientAddress,
        what: Metered,
        limits: &Limits,
    ) -> Result<(), Over> {
        self.forget_idle(now);
        if !self.accounts.contains_key(&address) && self.accounts.len() >= limits.get(Limit::LedgerAccounts) {
            self.forgiven += 1;
            self.forget_first();
        }
        let mut done = Ok(());
        self.change(address, |account| {
            if let Some(meter) = account.meters.get_mut(what as usize) {
                done = meter.take_of(now, 1, what.rate(limits));
            }
        });
        done.map_err(|at| Over::Rate(what.terms().0, at))
    }

    /// How much an address holds.
    #[must_use]
    pub fn held(&self, address: ClientAddress, what: Resource) -> usize {
        self.accounts.get(&address).and_then(|account| account.held.get(what as usize)).copied().unwrap_or(0)
    }

    /// How much all hold together.
    #[must_use]
    pub fn total(&self, what: Resource) -> usize {
        self.totals.get(what as usize).copied().unwrap_or(0)
    }

    /// The address that holds most. Walks over all accounts.
    #[must_use]
    pub fn largest(&self, what: Resource) -> Option<ClientAddress> {
        let held = |account: &Account| account.held.get(what as usize).copied().unwrap_or(0);
        let holders = self.accounts.iter().filter(|(_, account)| held(account) > 0);
        holders.max_by_key(|(_, account)| held(account)).map(|(address, _)| *address)
    }

    /// How many accounts were forgotten although they owed, because there were too many: hits of
    /// [`Limit::LedgerAccounts`].
    #[must_use]
    pub fn forgiven(&self) -> u64 {
        self.forgiven
    }

    /// What there is, to be told.
    #[must_use]
    pub fn numbers(&self) -> super::Numbers {
        super::Numbers {
            accounts: self.len() as u64,
            accounts_forgiven: self.forgiven,
            held_bytes: self.total(Resource::Bytes) as u64,
        }
    }

    /// How many accounts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether nobody holds or owes anything, as far as is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Forgets whoever holds nothing and owes nothing at `now`. Whatever is metered does this first.
    pub fn forget_idle(&mut self, now: Instant) {
        while self.free.first().is_some_and(|(paid_at, _)| *paid_at <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, address)) = self.free.pop_first() {
            self.accounts.remove(&address);
        }
    }

    /// Changes one account, and sees to it that it stands in the right list, or in none.
    fn change(&mut self, address: ClientAddress, act: impl FnOnce(&mut Account)) {
        let account = self.accounts.entry(address).or_default();
        act(account);
        let free_at = if account.holds() { None } else { account.paid_at() };
        let before = std::mem::replace(&mut account.free_at, free_at);
        let is_gone = free_at.is_none() && !account.holds();
        if before != free_at {
            if let Some(at) = before {
                self.free.remove(&(at, address));
            }
            if let Some(at) = free_at {
                self.free.insert((at, address));
            }
        }
        if is_gone {
            self.accounts.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests;
