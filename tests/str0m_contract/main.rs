//! What the design leans on in str0m, and the traps it walks around: an upgrade that changes one of these says so here.

#![cfg(test)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers in tests are small")]
#![allow(
    clippy::cast_precision_loss,
    clippy::unchecked_time_subtraction,
    reason = "numbers in tests are small"
)]

mod egress;
mod hooks;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plenary::limits::Limits;
use plenary::media::ids::{Kind, OfferId, PeerId, RoomId, SlotIndex};
use plenary::media::message::{Command, Notice, SlotLine};
use plenary::media::rtc::{ConnectionConfig, EgressKind, Offer};
use plenary::media::{Core, CoreConfig};
use str0m::bwe::Bitrate;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A datagram on its way.
type Datagram = Vec<u8>;

/// One end of a connection.
struct End {
    rtc: Rtc,
    address: SocketAddr,
    deadline: Instant,
    events: Vec<Event>,
    out: Vec<Datagram>,
}

impl End {
    fn new(config: RtcConfig, port: u16, now: Instant) -> End {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let config = config.set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true);
        let mut rtc = config.build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        End { rtc, address, deadline: now, events: Vec::new(), out: Vec::new() }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return;
                }
                Output::Transmit(transmit) => self.out.push(transmit.contents.into()),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    fn step(&mut self, now: Instant) {
        for _ in 0..200 {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
            self.drain();
            if self.deadline > now {
                return;
            }
        }
    }

    fn feed(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let receive = Receive::new(Protocol::Udp, from, self.address, datagram).unwrap();
        self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
    }

    fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.feed(now, from, datagram);
        self.drain();
    }

    fn packets(&mut self) -> Vec<RtpPacket> {
        let events = std::mem::take(&mut self.events);
        let packet = |event| if let Event::RtpPacket(packet) = event { Some(packet) } else { None };
        events.into_iter().filter_map(packet).collect()
    }

    fn write(&mut self, now: Instant, mid: Mid, seq: u64, time: u32) {
        let pt = self.rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).unwrap().pt();
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).unwrap();
        stream.set_unpaced(true);
        let payload = vec![0x90, 0xe0, 0x80, 1, 1, 0x20, 0x10, 7, 7, 7];
        stream.write_rtp(RtpWrite::new(pt, SeqNo::from(seq), time, now, payload).nackable(true).marker(true));
    }
}

/// A client that offered and a server that answered, connected, with a line in each direction.
struct Pair {
    now: Instant,
    client: End,
    server: End,
    /// The client sends on it.
    up: Mid,
    /// The server sends on it.
    down: Mid,
    answer: String,
    /// What the server has sent.
    sent: Vec<Datagram>,
}

fn exchange(client: &mut End, server: &mut End, offer: &SdpOffer, pending: SdpPendingOffer) -> String {
    let offer = SdpOffer::from_sdp_string(&offer.to_sdp_string()).unwrap();
    let answer = server.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
    let parsed = SdpAnswer::from_sdp_string(&answer).unwrap();
    client.rtc.sdp_api().accept_answer(pending, parsed).unwrap();
    answer
}

impl Pair {
    fn new(estimates: bool) -> Pair {
        let config = RtcConfig::new();
        Pair::with(if estimates { config.enable_bwe(Some(Bitrate::kbps(2_000))) } else { config })
    }

    fn with(config: RtcConfig) -> Pair {
        Pair::between(RtcConfig::new(), config)
    }

    fn between(client: RtcConfig, server: RtcConfig) -> Pair {
        let now = Instant::now();
        let mut server = End::new(server.set_ice_lite(true), 1, now);
        let mut client = End::new(client, 2, now);
        let mut changes = client.rtc.sdp_api();
        let up = changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
        let down = changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        let answer = exchange(&mut client, &mut server, &offer, pending);
        let mut pair = Pair { now, client, server, up, down, answer, sent: Vec::new() };
        pair.run(ms(500));
        assert!(pair.client.rtc.is_connected() && pair.server.rtc.is_connected());
        pair.client.events.clear();
        pair.server.events.clear();
        pair
    }

    /// Lets time pass. Returns how many datagrams the server sent.
    fn run(&mut self, time: Duration) -> usize {
        let end = self.now + time;
        let mut sent = 0;
        let (client, server) = (self.client.address, self.server.address);
        while self.now < end {
            self.client.step(self.now);
            self.server.step(self.now);
            loop {
                let up = std::mem::take(&mut self.client.out);
                let down = std::mem::take(&mut self.server.out);
                sent += down.len();
                if up.is_empty() && down.is_empty() {
                    break;
                }
                self.now += Duration::from_micros(100);
                for datagram in &up {
                    self.server.receive(self.now, client, datagram);
                }
                for datagram in &down {
                    self.client.receive(self.now, server, datagram);
                }
                self.sent.extend(down);
            }
            let next = self.client.deadline.min(self.server.deadline);
            self.now = next.clamp(self.now + Duration::from_micros(50), end.max(self.now + ms(1)));
        }
        sent
    }
}

