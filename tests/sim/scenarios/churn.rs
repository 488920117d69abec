//! People come and go.

use plenary::media::ids::Kind;

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::rng::Rng;
use crate::world::{Person, Settings, World, ms};

/// A minute in which somebody comes, goes, reloads, mutes or loses a socket every second, on links that lose, delay and
/// reorder. With `told` the sockets of dead browsers close at once.
fn minute_of_churn(seed: u64, events: u32, told: bool) {
    // Who is shown what on rough links is not what this is about.
    let mut world = World::with(Settings::middle_first(seed));
    let mut dice = Rng::new(seed ^ 0x0c0f_fee0);
    let mut inside: Vec<Person> = Vec::new();
    let mut muted: Vec<Person> = Vec::new();
    for _ in 0..events {
        let who = inside.get(dice.below(inside.len() as u64) as usize).copied();
        match (dice.below(10), who) {
            (0..=1, Some(who)) if inside.len() > 2 => {
                world.leave(who);
                inside.retain(|person| *person != who);
            }
            (2, Some(who)) if inside.len() > 3 => {
                world.kill(who, told || dice.chance(0.5));
                inside.retain(|person| *person != who);
            }
            (3, Some(who)) => world.reload(who),
            (4, Some(who)) => world.cut_socket(who),
            (5, Some(who)) => world.rebind(who),
            (6, Some(who)) => {
                let on = muted.contains(&who);
                world.client(who, |client, _| client.mute(Kind::Video, !on));
                if on { muted.retain(|person| *person != who) } else { muted.push(who) }
            }
            _ if inside.len() < 6 => {
                let delay = 5 + dice.below(60);
                inside.push(world.join(Profile::PAGE, Conditions::rough(delay)));
            }
            _ => {}
        }
        world.run(ms(500 + dice.below(1_000)));
    }
    for who in &muted {
        if inside.contains(who) {
            world.client(*who, |client, _| client.mute(Kind::Video, false));
        }
    }
    let lost = "after a minute of coming and going those who are left do not meet";
    world.meet_anew(ms(8_000), lost, &inside);
    world.run(ms(if told { 31_000 } else { 51_000 }));
    assert_eq!(world.people(), inside.len(), "somebody who is gone is still in the core");
    world.finish("churn");
}

#[test]
fn a_few_comings_and_goings_leave_the_others_in_peace() {
    play(When::Always, |seed| minute_of_churn(seed, 15, true));
}

#[test]
fn a_minute_of_coming_and_going_leaves_the_others_in_peace() {
    play(When::All, |seed| minute_of_churn(seed, 60, false));
}
