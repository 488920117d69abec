//! The mio driver of the conference: HTTP, TLS and WebSocket for everybody, on one thread.
//!
//! ```text
//! listener -> connection (wire: TLS or plain) -> exchange (HTTP) -> site (routes) -> conference, assets
//!                                             \-> websocket      <-> conference <-> workers
//! ```
//!
//! One turn of the loop: take what happened on sockets, what workers noticed and what fell due, all under one `now`;
//! feed the conference; then carry its outputs to sockets and workers. Sockets are edge-triggered: whatever an event
//! says, a connection writes and reads until it would block, or has had its share of bytes, messages and time.
//!
//! Nobody waits for anybody's queue: connections with something to do have their turns round-robin by the address they
//! come from, and a turn of the loop is bounded in time. What is left over comes in the next one. A panic while something
//! is done for one client ends that client's connection.

mod accepting;
mod admission;
mod answers;
mod api;
mod assets;
mod clock;
mod connection;
mod counters;
mod deadlines;
mod door;
mod events;
mod exchange;
#[cfg_attr(not(feature = "faults"), path = "faults/none.rs")]
pub(crate) mod faults;
mod frames;
mod http;
mod ids;
mod invites;
mod keeping;
mod numbers;
mod proxy;
mod reach;
mod refusing;
mod repeats;
mod routes;
mod scrapes;
mod service;
mod setup;
mod signals;
mod site;
mod standard;
mod stopping;
mod upgrade;
pub mod vitals;
mod websocket;
mod wire;
mod workers;

pub mod certificate;

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use log::LevelFilter;
use mio::{Events, Interest, Poll, Token, Waker};
use rustc_hash::FxHashMap;
use signal_hook_mio::v1_0::Signals;

use crate::conference::{Conference, Now, Output};
use crate::keyring::Keyring;
use crate::ledger::Turns;
use crate::limits::{Limits, Tally};
use crate::listener::Listeners;
use crate::metrics::Family;
use crate::refusals::RefusalLog;
use crate::store::Keeper;
use crate::webhooks::Webhooks;
use admission::Admission;
use answers::Answers;
use assets::Assets;
use certificate::Tls;
use clock::Clock;
use connection::{Fate, HttpConnection};
pub use counters::ControlCounters;
use deadlines::{Armed, Deadlines};
use door::{Door, Refusals};
pub use http::{HostName, NoHost, NoOrigin, Origin};
use ids::ConnectionId;
use proxy::TrustedProxies;
pub use reach::Reach;
use repeats::Repeats;
use scrapes::Scrapes;
use service::Service;
pub use setup::ControlConfig;
pub use stopping::Stopper;
pub use workers::Workers;

const WAKER: Token = Token(0);
const SIGNALS: Token = Token(1);
/// The listeners have this token and the next ones, at most [`Listeners::MOST`].
const LISTENERS: usize = 2;
/// The listener of those who ask for numbers.
const METRICS: Token = Token(LISTENERS + Listeners::MOST);
/// Their connections have the tokens from here on, where clients' never come.
const SCRAPES: Token = Token(usize::MAX / 2);

/// Events taken from the system in one turn.
const EVENTS: usize = 1024;

/// How long connections are worked on in one turn, before what came of it is sent and others are heard.
const WORK: Duration = Duration::from_millis(5);

/// How soon to look again at workers that are behind. Only a storm of hundreds brings them there.
const BEHIND: Duration = Duration::from_millis(5);

