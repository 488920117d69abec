//! Paths: how they are learned, whose they are, and that they end.

use std::time::Instant;

use super::Core;
use crate::limits::Limit;
use crate::media::demux::{Path, Protocol};
use crate::media::message::Reached;
use crate::media::mirror;
use crate::media::paths::{Hold, Learned};
use crate::media::rtc::{self, Connection};
use crate::media::table::{Key, PeerKey};

impl Core {
    /// STUN: a client's check of a path, its answer to ours, or a question for nothing but the asker's address.
    pub(super) fn handle_stun(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        if path.protocol == Protocol::Udp
            && let Some(transaction) = mirror::read(datagram)
        {
            let answered = self.mirror.ask(now, path, transaction, &mut self.tally);
            self.counters.stun_mirrored += u64::from(answered);
            return;
        }
        let taken = match rtc::read_check(datagram) {
            Some(check) => self.handle_check(now, path, &check, datagram),
            None => self.handle_answer(now, path, datagram),
        };
        self.counters.stun_refused += u64::from(!taken);
    }

    /// False if the check is for nobody, or was not made with their password.
    fn handle_check(&mut self, now: Instant, path: Path, check: &rtc::Check<'_>, datagram: &[u8]) -> bool {
        let Some(key) = check.ufrag().and_then(|ufrag| self.demux.by_ufrag(ufrag)) else { return false };
        let connection = self.connection(key);
        if !connection.is_some_and(|connection| connection.authenticates(check)) {
            return false;
        }
        self.reached(key, if path.protocol == Protocol::Udp { Reached::Udp } else { Reached::Tcp });
        if self.learn(now, key, path) {
            self.receive(now, key, path, datagram, Some(check));
        }
        true
    }

    /// An answer to a challenge is ours: the connection's state machine asked nothing. Whoever answers has the path.
    fn handle_answer(&mut self, now: Instant, path: Path, datagram: &[u8]) -> bool {
        let Some(key) = rtc::whose_answer(datagram).map(PeerKey::of) else { return false };
        let Some(connection) = self.connection(key) else { return false };
        let answered = connection.handle_answer(now, &path, datagram);
        let counts = connection.take_path_counts();
        self.counters.add_paths(counts);
        if answered {
            self.give(key, path);
        }
        answered
    }

    /// Learns that `key` authenticated a check by `path`. False if that is somebody else's, who has proven to be there and
    /// is heard, or if `key` has too many already.
    ///
    /// A check proves nothing about where it came from, so it takes no path away: until one of them has proven to be there,
    /// a path belongs to whoever was first, for as long as they check it.
    pub(super) fn learn(&mut self, now: Instant, key: PeerKey, path: Path) -> bool {
        let owner = self.demux.by_path(&path).filter(|owner| *owner != key);
        let hold =
            owner.and_then(|owner| self.connection(owner)).map_or(Hold::Not, |it| it.holds(now, &path));
        if hold == Hold::Proven {
            self.counters.paths_refused += 1;
            return false;
        }
        let most = self.config.limits.get(Limit::AddressesPerPeer);
        let Some(connection) = self.connection(key) else { return false };
        let learned = connection.learn_path(now, path, most);
        if learned != Learned::Known {
            self.tally.hit(Limit::AddressesPerPeer);
        }
        if let Learned::InPlaceOf(gone) = learned {
            self.demux.forget_path_of(key, &gone);
        }
        if learned != Learned::Full && hold == Hold::Not {
            self.give(key, path);
        }
        learned != Learned::Full
    }

    /// What comes by `path` is for `key` from now on.
    fn give(&mut self, key: PeerKey, path: Path) {
        if let Some(owner) = self.demux.add_path(path, key).filter(|owner| *owner != key)
            && let Some(owner) = self.connection(owner)
        {
            owner.forget_path(&path);
        }
    }

    /// A path that is no more: its TCP connection ended. Whoever used it may come by another one.
    pub fn handle_path_ended(&mut self, path: &Path) {
        let key = self.demux.forget_path(path);
        if let Some(connection) = key.and_then(|key| self.connection(key)) {
            connection.forget_path(path);
        }
        self.handshakes.retain(|waiting| waiting.path != *path);
    }

    /// Whether somebody has authenticated on this path and is there.
    #[must_use]
    pub fn knows(&self, path: &Path) -> bool {
        self.demux.by_path(path).is_some()
    }

    fn connection(&mut self, key: PeerKey) -> Option<&mut Connection> {
        self.peers.get_mut(key)?.connection.as_deref_mut()
    }
}
