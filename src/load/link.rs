//! A line in front of one receiver: a bottleneck with its queue, a way, and loss. Sans-IO.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::rng::Rng;
use crate::config::LinkRule;
use crate::media::units::Bitrate;

/// What the bottleneck's queue holds at most, by the time it takes to send: what home routers do.
const QUEUE: Duration = Duration::from_millis(300);

/// Bytes of UDP and IPv4 that the line carries, too.
const HEADERS: u64 = 28;

#[derive(Debug)]
struct Travelling {
    arrives: Instant,
    from: SocketAddr,
    datagram: Vec<u8>,
}

/// The line in front of one receiver.
#[derive(Debug)]
pub(super) struct Link {
    rule: LinkRule,
    rng: Rng,
    /// All that was taken is sent then.
    free: Instant,
    on_the_way: VecDeque<Travelling>,
    /// What had no room in the queue.
    pub overflowed: u64,
    /// What was lost on the way.
    pub lost: u64,
}

impl Link {
    pub(super) fn new(rule: LinkRule, now: Instant, rng: Rng) -> Link {
        Link { rule, rng, free: now, on_the_way: VecDeque::new(), overflowed: 0, lost: 0 }
    }

    /// A datagram comes to the line.
    pub(super) fn put(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let begins = self.free.max(now);
        if begins.saturating_duration_since(now) > QUEUE {
            self.overflowed += 1;
            return;
        }
        self.free = begins + self.takes(datagram.len() as u64);
        // What is lost on the way has passed the bottleneck.
        if self.rng.fraction() < self.rule.loss {
            self.lost += 1;
            return;
        }
        let arrives = self.free + self.rule.delay;
        self.on_the_way.push_back(Travelling { arrives, from, datagram: datagram.to_vec() });
    }

    fn takes(&self, bytes: u64) -> Duration {
        let rate = self.rule.rate.as_bps();
        if self.rule.rate == Bitrate::default() {
            return Duration::ZERO;
        }
        Duration::from_nanos((bytes + HEADERS).saturating_mul(8_000_000_000) / rate)
    }

    /// What has arrived by `now`, one by one.
    pub(super) fn take(&mut self, now: Instant) -> Option<(SocketAddr, Vec<u8>)> {
        self.on_the_way.front().filter(|first| first.arrives <= now)?;
        let arrived = self.on_the_way.pop_front()?;
        Some((arrived.from, arrived.datagram))
    }

    /// When the next one arrives.
    pub(super) fn wakes(&self) -> Option<Instant> {
        self.on_the_way.front().map(|first| first.arrives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 9));

    fn link(rule: &str, now: Instant) -> Link {
        Link::new(rule.parse().unwrap(), now, Rng::new(5))
    }

    #[test]
    fn everything_comes_later_by_the_delay_and_in_its_order() {
        let now = Instant::now();
        let mut link = link("0,40ms,0", now);
        (0..10).for_each(|number| link.put(now + Duration::from_millis(number.into()), FROM, &[number]));
        assert_eq!(link.take(now + Duration::from_millis(39)), None);
        assert_eq!(link.wakes(), Some(now + Duration::from_millis(40)));
        let got: Vec<u8> =
            std::iter::from_fn(|| link.take(now + Duration::from_millis(45))).map(|(_, it)| it[0]).collect();
        assert_eq!(got, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_bottleneck_carries_its_rate_and_holds_300_ms() {
        let now = Instant::now();
        let mut link = link("1M,0,0", now);
        // Two seconds of 2 Mbit/s.
        for number in 0..400 {
            link.put(now + Duration::from_millis(number * 5), FROM, &[0; 1_222]);
        }
        let end = now + Duration::from_secs(2);
        let got = std::iter::from_fn(|| link.take(end)).count();
        assert!((198..=200).contains(&got), "{got} datagrams of 10 ms");
        assert!((168..=172).contains(&link.overflowed), "{}", link.overflowed);
        let rest = std::iter::from_fn(|| link.take(end + QUEUE + Duration::from_millis(20))).count();
        assert!((29..=31).contains(&rest), "{rest} waited");
    }

    #[test]
    fn so_many_are_lost_and_the_same_for_a_seed() {
        let now = Instant::now();
        let lost = || {
            let mut link = link("0,0,5%", now);
            (0..10_000).for_each(|_| link.put(now, FROM, &[0]));
            (link.lost, std::iter::from_fn(|| link.take(now)).count() as u64)
        };
        assert!((400..600).contains(&lost().0), "{:?}", lost());
        assert_eq!(lost().0 + lost().1, 10_000);
        assert_eq!(lost(), lost());
    }
}
