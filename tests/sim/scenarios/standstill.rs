//! The server's process stands still for a while: stopped, in a snapshot, held by a debugger.

use plenary::conference::protocol::{ErrorCode, Presence};
use plenary::media::ids::Kind;

use super::recovery::nobody_was_absent;
use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::receiver::Complaint;
use crate::world::{Person, World, ms};

fn three(seed: u64, over_tcp: bool) -> (World, [Person; 3]) {
    let mut world = World::new(seed);
    let profiles = [Profile::PAGE, Profile { over_tcp, ..Profile::PAGE }, Profile::PAGE];
    let people = profiles.map(|profile| world.join(profile, Conditions::clean(20)));
    world.within(ms(3_000), "they do not meet", |world| world.meet(&people));
    world.run(ms(3_000));
    (world, people)
}

/// Reports that waited in the kernel are late by as much, so the clocks that receivers see may step once, by little. Whatever
/// else there is to complain about stays, and so do all later steps.
fn forgive_late_reports(world: &mut World) {
    world.run(ms(3_000));
    for seat in &mut world.seats {
        seat.client.receiver.complaints.retain(|complaint| !matches!(complaint, Complaint::ClockStep(_)));
    }
}

#[test]
fn forty_seconds_in_which_the_server_stood_still_are_nobodys_silence() {
    play(When::Always, |seed| {
        for over_tcp in [false, true] {
            let (mut world, people) = three(seed, over_tcp);
            // Of whom only checks come.
            for kind in [Kind::Audio, Kind::Video] {
                world.client(people[2], |client, _| client.mute(kind, true));
            }
            world.run(ms(4_900));
            world.stand_still(ms(40_000));
            world.run(ms(40_000));
            let met = |world: &World| world.meet(&people[..2]);
            let took = world.within(ms(5_000), "after a standstill people do not meet", met);
            forgive_late_reports(&mut world);
            world.run(ms(10_000));
            println!("pictures are back {took:?} after a standstill of 40 s");
            nobody_was_absent(&world);
            for person in people {
                let client = &world.seats[person].client;
                assert!(client.left.is_empty(), "{} was told that {:?} left", client.name, client.left);
                assert_eq!(client.welcomes, 1, "{} lost the socket", client.name);
                let told = client.errors.iter().find(|(code, _)| *code == ErrorCode::TooMuchMedia);
                assert_eq!(told, None, "what waited is not too much");
            }
            assert_eq!(world.people(), 3);
            world.finish("a standstill");
        }
    });
}

#[test]
fn who_died_before_the_server_stood_still_is_seen_to_when_it_goes_on() {
    play(When::Always, |seed| {
        let (mut world, [ada, ben, _]) = three(seed, false);
        let name = world.seats[ben].client.name.clone();
        world.kill(ben, false);
        world.run(ms(1_000));
        world.stand_still(ms(40_000));
        world.run(ms(40_000));
        let told = world.within(ms(5_000), "a dead browser stays in the picture", |world| {
            world.seats[ada].client.presence(&name) == Some(Presence::NoMedia)
        });
        forgive_late_reports(&mut world);
        assert!(told > ms(3_900) && told < ms(4_250), "the second before counts: told after {told:?}");
        world.finish("a death before a standstill");
    });
}
