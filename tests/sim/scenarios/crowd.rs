//! More people than slots.

use plenary::media::ids::{Kind, PeerId};

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::sender::{Picture, Says};
use crate::world::{Person, World, ms};

const TINY: Picture = Picture { fps: 10, packets: 2, bytes: 400 };

#[test]
fn eight_people_see_each_other_after_their_slots_have_grown() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let profile = Profile { camera: Some(TINY), ..Profile::PAGE };
        let mut people: Vec<_> = (0..5).map(|_| world.join(profile, Conditions::clean(20))).collect();
        world.within(ms(3_000), "five people do not meet", |world| world.meet(&people));
        // What each line holds is found in the first second or two, and until it is a picture may be paused.
        world.run(ms(2_000));
        world.start_watching();
        let five = people.clone();
        people.extend((0..3).map(|_| world.join(profile, Conditions::clean(30))));
        world.within(ms(4_000), "eight people do not meet", |world| world.meet(&people));
        world.run(ms(3_000));
        for from in &five {
            assert_eq!(world.seats[*from].client.receiver.table.video.len(), 9, "slots grow from 5 to 9");
            for to in five.iter().filter(|to| *to != from) {
                let gap = world.picture_gap(*from, *to);
                assert!(gap < ms(350), "growing stopped a picture for {gap:?}");
            }
        }
        world.finish("growth");
    });
}

#[test]
fn a_view_decides_who_is_in_the_slots_and_nobody_appears_under_anothers_name() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let profile = Profile { camera: Some(TINY), grows: false, ..Profile::PAGE };
        let people: Vec<Person> = (0..8).map(|_| world.join(profile, Conditions::clean(20))).collect();
        let viewer = people[0];
        world.within(ms(4_000), "the slots of the viewer do not fill", |world| {
            people[1..].iter().filter(|other| world.sees(viewer, **other)).count() == 5
        });
        for round in 0..10 {
            let mut others = people[1..].to_vec();
            others.rotate_left(round % 7);
            let wanted: Vec<Person> = others[..5].to_vec();
            let peers: Vec<PeerId> = wanted.iter().map(|person| world.peer(*person)).collect();
            world.client(viewer, |client, _| client.look_at(&peers));
            world.run(ms(300));
            let lost = "somebody the viewer asked for is not shown";
            world.within(ms(1_200), lost, |world| wanted.iter().all(|other| world.sees(viewer, *other)));
            world.run(ms(700));
            for other in &others[5..] {
                assert!(!world.sees(viewer, *other), "somebody nobody asked for is still sent");
            }
        }
        let receiver = &world.seats[viewer].client.receiver;
        println!("{} frames before their name", receiver.early);
        world.finish("views");
    });
}

#[test]
fn of_many_voices_the_loudest_are_heard() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let silent =
            Profile { microphone: Some(Says::Nothing), grows: false, camera: Some(TINY), ..Profile::PAGE };
        let people: Vec<Person> = (0..13).map(|_| world.join(silent, Conditions::clean(20))).collect();
        let listener = people[0];
        world.run(ms(4_000));
        // Each of the others in turn says something; who has no picture is heard too.
        for speaker in &people[1..] {
            world.client(*speaker, |client, now| client.speak(now, Says::Words(25)));
            let lost = "somebody speaks and is not heard";
            let spoke = world.age().as_micros() as u64;
            let took = world.within(ms(600), lost, |world| {
                let heard = world.seats[listener].client.receiver.heard.get(&(*speaker as u16));
                heard.is_some_and(|watch| watch.made > spoke)
            });
            assert!(took < ms(500), "the first word is cut off: {took:?}");
            world.run(ms(1_200));
            world.client(*speaker, |client, now| client.speak(now, Says::Nothing));
            world.run(ms(1_500));
        }
        world.finish("loudest voices");
    });
}

#[test]
fn everybody_is_told_who_speaks_and_a_word_in_between_is_nobodys_turn() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let silent = Profile { microphone: Some(Says::Nothing), grows: false, ..Profile::PAGE };
        let people: Vec<Person> = (0..3).map(|_| world.join(silent, Conditions::clean(20))).collect();
        let [listener, ann, bob] = people[..] else { unreachable!("three") };
        world.run(ms(4_000));
        world.client(ann, |client, now| client.speak(now, Says::Words(30)));
        let speaks = |who: Option<Person>| {
            move |world: &World| {
                let told = world.seats[listener].client.speakers.last();
                told.copied().flatten() == who.map(|who| who as u16)
            }
        };
        let took = world.within(ms(1_500), "nobody is told that somebody speaks", speaks(Some(ann)));
        println!("told after {took:?}");
        // Somebody agrees, and ends before the other does.
        world.client(bob, |client, now| client.speak(now, Says::Words(25)));
        world.run(ms(300));
        world.client(bob, |client, now| client.speak(now, Says::Nothing));
        world.run(ms(3_000));
        assert!(speaks(Some(ann))(&world), "{:?}", world.seats[listener].client.speakers);
        world.client(ann, |client, now| client.speak(now, Says::Nothing));
        world.client(bob, |client, now| client.speak(now, Says::Words(30)));
        world.within(ms(2_500), "the floor does not pass", speaks(Some(bob)));
        world.client(bob, |client, now| client.speak(now, Says::Nothing));
        world.within(ms(4_500), "the floor stays taken", speaks(None));
        world.run(ms(200));
        for person in people {
            let told = &world.seats[person].client.speakers;
            assert_eq!(told[..], [Some(ann as u16), Some(bob as u16), None], "{person}");
        }
        world.finish("the floor");
    });
}

#[test]
fn timestamps_and_sender_reports_of_a_slot_go_on_across_owners_and_pauses() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let profile = Profile { camera: Some(TINY), grows: false, ..Profile::PAGE };
        let viewer = world.join(profile, Conditions::clean(20));
        // Near and far, so that capture times differ from arrivals.
        let others: Vec<Person> = [5, 60, 20, 90, 30, 10, 45]
            .iter()
            .map(|delay| world.join(profile, Conditions::clean(*delay)))
            .collect();
        world.run(ms(4_000));
        for pause in [0, 2_000, 30_000] {
            for turn in 0..4 {
                let mut wanted = others.clone();
                wanted.rotate_left(turn * 3 % others.len());
                let peers: Vec<PeerId> = wanted[..5].iter().map(|person| world.peer(*person)).collect();
                for person in others.iter().filter(|_| pause > 0) {
                    world.client(*person, |client, _| client.mute(Kind::Video, true));
                }
                world.run(ms(pause));
                world.client(viewer, |client, _| client.look_at(&peers));
                for person in others.iter().filter(|_| pause > 0) {
                    world.client(*person, |client, _| client.mute(Kind::Video, false));
                }
                world.run(ms(200));
                let lost = "somebody is not shown after a pause";
                world.within(ms(1_500), lost, |world| {
                    wanted[..5].iter().all(|other| world.sees(viewer, *other))
                });
                world.run(ms(2_500));
            }
        }
        // Each report and each frame was judged as it came; here is that there were enough of them.
        let receiver = &world.seats[viewer].client.receiver;
        assert!(receiver.reports > 800, "{} reports", receiver.reports);
        // A voice that goes on stays where it is, so only some pictures are in the pair of their voice.
        let lips: usize = receiver.quality.values().map(|quality| quality.told.judged()).sum();
        assert!(lips > 300, "of {lips} pictures is known whether lips and voice go together");
        world.finish("one clock for each slot");
    });
}
