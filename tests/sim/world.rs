//! One world: a conference, a media core, clients and the network between them, in virtual time.
//!
//! Everything happens on one thread in the order of an event queue. Nobody sleeps and nothing has a socket. The seed
//! fixes people, links and faults; str0m's keys and inner choices are its own, so scenarios judge with margin.

mod look;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use plenary::conference::{
    Conference, ConferenceConfig, CreateRoom, DEFAULT_CODECS, MemoryStore, Now, Output, SocketId, WorkerId,
};
use plenary::limits::Limits;
use plenary::media::ids::PeerId;
use plenary::media::rtc::{ConnectionConfig, Transmit};
use plenary::media::{Core, CoreConfig, Path};

use crate::client::connection::Profile;
use crate::client::{Client, Directory};
use crate::network::{Conditions, Direction};
use crate::rng::Rng;

/// Turns at one instant after which the server is taken to spin.
const MOST_TURNS: u32 = 10_000;

/// How long a socket without a peer stays open: the driver's pings go unanswered for so long.
const PINGS_UNANSWERED: Duration = Duration::from_secs(20);

/// A number a person has in a scenario, from 0.
pub type Person = usize;

#[derive(Debug)]
enum Happening {
    ToServer { remote: SocketAddr, bytes: Vec<u8> },
    ToClient { person: Person, remote: SocketAddr, bytes: Vec<u8> },
    Timer { person: Person },
    Opens { person: Person, socket: SocketId },
    Closes { socket: SocketId },
    Says { socket: SocketId, text: String },
    Hears { person: Person, socket: SocketId, text: Rc<str> },
    SeesClose { person: Person, socket: SocketId },
    Reconnects { person: Person },
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    order: u64,
    what: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// One person, their browser and their link.
pub struct Seat {
    pub client: Client,
    pub up: Direction,
    pub down: Direction,
    /// How the server sees them.
    pub public: SocketAddr,
    socket: Option<SocketId>,
    /// Comes back by itself when the socket is lost.
    pub reconnects: bool,
    /// The browser is gone; what is sent to it arrives nowhere.
    dead: bool,
    timer: Option<Instant>,
    pub signal_delay: Duration,
    /// When the server had the first binding request from the present public address, and when the first datagram that
    /// is no answer to one arrived there.
    pub checked: Option<Instant>,
    pub followed: Option<Instant>,
    /// Bytes of signaling received.
    pub signal_bytes: u64,
    /// Datagrams received.
    pub datagrams: u64,
    /// The last SRTP datagram and the last STUN one sent.
    pub last_srtp: Vec<u8>,
    pub last_stun: Vec<u8>,
}

/// How a world is made.
#[derive(Debug, Clone)]
pub struct Settings {
    pub seed: u64,
    pub limits: Limits,
}

/// One world.
pub struct World {
    start: Instant,
    pub now: Instant,
    rng: Rng,
    queue: BinaryHeap<Reverse<Entry>>,
    order: u64,
    pub core: Core,
    pub conference: Conference,
    pub seats: Vec<Seat>,
    sockets: BTreeMap<SocketId, Person>,
    next_socket: usize,
    next_port: u16,
    by_public: BTreeMap<SocketAddr, Person>,
    directory: Directory,
    touched: bool,
    /// Datagrams the server sent to an address where nobody is any more.
    pub astray: u64,
    /// Datagrams the server sent.
    pub transmitted: u64,
    finished: bool,
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn is_stun(datagram: &[u8]) -> bool {
    matches!(datagram.first(), Some(0..2))
}

fn server() -> SocketAddr {
    ([192, 0, 2, 1], 4_000).into()
}

impl World {
    /// A world with a room "Den" and nobody in it.
    pub fn new(seed: u64) -> World {
        World::with(Settings { seed, limits: Limits::default() })
    }

