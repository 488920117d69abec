//! What a client wants sent and shown: `mute` and `view`.

use super::parse::Refusal;
use super::protocol::ErrorCode;
use super::{Conference, Now};
use crate::limits::Limit;
use crate::media::ids::{PeerId, Stream, Track};
use crate::media::message::{Command, Tile};

impl Conference {
    /// `mute`. Kept across reloads; the camera's may come before the first answer.
    pub(super) fn mute(&mut self, now: Now, id: PeerId, track: Track, muted: bool) -> Result<(), Refusal> {
        let Some(peer) = self.peers.get_mut(&id) else { return Ok(()) };
        let may_come = peer.tracks.is_empty() && track.stream == Stream::Camera;
        if !(may_come || peer.tracks.contains(&track) || peer.negotiation.offers(track)) {
            return Err(Refusal::new(ErrorCode::UnknownTrack, "stream, kind: you do not publish this track"));
        }
        let changed = if muted { peer.muted.insert(track) } else { peer.muted.remove(&track) };
        if !changed {
            return Ok(());
        }
        let (worker, room, shown) = (peer.worker, peer.room, peer.tracks.contains(&track));
        self.command(worker, Command::Mute { peer: id, track, muted });
        if shown {
            self.peers_changed(now, room);
        }
        Ok(())
    }

    /// `view`. Tiles of people who just left are passed over, and so are one's own: no slot shows them.
    pub(super) fn view(&mut self, id: PeerId, mut tiles: Vec<Tile>) -> Result<(), Refusal> {
        let most = self.config.limits.get(Limit::ViewTiles);
        if tiles.len() > most {
            self.tally.hit(Limit::ViewTiles);
            return Err(Refusal::new(ErrorCode::TooLarge, format!("tiles: at most {most}")));
        }
        let Some((worker, room)) = self.peers.get(&id).map(|peer| (peer.worker, peer.room)) else {
            return Ok(());
        };
        tiles.retain(|tile| {
            tile.peer != id && self.peers.get(&tile.peer).is_some_and(|peer| peer.room == room)
        });
        self.command(worker, Command::View { peer: id, tiles });
        Ok(())
    }
}
