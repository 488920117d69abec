//! The people: their browsers, their links, and what they do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plenary::conference::SocketId;
use plenary::media::{self, ids::Layer, message::Tile};

use super::carriage::{Parcel, Way};
use super::over_tcp::MediaOverTcp;
use super::queue::Happening;
use super::{DEN, World, ms, workers};
use crate::client::connection::{Datagram, Profile};
use crate::client::{Client, Directory};
use crate::link::stream::Stream;
use crate::link::{Conditions, Direction};

/// How long a socket without a peer stays open: the driver's pings go unanswered for so long.
const PINGS_UNANSWERED: Duration = Duration::from_secs(20);

/// A number a person has in a scenario, from 0.
pub type Person = usize;

/// One person, their browser and their link.
pub struct Seat {
    pub client: Client,
    pub up: Direction<Parcel>,
    pub down: Direction<Parcel>,
    /// The TCP connection that carries media, of those who have one.
    pub tcp: MediaOverTcp,
    /// Signaling, in both directions.
    up_stream: Stream<Happening>,
    down_stream: Stream<Happening>,
    /// How the server sees them.
    pub public: SocketAddr,
    /// The worker they sent to last.
    pub(super) home: Option<usize>,
    pub(super) socket: Option<SocketId>,
    /// Comes back by itself when the socket is lost.
    pub reconnects: bool,
    /// The browser is gone; what is sent to it arrives nowhere.
    pub(super) dead: bool,
    pub(super) timer: Option<Instant>,
    pub signal_delay: Duration,
    /// When the server had the first binding request from the present public address, and when the first datagram that
    /// is no answer to one arrived there.
    pub checked: Option<Instant>,
    pub followed: Option<Instant>,
    /// Bytes of signaling received.
    pub signal_bytes: u64,
    /// Datagrams received.
    pub datagrams: u64,
    pub datagram_bytes: u64,
    /// The last SRTP, SRTCP and STUN datagram sent.
    pub last_srtp: Vec<u8>,
    pub last_srtcp: Vec<u8>,
    pub last_stun: Vec<u8>,
    /// Sources of media received, and how many bytes came of each.
    pub sources: BTreeMap<u32, u64>,
}

impl World {
    /// Somebody opens the page and joins the den, over a link with these conditions in both directions.
    pub fn join(&mut self, profile: Profile, conditions: Conditions) -> Person {
        self.join_over(profile, conditions, conditions)
    }

    pub fn join_over(&mut self, profile: Profile, up: Conditions, down: Conditions) -> Person {
        self.join_room(DEN, profile, up, down)
    }

    /// Somebody opens the page of `room`.
    pub fn join_room(&mut self, room: &str, profile: Profile, up: Conditions, down: Conditions) -> Person {
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
        let directory: Directory = self.directory.clone();
        let client = Client::new(number, room, profile, address, self.start, rng, directory);
        let (up_dice, down_dice) = (self.rng.fork(), self.rng.fork());
        self.seats.push(Seat {
            client,
            up: Direction::new(up, self.start, self.now, up_dice),
            down: Direction::new(down, self.start, self.now, down_dice),
            tcp: MediaOverTcp::default(),
            up_stream: Stream::default(),
            down_stream: Stream::default(),
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
            datagram_bytes: 0,
            last_srtp: Vec::new(),
            last_srtcp: Vec::new(),
            last_stun: Vec::new(),
            home: None,
            sources: BTreeMap::new(),
        });
        self.rebind(person);
        self.connect(person);
        person
    }

    /// The NAT in front of somebody gives them another port: the old one leads nowhere. Over TCP this is a connection that
    /// ends, and another one.
    pub fn rebind(&mut self, person: Person) {
        let [high, low] = (person as u16).to_be_bytes();
        self.next_port += 1;
        let public = SocketAddr::from(([100, 64, high, low], self.next_port));
        let seat = &mut self.seats[person];
        (seat.checked, seat.followed) = (None, None);
        let old = std::mem::replace(&mut seat.public, public);
        seat.tcp.begin_anew();
        if seat.client.profile.over_tcp {
            self.workers.iter_mut().for_each(|worker| worker.handle_connection_ended(old));
        }
        self.by_public.remove(&old);
        self.by_public.insert(public, person);
        self.addresses.insert(public, person);
    }

    /// Somebody whose socket was lost connects again.
    pub fn reconnect(&mut self, person: Person) {
        self.at(self.now, Happening::Reconnects { person });
    }

