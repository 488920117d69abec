//! What connections tell, and the way of a packet from its publisher to everyone who sees it.

use std::time::{Duration, Instant};

use super::Core;
use crate::media::PAIRED_SLOTS;
use crate::media::demux::Path;
use crate::media::forward::{Arriving, Held};
use crate::media::ids::{Kind, Layer, StreamId, Track};
use crate::media::message::Notice;
use crate::media::publication::Subscriber;
use crate::media::rtc::{Ended, Event, Mid, Packet};

/// Everything is taken to be captured this much earlier, on every slot alike. Before a track's first report its capture
/// times come from arrivals; without this margin a packet that is faster than the first one would be captured in the
/// future, which sender reports cannot say, and lips would step.
const CAPTURE_MARGIN: Duration = Duration::from_millis(500);

impl Core {
    /// Gives a datagram to the connection of `key`.
    pub(super) fn receive(&mut self, now: Instant, key: u32, path: Path, datagram: &[u8]) {
        let Some(peer) = self.peers.get_mut(key as usize) else { return };
        let Some(connection) = &mut peer.connection else { return };
        let mut events = std::mem::take(&mut self.events);
        let result = connection.receive(now, path, datagram, &mut self.transmits, &mut events);
        if let Ok((received, deadline)) = &result {
            peer.deadline = Some(*deadline);
            self.counters.media_refused += u64::from(received.unusable);
            if received.authenticated {
                if peer.quiet || peer.heard.is_none() {
                    self.notices.push_back(Notice::Heard { peer: peer.id });
                }
                peer.quiet = false;
                peer.heard = Some(now);
            }
        }
        self.finish(now, key, result.map(|_| ()), events);
        if self.peers.get(key as usize).is_some_and(|peer| peer.deadline.is_some_and(|at| at <= now)) {
            self.mark_dirty(key);
        }
    }

    /// Does what is due on the connection of `key`.
    pub(super) fn step(&mut self, now: Instant, key: u32) {
        let Some(peer) = self.peers.get_mut(key as usize) else { return };
        peer.dirty = false;
        let mut result = Ok(());
        let mut events = std::mem::take(&mut self.events);
        if let Some(connection) = &mut peer.connection {
            match connection.step(now, &mut self.transmits, &mut events) {
                Ok(deadline) => peer.deadline = Some(deadline),
                Err(ended) => result = Err(ended),
            }
        }
        self.finish(now, key, result, events);
    }

    fn finish(&mut self, now: Instant, key: u32, result: Result<(), Ended>, mut events: Vec<Event>) {
        for event in events.drain(..) {
            self.handle_event(now, key, event);
        }
        self.events = events;
        if let Err(ended) = result {
            self.lose(key, ended);
        }
        self.reschedule(now, key);
    }

    fn handle_event(&mut self, now: Instant, key: u32, event: Event) {
        match event {
            Event::Packet(packet) => self.handle_packet(now, key, &packet),
            Event::Report { mid, layer: _, time, ntp, arrival } => {
                let Some(peer) = self.peers.get_mut(key as usize) else { return };
                peer.clock.report(ntp, arrival);
                let instant = peer.clock.instant(ntp);
                let publication = peer.publications.iter_mut().find(|publication| publication.mid == mid);
                if let (Some(publication), Some(instant)) = (publication, instant) {
                    publication.clock.report(time, instant);
                }
            }
            Event::KeyFrameWanted(mid) => {
                let slot = self
                    .peers
                    .get(key as usize)
                    .and_then(|peer| peer.video.iter().find(|slot| slot.mid == mid));
                if let Some(owner) = slot.and_then(|slot| slot.owner) {
                    self.want_key_frame(owner);
                }
            }
            Event::Connected => {
                log::debug!("connected: {:?}", self.peers.get(key as usize).map(|peer| peer.id));
                self.want_key_frames_after_connect(key);
            }
            Event::Estimate(_) => {}
        }
    }

    /// What was asked of publishers before the subscriber could receive anything may have gone by.
    fn want_key_frames_after_connect(&mut self, key: u32) {
        let Some(peer) = self.peers.get(key as usize) else { return };
        let owners: Vec<StreamId> = peer.video.iter().filter_map(|slot| slot.owner).collect();
        for owner in owners {
            self.want_key_frame(owner);
        }
    }

