//! A client that is str0m, and a connection that serves it, in virtual time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer};
use str0m::format::{Codec as Str0mCodec, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionValues, RtpPacket, RtpWrite};
use str0m::{Candidate, Event as RtcEvent, Input, Output, Rtc, RtcConfig};

use crate::limits::{Limit, Limits, Tally};
use crate::media::demux::{DatagramKind, Path};
use crate::media::egress::ring::{Kept, Stored};
use crate::media::egress::{Packets, Run};
use crate::media::forward::{Held, Leaving};
use crate::media::ids::{Kind, Layer, SlotIndex, Stream};
use crate::media::message::{SlotLine, TrackLine};
use crate::media::rtc::{
    Connection, ConnectionConfig, EgressKind, Ended, Event, Offer, Packet, Transmit, srtp, stun,
};
use crate::media::rtp::{MediaTime, SeqNo};
use crate::media::table::{Key, PublicationKey};

pub(super) const VP8_KEY: [u8; 10] = [0x90, 0xe0, 0x80, 1, 1, 0x20, 0x10, 7, 7, 7];
pub(super) const VP8_DELTA: [u8; 10] = [0x90, 0xe0, 0x80, 2, 1, 0x20, 0x11, 7, 7, 7];

/// The payload type with which the client sends VP8, and that of its retransmissions.
pub(super) const VP8: u8 = 100;

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The first packet of somebody on a slot.
pub(super) fn first(seq: u64, wallclock: Instant) -> Leaving {
    Leaving { seq: SeqNo(seq), time: MediaTime(seq * 3_000), wallclock, picture: None, first: true }
}

/// A client with the payload types it was given: VP8, Opus, and what `more` adds.
pub(super) fn config(more: &[(u8, Str0mCodec, FormatParams)]) -> RtcConfig {
    let mut config = RtcConfig::new().set_rtp_mode(true).clear_codecs();
    let codecs = config.codec_config();
    let opus = FormatParams { use_inband_fec: Some(true), ..FormatParams::default() };
    codecs.add_config(50.into(), None, Str0mCodec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), opus);
    let vp8 = (VP8, Str0mCodec::Vp8, FormatParams::default());
    for (pt, codec, format) in [vp8].iter().chain(more) {
        let rtx = Some(Pt::from(pt + 1));
        codecs.add_config((*pt).into(), rtx, *codec, Frequency::NINETY_KHZ, None, *format);
    }
    config
}

/// What was shown: the test's own packets, which are kept for good.
#[derive(Default)]
pub(super) struct Store(Vec<Stored>);

impl Store {
    pub(super) fn keep(&mut self, packet: Stored) -> Kept {
        self.0.push(packet);
        Kept { publication: PublicationKey::of(0), layer: Layer::High, number: self.0.len() as u64 - 1 }
    }
}

impl Packets for Store {
    fn get(&self, kept: Kept) -> Option<&Stored> {
        self.0.get(usize::try_from(kept.number).ok()?)
    }
}

/// A client and its connection, connected.
pub(super) struct Call {
    /// Bytes of the heap that the connection took for what came, and gave back or not.
    pub(super) allocated: u64,
    pub now: Instant,
    pub client: Rtc,
    client_deadline: Instant,
    pub connection: Connection,
    deadline: Instant,
    /// The lines the client sends on: sound, picture.
    pub audio: Mid,
    pub video: Mid,
    /// The lines it receives on.
    pub audio_slot: Mid,
    pub video_slot: Mid,
    /// What the connection told.
    pub events: Vec<Event>,
    /// What the client's str0m told.
    pub heard: Vec<RtcEvent>,
    pub limits: Limits,
    pub tally: Tally,
    /// The plain text of each SRTCP packet that the connection took.
    pub reports: Vec<Vec<u8>>,
    /// Datagrams that were refused.
    pub refused: usize,
    /// Why the last packet that was to be shown stayed.
    pub held: Option<Held>,
    /// How the connection ended, if it did.
    pub ended: Option<Ended>,
    /// Datagrams of media to the connection that are lost: how many go by, then how many are lost.
    pub lose: (usize, usize),
    /// The last datagram of media.
    pub last: Vec<u8>,
    /// The way the client's datagrams come.
    pub path: Path,
    /// What was shown.
    pub store: Store,
}

impl Call {
    pub(super) fn new(config: RtcConfig, rids: &[&str]) -> Call {
        Call::sealed_by(EgressKind::Own, config, rids)
    }

