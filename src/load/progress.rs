//! One line that says how it goes, for whoever sits in front of it.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::crowd::Crowd;

/// Between two of them.
const EVERY: Duration = Duration::from_millis(500);

/// Clears the line and goes to its beginning (ECMA-48: EL).
const AGAIN: &str = "\r\x1b[2K";

/// The line. There is none where nobody looks: standard error is no terminal.
#[derive(Debug)]
pub(super) struct Progress {
    looked_at: bool,
    last: Option<(Instant, u64)>,
    began: Instant,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress { looked_at: io::stderr().is_terminal(), last: None, began: Instant::now() }
    }
}

impl Progress {
    /// Says it, if it is time to.
    pub(super) fn tell(&mut self, crowd: &Crowd, doing: &str) {
        let now = Instant::now();
        let since = self.last.map_or(EVERY, |(last, _)| now.saturating_duration_since(last));
        if !self.looked_at || since < EVERY {
            return;
        }
        let received = crowd.counted().received;
        let rate = self.last.map_or(0.0, |(_, before)| {
            received.saturating_sub(before) as f64 / since.as_secs_f64().max(f64::MIN_POSITIVE)
        });
        self.last = Some((now, received));
        let connected = crowd.people.iter().filter(|person| person.media.connected().is_some()).count();
        let lost: u64 = crowd.people.iter().map(|person| person.media.receiver.lost()).sum();
        // Whoever closed standard error does not want to know.
        let _ = write!(
            io::stderr(),
            "{AGAIN}{:>4} s {doing}: {connected} of {} connected, {rate:.0} datagrams/s received, {lost} lost",
            self.began.elapsed().as_secs(),
            crowd.people.len(),
        );
    }
}

/// Nothing more is said: the line is free for others.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.looked_at {
            let _ = write!(io::stderr(), "{AGAIN}");
        }
    }
}
