//! Probes over links of all kinds, told by hand.

use super::*;

const KNOWN: Bitrate = Bitrate::kbps(600);

/// Sends all of a probe as it asks for, in packets of 1,200 bytes, and returns when each left.
fn send(prober: &mut Prober, from: Micros) -> Vec<Micros> {
    let mut left = Vec::new();
    let mut now = from;
    while let State::Sending(_, due) = prober.state {
        now = now.max(due);
        let bytes = prober.poll(now).unwrap_or(0);
        for _ in 0..bytes.div_ceil(1_200) {
            assert_ne!(prober.sent(now, 1_200), 0);
            left.push(now);
        }
        now += 100;
    }
    left
}

/// A probe by somebody who knows `known` and wants 5 Mbit/s through a link of `holds`; of a hundred packets `lost` are.
fn probed(known: Bitrate, holds: Bitrate, lost: usize) -> (Prober, Option<Verdict>) {
    let mut prober = Prober::new();
    prober.want(0, Bitrate::kbps(5_000));
    assert!(prober.is_due(0, known, known));
    prober.begin(0, known);
    let left = send(&mut prober, 0);
    let mut free = 0;
    for (n, departed) in left.into_iter().enumerate() {
        if (n * lost) / 100 != ((n + 1) * lost) / 100 {
            prober.missing(1);
            continue;
        }
        free = free.max(departed) + micros(holds.time_of(1_200));
        prober.came(&Arrived { departed, came: free, bytes: 1_200, cluster: 1, late: false });
    }
    let verdict = prober.verdict(100_000);
    (prober, verdict)
}

#[test]
fn a_link_that_holds_it_is_found_and_the_next_follows_at_once() {
    let (prober, verdict) = probed(KNOWN, Bitrate::kbps(50_000), 0);
    let verdict = verdict.expect("all came");
    assert!(!verdict.full && verdict.rate >= Bitrate::kbps(1_500), "{verdict:?}");
    assert!(prober.is_due(100_000, verdict.rate, KNOWN));
    assert_eq!(prober.due(Bitrate::kbps(5_000), Bitrate::kbps(5_000)), None, "all that is wanted is known");
}

#[test]
fn a_link_that_does_not_hold_it_is_measured_and_the_next_waits() {
    let (prober, verdict) = probed(KNOWN, Bitrate::kbps(1_000), 0);
    let verdict = verdict.expect("all came");
    assert!(verdict.full);
    assert!((900..=1_000).contains(&(verdict.rate.as_bps() / 1_000)), "{verdict:?}");
    assert_eq!(prober.due(verdict.rate, KNOWN), Some(100_000 + EVERY));
}

#[test]
fn with_many_losses_what_came_is_all_it_holds_and_with_more_there_is_no_verdict() {
    let known = Bitrate::kbps(2_000);
    for holds in [50_000, 1_000].map(Bitrate::kbps) {
        let verdict = probed(known, holds, 40).1.expect("enough came");
        assert!(verdict.full && verdict.rate <= holds.min(Bitrate::kbps(3_100)), "{verdict:?}");
        assert_eq!(probed(known, holds, 80).1, None);
    }
}

/// What becomes of a probe over a link of `holds` that lets nothing out for the time that each packet has in turn.
fn jittered(prober: &mut Prober, now: Micros, known: Bitrate, holds: Bitrate, held: &[Micros]) -> Verdict {
    prober.begin(now, known);
    let (id, mut free, mut came) = (prober.id, 0, 0);
    for (n, departed) in send(prober, now).into_iter().enumerate() {
        free = free.max(departed) + micros(holds.time_of(1_200));
        came = came.max(free + held[n % held.len()]);
        prober.came(&Arrived { departed, came, bytes: 1_200, cluster: id, late: false });
    }
    prober.verdict(now + 300_000).expect("all came")
}

#[test]
fn a_wide_link_that_holds_packets_up_is_not_narrow_and_is_probed_for_longer() {
    let mut prober = Prober::new();
    prober.want(0, Bitrate::kbps(1_800));
    let held = [3_000, 21_000, 5_000, 30_000, 1_000, 38_000, 12_000].map(Micros::from);
    let verdict = jittered(&mut prober, 0, KNOWN, Bitrate::kbps(50_000), &held);
    assert!(!verdict.full && verdict.uneven, "{verdict:?}");
    assert!(prober.is_due(300_000, verdict.rate, KNOWN), "it waits");
    let verdict = jittered(&mut prober, 300_000, verdict.rate.max(KNOWN), Bitrate::kbps(50_000), &held);
    assert!(!verdict.full && verdict.rate > KNOWN, "{verdict:?}");
    // A link without any of it: the next is as short as ever.
    let verdict = jittered(&mut prober, 600_000, KNOWN, Bitrate::kbps(50_000), &[0]);
    assert!(!verdict.full && !verdict.uneven, "{verdict:?}");
    prober.begin(900_000, KNOWN);
    assert_eq!(send(&mut prober, 900_000).len(), 5);
}

