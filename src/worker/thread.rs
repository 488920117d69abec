//! A worker's thread: one turn after the other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Registry, Token, Waker};

use super::batch::Batch;
use super::busy::Busy;
use super::links::Links;
use super::reading::{Slice, Socket};
use super::report::{FromWorker, Report, ToWorker, WorkerCounters};
use super::spreads::{Delays, Spreads, delays, micros};
use super::tcp::Tcp;
use super::udp::{Udp, UdpCounters};
use super::{AddressMap, StartError, WorkerConfig};
use crate::media::egress::{MOST_BYTES, Run};
use crate::media::message::Command;
use crate::media::rtc::ConnectionConfig;
use crate::media::{Core, CoreConfig, Path, Protocol};
use crate::queue::{Drain, Nothing, Sender};
use crate::standstill::Standstill;

/// Events taken from the kernel in one turn.
const EVENTS: usize = 128;

/// After a standstill: how often in a row all sockets are read before anybody is judged. What the kernel holds of UDP takes a
/// few rounds; who sends without end is not waited for.
const ROUNDS: usize = 32;

/// How soon notices that found the queue full are tried again.
const RETRY: Duration = Duration::from_millis(5);

pub(super) const WAKER: Token = Token(0);
const V4: Token = Token(1);
const V6: Token = Token(2);
/// TCP sockets have the tokens from here on.
const TCP: usize = 3;

/// How many ports the kernel is asked for, where it is to choose: one that is free for UDP may be taken for TCP.
const PORT_TRIES: usize = 32;

/// Wakes the control thread when the worker's thread ends, also by a panic: its queue is closed by then.
pub(super) struct WakesAtEnd(pub(super) Arc<Waker>);

impl Drop for WakesAtEnd {
    fn drop(&mut self) {
        if let Err(e) = self.0.wake() {
            log::error!("the control thread cannot be woken: {e}");
        }
    }
}

/// The sockets of a worker, all on one port number.
struct Sockets {
    v4: Udp,
    v6: Option<Udp>,
    tcp: Tcp,
    port: u16,
}

impl Sockets {
    fn open(config: &WorkerConfig, registry: &Registry) -> Result<Sockets, StartError> {
        let mut result = Sockets::try_open(config, registry);
        for _ in 1..PORT_TRIES {
            match &result {
                Err(StartError { error, .. })
                    if config.port == 0 && error.kind() == io::ErrorKind::AddrInUse =>
                {
                    result = Sockets::try_open(config, registry);
                }
                _ => break,
            }
        }
        result
    }

    fn try_open(config: &WorkerConfig, registry: &Registry) -> Result<Sockets, StartError> {
        let refused = |error| StartError { protocol: Protocol::Udp, port: config.port, error };
        let mut v4 = Udp::v4(config.port).map_err(refused)?;
        let port = v4.port().map_err(refused)?;
        registry.register(v4.source(), V4, Interest::READABLE).map_err(refused)?;
        let mut v6 = match Udp::v6(port) {
            Ok(udp) => Some(udp),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => return Err(refused(e)),
            Err(e) => {
                log::info!("no IPv6 for media: {e}");
                None
            }
        };
        if let Some(udp) = &mut v6 {
            registry.register(udp.source(), V6, Interest::READABLE).map_err(refused)?;
        }
        let refused = |error| StartError { protocol: Protocol::Tcp, port, error };
        let tcp =
            registry.try_clone().and_then(|registry| Tcp::bind(port, registry, TCP, config.limits.clone()));
        Ok(Sockets { v4, v6, tcp: tcp.map_err(refused)?, port })
    }
}

pub(super) struct Worker {
    poll: Poll,
    port: u16,
    pub(super) v4: Socket,
    pub(super) v6: Option<Socket>,
    tcp: Tcp,
    pub(super) core: Core,
    addresses: AddressMap,
    inbound: Drain<ToWorker>,
    links: Links,
    busy: Busy,
    forwarding: Delays,
    /// The last turn left messages behind.
    has_more: bool,
    pub(super) outbound: Sender<FromWorker>,
    /// What one call sends. Kept between turns so that it is not allocated for each.
    outgoing: Vec<u8>,
}

