//! One client's WebRTC connection: the only module that names str0m, whose API breaks in every release.
//!
//! What is fed: datagrams, time, offers and packets to send. What is polled, by [`Connection::step`] and
//! [`Connection::receive`] at once: datagrams to send, events, and the next deadline. What it never does: choose who gets
//! what. A fault inside str0m ends this connection and no other, or this offer: there is a `catch_unwind` around each call into it
//! that the network can cause.

mod answer;
mod av1;
mod challenge;
mod channel;
pub mod client;
mod credentials;
mod crypto;
mod error;
#[cfg_attr(not(feature = "faults"), path = "fault/none.rs")]
pub(crate) mod fault;
mod formats;
mod h264;
mod height;
mod ingress;
mod offer;
mod red;
mod reference;
mod sending;
mod srtp;
mod stun;
#[cfg(test)]
mod testing;
mod vp8;
mod vp9;

use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use str0m::channel::ChannelId;
use str0m::media::Media;
use str0m::net::{Protocol as RtcProtocol, TcpType};
use str0m::{Candidate, IceCreds, Input, Output, Rtc, RtcConfig};

use super::codec::{Codec, CodecSet, Format};
use super::demux::{Path, Protocol};
use super::egress::ring::Stored;
use super::frame::FrameInfo;
use super::ids::{Kind, Layer};
use super::paths::Paths;
use super::rtp::{Extensions, MediaTime, SeqNo};
use super::units;
use crate::faults::Fault;
use reference::Reference;
use sending::Sending;
use srtp::{Watch, Watched};

pub use error::{Ended, Malformed, OfferError};
pub use offer::Offer;
pub use sending::EgressKind;
pub use str0m::media::Mid;
pub use stun::{Check, read_check, whose_answer};
#[cfg(test)]
pub use testing::client_hello;

/// What is due within this is due: epoll waits whole milliseconds, and probes stall the estimator at 4 ms of lateness.
pub(super) const DUE: Duration = Duration::from_millis(1);

/// Steps in one turn after which a connection that is always due again is left for the next turn.
const MOST_STEPS: usize = 256;

/// Sender reports of sound: one a second, as of picture, or lips move for the first five seconds.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

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
    /// Which encoding of its track it is.
    pub layer: Layer,
    /// What it is encoded with.
    pub codec: Codec,
    /// Its place in the sequence.
    pub seq: SeqNo,
    /// When it was captured, on its encoding's clock.
    pub time: MediaTime,
    /// When it arrived.
    pub arrival: Instant,
    /// What it is to its frame.
    pub frame: FrameInfo,
    /// How many lines the picture has, if a key frame begins here and says so.
    pub height: Option<u16>,
    /// What its header says to everybody alike.
    pub extensions: Extensions,
    format: Format,
    marker: bool,
    payload: Arc<[u8]>,
}

impl Packet {
    /// About how many bytes it was on its way: header, extensions and tag are some forty.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payload.len() + 40
    }

    /// The same for another core, with a payload of its own: no two cores count references to the same.
    #[must_use]
    pub fn copied(&self) -> Packet {
        let Packet {
            mid, layer, codec, seq, time, arrival, frame, height, extensions, format, marker, ..
        } = *self;
        let payload = Arc::from(&*self.payload);
        Packet { mid, layer, codec, seq, time, arrival, frame, height, extensions, format, marker, payload }
    }

    /// What of it is kept, for whoever gets it.
    #[must_use]
    pub fn stored(&self) -> Stored {
        Stored {
            payload: self.payload.clone(),
            format: self.format,
            marker: self.marker,
            extensions: self.extensions,
            picture: self.frame.picture,
        }
    }
}

/// What a connection tells.
#[derive(Debug)]
pub enum Event {
    /// A media packet came.
    Packet(Packet),
    /// A sender report came (RFC 3550 section 6.4.1): the low bits of a timestamp of one encoding and the sender's clock for
    /// it. Each encoding has a timestamp base of its own.
    SenderReport {
        /// The m-line.
        mid: Mid,
        /// Which encoding of its track.
        layer: Layer,
        /// The timestamp's low 32 bits.
        time: u32,
        /// The sender's clock for it.
        ntp: SystemTime,
        /// When the report arrived.
        arrival: Instant,
    },
    /// The client needs a key frame on one of its receiving lines.
    KeyFrameWanted(Mid),
    /// A new estimate of the downlink.
    Estimate(units::Bitrate),
    /// ICE and DTLS are up.
    Connected,
    /// The client sent on a data stream that it had not used: over the connection's life it has used so many.
    DataStreams(usize),
    /// The client opened its channel for files.
    FilesOpen,
    /// Bytes came on it.
    FileBytes(Vec<u8>),
}

/// How connections are made.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// Two host candidates for each: UDP and TCP.
    pub candidates: Vec<SocketAddr>,
    /// In front of every ufrag this worker gives out: its number.
    pub worker: u8,
    /// Who seals the RTP that leaves.
    pub egress: EgressKind,
}

