//! What comes in: datagrams to the connection, and what its events mean to us.

use std::time::Instant;

use str0m::bwe::BweKind;
use str0m::media::Rid;
use str0m::net::{Protocol as RtcProtocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket};
use str0m::{Event as RtcEvent, Input};

use super::sources::Source;
use super::srtp::is_rtcp;
use super::{Connection, Ended, Event, Packet, Received, Transmit, av1, guarded, h264, noting, vp8, vp9};
use crate::limits::{Limits, Tally};
use crate::media::codec::Codec;
use crate::media::demux::{DatagramKind, Path, Protocol};
use crate::media::frame::FrameInfo;
use crate::media::ids::{Kind, Layer};
use crate::media::paths::PathIndex;

impl Connection {
    /// Whether str0m may see an SRTP or SRTCP packet: it is no replay, its payload type was negotiated, and its source is
    /// known or proves itself ([`Sources::admit`](super::sources::Sources::admit)).
    pub fn admits(&mut self, datagram: &[u8], limits: &Limits, tally: &mut Tally) -> bool {
        if is_rtcp(datagram) {
            return !self.replays.refuse(datagram, limits, tally);
        }
        // Source zero is Chromium's, for probes of any payload type.
        let payload_type = datagram.get(1).is_some_and(|second| self.formats.expects(second & 0x7f));
        let probe = datagram.get(8..12) == Some(&[0; 4]);
        if !payload_type && !probe {
            return false;
        }
        guarded(|| self.sources.admit(datagram, limits, tally)).unwrap_or(false)
    }

    /// Takes in one datagram and everything that follows from it.
    ///
    /// # Errors
    /// [`Ended`] if the connection is over.
    pub fn receive(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        out: &mut Vec<Transmit>,
        events: &mut Vec<Event>,
    ) -> Result<(Received, Instant), Ended> {
        if self.sources.are_exhausted() {
            return Err(Ended::TooManySources);
        }
        let Some(index) = self.paths.arrive(&path, datagram.len()) else {
            return Ok((Received::default(), self.clock));
        };
        let shakes = !self.heard && DatagramKind::of(datagram) == DatagramKind::Dtls;
        if shakes {
            self.paths.handshake(index);
        }
        let lacked_keys = self.sources.lack_keys();
        let take_in =
            |connection: &mut Connection| connection.take_in(now, path, index, datagram, out, events);
        let received = guarded(|| self.with_keys(take_in))?;
        if shakes && lacked_keys && !self.sources.lack_keys() {
            self.paths.handshake_ended(now, index);
        }
        received
    }

    fn take_in(
        &mut self,
        now: Instant,
        path: Path,
        index: PathIndex,
        datagram: &[u8],
        out: &mut Vec<Transmit>,
        events: &mut Vec<Event>,
    ) -> Result<(Received, Instant), Ended> {
        #[cfg(feature = "faults")]
        self.trip(crate::faults::Fault::PanicOnReceive);
        self.clock = self.clock.max(now);
        self.unusable = false;
        let (before, malformed) = (noting::authenticated(), noting::malformed());
        let protocol = match path.protocol {
            Protocol::Udp => RtcProtocol::Udp,
            Protocol::Tcp => RtcProtocol::Tcp,
        };
        let input = Receive::new(protocol, path.remote, path.local, datagram);
        if let Ok(receive) = input {
            let input = Input::Receive(self.clock, receive);
            // An error here is about the datagram or the DTLS handshake; whether the connection is over shows when polled.
            if let Err(e) = self.rtc.handle_input(input) {
                log::debug!("a datagram from {} was refused: {e}", path.remote);
            }
        }
        let deadline = self.drain(out, events)?;
        let authenticated =
            noting::authenticated() != before && DatagramKind::of(datagram) == DatagramKind::Srtp;
        if authenticated && is_rtcp(datagram) {
            self.replays.note(datagram, noting::bytes_after_index());
        }
        self.heard |= authenticated;
        self.note_path(now, index, datagram, authenticated);
        self.challenge(now, out);
        let deadline = self.paths.due().map_or(deadline, |due| deadline.min(due));
        let malformed = noting::malformed() != malformed;
        Ok((Received { authenticated, unusable: self.unusable, malformed }, deadline))
    }

