//! What a room tells everyone in it: the list of people, coalesced, and the announcements that decorate it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::protocol::ServerMessage;
use super::sockets::to_text;
use super::state::Version;
use super::timers::Timer;
use super::{Conference, Now, StateKey};
use crate::media::ids::{PeerId, RoomId};

/// Shortest time between two lists. Nobody sees a change 50 ms late, and a burst of them becomes one.
const PEERS_INTERVAL: Duration = Duration::from_millis(50);

/// Bytes per second that lists may take of one client's downlink: 256 kbit/s, about the smallest picture, so that a
/// storm of arrivals never starves sound. Up to about 12 people it allows a list every [`PEERS_INTERVAL`]; a list of
/// 300 people (40 kB) may come every 1.2 s.
const PEERS_BYTES_PER_SECOND: u64 = 32_000;

/// Announcements in one room per [`ANNOUNCE_INTERVAL`]; the rest is not said. A screen reader says one or two in that
/// time, and the list tells the truth anyway.
const ANNOUNCEMENTS: u32 = 16;

/// See [`ANNOUNCEMENTS`].
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait after a list of `bytes`.
fn pause_after(bytes: usize) -> Duration {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let millis = bytes.saturating_mul(1000) / PEERS_BYTES_PER_SECOND;
    PEERS_INTERVAL.max(Duration::from_millis(millis))
}

/// The state of a room's list.
#[derive(Debug, Default)]
pub(super) struct Roster {
    /// The list as it was written last, and which version of it that is.
    written: Option<(Version, Arc<str>)>,
    /// The next list goes out no earlier.
    not_before: Option<Instant>,
    /// When the current interval of announcements began, and how many it had.
    announced: Option<(Instant, u32)>,
}

impl Roster {
    /// Whether one more announcement may be made.
    fn may_announce(&mut self, now: Instant) -> bool {
        match &mut self.announced {
            Some((since, count)) if now.saturating_duration_since(*since) < ANNOUNCE_INTERVAL => {
                *count += 1;
                *count <= ANNOUNCEMENTS
            }
            other => {
                *other = Some((now, 1));
                true
            }
        }
    }
}

impl Conference {
    /// A room's list changed: it goes out as soon as its pace allows.
    pub(super) fn list_changed(&mut self, now: Now, id: RoomId) {
        let Some(room) = self.rooms.get(&id) else { return };
        let timer = Timer::Peers(id);
        if !self.timers.is_set(&timer) {
            let at = room.roster.not_before.map_or(now.instant, |at| at.max(now.instant));
            self.timers.set(timer, at);
        }
    }

    /// Sends the list to everyone who does not have it, and what the server asks of publishers where that changed.
    pub(super) fn flush_peers(&mut self, now: Now, id: RoomId) {
        let Some((_, text)) = self.peers_text(id) else { return };
        let Some(room) = self.rooms.get_mut(&id) else { return };
        room.roster.not_before = now.instant.checked_add(pause_after(text.len()));
        for peer in room.state.people().to_vec() {
            self.send_peers(peer);
            self.send_publish(now, peer, false);
        }
    }

    /// Sends the current list to one person, unless they have it.
    pub(super) fn send_peers(&mut self, id: PeerId) {
        let Some(room) = self.peers.get(&id).map(|peer| peer.room) else { return };
        let Some((version, text)) = self.peers_text(room) else { return };
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(socket) = peer.socket() else { return };
        if peer.peers_seen != Some(version) {
            peer.peers_seen = Some(version);
            self.send_text(socket, text, Some(StateKey::Peers));
        }
    }

    /// Tells everyone in a room except `about`, unless too much was told already.
    pub(super) fn announce(&mut self, now: Now, id: RoomId, about: PeerId, message: &ServerMessage) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let members = room.state.people().to_vec();
        if members.iter().all(|peer| *peer == about) || !room.roster.may_announce(now.instant) {
            return;
        }
        let Some(text) = to_text(message) else { return };
        for peer in members.into_iter().filter(|peer| *peer != about) {
            if let Some(socket) = self.socket_of(peer) {
                self.send_text(socket, Arc::clone(&text), None);
            }
        }
    }

    /// The current list, written once for all who get it.
    fn peers_text(&mut self, id: RoomId) -> Option<(Version, Arc<str>)> {
        let room = self.rooms.get_mut(&id)?;
        let version = room.state.listed();
        if let Some(written) = room.roster.written.as_ref().filter(|(written, _)| *written == version) {
            return Some(written.clone());
        }
        let message = ServerMessage::Peers { version: version.number, peers: room.state.list() };
        let written = (version, to_text(&message)?);
        room.roster.written = Some(written.clone());
        Some(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_less_often_the_longer_they_are() {
        assert_eq!(pause_after(0), Duration::from_millis(50));
        assert_eq!(pause_after(1_600), Duration::from_millis(50));
        assert_eq!(pause_after(40_000), Duration::from_millis(1250));
    }
}
