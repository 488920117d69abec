//! Reactions: everybody present sees one, in passing. Nothing of it is kept, so whoever comes later knows nothing of it.

use std::sync::Arc;

use super::protocol::{Reaction, ServerMessage};
use super::sockets::to_text;
use super::{Conference, Now};
use crate::limits::Limit;
use crate::media::ids::PeerId;

impl Conference {
    /// `react`: told to everybody, whoever reacts included, so that they see what the others see. What is over a rate is not told, and
    /// nothing is said about it: nobody misses the eleventh clap.
    pub(super) fn react(&mut self, now: Now, id: PeerId, reaction: Reaction) {
        let limits = &self.config.limits;
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(room) = self.rooms.get_mut(&peer.room) else { return };
        if !peer.talk.reaction(now.instant, limits) {
            self.tally.hit(Limit::ReactionsPerSecond);
            return;
        }
        if !room.talk.reaction(now.instant, limits) {
            self.tally.hit(Limit::ReactionsPerSecondPerRoom);
            return;
        }
        let people = room.state.people().to_vec();
        let Some(text) = to_text(&ServerMessage::Reacted { peer: id, reaction }) else { return };
        for socket in people.into_iter().filter_map(|person| self.socket_of(person)).collect::<Vec<_>>() {
            self.send_text(socket, Arc::clone(&text), None);
        }
    }
}
