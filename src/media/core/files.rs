//! Files that go through the server: from the channel of who sends to the channel of who gets them.

use std::time::Instant;

use super::Core;
use crate::media::crossing::{About, Crossing};
use crate::media::files::{EACH, FileId, Part, Stray};
use crate::media::ids::{PeerId, WorkerId};
use crate::media::message::Notice;
use crate::media::peer::Peer;
use crate::media::rtc::DUE;
use crate::media::table::PeerKey;

/// Bytes of files that leave in one turn, of everybody's together: some 60 datagrams, which take less than a millisecond.
pub(super) const MOST_IN_A_TURN: usize = 64 * 1024;

/// A turn that has less than this left for files is over for them.
const LEAST_LEFT: usize = 1_024;

/// Where somebody is.
enum Place {
    Here(PeerKey),
    There(WorkerId),
}

impl Core {
    fn place_of(&self, peer: PeerId) -> Option<Place> {
        let key = self.by_id.get(&peer).copied()?;
        let home = self.peers.get(key)?.home;
        Some(home.map_or(Place::Here(key), Place::There))
    }

    /// A file is to be carried. Both of its people may be here, or one.
    pub(super) fn carry(&mut self, now: Instant, file: FileId, size: u64) {
        let Some(Place::Here(key)) = self.place_of(file.from) else { return };
        if let Some(peer) = self.peers.get_mut(key) {
            peer.seldom.files.carry(file, size);
            self.tell_credit(now, key);
        }
    }

    /// A file is over.
    pub(super) fn carried(&mut self, file: FileId) {
        for id in [file.from, file.to] {
            let Some(Place::Here(key)) = self.place_of(id) else { continue };
            let Some(peer) = self.peers.get_mut(key) else { continue };
            if id == file.from {
                peer.seldom.files.forget(file);
            } else {
                peer.seldom.files.drop_waiting(file);
                self.file_wish_changed(key);
            }
        }
    }

    /// Somebody opened their channel: they are told what they may send, and get what waits.
    pub(super) fn files_open(&mut self, now: Instant, key: PeerKey) {
        self.tell_credit(now, key);
        self.give_files(now, key);
    }

    /// A message came on somebody's channel.
    pub(super) fn file_bytes(&mut self, now: Instant, key: PeerKey, message: &[u8]) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        match peer.seldom.files.take(peer.id, message) {
            Ok(part) => {
                self.counters.file_bytes += part.bytes.len() as u64;
                match self.place_of(part.file.to) {
                    Some(Place::Here(_)) => self.file_came(now, part),
                    Some(Place::There(worker)) => {
                        self.crossings.push_back((worker, Crossing(About::File(part))));
                    }
                    None => {}
                }
            }
            Err(stray) => {
                self.counters.file_strays += 1;
                match stray {
                    Stray::Unknown => {}
                    Stray::Malformed => {
                        if let Some(connection) = &mut peer.connection {
                            connection.abandon_channel();
                        }
                    }
                    Stray::Excess(file) => self.notices.push_back(Notice::FileBroken { file }),
                }
            }
        }
    }

    /// Bytes of a file came for somebody, who is here unless they left just now.
    pub(super) fn file_came(&mut self, now: Instant, part: Part) {
        let Some(Place::Here(key)) = self.place_of(part.file.to) else { return };
        let Some(peer) = self.peers.get_mut(key) else { return };
        let waited = peer.seldom.files.waits();
        peer.seldom.files.put(part);
        if !waited {
            self.file_wish_changed(key);
            self.give_files(now, key);
        }
    }

    /// Some of the files that wait for somebody may be due.
    pub(super) fn files_are_due(&mut self, now: Instant, key: PeerKey) {
        if self.peers.get(key).and_then(Peer::files_due).is_some_and(|at| at <= now) {
            self.give_files(now, key);
        }
    }

    /// What waits for somebody leaves, as far as it may now.
    pub(super) fn give_files(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let waits = peer.seldom.files.waits();
        // Without a channel nothing can leave; opening one asks again.
        let Some(connection) = peer.connection.as_mut().filter(|c| waits && c.has_channel()) else {
            peer.set_files_due(None);
            return;
        };
        let (spare, most) = (connection.spare(now), self.file_bytes_left);
        let left =
            peer.seldom.files.give(now, spare, most, |message| connection.send_on_channel(true, message));
        let done = !peer.seldom.files.waits();
        let bytes: usize = left.iter().map(|(_, bytes)| bytes).sum();
        self.file_bytes_left = self.file_bytes_left.saturating_sub(bytes);
        // What did not fit into this turn leaves in the next.
        let again = if most - bytes < LEAST_LEFT { DUE } else { EACH };
        peer.set_files_due((!done).then(|| now + again));
        if bytes > 0 {
            peer.mark_dirty(key, &mut self.dirty);
        }
        if done {
            self.file_wish_changed(key);
        }
        self.reschedule(now, key);
        for (file, bytes) in left {
            match self.place_of(file.from) {
                Some(Place::Here(_)) => self.file_freed(now, file, bytes),
                Some(Place::There(worker)) => {
                    self.crossings.push_back((worker, Crossing(About::Freed(file, bytes))));
                }
                None => {}
            }
        }
    }

    /// So many bytes of a file left: its sender may send as many more.
    pub(super) fn file_freed(&mut self, now: Instant, file: FileId, bytes: usize) {
        let Some(Place::Here(key)) = self.place_of(file.from) else { return };
        if let Some(peer) = self.peers.get_mut(key) {
            peer.seldom.files.freed(file.to, file.id, bytes);
            self.tell_credit(now, key);
        }
    }

    /// Tells somebody what they may send. Who has no channel yet is told when they open it.
    fn tell_credit(&mut self, now: Instant, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(connection) = &mut peer.connection else { return };
        let mut told = false;
        peer.seldom.files.tell(|text| {
            let taken = connection.send_on_channel(false, text.as_bytes());
            told |= taken;
            taken
        });
        if told {
            peer.mark_dirty(key, &mut self.dirty);
            self.reschedule(now, key);
        }
    }

    /// Files wait for somebody, or none any more: their line is worth looking for more, or not.
    fn file_wish_changed(&mut self, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let people = self.rooms.get(peer.room).map_or(0, |room| room.members.len());
        peer.update_desired(people);
    }
}
