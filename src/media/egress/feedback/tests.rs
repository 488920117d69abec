use super::*;
use proptest::prelude::*;
use rtcp_types::prelude::{RtcpPacketWriter, RtcpPacketWriterExt};
use rtcp_types::{DelaySinceLastReceiverReport, NackBuilder, TwccPacketStatus, Xr};

/// A fact, with its lists.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Lost(u32, Vec<u16>),
    KeyFrame(u32, KeyRequest),
    Received(Reception),
    Arrivals(Vec<(u16, Option<i64>)>),
    ReferenceTime(u32, u64),
}

/// All that a compound says, and whether all of it was RTCP.
fn said(compound: &[u8]) -> (Vec<Said>, Result<(), Malformed>) {
    let (mut all, mut clock) = (Vec::new(), ReferenceClock::default());
    let whole = read(compound, |fact| {
        all.push(match fact {
            Fact::Lost { source, lost } => Said::Lost(source.0, lost.numbers().collect()),
            Fact::KeyFrame { source, request } => Said::KeyFrame(source.0, request),
            Fact::Received(reception) => Said::Received(reception),
            Fact::Arrivals(arrivals) => {
                Said::Arrivals(arrivals.reported(&mut clock).map(|it| (it.number, it.arrival)).collect())
            }
            Fact::ReferenceTime { from, ntp } => Said::ReferenceTime(from.0, ntp),
        });
    });
    (all, whole)
}

fn written(packet: &(impl RtcpPacketWriter + ?Sized)) -> Vec<u8> {
    let mut bytes = vec![0; packet.calculate_size().expect("it can be written")];
    packet.write_into_unchecked(&mut bytes);
    bytes
}

/// A packet of this type and count or format, with the length it has.
fn packet(number: u8, count: u8, words: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0x80 | count, number];
    bytes.extend(u16::try_from(words.len()).expect("it is short").to_be_bytes());
    bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    bytes
}

fn nack(source: u32, pairs: &[u32]) -> Vec<u8> {
    packet(205, 1, &[&[7, source], pairs].concat())
}

fn transport(statuses: u16, reference: u32, rest: &[u8]) -> Vec<u8> {
    let mut bytes = packet(205, 15, &[7, 9, 0xfffe_0000 | u32::from(statuses), reference << 8 | 1]);
    bytes.extend(rest);
    assert_eq!(bytes.len() % 4, 0);
    bytes[3] = u8::try_from(bytes.len() / 4 - 1).expect("it is short");
    bytes
}

#[test]
fn all_that_a_browser_says_at_once_is_told() {
    let block = [9, 0x4080_0000 | 0xff_fffe, 0x0001_0002, 33, 0x1234_5678, 0x8000];
    let reception = Reception {
        source: Ssrc(9),
        fraction_lost: 64,
        lost: 0x80_0000 - 0x100_0000 + 0x7f_fffe,
        highest: 0x1_0002,
        jitter: 33,
        last_report: 0x1234_5678,
        since_report: 0x8000,
    };
    let compound = [
        packet(201, 1, &[&[7], &block[..]].concat()),
        packet(200, 1, &[&[7, 1, 2, 3, 4, 5], &block[..]].concat()),
        // A description, a farewell and what an application makes of it are nobody's business here.
        packet(202, 1, &[7, 0x0101_6100]),
        nack(9, &[0x0005_8001, 0xffff_0001]),
        packet(206, 1, &[7, 9]),
        packet(206, 4, &[7, 0, 9, 0x0300_0000, 10, 0xff00_0000]),
        // REMB (draft-alvestrand-rmcat-remb-03 section 2.2).
        packet(206, 15, &[7, 0, 0x5245_4d42, 0x0107_a120, 9]),
        packet(207, 0, &[7, 0x0600_0001, 5, 0x0400_0002, 0xdead_beef, 0x0bad_cafe]),
        packet(203, 1, &[7]),
        packet(204, 0, &[7, 0x6e61_6d65]),
        packet(223, 0, &[7]),
    ];
    let (all, whole) = said(&compound.concat());
    assert_eq!(whole, Ok(()));
    let command = |number| KeyRequest::Command { number };
    let expected = [
        Said::Received(reception),
        Said::Received(reception),
        Said::Lost(9, vec![5, 6, 21, 0xffff, 0]),
        Said::KeyFrame(9, KeyRequest::Loss),
        Said::KeyFrame(9, command(3)),
        Said::KeyFrame(10, command(255)),
        Said::ReferenceTime(7, 0xdead_beef_0bad_cafe),
    ];
    assert_eq!(all, expected);
}

