//! A lecture: two hundred people of whom a few talk, and a page that stands for ten minutes.

use std::time::Duration;

use plenary::limits::{Limit, Limits};
use plenary::media::AUDIO_TOP;
use plenary::media::ids::Stream;

use super::{When, play};
use crate::client::Client;
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::sender::{Picture, Says};
use crate::world::{Person, Settings, World, ms};

const TINY: Picture = Picture { fps: 15, packets: 2, bytes: 400 };

#[test]
fn of_two_hundred_people_everybody_hears_the_four_loudest_and_sees_whom_they_look_at() {
    play(When::Once, |seed| {
        let limits = Limits::default().with(Limit::PeersPerRoom, 200);
        let mut world = World::with(Settings { audio_top: AUDIO_TOP.into(), limits, ..Settings::new(seed) });
        let speaker =
            Profile { camera: Some(TINY), microphone: Some(Says::Nothing), grows: false, ..Profile::PAGE };
        let speakers: Vec<Person> = (0..5).map(|_| world.join(speaker, Conditions::clean(20))).collect();
        let listener = Profile { grows: false, ..Profile::LISTENER };
        let mut listeners = Vec::new();
        for n in 0..195 {
            listeners.push(world.join(listener, Conditions::clean(15 + n % 40)));
            world.run(ms(25));
        }
        let shown =
            |world: &World| listeners.iter().all(|from| speakers.iter().all(|to| world.sees(*from, *to)));
        world.within(ms(4_000), "somebody of two hundred does not see the five with a camera", shown);
        // Four of the five talk, and somebody among the listeners asks something.
        for talks in &speakers[..4] {
            world.client(*talks, |client, now| client.speak(now, Says::Words(30)));
        }
        world.run(ms(3_000));
        world.start_watching();
        world.run(ms(3_000));
        let told = |world: &World, from: Person, of: Person| {
            world.seats[from].client.receiver.heard.get(&(of as u16)).map_or(0, |watch| watch.packets)
        };
        for from in &listeners {
            let packets: Vec<u64> = speakers[..4].iter().map(|of| told(&world, *from, *of)).collect();
            assert!(packets.iter().all(|packets| *packets >= 140), "{from} hears {packets:?} of 150 packets");
            for to in &speakers {
                let gap = world.picture_gap(*from, *to);
                assert!(gap < ms(350), "{from} sees {to} stand still for {gap:?}");
            }
        }
        let asks = listeners[100];
        let since = world.age().as_micros() as u64;
        world.client(speakers[3], |client, now| client.speak(now, Says::Nothing));
        world.client(asks, |client, now| client.speak(now, Says::Words(25)));
        let heard = |world: &World| {
            let others = listeners.iter().filter(|from| **from != asks);
            others.clone().all(|from| {
                let watch = world.seats[*from].client.receiver.heard.get(&(asks as u16));
                watch.is_some_and(|watch| watch.made > since)
            })
        };
        let took = world.within(ms(1_000), "a question from the audience is not heard by all", heard);
        println!("a question is heard by 199 people after {took:?}");
        world.finish("two hundred people");
    });
}

#[test]
fn a_page_that_stands_for_ten_minutes_costs_little_and_the_next_one_is_seen_at_once() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let voice = Profile { camera: None, grows: false, ..Profile::PAGE };
        let ada = world.join(voice, Conditions::clean(20));
        let line = Conditions { rate: Some(2_000_000), ..Conditions::clean(30) };
        let ben = world.join(Profile { microphone: Some(Says::Nothing), ..voice }, line);
        world.within(ms(3_000), "nothing is heard", |world| world.hears(ben, ada));
        world.client(ada, Client::share);
        let page = |world: &World| world.seats[ben].client.receiver.screens.get(&(ada as u16)).copied();
        world.within(ms(2_500), "the screen is not seen", |world| page(world).is_some());
        world.client(ada, |client, _| {
            let screen = client.connection.as_mut().and_then(|c| c.camera(Stream::Screen));
            screen.expect("a shared screen").stands_still(Picture::SCREEN);
        });
        world.run(ms(5_000));
        world.start_watching();
        let address = world.seats[ben].public;
        let before = world.traffic(address).bytes_to;
        world.run(Duration::from_secs(600));
        let rate = (world.traffic(address).bytes_to - before) * 8 / 600_000;
        let watch = page(&world).expect("seen before");
        println!("a page that stands takes {rate} kbit/s, nothing new for {:?} at most", watch.longest_gap);
        assert!(watch.longest_gap < ms(1_300), "nothing of the page came for {:?}", watch.longest_gap);
        assert!(world.sound_gap(ben, ada) < ms(100), "sound paused for {:?}", world.sound_gap(ben, ada));
        assert!(rate < 200, "a page on which nothing moves takes {rate} kbit/s");
        // The next page.
        let since = world.age().as_micros() as u64;
        world.client(ada, |client, _| {
            let screen = client.connection.as_mut().and_then(|c| c.camera(Stream::Screen));
            screen.expect("a shared screen").swell(Picture::SCREEN);
        });
        let seen = |world: &World| page(world).is_some_and(|watch| watch.made > since);
        let took = world.within(ms(1_500), "the next page is not seen", seen);
        let cleo = world.join(Profile { microphone: Some(Says::Nothing), ..voice }, line);
        let late = |world: &World| world.seats[cleo].client.receiver.screens.contains_key(&(ada as u16));
        let came = world.within(ms(2_500), "who comes late does not see the page", late);
        println!("the next page is seen after {took:?}, by somebody who comes {came:?} after they came");
        world.finish("a page that stands");
    });
}
