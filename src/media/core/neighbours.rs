//! Rooms that have people on other workers, too: who is where, and what the cores there are told of people here.

use std::time::Instant;

use super::Core;
use crate::media::crossing::{About, Crossing, What};
use crate::media::ids::{Kind, Layer, PeerId, RoomId, StreamId, WorkerId};
use crate::media::message::Beside;
use crate::media::publication::Publication;
use crate::media::rtc::Packet;
use crate::media::sinks::{Declared, LayerSet, Sink};
use crate::media::table::{PeerKey, PublicationKey, RoomKey};

/// A packet for the core of another worker, with a payload of its own; `resumes` if what came before it was left out.
pub(super) fn carried(
    worker: WorkerId,
    at: PublicationKey,
    packet: &Packet,
    capture: Instant,
    resumes: bool,
) -> (WorkerId, Crossing) {
    (worker, Crossing::of(at, What::Packet { packet: packet.copied(), capture, resumes }))
}

impl Core {
    /// A person enters a room here, or on the worker `home`; or they were somewhere else until now.
    pub(super) fn join(&mut self, now: Instant, id: PeerId, room: RoomId, home: Option<WorkerId>) {
        match self.by_id.get(&id).copied() {
            Some(key) => self.move_to(now, key, home),
            None => self.enter(now, id, room, home),
        }
    }

