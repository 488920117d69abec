//! A room in the core and its people, as time goes on.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plenary::limits::Limits;
use plenary::media::allocate::{AllocatorFactory, FixedOrder};
use plenary::media::egress::Run;
use plenary::media::ids::WorkerId;
use plenary::media::rtc::{ConnectionConfig, EgressKind};
use plenary::media::{Core, CoreConfig, Path};
use serde::{Deserialize, Serialize};
use str0m::Input;
use str0m::net::{Protocol, Receive};

use super::client::{Client, server};
use super::rows::{FRAME, Row};
use super::spent::{Spent, beside, inside};

/// Between two packets of the 300 a second that each sender sends.
const INTERVAL: Duration = Duration::from_micros(3_333);

/// Datagrams that a worker lets one call send.
const MOST: usize = 64;

/// Runs that are taken before clients get them: they are to stay in the cache, and the clock is not to be read for each.
const RUNS: usize = 32;

/// Where callgrind is to begin a count of its own.
#[inline(never)]
fn the_room_goes_on() {
    black_box(());
}

struct Room {
    /// Each core, and what it spent.
    cores: Vec<(Core, Spent)>,
    now: Instant,
    clients: Vec<Client>,
    by_address: HashMap<SocketAddr, usize>,
    /// What leaves, run by run: the core writes into them, and finds them as large as they need be.
    buffers: Vec<(Option<Run>, Vec<u8>)>,
}

impl Room {
    /// Takes what the cores send to the clients, which is part of what `part` counts, and their answers back into it.
    fn carry(&mut self, part: fn(&mut Spent) -> &mut Duration) {
        for number in 0..self.cores.len() {
            while self.carry_some(number, part) {}
        }
    }

    fn carry_some(&mut self, number: usize, part: fn(&mut Spent) -> &mut Duration) -> bool {
        let (now, buffers) = (self.now, &mut self.buffers);
        let (core, spent) = &mut self.cores[number];
        inside(spent, part, || {
            for (run, buffer) in buffers.iter_mut() {
                *run = core.poll_transmit(now, MOST, buffer);
                if run.is_none() {
                    break;
                }
            }
        });
        for (run, buffer) in &self.buffers {
            let Some(Run { path, segment }) = run else { return false };
            let client = self.by_address.get(&path.remote).expect("nobody else is there");
            let client = &mut self.clients[*client];
            for datagram in buffer.chunks(*segment) {
                let receive = Receive::new(Protocol::Udp, server(), client.address, datagram);
                let receive = Input::Receive(self.now, receive.expect("a datagram"));
                client.rtc.handle_input(receive).expect("input");
                client.drain();
            }
        }
        true
    }

    /// What the cores tell each other. Both sides are part of what each spends; the queue between them is none.
    fn cross(&mut self) {
        let now = self.now;
        loop {
            let mut told = false;
            for from in 0..self.cores.len() {
                let (core, spent) = &mut self.cores[from];
                let mut crossings = Vec::new();
                inside(
                    spent,
                    |spent| &mut spent.crossing,
                    || {
                        while let Some(crossing) = core.poll_crossing() {
                            crossings.push(crossing);
                        }
                    },
                );
                for (to, crossing) in crossings {
                    let (core, spent) = &mut self.cores[to.index()];
                    let handle = || core.handle_crossing(now, WorkerId(from as u8), crossing);
                    inside(spent, |spent| &mut spent.crossing, handle);
                    told = true;
                }
            }
            if !told {
                return;
            }
        }
    }

    /// Ends a turn of every core that has something to do, and what it has to say goes where it belongs.
    fn end_turn(&mut self, part: fn(&mut Spent) -> &mut Duration) {
        self.cross();
        let now = self.now;
        for (core, spent) in &mut self.cores {
            if core.poll_timeout(now).is_some_and(|due| due <= now) {
                inside(spent, part, || core.handle_timeout(now));
            }
        }
        self.cross();
        self.carry(part);
        self.forget_notices();
    }

    /// What the cores say besides goes nowhere.
    fn forget_notices(&mut self) {
        for (core, spent) in &mut self.cores {
            beside(spent, || while core.poll_notice().is_some() {});
        }
    }

    /// What the clients have to say, their media excepted.
    fn feed_back(&mut self) {
        let mut any = false;
        for client in &mut self.clients {
            client.step(self.now);
            let path = Path::udp(client.address, server());
            let (core, spent) = &mut self.cores[client.home];
            for datagram in client.out.drain(..) {
                let now = self.now;
                let handle = || core.handle_datagram(now, path, &datagram);
                inside(spent, |spent| &mut spent.feedback, handle);
                any = true;
            }
        }
        if any {
            self.end_turn(|spent| &mut spent.feedback);
        }
    }

