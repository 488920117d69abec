//! The links between clients and server.
//!
//! ```text
//!   datagram ──> cut? ──> bottleneck: a queue of bytes, a rate, somebody else's traffic ──> wire: loss, delay, jitter,
//!                                                                                          reorder, duplication
//! ```
//!
//! A bottleneck is one person's or several people's; a wire is one person's. What a wire loses has used the bottleneck.
//! Every fault counts its hits. A scenario that names a fault fails when the fault never happened.

pub mod bottleneck;
pub mod loss;
pub mod rate;
pub mod stream;
pub mod tcp;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::rng::Rng;
use bottleneck::{Bottleneck, Cross, Waits};
use loss::{Bursts, Loss};
use rate::{Rate, Trace};

/// Arrivals are rounded up to this, so that a turn of the server takes in several datagrams, as a real one does.
const GRAIN: Duration = Duration::from_micros(250);

/// Bytes that IP and UDP put around each datagram.
const AROUND: u64 = 28;

/// What one direction of a link does to datagrams.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// How long every datagram takes.
    pub delay: Duration,
    /// At most this much longer, without changing the order.
    pub jitter: Duration,
    /// Bits a second.
    pub rate: Option<u64>,
    /// Bits a second as time goes by, instead of `rate`.
    pub trace: Option<Trace>,
    /// Bytes that wait when they come faster than `rate`; what does not fit is dropped.
    pub queue: u64,
    /// Somebody else's traffic through the same queue.
    pub cross: Option<Cross>,
    /// Probability that a datagram is lost.
    pub loss: f64,
    /// Losses that come together.
    pub bursts: Option<Bursts>,
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
            trace: None,
            queue: 60_000,
            cross: None,
            loss: 0.0,
            bursts: None,
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

    /// `rate` bits a second, and a queue that takes so long to empty.
    pub fn narrow(millis: u64, rate: u64, queue: Duration) -> Conditions {
        let bytes = (rate as f64 / 8.0 * queue.as_secs_f64()) as u64;
        Conditions { rate: Some(rate), queue: bytes, ..Conditions::clean(millis) }
    }

    /// Nothing may go wrong with what passes: it takes its time, and that is all.
    pub fn is_plain(&self) -> bool {
        let bottleneck = self.rate.is_some() || self.trace.is_some() || self.cross.is_some();
        let loses = self.loss > 0.0 || self.bursts.is_some();
        !bottleneck && !loses
    }

    fn bottleneck_rate(&self) -> Rate {
        self.trace.map_or(self.rate.map_or(Rate::Unlimited, Rate::Fixed), Rate::Varies)
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
    pub in_bursts: u64,
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
        self.in_bursts += other.in_bursts;
        self.reordered += other.reordered;
        self.duplicated += other.duplicated;
        self.cut += other.cut;
    }
}

/// What becomes of something that enters a direction.
#[derive(Debug)]
pub enum Entered<T> {
    /// There is no bottleneck: it is on the wire.
    Passes(T),
    /// It waits until [`Direction::gone`] has it.
    Waits,
    /// The queue was full.
    Dropped(T),
}

/// One direction of one client's link.
#[derive(Debug)]
pub struct Direction<T> {
    conditions: Conditions,
    /// No datagram passes.
    pub cut: bool,
    rng: Rng,
    origin: Instant,
    bottleneck: Option<Rc<RefCell<Bottleneck<T>>>>,
    loss: Loss,
    newest: Instant,
    /// Until when a held datagram is held.
    held: Option<Instant>,
    pub hits: Hits,
    /// The faults that were ever asked for, by name, and how often each happened.
    named: Vec<&'static str>,
}

impl<T> Direction<T> {
    /// `origin` is when the world began.
    pub fn new(conditions: Conditions, origin: Instant, now: Instant, rng: Rng) -> Direction<T> {
        let mut direction = Direction {
            conditions,
            cut: false,
            rng,
            origin,
            bottleneck: None,
            loss: Loss::default(),
            newest: origin,
            held: None,
            hits: Hits::default(),
            named: Vec::new(),
        };
        direction.set(now, conditions);
        direction
    }

    /// Other conditions from now on, also for what waits.
    pub fn set(&mut self, now: Instant, conditions: Conditions) {
        let faults = [
            ("jitter", !conditions.jitter.is_zero()),
            ("rate", conditions.rate.is_some() || conditions.trace.is_some()),
            ("loss", conditions.loss > 0.0),
            ("bursts", conditions.bursts.is_some()),
            ("reorder", conditions.reorder > 0.0),
            ("duplicate", conditions.duplicate > 0.0),
        ];
        self.named.extend(faults.iter().filter(|(_, on)| *on).map(|(name, _)| *name));
        let Conditions { queue, cross, .. } = conditions;
        let rate = conditions.bottleneck_rate();
        if rate != Rate::Unlimited && self.bottleneck.is_none() {
            self.bottleneck = Some(Rc::new(RefCell::new(Bottleneck::new(now))));
        }
        if let Some(bottleneck) = &self.bottleneck {
            bottleneck.borrow_mut().set(now, rate, queue, cross);
        }
        self.conditions = conditions;
    }

    /// Whatever passes here goes through the bottleneck of `other` from now on.
    pub fn share(&mut self, other: &Direction<T>) {
        self.bottleneck.clone_from(&other.bottleneck);
    }

    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    pub fn bottleneck(&self) -> Option<&Rc<RefCell<Bottleneck<T>>>> {
        self.bottleneck.as_ref()
    }

    /// The faults that were asked for.
    pub fn named(&self) -> &[&'static str] {
        &self.named
    }

    /// Something of so many bytes enters.
    pub fn enter(&mut self, now: Instant, bytes: usize, what: T) -> Entered<T> {
        let Some(bottleneck) = &self.bottleneck else { return Entered::Passes(what) };
        match bottleneck.borrow_mut().enter(now, bytes as u64 + AROUND, what) {
            Ok(waits) => {
                self.hits.queued += u64::from(waits == Waits::Yes);
                Entered::Waits
            }
            Err(what) => {
                self.hits.overflowed += 1;
                Entered::Dropped(what)
            }
        }
    }

    /// When something that is on the wire since `at` arrives: never, once or twice.
    pub fn carry(&mut self, at: Instant) -> [Option<Instant>; 2] {
        let Conditions { delay, jitter, loss, bursts, reorder, duplicate, .. } = self.conditions;
        let lost = self.rng.chance(loss);
        let in_burst = self.loss.takes(bursts, &mut self.rng);
        let extra = jitter.mul_f64(self.rng.below(1_000) as f64 / 1_000.0);
        let held = self.rng.chance(reorder);
        let twice = self.rng.chance(duplicate);
        self.hits.lost += u64::from(lost);
        self.hits.in_bursts += u64::from(in_burst);
        if lost || in_burst {
            return [None, None];
        }
        let arrives = at + delay + extra;
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
            "bursts" => self.hits.in_bursts,
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
