//! Layers, formats, extensions, retransmission.

use std::time::{Duration, SystemTime};

use str0m::Event as RtcEvent;
use str0m::format::{Codec as Str0mCodec, FormatParams};
use str0m::media::{KeyframeRequestKind, MediaTime};
use str0m::rtp::{AbsCaptureTime, Extension, ExtensionValues, VideoOrientation};

use super::client::{Call, Store, VP8, VP8_DELTA, VP8_KEY, config, first, ms, numbered};
use crate::media::codec::{Codec, CodecSet};
use crate::media::demux::Path;
use crate::media::egress::feedback::{self, Fact, KeyRequest};
use crate::media::forward::{Held, Leaving};
use crate::media::ids::Layer;
use crate::media::rtc::{EgressKind, Ended, Event};
use crate::media::rtp::{self, SeqNo, Ssrc};

/// Parameter sets, and a slice.
const H264_KEY: [u8; 4] = [0x67, 0x42, 0xe0, 0x1f];
const H264_DELTA: [u8; 3] = [0x41, 0x9a, 0x02];

fn h264(mode: u8, profile_level: u32) -> FormatParams {
    FormatParams {
        packetization_mode: Some(mode),
        profile_level_id: Some(profile_level),
        level_asymmetry_allowed: Some(true),
        ..FormatParams::default()
    }
}

