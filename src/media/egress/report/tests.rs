use super::super::feedback;
use super::*;
use proptest::prelude::*;
use rtcp_types::prelude::{RtcpPacketParser, XrBlockParser};
use rtcp_types::{Compound, DelaySinceLastReceiverReport, Packet, SenderReport, Xr};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What a sender report says: source, NTP, RTP, packets, octets.
fn reports(compound: &[u8]) -> Vec<(u32, u64, u32, u32, u32)> {
    let mut all = Vec::new();
    for packet in Compound::parse(compound).expect("it is RTCP") {
        if let Packet::Sr(report) = packet.expect("each packet is whole") {
            let (time, packets) = (report.rtp_timestamp(), report.packet_count());
            all.push((report.ssrc(), report.ntp_timestamp(), time, packets, report.octet_count()));
        }
    }
    all
}

#[test]
fn a_report_relates_the_timestamp_of_now_to_the_servers_clock() {
    let origin = Instant::now();
    let (clock, now) = (NtpClock::new(origin), origin + ms(5_500));
    let mut sending = Sending::new(ClockRate::VIDEO);
    assert_eq!(sending.due(), None, "it has sent nothing");
    sending.sent(now, MediaTime((7 << 32) + 90_000), origin + ms(5_400), 1_000);
    sending.sent(now, MediaTime((7 << 32) + 81_000), origin + ms(5_450), 500);
    assert_eq!(sending.due(), Some(now), "the first one leaves at once");
    let mut out = vec![1, 2, 3];
    let sources = [(Ssrc(9), &mut sending)];
    let first = write(now + ms(200), clock, sources, &mut References::default(), 1_200, &mut out);
    assert_eq!((first, &out[..3]), (Some(Ssrc(9)), &[1, 2, 3][..]));
    let ntp = (EPOCH << 32) + (57 << 32) / 10;
    let [(ssrc, at, time, packets, octets)] = reports(&out[3..])[..] else { panic!("one report") };
    assert_eq!((ssrc, time, packets, octets), (9, 90_000 + 27_000, 2, 1_500));
    assert!(at.abs_diff(ntp) < 8, "{at:x} {ntp:x}");
}

#[test]
fn a_source_reports_once_a_second_while_it_sends_and_together_with_the_others() {
    let origin = Instant::now();
    let clock = NtpClock::new(origin);
    let mut sources: Vec<Sending> = (0..3).map(|_| Sending::new(ClockRate::VIDEO)).collect();
    let (mut datagrams, mut count) = (0, [0_u32; 3]);
    for step in 0..1_000_u64 {
        let now = origin + ms(step * 10);
        for (place, sending) in sources.iter_mut().enumerate() {
            // One begins 70 ms after the other, and the last one stops after 3 s.
            if step >= place as u64 * 7 && (place < 2 || step < 300) {
                sending.sent(now, MediaTime(step * 900), now, 1_000);
            }
        }
        let due = sources.iter().filter_map(Sending::due).min();
        if due.is_some_and(|due| due <= now) {
            let mut out = Vec::new();
            let named = sources.iter_mut().enumerate().map(|(place, it)| (Ssrc(place as u32), it));
            write(now, clock, named, &mut References::default(), 1_200, &mut out).expect("one is due");
            datagrams += 1;
            for (ssrc, ..) in reports(&out) {
                count[ssrc as usize] += 1;
            }
        }
    }
    assert!((10..=12).contains(&datagrams), "{datagrams} datagrams in 10 s");
    assert!(
        (10..=12).contains(&count[0]) && (10..=12).contains(&count[1]) && (3..=5).contains(&count[2]),
        "{count:?}"
    );
}

#[test]
fn a_person_with_every_slot_is_told_in_datagrams_that_fit() {
    let now = Instant::now();
    let mut sources: Vec<Sending> = (0..58).map(|_| Sending::new(ClockRate::AUDIO)).collect();
    for sending in &mut sources {
        sending.sent(now, MediaTime(1), now, 1);
    }
    let (mut references, mut told, mut answers) = (References::default(), Vec::new(), 0);
    references.note(now, Ssrc(1), 1 << 32);
    loop {
        let mut out = Vec::new();
        let named = sources.iter_mut().enumerate().map(|(place, it)| (Ssrc(place as u32), it));
        let Some(first) = write(now, NtpClock::new(now), named, &mut references, 1_200, &mut out) else {
            assert_eq!(out.len(), 0);
            break;
        };
        assert!(out.len() <= 1_200, "{} bytes", out.len());
        assert_eq!(reports(&out)[0].0, first.0);
        told.extend(reports(&out).iter().map(|report| report.0));
        let packets = Compound::parse(&out).expect("it is RTCP");
        answers += packets.filter(|packet| matches!(packet, Ok(Packet::Xr(_)))).count();
    }
    assert_eq!((told, answers), ((0..58).collect(), 1));
}

