//! Browsers that talk directly: what is chosen for a room, what its people allow and report, and what they say to each
//! other. Which way media goes is decided in `course.rs`; here everybody is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::course::Someone;
use super::grants::{Grant, Grants};
use super::parse::{Direct, Signal};
use super::presence::Hearing;
use super::protocol::{Path, ServerMessage, Topology};
use super::refusal::Refusal;
use super::session::Participant;
use super::sockets::to_text;
use super::state::{Member, RoomEvent};
use super::timers::Timer;
use super::{Conference, Now, SocketId, StateKey};
use crate::limits::Limit;
use crate::media::ids::{PeerId, RoomId};

/// What bears on a room's course of somebody in it, who may do this there.
fn someone(peer: &Participant, member: &Member, grants: Grants) -> Someone {
    let ready = peer.negotiation.connected() && peer.signs.hearing == Hearing::Heard;
    let connects = grants.has(Grant::Signal);
    let standard = !member.client().is_page();
    Someone { ready, hidden: member.hidden() || !connects, standard }
}

impl Conference {
    /// Looks again which way a room's media is to go: somebody came, left, connected, or time has passed.
    pub(super) fn review_course(&mut self, now: Now, id: RoomId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let topology = room.state.record().topology;
        if topology == Topology::Sfu && room.course.order() == room.state.course() {
            // Nobody is walked over in a room where there is nothing to decide.
            room.course.choose(now.instant, topology);
            if room.course.order() == room.state.course() {
                return;
            }
        }
        let people: BTreeMap<PeerId, Someone> = room
            .state
            .people()
            .iter()
            .filter_map(|id| {
                let (peer, state) = (self.peers.get(id)?, &room.state);
                Some((*id, someone(peer, state.member(*id)?, state.grants_of(*id)?)))
            })
            .collect();
        room.course.choose(now.instant, topology);
        room.course.people(now.instant, people);
        self.course_set(now, id);
    }

    /// The course of a room may be another one: if so everybody is told, and it is looked at again when it has to be.
    fn course_set(&mut self, now: Now, id: RoomId) {
        let Some(room) = self.rooms.get(&id) else { return };
        let (before, order) = (room.state.course(), room.course.order());
        match room.course.poll_timeout() {
            Some(at) => self.timers.set(Timer::Course(id), at),
            None => self.timers.clear(&Timer::Course(id)),
        }
        if before == order {
            return;
        }
        self.counters.went_direct += u64::from(order.path == Path::Direct && before.path != Path::Direct);
        self.counters.went_back += u64::from(order.path == Path::Server && before.path != Path::Server);
        self.change(now, id, &RoomEvent::Ordered { order });
        self.tell_course(id);
    }

    /// Everybody in a room is told which way media goes.
    fn tell_course(&mut self, id: RoomId) {
        let Some(room) = self.rooms.get(&id) else { return };
        let people = room.state.people().to_vec();
        let Some(text) = to_text(&course_message(room.state.record().topology, room.state.course())) else {
            return;
        };
        for socket in people.into_iter().filter_map(|peer| self.socket_of(peer)).collect::<Vec<_>>() {
            self.send_text(socket, Arc::clone(&text), Some(StateKey::Topology));
        }
    }

    /// Tells somebody who comes. In a room that always goes through the server there is nothing to tell.
    pub(super) fn send_course(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let (Some(socket), Some(room)) = (peer.socket(), self.rooms.get(&peer.room)) else { return };
        let topology = room.state.record().topology;
        if topology != Topology::Sfu {
            let message = course_message(topology, room.state.course());
            self.send(socket, &message, Some(StateKey::Topology));
        }
    }

    /// Something about somebody's network or page is not as it was: a direct path may be tried again.
    pub(super) fn network_changed(&mut self, now: Now, id: PeerId) {
        let Some(at) = self.peers.get(&id).map(|peer| peer.room) else { return };
        let Some(room) = self.rooms.get_mut(&at) else { return };
        room.course.changed(now.instant, id);
        self.course_set(now, at);
    }

