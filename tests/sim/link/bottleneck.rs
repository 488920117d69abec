//! A bottleneck: datagrams wait in a queue of bytes and leave one after another, at a rate that may change meanwhile.
//!
//! ```text
//!   one or several people ──┐
//!                           ├──> queue of bytes (full: dropped) ──> the rate now ──> the wires of each
//!   somebody else's traffic ┘
//! ```
//!
//! Nothing is reckoned ahead: how long a datagram waits comes of the rates that hold while it waits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::rate::Rate;

/// Bytes of a datagram of somebody else's.
const CROSS: u64 = 1_200;

/// What is left of a datagram is counted in bits times nanoseconds in a second: a rate takes a whole number of them each
/// nanosecond, so nothing is rounded.
const BYTE: u128 = 8 * 1_000_000_000;

/// Traffic of somebody else through the same queue: even, in a square wave, and blind to what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cross {
    /// Bits a second while it lasts.
    pub rate: u64,
    pub on: Duration,
    pub off: Duration,
}

impl Cross {
    /// When the datagram after that of `age` is sent, both since the wave began with its quiet half.
    fn after(&self, age: Duration) -> Duration {
        let next = age + Duration::from_secs_f64(CROSS as f64 * 8.0 / self.rate as f64);
        let period = self.on + self.off;
        let turn = Duration::from_nanos((next.as_nanos() % period.as_nanos()) as u64);
        if turn < self.off { next + (self.off - turn) } else { next }
    }

    fn rate_at(&self, age: Duration) -> u64 {
        let turn = age.as_nanos() % (self.on + self.off).as_nanos();
        if turn < self.off.as_nanos() { 0 } else { self.rate }
    }
}

#[derive(Debug)]
struct Waiting<T> {
    entered: Instant,
    bytes: u64,
    /// None for what is somebody else's.
    what: Option<T>,
}

/// What passed a bottleneck since [`Meter::reset`].
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// How long each datagram waited and took to be sent.
    sojourns: Vec<Duration>,
    /// Bits that left, of ours and of somebody else's.
    pub ours: u64,
    pub others: u64,
    /// Bits that could have left.
    pub capacity: f64,
    /// Datagrams of ours that found the queue full.
    pub overflowed: u64,
}

impl Meter {
    fn reset(&mut self) {
        *self = Meter::default();
    }

    /// The time in the bottleneck that `share` of our datagrams did not exceed. Zero if none passed.
    pub fn sojourn(&self, share: f64) -> Duration {
        let mut sorted = self.sojourns.clone();
        sorted.sort_unstable();
        let at = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(at).copied().unwrap_or_default()
    }

    /// How many of our datagrams passed.
    pub fn passed(&self) -> usize {
        self.sojourns.len()
    }

    /// How much of what somebody else left us we used.
    pub fn utilisation(&self) -> f64 {
        self.ours as f64 / (self.capacity - self.others as f64).max(1.0)
    }
}

/// One bottleneck, of one person's direction or of several people's.
#[derive(Debug)]
pub struct Bottleneck<T> {
    rate: Rate,
    since: Instant,
    limit: u64,
    waiting: VecDeque<Waiting<T>>,
    bytes: u64,
    /// Of the first datagram, how much is still to be sent.
    left: u128,
    /// Up to when everything happened.
    clock: Instant,
    cross: Option<(Cross, Instant, Instant)>,
    gone: Vec<(Instant, T)>,
    pub meter: Meter,
    /// For when somebody was told to look again.
    pub armed: Option<Instant>,
}

impl<T> Bottleneck<T> {
    pub fn new(now: Instant) -> Bottleneck<T> {
        Bottleneck {
            rate: Rate::Unlimited,
            since: now,
            limit: u64::MAX,
            waiting: VecDeque::new(),
            bytes: 0,
            left: 0,
            clock: now,
            cross: None,
            gone: Vec::new(),
            meter: Meter::default(),
            armed: None,
        }
    }

    /// Other conditions from now on, also for what waits.
    pub fn set(&mut self, now: Instant, rate: Rate, limit: u64, cross: Option<Cross>) {
        self.advance(now);
        if self.rate != rate {
            (self.rate, self.since) = (rate, now);
        }
        self.limit = limit;
        if self.cross.map(|(cross, ..)| cross) != cross {
            self.cross = cross.map(|cross| (cross, now, now + cross.after(Duration::ZERO)));
        }
    }