#[test]
fn several_packets_written_before_one_step_all_leave_in_order() {
    for estimates in [false, true] {
        let mut pair = Pair::new(estimates);
        for n in 0..20 {
            pair.server.write(pair.now, pair.down, 100 + n, 3_000 * n as u32);
        }
        pair.run(ms(50));
        let seqs: Vec<u64> = pair.client.packets().iter().map(|packet| *packet.seq_no).collect();
        assert_eq!(seqs, (100..120).collect::<Vec<_>>());
    }
}

#[test]
fn two_datagrams_without_a_drain_between_them_lose_a_packet() {
    let mut pair = Pair::new(false);
    for n in 0..2 {
        pair.client.write(pair.now, pair.up, 100 + n, 3_000);
    }
    pair.client.step(pair.now);
    let from = pair.client.address;
    let datagrams = std::mem::take(&mut pair.client.out);
    assert_eq!(datagrams.len(), 2);
    for datagram in &datagrams {
        pair.server.feed(pair.now, from, datagram);
    }
    pair.server.drain();
    assert_eq!(pair.server.packets().len(), 1, "the trap is gone: one drain a batch would do");
}

#[test]
fn a_step_half_a_millisecond_early_hands_the_same_deadline_back() {
    let mut pair = Pair::new(false);
    let deadline = pair.server.deadline;
    assert!(deadline > pair.now);
    pair.server.rtc.handle_input(Input::Timeout(deadline - Duration::from_micros(500))).unwrap();
    pair.server.drain();
    assert_eq!(pair.server.deadline, deadline, "who steps early must step again, or move the clock on");
}

#[test]
fn an_ice_restart_by_the_client_gives_other_credentials_which_the_answer_names() {
    let mut pair = Pair::new(false);
    let before = pair.server.rtc.direct_api().local_ice_credentials();
    assert!(pair.answer.contains(&before.ufrag));
    let mut changes = pair.client.rtc.sdp_api();
    changes.ice_restart(true);
    let (offer, pending) = changes.apply().unwrap();
    // The old path is alive while the answer travels.
    pair.server.write(pair.now, pair.down, 10, 3_000);
    let answer = exchange(&mut pair.client, &mut pair.server, &offer, pending);
    let after = pair.server.rtc.direct_api().local_ice_credentials();
    assert_ne!(before.ufrag, after.ufrag);
    assert!(answer.contains(&after.ufrag) && answer.contains(&after.pass));
    for n in 0..20 {
        pair.server.write(pair.now, pair.down, 11 + n, 6_000 + 3_000 * n as u32);
        pair.run(ms(50));
    }
    assert_eq!(pair.client.packets().len(), 21, "media went on across the restart");
}

#[test]
fn a_sender_report_goes_on_from_the_last_packets_timestamp_and_wallclock() {
    let mut pair = Pair::new(false);
    let wallclock = pair.now - ms(300);
    pair.server.write(wallclock, pair.down, 10, 90_000);
    pair.run(ms(3_500));
    let reports = pair.client.events.iter().filter_map(|event| match event {
        Event::SenderFeedback(report) if report.mid == pair.down => Some(report.sender_info),
        _ => None,
    });
    let reports: Vec<_> = reports.collect();
    assert!(reports.len() >= 3);
    let first = reports.first().unwrap();
    for report in &reports {
        let passed = report.ntp_time.duration_since(first.ntp_time).unwrap().as_secs_f64();
        let ticks = (report.rtp_time.numer() - first.rtp_time.numer()) as f64 / 90_000.0;
        assert!((passed - ticks).abs() < 0.002, "{passed} s passed, {ticks} s of timestamps");
    }
    // Three hundred milliseconds lie between the wallclock and the moment of writing: they are in the report.
    let since_written = first.rtp_time.numer() as f64 / 90_000.0 - 1.0;
    assert!(since_written > 0.3, "{since_written}");
}

#[test]
fn an_m_line_that_ended_may_come_again_with_another_mid() {
    let mut pair = Pair::new(false);
    let mut changes = pair.client.rtc.sdp_api();
    changes.stop_media(pair.up);
    let (offer, pending) = changes.apply().unwrap();
    exchange(&mut pair.client, &mut pair.server, &offer, pending);
    let mut changes = pair.client.rtc.sdp_api();
    changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
    let (offer, _pending) = changes.apply().unwrap();
    // Browsers put the new line in the place of the ended one; str0m as a client appends it, so the text is moved.
    let text = offer.to_sdp_string();
    let mut sections: Vec<String> = text.split("m=video").map(str::to_owned).collect();
    let new = sections.pop().unwrap();
    assert_eq!(sections.len(), 3);
    sections[1] = new;
    let text = sections.join("m=video");
    let mids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("a=mid:")).collect();
    let group = text.lines().find(|line| line.starts_with("a=group:")).unwrap();
    let text = text.replace(group, &format!("a=group:BUNDLE {}", mids.join(" ")));
    let offer = SdpOffer::from_sdp_string(&text).unwrap();
    let answer = pair.server.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
    assert_eq!(answer.matches("m=video").count(), 2, "no line was added");
}

