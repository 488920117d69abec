//! One client's WebRTC connection: the only module that names str0m, whose API breaks in every release.
//!
//! What is fed: datagrams, time, offers and packets to send. What is polled, by [`Connection::step`] and
//! [`Connection::receive`] at once: datagrams to send, events, and the next deadline. What it never does: choose who gets
//! what. A fault inside str0m ends this connection and no other (`catch_unwind` around every call).

mod answer;
mod crypto;
mod estimator;
mod offer;
mod replay;
mod stun;
mod vp8;

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustc_hash::FxHashMap;
use str0m::bwe::{Bitrate, BweKind};
use str0m::format::Codec as Str0mCodec;
use str0m::media::KeyframeRequestKind;
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, Event as RtcEvent, IceCreds, Input, Output, Rtc, RtcConfig};

use super::demux::{DatagramKind, Path};
use super::forward::Leaving;
use super::frame::FrameInfo;
use crate::limits::{Limit, Limits, Tally};

pub use offer::{Offer, OfferError};
pub use str0m::media::Mid;
pub(super) use stun::local_ufrag;

/// What is due within this is due: epoll waits whole milliseconds, and probes stall the estimator at 4 ms of lateness.
pub(super) const DUE: Duration = Duration::from_millis(1);

/// Steps in one turn after which a connection that is always due again is left for the next turn.
const MOST_STEPS: usize = 256;

/// Sender reports of sound: one a second, as of picture, or lips move for the first five seconds.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What a track is encoded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Opus (RFC 7587), 48,000 ticks a second.
    Opus,
    /// VP8 (RFC 7741), 90,000 ticks a second.
    Vp8,
}

impl Codec {
    const ALL: [Codec; 2] = [Codec::Opus, Codec::Vp8];

    fn of(codec: Str0mCodec) -> Option<Codec> {
        match codec {
            Str0mCodec::Opus => Some(Codec::Opus),
            Str0mCodec::Vp8 => Some(Codec::Vp8),
            _ => None,
        }
    }

    /// Ticks a second of its RTP clock.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::Vp8 => 90_000,
        }
    }
}

/// A datagram to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// From our announced address, to the client's.
    pub path: Path,
    /// The datagram.
    pub contents: Vec<u8>,
}

/// A media packet that arrived, decrypted and with its retransmission undone.
#[derive(Debug)]
pub struct Packet {
    /// The m-line it came on.
    pub mid: Mid,
    /// What it is encoded with.
    pub codec: Codec,
    /// Sequence number, extended over wraps.
    pub seq: u64,
    /// RTP timestamp, extended over wraps.
    pub time: u64,
    /// When it arrived.
    pub arrival: Instant,
    /// What it is to its frame.
    pub frame: FrameInfo,
    /// Level of the sound in dB below full scale, 0 to 127 (RFC 6464).
    pub level: Option<u8>,
    marker: bool,
    payload: Arc<[u8]>,
    extensions: ExtensionValues,
}

/// What a connection tells.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every event is a packet, and a box would be an allocation each"
)]
pub enum Event {
    /// A media packet came.
    Packet(Packet),
    /// A sender report came: the low bits of a timestamp of the m-line and the sender's clock for it.
    Report {
        /// The m-line.
        mid: Mid,
        /// The timestamp's low 32 bits.
        time: u32,
        /// The sender's clock for it.
        ntp: SystemTime,
        /// When the report arrived.
        arrival: Instant,
    },
    /// The client needs a key frame on one of its receiving lines.
    KeyFrameWanted(Mid),
    /// A new estimate of the downlink in bits per second.
    Estimate(u64),
    /// ICE and DTLS are up.
    Connected,
}

/// The connection is over; the client must build a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended(pub String);

/// How connections are made.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// One host candidate for each.
    pub candidates: Vec<SocketAddr>,
    /// In front of every ufrag this worker gives out: its number.
    pub worker: u8,
}

