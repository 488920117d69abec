//! The workers: media cores, each with an address of its own. One can fail and come back.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plenary::conference::WorkerId;
use plenary::conference::placement::PerMille;
use plenary::faults::Fault;
use plenary::limits::{Limit, Limits};
use plenary::media::allocate::AllocatorFactory;
use plenary::media::crossing::{Crossing, Gap};
use plenary::media::egress::Run;
use plenary::media::message::{Command, Notice};
use plenary::media::rtc::{ConnectionConfig, EgressKind};
use plenary::media::{Core, CoreConfig, Counters, Faults, Path};

use super::{Person, Settings, World};

/// Where a worker is.
pub fn address(number: usize) -> SocketAddr {
    ([192, 0, 2, 1], 4_000 + number as u16).into()
}

/// From one core to another, a wake-up of its thread included.
const CROSSES_WITHIN: Duration = Duration::from_micros(100);

/// What one core tells another one, on its way.
pub struct Crosses {
    from: usize,
    to: WorkerId,
    /// When it is there.
    pub at: Instant,
    crossing: Crossing,
}

/// One worker: a core while it is there.
pub struct Worker {
    number: usize,
    /// Who seals what leaves.
    sealed_by: EgressKind,
    /// How many of a room who talk at once are passed on.
    audio_top: usize,
    core: Option<Core>,
    /// Something was given to it since its last turn.
    touched: bool,
    /// It does not turn from the first to the second of these.
    stalled: Option<(Instant, Instant)>,
    pub ever_stalled: bool,
    /// What was given to it meanwhile.
    kept: VecDeque<Given>,
    /// Where something is missing of what was told to it, as its sender will say.
    gaps: Vec<(WorkerId, Gap)>,
    /// How much was dropped of that.
    dropped: u64,
    /// What cores had counted and found when they failed.
    past: Vec<Counters>,
    past_faults: Faults,
}

/// What a worker finds when it turns again.
enum Given {
    Command(Command),
    Datagram(Path, Vec<u8>),
    Crossing(WorkerId, Crossing),
}

/// What is on its way from one worker to another at most before media is dropped: as `worker/links.rs` holds.
const CROSSINGS_HELD: usize = 512 + 512;

/// Datagrams a call may hold (Linux: `UDP_MAX_SEGMENTS`).
pub const MOST_SEGMENTS: usize = 64;

impl Worker {
    pub fn new(number: usize, settings: &Settings, now: Instant) -> Worker {
        let mut worker = Worker {
            number,
            sealed_by: settings.egress,
            audio_top: settings.audio_top,
            core: None,
            touched: false,
            stalled: None,
            ever_stalled: false,
            kept: VecDeque::new(),
            gaps: Vec::new(),
            dropped: 0,
            past: Vec::new(),
            past_faults: Faults::default(),
        };
        worker.start(&settings.limits, &settings.allocators, now);
        worker
    }

    /// A fresh core, which knows nobody.
    fn start(&mut self, limits: &Limits, allocators: &AllocatorFactory, now: Instant) {
        let connection = ConnectionConfig {
            candidates: vec![self.address()],
            worker: self.number as u8,
            egress: self.sealed_by,
        };
        let (limits, allocators) = (limits.clone(), allocators.clone());
        let audio_top = self.audio_top;
        self.core = Some(Core::new(CoreConfig { connection, limits, allocators, audio_top }, now));
    }

    pub fn address(&self) -> SocketAddr {
        address(self.number)
    }

    pub fn handle_command(&mut self, now: Instant, command: Command) {
        self.give(now, Given::Command(command));
    }

    pub fn handle_datagram(&mut self, now: Instant, path: Path, bytes: &[u8]) {
        self.give(now, Given::Datagram(path, bytes.to_vec()));
    }

