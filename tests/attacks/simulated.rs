//! Attacks in virtual time: a call of honest people, and what each of them notices, to the packet and the millisecond.

use std::time::Duration;

use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::rng::Rng;
use crate::sender::Says;
use crate::sim::world::{Person, World, ms};
use crate::table::{Clock, Group, Outcome, Table, Third};

/// How long people are watched after an attack: what it did to timers and slots shows.
const AFTERMATH: Duration = ms(1_500);

/// A call under attack.
pub struct Stage {
    pub world: World,
    /// Three who talk, of whom the first two have cameras.
    pub honest: [Person; 3],
    /// Somebody in the same room who means harm.
    pub hostile: Person,
    pub dice: Rng,
}

impl Stage {
    /// Three honest people and a hostile one, who all know each other by now.
    fn new(name: &str) -> Stage {
        let mut world = World::new(1);
        let speaks = |level| Profile { microphone: Some(Says::Words(level)), grows: false, ..Profile::PAGE };
        let watches = Profile { camera: None, grows: false, ..Profile::PAGE };
        let honest =
            [speaks(30), speaks(35), watches].map(|profile| world.join(profile, Conditions::clean(20)));
        let hostile = Profile { forges: true, ..speaks(40) };
        let hostile = world.join(hostile, Conditions::clean(20));
        for person in honest {
            world.seats[person].client.receiver.judges_not = Some(hostile as u16);
        }
        let met = |world: &World| {
            let sees = |from: Person| (0..2).all(|to| from == to || world.sees(from, to));
            honest.iter().all(|from| sees(*from) && world.sees(*from, hostile)) && sees(hostile)
        };
        world.within(ms(3_000), "they do not meet", met);
        world.run(ms(3_000));
        let dice = Rng::new(name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte)));
        Stage { world, honest, hostile, dice }
    }

    /// An address nobody has.
    pub fn stranger(&mut self) -> std::net::SocketAddr {
        let dice = self.dice.next().to_be_bytes();
        let port = u16::from_be_bytes([dice[2], dice[3]]).max(1);
        ([203, 0, dice[0], dice[1]], port).into()
    }

    /// Datagrams that look as if they came from `person`.
    pub fn spoof(&mut self, person: Person, bytes: Vec<u8>) {
        let public = self.world.seats[person].public;
        self.world.inject(public, bytes);
    }

    /// What honest people noticed of each other.
    fn third(&self) -> Third {
        let mut third = Third::default();
        let mut lost = 0;
        for from in self.honest {
            let receiver = &self.world.seats[from].client.receiver;
            let watches = receiver.seen.iter().chain(&receiver.heard);
            for (_, watch) in watches.filter(|(person, _)| usize::from(**person) != self.hostile) {
                third.packets += watch.packets;
                lost += watch.lost;
                let gap = watch.longest_gap.max(self.world.now - watch.last);
                third.longest_gap = third.longest_gap.max(gap);
            }
        }
        third.lost = lost.unsigned_abs();
        let waits = &self.world.seats[self.honest[2]].client.waits;
        third.longest_wait = waits.longest(self.world.now).expect("they ask");
        third
    }
}

/// What the sender was told on its socket, or `nothing`.
fn told(world: &World, person: Person, before: usize) -> String {
    let told = world.seats[person].client.errors.iter().skip(before);
    let told: Vec<String> = told.map(|(code, _)| serde_json::to_string(code).expect("a code")).collect();
    if told.is_empty() { "nothing".into() } else { told.join(", ").replace('"', "") }
}

/// An attack that the simulator runs.
pub struct Attack {
    pub group: Group,
    pub name: &'static str,
    /// The counter that has to move.
    pub counter: &'static str,
    /// Reads it.
    pub count: fn(&World) -> u64,
    /// What the hostile person is told.
    pub answer: &'static str,
    /// How long the third person's answers may take.
    pub wait: Duration,
}

impl Attack {
    /// Runs it. `act` may return another answer than what was said on the hostile person's socket.
    pub fn run(self, table: &mut Table, act: impl FnOnce(&mut Stage) -> Option<String>) {
        let Attack { group, name, counter, count, answer: expected, wait } = self;
        table.run(group, name, Clock::Virtual, || {
            let mut stage = Stage::new(name);
            let before = count(&stage.world);
            let errors = stage.world.seats[stage.hostile].client.errors.len();
            stage.world.start_watching();
            let watcher = stage.honest[2];
            stage.world.asks(watcher);
            let answer = act(&mut stage);
            let moved = count(&stage.world) - before;
            stage.world.run(AFTERMATH);
            let answer = answer.unwrap_or_else(|| told(&stage.world, stage.hostile, errors));
            let third = stage.third();
            stage.world.finish(name);
            Outcome { counter, moved, expected: expected.to_owned(), answer, third, wait }
        });
    }
}