#[test]
fn arrivals_are_read_from_runs_and_vectors_with_steps_of_either_sign() {
    // Two came as a run; of fourteen the first and the last; one late, one earlier than that, one lost.
    let chunks = [0x2002_u16, 0x8000 | 1 << 13 | 1, 0xc000 | 2 << 12 | 2 << 10];
    let deltas = [4_u8, 0, 255, 1, 0x7f, 0xff, 0xff, 0x00];
    let mut rest: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.to_be_bytes()).collect();
    rest.extend(deltas);
    rest.extend([0, 0]);
    let (all, whole) = said(&transport(19, 2, &rest));
    let base = 128_000;
    let last = base + (4 + 255 + 1) * 250;
    let mut expected =
        vec![(0xfffe, Some(base + 1_000)), (0xffff, Some(base + 1_000)), (0, Some(base + 64_750))];
    expected.extend((1..13).map(|number| (number, None)));
    expected.extend([
        (13, Some(last)),
        (14, Some(last + 0x7fff * 250)),
        (15, Some(last + (0x7fff - 256) * 250)),
        (16, None),
    ]);
    assert_eq!((all, whole), (vec![Said::Arrivals(expected)], Ok(())));
}

#[test]
fn feedback_that_was_cut_or_means_nothing_says_what_comes_before() {
    let number = |all: Vec<Said>| match all.as_slice() {
        [Said::Arrivals(arrivals)] => arrivals.len(),
        _ => panic!("{all:?}"),
    };
    let cut = transport(100, 2, &[0x20, 100, 1, 1]);
    assert_eq!(number(said(&cut).0), 2, "two steps of a hundred are there");
    let short = transport(1_000, 2, &[0x00, 9, 0x00, 0]);
    assert_eq!(number(said(&short).0), 9, "nine of a thousand are spoken of");
    let reserved = transport(3, 2, &[0xc7, 0, 1, 1]);
    assert_eq!(number(said(&reserved).0), 2, "3 is no status");
}

/// Sixteen bytes can speak of 65,535 packets; a datagram of them costs no more than what somebody could have sent.
#[test]
fn a_datagram_speaks_of_no_more_packets_than_could_have_been_sent() {
    let runs: Vec<u8> = [[0x1f, 0xff]; 8].concat();
    let compound: Vec<u8> = std::iter::repeat_n(transport(u16::MAX, 1, &runs), 38).flatten().collect();
    assert!(compound.len() < 1_400);
    let (all, whole) = said(&compound);
    let spoken_of: usize =
        all.iter().map(|said| if let Said::Arrivals(them) = said { them.len() } else { 0 }).sum();
    assert_eq!((all.len(), spoken_of, whole), (38, arrivals::MOST_STATUSES, Ok(())));
}

#[test]
fn reports_whose_lengths_lie_are_no_reports() {
    let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
    let wish = packet(206, 1, &[7, 9]);
    let wished = vec![Said::KeyFrame(9, KeyRequest::Loss)];
    assert_eq!(said(&report), (vec![], Ok(())));
    assert_eq!(said(&[&report[..], &wish].concat()), (wished.clone(), Ok(())));
    for rest in [
        &[0x81, 206, 0, 3, 0, 0, 0, 7, 0, 0, 0, 9][..],
        &[0x41, 206, 0, 0],
        &[0x80, 201, 0],
        &[0; 8],
        &[0x80, 201, 0, 0],
    ] {
        let compound = [&report[..], &wish, rest].concat();
        assert_eq!(said(&compound), (wished.clone(), Err(Malformed)), "{rest:?}");
    }
    // What has lengths of its own inside is told of as far as they can be, and so is what follows.
    let inside = [
        packet(201, 2, &[7, 9, 0, 0, 0, 0, 0]),
        packet(205, 15, &[7, 9, 0]),
        packet(206, 1, &[7, 9, 0]),
        packet(206, 4, &[7, 0, 9]),
        packet(207, 0, &[7, 0x0400_0001, 0xdead_beef]),
        packet(207, 0, &[7, 0x0400_0003, 0xdead_beef]),
    ];
    for packet in inside {
        assert_eq!(said(&[&packet[..], &wish].concat()), (wished.clone(), Err(Malformed)), "{packet:?}");
    }
}

/// `rtcp-types` takes padding for feedback, and a block for as long as what follows it.
#[test]
fn padding_is_no_feedback_and_a_block_ends_where_it_says() {
    let padded = |mut packet: Vec<u8>, padding: &[u8]| {
        packet[0] |= PADDED;
        packet[3] += 1;
        packet.extend(padding);
        packet
    };
    assert_eq!(said(&padded(nack(9, &[0x0005_0000]), &[0, 0, 0, 4])), (vec![Said::Lost(9, vec![5])], Ok(())));
    let wish = padded(packet(206, 1, &[7, 9]), &[0, 0, 0, 4]);
    assert_eq!(said(&wish), (vec![Said::KeyFrame(9, KeyRequest::Loss)], Ok(())));
    let time = padded(packet(207, 0, &[7, 0x0400_0002, 1, 2]), &[0, 0, 0, 4]);
    assert_eq!(said(&time), (vec![Said::ReferenceTime(7, 1 << 32 | 2)], Ok(())));
    let report = padded(packet(201, 1, &[7, 9, 0, 0, 0, 0]), &[0, 0, 0, 4]);
    assert_eq!(said(&report), (vec![], Err(Malformed)), "its block ends in padding");
    assert_eq!(said(&padded(nack(9, &[0x0005_0000]), &[0, 0, 0, 200])), (vec![], Err(Malformed)));
    // A reference time of one word, with a block behind it.
    let short = packet(207, 0, &[7, 0x0400_0001, 1, 0x0600_0000]);
    assert_eq!(said(&short), (vec![], Err(Malformed)));
}

