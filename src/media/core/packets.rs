//! What connections tell, and the way of a packet from its publisher to everyone who sees it.

use std::time::{Duration, Instant};

use super::Core;
use super::fanout::{Passing, Reach};
use super::neighbours::carried;
use crate::limits::Limit;
use crate::media::demux::{DatagramKind, Path};
use crate::media::egress::ring::Kept;
use crate::media::forward::Arriving;
use crate::media::ids::Kind;
use crate::media::layers::Seen;
use crate::media::message::{Notice, Reached};
use crate::media::policing::Verdict;
use crate::media::publication::Publication;
use crate::media::recap::Recalled;
use crate::media::rtc::{Check, Ended, Event, Packet};
use crate::media::slot::Source;
use crate::media::table::{PeerKey, PublicationKey};

/// Everything is taken to be captured this much earlier, on every slot alike. Before a track's first report its capture
/// times come from arrivals; without this margin a packet that is faster than the first one would be captured in the
/// future, which sender reports cannot say, and lips would step.
const CAPTURE_MARGIN: Duration = Duration::from_millis(500);

impl Core {
    /// Gives a datagram to the connection of `key`, and what it says if it is a check.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        key: PeerKey,
        path: Path,
        datagram: &[u8],
        check: Option<&Check<'_>>,
    ) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(connection) = &mut peer.connection else { return };
        let mut events = std::mem::take(&mut self.events);
        let mut warning = None;
        let result = connection.receive(now, path, datagram, check, &mut self.transmits, &mut events);
        if let Ok((received, deadline)) = &result {
            peer.deadline = Some(*deadline);
            self.counters.unusable += u64::from(received.unusable);
            self.counters.reports_malformed += u64::from(received.malformed);
            if received.authenticated {
                warning = peer.police.datagram(now, datagram.len(), !peer.publications.is_empty());
                if peer.quiet || peer.heard.is_none() {
                    self.notices.push_back(Notice::Heard { peer: peer.id });
                }
                peer.quiet = false;
                peer.heard = Some(now);
            } else if DatagramKind::of(datagram) == DatagramKind::Srtp {
                self.counters.unauthentic += 1;
            }
        }
        self.finish(now, key, result.map(|_| ()), events);
        self.warn(now, key, warning);
        self.mend(now, key);
        self.mark_due(now, key);
    }

    /// Does what is due on the connection of `key`.
    pub(super) fn step(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.listed.dirty = false;
        let mut result = Ok(());
        let mut events = std::mem::take(&mut self.events);
        if let Some(connection) = &mut peer.connection {
            match connection.step(now, &mut self.transmits, &mut events) {
                Ok(deadline) => peer.deadline = Some(deadline),
                Err(ended) => result = Err(ended),
            }
            self.counters.add_connection(connection);
        }
        self.finish(now, key, result, events);
    }

    fn finish(&mut self, now: Instant, key: PeerKey, result: Result<(), Ended>, mut events: Vec<Event>) {
        for event in events.drain(..) {
            self.handle_event(now, key, event);
        }
        self.events = events;
        if let Err(ended) = result {
            self.lose(now, key, &ended);
        }
        self.reschedule(now, key);
    }

    pub(super) fn handle_event(&mut self, now: Instant, key: PeerKey, event: Event) {
        match event {
            Event::Packet(packet) => self.handle_packet(now, key, &packet),
            Event::SenderReport { mid, layer, time, ntp, arrival } => {
                let Some(peer) = self.peers.get_mut(key) else { return };
                peer.seldom.clock.report(ntp, arrival);
                let instant = peer.seldom.clock.instant(ntp);
                let publication = peer.publication_on(mid).and_then(|at| self.publications.get_mut(at));
                if let (Some(publication), Some(instant)) = (publication, instant) {
                    publication.layers.get_mut(layer).clock.report(time, instant);
                }
            }
            Event::KeyFrameWanted(mid) => self.key_frame_wanted(now, key, mid),
            Event::Connected => {
                log::debug!("connected: {:?}", self.peers.get(key).map(|peer| peer.id));
                // What was asked of publishers before the client could receive anything may have gone by.
                self.want_key_frames_for(now, key);
                self.reached(key, Reached::Connected);
            }
            Event::Estimate(estimate) => self.estimated(now, key, estimate),
            Event::DataStreams(count) if count > self.config.limits.get(Limit::DataStreamsPerPeer) => {
                self.tally.hit(Limit::DataStreamsPerPeer);
                self.lose(now, key, &Ended::TooManyStreams);
            }
            Event::DataStreams(_) => {}
            Event::FilesOpen => self.files_open(now, key),
            Event::FileBytes(message) => self.file_bytes(now, key, &message),
        }
    }

    /// Tells that the connection of `key` came as far as this, once.
    pub(super) fn reached(&mut self, key: PeerKey, reached: Reached) {
        if let Some(peer) = self.peers.get_mut(key)
            && peer.reached.add(reached)
        {
            self.notices.push_back(Notice::Reached { peer: peer.id, reached });
        }
    }

    fn handle_packet(&mut self, now: Instant, key: PeerKey, packet: &Packet) {
        self.counters.received += 1;
        let Some(peer) = self.peers.get_mut(key) else { return };
        if peer.reached.add(Reached::Media) {
            self.notices.push_back(Notice::Reached { peer: peer.id, reached: Reached::Media });
        }
        let Some(at) = peer.publication_on(packet.mid) else { return };
        let Some(publication) = self.publications.get_mut(at) else { return };
        // What is muted counts, too.
        let judged = peer.police.packet(now, publication.track, packet.layer, packet.bytes(), &packet.frame);
        if judged.0 != Verdict::Pass {
            self.hold_back(now, key, at, packet.layer, judged);
            return;
        }
        self.pass_on(now, key, at, packet, None);
    }

    /// A packet of `at`, which `key` publishes, goes to everybody who takes it. Its time of capture is known if it comes from
    /// another core.
    pub(super) fn pass_on(
        &mut self,
        now: Instant,
        key: PeerKey,
        at: PublicationKey,
        packet: &Packet,
        capture: Option<Instant>,
    ) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(mut publication) = self.publications.get_mut(at) else { return };
        let room = peer.room;
        let Packet { layer, codec, seq, time, .. } = *packet;
        let id = peer.stream(publication.track.stream);
        if publication.muted {
            self.counters.jumps += u64::from(publication.layers.pass_over(layer, seq));
            publication.nobody_begins();
            return;
        }
        let (bytes, temporal) = (packet.bytes(), packet.frame.temporal.layer);
        let seen = Seen { layer, codec, seq, end: packet.frame.end, bytes, temporal };
        let arrival = publication.layers.arrive(&seen, now);
        self.counters.jumps += u64::from(arrival.jumped);
        if arrival.outdated {
            return;
        }
        if let Some(height) = packet.height
            && publication.layers.measure(layer, height)
        {
            log::debug!("{} sends {:?} of {:?} with {height} lines", peer.id, layer, publication.track);
        }
        let told = publication.is_to_be_told(now);
        if arrival.changed || told {
            self.tell(now, at);
            if arrival.changed {
                self.allocate_viewers(now, at);
                self.demand_changed(at);
            }
            let Some(again) = self.publications.get_mut(at) else { return };
            publication = again;
        }
        let Publication { track, layers, sound, sinks, .. } = &mut *publication;
        let may_stand = track.kind == Kind::Audio && capture.is_none();
        if may_stand && layers.get(layer).clock.stood(time, packet.arrival) {
            layers.get_mut(layer).clock.begin_anew();
            (sound.held_back, sound.kept_here) = (true, true);
            self.counters.clocks_stood += 1;
        }
        let capture = capture.unwrap_or_else(|| {
            let capture = layers.get_mut(layer).clock.capture(time, packet.arrival);
            capture.checked_sub(CAPTURE_MARGIN).unwrap_or(capture)
        });
        let kind = track.kind;
        let spoken = (kind == Kind::Audio).then(|| {
            let talkers = self.rooms.get_mut(room).map(|room| &mut room.talkers);
            sound.hear(now, id, packet.extensions.level, talkers)
        });
        if let Some(spoken) = spoken {
            self.counters.add_spoken(&spoken);
            // Also of who is left out here: who is let through is found out on each core, from the same levels.
            let resumes = std::mem::replace(&mut sound.kept_here, spoken.silent);
            for worker in sinks.workers().filter(|_| !spoken.silent) {
                self.counters.crossed += 1;
                self.crossings.push_back(carried(worker, at, packet, capture, resumes));
            }
            if !spoken.goes_on() {
                return self.heard(now, room, id, &spoken);
            }
            if std::mem::take(&mut sound.held_back) {
                layers.resume(layer);
            }
        }
        let arriving = Arriving { seq, time, capture, frame: packet.frame };
        let source = Source::of(at, layers, layer, arrival.overtaken);
        let number = publication.keep(now, layer, packet.stored(), &mut self.rings);
        if kind == Kind::Video {
            let recalled = Recalled { number, arriving, bytes: packet.bytes(), overtaken: source.overtaken };
            publication.recall(now, layer, source.number, recalled);
        }
        let kept = Kept { publication: at, layer, number };
        let passing = Passing { kind, source, arriving, packet, kept };
        let mut reach = Reach {
            peers: &mut self.peers,
            rooms: &self.rooms,
            counters: &mut self.counters,
            dirty: &mut self.dirty,
            sending: &mut self.sending,
            changed: &mut self.changed,
            crossings: &mut self.crossings,
            other_layers: false,
            lost: Vec::new(),
        };
        let somebody_waits = reach.fan_out(now, publication, &passing);
        let (other_layers, lost) = (reach.other_layers, reach.lost);
        if other_layers {
            self.demand_changed(at);
        }
        for (key, ended) in lost {
            self.lose(now, key, &ended);
        }
        if somebody_waits {
            self.ask_for_key_frames(now, key);
        }
        if let Some(spoken) = spoken {
            self.heard(now, room, id, &spoken);
        }
    }
}
