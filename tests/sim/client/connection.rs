//! A browser's peer connection, played by str0m: offers, sends from camera and microphone, receives on slots.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plenary::media::ids::{Kind, OfferId, PeerId, SlotIndex, Stream};
use plenary::media::message::{SlotLine, TrackLine};
use str0m::bwe::Bitrate;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

use super::receiver::{Line, Receiver};
use super::sources::{Camera, Maker, Microphone, Picture, Says, Sent};
use crate::payload::Stamp;
use crate::rng::Rng;

/// A datagram that leaves a client.
#[derive(Debug)]
pub struct Datagram {
    pub bytes: Vec<u8>,
}

/// What a client sends and receives.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    pub camera: Option<Picture>,
    /// The microphone, if there is one, and what it hears.
    pub microphone: Option<Says>,
    /// Receiving lines: audio+video pairs, and audio-only ones.
    pub pairs: u8,
    pub audio_only: u8,
    /// Asks for more video slots as people come.
    pub grows: bool,
    /// There is a connection at all; without, only messages are exchanged.
    pub media: bool,
}

impl Profile {
    /// What the page asks for: five pairs and three more voices.
    pub const PAGE: Profile = Profile {
        camera: Some(Picture::SMALL),
        microphone: Some(Says::Words(30)),
        pairs: 5,
        audio_only: 3,
        grows: true,
        media: true,
    };

    /// Somebody who listens in silence, without a camera.
    pub const LISTENER: Profile = Profile { camera: None, microphone: Some(Says::Nothing), ..Profile::PAGE };
}

/// One connection.
pub struct Connection {
    rtc: Rtc,
    pub address: SocketAddr,
    offered: Option<(OfferId, SdpPendingOffer)>,
    tracks: Vec<TrackLine>,
    slots: Vec<SlotLine>,
    pub camera: Option<(Mid, Camera)>,
    pub microphone: Option<(Mid, Microphone)>,
    pub lines: Vec<(Mid, Line)>,
    pub connected: bool,
    pub answered: bool,
    pub alive: bool,
    deadline: Instant,
    out: Vec<Datagram>,
}

