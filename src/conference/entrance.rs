//! What is asked of people outside: to come in within some seconds, and to leave places for others.

use std::time::Duration;

use serde::Serialize;

use super::refusal::Refusal;
use super::room::OpenRoom;
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

/// What is full for somebody who has a room's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Full {
    /// The room.
    Room,
    /// The server: the room would have to be made, and no more may be.
    Server,
}

/// By which bound nobody more fits into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crowded {
    /// The room's own.
    Own,
    /// That of every room.
    Every,
    /// What is left is for other addresses.
    Address,
}

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
        let Some(crowded) = self.crowded(room, address) else { return Ok(()) };
        if crowded != Crowded::Own {
            self.tally.hit(Limit::PeersPerRoom);
        }
        Err(if crowded == Crowded::Address { Refusal::RoomFullForAddress } else { Refusal::RoomFull })
    }

    /// Why nobody more from this address fits into a room.
    fn crowded(&self, room: &OpenRoom, address: ClientAddress) -> Option<Crowded> {
        let people = room.state.people();
        if people.len() >= room.state.record().most_people.unwrap_or(usize::MAX) {
            return Some(Crowded::Own);
        }
        let most = self.config.limits.get(Limit::PeersPerRoom).max(1);
        if people.len() >= most {
            return Some(Crowded::Every);
        }
        let kept = most / KEPT_SHARE;
        if people.len() < most - kept {
            return None;
        }
        let of_address = |id| self.peers.get(id).is_some_and(|peer| peer.address == address);
        (people.iter().filter(|id| of_address(*id)).count() >= kept).then_some(Crowded::Address)
    }

    /// What is full, so that somebody from this address who enters a room now is refused. Who only looks hits no limit.
    #[must_use]
    pub fn full_at_door(&self, address: ClientAddress, id: &str) -> Option<Full> {
        if let Some(room) = self.room_ids.get(id).and_then(|room| self.rooms.get(room)) {
            return self.crowded(room, address).map(|_| Full::Room);
        }
        (self.store.get(id).is_none() && !self.has_place_for_room(address)).then_some(Full::Server)
    }
}
