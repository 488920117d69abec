//! One world: a conference, media cores, clients and the network between them, in virtual time.
//!
//! Everything happens on one thread in the order of an event queue. Nobody sleeps and nothing has a socket. The seed
//! fixes people, links and faults; str0m's keys and inner choices are its own, so scenarios judge with margin.

mod carriage;
mod departures;
mod egress;
mod look;
mod nonces;
mod over_tcp;
mod people;
mod queue;
pub mod settings;
mod tiles;
pub mod workers;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use plenary::conference::protocol::Topology;
use plenary::conference::{
    Conference, ConferenceConfig, CreateRoom, MasterKey, MemoryStore, Now, Output, PassRules, SocketId,
    UnixTime, WorkerId,
};
use plenary::ledger::ClientAddress;
use plenary::limits::Limits;
use plenary::media::allocate::AllocatorFactory;
use plenary::media::ids::PeerId;
use plenary::media::rtc::{EgressKind, Transmit};

use crate::client::Directory;
use crate::rng::Rng;
pub use carriage::Way;
pub use egress::Counts;
pub use people::{Person, Seat};
use queue::{Happening, Queue};
pub use settings::Settings;
pub use tiles::CODEC_CHANGE;
use tiles::Tile;
use workers::Worker;

/// Turns at one instant after which the server is taken to spin.
const MOST_TURNS: u32 = 10_000;

/// Bytes of datagrams that wait for a server that does not run; what comes later is lost.
const KERNEL_HOLDS: usize = 1_000_000;

/// The room everybody is in unless a scenario says otherwise.
pub const DEN: &str = "den";

/// What passed between the server and an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes of datagrams that came from there.
    pub bytes_from: u64,
    /// Bytes of datagrams that went there.
    pub bytes_to: u64,
    /// Datagrams of media among these: SRTP and SRTCP.
    pub media_to: u64,
}

/// One world.
pub struct World {
    start: Instant,
    pub now: Instant,
    rng: Rng,
    queue: Queue,
    workers: Vec<Worker>,
    /// What one core told another one that has not come yet, in the order in which it comes.
    crossings: VecDeque<workers::Crosses>,
    limits: Limits,
    allocators: AllocatorFactory,
    pub conference: Conference,
    pub seats: Vec<Seat>,
    sockets: BTreeMap<SocketId, Person>,
    next_socket: usize,
    next_port: u16,
    by_public: BTreeMap<SocketAddr, Person>,
    /// Whose an address is or was.
    addresses: BTreeMap<SocketAddr, Person>,
    directory: Directory,
    /// Datagrams the server sent to an address where nobody is any more.
    pub astray: u64,
    /// What passed between the server and each address.
    traffic: BTreeMap<SocketAddr, Traffic>,
    /// Datagrams the server sent.
    pub transmitted: u64,
    nonces: nonces::Nonces,
    egress: egress::Egress,
    /// Who seals what leaves.
    egress_kind: EgressKind,
    /// Sees what each turn of a worker sends.
    pub tap: Option<departures::Tap>,
    /// By how much the server's clock is behind.
    pub behind: Duration,
    /// By how much its readings differ, in no order, as those of two drivers may.
    pub shaky: Duration,
    readings: Cell<u32>,
    /// The server does not run until then, and since when.
    frozen: Option<(Instant, Instant)>,
    /// For how long it did not run, in all.
    stood: Duration,
    /// Bytes of datagrams that wait for it.
    waiting: usize,
    tiles: Vec<Tile>,
    finished: bool,
}

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn is_stun(datagram: &[u8]) -> bool {
    matches!(datagram.first(), Some(0..2))
}