    /// What passes is counted from now.
    pub fn start_watching(&mut self, now: Instant) {
        self.advance(now);
        self.meter.reset();
    }

    /// A datagram comes. It is given back if the queue is full.
    pub fn enter(&mut self, now: Instant, bytes: u64, what: T) -> Result<Waits, T> {
        self.advance(now);
        if self.bytes + bytes > self.limit {
            self.meter.overflowed += 1;
            return Err(what);
        }
        let waits = if self.waiting.is_empty() { Waits::No } else { Waits::Yes };
        self.push(bytes, Some(what));
        Ok(waits)
    }

    fn push(&mut self, bytes: u64, what: Option<T>) {
        if self.waiting.is_empty() {
            self.left = u128::from(bytes) * BYTE;
        }
        self.waiting.push_back(Waiting { entered: self.clock, bytes, what });
        self.bytes += bytes;
    }

    /// What has left by now, and when.
    pub fn gone(&mut self, now: Instant) -> Vec<(Instant, T)> {
        self.advance(now);
        std::mem::take(&mut self.gone)
    }

    /// When the next datagram of ours leaves, if the conditions stay. None if none waits, or none ever leaves.
    pub fn next(&self) -> Option<Instant> {
        let ours = self.waiting.iter().position(|waiting| waiting.what.is_some())?;
        let behind: u64 = self.waiting.iter().take(ours + 1).skip(1).map(|waiting| waiting.bytes).sum();
        let mut left = self.left + u128::from(behind) * BYTE;
        let mut at = self.clock;
        loop {
            let (rate, until) = self.rate_at(at);
            let takes = if rate == 0 { u128::MAX } else { left.div_ceil(u128::from(rate)) };
            match until {
                Some(until) if takes > (until - at).as_nanos() => {
                    left -= u128::from(rate) * (until - at).as_nanos();
                    at = until;
                }
                None if rate == 0 => return None,
                _ => return Some(at + Duration::from_nanos(takes as u64)),
            }
        }
    }

    /// What somebody else leaves to us at `now`, in bits a second.
    pub fn holds(&self, now: Instant) -> u64 {
        let (rate, _) = self.rate_at(now);
        let others = self.cross.map_or(0, |(cross, began, _)| cross.rate_at(now - began));
        rate.saturating_sub(others)
    }

    fn rate_at(&self, at: Instant) -> (u64, Option<Instant>) {
        let (rate, until) = self.rate.at(at - self.since);
        (rate, until.map(|until| self.since + until))
    }

    fn advance(&mut self, now: Instant) {
        while self.clock < now {
            let (rate, until) = self.rate_at(self.clock);
            let comes = self.cross.map(|(.., comes)| comes);
            let end = [until, comes].into_iter().flatten().fold(now, Instant::min).max(self.clock);
            self.meter.capacity += rate as f64 * (end - self.clock).as_secs_f64();
            self.serve(rate, end);
            if let Some((cross, began, comes)) = &mut self.cross
                && *comes <= end
            {
                *comes = *began + cross.after(*comes - *began);
                if self.bytes + CROSS <= self.limit {
                    self.push(CROSS, None);
                }
            }
        }
    }

    /// Sends at one rate until `end`.
    fn serve(&mut self, rate: u64, end: Instant) {
        while !self.waiting.is_empty() && self.clock < end {
            let able = u128::from(rate) * (end - self.clock).as_nanos();
            if rate == 0 || self.left > able {
                self.left -= able;
                break;
            }
            self.clock += Duration::from_nanos(self.left.div_ceil(u128::from(rate)) as u64);
            self.leave();
        }
        self.clock = end;
    }

    fn leave(&mut self) {
        let Some(Waiting { entered, bytes, what }) = self.waiting.pop_front() else { return };
        self.bytes -= bytes;
        self.left = self.waiting.front().map_or(0, |next| u128::from(next.bytes) * BYTE);
        match what {
            Some(what) => {
                self.meter.ours += bytes * 8;
                self.meter.sojourns.push(self.clock - entered);
                self.gone.push((self.clock, what));
            }
            None => self.meter.others += bytes * 8,
        }
    }
}