    /// Hands it something, or keeps that until it turns again.
    fn give(&mut self, now: Instant, given: Given) {
        let Some(core) = &mut self.core else { return };
        if self.stalled.is_some() {
            let waits =
                |from: WorkerId| move |given: &Given| matches!(given, Given::Crossing(of, _) if *of == from);
            if let Given::Crossing(from, _) = given
                && self.kept.iter().filter(|given| waits(from)(given)).count() >= CROSSINGS_HELD
            {
                let is_media = |given: &Given| matches!(given, Given::Crossing(of, crossing) if *of == from && crossing.is_media());
                let oldest = self.kept.iter().position(is_media).expect("media waits");
                let gone = self.kept.remove(oldest);
                self.dropped += 1;
                if let Some(Given::Crossing(_, crossing)) = gone
                    && let Some(gap) = crossing.gap().filter(|gap| !self.gaps.contains(&(from, *gap)))
                {
                    self.gaps.push((from, gap));
                }
            }
            self.kept.push_back(given);
            return;
        }
        match given {
            Given::Command(command) => core.handle_command(now, command),
            Given::Datagram(path, bytes) => core.handle_datagram(now, path, &bytes),
            Given::Crossing(from, crossing) => core.handle_crossing(now, from, crossing),
        }
        self.touched = true;
    }

    /// It turns again, if it is time, and finds what was given to it.
    fn wake(&mut self, now: Instant) {
        let Some((since, _)) = self.stalled.take_if(|(_, until)| *until <= now) else { return };
        self.stood_still(now, now - since);
        let told = self.gaps.drain(..).map(|(from, gap)| Given::Crossing(from, gap.told()));
        let told: Vec<Given> = told.collect();
        for given in std::mem::take(&mut self.kept).into_iter().chain(told) {
            self.give(now, given);
        }
    }

    pub fn handle_connection_ended(&mut self, remote: SocketAddr) {
        let path = Path::tcp(remote, self.address());
        if let Some(core) = &mut self.core {
            core.handle_path_ended(&path);
            assert!(!core.knows(&path), "whoever gets this address next is nobody");
        }
    }

    pub fn stood_still(&mut self, now: Instant, stood: Duration) {
        if let Some(core) = &mut self.core {
            core.stood_still(now, stood);
        }
    }

    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let core = self.core.as_ref()?;
        self.stalled.map(|(_, until)| until).or_else(|| core.poll_timeout(now))
    }

    /// One turn, if there is anything to do.
    pub fn turn(&mut self, now: Instant) -> bool {
        self.wake(now);
        if self.stalled.is_some() {
            return false;
        }
        let Some(core) = &mut self.core else { return false };
        let due = core.poll_timeout(now).is_some_and(|at| at <= now);
        let busy = due || std::mem::take(&mut self.touched);
        if busy {
            core.handle_timeout(now);
        }
        busy
    }

    pub fn notices(&mut self) -> Vec<Notice> {
        let core = self.core.as_mut();
        core.map(|core| std::iter::from_fn(|| core.poll_notice()).collect()).unwrap_or_default()
    }

    /// What leaves now, run by run, as a socket would be given it.
    pub fn runs(&mut self, now: Instant) -> Vec<(Run, Vec<u8>)> {
        let (mut runs, mut bytes) = (Vec::new(), Vec::new());
        if let Some(core) = &mut self.core {
            while let Some(run) = core.poll_transmit(now, MOST_SEGMENTS, &mut bytes) {
                runs.push((run, bytes.clone()));
            }
        }
        runs
    }
}

impl World {
    /// What a core has to tell others is on its way.
    pub(super) fn cross(&mut self, from: usize) {
        let Some(core) = &mut self.workers[from].core else { return };
        while let Some((to, crossing)) = core.poll_crossing() {
            self.crossings.push_back(Crosses { from, to, at: self.now + CROSSES_WITHIN, crossing });
        }
    }

    /// What has come by now is taken in. Of a core that is gone nothing comes any more.
    pub(super) fn deliver_crossings(&mut self) -> bool {
        let (now, mut any) = (self.server_now(), false);
        while self.crossings.front().is_some_and(|crosses| crosses.at <= self.now) {
            let Some(Crosses { from, to, crossing, .. }) = self.crossings.pop_front() else { break };
            self.workers[to.index()].give(now, Given::Crossing(WorkerId(from as u8), crossing));
            any = true;
        }
        any
    }