/// The source (SSRC) of an SRTP packet.
fn source_of(datagram: &[u8]) -> Option<u32> {
    match datagram {
        [128..192, 64..96 | 192..224, ..] => None,
        [128..192, _, _, _, _, _, _, _, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

impl World {
    /// A world with a room "Den" and nobody in it.
    pub fn new(seed: u64) -> World {
        World::with(Settings::new(seed))
    }

    pub fn with(settings: Settings) -> World {
        let start = Instant::now();
        let cores = (0..settings.workers).map(|number| Worker::new(number, &settings, start)).collect();
        let Settings { seed, limits, workers, spill_at, codecs, allocators, egress: egress_kind, .. } =
            settings;
        let mut rng = Rng::new(seed);
        let key = MasterKey::new(&[7; MasterKey::BYTES]);
        let config = ConferenceConfig {
            media: plenary::conference::MediaReach::default(),
            key,
            limits: limits.clone(),
            turn: None,
            stun: vec![],
            file_bytes: plenary::conference::FILE_BYTES,
            whip_bitrate: 8_000_000,
            workers,
            spill_at,
            rules: PassRules::default(),
            codecs,
        };
        let mut dice = rng.fork();
        let entropy = Box::new(move |bytes: &mut [u8]| dice.fill(bytes));
        let conference = Conference::new(config, Box::new(MemoryStore::default()), entropy);
        let mut world = World {
            start,
            now: start,
            rng,
            queue: Queue::default(),
            workers: cores,
            crossings: VecDeque::new(),
            limits,
            allocators,
            conference,
            seats: Vec::new(),
            sockets: BTreeMap::new(),
            next_socket: 1,
            next_port: 20_000,
            by_public: BTreeMap::new(),
            addresses: BTreeMap::new(),
            directory: Rc::new(RefCell::new(BTreeMap::new())),
            astray: 0,
            traffic: BTreeMap::new(),
            transmitted: 0,
            nonces: nonces::Nonces::default(),
            egress: egress::Egress::default(),
            egress_kind,
            tap: None,
            behind: Duration::ZERO,
            shaky: Duration::ZERO,
            readings: Cell::new(0),
            frozen: None,
            stood: Duration::ZERO,
            waiting: 0,
            tiles: Vec::new(),
            finished: false,
        };
        world.make_room("Den");
        world
    }

    /// Makes a listed room. Its id is its name in lower case.
    pub fn make_room(&mut self, name: &str) {
        let room =
            CreateRoom { name: name.into(), listed: true, topology: Topology::Sfu, ..CreateRoom::default() };
        let host = ClientAddress::of([192, 0, 2, 1].into());
        self.conference.create_room(self.conference_now(), host, room).expect("a room");
    }

    fn at(&mut self, at: Instant, what: Happening) {
        self.queue.push(at.max(self.now), what);
    }

    /// What the server's clock says.
    fn server_now(&self) -> Instant {
        // About every third reading is right, and the others are old.
        let reading = self.readings.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.readings.set(reading);
        let old = self.shaky * ((reading >> 16) % 3) / 2;
        self.now.checked_sub(self.behind + old).unwrap_or(self.start)
    }

    fn conference_now(&self) -> Now {
        let now = self.server_now();
        let passed = now.saturating_duration_since(self.start);
        // As the driver's clock, this one stands still while the server does.
        let instant = now - self.stood;
        Now { instant, wall: UnixTime::from_millis(1_700_000_000_000) + passed }
    }

    /// The server's process stands still for so long: what is sent to it waits, as far as a kernel has room for it.
    pub fn stand_still(&mut self, time: Duration) {
        self.frozen = Some((self.now, self.now + time));
        self.waiting = 0;
    }

    fn wait_in_the_kernel(&mut self, until: Instant, what: Happening) {
        if let Happening::ToServer { bytes, .. } = &what {
            if self.waiting + bytes.len() > KERNEL_HOLDS {
                return;
            }
            self.waiting += bytes.len();
        }
        self.queue.push(until, what);
    }

    /// The server goes on, if it is time, and is told how long it did not.
    fn thaw(&mut self) {
        let Some((since, _)) = self.frozen.take_if(|(_, until)| *until <= self.now) else { return };
        let stood = self.now - since;
        self.stood += stood;
        let now = self.server_now();
        self.workers.iter_mut().for_each(|worker| worker.stood_still(now, stood));
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_to(end, |_| false);
    }

    /// Lets time pass until `done`, and tells how long that took; panics with what the user lost if it takes longer
    /// than `most`.
    pub fn within(&mut self, most: Duration, lost: &str, mut done: impl FnMut(&World) -> bool) -> Duration {
        let began = self.now;
        let happened = self.run_to(began + most, &mut done);
        assert!(happened, "{lost} (waited {most:?} of virtual time)");
        self.now - began
    }

    fn run_to(&mut self, end: Instant, mut done: impl FnMut(&World) -> bool) -> bool {
        loop {
            self.turns();
            if done(self) {
                return true;
            }
            let next = self.next_event();
            if next.is_none_or(|next| next > end) {
                self.now = end;
                return false;
            }
            self.now = self.now.max(next.unwrap_or(end));
        }
    }

    fn next_event(&self) -> Option<Instant> {
        let now = self.server_now();
        let workers = self.workers.iter().filter_map(|worker| worker.poll_timeout(now));
        let conference = self.conference.poll_timeout().map(|at| at + self.stood);
        let crosses = self.crossings.front().map(|crosses| crosses.at);
        let server = workers.chain(conference).map(|at| at + self.behind);
        let thaws = self.frozen.map(|(_, until)| until);
        server
            .map(|at| thaws.map_or(at, |thaws| at.max(thaws)))
            .chain(thaws)
            .chain(crosses)
            .chain(self.queue.next())
            .min()
    }

    /// Does everything that happens now.
    fn turns(&mut self) {
        for turn in 0.. {
            assert!(turn < MOST_TURNS, "the server never comes to rest");
            let mut busy = false;
            self.thaw();
            while let Some(what) = self.queue.pop_due(self.now) {
                match self.frozen {
                    Some((_, until)) if what.is_for_the_server() => self.wait_in_the_kernel(until, what),
                    _ => self.happen(what),
                }
                busy = true;
            }
            if self.frozen.is_some() {
                if busy {
                    continue;
                }
                return;
            }
            if self.conference.poll_timeout().is_some_and(|at| at <= self.conference_now().instant) {
                self.conference.handle_timeout(self.conference_now());
            }
            busy |= self.take_outputs();
            busy |= self.deliver_crossings();
            for number in 0..self.workers.len() {
                busy |= self.turn_of(number);
            }
            if !busy {
                return;
            }
        }
    }

    /// One turn of one worker.
    fn turn_of(&mut self, number: usize) -> bool {
        let now = self.server_now();
        let worker = &mut self.workers[number];
        let mut busy = worker.turn(now);
        let (notices, runs) = (worker.notices(), worker.runs(now));
        for notice in notices {
            self.conference.notice(self.conference_now(), WorkerId(number as u8), notice);
            busy = true;
        }
        self.cross(number);
        if let Some(tap) = &mut self.tap {
            tap(&runs);
        }
        for (run, bytes) in runs {
            for datagram in bytes.chunks(run.segment) {
                let transmit = Transmit { path: run.path, contents: datagram.to_vec() };
                self.transmit(number, &transmit);
            }
        }
        busy
    }

    fn take_outputs(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.conference.poll_output() {
            any = true;
            match output {
                Output::Command { worker, command } => {
                    let now = self.server_now();
                    self.workers[worker.index()].handle_command(now, command);
                }
                Output::Send { socket, message, .. } => {
                    let Some(person) = self.sockets.get(&socket).copied() else { continue };
                    self.tells(person, socket, &message);
                    let hears = Happening::Hears { person, socket, text: Rc::from(&*message) };
                    self.send_message(person, Way::Down, message.len(), hears);
                }
                Output::Close { socket, .. } => {
                    let Some(person) = self.sockets.get(&socket).copied() else { continue };
                    self.send_message(person, Way::Down, 0, Happening::SeesClose { person, socket });
                    self.at(self.now, Happening::Closes { socket });
                }
                // Nobody comes by a standard tool here.
                Output::Standard { .. } => {}
            }
        }
        any
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::ToServer { remote, local, bytes } => {
                if let Some(person) = self.by_public.get(&remote)
                    && is_stun(&bytes)
                {
                    self.seats[*person].checked.get_or_insert(self.now);
                }
                self.traffic.entry(remote).or_default().bytes_from += bytes.len() as u64;
                let (now, path) = (self.server_now(), self.path(remote, local));
                let worker = self.workers.iter_mut().find(|worker| worker.address() == local);
                let worker = worker.expect("clients send to addresses that were announced");
                worker.handle_datagram(now, path, &bytes);
            }
            Happening::ToClient { person, remote, local, bytes } => {
                let seat = &mut self.seats[person];
                if seat.public == remote && !seat.dead {
                    seat.datagrams += 1;
                    seat.datagram_bytes += bytes.len() as u64;
                    if !is_stun(&bytes) {
                        seat.followed.get_or_insert(self.now);
                    }
                    if let Some(source) = source_of(&bytes) {
                        *seat.sources.entry(source).or_default() += bytes.len() as u64;
                    }
                    seat.client.receive(self.now, local, &bytes);
                    self.after(person);
                } else {
                    self.astray += 1;
                }
            }
            Happening::Timer { person } => {
                self.seats[person].timer = None;
                let due = self.seats[person].client.wakes().is_some_and(|wakes| wakes <= self.now);
                if due && !self.seats[person].dead {
                    self.seats[person].client.run(self.now);
                }
                self.after(person);
            }
            Happening::Opens { person, socket } if self.seats[person].socket == Some(socket) => {
                let address = ClientAddress::of(self.seats[person].public.ip());
                self.conference.socket_opened(self.conference_now(), socket, address);
                self.seats[person].client.opened();
                self.after(person);
            }
            Happening::Says { socket, text } => {
                if self.sockets.contains_key(&socket) {
                    self.conference.socket_text(self.conference_now(), socket, &text);
                }
            }
            Happening::Hears { person, socket, text } => {
                let seat = &mut self.seats[person];
                if seat.socket == Some(socket) && !seat.dead {
                    seat.signal_bytes += text.len() as u64;
                    seat.client.hear(self.now, &text);
                    self.after(person);
                }
            }
            Happening::Closes { socket } => {
                if self.sockets.remove(&socket).is_some() {
                    self.conference.socket_closed(self.conference_now(), socket);
                }
            }
            Happening::SeesClose { person, socket } => self.sees_close(person, socket),
            Happening::Reconnects { person } => {
                if self.seats[person].socket.is_none() && !self.seats[person].dead {
                    self.connect(person);
                }
            }
            Happening::Opens { .. } => {}
            Happening::Leaves { person, way } => self.serve(person, way),
            Happening::PieceComes { person, way, number, message } => {
                self.piece_comes(person, way, number, message.map(|message| *message));
            }
            Happening::PieceAgain(parcel) => self.enter(*parcel),
            Happening::MediaPieceComes { person, piece } => self.media_piece_comes(person, piece),
            Happening::MediaPieceKnown { person, connection } => self.media_piece_known(person, connection),
        }
    }

    /// What passed between the server and `address` so far.
    pub fn traffic(&self, address: SocketAddr) -> Traffic {
        self.traffic.get(&address).copied().unwrap_or_default()
    }

    /// Takes `person` for somebody else from now on.
    pub fn rename(&mut self, person: Person, peer: PeerId) {
        self.directory.borrow_mut().insert(person as u16, peer);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        assert!(self.finished || std::thread::panicking(), "a scenario ends with `finish`");
    }
}
