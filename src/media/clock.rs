//! When a packet was captured, on the server's clock.
//!
//! Every output clock is `base + rate x capture time` (see [`super::forward`]), so all tracks of one person must agree on
//! what capture time is. A publisher's sender reports (RFC 3550 section 6.4.1) tie its RTP timestamps to its NTP clock;
//! the smallest delay seen between that clock and the arrival of reports ties its NTP clock to the server's. Until a
//! track has its first report the earliest arrival stands in.

use std::time::{Duration, Instant, SystemTime};

use super::rtp::{ClockRate, MediaTime};

/// The smallest delay is taken over two windows of this length, so that a route that became longer, or a drifting
/// clock, is followed within a minute.
const WINDOW: Duration = Duration::from_secs(30);

/// A report that puts the newest packet further than this from its arrival is not believed.
const BELIEVABLE: Duration = Duration::from_secs(3);

/// Nothing came for at least so long: longer than a queue on a starved line makes a gap of a few lost packets.
const PAUSED: Duration = Duration::from_secs(2);

/// A clock that counted so much less than the time that passed stood still meanwhile. Chromium's sound loses 0.7 s whenever it does not
/// send for a while (five pauses of 10 s looked at), and each puts sound and picture as much further apart. A queue that grew while nothing
/// came looks alike, and is shorter.
const STOOD: Duration = Duration::from_millis(500);

/// One person's NTP clock against the server's.
#[derive(Debug)]
pub struct PeerClock {
    /// The instant that stands for NTP nanosecond zero of `smallest`; signed nanoseconds against `origin`.
    origin: Instant,
    window_started: Option<Instant>,
    smallest: Option<i128>,
    smallest_before: Option<i128>,
}

impl PeerClock {
    /// A clock of which nothing is known.
    #[must_use]
    pub fn new(origin: Instant) -> PeerClock {
        PeerClock { origin, window_started: None, smallest: None, smallest_before: None }
    }

    /// Takes note of a report: written at `ntp` on the peer's clock, arrived at `arrival`.
    pub fn report(&mut self, ntp: SystemTime, arrival: Instant) {
        let delay = nanos_between(self.origin, arrival) - ntp_nanos(ntp);
        match self.window_started {
            Some(started) if arrival.saturating_duration_since(started) < WINDOW => {
                self.smallest = Some(self.smallest.map_or(delay, |smallest| smallest.min(delay)));
            }
            _ => {
                self.window_started = Some(arrival);
                self.smallest_before = self.smallest;
                self.smallest = Some(delay);
            }
        }
    }

    /// The server's instant for `ntp` on the peer's clock; `None` before the first report.
    #[must_use]
    pub fn instant(&self, ntp: SystemTime) -> Option<Instant> {
        let delay = match (self.smallest, self.smallest_before) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        offset(self.origin, ntp_nanos(ntp) + delay)
    }
}

fn ntp_nanos(time: SystemTime) -> i128 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX / 4),
        Err(before) => -i128::try_from(before.duration().as_nanos()).unwrap_or(i128::MAX / 4),
    }
}

fn nanos_between(from: Instant, to: Instant) -> i128 {
    match to.checked_duration_since(from) {
        Some(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX / 4),
        None => -i128::try_from(from.duration_since(to).as_nanos()).unwrap_or(i128::MAX / 4),
    }
}

fn offset(origin: Instant, nanos: i128) -> Option<Instant> {
    let span = Duration::from_nanos(u64::try_from(nanos.unsigned_abs()).ok()?);
    if nanos >= 0 { origin.checked_add(span) } else { origin.checked_sub(span) }
}

/// One track's RTP clock against the server's.
#[derive(Debug)]
pub struct TrackClock {
    rate: ClockRate,
    /// An RTP timestamp and the instant it stands for.
    reference: Option<(MediaTime, Instant)>,
    reported: bool,
    newest: Option<(MediaTime, Instant)>,
}

impl TrackClock {
    /// A clock of `rate` of which nothing is known.
    #[must_use]
    pub fn new(rate: ClockRate) -> TrackClock {
        TrackClock { rate, reference: None, reported: false, newest: None }
    }