#[test]
fn reading_allocates_nothing() {
    let answer = DelaySinceLastReceiverReport::builder();
    let compound = [
        packet(201, 1, &[7, 9, 0, 0, 0, 0, 0]),
        packet(202, 1, &[7, 0x0101_6100]),
        nack(9, &[0x0005_ffff; 300]),
        packet(206, 4, &[7, 0, 9, 0x0300_0000]),
        transport(u16::MAX, 1, &[0x1f, 0xff, 0, 0]),
        written(&Xr::builder().sender_ssrc(7).add_block(answer)),
        packet(207, 0, &[7, 0x0400_0002, 1, 2]),
    ]
    .concat();
    let (mut numbers, mut clock) = (0, ReferenceClock::default());
    let allocations = allocation_counter::measure(|| {
        let whole = read(&compound, |fact| match fact {
            Fact::Lost { lost, .. } => numbers += lost.numbers().count(),
            Fact::Arrivals(arrivals) => numbers += arrivals.reported(&mut clock).count(),
            _ => {}
        });
        assert_eq!(whole, Ok(()));
    });
    assert_eq!((allocations.count_total, numbers), (0, 300 * 17 + arrivals::MOST_STATUSES.min(8_191)));
}

fn statuses() -> impl Strategy<Value = Vec<TwccPacketStatus>> {
    let status = prop_oneof![
        3 => Just(TwccPacketStatus::NotReceived),
        5 => (0_i16..256).prop_map(|delta| TwccPacketStatus::Received { delta }),
        1 => any::<i16>().prop_map(|delta| TwccPacketStatus::Received { delta }),
    ];
    prop::collection::vec((status, 1_usize..40), 1..20).prop_map(|runs| {
        runs.into_iter().flat_map(|(status, count)| std::iter::repeat_n(status, count)).collect()
    })
}

proptest! {
    /// Whatever comes is read without a panic, and what cannot be cut into packets is said to be none: the same as was said
    /// when nothing else was read.
    #[test]
    fn any_bytes_are_read_and_told_apart(
        bytes in prop::collection::vec(prop_oneof![Just(0x80_u8), 0_u8..4, 199_u8..208, any::<u8>()], 0..200),
    ) {
        let (all, whole) = said(&bytes);
        let numbers: usize = all.iter().map(|said| match said {
            Said::Lost(_, numbers) => numbers.len(),
            _ => 1,
        }).sum();
        prop_assert!(numbers <= bytes.len() * 5, "{} facts and numbers of {} bytes", numbers, bytes.len());
        let mut rest = &bytes[..];
        while let Some((packet, after)) = Packet::split_off(rest) {
            prop_assert_eq!(packet.bytes, &rest[..rest.len() - after.len()]);
            rest = after;
        }
        prop_assert!(rest.is_empty() || whole.is_err());
    }

    /// What `rtcp-types` writes is read as what was written.
    #[test]
    fn what_is_written_is_read(
        numbers in prop::collection::btree_set(any::<u16>(), 1..60),
        statuses in statuses(),
        base: u16,
        reference in 0_u32..1 << 24,
    ) {
        let nack = numbers.iter().fold(NackBuilder::default(), |nack, number| nack.add_rtp_sequence(*number));
        let lost = written(&TransportFeedback::builder(&nack).media_ssrc(9));
        prop_assert_eq!(said(&lost), (vec![Said::Lost(9, numbers.into_iter().collect())], Ok(())));
        let feedback = Twcc::builder(base, reference, 0, &statuses, None);
        let mut at = i64::from(reference) * 64_000;
        let arrivals = statuses.iter().enumerate().map(|(place, status)| {
            let arrival = match status {
                TwccPacketStatus::NotReceived => None,
                TwccPacketStatus::Received { delta } => {
                    at += i64::from(*delta) * 250;
                    Some(at)
                }
            };
            (base.wrapping_add(place as u16), arrival)
        });
        let expected = vec![Said::Arrivals(arrivals.collect())];
        let packet = TransportFeedback::builder(&feedback).media_ssrc(9);
        let mut bytes = vec![0; packet.calculate_size().expect("it can be written")];
        packet.write_into(&mut bytes).expect("it fits");
        prop_assert_eq!(said(&bytes), (expected, Ok(())));
    }
}