#[test]
fn whoever_says_what_time_it_is_can_tell_the_round_trip_from_the_answer() {
    let origin = Instant::now();
    let mut references = References::default();
    references.note(origin, Ssrc(7), 0x1111_2222_3333_4444);
    references.note(origin + ms(100), Ssrc(7), 0x1111_3333_4444_5555);
    (0..20).for_each(|number| references.note(origin + ms(200), Ssrc(100 + number), 1 << 32));
    references.note(origin + ms(250), Ssrc(7), 0x1111_3333_4444_5555);
    let mut sending = Sending::new(ClockRate::VIDEO);
    sending.sent(origin, MediaTime(1), origin, 1);
    let (now, mut out) = (origin + ms(750), Vec::new());
    write(now, NtpClock::new(origin), [(Ssrc(9), &mut sending)], &mut references, 1_200, &mut out);
    let report = SenderReport::parse(&out[..28]).expect("a compound begins with a report");
    let extended = Xr::parse(&out[28..]).expect("and ends with the answers");
    assert_eq!((report.ssrc(), extended.sender_ssrc()), (9, 9));
    assert_eq!(extended.block_iter().count(), 1);
    // The crate refuses more than one answer in a block by its length, so the first is read by hand.
    assert!(DelaySinceLastReceiverReport::parse(&out[36..]).is_err());
    let words: Vec<u32> =
        out[36..].chunks(4).map(|word| u32::from_be_bytes(word.try_into().expect("four"))).collect();
    assert_eq!((words[0], words.len()), (0x0500_000c, 13));
    let (answers, rest) = words[1..].as_chunks::<3>();
    assert!(rest.is_empty());
    assert_eq!(answers.last(), Some(&[7, 0x3333_4444, 0x8000]), "half a second in 65,536ths");
    assert!(answers[..3].iter().all(|answer| answer[0] >= 117 && answer[1] == 0x1_0000), "{answers:?}");
    // What was answered is not answered again.
    sending.sent(now, MediaTime(1), now, 1);
    let mut out = Vec::new();
    write(now + EACH, NtpClock::new(origin), [(Ssrc(9), &mut sending)], &mut references, 1_200, &mut out);
    assert_eq!(out.len(), 28);
}

proptest! {
    /// A receiver that has had a report and tells how long ago lets us know the round trip to a thousandth of a second; one
    /// that lies, no more than ten.
    #[test]
    fn round_trips_are_told_by_reports(up in 0_u64..4_000, down in 0_u64..4_000, waited in 0_u64..5_000, since in 0_u64..1 << 40, lies: [u32; 2]) {
        let origin = Instant::now();
        let (clock, sent_at) = (NtpClock::new(origin), origin + ms(since));
        let mut sending = Sending::new(ClockRate::VIDEO);
        sending.sent(sent_at, MediaTime(1), sent_at, 1);
        let mut out = Vec::new();
        write(sent_at, clock, [(Ssrc(9), &mut sending)], &mut References::default(), 1_200, &mut out);
        let (_, ntp, ..) = reports(&out)[0];
        let now = sent_at + ms(down + waited + up);
        let reception = |last_report, since_report| feedback::Reception {
            source: Ssrc(9), fraction_lost: 0, lost: 0, highest: 0, jitter: 0, last_report, since_report,
        };
        let honest = reception((ntp >> 16) as u32, (waited * 65_536 / 1_000) as u32);
        let told = clock.round_trip(now, &honest).expect("it has had one");
        prop_assert!(told.abs_diff(ms(up + down)) <= ms(1), "{:?} of {} ms", told, up + down);
        let lie = clock.round_trip(now, &reception(lies[0], lies[1]));
        prop_assert!(lie.is_none_or(|told| told <= LONGEST_ROUND_TRIP));
        prop_assert_eq!(clock.round_trip(now, &reception(0, lies[1])), None);
    }
}