    fn handle_packet(&mut self, now: Instant, key: u32, packet: &Packet) {
        self.counters.received += 1;
        let Some(peer) = self.peers.get_mut(key as usize) else { return };
        let room = peer.room;
        let Some(publication) =
            peer.publications.iter_mut().find(|publication| publication.mid == packet.mid)
        else {
            return;
        };
        if publication.muted {
            return;
        }
        let track = publication.track;
        let capture = publication.clock.capture(packet.time, packet.arrival);
        let capture = capture.checked_sub(CAPTURE_MARGIN).unwrap_or(capture);
        let arriving = Arriving { seq: packet.seq, time: packet.time, capture, frame: packet.frame };
        let source = (u64::from(key) << 32) | u64::from(publication.epoch);
        let spoke = packet.level.is_some_and(|level| publication.voice.level(now, level));
        let subscribers = std::mem::take(&mut publication.subscribers);
        let mut waiting = false;
        for subscriber in &subscribers {
            waiting |= self.forward(now, *subscriber, track.kind, source, &arriving, packet);
        }
        if let Some(publication) = self.peers.get_mut(key as usize).and_then(|peer| peer.publication(track)) {
            publication.subscribers = subscribers;
            if track.kind == Kind::Video {
                if waiting {
                    publication.keys.want();
                } else if packet.frame.key {
                    publication.keys.satisfied();
                }
            }
        }
        if waiting {
            self.ask_for_key_frames(now, key);
        }
        if spoke
            && self.rooms.get(room).is_some_and(|room| room.members.len() > usize::from(PAIRED_SLOTS) + 1)
        {
            self.make_stale(key);
        }
    }

    /// Hands a packet to one slot. Returns whether the slot waits for a key frame.
    fn forward(
        &mut self,
        now: Instant,
        to: Subscriber,
        kind: Kind,
        source: u64,
        arriving: &Arriving,
        packet: &Packet,
    ) -> bool {
        let Some(peer) = self.peers.get_mut(to.peer as usize) else { return false };
        let Some(connection) = peer.connection.as_mut().filter(|connection| connection.is_connected()) else {
            return false;
        };
        let slots = if kind == Kind::Video { &mut peer.video } else { &mut peer.audio };
        let Some(slot) = slots.get_mut(usize::from(to.slot)) else { return false };
        let Some(ssrc) = slot.ssrc else { return false };
        let leaving = match slot.forward(source, arriving, now) {
            Ok(leaving) => leaving,
            Err(held) => return held == Held::AwaitsKeyFrame,
        };
        self.counters.forwarded += 1;
        let result = connection.write(ssrc, packet, &leaving);
        self.mark_dirty(to.peer);
        if leaving.first && kind == Kind::Video {
            self.mark_changed(to.peer);
        }
        if let Err(ended) = result {
            self.lose(to.peer, ended);
        }
        false
    }

    /// Somebody waits for a key frame of `stream`'s picture.
    pub(super) fn want_key_frame(&mut self, stream: StreamId) {
        let Some(key) = self.by_id.get(&stream.peer).copied() else { return };
        let track = Track { stream: stream.stream, kind: Kind::Video };
        let publication = self.peers.get_mut(key as usize).and_then(|peer| peer.publication(track));
        if let Some(publication) = publication.filter(|publication| !publication.muted) {
            publication.keys.want();
            // The publisher's timer asks, at once if it may: several wishes of one turn are one request.
            self.timers.schedule_now(key);
        }
    }

    /// Asks `key` for every key frame that is wanted and due.
    pub(super) fn ask_for_key_frames(&mut self, now: Instant, key: u32) {
        let Some(peer) = self.peers.get_mut(key as usize) else { return };
        let Some(connection) = &mut peer.connection else { return };
        let mut asked = false;
        let wanted = peer.publications.iter_mut().filter(|publication| !publication.muted);
        for publication in wanted {
            let mid: Mid = publication.mid;
            if publication.keys.take(now) && connection.request_key_frame(mid, Layer::High) {
                self.counters.key_frames_asked += 1;
                asked = true;
            }
        }
        if asked {
            self.mark_dirty(key);
        }
    }
}
