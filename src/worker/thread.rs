//! A worker's thread: one turn after the other.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};

use super::report::{Order, Report, Word};
use super::udp::{Udp, UdpCounters};
use super::{AddressMap, WorkerConfig};
use crate::media::message::Command;
use crate::media::rtc::{ConnectionConfig, Transmit};
use crate::media::{Core, CoreConfig, Path};
use crate::queue::{Drain, Nothing, Sender};

/// Batches read from one socket before the turn ends: 32 buffers each. Beyond it subscribers would wait for a flood.
const BATCHES_PER_TURN: usize = 8;

/// How soon notices that found the queue full are tried again.
const RETRY: Duration = Duration::from_millis(5);

pub(super) const WAKER: Token = Token(0);
const V4: Token = Token(1);
const V6: Token = Token(2);

/// Wakes the control thread when the worker's thread ends, also by a panic: its queue is closed by then.
pub(super) struct WakesAtEnd(pub(super) Arc<Waker>);

impl Drop for WakesAtEnd {
    fn drop(&mut self) {
        if let Err(e) = self.0.wake() {
            log::error!("the control thread cannot be woken: {e}");
        }
    }
}

struct Socket {
    udp: Udp,
    /// epoll told of data that was not all read: it will not tell again.
    readable: bool,
}

pub(super) struct Worker {
    poll: Poll,
    v4: Socket,
    v6: Option<Socket>,
    core: Core,
    addresses: AddressMap,
    orders: Drain<Order>,
    /// The last turn left orders behind.
    more_orders: bool,
    words: Sender<Word>,
    /// Kept between turns so that it is not allocated for each.
    outgoing: Vec<Transmit>,
}

impl Worker {
    /// Opens the sockets.
    ///
    /// # Errors
    /// If the port is taken, or the kernel refuses a socket.
    pub(super) fn new(
        config: &WorkerConfig,
        poll: Poll,
        orders: Drain<Order>,
        words: Sender<Word>,
    ) -> io::Result<Worker> {
        let mut v4 = Udp::v4(config.port)?;
        let port = v4.port()?;
        poll.registry().register(v4.source(), V4, Interest::READABLE)?;
        let mut v6 = match Udp::v6(port) {
            Ok(udp) => Some(udp),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && config.port != 0 => return Err(e),
            Err(e) => {
                log::info!("no IPv6 for media: {e}");
                None
            }
        };
        if let Some(udp) = &mut v6 {
            poll.registry().register(udp.source(), V6, Interest::READABLE)?;
        }
        let addresses = AddressMap::new(&config.announced, port);
        let core = CoreConfig {
            connection: ConnectionConfig { candidates: addresses.candidates(), worker: config.index },
            limits: config.limits.clone(),
        };
        Ok(Worker {
            poll,
            v4: Socket { udp: v4, readable: true },
            v6: v6.map(|udp| Socket { udp, readable: true }),
            core: Core::new(core, Instant::now()),
            addresses,
            orders,
            more_orders: false,
            words,
            outgoing: Vec::new(),
        })
    }

    /// The UDP port, also when the kernel chose it.
    pub(super) fn port(&self) -> io::Result<u16> {
        self.v4.udp.port()
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(16);
        loop {
            let timeout = self.timeout(Instant::now());
            if let Err(e) = self.poll.poll(&mut events, timeout)
                && e.kind() != io::ErrorKind::Interrupted
            {
                log::error!("a worker cannot wait for its sockets: {e}");
                break;
            }
            for event in &events {
                match event.token() {
                    V4 => self.v4.readable = true,
                    V6 => self.v6.iter_mut().for_each(|socket| socket.readable = true),
                    _ => {}
                }
            }
            if !self.turn(Instant::now()) {
                break;
            }
        }
        self.report();
    }

    fn timeout(&self, now: Instant) -> Option<Duration> {
        let more =
            self.more_orders || self.v4.readable || self.v6.as_ref().is_some_and(|socket| socket.readable);
        if more {
            return Some(Duration::ZERO);
        }
        let core = self.core.poll_timeout(now).map(|at| at.saturating_duration_since(now));
        let retry = (self.words.backlog() > 0).then_some(RETRY);
        core.into_iter().chain(retry).min()
    }

