//! Sources that are none, and sources by the thousand.

use super::client::{Call, VP8, VP8_DELTA, VP8_KEY, config, ms};
use crate::limits::Limit;
use crate::media::ids::Layer;
use crate::media::rtc::Ended;

/// As the packet, but of another source and with other bytes at its end: what one can send who has no keys.
fn forged(packet: &[u8], ssrc: u32) -> Vec<u8> {
    let mut forged = packet.to_vec();
    forged[8..12].copy_from_slice(&ssrc.to_be_bytes());
    forged
}

#[test]
fn ten_thousand_forged_sources_cost_nothing_and_the_real_one_is_still_heard() {
    let mut call = Call::new(config(&[]), &[]);
    call.send(None, VP8, 10, &VP8_KEY);
    assert_eq!(call.packets().len(), 1);
    // The first packets name their m-line, so these would move it to a source that does not exist.
    let real = call.last.clone();
    for ssrc in 0..10_000 {
        call.give(&forged(&real, 1_000_000 + ssrc), &mut Vec::new());
    }
    assert_eq!(call.refused, 10_000);
    assert_eq!(call.tally.count(Limit::SsrcsPerPeer), 0, "they are not this client's");
    let known = call.connection.srtp.sources.len();
    assert!(known <= 2, "{known} sources are remembered");
    for seq in 11..20 {
        call.send(None, VP8, seq, &VP8_DELTA);
    }
    assert_eq!(call.packets().len(), 9);
}

#[test]
fn forged_sources_in_front_of_the_first_packet_do_not_keep_it_out() {
    let mut call = Call::new(config(&[]), &["q", "h", "f"]);
    call.lose = (0, 1);
    call.send(Some("f"), VP8, 10, &VP8_KEY);
    let real = call.last.clone();
    for ssrc in 0..2_000 {
        call.give(&forged(&real, ssrc), &mut Vec::new());
    }
    call.give(&real, &mut Vec::new());
    let packets = call.packets();
    assert_eq!(packets.iter().map(|packet| packet.layer).collect::<Vec<_>>(), [Layer::High]);
}

#[test]
fn an_hour_of_starting_anew_locks_nobody_out() {
    let mut call = Call::new(config(&[]), &[]);
    for ssrc in 0..600 {
        call.send_from(5_000 + ssrc);
        assert_eq!(call.packets().len(), 1, "source {ssrc}");
    }
    assert_eq!(call.ended, None);
}

#[test]
fn ten_thousand_real_sources_end_the_connection_at_the_limit() {
    let most = 50;
    let mut call = Call::new(config(&[]), &[]).limited(Limit::SsrcsPerPeer, most);
    for ssrc in 0..10_000 {
        call.send_from(5_000 + ssrc);
        if call.ended.is_some() {
            break;
        }
    }
    assert_eq!(call.tally.count(Limit::SsrcsPerPeer), 1);
    assert_eq!(call.packets().len(), most);
    assert_eq!(call.ended, Some(Ended::TooManySources), "it goes on for ever");
}

#[test]
fn a_payload_type_that_was_not_negotiated_is_refused_and_the_next_packet_is_taken() {
    let mut call = Call::new(config(&[]), &[]);
    call.send(None, VP8, 10, &VP8_KEY);
    let mut wrong = call.last.clone();
    wrong[1] = (wrong[1] & 0x80) | 0x21;
    call.give(&wrong, &mut Vec::new());
    assert_eq!(call.refused, 1);
    call.send(None, VP8, 11, &VP8_DELTA);
    assert_eq!(call.packets().len(), 2);
}

#[test]
fn media_in_the_format_of_the_other_kind_and_cut_short_is_counted() {
    let mut call = Call::new(config(&[]), &[]);
    call.send(None, 50, 10, &VP8_KEY);
    assert_eq!((call.refused, call.packets().len()), (1, 0), "sound on the line of a picture");
    let mut api = call.client.direct_api();
    let stream = api.stream_tx_by_mid(call.video, None).expect("a stream");
    // An extended descriptor whose fields are missing.
    let write = str0m::rtp::RtpWrite::new(VP8.into(), 11.into(), 33_000, call.now, vec![0x90, 0xe0]);
    stream.write_rtp(write.marker(true));
    call.run(ms(20));
    assert_eq!((call.refused, call.packets().len()), (2, 0), "a descriptor cut short");
}

#[test]
fn a_layer_that_has_no_name_here_is_refused() {
    let mut call = Call::new(config(&[]), &["x"]);
    call.send(Some("x"), VP8, 10, &VP8_KEY);
    call.send(Some("x"), VP8, 11, &VP8_DELTA);
    assert_eq!((call.refused, call.packets().len()), (2, 0));
}