    /// Somebody in the room of `key`, who is new or comes from elsewhere, is on the worker `home`.
    pub(super) fn settle(&mut self, now: Instant, key: PeerKey, home: Option<WorkerId>) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.home = home;
        let (room, Some(worker)) = (peer.room, home) else { return };
        let neighbours = self.rooms.get_mut(room).map(|room| &mut room.neighbours);
        match neighbours.and_then(|all| all.iter_mut().find(|(known, _)| *known == worker)) {
            Some((_, people)) => *people += 1,
            None => self.meet(now, room, worker),
        }
        self.adopt(now, key, worker);
    }

    /// Somebody of `room` is not on the worker `home` any more.
    pub(super) fn unsettle(&mut self, room: RoomKey, home: Option<WorkerId>) {
        let (Some(worker), Some(neighbours)) =
            (home, self.rooms.get_mut(room).map(|room| &mut room.neighbours))
        else {
            return;
        };
        for (_, people) in neighbours.iter_mut().filter(|(known, _)| *known == worker) {
            *people -= 1;
        }
        let before = neighbours.len();
        neighbours.retain(|(_, people)| *people > 0);
        if neighbours.len() < before {
            self.part(room, worker);
        }
    }

    /// Somebody goes from one worker to another, of which this core's may be one: they stay who they are, in their place, and what
    /// they publish comes from there.
    fn move_to(&mut self, now: Instant, key: PeerKey, home: Option<WorkerId>) {
        let Some(peer) = self.peers.get(key).filter(|peer| peer.home != home) else { return };
        let (before, room) = (peer.home, peer.room);
        if before.is_none() {
            self.take_slots(now, key, &[]);
            self.drop_connection(now, key);
            self.timers.cancel(key);
        }
        let published = self.peers.get_mut(key).map(|peer| {
            (peer.heard, peer.quiet, peer.keys_due, peer.allocates) = (None, false, None, None);
            (peer.seldom.reviews, peer.seldom.view, peer.seldom.beside) = (None, None, Beside::default());
            std::mem::take(&mut peer.publications)
        });
        for published in published.into_iter().flatten() {
            self.unpublish(published.key);
        }
        self.unsettle(room, before);
        self.settle(now, key, home);
        self.make_stale(key);
    }

    /// The first of a room is on `worker`: its core is told what people here publish.
    fn meet(&mut self, now: Instant, room: RoomKey, worker: WorkerId) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.neighbours.push((worker, 1));
        }
        for at in self.published_here(room) {
            self.announce(now, at, worker);
        }
    }

    /// Who decides for a room who is let through.
    pub(super) fn lead(&mut self, room: RoomId, by: WorkerId) {
        let here = WorkerId(self.config.connection.worker);
        let Some(at) = self.rooms_by_id.get(&room).copied() else { return };
        let Some(room) = self.rooms.get_mut(at) else { return };
        room.leader = Some(by);
        room.talkers.set_led(by != here);
        self.tell_talkers(at);
    }

    /// The core of `from` says who of a room is let through, if it is the one that decides.
    pub(super) fn follow(&mut self, now: Instant, from: WorkerId, room: RoomId, through: &[StreamId]) {
        let room = self.rooms_by_id.get(&room).and_then(|at| self.rooms.get_mut(*at));
        // That it does may come from there before it comes from the conference.
        if let Some(room) = room.filter(|room| room.leader.is_none_or(|leader| leader == from)) {
            room.leader = Some(from);
            room.talkers.set_led(true);
            room.talkers.follow(now, through);
        }
    }

    /// Others are let through than before: if that is decided here, all cores of the room are told.
    pub(super) fn tell_talkers(&mut self, at: RoomKey) {
        let here = WorkerId(self.config.connection.worker);
        let Some(room) = self.rooms.get_mut(at).filter(|room| room.leader == Some(here)) else { return };
        let Some(through) = room.talkers.news() else { return };
        for (worker, _) in &room.neighbours {
            self.crossings.push_back((*worker, Crossing(About::Talkers(room.id, through.clone()))));
        }
    }

    /// Nobody of a room is on `worker` any more.
    fn part(&mut self, room: RoomKey, worker: WorkerId) {
        for at in self.published_here(room) {
            let Some(publication) = self.publications.get_mut(at) else { continue };
            publication.sinks.remove(Sink::Worker(worker));
            self.crossings.push_back((worker, Crossing::of(at, What::Unpublished)));
            self.demand_changed(at);
        }
    }

    /// What people of a room publish who are here.
    fn published_here(&self, room: RoomKey) -> Vec<PublicationKey> {
        let members = self.rooms.get(room).map(|room| &room.members[..]).unwrap_or_default();
        let here = members.iter().filter_map(|key| self.peers.get(*key)).filter(|peer| peer.home.is_none());
        here.flat_map(|peer| peer.publications.iter().map(|published| published.key)).collect()
    }

    /// Somebody here publishes `at` as of now: every core is told that has people of their room.
    pub(super) fn announce_to_all(&mut self, now: Instant, key: PeerKey, at: PublicationKey) {
        let room = self.peers.get(key).and_then(|peer| self.rooms.get(peer.room));
        let workers: Vec<WorkerId> =
            room.map(|room| room.neighbours.iter().map(|(worker, _)| *worker).collect()).unwrap_or_default();
        for worker in workers {
            self.announce(now, at, worker);
        }
    }

    fn announce(&mut self, now: Instant, at: PublicationKey, worker: WorkerId) {
        let Some(publication) = self.publications.get_mut(at) else { return };
        let Some(peer) = self.peers.get(publication.origin.peer()).map(|peer| peer.id) else { return };
        publication.sinks.add(Sink::Worker(worker));
        let Publication { track, muted, .. } = *publication;
        if track.kind == Kind::Audio {
            publication.sinks.declare(worker, Declared::sound());
        }
        self.crossings.push_back((worker, Crossing::of(at, What::Published { peer, track, muted })));
        self.tell(now, at);
    }

    /// Every core that has people who may be shown the picture `at` is told what is known of its layers.
    pub(super) fn tell(&mut self, now: Instant, at: PublicationKey) {
        let Some(publication) = self.publications.get(at) else { return };
        if publication.track.kind == Kind::Audio || publication.sinks.workers().next().is_none() {
            return;
        }
        let (layers, limited) = (publication.layers.known(now), publication.limited);
        for worker in publication.sinks.workers() {
            self.crossings.push_back((worker, Crossing::of(at, What::Learned { layers, limited })));
        }
    }

    /// Whoever receives `at` on other cores starts anew.
    pub(super) fn begin_elsewhere(&mut self, at: PublicationKey, muted: bool, restarted: bool) {
        let workers =
            self.publications.get(at).into_iter().flat_map(|publication| publication.sinks.workers());
        let began = |worker| (worker, Crossing::of(at, What::Began { muted, restarted }));
        self.crossings.extend(workers.map(began));
    }

    /// What follows of a layer is dropped until its next key frame.
    pub(super) fn cut_elsewhere(&mut self, at: PublicationKey, layer: Layer) {
        let workers =
            self.publications.get(at).into_iter().flat_map(|publication| publication.sinks.workers());
        self.crossings.extend(workers.map(|worker| (worker, Crossing::of(at, What::Cut(layer)))));
    }

    /// The core of another worker says what its people take of a picture that is published here.
    pub(super) fn wanted(&mut self, worker: WorkerId, at: PublicationKey, declared: Declared) {
        let publication = self.publications.get_mut(at);
        let publication = publication.filter(|publication| publication.track.kind == Kind::Video);
        if publication.is_some_and(|publication| publication.sinks.declare(worker, declared)) {
            self.demand_changed(at);
        }
    }

    /// Somebody on the core of another worker waits for a key frame of what is published here.
    pub(super) fn key_frame_wanted_elsewhere(
        &mut self,
        now: Instant,
        worker: WorkerId,
        at: PublicationKey,
        layer: Layer,
    ) {
        let publication = self.publications.get_mut(at).filter(|publication| !publication.muted);
        let Some(publication) = publication.filter(|publication| publication.origin.abroad().is_none())
        else {
            return;
        };
        let merged = publication.want_key_frame(now, Sink::Worker(worker), layer);
        self.counters.key_frames_merged += u64::from(merged);
        let (peer, due) = (publication.origin.peer(), publication.layers.get(layer).keys.deadline(now));
        if let Some(publisher) = self.peers.get_mut(peer) {
            publisher.ask_at(due);
        }
        self.timers.schedule(peer, due);
    }

    /// What other cores want of `at` together, as [`Core::taken_of`]; and whether somebody there starves.
    pub(super) fn declared_of(publication: &Publication) -> (Option<LayerSet>, bool) {
        publication.sinks.declared().fold((None, false), |(all, starves), (_, declared)| {
            let wanted = declared.wanted.map(|wanted| wanted.or(all.unwrap_or_default()));
            (wanted.or(all), starves || declared.starves)
        })
    }

    /// What is to be told to the core of another worker.
    pub fn poll_crossing(&mut self) -> Option<(WorkerId, Crossing)> {
        self.crossings.pop_front()
    }
}
