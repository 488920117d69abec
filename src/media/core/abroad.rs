//! What people publish who are on other workers: it comes from their cores, and is passed on here like what comes by the network.

use std::time::Instant;

use super::Core;
use crate::media::crossing::{About, Crossing, What};
use crate::media::ids::{PeerId, Track, WorkerId};
use crate::media::layers::Learned;
use crate::media::message::Limitation;
use crate::media::peer::Published;
use crate::media::publication::{Abroad, Origin, Publication};
use crate::media::rtc::Packet;
use crate::media::sinks::Declared;
use crate::media::table::{PeerKey, PublicationKey};

/// A publication of another core that this one was told of.
#[derive(Debug)]
pub(super) struct Guest {
    peer: PeerId,
    track: Track,
    muted: bool,
    /// Its key here; `None` while its publisher is not known to be there.
    here: Option<PublicationKey>,
}

impl Core {
    /// Takes in what the core of the worker `from` tells.
    pub fn handle_crossing(&mut self, now: Instant, from: WorkerId, crossing: Crossing) {
        let now = self.advance(now);
        let (at, what) = match crossing.0 {
            About::Publication(at, what) => (at, what),
            About::Talkers(room, through) => return self.follow(now, from, room, &through),
            About::File(part) => return self.file_came(now, part),
            About::Freed(file, bytes) => return self.file_freed(now, file, bytes),
        };
        let abroad = Abroad { worker: from, at };
        match what {
            What::Wanted(declared) => return self.wanted(from, at, declared),
            What::KeyFrame(layer) => return self.key_frame_wanted_elsewhere(now, from, at, layer),
            What::Published { peer, track, muted } => return self.told_of(now, abroad, peer, track, muted),
            What::Unpublished => return self.told_no_more_of(abroad),
            _ => {}
        }
        let Some(guest) = self.guests.get_mut(&abroad) else { return };
        if let What::Began { muted, .. } = what {
            guest.muted = muted;
        }
        let Some(here) = guest.here else { return };
        match what {
            What::Packet { packet, capture, resumes } => {
                if let Some(publication) = self.publications.get_mut(here) {
                    publication.sound.held_back |= resumes;
                }
                self.handle_crossed(now, here, &packet, capture);
            }
            What::Learned { layers, limited } => self.learn_layers(now, here, &layers, limited),
            What::Began { muted, restarted } => self.begin_here(now, here, muted, restarted),
            What::Cut(layer) => {
                if let Some(publication) = self.publications.get_mut(here) {
                    publication.cut(layer, now);
                }
                self.allocate_viewers(now, here);
            }
            _ => {}
        }
    }

    /// The connection to the worker `worker` is another one: what its core told before is of nobody any more.
    pub fn forget_worker(&mut self, worker: WorkerId) {
        let mut gone: Vec<Abroad> =
            self.guests.keys().filter(|known| known.worker == worker).copied().collect();
        gone.sort_unstable_by_key(|abroad| abroad.at);
        for abroad in gone {
            self.told_no_more_of(abroad);
        }
    }

    /// A core says that somebody there publishes something. That they are there the conference says, maybe only later.
    fn told_of(&mut self, now: Instant, abroad: Abroad, peer: PeerId, track: Track, muted: bool) {
        self.told_no_more_of(abroad);
        self.guests.insert(abroad, Guest { peer, track, muted, here: None });
        match self.by_id.get(&peer).copied() {
            Some(key) if self.peers.get(key).is_some_and(|peer| peer.home == Some(abroad.worker)) => {
                self.take_in(now, key, abroad);
            }
            _ => self.foretold.push(abroad),
        }
    }

    /// Somebody is on `worker`: what its core said of them before is theirs.
    pub(super) fn adopt(&mut self, now: Instant, key: PeerKey, worker: WorkerId) {
        let Some(id) = self.peers.get(key).map(|peer| peer.id) else { return };
        let guests = &self.guests;
        let is_theirs = |abroad: &mut Abroad| {
            abroad.worker == worker && guests.get(abroad).is_some_and(|guest| guest.peer == id)
        };
        let theirs: Vec<Abroad> = self.foretold.extract_if(.., is_theirs).collect();
        for abroad in theirs {
            self.take_in(now, key, abroad);
        }
    }

    fn take_in(&mut self, now: Instant, key: PeerKey, abroad: Abroad) {
        let (Some(guest), Some(peer)) = (self.guests.get_mut(&abroad), self.peers.get_mut(key)) else {
            return;
        };
        let track = guest.track;
        let publication = Publication::new(Origin::Far { peer: key, from: abroad }, track, guest.muted);
        // There is one of a track: another one of the same is one that its core will take back.
        let others = peer.publications.extract_if(.., |published| published.track == track);
        let others: Vec<Published> = others.collect();
        let Some(here) = self.publications.insert(publication) else { return };
        guest.here = Some(here);
        peer.publications.push(Published { track, mid: None, key: here });
        for published in others {
            self.unpublish(published.key);
        }
        self.make_stale(key);
        self.declare(here);
        self.start_anew(now, here);
    }

    fn told_no_more_of(&mut self, abroad: Abroad) {
        self.foretold.retain(|known| *known != abroad);
        let Some(here) = self.guests.remove(&abroad).and_then(|guest| guest.here) else { return };
        let Some(key) = self.publications.get(here).map(|publication| publication.origin.peer()) else {
            return;
        };
        if let Some(peer) = self.peers.get_mut(key) {
            peer.publications.retain(|published| published.key != here);
        }
        self.make_stale(key);
        self.unpublish(here);
    }

    /// The publication of another core that was `abroad` is none here any more.
    pub(super) fn forget_guest(&mut self, abroad: Abroad) {
        if let Some(guest) = self.guests.get_mut(&abroad) {
            guest.here = None;
        }
    }

    fn handle_crossed(&mut self, now: Instant, at: PublicationKey, packet: &Packet, capture: Instant) {
        self.counters.arrived_from_workers += 1;
        let Some(key) = self.publications.get(at).map(|publication| publication.origin.peer()) else {
            return;
        };
        self.pass_on(now, key, at, packet, Some(capture));
    }

    /// Its publisher's core knows this of the layers of the picture `at`.
    fn learn_layers(
        &mut self,
        now: Instant,
        at: PublicationKey,
        layers: &[Learned; 3],
        limited: Option<Limitation>,
    ) {
        let Some(publication) = self.publications.get_mut(at) else { return };
        let others = publication.layers.learn(now, layers);
        if std::mem::replace(&mut publication.limited, limited) != limited || others {
            self.allocate_viewers(now, at);
        }
    }

    fn begin_here(&mut self, now: Instant, at: PublicationKey, muted: bool, restarted: bool) {
        let Some(publication) = self.publications.get_mut(at) else { return };
        if restarted {
            publication.layers.restart();
        }
        if publication.muted == muted {
            self.start_anew(now, at);
        } else {
            self.set_muted(now, at, muted);
        }
    }

    /// Tells the core of its publisher what people here take of the picture `at`, if that is news.
    pub(super) fn declare(&mut self, at: PublicationKey) {
        let (wanted, starves) = (self.taken_of(at), self.starves_on(at));
        let takes = self.takes_of(at);
        let Some(publication) = self.publications.get_mut(at) else { return };
        publication.audience.listed = false;
        let Some(Abroad { worker, at: there }) = publication.origin.abroad() else { return };
        let declared = Declared { takes, wanted, starves };
        if publication.audience.declared.replace(declared) != Some(declared) {
            self.crossings.push_back((worker, Crossing::of(there, What::Wanted(declared))));
        }
    }
}
