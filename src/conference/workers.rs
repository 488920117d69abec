//! Where people of a room are: on its first worker, on others when that has no room for more, and elsewhere if theirs is gone.

use std::time::Duration;

use super::placement::{PerMille, Standing, folds};
use super::presence::Hearing;
use super::publish::Published;
use super::refusal::Refusal;
use super::room::OpenRoom;
use super::{Conference, Now, WorkerId};
use crate::media::ids::{OfferId, PeerId, RoomId};
use crate::media::message::{Beside, Command};

/// For how long a room must have had few enough people to come back to one worker: those who are moved see nobody for as long as a
/// new connection takes.
const FOLDS_AFTER: Duration = Duration::from_secs(30);

impl Conference {
    /// A worker was busy for so much of the last second.
    pub fn worker_load(&mut self, now: Now, worker: WorkerId, busy: PerMille) {
        let spill_at = self.workers.spill_at;
        if let Some(standing) = self.workers.get_mut(worker) {
            standing.measured(busy, spill_at);
        }
        for id in self.spread_rooms.clone() {
            self.fold(now, id, worker);
        }
        self.run_due(now);
    }

    /// Brings one person of a room back to its first worker, if there has been room for all of another worker's for a while.
    fn fold(&mut self, now: Now, id: RoomId, first: WorkerId) {
        let room = self.rooms.get_mut(&id).filter(|room| room.whereabouts.first == Some(first));
        let Some((room, from)) = room.and_then(|room| room.whereabouts.smallest().map(|from| (room, from)))
        else {
            return;
        };
        if !folds(&self.workers.standings, from, first, self.workers.spill_at) {
            room.whereabouts.folds_since = None;
            return;
        }
        let since = *room.whereabouts.folds_since.get_or_insert(now.instant);
        if now.instant.saturating_duration_since(since) < FOLDS_AFTER {
            return;
        }
        let mut people = room.state.people().iter().copied();
        let Some(peer) = people.find(|id| {
            // A standard tool builds no new connection when it is told to.
            self.peers.get(id).is_some_and(|peer| peer.worker == Some(from.0) && peer.standard.is_none())
        }) else {
            return;
        };
        self.counters.folded += 1;
        self.move_to(peer, Some(first));
        self.torn_away(now, peer, |offer| Refusal::Moved { offer });
    }

    /// Where somebody goes who enters a room.
    pub(super) fn place_for(&mut self, id: RoomId) -> Option<WorkerId> {
        let whereabouts = &self.rooms.get(&id)?.whereabouts;
        let worker = self.workers.place(whereabouts);
        let spills = worker.is_some() && worker != whereabouts.first;
        self.counters.spilled += u64::from(spills);
        worker
    }

    /// Somebody in a room is on `worker`, as its state says they are in it: all workers that serve people of it are told, and this one
    /// of all others, if they are its first.
    pub(super) fn settle(&mut self, id: PeerId, room: RoomId, worker: WorkerId) {
        let Some(open) = self.rooms.get_mut(&room) else { return };
        let is_first = open.whereabouts.add(worker);
        if open.whereabouts.people.len() == 1 {
            // Of a worker without people of the room nobody would hear who is let through.
            open.whereabouts.first = Some(worker);
        }
        let (members, workers) = (open.state.people().to_vec(), open.whereabouts.workers());
        if workers.len() > 1 {
            self.spread_rooms.insert(room);
        }
        if let Some(standing) = self.workers.get_mut(worker) {
            standing.add();
        }
        if !is_first {
            self.command(worker, Command::Join { peer: id, room });
        }
        for member in members.into_iter().filter(|_| is_first) {
            let home = self.peers.get(&member).and_then(|peer| peer.worker);
            match home {
                _ if member == id => self.command(worker, Command::Join { peer: id, room }),
                Some(at) => self.command(worker, Command::Elsewhere { peer: member, room, at }),
                None => {}
            }
        }
        for other in workers.into_iter().filter(|other| *other != worker) {
            self.command_if_there(other, Command::Elsewhere { peer: id, room, at: worker });
        }
        if is_first {
            self.tell_leader(room);
        }
    }

    /// Tells the workers of a room that has several which of them decides who is let through: its first.
    fn tell_leader(&mut self, room: RoomId) {
        let Some(open) = self.rooms.get(&room) else { return };
        let (mut workers, Some(by)) = (open.whereabouts.workers(), open.whereabouts.first) else { return };
        workers.retain(|worker| self.workers.is_there(*worker));
        for worker in workers.iter().filter(|_| workers.len() > 1) {
            self.command(*worker, Command::Lead { room, by });
        }
    }

    /// Somebody in a room is on `worker` no more. Returns whether nobody of it is: then that worker need not know of anybody, and was
    /// told so.
    fn unsettle(&mut self, id: PeerId, room: RoomId, worker: WorkerId) -> bool {
        if let Some(standing) = self.workers.get_mut(worker) {
            standing.remove();
        }
        let Some(open) = self.rooms.get_mut(&room) else { return false };
        if !open.whereabouts.remove(worker) {
            return false;
        }
        if open.whereabouts.workers().len() < 2 {
            self.spread_rooms.remove(&room);
        }
        let others: Vec<PeerId> = open.state.people().iter().copied().filter(|other| *other != id).collect();
        // Its first worker is one that serves somebody, so that there is one that decides.
        let moves = open.whereabouts.first == Some(worker) && !open.whereabouts.people.is_empty();
        if moves {
            open.whereabouts.first = open.whereabouts.in_order().into_iter().find(|other| *other != worker);
        }
        for peer in std::iter::once(id).chain(others) {
            self.command_if_there(worker, Command::Leave { peer });
        }
        if moves {
            self.floor_is_free(room);
            self.tell_leader(room);
        }
        true
    }

