//! One encoding of a camera: its frames and their packets.

use std::time::{Duration, Instant};

use plenary::media::codec::Codec;
use plenary::media::ids::{Layer, Stream};

use super::{Frame, Maker, Picture, Sent};
use crate::payload::{Counters, Place, Stamp};
use crate::rng::Rng;

/// Chromium's encoder drops a key-frame request that comes this soon after the one it took, without a word.
const REQUEST_DROPPED_WITHIN: Duration = Duration::from_millis(300);

/// Bytes of a picture in one packet at most, as browsers cut them.
const PACKET: usize = 1_150;

/// The least a packet takes: the stamp and what stands in front of it.
const LEAST: usize = 60;

/// A key frame is so many times as large as an ordinary one. At real rates they are 4 to 8 times as large.
const KEY: f64 = 5.0;

/// Ordinary frames differ by this part of their size, at most.
const VARIES: f64 = 0.4;

/// Within so many frames the encoder makes good for what was too large.
const REPAID: f64 = 15.0;

/// Frames of each temporal layer, for frames of which all are alike: libvpx gives the lowest 40 % of all bits, and 60 to the two lowest.
const SHARES: [f64; 3] = [1.6, 0.8, 0.8];

/// How large the frames of an encoding are.
#[derive(Debug)]
pub struct Pace(Size);

#[derive(Debug)]
enum Size {
    /// All alike; a key frame has three times as many packets.
    Even { packets: u8, bytes: usize },
    /// Nothing moves: a frame is a packet with nothing in it, and a key frame the whole page.
    Still { page: u8, bytes: usize },
    /// They vary, and follow a rate.
    Varying {
        dice: Rng,
        /// Bits a second, and the bytes by which frames were larger than that.
        rate: u64,
        owed: f64,
    },
}

impl Pace {
    pub fn even(picture: &Picture) -> Pace {
        Pace(Size::Even { packets: picture.packets, bytes: picture.bytes })
    }

    /// What is the same in each frame.
    pub fn still(picture: &Picture) -> Pace {
        Pace(Size::Still { page: picture.packets * 3, bytes: picture.bytes })
    }

    /// Frames that follow a rate, of which nothing is known yet.
    pub fn varying(dice: Rng) -> Pace {
        Pace(Size::Varying { dice, rate: 0, owed: 0.0 })
    }

    /// Packets of a frame that has `share` times as much as the others, and bytes of each.
    fn frame(&mut self, key: bool, fps: u32, share: f64) -> (u8, usize) {
        match &mut self.0 {
            Size::Even { packets, bytes } => (if key { *packets * 3 } else { *packets }, *bytes),
            Size::Still { page, bytes } => {
                if key {
                    (*page, *bytes)
                } else {
                    (1, LEAST)
                }
            }
            Size::Varying { dice, rate, owed } => {
                let budget = *rate as f64 / 8.0 / f64::from(fps);
                let varies = 1.0 + VARIES * (dice.below(2_001) as f64 / 1_000.0 - 1.0);
                let size = if key {
                    budget * KEY
                } else {
                    (budget * share * varies - *owed / REPAID).max(budget * (1.0 - VARIES) / 2.0)
                };
                *owed = (*owed + size - budget).max(0.0);
                let packets = (size as usize).div_ceil(PACKET).clamp(1, 200);
                (packets as u8, (size as usize / packets).max(LEAST))
            }
        }
    }
}

/// One encoding of a camera.
#[derive(Debug)]
pub struct Encoder {
    pub layer: Layer,
    pub pace: Pace,
    /// The server asked for it, in bits a second at most.
    wanted: Option<u64>,
    /// The uplink holds it.
    fits: bool,
    /// The machine and the uplink are good enough for it.
    able: bool,
    time: u32,
    seq: u64,
    frame: u32,
    /// The number of the last key frame.
    key_frame: u32,
    counters: Counters,
    key_wanted: bool,
    request_taken: Option<Instant>,
}

impl Encoder {
    pub fn new(layer: Layer, pace: Pace, rng: &mut Rng) -> Encoder {
        Encoder {
            layer,
            pace,
            wanted: Some(0),
            fits: true,
            able: true,
            time: rng.next() as u32,
            seq: rng.below(60_000),
            frame: 0,
            key_frame: 0,
            counters: Counters { picture: rng.below(0x8000) as u16, tl0: rng.next() as u8 },
            key_wanted: true,
            request_taken: None,
        }
    }

