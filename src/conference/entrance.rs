//! What is asked of people outside: to come in within some seconds, and to leave places for others.

use std::time::Duration;

use super::refusal::Refusal;
use super::sockets::SocketState;
use super::timers::Timer;
use super::{Conference, Now, SocketId};
use crate::ledger::{ClientAddress, Metered, Over};
use crate::limits::Limit;
use crate::media::ids::RoomId;

/// The close code of a socket on which nobody came in. Application codes start at 4000.
const CLOSE_NOT_JOINED: u16 = 4004;

/// A room's last places are kept for addresses of which few are inside: one in so many.
const KEPT_SHARE: usize = 10;

impl Conference {
    /// Takes one of an address's rate.
    ///
    /// # Errors
    /// [`Over::Rate`], counted.
    pub(super) fn spend(&mut self, now: Now, address: ClientAddress, what: Metered) -> Result<(), Over> {
        let forgiven = self.ledger.forgiven();
        let verdict = self.ledger.spend(now.instant, address, what, &self.config.limits);
        if self.ledger.forgiven() > forgiven {
            self.tally.hit(Limit::LedgerAccounts);
        }
        verdict.inspect_err(|over| self.tally.hit(over.limit()))
    }

    /// Whether somebody is in a room on this socket. What is not in a call gives way when the server is full.
    #[must_use]
    pub fn is_inside(&self, socket: SocketId) -> bool {
        self.sockets.get(&socket).is_some_and(|client| matches!(client.state, SocketState::Inside(_)))
    }

    /// Nobody is inside on this socket: within the time of `limit` somebody should be.
    pub(super) fn expect_join(&mut self, now: Now, socket: SocketId, limit: Limit) {
        let patience = Duration::from_millis(self.config.limits.get(limit) as u64);
        if let Some(at) = now.instant.checked_add(patience) {
            self.timers.set(Timer::Join(socket), at);
        }
    }

    /// The time for a join is over.
    pub(super) fn nobody_joined(&mut self, socket: SocketId) {
        let Some(client) = self.sockets.get(&socket).filter(|client| client.state == SocketState::Outside)
        else {
            return;
        };
        self.tally.hit(if client.left { Limit::RejoinMillis } else { Limit::JoinMillis });
        self.close(socket, CLOSE_NOT_JOINED, "nobody came in on this socket");
    }

    /// Whether a room has a place for one more from this address: the last tenth of them is kept for addresses of which less
    /// than a tenth is inside.
    pub(super) fn has_place(&mut self, id: RoomId, address: ClientAddress) -> Result<(), Refusal> {
        let Some(room) = self.rooms.get(&id) else {
            return Err(Refusal::UnknownRoom);
        };
        let own = room.state.record().most_people.unwrap_or(usize::MAX);
        if room.state.people().len() >= own {
            return Err(Refusal::RoomFull);
        }
        let most = self.config.limits.get(Limit::PeersPerRoom).max(1);
        let people = room.state.people();
        if people.len() >= most {
            self.tally.hit(Limit::PeersPerRoom);
            return Err(Refusal::RoomFull);
        }
        let kept = most / KEPT_SHARE;
        if people.len() < most - kept {
            return Ok(());
        }
        let of_address = |id| self.peers.get(id).is_some_and(|peer| peer.address == address);
        if people.iter().filter(|id| of_address(*id)).count() < kept {
            return Ok(());
        }
        self.tally.hit(Limit::PeersPerRoom);
        Err(Refusal::RoomFullForAddress)
    }
}
