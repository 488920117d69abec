//! The ways in and out of the loop's books: a connection comes, is counted as what it has become, gives way, is gone.

use std::io;
use std::net::SocketAddr;

use mio::Interest;
use mio::net::TcpStream;

use super::admission::Decision;
use super::connection::{Fate, HttpConnection};
use super::ids::ConnectionId;
use super::site::{Site, Slice};
use super::wire::Wire;
use super::{Tls, Turn, guarded};
use crate::ledger::ClientAddress;

/// Connections accepted in one turn.
const ACCEPTS_A_TURN: usize = 64;

impl Turn<'_> {
    pub(super) fn accept(&mut self) {
        for _ in 0..ACCEPTS_A_TURN {
            if !self.control.accepts {
                break;
            }
            let Some((stream, address)) = self.control.listeners.accept(self.now.instant) else {
                self.control.accepts = false;
                break;
            };
            if !self.find_place(address) {
                self.refused(address, "a connection: there are too many");
                continue;
            }
            if let Err(error) = self.begin(stream, address) {
                log::debug!("{address}: {error}");
            }
        }
        self.control.counters.accept_errors = self.control.listeners.errors();
    }

    /// Whether a newcomer has a place, once others gave way that are in no call.
    fn find_place(&mut self, address: SocketAddr) -> bool {
        let client =
            (ClientAddress::of(address.ip()), self.control.proxies.trusts(address.ip().to_canonical()));
        loop {
            let control = &mut *self.control;
            let ledger = self.conference.ledger();
            match control.admission.decide(client, ledger, &control.limits, &mut control.tally) {
                Decision::Accept => return true,
                Decision::Evict(id) if control.connections.contains_key(&id) => {
                    self.with(id, HttpConnection::give_way);
                }
                Decision::Refuse | Decision::Evict(_) => return false,
            }
        }
    }

    fn begin(&mut self, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        // Messages are small and each is awaited.
        stream.set_nodelay(true)?;
        let id = self.control.next_id;
        self.control.next_id = id.next();
        let wire = Wire::new(stream, self.control.tls.as_ref().map(Tls::config))?;
        let mut connection = HttpConnection::new(id, wire, address.ip().to_canonical(), self.now.instant);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.control.poll.registry().register(connection.wire_mut().stream_mut(), id.token(), interest)?;
        self.control.connections.insert(id, Box::new(connection));
        self.with(id, |_, _| Fate::Again);
        Ok(())
    }

    /// Does something with one connection, and then what follows from it.
    pub(super) fn with(
        &mut self,
        id: ConnectionId,
        act: impl FnOnce(&mut HttpConnection, &mut Site<'_>) -> Fate,
    ) {
        let control = &mut *self.control;
        let Some(connection) = control.connections.get_mut(&id) else { return };
        let mut site = Site {
            now: self.now,
            conference: self.conference,
            assets: &control.assets,
            limits: &control.limits,
            tally: &mut control.tally,
            counters: &mut control.counters,
            refusal_log: &mut control.refusal_log,
            proxies: &control.proxies,
            door: &control.door,
            refusals: &mut control.refusals,
            slice: Slice::begin(),
            stopping: control.stop_by.is_some(),
            keeper: control.keeper.as_mut(),
            await_store: &mut control.await_store,
            answers: &mut control.answers,
            repeats: &mut control.repeats,
            connection: id,
            workers: self.workers,
        };
        let mut panics = 0;
        let fate = guarded(&mut panics, || act(connection, &mut site)).unwrap_or_else(|| {
            let _ = guarded(&mut panics, || site.conference.socket_failed(site.now, id.socket()));
            guarded(&mut panics, || connection.fail(&mut site)).unwrap_or(Fate::Gone)
        });
        site.counters.panics += panics;
        let before = connection.standing;
        let after = (fate != Fate::Gone).then(|| connection.stand(&site));
        connection.standing = after;
        control.admission.change(id, before, after, self.conference.ledger_mut());
        let Some(after) = after else {
            control.deadlines.disarm(id, &mut connection.armed);
            // Closing the socket takes it out of the poll.
            control.connections.remove(&id);
            return;
        };
        if fate == Fate::Again {
            control.ready.push(after.address, id);
        }
        let deadline = connection.deadline(&control.limits);
        control.deadlines.arm(id, &mut connection.armed, deadline);
        if after.bytes > before.map_or(0, |before| before.bytes) {
            self.shed(id);
        }
    }

    /// Closes what holds too many bytes, now that `id` holds more.
    fn shed(&mut self, id: ConnectionId) {
        loop {
            let control = &mut *self.control;
            let Some(standing) = control.connections.get(&id).and_then(|connection| connection.standing)
            else {
                return;
            };
            let of =
                |id: ConnectionId| control.connections.get(&id).and_then(|connection| connection.standing);
            let found = control.admission.too_heavy(standing, self.conference.ledger(), &control.limits, of);
            let Some((limit, heaviest)) = found else { return };
            control.tally.hit(limit);
            self.with(heaviest, HttpConnection::give_way);
        }
    }
}
