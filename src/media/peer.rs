//! One person on the media side: their connection, what they publish, what they receive.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::QUIET_AFTER;
use super::allocate::{Allocator, TileFacts};
use super::clock::PeerClock;
use super::files::Files;
use super::guard::Faults;
use super::ids::{Kind, PeerId, Stream, StreamId, Track, WorkerId};
use super::keybudget::KeyBudget;
use super::ladder;
use super::message::{AudioSlot, Beside, Blocked, ReachedSet, Reason, SlotTable, Tile, VideoSlot};
use super::policing::Police;
use super::rtc::{Connection, DUE, Mid};
use super::rtp::Ssrc;
use super::slot::{SendStream, Shown, Slot};
use super::table::{PeerKey, PublicationKey, RoomKey};
use super::units::Bitrate;
use crate::media::ids::SlotIndex;

/// A track that a person publishes.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    /// Which.
    pub track: Track,
    /// The m-line it comes on; `None` if it comes from another core.
    pub mid: Option<Mid>,
    /// Its key.
    pub key: PublicationKey,
}

/// One person. What packets on their way touch is here; what they do not is in [`Seldom`], so that nothing of it is fetched
/// with them.
#[derive(Debug)]
pub struct Peer {
    /// Who.
    pub id: PeerId,
    /// Their room.
    pub room: RoomKey,
    /// The worker they are served by, if that is another one: then they have no connection here, and no slots.
    pub home: Option<WorkerId>,
    /// Their connection, between an accepted offer and its end.
    pub connection: Option<Box<Connection>>,
    /// When the connection wants to be stepped next.
    pub deadline: Option<Instant>,
    /// What they publish.
    pub publications: Vec<Published>,
    /// No key frame of theirs is to be asked for before this; `None` if none is wanted. A wish that has ended may be
    /// counted until then.
    pub keys_due: Option<Instant>,
    /// Their video slots, by number.
    pub video: Vec<Slot>,
    /// Their audio slots, by number.
    pub audio: Vec<Slot>,
    /// When the allocator wants to be asked again, or it is time to look at who wants their camera.
    pub allocates: Option<Instant>,
    /// How much of what they send is passed on.
    pub police: Box<Police>,
    /// When something authenticated came last.
    pub heard: Option<Instant>,
    /// The conference was told that nothing comes.
    pub quiet: bool,
    /// How far their connection came.
    pub reached: ReachedSet,
    /// Files wait for them: there is a time for these to leave.
    has_files: bool,
    /// In which lists of their core they are.
    pub listed: Listed,
    /// All the rest.
    pub seldom: Box<Seldom>,
}

/// How much more of a downlink is looked for while files wait for somebody: what is left beside pictures is what they get.
const FILES_WISH: Bitrate = Bitrate::kbps(5_000);

/// In which lists of their core a person is, so that they are in each once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listed {
    /// They are to be stepped.
    pub dirty: bool,
    /// Media waits to leave for them.
    pub sending: bool,
    /// The conference does not know their present slots.
    pub changed: bool,
}

/// What no packet on its way touches of a person.
#[derive(Debug)]
pub struct Seldom {
    /// What left on this connection with sources that no slot has now.
    resting: FxHashMap<Ssrc, SendStream>,
    /// What their client shows, most important first; `None` until it said so. An empty one is a page nobody looks at: no
    /// picture goes there.
    pub view: Option<Vec<Tile>>,
    /// What they get that it does not name.
    pub beside: Beside,
    /// Decides which layer each of their video slots is to show.
    pub allocator: Box<dyn Allocator>,
    /// What the connection's downlink is thought to hold.
    pub estimate: Option<Bitrate>,
    /// The same as it was told last, and when.
    pub told: Option<(Instant, Bitrate)>,
    /// How many key frames they may cause.
    pub key_budget: KeyBudget,
    /// Mutes they declared, also of tracks that are not published yet.
    pub mutes: Vec<(Track, bool)>,
    /// Their NTP clock against the server's.
    pub clock: PeerClock,
    /// What the egress guard found on connections that are gone.
    pub past_faults: Faults,
    /// What their allocator asks to be looked for; `None` if it leaves that to what is asked of publishers.
    pub probe: Option<Bitrate>,
    /// Their downlink does not hold everybody's smallest picture.
    pub starves: bool,
    /// Files that go through the server, from them and to them.
    pub files: Files,
    /// When more of those that wait may leave; of no meaning unless `has_files` says that some do.
    files_at: Option<Instant>,
    /// When to look again at who wants their camera.
    pub reviews: Option<Instant>,
    desired: Bitrate,
}

