//! One person: str0m, as a page would drive it.

use std::net::SocketAddr;
use std::time::Instant;

use plenary::limits::Limits;
use plenary::media::Core;
use plenary::media::ids::{Kind, OfferId, PeerId, RoomId, SlotIndex, Stream, Track, WorkerId};
use plenary::media::message::{Command, Notice, SlotLine, TrackLine};
use plenary::media::rtc::Offer;
use str0m::change::{SdpAnswer, SdpApi};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid, Rid, Simulcast, SimulcastLayer};
use str0m::rtp::{RtpWrite, SeqNo};
use str0m::{Candidate, Input, Output, Rtc, RtcConfig};

use super::rows::{FRAME, Lines, OTHER_ROOM, Row, SIZES};
use super::spent::{Spent, beside};

pub struct Client {
    pub rtc: Rtc,
    pub address: SocketAddr,
    pub out: Vec<Vec<u8>>,
    camera: Option<Mid>,
    sizes: bool,
    deadline: Instant,
    /// Its core.
    pub home: usize,
}

pub fn server() -> SocketAddr {
    ([127, 0, 0, 1], 4_000).into()
}

/// What an offer says of its lines.
#[derive(Default)]
struct Said {
    tracks: Vec<TrackLine>,
    slots: Vec<SlotLine>,
    camera: Option<Mid>,
}

impl Said {
    fn track(&mut self, changes: &mut SdpApi<'_>, kind: Kind, sizes: bool) {
        let sizes = sizes.then(|| {
            let mut three = Simulcast::new();
            for (rid, _) in SIZES {
                three.add_send_layer(SimulcastLayer::new(rid));
            }
            three
        });
        let mid = changes.add_media(media(kind), Direction::SendOnly, None, None, sizes);
        self.tracks.push(TrackLine { mid: mid.to_string(), stream: Stream::Camera, kind });
        if kind == Kind::Video {
            self.camera = Some(mid);
        }
    }

    fn slot(&mut self, changes: &mut SdpApi<'_>, kind: Kind, number: u8) {
        let mid = changes.add_media(media(kind), Direction::RecvOnly, None, None, None);
        self.slots.push(SlotLine { mid: mid.to_string(), kind, slot: SlotIndex(number) });
    }
}

fn media(kind: Kind) -> MediaKind {
    match kind {
        Kind::Audio => MediaKind::Audio,
        Kind::Video => MediaKind::Video,
    }
}

impl Client {
    /// Person `number` joins a room of `core`.
    pub fn join(cores: &mut [(Core, Spent)], now: Instant, number: u16, row: &Row) -> Client {
        let home = row.home(number);
        let address = SocketAddr::from(([127, 0, 0, 1], 10_000 + number));
        let config =
            RtcConfig::new().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true);
        let mut rtc = config.build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("an address"));
        let (mut said, sends) = (Said::default(), number < row.senders);
        let room =
            RoomId(u64::from(number.checked_sub(row.people).map_or(0, |other| other / OTHER_ROOM + 1)));
        let mut changes = rtc.sdp_api();
        match row.lines {
            Lines::Apart(_) if sends => said.track(&mut changes, Kind::Video, row.sizes),
            Lines::Apart(lines) => {
                (0..lines.min(5)).for_each(|number| said.slot(&mut changes, Kind::Video, number));
                (5..lines).for_each(|line| said.slot(&mut changes, Kind::Audio, line - 5));
            }
            Lines::Page(pictures) => {
                said.track(&mut changes, Kind::Audio, false);
                said.track(&mut changes, Kind::Video, row.sizes);
                (0..8).for_each(|number| said.slot(&mut changes, Kind::Audio, number));
                (0..pictures).for_each(|number| said.slot(&mut changes, Kind::Video, number));
            }
        }
        let (offer, pending) = changes.apply().expect("an offer");
        let Said { tracks, slots, camera } = said;
        let own: Vec<Track> =
            tracks.iter().map(|line| Track { stream: line.stream, kind: line.kind }).collect();
        let sdp = offer.to_sdp_string();
        let peer = PeerId(u64::from(number));
        let at = WorkerId(home as u8);
        for (other, (core, spent)) in cores.iter_mut().enumerate() {
            if other != usize::from(home) && number < row.people {
                beside(spent, || core.handle_command(now, Command::Elsewhere { peer, room, at }));
            }
        }
        let (core, spent) = &mut cores[usize::from(home)];
        let answer = beside(spent, || {
            let offer = Offer::parse(&sdp, tracks, slots, &Limits::default()).expect("a good offer");
            core.handle_command(now, Command::Join { peer, room });
            let (id, offer) = (OfferId(1), Box::new(offer));
            core.handle_command(now, Command::Offer { peer, id, fresh: true, offer });
            for track in own.into_iter().filter(|track| !sends || track.kind == Kind::Audio) {
                core.handle_command(now, Command::Mute { peer, track, muted: true });
            }
            core.handle_timeout(now);
            std::iter::from_fn(|| core.poll_notice()).find_map(|notice| match notice {
                Notice::Answer { sdp, peer: whose, .. } if whose == peer => Some(sdp),
                _ => None,
            })
        })
        .expect("an answer");
        let sdp = SdpAnswer::from_sdp_string(&answer).expect("a session description");
        beside(spent, || drop(answer));
        rtc.sdp_api().accept_answer(pending, sdp).expect("an answer to the offer");
        Client { rtc, address, out: Vec::new(), camera, sizes: row.sizes, deadline: now, home: home.into() }
    }

    pub fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().expect("a connection") {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return;
                }
                Output::Transmit(transmit) => self.out.push(transmit.contents.into()),
                Output::Event(_) => {}
            }
        }
    }

    pub fn step(&mut self, now: Instant) {
        while self.deadline <= now {
            self.rtc.handle_input(Input::Timeout(now)).expect("time");
            self.drain();
        }
    }

    /// Sends the packet of this number of its camera's: each picture is a key frame, of each of its sizes.
    pub fn write(&mut self, now: Instant, number: u64) {
        let pt = self.rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).expect("VP8").pt();
        let (frame, at) = (number / FRAME, number % FRAME);
        let whole: &[(&str, u64)] = if self.sizes { &SIZES } else { &[("", FRAME)] };
        let (mut rid, mut index, mut of) = (None, at, FRAME);
        let mut first = 0;
        for (name, packets) in whole {
            if (first..first + packets).contains(&at) {
                (rid, index, of) = (self.sizes.then(|| Rid::from(*name)), at - first, *packets);
            }
            first += packets;
        }
        let mut payload = vec![0; 1_200];
        let [high, low] = ((frame & 0x7fff) as u16).to_be_bytes();
        let start = if index == 0 { 0x90 } else { 0x80 };
        payload[..7].copy_from_slice(&[start, 0xe0, 0x80 | high, low, frame as u8, 0x20, 0x10]);
        let mid = self.camera.expect("who sends has a camera");
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, rid).expect("a line that sends");
        let seq = SeqNo::from(frame * of + index);
        let write = RtpWrite::new(pt, seq, frame as u32 * 3_000, now, payload);
        stream.write_rtp(write.marker(index + 1 == of).nackable(true));
        self.deadline = now;
    }
}