    /// Somebody leaves a room: every worker is told that serves people of it.
    pub(super) fn leaves(&mut self, id: PeerId, room: RoomId) {
        let Some(open) = self.rooms.get(&room) else { return };
        let (workers, home) = (open.whereabouts.workers(), self.peers.get(&id).and_then(|peer| peer.worker));
        for other in workers.into_iter().filter(|other| Some(*other) != home) {
            self.command_if_there(other, Command::Leave { peer: id });
        }
        if let Some(home) = home
            && !self.unsettle(id, room, home)
        {
            self.command_if_there(home, Command::Leave { peer: id });
        }
    }

    /// A worker serves nobody any more. Its people move to others that are there, or wait for one; each of them is told to build a
    /// new connection and stays who they are. Nobody else is.
    pub fn worker_gone(&mut self, now: Now, worker: WorkerId) {
        let Some(standing) = self.workers.get_mut(worker).filter(|worker| !worker.gone) else { return };
        *standing = Standing::gone();
        let concerned = |room: &OpenRoom| {
            room.whereabouts.first == Some(worker) || room.whereabouts.people.contains_key(&worker)
        };
        let rooms: Vec<RoomId> =
            self.rooms.iter().filter(|(_, room)| concerned(room)).map(|(id, _)| *id).collect();
        for id in rooms {
            self.evacuate(now, id, worker);
        }
        self.run_due(now);
    }

    fn evacuate(&mut self, now: Now, id: RoomId, worker: WorkerId) {
        let members = self.people_of(id);
        if self.rooms.get(&id).is_some_and(|room| room.whereabouts.people.contains_key(&worker)) {
            self.workers.left_behind.entry(worker).or_default().extend(&members);
        }
        if let Some(room) = self.rooms.get_mut(&id)
            && room.whereabouts.first == Some(worker)
        {
            room.whereabouts.first = None;
            let others = room.whereabouts.in_order().into_iter().find(|other| self.workers.is_there(*other));
            room.whereabouts.first = others.or_else(|| self.workers.least_busy());
            self.floor_is_free(id);
            self.tell_leader(id);
        }
        let theirs = members
            .into_iter()
            .filter(|id| self.peers.get(id).is_some_and(|peer| peer.worker == Some(worker)));
        for peer in theirs.collect::<Vec<_>>() {
            let to = self.rooms.get(&id).and_then(|room| self.workers.place(&room.whereabouts));
            self.counters.moved += 1;
            self.move_to(peer, to);
            self.torn_away(now, peer, |offer| Refusal::WorkerGone { offer });
        }
    }

    /// A worker may have rooms again, and gets its share of those that wait. Harmless if it was never gone.
    pub fn worker_back(&mut self, now: Now, worker: WorkerId) {
        let Some(back) = self.workers.get_mut(worker).filter(|worker| worker.gone) else { return };
        back.gone = false;
        for peer in self.workers.left_behind.remove(&worker).unwrap_or_default() {
            self.command(worker, Command::Leave { peer });
        }
        let waiting: Vec<RoomId> = self
            .rooms
            .iter()
            .filter(|(_, room)| room.whereabouts.first.is_none())
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            let first = self.workers.least_busy();
            if let Some(room) = self.rooms.get_mut(&id) {
                room.whereabouts.first = first;
            }
            for peer in self.people_of(id) {
                self.move_to(peer, first);
                self.forward_offer(peer);
            }
        }
        self.run_due(now);
    }

    fn people_of(&self, id: RoomId) -> Vec<PeerId> {
        self.rooms.get(&id).map(|room| room.state.people().to_vec()).unwrap_or_default()
    }

    /// Gives a person another worker, or none, and tells the new one all that the old one was told.
    fn move_to(&mut self, id: PeerId, to: Option<WorkerId>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let (room, from) = (peer.room, std::mem::replace(&mut peer.worker, to));
        peer.less.clear();
        let view = peer.view.clone();
        if let Some(to) = to {
            self.settle(id, room, to);
        }
        if let Some(from) = from {
            self.unsettle(id, room, from);
        }
        let Some(state) = self.member(id) else { return };
        let (muted, rates) = (state.muted().clone(), state.request().map(Published::rates));
        if let Some(rates) = rates {
            self.command_for(id, Command::Publish { peer: id, rates });
        }
        for track in muted {
            self.command_for(id, Command::Mute { peer: id, track, muted: true });
        }
        if let Some(tiles) = view {
            self.command_for(id, Command::View { peer: id, tiles, beside: Beside::default() });
        }
    }

    /// A person's connection is gone, with its worker or for another one. They are here as long as their socket is; without one they
    /// have as long to come back as if their media had ended now.
    fn torn_away(&mut self, now: Now, id: PeerId, why: impl Fn(Option<OfferId>) -> Refusal) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if peer.signs.hearing == Hearing::Heard {
            peer.signs.hearing = Hearing::Silent(now.instant);
        }
        if let Some(refusal) = peer.negotiation.torn_away(why) {
            self.refuse_media(now, id, refusal);
        }
        self.forward_offer(id);
        self.review(now, id);
    }

    /// Tells a person's worker. Without one nothing is told: whichever comes next is told everything.
    pub(super) fn command_for(&mut self, id: PeerId, command: Command) {
        if let Some(worker) = self.peers.get(&id).and_then(|peer| peer.worker) {
            self.command(worker, command);
        }
    }

    fn command_if_there(&mut self, worker: WorkerId, command: Command) {
        if self.workers.is_there(worker) {
            self.command(worker, command);
        }
    }
}
