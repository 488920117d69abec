//! What comes in: datagrams to the connection, and what its events mean to us.

use std::time::Instant;

use str0m::bwe::BweKind;
use str0m::media::Rid;
use str0m::net::{Protocol as RtcProtocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket};
use str0m::{Event as RtcEvent, Input};

use super::sending::Sending;
use super::srtp::{RxStream, Watch, is_rtcp};
use super::stun::Check;
use super::{
    Connection, Ended, Event, Packet, Received, Transmit, av1, formats, guarded, h264, height, vp8, vp9,
};
use crate::faults::Fault;
use crate::limits::{Limits, Tally};
use crate::media::codec::Codec;
use crate::media::demux::{DatagramKind, Path, Protocol};
use crate::media::frame::FrameInfo;
use crate::media::ids::{Kind, Layer};
use crate::media::rtp::{AudioLevel, Extensions, MediaTime, SeqNo, Ssrc};

impl Connection {
    /// Whether str0m may see an SRTP or SRTCP packet: it is no replay, its payload type was negotiated, and its source is
    /// known or proves itself.
    pub fn admits(&mut self, datagram: &[u8], limits: &Limits, tally: &mut Tally) -> bool {
        // Source zero is Chromium's, for probes of any payload type.
        let is_expected = is_rtcp(datagram)
            || datagram.get(1).is_some_and(|second| self.formats.expects(second & 0x7f))
            || datagram.get(8..12) == Some(&[0; 4]);
        is_expected && self.srtp.admits(datagram, limits, tally)
    }

    /// Takes in one datagram and everything that follows from it. `check` is what a check of the client says.
    ///
    /// # Errors
    /// [`Ended`] if the connection is over.
    pub fn receive(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        check: Option<&Check<'_>>,
        out: &mut Vec<Transmit>,
        events: &mut Vec<Event>,
    ) -> Result<(Received, Instant), Ended> {
        if self.srtp.sources.are_exhausted() {
            return Err(Ended::TooManySources);
        }
        let Some(index) = self.paths.arrive(&path, datagram.len()) else {
            return Ok((Received::default(), self.clock));
        };
        let shakes = !self.heard && DatagramKind::of(datagram) == DatagramKind::Dtls;
        if shakes {
            self.paths.handshake(index);
        }
        let lacked_keys = self.srtp.lacks_keys();
        let result = guarded(|| {
            let (received, deadline) = self.take_in(now, path, datagram, out, events)?;
            self.heard |= received.authenticated;
            self.note_path(now, index, received.authenticated, check);
            self.challenge(now, out);
            Ok((received, self.paths.due().map_or(deadline, |due| deadline.min(due))))
        })?;
        if shakes && lacked_keys && !self.srtp.lacks_keys() {
            self.paths.handshake_ended(now, index);
        }
        result
    }

    fn take_in(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        out: &mut Vec<Transmit>,
        events: &mut Vec<Event>,
    ) -> Result<(Received, Instant), Ended> {
        self.fault.trip(Fault::PanicOnReceive);
        self.clock = self.clock.max(now);
        self.unusable = false;
        let protocol = match path.protocol {
            Protocol::Udp => RtcProtocol::Udp,
            Protocol::Tcp => RtcProtocol::Tcp,
        };
        let watch = Watch::begin(datagram, self.seals());
        let input = Receive::new(protocol, path.remote, path.local, datagram);
        if let Ok(receive) = input {
            let input = Input::Receive(self.clock, receive);
            // An error here is about the datagram or the DTLS handshake; whether the connection is over shows when polled.
            if let Err(e) = self.rtc.handle_input(input) {
                log::debug!("a datagram from {} was refused: {e}", path.remote);
            }
        }
        let deadline = self.drain(out, events)?;
        let malformed = watch.report(|report| self.take_report(report, events).is_err());
        let watched = watch.end();
        let authenticated = watched.authentic;
        events.extend(watched.streams.map(Event::DataStreams));
        self.note(datagram, watched);
        let malformed = malformed.unwrap_or(false);
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
                events.extend(layer.map(|layer| Event::SenderReport {
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
            RtcEvent::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                if let Sending::Rtc(reference) = &mut self.sending {
                    events.extend(reference.estimated(estimate).map(Event::Estimate));
                }
            }
            RtcEvent::Connected => {
                self.connected = true;
                events.push(Event::Connected);
            }
            other => self.channel_event(other, events),
        }
    }

    fn packet(&mut self, packet: RtpPacket) -> Option<Packet> {
        let ssrc = Ssrc(*packet.header.ssrc);
        if self.srtp.sources.get(ssrc).is_none() {
            self.learn_source(ssrc)?;
        }
        let stream = self.srtp.sources.get(ssrc)?;
        let seq = SeqNo(*packet.seq_no);
        let late = stream.is_late(seq);
        let RxStream { mid, layer, kind, .. } = *stream;
        let format = self.formats.arriving(packet.header.payload_type)?;
        let codec = formats::codec(format);
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
        let begins = kind == Kind::Video && frame.starts_key_frame();
        let height = if begins { height::height(codec, &packet.payload) } else { None };
        Some(Packet {
            mid,
            layer,
            codec,
            seq,
            time: MediaTime(packet.time.numer()),
            arrival: packet.timestamp,
            frame,
            height,
            format,
            marker,
            payload: packet.payload,
            extensions: forwarded(&packet.header.ext_vals),
        })
    }

    /// Looks up what a source is that sends for the first time.
    fn learn_source(&mut self, ssrc: Ssrc) -> Option<()> {
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&ssrc.0.into())?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let Some(layer) = layer_of(rid) else {
            // str0m has a stream for each rid on a line without simulcast, however many come.
            api.remove_stream_rx(ssrc.0.into());
            return None;
        };
        let kind = if self.rtc.media(mid)?.kind().is_audio() { Kind::Audio } else { Kind::Video };
        self.srtp.sources.learn(ssrc, RxStream::new(mid, layer, kind));
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
fn forwarded(theirs: &ExtensionValues) -> Extensions {
    let level = theirs.audio_level.map(|level| AudioLevel {
        level: level.unsigned_abs().min(127),
        voice: theirs.voice_activity.unwrap_or(false),
    });
    Extensions { level, orientation: theirs.video_orientation.map(|turned| turned as u8) }
}
