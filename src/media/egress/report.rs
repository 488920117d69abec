//! What we report: sender reports of the sources that send (RFC 3550 section 6.4.1), and answers to receivers that want to know the
//! round trip (RFC 3611 section 4.5).
//!
//! Tell each [`Sending`] what leaves, and [`References`] what receivers ask. When the first [`Sending::due`] has come, [`write`] makes
//! compound packets of all that is to be said, in plain text and of at most so many bytes each; to seal and send them is the
//! caller's. They have no source descriptions (RFC 5506): the answer to the offer names each source's CNAME.

use std::time::{Duration, Instant};

use super::feedback::Reception;
use crate::media::rtp::{ClockRate, MediaTime, Ssrc};

/// A source that sends reports this often. Browsers relate sound to picture from the second report on.
pub const EACH: Duration = Duration::from_secs(1);

/// Reports that are due within this leave along with one that is due, and from then on with it: one datagram a second for all.
const TOGETHER: Duration = Duration::from_millis(500);

/// The NTP seconds of the server's first moment: the beginning of 2026. Any clock will do that all sources of a connection share;
/// this is none that somebody may set.
const EPOCH: u64 = 3_976_214_400;

/// A round trip beyond this is none.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(10);

/// Receivers of one client that are answered: each has one for all it receives.
const MOST_REFERENCES: usize = 4;

const REPORT: usize = 28;
const EXTENDED_HEADER: usize = 12;
const ANSWER: usize = 12;

/// First bytes: the version, and no blocks.
const VERSION: u8 = 0x80;
const SENDER_REPORT: u8 = 200;
const EXTENDED_REPORT: u8 = 207;
const DLRR: u8 = 5;

/// The server's monotonic clock as NTP time.
#[derive(Debug, Clone, Copy)]
pub struct NtpClock {
    origin: Instant,
}

impl NtpClock {
    /// A clock for all that is not before `origin`.
    #[must_use]
    pub fn new(origin: Instant) -> NtpClock {
        NtpClock { origin }
    }

    /// In units of 2^-32 s. Its middle is never zero, which would say that there is none.
    fn ntp(self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.origin);
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        let ntp = (EPOCH.wrapping_add(since.as_secs()) << 32) | fraction;
        if middle(ntp) == 0 { ntp | 1 << 16 } else { ntp }
    }

    /// The round trip that a receiver's report tells, if it has had one of ours (RFC 3550 section 6.4.1).
    #[must_use]
    pub fn round_trip(self, now: Instant, reception: &Reception) -> Option<Duration> {
        if reception.last_report == 0 {
            return None;
        }
        let passed = middle(self.ntp(now)).wrapping_sub(reception.last_report);
        let ticks = passed.checked_sub(reception.since_report)?;
        let time = Duration::from_nanos((u64::from(ticks) * 1_000_000_000) >> 16);
        (time <= LONGEST_ROUND_TRIP).then_some(time)
    }
}

/// The middle 32 bits of an NTP time: 65,536ths of a second.
#[expect(clippy::cast_possible_truncation, reason = "the upper half wraps")]
fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// What one source has sent, as its reports say it.
#[derive(Debug)]
pub struct Sending {
    rate: ClockRate,
    /// Both wrap.
    packets: u32,
    octets: u32,
    /// The newest timestamp, and the instant it stands for.
    newest: Option<(MediaTime, Instant)>,
    /// When its report is due, if something was sent that none has told of.
    due: Option<Instant>,
    /// No report before this.
    next: Option<Instant>,
}

impl Sending {
    /// A source of `rate` that has sent nothing.
    #[must_use]
    pub fn new(rate: ClockRate) -> Sending {
        Sending { rate, packets: 0, octets: 0, newest: None, due: None, next: None }
    }

