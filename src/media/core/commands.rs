//! What the conference wants done: join, offer, mute, view, leave.

use std::time::Instant;

use super::{Core, Room};
use crate::limits::Limit;
use crate::media::files::Files;
use crate::media::ids::{Kind, OfferId, PeerId, RoomId, Stream, Track, WorkerId};
use crate::media::message::{Beside, Limitation, Notice, ReachedSet, SlotLine, Tile, TrackLine};
use crate::media::peer::{Peer, Published};
use crate::media::publication::{Origin, Publication};
use crate::media::rtc::{Connection, Ended, Mid, Offer};
use crate::media::table::{Key, PeerKey, PublicationKey};

impl Core {
    pub(super) fn enter(&mut self, now: Instant, id: PeerId, room: RoomId, home: Option<WorkerId>) {
        let room_key = if let Some(key) = self.rooms_by_id.get(&room) {
            *key
        } else {
            let Some(key) = self.rooms.insert(Room::new(room, self.config.audio_top)) else {
                return;
            };
            self.rooms_by_id.insert(room, key);
            key
        };
        let peer = Peer::new(id, room_key, self.config.allocators.make(id), now);
        let Some(key) = self.peers.insert(peer) else { return };
        self.by_id.insert(id, key);
        self.expect_viewer(now, room_key);
        if let Some(room) = self.rooms.get_mut(room_key) {
            room.members.push(key);
        }
        self.settle(now, key, home);
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
                let (sends, receives) = connection.map(|connection| connection.codecs()).unwrap_or_default();
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
                peer.reached = ReachedSet::default();
                let connection = Connection::new(&self.config.connection, key.number(), now)?;
                peer.connection.insert(Box::new(connection))
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
        let of = |line: &TrackLine| Track { stream: line.stream, kind: line.kind };
        let is_listed = |published: &Published| tracks.iter().any(|line| of(line) == published.track);
        let (listed, gone) = std::mem::take(&mut peer.publications).into_iter().partition(is_listed);
        peer.publications = listed;
        let gone: Vec<Published> = gone;
        let (mut moved, mut new) = (Vec::new(), Vec::new());
        for line in tracks {
            let (track, mid) = (of(line), Mid::from(line.mid.as_str()));
            match peer.publications.iter_mut().find(|published| published.track == track) {
                Some(published) if fresh || published.mid != Some(mid) => {
                    published.mid = Some(mid);
                    moved.push(published.key);
                }
                Some(_) => {}
                None => {
                    let publication = Publication::new(Origin::Local { peer: key }, track, peer.muted(track));
                    if let Some(at) = self.publications.insert(publication) {
                        peer.publications.push(Published { track, mid: Some(mid), key: at });
                        new.push(at);
                    }
                }
            }
        }
        for published in gone {
            self.unpublish(published.key);
        }
        for at in new {
            self.announce_to_all(now, key, at);
        }
        for at in moved {
            if let Some(publication) = self.publications.get_mut(at) {
                publication.layers.restart();
                let muted = publication.muted;
                self.begin_elsewhere(at, muted, true);
            }
            self.start_anew(now, at);
            // Before the answer goes: with it the client is told what to send.
            self.review_demand(now, at);
        }
    }

