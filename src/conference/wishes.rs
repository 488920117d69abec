//! What a client wants sent and shown: `mute` and `view`; and what it cannot afford: `limited`.

use std::time::Duration;

use super::parse::Limited;
use super::refusal::Refusal;
use super::state::RoomEvent;
use super::timers::Timer;
use super::{Conference, Now};
use crate::limits::Limit;
use crate::media::ids::{Kind, PeerId, Stream, Track};
use crate::media::message::{Beside, Command, Limitation, Tile};

/// From one time that a worker is told what somebody cannot afford to the next: what everybody is shown of them is decided anew
/// each time. A browser's own reason stands for seconds.
const LIMITED_EVERY: Duration = Duration::from_secs(1);

/// What was said last of each stream and not passed on yet.
#[derive(Debug, Default)]
pub(super) struct NewlyLimited(Vec<(Stream, Option<Limitation>)>);

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
    pub(super) fn view(&mut self, now: Now, id: PeerId, tiles: Vec<Tile>) -> Result<(), Refusal> {
        let most = self.config.limits.get(Limit::ViewTiles);
        if tiles.len() > most {
            self.tally.hit(Limit::ViewTiles);
            return Err(Refusal::TooManyTiles { most });
        }
        self.note_wishes(now, id, &tiles);
        let Some(peer) = self.peers.get_mut(&id) else { return Ok(()) };
        peer.view = Some(tiles.clone());
        self.command_for(id, Command::View { peer: id, tiles, beside: Beside::default() });
        Ok(())
    }

    /// `limited`. Passed on at once, and then what was said last a second later.
    pub(super) fn limited(&mut self, now: Now, id: PeerId, said: &Limited) -> Result<(), Refusal> {
        let picture = Track { stream: said.stream, kind: Kind::Video };
        if !self.member(id).is_some_and(|member| member.tracks().contains(&picture)) {
            return Err(Refusal::UnknownTrack);
        }
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.limited.0.retain(|(stream, _)| *stream != said.stream);
            peer.limited.0.push((said.stream, said.by));
        }
        if !self.timers.is_set(&Timer::Limited(id)) {
            self.tell_limited(now, id);
        }
        Ok(())
    }

    /// Tells somebody's worker what was said since it was told last.
    pub(super) fn tell_limited(&mut self, now: Now, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let said = std::mem::take(&mut peer.limited.0);
        if let Some(at) = now.instant.checked_add(LIMITED_EVERY).filter(|_| !said.is_empty()) {
            self.timers.set(Timer::Limited(id), at);
        }
        for (stream, by) in said {
            self.command_for(id, Command::Limited { peer: id, stream, by });
        }
    }
}
