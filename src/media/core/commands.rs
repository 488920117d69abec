//! What the conference wants done: join, offer, mute, view, leave.

use std::time::Instant;

use super::{Core, Room};
use crate::limits::Limit;
use crate::media::ids::{Kind, OfferId, PeerId, RoomId, Stream, Track};
use crate::media::message::{Notice, SlotLine, Tile, TrackLine};
use crate::media::peer::Peer;
use crate::media::publication::Publication;
use crate::media::rtc::{Connection, Ended, Mid, Offer};
use crate::media::table::{Key, PeerKey};

impl Core {
    pub(super) fn join(&mut self, now: Instant, id: PeerId, room: RoomId) {
        if self.by_id.contains_key(&id) {
            return;
        }
        let room_key = if let Some(key) = self.rooms_by_id.get(&room) {
            *key
        } else {
            let Some(key) = self.rooms.insert(Room { id: room, members: Vec::new(), stale: false }) else {
                return;
            };
            self.rooms_by_id.insert(room, key);
            key
        };
        let peer = Peer::new(id, room_key, self.config.allocators.make(id), now);
        let Some(key) = self.peers.insert(peer) else { return };
        self.by_id.insert(id, key);
        if let Some(room) = self.rooms.get_mut(room_key) {
            room.members.push(key);
        }
    }

    pub(super) fn offer(&mut self, now: Instant, id: PeerId, offer_id: OfferId, fresh: bool, offer: Offer) {
        let Some(key) = self.by_id.get(&id).copied() else {
            let reason = Ended::NoPeer.to_string();
            self.notices.push_back(Notice::Refused { peer: id, id: offer_id, reason });
            return;
        };
        match self.accept(now, key, fresh, offer) {
            Ok(sdp) => {
                let connection = self.peers.get(key).and_then(|peer| peer.connection.as_ref());
                let (sends, receives) = connection.map(Connection::codecs).unwrap_or_default();
                self.notices.push_back(Notice::Answer { peer: id, id: offer_id, sdp, sends, receives });
                self.make_stale(key);
                self.mark_dirty(key);
                self.mark_changed(key);
            }
            Err(ended) => {
                self.counters.offers_refused += 1;
                self.count_mistakes(&ended);
                self.drop_connection(now, key);
                let reason = ended.to_string();
                self.notices.push_back(Notice::Refused { peer: id, id: offer_id, reason });
            }
        }
    }

    fn accept(&mut self, now: Instant, key: PeerKey, fresh: bool, offer: Offer) -> Result<String, Ended> {
        if fresh {
            self.drop_connection(now, key);
        }
        let (tracks, slots) = (offer.tracks.clone(), offer.slots.clone());
        let peer = self.peers.get_mut(key).ok_or(Ended::NoPeer)?;
        let connection = match &mut peer.connection {
            Some(connection) => connection,
            None if fresh => {
                peer.forget_desired();
                peer.connection.insert(Connection::new(&self.config.connection, key.number(), now)?)
            }
            None => return Err(Ended::NoConnection),
        };
        // An ICE restart changes it, and what still came with the one before could not be authenticated any more. After an
        // error nobody knows it.
        self.demux.remove_ufrag(connection.ufrag());
        let answer = connection.accept(offer)?;
        self.demux.add_ufrag(connection.ufrag(), key);
        self.take_tracks(now, key, &tracks, fresh);
        self.take_slots(now, key, &slots);
        let sources = self.peers.get(key).map_or(0, Peer::send_streams);
        if sources > self.config.limits.get(Limit::SsrcsPerPeer) {
            self.tally.hit(Limit::SsrcsPerPeer);
            return Err(Ended::TooManySources);
        }
        Ok(answer)
    }

