//! The network between clients and server: delay, jitter, rate with a bounded queue, loss, reorder, duplication.
//!
//! Every fault counts its hits. A scenario that names a fault fails when the fault never happened.

use std::time::{Duration, Instant};

use crate::rng::Rng;

/// Arrivals are rounded up to this, so that a turn of the server takes in several datagrams, as a real one does.
const GRAIN: Duration = Duration::from_micros(250);

/// What one direction of a link does to datagrams.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// How long every datagram takes.
    pub delay: Duration,
    /// At most this much longer, without changing the order.
    pub jitter: Duration,
    /// Bits a second.
    pub rate: Option<u64>,
    /// Bytes that wait when they come faster than `rate`; what does not fit is dropped.
    pub queue: u64,
    /// Probability that a datagram is lost.
    pub loss: f64,
    /// Probability that a datagram is held until later ones have passed.
    pub reorder: f64,
    /// Probability that a datagram comes twice.
    pub duplicate: f64,
}

impl Conditions {
    /// `millis` of delay and nothing else.
    pub fn clean(millis: u64) -> Conditions {
        Conditions {
            delay: Duration::from_millis(millis),
            jitter: Duration::ZERO,
            rate: None,
            queue: 60_000,
            loss: 0.0,
            reorder: 0.0,
            duplicate: 0.0,
        }
    }

    /// A home network with somebody else on it.
    pub fn rough(millis: u64) -> Conditions {
        Conditions {
            jitter: Duration::from_millis(12),
            loss: 0.02,
            reorder: 0.01,
            duplicate: 0.005,
            ..Conditions::clean(millis)
        }
    }

    pub fn losing(millis: u64, loss: f64) -> Conditions {
        Conditions { loss, ..Conditions::clean(millis) }
    }
}

/// How often each fault happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hits {
    pub carried: u64,
    pub jittered: u64,
    pub queued: u64,
    pub overflowed: u64,
    pub lost: u64,
    pub reordered: u64,
    pub duplicated: u64,
    pub cut: u64,
}

impl Hits {
    pub fn add(&mut self, other: &Hits) {
        self.carried += other.carried;
        self.jittered += other.jittered;
        self.queued += other.queued;
        self.overflowed += other.overflowed;
        self.lost += other.lost;
        self.reordered += other.reordered;
        self.duplicated += other.duplicated;
        self.cut += other.cut;
    }
}

/// One direction of one client's link.
#[derive(Debug)]
pub struct Direction {
    conditions: Conditions,
    /// Nothing passes.
    pub cut: bool,
    rng: Rng,
    origin: Instant,
    free_at: Instant,
    newest: Instant,
    /// Until when a held datagram is held.
    held: Option<Instant>,
    pub hits: Hits,
    /// The faults that were ever asked for, by name, and how often each happened.
    named: Vec<&'static str>,
}

impl Direction {
    /// `origin` is when the world began.
    pub fn new(conditions: Conditions, origin: Instant, rng: Rng) -> Direction {
        let mut direction = Direction {
            conditions,
            cut: false,
            rng,
            origin,
            free_at: origin,
            newest: origin,
            held: None,
            hits: Hits::default(),
            named: Vec::new(),
        };
        direction.set(conditions);
        direction
    }

    pub fn set(&mut self, conditions: Conditions) {
        let faults = [
            ("jitter", !conditions.jitter.is_zero()),
            ("rate", conditions.rate.is_some()),
            ("loss", conditions.loss > 0.0),
            ("reorder", conditions.reorder > 0.0),
            ("duplicate", conditions.duplicate > 0.0),
        ];
        self.named.extend(faults.iter().filter(|(_, on)| *on).map(|(name, _)| *name));
        self.conditions = conditions;
    }

    /// The faults that were asked for.
    pub fn named(&self) -> &[&'static str] {
        &self.named
    }

    /// When a datagram of `bytes` that leaves now arrives: never, once or twice.
    pub fn carry(&mut self, now: Instant, bytes: usize) -> [Option<Instant>; 2] {
        let Conditions { delay, jitter, rate, queue, loss, reorder, duplicate } = self.conditions;
        let lost = self.rng.chance(loss);
        let extra = jitter.mul_f64(self.rng.below(1_000) as f64 / 1_000.0);
        let held = self.rng.chance(reorder);
        let twice = self.rng.chance(duplicate);
        if self.cut {
            self.hits.cut += 1;
            return [None, None];
        }
        if lost {
            self.hits.lost += 1;
            return [None, None];
        }
        let mut leaves = now;
        if let Some(rate) = rate {
            let waits = self.free_at.saturating_duration_since(now);
            if waits.as_secs_f64() * rate as f64 / 8.0 > queue as f64 {
                self.hits.overflowed += 1;
                return [None, None];
            }
            self.hits.queued += u64::from(!waits.is_zero());
            leaves = now + waits + Duration::from_secs_f64(bytes as f64 * 8.0 / rate as f64);
            self.free_at = leaves;
        }
        let arrives = leaves + delay + extra;
        self.hits.carried += 1;
        self.hits.jittered += u64::from(!extra.is_zero());
        if held {
            let until = arrives.max(self.newest) + Duration::from_millis(15);
            self.held = Some(until);
            return [Some(self.grain(until)), None];
        }
        let arrives = arrives.max(self.newest);
        self.newest = arrives;
        if self.held.take_if(|held| arrives < *held).is_some() {
            self.hits.reordered += 1;
        }
        self.hits.duplicated += u64::from(twice);
        let again = twice.then(|| self.grain(arrives + Duration::from_millis(3)));
        [Some(self.grain(arrives)), again]
    }

    /// How often a fault of [`Direction::named`] happened.
    pub fn happened(&self, fault: &str) -> u64 {
        match fault {
            "jitter" => self.hits.jittered,
            "rate" => self.hits.queued + self.hits.overflowed,
            "loss" => self.hits.lost,
            "reorder" => self.hits.reordered,
            _ => self.hits.duplicated,
        }
    }

    /// Rounds up to a whole grain since the world began.
    fn grain(&self, at: Instant) -> Instant {
        let nanos = at.saturating_duration_since(self.origin).as_nanos();
        let grains = nanos.div_ceil(GRAIN.as_nanos());
        self.origin + GRAIN * u32::try_from(grains).expect("a world lasts less than twelve days")
    }
}
