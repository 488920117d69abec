//! A sender that does as the estimator says, a link, and a receiver that reports, in virtual time.
//!
//! ```text
//!   frames, sound ──> pacer ──┐
//!   padding ──────────────────┴──> queue of bytes, rate ──> loss, delay ──> receiver ──> feedback, delay, loss ──> estimator
//! ```

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::{Class, Estimator, Micros, Pacer, Reported};
use crate::media::units::Bitrate;

/// A step of the world.
const STEP: Micros = 250;

/// Bytes of a packet of picture, and of IP and UDP around each.
const PACKET: usize = 1_200;
const AROUND: usize = 28;

/// Of sound, with everything around it.
const SOUND: Bitrate = Bitrate::bps(51_200);

/// How often the receiver reports (browsers: 50 to 250 ms).
const REPORTS: Micros = 50_000;

/// What the link is like now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub rate: Bitrate,
    /// One way.
    pub delay: Duration,
    /// Bytes that find place in the queue.
    pub queue: usize,
    /// Of a thousand packets.
    pub loss: u64,
    /// Somebody else's share of the rate, in turns of this time.
    pub cross: Option<(Bitrate, Duration)>,
    /// Of a thousand feedbacks.
    pub feedback_loss: u64,
    /// What comes is held up, up to so long, by a radio.
    pub jitter: Duration,
}

impl Link {
    pub const fn of(kbps: u64) -> Link {
        Link {
            rate: Bitrate::kbps(kbps),
            delay: Duration::from_millis(25),
            queue: 100_000,
            loss: 0,
            cross: None,
            feedback_loss: 0,
            jitter: Duration::ZERO,
        }
    }
}

/// What the sender sends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Media {
    Nothing,
    /// Sound alone.
    Sound,
    /// Sound, and a picture that takes what the estimate allows, up to what is wanted.
    Adapts,
    /// Sound, and a picture of this rate whatever the estimate is.
    Fixed(Bitrate),
    /// Sound, and the largest of these that fits.
    Layers(&'static [u64]),
}

#[derive(Debug)]
struct OnWire {
    entered: Micros,
    number: u16,
    bytes: usize,
}

pub(super) struct World {
    start: Instant,
    now: Micros,
    pub estimator: Estimator,
    pacer: Pacer,
    pub link: Link,
    pub media: Media,
    pub wanted: Bitrate,
    waiting: VecDeque<usize>,
    queue: VecDeque<OnWire>,
    queued: usize,
    credit: f64,
    flying: VecDeque<(Micros, u16)>,
    came: Vec<(u16, Micros)>,
    reported: Option<u16>,
    feedback: VecDeque<(Micros, Vec<Reported>)>,
    /// The receiver's clock is so much ahead, and gains so many parts of a million.
    pub clock: i64,
    pub drift: i64,
    /// Readings of our own clock are behind by this much.
    pub behind: Micros,
    /// What the receiver makes of what it would report.
    pub lie: fn(Vec<Reported>) -> Vec<Reported>,
    seed: u64,
    /// Since [`World::watch`]: how long each packet was in the queue, bits that arrived, bits of padding.
    pub delays: Vec<Micros>,
    pub delivered: u64,
    pub padded: u64,
    since: Micros,
    pub polls: u64,
}

impl World {
    pub fn new(link: Link, media: Media, wanted: u64) -> World {
        // A time far enough from the beginning of the process that nothing is before it.
        let start = Instant::now();
        let mut world = World {
            start,
            now: 0,
            estimator: Estimator::new(start),
            pacer: Pacer::new(start),
            link,
            media,
            wanted: Bitrate::default(),
            waiting: VecDeque::new(),
            queue: VecDeque::new(),
            queued: 0,
            credit: 0.0,
            flying: VecDeque::new(),
            came: Vec::new(),
            reported: None,
            feedback: VecDeque::new(),
            clock: 77_000_000,
            drift: 0,
            behind: 0,
            lie: |told| told,
            seed: 0x2545_f491_4f6c_dd1d,
            delays: Vec::new(),
            delivered: 0,
            padded: 0,
            since: 0,
            polls: 0,
        };
        world.want(wanted);
        world
    }

    pub fn want(&mut self, kbps: u64) {
        self.wanted = Bitrate::kbps(kbps);
        self.estimator.want(self.at(), self.wanted);
    }

    pub fn at(&self) -> Instant {
        self.start + Duration::from_micros((self.now - self.behind).unsigned_abs())
    }

    pub fn kbps(&self) -> u64 {
        self.estimator.estimate().as_bps() / 1_000
    }

    /// Counts from now on.
    pub fn watch(&mut self) {
        (self.delivered, self.padded, self.since) = (0, 0, self.now);
        self.delays.clear();
    }

    /// What arrived, in kbit/s, since it is watched.
    pub fn goodput(&self) -> u64 {
        self.delivered * 1_000 / (self.now - self.since).max(1).unsigned_abs()
    }

    /// How long the given share of the packets was in the queue at most, in milliseconds.
    pub fn delay(&self, share: f64) -> i64 {
        let mut sorted = self.delays.clone();
        sorted.sort_unstable();
        sorted.get((share * (sorted.len().max(1) - 1) as f64) as usize).copied().unwrap_or(0) / 1_000
    }

    fn dice(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % 1_000
    }