impl Connection {
    /// A new connection of `maker`, with its first offer still to be made.
    pub fn new(
        now: Instant,
        address: SocketAddr,
        maker: Maker,
        profile: &Profile,
        rng: &mut Rng,
    ) -> Connection {
        let config = RtcConfig::new()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_rtcp_report_interval_audio(Duration::from_secs(1));
        let mut rtc = config.build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a host address"));
        rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::ZERO);
        let camera = profile.camera.map(|picture| (Mid::from("?"), Camera::new(maker, picture, now, rng)));
        let microphone =
            profile.microphone.map(|says| (Mid::from("?"), Microphone::new(maker, says, now, rng)));
        Connection {
            rtc,
            address,
            offered: None,
            tracks: Vec::new(),
            slots: Vec::new(),
            camera,
            microphone,
            lines: Vec::new(),
            connected: false,
            answered: false,
            alive: true,
            deadline: now,
            out: Vec::new(),
        }
    }

    /// The first offer: a data channel, the own lines, the slots.
    pub fn first_offer(&mut self, id: OfferId, profile: &Profile) -> String {
        let mut changes = self.rtc.sdp_api();
        changes.add_channel("control".into());
        if let Some((mid, _)) = &mut self.microphone {
            *mid = changes.add_media(MediaKind::Audio, Direction::SendOnly, Some("own".into()), None, None);
            self.tracks.push(track(*mid, Kind::Audio));
        }
        if let Some((mid, _)) = &mut self.camera {
            *mid = changes.add_media(MediaKind::Video, Direction::SendOnly, Some("own".into()), None, None);
            self.tracks.push(track(*mid, Kind::Video));
        }
        for number in 0..profile.pairs + profile.audio_only {
            let audio = changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
            self.slots.push(slot(audio, Kind::Audio, number));
            self.lines.push((audio, Line::new(Kind::Audio, number)));
            if number < profile.pairs {
                let video = changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
                self.slots.push(slot(video, Kind::Video, number));
                self.lines.push((video, Line::new(Kind::Video, number)));
            }
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

    pub fn has_pending_offer(&self) -> bool {
        self.offered.is_some()
    }

    /// The answer to an offer. A stale one is dropped.
    pub fn answer(&mut self, now: Instant, id: OfferId, sdp: &str) {
        let Some((_, pending)) = self.offered.take_if(|(offered, _)| *offered == id) else { return };
        let answer = SdpAnswer::from_sdp_string(sdp).expect("the server's answer is a session description");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("the client takes the answer");
        if !self.answered {
            self.answered = true;
        } else if let Ok(candidate) = Candidate::host(self.address, "udp") {
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
        let sources = self.camera.as_ref().map(|(_, camera)| camera.wakes());
        let sources = sources.into_iter().chain(self.microphone.as_ref().map(|(_, mic)| mic.wakes()));
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
        let mut sent = Vec::new();
        if let Some((mid, camera)) = &mut self.camera {
            let mid = *mid;
            camera.due(now, &mut sent);
            self.write(now, mid, Codec::Vp8, &mut sent);
        }
        if let Some((mid, microphone)) = &mut self.microphone {
            let mid = *mid;
            microphone.due(now, &mut sent);
            self.write(now, mid, Codec::Opus, &mut sent);
        }
    }

    fn write(&mut self, now: Instant, mid: Mid, codec: Codec, sent: &mut Vec<Sent>) {
        if sent.is_empty() {
            return;
        }
        let pt = self.payload_type(codec);
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).expect("an own line sends");
        for packet in sent.drain(..) {
            let extensions = ExtensionValues {
                audio_level: packet.level.map(|level| -i8::try_from(level).unwrap_or(127)),
                voice_activity: packet.level.map(|level| level < 127),
                ..ExtensionValues::default()
            };
            let write = RtpWrite::new(pt, SeqNo::from(packet.seq), packet.time, now, packet.payload);
            let write = write.marker(packet.marker).ext_vals(extensions).nackable(codec == Codec::Vp8);
            stream.write_rtp(write);
        }
    }

    fn payload_type(&self, codec: Codec) -> Pt {
        let config = self.rtc.codec_config();
        config.find(|params| params.spec().codec == codec).expect("the codec is negotiated").pt()
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
        let Ok(receive) = Receive::new(Protocol::Udp, from, self.address, bytes) else { return };
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
                Output::Transmit(transmit) => self.out.push(Datagram { bytes: transmit.contents.into() }),
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
                self.camera.iter_mut().for_each(|(_, camera)| camera.start(now));
                self.microphone.iter_mut().for_each(|(_, microphone)| microphone.start(now));
            }
            Event::RtpPacket(packet) => self.take_packet(now, &packet, receiver, who),
            Event::KeyframeRequest(request) => {
                if let Some((_, camera)) = self.camera.as_mut().filter(|(mid, _)| *mid == request.mid) {
                    camera.key_frame_asked(now);
                }
            }
            Event::SenderFeedback(report) => {
                let line = self.lines.iter_mut().find(|(mid, _)| *mid == report.mid);
                if let Some((_, line)) = line {
                    let info = report.sender_info;
                    receiver.report(line, info.ntp_time, info.rtp_time.numer() as u32);
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
        let ssrc = packet.header.ssrc;
        let Some(mid) = self.rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid()) else { return };
        let Some((_, line)) = self.lines.iter_mut().find(|(known, _)| *known == mid) else { return };
        match line.kind() {
            Kind::Audio => {
                let stamp = Stamp::of_opus(&packet.payload).expect("sound is what a client sent");
                receiver.sound(now, line, *packet.seq_no, &stamp, who);
            }
            Kind::Video => {
                let payload = Stamp::of_vp8(&packet.payload).expect("a picture is what a client sent");
                let (seq, time) = (*packet.seq_no, packet.header.timestamp);
                receiver.picture(now, line, seq, time, packet.header.marker, payload, who);
            }
        }
    }

    /// The datagrams to send.
    pub fn datagrams(&mut self) -> std::vec::Drain<'_, Datagram> {
        self.out.drain(..)
    }
}

fn track(mid: Mid, kind: Kind) -> TrackLine {
    TrackLine { mid: mid.to_string(), stream: Stream::Camera, kind }
}

fn slot(mid: Mid, kind: Kind, number: u8) -> SlotLine {
    SlotLine { mid: mid.to_string(), kind, slot: SlotIndex(number) }
}