impl Peer {
    /// A person without media.
    #[must_use]
    pub fn new(id: PeerId, room: RoomKey, allocator: Box<dyn Allocator>, now: Instant) -> Peer {
        Peer {
            id,
            room,
            home: None,
            connection: None,
            deadline: None,
            publications: Vec::new(),
            keys_due: None,
            video: Vec::new(),
            audio: Vec::new(),
            allocates: None,
            police: Box::new(Police::new(now)),
            heard: None,
            quiet: false,
            reached: ReachedSet::default(),
            has_files: false,
            listed: Listed::default(),
            seldom: Box::new(Seldom {
                resting: FxHashMap::default(),
                view: None,
                beside: Beside::default(),
                allocator,
                estimate: None,
                told: None,
                key_budget: KeyBudget::default(),
                mutes: Vec::new(),
                clock: PeerClock::new(now),
                past_faults: Faults::default(),
                probe: None,
                starves: false,
                files: Files::default(),
                files_at: None,
                reviews: None,
                desired: Bitrate::default(),
            }),
        }
    }

    /// Their slots of one kind.
    #[must_use]
    pub fn slots(&self, kind: Kind) -> &[Slot] {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }

    /// Their slots of one kind, to change.
    pub fn slots_mut(&mut self, kind: Kind) -> &mut Vec<Slot> {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }

    /// They have exactly these slots of one kind from now on: m-lines, each with the source it sends with. Owners stay, and
    /// a source goes on where it was.
    pub fn arrange(&mut self, kind: Kind, lines: &[(Mid, Option<Ssrc>)]) {
        let mut kept = Vec::with_capacity(lines.len());
        for (index, slot) in std::mem::take(self.slots_mut(kind)).into_iter().enumerate() {
            if lines.get(index) == Some(&(slot.mid, slot.ssrc)) {
                kept.push(Ok(slot));
            } else {
                kept.push(Err(slot.shown()));
                self.rest(slot);
            }
        }
        // A vector that grows by itself has room for twice as many; a slot is 248 bytes.
        self.slots_mut(kind).reserve_exact(lines.len());
        // A source may go from one slot to another: only now all are there.
        let kept = kept.into_iter().chain(std::iter::repeat_with(|| Err(Shown::default())));
        for ((mid, ssrc), kept) in lines.iter().zip(kept) {
            let slot = kept.unwrap_or_else(|shown| {
                let stream = ssrc.and_then(|ssrc| self.seldom.resting.remove(&ssrc));
                let stream = stream.unwrap_or_else(|| SendStream::new(kind, ssrc.unwrap_or_default()));
                Slot::with(kind, *mid, *ssrc, shown, stream)
            });
            self.slots_mut(kind).push(slot);
        }
    }

    /// Slot `number` of a kind shows nothing: what comes next starts at a key frame, and nothing that left before leaves again.
    pub fn detach(&mut self, kind: Kind, number: usize) {
        let Some(slot) = self.slots_mut(kind).get_mut(number) else { return };
        slot.detach();
        if let (Some(ssrc), Some(connection)) = (slot.ssrc, &mut self.connection) {
            connection.begin_anew(ssrc);
        }
    }

    /// A slot is no more; what left with its source is kept.
    fn rest(&mut self, slot: Slot) {
        let faults = slot.faults();
        match slot.into_stream() {
            Some((ssrc, stream)) => {
                self.seldom.resting.insert(ssrc, stream);
            }
            None => self.seldom.past_faults.add(&faults),
        }
    }

    /// How many sources the present connection has had for slots.
    #[must_use]
    pub fn send_streams(&self) -> usize {
        let slots = self.video.iter().chain(&self.audio);
        self.seldom.resting.len() + slots.filter(|slot| slot.ssrc.is_some()).count()
    }