/// One client's WebRTC connection.
pub struct Connection {
    rtc: Rtc,
    /// The newest time the connection was given: it must not go backwards.
    clock: Instant,
    /// The ICE user name this connection answers to.
    ufrag: String,
    password: String,
    connected: bool,
    /// SRTP or SRTCP was authenticated: the client has finished the handshake too.
    heard: bool,
    /// No picture is sent since then: the estimator rests.
    parked: Option<Instant>,
    /// The last estimate before the estimator was parked.
    estimate: Option<Bitrate>,
    /// Where the last authenticated SRTP or SRTCP came from, before that the handshake: media goes there, whatever ICE
    /// thinks.
    egress: Option<Path>,
    /// What SRTCP came already.
    replays: replay::Replays,
    /// Which m-line each source is on, once known.
    sources: FxHashMap<u32, Option<Mid>>,
    /// The payload type of each codec, as negotiated.
    payload_types: Vec<(Codec, str0m::media::Pt)>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("ufrag", &self.ufrag)
            .field("connected", &self.connected)
            .field("egress", &self.egress)
            .finish_non_exhaustive()
    }
}

/// What came of a datagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Received {
    /// It held SRTP or SRTCP that was authenticated.
    pub authenticated: bool,
}

impl Connection {
    /// A connection that waits for its first offer. `key` is the peer's slab index, for the ufrag.
    ///
    /// # Errors
    /// [`Ended`] if an announced address cannot be a candidate.
    pub fn new(config: &ConnectionConfig, key: u32, now: Instant) -> Result<Connection, Ended> {
        let random = IceCreds::new();
        let creds = IceCreds {
            // Worker and slab index, then random: names the owner to whoever sees only the datagram.
            ufrag: format!("{:02x}{key:06x}{}", config.worker, random.ufrag),
            pass: random.pass,
        };
        let mut rtc_config = RtcConfig::new()
            .set_rtp_mode(true)
            .set_ice_lite(true)
            .set_crypto_provider(crypto::provider())
            .set_local_ice_credentials(creds.clone())
            .enable_bwe(Some(estimator::FIRST_ESTIMATE))
            .set_rtcp_report_interval_audio(REPORT_INTERVAL)
            .set_rtcp_report_interval_video(REPORT_INTERVAL)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true);
        if let Some(certificate) = crypto::certificate() {
            rtc_config = rtc_config.set_dtls_cert(certificate);
        }
        let mut rtc = rtc_config.build(now);
        for address in &config.candidates {
            let candidate = Candidate::host(*address, "udp")
                .map_err(|e| Ended(format!("{address} cannot be announced: {e}")))?;
            rtc.add_local_candidate(candidate);
        }
        let mut connection = Connection {
            rtc,
            clock: now,
            ufrag: creds.ufrag,
            password: creds.pass,
            connected: false,
            heard: false,
            parked: None,
            estimate: None,
            egress: None,
            replays: replay::Replays::default(),
            sources: FxHashMap::default(),
            payload_types: Vec::new(),
        };
        connection.set_desired_bitrate(0);
        Ok(connection)
    }

    /// Accepts an offer. After an error the connection must not be used any more: str0m may have taken half of it.
    ///
    /// # Errors
    /// [`Ended`] with the reason.
    pub fn accept(&mut self, offer: Offer) -> Result<String, Ended> {
        let answer =
            guarded(|| self.rtc.sdp_api().accept_offer(offer.sdp))?.map_err(|e| Ended(e.to_string()))?;
        self.learn_credentials();
        self.payload_types = Codec::ALL
            .iter()
            .filter_map(|codec| {
                let config = self.rtc.codec_config();
                let params = config.find(|params| Codec::of(params.spec().codec) == Some(*codec))?;
                Some((*codec, params.pt()))
            })
            .collect();
        Ok(answer::edit(&answer.to_sdp_string()))
    }

    /// After an ICE restart by the client str0m has credentials of its own making.
    fn learn_credentials(&mut self) {
        let IceCreds { ufrag, pass } = self.rtc.direct_api().local_ice_credentials();
        (self.ufrag, self.password) = (ufrag, pass);
    }

    /// The ICE user name STUN for this connection carries; another one after an ICE restart.
    #[must_use]
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// Whether the request was made with this connection's password (RFC 8489 section 9.1).
    #[must_use]
    pub fn authenticates(&self, datagram: &[u8]) -> bool {
        stun::authenticates(datagram, &self.password)
    }

    /// ICE and DTLS are up.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connected
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
        self.clock = self.clock.max(now);
        let before = crypto::authenticated();
        let input = Receive::new(Protocol::Udp, path.remote, path.local, datagram);
        if let Ok(receive) = input {
            let input = Input::Receive(self.clock, receive);
            // An error here is about the datagram or the DTLS handshake; whether the connection is over shows when polled.
            if let Err(e) = guarded(|| self.rtc.handle_input(input))? {
                log::debug!("a datagram from {} was refused: {e}", path.remote);
            }
        }
        let deadline = self.drain(out, events)?;
        let authenticated =
            crypto::authenticated() != before && DatagramKind::of(datagram) == DatagramKind::Srtp;
        if authenticated && is_rtcp(datagram) {
            self.replays.note(datagram, crypto::bytes_after_index());
        }
        // Before there is SRTP the handshake answers to where it comes from: ICE would send to an address that a NAT took
        // away until it times out, and the handshake with it.
        self.heard |= authenticated;
        let shakes = !self.heard && DatagramKind::of(datagram) == DatagramKind::Dtls;
        if (authenticated || shakes) && self.egress != Some(path) {
            self.egress = Some(path);
        }
        Ok((Received { authenticated }, deadline))
    }

    /// Does everything that is due at `now`.
    ///
    /// # Errors
    /// [`Ended`] if the connection is over.
    pub fn step(
        &mut self,
        now: Instant,
        out: &mut Vec<Transmit>,
        events: &mut Vec<Event>,
    ) -> Result<Instant, Ended> {
        let mut at = now;
        for _ in 0..MOST_STEPS {
            self.clock = self.clock.max(at);
            let input = Input::Timeout(self.clock);
            guarded(|| self.rtc.handle_input(input))?.map_err(|e| Ended(e.to_string()))?;
            let deadline = self.drain(out, events)?;
            if deadline > now + DUE {
                return Ok(deadline);
            }
            at = deadline.max(now);
        }
        Ok(now + DUE)
    }

    fn drain(&mut self, out: &mut Vec<Transmit>, events: &mut Vec<Event>) -> Result<Instant, Ended> {
        loop {
            let output = guarded(|| self.rtc.poll_output())?.map_err(|e| Ended(e.to_string()))?;
            match output {
                Output::Timeout(deadline) if self.rtc.is_alive() => return Ok(deadline),
                Output::Timeout(_) => return Err(Ended("the client closed it".into())),
                Output::Transmit(transmit) => {
                    let asked = Path { remote: transmit.destination, local: transmit.source };
                    let contents = Vec::from(transmit.contents);
                    let path = match DatagramKind::of(&contents) {
                        DatagramKind::Stun => asked,
                        _ => self.egress.unwrap_or(asked),
                    };
                    out.push(Transmit { path, contents });
                }
                Output::Event(event) => self.translate(event, events),
            }
        }
    }

    fn translate(&mut self, event: RtcEvent, events: &mut Vec<Event>) {
        match event {
            RtcEvent::RtpPacket(packet) => events.extend(self.packet(packet).map(Event::Packet)),
            RtcEvent::SenderFeedback(report) => events.push(Event::Report {
                mid: report.mid,
                #[expect(clippy::cast_possible_truncation, reason = "the low bits are what a report has")]
                time: report.sender_info.rtp_time.numer() as u32,
                ntp: report.sender_info.ntp_time,
                arrival: report.received_at,
            }),
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
        let ssrc = packet.header.ssrc;
        let known = self.sources.get(&ssrc).copied().flatten();
        let mid = if let Some(mid) = known {
            mid
        } else {
            let mid = self.rtc.direct_api().stream_rx(&ssrc)?.mid();
            self.sources.insert(*ssrc, Some(mid));
            mid
        };
        let pt = packet.header.payload_type;
        let (codec, _) = self.payload_types.iter().find(|(_, known)| *known == pt).copied()?;
        let marker = packet.header.marker;
        let frame = match codec {
            Codec::Opus => FrameInfo::audio(),
            Codec::Vp8 => vp8::frame_info(&packet.payload, marker)?,
        };
        let level = packet.header.ext_vals.audio_level;
        Some(Packet {
            mid,
            codec,
            seq: *packet.seq_no,
            time: packet.time.numer(),
            arrival: packet.timestamp,
            frame,
            level: level.map(|level| level.unsigned_abs().min(127)),
            marker,
            payload: packet.payload,
            extensions: forwarded(&packet.header.ext_vals),
        })
    }

    /// Whether a media packet may come in: it was not here before, and a peer has only so many sources. str0m makes
    /// state for a source before it authenticated anything.
    pub fn admits(&mut self, datagram: &[u8], limits: &Limits, tally: &mut Tally) -> bool {
        if is_rtcp(datagram) {
            return !self.replays.refuse(datagram);
        }
        let Some(ssrc) = datagram.get(8..12).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else {
            return false;
        };
        let ssrc = u32::from_be_bytes(ssrc);
        if self.sources.contains_key(&ssrc) {
            return true;
        }
        if self.sources.len() >= limits.get(Limit::SsrcsPerPeer) {
            tally.hit(Limit::SsrcsPerPeer);
            return false;
        }
        self.sources.insert(ssrc, None);
        true
    }

    /// The source that the slot on `mid` sends with, for [`Connection::write`]. `None` if the client does not receive on
    /// that line. Picture is not paced: an allocator that keeps within the estimate is what pacing is for.
    pub fn sender(&mut self, mid: Mid) -> Option<u32> {
        let sends = self.rtc.media(mid)?.direction().is_sending();
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).filter(|_| sends)?;
        stream.set_unpaced(true);
        Some(*stream.ssrc())
    }

    /// Hands a packet to a slot. It leaves with the next [`Connection::step`].
    ///
    /// # Errors
    /// [`Ended`] if the connection is over.
    pub fn write(&mut self, ssrc: u32, packet: &Packet, leaving: &Leaving) -> Result<(), Ended> {
        let codec = packet.codec;
        let Some((_, pt)) = self.payload_types.iter().find(|(known, _)| *known == codec) else {
            return Ok(());
        };
        let pt = *pt;
        guarded(|| {
            let mut api = self.rtc.direct_api();
            let Some(stream) = api.stream_tx(&ssrc.into()) else { return };
            #[expect(clippy::cast_possible_truncation, reason = "RTP timestamps wrap")]
            let time = leaving.time as u32;
            let payload = packet.payload.clone();
            let mut rtp = RtpWrite::new(pt, SeqNo::from(leaving.seq), time, leaving.wallclock, payload)
                .marker(packet.marker)
                .nackable(codec != Codec::Opus)
                .ext_vals(packet.extensions.clone());
            if let Some(picture) = leaving.picture
                && let Some(patch) = vp8::patch(&packet.payload, picture)
            {
                rtp = rtp.vp8_patch(patch);
            }
            stream.write_rtp(rtp);
        })
    }

    /// Asks the client for a key frame on one of its sending lines. False if nothing was received on it yet.
    pub fn request_key_frame(&mut self, mid: Mid) -> bool {
        match self.rtc.direct_api().stream_rx_by_mid(mid, None) {
            Some(stream) => {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                true
            }
            None => false,
        }
    }
}

/// Whether SRTP or SRTCP is SRTCP (RFC 5761 section 4).
fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|second| (64..96).contains(&(second & 0x7f)))
}

/// The extensions of a packet that mean the same to a subscriber: never the publisher's mid, rid or transport numbers.
fn forwarded(theirs: &ExtensionValues) -> ExtensionValues {
    ExtensionValues {
        audio_level: theirs.audio_level,
        voice_activity: theirs.voice_activity,
        video_orientation: theirs.video_orientation,
        abs_capture_time: theirs.abs_capture_time,
        play_delay_min: theirs.play_delay_min,
        play_delay_max: theirs.play_delay_max,
        ..ExtensionValues::default()
    }
}

/// Runs `work`; a panic inside is the end of this connection only.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Ended> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Ended("a fault inside the connection".into()))
}
