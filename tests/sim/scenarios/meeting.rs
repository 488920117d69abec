//! People meet.

use super::{When, play};
use crate::client::connection::Profile;
use crate::network::Conditions;
use crate::world::{World, ms};

#[test]
fn two_people_see_and_hear_each_other() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::PAGE, Conditions::clean(20));
        world.run(ms(500));
        let ben = world.join(Profile::PAGE, Conditions::clean(30));
        let took = world.within(ms(2_000), "two people do not see and hear each other", |world| {
            [(ada, ben), (ben, ada)].iter().all(|(from, to)| {
                let client = &world.seats[*from].client;
                client.sees(world.now, *to as u16).is_some() && client.hears(world.now, *to as u16).is_some()
            })
        });
        println!("everyone sees everyone after {took:?}");
        world.seats.iter_mut().for_each(|seat| seat.client.receiver.start_watching(world.now));
        world.run(ms(10_000));
        for (from, to) in [(ada, ben), (ben, ada)] {
            let client = &world.seats[from].client;
            let seen = client.sees(world.now, to as u16).expect("still seen");
            assert!(seen.longest_gap < ms(200), "the picture stood still for {:?}", seen.longest_gap);
            let heard = client.hears(world.now, to as u16).expect("still heard");
            assert!(heard.longest_gap < ms(60), "the sound broke off for {:?}", heard.longest_gap);
            assert!(client.receiver.reports > 10, "sender reports keep lips in sync");
        }
        world.finish("two people");
    });
}
