//! From a publication to everybody who takes the packet.

use std::collections::VecDeque;
use std::time::Instant;

use super::neighbours::carried;
use super::{Core, Counters, Room};
use crate::media::crossing::Crossing;
use crate::media::egress::ring::Kept;
use crate::media::forward::{Arriving, Held};
use crate::media::ids::{Kind, WorkerId};
use crate::media::peer::Peer;
use crate::media::publication::Publication;
use crate::media::rtc::{Ended, Packet};
use crate::media::sinks::{LayerSet, Sink};
use crate::media::slot::{Slot, Source};
use crate::media::table::{PeerKey, PublicationKey, RoomKey, Table};

/// A packet on its way to those who take it.
#[derive(Debug)]
pub(super) struct Passing<'a> {
    /// What it is of.
    pub(super) kind: Kind,
    /// What it comes from.
    pub(super) source: Source,
    /// What slots need to know of it.
    pub(super) arriving: Arriving,
    /// The packet.
    pub(super) packet: &'a Packet,
    /// Where it is kept.
    pub(super) kept: Kept,
}

/// What a packet reaches beyond its publication, and what came of it.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    pub(super) peers: &'a mut Table<PeerKey, Peer>,
    pub(super) rooms: &'a Table<RoomKey, Room>,
    pub(super) counters: &'a mut Counters,
    pub(super) dirty: &'a mut Vec<PeerKey>,
    pub(super) sending: &'a mut VecDeque<PeerKey>,
    pub(super) changed: &'a mut Vec<PeerKey>,
    pub(super) crossings: &'a mut VecDeque<(WorkerId, Crossing)>,
    /// Some sink takes other layers than before.
    pub(super) other_layers: bool,
    /// Whose connections ended by it.
    pub(super) lost: Vec<(PeerKey, Ended)>,
}

impl Core {
    /// Some sink of `publication` takes other layers than before.
    pub(super) fn takes_changed(&mut self, publication: Option<PublicationKey>) {
        let Some(at) = publication else { return };
        if let Some(publication) = self.publications.get_mut(at) {
            publication.sinks.expire();
        }
        self.demand_changed(at);
    }
}

/// The layers that a slot takes of a publication of this kind.
fn taken(peers: &Table<PeerKey, Peer>, kind: Kind, peer: PeerKey, slot: u8) -> LayerSet {
    let slot = peers.get(peer).and_then(|peer| peer.slots(kind).get(usize::from(slot)));
    slot.map(Slot::taken).unwrap_or_default()
}

impl Reach<'_> {
    /// Hands a packet to every sink that takes its layer. Returns whether one of them waits for a key frame.
    pub(super) fn fan_out(
        &mut self,
        now: Instant,
        publication: &mut Publication,
        passing: &Passing<'_>,
    ) -> bool {
        let (sinks, kind, layer) = (&mut publication.sinks, passing.kind, passing.source.layer);
        sinks.gather(|peer, slot| taken(self.peers, kind, peer, slot));
        debug_assert!(
            sinks.are_right(|peer, slot| taken(self.peers, kind, peer, slot)),
            "a sink takes other layers"
        );
        let ends = passing.packet.frame.key;
        let awaited = sinks.visit(layer, ends, |sink| match sink {
            Sink::Slot { peer, slot } => self.forward(now, peer, slot, passing),
            Sink::Worker(worker) => {
                self.carry(worker, passing);
                false
            }
        });
        if self.other_layers {
            sinks.expire();
        }
        if awaited.after && !awaited.before {
            publication.layers.get_mut(layer).keys.begin();
        }
        awaited.after
    }

    /// Hands a packet of a picture to the core of another worker. Sound has gone there already.
    fn carry(&mut self, worker: WorkerId, passing: &Passing<'_>) {
        if passing.kind == Kind::Video {
            self.counters.crossed += 1;
            let Passing { packet, kept, arriving, .. } = passing;
            self.crossings.push_back(carried(worker, kept.publication, packet, arriving.capture, false));
        }
    }

    /// Hands a packet to slot `number` of `key`. Returns whether it waits for a key frame.
    fn forward(&mut self, now: Instant, key: PeerKey, number: u8, passing: &Passing<'_>) -> bool {
        let Passing { kind, source, arriving, packet, kept } = passing;
        let Some(peer) = self.peers.get_mut(key) else { return false };
        let Some(connection) = peer.connection.as_mut().filter(|connection| connection.is_connected()) else {
            return false;
        };
        let slots = if *kind == Kind::Video { &mut peer.video } else { &mut peer.audio };
        let Some(slot) = slots.get_mut(usize::from(number)) else { return false };
        let Some(ssrc) = slot.ssrc else { return false };
        let (before, layer) = ((slot.since.is_some(), slot.blocked), slot.layer());
        if !connection.takes_media(now) {
            // What begins again does so at a key frame.
            slot.detach();
            connection.begin_anew(ssrc);
            self.counters.media_withheld += 1;
            if before != (false, false) && *kind == Kind::Video {
                peer.mark_changed(key, self.changed);
            }
            self.other_layers |= layer.is_some();
            return false;
        }
        let written = connection.write(ssrc, packet, *kept, || slot.forward(source, arriving, now));
        let seals = connection.seals();
        if written == Ok(Err(Held::NotDecodable)) {
            slot.refuse(source);
            if slot.blocked {
                connection.begin_anew(ssrc);
            }
        }
        let plays = slot.layer();
        let (changed, other_layer) = (before != (slot.since.is_some(), slot.blocked), layer != plays);
        self.other_layers |= other_layer;
        if changed && *kind == Kind::Video {
            peer.mark_changed(key, self.changed);
        } else if other_layer && *kind == Kind::Video {
            peer.update_desired(self.rooms.get(peer.room).map_or(0, |room| room.members.len()));
        }
        match written {
            Ok(Ok(())) => {
                self.counters.add_forwarded(plays.filter(|_| *kind == Kind::Video));
                if seals {
                    peer.mark_sending(key, self.sending);
                } else {
                    peer.mark_dirty(key, self.dirty);
                }
                false
            }
            Ok(Err(held)) => self.counters.add_held(held) && peer.may_wait(now, number),
            Err(ended) => {
                self.lost.push((key, ended));
                false
            }
        }
    }
}

impl Counters {
    /// Counts a packet that a slot did not get. Returns whether the slot waits for a key frame.
    fn add_held(&mut self, held: Held) -> bool {
        match held {
            Held::NotShown => {}
            Held::Thinned => self.thinned += 1,
            Held::NotDecodable => self.not_decodable += 1,
            Held::AwaitsKeyFrame | Held::Early | Held::Backwards => self.held += 1,
            Held::Repeated => self.repeated += 1,
            Held::NoStream => self.no_stream += 1,
        }
        held == Held::AwaitsKeyFrame
    }
}