    /// Returns false when the worker is to stop. An offer ends a turn's commands: it costs a millisecond, and media of
    /// people who are talking goes before a storm of arrivals.
    fn turn(&mut self, now: Instant) -> bool {
        for socket in std::iter::once(&mut self.v4).chain(&mut self.v6) {
            read(now, socket, &self.addresses, &mut self.core);
        }
        self.more_orders = true;
        while self.more_orders {
            match self.orders.next() {
                Ok(Order::Command(command)) => {
                    let costly = matches!(command, Command::Offer { .. });
                    self.core.handle_command(now, command);
                    if costly {
                        break;
                    }
                }
                Ok(Order::Ask) => self.answer(),
                #[cfg(feature = "faults")]
                Ok(Order::Fault(fault)) => self.suffer(&fault),
                Err(Nothing::Empty) => self.more_orders = false,
                Err(Nothing::Closed) => return false,
            }
        }
        self.core.handle_timeout(now);
        self.send(now);
        self.pass_notices();
        true
    }

    /// Sends what the core wants sent: datagrams for one client are together and go together.
    fn send(&mut self, now: Instant) {
        for socket in std::iter::once(&mut self.v4).chain(&mut self.v6) {
            socket.udp.tend(now);
        }
        self.outgoing.extend(self.core.drain_transmits());
        for group in self.outgoing.chunk_by(|a, b| a.path == b.path) {
            let Some(path) = group.first().map(|transmit| transmit.path) else { continue };
            let socket = if path.remote.is_ipv4() { Some(&mut self.v4) } else { self.v6.as_mut() };
            let Some(socket) = socket else { continue };
            let from = self.addresses.local(path.local);
            socket.udp.send(path.remote, from, group.iter().map(|transmit| transmit.contents.as_slice()));
        }
        self.outgoing.clear();
    }

    fn pass_notices(&mut self) {
        let mut result = self.words.flush();
        while let Some(notice) = self.core.poll_notice() {
            result = result.and(self.words.send(Word::Notice(notice)));
        }
        if let Err(e) = result {
            log::error!("the control thread cannot be woken: {e}");
        }
    }

    /// Answers a question: the control thread sees that this one turns, and what it counted.
    fn answer(&mut self) {
        let mut udp = UdpCounters::default();
        for socket in std::iter::once(&self.v4).chain(&self.v6) {
            udp += socket.udp.counters();
        }
        let report = Report {
            core: self.core.counters(),
            limits: self.core.tally().clone(),
            udp,
            paths: self.core.paths(),
            people: self.core.people(),
            notices_most_waiting: self.words.most_waiting(),
        };
        if let Err(e) = self.words.send(Word::Report(Box::new(report))) {
            log::error!("the control thread cannot be woken: {e}");
        }
    }

    #[cfg(feature = "faults")]
    #[expect(clippy::panic, reason = "it is what the test wants to see survived")]
    fn suffer(&mut self, fault: &super::Fault) {
        match *fault {
            super::Fault::Panic => panic!("a fault on demand"),
            super::Fault::PanicOnReceive { peer } => {
                self.core.inject(peer, crate::faults::Fault::PanicOnReceive);
            }
            super::Fault::PanicOnSend { peer } => {
                self.core.inject(peer, crate::faults::Fault::PanicOnSend);
            }
            super::Fault::Stall { millis } => std::thread::sleep(Duration::from_millis(millis)),
            super::Fault::Send { errno, count } => {
                for socket in std::iter::once(&mut self.v4).chain(&mut self.v6) {
                    socket.udp.fail(errno, count);
                }
            }
            super::Fault::Notices { count } => {
                let nobody =
                    crate::media::message::Notice::Quiet { peer: crate::media::ids::PeerId(u64::MAX) };
                for _ in 0..count {
                    // What cannot be sent now waits, as with every other notice.
                    let _ = self.words.send(Word::Notice(nobody.clone()));
                }
            }
        }
    }

    fn report(&self) {
        let faults = self.core.faults();
        if faults.judged > 0 {
            let (judged, violations) = (faults.judged, faults.violations());
            log::info!("egress guard judged {judged} packets, {violations} violations");
        }
        log::debug!("{:?}", self.core.counters());
        let udp = [Some(&self.v4), self.v6.as_ref()];
        for socket in udp.into_iter().flatten() {
            log::debug!("{:?}", socket.udp.counters());
        }
    }
}

fn read(now: Instant, socket: &mut Socket, addresses: &AddressMap, core: &mut Core) {
    for _ in 0..BATCHES_PER_TURN {
        if !socket.readable {
            return;
        }
        socket.readable = socket.udp.receive(|remote, local, datagram| {
            if let Some(local) = addresses.announced(local, remote) {
                core.handle_datagram(now, Path { remote, local }, datagram);
            }
        });
    }
}
