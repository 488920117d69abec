//! Who of many who talk is heard, and what becomes of silence.

use std::time::Duration;

use plenary::media::AUDIO_TOP;

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::receiver::Watch;
use crate::sender::{Picture, Says};
use crate::world::{Person, Settings, World, ms};

const TINY: Picture = Picture { fps: 15, packets: 2, bytes: 400 };

/// Somebody with a microphone and no camera.
fn voice(says: Says) -> Profile {
    Profile { microphone: Some(says), camera: None, grows: false, ..Profile::PAGE }
}

/// A world in which as many are heard as by default.
fn as_by_default(seed: u64) -> World {
    World::with(Settings { audio_top: AUDIO_TOP.into(), ..Settings::new(seed) })
}

fn heard(world: &World, from: Person, of: Person) -> Option<Watch> {
    world.seats[from].client.receiver.heard.get(&(of as u16)).copied()
}

#[test]
fn of_nine_who_talk_without_a_pause_nobody_is_left_out_for_long_and_nothing_looks_lost() {
    play(When::Always, |seed| {
        let mut world = as_by_default(seed);
        let listener = world.join(voice(Says::Nothing), Conditions::clean(20));
        let people: Vec<Person> =
            (0..9).map(|n| world.join(voice(Says::Words(28 + n % 5)), Conditions::clean(20))).collect();
        let all = |world: &World| people.iter().all(|person| heard(world, listener, *person).is_some());
        world.within(ms(25_000), "somebody who talks is never heard", all);
        world.start_watching();
        world.run(ms(60_000));
        let watches: Vec<Watch> = people.iter().filter_map(|of| heard(&world, listener, *of)).collect();
        let gaps: Vec<Duration> = people.iter().map(|of| world.sound_gap(listener, *of)).collect();
        let packets: Vec<u64> = watches.iter().map(|watch| watch.packets).collect();
        println!("not heard for {gaps:?}; packets {packets:?}");
        assert!(gaps.iter().all(|gap| *gap < ms(14_000)), "somebody was not heard for {gaps:?}");
        // A fair share of what four send in a minute is 1,333.
        assert!(packets.iter().all(|packets| *packets > 800), "of 12,000 packets they were {packets:?}");
        let sum: u64 = packets.iter().sum();
        assert!((11_500..12_300).contains(&sum), "{sum} packets are not those of four");
        let missing = world.seats[listener].client.receiver.sound_missing;
        assert_eq!(missing, 0, "who is left out looks like loss");
        world.finish("nine who talk");
    });
}

#[test]
fn silence_of_a_microphone_without_dtx_ends_and_the_next_word_is_heard_from_its_beginning() {
    play(When::Always, |seed| {
        let mut world = as_by_default(seed);
        let ada = world.join(Profile { camera: Some(TINY), ..voice(Says::Silence) }, Conditions::clean(20));
        let ben = world.join(voice(Says::Nothing), Conditions::clean(20));
        world.within(ms(3_000), "nothing is heard", |world| world.hears(ben, ada));
        world.run(ms(5_000));
        for pause in [2_000, 30_000] {
            world.start_watching();
            world.run(ms(pause));
            let packets = heard(&world, ben, ada).expect("heard before").packets;
            assert_eq!(packets, 0, "silence is sent");
            world.client(ada, |client, now| client.speak(now, Says::Words(45)));
            // A packet every 20 ms, the first within 20, and 40 ms on the way.
            world.run(ms(560));
            let packets = heard(&world, ben, ada).expect("heard before").packets;
            assert!(packets >= 25, "only {packets} packets of the first half second of a word");
            world.client(ada, |client, now| client.speak(now, Says::Silence));
            world.run(ms(2_900));
            assert!(world.hears(ben, ada), "a pause between sentences is not heard");
            world.run(ms(600));
        }
        assert_eq!(world.seats[ben].client.receiver.sound_missing, 0, "silence looks like loss");
        world.finish("silence");
    });
}

#[test]
fn levels_that_are_made_up_keep_nobody_unheard_for_long() {
    play(When::Always, |seed| {
        let mut world = as_by_default(seed);
        let listener = world.join(voice(Says::Nothing), Conditions::clean(20));
        let honest = world.join(voice(Says::Nothing), Conditions::clean(20));
        // They say without a pause that nobody can be louder.
        let liars: Vec<Person> =
            (0..8).map(|_| world.join(voice(Says::Words(0)), Conditions::clean(20))).collect();
        let all = |world: &World| liars.iter().all(|liar| heard(world, listener, *liar).is_some());
        world.within(ms(25_000), "those who say that they are loud take no turns", all);
        let spoke = world.age().as_micros() as u64;
        world.client(honest, |client, now| client.speak(now, Says::Words(30)));
        let is_heard = |world: &World| heard(world, listener, honest).is_some_and(|watch| watch.made > spoke);
        // A turn's time, and a second for each dB that they are quieter than the loudest there can be.
        let took = world.within(ms(22_000), "whoever says the truth is not heard", is_heard);
        world.start_watching();
        world.run(ms(40_000));
        let packets = heard(&world, listener, honest).expect("heard").packets;
        println!("heard after {took:?}, then for {} ms of 40 s", packets * 20);
        assert!(packets > 400, "heard for {} ms of 40 s", packets * 20);
        // The liars tire; who tells the truth pauses now and then.
        world.run(ms(50_000));
        world.client(honest, |client, now| client.speak(now, Says::Nothing));
        world.run(ms(4_000));
        world.start_watching();
        world.client(honest, |client, now| client.speak(now, Says::Words(30)));
        world.run(ms(10_000));
        let gap = world.sound_gap(listener, honest);
        assert!(gap < ms(700), "not heard for {gap:?} among people who never stop");
        world.finish("made-up levels");
    });
}
