//! When a room is open, and how long a meeting in it may take. Whoever is inside is told some minutes before it ends.
//!
//! A time of the clock on the wall is waited for by the other clock, a while at most, and then looked at again: somebody may have set
//! it, or the machine may have slept.

use std::time::{Duration, Instant};

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::administration::Declined;
use super::protocol::{Closes, Keeping, ServerMessage};
use super::refusal::Refusal;
use super::room::CreateRoom;
use super::timers::Timer;
use super::{Conference, Now, StateKey, UnixTime};
use crate::media::ids::{PeerId, RoomId};

/// How long before the end people are told of it.
const TOLD_BEFORE: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(300)];

/// How long a time of the clock on the wall is waited for until that is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// Seconds that a meeting may be bounded to: less is none, and more than a day nobody waits for.
const SHORTEST_MEETING: u32 = 60;

/// See [`SHORTEST_MEETING`].
const LONGEST_MEETING: u32 = 86_400;

/// The last moment of the year 9999, in milliseconds since 1970.
const LAST_MOMENT: u64 = 253_402_300_799_999;

/// What goes on in a room as long as somebody is inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meeting {
    /// Since when.
    began: Instant,
    /// Which of [`TOLD_BEFORE`] people know of.
    told: Option<Duration>,
}

impl Meeting {
    /// The first one comes in.
    pub(super) fn begins(now: Now) -> Self {
        Self { began: now.instant, told: None }
    }

    /// How long until it, or its room, is over; the earlier of both.
    fn left(&self, now: Now, keeping: &Keeping) -> Option<(Duration, Closes)> {
        let of_room = keeping.ends.map(|ends| (ends.saturating_since(now.wall), Closes::Room));
        let took = now.instant.saturating_duration_since(self.began);
        let of_meeting = keeping
            .longest
            .map(|longest| (Duration::from_secs(u64::from(longest)).saturating_sub(took), Closes::Meeting));
        // Where both are at once the room is over: nobody comes again.
        of_room.into_iter().chain(of_meeting).min_by_key(|(left, _)| *left)
    }
}

