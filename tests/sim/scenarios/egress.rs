//! What we seal ourselves serves people as str0m's way of sending does, which is what it is compared with.

use std::time::Duration;

use plenary::media::rtc::EgressKind;

use super::workers::{Served, served};
use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::{Settings, World, ms};

/// The same people on the same links, served in one way and the other. Nobody's address changes: what was lost meanwhile str0m
/// sends again when it is two seconds old, which makes more frames and nobody happier.
fn both(seed: u64, conditions: Conditions) -> [Served; 2] {
    [EgressKind::Own, EgressKind::Rtc]
        .map(|egress| served(Settings { egress, ..Settings::middle_first(seed) }, conditions, 3))
}

/// When a handshake ends and where a key frame falls after a reload is not the same twice.
fn slack(frames: u64) -> u64 {
    frames * 3 / 100 + 15
}

#[test]
fn both_ways_of_sending_serve_the_same_people_alike() {
    play(When::Always, |seed| {
        let [own, rtc] = both(seed, Conditions::clean(25));
        assert!(own.len() >= 18, "{} pairs", own.len());
        assert!(own.keys().eq(rtc.keys()), "others are served");
        for (pair, (seen, heard)) in &own {
            let (also_seen, also_heard) = rtc[pair];
            println!("{pair:?}: {seen} and {also_seen} frames, {heard} and {also_heard} sounds");
            for (ours, theirs) in [(*seen, also_seen), (*heard, also_heard)] {
                assert!(ours.abs_diff(theirs) <= slack(ours.max(theirs)), "{pair:?}: {ours}, {theirs}");
            }
        }
    });
}

/// Where packets are lost, one way may mend more than the other: ours all in all not less.
#[test]
fn where_packets_are_lost_our_way_of_sending_shows_no_less() {
    play(When::Always, |seed| {
        let [own, rtc] = both(seed, Conditions::losing(25, 0.03));
        assert!(own.keys().eq(rtc.keys()), "others are served");
        let sums = [&own, &rtc].map(|served| {
            served.values().fold((0, 0), |(seen, heard), more| (seen + more.0, heard + more.1))
        });
        let [(seen, heard), (also_seen, also_heard)] = sums;
        println!("{seen} and {also_seen} frames, {heard} and {also_heard} sounds");
        assert!(seen + slack(also_seen) * 2 >= also_seen, "{seen} frames, {also_seen}");
        assert!(heard + slack(also_heard) * 2 >= also_heard, "{heard} sounds, {also_heard}");
    });
}

/// For how long somebody sees nothing new whose address changes.
fn gap_of_a_rebind(seed: u64, egress: EgressKind) -> Duration {
    let mut world = World::with(Settings { egress, ..Settings::middle_first(seed) });
    let clean = Conditions::clean(25);
    let [ada, ben] = [(); 2].map(|()| world.join(Profile::PAGE, clean));
    world.within(ms(5_000), "they do not meet", |world| world.meet(&[ada, ben]));
    world.run(ms(2_000));
    world.start_watching();
    world.rebind(ben);
    world.run(ms(6_000));
    let gap = world.picture_gap(ben, ada);
    world.finish("a rebind");
    gap
}

/// What was lost before the way was found is too old to be sent again; a key frame mends it, without anybody asking.
#[test]
fn after_a_change_of_address_the_picture_is_back_as_soon_in_both_ways() {
    play(When::Always, |seed| {
        let [own, rtc] = [EgressKind::Own, EgressKind::Rtc].map(|egress| gap_of_a_rebind(seed, egress));
        println!("nothing new for {own:?} and {rtc:?}");
        assert!(own <= rtc + ms(300), "{own:?}, {rtc:?}");
    });
}
