//! What became of somebody's subscription in the last minutes: what their downlink was thought to hold, what they wished for, what
//! they were to be shown, and why. For whoever made the room, or runs the server, and is asked why it is blurry.
//!
//! Only what changed is kept, of a second the newest: so it is bounded by time, and by bytes. What held when the time began is kept
//! with it, however old: most of what is blurry stays as it is.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::room::OpenRoom;
use super::{Conference, Now, wire};
use crate::ledger::{ClientAddress, Over};
use crate::limits::Limit;
use crate::media::ids::PeerId;
use crate::media::message::{Tile, VideoSlot};
use crate::media::units::Bitrate;

/// So much of the past is kept: "just now" of somebody who writes to the operator.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// Of what changes faster than this the newest counts.
const EVERY: Duration = Duration::from_secs(1);

/// Something that is another one than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum What {
    /// Bits a second that the downlink is thought to hold.
    Downlink(u64),
    /// The tiles that the client shows.
    Wishes(#[serde(with = "wire::tiles")] Vec<Tile>),
    /// What each slot that has an owner is to show.
    Shows(#[serde(with = "wire::video_slots")] Vec<VideoSlot>),
}

impl What {
    /// Whether `other` takes its place.
    fn is_replaced_by(&self, other: &What) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// About what it takes.
    fn bytes(&self) -> usize {
        size_of::<Sample>()
            + match self {
                What::Downlink(_) => 0,
                What::Wishes(tiles) => size_of_val(tiles.as_slice()),
                What::Shows(slots) => size_of_val(slots.as_slice()),
            }
    }
}

/// What changed at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Sample {
    /// When, in milliseconds since 1970.
    at: u64,
    #[serde(flatten)]
    what: What,
}

/// The last minutes of one subscription.
#[derive(Debug, Default)]
pub(super) struct Trace {
    samples: VecDeque<(Instant, Sample)>,
    bytes: usize,
}

/// The same, for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceReport {
    #[serde(with = "wire::peer")]
    peer: PeerId,
    /// The oldest first.
    samples: Vec<Sample>,
}

/// Why somebody is told no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceRefused {
    /// There is no such room, or the secret is not its own.
    NotTheirs,
    /// They tried too often.
    Over(Over),
    /// They may, and asked too often.
    Busy(Over),
    /// Nobody in the room has this id.
    NoPeer,
}

impl Trace {
    /// Takes note of something. Returns whether older notes had to go because all together are over `most` bytes.
    fn note(&mut self, now: Now, what: What, most: usize) -> bool {
        let mut newest_first = self.samples.iter_mut().rev();
        if let Some((at, sample)) = newest_first.find(|(_, sample)| sample.what.is_replaced_by(&what)) {
            if sample.what == what {
                return false;
            }
            if now.instant.saturating_duration_since(*at) < EVERY {
                self.bytes = (self.bytes + what.bytes()).saturating_sub(sample.what.bytes());
                sample.what = what;
                return self.shorten(now, most);
            }
        }
        self.bytes += what.bytes();
        self.samples.push_back((now.instant, Sample { at: now.wall.as_millis(), what }));
        self.shorten(now, most)
    }

    fn shorten(&mut self, now: Now, most: usize) -> bool {
        self.forget(now);
        let mut over = false;
        while self.bytes > most && !self.samples.is_empty() {
            self.remove(0);
            over = true;
        }
        over
    }

    /// Forgets what held no more when the time began that is kept.
    fn forget(&mut self, now: Now) {
        let is_old = |(at, _): &(Instant, Sample)| now.instant.saturating_duration_since(*at) >= KEPT;
        let (mut index, mut old) = (0, self.samples.partition_point(is_old));
        while index < old {
            let mut samples = self.samples.iter().take(old).skip(index).map(|(_, sample)| &sample.what);
            let ended = samples.next().is_some_and(|what| samples.any(|later| what.is_replaced_by(later)));
            if ended {
                self.remove(index);
                old -= 1;
            } else {
                index += 1;
            }
        }
    }

    fn remove(&mut self, index: usize) {
        if let Some((_, sample)) = self.samples.remove(index) {
            self.bytes = self.bytes.saturating_sub(sample.what.bytes());
        }
    }
}

impl Conference {
    fn note(&mut self, now: Now, id: PeerId, what: What) {
        let most = self.config.limits.get(Limit::TraceBytes);
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if peer.trace.note(now, what, most) {
            self.tally.hit(Limit::TraceBytes);
        }
    }

    /// Somebody's downlink holds so much.
    pub(super) fn note_downlink(&mut self, now: Now, id: PeerId, estimate: Bitrate) {
        self.note(now, id, What::Downlink(estimate.as_bps()));
    }

    /// Somebody shows these tiles.
    pub(super) fn note_wishes(&mut self, now: Now, id: PeerId, tiles: &[Tile]) {
        self.note(now, id, What::Wishes(tiles.to_vec()));
    }

