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

/// How long a worker may take to end. It looks at its queue many times in a second.
const PATIENCE: Duration = Duration::from_secs(1);

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

/// A running worker, from outside.
pub struct WorkerHandle {
    /// `None` once the worker was told to stop.
    commands: Option<Sender<Command>>,
    notices: Drain<Notice>,
    thread: Option<JoinHandle<()>>,
    failed: bool,
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
        let sent = self.commands.as_mut().map_or(Ok(()), |commands| commands.send(command));
        report(sent);
    }

    /// Hands over what found the queue full earlier, and takes every notice that waits.
    pub fn drain(&mut self, mut each: impl FnMut(Notice)) {
        let sent = self.commands.as_mut().map_or(Ok(()), Sender::flush);
        report(sent);
        loop {
            match self.notices.next() {
                Ok(notice) => each(notice),
                Err(Nothing::Empty) => return,
                Err(Nothing::Closed) => break,
            }
        }
        if self.commands.is_some() && !self.failed {
            self.failed = true;
            log::error!(
                "the media worker on UDP port {} is gone: nobody there has picture or sound",
                self.port
            );
        }
    }

    /// Commands wait for room in the queue: call [`WorkerHandle::drain`] again soon.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.commands.as_ref().is_some_and(|commands| commands.backlog() > 0)
    }

    /// The worker ended although nobody told it to.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// The UDP port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the worker and waits for its end, a second at most.
    pub fn stop(&mut self) {
        if let Some(commands) = self.commands.take() {
            report(commands.close());
        }
        let Some(thread) = self.thread.take() else { return };
        let by = Instant::now() + PATIENCE;
        while !thread.is_finished() {
            if Instant::now() >= by {
                log::error!("a worker does not end; it ends with the process");
                return;
            }
            std::thread::sleep(PATIENCE / 200);
        }
        if thread.join().is_err() {
            log::error!("a worker ended by a panic");
        }
    }
}

fn report(woken: io::Result<()>) {
    if let Err(e) = woken {
        log::error!("a worker cannot be woken: {e}");
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
    let (worker_notices, notices) = queue(NOTICES, Arc::clone(&control));
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
        more_commands: false,
        notices: worker_notices,
        outgoing: Vec::new(),
    };
    let name = format!("worker-{}", config.index);
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        let last = WakesAtEnd(control);
        worker.run();
        drop(last);
    })?;
    Ok(WorkerHandle { commands: Some(commands), notices, thread: Some(thread), failed: false, port })
}

/// Wakes the control thread when the worker's thread ends, also by a panic: its queue is closed by then.
struct WakesAtEnd(Arc<Waker>);

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

struct Worker {
    poll: Poll,
    v4: Socket,
    v6: Option<Socket>,
    core: Core,
    addresses: AddressMap,
    commands: Drain<Command>,
    /// The last turn left commands behind.
    more_commands: bool,
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
        let more =
            self.more_commands || self.v4.readable || self.v6.as_ref().is_some_and(|socket| socket.readable);
        if more {
            return Some(Duration::ZERO);
        }
        let core = self.core.poll_timeout(now).map(|at| at.saturating_duration_since(now));
        let retry = (self.notices.backlog() > 0).then_some(RETRY);
        core.into_iter().chain(retry).min()
    }

    /// Returns false when the worker is to stop. An offer ends a turn's commands: it costs a millisecond, and media of
    /// people who are talking goes before a storm of arrivals.
    fn turn(&mut self, now: Instant) -> bool {
        for socket in std::iter::once(&mut self.v4).chain(&mut self.v6) {
            read(now, socket, &self.addresses, &mut self.core);
        }
        self.more_commands = true;
        while self.more_commands {
            match self.commands.next() {
                Ok(command) => {
                    let costly = matches!(command, Command::Offer { .. });
                    self.core.handle_command(now, command);
                    if costly {
                        break;
                    }
                }
                Err(Nothing::Empty) => self.more_commands = false,
                Err(Nothing::Closed) => return false,
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender as Signal, channel};

    use super::*;
    use crate::media::ids::PeerId;

    /// A handle whose thread does `work` with the worker's ends of both queues. The commands' queue holds one.
    fn handle(work: impl FnOnce(Drain<Command>, Sender<Notice>) + Send + 'static) -> (WorkerHandle, Poll) {
        let poll = Poll::new().expect("poll");
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).expect("waker"));
        let (commands, worker_commands) = queue(1, Arc::clone(&waker));
        let (worker_notices, notices) = queue(1, Arc::clone(&waker));
        let thread = std::thread::spawn(move || {
            let last = WakesAtEnd(waker);
            work(worker_commands, worker_notices);
            drop(last);
        });
        let commands = Some(commands);
        (WorkerHandle { commands, notices, thread: Some(thread), failed: false, port: 1 }, poll)
    }

    fn send_more_than_fits(handle: &mut WorkerHandle) {
        for peer in 0..5 {
            handle.send(Command::Leave { peer: PeerId(peer) });
        }
        assert!(handle.is_behind());
    }

    #[test]
    fn a_worker_that_panics_wakes_control_and_is_known_to_have_failed() {
        let (mut handle, mut poll) = handle(|_, _| panic!("a fault of the test"));
        let mut events = Events::with_capacity(1);
        poll.poll(&mut events, Some(Duration::from_secs(10))).expect("polled");
        assert!(!events.is_empty(), "nobody would have looked");
        handle.drain(|_| {});
        assert!(handle.has_failed());
        handle.stop();
    }

    #[test]
    fn a_worker_with_a_full_queue_can_be_stopped() {
        let (start, started) = channel();
        let (mut handle, _poll) = handle(move |commands, _notices| {
            started.recv().expect("told to start");
            while !matches!(commands.next(), Err(Nothing::Closed)) {
                std::thread::yield_now();
            }
        });
        send_more_than_fits(&mut handle);
        let start: Signal<()> = start;
        start.send(()).expect("it listens");
        let begun = Instant::now();
        handle.stop();
        assert!(begun.elapsed() < PATIENCE, "it ended by itself");
        assert!(!handle.has_failed());
    }

    #[test]
    fn a_worker_that_hangs_does_not_hold_up_the_end() {
        let (finish, finished) = channel::<()>();
        let (mut handle, _poll) = handle(move |_commands, _notices| {
            let _ = finished.recv();
        });
        let begun = Instant::now();
        handle.stop();
        assert!(begun.elapsed() < PATIENCE * 2);
        drop(finish);
    }
}