    pub fn is_live(&self) -> bool {
        // What follows a rate waits for one.
        let paced = !matches!(self.pace.0, Size::Varying { rate: 0, .. });
        self.wanted.is_some() && self.fits && self.able && paced
    }

    pub fn want_key_frame(&mut self) {
        self.key_wanted = true;
    }

    /// The server asks for so many bits a second at most, or for nothing.
    pub fn ask(&mut self, most: Option<u64>) {
        self.key_wanted |= most.is_some() && self.wanted.is_none();
        self.wanted = most;
        self.set_rate(most.unwrap_or(0));
    }

    /// What the encoding would take of the uplink, in bits a second, and whether it is sent now.
    pub fn wants(&self) -> (u64, bool) {
        (self.wanted.filter(|_| self.able).unwrap_or(0), self.fits)
    }

    /// What the uplink holds of it.
    pub fn may_send(&mut self, rate: u64) {
        self.key_wanted |= rate > 0 && !self.fits;
        self.fits = rate > 0 || self.wanted.is_none_or(|wanted| wanted == 0);
        self.set_rate(rate);
    }

    fn set_rate(&mut self, to: u64) {
        if let Size::Varying { rate, .. } = &mut self.pace.0 {
            *rate = to;
        }
    }

    pub fn set_able(&mut self, able: bool) {
        self.key_wanted |= able && !self.able;
        self.able = able;
    }

    /// The server asked for a key frame. False if the request is dropped.
    pub fn key_frame_asked(&mut self, now: Instant) -> bool {
        if self.request_taken.is_some_and(|taken| now < taken + REQUEST_DROPPED_WITHIN) {
            return false;
        }
        self.request_taken = Some(now);
        self.key_wanted = true;
        true
    }

    /// The packets of a frame that is captured now.
    pub(super) fn encode(&mut self, frame: &Frame, maker: &Maker, out: &mut Vec<Sent>) {
        let Frame { now, passed, codec, fps, simulcast } = *frame;
        let key = std::mem::take(&mut self.key_wanted);
        if key {
            self.key_frame = self.frame;
        }
        // As Chromium does: three temporal layers of a camera in several sizes of VP8, one elsewhere.
        let layered = simulcast && codec == Codec::Vp8 && maker.stream == Stream::Camera;
        let layered = layered.then(|| Place::layered(self.frame, self.frame - self.key_frame));
        let share = layered.map_or(1.0, |place| SHARES[usize::from(place.layer)]);
        let (count, bytes) = self.pace.frame(key, fps, share);
        let place = layered.unwrap_or_else(|| Place::after(self.frame));
        self.counters.tl0 = self.counters.tl0.wrapping_add(u8::from(place.layer == 0));
        let time = self.time.wrapping_add(passed);
        for index in 0..count {
            let stamp = Stamp { place, ..maker.stamp(now, self.layer, self.frame, (index, count), key) };
            let payload = stamp.packet(codec, self.counters, bytes);
            let (rid, last) = (simulcast.then_some(self.layer), index + 1 == count);
            out.push(Sent { codec, rid, seq: self.seq, time, marker: last, payload, level: None });
            self.seq += 1;
        }
        self.frame += 1;
        self.counters.picture = (self.counters.picture + 1) & 0x7fff;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_vary_and_together_are_what_was_asked_for_and_a_key_frame_is_made_good_for() {
        let mut pace = Pace::varying(Rng::new(3));
        let Size::Varying { rate, .. } = &mut pace.0 else { panic!("it varies") };
        *rate = 900_000;
        let mut sizes = Vec::new();
        for frame in 0..300 {
            let (packets, bytes) = pace.frame(frame % 100 == 0, 30, 1.0);
            assert!(bytes <= PACKET, "{bytes} bytes in a packet");
            sizes.push(usize::from(packets) * bytes);
        }
        let sent = sizes.iter().sum::<usize>() * 8 / 10;
        assert!((860_000..940_000).contains(&sent), "{sent} bit/s for 900,000");
        assert!(sizes[0] > 4 * sizes[50], "a key frame of {} bytes beside one of {}", sizes[0], sizes[50]);
        let (least, most) = sizes[1..100].iter().fold((usize::MAX, 0), |(a, b), n| (a.min(*n), b.max(*n)));
        assert!(most > least * 3 / 2, "all frames alike: {least} to {most} bytes");
    }
}
