//! Who hears whom: what follows from the choice of a room's loudest.

use std::time::Instant;

use super::Core;
use super::demand::CAMERA;
use crate::media::PAIRED_SLOTS;
use crate::media::dominant::Passed;
use crate::media::ids::{Kind, PeerId, Stream, StreamId, Track};
use crate::media::loudest::{Concerned, Heard, ROWS};
use crate::media::message::{Beside, Notice, Tile};
use crate::media::slots::{Hears, assign_audio};
use crate::media::sound::Spoken;
use crate::media::table::{PeerKey, RoomKey};
use crate::media::talkers::Through;

impl Core {
    /// A packet of sound came: who has the floor, and who has a place in people's slots, may be others now. Who is left out has
    /// neither.
    pub(super) fn heard(&mut self, now: Instant, at: RoomKey, id: StreamId, spoken: &Spoken) {
        let through = spoken.heard != Through::No;
        if matches!(spoken.heard, Through::First { .. }) {
            self.tell_talkers(at);
        }
        if let Some(level) = spoken.level.filter(|_| through && id.stream == Stream::Camera) {
            self.speak(now, at, id.peer, level);
        }
        if self.rooms.get(at).is_some_and(|room| room.loudest.is_crowded()) {
            self.voice(now, at, Heard { id, loudness: spoken.loudness.filter(|_| through) });
        }
        if spoken.goes_home {
            self.look_again(at, Concerned::Everybody);
        }
    }

    /// A voice says how loud it is. Whom that concerns looks again at the end of the turn.
    pub(super) fn voice(&mut self, now: Instant, at: RoomKey, heard: Heard) {
        let Some(room) = self.rooms.get_mut(at) else { return };
        let concerned = room.loudest.hear(now, heard);
        if concerned != Concerned::Nobody {
            self.counters.loudest_changed += 1;
            self.look_again(at, concerned);
        }
    }

    /// These look at the end of the turn whom they hear where.
    fn look_again(&mut self, at: RoomKey, concerned: Concerned) {
        let Some(room) = self.rooms.get_mut(at) else { return };
        if room.concerned == Concerned::Nobody {
            self.changed_rooms.push(at);
        }
        room.concerned = room.concerned.max(concerned);
    }

    /// Chooses the loudest of a room anew, after somebody came, left or changed what they publish or receive.
    pub(super) fn settle_voices(&mut self, now: Instant, at: RoomKey, members: &[PeerKey]) {
        let Some(room) = self.rooms.get(at) else { return };
        let voices = self.shown(members, Kind::Audio).map(|(id, publication)| {
            let loudness = publication.sound.voice.loudness(now);
            Heard { id, loudness: loudness.filter(|_| !publication.muted && room.talkers.has(id)) }
        });
        let voices: Vec<Heard> = voices.collect();
        let slots = members.iter().filter_map(|member| Some(self.peers.get(*member)?.audio.len()));
        let fewest = slots.filter(|slots| *slots > 0).min().unwrap_or(ROWS);
        if let Some(room) = self.rooms.get_mut(at) {
            room.talkers.retain(|id| voices.iter().any(|voice| voice.id == id));
            room.loudest.settle(now, fewest, &voices);
            // Everybody looks again now.
            room.concerned = Concerned::Nobody;
        }
        self.tell_talkers(at);
    }

    /// Nothing is to be heard of a voice until it says something again. Whoever heard it `apart` from its picture no longer does.
    pub(super) fn silence(&mut self, now: Instant, at: RoomKey, id: StreamId, apart: bool) {
        if apart {
            self.look_again(at, Concerned::Everybody);
        }
        let Some(room) = self.rooms.get_mut(at) else { return };
        room.talkers.silence(id);
        room.loudest.silence(id);
        self.tell_talkers(at);
        let Some(room) = self.rooms.get_mut(at) else { return };
        if id.stream == Stream::Camera {
            let passed = room.floor.silence(id.peer);
            self.pass_floor(now, at, passed);
        }
    }

    /// A microphone says its level, in dB below full scale: who has the floor may be somebody else now.
    pub(super) fn speak(&mut self, now: Instant, at: RoomKey, peer: PeerId, level: u8) {
        let passed = self.rooms.get_mut(at).and_then(|room| room.floor.hear(now, peer, level));
        self.pass_floor(now, at, passed);
    }