    /// The connection ended, and its keys with it.
    pub fn forget_send_streams(&mut self) {
        for stream in std::mem::take(&mut self.seldom.resting).into_values() {
            self.seldom.past_faults.add(&stream.faults());
        }
    }

    /// What they publish as `track`.
    #[must_use]
    pub fn publication(&self, track: Track) -> Option<PublicationKey> {
        self.publications.iter().find(|published| published.track == track).map(|published| published.key)
    }

    /// What they publish on the m-line `mid`.
    #[must_use]
    pub fn publication_on(&self, mid: Mid) -> Option<PublicationKey> {
        self.publications.iter().find(|published| published.mid == Some(mid)).map(|published| published.key)
    }

    /// Whether there is anybody to ask for a key frame of theirs: their browser, or the core that has a connection to it.
    #[must_use]
    pub fn can_be_asked(&self) -> bool {
        self.home.is_some() || self.connection.is_some()
    }

    /// A key frame of theirs is to be asked for at `at`.
    pub fn ask_at(&mut self, at: Instant) {
        self.keys_due = Some(self.keys_due.map_or(at, |due| due.min(at)));
    }

    /// Whether slot `slot`, which shows nothing, may have a key frame asked for. If their client made it start anew, this is
    /// paid for once; who has nothing left waits, and sees the next one that somebody else asks for.
    pub fn may_wait(&mut self, now: Instant, slot: u8) -> bool {
        let Some(slot) = self.video.get_mut(usize::from(slot)) else { return false };
        if let Some(owner) = slot.owner.filter(|_| slot.owes) {
            slot.owes = !self.seldom.key_budget.take(now, owner);
        }
        !slot.owes
    }

    /// They are to be stepped: `list` is of those who are, and `key` is theirs.
    pub fn mark_dirty(&mut self, key: PeerKey, list: &mut Vec<PeerKey>) {
        if !std::mem::replace(&mut self.listed.dirty, true) {
            list.push(key);
        }
    }

    /// Media waits to leave for them: `list` is of those for whom this is so, and `key` is theirs.
    pub fn mark_sending(&mut self, key: PeerKey, list: &mut VecDeque<PeerKey>) {
        if !std::mem::replace(&mut self.listed.sending, true) {
            list.push_back(key);
        }
    }

    /// The conference is to be told of their slots: `list` is of those for whom this is so, and `key` is theirs.
    pub fn mark_changed(&mut self, key: PeerKey, list: &mut Vec<PeerKey>) {
        if !std::mem::replace(&mut self.listed.changed, true) {
            list.push(key);
        }
    }

    /// For so long until `now` nobody was heard, because nobody listened: their silence is no longer for it. What they sent
    /// meanwhile comes all at once.
    pub fn stood_still(&mut self, now: Instant, stood: Duration) {
        if let Some(heard) = &mut self.heard {
            *heard += stood;
        }
        if let Some(connection) = &mut self.connection {
            connection.stood_still(stood);
        }
        self.police.stood_still(now);
    }

    /// Finds the tile of each picture in what their client shows.
    pub fn find_tiles(&mut self) {
        let view = self.seldom.view.as_deref().unwrap_or_default();
        for slot in &mut self.video {
            let ranked = view.iter().enumerate().find(|(_, tile)| slot.owner == Some(tile.id()));
            slot.tile =
                ranked.map(|(rank, tile)| TileFacts { rank, height: tile.height, pinned: tile.pinned });
        }
    }

    /// Whether they muted `track`. Nobody who said nothing is muted.
    #[must_use]
    pub fn muted(&self, track: Track) -> bool {
        self.seldom.mutes.iter().any(|(muted, value)| *muted == track && *value)
    }

    /// What their slots show.
    #[must_use]
    pub fn table(&self) -> SlotTable {
        let number = |index: usize| SlotIndex(u8::try_from(index).unwrap_or(u8::MAX));
        SlotTable {
            video: (self.video.iter().enumerate())
                .map(|(index, slot)| VideoSlot {
                    slot: number(index),
                    shows: slot.owner,
                    since: slot.since,
                    blocked: slot.blocked.then_some(Blocked::Codec),
                    layer: slot.owner.and(slot.target),
                    reason: slot.reason.map(|reason| if slot.blocked { Reason::Codec } else { reason }),
                })
                .collect(),
            audio: (self.audio.iter().enumerate())
                .map(|(index, slot)| AudioSlot { slot: number(index), plays: slot.owner })
                .collect(),
            downlink: self.seldom.estimate,
        }
    }