    /// When the packet with the timestamp `rtp`, which arrived at `arrival`, was captured. Never after its arrival.
    pub fn capture(&mut self, rtp: MediaTime, arrival: Instant) -> Instant {
        if self.newest.is_none_or(|(newest, _)| rtp >= newest) {
            self.newest = Some((rtp, arrival));
        }
        let predicted = self.at(rtp).unwrap_or(arrival);
        if !self.reported && (self.reference.is_none() || arrival < predicted) {
            self.reference = Some((rtp, arrival));
            return arrival;
        }
        if !is_believable(predicted, arrival) {
            // The timestamps jumped: what was known of this clock is about another one.
            self.reference = Some((rtp, arrival));
            self.newest = Some((rtp, arrival));
            self.reported = false;
            return arrival;
        }
        predicted.min(arrival)
    }

    /// Whether the publisher's clock stood still while nothing came before the packet with the timestamp `rtp`, which arrives at `arrival`: what
    /// was known of it says nothing any more. A network, or a server, that stalled and delivers late is another thing: there the first
    /// packet counts on from the last.
    #[must_use]
    pub fn stood(&self, rtp: MediaTime, arrival: Instant) -> bool {
        let Some((newest, at)) = self.newest.filter(|(newest, _)| rtp > *newest) else { return false };
        let (paused, counted) = (arrival.saturating_duration_since(at), self.rate.time_of(rtp - newest));
        paused >= PAUSED && counted >= paused / 2 && paused.saturating_sub(counted) > STOOD
    }

    /// Forgets what is known of it. It began anew.
    pub fn begin_anew(&mut self) {
        *self = TrackClock::new(self.rate);
    }

    /// Takes note of a sender report: the low 32 bits of the timestamp that stands for `instant`.
    pub fn report(&mut self, rtp: u32, instant: Instant) {
        let Some((newest, arrival)) = self.newest else { return };
        let rtp = newest.near(rtp);
        let before = self.reference.replace((rtp, instant));
        let predicted = self.at(newest).unwrap_or(arrival);
        if is_believable(predicted, arrival) {
            self.reported = true;
        } else {
            self.reference = before;
        }
    }

    fn at(&self, rtp: MediaTime) -> Option<Instant> {
        let (reference, instant) = self.reference?;
        let span = self.rate.time_of(rtp.abs_diff(reference));
        if rtp >= reference { instant.checked_add(span) } else { instant.checked_sub(span) }
    }
}

