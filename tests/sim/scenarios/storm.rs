//! Everybody comes at once.

use std::time::Duration;

use plenary::limits::{Limit, Limits};

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::rng::Rng;
use crate::sender::Picture;
use crate::world::{Person, Settings, World, ms};

const SPEAKER: Profile =
    Profile { camera: Some(Picture { fps: 5, packets: 2, bytes: 500 }), grows: false, ..Profile::PAGE };

/// `people` join within three seconds: the first four speak, the next `listeners` listen, the rest only look at the list.
fn storm(seed: u64, people: usize, listeners: usize) {
    let limits = Limits::default().with(Limit::PeersPerRoom, people);
    let mut world = World::with(Settings { limits, ..Settings::new(seed) });
    let mut dice = Rng::new(seed ^ 0x57_02);
    let speakers: Vec<Person> = (0..4).map(|_| world.join(SPEAKER, Conditions::clean(20))).collect();
    world.within(ms(3_000), "the speakers do not meet", |world| world.meet(&speakers));
    let began = world.now;
    let before = world.count(|c| c.wakeups);
    let mut watching = Vec::new();
    for number in speakers.len()..people {
        let listens = number < speakers.len() + listeners;
        let profile = Profile { grows: false, media: listens, ..Profile::LISTENER };
        let person = world.join(profile, Conditions::clean(10 + dice.below(60)));
        if listens {
            watching.push(person);
        }
        world.run(Duration::from_micros(3_000_000 / people as u64));
    }
    world.within(ms(5_000), "somebody's list of people is not complete", |world| {
        world.seats.iter().all(|seat| seat.client.people.len() == people)
    });
    let listed = world.now - began;
    world.within(ms(5_000), "somebody who came in the storm sees no speaker", |world| {
        watching
            .iter()
            .all(|from| speakers.iter().all(|to| world.sees(*from, *to) && world.hears(*from, *to)))
    });
    let met = world.now - began;
    let bytes = world.seats.iter().map(|seat| seat.signal_bytes).max().unwrap_or(0);
    let wakeups = world.count(|c| c.wakeups) - before;
    println!(
        "{people} people: listed after {listed:?}, seen after {met:?}, {bytes} bytes, {wakeups} wake-ups"
    );
    assert!(bytes < 400_000, "{bytes} bytes of messages for one client");
    assert!(met < ms(7_000), "the last one saw the speakers only after {met:?}");
    for from in &speakers {
        for to in speakers.iter().filter(|to| *to != from) {
            assert!(world.sees(*from, *to), "the storm took the speakers from each other");
        }
    }
    world.finish("a storm of joins");
}

#[test]
fn a_hundred_people_join_at_once_and_everyone_sees_the_speakers() {
    play(When::Always, |seed| storm(seed, 100, 16));
}

#[test]
fn three_hundred_people_join_at_once_and_everyone_sees_the_speakers() {
    play(When::All, |seed| storm(seed, 300, 296));
}
