//! What somebody is shown who watches by a standard tool, and so cannot say what they wish: whoever speaks, and of them the screen if they share
//! one. With more lines for pictures the others follow.

use super::super::Conference;
use crate::limits::Limit;
use crate::media::ids::{Kind, PeerId, RoomId, Stream, Track};
use crate::media::message::{Beside, Command, Tile};

/// Lines of the first picture: whoever has a line for one shows it as large as they can.
const LARGE: u16 = 1_080;

/// And of the others.
const SMALL: u16 = 360;

impl Conference {
    /// Something about a room's pictures, or about who speaks, may be other than before.
    pub(in super::super) fn review_watchers(&mut self, room: RoomId) {
        let Some(open) = self.rooms.get(&room).filter(|open| !open.watchers.is_empty()) else { return };
        for watcher in open.watchers.clone() {
            self.review_watcher(watcher);
        }
    }

    /// Somebody who watches so may have to be shown something else. Harmless for anybody else.
    pub(super) fn review_watcher(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let Some(client) = peer.standard.as_deref().filter(|client| client.purpose == super::Purpose::Watch)
        else {
            return;
        };
        let (room, lead) = (peer.room, client.lead);
        let (people, beside) = match client.pinned {
            Some(pinned) => (vec![pinned], Beside::Nothing),
            None => (self.in_view(id, room, lead), Beside::Voices),
        };
        let most = self.config.limits.get(Limit::ViewTiles);
        let pictures = people.iter().flat_map(|who| {
            // A camera that is not there yet says whose voice is heard.
            let screen = self.has_picture(*who, Stream::Screen).then_some(Stream::Screen);
            screen.into_iter().chain([Stream::Camera]).map(|stream| (*who, stream))
        });
        let height = |rank: usize| if rank == 0 { LARGE } else { SMALL };
        let tiles = pictures.take(most).enumerate();
        let tiles: Vec<Tile> = tiles
            .map(|(rank, (peer, stream))| Tile { peer, stream, height: height(rank), pinned: false })
            .collect();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if let Some(client) = &mut peer.standard {
            client.lead = people.first().copied();
        }
        if peer.view.as_ref() != Some(&tiles) {
            peer.view = Some(tiles.clone());
            self.command_for(id, Command::View { peer: id, tiles, beside });
        }
    }

    /// Everybody of whom `watcher` may be shown a picture: who speaks first, else who was first before.
    fn in_view(&self, watcher: PeerId, room: RoomId, before: Option<PeerId>) -> Vec<PeerId> {
        let Some(open) = self.rooms.get(&room) else { return Vec::new() };
        let is_seen = |id: &PeerId| {
            *id != watcher
                && [Stream::Screen, Stream::Camera].iter().any(|stream| self.has_picture(*id, *stream))
        };
        let mut seen: Vec<PeerId> = open.state.people().iter().copied().filter(is_seen).collect();
        let first = [open.speaker, before].into_iter().flatten().find(|id| seen.contains(id));
        seen.sort_by_key(|id| Some(*id) != first);
        seen
    }

    /// Whether there is a picture to be shown. A screen that is muted is not shared.
    fn has_picture(&self, id: PeerId, stream: Stream) -> bool {
        let track = Track { stream, kind: Kind::Video };
        self.member(id).is_some_and(|member| {
            let shared = stream == Stream::Camera || !member.muted().contains(&track);
            member.tracks().contains(&track) && shared
        })
    }
}
