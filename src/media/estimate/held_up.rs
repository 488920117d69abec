//! What was held up on the way: how much of the delay is shown to be none of a full line's.
//!
//! A queue lets nothing out faster than its line. Packets that left one after another and came together, faster than the line is
//! thought to be by far, waited for something else before: a radio, or whoever gathers packets. How long they did is the noise that a
//! growing queue must stand out from.

use super::Micros;
use super::history::Arrived;
use crate::media::units::Bitrate;

/// What comes at so many times the estimate did not come through a full line.
const FASTER: u64 = 2;

/// Arrivals are reported in steps of this (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.5).
const GRAIN: Micros = 250;

/// Packets that came so much closer than they left were held up.
const LEAST: Micros = 1_000;

/// One hold-up counts as no more than this.
const MOST: Micros = 50_000;

/// How many groups the noise is the average of.
const OVER: f64 = 64.0;

#[derive(Debug, Default)]
pub(super) struct HeldUp {
    /// When the last packet left and came.
    last: Option<(Micros, Micros)>,
    /// How much closer packets came than they left, since the last group.
    closer: Micros,
    noise: f64,
}

impl HeldUp {
    /// A packet came over a downlink that is thought to hold so much.
    pub fn add(&mut self, packet: &Arrived, estimate: Bitrate) {
        let Some((departed, came)) = self.last.replace((packet.departed, packet.came)) else { return };
        let arrival = packet.came.saturating_sub(came);
        let closer = (packet.departed - departed).saturating_sub(arrival);
        if arrival < 0 || closer < LEAST {
            return;
        }
        let through = estimate.as_bps() * FASTER * (arrival + GRAIN).unsigned_abs() / 8_000_000;
        if u64::from(packet.bytes) > through {
            self.closer += closer.min(MOST);
        }
    }

    /// What comes next is not compared with what came before.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    /// A group is complete: how long packets are held up between two of late, in milliseconds.
    pub fn noise(&mut self) -> f64 {
        let closer = std::mem::take(&mut self.closer).min(MOST) as f64 / 1_000.0;
        self.noise += (closer - self.noise) / OVER;
        self.noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ESTIMATE: Bitrate = Bitrate::kbps(1_500);

    /// Packets of 1,200 bytes every 6 ms over a link of `holds`, the first of each ten of which is held up for `held`, and what it comes to.
    fn run(holds: Bitrate, held: Micros) -> f64 {
        let mut held_up = HeldUp::default();
        let (mut free, mut came, mut noise) = (0, 0, 0.0);
        for n in 0..1_000 {
            let departed = n * 6_000;
            free = departed.max(free) + Micros::try_from(holds.time_of(1_200).as_micros()).expect("short");
            came = came.max(free + if n % 10 == 0 { held } else { 0 });
            held_up.add(&Arrived { departed, came, bytes: 1_200, cluster: 0, late: false }, ESTIMATE);
            noise = held_up.noise();
        }
        noise
    }

    #[test]
    fn what_comes_together_was_held_up_and_what_a_full_line_lets_out_was_not() {
        let held = run(Bitrate::kbps(20_000), 40_000);
        assert!((2.0..5.0).contains(&held), "{held}");
        assert!(run(Bitrate::kbps(20_000), 0) < 0.1);
        for full in [700, 1_600] {
            assert!(run(Bitrate::kbps(full), 0) < 0.1, "{full}");
        }
    }

    /// Frames leave faster than the line lets them out: its queue grows and drains with each.
    #[test]
    fn neither_were_the_packets_of_a_frame_that_waited_for_each_other() {
        let mut held_up = HeldUp::default();
        let (mut free, mut noise) = (0, 0.0_f64);
        for frame in 0..300 {
            for n in 0..6 {
                let departed = frame * 33_000 + n * 2_500;
                free = departed.max(free) + 6_400;
                held_up
                    .add(&Arrived { departed, came: free, bytes: 1_200, cluster: 0, late: false }, ESTIMATE);
                noise = noise.max(held_up.noise());
            }
        }
        assert!(noise < 0.1, "{noise}");
    }

    #[test]
    fn clocks_without_sense_leave_a_finite_noise() {
        let mut held_up = HeldUp::default();
        for n in 0..200 {
            let came = [i64::MAX, i64::MIN, 0, -1, 1 << 40][n % 5];
            held_up
                .add(&Arrived { departed: 7_000_000, came, bytes: 1_200, cluster: 0, late: false }, ESTIMATE);
            assert!((0.0..=50.0).contains(&held_up.noise()));
        }
    }
}
