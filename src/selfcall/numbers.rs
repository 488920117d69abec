//! What the last calls came to, for whoever asks for numbers: written by one thread, read by another, each number by itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::judge::Verdict;
use super::plan::Way;
use crate::metrics::{Family, Kind};

crate::metrics! {
    /// What the self-call counts.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct SelfCallCounters as "self_call" {
        /// Times that every way was called by the self-call (--self-call).
        pub rounds: u64,
        /// When the self-call had called every way last, in seconds since 1970; 0 before that.
        pub last_round_seconds: u64 as Gauge in "seconds",
    }
}

/// Of one way.
#[derive(Debug, Default)]
struct OfWay {
    planned: AtomicBool,
    judged: AtomicBool,
    /// It came through once, so that there are times.
    timed: AtomicBool,
    good: AtomicU64,
    unreachable: AtomicU64,
    broken: AtomicU64,
    join_millis: AtomicU64,
    round_trip_micros: AtomicU64,
    calls: AtomicU64,
    failures: AtomicU64,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    ways: [OfWay; Way::ALL.len()],
    rounds: AtomicU64,
    last_round: AtomicU64,
}

/// What a round found of one way: how many of its addresses are how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    good: u64,
    unreachable: u64,
    broken: u64,
    /// Of the slowest of them.
    join: Duration,
    round_trip: Duration,
}

impl Found {
    pub(super) fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Good(good) => {
                self.good += 1;
                self.join = self.join.max(good.join);
                self.round_trip = self.round_trip.max(good.round_trip);
            }
            Verdict::Unreachable(_) => self.unreachable += 1,
            Verdict::Broken(_) => self.broken += 1,
        }
    }

    /// Whether anything was found out.
    fn is_any(self) -> bool {
        self.good + self.unreachable + self.broken > 0
    }
}

impl Numbers {
    fn of(&self, way: Way) -> Option<&OfWay> {
        self.ways.get(way as usize)
    }

    /// This way is called from now on.
    pub(super) fn plan(&self, way: Way) {
        if let Some(of) = self.of(way) {
            of.planned.store(true, Ordering::Relaxed);
        }
    }

    /// A call was made.
    pub(super) fn called(&self, way: Way, failed: bool) {
        if let Some(of) = self.of(way) {
            of.calls.fetch_add(1, Ordering::Relaxed);
            of.failures.fetch_add(failed.into(), Ordering::Relaxed);
        }
    }

    /// What a round found of a way. If nothing, what there was holds.
    pub(super) fn found(&self, way: Way, found: Found) {
        let Some(of) = self.of(way).filter(|_| found.is_any()) else { return };
        of.good.store(found.good, Ordering::Relaxed);
        of.unreachable.store(found.unreachable, Ordering::Relaxed);
        of.broken.store(found.broken, Ordering::Relaxed);
        if found.good > 0 {
            let whole = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
            of.timed.store(true, Ordering::Relaxed);
            of.join_millis.store(whole(found.join.as_millis()), Ordering::Relaxed);
            of.round_trip_micros.store(whole(found.round_trip.as_micros()), Ordering::Relaxed);
        }
        of.judged.store(true, Ordering::Relaxed);
    }

    /// Every way was called.
    pub(super) fn round(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_round.store(now.as_secs(), Ordering::Relaxed);
        self.rounds.fetch_add(1, Ordering::Relaxed);
    }

    fn by_way(
        &self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        get: impl Fn(&OfWay) -> Option<u64>,
    ) -> Family {
        let of = |way: Way| Some((way.word(), get(self.of(way)?)?));
        Family::by("way", name, help, kind, Way::ALL.into_iter().filter_map(of))
    }

    /// As they are told.
    pub(super) fn families(&self) -> Vec<Family> {
        let table = SelfCallCounters {
            rounds: self.rounds.load(Ordering::Relaxed),
            last_round_seconds: self.last_round.load(Ordering::Relaxed),
        };
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let judged = |of: &OfWay, number: u64| of.judged.load(Ordering::Relaxed).then_some(number);
        let timed = |of: &OfWay, number: u64| of.timed.load(Ordering::Relaxed).then_some(number);
        let planned = |of: &OfWay, number: u64| of.planned.load(Ordering::Relaxed).then_some(number);
        Family::of(&table)
            .chain([
                self.by_way(
                    "self_call_ok",
                    "1 if the last self-call by this way came through to an announced address and found none at which it is broken, else 0.",
                    Kind::Gauge,
                    |of| judged(of, u64::from(load(&of.broken) == 0 && load(&of.good) > 0)),
                ),
                self.by_way(
                    "self_call_broken",
                    "Announced addresses at which this way was broken at the last self-call.",
                    Kind::Gauge,
                    |of| judged(of, load(&of.broken)),
                ),
                self.by_way(
                    "self_call_unreachable",
                    "Announced addresses that this way did not lead to from the server itself at the last self-call, although it works behind them: from elsewhere it may.",
                    Kind::Gauge,
                    |of| judged(of, load(&of.unreachable)),
                ),
                self.by_way(
                    "self_call_join_millis",
                    "Milliseconds until both people of the last self-call that came through by this way had heard each other, at the slowest address.",
                    Kind::Gauge,
                    |of| timed(of, load(&of.join_millis)),
                ),
                self.by_way(
                    "self_call_round_trip_micros",
                    "Microseconds that sound took to the server and back in the last self-call that came through by this way, at the slowest address.",
                    Kind::Gauge,
                    |of| timed(of, load(&of.round_trip_micros)),
                ),
                self.by_way(
                    "self_call_calls",
                    "Calls that the self-call made by this way.",
                    Kind::Counter,
                    |of| planned(of, load(&of.calls)),
                ),
                self.by_way(
                    "self_call_failures",
                    "Calls of the self-call by this way that did not come through.",
                    Kind::Counter,
                    |of| planned(of, load(&of.failures)),
                ),
            ])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::Good;
    use super::*;

    #[test]
    fn a_round_in_which_nobody_was_let_in_leaves_what_was_known() {
        let numbers = Numbers::default();
        let mut found = Found::default();
        let (join, round_trip) = (Duration::from_millis(80), Duration::from_micros(900));
        found.add(&Verdict::Good(Good { join, round_trip }));
        found.add(&Verdict::Unreachable(String::new()));
        numbers.found(Way::Tcp, found);
        let told = numbers.families();
        numbers.found(Way::Tcp, Found::default());
        assert_eq!(numbers.families(), told);
        let text = crate::metrics::encode(told).unwrap();
        for line in [
            "plenary_self_call_ok{way=\"tcp\"} 1",
            "plenary_self_call_broken{way=\"tcp\"} 0",
            "plenary_self_call_unreachable{way=\"tcp\"} 1",
            "plenary_self_call_join_millis{way=\"tcp\"} 80",
            "plenary_self_call_round_trip_micros{way=\"tcp\"} 900",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("way=\"udp\""), "a way that is not called has no state");
    }

    #[test]
    fn one_broken_address_is_not_hidden_by_others() {
        let (numbers, mut found) = (Numbers::default(), Found::default());
        found.add(&Verdict::Good(Good { join: Duration::ZERO, round_trip: Duration::ZERO }));
        found.add(&Verdict::Broken(String::new()));
        numbers.found(Way::Udp, found);
        let text = crate::metrics::encode(numbers.families()).unwrap();
        assert!(text.contains("plenary_self_call_ok{way=\"udp\"} 0"), "{text}");
    }
}
