//! The loop closed over links of all kinds: what is found, how soon, and what waits meanwhile.

use std::time::Duration;

use super::super::{FIRST, LEAST};
use super::world::{Link, Media, World};
use crate::media::units::Bitrate;

/// More than any link here holds.
const WANTED: u64 = 10_000;

/// The lowest and the highest estimate, in kbit/s, within `seconds`.
fn range(world: &mut World, seconds: f64) -> (u64, u64) {
    let (mut least, mut most) = (u64::MAX, 0);
    world.run_and(seconds, |world| {
        least = least.min(world.kbps());
        most = most.max(world.kbps());
    });
    (least, most)
}

#[test]
fn a_link_of_any_rate_is_found_within_a_second_and_used_and_its_queue_stays_short() {
    for kbps in [500, 1_000, 2_500, 8_000] {
        let mut world = World::new(Link::of(kbps), Media::Adapts, WANTED);
        let found = world.until(20.0, |world| world.kbps() >= kbps * 8 / 10);
        assert!(found < 1.0, "{kbps}: found after {found} s");
        world.run(5.0);
        world.watch();
        world.run(30.0);
        let (goodput, p95) = (world.goodput(), world.delay(0.95));
        assert!(goodput > kbps * 85 / 100, "{kbps}: {goodput} arrived");
        assert!(p95 < 120, "{kbps}: {p95} ms of queue");
        assert!(world.padded < 90 * kbps * 1_000 / 100, "{kbps}: {} bits of padding", world.padded);
    }
}

/// What is thought of a link in the beginning is four times what this one holds.
#[test]
fn a_link_of_less_than_was_thought_gets_rid_of_its_queue() {
    let mut world = World::new(Link::of(150), Media::Adapts, WANTED);
    world.run(15.0);
    world.watch();
    world.run(30.0);
    let (goodput, median) = (world.goodput(), world.delay(0.5));
    assert!(goodput > 110, "{goodput} arrived");
    assert!(median < 600, "{median} ms of queue");
}

#[test]
fn a_fall_is_noticed_within_a_second_and_the_rate_is_back_soon_after_it_is_there_again() {
    for queue in [20_000, 100_000, 500_000] {
        let mut world = World::new(Link { queue, ..Link::of(3_000) }, Media::Adapts, WANTED);
        world.run(15.0);
        world.link.rate = Bitrate::kbps(500);
        let noticed = world.until(20.0, |world| world.kbps() <= 550);
        assert!(noticed < 1.0, "queue of {queue}: noticed after {noticed} s");
        world.run(10.0);
        world.watch();
        let (least, _) = range(&mut world, 5.0);
        assert!(least > 150, "queue of {queue}: {least}");
        let waits = world.delay(0.5);
        assert!(waits < 250, "queue of {queue}: {waits} ms");
        world.link.rate = Bitrate::kbps(3_000);
        let back = world.until(60.0, |world| world.kbps() >= 2_700);
        assert!(back < 15.0, "queue of {queue}: back after {back} s");
    }
}

#[test]
fn hard_links_are_used_too() {
    let link = Link::of(2_000);
    let seconds = Duration::from_secs;
    let millis = Duration::from_millis;
    // Of 2,000 kbit/s, so many must arrive; and the bound of the queue, in milliseconds.
    for (name, arrives, p95, link) in [
        ("loses 2 %", 1_600, 100, Link { loss: 20, ..link }),
        ("loses 5 %", 1_450, 100, Link { loss: 50, ..link }),
        ("loses 15 %", 1_000, 100, Link { loss: 150, ..link }),
        (
            "half is somebody else's by turns",
            850,
            350,
            Link { cross: Some((Bitrate::kbps(1_000), seconds(3))), ..link },
        ),
        ("a fifth of the feedback is lost", 1_600, 120, Link { feedback_loss: 200, ..link }),
        ("a radio holds packets up", 1_500, 120, Link { jitter: millis(15), ..link }),
        ("a radio holds packets up for long", 1_300, 250, Link { jitter: millis(40), ..link }),
        ("far away", 1_600, 120, Link { delay: millis(150), ..link }),
        ("five packets of queue", 1_400, 60, Link { queue: 6_000, ..link }),
        ("two packets of queue", 800, 60, Link { queue: 3_000, ..link }),
        ("four seconds of queue", 1_600, 120, Link { queue: 1_000_000, ..link }),
    ] {
        let mut world = World::new(link, Media::Adapts, WANTED);
        world.run(10.0);
        world.watch();
        let (least, most) = range(&mut world, 40.0);
        let (goodput, waits) = (world.goodput(), world.delay(0.95));
        assert!(goodput > arrives, "{name}: {goodput} arrived");
        assert!(waits < p95, "{name}: {waits} ms of queue");
        assert!(least > 200 && most < 6_000, "{name}: {least} to {most}");
    }
}