    /// Runs for `seconds`, and calls `see` every ten milliseconds.
    pub fn run_and(&mut self, seconds: f64, mut see: impl FnMut(&World)) {
        let end = self.now + (seconds * 1_000_000.0) as Micros;
        while self.now < end {
            self.step();
            if self.now % 10_000 == 0 {
                see(self);
            }
        }
    }

    pub fn run(&mut self, seconds: f64) {
        self.run_and(seconds, |_| ());
    }

    /// How long, in seconds, until `is` holds; `most` if it does not in that time.
    pub fn until(&mut self, most: f64, is: impl Fn(&World) -> bool) -> f64 {
        let from = self.now;
        while !is(self) && self.now - from < (most * 1_000_000.0) as Micros {
            self.step();
        }
        (self.now - from) as f64 / 1_000_000.0
    }

    fn step(&mut self) {
        self.now += STEP;
        self.hear();
        self.produce();
        self.send();
        self.pass();
        self.report();
    }

    fn hear(&mut self) {
        let now = self.now;
        while self.feedback.front().is_some_and(|(at, _)| *at <= now) {
            let (_, reports) = self.feedback.pop_front().expect("it is there");
            self.estimator.feedback(self.at(), reports);
        }
    }

    fn produce(&mut self) {
        if !matches!(self.media, Media::Nothing) && self.now % 20_000 == 0 {
            self.commit(100);
        }
        let estimate = self.estimator.estimate();
        let rate = match self.media {
            Media::Nothing | Media::Sound => return,
            Media::Adapts => {
                let all = estimate.min(self.wanted).scaled(0.95);
                Bitrate::bps(all.as_bps().saturating_sub(SOUND.as_bps()))
            }
            Media::Fixed(rate) => rate,
            Media::Layers(layers) => {
                let fit = |kbps: &&u64| Bitrate::kbps(**kbps) <= estimate;
                Bitrate::kbps(*layers.iter().rev().find(fit).unwrap_or(&layers[0]))
            }
        };
        if self.now % 33_250 == 0 {
            let bytes = rate.bytes_in(Duration::from_micros(33_250)) as usize;
            self.waiting.extend(std::iter::repeat_n(PACKET, bytes / PACKET));
            self.waiting.extend((bytes % PACKET > 100).then_some(bytes % PACKET));
        }
    }

    fn send(&mut self) {
        let now = self.at();
        self.pacer.pace(self.estimator.estimate(), self.waiting.iter().sum());
        while !self.waiting.is_empty() && self.pacer.opens(Class::Picture, now) <= now {
            let bytes = self.waiting.pop_front().expect("it is there");
            self.commit(bytes);
        }
        if self.estimator.due().is_some_and(|due| due <= now) {
            self.polls += 1;
            let bytes = self.estimator.poll(now).unwrap_or(0);
            for _ in 0..bytes.div_ceil(PACKET + AROUND) {
                self.padded += 8 * PACKET as u64;
                self.commit(PACKET);
            }
        }
    }

    fn commit(&mut self, bytes: usize) {
        let bytes = bytes + AROUND;
        let number = self.estimator.sent(self.at(), bytes);
        self.pacer.sent(self.at(), bytes);
        if self.queued + bytes <= self.link.queue {
            self.queued += bytes;
            self.queue.push_back(OnWire { entered: self.now, number, bytes });
        }
    }

    fn pass(&mut self) {
        let others = self
            .link
            .cross
            .filter(|(_, turn)| self.now / Micros::try_from(turn.as_micros()).expect("short") % 2 == 1);
        let rate = self.link.rate.as_bps() - others.map_or(0, |(rate, _)| rate.as_bps());
        self.credit += rate as f64 * STEP as f64 / 8e6;
        while let Some(front) = self.queue.front() {
            if self.credit < front.bytes as f64 {
                break;
            }
            let OnWire { entered, number, bytes } = self.queue.pop_front().expect("it is there");
            self.credit -= bytes as f64;
            self.queued -= bytes;
            self.delays.push(self.now - entered);
            let jitter = self.link.jitter.as_micros() as Micros * self.dice() as Micros / 1_000;
            if self.dice() >= self.link.loss {
                self.delivered += 8 * bytes as u64;
                let arrives = self.now + self.link.delay.as_micros() as Micros + jitter;
                let arrives = arrives.max(self.flying.back().map_or(0, |(at, _)| *at));
                self.flying.push_back((arrives, number));
            }
        }
        if self.queue.is_empty() {
            self.credit = self.credit.min(0.0);
        }
        while self.flying.front().is_some_and(|(at, _)| *at <= self.now) {
            let (at, number) = self.flying.pop_front().expect("it is there");
            self.came.push((number, (at + at * self.drift / 1_000_000).wrapping_add(self.clock)));
        }
    }

    fn report(&mut self) {
        if self.now % REPORTS != 0 || self.came.is_empty() {
            return;
        }
        let came = std::mem::take(&mut self.came);
        let last = came.last().expect("something came").0;
        let first = self.reported.map_or(came[0].0, |reported| reported.wrapping_add(1));
        self.reported = Some(last);
        let mut came = came.into_iter().peekable();
        let reports = (0..=last.wrapping_sub(first)).map(|n| {
            let number = first.wrapping_add(n);
            let arrival = came.next_if(|(came, _)| *came == number).map(|(_, at)| at / 250 * 250);
            Reported { number, arrival }
        });
        let reports = (self.lie)(reports.collect());
        if self.dice() >= self.link.feedback_loss {
            self.feedback.push_back((self.now + self.link.delay.as_micros() as Micros, reports));
        }
    }
}
