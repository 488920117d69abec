use super::super::history::{OLDEST, Sent};
use super::*;
use crate::media::ids::Layer;
use crate::media::table::{Key, PublicationKey};
use proptest::prelude::*;

const SOURCE: Ssrc = Ssrc(9);
const OTHER: Ssrc = Ssrc(10);
const RTT: Duration = Duration::from_millis(40);
const ESTIMATE: Bitrate = Bitrate::kbps(2_000);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn sent(number: u64) -> Sent {
    let kept = Kept { publication: PublicationKey::of(0), layer: Layer::High, number };
    Sent { kept, time: 0, picture: None }
}

/// So many packets left, all at once.
fn history(now: Instant, packets: u64) -> History {
    let mut history = History::default();
    (0..packets).for_each(|number| history.note(now, SeqNo(number), sent(number), false));
    history
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a ring says")]
fn full(_: &Kept) -> Option<usize> {
    Some(1_250)
}

/// The numbers of what is sent again now.
fn resent(repair: &mut Repair, now: Instant) -> Vec<u64> {
    std::iter::from_fn(|| repair.next(now, ESTIMATE, false, full)).map(|resend| resend.again.seq.0).collect()
}

#[test]
fn what_was_lost_leaves_again_once_and_in_the_order_of_the_asking() {
    let now = Instant::now();
    let (mut repair, mut history) = (Repair::new(now), history(now, 100));
    assert!(!repair.waits());
    repair.lost(now, RTT, SOURCE, &mut history, [4, 7, 4, 5, 7, 700].into_iter());
    assert!(repair.waits());
    assert_eq!(resent(&mut repair, now), [4, 7, 5]);
    assert_eq!(repair.refused(), Refused { repeated: 2, pointless: 1, ..Refused::default() });
    repair.lost(now + ms(5), RTT, SOURCE, &mut history, [4].into_iter());
    assert!(!repair.waits());
}

#[test]
fn a_quarter_of_the_estimate_is_for_resends_and_no_more() {
    let start = Instant::now();
    let mut repair = Repair::new(start);
    let (mut bytes, mut number) = (0, 0);
    let mut histories = history(start, 0);
    for step in 0..1_000 {
        let now = start + ms(step * 10);
        for _ in 0..10 {
            histories.note(now, SeqNo(number), sent(number), false);
            repair.lost(now, RTT, SOURCE, &mut histories, std::iter::once(number as u16));
            number += 1;
        }
        bytes += resent(&mut repair, now).len() as u64 * 1_250;
    }
    // Ten seconds, and what had gathered.
    let most = 11 * 2_000_000 / 8 / 4;
    assert!((most * 95 / 100..=most).contains(&bytes), "{bytes} of {most}");
    assert!(repair.refused().over > 0);
    // With an estimate of next to nothing, something is sent again still.
    let (mut repair, mut history) = (Repair::new(start), history(start, 20));
    repair.lost(start, RTT, SOURCE, &mut history, 0..20);
    let poor = std::iter::from_fn(|| repair.next(start, Bitrate::kbps(50), false, full)).count();
    assert_eq!(poor, 8);
}

#[test]
fn a_resend_waits_while_a_key_frame_leaves_and_not_for_longer_than_it_is_of_use() {
    let now = Instant::now();
    let (mut repair, mut history) = (Repair::new(now), history(now, 10));
    repair.lost(now + ms(900), RTT, SOURCE, &mut history, 0..2);
    assert_eq!(repair.next(now + ms(900), ESTIMATE, true, full), None);
    // Asked for again while it waits, it is sent once.
    repair.lost(now + ms(950), RTT, SOURCE, &mut history, 0..2);
    assert_eq!(
        repair.next(now + ms(950), ESTIMATE, false, full).map(|resend| resend.again.seq),
        Some(SeqNo(0))
    );
    assert_eq!(resent(&mut repair, now + OLDEST + ms(1)), [0; 0]);
    assert_eq!(repair.refused(), Refused { repeated: 2, pointless: 1, ..Refused::default() });
}

#[test]
fn a_key_frame_makes_what_waits_of_its_source_pointless_and_nothing_else() {
    let now = Instant::now();
    let (mut repair, mut one, mut other) = (Repair::new(now), history(now, 10), history(now, 10));
    repair.lost(now, RTT, SOURCE, &mut one, 0..6);
    repair.lost(now, RTT, OTHER, &mut other, 0..2);
    repair.supersede(SOURCE, SeqNo(4));
    let left: Vec<_> = std::iter::from_fn(|| repair.next(now, ESTIMATE, false, full))
        .map(|resend| (resend.source, resend.again.seq.0))
        .collect();
    assert_eq!(left, [(SOURCE, 4), (SOURCE, 5), (OTHER, 0), (OTHER, 1)]);
}

#[test]
fn what_the_ring_has_given_up_is_not_paid_for() {
    let now = Instant::now();
    let (mut repair, mut history) = (Repair::new(now), history(now, 100));
    repair.lost(now, RTT, SOURCE, &mut history, 0..100);
    let gone = |kept: &Kept| (kept.number >= 60).then_some(1_000);
    let left = std::iter::from_fn(|| repair.next(now, ESTIMATE, false, gone)).count();
    assert_eq!((left, repair.refused().pointless), (40, 60));
}

/// Whoever asks for everything, a thousand times a second, has so many numbers looked at and no more; the rest of a report is not
/// even read.
#[test]
fn a_thousand_reports_a_second_for_everything_are_read_as_far_as_one_may_ask() {
    let start = Instant::now();
    let (mut repair, mut history) = (Repair::new(start), history(start, 1_024));
    let mut read = 0_u64;
    for report in 0..1_000 {
        let now = start + ms(report);
        let numbers = (0..=u16::MAX).inspect(|_| read += 1);
        repair.lost(now, RTT, SOURCE, &mut history, numbers);
        resent(&mut repair, now);
    }
    // One number more is read of each report than is looked at.
    assert!(read <= LOOKS_A_SECOND + LOOKS_AT_ONCE + 1_000, "{read} numbers");
    assert_eq!(repair.refused().unread, 1_000);
    assert!(repair.waiting.capacity() <= 2 * MOST_WAITING);
}

proptest! {
    /// Whatever is asked for and however time passes, no more leaves than the budget, nothing that was not asked for, and nothing twice
    /// within a round trip.
    #[test]
    fn no_more_is_sent_again_than_the_budget(
        steps in prop::collection::vec((0_u64..60, 0_u16..400, 1_u16..80, any::<bool>(), 1_u64..4_000), 1..120),
    ) {
        let start = Instant::now();
        let (mut repair, mut history, mut now) = (Repair::new(start), History::default(), start);
        let (mut bytes, mut allowed, mut number) = (0_u64, 0_u64, 0_u64);
        let mut last: std::collections::HashMap<u64, Instant> = <_>::default();
        for (wait, from, count, key, kbps) in steps {
            now += ms(wait);
            for _ in 0..5 {
                history.note(now, SeqNo(number), sent(number), false);
                number += 1;
            }
            repair.lost(now, RTT, SOURCE, &mut history, (from..from + count).map(|back| (number as u16).wrapping_sub(back)));
            prop_assert!(repair.waiting.len() <= MOST_WAITING);
            let estimate = Bitrate::kbps(kbps);
            // What could have gathered at the highest estimate there is.
            allowed = Bitrate::kbps(4_000 / SHARE).bytes_in(now.duration_since(start) + GATHERED);
            while let Some(resend) = repair.next(now, estimate, key, full) {
                prop_assert!(!key && resend.again.seq.0 < number && resend.again.until >= now);
                history.left_again(now, resend.again.seq);
                let before = last.insert(resend.again.seq.0, now);
                prop_assert!(before.is_none_or(|before| before + ms(34) <= now));
                bytes += 1_250;
            }
        }
        prop_assert!(bytes <= allowed, "{} of {}", bytes, allowed);
    }
}
