//! Packets that left together are one group; what is looked at is how groups move apart on their way.
//!
//! draft-ietf-rmcat-gcc-02, sections 5.2 and 5.3.

use super::Micros;
use super::history::Arrived;

/// Packets that leave within this time are one group (the draft: `burst_time`, 5 ms).
const TOGETHER: Micros = 5_000;

/// Packets that come so close after another, and faster than they left, were held up together and say nothing of the
/// queue; up to this long (libwebrtc, `InterArrivalDelta`: 5 and 100 ms).
const HELD_UP: Micros = 5_000;
const HELD_UP_MOST: Micros = 100_000;

/// Arrival and departure differ by more than this: the clock of the receiver jumped, or lies (libwebrtc: 3 s).
const JUMP: Micros = 3_000_000;

/// So many groups that came before the one before: the clock went back (libwebrtc: 3).
const BACKWARDS: u8 = 3;

/// How much longer one group took than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Between the departures of their last packets.
    pub departure: Micros,
    /// Between the arrivals of their last packets.
    pub arrival: Micros,
    /// When the later one had come, on the receiver's clock.
    pub arrived: Micros,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    first_departed: Micros,
    departed: Micros,
    first_arrived: Micros,
    arrived: Micros,
}

impl Group {
    fn new(packet: &Arrived) -> Group {
        let Arrived { departed, came: arrived, .. } = *packet;
        Group { first_departed: departed, departed, first_arrived: arrived, arrived }
    }

    fn takes(&self, packet: &Arrived) -> bool {
        if packet.departed - self.first_departed <= TOGETHER {
            return true;
        }
        let departure = packet.departed - self.departed;
        let arrival = packet.came.saturating_sub(self.arrived);
        arrival < departure
            && (0..=HELD_UP).contains(&arrival)
            && packet.came.saturating_sub(self.first_arrived) < HELD_UP_MOST
    }
}

#[derive(Debug, Default)]
pub(super) struct Groups {
    before: Option<Group>,
    current: Option<Group>,
    backwards: u8,
}

/// What a packet that came tells of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    Step(Step),
    /// The receiver's clock cannot be compared with what it was.
    Jumped,
}

impl Groups {
    /// What comes next is not compared with what came before.
    pub fn interrupt(&mut self) {
        (self.before, self.current) = (None, None);
    }

    /// Packets come in the order in which they left; one that was overtaken is passed over.
    pub fn add(&mut self, packet: &Arrived) -> Told {
        let Some(current) = &mut self.current else {
            self.current = Some(Group::new(packet));
            return Told::Nothing;
        };
        if packet.departed < current.first_departed {
            return Told::Nothing;
        }
        if current.takes(packet) {
            current.departed = current.departed.max(packet.departed);
            current.arrived = current.arrived.max(packet.came);
            return Told::Nothing;
        }
        let complete = *current;
        let before = self.before.replace(complete);
        self.current = Some(Group::new(packet));
        before.map_or(Told::Nothing, |before| self.step(&before, &complete))
    }

    fn step(&mut self, before: &Group, complete: &Group) -> Told {
        let departure = complete.departed - before.departed;
        let arrival = complete.arrived.saturating_sub(before.arrived);
        if arrival.saturating_sub(departure).saturating_abs() >= JUMP {
            *self = Groups::default();
            return Told::Jumped;
        }
        if arrival < 0 {
            self.backwards += 1;
            if self.backwards >= BACKWARDS {
                *self = Groups::default();
                return Told::Jumped;
            }
            return Told::Nothing;
        }
        self.backwards = 0;
        Told::Step(Step { departure, arrival, arrived: complete.arrived })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(packets: &[(Micros, Micros)]) -> Vec<Told> {
        let mut groups = Groups::default();
        let told = packets.iter().map(|&(departed, arrived)| {
            groups.add(&Arrived { departed, came: arrived, bytes: 1_000, cluster: 0, late: false })
        });
        told.filter(|told| *told != Told::Nothing).collect()
    }

    #[test]
    fn what_leaves_within_five_milliseconds_is_one_group() {
        let told = steps(&[
            (0, 50_000),
            (5_000, 56_000),
            (20_000, 70_000),
            (24_000, 76_000),
            (40_000, 95_000),
            (60_000, 110_000),
        ]);
        let first = Step { departure: 19_000, arrival: 20_000, arrived: 76_000 };
        let second = Step { departure: 16_000, arrival: 19_000, arrived: 95_000 };
        assert_eq!(told, [Told::Step(first), Told::Step(second)]);
    }

    /// A radio that was busy for 80 ms lets out at once what waited: that is no queue of ours.
    #[test]
    fn what_was_held_up_together_is_one_group() {
        let held: Vec<_> = (0..8).map(|n| (n * 10_000, 100_000 + n * 1_000)).collect();
        let told =
            steps(&[&[(-20_000, 20_000), (-10_000, 30_000)], &held[..], &[(200_000, 240_000)]].concat());
        assert_eq!(told.len(), 2, "{told:?}");
        let Told::Step(step) = told[1] else { panic!("{told:?}") };
        assert_eq!((step.departure, step.arrival), (80_000, 77_000));
    }

    #[test]
    fn a_clock_that_jumps_or_goes_back_is_told_and_an_overtaken_packet_is_not() {
        let far = 1 << 40;
        let step = Step { departure: 10_000, arrival: 10_000, arrived: 10_000 };
        let told =
            steps(&[(0, 0), (10_000, 10_000), (20_000, far), (30_000, far + 10_000), (40_000, far + 20_000)]);
        assert_eq!(told, [Told::Step(step), Told::Jumped]);
        let back: Vec<_> = (0..6).map(|n| (n * 10_000, -n * 10_000)).collect();
        assert_eq!(steps(&back), [Told::Jumped]);
        assert_eq!(steps(&[(0, 0), (10_000, 10_000), (9_000, 11_000)]), []);
        for end in [i64::MIN, i64::MAX] {
            steps(&[(0, end), (10_000, -end.saturating_add(1)), (20_000, end), (30_000, 0), (40_000, end)]);
        }
    }
}