    pub fn with(settings: Settings) -> World {
        let start = Instant::now();
        let mut rng = Rng::new(settings.seed);
        let connection = ConnectionConfig { candidates: vec![server()], worker: 0 };
        let core = Core::new(CoreConfig { connection, limits: settings.limits.clone() }, start);
        let config = ConferenceConfig {
            limits: settings.limits,
            ice_servers: Vec::new(),
            workers: 1,
            codecs: DEFAULT_CODECS.to_vec(),
        };
        let mut dice = rng.fork();
        let entropy = Box::new(move |bytes: &mut [u8]| dice.fill(bytes));
        let mut conference = Conference::new(config, Box::new(MemoryStore::default()), entropy);
        let now = Now { instant: start, unix_millis: 0 };
        let den = CreateRoom { name: "Den".into(), listed: false };
        conference.create_room(now, den).expect("the first room");
        World {
            start,
            now: start,
            rng,
            queue: BinaryHeap::new(),
            order: 0,
            core,
            conference,
            seats: Vec::new(),
            sockets: BTreeMap::new(),
            next_socket: 1,
            next_port: 20_000,
            by_public: BTreeMap::new(),
            directory: Rc::new(RefCell::new(BTreeMap::new())),
            touched: false,
            astray: 0,
            transmitted: 0,
            finished: false,
        }
    }

    fn at(&mut self, at: Instant, what: Happening) {
        self.order += 1;
        self.queue.push(Reverse(Entry { at: at.max(self.now), order: self.order, what }));
    }

    fn conference_now(&self) -> Now {
        let passed = self.now - self.start;
        Now { instant: self.now, unix_millis: 1_700_000_000_000 + passed.as_millis() as u64 }
    }

    /// Somebody opens the page and joins the room, over a link with these conditions in both directions.
    pub fn join(&mut self, profile: Profile, conditions: Conditions) -> Person {
        self.join_over(profile, conditions, conditions)
    }

    pub fn join_over(&mut self, profile: Profile, up: Conditions, down: Conditions) -> Person {
        let person = self.seats.len();
        let number = u16::try_from(person).expect("fewer than 65,536 people");
        let [high, low] = number.to_be_bytes();
        let address = SocketAddr::from(([10, 0, high, low], 5_000));
        let rng = self.rng.fork();
        // No two links are alike, and no two seeds.
        let extra = Duration::from_micros(self.rng.below(4_000));
        let (mut up, mut down) = (up, down);
        up.delay += extra;
        down.delay += extra;
        let client = Client::new(number, "den", profile, address, self.start, rng, self.directory.clone());
        let (up_dice, down_dice) = (self.rng.fork(), self.rng.fork());
        self.seats.push(Seat {
            client,
            up: Direction::new(up, self.start, up_dice),
            down: Direction::new(down, self.start, down_dice),
            public: address,
            socket: None,
            reconnects: true,
            dead: false,
            timer: None,
            signal_delay: down.delay,
            checked: None,
            followed: None,
            signal_bytes: 0,
            datagrams: 0,
            last_srtp: Vec::new(),
            last_stun: Vec::new(),
        });
        self.rebind(person);
        self.connect(person);
        person
    }

    /// The NAT in front of somebody gives them another port: the old one leads nowhere.
    pub fn rebind(&mut self, person: Person) {
        let [high, low] = (person as u16).to_be_bytes();
        self.next_port += 1;
        let public = SocketAddr::from(([100, 64, high, low], self.next_port));
        let seat = &mut self.seats[person];
        (seat.checked, seat.followed) = (None, None);
        let old = std::mem::replace(&mut seat.public, public);
        self.by_public.remove(&old);
        self.by_public.insert(public, person);
    }

    /// Somebody whose socket was lost connects again.
    pub fn reconnect(&mut self, person: Person) {
        self.at(self.now, Happening::Reconnects { person });
    }