/// The driver: owns every TCP socket of the process.
pub struct Control {
    poll: Poll,
    clock: Clock,
    waker: Arc<Waker>,
    signals: Option<Signals>,
    /// What is logged when nobody asked for more.
    level: LevelFilter,
    stop_wanted: Arc<AtomicBool>,
    stop_by: Option<Instant>,
    drain: Duration,
    /// Until when people have time, once the end is asked for.
    drain_by: Option<Instant>,
    service: Service,
    listeners: Listeners,
    scrapes: Option<Scrapes>,
    keeper: Option<Keeper>,
    webhooks: Option<Webhooks>,
    /// Numbers of others.
    more: Vec<Box<dyn Fn() -> Vec<Family> + Send>>,
    /// When the process began.
    started: SystemTime,
    /// Connections whose answers wait until something is kept.
    await_store: BTreeSet<ConnectionId>,
    /// Answers of workers that connections wait for.
    answers: Answers,
    /// Answers that are given again to who asks again.
    repeats: Repeats,
    tls: Option<Tls>,
    keyring: Option<Keyring>,
    assets: Assets,
    proxies: TrustedProxies,
    door: Door,
    refusal_log: RefusalLog,
    limits: Limits,
    tally: Tally,
    counters: ControlCounters,
    refusals: Refusals,
    connections: FxHashMap<ConnectionId, Box<HttpConnection>>,
    next_id: ConnectionId,
    admission: Admission,
    deadlines: Deadlines,
    /// Connections to drive: those of one address after those of the others.
    ready: Turns<ConnectionId>,
    /// Connections may wait to be accepted.
    accepts: bool,
}