/// The line holds everything; what was held up is neither a queue nor the end of the line.
#[test]
fn jitter_of_a_wide_line_takes_no_layer_away() {
    for jitter in [10, 25, 40].map(Duration::from_millis) {
        let mut world =
            World::new(Link { jitter, ..Link::of(5_000) }, Media::Layers(&[150, 500, 1_500]), 1_800);
        world.run(5.0);
        world.watch();
        let mut above = 0;
        world.run_and(60.0, |world| above += usize::from(world.kbps() >= 1_500));
        assert!(above > 6_000 * 90 / 100, "{jitter:?}: {above} of 6000, {} kbit/s", world.goodput());
    }
}

/// Somebody on the way is busy with others, sometimes longer and sometimes shorter, as an access point or a computer is, and lets everybody wait for
/// up to 20 ms: nobody's line is full.
#[test]
fn a_wait_that_wanders_and_stays_short_takes_no_layer_away() {
    for period in [40, 150, 400] {
        let mut world = World::new(Link::of(5_000), Media::Layers(&[150, 500, 1_500]), 1_800);
        world.run(5.0);
        let mut least = u64::MAX;
        for step in 0..6_000 {
            world.link.delay = Duration::from_millis(20 + 20 * (step % period) / period);
            world.run(0.01);
            least = least.min(world.kbps());
        }
        assert!(least >= 1_500, "as long as {period} hundredths of a second: {least}");
    }
}

/// As it is without an allocator: what passes is still known, for the one who will ask.
#[test]
fn a_picture_that_does_not_heed_the_estimate_does_not_ruin_it() {
    let mut world = World::new(Link::of(1_000), Media::Fixed(Bitrate::kbps(2_500)), WANTED);
    world.run(10.0);
    let (least, most) = range(&mut world, 20.0);
    assert!(least > 300 && most < 1_600, "{least} to {most}");
}

/// A layer is sent, and the next one does not fit, or is not known to.
#[test]
fn what_is_sent_in_layers_does_not_hide_what_the_link_holds() {
    for (kbps, sends, knows) in [(700, 500, 600), (1_500, 500, 1_100), (4_000, 2_500, 3_000)] {
        let mut world = World::new(Link::of(kbps), Media::Layers(&[150, 500, 2_500]), 3_000);
        world.run(5.0);
        world.watch();
        let (least, most) = range(&mut world, 60.0);
        assert!(world.goodput() > sends, "{kbps}: {}", world.goodput());
        assert!(least >= knows, "{kbps}: {least}");
        assert!(most <= kbps * 5 / 4, "{kbps}: {most}");
        assert!(world.delay(0.95) < 60, "{kbps}: {} ms", world.delay(0.95));
    }
}

#[test]
fn a_voice_alone_finds_room_for_a_picture_and_pads_little() {
    let mut world = World::new(Link::of(3_000), Media::Sound, 2_500);
    let found = world.until(10.0, |world| world.kbps() >= 2_300);
    assert!(found < 2.0, "{found} s");
    world.watch();
    world.run(60.0);
    assert!(world.kbps() >= 2_300, "{}", world.kbps());
    assert!(world.padded < 60 * 20_000, "{} bits in a minute", world.padded);
}

/// 900 kbit/s are sent where 1,700 were found and are wanted; then the link holds 1,500.
#[test]
fn what_was_found_once_is_not_believed_for_ever() {
    let mut world = World::new(Link::of(3_000), Media::Fixed(Bitrate::kbps(850)), 1_700);
    world.run(10.0);
    assert!(world.kbps() >= 1_500, "{}", world.kbps());
    for kbps in [1_200, 3_000, 1_200] {
        world.link.rate = Bitrate::kbps(kbps);
        world.run(10.0);
        let (least, most) = range(&mut world, 10.0);
        let holds = kbps.min(1_700);
        assert!(least > holds * 7 / 10 && most < holds * 11 / 10, "{kbps}: {least} to {most}");
    }
    world.watch();
    world.run(60.0);
    assert!(world.padded < 60 * 30_000, "{} bits of padding", world.padded);
}

#[test]
fn whoever_is_sent_all_they_want_is_not_padded_and_nobody_who_wants_nothing() {
    let mut world = World::new(Link::of(3_000), Media::Fixed(Bitrate::kbps(500)), 500);
    world.run(30.0);
    assert_eq!(world.padded, 0);
    world.media = Media::Sound;
    world.want(1_500);
    world.run(2.0);
    assert!(world.padded > 0 && world.kbps() >= 1_400);
    world.want(0);
    world.watch();
    world.run(30.0);
    assert_eq!(world.padded, 0);
}