#[test]
fn each_layer_is_known_by_its_rid_and_asked_by_its_rid() {
    let mut call = Call::new(config(&[]), &["q", "h", "f"]);
    assert!(!call.connection.request_key_frame(call.video, Layer::High), "nothing of it came yet");
    for (rid, layer) in [("q", Layer::Low), ("h", Layer::Middle), ("f", Layer::High)] {
        call.send(Some(rid), VP8, 10, &VP8_KEY);
        let packets = call.packets();
        assert_eq!(packets.iter().map(|packet| packet.layer).collect::<Vec<_>>(), [layer]);
        call.heard.clear();
        assert!(call.connection.request_key_frame(call.video, layer));
        call.run(ms(50));
        let asked: Vec<String> = (call.heard.iter())
            .filter_map(|event| match event {
                RtcEvent::KeyframeRequest(request) => request.rid.map(|rid| rid.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(asked, [rid]);
    }
}

#[test]
fn media_follows_the_client_over_tcp_and_waits_for_it_when_that_connection_ends() {
    let mut call = Call::new(config(&[]), &[]);
    let over_udp = call.path;
    call.path = Path::tcp(over_udp.remote, over_udp.local);
    call.connection.learn_path(call.now, call.path, 2);
    call.send(None, VP8, 10, &VP8_KEY);
    let packet = call.packets().remove(0);
    assert_eq!(call.way_of(&packet, 1), Some(call.path), "the client answered the challenge");
    call.connection.forget_path(&over_udp);
    assert_eq!(call.way_of(&packet, 2), Some(call.path), "another path is no matter");
    call.connection.forget_path(&call.path);
    assert_eq!(call.way_of(&packet, 3), None, "there is nobody");
    call.connection.learn_path(call.now, over_udp, 2);
    call.path = over_udp;
    call.send(None, VP8, 20, &VP8_KEY);
    assert_eq!(call.way_of(&packet, 4), Some(over_udp), "and is again");
}

#[test]
fn a_report_names_its_layer() {
    let mut call = Call::new(config(&[]), &["q", "h"]);
    call.send(Some("q"), VP8, 10, &VP8_KEY);
    call.send(Some("h"), VP8, 20, &VP8_KEY);
    call.run(ms(2_500));
    let mut times = [Vec::new(), Vec::new()];
    for event in &call.events {
        match event {
            Event::SenderReport { layer: Layer::Low, time, .. } => times[0].push(*time),
            Event::SenderReport { layer: Layer::Middle, time, .. } => times[1].push(*time),
            Event::SenderReport { layer: Layer::High, .. } => panic!("no such layer is sent"),
            _ => {}
        }
    }
    // Written 20 ms apart, with timestamps 30,000 apart: each goes on from its own.
    assert!(times.iter().all(|times| times.len() >= 2), "{times:?}");
    assert!(times[1][0] - times[0][0] > 25_000, "{times:?}");
}

#[test]
fn a_track_without_layers_counts_as_the_highest() {
    let mut call = Call::new(config(&[]), &[]);
    call.send(None, VP8, 10, &VP8_KEY);
    assert!(call.packets().iter().all(|packet| packet.layer == Layer::High));
    assert!(call.connection.request_key_frame(call.video, Layer::High));
    assert!(!call.connection.request_key_frame(call.video, Layer::Low), "it has no such layer");
}

#[test]
fn h264_goes_out_as_the_subscribers_number_for_the_same_mode_and_profile() {
    let modes = [(110, Str0mCodec::H264, h264(1, 0x42_e01f)), (112, Str0mCodec::H264, h264(0, 0x42_e01f))];
    let mut publisher = Call::new(config(&modes), &[]);
    // The other way round, at another level, and without mode 0 in this profile.
    let others = [(112, Str0mCodec::H264, h264(0, 0x4d_001f)), (120, Str0mCodec::H264, h264(1, 0x42_e034))];
    let mut subscriber = Call::new(config(&others), &[]);
    publisher.send(None, 110, 10, &H264_KEY);
    let packet = publisher.packets().pop().expect("H264 in mode 1");
    assert!(packet.codec == Codec::H264 && packet.frame.key);
    let got = subscriber.show(&packet, 100);
    assert_eq!(got.iter().map(|packet| *packet.header.payload_type).collect::<Vec<_>>(), [120]);
    publisher.send(None, 112, 11, &H264_DELTA);
    let packet = publisher.packets().pop().expect("H264 in mode 0");
    assert_eq!(subscriber.show(&packet, 101).len(), 0, "112 is something else to this client");
    assert_eq!(subscriber.held, Some(Held::NotDecodable));
}

#[test]
fn only_what_every_browser_means_by_h264_is_h264_to_the_others() {
    let codecs =
        |profiles: &[(u8, Str0mCodec, FormatParams)]| Call::new(config(profiles), &[]).connection.codecs();
    let plain: CodecSet = [Codec::Opus, Codec::Vp8].into_iter().collect();
    assert_eq!(codecs(&[]), (plain, plain));
    assert_eq!(codecs(&[(110, Str0mCodec::H264, h264(1, 0x64_001f))]), (plain, plain), "high profile only");
    let mut with = plain;
    with.insert(Codec::H264);
    assert_eq!(codecs(&[(110, Str0mCodec::H264, h264(1, 0x42_e01f))]), (with, with));
}

#[test]
fn only_extensions_that_concern_the_packet_pass_and_under_the_subscribers_own_numbers() {
    use Extension::{
        AbsoluteCaptureTime, AbsoluteSendTime, PlayoutDelay, RepairedRtpStreamId, RtpMid, RtpStreamId,
        TransportSequenceNumber, VideoOrientation as Orientation,
    };
    let mut extensions = [
        RtpMid,
        RtpStreamId,
        RepairedRtpStreamId,
        AbsoluteSendTime,
        TransportSequenceNumber,
        Orientation,
        AbsoluteCaptureTime,
        PlayoutDelay,
    ];
    let mut publisher = Call::new(numbered(config(&[]), 1, &extensions), &["f"]);
    extensions.reverse();
    let mut subscriber = Call::new(numbered(config(&[]), 4, &extensions), &[]);
    let captured = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let theirs = ExtensionValues {
        video_orientation: Some(VideoOrientation::Deg90),
        abs_capture_time: Some(AbsCaptureTime { capture_time: captured, clock_offset: None }),
        play_delay_min: Some(MediaTime::from_millis(10_000)),
        play_delay_max: Some(MediaTime::from_millis(10_000)),
        ..ExtensionValues::default()
    };
    publisher.send_with(Some("f"), VP8, 10, &VP8_KEY, theirs);
    let packet = publisher.packets().pop().expect("a packet");
    let got = subscriber.show(&packet, 100);
    let values = &got.first().expect("a packet").header.ext_vals;
    assert_eq!(values.video_orientation, Some(VideoOrientation::Deg90));
    // What a receiver would keep, or believe, beyond the packet.
    assert_eq!((values.play_delay_min, values.play_delay_max), (None, None));
    assert!(values.abs_capture_time.is_none());
    // No m-line, and no layer: the publisher's would send the packet to another decoder, or to none.
    assert_eq!(values.mid, None);
    assert_eq!((values.rid, values.rid_repair), (None, None));
}

#[test]
fn sounds_level_passes() {
    let levels = [Extension::AudioLevel, Extension::RtpMid];
    let mut publisher = Call::new(numbered(config(&[]), 3, &levels), &[]);
    let mut subscriber = Call::new(numbered(config(&[]), 9, &levels), &[]);
    let mut api = publisher.client.direct_api();
    let stream = api.stream_tx_by_mid(publisher.audio, None).expect("a stream");
    let values =
        ExtensionValues { audio_level: Some(-30), voice_activity: Some(true), ..ExtensionValues::default() };
    let write = str0m::rtp::RtpWrite::new(50.into(), 10.into(), 960, publisher.now, vec![7; 40]);
    stream.write_rtp(write.ext_vals(values));
    publisher.run(ms(50));
    let packet = publisher.packets().pop().expect("sound");
    let level = packet.extensions.level.map(|level| level.level);
    assert_eq!((packet.codec, level), (Codec::Opus, Some(30)));
    let got = subscriber.show(&packet, 100);
    assert_eq!(got.first().expect("sound").header.ext_vals.audio_level, Some(-30));
}

#[test]
fn what_is_lost_comes_again_in_every_picture_codec_and_starts_nothing_late() {
    let vp9 = FormatParams { profile_id: Some(0), ..FormatParams::default() };
    let more = [
        (110, Str0mCodec::H264, h264(1, 0x42_e01f)),
        (112, Str0mCodec::Vp9, vp9),
        (114, Str0mCodec::Av1, FormatParams::default()),
    ];
    let payloads: [(u8, &[u8], &[u8]); 4] = [
        (VP8, &VP8_KEY, &VP8_DELTA),
        (110, &H264_KEY, &H264_DELTA),
        (112, &[0xaa, 0x92, 0x34, 0, 7, 0x18, 0x82], &[0xea, 0x92, 0x35, 0, 7, 0x18, 0x86]),
        (114, &[0x18, 0x0a, 0x0b], &[0x10, 0x0a, 0x0b]),
    ];
    for (pt, key, delta) in payloads {
        let mut call = Call::new(config(&more), &[]);
        for seq in 10..20 {
            call.send(None, pt, seq, delta);
        }
        call.lose = (0, 1);
        call.send(None, pt, 20, key);
        for seq in 21..30 {
            call.send(None, pt, seq, delta);
        }
        call.run(ms(300));
        let packets = call.packets();
        let late = packets.iter().position(|packet| packet.seq == SeqNo(20)).expect("it came again");
        assert!(late > 10, "payload type {pt}: it was not lost");
        assert_eq!(packets.len(), 20, "payload type {pt}: each came once");
        assert!(packets.iter().all(|packet| !packet.frame.key), "what follows the key frame went by already");
        call.send(None, pt, 30, key);
        assert!(call.packets().iter().any(|packet| packet.frame.key && packet.frame.start));
    }
}

#[test]
fn a_key_frame_says_how_tall_its_picture_is() {
    let mut call = Call::new(config(&[]), &[]);
    let start = [0x10, 0x10, 2, 0, 0x9d, 0x01, 0x2a];
    for (seq, size, height) in [(10, [0x80, 2, 0x68, 1], Some(360)), (11, [0x40, 1, 0xb4, 0], Some(180))] {
        call.send(None, VP8, seq, &[&start[..], &size, &[7; 5]].concat());
        assert_eq!(call.packets().remove(0).height, height);
    }
    call.send(None, VP8, 12, &VP8_DELTA);
    assert_eq!(call.packets().remove(0).height, None, "other frames do not");
}

#[test]
fn a_nonce_that_comes_again_ends_the_connection_before_anything_leaves() {
    let mut call = Call::new(config(&[]), &[]);
    call.send(None, VP8, 10, &VP8_KEY);
    let packet = call.packets().remove(0);
    for seq in [100, 101, 103, 102] {
        assert_eq!(call.show(&packet, seq).len(), 1);
    }
    assert_eq!(call.ended, None);
    assert_eq!(call.show(&packet, 101).len(), 0, "it was sealed twice");
    assert_eq!(call.ended, Some(Ended::RepeatedNonce));
}

/// What the same run had before would otherwise leave as somebody else's.
#[test]
fn of_a_run_that_ends_in_a_fault_nothing_leaves() {
    let mut call = Call::new(config(&[]), &[]);
    call.send(None, VP8, 10, &VP8_KEY);
    let packet = call.packets().remove(0);
    assert_eq!(call.show(&packet, 100).len(), 1);
    for seq in [101, 100] {
        assert_eq!(call.hand(call.video_slot, &packet, first(seq, call.now)), Ok(()));
    }
    let mut run = Vec::new();
    let polled = call.connection.poll_media(call.now, 16, &call.store, &mut run);
    assert_eq!(polled, Err(Ended::RepeatedNonce));
    assert!(run.is_empty(), "{} bytes are left", run.len());
}

#[test]
fn what_a_client_asks_for_can_be_read_where_it_is_decrypted() {
    let mut call = Call::new(config(&[]), &[]);
    call.send(None, VP8, 10, &VP8_KEY);
    let packet = call.packets().remove(0);
    let ssrc = call.connection.sender(call.video_slot).expect("a slot");
    assert_eq!(call.show(&packet, 100).len(), 1);
    call.reports.clear();
    let mut api = call.client.direct_api();
    api.stream_rx(&ssrc.0.into()).expect("it was heard").request_keyframe(KeyframeRequestKind::Pli);
    call.run(ms(50));
    let asks = |report: &&Vec<u8>| {
        let mut asked = false;
        let whole = feedback::read(report, |fact| {
            asked |= matches!(fact, Fact::KeyFrame { source, request: KeyRequest::Loss } if source == ssrc);
        });
        asked && whole.is_ok()
    };
    assert_eq!(call.reports.iter().filter(asks).count(), 1, "{:?}", call.reports);
}

#[test]
fn what_has_no_stream_is_not_even_mapped() {
    let mut call = Call::new(config(&[]), &[]);
    call.send(None, VP8, 10, &VP8_KEY);
    let packet = call.packets().remove(0);
    let kept = Store::default().keep(packet.stored());
    let written =
        call.connection.write(Ssrc(0xbad), &packet, kept, || panic!("a sequence number was used up"));
    assert_eq!(written, Ok(Err(Held::NoStream)));
}

/// Four seconds of a thousand packets each leave no more behind than the packets that may be asked for again and str0m's own
/// notes on those that were sent; and an offer of the same slots takes nothing of that away.
#[test]
fn what_is_kept_of_a_picture_is_bounded() {
    let mut call = Call::sealed_by(EgressKind::Rtc, config(&[]), &[]);
    call.send(None, VP8, 10, &VP8_KEY);
    let packet = call.packets().remove(0);
    let ssrc = call.connection.sender(call.video_slot).expect("a slot");
    let kept = allocation_counter::measure(|| {
        for seq in 1..=4_000 {
            call.now += ms(1);
            let leaving = Leaving {
                seq: SeqNo(seq),
                time: rtp::MediaTime(seq * 3_000),
                wallclock: call.now,
                picture: None,
                first: seq == 1,
            };
            assert_eq!(call.hand(call.video_slot, &packet, leaving), Ok(()));
            call.connection.step(call.now, &mut Vec::new(), &mut Vec::new()).expect("it goes on");
        }
    });
    println!("{} bytes are kept", kept.bytes_current);
    assert!(kept.bytes_current < 500_000, "{} bytes", kept.bytes_current);
    let again =
        allocation_counter::measure(|| assert_eq!(call.connection.sender(call.video_slot), Some(ssrc)));
    assert_eq!(again.bytes_current, 0, "nothing is given back");
}

/// 60 pictures were lost, 50 numbered commands, and nothing is told of how anything arrived, 20 times.
#[test]
fn what_a_report_says_again_and_again_is_told_once() {
    let mut call = Call::new(config(&[]), &[]);
    let slot = call.connection.sender(call.video_slot).expect("a slot").0.to_be_bytes();
    let sender = 7_u32.to_be_bytes();
    let lost = [&[0x81, 206, 0, 2][..], &sender, &slot].concat();
    let commands = (0..50).flat_map(|number| [&slot[..], &[number, 0, 0, 0]].concat());
    let commands = [&[0x84, 206, 0, 102][..], &sender, &[0; 4]].concat().into_iter().chain(commands);
    let arrivals = [&[0x8f, 205, 0, 5][..], &sender, &[0; 4], &[0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]].concat();
    let compound: Vec<u8> = lost.repeat(60).into_iter().chain(commands).chain(arrivals.repeat(20)).collect();
    let mut events = Vec::new();
    call.connection.take_report(&compound, &mut events).expect("it is RTCP");
    let wishes = events.iter().filter(|event| matches!(event, Event::KeyFrameWanted(_))).count();
    let estimates = events.iter().filter(|event| matches!(event, Event::Estimate(_))).count();
    assert_eq!((wishes, estimates, events.len()), (1, 1, 2));
}

/// str0m makes values of all that a report says, of several kilobytes for each packet of it. With AES-GCM, as browsers have it.
#[test]
fn a_minute_of_reports_about_nothing_takes_next_to_nothing() {
    let mut call = Call::new(config(&[]), &[]);
    call.run(Duration::from_secs(5));
    let (before, reports) = (call.allocated, call.reports.len());
    call.run(Duration::from_secs(60));
    let reports = call.reports.len() - reports;
    assert!(reports >= 60, "{reports} reports");
    let each = (call.allocated - before) / 60;
    println!("{each} bytes a second for {reports} reports");
    assert!(each < 10_000, "{each} bytes a second");
}