    /// Lets time pass, serving timers.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let due = |room: &Room| room.cores.iter().filter_map(|(core, _)| core.poll_timeout(room.now)).min();
        while let Some(due) = due(self).filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.end_turn(|spent| &mut spent.timers);
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
        let (core, spent) = &mut self.cores[publisher.home];
        for datagram in std::mem::take(&mut publisher.out) {
            let now = self.now;
            let handle = || core.handle_datagram(now, path, &datagram);
            inside(spent, |spent| &mut spent.input, handle);
        }
        self.end_turn(|spent| &mut spent.output);
    }

    /// What is spent while everybody who sends sends the packets of these numbers, core by core; without senders, while nobody does.
    fn go_on(
        &mut self,
        counts: bool,
        numbers: std::ops::Range<u64>,
        senders: u16,
        a_turn: u64,
    ) -> Vec<Spent> {
        let counted = |room: &Room| room.cores.iter().map(|(core, _)| core.counters()).collect::<Vec<_>>();
        let before = counted(self);
        self.cores.iter_mut().for_each(|(_, spent)| spent.begin(counts));
        for number in numbers.step_by(a_turn as usize) {
            for sender in 0..senders {
                self.send(sender.into(), number, a_turn);
                self.pass(INTERVAL * a_turn as u32 / u32::from(senders));
            }
            if senders == 0 {
                self.pass(INTERVAL * a_turn as u32);
            }
        }
        let after = counted(self);
        for ((_, spent), (before, after)) in self.cores.iter_mut().zip(before.iter().zip(&after)) {
            spent.received = after.received - before.received;
            spent.forwarded = after.forwarded - before.forwarded;
        }
        self.cores.iter().map(|(_, spent)| spent.clone()).collect()
    }
}

/// What a row costs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// While nobody sends, as long as below. Only where others are in the core.
    pub at_rest: Spent,
    /// While packets are sent, in a room that is warm: all cores together.
    pub sending: Spent,
    /// What the busiest core spent of that.
    pub busiest: Duration,
}

fn together(spent: &[Spent]) -> Spent {
    spent.iter().fold(Spent::default(), Spent::and)
}

pub fn measure(row: &Row, egress: EgressKind) -> Measured {
    let now = Instant::now();
    let mut cores: Vec<(Core, Spent)> = (0..row.cores)
        .map(|number| {
            let connection = ConnectionConfig { candidates: vec![server()], worker: number as u8, egress };
            let mut spent = Spent::default();
            let mut config = CoreConfig::new(connection, Limits::default());
            if row.sizes {
                // Which of them is shown is to be known.
                config.allocators = AllocatorFactory::new(|_| Box::new(FixedOrder::MIDDLE_FIRST));
            }
            (beside(&mut spent, || Core::new(config, now)), spent)
        })
        .collect();
    let clients: Vec<_> =
        (0..row.people + row.others).map(|number| Client::join(&mut cores, now, number, row)).collect();
    let by_address = clients.iter().enumerate().map(|(index, client)| (client.address, index)).collect();
    let buffers = (0..RUNS).map(|_| (None, Vec::with_capacity(MOST * 1_500))).collect();
    let mut room = Room { cores, now, clients, by_address, buffers };
    for _ in 0..400 {
        room.pass(Duration::from_millis(5));
    }
    assert!(room.clients.iter().all(|client| client.rtc.is_connected()), "everyone is connected");
    let (packets, senders) = (row.packets(), row.senders);
    let (each, a_turn) = (packets / u64::from(senders), if row.burst { FRAME } else { 1 });
    room.go_on(false, 0..packets, senders, a_turn);
    let mut at_rest = Spent::default();
    if row.others > 0 {
        at_rest = together(&room.go_on(true, 0..each, 0, a_turn));
    }
    the_room_goes_on();
    let spent = room.go_on(true, packets..packets + each, senders, a_turn);
    let (sending, busiest) = (together(&spent), spent.iter().map(Spent::together).max().unwrap_or_default());
    assert_eq!(sending.received, packets, "every packet is received");
    assert_eq!(
        sending.forwarded,
        row.expected(packets),
        "every packet of a size that is shown reaches everybody"
    );
    Measured { at_rest, sending, busiest }
}

/// How long the room of a row is measured.
pub fn seconds(row: &Row) -> f64 {
    INTERVAL.as_secs_f64() * row.packets() as f64 / f64::from(row.senders)
}
