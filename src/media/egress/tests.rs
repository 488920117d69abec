//! Bad input, and counters that wrap: what leaves is opened again with the receiver's keys.

use super::*;
use crate::media::frame::Picture;
use crate::media::ids::Layer;
use crate::media::rtp::{MediaTime, SeqNo, Ssrc};
use line::{Got, Line, SLOT, ms, nack, originals, pairs, picture};

mod line;
mod sound;

/// Sequence numbers, timestamps (from 2^32 - 5 s on), picture ids, transport-wide numbers and roll-overs of the SRTP index
/// all wrap, some more than once.
#[test]
fn every_counter_wraps_and_each_packet_is_what_it_was() {
    let mut line = Line::new(32_000, 1);
    line.bytes = 8;
    let mut transport = None;
    let mut wraps = 0;
    for _ in 0..140_000_u64 {
        line.now += ms(5);
        line.send(false);
        let got = line.leave();
        let packets: Vec<_> = got.iter().filter(|got| matches!(got, Got::Packet { .. })).collect();
        let [Got::Packet { seq, original: None, transport: number, time, picture: id, payload }] =
            packets[..]
        else {
            panic!("one packet for one: {got:?}")
        };
        let sent = line.seq;
        assert_eq!((*seq, *time, *id), (sent as u16, (sent * 3_000) as u32, picture(sent)));
        assert_eq!(*payload, line.payload(sent));
        let expected = transport.map_or(0, |before: u16| before.wrapping_add(1));
        assert_eq!(*number, expected, "transport-wide numbers have no hole");
        transport = Some(*number);
        wraps += u64::from(*number == 0);
        if matches!(sent as u16, 0 | 3) {
            // What was lost around the wrap is sent again with its own number, and counts once more on the wire.
            let lost = [65_534, 65_535, sent as u16];
            line.report(&nack(&lost));
            let again = line.leave();
            assert_eq!(originals(&again), if sent as u16 == 0 { lost.to_vec() } else { vec![3] });
            for got in &again {
                let Got::Packet { original: Some(low), transport: number, time, payload, .. } = got else {
                    continue;
                };
                let was = sent - u64::from((sent as u16).wrapping_sub(*low));
                assert_eq!((*time, payload), ((was * 3_000) as u32, &line.payload(was)));
                transport = Some(*number);
            }
        }
    }
    assert!(wraps >= 3, "{wraps}");
}

#[test]
fn a_request_for_everything_gets_what_the_budget_has_and_each_packet_once() {
    let mut line = Line::new(100, 1);
    for _ in 0..300 {
        line.now += ms(3);
        line.send(false);
        line.leave();
    }
    let everything = pairs((0..347).map(|pair| ((pair * 17) << 16) | 0xffff));
    line.report(&everything);
    let again = originals(&line.leave());
    let different: std::collections::BTreeSet<_> = again.iter().collect();
    assert_eq!(again.len(), different.len(), "each once");
    let budget = line.egress.estimate().as_bps() as usize / 8 / 4;
    assert!((1..=budget / 1_100).contains(&again.len()), "{} packets of {budget} bytes", again.len());
    let refused = line.egress.take_counts().refused;
    assert!(refused.over > 0 && refused.unread == 1, "{refused:?}");
    // A thousand times a second: a quarter of the estimate still, and hardly a number is looked at.
    let (mut resent, estimate) = (0, line.egress.estimate().as_bps() as usize);
    for _ in 0..1_000 {
        line.now += ms(1);
        line.report(&everything);
        resent += originals(&line.leave()).len();
    }
    assert!(resent * 1_100 <= estimate / 8 / 4 + 12_000, "{resent} packets");
    let refused = line.egress.take_counts().refused;
    let looked = refused.pointless + refused.repeated + refused.over + resent as u64;
    assert!(looked <= 6_000 && refused.unread > 900, "{refused:?}");
    // And what is published goes on.
    line.send(false);
    assert!(line.leave().iter().any(|got| matches!(got, Got::Packet { original: None, .. })));
}

#[test]
fn what_never_left_is_not_sent_and_nobody_pays_for_it() {
    let mut line = Line::new(100, 1);
    line.send(false);
    line.leave();
    assert_eq!(line.ask(&[0, 99, 100, 102, 500, 40_000, 65_535]), [0; 0]);
    assert_eq!(line.egress.take_counts().refused.pointless, 7);
    assert_eq!(line.ask(&[101]), [101]);
    // Of a source that is none, and of another one's resends.
    let mut other = nack(&[101]);
    other[8..12].copy_from_slice(&0xbad_u32.to_be_bytes());
    line.report(&other);
    assert_eq!(originals(&line.leave()), [0; 0]);
}