    fn connect(&mut self, person: Person) {
        let socket = SocketId(self.next_socket);
        self.next_socket += 1;
        let seat = &mut self.seats[person];
        seat.socket = Some(socket);
        let delay = seat.signal_delay;
        self.sockets.insert(socket, person);
        // A TCP connection and a WebSocket upgrade: two round trips.
        self.at(self.now + delay * 4, Happening::Opens { person, socket });
    }

    /// The socket of somebody is lost, and both ends see it.
    pub fn cut_socket(&mut self, person: Person) {
        let Some(socket) = self.seats[person].socket else { return };
        let delay = self.seats[person].signal_delay;
        self.at(self.now + delay, Happening::Closes { socket });
        self.at(self.now, Happening::SeesClose { person, socket });
    }

    /// The browser of somebody dies. With `told` the operating system closes its socket; without, the server finds out
    /// when its pings stay unanswered.
    pub fn kill(&mut self, person: Person, told: bool) {
        self.seats[person].dead = true;
        if let Some(socket) = self.seats[person].socket {
            let delay = if told { self.seats[person].signal_delay } else { PINGS_UNANSWERED };
            self.at(self.now + delay, Happening::Closes { socket });
        }
    }

    /// Somebody reloads the page: the old one says that it may return, the new one joins with the same token.
    pub fn reload(&mut self, person: Person) {
        self.seats[person].client.leave(true);
        self.after(person);
        if let Some(socket) = self.seats[person].socket {
            let delay = self.seats[person].signal_delay;
            self.at(self.now + delay, Happening::Closes { socket });
        }
        self.seats[person].client.reload();
        self.connect(person);
    }

    /// Somebody leaves on purpose and closes the page.
    pub fn leave(&mut self, person: Person) {
        self.client(person, |client, _| client.leave(false));
        self.kill(person, true);
    }

    /// Somebody walks from one network into another: other addresses on both sides of the NAT, and ICE restarts.
    pub fn change_network(&mut self, person: Person) {
        self.rebind(person);
        let address = self.seats[person].client.address;
        let address = SocketAddr::new(address.ip(), address.port() + 1);
        self.client(person, |client, _| client.restart_ice(address));
    }

    /// A datagram that is none of anybody's arrives at the server.
    pub fn inject(&mut self, remote: SocketAddr, bytes: Vec<u8>) {
        self.at(self.now, Happening::ToServer { remote, bytes });
    }

    /// What the client of `person` was made to do: its messages, datagrams and timers take their course.
    pub fn after(&mut self, person: Person) {
        let seat = &mut self.seats[person];
        if seat.dead {
            return;
        }
        let mut happenings = Vec::new();
        while let Some(text) = seat.client.next_message() {
            if let Some(socket) = seat.socket {
                happenings.push((self.now + seat.signal_delay, Happening::Says { socket, text }));
            }
        }
        for datagram in seat.client.datagrams() {
            match datagram.bytes.first() {
                Some(128..192) => seat.last_srtp.clone_from(&datagram.bytes),
                Some(0..2) => seat.last_stun.clone_from(&datagram.bytes),
                _ => {}
            }
            for at in seat.up.carry(self.now, datagram.bytes.len()).into_iter().flatten() {
                let (remote, bytes) = (seat.public, datagram.bytes.clone());
                happenings.push((at, Happening::ToServer { remote, bytes }));
            }
        }
        if let Some(wakes) = seat.client.wakes()
            && seat.timer.is_none_or(|timer| wakes < timer)
        {
            seat.timer = Some(wakes);
            happenings.push((wakes, Happening::Timer { person }));
        }
        for (at, what) in happenings {
            self.at(at, what);
        }
    }

    /// Lets somebody do something now.
    pub fn client<T>(&mut self, person: Person, action: impl FnOnce(&mut Client, Instant) -> T) -> T {
        let result = action(&mut self.seats[person].client, self.now);
        self.after(person);
        result
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
        let queued = self.queue.peek().map(|Reverse(entry)| entry.at);
        let server = self.core.poll_timeout(self.now).into_iter().chain(self.conference.poll_timeout());
        server.chain(queued).min()
    }

