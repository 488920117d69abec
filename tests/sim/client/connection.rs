//! A browser's peer connection, played by str0m: offers, sends from camera, screen and microphone, receives on slots.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use plenary::media::codec::Codec;
use plenary::media::ids::{Kind, Layer, OfferId, PeerId};
use plenary::media::message::{SlotLine, TrackLine};
use str0m::bwe::{Bitrate, BweKind};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::files::Files;
use super::forger::Forger;
use super::keyring::Keyring;
use super::lines::{codec_of, in_sizes, slot, track};
use crate::payload::Stamp;
use crate::receiver::{Line, Receiver};
use crate::rng::Rng;
use crate::sender::{Camera, Maker, Microphone, Picture, Says, Sent};

/// A datagram that leaves a client.
#[derive(Debug)]
pub struct Datagram {
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// What a browser takes its uplink to hold before it has measured.
const FIRST_ESTIMATE: Bitrate = Bitrate::kbps(300);

/// Every codec of pictures there is.
pub const EVERY_CODEC: &[Codec] = &[Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1];

/// What a client sends and receives.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing a page does or does not")]
pub struct Profile {
    pub camera: Option<Picture>,
    /// The camera is sent in three sizes.
    pub simulcast: bool,
    /// Its frames vary as a browser's do, and follow what is asked for and what its uplink is thought to hold.
    pub adapts: bool,
    /// What it can encode and decode.
    pub codecs: &'static [Codec],
    /// The microphone, if there is one, and what it hears.
    pub microphone: Option<Says>,
    /// Receiving lines: audio+video pairs, and audio-only ones.
    pub pairs: u8,
    pub audio_only: u8,
    /// Video lines of the first offer.
    pub video: u8,
    /// Asks for more video slots as people come.
    pub grows: bool,
    /// There is a connection at all; without, only messages are exchanged.
    pub media: bool,
    /// Its network lets no UDP out.
    pub over_tcp: bool,
    /// It is no browser: what it sends can be made up, see [`Forger`].
    pub forges: bool,
}

impl Profile {
    /// What the page asks for: five pairs and three more voices.
    pub const PAGE: Profile = Profile {
        camera: Some(Picture::SMALL),
        simulcast: false,
        adapts: false,
        codecs: &[Codec::Vp8],
        microphone: Some(Says::Words(30)),
        pairs: 5,
        audio_only: 3,
        video: 5,
        grows: true,
        media: true,
        over_tcp: false,
        forges: false,
    };

    /// Somebody who listens in silence, without a camera.
    pub const LISTENER: Profile = Profile { camera: None, microphone: Some(Says::Nothing), ..Profile::PAGE };

    /// A page on a strong machine: the camera in three sizes.
    pub const SIMULCAST: Profile = Profile { simulcast: true, ..Profile::PAGE };

    /// The same with what a real camera makes, and an uplink estimate.
    pub const BROWSER: Profile = Profile { camera: Some(Picture::REAL), adapts: true, ..Profile::SIMULCAST };
}

/// What was agreed on, for whoever judges what is sent to the connection, also when it is gone.
#[derive(Debug, Clone, Default)]
pub struct Agreed {
    pub keys: Keyring,
    /// The answers that came, in their order.
    pub answers: Rc<RefCell<Vec<String>>>,
}

/// Changes a packet that is about to be sent.
pub type Twist = Box<dyn FnMut(&mut Sent)>;

/// One connection.
pub struct Connection {
    pub(super) rtc: Rtc,
    pub address: SocketAddr,
    protocol: Protocol,
    pub(super) offered: Option<(OfferId, SdpPendingOffer)>,
    tracks: Vec<TrackLine>,
    pub(super) slots: Vec<SlotLine>,
    pub cameras: Vec<(Mid, Camera)>,
    pub microphones: Vec<(Mid, Microphone)>,
    pub lines: Vec<(Mid, Line)>,
    /// Sources of which pictures or sounds came, and not only what fills or what comes again.
    pub main: BTreeSet<u32>,
    pub connected: bool,
    pub answered: bool,
    pub alive: bool,
    pub agreed: Agreed,
    pub forger: Option<Forger>,
    pub files: Files,
    /// Changes what is about to be sent, as no browser would.
    pub twist: Option<Twist>,
    deadline: Instant,
    out: Vec<Datagram>,
}

impl Connection {
    /// A new connection, with its first offer still to be made.
    pub fn new(now: Instant, address: SocketAddr, profile: &Profile) -> Connection {
        let can = |codec| profile.codecs.contains(&codec);
        let mut config = RtcConfig::new()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(can(Codec::Vp8))
            .enable_h264(can(Codec::H264))
            .enable_vp9(can(Codec::Vp9))
            .enable_av1(can(Codec::Av1))
            .set_rtcp_report_interval_audio(Duration::from_secs(1));
        let agreed = Agreed::default();
        let forger = profile.forges.then(|| Forger::new(agreed.keys.clone()));
        config = config.set_crypto_provider(agreed.keys.provider());
        if profile.adapts {
            config = config.enable_bwe(Some(FIRST_ESTIMATE));
        }
        let mut rtc = config.build(now);
        let protocol = if profile.over_tcp { Protocol::Tcp } else { Protocol::Udp };
        rtc.add_local_candidate(Candidate::host(address, protocol).expect("a host address"));
        rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::ZERO);
        Connection {
            rtc,
            address,
            protocol,
            offered: None,
            tracks: Vec::new(),
            slots: Vec::new(),
            cameras: Vec::new(),
            microphones: Vec::new(),
            lines: Vec::new(),
            main: BTreeSet::new(),
            connected: false,
            answered: false,
            alive: true,
            agreed,
            forger,
            files: Files::default(),
            twist: None,
            deadline: now,
            out: Vec::new(),
        }
    }