    /// A packet left, for the first time, with so many bytes of payload. Its timestamp stands for `wallclock`.
    #[expect(clippy::cast_possible_truncation, reason = "the counters wrap")]
    pub fn sent(&mut self, now: Instant, time: MediaTime, wallclock: Instant, payload: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload as u32);
        if self.newest.is_none_or(|(newest, _)| time >= newest) {
            self.newest = Some((time, wallclock));
        }
        if self.due.is_none() {
            self.due = Some(self.next.map_or(now, |next| next.max(now)));
        }
    }

    /// When it is to report. `None` if nothing was sent since it last did.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes its report, if it has something to say about now.
    fn report(&mut self, now: Instant, clock: NtpClock, ssrc: Ssrc, out: &mut Vec<u8>) -> bool {
        let Some((time, instant)) = self.newest.filter(|_| self.due.is_some_and(|due| due <= now + TOGETHER))
        else {
            return false;
        };
        let time = time + self.rate.ticks_in(now.saturating_duration_since(instant));
        header(VERSION, SENDER_REPORT, REPORT, out);
        out.extend(ssrc.0.to_be_bytes());
        out.extend(clock.ntp(now).to_be_bytes());
        out.extend(time.low().to_be_bytes());
        out.extend(self.packets.to_be_bytes());
        out.extend(self.octets.to_be_bytes());
        (self.due, self.next) = (None, Some(now + EACH));
        true
    }
}

/// The header of a packet of so many bytes.
#[expect(clippy::cast_possible_truncation, reason = "a packet is shorter than a datagram")]
fn header(first: u8, number: u8, bytes: usize, out: &mut Vec<u8>) {
    out.extend([first, number]);
    out.extend(((bytes / 4 - 1) as u16).to_be_bytes());
}

/// A receiver's time, when it came.
#[derive(Debug, Clone, Copy)]
struct Reference {
    from: Ssrc,
    time: u32,
    came: Instant,
}

/// What receivers of one client are to be answered.
#[derive(Debug, Default)]
pub struct References(Vec<Reference>);

impl References {
    /// A receiver said what time it is there. Of one only the newest is answered.
    pub fn note(&mut self, now: Instant, from: Ssrc, ntp: u64) {
        self.0.retain(|known| known.from != from);
        if self.0.len() >= MOST_REFERENCES {
            self.0.remove(0);
        }
        self.0.push(Reference { from, time: middle(ntp), came: now });
    }

    fn bytes(&self) -> usize {
        if self.0.is_empty() { 0 } else { EXTENDED_HEADER + ANSWER * self.0.len() }
    }

    /// Writes the answers, and forgets them.
    fn answer(&mut self, now: Instant, from: Ssrc, out: &mut Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        header(VERSION, EXTENDED_REPORT, self.bytes(), out);
        out.extend(from.0.to_be_bytes());
        header(DLRR, 0, ANSWER * self.0.len() + 4, out);
        for reference in self.0.drain(..) {
            let waited = now.saturating_duration_since(reference.came);
            out.extend(reference.from.0.to_be_bytes());
            out.extend(reference.time.to_be_bytes());
            out.extend(ticks(waited).to_be_bytes());
        }
    }
}

/// 65,536ths of a second; the most there are, if it is more.
fn ticks(time: Duration) -> u32 {
    u32::try_from((time.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}

/// Appends one compound packet of at most `most` bytes to `out`: the report of each source that has one to make, and behind them
/// what receivers are answered. To be called when a source is due, until there is nothing more.
///
/// Returns the source that it begins with, which is the one that it is to be sealed under (RFC 3711 section 3.4), or `None` if
/// nothing was appended.
pub fn write<'a>(
    now: Instant,
    clock: NtpClock,
    sources: impl IntoIterator<Item = (Ssrc, &'a mut Sending)>,
    references: &mut References,
    most: usize,
    out: &mut Vec<u8>,
) -> Option<Ssrc> {
    let most = out.len() + most.saturating_sub(references.bytes());
    let mut first = None;
    for (ssrc, sending) in sources {
        if out.len() + REPORT > most {
            break;
        }
        if sending.report(now, clock, ssrc, out) {
            first = first.or(Some(ssrc));
        }
    }
    references.answer(now, first?, out);
    first
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of tests are small, or wrap")]
mod tests;