    /// Does everything that happens now.
    fn turns(&mut self) {
        for turn in 0.. {
            assert!(turn < MOST_TURNS, "the server never comes to rest");
            let mut busy = false;
            while self.queue.peek().is_some_and(|Reverse(entry)| entry.at <= self.now) {
                if let Some(Reverse(entry)) = self.queue.pop() {
                    self.happen(entry.what);
                    busy = true;
                }
            }
            if self.conference.poll_timeout().is_some_and(|at| at <= self.now) {
                self.conference.handle_timeout(self.conference_now());
            }
            busy |= self.take_outputs();
            let due = self.core.poll_timeout(self.now).is_some_and(|at| at <= self.now);
            if due || std::mem::take(&mut self.touched) {
                self.core.handle_timeout(self.now);
                busy = true;
            }
            self.take_transmits();
            while let Some(notice) = self.core.poll_notice() {
                self.conference.notice(self.conference_now(), WorkerId(0), notice);
                busy = true;
            }
            if !busy {
                return;
            }
        }
    }

    fn take_outputs(&mut self) -> bool {
        let mut any = false;
        while let Some(output) = self.conference.poll_output() {
            any = true;
            match output {
                Output::Command { command, .. } => {
                    self.core.handle_command(self.now, command);
                    self.touched = true;
                }
                Output::Send { socket, message, .. } => {
                    let Some(person) = self.sockets.get(&socket).copied() else { continue };
                    let at = self.now + self.seats[person].signal_delay;
                    self.at(at, Happening::Hears { person, socket, text: Rc::from(&*message) });
                }
                Output::Close { socket, .. } => {
                    let Some(person) = self.sockets.get(&socket).copied() else { continue };
                    let at = self.now + self.seats[person].signal_delay;
                    self.at(at, Happening::SeesClose { person, socket });
                    self.at(self.now, Happening::Closes { socket });
                }
            }
        }
        any
    }

    fn take_transmits(&mut self) {
        let transmits: Vec<Transmit> = self.core.drain_transmits().collect();
        for Transmit { path, contents } in transmits {
            assert_eq!(path.local, server(), "the server sends from the address it announced");
            self.transmitted += 1;
            let Some(person) = self.by_public.get(&path.remote).copied() else {
                self.astray += 1;
                continue;
            };
            for at in self.seats[person].down.carry(self.now, contents.len()).into_iter().flatten() {
                self.at(at, Happening::ToClient { person, remote: path.remote, bytes: contents.clone() });
            }
        }
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::ToServer { remote, bytes } => {
                if let Some(person) = self.by_public.get(&remote)
                    && is_stun(&bytes)
                {
                    self.seats[*person].checked.get_or_insert(self.now);
                }
                self.core.handle_datagram(self.now, Path { remote, local: server() }, &bytes);
                self.touched = true;
            }
            Happening::ToClient { person, remote, bytes } => {
                let seat = &mut self.seats[person];
                if seat.public == remote && !seat.dead {
                    seat.datagrams += 1;
                    if !is_stun(&bytes) {
                        seat.followed.get_or_insert(self.now);
                    }
                    seat.client.receive(self.now, server(), &bytes);
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
                self.conference.socket_opened(self.conference_now(), socket);
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
            Happening::SeesClose { person, socket } => {
                let seat = &mut self.seats[person];
                if seat.socket == Some(socket) {
                    seat.socket = None;
                    seat.client.receiver.deaf = true;
                    if seat.reconnects && !seat.dead {
                        self.at(self.now + ms(500), Happening::Reconnects { person });
                    }
                }
            }
            Happening::Reconnects { person } => {
                if self.seats[person].socket.is_none() && !self.seats[person].dead {
                    self.connect(person);
                }
            }
            Happening::Opens { .. } => {}
        }
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
