//! What happened to people that an operator wants to know, beside the limits that were hit.

use super::protocol::ErrorCode;
use crate::media::ids::{Kind, Stream, Track};

crate::metrics! {
    /// What the conference holds.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct Gauges as "conference" {
        /// Signaling sockets that are open, of people in rooms and before they join.
        pub sockets: u64 as Gauge,
        /// People in rooms, those included who lost their connection and may come back.
        pub people: u64 as Gauge,
        /// Rooms that are kept, empty ones included.
        pub rooms: u64 as Gauge,
        /// Files that are on their way through the server.
        pub files: u64 as Gauge,
        /// Microphones that people publish, muted ones included.
        pub microphones: u64 as Gauge,
        /// Cameras that people publish, those that are off included.
        pub cameras: u64 as Gauge,
        /// Screens that are shared.
        pub screens: u64 as Gauge,
        /// People who wait to be let into a room.
        pub waiting: u64 as Gauge,
        /// People in rooms who came by a standard tool (WHIP, WHEP).
        pub standard: u64 as Gauge,
    }
}

crate::metrics! {
    /// Counts since the start of the process.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Counters as "conference" {
        /// People who came back with their token.
        pub resumed: u64,
        /// People who came back as who they were before the server was restarted.
        pub returned: u64,
        /// Tokens that brought nobody back: used up, of another room, or made up.
        pub unknown_tokens: u64,
        /// People who entered a room on another worker than its first, which had no room for more.
        pub spilled: u64,
        /// People who were moved to the first worker of their room when that had room for them again.
        pub folded: u64,
        /// People who were moved because their worker was gone.
        pub moved: u64,
        /// Times that the people of a room began to talk directly.
        pub went_direct: u64,
        /// Times that a room's media went through the server again, or a direct path was looked for in vain.
        pub went_back: u64,
        /// Words about direct connections that came when they were given up already.
        pub stale_direct: u64,
        /// Sockets that were closed because they did not stop sending too much.
        pub flooders: u64,
        /// People who came in with an access token.
        pub passes: u64,
        /// Messages that were written in chats.
        pub chat_messages: u64,
        /// People who came into a lobby.
        pub knocks: u64,
        /// People who were put out of a room by somebody who moderates.
        pub put_out: u64,
        /// People who came by a standard tool (WHIP, WHEP).
        pub standard_opened: u64,
        /// Of these, those whose session the server ended: too much came, or their connection failed.
        pub standard_ended: u64,
        /// Reports of people who got no media, each with a cause and a code.
        pub troubles: u64,
        /// Rooms that were ended for everybody.
        pub rooms_ended: u64,
    } with {
        refusals: [u64; ErrorCode::ALL.len()],
    }
}

impl Gauges {
    /// Somebody publishes `track`.
    pub(super) fn add(&mut self, track: Track) {
        match (track.stream, track.kind) {
            (Stream::Camera, Kind::Audio) => self.microphones += 1,
            (Stream::Camera, Kind::Video) => self.cameras += 1,
            (Stream::Screen, Kind::Video) => self.screens += 1,
            // A screen's own sound is part of it.
            (Stream::Screen, Kind::Audio) => {}
        }
    }
}

impl Counters {
    /// How many `error` messages with this code were sent.
    #[must_use]
    pub fn refusals(&self, code: ErrorCode) -> u64 {
        self.refusals.get(code as usize).copied().unwrap_or(0)
    }

    pub(super) fn refused(&mut self, code: ErrorCode) {
        if let Some(count) = self.refusals.get_mut(code as usize) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_count_of_its_own() {
        let mut counters = Counters::default();
        for code in ErrorCode::ALL {
            counters.refused(code);
        }
        assert!(ErrorCode::ALL.iter().all(|code| counters.refusals(*code) == 1), "{counters:?}");
    }
}
