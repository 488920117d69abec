//! Which slot shows whom: rooms whose answer may have changed are looked at once a turn.

use std::time::Instant;

use super::Core;
use crate::media::PAIRED_SLOTS;
use crate::media::ids::{Kind, Stream, StreamId, Track};
use crate::media::message::{Beside, Notice};
use crate::media::publication::Publication;
use crate::media::slots::assign_video;
use crate::media::table::PeerKey;

impl Core {
    /// The slots of everyone in the room of `key` may have to change.
    pub(super) fn make_stale(&mut self, key: PeerKey) {
        let Some(peer) = self.peers.get(key) else { return };
        let at = peer.room;
        if let Some(room) = self.rooms.get_mut(at)
            && !room.stale
        {
            room.stale = true;
            self.stale_rooms.push(at);
        }
    }

    /// Gives slots their owners in every stale room.
    pub(super) fn show(&mut self, now: Instant) {
        while let Some(at) = self.stale_rooms.pop() {
            let Some(room) = self.rooms.get_mut(at) else { continue };
            room.stale = false;
            let members = room.members.clone();
            let pictures = self.pictures(&members);
            self.settle_voices(now, at, &members);
            for member in members {
                self.show_to(now, member, &pictures);
            }
        }
    }

    /// Every picture of the room, shares first, then in the order of joining.
    pub(super) fn pictures(&self, members: &[PeerKey]) -> Vec<StreamId> {
        self.shown(members, Kind::Video).map(|(id, _)| id).collect()
    }

    /// Every track of one kind that the room is to be shown, in that order. A camera that is off comes back at any moment and
    /// keeps its slot. A muted screen is not shared.
    pub(super) fn shown<'a>(
        &'a self,
        members: &'a [PeerKey],
        kind: Kind,
    ) -> impl Iterator<Item = (StreamId, &'a Publication)> {
        [Stream::Screen, Stream::Camera].into_iter().flat_map(move |stream| {
            members.iter().filter_map(move |member| {
                let peer = self.peers.get(*member)?;
                let publication = self.publications.get(peer.publication(Track { stream, kind })?)?;
                let shown = stream == Stream::Camera || !publication.muted;
                shown.then_some((peer.stream(stream), publication))
            })
        })
    }

    /// Gives the slots of `key` their owners, of the room's `pictures` and loudest.
    pub(super) fn show_to(&mut self, now: Instant, key: PeerKey, pictures: &[StreamId]) {
        let Some(peer) = self.peers.get(key) else { return };
        if peer.video.is_empty() && peer.audio.is_empty() {
            return;
        }
        let mut wanted: Vec<StreamId> = pictures.iter().filter(|id| id.peer != peer.id).copied().collect();
        if let Some(view) = &peer.seldom.view {
            let rank = |id: StreamId| {
                let unnamed = if id.stream == Stream::Screen { 0 } else { usize::MAX };
                // A screen that was just shared comes first, before the client could name it.
                view.iter().position(|tile| tile.id() == id).map_or(unnamed, |at| at + 1)
            };
            wanted.sort_by_cached_key(|id| rank(*id));
            // A picture that nobody looks at is not sent.
            let named = |id: &StreamId| view.iter().any(|tile| tile.id() == *id);
            wanted.retain(|id| !view.is_empty() && (peer.seldom.beside == Beside::Everything || named(id)));
        }
        let mut video: Vec<_> = peer.video.iter().map(|slot| slot.owner).collect();
        let audio: Vec<_> = peer.audio.iter().map(|slot| slot.owner).collect();
        assign_video(&mut video, &audio, PAIRED_SLOTS.into(), &wanted);
        for (index, owner) in video.into_iter().enumerate() {
            self.set_owner(key, Kind::Video, index, owner);
        }
        self.let_hear(now, key);
        if let Some(peer) = self.peers.get_mut(key) {
            peer.find_tiles();
        }
        self.allocate(now, key);
        for sink in std::mem::take(&mut self.opened) {
            self.want_first_key_frame(now, sink);
        }
    }

    /// Tells the conference of every peer whose slots changed in this turn.
    pub(super) fn tell_slots(&mut self) {
        for key in std::mem::take(&mut self.changed) {
            let Some(peer) = self.peers.get_mut(key) else { continue };
            peer.listed.changed = false;
            let people = self.rooms.get(peer.room).map_or(0, |room| room.members.len());
            peer.update_desired(people);
            let (peer, slots) = (peer.id, peer.table());
            self.notices.push_back(Notice::Slots { peer, slots });
            self.mark_dirty(key);
        }
    }
}