/// One client's WebRTC connection.
pub struct Connection {
    rtc: Rtc,
    /// The newest time the connection was given: it must not go backwards.
    clock: Instant,
    /// The ICE user name and password this connection answers to.
    credentials: IceCreds,
    connected: bool,
    /// SRTP or SRTCP was authenticated: the client has finished the handshake too.
    heard: bool,
    /// Of what came with the last datagram something was no use.
    unusable: bool,
    /// A fault left it half done: it ends with its next step.
    ended: Option<Ended>,
    /// Packets sent again since somebody asked.
    resent: u64,
    /// The worker's number.
    worker: u8,
    /// The peer's slab index.
    key: u32,
    /// What the client is called and answers with in ICE.
    client: IceCreds,
    /// Its paths: media goes where the client is, whatever ICE thinks.
    paths: Paths,
    /// Keys, sources, replays.
    srtp: srtp::Srtp,
    /// How RTP leaves.
    sending: Sending,
    /// Payload types, as negotiated.
    formats: Box<formats::Negotiated>,
    /// The channel that files go over, once it is open.
    files: Option<ChannelId>,
    /// What is to go wrong next.
    fault: fault::Pending,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("ufrag", &self.credentials.ufrag)
            .field("connected", &self.connected)
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}

/// What came of a datagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Received {
    /// It held SRTP or SRTCP that was authenticated.
    pub authenticated: bool,
    /// It held media that is none: of a layer or in a format that was not negotiated, or cut short.
    pub unusable: bool,
    /// It held SRTCP that is no RTCP.
    pub malformed: bool,
}

impl Connection {
    /// A connection that waits for its first offer. `key` is the peer's slab index, for the ufrag.
    ///
    /// # Errors
    /// [`Ended`] if an announced address cannot be a candidate.
    pub fn new(config: &ConnectionConfig, key: u32, now: Instant) -> Result<Connection, Ended> {
        guarded(|| Connection::build(config, key, now))?
    }

    fn build(config: &ConnectionConfig, key: u32, now: Instant) -> Result<Connection, Ended> {
        let credentials = credentials::draw(config.worker, key)?;
        let mut rtc_config = RtcConfig::new()
            .set_rtp_mode(true)
            .set_ice_lite(true)
            .set_crypto_provider(srtp::provider())
            .set_local_ice_credentials(credentials.clone())
            .enable_bwe((config.egress == EgressKind::Rtc).then_some(reference::FIRST_ESTIMATE))
            .set_rtcp_report_interval_audio(REPORT_INTERVAL)
            .set_rtcp_report_interval_video(REPORT_INTERVAL)
            .clear_codecs();
        formats::configure(rtc_config.codec_config());
        if let Some(certificate) = crypto::certificate() {
            rtc_config = rtc_config.set_dtls_cert(certificate);
        }
        let mut rtc = rtc_config.build(now);
        for candidate in candidates(&config.candidates)? {
            rtc.add_local_candidate(candidate);
        }
        let mut connection = Connection {
            rtc,
            clock: now,
            credentials,
            connected: false,
            heard: false,
            unusable: false,
            ended: None,
            resent: 0,
            worker: config.worker,
            key,
            client: IceCreds { ufrag: String::new(), pass: String::new() },
            paths: Paths::default(),
            srtp: srtp::Srtp::default(),
            sending: Sending::new(config.egress, now),
            formats: Box::default(),
            files: None,
            fault: fault::Pending::default(),
        };
        if config.egress == EgressKind::Rtc {
            Reference::rest(&mut connection.rtc);
        }
        Ok(connection)
    }

    /// Accepts an offer. After an error the connection must not be used any more: str0m may have taken half of it.
    ///
    /// # Errors
    /// [`Ended`] with the reason.
    pub fn accept(&mut self, offer: Offer) -> Result<String, Ended> {
        guarded(|| self.answer(offer))?
    }

