//! Where rooms live: each whole on one worker, the one with the fewest people, and on another one if that is gone.

use super::presence::Hearing;
use super::publish::Published;
use super::{Conference, Now, WorkerId};
use crate::media::ids::{PeerId, RoomId};
use crate::media::message::Command;

/// One media worker.
#[derive(Debug, Clone, Default)]
struct Worker {
    people: usize,
    gone: bool,
    /// Who was there when it went: it may still hold them when it is back.
    left_behind: Vec<PeerId>,
}

/// The media workers, and how many people each serves.
#[derive(Debug)]
pub(super) struct Workers(Vec<Worker>);

impl Workers {
    /// So many workers, all of them there.
    pub(super) fn new(count: usize) -> Workers {
        Workers(vec![Worker::default(); count.max(1)])
    }

    /// The one with the fewest people of those that are there.
    pub(super) fn least_loaded(&self) -> Option<WorkerId> {
        let there = self.0.iter().enumerate().filter(|(_, worker)| !worker.gone);
        there.min_by_key(|(_, worker)| worker.people).map(|(number, _)| WorkerId(number))
    }

    /// So many more people are there.
    pub(super) fn add(&mut self, worker: Option<WorkerId>, people: usize) {
        if let Some(worker) = worker.and_then(|worker| self.0.get_mut(worker.0)) {
            worker.people += people;
        }
    }

    /// So many fewer people are there.
    pub(super) fn remove(&mut self, worker: Option<WorkerId>, people: usize) {
        if let Some(worker) = worker.and_then(|worker| self.0.get_mut(worker.0)) {
            worker.people = worker.people.saturating_sub(people);
        }
    }

    /// How many people each worker serves, and whether it is there.
    #[cfg(test)]
    pub(super) fn loads(&self) -> Vec<(usize, bool)> {
        self.0.iter().map(|worker| (worker.people, !worker.gone)).collect()
    }
}

impl Conference {
    /// A worker serves nobody any more. Its rooms move to the least loaded one that is there, or wait for one; each person
    /// in them is told to build a new connection and stays who they are.
    pub fn worker_gone(&mut self, now: Now, worker: WorkerId) {
        let Some(gone) = self.workers.0.get_mut(worker.0).filter(|worker| !worker.gone) else { return };
        gone.gone = true;
        let rooms: Vec<RoomId> =
            self.rooms.iter().filter(|(_, room)| room.worker == Some(worker)).map(|(id, _)| *id).collect();
        for id in rooms {
            let members = self.people_of(id);
            if let Some(gone) = self.workers.0.get_mut(worker.0) {
                gone.left_behind.extend(&members);
            }
            self.assign_worker(id, self.workers.least_loaded());
            self.floor_is_free(id);
            for peer in members {
                self.torn_away(now, peer);
            }
        }
        self.run_due(now);
    }

    /// A worker may have rooms again, and gets its share of those that wait. Harmless if it was never gone.
    pub fn worker_back(&mut self, now: Now, worker: WorkerId) {
        let Some(back) = self.workers.0.get_mut(worker.0).filter(|worker| worker.gone) else { return };
        back.gone = false;
        for peer in std::mem::take(&mut back.left_behind) {
            self.command(worker, Command::Leave { peer });
        }
        let waiting: Vec<RoomId> =
            self.rooms.iter().filter(|(_, room)| room.worker.is_none()).map(|(id, _)| *id).collect();
        for id in waiting {
            self.assign_worker(id, self.workers.least_loaded());
            for peer in self.people_of(id) {
                self.forward_offer(peer);
            }
        }
        self.run_due(now);
    }

    fn people_of(&self, id: RoomId) -> Vec<PeerId> {
        self.rooms.get(&id).map(|room| room.state.people().to_vec()).unwrap_or_default()
    }

    /// Gives a room another worker, or none, and tells the new one all that the old one was told.
    fn assign_worker(&mut self, id: RoomId, worker: Option<WorkerId>) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let members = room.state.people().to_vec();
        self.workers.remove(std::mem::replace(&mut room.worker, worker), members.len());
        self.workers.add(worker, members.len());
        for member in &members {
            if let Some(peer) = self.peers.get_mut(member) {
                peer.worker = worker;
                peer.less.clear();
            }
            self.command_for(*member, Command::Join { peer: *member, room: id });
        }
        for member in members {
            let Some(peer) = self.peers.get(&member) else { continue };
            let view = peer.view.clone();
            let Some(state) = self.member(member) else { continue };
            let (muted, rates) = (state.muted().clone(), state.request().map(Published::rates));
            if let Some(rates) = rates {
                self.command_for(member, Command::Publish { peer: member, rates });
            }
            for track in muted {
                self.command_for(member, Command::Mute { peer: member, track, muted: true });
            }
            if let Some(tiles) = view {
                self.command_for(member, Command::View { peer: member, tiles });
            }
        }
    }

    /// A person's connection is gone with its worker. They are here as long as their socket is; without one they have as
    /// long to come back as if their media had ended now.
    fn torn_away(&mut self, now: Now, id: PeerId) {
        self.counters.moved += 1;
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if peer.signs.hearing == Hearing::Heard {
            peer.signs.hearing = Hearing::Silent(now.instant);
        }
        let socket = peer.socket();
        let told = peer.negotiation.torn_away();
        if let Some((socket, refusal)) = socket.zip(told) {
            self.refuse(socket, refusal);
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
}
