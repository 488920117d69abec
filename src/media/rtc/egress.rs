//! What goes out: packets to slots, and requests to publishers.

use std::time::Duration;

use str0m::media::{KeyframeRequestKind, Mid};
use str0m::rtp::{ExtensionValues, RtpWrite, VideoOrientation};

use super::{Connection, Ended, Packet, guarded, vp8};
use crate::faults::Fault;
use crate::media::codec::Codec;
use crate::media::forward::{Held, Leaving};
use crate::media::ids::Layer;
use crate::media::rtp::{Extensions, Ssrc};

/// Packets of a slot's picture that are kept to be sent again: a second of 2.9 Mbit/s, over three of what a camera's middle size
/// is. str0m keeps 432 bytes for each beside the payload, which slots share, and never gives them back; of 2,000 packets, its own
/// choice, that was most of what a person cost in a room where everybody sees everybody (docs/decisions.md).
const KEPT: usize = 320;

/// For how long: whoever asks later has given the picture up.
const KEPT_FOR: Duration = Duration::from_secs(2);

/// What part of what is sent may be sent again, as str0m has it: beyond it the line is overloaded.
const MOST_RESENT: Option<f32> = Some(0.15);

/// As str0m has it.
fn told(extensions: Extensions) -> ExtensionValues {
    ExtensionValues {
        audio_level: extensions.level.map(|level| -level.level.min(127).cast_signed()),
        voice_activity: extensions.level.map(|level| level.voice),
        video_orientation: extensions.orientation.map(VideoOrientation::from),
        ..ExtensionValues::default()
    }
}

impl Connection {
    /// The source that the slot on `mid` sends with, for [`Connection::write`]. `None` if the client does not receive on
    /// that line. Picture is not paced: an allocator that keeps within the estimate is what pacing is for.
    pub fn sender(&mut self, mid: Mid) -> Option<Ssrc> {
        guarded(|| {
            let sends = self.rtc.media(mid)?.direction().is_sending();
            let mut api = self.rtc.direct_api();
            let stream = api.stream_tx_by_mid(mid, None).filter(|_| sends)?;
            stream.set_unpaced(true);
            let ssrc = Ssrc(*stream.ssrc());
            // Anew, nothing is kept any more: once for each source.
            if !self.keeping.contains(&ssrc) {
                stream.set_rtx_cache(KEPT, KEPT_FOR, MOST_RESENT);
                self.keeping.push(ssrc);
            }
            Some(ssrc)
        })
        .ok()?
    }

    /// Hands a packet to a slot, as what `map` makes of it. It leaves with the next [`Connection::step`]. What cannot leave
    /// is not mapped: no sequence number is used up.
    ///
    /// # Errors
    /// [`Ended`] if the connection is over; inside, [`Held`] if the packet stays here.
    pub fn write(
        &mut self,
        ssrc: Ssrc,
        packet: &Packet,
        map: impl FnOnce() -> Result<Leaving, Held>,
    ) -> Result<Result<(), Held>, Ended> {
        // A wrong payload type would be decoded as something else, or show as garbage.
        let Some(pt) = self.formats.pt(packet.format) else { return Ok(Err(Held::NotDecodable)) };
        guarded(|| {
            self.fault.trip(Fault::PanicOnSend);
            let mut api = self.rtc.direct_api();
            let stream = api.stream_tx(&ssrc.0.into()).ok_or(Held::NoStream)?;
            let leaving = map()?;
            let (seq, time) = (leaving.seq.0.into(), leaving.time.low());
            let payload = packet.payload.clone();
            let mut rtp = RtpWrite::new(pt, seq, time, leaving.wallclock, payload)
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
        })
    }

    /// Asks the client for a key frame of one encoding on one of its sending lines (PLI, RFC 4585 section 6.3.1). False
    /// if nothing of it was received yet.
    pub fn request_key_frame(&mut self, mid: Mid, layer: Layer) -> bool {
        let Some(ssrc) = self.srtp.sources.newest(mid, layer) else { return false };
        guarded(|| {
            let mut api = self.rtc.direct_api();
            let stream = api.stream_rx(&ssrc.0.into())?;
            stream.request_keyframe(KeyframeRequestKind::Pli);
            Some(())
        })
        .is_ok_and(|asked| asked.is_some())
    }
}
