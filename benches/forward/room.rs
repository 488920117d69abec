//! A room in the core and its people, and what the core spends on them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plenary::limits::Limits;
use plenary::media::rtc::{ConnectionConfig, EgressKind};
use plenary::media::{Core, CoreConfig, Path};
use str0m::Input;
use str0m::net::{Protocol, Receive};

use crate::client::{Client, server};
use crate::rows::{FRAME, Row};
use crate::{MEASURED, per};

/// Between two packets of the 300 a second that each sender sends.
const INTERVAL: Duration = Duration::from_micros(3_333);

#[derive(Default)]
pub struct Spent {
    pub input: Duration,
    pub output: Duration,
    pub timers: Duration,
    pub feedback: Duration,
    pub allocations: u64,
    pub received: u64,
    pub forwarded: u64,
    /// Bytes of the heap that the core has taken and not given back.
    pub held: i64,
    /// What is spent counts; before, the room only gets warm.
    counts: bool,
}

impl Spent {
    /// Nanoseconds for one forwarded packet, everything included.
    pub fn together(&self) -> u128 {
        per(self.input + self.output + self.timers + self.feedback, self.forwarded.max(1))
    }
}

/// Does `work` in the core, and counts what it takes. Of `part` of what was spent only the time is told apart.
fn inside(spent: &mut Spent, part: fn(&mut Spent) -> &mut Duration, work: impl FnOnce()) {
    if !spent.counts {
        return beside(spent, work);
    }
    let began = Instant::now();
    let allocations = allocation_counter::measure(|| inside_the_core(work));
    *part(spent) += began.elapsed();
    spent.allocations += allocations.count_total;
    spent.held += allocations.bytes_current;
}

/// Does what takes from the core's heap or gives back to it, and is not to be counted otherwise.
pub fn beside<T>(spent: &mut Spent, work: impl FnOnce() -> T) -> T {
    let mut result = None;
    spent.held += allocation_counter::measure(|| result = Some(work())).bytes_current;
    result.expect("the work was done")
}

/// Only what runs in here is the core: callgrind knows it by this name.
#[inline(never)]
fn inside_the_core(work: impl FnOnce()) {
    work();
}

struct Room {
    core: Core,
    now: Instant,
    clients: Vec<Client>,
    by_address: HashMap<SocketAddr, usize>,
    spent: Spent,
}

impl Room {
    /// Takes what the core sends to the clients, and their answers back into it.
    fn carry(&mut self) {
        let transmits: Vec<_> = self.core.drain_transmits(self.now);
        for transmit in transmits {
            let client = self.by_address.get(&transmit.path.remote).expect("nobody else is there");
            let client = &mut self.clients[*client];
            let receive = Receive::new(Protocol::Udp, server(), client.address, &transmit.contents);
            client.rtc.handle_input(Input::Receive(self.now, receive.expect("a datagram"))).expect("input");
            client.drain();
            beside(&mut self.spent, || drop(transmit));
        }
        beside(&mut self.spent, || while self.core.poll_notice().is_some() {});
    }

    /// What the clients have to say, their media excepted.
    fn feed_back(&mut self) {
        let mut any = false;
        for client in &mut self.clients {
            client.step(self.now);
            let path = Path::udp(client.address, server());
            for datagram in client.out.drain(..) {
                let core = &mut self.core;
                inside(
                    &mut self.spent,
                    |spent| &mut spent.feedback,
                    || {
                        core.handle_datagram(self.now, path, &datagram);
                    },
                );
                any = true;
            }
        }
        if any {
            let core = &mut self.core;
            inside(&mut self.spent, |spent| &mut spent.feedback, || core.handle_timeout(self.now));
            self.carry();
        }
    }

    /// Lets time pass, serving timers.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.core.poll_timeout(self.now).filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let core = &mut self.core;
            inside(&mut self.spent, |spent| &mut spent.timers, || core.handle_timeout(self.now));
            self.carry();
        }
        self.now = end;
        self.feed_back();
    }

    /// The client of this number sends its packets `from` and following, `packets` in one turn.
    fn send(&mut self, sender: usize, from: u64, packets: u64) {
        let publisher = &mut self.clients[sender];
        for number in from..from + packets {
            publisher.write(self.now, number);
        }
        publisher.step(self.now);
        let path = Path::udp(publisher.address, server());
        for datagram in std::mem::take(&mut publisher.out) {
            let core = &mut self.core;
            inside(
                &mut self.spent,
                |spent| &mut spent.input,
                || {
                    core.handle_datagram(self.now, path, &datagram);
                },
            );
        }
        let core = &mut self.core;
        inside(&mut self.spent, |spent| &mut spent.output, || core.handle_timeout(self.now));
        self.carry();
    }
}

/// What `packets` of them cost, those of all senders together, in a room that is warm.
pub fn measure(row: &Row, packets: u64) -> Spent {
    let now = Instant::now();
    let connection = ConnectionConfig { candidates: vec![server()], worker: 0, egress: EgressKind::Own };
    let mut spent = Spent::default();
    let mut core = beside(&mut spent, || Core::new(CoreConfig::new(connection, Limits::default()), now));
    let join = |number| Client::join((&mut core, &mut spent), now, number, row);
    let clients: Vec<_> = (0..row.people).map(join).collect();
    let by_address = clients.iter().enumerate().map(|(index, client)| (client.address, index)).collect();
    let mut room = Room { core, now, clients, by_address, spent };
    for _ in 0..400 {
        room.pass(Duration::from_millis(5));
    }
    assert!(room.clients.iter().all(|client| client.rtc.is_connected()), "everyone is connected");
    let (mut number, a_turn, senders) = (0, if row.burst { FRAME } else { 1 }, u32::from(row.senders));
    for (counts, packets) in [(false, MEASURED * u64::from(senders)), (true, packets)] {
        let before = room.core.counters();
        room.spent = Spent { counts, held: room.spent.held, ..Spent::default() };
        let until = number + packets / u64::from(senders);
        while number < until {
            for sender in 0..senders {
                room.send(sender as usize, number, a_turn);
                room.pass(INTERVAL * a_turn as u32 / senders);
            }
            number += a_turn;
        }
        let after = room.core.counters();
        room.spent.received = after.received - before.received;
        room.spent.forwarded = after.forwarded - before.forwarded;
    }
    assert_eq!(room.spent.received, packets, "every packet is received");
    assert_eq!(
        room.spent.forwarded,
        row.expected(packets),
        "every packet of a size that is shown reaches everybody"
    );
    room.spent
}