/// Whether a packet that arrived at `arrival` may have been captured at `predicted`.
fn is_believable(predicted: Instant, arrival: Instant) -> bool {
    arrival.saturating_duration_since(predicted).max(predicted.saturating_duration_since(arrival))
        <= BELIEVABLE
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn picture_and_sound_agree_once_both_were_reported_although_one_arrives_later() {
        let origin = Instant::now();
        let start = origin + ms(60_000);
        let ntp = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let mut peer = PeerClock::new(origin);
        let (mut sound, mut picture) = (TrackClock::new(ClockRate::AUDIO), TrackClock::new(ClockRate::VIDEO));
        // Both are captured at `start`; sound arrives 20 ms later, picture 120 ms.
        sound.capture(MediaTime(1_000), start + ms(20));
        picture.capture(MediaTime(5_000), start + ms(120));
        peer.report(ntp, start + ms(20));
        let at = peer.instant(ntp).expect("reported");
        sound.report(1_000, at);
        picture.report(5_000, at);
        let heard = sound.capture(MediaTime(1_000 + 48_000), start + ms(1_020));
        let seen = picture.capture(MediaTime(5_000 + 90_000), start + ms(1_120));
        assert_eq!(heard, seen);
    }

    #[test]
    fn before_the_first_report_the_earliest_arrival_counts() {
        let start = Instant::now();
        let mut clock = TrackClock::new(ClockRate::VIDEO);
        assert_eq!(clock.capture(MediaTime(0), start + ms(50)), start + ms(50));
        assert_eq!(
            clock.capture(MediaTime(9_000), start + ms(110)),
            start + ms(110),
            "100 ms later, 60 ms arrived"
        );
        assert_eq!(
            clock.capture(MediaTime(18_000), start + ms(400)),
            start + ms(210),
            "delayed, not captured late"
        );
    }

    #[test]
    fn an_absurd_timestamp_or_report_moves_nothing_far() {
        let start = Instant::now();
        let mut clock = TrackClock::new(ClockRate::VIDEO);
        clock.capture(MediaTime(0), start);
        assert_eq!(clock.capture(MediaTime(90_000 * 3_600), start + ms(33)), start + ms(33));
        clock.report(12, start + Duration::from_secs(900));
        let capture = clock.capture(MediaTime(90_000 * 3_600 + 9_000), start + ms(133));
        assert_eq!(capture, start + ms(133));
    }

    #[test]
    fn after_one_absurd_timestamp_reports_are_believed_again() {
        let start = Instant::now();
        let mut clock = TrackClock::new(ClockRate::VIDEO);
        clock.capture(MediaTime(0), start);
        clock.capture(MediaTime(1 << 30), start + ms(33));
        clock.capture(MediaTime(6_000), start + ms(66));
        // It was captured 40 ms before it arrived: only a report can say that.
        clock.report(6_000, start + ms(26));
        assert_eq!(
            clock.capture(MediaTime(9_000), start + ms(99)),
            start + ms(26) + Duration::from_nanos(33_333_333)
        );
    }

    #[test]
    fn a_clock_that_stood_still_while_nothing_came_is_told_from_a_network_that_did() {
        let start = Instant::now();
        let second = 48_000;
        // How long nothing came, how much of that was counted, and what it is.
        for (paused, counted, stood) in [
            (10_000, 9_300, true),
            (10_000, 20, false),
            (40_000, 20, false),
            (10_000, 9_600, false),
            (10_000, 9_990, false),
            (2_000, 1_300, true),
            (2_000, 20, false),
            (2_000, 1_950, false),
            (1_000, 300, false),
            (400, 20, false),
            (20, 10_000, false),
        ] {
            let mut clock = TrackClock::new(ClockRate::AUDIO);
            clock.capture(MediaTime(second), start);
            let next = MediaTime(second + counted * 48);
            assert_eq!(clock.stood(next, start + ms(paused)), stood, "{paused} ms, of which {counted} count");
            assert!(!clock.stood(MediaTime(second), start + ms(paused)), "one that comes late says nothing");
        }
    }

    #[test]
    fn a_publishers_clock_that_steps_is_followed_within_a_minute() {
        let start = Instant::now() + ms(7_200_000);
        let ntp = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for step in [3_600_000_i64, -3_600_000] {
            let mut peer = PeerClock::new(start);
            for second in 0..200_u64 {
                let stepped = if second < 30 { 0 } else { step };
                let theirs = ntp + ms(second * 1_000);
                let shift = ms(stepped.unsigned_abs());
                let theirs = if stepped < 0 { theirs - shift } else { theirs + shift };
                let arrival = start + ms(second * 1_000 + 20);
                peer.report(theirs, arrival);
                if !(30..=100).contains(&second) {
                    assert_eq!(peer.instant(theirs), Some(arrival), "{second} s, stepped by {step} ms");
                }
            }
        }
    }

    proptest! {
        /// Publishers choose these numbers: whatever they are, capture is never in the future and nothing overflows.
        #[test]
        fn any_timestamps_and_reports_are_survived(
            steps in prop::collection::vec((any::<u64>(), any::<u32>(), any::<u32>(), any::<bool>(), 0u64..100_000), 1..50),
        ) {
            let origin = Instant::now();
            let mut now = origin;
            let (mut peer, mut track) = (PeerClock::new(origin), TrackClock::new(ClockRate::VIDEO));
            for (rtp, report, seconds, is_report, wait) in steps {
                now += ms(wait);
                if is_report {
                    // All that 32 bits of NTP seconds can say, and as much before 1970.
                    let (epoch, span) = (SystemTime::UNIX_EPOCH, Duration::from_secs(seconds.into()));
                    let ntp = if rtp % 2 == 0 { epoch + span } else { epoch - span };
                    peer.report(ntp, now);
                    if let Some(instant) = peer.instant(ntp) {
                        track.report(report, instant);
                    }
                } else {
                    prop_assert!(track.capture(MediaTime(rtp), now) <= now);
                }
            }
        }
    }
}