    /// The peer publishes exactly `tracks` from now on.
    fn take_tracks(&mut self, now: Instant, key: PeerKey, tracks: &[TrackLine], fresh: bool) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let listed =
            |track: Track| tracks.iter().find(|line| Track { stream: line.stream, kind: line.kind } == track);
        let mut moved = Vec::new();
        peer.publications.retain(|publication| listed(publication.track).is_some());
        for line in tracks {
            let track = Track { stream: line.stream, kind: line.kind };
            let mid = Mid::from(line.mid.as_str());
            let muted = peer.muted(track);
            match peer.publication(track) {
                Some(publication) if fresh || publication.mid != mid => {
                    publication.rebind(mid);
                    moved.push(track);
                }
                Some(_) => {}
                None => peer.publications.push(Publication::new(track, mid, muted)),
            }
        }
        for track in moved {
            self.detach_subscribers(now, key, track);
        }
    }

    /// The peer has exactly the slots in `lines` from now on. Owners stay.
    fn take_slots(&mut self, now: Instant, key: PeerKey, lines: &[SlotLine]) {
        for kind in [Kind::Audio, Kind::Video] {
            let mut lines: Vec<&SlotLine> = lines.iter().filter(|line| line.kind == kind).collect();
            lines.sort_by_key(|line| line.slot);
            let surplus = self.peers.get_mut(key).map_or(0, |peer| peer.slots(kind).len());
            for index in lines.len()..surplus {
                self.set_owner(key, kind, index, None);
            }
            let Some(peer) = self.peers.get_mut(key) else { return };
            let mut senders = Vec::with_capacity(lines.len());
            for line in lines {
                let mid = Mid::from(line.mid.as_str());
                let ssrc = peer.connection.as_mut().and_then(|connection| connection.sender(mid));
                senders.push((mid, ssrc));
            }
            peer.arrange(kind, &senders);
            self.all_take_anew(key, kind);
        }
        self.allocate(now, key);
        self.want_key_frames_for(now, key);
    }

    /// The slots of `key` may take something else than before.
    fn all_take_anew(&mut self, key: PeerKey, kind: Kind) {
        let slots = self.peers.get_mut(key).map_or(0, |peer| peer.slots(kind).len());
        for index in 0..slots {
            let slot = self.peers.get_mut(key).and_then(|peer| peer.slots(kind).get(index));
            let owner = slot.and_then(|slot| slot.owner);
            self.takes_changed(owner, kind);
        }
    }

    pub(super) fn mute(&mut self, now: Instant, id: PeerId, track: Track, muted: bool) {
        let Some(key) = self.by_id.get(&id).copied() else { return };
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.mutes.retain(|(known, _)| *known != track);
        peer.mutes.push((track, muted));
        let Some(publication) = peer.publication(track) else { return };
        if publication.muted == muted {
            return;
        }
        publication.muted = muted;
        publication.layers.satisfied();
        // What is left out while muted must not look lost: the sequence goes on where it stopped.
        if track.kind == Kind::Video && !muted {
            self.allocate_viewers(now, key, track);
        }
        self.detach_subscribers(now, key, track);
        if track.kind == Kind::Video && !muted {
            self.ask_for_key_frames(now, key);
        }
        if track.stream == Stream::Screen {
            // A screen that is not shared holds no slot.
            self.make_stale(key);
        }
    }

    /// Everyone who receives `track` of `key` starts anew with it: a picture at its next key frame, sound at once.
    fn detach_subscribers(&mut self, now: Instant, key: PeerKey, track: Track) {
        let Some(publication) = self.peers.get_mut(key).and_then(|peer| peer.publication(track)) else {
            return;
        };
        publication.sinks.expire();
        let (subscribers, muted) = (publication.subscribers.clone(), publication.muted);
        let mut wanted = Vec::new();
        for subscriber in subscribers {
            if let Some(peer) = self.peers.get_mut(subscriber.peer)
                && let Some(slot) = peer.slots(track.kind).get_mut(usize::from(subscriber.slot))
            {
                slot.detach();
                if track.kind == Kind::Video {
                    wanted.extend(slot.target.filter(|layer| !muted && !wanted.contains(layer)));
                    self.mark_changed(subscriber.peer);
                }
            }
        }
        let publication = self.peers.get_mut(key).and_then(|peer| peer.publication(track));
        for (layer, publication) in wanted.into_iter().zip(publication) {
            publication.layers.get_mut(layer).keys.want(now);
        }
    }

    /// Only this person's slots may change by it: a client that says it all the time makes no work in proportion to the
    /// square of the room.
    pub(super) fn view(&mut self, now: Instant, id: PeerId, tiles: Vec<Tile>) {
        let Some(key) = self.by_id.get(&id).copied() else { return };
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.view = Some(tiles);
        let room = self.rooms.get(peer.room).filter(|room| !room.stale);
        if let Some(members) = room.map(|room| room.members.clone()) {
            let everything = self.candidates(now, &members);
            self.show_to(now, key, &everything);
        }
    }

    pub(super) fn leave(&mut self, now: Instant, id: PeerId) {
        let Some(key) = self.by_id.get(&id).copied() else { return };
        for kind in [Kind::Audio, Kind::Video] {
            let slots = self.peers.get_mut(key).map_or(0, |peer| peer.slots(kind).len());
            for index in 0..slots {
                self.set_owner(key, kind, index, None);
            }
        }
        self.drop_connection(now, key);
        self.make_stale(key);
        self.by_id.remove(&id);
        let Some(peer) = self.peers.remove(key) else { return };
        self.past_faults.add(&peer.faults());
        self.timers.cancel(key);
        self.dirty.retain(|dirty| *dirty != key);
        self.changed.retain(|changed| *changed != key);
        let Some(room) = self.rooms.get_mut(peer.room) else { return };
        room.members.retain(|member| *member != key);
        if room.members.is_empty() {
            let id = room.id;
            self.rooms.remove(peer.room);
            self.rooms_by_id.remove(&id);
            self.stale_rooms.retain(|stale| *stale != peer.room);
        }
    }

    /// Ends a connection without a word: its addresses and names are free again, its slots show nothing.
    pub(super) fn drop_connection(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        (peer.deadline, peer.estimate) = (None, None);
        let Some(connection) = peer.connection.take() else { return };
        self.demux.remove_ufrag(connection.ufrag());
        for path in connection.paths() {
            self.demux.forget_path_of(key, path);
        }
        for slot in peer.video.iter_mut().chain(&mut peer.audio) {
            slot.detach();
            slot.ssrc = None;
        }
        peer.forget_send_streams();
        for kind in [Kind::Audio, Kind::Video] {
            self.all_take_anew(key, kind);
        }
        let Some(peer) = self.peers.get(key) else { return };
        let tracks: Vec<Track> = peer.publications.iter().map(|publication| publication.track).collect();
        for track in tracks {
            self.detach_subscribers(now, key, track);
            if let Some(publication) = self.peers.get_mut(key).and_then(|peer| peer.publication(track)) {
                publication.layers.satisfied();
            }
        }
    }
}