#[test]
fn a_narrow_link_that_holds_packets_up_is_narrow_all_the_same() {
    let mut prober = Prober::new();
    prober.want(0, Bitrate::kbps(3_000));
    let held = [3_000, 21_000, 5_000, 30_000, 1_000, 38_000, 12_000].map(Micros::from);
    let mut last = None;
    for n in 0..2 {
        last = Some(jittered(&mut prober, n * 300_000, Bitrate::kbps(1_500), Bitrate::kbps(700), &held));
    }
    let verdict = last.expect("two");
    assert!(verdict.full && verdict.rate < Bitrate::kbps(750), "{verdict:?}");
}

#[test]
fn what_is_known_and_not_seen_is_looked_at_again_and_less_is_believed_the_second_time() {
    let (mut prober, known) = (Prober::new(), Bitrate::kbps(2_000));
    prober.want(0, known);
    assert_eq!(prober.due(known, known), None, "as much is sent");
    let mut now = 0;
    let less: Vec<_> = (0..2)
        .map(|_| {
            now = now.max(prober.due(known, KNOWN).expect("it is not seen"));
            prober.begin(now, known);
            let id = prober.id;
            let mut free = 0;
            for departed in send(&mut prober, now) {
                free = free.max(departed) + micros(Bitrate::kbps(1_000).time_of(1_200));
                prober.came(&Arrived { departed, came: free, bytes: 1_200, cluster: id, late: false });
            }
            now += 200_000;
            prober.verdict(now).expect("all came").less
        })
        .collect();
    assert_eq!(less, [false, true]);
    assert!(now < 2_000_000, "{now}");
}

#[test]
fn nobody_who_wants_no_more_than_is_known_is_probed() {
    let mut prober = Prober::new();
    for wanted in [Bitrate::default(), KNOWN / 2, KNOWN] {
        prober.want(0, wanted);
        assert!(!prober.is_due(1_000_000, KNOWN, KNOWN));
        assert_eq!(prober.due(KNOWN, KNOWN), None);
    }
}

#[test]
fn a_probe_asks_for_no_more_than_is_wanted_and_for_as_many_bytes_as_it_takes() {
    for wanted in [Bitrate::kbps(800), Bitrate::kbps(1_500)] {
        let mut prober = Prober::new();
        prober.want(0, wanted);
        prober.begin(0, KNOWN);
        let left = send(&mut prober, 0);
        let bytes = (left.len() as u64 - 1) * 1_200;
        let took = Duration::from_micros((left[left.len() - 1] - left[0]).unsigned_abs());
        let rate = Bitrate::of(bytes, took);
        assert!(rate <= wanted.scaled(1.3) && rate >= wanted.scaled(0.8), "{wanted:?}: {rate:?}");
    }
}

#[test]
fn a_probe_without_enough_to_send_ends_and_says_nothing() {
    let mut prober = Prober::new();
    prober.want(0, Bitrate::kbps(5_000));
    prober.begin(0, KNOWN);
    let mut now = 0;
    let mut asked = 0;
    while let Some(due) = prober.due(KNOWN, KNOWN) {
        now = due.max(now + 1);
        asked += usize::from(prober.poll(now).is_some());
        if prober.verdict(now).is_some() || matches!(prober.state, State::Resting) {
            break;
        }
    }
    assert!(asked > 0 && now < 2_000_000, "{asked} {now}");
    assert_eq!(prober.due(KNOWN, KNOWN), Some(now + EVERY));
}

#[test]
fn wishes_that_change_all_the_time_bring_a_probe_a_second() {
    let mut prober = Prober::new();
    let mut begun = 0;
    for n in 0..1_000 {
        let now = n * 10_000;
        prober.want(now, Bitrate::kbps(if n % 2 == 0 { 700 } else { 5_000 }));
        if prober.is_due(now, KNOWN, KNOWN) {
            prober.begin(now, KNOWN);
            begun += 1;
        }
        prober.poll(now);
        prober.verdict(now);
    }
    assert!((5..=10).contains(&begun), "{begun} in 10 s");
}
