//! The other end of a [`Connection`](super::Connection): what a browser has of one, for `plenary load` and the self-call.
//!
//! Sans-IO like it: fed with datagrams, time, answers and packets to send; what it has to send lies in an [`Outbox`] afterwards,
//! what happened is told at once. It offers as the page does: a data channel, its own lines, its slots.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::{Codec as Str0mCodec, PayloadParams};
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Receive, TcpType};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, SeqNo, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig, RtcError};
use thiserror::Error;

use super::crypto;
use crate::media::demux::Protocol;
use crate::media::ids::{Kind, Layer, SlotIndex, Stream, Track};
use crate::media::lines::{SlotLine, TrackLine};

/// Sender reports: one a second, of sound and picture alike, as browsers send them.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Why a client's connection is over, or was never one. In str0m's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The address cannot be a candidate.
    #[error("{0} is no address for media: {1}")]
    Address(SocketAddr, String),
    /// The answer cannot be read, or does not fit the offer.
    #[error("the server's answer cannot be used: {0}")]
    Answer(String),
    /// The connection ended: a handshake that failed, or the other end closed it.
    #[error("the connection ended: {0}")]
    Ended(String),
}

impl From<RtcError> for ClientError {
    fn from(error: RtcError) -> ClientError {
        ClientError::Ended(error.to_string())
    }
}

/// Datagrams to send, one after the other in one buffer, so that runs of one length can leave in one call.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    each: Vec<(SocketAddr, usize)>,
}

impl Outbox {
    /// All of them, and where each goes and how long it is.
    #[must_use]
    pub fn datagrams(&self) -> (&[u8], &[(SocketAddr, usize)]) {
        (&self.bytes, &self.each)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Forgets them: they were sent.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.each.clear();
    }

    fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.each.push((to, datagram.len()));
    }
}

/// What a client is to have lines for. What it has already is never taken away.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its own tracks.
    pub tracks: &'a [Track],
    /// Its camera is sent in all layers.
    pub simulcast: bool,
    /// Slots for sound.
    pub audio: u8,
    /// Slots for pictures.
    pub video: u8,
}

/// What happened to a client's connection.
#[derive(Debug, Clone, Copy)]
pub enum ClientEvent<'a> {
    /// ICE is up: the server answers on a path.
    Reached,
    /// ICE and DTLS are up.
    Connected,
    /// The server asks for a key frame.
    KeyFrameAsked(Track, Layer),
    /// A packet came, decrypted, also one that was sent again.
    Packet(Arrived<'a>),
}

/// A packet as it came on a slot.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// Sound or picture.
    pub kind: Kind,
    /// The slot within its kind.
    pub slot: SlotIndex,
    /// The sequence number, with roll-overs counted.
    pub seq: u64,
    /// It came as a retransmission (RFC 4588).
    pub resent: bool,
    /// What it holds.
    pub payload: &'a [u8],
}

/// A packet of a client's own.
#[derive(Debug)]
pub struct Outgoing {
    /// The track.
    pub track: Track,
    /// Which encoding of it; [`Layer::High`] if there is one.
    pub layer: Layer,
    /// The sequence number within the encoding.
    pub seq: u64,
    /// The timestamp.
    pub time: u32,
    /// The last one of its frame.
    pub marker: bool,
    /// Level of the sound in dB below full scale (RFC 6464).
    pub level: Option<u8>,
    /// What it holds.
    pub payload: Vec<u8>,
}

#[derive(Debug)]
struct Own {
    track: Track,
    mid: Mid,
    /// Each layer is a stream of its own.
    simulcast: bool,
}

/// One client's connection.
pub struct Client {
    rtc: Rtc,
    protocol: Protocol,
    address: SocketAddr,
    offered: Option<SdpPendingOffer>,
    own: Vec<Own>,
    slots: Vec<(Kind, SlotIndex, Mid)>,
    /// The slot of each source that was heard.
    sources: FxHashMap<Ssrc, (Kind, SlotIndex)>,
    opus: Option<Pt>,
    vp8: Option<Pt>,
    resends: Option<Pt>,
    /// What comes now is a retransmission.
    resent: bool,
    deadline: Option<Instant>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that receives at `address` and decodes Opus and VP8.
    ///
    /// # Errors
    /// [`ClientError::Address`] if nobody can receive there.
    pub fn new(address: SocketAddr, now: Instant) -> Result<Client, ClientError> {
        Client::over(Protocol::Udp, address, now)
    }