#[test]
fn a_resend_that_is_asked_for_after_the_ring_moved_on_does_not_leave() {
    let mut line = Line::new(100, 1);
    line.send(false);
    line.leave();
    // The ring gives up what is over its count, within the second in which it is remembered that it left.
    line.bytes = 8;
    for _ in 0..1_023 {
        line.send(false);
    }
    while line.lose() > 0 {}
    assert_eq!(line.ask(&[101]), [101], "it is the last one kept");
    line.now += ms(200);
    line.bytes = 60_000;
    for _ in 0..9 {
        line.send(false);
    }
    while line.lose() > 0 {}
    assert_eq!(line.ask(&[101, 102]), [0; 0]);
    let refused = line.egress.take_counts().refused;
    assert_eq!((refused.pointless, refused.over), (2, 0));
}

/// What the kernel refuses, or a way that cannot take it, is lost like on any line: nothing is sealed twice and it can be asked for.
#[test]
fn a_run_of_which_a_part_cannot_be_sent_is_mended_like_any_loss() {
    let mut line = Line::new(65_530, 1);
    for _ in 0..4 {
        line.send(false);
    }
    assert_eq!(line.leave().len(), 5, "and a report");
    // All of a run was written and sealed, and the call failed.
    for _ in 0..4 {
        line.send(false);
    }
    assert_eq!(line.lose(), 4);
    // In the middle of another one, two could go nowhere: they were not even written.
    for _ in 0..3 {
        line.send(false);
    }
    line.nowhere = 2;
    let got = line.leave();
    let [Got::Packet { seq: 5, transport, .. }] = got[..] else { panic!("the last one left: {got:?}") };
    assert_eq!(transport, 8, "what was not written has no number");
    let lost: Vec<u16> = (65_531..=65_541_u64).map(|seq| seq as u16).collect();
    assert_eq!(line.ask(&lost[4..8]), lost[4..8], "what was lost leaves again");
    assert_eq!(line.ask(&lost[8..10]), [0; 0], "what never left does not");
}

#[test]
fn a_new_connection_has_new_keys_and_nothing_of_the_old_one() {
    let mut before = Line::new(30_000, 1);
    before.send(false);
    before.leave();
    let mut line = Line::new(30_000, 2);
    assert_eq!(line.ask(&[30_001]), [0; 0], "it left on the connection before");
    line.send(false);
    let [Got::Packet { seq: 30_001, transport: 0, .. }] = line.leave()[..1] else {
        panic!("it counts from the start")
    };
    assert_eq!(line.ask(&[30_001]), [30_001]);
}

#[test]
fn a_receiver_that_reports_that_all_is_lost_is_sent_little_and_never_nothing() {
    let mut line = Line::new(100, 1);
    let mut left = 0;
    for packet in 0..2_000_u32 {
        line.now += ms(10);
        line.send(false);
        let got = line.leave();
        left += got.iter().filter(|got| matches!(got, Got::Packet { original: None, .. })).count();
        if packet % 10 == 9 {
            let report = [
                0x81, 201, 0, 7, 0, 0, 0, 7, 0, 0, 0x11, 0x11, 255, 0, 255, 255, 0, 0, 255, 255, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 0,
            ];
            line.report(&report);
            // Of the last ten none came.
            let base = ((packet + 1 - 10) as u16).to_be_bytes();
            let arrivals = [
                0x8f,
                205,
                0,
                5,
                0,
                0,
                0,
                7,
                0,
                0,
                0,
                0,
                base[0],
                base[1],
                0,
                10,
                0,
                0,
                1,
                (packet / 10) as u8,
                0,
                10,
                0,
                0,
            ];
            line.report(&arrivals);
        }
        assert!(line.egress.estimate().as_bps() >= 50_000);
    }
    assert_eq!(left, 2_000, "what is shown is the allocator's to decide");
    assert!(line.egress.estimate().as_bps() <= 300_000, "{:?}", line.egress.estimate());
}

#[test]
fn a_wish_for_a_key_frame_is_told_once_for_each_command_and_makes_resends_pointless() {
    let mut line = Line::new(100, 1);
    for _ in 0..4 {
        line.send(false);
        line.leave();
        line.now += ms(100);
    }
    let command = |number: u8| [0x84, 206, 0, 4, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0x11, 0x11, number, 0, 0, 0];
    assert!(matches!(line.report(&command(3))[..], [Told::KeyFrame(SLOT)]));
    assert_eq!(line.report(&command(3)).len(), 0, "the same once more");
    assert!(matches!(
        line.report(&[0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0x11, 0x11])[..],
        [Told::KeyFrame(SLOT)]
    ));
    line.egress.key_frame_comes(line.now, SLOT);
    assert_eq!(line.ask(&[102, 103]), [0; 0]);
    line.send(true);
    line.leave();
    assert_eq!(line.ask(&[104, 105]), [105], "the key frame itself is sent again");
}
