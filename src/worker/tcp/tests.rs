#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream as Client};

use mio::{Events, Poll};

use super::*;
use crate::config::Announced;
use crate::ledger::Resource;

/// A binding request as far as anybody looks here, and what says that its sender is somebody.
const STUN: [u8; 20] = [0; 20];
const AUTHENTIC: [u8; 20] = [1; 20];

/// Takes whatever comes; who says [`AUTHENTIC`] is known.
#[derive(Default)]
struct Fake {
    taken: Vec<(Path, Vec<u8>)>,
    known: Vec<Path>,
    ended: Vec<Path>,
}

impl DatagramHandler for Fake {
    fn datagram(&mut self, _now: Instant, path: Path, frame: &[u8]) {
        self.taken.push((path, frame.to_vec()));
        if frame == AUTHENTIC {
            self.known.push(path);
        }
    }

    fn knows(&self, path: &Path) -> bool {
        self.known.contains(path)
    }

    fn path_ended(&mut self, path: &Path) {
        self.known.retain(|known| known != path);
        self.ended.push(*path);
    }
}

struct Fixture {
    poll: Poll,
    tcp: Tcp,
    fake: Fake,
    addresses: AddressMap,
    now: Instant,
    port: u16,
}

impl Fixture {
    fn new(limits: &Limits) -> Fixture {
        let poll = Poll::new().expect("a poll");
        let bound = (0..32).find_map(|_| {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let port = listener.local_addr().expect("bound").port();
            drop(listener);
            let registry = poll.registry().try_clone().expect("a registry");
            Some((Tcp::bind(port, registry, 3, limits.clone()).ok()?, port))
        });
        let (tcp, port) = bound.expect("a free port");
        let here = Announced { local: Ipv4Addr::LOCALHOST.into(), public: Ipv4Addr::LOCALHOST.into() };
        let addresses = AddressMap::new(&[here], port);
        Fixture { poll, tcp, fake: Fake::default(), addresses, now: Instant::now(), port }
    }

    fn connect(&self) -> Client {
        let client = Client::connect((Ipv4Addr::LOCALHOST, self.port)).expect("it listens");
        client.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket of ours");
        client
    }

    /// Turns until `is_done`.
    fn turn_until(&mut self, is_done: impl Fn(&Fixture) -> bool) {
        let (mut events, by) = (Events::with_capacity(64), Instant::now() + Duration::from_secs(5));
        while !is_done(self) {
            assert!(Instant::now() < by, "it does not come to pass: {:?}", self.tcp.counters());
            let wait = if self.tcp.is_ready() { Duration::ZERO } else { Duration::from_millis(5) };
            self.poll.poll(&mut events, Some(wait)).expect("polled");
            events.iter().for_each(|event| self.tcp.note(event));
            self.tcp.receive(self.now, &self.addresses, &mut self.fake, || false);
        }
    }

    /// A connection on which these frames have come.
    fn connect_and_say(&mut self, frames: &[&[u8]]) -> Client {
        let mut client = self.connect();
        let before = self.tcp.counters();
        for frame in frames {
            say(&mut client, frame);
        }
        self.turn_until(|fixture| {
            let counters = fixture.tcp.counters();
            counters.accepted > before.accepted && counters.received == before.received + frames.len() as u64
        });
        client
    }

    fn send(&mut self, path: &Path, frames: Vec<Vec<u8>>) {
        self.tcp.send(self.now, path, frames.into_iter(), &mut self.fake);
    }

    fn wait_and_maintain(&mut self, time: Duration) {
        self.now += time;
        self.tcp.maintain(self.now, &mut self.fake);
    }

    fn path(&self, client: &Client) -> Path {
        let local = (Ipv4Addr::LOCALHOST, self.port).into();
        Path::tcp(client.local_addr().expect("connected"), local)
    }
}

fn say(client: &mut Client, frame: &[u8]) {
    let length = u16::try_from(frame.len()).expect("short").to_be_bytes();
    client.write_all(&[&length, frame].concat()).expect("it reads");
}

fn hear(client: &mut Client) -> Vec<u8> {
    let mut length = [0; 2];
    client.read_exact(&mut length).expect("a frame");
    let mut frame = vec![0; u16::from_be_bytes(length).into()];
    client.read_exact(&mut frame).expect("a whole frame");
    frame
}

