//! Which slot shows whom: rooms whose answer may have changed are looked at once a turn.

use std::time::Instant;

use super::Core;
use crate::media::PAIRED_SLOTS;
use crate::media::ids::{Kind, Stream, StreamId, Track};
use crate::media::message::Notice;
use crate::media::slots::{Candidate, assign_audio, assign_video};
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
            let everything = self.candidates(now, &members);
            for member in members {
                self.show_to(now, member, &everything);
            }
        }
    }

    /// Every stream of the room, shares first, then in the order of joining.
    pub(super) fn candidates(&self, now: Instant, members: &[PeerKey]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for stream in [Stream::Screen, Stream::Camera] {
            for member in members {
                let Some(peer) = self.peers.get(*member) else { continue };
                // A camera that is off comes back at any moment and keeps its slot. A muted screen is not shared.
                let shown = |kind: Kind| {
                    let at = peer.publication(Track { stream, kind })?;
                    let publication = self.publications.get(at)?;
                    (stream == Stream::Camera || !publication.muted).then_some(publication)
                };
                let voice = shown(Kind::Audio);
                let (audio, video) = (voice.is_some(), shown(Kind::Video).is_some());
                if audio || video {
                    candidates.push(Candidate {
                        id: peer.stream(stream),
                        video,
                        audio,
                        audible: voice.is_some_and(|voice| !voice.muted && voice.voice.is_audible(now)),
                        below_full_scale: voice.map_or(127.0, |voice| voice.voice.below_full_scale(now)),
                    });
                }
            }
        }
        candidates
    }

    pub(super) fn show_to(&mut self, now: Instant, key: PeerKey, everything: &[Candidate]) {
        let Some(peer) = self.peers.get(key) else { return };
        if peer.video.is_empty() && peer.audio.is_empty() {
            return;
        }
        let mut candidates: Vec<Candidate> =
            everything.iter().filter(|candidate| candidate.id.peer != peer.id).copied().collect();
        if let Some(view) = &peer.view {
            // A picture that nobody looks at is not sent.
            for candidate in &mut candidates {
                candidate.video &= !view.is_empty();
            }
            let rank = |id: StreamId| {
                let tile = |tile: &crate::media::message::Tile| {
                    StreamId { peer: tile.peer, stream: tile.stream } == id
                };
                let unnamed = if id.stream == Stream::Screen { 0 } else { usize::MAX };
                // A screen that was just shared comes first, before the client could name it.
                view.iter().position(tile).map_or(unnamed, |at| at + 1)
            };
            candidates.sort_by_cached_key(|candidate| rank(candidate.id));
        }
        let mut video: Vec<_> = peer.video.iter().map(|slot| slot.owner).collect();
        let mut audio: Vec<_> = peer.audio.iter().map(|slot| slot.owner).collect();
        assign_video(&mut video, &candidates);
        assign_audio(&mut audio, &video, usize::from(PAIRED_SLOTS), &candidates);
        for (index, owner) in video.into_iter().enumerate() {
            self.set_owner(key, Kind::Video, index, owner);
        }
        for (index, owner) in audio.into_iter().enumerate() {
            self.set_owner(key, Kind::Audio, index, owner);
        }
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
            peer.slots_changed = false;
            let people = self.rooms.get(peer.room).map_or(0, |room| room.members.len());
            peer.update_desired(people);
            let (peer, slots) = (peer.id, peer.table());
            self.notices.push_back(Notice::Slots { peer, slots });
            self.mark_dirty(key);
        }
    }
}