    /// Everybody is told, and whoever is shown the one who speaks, or spoke before, is shown them as their downlink allows.
    fn pass_floor(&mut self, now: Instant, at: RoomKey, passed: Option<Passed>) {
        let Some(Passed { peer, holds }) = passed else { return };
        self.counters.floor_passed += 1;
        self.notices.push_back(Notice::Floor { peer, holds });
        let Some(room) = self.rooms.get_mut(at).filter(|_| holds) else { return };
        let before = room.speaker.replace(peer);
        if before == Some(peer) {
            return;
        }
        let cameras = before.into_iter().chain([peer]).filter_map(|peer| {
            let publisher = self.peers.get(*self.by_id.get(&peer)?)?;
            self.publications.get(publisher.publication(CAMERA)?)
        });
        let mut viewers: Vec<PeerKey> =
            cameras.flat_map(|camera| camera.sinks.slots()).map(|(peer, _)| peer).collect();
        viewers.sort_unstable();
        viewers.dedup();
        for viewer in viewers {
            self.allocate(now, viewer);
        }
    }

    /// Sees to whoever hears somebody else than before, in every room whose loudest changed in this turn.
    pub(super) fn hand_out_voices(&mut self, now: Instant) {
        while let Some(at) = self.changed_rooms.pop() {
            let Some(room) = self.rooms.get_mut(at) else { continue };
            let concerned: Vec<PeerKey> = match std::mem::replace(&mut room.concerned, Concerned::Nobody) {
                Concerned::Nobody => continue,
                Concerned::Chosen => {
                    room.loudest.people().filter_map(|id| self.by_id.get(&id).copied()).collect()
                }
                Concerned::Everybody => room.members.clone(),
            };
            for key in concerned {
                self.let_hear(now, key);
            }
        }
    }

    /// Gives the audio slots of `key` to whom they are to hear.
    pub(super) fn let_hear(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get(key) else { return };
        let Some(room) = self.rooms.get(peer.room) else { return };
        self.counters.listeners_visited += 1;
        let heard: Vec<StreamId> = match (&peer.seldom.view, peer.seldom.beside) {
            (Some(view), Beside::Nothing) => self.voices_of(view, peer.audio.len()),
            _ => room.loudest.heard_by(peer.id, peer.audio.len()).collect(),
        };
        let heard: Vec<Hears> = heard.into_iter().map(|id| self.hears(now, id)).collect();
        let video: Vec<_> = peer.video.iter().map(|slot| slot.owner).take(PAIRED_SLOTS.into()).collect();
        let mut audio: Vec<_> = peer.audio.iter().map(|slot| slot.owner).collect();
        assign_audio(&mut audio, &video, PAIRED_SLOTS.into(), &heard);
        for id in heard.iter().filter(|voice| voice.audible).map(|voice| voice.id) {
            let place = |slots: &[Option<StreamId>]| slots.iter().position(|owner| *owner == Some(id));
            if place(&video).is_some_and(|home| place(&audio) != Some(home)) {
                self.goes_home_when_silent(id);
            }
        }
        for (index, owner) in audio.into_iter().enumerate() {
            self.set_owner(key, Kind::Audio, index, owner);
        }
    }

    /// The voices of those whose pictures a view names, as many as there are `places`.
    fn voices_of(&self, view: &[Tile], places: usize) -> Vec<StreamId> {
        let sounds = |id: &StreamId| {
            let peer = self.by_id.get(&id.peer).and_then(|key| self.peers.get(*key));
            peer.is_some_and(|peer| {
                peer.publication(Track { stream: id.stream, kind: Kind::Audio }).is_some()
            })
        };
        let mut voices = Vec::with_capacity(places);
        for stream in [Stream::Camera, Stream::Screen] {
            for id in view.iter().map(|tile| StreamId { peer: tile.peer, stream }).filter(sounds) {
                if voices.len() < places && !voices.contains(&id) {
                    voices.push(id);
                }
            }
        }
        voices
    }

    /// Whether a voice is in the middle of a word, and has a picture. The row need not know: where everybody is heard it is told of
    /// no levels.
    fn hears(&self, now: Instant, id: StreamId) -> Hears {
        let peer = self.by_id.get(&id.peer).and_then(|key| self.peers.get(*key));
        let track = |kind| peer.and_then(|peer| peer.publication(Track { stream: id.stream, kind }));
        let publication = track(Kind::Audio).and_then(|key| self.publications.get(key));
        let audible = publication
            .is_some_and(|publication| !publication.muted && publication.sound.voice.loudness(now).is_some());
        Hears { id, audible, pictured: track(Kind::Video).is_some() }
    }

    /// Everybody looks at a voice anew when it cannot be heard any more.
    fn goes_home_when_silent(&mut self, id: StreamId) {
        let peer = self.by_id.get(&id.peer).and_then(|key| self.peers.get(*key));
        let key = peer.and_then(|peer| peer.publication(Track { stream: id.stream, kind: Kind::Audio }));
        if let Some(publication) = key.and_then(|key| self.publications.get_mut(key)) {
            publication.sound.apart = true;
        }
    }
}