impl Control {
    /// Opens the listening sockets. Connections wait until [`Control::run`].
    ///
    /// # Errors
    /// [`io::Error`] of kind `AddrInUse` if the port is taken, or whatever else the system objects to.
    pub fn new(config: ControlConfig) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut listeners = Listeners::bind(&config.http_addresses, config.http_port)?;
        listeners.register(poll.registry(), LISTENERS)?;
        let door = Door {
            hosts: config.hosts,
            framers: Door::framers(&config.origins, config.frame_ancestors),
            origins: config.origins,
            tls: config.tls.is_some(),
            trusted: config.only_https,
            port: listeners.port(),
            served: config.http_addresses,
            addresses: config.addresses,
        };
        Ok(Self {
            poll,
            clock: Clock::default(),
            waker,
            signals: None,
            level: log::max_level(),
            stop_wanted: Arc::default(),
            stop_by: None,
            drain: config.drain,
            drain_by: None,
            service: Service::default(),
            listeners,
            scrapes: None,
            keeper: None,
            webhooks: None,
            more: Vec::new(),
            started: SystemTime::now(),
            await_store: BTreeSet::new(),
            answers: Answers::default(),
            repeats: Repeats::default(),
            door,
            refusal_log: RefusalLog::default(),
            tls: config.tls,
            keyring: config.keyring,
            assets: config.client_dir.map_or_else(Assets::embedded, Assets::Directory),
            proxies: TrustedProxies(config.trusted_proxies),
            limits: config.limits,
            tally: Tally::default(),
            counters: ControlCounters::default(),
            refusals: Refusals::default(),
            connections: FxHashMap::default(),
            next_id: ConnectionId::FIRST,
            admission: Admission::default(),
            deadlines: Deadlines::default(),
            ready: Turns::default(),
            accepts: false,
        })
    }

    /// Ends in order on SIGINT and SIGTERM, reads the certificate and the keys of access tokens again on SIGHUP, logs more on SIGUSR1
    /// and as at first on SIGUSR2, from now on and for the whole process.
    ///
    /// # Errors
    /// [`io::Error`] if the signals cannot be taken.
    pub fn watch_signals(&mut self) -> io::Result<()> {
        let mut signals = Signals::new(signals::TAKEN)?;
        self.poll.registry().register(&mut signals, SIGNALS, Interest::READABLE)?;
        self.signals = Some(signals);
        Ok(())
    }

    /// Tells the service manager of the process how it does (`sd_notify(3)`), if it has one: from [`Control::run`] on.
    ///
    /// # Errors
    /// [`io::Error`] if the system gives no thread for that.
    pub fn watch_service(&mut self) -> io::Result<()> {
        self.service = Service::of_process()?;
        Ok(())
    }

    /// Tells numbers at `http://ADDRESS/metrics` from now on. Returns the address, also when the system chose the port.
    ///
    /// # Errors
    /// [`io::Error`] if the system does not let it listen there.
    pub fn tell_numbers(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let scrapes = Scrapes::bind(address, self.poll.registry(), METRICS, SCRAPES)?;
        let address = scrapes.address();
        self.scrapes = Some(scrapes);
        address
    }

    /// Has these told among the numbers.
    pub fn tell_more(&mut self, more: impl Fn() -> Vec<Family> + Send + 'static) {
        self.more.push(Box::new(more));
    }

    /// Keeps rooms with this from now on. Without it they live as long as the process.
    pub fn keep_with(&mut self, keeper: Keeper) {
        self.keeper = Some(keeper);
    }

    /// Has these told what happens to rooms and people from now on.
    pub fn tell_webhooks(&mut self, webhooks: Webhooks) {
        self.webhooks = Some(webhooks);
    }

    /// The TCP port, also when the system chose it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listeners.port()
    }

    /// Wakes the loop when notices wait in [`Workers::drain`].
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Ends the loop from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper { wanted: Arc::clone(&self.stop_wanted), waker: self.waker() }
    }

    /// How often each limit of this driver was hit.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What clients were told so far.
    #[must_use]
    pub fn counters(&self) -> &ControlCounters {
        &self.counters
    }

    /// Serves until told to stop: then tells people, gives them [`ControlConfig::drain`] to end their calls, closes every client's socket with 1012, gives them two seconds to take it, and
    /// stops the workers.
    ///
    /// # Errors
    /// [`io::Error`] if waiting for events fails, or if all workers do for good: a server without media must not look
    /// well. Clients are told to come back in the second case too, to whatever is started in its place.
    pub fn run(&mut self, conference: &mut Conference, workers: &mut dyn Workers) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut failed = false;
        self.service.is_ready(self.clock.now());
        let outcome = loop {
            let timeout = self.timeout(conference, workers);
            self.clock.waits(timeout);
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => break Err(error),
                _ => {}
            }
            let mut turn = Turn { now: self.clock.turn(), control: self, conference, workers };
            turn.take_events(&events);
            turn.accept();
            turn.work();
            turn.take_notices();
            turn.take_deadlines();
            turn.serve_scrapes();
            turn.carry_outputs();
            turn.keep();
            turn.workers.flush();
            turn.tell_events();
            turn.log_refusals();
            turn.control.service.lives(turn.now.instant);
            failed |= turn.workers.are_lost();
            if turn.stop_if_wanted(failed) {
                break if failed { Err(io::Error::other("no media worker is left")) } else { Ok(()) };
            }
        };
        if let Some(keeper) = self.keeper.take() {
            keeper.finish();
        }
        drop(self.webhooks.take());
        workers.stop();
        outcome
    }

    fn timeout(&self, conference: &Conference, workers: &dyn Workers) -> Option<Duration> {
        if !self.ready.is_empty() || self.accepts || workers.have_more() {
            return Some(Duration::ZERO);
        }
        let now = self.clock.now();
        let dates = [
            self.scrapes.as_ref().and_then(|scrapes| scrapes.next_date(now)),
            self.refusal_log.next(),
            self.deadlines.next(),
            conference.poll_timeout(),
            self.listeners.retry_at(),
            self.keeper.as_ref().and_then(Keeper::next),
            self.stop_by.or(self.drain_by),
            self.service.next(),
            workers.next_check(),
        ];
        let next = dates.into_iter().flatten().min();
        let next = next.map(|next| next.saturating_duration_since(now));
        next.into_iter().chain(workers.are_behind().then_some(BEHIND)).min()
    }
}

/// One turn of the loop, under one `now`.
struct Turn<'a> {
    now: Now,
    control: &'a mut Control,
    conference: &'a mut Conference,
    workers: &'a mut dyn Workers,
}