    /// The same, of which every datagram comes and goes over this; over TCP it opens the connection.
    ///
    /// # Errors
    /// [`ClientError::Address`] if nobody can receive there.
    pub fn over(protocol: Protocol, address: SocketAddr, now: Instant) -> Result<Client, ClientError> {
        let mut config = RtcConfig::new()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_rtcp_report_interval_audio(REPORT_INTERVAL)
            .set_rtcp_report_interval_video(REPORT_INTERVAL);
        if let Some(certificate) = crypto::certificate() {
            config = config.set_dtls_cert(certificate);
        }
        let mut rtc = config.build(now);
        let candidate = match protocol {
            Protocol::Udp => Candidate::builder().udp().host(address).build(),
            Protocol::Tcp => Candidate::builder().tcp().host(address).tcptype(TcpType::Active).build(),
        };
        let candidate = candidate.map_err(|error| ClientError::Address(address, error.to_string()))?;
        rtc.add_local_candidate(candidate);
        let of = |codec: Str0mCodec| rtc.codec_config().find(|params| params.spec().codec == codec);
        let opus = of(Str0mCodec::Opus).map(PayloadParams::pt);
        let vp8 = of(Str0mCodec::Vp8).map(PayloadParams::pt);
        let resends = of(Str0mCodec::Vp8).and_then(PayloadParams::resend);
        Ok(Client {
            rtc,
            protocol,
            address,
            offered: None,
            own: Vec::new(),
            slots: Vec::new(),
            sources: FxHashMap::default(),
            opus,
            vp8,
            resends,
            resent: false,
            deadline: None,
        })
    }

    /// An offer with lines for all that is wanted. `None` if there are lines for all of it.
    pub fn offer(&mut self, wanted: &Wanted<'_>) -> Option<String> {
        let first = self.own.is_empty() && self.slots.is_empty();
        let mut changes = self.rtc.sdp_api();
        if first {
            changes.add_channel("control".to_owned());
        }
        for track in wanted.tracks {
            if self.own.iter().any(|own| own.track == *track) {
                continue;
            }
            let simulcast = wanted.simulcast && track.kind == Kind::Video && track.stream == Stream::Camera;
            let layers = simulcast.then(all_layers);
            let mid = changes.add_media(media_kind(track.kind), Direction::SendOnly, None, None, layers);
            self.own.push(Own { track: *track, mid, simulcast });
        }
        for (kind, many) in [(Kind::Audio, wanted.audio), (Kind::Video, wanted.video)] {
            let have = self.slots.iter().filter(|(of, ..)| *of == kind).count();
            for number in u8::try_from(have).unwrap_or(u8::MAX)..many {
                let mid = changes.add_media(media_kind(kind), Direction::RecvOnly, None, None, None);
                self.slots.push((kind, SlotIndex(number), mid));
            }
        }
        let (offer, pending) = changes.apply()?;
        self.offered = Some(pending);
        Some(offer.to_sdp_string())
    }

    /// What the m-lines of the last offer are.
    #[must_use]
    pub fn lines(&self) -> (Vec<TrackLine>, Vec<SlotLine>) {
        let own = self.own.iter().map(|Own { track, mid, .. }| TrackLine {
            mid: mid.to_string(),
            stream: track.stream,
            kind: track.kind,
        });
        let slots = self.slots.iter().map(|(kind, slot, mid)| SlotLine {
            mid: mid.to_string(),
            kind: *kind,
            slot: *slot,
        });
        (own.collect(), slots.collect())
    }

