//! What we seal ourselves serves people as str0m's way of sending does, which is what it is compared with.

use plenary::media::rtc::EgressKind;

use super::workers::{Served, served};
use super::{When, play};
use crate::link::Conditions;
use crate::world::Settings;

/// The same people on the same links, served in one way and the other.
fn both(seed: u64, conditions: Conditions) -> [Served; 2] {
    [EgressKind::Own, EgressKind::Rtc]
        .map(|egress| served(Settings { egress, ..Settings::new(seed) }, conditions))
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