impl Turn<'_> {
    fn take_events(&mut self, events: &Events) {
        for event in events {
            match event.token() {
                WAKER => {}
                SIGNALS => self.take_signals(),
                METRICS => self.control.scrapes.iter_mut().for_each(Scrapes::note),
                token if token >= SCRAPES => self.scrape(token),
                token => match ConnectionId::of_token(token) {
                    Some(id) => self.make_ready(id),
                    None => self.control.accepts = true,
                },
            }
        }
        if self.control.listeners.retry_at().is_some_and(|at| at <= self.now.instant) {
            self.control.accepts = true;
        }
    }

    /// Works on connections until the time for it is over: round-robin by address, so that nobody waits for more than one
    /// connection of each other address. Those that are left have their turn next.
    fn work(&mut self) {
        let began = Instant::now();
        while let Some(id) = self.control.ready.pop() {
            self.with(id, HttpConnection::drive);
            if began.elapsed() >= WORK {
                break;
            }
        }
    }

    fn make_ready(&mut self, id: ConnectionId) {
        let standing = self.control.connections.get(&id).and_then(|connection| connection.standing);
        if let Some(standing) = standing {
            self.control.ready.push(standing.address, id);
        }
    }

    fn take_notices(&mut self) {
        let (now, conference, panics) = (self.now, &mut *self.conference, &mut self.control.counters.panics);
        self.workers.drain(&mut |worker, notice| {
            let peer = notice.peer();
            if guarded(panics, || conference.notice(now, worker, notice)).is_none() {
                let _ = guarded(panics, || conference.peer_failed(now, peer));
            }
        });
        self.workers.changes(now.instant, &mut |worker, is_there| {
            let _ = guarded(panics, || {
                if is_there {
                    conference.worker_back(now, worker);
                } else {
                    conference.worker_gone(now, worker);
                }
            });
        });
        self.workers.shares(&mut |worker, busy| {
            let _ = guarded(panics, || conference.worker_load(now, worker, busy));
        });
    }

    fn take_deadlines(&mut self) {
        let began = Instant::now();
        while began.elapsed() < WORK
            && let Some(id) = self.control.deadlines.pop_due(self.now.instant)
        {
            if let Some(connection) = self.control.connections.get_mut(&id) {
                connection.armed = Armed::default();
            }
            // What waits is read before anybody is judged.
            self.with(id, HttpConnection::drive);
            self.with(id, HttpConnection::handle_timeout);
        }
        if self.conference.poll_timeout().is_some_and(|at| at <= self.now.instant) {
            let (now, conference) = (self.now, &mut *self.conference);
            let _ = guarded(&mut self.control.counters.panics, || conference.handle_timeout(now));
        }
    }

    /// Carries what the conference wants to where it belongs. Writes only: what clients answer comes with a later turn.
    fn carry_outputs(&mut self) {
        let mut to_write = BTreeSet::new();
        loop {
            while let Some(output) = self.conference.poll_output() {
                match output {
                    Output::Command { worker, command } => self.workers.send(worker, command),
                    Output::Standard { id, answer } => self.answer_standard(id, answer),
                    Output::Send { socket, message, key } => {
                        let id = ConnectionId::of_socket(socket);
                        to_write.insert(id);
                        self.with(id, |connection, site| {
                            connection.send(message, key, site);
                            Fate::Wait
                        });
                    }
                    Output::Close { socket, code, reason } => {
                        let id = ConnectionId::of_socket(socket);
                        to_write.insert(id);
                        self.with(id, |connection, site| {
                            connection.close(code, reason, site);
                            Fate::Wait
                        });
                    }
                }
            }
            // Writing may find a client gone, of which the conference has something to say to others.
            let Some(id) = to_write.pop_first() else { break };
            self.with(id, HttpConnection::write);
        }
    }
}

/// Does something for one client: a panic inside is counted, and ends nothing but that. `None` says that there was one.
fn guarded<T>(panics: &mut u64, work: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    if done.is_none() {
        *panics += 1;
        log::error!("what was done for one client ended by a panic; the others go on");
    }
    done
}

#[cfg(test)]
mod tests;
