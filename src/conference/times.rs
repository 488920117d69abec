//! When a room is open, and how long a meeting in it may take. Pure.

use std::time::{Duration, Instant};

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::protocol::{Closes, Keeping};
use super::{Now, UnixTime};

/// Seconds that a meeting may be bounded to: less is none, and more than a day nobody waits for.
const SHORTEST_MEETING: u32 = 60;

/// See [`SHORTEST_MEETING`].
const LONGEST_MEETING: u32 = 86_400;

/// The last moment of the year 9999, in milliseconds since 1970.
const LAST_MOMENT: u64 = 253_402_300_799_999;

/// In March of 1973. What is less is a moment of today, written in seconds.
const FIRST_MOMENT: u64 = 100_000_000_000;

/// What goes on in a room as long as somebody is inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meeting {
    /// Since when.
    began: Instant,
    /// How long before its end people were told of that last.
    pub(super) told: Option<Duration>,
}

impl Meeting {
    /// The first one comes in.
    pub(super) fn begins(now: Now) -> Self {
        Self { began: now.instant, told: None }
    }

    /// How long until it, or its room, is over; the earlier of both.
    pub(super) fn left(&self, now: Now, keeping: &Keeping) -> Option<(Duration, Closes)> {
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
    let fits = number.fract() == 0.0 && (FIRST_MOMENT as f64..=LAST_MOMENT as f64).contains(&number);
    if !fits {
        let seconds =
            if (0.0..FIRST_MOMENT as f64).contains(&number) { ", but looks like seconds" } else { "" };
        return Err(D::Error::custom(format!("{number} is no time in milliseconds since 1970{seconds}")));
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
pub(super) fn in_order(now: Now, keeping: &Keeping) -> Result<(), String> {
    let Some(ends) = keeping.ends else { return Ok(()) };
    if ends <= now.wall {
        return Err("ends: a time to come, in milliseconds since 1970".to_owned());
    }
    if keeping.starts.is_some_and(|starts| starts >= ends) {
        return Err("starts: before ends".to_owned());
    }
    Ok(())
}

/// Seconds that a meeting takes at most, if that can be.
pub(super) fn longest(wanted: Option<usize>) -> Result<Option<u32>, String> {
    let Some(wanted) = wanted else { return Ok(None) };
    let bounds = SHORTEST_MEETING..=LONGEST_MEETING;
    let fits = u32::try_from(wanted).ok().filter(|seconds| bounds.contains(seconds));
    fits.map(Some).ok_or_else(|| format!("longest: {SHORTEST_MEETING} to {LONGEST_MEETING} seconds"))
}
