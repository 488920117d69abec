//! Turns of a real core through the socket that sends them: every datagram whole, in as few calls as there are runs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::rc::Rc;
use std::time::Duration;

use plenary::media::egress::Run;
use plenary::worker::Udp;

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::workers::MOST_SEGMENTS;
use crate::world::{Person, Settings, World, ms};

/// Bytes a call may hold: an IPv4 datagram's largest payload.
const MOST_BYTES: usize = 65_507;

/// The fewest calls for datagrams of these lengths in this order: runs of one length, of which the last may be shorter.
fn runs(lengths: &[usize]) -> u64 {
    let (mut calls, mut run): (u64, Vec<usize>) = (0, Vec::new());
    for length in lengths {
        let whole = run.iter().all(|other| *other == run[0]);
        let fits = run.len() < MOST_SEGMENTS && run.iter().sum::<usize>() + length <= MOST_BYTES;
        if run.is_empty() || !(whole && fits && *length <= run[0]) {
            calls += 1;
            run.clear();
        }
        run.push(*length);
    }
    calls
}

/// What became of the turns.
#[derive(Debug, Default)]
struct Seen {
    turns: u64,
    datagrams: u64,
    /// Datagrams that are for one client, and of these what has others for the same client elsewhere in its turn.
    groups: u64,
    split: u64,
    calls: u64,
    lengths: BTreeMap<usize, u64>,
    most_in_a_turn: usize,
}

struct Wire {
    udp: Udp,
    sockets: BTreeMap<SocketAddr, UdpSocket>,
    seen: Rc<RefCell<Seen>>,
}

impl Wire {
    /// Sends a turn as a worker does, run by run, and reads what came.
    fn turn(&mut self, turn: &[(Run, Vec<u8>)]) {
        let mut seen = self.seen.borrow_mut();
        let mut clients = Vec::new();
        for group in turn.chunk_by(|(a, _), (b, _)| a.path == b.path) {
            let client = group[0].0.path.remote;
            seen.groups += 1;
            // What a datagram is answered with leaves before what the turn's end has for the same client.
            seen.split += u64::from(clients.contains(&client));
            clients.push(client);
            let socket = self.sockets.entry(client).or_insert_with(|| {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
                socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket of ours");
                socket
            });
            let to = socket.local_addr().expect("bound");
            let before = self.udp.counters().sends;
            let mut lengths = Vec::new();
            for (run, bytes) in group {
                self.udp.send(to, Some(Ipv4Addr::LOCALHOST.into()), bytes, run.segment);
                for datagram in bytes.chunks(run.segment) {
                    let mut buffer = [0; 2_000];
                    let length = socket.recv(&mut buffer).expect("a datagram");
                    assert_eq!(&buffer[..length], datagram, "a datagram came as another one");
                    lengths.push(length);
                }
            }
            let calls = self.udp.counters().sends - before;
            // What the WebRTC library says itself leaves in front of media, and apart from it.
            let fewest = runs(&lengths);
            assert!((fewest..=fewest + 1).contains(&calls), "{calls} calls for {lengths:?}");
            seen.calls += calls;
            seen.datagrams += lengths.len() as u64;
            seen.most_in_a_turn = seen.most_in_a_turn.max(lengths.len());
            for length in lengths {
                *seen.lengths.entry(length).or_default() += 1;
            }
        }
        seen.turns += u64::from(!turn.is_empty());
    }
}

#[test]
fn turns_of_a_full_room_leave_whole_and_in_a_call_for_each_run() {
    play(When::Always, |seed| {
        let mut world = World::with(Settings::middle_first(seed));
        let people: Vec<Person> = (0..6)
            .map(|number| {
                let profile = if number % 2 == 0 { Profile::BROWSER } else { Profile::SIMULCAST };
                world.join_over(profile, Conditions::clean(20), Conditions::losing(20, 0.02))
            })
            .collect();
        world.within(ms(5_000), "they do not meet", |world| world.meet(&people));
        let seen = Rc::new(RefCell::new(Seen::default()));
        let udp = Udp::v4(0).expect("a socket");
        let mut wire = Wire { udp, sockets: BTreeMap::new(), seen: seen.clone() };
        world.tap = Some(Box::new(move |turn| wire.turn(turn)));
        world.run(ms(3_000));
        world.tap = None;
        let seen = seen.borrow();
        let calls = seen.calls as f64 / seen.datagrams as f64;
        println!("{} turns, {} datagrams, {calls:.2} calls each", seen.turns, seen.datagrams);
        println!("{} lengths, {} in a turn for one client", seen.lengths.len(), seen.most_in_a_turn);
        assert!(seen.datagrams > 2_000 && seen.lengths.len() > 20 && seen.most_in_a_turn > 2, "{seen:?}");
        println!("{} groups, {} of them split", seen.groups, seen.split);
        assert!(calls < 0.9, "hardly two datagrams in a call");
        assert!(seen.split * 10 < seen.groups, "datagrams for one client are not together: {seen:?}");
        world.finish("turns on the wire");
    });
}