/// The other side closed it, in one way or another.
fn is_ended(client: &mut Client) -> bool {
    let read = client.read(&mut [0; 64]);
    matches!(read, Ok(0)) || read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

#[test]
fn frames_come_and_go_on_a_connection_by_its_path() {
    let mut fixture = Fixture::new(&Limits::default());
    let mut client = fixture.connect_and_say(&[&AUTHENTIC, &[128; 1_500], &[]]);
    let path = fixture.path(&client);
    assert_eq!(fixture.fake.taken, [(path, AUTHENTIC.to_vec()), (path, vec![128; 1_500])]);
    fixture.send(&path, vec![vec![1; 5], vec![2; 1_200]]);
    assert_eq!((hear(&mut client), hear(&mut client)), (vec![1; 5], vec![2; 1_200]));
    let expected = TcpCounters {
        accepted: 1,
        received: 3,
        received_bytes: AUTHENTIC.len() as u64 + 1_500,
        empty: 1,
        sent: 2,
        // Each frame after its length (RFC 4571).
        sent_bytes: 5 + 1_200 + 2 * 2,
        sends: 1,
        connections: 1,
        ..TcpCounters::default()
    };
    assert_eq!(fixture.tcp.counters(), expected);
    // The same addresses over UDP are somebody else.
    fixture.send(&Path::udp(path.remote, path.local), vec![vec![3]]);
    assert_eq!(fixture.tcp.counters().unroutable, 1);
}

#[test]
fn when_a_connection_ends_its_path_ends_and_another_one_takes_its_place() {
    let mut fixture = Fixture::new(&Limits::default());
    let client = fixture.connect_and_say(&[&AUTHENTIC]);
    let path = fixture.path(&client);
    drop(client);
    fixture.turn_until(|fixture| fixture.tcp.counters().connections == 0);
    assert_eq!(fixture.fake.ended, [path]);
    fixture.send(&path, vec![vec![1]]);
    assert_eq!(fixture.tcp.counters().unroutable, 1);
    let mut client = fixture.connect_and_say(&[&AUTHENTIC]);
    let path = fixture.path(&client);
    fixture.send(&path, vec![vec![1; 9]]);
    assert_eq!(hear(&mut client), [1; 9]);
}

#[test]
fn who_is_nobody_and_sends_garbage_is_gone_at_once() {
    let mut fixture = Fixture::new(&Limits::default());
    let mut client = fixture.connect_and_say(&[&[200; 20]]);
    assert!(is_ended(&mut client));
    assert_eq!((fixture.tcp.counters().strangers, fixture.fake.taken.len()), (1, 0));
    let mut client = fixture.connect();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it reads");
    fixture.turn_until(|fixture| fixture.tcp.counters().ended == 2);
    assert!(is_ended(&mut client));
    assert_eq!(fixture.tcp.tally().count(Limit::TcpFrameBytes), 1, "a length nobody sends");
    // The rest of a call, on a connection that is new for it: STUN follows.
    let client = fixture.connect_and_say(&[&[128; 20], &AUTHENTIC, &[200; 20]]);
    assert!(fixture.fake.knows(&fixture.path(&client)));
    assert_eq!(
        fixture.tcp.counters().connections,
        1,
        "what is garbage of somebody known is for the core to say"
    );
}

#[test]
fn who_authenticated_stays_when_a_flood_of_connections_makes_the_silent_ones_go() {
    let limits = Limits::default().with(Limit::TcpHalfOpenConnections, 2);
    let mut fixture = Fixture::new(&limits);
    let mut known = fixture.connect_and_say(&[&AUTHENTIC]);
    let mut silent: Vec<Client> = (0..3).map(|_| fixture.connect_and_say(&[&STUN])).collect();
    assert_eq!(fixture.tcp.tally().count(Limit::TcpHalfOpenConnections), 1);
    assert!(is_ended(&mut silent[0]), "the oldest gave way");
    let paths: Vec<Path> =
        [&known, &silent[1], &silent[2]].into_iter().map(|client| fixture.path(client)).collect();
    for path in paths {
        fixture.send(&path, vec![vec![5]]);
    }
    assert_eq!([hear(&mut known), hear(&mut silent[1]), hear(&mut silent[2])], [[5], [5], [5]]);
}

/// A connection from another address of this machine.
fn connect_from(last: u8, port: u16) -> Client {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, last], 0)).into()).expect("an address of ours");
    socket.connect(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).expect("it listens");
    let client = Client::from(socket);
    client.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket of ours");
    client
}

#[test]
fn one_address_that_takes_what_it_can_costs_its_own_connections_and_no_others() {
    let limits = Limits::default()
        .with(Limit::TcpHalfOpenConnections, 4)
        .with(Limit::TcpHalfOpenConnectionsPerAddress, 3)
        .with(Limit::TcpConnectionsPerAddress, 3);
    let mut fixture = Fixture::new(&limits);
    // The oldest of all is honest, and slow.
    let mut honest = fixture.connect_and_say(&[&STUN]);
    let mut greedy: Vec<Client> = (0..8).map(|_| connect_from(2, fixture.port)).collect();
    fixture.turn_until(|fixture| fixture.tcp.counters().accepted == 9);
    assert!((0..5).all(|number| is_ended(&mut greedy[number])), "their own oldest ones");
    let path = fixture.path(&honest);
    fixture.send(&path, vec![vec![5]]);
    assert_eq!(hear(&mut honest), [5]);
    // All of them together are too many: whoever has most gives way.
    let _another = connect_from(3, fixture.port);
    fixture.turn_until(|fixture| fixture.tcp.counters().accepted == 10);
    assert!(is_ended(&mut greedy[5]));
    fixture.send(&path, vec![vec![6]]);
    assert_eq!(hear(&mut honest), [6]);
    assert_eq!(fixture.tcp.admission.ledger.total(Resource::MediaConnections), 4);
}

