//! Addresses: what goes to one from which nothing comes any more, or where nobody has shown that they receive.

use std::net::SocketAddr;

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::{Person, Settings, World, ms};

/// Two who have met, and are watched.
pub(super) fn two(seed: u64) -> (World, Person, Person) {
    two_of(Settings::new(seed))
}

pub(super) fn two_of(settings: Settings) -> (World, Person, Person) {
    let mut world = World::with(settings);
    let ada = world.join(Profile::PAGE, Conditions::clean(20));
    let ben = world.join(Profile::PAGE, Conditions::clean(20));
    world.within(ms(2_000), "they do not meet", |world| world.meet(&[ada, ben]));
    world.run(ms(2_000));
    world.start_watching();
    (world, ada, ben)
}

/// Datagrams of media that go to `address` in so many milliseconds.
fn media_in(world: &mut World, address: SocketAddr, millis: u64) -> u64 {
    let before = world.traffic(address).media_to;
    world.run(ms(millis));
    world.traffic(address).media_to - before
}

#[test]
fn an_address_that_fell_silent_gets_no_media_after_ten_seconds_and_again_at_once() {
    play(When::Always, |seed| {
        let (mut world, ada, ben) = two(seed);
        let address = world.seats[ben].public;
        world.seats[ben].up.cut = true;
        let at_first = media_in(&mut world, address, 9_500);
        assert!(at_first > 500, "only {at_first} datagrams: an outage is no reason to stop");
        world.run(ms(600));
        let later = media_in(&mut world, address, 2_900);
        println!("{at_first} datagrams of media in 9.5 s of silence, {later} in the 2.9 s after ten");
        assert_eq!(later, 0, "datagrams of media to an address from which nothing came for ten seconds");
        world.seats[ben].up.cut = false;
        let back = world.now;
        world.meet_anew(ms(4_000), "after a silence they do not meet again", &[ada, ben]);
        let heard = world.seats[ben].client.receiver.heard[&(ada as u16)];
        println!("they meet {:?} after it; sound came {:?} ago", world.now - back, world.now - heard.last);
        assert!(world.now - back < ms(1_500), "they meet only {:?} after the silence", world.now - back);
        assert_eq!(world.seats[ben].client.life(), 1, "on the same connection");
        assert!(world.count(|c| c.media_withheld) > 0);
        world.finish("a silent address");
    });
}

#[test]
fn somebody_whose_browser_died_is_sent_nothing_while_their_socket_seems_open() {
    play(When::Always, |seed| {
        let (mut world, _, ben) = two(seed);
        let address = world.seats[ben].public;
        world.kill(ben, false);
        world.run(ms(10_500));
        let media = media_in(&mut world, address, 9_000);
        println!("{media} datagrams of media to a dead browser, from 10.5 s on");
        assert_eq!(media, 0);
        world.finish("a dead browser's address");
    });
}

#[test]
fn two_forged_datagrams_buy_a_stranger_no_more_than_three_times_their_size() {
    play(When::Always, |seed| {
        let (mut world, ada, ben) = two(seed);
        let hostile = world.join(Profile { forges: true, ..Profile::PAGE }, Conditions::clean(20));
        world.within(ms(3_000), "they do not meet", |world| world.meet(&[ada, ben, hostile]));
        world.run(ms(1_000));
        let stranger: SocketAddr = ([203, 0, 113, 7], 666).into();
        // From here on the hostile one speaks in the stranger's name only: a check, and a packet under their own keys.
        world.seats[hostile].up.cut = true;
        // What is on its way would move their media back.
        world.run(ms(100));
        let stun = world.seats[hostile].last_stun.clone();
        let connection = world.seats[hostile].client.connection.as_mut().expect("a connection");
        let forger = connection.forger.as_mut().expect("somebody who forges");
        let report = forger.rtcp(&[0x80, 201, 0, 1, 0, 0, 0, 7]).expect("keys");
        world.inject(stranger, stun);
        world.inject(stranger, report);
        world.run(ms(20_000));
        let traffic = world.traffic(stranger);
        println!("{traffic:?}");
        assert!(traffic.bytes_from < 300, "{traffic:?}");
        assert!(traffic.bytes_to <= 3 * traffic.bytes_from, "{traffic:?}");
        world.finish("a stranger's address");
    });
}

