//! The time of a turn.

use std::time::{Duration, Instant, SystemTime};

use crate::conference::Now;
use crate::standstill::Standstill;

/// The loop's clock: it stands still while the loop does. All that is reckoned by it, people's silence and every time-out,
/// is time in which they could have been heard.
#[derive(Debug, Default)]
pub(super) struct Clock {
    standstill: Standstill,
    /// For how long the loop did not run, in all.
    stood: Duration,
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> Instant {
        self.told(Instant::now())
    }

    fn told(&self, system: Instant) -> Instant {
        system.checked_sub(self.stood).unwrap_or(system)
    }

    /// The loop waits for events, for `timeout` at most.
    pub fn waits(&mut self, timeout: Option<Duration>) {
        self.standstill.waits(Instant::now(), timeout);
    }

    /// A turn begins. The wall clock is told as it is: an operator or a time server may set it forward or back by any
    /// amount, and what is reckoned from a time that was wrong once would stay wrong. Whatever must not go back is reckoned
    /// by the other one.
    pub fn turn(&mut self) -> Now {
        let system = Instant::now();
        let stood = self.standstill.goes_on(system);
        if stood > Duration::ZERO {
            log::warn!("the process stood still for {:.1} s: that is nobody's silence", stood.as_secs_f64());
            self.stood += stood;
        }
        at(self.told(system), SystemTime::now())
    }
}

fn at(instant: Instant, wall: SystemTime) -> Now {
    Now { instant, wall: wall.into() }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::conference::placement::SPILL_AT;
    use crate::conference::{
        Conference, ConferenceConfig, CreateRoom, DEFAULT_CODECS, MasterKey, MemoryStore, Output, PassRules,
        SocketId, Turn, TurnSecret,
    };
    use crate::limits::Limits;

    const YEAR: Duration = Duration::from_secs(365 * 86_400);

    /// Seconds since 1970 at which the credentials end that a newcomer is told at `now`.
    fn credentials_end(conference: &mut Conference, now: Now, socket: usize) -> u64 {
        let socket = SocketId(socket);
        conference.socket_opened(now, socket, std::net::IpAddr::from([192, 0, 2, 1]).into());
        let join = r#"{"type": "join", "room": "r", "name": "Ann"}"#;
        conference.socket_text(now, socket, join);
        let mut welcome = String::new();
        while let Some(output) = conference.poll_output() {
            if let Output::Send { message, .. } = output
                && message.contains("iceServers")
            {
                welcome = message.to_string();
            }
        }
        let welcome: serde_json::Value = serde_json::from_str(&welcome).expect("a welcome");
        let user = welcome["iceServers"][0]["username"].as_str().expect("a user name").to_owned();
        user.split(':').next().expect("an end").parse().expect("a number")
    }

    #[test]
    fn a_clock_that_was_far_ahead_makes_no_credentials_that_are_good_for_so_long_once_it_is_right() {
        let turn = Turn {
            urls: vec!["turn:a.example:3478".to_owned()],
            secret: TurnSecret::new(b"a secret of sixteen bytes or more").expect("long enough"),
        };
        let config = ConferenceConfig {
            media: crate::conference::MediaReach::default(),
            limits: Limits::default(),
            turn: Some(turn),
            stun: Vec::new(),
            file_bytes: crate::conference::FILE_BYTES,
            whip_bitrate: 8_000_000,
            workers: 1,
            key: MasterKey::new(&[7; MasterKey::BYTES]),
            spill_at: SPILL_AT,
            rules: PassRules::default(),
            codecs: DEFAULT_CODECS.to_vec(),
        };
        let store = Box::<MemoryStore>::default();
        let mut next = 0_u8;
        let entropy = move |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_add(1);
                *byte = next;
            }
        };
        let mut conference = Conference::new(config, store, Box::new(entropy));
        let (start, right) = (Instant::now(), UNIX_EPOCH + 50 * YEAR);
        let room = CreateRoom {
            name: "r".to_owned(),
            listed: true,
            topology: crate::conference::protocol::Topology::Sfu,
            ..CreateRoom::default()
        };
        let here = std::net::IpAddr::from([192, 0, 2, 1]).into();
        conference.create_room(at(start, right), here, room).expect("a room");
        let lasts = |ends: u64, wall: SystemTime| {
            ends.saturating_sub(wall.duration_since(UNIX_EPOCH).expect("after 1970").as_secs())
        };
        for (number, wall) in [right, right + YEAR, right, right - YEAR, right].into_iter().enumerate() {
            let now = at(start + Duration::from_secs(number as u64), wall);
            let ends = credentials_end(&mut conference, now, number);
            assert_eq!(lasts(ends, wall), 3_600, "turn {number}");
        }
    }

    #[test]
    fn the_wall_clock_is_told_as_it_is_and_the_other_one_goes_on() {
        let start = Instant::now();
        for (second, wall) in [1_000, 500, 0, 999].into_iter().enumerate() {
            let instant = start + Duration::from_secs(second as u64);
            let now = at(instant, UNIX_EPOCH + Duration::from_millis(wall));
            assert_eq!((now.instant, now.wall.as_millis()), (instant, wall));
        }
    }
}
