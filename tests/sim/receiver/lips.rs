//! By how much lips and voice would differ in a browser, which plays together what sender reports say was at the same time.

use std::time::{Duration, SystemTime};

use crate::payload::Stamp;

/// A sound that is older says nothing of the picture.
const TOGETHER: u64 = 2_000_000;

/// What reports say of somebody's picture and sound.
#[derive(Debug, Default)]
pub struct Lips {
    /// The pair that the last sound came in, when it was made, and by how many microseconds its report is off.
    sound: Option<(u8, u64, i64)>,
    /// How far each picture was from that, in microseconds.
    apart: Vec<u64>,
    /// Pictures whose sound came in another pair: browsers do not move those.
    pub unpaired: u64,
}

/// By how many microseconds what a `report` says of a packet with the timestamp `time` differs from when it was made; the same
/// origin for all lines.
fn off(report: Option<(SystemTime, u32)>, time: u32, rate: i64, stamp: Stamp) -> Option<i64> {
    let (ntp, at) = report?;
    let says = ntp.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_micros() as i64;
    let since = i64::from(time.wrapping_sub(at).cast_signed()) * 1_000_000 / rate;
    Some(says + since - stamp.made.cast_signed())
}

impl Lips {
    pub fn start_watching(&mut self) {
        (self.apart, self.unpaired) = (Vec::new(), 0);
    }

    /// A packet of sound in the pair `slot`.
    pub fn sound(&mut self, slot: u8, report: Option<(SystemTime, u32)>, time: u32, stamp: Stamp) {
        self.sound = off(report, time, 48_000, stamp).map(|off| (slot, stamp.made, off));
    }

    /// A picture in the pair `slot`.
    pub fn picture(&mut self, slot: u8, report: Option<(SystemTime, u32)>, time: u32, stamp: Stamp) {
        let Some((pair, _, sound)) = self.sound.filter(|(_, made, _)| made.abs_diff(stamp.made) < TOGETHER)
        else {
            return;
        };
        if pair != slot {
            self.unpaired += 1;
        } else if let Some(picture) = off(report, time, 90_000, stamp) {
            self.apart.push(picture.abs_diff(sound));
        }
    }

    /// How many pictures were judged.
    pub fn judged(&self) -> usize {
        self.apart.len()
    }

    /// The most that a picture was off.
    pub fn most(&self) -> Duration {
        Duration::from_micros(self.apart.iter().copied().max().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use plenary::media::ids::{Layer, Stream};

    use super::*;
    use crate::payload::Place;

    #[test]
    fn what_reports_say_of_a_picture_and_a_sound_is_compared_with_when_they_were_made() {
        let stamp = |made| Stamp {
            person: 1,
            stream: Stream::Camera,
            layer: Layer::High,
            life: 1,
            frame: 0,
            place: Place::after(0),
            index: 0,
            count: 1,
            key: false,
            made,
        };
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let mut lips = Lips::default();
        // A sound 100 ms after its report, made at 5 s; a picture 200 ms after its own, made at 5.06 s.
        lips.sound(3, Some((at, 7)), 7 + 4_800, stamp(5_000_000));
        lips.picture(3, Some((at, u32::MAX)), 18_000 - 1, stamp(5_060_000));
        assert_eq!((lips.judged(), lips.most(), lips.unpaired), (1, Duration::from_millis(40), 0));
        lips.picture(2, Some((at, 0)), 0, stamp(5_060_000));
        lips.picture(3, None, 0, stamp(5_060_000));
        lips.picture(3, Some((at, 0)), 0, stamp(9_000_000));
        assert_eq!((lips.judged(), lips.unpaired), (1, 1));
    }
}
