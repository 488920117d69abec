//! What the server takes a downlink to hold, over UDP and over TCP, and what comes of it.

use std::time::Instant;

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::trace::Trace;
use crate::world::{Person, Settings, Way, World, ms};

/// Somebody with a real camera, and a person who watches them over `down`, whose estimates are noted.
fn watched(seed: u64, viewer: Profile, down: Conditions) -> (World, Trace, Person, Person) {
    let trace = Trace::default();
    let settings = Settings { allocators: trace.allocators(), ..Settings::new(seed) };
    let mut world = World::with(settings);
    let ada = world.join(Profile::BROWSER, Conditions::clean(20));
    world.run(ms(5_000));
    let ben = world.join_over(viewer, Conditions::clean(20), down);
    world.within(ms(10_000), "no picture", |world| world.sees(ben, ada));
    (world, trace, ada, ben)
}

/// The median.
fn middle(estimates: &[u64]) -> u64 {
    *estimates.get(estimates.len() / 2).expect("an estimate")
}

fn said(world: &World, trace: &Trace, person: Person, since: Instant) -> Vec<u64> {
    trace.since(world.peer(person), since)
}

/// Whoever sends, the estimator finds what a step leaves within ten seconds, never takes a link to hold much more than it
/// does, and, where the fixed rule sends more than the link holds, far less: what is lost pulls it down for as long as
/// that lasts.
#[test]
fn the_estimate_of_a_downlink_follows_its_steps() {
    play(When::All, |seed| {
        let link = |rate| Conditions::narrow(20, rate, ms(150));
        let (mut world, trace, _, ben) = watched(seed, Profile::LISTENER, link(3_000_000));
        // The middle layer makes 900 kbit/s.
        for rate in [3_000_000, 1_500_000, 500_000, 3_000_000] {
            let stepped = world.now;
            world.set_link(ben, Way::Down, link(rate));
            world.run(ms(10_000));
            let settled = world.now;
            world.run(ms(10_000));
            let all = said(&world, &trace, ben, settled);
            let fell = trace.below(world.peer(ben), stepped, rate * 6 / 5).map(|at| at - stepped);
            println!("{rate}: {} to {}, mostly {}, {fell:?}", all[0], all[all.len() - 1], middle(&all));
            // Half as much again as is shown is wanted, and no more is looked for.
            let least = if rate > 900_000 { (rate / 2).min(1_200_000) } else { 0 };
            let found = middle(&all);
            assert!((least..rate * 6 / 5).contains(&found), "{found} of {rate} bit/s");
            assert!(fell.is_some_and(|took| took < ms(10_000)), "{rate} bit/s were taken for more: {fell:?}");
        }
        world.finish("an estimate");
    });
}

/// Under a rule that heeds no estimate a picture that the line does not hold stands still there; sound comes in part, and nothing older
/// than a second.
#[test]
fn whoever_is_behind_a_thin_tcp_line_makes_nobody_wait_and_comes_back() {
    play(When::Always, |seed| {
        let over_tcp = Profile { over_tcp: true, ..Profile::LISTENER };
        let line = |rate| Conditions::narrow(20, rate, ms(150));
        let (mut world, trace, ada, ben) = watched(seed, over_tcp, line(6_000_000));
        let cleo = world.join(Profile::PAGE, Conditions::clean(20));
        world.within(ms(3_000), "they do not meet", |world| world.meet(&[ada, cleo]));
        world.run(ms(3_000));
        world.start_watching();
        world.run(ms(3_000));
        let (picture, sound) = (world.picture_gap(ben, ada), world.sound_gap(ben, ada));
        assert!(picture < ms(200) && sound < ms(100), "on a wide line: {picture:?}, {sound:?}");
        assert_eq!(world.seats[ben].tcp.sender.dropped, 0, "a wide line takes everything");

        // The middle layer makes 900 kbit/s.
        world.set_link(ben, Way::Down, line(500_000));
        let narrowed = world.now;
        world.run(ms(5_000));
        let heard = world.seats[ben].client.receiver.heard[&(ada as u16)].frames;
        world.start_watching();
        world.run(ms(10_000));
        let sounds = world.seats[ben].client.receiver.heard[&(ada as u16)].frames - heard;
        let gap = world.sound_gap(ben, ada);
        let fell = trace.below(world.peer(ben), narrowed, 600_000).map(|at| at - narrowed);
        let sender = &world.seats[ben].tcp.sender;
        let (dropped, most) = (sender.dropped, sender.most_waiting);
        println!(
            "thin: {sounds} of 500 sounds, none for {gap:?}, estimate after {fell:?}, {dropped} dropped, {most} bytes"
        );
        assert!(dropped > 500 && most <= 256 * 1024, "{dropped} frames dropped, {most} bytes waited");
        assert!(fell.is_some_and(|took| took < ms(8_000)), "the estimate does not fall: {fell:?}");
        assert!(sounds > 100 && gap < ms(1_500), "{sounds} sounds, and none for {gap:?}");
        assert!(world.picture_gap(cleo, ada) < ms(200), "a third person's picture stood still");
        assert!(world.sound_gap(cleo, ada) < ms(100), "a third person's sound stopped");

        world.set_link(ben, Way::Down, line(6_000_000));
        let shown = world.seats[ben].client.receiver.seen[&(ada as u16)].frames;
        let took = world.within(ms(5_000), "a line that is wide again stays dark", |world| {
            world.seats[ben].client.receiver.seen[&(ada as u16)].frames > shown + 30
        });
        println!("a second of pictures {took:?} after the line is wide again");
        world.run(ms(2_000));
        world.start_watching();
        world.run(ms(3_000));
        let (picture, sound) = (world.picture_gap(ben, ada), world.sound_gap(ben, ada));
        assert!(picture < ms(200) && sound < ms(100), "wide again: {picture:?}, {sound:?}");
        assert_eq!(world.seats[ben].client.life(), 1, "the connection was built anew");
        world.finish("a thin TCP line");
    });
}