    /// When the peer's timer is to fire: for the connection, for a key frame to ask for, for silence to be noticed, for layers to be
    /// chosen anew.
    #[must_use]
    pub fn wakes(&self, now: Instant) -> Option<Instant> {
        // Without a connection nobody can be asked; a new one asks for what is waited for then.
        let keys = self.keys_due.filter(|_| self.can_be_asked());
        let quiet = self.heard.filter(|_| !self.quiet).map(|heard| heard + QUIET_AFTER);
        let media = self.connection.as_ref().and_then(|connection| connection.media_due(now));
        [keys, quiet, self.steps_at(now), media, self.allocates, self.files_due()].into_iter().flatten().min()
    }

    /// When more of the files that wait for them may leave.
    #[must_use]
    pub fn files_due(&self) -> Option<Instant> {
        if self.has_files { self.seldom.files_at } else { None }
    }

    /// Files may leave for them then; `None` if none wait.
    pub fn set_files_due(&mut self, at: Option<Instant>) {
        self.has_files = at.is_some();
        self.seldom.files_at = at;
    }

    /// When their connection is to be stepped next.
    #[must_use]
    pub fn steps_at(&self, now: Instant) -> Option<Instant> {
        let connection = self.connection.as_ref().zip(self.deadline);
        connection.map(|(connection, deadline)| connection.wakes(now, deadline))
    }

    /// Whether what their connection asked for is overdue by more than a millisecond.
    #[must_use]
    pub fn is_late(&self, now: Instant) -> bool {
        let connection = self.connection.as_ref().zip(self.deadline);
        connection.is_some_and(|(connection, deadline)| !connection.is_at_rest() && deadline + DUE < now)
    }

    /// Tells the estimator how much is wanted: as the allocator has it, else what is asked of publishers in a room of `people`;
    /// nothing while no picture is to be received, which parks it.
    pub fn update_desired(&mut self, people: usize) {
        // Before a picture is received there is nothing to fill probes with.
        let shown = self.video.iter().any(|slot| slot.since.is_some());
        let probe = self.seldom.probe.map(|probe| if shown { probe } else { Bitrate::default() });
        let files = if shown && self.seldom.files.waits() { FILES_WISH } else { Bitrate::default() };
        let desired = probe.unwrap_or_else(|| self.asked(people)) + files;
        if desired != self.seldom.desired
            && let Some(connection) = &mut self.connection
        {
            connection.set_desired_bitrate(desired);
            self.seldom.desired = desired;
        }
    }

    /// What the pictures that are received were asked to be.
    fn asked(&self, people: usize) -> Bitrate {
        let pictures = self.video.iter().filter(|slot| slot.since.is_some());
        let shown = pictures.filter_map(|slot| ladder::rate(slot.owner?.stream, slot.layer()?, people));
        ladder::desired(shown)
    }

    /// The connection is another one: what its estimator was told is forgotten.
    pub fn forget_desired(&mut self) {
        self.seldom.desired = Bitrate::default();
    }

    /// What the egress guard found on this person's slots and connections.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let mut faults = self.seldom.past_faults;
        if let Some(connection) = &self.connection {
            faults.add(&connection.faults());
        }
        let slots = self.video.iter().chain(&self.audio).map(Slot::faults);
        for found in slots.chain(self.seldom.resting.values().map(SendStream::faults)) {
            faults.add(&found);
        }
        faults
    }

    /// The name of one of their streams.
    #[must_use]
    pub fn stream(&self, stream: Stream) -> StreamId {
        StreamId { peer: self.id, stream }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_packets_touch_of_a_person_is_three_cache_lines() {
        assert!(size_of::<Peer>() <= 3 * 64, "{} bytes", size_of::<Peer>());
        assert!(size_of::<Slot>() <= 4 * 64, "{} bytes", size_of::<Slot>());
    }
}