    pub(super) fn translate(&mut self, event: RtcEvent, events: &mut Vec<Event>) {
        match event {
            RtcEvent::RtpPacket(packet) => match self.packet(packet) {
                Some(packet) => events.push(Event::Packet(packet)),
                None => self.unusable = true,
            },
            RtcEvent::SenderFeedback(report) => {
                let layer = layer_of(report.rid);
                events.extend(layer.map(|layer| Event::Report {
                    mid: report.mid,
                    layer,
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the low bits are what a report has"
                    )]
                    time: report.sender_info.rtp_time.numer() as u32,
                    ntp: report.sender_info.ntp_time,
                    arrival: report.received_at,
                }));
            }
            RtcEvent::KeyframeRequest(request) => events.push(Event::KeyFrameWanted(request.mid)),
            RtcEvent::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) if self.parked.is_none() => {
                self.estimate = Some(estimate);
                events.push(Event::Estimate(estimate.as_u64()));
            }
            RtcEvent::Connected => {
                self.connected = true;
                events.push(Event::Connected);
            }
            _ => {}
        }
    }

    fn packet(&mut self, packet: RtpPacket) -> Option<Packet> {
        let ssrc = *packet.header.ssrc;
        if self.sources.get(ssrc).is_none() {
            self.learn_source(ssrc)?;
        }
        let source = self.sources.get(ssrc)?;
        let late = source.is_late(*packet.seq_no);
        let Source { mid, layer, kind, .. } = *source;
        let format = self.formats.arriving(packet.header.payload_type)?;
        let codec = format.codec();
        if codec.kind() != kind {
            return None;
        }
        let marker = packet.header.marker;
        let mut frame = match codec {
            Codec::Opus => FrameInfo::audio(),
            Codec::Vp8 => vp8::frame_info(&packet.payload, marker)?,
            Codec::H264 => h264::frame_info(&packet.payload, marker)?,
            Codec::Vp9 => vp9::frame_info(&packet.payload, marker)?,
            Codec::Av1 => av1::frame_info(&packet.payload, marker)?,
        };
        // What follows went by already: who starts here would have a torn frame, so another key frame is better.
        frame.key &= !late || kind == Kind::Audio;
        let level = packet.header.ext_vals.audio_level;
        Some(Packet {
            mid,
            layer,
            codec,
            seq: *packet.seq_no,
            time: packet.time.numer(),
            arrival: packet.timestamp,
            frame,
            level: level.map(|level| level.unsigned_abs().min(127)),
            format,
            marker,
            payload: packet.payload,
            extensions: forwarded(&packet.header.ext_vals),
        })
    }

    /// Looks up what a source is that sends for the first time.
    fn learn_source(&mut self, ssrc: u32) -> Option<()> {
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&ssrc.into())?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let Some(layer) = layer_of(rid) else {
            // str0m has a stream for each rid on a line without simulcast, however many come.
            api.remove_stream_rx(ssrc.into());
            return None;
        };
        let kind = if self.rtc.media(mid)?.kind().is_audio() { Kind::Audio } else { Kind::Video };
        self.sources.learn(ssrc, Source::new(mid, layer, kind));
        Some(())
    }
}

/// The encoding of a rid; none at all is the one encoding of a track that has no rids.
fn layer_of(rid: Option<Rid>) -> Option<Layer> {
    rid.map_or(Some(Layer::High), |rid| Layer::of_rid(&rid))
}

/// The extensions of a packet that mean the same to a subscriber and say nothing of the packets after it: a slot is
/// somebody else's next. Never the publisher's mid, rid or transport numbers; `playout-delay` and `abs-capture-time` are
/// not even negotiated (docs/decisions.md).
fn forwarded(theirs: &ExtensionValues) -> ExtensionValues {
    ExtensionValues {
        audio_level: theirs.audio_level,
        voice_activity: theirs.voice_activity,
        video_orientation: theirs.video_orientation,
        ..ExtensionValues::default()
    }
}