    /// A worker ends, with everything it knew, and the conference is told.
    pub fn fail_worker(&mut self, number: usize) {
        let worker = &mut self.workers[number];
        let core = worker.core.take().expect("a worker that is there");
        worker.past.push(core.counters());
        worker.past_faults.add(&core.faults());
        self.sever(number);
        self.conference.worker_gone(self.conference_now(), WorkerId(number as u8));
    }

    /// What was on its way from or to a worker is lost, and the others know that it will be another one.
    fn sever(&mut self, number: usize) {
        let gone = WorkerId(number as u8);
        self.crossings.retain(|crosses| crosses.from != number && crosses.to != gone);
        let others = self.workers.iter_mut().filter(|worker| worker.number != number);
        for core in others.filter_map(|worker| worker.core.as_mut()) {
            core.forget_worker(gone);
        }
    }

    /// Media that was dropped on its way to another worker.
    pub fn crossings_dropped(&self) -> u64 {
        self.workers.iter().map(|worker| worker.dropped).sum()
    }

    /// The worker that somebody sent to last.
    pub fn worker_of(&self, person: Person) -> usize {
        self.seats[person].home.expect("somebody who has sent something")
    }

    /// A worker does not turn for so long: too short to be taken for one that failed.
    pub fn stall_worker(&mut self, number: usize, time: Duration) {
        let now = self.server_now();
        let worker = &mut self.workers[number];
        (worker.stalled, worker.ever_stalled) = (Some((now, now + time)), true);
    }

    /// A worker says that it was busy for so much of the last second, in parts of a thousand.
    pub fn busy(&mut self, number: usize, busy: u16) {
        self.conference.worker_load(self.conference_now(), WorkerId(number as u8), PerMille(busy));
    }

    /// A worker is started again.
    pub fn restore_worker(&mut self, number: usize) {
        let now = self.server_now();
        self.workers[number].start(&self.limits, &self.allocators, now);
        self.sever(number);
        self.conference.worker_back(self.conference_now(), WorkerId(number as u8));
    }

    /// The connection of `person` breaks from inside.
    pub fn break_connection(&mut self, person: Person, fault: Fault) {
        let peer = self.peer(person);
        let mut cores = self.workers.iter_mut().filter_map(|worker| worker.core.as_mut());
        assert!(cores.any(|core| core.inject(peer, fault)), "somebody with a connection");
    }

    /// Adds up what all workers counted.
    pub fn count(&self, of: impl Fn(&Counters) -> u64) -> u64 {
        let past = self.workers.iter().flat_map(|worker| &worker.past).map(&of).sum::<u64>();
        let present = self.workers.iter().filter_map(|worker| worker.core.as_ref());
        past + present.map(|core| of(&core.counters())).sum::<u64>()
    }

    /// How often a limit of the media side was hit.
    pub fn limit_hits(&self, limit: Limit) -> u64 {
        self.cores().map(|core| core.tally().count(limit)).sum()
    }

    /// Addresses the workers know.
    pub fn paths(&self) -> usize {
        self.cores().map(Core::paths).sum()
    }

    /// How many people the workers serve.
    pub fn people(&self) -> usize {
        self.cores().map(Core::people).sum()
    }

    /// How many people each worker serves.
    pub fn people_per_worker(&self) -> Vec<usize> {
        let people = |worker: &Worker| worker.core.as_ref().map_or(0, Core::people);
        self.workers.iter().map(people).collect()
    }

    /// What the egress guards of all workers found.
    pub fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        self.workers.iter().for_each(|worker| faults.add(&worker.past_faults));
        self.cores().for_each(|core| faults.add(&core.faults()));
        faults
    }

    fn cores(&self) -> impl Iterator<Item = &Core> {
        self.workers.iter().filter_map(|worker| worker.core.as_ref())
    }
}
