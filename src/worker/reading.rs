//! How much of a turn one socket gets: bounded in datagrams and in time, so that nobody waits for somebody's flood.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::udp::{Received, Udp};

/// Datagrams of one socket in a turn. A hundred people who talk send about 10 a millisecond.
const MOST_DATAGRAMS: usize = 1_024;

/// How long reading one socket, or all of TCP, may take in a turn. Whoever waits for their timers, their commands or
/// another socket waits for three such slices at most; a packet for 25 people takes about a tenth of one to hand out.
const SLICE: Duration = Duration::from_millis(2);

/// Datagrams between two looks at the clock, each of which costs some 25 ns.
const CLOCK_EVERY: usize = 8;

/// Refusals of the kernel in a row after which a socket rests. More than one is no client's ICMP error.
const FAILURES: u32 = 4;

/// For how long it rests: nothing tells when it is good again, and asking all the time would take the whole core.
const REST: Duration = Duration::from_millis(50);

/// A part of a turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    end: Instant,
}

impl Slice {
    /// One that begins now.
    pub(super) fn begin(now: Instant) -> Slice {
        Slice { end: now + SLICE }
    }

    /// Whether the next one is to have its time.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.end
    }
}

/// A UDP socket and whether something waits on it.
pub(super) struct Socket {
    pub(super) udp: Udp,
    /// epoll told of data that was not all read: it will not tell again.
    readable: bool,
    /// The kernel refuses; not to be asked before then.
    rests: Option<Instant>,
}

impl Socket {
    /// A socket on which something may wait.
    pub(super) fn new(udp: Udp) -> Socket {
        Socket { udp, readable: true, rests: None }
    }

    /// epoll tells of data.
    pub(super) fn note(&mut self) {
        self.readable = true;
    }

    /// When to read although nothing happens.
    pub(super) fn wakes(&self, now: Instant) -> Option<Instant> {
        self.readable.then(|| self.rests.unwrap_or(now))
    }

    /// Reads what waits, until the slice or the number of datagrams is used up. `clock` tells the present.
    pub(super) fn read(
        &mut self,
        now: Instant,
        slice: &Slice,
        clock: impl Fn() -> Instant,
        mut take: impl FnMut(SocketAddr, Option<IpAddr>, &[u8]),
    ) {
        if !self.readable || self.rests.is_some_and(|until| until > now) {
            return;
        }
        self.rests = None;
        let (mut left, mut failures) = (MOST_DATAGRAMS, 0);
        while left > 0 && !slice.is_over(clock()) {
            match self.udp.receive(left.min(CLOCK_EVERY), &mut take) {
                Received::Some(count) => left = left.saturating_sub(count.max(1)),
                Received::Nothing => {
                    self.readable = false;
                    return;
                }
                Received::Failed => {
                    failures += 1;
                    if failures == FAILURES {
                        self.rests = Some(now + REST);
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::Ipv4Addr;

    use super::*;

    /// A socket on which `count` datagrams wait.
    fn flooded(count: usize) -> Socket {
        let mut socket = Socket::new(Udp::v4(0).expect("a socket"));
        flood(&mut socket, count);
        socket
    }

    /// Sends that many, in as few calls as can be.
    fn flood(socket: &mut Socket, count: usize) {
        let mut from = Udp::v4(0).expect("a socket");
        let to = (Ipv4Addr::LOCALHOST, socket.udp.port().expect("bound")).into();
        let datagrams: Vec<[u8; 100]> = vec![[9; 100]; count];
        from.send(to, Some(Ipv4Addr::LOCALHOST.into()), &datagrams.concat(), 100);
        socket.note();
    }

    fn read(socket: &mut Socket, now: Instant, clock: impl Fn() -> Instant) -> usize {
        let mut count = 0;
        socket.read(now, &Slice::begin(now), clock, |_, _, datagram| {
            assert_eq!(datagram, [9; 100]);
            count += 1;
        });
        count
    }

    #[test]
    fn a_turn_takes_so_many_datagrams_and_the_next_ones_the_rest() {
        let (now, mut socket) = (Instant::now(), flooded(2_500));
        let turns: Vec<usize> = (0..4).map(|_| read(&mut socket, now, || now)).collect();
        assert_eq!(turns, [1_024, 1_024, 452, 0], "none is lost between two turns");
        assert_eq!(socket.wakes(now), None, "the kernel tells when more comes");
    }

    #[test]
    fn a_turn_ends_in_time_whatever_a_datagram_costs() {
        let (now, mut socket) = (Instant::now(), flooded(500));
        let spent = Cell::new(Duration::ZERO);
        // Every look at the clock finds a quarter of the slice gone.
        let clock = || {
            spent.set(spent.get() + SLICE / 4);
            now + spent.get()
        };
        assert_eq!(read(&mut socket, now, clock), 3 * CLOCK_EVERY);
        assert_eq!(socket.wakes(now), Some(now), "the rest has its turn at once");
    }

    #[cfg(feature = "faults")]
    #[test]
    fn a_socket_that_cannot_be_read_costs_next_to_nothing_and_is_read_again() {
        let (start, mut socket) = (Instant::now(), flooded(10));
        socket.udp.failing().receives(crate::worker::fault::Errno::Eio, 40);
        let mut got = 0;
        let (mut now, mut turns) = (start, 0);
        while let Some(at) = socket.wakes(now) {
            now = at.max(now);
            got += read(&mut socket, now, || now);
            turns += 1;
            assert!(turns < 100, "the worker never comes to rest");
        }
        assert_eq!((socket.udp.counters().receive_errors, turns, got), (40, 11, 10));
        assert!(now >= start + REST * 10, "asked without a pause: all was over after {:?}", now - start);
    }
}