#[test]
fn it_rests_while_nothing_is_sent_and_begins_anew_afterwards() {
    let mut world = World::new(Link::of(3_000), Media::Adapts, 2_500);
    world.run(10.0);
    world.media = Media::Nothing;
    world.run(3.0);
    assert_eq!(world.estimator.due(), None, "it would be woken for nothing");
    let (known, polls) = (world.kbps(), world.polls);
    world.run(120.0);
    assert_eq!(world.polls, polls);
    assert_eq!(world.kbps(), known);
    assert_eq!(world.estimator.history.len(), 0);
    // The link is another one meanwhile, and nothing of what was measured before is continued.
    world.link.rate = Bitrate::kbps(1_000);
    world.media = Media::Adapts;
    let noticed = world.until(10.0, |world| world.kbps() <= 1_000);
    assert!(noticed < 1.5, "{noticed} s");
    world.run(10.0);
    world.watch();
    world.run(20.0);
    assert!(world.goodput() > 850 && world.delay(0.95) < 120, "{} {}", world.goodput(), world.delay(0.95));
}

#[test]
fn another_path_is_one_of_which_nothing_is_known() {
    let mut world = World::new(Link::of(8_000), Media::Adapts, WANTED);
    world.run(10.0);
    world.estimator.new_path();
    assert_eq!((world.estimator.estimate(), world.estimator.rtt()), (FIRST, None));
    world.link = Link { delay: Duration::from_millis(80), ..Link::of(2_000) };
    let found = world.until(10.0, |world| world.kbps() >= 1_600);
    assert!(found < 2.0, "{found} s");
    world.run(5.0);
    world.watch();
    world.run(20.0);
    assert!(world.goodput() > 1_600 && world.delay(0.95) < 120, "{} {}", world.goodput(), world.delay(0.95));
}

#[test]
fn without_any_answer_less_and_less_is_sent_and_it_comes_back_with_the_answers() {
    let mut world = World::new(Link::of(3_000), Media::Adapts, WANTED);
    world.run(10.0);
    world.link.feedback_loss = 1_000;
    world.run(8.0);
    assert!(world.kbps() < 500, "{}", world.kbps());
    world.run(30.0);
    assert_eq!(world.estimator.estimate(), LEAST);
    world.link.feedback_loss = 0;
    let back = world.until(30.0, |world| world.kbps() >= 2_400);
    assert!(back < 5.0, "{back} s");
}

/// 90,000 packets.
#[test]
fn the_numbers_wrap_unnoticed() {
    let mut world = World::new(Link::of(4_000), Media::Adapts, 3_000);
    world.run(10.0);
    let (least, _) = range(&mut world, 290.0);
    assert!(least > 2_400, "{least}");
}

#[test]
fn the_clock_of_the_receiver_may_drift_and_jump() {
    for drift in [-300, 300] {
        let mut world = World::new(Link::of(2_000), Media::Adapts, WANTED);
        world.drift = drift;
        world.run(10.0);
        world.watch();
        world.run(60.0);
        assert!(world.goodput() > 1_650, "{drift}: {}", world.goodput());
        assert!(world.delay(0.95) < 120, "{drift}: {} ms", world.delay(0.95));
    }
    for jump in
        [-500_000, 500_000, -2_900_000, 2_900_000, 10_000_000, -10_000_000, i64::MAX / 4, i64::MIN / 4]
    {
        let mut world = World::new(Link::of(2_000), Media::Adapts, WANTED);
        world.run(10.0);
        world.clock += jump;
        let (least, most) = range(&mut world, 10.0);
        // A clock that is half a second ahead at once looks like a link that stood still for as long.
        assert!(least >= 50 && most < 4_000, "{jump}: {least} to {most}");
        world.run(10.0);
        world.watch();
        world.run(10.0);
        assert!(world.goodput() > 1_500, "{jump}: {}", world.goodput());
    }
}

/// For 400 ms all readings of our own clock are the same, while packets come and go.
#[test]
fn our_own_clock_may_stand_still_for_a_moment() {
    let mut world = World::new(Link::of(5_000), Media::Fixed(Bitrate::kbps(1_500)), 1_800);
    world.run(5.0);
    for n in 0..10 {
        for behind in 1..=40 {
            world.behind = behind * 10_000;
            world.run(0.01);
        }
        world.behind = 0;
        let (least, _) = range(&mut world, 1.0);
        assert!(least >= 1_200 && world.kbps() >= 1_500, "{n}: {least}, then {}", world.kbps());
    }
}

/// Answers that come much sooner than they did are none that our clock missed.
#[test]
fn on_a_way_that_became_shorter_a_fall_is_noticed_as_well() {
    let delay = Duration::from_millis(200);
    let mut world = World::new(Link { delay, ..Link::of(3_000) }, Media::Adapts, WANTED);
    world.run(15.0);
    world.link.delay = Duration::from_millis(20);
    world.run(5.0);
    world.link.rate = Bitrate::kbps(500);
    let noticed = world.until(20.0, |world| world.kbps() <= 550);
    assert!(noticed < 1.5, "{noticed} s");
}
