//! Clocks that go back, stand still or lie: the server's own readings, and those of publishers.

use super::paths::two_of;
use super::recovery::nobody_was_absent;
use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::{Person, Settings, World, ms};

#[test]
fn readings_of_the_clock_in_any_order_cost_nobody_anything() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        world.shaky = ms(8);
        let people: Vec<Person> =
            (0..3).map(|_| world.join(Profile::SIMULCAST, Conditions::clean(20))).collect();
        world.within(ms(3_000), "they do not meet", |world| world.meet(&people));
        world.start_watching();
        world.run(ms(60_000));
        for from in &people {
            for to in people.iter().filter(|to| *to != from) {
                let (picture, sound) = (world.picture_gap(*from, *to), world.sound_gap(*from, *to));
                assert!(picture < ms(250), "the picture stood still for {picture:?}");
                assert!(sound < ms(100), "nothing was heard for {sound:?}");
            }
        }
        nobody_was_absent(&world);
        // Who goes silent is found out after five seconds of the real clock, not of one that runs ahead.
        world.seats[people[2]].up.cut = true;
        let lost = "somebody who is silent is never shown as such";
        let told = world.within(ms(6_000), lost, |world| !world.seats[people[0]].client.absent.is_empty());
        assert!(told > ms(4_900), "told after {told:?}");
        world.seats[people[2]].up.cut = false;
        world.run(ms(3_000));
        world.finish("readings in any order");
    });
}

#[test]
fn a_clock_that_stands_still_and_goes_on_loses_nothing() {
    play(When::Always, |seed| {
        let (mut world, ada, ben) = two_of(Settings::new(seed));
        // 400 ms in which every reading is the same, but packets come and go: less than a standstill, which has its own
        // scenarios, and all that a coarse clock does.
        for _ in 0..10 {
            for behind in 1..=40 {
                world.behind = ms(behind * 10);
                world.run(ms(10));
            }
            world.behind = ms(0);
            world.run(ms(1_000));
        }
        for (from, to) in [(ada, ben), (ben, ada)] {
            let (picture, sound) = (world.picture_gap(from, to), world.sound_gap(from, to));
            println!("picture {picture:?}, sound {sound:?}");
            assert!(picture < ms(700) && sound < ms(600), "{picture:?} and {sound:?} of nothing");
            let lost = world.seats[from].client.receiver.heard[&(to as u16)].lost;
            assert_eq!(lost, 0, "packets of sound");
        }
        nobody_was_absent(&world);
        world.finish("a clock that stands still");
    });
}

#[test]
fn a_camera_whose_timestamps_go_back_is_seen_again_at_its_next_key_frame() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let people: Vec<Person> = (0..3).map(|_| world.join(Profile::PAGE, Conditions::clean(20))).collect();
        let [ada, ben, cleo] = people[..] else { panic!("three people") };
        world.within(ms(3_000), "they do not meet", |world| world.meet(&people));
        world.run(ms(2_000));
        for back in [45_000, 9_000_000, 1 << 31] {
            world.start_watching();
            world.client(ada, |client, _| {
                let connection = client.connection.as_mut().expect("a connection");
                let before = connection.twist.take();
                let mut before = before.unwrap_or_else(|| Box::new(|_| {}));
                connection.twist = Some(Box::new(move |sent| {
                    before(sent);
                    if sent.level.is_none() {
                        sent.time = sent.time.wrapping_sub(back);
                    }
                }));
            });
            world.run(ms(4_000));
            for viewer in [ben, cleo] {
                let gap = world.picture_gap(viewer, ada);
                println!("{back} ticks back: {gap:?}");
                assert!(gap < ms(1_500), "{back} ticks back: the picture stood still for {gap:?}");
                assert!(world.sound_gap(viewer, ada) < ms(100), "the sound stopped");
            }
            assert!(world.picture_gap(ben, cleo) < ms(200), "a third person's picture stood still");
        }
        world.finish("timestamps that go back");
    });
}

/// Chromium's sound loses 0.7 s of its clock whenever it does not send for a while. `World::finish` judges lips.
#[test]
fn a_microphone_whose_clock_stands_while_it_rests_stays_with_its_picture() {
    play(When::Always, |seed| {
        let (mut world, ada, _) = two_of(Settings::new(seed));
        for _ in 0..4 {
            world.seats[ada].up.cut = true;
            world.run(ms(4_000));
            world.client(ada, |client, _| {
                let connection = client.connection.as_mut().expect("a connection");
                let mut before = connection.twist.take().unwrap_or_else(|| Box::new(|_| {}));
                connection.twist = Some(Box::new(move |sent| {
                    before(sent);
                    if sent.level.is_some() {
                        sent.time = sent.time.wrapping_sub(700 * 48);
                    }
                }));
            });
            world.seats[ada].up.cut = false;
            world.run(ms(4_000));
        }
        world.start_watching();
        world.run(ms(4_000));
        assert!(world.count(|counters| counters.clocks_stood) >= 4, "each pause is noticed");
        world.finish("a clock that stands while nothing is sent");
    });
}

/// `World::finish` judges that no sender report steps, which would cost lips a second and more.
#[test]
fn a_publisher_whose_reports_lie_about_the_time_moves_nobodys_lips() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile { forges: true, ..Profile::PAGE }, Conditions::clean(20));
        let ben = world.join(Profile::PAGE, Conditions::clean(20));
        let cleo = world.join(Profile::PAGE, Conditions::clean(20));
        world.within(ms(3_000), "they do not meet", |world| world.meet(&[ada, ben, cleo]));
        world.run(ms(3_000));
        world.start_watching();
        for step in 0..40_u32 {
            // A sender report (RFC 3550 section 6.4.1) of the camera with another hour, and back again.
            let last = world.seats[ada].last_srtp.clone();
            let (source, time) = (last[8..12].to_vec(), last[4..8].to_vec());
            let hour = if step % 2 == 0 { 3_900_000_000_u32 - step * 3_600 } else { 3_900_000_000 };
            let mut report = vec![0x80, 200, 0, 6];
            report.extend(source);
            report.extend(hour.to_be_bytes());
            report.extend([0; 4]);
            report.extend(time);
            report.extend([0; 8]);
            let forged = {
                let connection = world.seats[ada].client.connection.as_mut().expect("a connection");
                connection.forger.as_mut().expect("a forger").rtcp(&report).expect("keys")
            };
            let address = world.seats[ada].public;
            world.inject(address, forged);
            world.run(ms(250));
        }
        for viewer in [ben, cleo] {
            let (picture, sound) = (world.picture_gap(viewer, ada), world.sound_gap(viewer, ada));
            println!("picture {picture:?}, sound {sound:?}");
            assert!(picture < ms(300), "the picture stood still for {picture:?}");
            assert!(sound < ms(150), "nothing was heard for {sound:?}");
        }
        assert!(world.picture_gap(ben, cleo) < ms(200), "a third person's picture stood still");
        world.finish("reports that lie");
    });
}
