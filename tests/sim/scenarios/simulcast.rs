//! Cameras in three sizes: one of them is forwarded, by a fixed rule.

use plenary::media::ids::{Kind, Layer, Stream};

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::receiver::Watch;
use crate::rng::Rng;
use crate::sender::Picture;
use crate::world::{Person, Settings, World, ms};

use Layer::{High, Low, Middle};

fn watch(world: &World, from: Person, to: Person) -> &Watch {
    &world.seats[from].client.receiver.seen[&(to as u16)]
}

#[test]
fn the_middle_size_is_shown_else_the_next_lower_else_whatever_there_is() {
    play(When::Always, |seed| {
        let mut world = World::with(Settings::middle_first(seed));
        let ada = world.join(Profile::SIMULCAST, Conditions::clean(20));
        let ben = world.join(Profile::LISTENER, Conditions::clean(30));
        let cleo = world.join(Profile::SIMULCAST, Conditions::clean(15));
        world.within(ms(2_500), "they do not meet", |world| world.meet(&[ada, cleo]) && world.sees(ben, ada));
        world.within(ms(1_500), "not the middle size", |world| watch(world, ben, ada).layer == Middle);
        world.run(ms(5_000));
        world.start_watching();
        for (able_to, shown) in [
            (&[Low, High][..], Low),
            (&[High], High),
            (&[Low, Middle, High], Middle),
            (&[Low], Low),
            (&[Middle], Middle),
            (&[High], High),
        ] {
            // So long that a size that went and came is trusted again.
            world.run(ms(65_000));
            world.able(ada, able_to);
            let lost = format!("with {able_to:?} there is no {shown:?}");
            let took = world.within(ms(4_000), &lost, |world| {
                let watch = watch(world, ben, ada);
                watch.layer == shown && world.now < watch.last + ms(100)
            });
            println!("{shown:?} after {took:?}");
        }
        let gap = world.picture_gap(ben, ada);
        assert!(gap < ms(1_000), "while sizes came and went the picture stood still for {gap:?}");
        assert!(world.picture_gap(ben, cleo) < ms(200), "somebody else's picture stood still");
        let step = world.seats[ben].client.receiver.largest_switch_step;
        assert!(step < 0.02, "at a switch timestamps jumped by {step:.3} s");
        world.finish("three sizes");
    });
}

#[test]
fn sizes_that_come_and_go_on_bad_links_tear_nothing_and_the_picture_goes_on() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let mut dice = Rng::new(seed ^ 0x51_3e);
        let profile =
            Profile { camera: Some(Picture { fps: 20, packets: 2, bytes: 700 }), ..Profile::SIMULCAST };
        let people: Vec<Person> = (0..3).map(|_| world.join(profile, Conditions::rough(25))).collect();
        world.within(ms(6_000), "they do not meet", |world| world.meet(&people));
        for _ in 0..30 {
            let person = people[dice.below(3) as usize];
            let layers: Vec<Layer> = Layer::ALL.into_iter().filter(|_| dice.chance(0.6)).collect();
            world.able(person, &layers);
            world.run(ms(200 + dice.below(1_500)));
        }
        for person in &people {
            world.able(*person, &Layer::ALL);
        }
        world.meet_anew(ms(4_000), "the picture does not come back", &people);
        let switches: u64 = people
            .iter()
            .flat_map(|person| world.seats[*person].client.receiver.seen.values())
            .map(|watch| watch.switches)
            .sum();
        assert!(switches >= 10, "only {switches} switches: nothing was tried");
        world.finish("sizes on bad links");
    });
}

#[test]
fn a_camera_in_three_sizes_that_goes_off_and_on_shows_the_middle_one_again() {
    play(When::Always, |seed| {
        let mut world = World::with(Settings::middle_first(seed));
        let ada = world.join(Profile::SIMULCAST, Conditions::clean(20));
        let ben = world.join(Profile::SIMULCAST, Conditions::clean(30));
        world.within(ms(2_500), "they do not meet", |world| world.meet(&[ada, ben]));
        for pause in [300, 10_000] {
            world.client(ada, |client, _| client.mute(Kind::Video, true));
            world.run(ms(pause));
            world.client(ada, |client, _| client.mute(Kind::Video, false));
            world.meet_anew(ms(1_000), "no picture after the camera came on again", &[ada, ben]);
            let lost = "not the middle size";
            world.within(ms(1_500), lost, |world| watch(world, ben, ada).layer == Middle);
        }
        world.finish("three sizes off and on");
    });
}

#[test]
fn in_a_large_room_the_largest_size_is_not_asked_for() {
    play(When::Always, |seed| {
        let mut world = World::with(Settings::middle_first(seed));
        let small = Picture { fps: 8, packets: 1, bytes: 400 };
        let profile = Profile { camera: Some(small), microphone: None, ..Profile::SIMULCAST };
        let people: Vec<Person> = (0..8).map(|_| world.join(profile, Conditions::clean(20))).collect();
        let sees_all = |world: &World, from: Person| {
            people.iter().filter(|to| **to != from).all(|to| world.sees(from, *to))
        };
        world.within(ms(6_000), "eight people do not see each other", |world| {
            people.iter().all(|from| sees_all(world, *from))
        });
        world.run(ms(2_000));
        for person in &people {
            let connection = world.seats[*person].client.connection.as_mut().expect("a connection");
            let live = connection.camera(Stream::Camera).expect("a camera").live();
            assert_eq!(live, [Low, Middle], "what nobody is shown is sent all the same");
        }
        assert!(people[1..].iter().all(|to| watch(&world, people[0], *to).layer == Middle));
        world.finish("a large room");
    });
}
