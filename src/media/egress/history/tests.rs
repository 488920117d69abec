use std::collections::HashMap;

use super::*;
use proptest::prelude::*;

const RTT: Duration = Duration::from_millis(40);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn sent(number: u64) -> Sent {
    let picture = match number % 3 {
        0 => None,
        1 => Some(Picture { id: number as u16 & 0x7f, long: false, tl0: None }),
        _ => Some(Picture { id: number as u16 & 0x7fff, long: true, tl0: Some(number as u8) }),
    };
    let layer = Layer::ALL[number as usize % 3];
    let kept = Kept { publication: PublicationKey::of(number as u32 % 7), layer, number: (5 << 32) + number };
    Sent { kept, time: number as u32 * 3_000, picture }
}

/// Packets of these numbers left, one each millisecond.
fn history(start: Instant, numbers: std::ops::Range<u64>) -> History {
    let mut history = History::default();
    for (at, number) in numbers.enumerate() {
        history.note(start + ms(at as u64), SeqNo(number), sent(number), false);
    }
    history
}

#[test]
fn what_was_lost_is_written_again_as_it_left_across_the_roll_over() {
    let start = Instant::now();
    let mut history = history(start, 65_400..65_700);
    let now = start + ms(300);
    for number in [65_400_u64, 65_535, 65_536, 65_699] {
        let again = history.again(now, RTT, number as u16).expect("it left");
        assert_eq!((again.seq, again.sent), (SeqNo(number), sent(number)));
        assert_eq!(again.until, start + ms(number - 65_400) + OLDEST);
    }
    for never in [65_399_u64, 65_700, 65_700 + 32_768, 65_699 - 32_768] {
        assert_eq!(history.again(now, RTT, never as u16), Err(NotAgain::NeverSent), "{never}");
    }
}

#[test]
fn a_packet_is_sent_again_once_in_a_round_trip_and_ten_times_at_most() {
    let start = Instant::now();
    let mut history = history(start, 100..101);
    assert!(history.again(start + ms(50), RTT, 100).is_ok());
    assert_eq!(history.again(start + ms(50), RTT, 100), Err(NotAgain::TooSoon), "named twice in one report");
    assert_eq!(history.again(start + ms(84), RTT, 100), Err(NotAgain::TooSoon));
    assert!(history.again(start + ms(90), RTT, 100).is_ok(), "what was sent again was lost, too");
    assert_eq!(
        history.again(start + ms(95), ms(0), 100),
        Err(NotAgain::TooSoon),
        "whatever the round trip is said to be"
    );
    for time in 2..10 {
        assert!(history.again(start + ms(90 + time * 10), ms(0), 100).is_ok(), "{time}");
    }
    assert_eq!(history.again(start + ms(300), RTT, 100), Err(NotAgain::TooOften));
}

#[test]
fn the_round_trip_of_a_packet_that_waited_begins_when_it_has_left() {
    let start = Instant::now();
    let mut history = history(start, 100..101);
    assert!(history.again(start, RTT, 100).is_ok());
    history.left_again(start + ms(100), SeqNo(100));
    history.left_again(start + ms(100), SeqNo(99));
    assert_eq!(history.again(start + ms(120), RTT, 100), Err(NotAgain::TooSoon));
    assert!(history.again(start + ms(140), RTT, 100).is_ok());
}

/// At the end of an outage of 12 s a receiver asks for all it has missed: 492 packets were sent, each long of no use.
#[test]
fn after_an_outage_only_what_can_still_be_shown_is_sent_again() {
    let start = Instant::now();
    let mut history = History::default();
    for packet in 0..492 {
        history.note(start + ms(packet * 12_000 / 492), SeqNo(1_000 + packet), sent(packet), false);
    }
    assert!(history.entries.len() <= 42, "{} entries", history.entries.len());
    let now = start + ms(12_000);
    let again = (0..492).filter(|packet| history.again(now, RTT, 1_000 + packet).is_ok()).count();
    assert!((38..=42).contains(&again), "{again} packets of the last second, 41 a second");
    assert_eq!(history.again(now, RTT, 1_000), Err(NotAgain::TooOld));
    // Nothing left since, and time went on.
    assert_eq!(history.again(now + OLDEST + ms(1), RTT, 1_491), Err(NotAgain::TooOld));
    assert_eq!(
        history.again(now + Duration::from_secs(66), RTT, 1_490),
        Err(NotAgain::TooOld),
        "stamps wrap"
    );
}