    pub(super) fn sealed_by(egress: EgressKind, config: RtcConfig, rids: &[&str]) -> Call {
        let now = Instant::now();
        let mut client = config.build(now);
        client.add_local_candidate(Candidate::host(address(2), "udp").expect("a candidate"));
        let server = ConnectionConfig { candidates: vec![address(1)], worker: 0, egress };
        let connection = Connection::new(&server, 0, now).expect("a connection");
        let layers: Vec<SimulcastLayer> = rids.iter().map(|rid| SimulcastLayer::new(rid)).collect();
        let simulcast = (!rids.is_empty()).then(|| Simulcast { send: layers, recv: Vec::new() });
        let mut changes = client.sdp_api();
        let audio = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let video = changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast);
        let audio_slot = changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        let video_slot = changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = changes.apply().expect("an offer");
        let mut call = Call {
            allocated: 0,
            now,
            client,
            client_deadline: now,
            connection,
            deadline: now,
            audio,
            video,
            audio_slot,
            video_slot,
            events: Vec::new(),
            heard: Vec::new(),
            limits: Limits::default(),
            tally: Tally::default(),
            reports: Vec::new(),
            refused: 0,
            held: None,
            ended: None,
            lose: (0, 0),
            last: Vec::new(),
            path: Path::udp(address(2), address(1)),
            store: Store::default(),
        };
        call.negotiate(&offer, pending);
        call.run(ms(500));
        assert!(call.client.is_connected() && call.connection.is_connected());
        call.events.clear();
        call.heard.clear();
        call
    }

    fn negotiate(&mut self, offer: &SdpOffer, pending: SdpPendingOffer) -> String {
        let tracks = [(self.audio, Kind::Audio), (self.video, Kind::Video)];
        let tracks =
            tracks.map(|(mid, kind)| TrackLine { mid: mid.to_string(), stream: Stream::Camera, kind });
        let slots = [(self.audio_slot, Kind::Audio), (self.video_slot, Kind::Video)];
        let slots = slots.map(|(mid, kind)| SlotLine { mid: mid.to_string(), kind, slot: SlotIndex(0) });
        let offer = Offer::parse(&offer.to_sdp_string(), tracks.to_vec(), slots.to_vec(), &self.limits);
        let text = self.connection.accept(offer.expect("a good offer")).expect("an answer");
        let answer = SdpAnswer::from_sdp_string(&text).expect("an answer str0m can read");
        self.client.sdp_api().accept_answer(pending, answer).expect("an answer that fits");
        text
    }

    /// The client offers what it has once more, after `change`. The answer.
    pub(super) fn offer_again(&mut self, change: impl FnOnce(&mut SdpApi)) -> String {
        let mut changes = self.client.sdp_api();
        change(&mut changes);
        let (offer, pending) = changes.apply().expect("an offer");
        self.negotiate(&offer, pending)
    }

    pub(super) fn limited(mut self, limit: Limit, value: usize) -> Call {
        self.limits = self.limits.with(limit, value);
        self
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        let mut down = Vec::new();
        while self.now < end && self.ended.is_none() {
            let up = self.step_client();
            self.deliver(&up, &mut down);
            match self.connection.step(self.now, &mut down, &mut self.events) {
                Ok(deadline) => self.deadline = deadline,
                Err(ended) => self.ended = Some(ended),
            }
            self.poll_media(&mut down);
            while !down.is_empty() {
                let mut up = Vec::new();
                for Transmit { contents, .. } in down.drain(..) {
                    let receive = Receive::new(Protocol::Udp, address(1), address(2), &contents);
                    let input = Input::Receive(self.now, receive.expect("a datagram"));
                    self.client.handle_input(input).expect("a client that goes on");
                    up.append(&mut self.drain_client());
                }
                self.deliver(&up, &mut down);
            }
            let next = self.client_deadline.min(self.deadline);
            self.now = next.clamp(self.now + Duration::from_micros(500), self.now + ms(20));
        }
    }

    /// What leaves without a step.
    fn poll_media(&mut self, down: &mut Vec<Transmit>) {
        let mut run = Vec::new();
        loop {
            run.clear();
            match self.connection.poll_media(self.now, 16, &self.store, &mut run) {
                Ok(Some(Run { path, segment })) => {
                    down.extend(
                        run.chunks(segment).map(|contents| Transmit { path, contents: contents.to_vec() }),
                    );
                }
                Ok(None) => return,
                Err(ended) => {
                    self.ended = Some(ended);
                    return;
                }
            }
        }
    }

    /// Hands a packet to the client's slot on `mid`, as `leaving`.
    pub(super) fn hand(&mut self, mid: Mid, packet: &Packet, leaving: Leaving) -> Result<(), Held> {
        let ssrc = self.connection.sender(mid).expect("a slot");
        let kept = self.store.keep(packet.stored());
        self.connection.write(ssrc, packet, kept, || Ok(leaving)).expect("a connection that goes on")
    }

    fn step_client(&mut self) -> Vec<Vec<u8>> {
        self.client.handle_input(Input::Timeout(self.now)).expect("a client that goes on");
        self.drain_client()
    }

    fn drain_client(&mut self) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            match self.client.poll_output().expect("a client that goes on") {
                Output::Timeout(deadline) => {
                    self.client_deadline = deadline;
                    return out;
                }
                Output::Transmit(transmit) => out.push(transmit.contents.into()),
                Output::Event(event) => self.heard.push(event),
            }
        }
    }

    fn deliver(&mut self, datagrams: &[Vec<u8>], down: &mut Vec<Transmit>) {
        for datagram in datagrams {
            let media = DatagramKind::of(datagram) == DatagramKind::Srtp && datagram.len() > 60;
            if media {
                self.last.clone_from(datagram);
                match &mut self.lose {
                    (0, 0) => {}
                    (0, lost) => {
                        *lost -= 1;
                        continue;
                    }
                    (pass, _) => *pass -= 1,
                }
            }
            self.give(datagram, down);
        }
    }

    /// Gives the connection a datagram as the core does.
    pub(super) fn give(&mut self, datagram: &[u8], down: &mut Vec<Transmit>) {
        let path = self.path;
        let check = stun::read_check(datagram).filter(|check| self.connection.authenticates(check));
        if DatagramKind::of(datagram) == DatagramKind::Stun {
            if check.is_none() {
                self.connection.handle_answer(self.now, &path, datagram);
                return;
            }
            self.connection.learn_path(self.now, path, self.limits.get(Limit::AddressesPerPeer));
        }
        let media = DatagramKind::of(datagram) == DatagramKind::Srtp;
        if media && !self.connection.admits(datagram, &self.limits, &mut self.tally) {
            self.refused += 1;
            return;
        }
        let mut taken_in = None;
        let allocated = allocation_counter::measure(|| {
            let (now, events) = (self.now, &mut self.events);
            taken_in = Some(self.connection.receive(now, path, datagram, check.as_ref(), down, events));
        });
        self.allocated += allocated.bytes_total;
        match taken_in.expect("it was given") {
            Ok((received, deadline)) => {
                self.reports.extend(srtp::last_report());
                self.refused += usize::from(received.unusable);
                self.deadline = deadline;
            }
            Err(ended) => self.ended = Some(ended),
        }
    }

    /// The client sends a packet on its picture's line, and time passes.
    pub(super) fn send(&mut self, rid: Option<&str>, pt: u8, seq: u64, payload: &[u8]) {
        self.send_with(rid, pt, seq, payload, ExtensionValues::default());
    }

    pub(super) fn send_with(
        &mut self,
        rid: Option<&str>,
        pt: u8,
        seq: u64,
        payload: &[u8],
        extensions: ExtensionValues,
    ) {
        let time = u32::try_from(seq).expect("a small number") * 3_000;
        let mut api = self.client.direct_api();
        let stream = api.stream_tx_by_mid(self.video, rid.map(Rid::from)).expect("a stream");
        let mut payload = payload.to_vec();
        // Long enough not to be taken for anything else.
        payload.resize(payload.len() + 60, 7);
        let write = RtpWrite::new(pt.into(), seq.into(), time, self.now, payload);
        stream.write_rtp(write.nackable(true).marker(true).ext_vals(extensions));
        self.run(ms(20));
    }

    /// The client starts another source on its picture's line and sends one packet from it.
    pub(super) fn send_from(&mut self, ssrc: u32) {
        let mut api = self.client.direct_api();
        if let Some(known) = api.stream_tx_by_mid(self.video, None).map(|stream| stream.ssrc()) {
            api.remove_stream_tx(known);
        }
        api.declare_stream_tx(ssrc.into(), None, self.video, None);
        self.send(None, VP8, 10, &VP8_KEY);
    }

    /// The packets that came out of the connection since the last call.
    pub(super) fn packets(&mut self) -> Vec<Packet> {
        let events = std::mem::take(&mut self.events);
        let packet = |event| if let Event::Packet(packet) = event { Some(packet) } else { None };
        events.into_iter().filter_map(packet).collect()
    }

    /// The way a packet for the client's picture slot leaves at once.
    pub(super) fn way_of(&mut self, packet: &Packet, seq: u64) -> Option<Path> {
        self.held = self.hand(self.video_slot, packet, first(seq, self.now)).err();
        let mut down = Vec::new();
        self.connection.step(self.now, &mut down, &mut self.events).expect("a connection that goes on");
        self.poll_media(&mut down);
        down.iter()
            .find(|transmit| DatagramKind::of(&transmit.contents) == DatagramKind::Srtp)
            .map(|it| it.path)
    }

    /// Sends a packet to the client's slot for its kind, and returns what the client got since the last call.
    pub(super) fn show(&mut self, packet: &Packet, seq: u64) -> Vec<RtpPacket> {
        let audio = packet.codec.kind() == Kind::Audio;
        let mid = if audio { self.audio_slot } else { self.video_slot };
        self.held = self.hand(mid, packet, first(seq, self.now)).err();
        self.run(ms(50));
        let heard = std::mem::take(&mut self.heard);
        let packet = |event| if let RtcEvent::RtpPacket(packet) = event { Some(packet) } else { None };
        heard.into_iter().filter_map(packet).collect()
    }
}

/// What the client offers its extensions as.
pub(super) fn numbered(config: RtcConfig, first: u8, extensions: &[Extension]) -> RtcConfig {
    let numbers = first..;
    let config = config.clear_extension_map();
    numbers
        .zip(extensions)
        .fold(config, |config, (id, extension)| config.set_extension(id, extension.clone()))
}

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, host], 5_000))
}