    pub(super) fn connect(&mut self, person: Person) {
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

    pub(super) fn sees_close(&mut self, person: Person, socket: SocketId) {
        let seat = &mut self.seats[person];
        if seat.socket == Some(socket) {
            seat.socket = None;
            seat.client.receiver.deaf = true;
            if seat.reconnects && !seat.dead {
                self.at(self.now + ms(500), Happening::Reconnects { person });
            }
        }
    }

    /// The browser of somebody dies. With `told` the operating system closes its socket; without, the server finds out
    /// when its pings stay unanswered.
    pub fn kill(&mut self, person: Person, told: bool) {
        self.seats[person].dead = true;
        match self.seats[person].socket {
            Some(socket) if told => self.send_message(person, Way::Up, 0, Happening::Closes { socket }),
            Some(socket) => self.at(self.now + PINGS_UNANSWERED, Happening::Closes { socket }),
            None => {}
        }
    }

    /// Somebody reloads the page: the old one says that it may return, the new one joins with the same token.
    pub fn reload(&mut self, person: Person) {
        self.seats[person].client.leave(true);
        self.after(person);
        if let Some(socket) = self.seats[person].socket {
            self.send_message(person, Way::Up, 0, Happening::Closes { socket });
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

    /// A datagram that is none of anybody's arrives at the first worker.
    pub fn inject(&mut self, remote: SocketAddr, bytes: Vec<u8>) {
        let local = workers::address(self.meant_for(remote, &bytes));
        self.at(self.now, Happening::ToServer { remote, local, bytes });
    }

    /// The worker that somebody would send a datagram to who wants it to do harm: the one that a check (STUN) names, else that of
    /// whoever is at `remote`.
    fn meant_for(&self, remote: SocketAddr, bytes: &[u8]) -> usize {
        let named = bytes.windows(4).skip(20).position(|window| window[..2] == [0, 6]).and_then(|at| {
            let name = bytes.get(at + 24..at + 26).filter(|_| bytes[0] < 2)?;
            usize::from_str_radix(std::str::from_utf8(name).ok()?, 16).ok()
        });
        let named = named.filter(|number| *number < self.workers.len());
        let home = || self.seats[*self.by_public.get(&remote)?].home;
        named.or_else(home).unwrap_or(0)
    }

    /// What the client of `person` was made to do: its messages, datagrams and timers take their course.
    pub fn after(&mut self, person: Person) {
        let seat = &mut self.seats[person];
        if seat.dead {
            return;
        }
        let (socket, remote) = (seat.socket, seat.public);
        let messages: Vec<String> = std::iter::from_fn(|| seat.client.next_message()).collect();
        let datagrams = seat.client.datagrams();
        for Datagram { bytes, .. } in &datagrams {
            match bytes[..] {
                [128..192, 64..96 | 192..224, ..] => seat.last_srtcp.clone_from(bytes),
                [128..192, ..] => seat.last_srtp.clone_from(bytes),
                [0..2, ..] => seat.last_stun.clone_from(bytes),
                _ => {}
            }
        }
        let wakes = seat.client.wakes().filter(|wakes| seat.timer.is_none_or(|timer| *wakes < timer));
        seat.timer = wakes.or(seat.timer);
        for text in messages {
            if let Some(socket) = socket {
                self.send_message(person, Way::Up, text.len(), Happening::Says { socket, text });
            }
        }
        for Datagram { to, bytes } in datagrams {
            let length = bytes.len();
            self.seats[person].home = Some(usize::from(to.port() - workers::address(0).port()));
            self.send_datagram(person, Way::Up, length, Happening::ToServer { remote, local: to, bytes });
        }
        if let Some(wakes) = wakes {
            self.at(wakes, Happening::Timer { person });
        }
    }

    pub(super) fn stream(&mut self, person: Person, way: Way) -> &mut Stream<Happening> {
        let seat = &mut self.seats[person];
        match way {
            Way::Up => &mut seat.up_stream,
            Way::Down => &mut seat.down_stream,
        }
    }

    /// Lets somebody do something now.
    pub fn client<T>(&mut self, person: Person, action: impl FnOnce(&mut Client, Instant) -> T) -> T {
        let result = action(&mut self.seats[person].client, self.now);
        self.after(person);
        result
    }

    /// `from` shows each of these in a tile of so many lines.
    pub fn show(&mut self, from: Person, tiles: &[(Person, u16)]) {
        let tile = |(person, height): &(Person, u16)| Tile {
            peer: self.peer(*person),
            stream: media::ids::Stream::Camera,
            height: *height,
            pinned: false,
        };
        let tiles = tiles.iter().map(tile).collect();
        self.client(from, |client, _| client.show(tiles));
    }

    /// The machine or the uplink of `person` is good enough for these sizes of their camera and no other.
    pub fn able(&mut self, person: Person, layers: &[Layer]) {
        self.client(person, |client, _| {
            let connection = client.connection.as_mut();
            let camera = connection.and_then(|connection| connection.camera(media::ids::Stream::Camera));
            let camera = camera.expect("a camera");
            for layer in Layer::ALL {
                camera.set_able(layer, layers.contains(&layer));
            }
        });
    }
}