    /// The first offer: a data channel, the own lines, the slots.
    pub fn first_offer(
        &mut self,
        now: Instant,
        id: OfferId,
        maker: Maker,
        profile: &Profile,
        rng: &mut Rng,
    ) -> String {
        let mut changes = self.rtc.sdp_api();
        changes.add_channel("control".into());
        if let Some(says) = profile.microphone {
            let mid =
                changes.add_media(MediaKind::Audio, Direction::SendOnly, Some("own".into()), None, None);
            self.tracks.push(track(mid, maker.stream, Kind::Audio));
            self.microphones.push((mid, Microphone::new(maker, says, now, rng)));
        }
        if let Some(picture) = profile.camera {
            let sizes = profile.simulcast.then(|| in_sizes(&Layer::ALL));
            let mid =
                changes.add_media(MediaKind::Video, Direction::SendOnly, Some("own".into()), None, sizes);
            self.tracks.push(track(mid, maker.stream, Kind::Video));
            let camera = if profile.adapts {
                let first = FIRST_ESTIMATE.as_u64();
                Camera::adaptive(maker, (picture.fps, profile.simulcast), first, (now, rng))
            } else {
                Camera::new(maker, picture, profile.simulcast, now, rng)
            };
            self.cameras.push((mid, camera));
        }
        for number in 0..profile.pairs + profile.audio_only {
            let audio = changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
            self.slots.push(slot(audio, Kind::Audio, number));
            self.lines.push((audio, Line::new(Kind::Audio, number)));
        }
        for number in 0..profile.video {
            let video = changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
            self.slots.push(slot(video, Kind::Video, number));
            self.lines.push((video, Line::new(Kind::Video, number)));
        }
        let (offer, pending) = changes.apply().expect("a first offer changes something");
        self.offered = Some((id, pending));
        offer.to_sdp_string()
    }

    /// An offer with more video slots.
    pub fn grow(&mut self, id: OfferId, video: u8) -> Option<String> {
        let mut changes = self.rtc.sdp_api();
        for number in self.lines.iter().filter(|(_, line)| line.kind() == Kind::Video).count() as u8..video {
            let mid = changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
            self.slots.push(slot(mid, Kind::Video, number));
            self.lines.push((mid, Line::new(Kind::Video, number)));
        }
        let (offer, pending) = changes.apply()?;
        self.offered = Some((id, pending));
        Some(offer.to_sdp_string())
    }

    /// An offer with two more lines of our own: a screen and its sound.
    pub fn share(&mut self, now: Instant, id: OfferId, maker: Maker, twice: bool, rng: &mut Rng) -> String {
        let mut changes = self.rtc.sdp_api();
        let stream = || Some("screen".into());
        let audio = changes.add_media(MediaKind::Audio, Direction::SendOnly, stream(), None, None);
        let sizes = twice.then(|| in_sizes(&Layer::ALL[1..]));
        let video = changes.add_media(MediaKind::Video, Direction::SendOnly, stream(), None, sizes);
        self.tracks.push(track(audio, maker.stream, Kind::Audio));
        self.tracks.push(track(video, maker.stream, Kind::Video));
        self.microphones.push((audio, Microphone::new(maker, Says::Words(35), now, rng)));
        self.cameras.push((video, Camera::screen(maker, Picture::SCREEN, twice, now, rng)));
        let (offer, pending) = changes.apply().expect("two lines are a change");
        self.offered = Some((id, pending));
        offer.to_sdp_string()
    }