    /// The answer to the last offer. One to an earlier offer must not be handed in.
    ///
    /// # Errors
    /// [`ClientError::Answer`] if it is none, or not to this offer.
    pub fn answer(&mut self, sdp: &str, now: Instant) -> Result<(), ClientError> {
        let Some(pending) = self.offered.take() else { return Ok(()) };
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|e| ClientError::Answer(e.to_string()))?;
        let taken = self.rtc.sdp_api().accept_answer(pending, answer);
        taken.map_err(|error| ClientError::Answer(error.to_string()))?;
        self.forget_senders();
        self.deadline = Some(now);
        Ok(())
    }

    /// str0m keeps a sending stream for lines that only receive, too, and looks at each of them in every step.
    fn forget_senders(&mut self) {
        let mut api = self.rtc.direct_api();
        for (_, _, mid) in &self.slots {
            if let Some(ssrc) = api.stream_tx_by_mid(*mid, None).map(|stream| stream.ssrc()) {
                api.remove_stream_tx(ssrc);
            }
        }
    }

    /// When to call [`Client::step`] next. Never before the first answer.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A datagram from the server.
    ///
    /// # Errors
    /// [`ClientError::Ended`] when the connection is over.
    pub fn receive(
        &mut self,
        now: Instant,
        (from, datagram): (SocketAddr, &[u8]),
        out: &mut Outbox,
        each: &mut impl FnMut(ClientEvent<'_>),
    ) -> Result<(), ClientError> {
        // What is no datagram of WebRTC is nobody's.
        let Ok(receive) = Receive::new(transport(self.protocol), from, self.address, datagram) else {
            return Ok(());
        };
        let pt = datagram.get(1).map(|second| Pt::from(second & 0x7f));
        self.resent = pt.is_some() && pt == self.resends;
        self.rtc.handle_input(Input::Receive(now, receive))?;
        self.drain(out, each)
    }

    /// Does what is due, and sends what was written.
    ///
    /// # Errors
    /// [`ClientError::Ended`] when the connection is over.
    pub fn step(
        &mut self,
        now: Instant,
        out: &mut Outbox,
        each: &mut impl FnMut(ClientEvent<'_>),
    ) -> Result<(), ClientError> {
        self.rtc.handle_input(Input::Timeout(now))?;
        self.drain(out, each)
    }

    /// A packet to send, with the next [`Client::step`]. What has no line yet, or no stream of its layer, is forgotten.
    pub fn write(&mut self, now: Instant, packet: Outgoing) {
        let Some(own) = self.own.iter().find(|own| own.track == packet.track) else { return };
        let video = packet.track.kind == Kind::Video;
        let Some(pt) = (if video { self.vp8 } else { self.opus }) else { return };
        let rid = own.simulcast.then(|| Rid::from(packet.layer.rid()));
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(own.mid, rid) else { return };
        let extensions = ExtensionValues {
            audio_level: packet.level.map(|level| i8::try_from(level).map_or(i8::MIN, |level| -level)),
            voice_activity: packet.level.map(|level| level < 127),
            ..ExtensionValues::default()
        };
        let write = RtpWrite::new(pt, SeqNo::from(packet.seq), packet.time, now, packet.payload);
        stream.write_rtp(write.marker(packet.marker).ext_vals(extensions).nackable(video));
        self.deadline = Some(now);
    }

    /// Asks the server for a key frame of what a slot shows, with the next [`Client::step`].
    pub fn ask_key_frame(&mut self, now: Instant, slot: SlotIndex) {
        let of_slot = |(kind, index, _): &&(Kind, SlotIndex, Mid)| *kind == Kind::Video && *index == slot;
        let Some((_, _, mid)) = self.slots.iter().find(of_slot) else { return };
        if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(*mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
            self.deadline = Some(now);
        }
    }

    fn drain(&mut self, out: &mut Outbox, each: &mut impl FnMut(ClientEvent<'_>)) -> Result<(), ClientError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(deadline) => {
                    self.deadline = Some(deadline);
                    let over = || ClientError::Ended("the server closed it".to_owned());
                    return if self.rtc.is_alive() { Ok(()) } else { Err(over()) };
                }
                Output::Transmit(transmit) => out.push(transmit.destination, &transmit.contents),
                Output::Event(Event::Connected) => each(ClientEvent::Connected),
                Output::Event(Event::IceConnectionStateChange(state)) if state.is_connected() => {
                    each(ClientEvent::Reached);
                }
                Output::Event(Event::RtpPacket(packet)) => self.tell(&packet, each),
                Output::Event(Event::KeyframeRequest(request)) => {
                    let own = self.own.iter().find(|own| own.mid == request.mid);
                    let layer = request.rid.and_then(|rid| Layer::of_rid(&rid)).unwrap_or(Layer::High);
                    if let Some(own) = own {
                        each(ClientEvent::KeyFrameAsked(own.track, layer));
                    }
                }
                Output::Event(_) => {}
            }
        }
    }

    fn tell(&mut self, packet: &RtpPacket, each: &mut impl FnMut(ClientEvent<'_>)) {
        let ssrc = packet.header.ssrc;
        let found = self.sources.get(&ssrc).copied().or_else(|| {
            let mid = self.rtc.direct_api().stream_rx(&ssrc)?.mid();
            let (kind, slot, _) = self.slots.iter().find(|(.., of)| *of == mid)?;
            self.sources.insert(ssrc, (*kind, *slot));
            Some((*kind, *slot))
        });
        if let Some((kind, slot)) = found {
            each(ClientEvent::Packet(Arrived {
                kind,
                slot,
                seq: *packet.seq_no,
                resent: self.resent,
                payload: &packet.payload,
            }));
        }
    }
}

fn transport(protocol: Protocol) -> str0m::net::Protocol {
    match protocol {
        Protocol::Udp => str0m::net::Protocol::Udp,
        Protocol::Tcp => str0m::net::Protocol::Tcp,
    }
}

fn media_kind(kind: Kind) -> MediaKind {
    match kind {
        Kind::Audio => MediaKind::Audio,
        Kind::Video => MediaKind::Video,
    }
}

fn all_layers() -> Simulcast {
    let mut layers = Simulcast::new();
    for layer in Layer::ALL {
        layers.add_send_layer(SimulcastLayer::new(layer.rid()));
    }
    layers
}
