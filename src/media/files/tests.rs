use proptest::prelude::*;

use super::*;

const ANN: PeerId = PeerId(1);
const BOB: PeerId = PeerId(2);
const FILE: FileId = FileId { from: ANN, to: BOB, id: 7 };

fn message(to: PeerId, id: u32, bytes: &[u8]) -> Vec<u8> {
    let mut message = to.0.to_be_bytes().to_vec();
    message.extend(id.to_be_bytes());
    message.extend(bytes);
    message
}

/// All that is told of credit.
fn told(files: &mut Files) -> Vec<String> {
    let mut told = Vec::new();
    files.tell(|text| {
        told.push(text.to_owned());
        true
    });
    told
}

#[test]
fn a_sender_may_send_a_window_and_as_much_more_as_left() {
    let mut ann = Files::default();
    ann.carry(FILE, 1_000_000);
    assert_eq!(told(&mut ann), [r#"{"type":"more","to":"0000000000000002","id":7,"bytes":131072}"#]);
    let chunk = vec![5; MOST_IN];
    for _ in 0..WINDOW / MOST_IN {
        assert_eq!(ann.take(ANN, &message(BOB, 7, &chunk)).unwrap().bytes, chunk);
    }
    ann.freed(BOB, 7, 1_024);
    assert!(told(&mut ann).is_empty(), "so little is not worth a word");
    ann.freed(BOB, 7, TOLD_EACH);
    assert_eq!(told(&mut ann), [r#"{"type":"more","to":"0000000000000002","id":7,"bytes":33792}"#]);
    for _ in 0..2 {
        ann.take(ANN, &message(BOB, 7, &chunk)).unwrap();
    }
    assert_eq!(ann.take(ANN, &message(BOB, 7, &chunk)).unwrap_err(), Stray::Excess(FILE));
    assert_eq!(ann.take(ANN, &message(BOB, 7, &chunk)).unwrap_err(), Stray::Unknown, "it is over");
}

#[test]
fn what_was_not_offered_or_is_no_frame_goes_nowhere() {
    let mut ann = Files::default();
    ann.carry(FILE, 10);
    for wrong in [&[][..], &[0; 11], &message(BOB, 7, &[]), &message(BOB, 7, &vec![0; MOST_IN + 1])] {
        assert_eq!(ann.take(ANN, wrong).unwrap_err(), Stray::Malformed);
    }
    for other in [message(BOB, 8, &[1]), message(PeerId(3), 7, &[1])] {
        assert_eq!(ann.take(ANN, &other).unwrap_err(), Stray::Unknown);
    }
    ann.take(ANN, &message(BOB, 7, &[1; 10])).unwrap();
    assert_eq!(
        ann.take(ANN, &message(BOB, 7, &[1])).unwrap_err(),
        Stray::Excess(FILE),
        "one byte more than offered"
    );
}

#[test]
fn credit_that_could_not_be_told_is_told_later() {
    let mut ann = Files::default();
    ann.carry(FILE, 10);
    ann.tell(|_| false);
    assert_eq!(told(&mut ann).len(), 1);
    assert!(told(&mut ann).is_empty());
}

/// Lets `millis` pass and gives what may leave in them.
fn leaves(files: &mut Files, start: Instant, spare: Option<Bitrate>, millis: u64) -> usize {
    (0..millis / 10)
        .map(|tick| {
            let now = start + EACH * u32::try_from(tick).unwrap();
            files.give(now, spare, usize::MAX, |_| true).iter().map(|(_, bytes)| bytes).sum::<usize>()
        })
        .sum()
}

fn bob_waits_for(bytes: usize) -> Files {
    let mut bob = Files::default();
    bob.put(Part { file: FILE, bytes: vec![3; bytes] });
    bob
}

#[test]
fn it_leaves_as_fast_as_media_leaves_place() {
    let start = Instant::now();
    let spare = Some(Bitrate::kbps(800));
    let left = leaves(&mut bob_waits_for(1_000_000), start, spare, 1_000);
    assert!((95_000..=102_000).contains(&left), "{left} bytes in a second of 800 kbit/s");
    let nothing = leaves(&mut bob_waits_for(1_000_000), start, Some(Bitrate::default()), 1_000);
    assert_eq!(nothing, 0, "a line that is full of media has no place");
    let alone = leaves(&mut bob_waits_for(10_000_000), start, None, 1_000);
    assert!(alone > 2_000_000, "{alone} bytes without media");
}

#[test]
fn who_was_not_looked_at_for_long_gets_no_burst() {
    let start = Instant::now();
    let mut bob = bob_waits_for(1_000_000);
    let spare = Some(Bitrate::kbps(800));
    bob.give(start, spare, usize::MAX, |_| true);
    let late = bob.give(start + Duration::from_secs(60), spare, usize::MAX, |_| true);
    assert!(late[0].1 <= 2_048, "{late:?}");
}

#[test]
fn what_is_over_does_not_leave_and_what_follows_is_whole() {
    let now = Instant::now();
    let mut bob = bob_waits_for(2_000);
    let next = FileId { id: 8, ..FILE };
    bob.put(Part { file: next, bytes: vec![4; 1_500] });
    // Half of the first is gone.
    bob.give(now, None, 1_024, |_| true);
    bob.drop_waiting(FILE);
    let mut got = Vec::new();
    bob.give(now + EACH, None, usize::MAX, |message| {
        assert_eq!(message[8..12], 8_u32.to_be_bytes());
        got.extend_from_slice(&message[12..]);
        true
    });
    assert_eq!(got, vec![4; 1_500]);
    assert!(!bob.waits());
}

proptest! {
    #[test]
    fn every_byte_arrives_once_and_in_its_order(
        parts in proptest::collection::vec((0_u32..3, 1_usize..5_000), 1..20),
        takes in proptest::collection::vec(any::<bool>(), 64),
        most in 1_024_usize..10_000,
    ) {
        let start = Instant::now();
        let (mut bob, mut sent) = (Files::default(), vec![Vec::new(); 3]);
        for (count, (id, bytes)) in parts.into_iter().enumerate() {
            let bytes = vec![u8::try_from(count).unwrap(); bytes];
            sent[id as usize].extend_from_slice(&bytes);
            bob.put(Part { file: FileId { id, ..FILE }, bytes });
        }
        let (mut got, mut freed) = (vec![Vec::new(); 3], 0);
        for tick in 0.. {
            if !bob.waits() {
                break;
            }
            let mut takes = takes.iter().cycle().skip(tick);
            let left = bob.give(start + EACH * u32::try_from(tick).unwrap(), None, most, |message| {
                let taken = tick > 500 || *takes.next().unwrap();
                if taken {
                    let id = u32::from_be_bytes(message[8..12].try_into().unwrap());
                    got[id as usize].extend_from_slice(&message[12..]);
                }
                taken
            });
            let bytes = left.iter().map(|(_, bytes)| bytes).sum::<usize>();
            prop_assert!(bytes <= most);
            freed += bytes;
        }
        prop_assert_eq!(&got, &sent);
        prop_assert_eq!(freed, sent.iter().map(Vec::len).sum::<usize>(), "every byte is freed once");
    }
}
