//! The simulator itself: what it must be for the other scenarios to mean anything.

use std::time::{Duration, Instant};

use plenary::media::ids::Kind;

use super::{When, play};
use crate::client::connection::Profile;
use crate::network::{Conditions, Direction};
use crate::rng::Rng;
use crate::world::{World, ms};

fn everything() -> Conditions {
    Conditions { rate: Some(400_000), queue: 8_000, ..Conditions { loss: 0.05, ..Conditions::rough(20) } }
}

/// When each of a thousand datagrams arrives, over a link made with `seed`.
fn arrivals(seed: u64) -> Vec<[Option<Duration>; 2]> {
    let origin = Instant::now();
    let mut link = Direction::new(everything(), origin, Rng::new(seed));
    let sent = (0..1_000_u64).map(|n| origin + Duration::from_millis(n * 7));
    let since = |at: Option<Instant>| at.map(|at| at - origin);
    sent.map(|at| link.carry(at, 600).map(since)).collect()
}

#[test]
fn one_seed_is_one_network_and_another_seed_another() {
    assert_eq!(arrivals(1), arrivals(1));
    assert_ne!(arrivals(1), arrivals(2));
}

#[test]
fn every_fault_of_a_link_happens_and_is_counted() {
    let origin = Instant::now();
    let mut link = Direction::new(everything(), origin, Rng::new(7));
    for n in 0..5_000_u64 {
        link.carry(origin + Duration::from_millis(n * 7), 600);
    }
    for fault in ["jitter", "rate", "loss", "reorder", "duplicate"] {
        assert!(link.named().contains(&fault));
        assert!(link.happened(fault) > 0, "{fault}");
    }
    assert!(link.hits.overflowed > 0 && link.hits.queued > 0, "{:?}", link.hits);
    let lost = link.hits.lost as f64 / 5_000.0;
    assert!((0.03..0.07).contains(&lost), "5 % of loss, and {lost} were lost");
}

#[test]
fn a_scenario_that_names_a_fault_which_never_happens_fails() {
    let failed = std::panic::catch_unwind(|| {
        let mut world = World::new(1);
        let ada = world.join(Profile::PAGE, Conditions { reorder: 1e-12, ..Conditions::clean(20) });
        let ben = world.join(Profile::PAGE, Conditions::clean(20));
        world.within(ms(2_000), "they do not meet", |world| world.meet(&[ada, ben]));
        world.finish("a fault that never happens");
    });
    let message = failed.expect_err("it must fail");
    let message = message.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.contains("reorder"), "{message}");
}

#[test]
fn a_room_in_which_nothing_is_forwarded_fails() {
    let failed = std::panic::catch_unwind(|| {
        let mut world = World::new(1);
        let ada = world.join(Profile::PAGE, Conditions::clean(20));
        world.client(ada, |client, _| client.mute(Kind::Video, true));
        world.run(ms(2_000));
        world.finish("nobody to forward to");
    });
    assert!(failed.is_err(), "a guard that judged nothing proves nothing");
}

#[test]
fn the_clients_know_what_they_complain_about() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::PAGE, Conditions::clean(20));
        let ben = world.join(Profile::PAGE, Conditions::clean(20));
        world.within(ms(2_000), "they do not meet", |world| world.meet(&[ada, ben]));
        // Somebody whose peer id the world takes for another's is a wrong person in every slot.
        let (mine, other) = (world.peer(ada), world.peer(ben));
        world.rename(ada, other);
        world.run(ms(2_000));
        world.rename(ada, mine);
        let complaints = std::mem::take(&mut world.seats[ben].client.receiver.complaints);
        assert!(!complaints.is_empty(), "the wrong person went unnoticed");
        world.seats[ben].client.forget_unnamed();
        world.run(ms(1_000));
        world.finish("complaints");
    });
}
