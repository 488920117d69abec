//! What is sent that nobody sees or hears: probes, padding, and packets sent again although nothing was lost.

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::{Person, World, ms};

/// Bytes of payloads that left for `person` within a time: of pictures and sound, and of what only fills.
fn left(world: &mut World, person: Person, time: std::time::Duration) -> (u64, u64) {
    let before = world.left_for(person);
    world.run(time);
    let after = world.left_for(person);
    let fills = |counts: &crate::world::Counts| counts.resent_bytes + counts.filler_bytes;
    (after.media_bytes - before.media_bytes, fills(&after) - fills(&before))
}

/// Three people who send in three sizes, and one who watches and listens, over links that lose nothing.
fn four(seed: u64) -> (World, [Person; 3], Person) {
    let mut world = World::new(seed);
    let talkers = [(); 3].map(|()| world.join(Profile::SIMULCAST, Conditions::clean(20)));
    let viewer = world.join(Profile::LISTENER, Conditions::clean(20));
    let lost = "the viewer does not see everybody";
    world.within(ms(4_000), lost, |world| talkers.iter().all(|other| world.sees(viewer, *other)));
    (world, talkers, viewer)
}

/// Zero but for a second: the estimator rests when nothing is desired, or it would pad with 50 kbit/s for ever.
#[test]
fn a_hidden_tab_is_sent_no_probe() {
    play(When::Always, |seed| {
        let (mut world, talkers, viewer) = four(seed);
        world.run(ms(5_000));
        world.client(viewer, |client, _| client.look_at(&[]));
        let (_, soon) = left(&mut world, viewer, ms(2_000));
        let (sound, fills) = left(&mut world, viewer, ms(20_000));
        println!(
            "hidden: {soon} bytes fill within two seconds, then {fills} in 20 s, beside {sound} of sound"
        );
        assert!(soon < 10_000, "{soon} bytes fill while the estimator comes to rest");
        assert_eq!(fills, 0, "bytes that fill go to a page that shows nothing");
        assert!(talkers.iter().all(|other| world.hears(viewer, *other)));
        // Whoever looks again may be probed again.
        let all = talkers.map(|other| world.peer(other));
        world.client(viewer, |client, _| client.look_at(&all));
        let lost = "no picture for whoever looks again";
        world.within(ms(1_000), lost, |world| talkers.iter().all(|other| world.sees(viewer, *other)));
        world.finish("a hidden tab");
    });
}

/// str0m probes again every few seconds while less than 1.5 times what is shown was found, with what it has sent: 10 kbit/s beside
/// 760 of pictures. A tenth is what docs/decisions.md allows.
#[test]
fn whoever_sees_all_they_asked_for_is_probed_for_little() {
    play(When::Always, |seed| {
        let (mut world, talkers, viewer) = four(seed);
        for asked in [3, 1] {
            let tiles: Vec<_> = talkers[..asked].iter().map(|other| world.peer(*other)).collect();
            world.client(viewer, |client, _| client.look_at(&tiles));
            let (_, first) = left(&mut world, viewer, ms(5_000));
            let (media, fills) = left(&mut world, viewer, ms(30_000));
            println!(
                "{asked} asked for: {first} bytes fill in the first 5 s, then {fills} in 30 s beside {media}"
            );
            assert!(fills * 10 < media, "{fills} bytes fill beside {media} of pictures");
        }
        world.finish("everything that was asked for");
    });
}