#[test]
fn a_key_frame_that_left_makes_resends_of_what_was_before_it_pointless() {
    let start = Instant::now();
    let mut history = history(start, 100..110);
    history.note(start + ms(10), SeqNo(110), sent(110), true);
    history.note(start + ms(11), SeqNo(111), sent(111), false);
    assert_eq!(history.again(start + ms(60), RTT, 109), Err(NotAgain::Superseded));
    assert!(
        history.again(start + ms(60), RTT, 110).is_ok() && history.again(start + ms(60), RTT, 111).is_ok()
    );
}

#[test]
fn a_key_frame_that_was_asked_for_makes_resends_pointless_but_of_what_was_on_its_way() {
    let start = Instant::now();
    let mut history = history(start, 100..200);
    let now = start + ms(120);
    assert_eq!(history.supersede(now, RTT), SeqNo(180), "80 ms and less after the start were on their way");
    assert_eq!(history.again(now, RTT, 179), Err(NotAgain::Superseded));
    assert!(history.again(now, RTT, 180).is_ok());
    assert_eq!(history.supersede(now + ms(500), RTT), SeqNo(200), "all of it");
    assert_eq!(History::default().supersede(now, RTT), SeqNo(0));
    assert!([KeyRequest::Loss, KeyRequest::Loss].into_iter().all(|request| history.is_new(request)));
    let command = |number| KeyRequest::Command { number };
    assert!(history.is_new(command(255)) && !history.is_new(command(255)) && history.is_new(command(0)));
}

#[test]
fn a_source_that_sends_nothing_takes_no_memory_and_one_that_sends_has_a_bound() {
    let start = Instant::now();
    let mut history = None;
    let nothing = allocation_counter::measure(|| history = Some(History::default()));
    assert_eq!(nothing.count_total, 0);
    let mut history = history.expect("made");
    let held = |history: &mut History, count: u64| {
        allocation_counter::measure(|| {
            for number in 0..count {
                history.note(start, SeqNo(70_000 + history.entries.len() as u64), sent(number), false);
            }
        })
        .bytes_max
    };
    assert!(held(&mut history, 8) <= 8 * 24 * 2, "it grows as it is needed");
    let numbers = 70_000..300_000;
    let all = allocation_counter::measure(|| {
        for number in numbers {
            history.note(start, SeqNo(number), sent(number), false);
        }
    });
    // While it grows there are the old entries and the new ones.
    assert!(all.bytes_max <= 24 * (MOST_PACKETS as u64 * 3) / 2, "{} bytes", all.bytes_max);
    assert_eq!(history.entries.len(), MOST_PACKETS);
}

proptest! {
    /// Packets leave in any order, with holes and leaps; what a receiver may ask for is what left, as it left, within the
    /// bounds, and never before a round trip has passed.
    #[test]
    fn whatever_is_asked_for_is_what_left(
        first in prop_oneof![0_u64..3, 65_000_u64..66_000, (1_u64 << 32) - 50..1 << 32],
        steps in prop::collection::vec((-40_i64..60, 0_u64..30, any::<u16>(), any::<bool>()), 1..400),
    ) {
        let (mut history, mut now, mut number) = (History::default(), Instant::now(), first + 1_000);
        let mut left: HashMap<u64, (Instant, Sent)> = HashMap::new();
        let mut resent: HashMap<u64, (u8, Instant)> = HashMap::new();
        let mut highest = 0;
        for (step, wait, ask, leap) in steps {
            now += ms(wait);
            number = number.saturating_add_signed(step + if leap && step == 7 { 2_000 } else { 0 });
            left.entry(number).or_insert_with(|| {
                history.note(now, SeqNo(number), sent(number), false);
                (now, sent(number))
            });
            let near = number as u16;
            for (turn, low) in [near, near.wrapping_sub(ask % 64), ask].into_iter().enumerate() {
                let Ok(again) = history.again(now, RTT, low) else {
                    prop_assert!(turn != 0 || number <= highest, "the newest one is there");
                    continue;
                };
                prop_assert_eq!(again.seq.0 as u16, low);
                let (at, sent) = left.get(&again.seq.0).expect("nothing else left with this number");
                prop_assert_eq!(again.sent, *sent);
                prop_assert!(now.duration_since(*at) <= OLDEST + ms(1) && again.until >= now);
                let (times, last) = resent.entry(again.seq.0).or_insert((0, now));
                prop_assert!(*times < MOST_TIMES && (*times == 0 || now.duration_since(*last) >= ms(34)));
                (*times, *last) = (*times + 1, now);
            }
            highest = highest.max(number);
            prop_assert!(history.entries.len() <= MOST_PACKETS);
        }
    }
}
