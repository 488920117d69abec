//! What the generator itself takes: whoever measures with it has to know when it is the bottleneck.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use super::measure::Delays;

/// A share of a core from which on the generator has no room for more.
const BUSY: f64 = 0.9;

/// A share of the time that it may wait for a core.
const WAITS: f64 = 0.05;

/// Frames may leave so much late, 99 of 100.
const LATE: Duration = Duration::from_millis(5);

/// A turn of its loop may take so long: a tenth of what is called a freeze.
const TURN: Duration = Duration::from_millis(20);

/// What the system says of the generator's thread.
#[derive(Debug, Clone, Copy, Default)]
struct Thread {
    /// On a core.
    ran: Duration,
    /// Ready to run, and on none.
    waited: Duration,
}

impl Thread {
    fn now() -> Option<Thread> {
        let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
        let (ran, waited) = (numbers.next()?, numbers.next()?);
        Some(Thread { ran: Duration::from_nanos(ran), waited: Duration::from_nanos(waited) })
    }
}

/// What the generator took since counting began.
#[derive(Debug, Default)]
pub(super) struct Own {
    since: Option<(Instant, Thread)>,
    late: Delays,
    turns: u64,
    longest: Duration,
}

/// The same, as shares of the time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnUse {
    /// Of a core, 0 to 1. `None` where the system does not say.
    pub cpu: Option<f64>,
    /// Of the time that it was ready and on no core, 0 to 1.
    pub waits: Option<f64>,
    /// How late packets were sent, 99 of 100 and all, in microseconds.
    pub late: (u64, u64),
    pub turns: u64,
    pub longest: Duration,
}

impl Own {
    /// Something left so much later than it was to.
    pub(super) fn sends(&mut self, late: Duration) {
        self.late.add(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
    }

    /// A turn of the loop took so long.
    pub(super) fn turned(&mut self, took: Duration) {
        self.turns += 1;
        self.longest = self.longest.max(took);
    }

    /// Counting begins.
    pub(super) fn restart(&mut self, now: Instant) {
        *self = Own { since: Thread::now().map(|thread| (now, thread)), ..Own::default() };
    }

    /// What was taken by `now`.
    pub(super) fn total(&self, now: Instant) -> OwnUse {
        let spent = self.since.zip(Thread::now()).map(|((since, before), after)| {
            let all = now.saturating_duration_since(since).as_secs_f64().max(f64::MIN_POSITIVE);
            let share = |one: Duration, other: Duration| one.saturating_sub(other).as_secs_f64() / all;
            (share(after.ran, before.ran), share(after.waited, before.waited))
        });
        OwnUse {
            cpu: spent.map(|(ran, _)| ran),
            waits: spent.map(|(_, waited)| waited),
            late: (self.late.quantile(0.99), self.late.max()),
            turns: self.turns,
            longest: self.longest,
        }
    }
}

impl OwnUse {
    /// Why what was measured may say more of the generator than of the server. Empty if it does not.
    pub(super) fn bottlenecks(&self, dropped: u64, unsent: u64) -> Vec<String> {
        let mut found = Vec::new();
        let mut say = |is: bool, text: String| found.extend(is.then_some(text));
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let cpu = self.cpu.unwrap_or(0.0);
        say(cpu > BUSY, format!("it took {} of a core", percent(cpu)));
        let waits = self.waits.unwrap_or(0.0);
        say(waits > WAITS, format!("it waited for a core {} of the time", percent(waits)));
        let late = Duration::from_micros(self.late.0);
        say(late > LATE, format!("packets left {} ms late, one in a hundred later", late.as_millis()));
        say(self.longest > TURN, format!("a turn of its loop took {} ms", self.longest.as_millis()));
        say(
            dropped > 0,
            format!("its sockets dropped {dropped} datagrams because it did not read them in time"),
        );
        say(unsent > 0, format!("the kernel did not take {unsent} datagrams that it sent"));
        found
    }
}

/// How many datagrams the kernel dropped because nobody read them, of the sockets with these ports. 0 where the system does not
/// say.
pub(super) fn dropped(ports: &BTreeSet<u16>) -> u64 {
    ["/proc/self/net/udp", "/proc/self/net/udp6"].iter().map(|file| dropped_in(file, ports)).sum()
}

fn dropped_in(file: &str, ports: &BTreeSet<u16>) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().skip(1).filter_map(|line| of_line(line, ports));
    lines.sum()
}

/// The last number of a line, if its second word is the address of one of the ports.
fn of_line(line: &str, ports: &BTreeSet<u16>) -> Option<u64> {
    let mut words = line.split_whitespace();
    let (_, port) = words.nth(1)?.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    ports.contains(&port).then(|| words.last()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: OwnUse = OwnUse {
        cpu: Some(0.5),
        waits: Some(0.01),
        late: (900, 2_000),
        turns: 9,
        longest: Duration::from_millis(4),
    };

    #[test]
    fn each_bottleneck_is_named_and_none_where_there_is_none() {
        assert_eq!(FINE.bottlenecks(0, 0), [""; 0]);
        assert_eq!(OwnUse { cpu: None, waits: None, ..FINE }.bottlenecks(0, 0), [""; 0]);
        for (own, dropped, unsent, word) in [
            (OwnUse { cpu: Some(0.95), ..FINE }, 0, 0, "95 % of a core"),
            (OwnUse { waits: Some(0.2), ..FINE }, 0, 0, "20 % of the time"),
            (OwnUse { late: (8_000, 9_000), ..FINE }, 0, 0, "8 ms late"),
            (OwnUse { longest: Duration::from_millis(30), ..FINE }, 0, 0, "30 ms"),
            (FINE, 7, 0, "dropped 7"),
            (FINE, 0, 8, "8 datagrams that it sent"),
        ] {
            let found = own.bottlenecks(dropped, unsent);
            assert!(found.len() == 1 && found[0].contains(word), "{found:?}");
        }
    }

    #[test]
    fn what_the_kernel_dropped_is_read_by_port() {
        let line = " 4043: 0100007F:EE48 00000000:0000 07 00000000:00000000 00:00000000 00000000  0  0 2213 2 0000 17";
        assert_eq!(of_line(line, &BTreeSet::from([61_000])), Some(17));
        assert_eq!(of_line(line, &BTreeSet::from([61_001])), None);
        assert_eq!(of_line("  sl  local_address rem_address", &BTreeSet::from([1])), None);
        assert!(
            fs::read_to_string("/proc/self/net/udp")
                .unwrap()
                .lines()
                .next()
                .unwrap()
                .trim_end()
                .ends_with("drops")
        );
    }
}
