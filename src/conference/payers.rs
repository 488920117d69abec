//! Rates by who somebody is, whatever address they come from, and by room.

use std::sync::Arc;
use std::time::Duration;

use super::{Conference, Now};
use crate::ledger::{Over, Rate};
use crate::limits::Limit;
use crate::passes::Print;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Whose rate it is, and of what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Payer {
    /// Whom an access token is for makes rooms.
    Maker(Print),
    /// They enter rooms as somebody new.
    Comer(Print),
    /// They ask for something about a room by the API.
    Asker(Print),
    /// Somebody new enters a room.
    Entered(Arc<str>),
    /// Somebody who may asks for something about a room by the API.
    Asked(Arc<str>),
}

impl Payer {
    /// The limit that says how many there are, in which time, and how many of these times' worth may come at once.
    fn terms(&self) -> (Limit, Duration, usize) {
        match self {
            Payer::Maker(_) => (Limit::RoomsMadePerMinutePerIdentity, MINUTE, 2),
            Payer::Comer(_) => (Limit::JoinsPerMinutePerIdentity, MINUTE, 2),
            Payer::Asker(_) => (Limit::RequestsPerSecondPerIdentity, SECOND, 10),
            Payer::Entered(_) => (Limit::JoinsPerSecondPerRoom, SECOND, 10),
            Payer::Asked(_) => (Limit::RequestsPerSecondPerRoom, SECOND, 10),
        }
    }
}

impl Conference {
    /// Takes one of somebody's rate, or of a room's.
    ///
    /// # Errors
    /// [`Over::Rate`], counted.
    pub(super) fn pay(&mut self, now: Now, payer: &Payer) -> Result<(), Over> {
        let (limit, per, bursts) = payer.terms();
        let amount = self.config.limits.get(limit);
        let rate = Rate { amount, per, burst: amount.saturating_mul(bursts).max(1) };
        let forgiven = self.payers.forgiven();
        let most = self.config.limits.get(Limit::LedgerAccounts);
        let paid = self.payers.take(now.instant, payer, rate, most);
        if self.payers.forgiven() > forgiven {
            self.tally.hit(Limit::LedgerAccounts);
        }
        paid.map_err(|at| {
            self.tally.hit(limit);
            Over::Rate(limit, at)
        })
    }
}