    /// Somebody is to be shown this.
    pub(super) fn note_shown(&mut self, now: Now, id: PeerId) {
        let Some((_, slots)) = self.peers.get(&id).and_then(|peer| peer.slots.as_ref()) else { return };
        let shown = slots.video.iter().filter(|slot| slot.shows.is_some());
        self.note(now, id, What::Shows(shown.copied().collect()));
    }

    /// What became of a subscription in the last five minutes, for whoever shows the secret of the room with this id, or a pass that
    /// administers it.
    ///
    /// # Errors
    /// [`TraceRefused`]; whoever shows a wrong secret counts as asking for a room that is not.
    pub fn trace(
        &mut self,
        now: Now,
        address: ClientAddress,
        (room, peer): (&str, &str),
        secret: &str,
    ) -> Result<TraceReport, TraceRefused> {
        let open = self.room_ids.get(room).and_then(|id| self.rooms.get(id));
        let owns = |open: &OpenRoom| {
            self.is_secret_of(open.state.record(), secret) || self.administers(now, room, secret)
        };
        let theirs = open.is_some_and(owns);
        if !theirs {
            self.asked_in_vain(now, address).map_err(TraceRefused::Over)?;
            return Err(TraceRefused::NotTheirs);
        }
        self.pay_for_asking(now, room, secret).map_err(TraceRefused::Busy)?;
        self.trace_of(now, room, peer).ok_or(TraceRefused::NoPeer)
    }

    /// The same for the operator, who may see everybody's. `None` if nobody in such a room has this id.
    #[must_use]
    pub fn trace_of(&mut self, now: Now, room: &str, peer: &str) -> Option<TraceReport> {
        let open: &OpenRoom = self.rooms.get(self.room_ids.get(room)?)?;
        let id: PeerId = peer.parse().ok()?;
        open.state.member(id)?;
        let trace = &mut self.peers.get_mut(&id)?.trace;
        trace.forget(now);
        let samples = trace.samples.iter().map(|(_, sample)| sample.clone()).collect();
        Some(TraceReport { peer: id, samples })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conference::UnixTime;

    fn now(start: Instant, millis: u64) -> Now {
        let instant = start + Duration::from_millis(millis);
        Now { instant, wall: UnixTime::from_millis(1_000_000 + millis) }
    }

    fn told(trace: &Trace) -> Vec<(u64, u64)> {
        let rate = |what: &What| if let What::Downlink(rate) = what { *rate } else { 0 };
        trace.samples.iter().map(|(_, sample)| (sample.at - 1_000_000, rate(&sample.what))).collect()
    }

    #[test]
    fn what_changes_is_kept_for_five_minutes_and_of_a_second_the_newest() {
        let (start, mut trace) = (Instant::now(), Trace::default());
        for (millis, rate) in [(0, 1), (400, 2), (999, 3), (1_000, 3), (1_200, 4), (60_000, 4), (90_000, 5)] {
            assert!(!trace.note(now(start, millis), What::Downlink(rate), 10_000));
        }
        assert_eq!(told(&trace), [(0, 3), (1_200, 4), (90_000, 5)]);
        assert!(!trace.note(now(start, 301_300), What::Downlink(6), 10_000), "what is old goes by itself");
        assert_eq!(told(&trace), [(1_200, 4), (90_000, 5), (301_300, 6)]);
    }

    #[test]
    fn what_held_when_the_five_minutes_began_is_told_however_old_it_is() {
        let (start, mut trace) = (Instant::now(), Trace::default());
        trace.note(now(start, 0), What::Downlink(1), 10_000);
        trace.note(now(start, 0), What::Wishes(Vec::new()), 10_000);
        trace.note(now(start, 10_000), What::Downlink(2), 10_000);
        trace.note(now(start, 20_000), What::Downlink(3), 10_000);
        trace.forget(now(start, 319_999));
        assert_eq!(told(&trace), [(0, 0), (10_000, 2), (20_000, 3)]);
        trace.forget(now(start, 3_600_000));
        assert_eq!(told(&trace), [(0, 0), (20_000, 3)], "the wishes and the last estimate");
        assert_eq!(trace.bytes, trace.samples.iter().map(|(_, sample)| sample.what.bytes()).sum::<usize>());
    }

    #[test]
    fn whatever_is_said_it_takes_no_more_than_it_may() {
        let (start, mut trace) = (Instant::now(), Trace::default());
        let tile =
            Tile { peer: PeerId(1), stream: crate::media::ids::Stream::Camera, height: 1, pinned: false };
        let mut over = 0;
        for turn in 0..2_000_u16 {
            let tiles = vec![Tile { height: turn, ..tile }; usize::from(turn % 128)];
            let at = now(start, u64::from(turn) * 130);
            over += u32::from(trace.note(at, What::Wishes(tiles), 20_000));
            assert!(trace.bytes <= 20_000, "{} bytes", trace.bytes);
            let held: usize = trace.samples.iter().map(|(_, sample)| sample.what.bytes()).sum();
            assert_eq!(held, trace.bytes);
        }
        assert!(over > 0 && trace.samples.len() > 3, "{over} times over, {} left", trace.samples.len());
    }
}
