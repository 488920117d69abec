//! What of a camera or a screen somebody wants, and what its publisher is told of that.

use std::time::{Duration, Instant};

use super::Core;
use crate::media::VIDEO_SLOTS;
use crate::media::ids::{Kind, Layer, Stream, Track};
use crate::media::message::{Less, Notice, TrackRates};
use crate::media::sinks::LayerSet;
use crate::media::table::{PeerKey, PublicationKey, RoomKey};

/// Somebody's camera.
pub(super) const CAMERA: Track = Track { stream: Stream::Camera, kind: Kind::Video };

/// Somebody's shared screen.
const SCREEN: Track = Track { stream: Stream::Screen, kind: Kind::Video };

/// Whoever enters has slots within this; on a slower line the picture begins when they have.
const COME_WITHIN: Duration = Duration::from_secs(5);

impl Core {
    /// Somebody may take something else of the publication `at` than before: it is looked at when the turn ends.
    pub(super) fn demand_changed(&mut self, at: PublicationKey) {
        let publication = self.publications.get_mut(at);
        if let Some(publication) = publication.filter(|publication| publication.track.kind == Kind::Video)
            && !std::mem::replace(&mut publication.audience.listed, true)
        {
            self.demands.push(at);
        }
    }

    /// The downlink of `key` no longer holds the smallest pictures of those they are shown, or holds them again.
    pub(super) fn starves_changed(&mut self, key: PeerKey) {
        let slots = self.peers.get(key).map(|peer| peer.video.len()).unwrap_or_default();
        for number in 0..slots {
            let shown = self.peers.get(key).and_then(|peer| peer.video.get(number)?.publication);
            if let Some(at) = shown {
                self.demand_changed(at);
            }
        }
    }

    /// Somebody entered the room: who would be the first to see a picture is not to wait for it.
    pub(super) fn expect_viewer(&mut self, now: Instant, room: RoomKey) {
        let Some(members) = self.rooms.get(room).map(|room| room.members.clone()) else { return };
        for member in members.into_iter().take(VIDEO_SLOTS.into()) {
            for track in [SCREEN, CAMERA] {
                let picture = self.peers.get(member).and_then(|peer| peer.publication(track));
                let Some(at) = picture else { continue };
                let publication = self.publications.get_mut(at);
                if let Some(publication) = publication.filter(|known| known.origin.abroad().is_none()) {
                    publication.audience.expected = Some(now + COME_WITHIN);
                }
                self.demand_changed(at);
            }
        }
    }

    /// Looks at every picture of which somebody takes something else since the last turn.
    pub(super) fn review_demands(&mut self, now: Instant) {
        while let Some(at) = self.demands.pop() {
            self.review_demand(now, at);
        }
    }

    /// It is time to look at the pictures of `key` again.
    pub(super) fn demand_is_due(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if peer.seldom.reviews.take_if(|at| *at <= now).is_none() {
            return;
        }
        for at in [SCREEN, CAMERA].map(|track| peer.publication(track)).into_iter().flatten() {
            self.review_demand(now, at);
        }
    }