    fn answer(&mut self, offer: Offer) -> Result<String, Ended> {
        let Offer { tracks, slots, red, sdp } = offer;
        let lines = tracks.iter().map(|track| (&track.mid, track.kind));
        for (mid, kind) in lines.chain(slots.iter().map(|slot| (&slot.mid, slot.kind))) {
            let mid = Mid::from(mid.as_str());
            // str0m would go on with the sources the line has, as what it was.
            if self.rtc.media(mid).is_some_and(|line| line.kind().is_audio() != (kind == Kind::Audio)) {
                return Err(Ended::OtherKind(mid));
            }
        }
        #[expect(clippy::redundant_closure_for_method_calls, reason = "str0m gives the type no name outside")]
        let of_lines = || sdp.media_lines.iter().find_map(|line| line.ice_creds());
        let client = sdp.session.ice_creds().or_else(of_lines);
        self.lend_lines();
        let answer = self.rtc.sdp_api().accept_offer(sdp).map_err(|e| Ended::Negotiation(e.to_string()))?;
        self.client = client.ok_or(Ended::NoIceCredentials)?;
        self.renew_credentials()?;
        self.fault.trip(Fault::PanicOnAccept);
        let line = |mid: &str| self.rtc.media(Mid::from(mid)).filter(|line| !line.stopped());
        let sending: Vec<&Media> = tracks.iter().filter_map(|track| line(&track.mid)).collect();
        let receiving: Vec<&Media> = slots.iter().filter_map(|slot| line(&slot.mid)).collect();
        *self.formats = formats::Negotiated::read(self.rtc.codec_config(), &sending, &receiving);
        let red = red.filter(|red| self.seals() && self.formats.take_red(*red));
        let lines = tracks.iter().map(|track| &track.mid).chain(slots.iter().map(|slot| &slot.mid));
        self.take_lines(lines.map(|mid| Mid::from(mid.as_str())));
        let answer = answer::edit(&answer.to_sdp_string(), &self.credentials);
        Ok(if let Some(red) = red { red.add(&answer) } else { answer })
    }

    /// What the client can encode on its own lines, and decode on its receiving ones, as negotiated.
    #[must_use]
    pub fn codecs(&self) -> (CodecSet, CodecSet) {
        self.formats.codecs()
    }

    /// The ICE user name STUN for this connection carries; another one after an ICE restart.
    #[must_use]
    pub fn ufrag(&self) -> &str {
        &self.credentials.ufrag
    }

    /// ICE and DTLS are up.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connected
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
        guarded(|| {
            // The handshake may end in here, for the last time without a datagram.
            let watch = self.srtp.lacks_keys().then(|| Watch::begin(&[], false));
            let stepped = self.step_until_idle(now, out, events);
            if let Some(watch) = watch {
                self.note(&[], watch.end());
            }
            stepped
        })?
    }

    fn step_until_idle(
        &mut self,
        now: Instant,
        out: &mut Vec<Transmit>,
        events: &mut Vec<Event>,
    ) -> Result<Instant, Ended> {
        if let Some(fault) = self.ended.take() {
            return Err(fault);
        }
        let mut at = now;
        for _ in 0..MOST_STEPS {
            self.clock = self.clock.max(at);
            let input = Input::Timeout(self.clock);
            self.rtc.handle_input(input)?;
            let deadline = self.drain(out, events)?;
            self.challenge(now, out);
            let deadline = self.paths.due().map_or(deadline, |due| deadline.min(due));
            if deadline > now + DUE {
                return Ok(deadline);
            }
            at = deadline.max(now);
        }
        Ok(now + DUE)
    }

    /// Takes note of what passed the cryptography while str0m was given `datagram`.
    fn note(&mut self, datagram: &[u8], watched: Watched) {
        let sealer = self.srtp.note(datagram, watched);
        if let (Sending::Own(own), Some(sealer)) = (&mut self.sending, sealer) {
            own.egress.keys(sealer);
        }
    }

    fn drain(&mut self, out: &mut Vec<Transmit>, events: &mut Vec<Event>) -> Result<Instant, Ended> {
        loop {
            let output = self.rtc.poll_output()?;
            if srtp::take_repeated() {
                return Err(Ended::RepeatedNonce);
            }
            match output {
                Output::Timeout(deadline) if self.rtc.is_alive() => return Ok(deadline),
                Output::Timeout(_) => return Err(Ended::Closed),
                Output::Transmit(transmit) => {
                    let protocol = match transmit.proto {
                        RtcProtocol::Udp => Protocol::Udp,
                        _ => Protocol::Tcp,
                    };
                    let asked = Path { protocol, remote: transmit.destination, local: transmit.source };
                    let contents = Vec::from(transmit.contents);
                    if let Some(path) = self.path_of(asked, &contents) {
                        self.resent += u64::from(self.formats.is_resend(&contents));
                        out.push(Transmit { path, contents });
                    }
                }
                Output::Event(event) => self.translate(event, events),
            }
        }
    }
}

/// Over UDP, and over TCP for networks that let nothing else out: we listen, the client connects (RFC 6544). The type
/// preference of the second kind is lower (90 against 126; section 4.2), whatever the rest of a priority says.
fn candidates(addresses: &[SocketAddr]) -> Result<Vec<Candidate>, Ended> {
    let udp = addresses.iter().map(|address| (address, Candidate::builder().udp().host(*address).build()));
    let tcp = addresses.iter().map(|address| {
        let passive = Candidate::builder().tcp().host(*address).tcptype(TcpType::Passive);
        (address, passive.build())
    });
    udp.chain(tcp).map(|(address, made)| made.map_err(|e| Ended::Address(*address, e.to_string()))).collect()
}

/// Runs `work`; a panic inside is the end of this connection only.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Ended> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Ended::Panic)
}

#[cfg(test)]
mod tests;