#[test]
fn when_all_are_known_a_newcomer_is_turned_away() {
    let mut fixture = Fixture::new(&Limits::default().with(Limit::TcpConnections, 2));
    let _known = fixture.connect_and_say(&[&AUTHENTIC]);
    let mut silent = fixture.connect_and_say(&[&STUN]);
    let _other = fixture.connect_and_say(&[&AUTHENTIC]);
    assert!(is_ended(&mut silent), "who is nobody gives way first");
    let mut newcomer = fixture.connect();
    fixture.turn_until(|fixture| fixture.tcp.tally().count(Limit::TcpConnections) == 2);
    assert!(is_ended(&mut newcomer));
    assert_eq!(fixture.tcp.counters().connections, 2);
}

#[test]
fn who_says_nothing_true_in_time_or_half_a_frame_and_no_more_is_gone() {
    let mut fixture = Fixture::new(&Limits::default());
    let mut liar = fixture.connect_and_say(&[&STUN]);
    let mut slow = fixture.connect();
    slow.write_all(&[0, 20, 1]).expect("it reads");
    fixture.turn_until(|fixture| fixture.tcp.counters().connections == 2);
    fixture.wait_and_maintain(Duration::from_millis(9_900));
    assert_eq!(fixture.tcp.counters().connections, 2);
    fixture.wait_and_maintain(Duration::from_millis(1_100));
    assert_eq!(
        (fixture.tcp.counters().connections, fixture.tcp.tally().count(Limit::TcpHalfOpenMillis)),
        (0, 2)
    );
    assert!(is_ended(&mut liar) && is_ended(&mut slow));
    assert_eq!(fixture.tcp.next(), None, "without connections nobody is woken");
}

#[test]
fn a_connection_ends_when_nothing_comes_any_more_or_its_person_is_gone() {
    let mut fixture = Fixture::new(&Limits::default());
    let mut client = fixture.connect_and_say(&[&AUTHENTIC]);
    fixture.wait_and_maintain(Duration::from_secs(59));
    assert_eq!(fixture.tcp.counters().connections, 1);
    fixture.wait_and_maintain(Duration::from_secs(1));
    assert_eq!((fixture.tcp.counters().connections, fixture.tcp.tally().count(Limit::TcpIdleMillis)), (0, 1));
    assert!(is_ended(&mut client));

    let mut client = fixture.connect_and_say(&[&AUTHENTIC]);
    fixture.fake.known.clear();
    fixture.wait_and_maintain(SWEEP);
    assert!(is_ended(&mut client));
}

/// What a client does not read is dropped whole, is bounded in bytes and in time, and what comes after it can be read.
#[test]
fn a_client_that_does_not_read_holds_no_more_than_its_share_and_gets_whole_frames_when_it_does() {
    let most = 20_000;
    let mut fixture = Fixture::new(&Limits::default().with(Limit::TcpWriteBytes, most));
    let mut client = fixture.connect_and_say(&[&AUTHENTIC]);
    let path = fixture.path(&client);
    let frame = |number: u32| [&number.to_be_bytes()[..], &[7; 1_196]].concat();
    let mut next = 0;
    while fixture.tcp.counters().dropped < 100 {
        assert!(next < 100_000, "the kernel takes it all");
        fixture.send(&path, (next..next + 10).map(frame).collect());
        next += 10;
        let waits =
            fixture.tcp.connections.iter().map(|(_, connection)| connection.queue.bytes()).sum::<usize>();
        assert!(waits <= most);
    }
    let counters = fixture.tcp.counters();
    assert_eq!(counters.dropped, fixture.tcp.tally().count(Limit::TcpWriteBytes));
    // By then nothing that waited is of use; the frame of which a part is out is finished all the same.
    fixture.now += Duration::from_secs(2);
    fixture.send(&path, vec![frame(u32::MAX)]);
    assert!(fixture.tcp.counters().stale > 0);
    client.set_nonblocking(false).expect("a socket of ours");
    let reader = std::thread::spawn(move || {
        let mut got = Vec::new();
        while got.last() != Some(&u32::MAX) {
            let frame = hear(&mut client);
            assert_eq!(frame.len(), 1_200);
            got.push(u32::from_be_bytes(*frame.first_chunk().expect("a number")));
        }
        got
    });
    fixture.turn_until(|_| reader.is_finished());
    let got = reader.join().expect("whole frames in order");
    assert!(got.is_sorted());
    let TcpCounters { sent, dropped, stale, .. } = fixture.tcp.counters();
    assert_eq!((got.len() as u64, sent + dropped + stale), (sent, u64::from(next) + 1));
}