    /// Which layers of the picture `at` are to be sent? The smallest one of a camera for as long as somebody sees it: whoever's downlink falls has
    /// to go somewhere at once. Half the lines of a screen take as much as a camera, and stop as any other size does.
    pub(super) fn review_demand(&mut self, now: Instant, at: PublicationKey) {
        if self.publications.get(at).is_some_and(|publication| publication.origin.abroad().is_some()) {
            return self.declare(at);
        }
        let taken = self.taken_of(at);
        let starves = self.starves_on(at);
        let Some(publication) = self.publications.get_mut(at) else { return };
        publication.audience.listed = false;
        let expected = publication.audience.expected.filter(|until| now < *until);
        let base = publication.layers.base();
        let stream = publication.track.stream;
        let seen = (taken.is_some() && stream == Stream::Camera) || expected.is_some();
        let wants = |layer| taken.is_some_and(|taken| taken.contains(layer)) || (seen && base == Some(layer));
        let (next, missing) = publication.layers.review(now, wants);
        let stopped = LayerSet::of(|layer| publication.layers.is_stopped(layer));
        // When nobody takes any of them, one that comes later is not to be sent either.
        let nobody = publication.layers.rest();
        let told = if nobody { LayerSet::all() } else { stopped };
        let was_lean = publication.audience.lean.is_lean();
        let leaner = publication.audience.lean.review(now, starves && stream == Stream::Camera);
        let lean = publication.audience.lean.is_lean();
        let news = std::mem::replace(&mut publication.audience.told, told) != told || lean != was_lean;
        let key = publication.origin.peer();
        let due = next.into_iter().chain(expected).chain(leaner).min();
        publication.audience.due = due;
        let other = if stream == Stream::Camera { SCREEN } else { CAMERA };
        let other = self.peers.get(key).and_then(|peer| self.publications.get(peer.publication(other)?));
        let next = due.into_iter().chain(other.and_then(|other| other.audience.due)).min();
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.seldom.reviews = next;
        peer.allocates = peer.allocates.into_iter().chain(next).min();
        if let Some(next) = next {
            self.timers.schedule(key, next);
        }
        if news {
            let layers = Layer::ALL.into_iter().filter(|layer| told.contains(*layer)).collect();
            let less = Less { layers, lean };
            self.notices.push_back(Notice::Unwanted { peer: peer.id, stream, less });
        }
        if missing {
            self.allocate_viewers(now, at);
        }
        if missing || news {
            self.tell(now, at);
        }
    }

    /// Whether a camera is shown to somebody whose downlink does not hold the smallest pictures.
    pub(super) fn starves_on(&self, at: PublicationKey) -> bool {
        self.publications.get(at).is_some_and(|publication| {
            let here = publication
                .sinks
                .slots()
                .any(|(peer, _)| self.peers.get(peer).is_some_and(|viewer| viewer.seldom.starves));
            here || Core::declared_of(publication).1
        })
    }

    /// The layers whose packets people here take of a picture.
    pub(super) fn takes_of(&self, at: PublicationKey) -> LayerSet {
        let slots = self.publications.get(at).into_iter().flat_map(|publication| publication.sinks.slots());
        let shown = slots.filter_map(|(peer, slot)| self.peers.get(peer)?.video.get(usize::from(slot)));
        shown.fold(LayerSet::default(), |all, shown| all.or(shown.taken()))
    }

    /// What all who are shown a camera take of it together; `None` if nobody is.
    pub(super) fn taken_of(&self, at: PublicationKey) -> Option<LayerSet> {
        let publication = self.publications.get(at)?;
        let elsewhere = Core::declared_of(publication).0;
        publication.sinks.slots().fold(elsewhere, |all, (peer, slot)| {
            let viewer = self.peers.get(peer);
            let shown = viewer.and_then(|viewer| viewer.video.get(usize::from(slot)));
            let taken = viewer.zip(shown).map(|(viewer, shown)| {
                if viewer.seldom.allocator.spares() { shown.taken() } else { LayerSet::all() }
            });
            Some(all.unwrap_or_default().or(taken.unwrap_or_default()))
        })
    }

    /// The publication is gone, or comes on another connection: all of it is to be sent, as at first.
    pub(super) fn forget_demand(&mut self, peer: PeerKey, stream: Stream, told: LayerSet) {
        if let Some(peer) = self.peers.get(peer).filter(|_| told != LayerSet::default()) {
            self.notices.push_back(Notice::Unwanted { peer: peer.id, stream, less: Less::default() });
        }
    }

    /// The publisher `key` was asked for these rates: what is not among them does not come.
    pub(super) fn list_layers(&mut self, key: PeerKey, rates: &[TrackRates]) {
        for rates in rates.iter().filter(|rates| rates.track.kind == Kind::Video) {
            let at = self.peers.get(key).and_then(|peer| peer.publication(rates.track));
            if let Some(publication) = at.and_then(|at| self.publications.get_mut(at)) {
                publication.layers.list(|layer| rates.layers.iter().any(|(of, _)| *of == layer));
            }
        }
    }
}