impl Worker {
    /// Opens the sockets.
    ///
    /// # Errors
    /// [`StartError`] if the port is taken, or the kernel refuses a socket.
    pub(super) fn new(
        config: &WorkerConfig,
        poll: Poll,
        inbound: Drain<ToWorker>,
        outbound: Sender<FromWorker>,
    ) -> Result<Worker, StartError> {
        let Sockets { v4, v6, tcp, port } = Sockets::open(config, poll.registry())?;
        let addresses = AddressMap::new(&config.announced, port);
        let connection = ConnectionConfig {
            candidates: addresses.candidates(),
            worker: config.index,
            egress: config.egress,
        };
        let core = CoreConfig::new(connection, config.limits.clone());
        let core = CoreConfig { audio_top: config.audio_top.into(), ..core };
        Ok(Worker {
            poll,
            v4: Socket::new(v4),
            v6: v6.map(Socket::new),
            tcp,
            port,
            core: Core::new(core, Instant::now()),
            addresses,
            inbound,
            links: Links::default(),
            busy: Busy::new(Instant::now()),
            forwarding: delays(),
            has_more: false,
            outbound,
            outgoing: Vec::with_capacity(MOST_BYTES),
        })
    }

    /// The port, also when the kernel chose it.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        let mut standstill = Standstill::default();
        let mut batch = Batch::new();
        loop {
            let now = Instant::now();
            self.busy.waits(now);
            let timeout = self.timeout(now);
            standstill.waits(now, timeout);
            if !self.wait(&mut events, timeout) {
                break;
            }
            let now = Instant::now();
            self.busy.goes_on(now);
            let stood = standstill.goes_on(now);
            if stood > Duration::ZERO {
                self.catch_up(now, stood, &mut events);
            }
            if !self.turn(now, &mut batch) {
                break;
            }
        }
        self.log_counters();
    }

    /// Waits for events and notes them. False if that cannot be.
    fn wait(&mut self, events: &mut Events, timeout: Option<Duration>) -> bool {
        if let Err(e) = self.poll.poll(events, timeout)
            && e.kind() != io::ErrorKind::Interrupted
        {
            log::error!("a worker cannot wait for its sockets: {e}");
            return false;
        }
        for event in &*events {
            match event.token() {
                V4 => self.v4.note(),
                V6 => self.v6.iter_mut().for_each(Socket::note),
                Token(token) if token >= TCP => self.tcp.note(event),
                _ => {}
            }
        }
        true
    }

    /// The loop stood still until `now`: that is nobody's silence, and what waits in the kernel is read before anybody is judged.
    fn catch_up(&mut self, now: Instant, stood: Duration, events: &mut Events) {
        self.core.stood_still(now, stood);
        self.tcp.stood_still(stood);
        for _ in 0..ROUNDS {
            self.read(now);
            let udp = std::iter::once(&self.v4).chain(&self.v6);
            let more = self.tcp.is_ready() || udp.filter_map(|socket| socket.wakes(now)).any(|at| at <= now);
            if !self.wait(events, Some(Duration::ZERO)) || (!more && events.is_empty()) {
                break;
            }
        }
    }

    fn timeout(&self, now: Instant) -> Option<Duration> {
        if self.has_more || self.tcp.is_ready() {
            return Some(Duration::ZERO);
        }
        let udp = std::iter::once(&self.v4).chain(&self.v6).filter_map(|socket| socket.wakes(now));
        let dates = self.core.poll_timeout(now).into_iter().chain(self.tcp.next()).chain(udp);
        let retry = (self.outbound.backlog() > 0).then_some(RETRY);
        dates.map(|at| at.saturating_duration_since(now)).chain(retry).chain(self.links.wakes()).min()
    }

    /// Returns false when the worker is to stop. An offer ends a turn's commands: it costs a millisecond, and media of
    /// people who are talking goes before a storm of arrivals. Each socket, and all of TCP, has a slice of the turn: a
    /// flood of one keeps the others from nothing.
    fn turn(&mut self, now: Instant, batch: &mut Batch) -> bool {
        self.read(now);
        self.has_more = true;
        while self.has_more {
            match self.inbound.next() {
                Ok(ToWorker::Command(command)) => {
                    let costly = matches!(command, Command::Offer { .. });
                    self.core.handle_command(now, command);
                    if costly {
                        break;
                    }
                }
                Ok(ToWorker::Link(link)) => self.links.connect(*link, &mut self.core),
                Ok(ToWorker::Ping) => self.answer(now),
                Ok(ToWorker::Fault(fault)) => fault.inflict(self),
                Err(Nothing::Empty) => self.has_more = false,
                Err(Nothing::Closed) => return false,
            }
        }
        self.links.drain(now, &mut self.core);
        self.core.handle_timeout(now);
        // Before our own datagrams: theirs wait for it, and each takes the kernel longer than all of this.
        self.links.send(&mut self.core);
        self.send(now, batch);
        // What follows from what did not leave.
        self.links.send(&mut self.core);
        self.pass_notices();
        true
    }

    /// Reads what waits on the sockets, for a slice each.
    fn read(&mut self, now: Instant) {
        for socket in std::iter::once(&mut self.v4).chain(&mut self.v6) {
            let slice = Slice::begin(Instant::now());
            socket.read(now, &slice, Instant::now, |remote, local, datagram| {
                if let Some(local) = self.addresses.announced(local, remote) {
                    self.core.handle_datagram(now, Path::udp(remote, local), datagram);
                }
            });
        }
        let slice = Slice::begin(Instant::now());
        self.tcp.receive(now, &self.addresses, &mut self.core, || slice.is_over(Instant::now()));
    }

    /// Sends what the core wants sent, run by run: it is written into buffers which stay in the cache, and leaves. Single
    /// datagrams leave together, and nothing overtakes them.
    fn send(&mut self, now: Instant, batch: &mut Batch) {
        for socket in std::iter::once(&mut self.v4).chain(&mut self.v6) {
            socket.udp.maintain(now);
        }
        self.tcp.maintain(now, &mut self.core);
        let (most, before) = (self.v4.udp.segments(), self.sent());
        let mut run = std::mem::take(&mut self.outgoing);
        while let Some(Run { path, segment }) = self.core.poll_transmit(now, most, &mut run) {
            if path.protocol == Protocol::Tcp {
                let frames = run.chunks(segment.max(1)).map(<[u8]>::to_vec);
                self.tcp.send(now, &path, frames, &mut self.core);
                continue;
            }
            let src_ip = self.addresses.local(path.local);
            let single = run.len() <= segment;
            if !single || !batch.takes(path.remote, src_ip) {
                self.send_batch(batch);
            }
            if single {
                batch.push(path.remote, src_ip, &mut run);
            } else if let Some(udp) = self.udp(path.remote) {
                udp.send(path.remote, src_ip, &run, segment);
            }
        }
        self.send_batch(batch);
        self.outgoing = run;
        let sent = self.sent() - before;
        if sent > 0 {
            self.forwarding.record(micros(Instant::now().saturating_duration_since(now)), sent);
        }
    }

    /// How many datagrams left over UDP so far.
    fn sent(&self) -> u64 {
        std::iter::once(&self.v4).chain(&self.v6).map(|socket| socket.udp.counters().sent).sum()
    }

    fn send_batch(&mut self, batch: &mut Batch) {
        match batch.destination().map(|destination| self.udp(destination)) {
            Some(Some(udp)) => udp.send_batch(batch),
            Some(None) | None => batch.clear(),
        }
    }

    /// The socket that reaches `remote`, if there is one.
    fn udp(&mut self, remote: SocketAddr) -> Option<&mut Udp> {
        let socket = if remote.is_ipv4() { Some(&mut self.v4) } else { self.v6.as_mut() };
        socket.map(|socket| &mut socket.udp)
    }

    /// Hands over what the control thread is to know of this turn, and wakes it, once.
    fn pass_notices(&mut self) {
        while let Some(notice) = self.core.poll_notice() {
            self.outbound.send(FromWorker::Notice(notice));
        }
        if let Err(e) = self.outbound.flush() {
            log::error!("the control thread cannot be woken: {e}");
        }
    }

    /// Answers a ping: the control thread sees that this one turns, and what it counted.
    fn answer(&mut self, now: Instant) {
        let mut udp = UdpCounters::default();
        for socket in std::iter::once(&self.v4).chain(&self.v6) {
            udp += socket.udp.counters();
        }
        let mut limits = self.core.tally().clone();
        limits += self.tcp.tally();
        let report = Report {
            share: self.busy.share(now),
            spreads: Spreads {
                turns: self.busy.turns(),
                forwarding: self.forwarding,
                estimates: self.core.estimates(),
            },
            core: self.core.counters(),
            limits,
            udp,
            tcp: self.tcp.counters(),
            links: self.links.counters(),
            worker: WorkerCounters {
                people: self.core.people() as u64,
                paths: self.core.paths() as u64,
                busy_millis: u64::try_from(self.busy.total().as_millis()).unwrap_or(u64::MAX),
                notices_most_waiting: self.outbound.most_waiting() as u64,
                notice_wakes: self.outbound.wakes(),
            },
        };
        self.outbound.send(FromWorker::Report(Box::new(report)));
    }

    fn log_counters(&self) {
        let faults = self.core.faults();
        if faults.judged > 0 {
            let (judged, opened, violations) = (faults.judged, faults.opened, faults.violations());
            log::info!(
                "egress guard judged {judged} packets, {violations} violations, opened {opened} datagrams"
            );
        }
        log::debug!("{:?}", self.core.counters());
        let udp = [Some(&self.v4), self.v6.as_ref()];
        for socket in udp.into_iter().flatten() {
            log::debug!("{:?}", socket.udp.counters());
        }
        log::debug!("{:?}", self.tcp.counters());
    }
}

#[cfg(all(test, feature = "faults"))]
mod tests;
