//! The queue that stands: how much longer packets take than they once did.
//!
//! A line through the last groups sees a queue grow, but not that it is long. Where it stays long, everybody hears it: beyond
//! [`TOO_LONG`] it counts as one that grows until it is shorter. libwebrtc has a congestion window for the same end.

use super::Micros;
use super::history::Arrived;

/// A queue of this length is heard in a conversation (ITU-T G.114: at most 400 ms one way, with everything else in it). Lower
/// ones are left alone: somebody else's transfer may be in them, and would only take what is given up.
const TOO_LONG: Micros = 250_000;

/// Nothing is longer: what is, is a lie.
const LONGEST: Micros = 10_000_000;

/// The shortest way of so much time, and up to twice that, is the one without a queue: clocks drift by a millisecond in it.
const REMEMBERS: Micros = 15_000_000;

/// If less is sent for so long, and for the length of the queue, and it gets neither shorter by so much nor longer by so much: it
/// is none, the way became longer; or it is somebody else's.
const PATIENCE: Micros = 3_000_000;
const SHORTER: Micros = 150_000;
const LONGER: Micros = 50_000;

#[derive(Debug, Default)]
pub(super) struct Standing {
    /// The shortest way in the time before, and in the time that runs, from its beginning on. Clocks are not the same: any origin.
    before: Option<i64>,
    within: Option<i64>,
    since: Micros,
    /// The shortest way of this feedback.
    way: Option<i64>,
    /// The queue is too long since then, and how long it was.
    long: Option<(Micros, Micros)>,
    queue: Micros,
}

impl Standing {
    pub fn add(&mut self, packet: &Arrived) {
        let way = packet.came.saturating_sub(packet.departed);
        self.way = Some(self.way.map_or(way, |shortest| shortest.min(way)));
    }

    /// A feedback is complete.
    pub fn heard(&mut self, now: Micros) {
        let Some(way) = self.way.take() else { return };
        if now - self.since > REMEMBERS {
            (self.before, self.within, self.since) = (self.within, None, now);
        }
        let within = self.within.map_or(way, |within| within.min(way));
        self.within = Some(within);
        let shortest = self.before.map_or(within, |before| before.min(within));
        self.queue = way.saturating_sub(shortest).min(LONGEST);
        self.watch(now, way);
    }

    fn watch(&mut self, now: Micros, way: i64) {
        if self.queue < TOO_LONG {
            self.long = None;
            return;
        }
        let (since, was) = *self.long.get_or_insert((now, self.queue));
        let kept = self.queue > was - SHORTER;
        if kept && self.queue <= was + LONGER && now - since >= PATIENCE + was {
            (self.before, self.within, self.since) = (None, Some(way), now);
            (self.queue, self.long) = (0, None);
        } else if !kept || self.queue > was + LONGER {
            self.long = Some((now, self.queue));
        }
    }

    /// How much longer even the fastest packet of the last feedback took than packets once did.
    pub fn queue(&self) -> Micros {
        self.queue
    }

    /// How long packets wait, if that is too long.
    pub fn too_long(&self) -> Option<Micros> {
        self.long.map(|_| self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A feedback every 100 ms for `seconds`, of packets that take as long as `way` says.
    fn run(standing: &mut Standing, now: &mut Micros, seconds: i64, way: impl Fn(Micros) -> Micros) {
        for _ in 0..seconds * 10 {
            *now += 100_000;
            for n in 0..5 {
                let departed = *now - 50_000;
                let arrived = departed + way(*now) + n * 3_000 - 1_000_000_000;
                standing.add(&Arrived { departed, came: arrived, bytes: 1_000, cluster: 0, late: false });
            }
            standing.heard(*now);
        }
    }

    #[test]
    fn a_queue_that_became_long_is_told_for_as_long_as_it_is() {
        let (mut standing, mut now) = (Standing::default(), 0);
        run(&mut standing, &mut now, 60, |_| 50_000);
        assert_eq!(standing.too_long(), None);
        run(&mut standing, &mut now, 2, |_| 290_000);
        assert_eq!(standing.too_long(), None);
        run(&mut standing, &mut now, 1, |_| 550_000);
        assert_eq!(standing.too_long(), Some(500_000));
        let began = now;
        run(&mut standing, &mut now, 3, |now| 550_000 - (now - began) / 15);
        assert!(standing.too_long().is_some(), "it gets shorter, and is still long");
        run(&mut standing, &mut now, 1, |_| 100_000);
        assert_eq!(standing.too_long(), None);
    }

    #[test]
    fn a_way_that_became_longer_is_found_to_be_no_queue() {
        let (mut standing, mut now) = (Standing::default(), 0);
        run(&mut standing, &mut now, 60, |_| 50_000);
        run(&mut standing, &mut now, 3, |_| 450_000);
        assert!(standing.too_long().is_some());
        run(&mut standing, &mut now, 1, |_| 450_000);
        assert_eq!(standing.too_long(), None);
        run(&mut standing, &mut now, 60, |_| 450_000);
        assert_eq!(standing.too_long(), None);
    }

    #[test]
    fn clocks_that_drift_apart_are_no_queue() {
        let (mut standing, mut now) = (Standing::default(), 0);
        run(&mut standing, &mut now, 3_600, |now| 50_000 + now / 10_000);
        assert_eq!(standing.too_long(), None);
    }
}
