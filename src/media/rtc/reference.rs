//! RTP that leaves is written into str0m, which seals, paces, repairs and estimates: what our own egress is compared with. It takes
//! layers by a fixed rule like any other connection; nothing else of the server knows of it.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::bwe::Bitrate;
use str0m::media::{Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpWrite, VideoOrientation};

use super::{Packet, vp8};
use crate::media::codec::Codec;
use crate::media::forward::{Held, Leaving};
use crate::media::rtp::{Extensions, Ssrc};
use crate::media::units;

/// The first estimate of a client's downlink. Without an allocator nothing is held back by it.
pub(super) const FIRST_ESTIMATE: Bitrate = Bitrate::kbps(2_000);

/// How late what is due on a parked connection may be done: four wake-ups a second. What is parked sends no picture;
/// the rest of its timers are reports and keep-alives of a second and more, and whatever arrives serves them too.
pub(super) const PARKED_DUE: Duration = Duration::from_millis(250);

/// A connection comes to rest this long after it was parked: a probe in flight, which no reset ends, needs some tens of
/// milliseconds of punctual steps, and at four steps a second it would go on for minutes.
const COMES_TO_REST: Duration = Duration::from_secs(1);

/// The same for one that is not connected yet: a handshake wants its timers punctual, but a client whose network lets no
/// media through stays for as long as its page is open.
const GIVEN_UP: Duration = Duration::from_secs(10);

/// Packets of a slot's picture that are kept to be sent again: a second of 2.9 Mbit/s, over three of what a camera's middle size
/// is. str0m keeps 432 bytes for each beside the payload, which slots share, and never gives them back; of 2,000 packets, its own
/// choice, that was most of what a person cost in a room where everybody sees everybody (docs/decisions.md).
const KEPT: usize = 320;

/// For how long: whoever asks later has given the picture up.
const KEPT_FOR: Duration = Duration::from_secs(2);

/// What part of what is sent may be sent again, as str0m has it: beyond it the line is overloaded.
const MOST_RESENT: Option<f32> = Some(0.15);

/// RTP is sealed by str0m.
#[derive(Debug)]
pub(super) struct Reference {
    /// No picture is sent since then: the estimator rests.
    parked: Option<Instant>,
    /// The last estimate before the estimator was parked.
    estimate: Option<Bitrate>,
    /// Sources of slots that keep as much to be sent again as we say.
    keeping: Vec<Ssrc>,
}

/// As str0m has it.
fn told(extensions: Extensions) -> ExtensionValues {
    ExtensionValues {
        audio_level: extensions.level.map(|level| -level.level.min(127).cast_signed()),
        voice_activity: extensions.level.map(|level| level.voice),
        video_orientation: extensions.orientation.map(VideoOrientation::from),
        ..ExtensionValues::default()
    }
}

impl Reference {
    /// Nothing is sent, and the estimator rests.
    pub(super) fn new(now: Instant) -> Reference {
        Reference { parked: Some(now), estimate: None, keeping: Vec::new() }
    }

    /// Lets the estimator of a new connection rest.
    pub(super) fn rest(rtc: &mut Rtc) {
        rtc.bwe().reset(Bitrate::ZERO);
        rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::ZERO);
    }

    /// The source that the slot on `mid` sends with. Picture is not paced: an allocator that keeps within the estimate is what
    /// pacing is for.
    pub(super) fn sender(&mut self, rtc: &mut Rtc, mid: Mid) -> Option<Ssrc> {
        let mut api = rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        stream.set_unpaced(true);
        let ssrc = Ssrc(*stream.ssrc());
        // Anew, nothing is kept any more: once for each source.
        if !self.keeping.contains(&ssrc) {
            stream.set_rtx_cache(KEPT, KEPT_FOR, MOST_RESENT);
            self.keeping.push(ssrc);
        }
        Some(ssrc)
    }

    /// Hands a packet to str0m. It leaves with the next step.
    pub(super) fn write(
        rtc: &mut Rtc,
        ssrc: Ssrc,
        pt: Pt,
        packet: &Packet,
        map: impl FnOnce() -> Result<Leaving, Held>,
    ) -> Result<(), Held> {
        let mut api = rtc.direct_api();
        let stream = api.stream_tx(&ssrc.0.into()).ok_or(Held::NoStream)?;
        let leaving = map()?;
        let (seq, time) = (leaving.seq.0.into(), leaving.time.low());
        let mut rtp = RtpWrite::new(pt, seq, time, leaving.wallclock, packet.payload.clone())
            .marker(packet.marker)
            .nackable(packet.codec != Codec::Opus)
            .ext_vals(told(packet.extensions));
        if let Some(picture) = leaving.picture
            && let Some(patch) = vp8::patch(&packet.payload, picture)
        {
            rtp = rtp.vp8_patch(patch);
        }
        stream.write_rtp(rtp);
        Ok(())
    }

    /// What the estimator is to find out whether the client's downlink holds; zero parks it.
    ///
    /// str0m pads up to 50 kbit/s however little is desired: about 200 packets and wake-ups a second for somebody who
    /// receives nothing. Only an estimate of zero ends that.
    pub(super) fn ask(&mut self, rtc: &mut Rtc, now: Instant, desired: units::Bitrate) {
        let park = desired == units::Bitrate::default();
        if park != self.parked.is_some() {
            let resumed = self.estimate.unwrap_or(FIRST_ESTIMATE);
            rtc.bwe().reset(if park { Bitrate::ZERO } else { resumed });
            self.parked = park.then_some(now);
        }
        rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::bps(desired.as_bps()));
    }

    /// A new estimate; `None` while the estimator is parked.
    pub(super) fn estimated(&mut self, estimate: Bitrate) -> Option<units::Bitrate> {
        if self.parked.is_some() {
            return None;
        }
        self.estimate = Some(estimate);
        Some(units::Bitrate::bps(estimate.as_u64()))
    }

    /// Nothing was desired for a while.
    pub(super) fn is_at_rest(&self, now: Instant, connected: bool) -> bool {
        let after = if connected { COMES_TO_REST } else { GIVEN_UP };
        self.parked.is_some_and(|since| now >= since + after)
    }
}
