//! What a client may do with its slots from one offer to the next.

use super::{When, play};
use crate::client::connection::Profile;
use crate::client::receiver::Complaint;
use crate::client::reshape::Reshape;
use crate::network::Conditions;
use crate::world::{World, ms};

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
