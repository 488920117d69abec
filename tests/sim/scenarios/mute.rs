//! Camera and microphone go off and on.

use plenary::media::ids::Kind;

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::{Person, World, ms};

fn made(world: &World, from: Person, to: Person, kind: Kind) -> u64 {
    let receiver = &world.seats[from].client.receiver;
    let watches = if kind == Kind::Video { &receiver.seen } else { &receiver.heard };
    watches.get(&(to as u16)).map_or(0, |watch| watch.made)
}

#[test]
fn a_camera_that_goes_on_again_shows_a_picture_again() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::PAGE, Conditions::clean(20));
        let ben = world.join(Profile::PAGE, Conditions::clean(20));
        world.within(ms(2_000), "they do not meet", |world| world.meet(&[ada, ben]));
        for pause in [500, 8_000, 30_000] {
            world.client(ada, |client, _| client.mute(Kind::Video, true));
            world.run(ms(pause));
            let muted = |world: &World| {
                let person = world.seats[ben].client.people.iter().find(|person| person.name == "Person 0");
                person.and_then(|person| person.streams.first()?.video).map(|video| video.muted)
            };
            assert_eq!(muted(&world), Some(true), "nobody is told that the camera is off");
            assert!(world.hears(ben, ada), "the sound goes on");
            world.client(ada, |client, _| client.mute(Kind::Video, false));
            let before = world.age().as_micros() as u64;
            let lost = "no picture after the camera came on again";
            let took = world.within(ms(1_000), lost, |world| made(world, ben, ada, Kind::Video) > before);
            println!("picture {took:?} after a pause of {pause} ms");
        }
        world.run(ms(3_000));
        world.finish("camera off and on");
    });
}

#[test]
fn nothing_leaks_while_muted_even_from_a_page_that_goes_on_sending() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::PAGE, Conditions::clean(20));
        let ben = world.join(Profile::PAGE, Conditions::clean(20));
        world.within(ms(2_000), "they do not meet", |world| world.meet(&[ada, ben]));
        world.client(ada, |client, _| client.lies = true);
        for kind in [Kind::Video, Kind::Audio] {
            world.client(ada, |client, _| client.mute(kind, true));
            // Signaling takes as long as media: what is made from now on arrives at the server after the word.
            let from_now = world.age().as_micros() as u64 + 1;
            let received = world.count(|c| c.received);
            world.run(ms(5_000));
            assert!(world.count(|c| c.received) > received + 60, "the page went on sending");
            let leaked = made(&world, ben, ada, kind);
            assert!(leaked < from_now, "{kind:?} made {} ms after the mute", (leaked - from_now) / 1_000);
        }
        world.finish("muted");
    });
}

#[test]
fn a_muted_minute_is_not_taken_for_lost_sound() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::PAGE, Conditions::clean(20));
        let ben = world.join(Profile::PAGE, Conditions::clean(20));
        world.within(ms(2_000), "they do not meet", |world| world.meet(&[ada, ben]));
        world.client(ada, |client, _| client.lies = true);
        for _ in 0..2 {
            world.client(ada, |client, _| client.mute(Kind::Audio, true));
            world.run(ms(30_000));
            world.client(ada, |client, _| client.mute(Kind::Audio, false));
            world.within(ms(500), "not heard after unmuting", |world| world.hears(ben, ada));
            world.run(ms(1_000));
        }
        assert_eq!(world.seats[ben].client.receiver.sound_missing, 0);
        world.finish("muted sound");
    });
}
