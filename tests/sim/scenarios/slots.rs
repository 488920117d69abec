//! What a client may do with its slots from one offer to the next.

use super::{When, play};
use crate::client::connection::Profile;
use crate::client::reshape::Reshape;
use crate::link::Conditions;
use crate::receiver::Complaint;
use crate::world::{Person, World, ms};

/// `World::finish` judges the nonces of every datagram, retransmissions and reports among them.
#[test]
fn no_nonce_seals_two_packets_whatever_a_client_does_with_its_slots() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let talks = Profile { grows: false, ..Profile::PAGE };
        let ada = world.join(talks, Conditions::clean(20));
        let ben = world.join(talks, Conditions::clean(25));
        let watches = Profile { grows: false, ..Profile::LISTENER };
        // What is lost is sent again, as a source of its own.
        let cleo = world.join_over(watches, Conditions::clean(20), Conditions::losing(20, 0.05));
        let all = |world: &World| world.sees(cleo, ada) && world.sees(cleo, ben) && world.hears(cleo, ben);
        world.within(ms(3_000), "they do not meet", all);
        let (none, few, every) = (
            Reshape::Use { audio: 0, video: 0 },
            Reshape::Use { audio: 8, video: 1 },
            Reshape::Use { audio: 8, video: 5 },
        );
        let (off, on) = (Reshape::Receive(false), Reshape::Receive(true));
        for change in [
            few,
            every,
            none,
            every,
            Reshape::Rotate,
            Reshape::Rotate,
            off,
            on,
            Reshape::Stop,
            Reshape::Recycle,
        ] {
            world.client(cleo, |client, _| client.reshape(change));
            world.run(ms(1_500));
            // Lines were other slots for the client before the server knew.
            world.client(cleo, |client, _| {
                client.forget_unnamed();
                client
                    .receiver
                    .complaints
                    .retain(|complaint| !matches!(complaint, Complaint::WrongPerson(_)));
            });
        }
        world.within(ms(2_000), "they do not see each other again", all);
        world.run(ms(2_000));
        assert_eq!(world.seats[cleo].client.life(), 1, "the connection was built anew");
        assert_eq!(world.seats[cleo].client.errors, []);
        assert!(world.count(|counters| counters.resent) > 10, "nothing was sent again");
        world.finish("slots come and go");
    });
}

#[test]
fn whoever_looks_at_nothing_is_sent_no_picture_and_hears_everybody() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let people: Vec<Person> = (0..3).map(|_| world.join(Profile::PAGE, Conditions::clean(20))).collect();
        let [ada, ben, cleo] = people[..] else { panic!("three people") };
        world.within(ms(3_000), "they do not meet", |world| world.meet(&people));
        for _ in 0..2 {
            world.client(cleo, |client, _| client.look_at(&[]));
            world.run(ms(500));
            world.start_watching();
            let before = world.seats[cleo].client.receiver.video_packets;
            let filled = filling(&world, cleo);
            world.run(ms(5_000));
            let packets = world.seats[cleo].client.receiver.video_packets - before;
            assert_eq!(packets, 0, "{packets} packets of pictures nobody looks at");
            let filled = filling(&world, cleo) - filled;
            println!("{filled} bytes of probes to a page in the background");
            assert!(filled < 10_000, "{filled} bytes of probes for pictures nobody looks at");
            for other in [ada, ben] {
                assert!(world.sound_gap(cleo, other) < ms(150), "the sound stopped with the picture");
                assert!(world.sees(other, cleo), "whoever looks away is not seen");
            }
            assert!(world.picture_gap(ben, ada) < ms(200), "a third person's picture stood still");
            let all = [world.peer(ada), world.peer(ben)];
            world.client(cleo, |client, _| client.look_at(&all));
            let lost = "no picture for whoever looks again";
            world.within(ms(1_000), lost, |world| world.sees(cleo, ada) && world.sees(cleo, ben));
        }
        world.finish("a page in the background");
    });
}

/// Bytes of what only fills: probes, and packets sent again although nothing was lost.
fn filling(world: &World, person: Person) -> u64 {
    let seat = &world.seats[person];
    let main = &seat.client.connection.as_ref().expect("a connection").main;
    seat.sources.iter().filter(|(source, _)| !main.contains(source)).map(|(_, bytes)| bytes).sum()
}

#[test]
fn what_probes_the_downlink_is_little_beside_the_pictures() {
    play(When::Always, |seed| {
        for slots in [5, 9] {
            let mut world = World::new(seed);
            let talks = Profile { grows: false, video: 1, ..Profile::PAGE };
            let talkers: Vec<Person> = (0..slots).map(|_| world.join(talks, Conditions::clean(20))).collect();
            let viewer = Profile { grows: false, video: slots, ..Profile::LISTENER };
            let viewer = world.join(viewer, Conditions::clean(20));
            let lost = "the viewer does not see everybody";
            world.within(ms(4_000), lost, |world| talkers.iter().all(|other| world.sees(viewer, *other)));
            let all = |world: &World| world.seats[viewer].sources.values().sum::<u64>();
            let (filled, received) = (filling(&world, viewer), all(&world));
            world.run(ms(30_000));
            let (filled, received) = (filling(&world, viewer) - filled, all(&world) - received);
            let kbits = |bytes: u64| bytes * 8 / 30 / 1_000;
            println!("{slots} pictures: {} kbit/s, of which {} only fill", kbits(received), kbits(filled));
            assert!(filled * 10 < received, "{filled} bytes of {received} were no picture and no sound");
            world.finish("probes");
        }
    });
}