/// Whether a datagram that came into a queue found others there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::super::rate::{Step, Trace};
    use super::*;

    const KBPS_800: Rate = Rate::Fixed(800_000);

    fn at(origin: Instant, millis: u64) -> Instant {
        origin + Duration::from_millis(millis)
    }

    /// When each of the datagrams left, in milliseconds.
    fn left(bottleneck: &mut Bottleneck<u8>, origin: Instant, until: u64) -> Vec<u128> {
        let gone = bottleneck.gone(at(origin, until));
        gone.iter().map(|(when, _)| (*when - origin).as_millis()).collect()
    }

    #[test]
    fn what_waits_goes_at_the_rate_that_holds_while_it_waits() {
        let origin = Instant::now();
        let mut bottleneck = Bottleneck::new(origin);
        bottleneck.set(origin, KBPS_800, 100_000, None);
        for number in 0..4 {
            assert!(bottleneck.enter(origin, 1_000, number).is_ok());
        }
        // 10 ms each; in the middle of the second the rate falls to a quarter, and later there is none for a while.
        assert_eq!(bottleneck.next(), Some(at(origin, 10)));
        bottleneck.set(at(origin, 15), Rate::Fixed(200_000), 100_000, None);
        assert_eq!(left(&mut bottleneck, origin, 20), [10]);
        assert_eq!(bottleneck.next(), Some(at(origin, 35)));
        bottleneck.set(at(origin, 35), Rate::Fixed(0), 100_000, None);
        assert_eq!(bottleneck.next(), None);
        bottleneck.set(at(origin, 1_000), KBPS_800, 100_000, None);
        assert_eq!(left(&mut bottleneck, origin, 1_020), [35, 1_010, 1_020]);
        assert_eq!(bottleneck.meter.sojourn(1.0), Duration::from_millis(1_020));
    }

    #[test]
    fn a_trace_is_followed_within_a_datagram_and_its_last_rate_stays() {
        const STEPS: &[Step] = &[Step::new(1, 8), Step::new(1, 16), Step::new(1, 0), Step::new(1, 80)];
        let origin = Instant::now();
        let mut bottleneck = Bottleneck::new(origin);
        bottleneck.set(origin, Rate::Varies(Trace(STEPS)), 100_000, None);
        for number in 0..3 {
            assert!(bottleneck.enter(origin, 2_000, number).is_ok());
        }
        // 16 kbit each: 8 in the first second and the rest in half of the next; 8 in the other half and none in the third.
        assert_eq!(bottleneck.next(), Some(at(origin, 1_500)));
        assert_eq!(left(&mut bottleneck, origin, 60_000), [1_500, 3_100, 3_300]);
    }

    #[test]
    fn a_full_queue_drops_and_somebody_elses_traffic_takes_its_part() {
        let origin = Instant::now();
        let cross = Cross { rate: 400_000, on: Duration::from_millis(500), off: Duration::from_millis(500) };
        let mut bottleneck = Bottleneck::new(origin);
        bottleneck.set(origin, KBPS_800, 6_000, Some(cross));
        let mut dropped = 0;
        for n in 0..266_u64 {
            // 693 kbit/s: less than there is while the other is quiet, and more while they are not.
            dropped += u64::from(bottleneck.enter(at(origin, n * 15), 1_300, 0_u8).is_err());
        }
        bottleneck.gone(at(origin, 4_000));
        let meter = &bottleneck.meter;
        assert_eq!(dropped, meter.overflowed);
        assert!((15..130).contains(&dropped), "{dropped} of 266 dropped");
        let others = meter.others as f64 / 4.0;
        assert!((150_000.0..301_000.0).contains(&others), "somebody else had {others} bit/s");
        assert!((meter.capacity - 3_200_000.0).abs() < 1.0, "{}", meter.capacity);
        assert!(meter.utilisation() > 0.85 && meter.utilisation() <= 1.0, "{}", meter.utilisation());
        // 6,000 bytes at 800 kbit/s.
        assert!(meter.sojourn(1.0) <= Duration::from_millis(60), "{:?}", meter.sojourn(1.0));
        assert!(meter.sojourn(0.95) > Duration::from_millis(30), "{:?}", meter.sojourn(0.95));
    }
}
