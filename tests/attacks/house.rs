//! A server with honest people in it, and what every attack on it is measured by.

use std::time::{Duration, Instant};

use crate::newcomer::Newcomer;
use crate::people::People;
use crate::server::Server;
use crate::table::{Clock, Group, Outcome, REAL_WAIT, Table};

/// How long the third person is watched at least: a dozen packets of sound from each of the others.
const WATCH: Duration = Duration::from_millis(250);

/// How long a counter may take to move after its attack: threads report theirs now and then.
const COUNTED: Duration = Duration::from_secs(3);

/// What an attack has to bring about.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// The counter that moves.
    pub counter: &'static str,
    /// The answer the sender gets.
    pub answer: &'static str,
    /// Answers reach the third person sooner than this.
    wait: Duration,
}

impl Expected {
    pub const fn of(counter: &'static str, answer: &'static str) -> Expected {
        Expected { counter, answer, wait: REAL_WAIT }
    }

    /// The third person waits less than `wait` for an answer: five times what they do on a busy machine.
    pub const fn within(self, wait: Duration) -> Expected {
        Expected { wait, ..self }
    }
}

/// A server, and a room "den" with three people in it.
pub struct House {
    pub server: Server,
    people: People,
}

impl House {
    /// A house whose server has these further arguments and this many file descriptors.
    pub fn new(arguments: &[&str], descriptors: Option<u32>) -> House {
        House::around(Server::start(arguments, descriptors))
    }

    /// A house around this server.
    pub fn around(server: Server) -> House {
        server.make_room("Den");
        let people = People::meet(server.port, "den");
        House { server, people }
    }

    /// A house around this server in which nobody has UDP.
    pub fn over_tcp(server: Server) -> House {
        server.make_room("Den");
        let people = People::meet_over_tcp(server.port, "den");
        House { server, people }
    }

    /// Runs one attack, which returns the answer its sender got, and writes its row.
    pub fn attack(
        &self,
        table: &mut Table,
        group: Group,
        name: &'static str,
        expected: Expected,
        act: impl FnOnce(&Server) -> String,
    ) {
        self.attack_since(None, table, group, name, expected, act);
    }

    /// The same for an attack that began earlier, when its counter was at `before`.
    pub fn attack_since(
        &self,
        before: Option<u64>,
        table: &mut Table,
        group: Group,
        name: &'static str,
        expected: Expected,
        act: impl FnOnce(&Server) -> String,
    ) {
        let Expected { counter, answer: wanted, wait } = expected;
        table.run(group, name, Clock::Real, || {
            let before = before.unwrap_or_else(|| self.server.counter(counter));
            let began = Instant::now();
            self.people.watch();
            let newcomer = Newcomer::come(self.server.port);
            let answer = act(&self.server);
            let mut moved = self.server.counter(counter) - before;
            while (moved == 0 && began.elapsed() < COUNTED) || began.elapsed() < WATCH {
                std::thread::sleep(Duration::from_millis(20));
                moved = self.server.counter(counter) - before;
            }
            let mut third = self.people.third();
            third.longest_wait = third.longest_wait.max(newcomer.longest_wait());
            Outcome { counter, moved, expected: wanted.to_owned(), answer, third, wait }
        });
    }

    /// Everybody leaves and the server ends: it must have nothing to regret.
    pub fn close(self) {
        drop(self.people);
        self.server.end();
    }
}