#[test]
fn offers_that_cannot_be_taken_are_refused_with_a_reason() {
    let now = Instant::now();
    let mut client = End::new(RtcConfig::new(), 2, now);
    let mut changes = client.rtc.sdp_api();
    changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
    changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
    let text = changes.apply().unwrap().0.to_sdp_string();
    let refuse = |server: &mut End, text: &str| -> String {
        match SdpOffer::from_sdp_string(text) {
            Err(error) => error.to_string(),
            Ok(offer) => {
                server.rtc.sdp_api().accept_offer(offer).expect_err("it must be refused").to_string()
            }
        }
    };
    let new = || End::new(RtcConfig::new().set_ice_lite(true), 1, now);
    assert!(refuse(&mut new(), &text.replace("a=fingerprint:", "a=x:")).contains("missing a=fingerprint"));
    let session = text.split("m=video").next().unwrap();
    assert!(!refuse(&mut new(), session).is_empty(), "no lines at all");
    // Fewer lines than before.
    let mut server = new();
    server.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(&text).unwrap()).unwrap();
    let shorter = &text[..text.rfind("m=video").unwrap()];
    assert!(!refuse(&mut server, shorter).is_empty());
}

#[test]
fn both_lines_of_a_slot_carry_one_msid_in_the_answer() {
    let now = Instant::now();
    let mut client = End::new(RtcConfig::new(), 2, now);
    let mut changes = client.rtc.sdp_api();
    let mut slots = Vec::new();
    for number in 0..3 {
        for (kind, media) in [(Kind::Audio, MediaKind::Audio), (Kind::Video, MediaKind::Video)] {
            let mid = changes.add_media(media, Direction::RecvOnly, None, None, None);
            slots.push(SlotLine { mid: mid.to_string(), kind, slot: SlotIndex(number) });
        }
    }
    let sdp = changes.apply().unwrap().0.to_sdp_string();
    let offer = Offer::parse(&sdp, Vec::new(), slots.clone(), &Limits::default()).unwrap();
    let connection = ConnectionConfig {
        candidates: vec![SocketAddr::from(([127, 0, 0, 1], 1))],
        worker: 0,
        egress: EgressKind::Own,
    };
    let mut core = Core::new(CoreConfig::new(connection, Limits::default()), now);
    let peer = PeerId(1);
    core.handle_command(now, Command::Join { peer, room: RoomId(1) });
    core.handle_command(now, Command::Offer { peer, id: OfferId(1), fresh: true, offer: Box::new(offer) });
    let Some(Notice::Answer { sdp, .. }) = core.poll_notice() else { panic!("no answer") };
    let stream = |mid: &str| {
        let section =
            sdp.split("\r\nm=").find(|section| section.contains(&format!("a=mid:{mid}\r\n"))).unwrap();
        let line = section.lines().find_map(|line| line.strip_prefix("a=msid:")).unwrap();
        line.split(' ').next().unwrap().to_owned()
    };
    let streams: Vec<String> = slots.iter().map(|slot| stream(&slot.mid)).collect();
    for pair in streams.chunks(2) {
        assert_eq!(pair[0], pair[1], "sound and picture of one slot are in one stream");
    }
    assert!(streams[0] != streams[2] && streams[2] != streams[4], "{streams:?}");
}

#[test]
fn padding_goes_on_with_nothing_desired_and_ends_with_an_estimate_of_zero() {
    let mut pair = Pair::new(true);
    pair.server.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::mbps(3));
    for n in 0..60 {
        pair.server.write(pair.now, pair.down, 10 + n, 3_000 * n as u32);
        pair.run(ms(33));
    }
    pair.server.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::ZERO);
    pair.run(ms(3_000));
    let padded = pair.run(ms(5_000));
    assert!(padded > 100, "nothing desired is quiet now: the reset can go ({padded} datagrams in 5 s)");
    pair.server.rtc.bwe().reset(Bitrate::ZERO);
    pair.run(ms(1_000));
    let quiet = pair.run(ms(5_000));
    assert!(quiet <= 20, "{quiet} datagrams in 5 s to somebody who receives nothing");
}

#[test]
fn the_same_srtcp_is_taken_again_and_the_same_srtp_is_not() {
    let mut pair = Pair::new(false);
    let from = pair.client.address;
    pair.server.write(pair.now, pair.down, 10, 3_000);
    pair.client.write(pair.now, pair.up, 10, 3_000);
    pair.run(ms(200));
    pair.server.events.clear();
    let mut api = pair.client.rtc.direct_api();
    api.stream_rx_by_mid(pair.down, None).unwrap().request_keyframe(KeyframeRequestKind::Pli);
    pair.client.write(pair.now, pair.up, 11, 6_000);
    pair.client.step(pair.now);
    let datagrams = std::mem::take(&mut pair.client.out);
    for _ in 0..3 {
        for datagram in &datagrams {
            pair.server.receive(pair.now, from, datagram);
        }
    }
    let requests =
        pair.server.events.iter().filter(|event| matches!(event, Event::KeyframeRequest(_))).count();
    assert_eq!(pair.server.packets().len(), 1, "SRTP is taken once");
    assert!(requests > 1, "str0m refuses replayed SRTCP itself now: our own check can go ({requests})");
}
