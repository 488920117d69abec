//! Many come at once: what they wait for, and what those notice who were there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::{Person, World, ms};

/// What `share` of these are below.
fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let at = (times.len() as f64 * share) as usize;
    times.get(at.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Somebody who comes begins with the key frame that somebody else asked for a moment ago, instead of asking for one of their own.
#[test]
fn fifty_who_come_in_a_second_see_four_people_at_once_and_nobody_who_was_there_notices() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let speakers: Vec<Person> =
            (0..4).map(|_| world.join(Profile::BROWSER, Conditions::clean(20))).collect();
        let there: Vec<Person> =
            (0..4).map(|_| world.join(Profile::LISTENER, Conditions::clean(25))).collect();
        world.run(ms(12_000));
        world.start_watching();
        let counted = |world: &World| {
            (world.count(|c| c.key_frames_asked), world.count(|c| c.replays), world.count(|c| c.replayed))
        };
        let before = counted(&world);
        let mut came: Vec<Person> = Vec::new();
        let mut connected: BTreeMap<Person, Instant> = BTreeMap::new();
        for step in 0..700 {
            if step % 4 == 0 && step < 200 {
                came.push(world.join(Profile::LISTENER, Conditions::clean(25)));
            }
            world.run(ms(5));
            for person in &came {
                if world.seats[*person].client.connection.as_ref().is_some_and(|c| c.connected) {
                    connected.entry(*person).or_insert(world.now);
                }
            }
        }
        let mut firsts = Vec::new();
        for person in &came {
            for speaker in &speakers {
                let quality = world.seats[*person].client.receiver.quality.get(&(*speaker as u16));
                let first = quality.and_then(|quality| quality.first).expect("a picture");
                firsts.push(first.saturating_duration_since(connected[person]));
            }
        }
        let gap = there.iter().flat_map(|from| speakers.iter().map(|to| world.picture_gap(*from, *to))).max();
        let after = counted(&world);
        let (asked, replays, packets) = (after.0 - before.0, after.1 - before.1, after.2 - before.2);
        let (half, most) = (quantile(&mut firsts, 0.5), quantile(&mut firsts, 0.95));
        println!(
            "first picture {half:?}, {most:?}; gap {gap:?}; {asked} asked, {replays} replays of {packets}"
        );
        assert!(half < ms(150) && most < ms(450), "they wait {half:?}, and one in twenty {most:?}");
        assert!(gap < Some(ms(250)), "those who were there see a picture that stands still for {gap:?}");
        world.finish("fifty come");
    });
}