/// A moment in milliseconds since 1970, however the number is written; or none.
pub(super) fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<UnixTime>, D::Error> {
    let Some(number) = Option::<f64>::deserialize(from)? else { return Ok(None) };
    let fits = number.fract() == 0.0 && (0.0..=LAST_MOMENT as f64).contains(&number);
    if !fits {
        return Err(D::Error::custom(format!("{number} is no time in milliseconds since 1970")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was looked at")]
    Ok(Some(UnixTime::from_millis(number as u64)))
}

/// The same where `null` is another thing than nothing (RFC 7396).
#[expect(clippy::option_option, reason = "missing, null and a value are three things (RFC 7396)")]
pub(super) fn moment_or_null<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<UnixTime>>, D::Error> {
    moment(from).map(Some)
}

/// Whether a room can begin and end so.
pub(super) fn in_order(now: Now, keeping: &Keeping) -> Result<(), Declined> {
    let Some(ends) = keeping.ends else { return Ok(()) };
    if ends <= now.wall {
        return Err(Declined::Unfit("ends: a time to come".to_owned()));
    }
    if keeping.starts.is_some_and(|starts| starts >= ends) {
        return Err(Declined::Unfit("starts: before ends".to_owned()));
    }
    Ok(())
}

/// Seconds that a meeting takes at most, if that can be.
pub(super) fn longest(wanted: Option<usize>) -> Result<Option<u32>, Declined> {
    let Some(wanted) = wanted else { return Ok(None) };
    let fits =
        u32::try_from(wanted).ok().filter(|seconds| (SHORTEST_MEETING..=LONGEST_MEETING).contains(seconds));
    let why = || Declined::Unfit(format!("longest: {SHORTEST_MEETING} to {LONGEST_MEETING} seconds"));
    fits.map(Some).ok_or_else(why)
}

/// How a room is to be kept that somebody wants.
pub(super) fn wished(now: Now, wanted: &CreateRoom) -> Result<Keeping, Declined> {
    let keeping = Keeping {
        access: wanted.access,
        locked: false,
        screens: wanted.screens,
        chat: wanted.chat.unwrap_or(true),
        files: wanted.files.unwrap_or(true),
        keep_chat: wanted.keep_chat,
        starts: wanted.starts,
        ends: wanted.ends,
        longest: longest(wanted.longest)?,
    };
    in_order(now, &keeping)?;
    Ok(keeping)
}

impl Conference {
    /// Looks again when a room is to end, and whether it is over now: it was made, opened, left or changed, or time has passed.
    pub(super) fn review_closing(&mut self, now: Now, id: &str) {
        if let Some(room) = self.room_ids.get(id).copied() {
            return self.review_closing_of(now, room);
        }
        let timer = Timer::Closing(id.into());
        self.timers.clear(&timer);
        let Some(ends) = self.store.get(id).and_then(|record| record.keeping.ends) else { return };
        if ends <= now.wall {
            self.end_empty(now, id, &Refusal::RoomOver);
        } else if let Some(at) = now.instant.checked_add(ends.saturating_since(now.wall).min(LOOK_AGAIN)) {
            self.timers.set(timer, at);
        }
    }

    /// The same of a room somebody is in: they are told in time.
    pub(super) fn review_closing_of(&mut self, now: Now, room: RoomId) {
        let Some(open) = self.rooms.get(&room) else { return };
        let timer = Timer::Closing(open.id().into());
        self.timers.clear(&timer);
        let left = open.meeting.left(now, &open.state.record().keeping);
        match left {
            Some((Duration::ZERO, Closes::Room)) => return self.end_room(now, room, &Refusal::RoomOver),
            Some((Duration::ZERO, Closes::Meeting)) => {
                return self.dismiss_all(now, room, &Refusal::MeetingOver);
            }
            _ => {}
        }
        let soon = left.and_then(|(left, _)| TOLD_BEFORE.into_iter().find(|before| left <= *before));
        if soon != open.meeting.told {
            let what = left.map_or(Closes::Room, |(_, what)| what);
            self.tell_closing(room, what, soon.and(left).map(|(left, _)| left), soon);
        }
        let Some((left, _)) = left else { return };
        let news = TOLD_BEFORE.into_iter().rev().find(|before| left > *before).unwrap_or(Duration::ZERO);
        if let Some(at) = now.instant.checked_add(left.saturating_sub(news).min(LOOK_AGAIN)) {
            self.timers.set(timer, at);
        }
    }

    fn tell_closing(&mut self, room: RoomId, what: Closes, left: Option<Duration>, told: Option<Duration>) {
        let Some(open) = self.rooms.get_mut(&room) else { return };
        open.meeting.told = told;
        let people = open.state.people().to_vec();
        for peer in people {
            self.say_closing(peer, what, left);
        }
    }

    /// Tells somebody who comes in, if it ends soon.
    pub(super) fn send_closing(&mut self, now: Now, id: PeerId) {
        let Some(open) = self.peers.get(&id).and_then(|peer| self.rooms.get(&peer.room)) else { return };
        let left = open.meeting.left(now, &open.state.record().keeping);
        if let Some((left, what)) = left.filter(|_| open.meeting.told.is_some()) {
            self.say_closing(id, what, Some(left));
        }
    }

    fn say_closing(&mut self, id: PeerId, what: Closes, left: Option<Duration>) {
        let seconds = left.map(|left| u64::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX));
        if let Some(socket) = self.socket_of(id) {
            self.send(socket, &ServerMessage::Closing { what, seconds }, Some(StateKey::Closing));
        }
    }

    /// Ends a room for good that nobody is in.
    pub(super) fn end_empty(&mut self, now: Now, id: &str, why: &Refusal) {
        self.lobby_ends(now, id, why);
        self.forget_room(now, id);
        self.bury(now, id);
        self.counters.rooms_ended += 1;
    }
}
