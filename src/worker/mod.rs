//! Drives one media core on one thread: UDP sockets in, UDP sockets out, commands in, notices out.
//!
//! One turn: wait for a socket, a command or the core's deadline; take `now` once; feed datagrams and commands; end the
//! core's turn; send what it wants sent; pass its notices on.

mod address;
mod pool;
mod udp;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};

use crate::config::Announced;
use crate::limits::Limits;
use crate::media::message::{Command, Notice};
use crate::media::rtc::{ConnectionConfig, Transmit};
use crate::media::{Core, CoreConfig, Path};
use crate::queue::{Drain, Nothing, Sender, queue};

pub use address::AddressMap;
pub use pool::Pool;
pub use udp::{Udp, UdpCounters};

/// Commands in flight: a join is three, so this is a storm of hundreds.
const COMMANDS: usize = 1_024;

/// Notices in flight: slots of every peer of a large room at once.
const NOTICES: usize = 4_096;

/// Batches read from one socket before the turn ends: 32 buffers each. Beyond it subscribers would wait for a flood.
const BATCHES_PER_TURN: usize = 8;

/// How soon notices that found the queue full are tried again.
const RETRY: Duration = Duration::from_millis(5);

const WAKER: Token = Token(0);
const V4: Token = Token(1);
const V6: Token = Token(2);

/// How a worker is set up.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Which one it is, from 0.
    pub index: u8,
    /// Its UDP port; 0 lets the kernel choose.
    pub port: u16,
    /// The addresses clients are told.
    pub announced: Vec<Announced>,
    /// The limits in force.
    pub limits: Limits,
}

enum ToWorker {
    Command(Command),
    Stop,
}

/// A running worker, from outside.
pub struct WorkerHandle {
    commands: Sender<ToWorker>,
    notices: Drain<Notice>,
    thread: Option<JoinHandle<()>>,
    port: u16,
}

impl std::fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerHandle").field("port", &self.port).finish_non_exhaustive()
    }
}

impl WorkerHandle {
    /// Hands a command over. It is not lost if the worker is busy.
    pub fn send(&mut self, command: Command) {
        self.send_any(ToWorker::Command(command));
    }

    fn send_any(&mut self, message: ToWorker) {
        if let Err(e) = self.commands.send(message) {
            log::error!("a worker cannot be woken: {e}");
        }
    }

    /// Hands over what found the queue full earlier, and takes every notice that waits.
    pub fn drain(&mut self, mut each: impl FnMut(Notice)) {
        if let Err(e) = self.commands.flush() {
            log::error!("a worker cannot be woken: {e}");
        }
        while let Ok(notice) = self.notices.next() {
            each(notice);
        }
    }

    /// The UDP port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the worker and waits for its end.
    pub fn stop(&mut self) {
        self.send_any(ToWorker::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("a worker ended by a panic");
        }
    }
}

/// Starts a worker. `control` wakes the thread that drains its notices.
///
/// # Errors
/// If its port is taken, or the kernel refuses a socket or a thread.
pub fn spawn(config: &WorkerConfig, control: Arc<Waker>) -> io::Result<WorkerHandle> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let mut v4 = Udp::v4(config.port)?;
    let port = v4.port()?;
    poll.registry().register(v4.source(), V4, Interest::READABLE)?;
    let mut v6 = match Udp::v6(port) {
        Ok(udp) => Some(udp),
        Err(e) => {
            log::info!("no IPv6 for media: {e}");
            None
        }
    };
    if let Some(udp) = &mut v6 {
        poll.registry().register(udp.source(), V6, Interest::READABLE)?;
    }
    let (commands, worker_commands) = queue(COMMANDS, waker);
    let (worker_notices, notices) = queue(NOTICES, control);
    let addresses = AddressMap::new(&config.announced, port);
    let core = CoreConfig {
        connection: ConnectionConfig { candidates: addresses.candidates(), worker: config.index },
        limits: config.limits.clone(),
    };
    let worker = Worker {
        poll,
        v4: Socket { udp: v4, readable: true },
        v6: v6.map(|udp| Socket { udp, readable: true }),
        core: Core::new(core, Instant::now()),
        addresses,
        commands: worker_commands,
        notices: worker_notices,
        outgoing: Vec::new(),
    };
    let name = format!("worker-{}", config.index);
    let thread = std::thread::Builder::new().name(name).spawn(move || worker.run())?;
    Ok(WorkerHandle { commands, notices, thread: Some(thread), port })
}

struct Socket {
    udp: Udp,
    /// epoll told of data that was not all read: it will not tell again.
    readable: bool,
}

struct Worker {
    poll: Poll,
    v4: Socket,
    v6: Option<Socket>,
    core: Core,
    addresses: AddressMap,
    commands: Drain<ToWorker>,
    notices: Sender<Notice>,
    /// Kept between turns so that it is not allocated for each.
    outgoing: Vec<Transmit>,
}

impl Worker {
    fn run(mut self) {
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
        let more = self.v4.readable || self.v6.as_ref().is_some_and(|socket| socket.readable);
        if more {
            return Some(Duration::ZERO);
        }
        let core = self.core.poll_timeout(now).map(|at| at.saturating_duration_since(now));
        let retry = (self.notices.backlog() > 0).then_some(RETRY);
        core.into_iter().chain(retry).min()
    }

    /// Returns false when the worker is to stop.
    fn turn(&mut self, now: Instant) -> bool {
        for socket in std::iter::once(&mut self.v4).chain(&mut self.v6) {
            read(now, socket, &self.addresses, &mut self.core);
        }
        loop {
            match self.commands.next() {
                Ok(ToWorker::Command(command)) => self.core.handle_command(now, command),
                Err(Nothing::Empty) => break,
                Ok(ToWorker::Stop) | Err(Nothing::Closed) => return false,
            }
        }
        self.core.handle_timeout(now);
        self.send();
        self.pass_notices();
        true
    }

    /// Sends what the core wants sent: datagrams for one client are together and go together.
    fn send(&mut self) {
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
        let mut result = self.notices.flush();
        while let Some(notice) = self.core.poll_notice() {
            result = result.and(self.notices.send(notice));
        }
        if let Err(e) = result {
            log::error!("the control thread cannot be woken: {e}");
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