    /// The peer has exactly the slots in `lines` from now on. Owners stay.
    pub(super) fn take_slots(&mut self, now: Instant, key: PeerKey, lines: &[SlotLine]) {
        for kind in [Kind::Audio, Kind::Video] {
            let mut lines: Vec<&SlotLine> = lines.iter().filter(|line| line.kind == kind).collect();
            lines.sort_by_key(|line| line.slot);
            let surplus = self.peers.get(key).map_or(0, |peer| peer.slots(kind).len());
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
        let Some(peer) = self.peers.get(key) else { return };
        let shown: Vec<_> = peer.slots(kind).iter().filter_map(|slot| slot.publication).collect();
        for at in shown {
            self.takes_changed(Some(at));
        }
    }

    pub(super) fn mute(&mut self, now: Instant, id: PeerId, track: Track, muted: bool) {
        let Some(key) = self.by_id.get(&id).copied() else { return };
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.seldom.mutes.retain(|(known, _)| *known != track);
        peer.seldom.mutes.push((track, muted));
        if let Some(at) = peer.publication(track) {
            self.set_muted(now, at, muted);
        }
    }

    /// The publication `at` is muted from now on, or is not.
    pub(super) fn set_muted(&mut self, now: Instant, at: PublicationKey, muted: bool) {
        let Some(publication) = self.publications.get_mut(at) else { return };
        if std::mem::replace(&mut publication.muted, muted) == muted {
            return;
        }
        let (track, key) = (publication.track, publication.origin.peer());
        if track.kind == Kind::Audio
            && muted
            && let Some(peer) = self.peers.get(key)
        {
            let (room, voice) = (peer.room, peer.stream(track.stream));
            let apart = std::mem::take(&mut publication.sound.apart);
            self.silence(now, room, voice, apart);
        }
        let shown_again = track.kind == Kind::Video && !muted;
        if shown_again {
            self.allocate_viewers(now, at);
        }
        // What is left out while muted must not look lost: the sequence goes on where it stopped.
        self.start_anew(now, at);
        if shown_again {
            self.ask_for_key_frames(now, key);
        }
        if track.stream == Stream::Screen {
            // A screen that is not shared holds no slot.
            self.make_stale(key);
        }
    }

    /// What the person's browser cannot afford. What nobody publishes (any more) is limited by nothing.
    pub(super) fn limited(&mut self, now: Instant, id: PeerId, stream: Stream, by: Option<Limitation>) {
        let picture = Track { stream, kind: Kind::Video };
        let peer = self.by_id.get(&id).and_then(|key| self.peers.get(*key));
        let Some(at) = peer.and_then(|peer| peer.publication(picture)) else { return };
        let Some(publication) = self.publications.get_mut(at) else { return };
        if std::mem::replace(&mut publication.limited, by) != by {
            self.allocate_viewers(now, at);
            self.tell(now, at);
        }
    }

    /// Only this person's slots may change by it: a client that says it all the time makes no work in proportion to the
    /// square of the room.
    pub(super) fn view(&mut self, now: Instant, id: PeerId, tiles: Vec<Tile>, beside: Beside) {
        let Some(key) = self.by_id.get(&id).copied() else { return };
        let Some(peer) = self.peers.get_mut(key) else { return };
        (peer.seldom.view, peer.seldom.beside) = (Some(tiles), beside);
        let room = self.rooms.get(peer.room).filter(|room| !room.stale);
        if let Some(members) = room.map(|room| room.members.clone()) {
            let pictures = self.pictures(&members);
            self.show_to(now, key, &pictures);
        }
    }

    pub(super) fn leave(&mut self, now: Instant, id: PeerId) {
        let Some(key) = self.by_id.get(&id).copied() else { return };
        for kind in [Kind::Audio, Kind::Video] {
            let slots = self.peers.get(key).map_or(0, |peer| peer.slots(kind).len());
            for index in 0..slots {
                self.set_owner(key, kind, index, None);
            }
        }
        self.drop_connection(now, key);
        self.make_stale(key);
        self.by_id.remove(&id);
        let Some(peer) = self.peers.remove(key) else { return };
        for published in &peer.publications {
            self.unpublish(published.key);
        }
        self.past_faults.add(&peer.faults());
        self.timers.cancel(key);
        self.dirty.retain(|dirty| *dirty != key);
        self.sending.retain(|sending| *sending != key);
        self.changed.retain(|changed| *changed != key);
        self.unsettle(peer.room, peer.home);
        let Some(room) = self.rooms.get_mut(peer.room) else { return };
        // Nobody is to be told: they are gone.
        room.floor.silence(id);
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
        (peer.deadline, peer.seldom.estimate, peer.seldom.told) = (None, None, None);
        peer.set_files_due(None);
        peer.seldom.files = Files::default();
        let Some(connection) = peer.connection.take() else { return };
        peer.seldom.past_faults.add(&connection.faults());
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
        let publications: Vec<PublicationKey> =
            peer.publications.iter().map(|published| published.key).collect();
        for at in publications {
            self.start_anew(now, at);
        }
    }
}
