//! The acknowledged rate: how much of what was sent arrives in a second.
//!
//! A window's bytes are divided by the longer of the times in which they left and in which they came (as delivery rates are sampled
//! in draft-cheng-iccrg-delivery-rate-estimation-02, section 2.2): a queue that empties at once, or a receiver that lies about its
//! clock, cannot say more than what was sent. Windows are joined the more reluctantly the more they differ (libwebrtc, `BitrateEstimator`).

use std::time::Duration;

use super::Micros;
use super::history::Arrived;
use crate::media::units::Bitrate;

/// The first window is longer, since all depends on it, and others of this length follow (libwebrtc: 500 and 150 ms).
const FIRST_WINDOW: Micros = 500_000;
const WINDOW: Micros = 150_000;

/// The last window is believed at once if it has so little of what came before: the smoothed rate needs a second to know that a
/// downlink is a fraction of what it was.
const FELL: f64 = 0.75;

/// Nothing left for so long: a window does not span it, a pause says nothing of the downlink.
const PAUSE: Micros = 1_000_000;

/// Times of arrival and departure of one window that differ by more are of a clock that jumped.
const JUMP: Micros = 3_000_000;

/// How little a window is believed that differs by as much as the rate itself (libwebrtc: 10, and 25 for one of few bytes).
const UNCERTAINTY: f64 = 10.0;
const UNCERTAINTY_OF_FEW: f64 = 25.0;
const FEW_BYTES: u64 = 2_000;

/// How much less sure the rate becomes with each window (libwebrtc).
const DRIFT: f64 = 5.0;
const FIRST_VARIANCE: f64 = 50.0;

/// One window, from its first packet, which is not counted, on.
#[derive(Debug, Clone, Copy)]
struct Window {
    departed: Micros,
    arrived: Micros,
    last_departed: Micros,
    bytes: u64,
}

/// Rates of what was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rates {
    /// At which it arrives, from window to window.
    pub smoothed: Bitrate,
    /// At which it arrived in the last window.
    pub latest: Bitrate,
}

impl Rates {
    /// What arrives at present, for whoever asks because too little does. The last window is also believed if it has more: a larger
    /// layer began, and the smoothed rate needs seconds to know.
    pub fn at_present(&self) -> Bitrate {
        if self.latest < self.smoothed.scaled(FELL) { self.latest } else { self.smoothed.max(self.latest) }
    }
}

#[derive(Debug, Default)]
pub(super) struct AckedRate {
    window: Option<Window>,
    rates: Option<Rates>,
    /// In kbit/s.
    variance: f64,
}

impl AckedRate {
    pub fn rates(&self) -> Option<Rates> {
        self.rates
    }

    /// Reports are missing: the window they belong to would count too little.
    pub fn interrupt(&mut self) {
        self.window = None;
    }

    pub fn add(&mut self, packet: &Arrived) {
        let Some(window) = &mut self.window else {
            self.open(packet);
            return;
        };
        let departure = packet.departed - window.departed;
        let arrival = packet.came.saturating_sub(window.arrived);
        let paused = packet.departed - window.last_departed > PAUSE;
        if paused || departure < 0 || arrival.saturating_sub(departure).saturating_abs() > JUMP {
            self.open(packet);
            return;
        }
        window.last_departed = packet.departed;
        window.bytes += u64::from(packet.bytes);
        let span = departure.max(arrival);
        if span >= if self.rates.is_none() { FIRST_WINDOW } else { WINDOW } {
            let latest = Bitrate::of(window.bytes, Duration::from_micros(span.unsigned_abs()));
            let few = window.bytes < FEW_BYTES;
            self.join(latest, few);
            self.open(packet);
        }
    }

    fn open(&mut self, packet: &Arrived) {
        let Arrived { departed, came: arrived, .. } = *packet;
        self.window = Some(Window { departed, arrived, last_departed: departed, bytes: 0 });
    }

    fn join(&mut self, latest: Bitrate, few: bool) {
        let Some(rates) = &mut self.rates else {
            self.rates = Some(Rates { smoothed: latest, latest });
            self.variance = FIRST_VARIANCE;
            return;
        };
        let (rate, sample) = (rates.smoothed.as_bps() as f64 / 1_000.0, latest.as_bps() as f64 / 1_000.0);
        let scale = if few { UNCERTAINTY_OF_FEW } else { UNCERTAINTY };
        let doubt = (scale * (rate - sample).abs() / rate.max(1.0)).powi(2);
        let expected = self.variance + DRIFT;
        let sum = doubt + expected;
        let joined = (doubt * rate + expected * sample) / sum;
        self.variance = doubt * expected / sum;
        *rates = Rates { smoothed: Bitrate::kbps(1).scaled(joined), latest };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `rate` of 1,000-byte packets for `time`, as they leave and as they come.
    fn run(acked: &mut AckedRate, from: Micros, time: Micros, leave: Bitrate, come: Bitrate) -> Bitrate {
        let step = |rate: Bitrate| Micros::try_from(rate.time_of(1_000).as_micros()).expect("short");
        for n in 0..time / step(leave) {
            let (departed, arrived) = (from + n * step(leave), 9_000 + from + n * step(come));
            acked.add(&Arrived { departed, came: arrived, bytes: 1_000, cluster: 0, late: false });
        }
        acked.rates().map(|rates| rates.smoothed).unwrap_or_default()
    }

    #[test]
    fn what_arrives_is_the_slower_of_leaving_and_coming() {
        let (slow, fast) = (Bitrate::kbps(800), Bitrate::kbps(2_000));
        for (leave, come) in [(slow, slow), (slow, fast), (fast, slow)] {
            let rate = run(&mut AckedRate::default(), 0, 2_000_000, leave, come).as_bps();
            assert!((780_000..=810_000).contains(&rate), "{leave:?} {come:?}: {rate}");
        }
    }

    #[test]
    fn it_follows_within_a_second_and_a_pause_says_nothing() {
        let mut acked = AckedRate::default();
        let rate = Bitrate::kbps(2_000);
        run(&mut acked, 0, 2_000_000, rate, rate);
        let after = run(&mut acked, 60_000_000, 100_000, rate, rate);
        assert!(after > rate.scaled(0.95), "{after:?}");
        let half = run(&mut acked, 61_000_000, 1_500_000, rate / 2, rate / 2).as_bps();
        assert!((900_000..1_200_000).contains(&half), "{half}");
    }

    #[test]
    fn of_a_larger_layer_the_first_window_is_believed_when_too_little_arrives() {
        let mut acked = AckedRate::default();
        let (small, large) = (Bitrate::kbps(200), Bitrate::kbps(1_200));
        run(&mut acked, 0, 5_000_000, small, small);
        run(&mut acked, 5_000_000, 400_000, large, large);
        let present = acked.rates().map(|rates| rates.at_present()).unwrap_or_default();
        assert!(present > large.scaled(0.9), "{present:?}");
    }

    #[test]
    fn a_clock_that_jumps_says_nothing() {
        let mut acked = AckedRate::default();
        let rate = Bitrate::kbps(2_000);
        let before = run(&mut acked, 0, 2_000_000, rate, rate);
        for arrived in [i64::MAX, i64::MIN, 0, -1, 1 << 40] {
            acked.add(&Arrived { departed: 2_100_000, came: arrived, bytes: 1_000, cluster: 0, late: false });
        }
        assert_eq!(acked.rates().map(|rates| rates.smoothed), Some(before));
    }
}