    /// `topology`: how media is to travel in this room from now on.
    pub(super) fn choose_topology(&mut self, now: Now, id: PeerId, topology: Topology) {
        if let Some(at) = self.peers.get(&id).map(|peer| peer.room) {
            self.set_topology(now, at, topology);
        }
    }

    /// Media is to travel so in a room from now on.
    pub(super) fn set_topology(&mut self, now: Now, at: RoomId, topology: Topology) {
        let Some(room) = self.rooms.get(&at) else { return };
        if room.state.record().topology == topology {
            return;
        }
        self.change(now, at, &RoomEvent::TopologyChosen { topology });
        let before = self.rooms.get(&at).map(|room| room.state.course());
        self.review_course(now, at);
        // The choice itself is news, also where it changes no path.
        if before == self.rooms.get(&at).map(|room| room.state.course()) {
            self.tell_course(at);
        }
    }

    /// `hide-address`.
    pub(super) fn hide_address(&mut self, now: Now, id: PeerId, hidden: bool) {
        let Some(at) = self.peers.get(&id).map(|peer| peer.room) else { return };
        self.change(now, at, &RoomEvent::Hidden { peer: id, hidden });
        self.review_course(now, at);
    }

    /// `direct`: what became of a connection. What is said of an earlier order is no mistake: it crossed the newer one.
    pub(super) fn direct(&mut self, now: Now, id: PeerId, said: &Direct) {
        let Some(at) = self.peers.get(&id).map(|peer| peer.room) else { return };
        let Some(room) = self.rooms.get_mut(&at) else { return };
        if !room.course.report(now.instant, id, said.peer, said.epoch, said.state) {
            self.counters.stale_direct += 1;
        }
        self.course_set(now, at);
    }

    /// So many bytes are said to another browser, if a socket may say as much.
    pub(super) fn meter_words(&mut self, now: Now, socket: SocketId, bytes: usize) -> Result<(), Refusal> {
        let flow = self.sockets.get_mut(&socket).map(|client| &mut client.flow);
        if flow.is_some_and(|flow| flow.signal(now.instant, bytes, &self.config.limits).is_err()) {
            self.tally.hit(Limit::SignalBytesPerSecond);
            let most = self.config.limits.get(Limit::SignalBytesPerSecond);
            return Err(Refusal::TooManySignals { most });
        }
        Ok(())
    }

    /// `signal`: passed on as it is to somebody in the same room, while its browsers may connect to each other.
    pub(super) fn signal(
        &mut self,
        now: Now,
        (socket, id): (SocketId, PeerId),
        bytes: usize,
        signal: Signal,
    ) -> Result<(), Refusal> {
        self.meter_words(now, socket, bytes)?;
        let room = |id: &PeerId| self.peers.get(id).map(|peer| peer.room);
        let Some(at) = room(&id).filter(|at| room(&signal.to) == Some(*at)) else {
            return Err(Refusal::UnknownPeer);
        };
        let Some(room) = self.rooms.get(&at) else { return Err(Refusal::UnknownPeer) };
        let (topology, order) = (room.state.record().topology, room.state.course());
        if topology == Topology::Sfu || (order.path == Path::Server && signal.epoch.is_none()) {
            return Err(Refusal::NoPath);
        }
        if signal.to == id {
            return Err(Refusal::UnknownPeer);
        }
        if order.path == Path::Server || signal.epoch.is_some_and(|epoch| epoch != order.epoch) {
            self.counters.stale_direct += 1;
            return Ok(());
        }
        let Some(to) = self.socket_of(signal.to) else { return Ok(()) };
        let message = ServerMessage::Signal { from: id, epoch: order.epoch, data: signal.data };
        let Some(text) = to_text(&message) else { return Ok(()) };
        self.send_text(to, text, None);
        Ok(())
    }
}

fn course_message(topology: Topology, order: super::course::Order) -> ServerMessage {
    ServerMessage::Topology { topology, epoch: order.epoch, path: order.path, reason: order.why }
}
