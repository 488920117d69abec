//! Files that go through the server take what pictures and voices leave of a line, and nobody else notices them.

use super::adaptive::narrow;
use super::{When, play};
use crate::client::connection::{Connection, Profile};
use crate::link::Conditions;
use crate::world::{Person, Way, World, ms};

/// Bytes of a file that nobody gets to the end of.
const FILM: u64 = 50_000_000;

fn connection(world: &World, person: Person) -> &Connection {
    world.seats[person].client.connection.as_ref().expect("a connection")
}

/// `from` sends `to` a file of so many bytes.
fn send(world: &mut World, from: Person, to: Person, size: u64) {
    for person in [from, to] {
        world.client(person, |client, _| client.connection.as_mut().expect("a connection").open_files());
    }
    world.run(ms(500));
    let peer = world.peer(to);
    world.client(from, |client, _| client.send_file(peer, size));
}

fn received(world: &World, person: Person) -> u64 {
    connection(world, person).files.received
}

/// Ada, whom Ben watches over a line of so many bits a second; and Cem, who has a file and no camera.
fn three(seed: u64, rate: u64) -> (World, [Person; 3]) {
    let mut world = World::new(seed);
    let ada = world.join_over(Profile::BROWSER, Conditions::clean(20), Conditions::clean(20));
    world.run(ms(5_000));
    let ben = world.join_over(Profile::LISTENER, Conditions::clean(20), narrow(rate));
    let cem = world.join_over(Profile::LISTENER, Conditions::clean(20), Conditions::clean(20));
    world.within(ms(4_000), "they do not meet", |world| world.sees(ben, ada) && world.sees(cem, ada));
    world.run(ms(15_000));
    (world, [ada, ben, cem])
}

#[test]
fn a_file_leaves_pictures_and_voices_their_place() {
    play(When::Always, |seed| {
        for rate in [700_000, 1_500_000] {
            let (mut world, [ada, ben, cem]) = three(seed, rate);
            world.start_watching();
            send(&mut world, cem, ben, FILM);
            world.run(ms(30_000));
            let [pictures, voices] = [world.picture_gap(ben, ada), world.sound_gap(ben, ada)];
            let (queue, bytes) = (world.meter(ben, Way::Down).sojourn(0.95), received(&world, ben));
            println!("{rate}: {bytes} bytes; gaps {pictures:?} and {voices:?}; {queue:?} in the queue");
            assert!(bytes > 50_000, "{rate}: {bytes} bytes of the file in 30 s");
            assert!(pictures < ms(2_000), "{rate}: the picture stood still for {pictures:?}");
            assert!(voices < ms(300), "{rate}: nothing was heard for {voices:?}");
            assert!(queue < ms(150), "{rate}: {queue:?} in the queue");
            // Who sends sees and hears on, too.
            assert!(world.picture_gap(cem, ada) < ms(1_000), "{:?}", world.picture_gap(cem, ada));
            world.finish("a file beside a picture");
        }
    });
}

#[test]
fn a_file_arrives_whole_and_quickly_where_the_line_is_wide() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        world.make_room("next door");
        let clean = Conditions::clean(20);
        let [cem, dan] = [0, 1].map(|_| world.join_room("next door", Profile::PAGE, clean, clean));
        // Without media nothing is known of a line, and SCTP finds out.
        let silent = Profile { microphone: None, ..Profile::LISTENER };
        let [ann, bob] =
            [0, 1].map(|_| world.join_over(silent, Conditions::clean(20), Conditions::clean(20)));
        world.run(ms(3_000));
        world.start_watching();
        send(&mut world, ann, bob, 3_000_000);
        world.within(ms(10_000), "it is slow", |world| received(world, bob) >= 3_000_000);
        world.run(ms(1_000));
        assert_eq!(received(&world, bob), 3_000_000, "not a byte more");
        assert!(world.picture_gap(cem, dan) < ms(500), "others waited {:?}", world.picture_gap(cem, dan));
        world.finish("a file between two");
    });
}

#[test]
fn who_loads_the_page_again_in_the_middle_of_a_file_ends_it_for_the_other() {
    play(When::All, |seed| {
        let (mut world, [ada, ben, cem]) = three(seed, 1_500_000);
        send(&mut world, cem, ben, FILM);
        world.run(ms(3_000));
        world.reload(ben);
        world.within(ms(5_000), "he is not back", |world| world.sees(ben, ada));
        world.run(ms(1_000));
        assert_eq!(connection(&world, cem).files.ended, ["lost"]);
        world.finish("a file to somebody who goes");
    });
}