    /// An offer that restarts ICE, from `address` on.
    pub fn restart_ice(&mut self, id: OfferId, address: SocketAddr) -> String {
        let keep = self.address == address;
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(keep);
        let (offer, pending) = changes.apply().expect("a restart changes something");
        self.offered = Some((id, pending));
        if !keep {
            self.address = address;
        }
        offer.to_sdp_string()
    }

    pub fn lines_of_offer(&self) -> (Vec<TrackLine>, Vec<SlotLine>) {
        (self.tracks.clone(), self.slots.clone())
    }

    /// The offer that waits for its answer.
    pub fn pending_offer(&self) -> Option<OfferId> {
        self.offered.as_ref().map(|(id, _)| *id)
    }

    /// The answer to an offer. A stale one is dropped.
    pub fn answer(&mut self, now: Instant, id: OfferId, sdp: &str) {
        self.agreed.answers.borrow_mut().push(sdp.to_owned());
        let Some((_, pending)) = self.offered.take_if(|(offered, _)| *offered == id) else { return };
        let answer = SdpAnswer::from_sdp_string(sdp).expect("the server's answer is a session description");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("the client takes the answer");
        if !self.answered {
            self.answered = true;
        } else if let Ok(candidate) = Candidate::host(self.address, self.protocol) {
            // After a restart from another address it has to be told again; a known one is not taken twice.
            self.rtc.add_local_candidate(candidate);
        }
        self.deadline = now;
    }

    pub fn wakes(&self) -> Instant {
        if !self.answered {
            return self.deadline + Duration::from_secs(3_600);
        }
        let stuck = self.lines.iter().filter_map(|(_, line)| Receiver::stuck_deadline(line));
        let cameras = self.cameras.iter().map(|(_, camera)| camera.wakes());
        let sources = cameras.chain(self.microphones.iter().map(|(_, mic)| mic.wakes()));
        let sources = sources.filter(|_| self.connected);
        sources.chain(stuck).chain([self.deadline]).min().unwrap_or(self.deadline)
    }

    /// Makes what is to be made by now, and does what is due.
    pub fn run(&mut self, now: Instant, receiver: &mut Receiver, who: &impl Fn(u16) -> Option<PeerId>) {
        if !self.answered || !self.alive {
            return;
        }
        for (mid, line) in &mut self.lines {
            if Receiver::asks_for_key_frame(now, line)
                && let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(*mid, None)
            {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                receiver.requests += 1;
            }
        }
        self.send(now);
        loop {
            self.alive &= self.rtc.handle_input(Input::Timeout(now)).is_ok();
            self.drain(now, receiver, who);
            if self.deadline > now || !self.alive {
                return;
            }
        }
    }

    fn send(&mut self, now: Instant) {
        if !self.connected {
            return;
        }
        let mut made = Vec::new();
        for (mid, camera) in &mut self.cameras {
            let mut sent = Vec::new();
            camera.due(now, &mut sent);
            made.extend(sent.into_iter().map(|packet| (*mid, packet)));
        }
        for (mid, microphone) in &mut self.microphones {
            let mut sent = Vec::new();
            microphone.due(now, &mut sent);
            made.extend(sent.into_iter().map(|packet| (*mid, packet)));
        }
        for (mid, packet) in made {
            self.write(now, mid, packet);
        }
    }

    fn write(&mut self, now: Instant, mid: Mid, mut packet: Sent) {
        if let Some(twist) = &mut self.twist {
            twist(&mut packet);
        }
        let pt = self.payload_type(packet.codec);
        let mut api = self.rtc.direct_api();
        let rid = packet.rid.map(|layer| Rid::from(layer.rid()));
        // A line whose answer is still on its way.
        let Some(stream) = api.stream_tx_by_mid(mid, rid) else { return };
        let extensions = ExtensionValues {
            audio_level: packet.level.map(|level| -i8::try_from(level).unwrap_or(127)),
            voice_activity: packet.level.map(|level| level < 127),
            ..ExtensionValues::default()
        };
        let nackable = packet.codec != Codec::Opus;
        let write = RtpWrite::new(pt, SeqNo::from(packet.seq), packet.time, now, packet.payload);
        stream.write_rtp(write.marker(packet.marker).ext_vals(extensions).nackable(nackable));
    }

