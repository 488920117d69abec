//! What a client wants sent and shown: `mute` and `view`.

use super::refusal::Refusal;
use super::state::RoomEvent;
use super::{Conference, Now};
use crate::limits::Limit;
use crate::media::ids::{PeerId, Stream, Track};
use crate::media::message::{Command, Tile};

impl Conference {
    /// `mute`. Kept across reloads; the camera's may come before the first answer.
    pub(super) fn mute(&mut self, now: Now, id: PeerId, track: Track, muted: bool) -> Result<(), Refusal> {
        let (Some(peer), Some(member)) = (self.peers.get(&id), self.member(id)) else { return Ok(()) };
        let may_come = member.tracks().is_empty() && track.stream == Stream::Camera;
        if !(may_come || member.tracks().contains(&track) || peer.negotiation.offers(track)) {
            return Err(Refusal::UnknownTrack);
        }
        self.change(now, peer.room, &RoomEvent::Muted { peer: id, track, muted });
        Ok(())
    }

    /// `view`. Who is not in the room is in no slot, so a tile of somebody who just left is no matter; were it taken out,
    /// nothing might be left, which says that nobody looks.
    pub(super) fn view(&mut self, id: PeerId, tiles: Vec<Tile>) -> Result<(), Refusal> {
        let most = self.config.limits.get(Limit::ViewTiles);
        if tiles.len() > most {
            self.tally.hit(Limit::ViewTiles);
            return Err(Refusal::TooManyTiles { most });
        }
        let Some(peer) = self.peers.get_mut(&id) else { return Ok(()) };
        peer.view = Some(tiles.clone());
        self.command_for(id, Command::View { peer: id, tiles });
        Ok(())
    }

    /// `signal`: no room has paths between browsers.
    pub(super) fn signal(&self, id: PeerId, to: PeerId) -> Result<(), Refusal> {
        let room = |id: &PeerId| self.peers.get(id).map(|peer| peer.room);
        if room(&to).is_none() || room(&to) != room(&id) {
            return Err(Refusal::UnknownPeer);
        }
        Err(Refusal::NoPath)
    }
}