#[test]
fn a_participant_who_speaks_in_anothers_name_takes_nothing_from_them() {
    play(When::Always, |seed| {
        // Of what is known on one worker another one knows nothing.
        let (mut world, ada, ben) = two_of(Settings { workers: 1, ..Settings::new(seed) });
        let hostile = world.join(Profile::LISTENER, Conditions::clean(20));
        world.run(ms(3_000));
        world.start_watching();
        for _ in 0..100 {
            let (address, stun) = (world.seats[ben].public, world.seats[hostile].last_stun.clone());
            world.inject(address, stun);
            world.run(ms(50));
        }
        for (from, to) in [(ada, ben), (ben, ada)] {
            let receiver = &world.seats[from].client.receiver;
            let (seen, heard) = (receiver.seen[&(to as u16)], receiver.heard[&(to as u16)]);
            println!("lost {} and {} of {}", seen.lost, heard.lost, seen.packets + heard.packets);
            assert_eq!((seen.lost, heard.lost), (0, 0), "of {}", seen.packets + heard.packets);
            assert!(world.picture_gap(from, to) < ms(200));
        }
        assert!(world.count(|c| c.paths_refused) >= 100);
        world.finish("somebody else's path");
    });
}

#[test]
fn a_newcomer_whose_address_a_participant_claims_gets_in_all_the_same() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::PAGE, Conditions::clean(20));
        let hostile = world.join(Profile::LISTENER, Conditions::clean(20));
        world.run(ms(3_000));
        let ben = world.join(Profile::PAGE, Conditions::clean(20));
        let began = world.now;
        while !world.meet(&[ada, ben]) {
            // Before their first datagram, and again and again.
            let (address, stun) = (world.seats[ben].public, world.seats[hostile].last_stun.clone());
            world.inject(address, stun);
            world.run(ms(10));
            assert!(world.now - began < ms(2_500), "a claim of somebody else keeps a newcomer out");
        }
        println!("in after {:?}", world.now - began);
        world.finish("a claimed address");
    });
}

#[test]
fn a_viewer_behind_a_nat_that_changes_the_port_sees_again_a_round_trip_after_the_first_check() {
    play(When::Always, |seed| {
        for loss in [0.0, 0.1] {
            let mut world = World::new(seed);
            let ada = world.join(Profile::PAGE, Conditions::clean(20));
            let viewer = Profile { camera: None, microphone: None, ..Profile::PAGE };
            let ben = world.join(viewer, Conditions::losing(20, loss));
            world.within(ms(8_000), "they do not meet", |world| world.sees(ben, ada));
            world.run(ms(3_000));
            let (mut waits, mut gaps) = (Vec::new(), Vec::new());
            for _ in 0..16 {
                world.rebind(ben);
                world.start_watching();
                // Of two checks in a row one arrives, or of three.
                world.within(ms(9_000), "media never follows", |world| world.seats[ben].followed.is_some());
                world.run(ms(500));
                let seat = &world.seats[ben];
                let followed =
                    seat.followed.expect("media follows") - seat.checked.expect("the client checks");
                waits.push(followed.as_millis());
                gaps.push(world.picture_gap(ben, ada).as_millis());
            }
            println!("with {loss} lost, media is there {waits:?} ms after the first check; gaps {gaps:?}");
            waits.sort_unstable();
            assert!(waits[waits.len() / 2] < 150, "{waits:?}");
            assert!(world.count(|c| c.challenges_answered) >= 16);
            world.finish("a viewer's NAT");
        }
    });
}