    fn payload_type(&self, codec: Codec) -> Pt {
        let config = self.rtc.codec_config();
        config.find(|params| codec_of(params) == Some(codec)).expect("the codec is negotiated").pt()
    }

    /// A datagram from the server.
    pub fn receive(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8],
        receiver: &mut Receiver,
        who: &impl Fn(u16) -> Option<PeerId>,
    ) {
        let Ok(receive) = Receive::new(self.protocol, from, self.address, bytes) else { return };
        if self.alive && self.rtc.handle_input(Input::Receive(now, receive)).is_ok() {
            self.drain(now, receiver, who);
        }
    }

    fn drain(&mut self, now: Instant, receiver: &mut Receiver, who: &impl Fn(u16) -> Option<PeerId>) {
        loop {
            let Ok(output) = self.rtc.poll_output() else {
                // The handshake failed: the page sees it and builds a new connection.
                self.alive = false;
                return;
            };
            match output {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    self.alive = self.rtc.is_alive();
                    return;
                }
                Output::Transmit(transmit) => {
                    let (to, bytes) = (transmit.destination, transmit.contents.into());
                    self.out.push(Datagram { to, bytes });
                }
                Output::Event(event) => self.take(now, event, receiver, who),
            }
        }
    }

    fn take(
        &mut self,
        now: Instant,
        event: Event,
        receiver: &mut Receiver,
        who: &impl Fn(u16) -> Option<PeerId>,
    ) {
        match event {
            Event::Connected => {
                self.connected = true;
                self.cameras.iter_mut().for_each(|(_, camera)| camera.start(now));
                self.microphones.iter_mut().for_each(|(_, microphone)| microphone.start(now));
            }
            Event::ChannelData(data) => self.take_data(&data),
            Event::RtpPacket(packet) => self.take_packet(now, &packet, receiver, who),
            Event::KeyframeRequest(request) => {
                let camera = self.cameras.iter_mut().find(|(mid, _)| *mid == request.mid);
                if let Some((_, camera)) = camera {
                    let layer = request.rid.and_then(|rid| Layer::of_rid(&rid));
                    camera.key_frame_asked(now, layer);
                }
            }
            Event::SenderFeedback(report) => {
                let line = self.lines.iter_mut().find(|(mid, _)| *mid == report.mid);
                if let Some((_, line)) = line {
                    let info = report.sender_info;
                    receiver.report(line, info.ntp_time, info.rtp_time.numer() as u32);
                }
            }
            Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                for (_, camera) in &mut self.cameras {
                    camera.uplink_holds(estimate.as_u64());
                }
            }
            _ => {}
        }
    }

    fn take_packet(
        &mut self,
        now: Instant,
        packet: &RtpPacket,
        receiver: &mut Receiver,
        who: &impl Fn(u16) -> Option<PeerId>,
    ) {
        let (ssrc, pt) = (packet.header.ssrc, packet.header.payload_type);
        self.main.insert(*ssrc);
        let Some(mid) = self.rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid()) else { return };
        let codec = self.rtc.codec_config().find(|params| params.pt() == pt).and_then(codec_of);
        let Some((_, line)) = self.lines.iter_mut().find(|(known, _)| *known == mid) else { return };
        let codec = codec.expect("what comes was negotiated");
        match line.kind() {
            Kind::Audio => {
                let Some(stamp) = Stamp::of_opus(&packet.payload) else {
                    receiver.unreadable += 1;
                    return;
                };
                let arrived = (*packet.seq_no, packet.header.timestamp, packet.payload.len());
                receiver.sound(now, line, arrived, &stamp, who);
            }
            Kind::Video => {
                let Some(picture) = Stamp::of_picture(codec, &packet.payload) else {
                    receiver.unreadable += 1;
                    return;
                };
                let (seq, time) = (*packet.seq_no, packet.header.timestamp);
                let arrived = (seq, time, packet.header.marker, packet.payload.len());
                receiver.picture(now, line, arrived, codec, picture, who);
            }
        }
    }

    /// Asks for a key frame of everything that is received.
    pub fn beg(&mut self) {
        for (mid, line) in &self.lines {
            if line.kind() == Kind::Video
                && let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(*mid, None)
            {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        }
    }

    /// The datagrams to send.
    pub fn datagrams(&mut self) -> std::vec::Drain<'_, Datagram> {
        self.out.drain(..)
    }
}
