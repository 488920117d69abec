//! One room over several workers: nobody can tell, whatever happens to one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use plenary::conference::placement::SPILL_AT;
use plenary::limits::{Limit, Limits};
use plenary::media::AUDIO_TOP;
use plenary::media::ids::{Kind, Layer};

use super::adaptive::shown;
use super::{SPREAD, When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::sender::{Picture, Says};
use crate::world::{Person, Settings, World, ms};

/// So many workers, and the room on all of them.
fn on(workers: usize, seed: u64) -> Settings {
    Settings { workers, spill_at: SPREAD, ..Settings::new(seed) }
}

/// How often it is looked what is on the screens, each half second.
const LOOKS: usize = 40;

fn pairs(people: &[Person]) -> impl Iterator<Item = (Person, Person)> {
    people.iter().flat_map(|from| people.iter().map(move |to| (*from, *to))).filter(|(from, to)| from != to)
}

/// Nobody of `people` saw anybody else of them stand still for so long, or did not hear them for so long.
fn are_together(world: &World, people: &[Person], picture: Duration, sound: Duration) {
    for (from, to) in pairs(people) {
        let gaps = (world.picture_gap(from, to), world.sound_gap(from, to));
        println!("{from} did not see {to} for {:?}, and did not hear them for {:?}", gaps.0, gaps.1);
        assert!(gaps.0 < picture && gaps.1 < sound, "{from} lost {to} for {gaps:?}");
    }
}

/// What everybody was served of everybody else in twenty seconds: pictures, packets of sound, and what was on the screen each
/// half second from ten seconds on.
type Served = BTreeMap<(Person, Person), (u64, u64, Vec<Option<Layer>>)>;

fn served(settings: Settings, line: Conditions) -> Served {
    let mut world = World::with(settings);
    let people: Vec<Person> =
        (0..6).map(|_| world.join_over(Profile::BROWSER, Conditions::clean(25), line)).collect();
    world.within(ms(6_000), "they do not meet", |world| world.meet(&people));
    world.run(ms(15_000).saturating_sub(world.age()));
    world.start_watching();
    let mut served: Served = pairs(&people).map(|pair| (pair, (0, 0, Vec::new()))).collect();
    for _ in 0..LOOKS {
        world.run(ms(500));
        for ((from, to), (.., layers)) in &mut served {
            layers.push(shown(&world, *from, *to));
        }
    }
    for ((from, to), (seen, heard, _)) in &mut served {
        let receiver = &world.seats[*from].client.receiver;
        (*seen, *heard) = (receiver.seen[&(*to as u16)].frames, receiver.heard[&(*to as u16)].packets);
    }
    world.finish("served alike");
    served
}

#[test]
fn a_room_on_one_or_two_or_three_workers_is_served_the_same() {
    play(When::Always, |seed| {
        let clean = Conditions::clean(25);
        let one = served(on(1, seed), clean);
        for workers in [2, 3] {
            let several = served(on(workers, seed), clean);
            let mut same = 0;
            for (pair, (seen, heard, layers)) in &one {
                let (also_seen, also_heard, also_layers) = &several[pair];
                assert!(
                    seen.abs_diff(*also_seen) <= 10,
                    "{pair:?}: {seen} pictures, {also_seen} of {workers}"
                );
                assert!(
                    heard.abs_diff(*also_heard) <= 10,
                    "{pair:?}: {heard} sounds, {also_heard} of {workers}"
                );
                same += layers.iter().zip(also_layers).filter(|(one, other)| one == other).count();
            }
            let looks = one.len() * LOOKS;
            println!("{workers} workers: of {looks} looks {same} are the same");
            assert!(same * 50 >= looks * 49, "{same} of {looks} looks are the same with {workers} workers");
        }
    });
}

/// Where not all fits: what is chosen depends on estimates, which are not the same twice, but are as good.
#[test]
fn on_a_line_that_does_not_hold_everybody_as_much_is_shown_from_several_workers_as_from_one() {
    play(When::All, |seed| {
        let line = Conditions { rate: Some(3_000_000), ..Conditions::clean(25) };
        let sums = |served: Served| {
            let layer = |layer: &Option<Layer>| layer.map_or(0, |layer| 1 + layer as u64);
            let all =
                served.into_values().map(|(seen, _, layers)| (seen, layers.iter().map(layer).sum::<u64>()));
            all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        };
        let (one, three) = (sums(served(on(1, seed), line)), sums(served(on(3, seed), line)));
        let (pictures, sizes) = (three.0 as f64 / one.0 as f64, three.1 as f64 / one.1 as f64);
        println!(
            "three workers show {pictures:.2} of the pictures that one does, and {sizes:.2} of their sizes"
        );
        // More of one is less of the other.
        assert!(
            pictures > 0.85 && sizes > 0.85 && pictures + sizes > 1.9,
            "{one:?}, of three workers {three:?}"
        );
    });
}

#[test]
fn a_worker_that_fails_takes_only_its_own_people_and_the_others_see_them_again_by_themselves() {
    play(When::Always, |seed| {
        let mut world = World::with(on(3, seed));
        let people: Vec<Person> = (0..6).map(|_| world.join(Profile::PAGE, Conditions::clean(20))).collect();
        world.within(ms(6_000), "they do not meet", |world| world.meet(&people));
        assert_eq!(world.people_per_worker(), [2, 2, 2]);
        world.run(ms(2_000));
        world.start_watching();
        // Whoever came second, and fifth.
        world.fail_worker(1);
        let took = world.meet_anew(ms(10_000), "after a worker failed they do not meet again", &people);
        println!("they meet again {took:?} after a worker failed");
        assert_eq!(world.people(), 6);
        let is_here = |person: &Person| world.seats[*person].client.life() == 1;
        let stayed: Vec<Person> = people.iter().copied().filter(is_here).collect();
        assert_eq!(stayed.len(), 4, "who built a new connection were not just the two of that worker");
        are_together(&world, &stayed, ms(150), ms(60));
        // The first worker fails, too, which said who has the floor; and both come back, and more people.
        world.restore_worker(1);
        world.fail_worker(0);
        world.meet_anew(ms(10_000), "after the second failure they do not meet again", &people);
        world.restore_worker(0);
        let newcomers: Vec<Person> =
            (0..2).map(|_| world.join(Profile::PAGE, Conditions::clean(20))).collect();
        let all = [people, newcomers].concat();
        world.meet_anew(ms(6_000), "who comes after both are back meets nobody", &all);
        assert!(
            world.people_per_worker().iter().all(|people| *people >= 2),
            "{:?}",
            world.people_per_worker()
        );
        world.finish("a worker of a spread room fails");
    });
}

/// Its core is lent to somebody else, or the kernel forgets it: what the others tell it is more than is held, and it drops media and
/// nothing else.
#[test]
fn a_worker_that_stands_still_for_some_seconds_holds_up_nobody_who_is_served_by_another_one() {
    play(When::Always, |seed| {
        let mut world = World::with(on(2, seed));
        // One size: which of several is shown when a worker goes on is another matter.
        let page = Profile { simulcast: false, ..Profile::BROWSER };
        let people: Vec<Person> = (0..6).map(|_| world.join(page, Conditions::clean(20))).collect();
        world.within(ms(6_000), "they do not meet", |world| world.meet(&people));
        world.run(ms(4_000));
        let stayed: Vec<Person> =
            people.iter().copied().filter(|person| world.worker_of(*person) == 0).collect();
        assert_eq!(stayed.len(), 3);
        world.start_watching();
        world.stall_worker(1, ms(2_800));
        world.run(ms(2_200));
        // What must not get lost although media does.
        world.client(stayed[0], |client, _| client.mute(Kind::Audio, true));
        world.run(ms(600));
        assert!(world.crossings_dropped() > 0, "nothing was dropped");
        let (picture, sound) =
            (world.picture_gap(stayed[0], stayed[1]), world.sound_gap(stayed[0], stayed[1]));
        assert!(
            picture < ms(150) && sound < ms(60),
            "who was served by the other one lost {picture:?}, {sound:?}"
        );
        world.client(stayed[0], |client, _| client.mute(Kind::Audio, false));
        let others: Vec<Person> = people.iter().copied().filter(|person| *person != stayed[0]).collect();
        let took = world.meet_anew(ms(1_000), "after a worker stood still they do not meet again", &others);
        println!("they meet again {took:?} after it goes on");
        world.meet_anew(ms(1_000), "what must not get lost did", &people);
        assert_eq!(world.people_per_worker(), [3, 3], "nobody was moved");
        world.finish("a worker stands still");
    });
}

/// Two on the first worker, which is busy then, and two on the second.
fn spilled(seed: u64) -> (World, Vec<Person>) {
    let mut world = World::with(Settings { workers: 2, spill_at: SPILL_AT, ..Settings::new(seed) });
    let mut people: Vec<Person> = (0..2).map(|_| world.join(Profile::PAGE, Conditions::clean(20))).collect();
    world.run(ms(1_000));
    world.busy(0, 800);
    people.extend((0..2).map(|_| world.join(Profile::PAGE, Conditions::clean(20))));
    world.within(ms(6_000), "they do not meet", |world| world.meet(&people));
    assert_eq!(world.people_per_worker(), [2, 2]);
    (world, people)
}

#[test]
fn when_there_is_room_again_people_come_back_to_one_worker_and_are_away_for_less_than_a_second() {
    play(When::Always, |seed| {
        let (mut world, people) = spilled(seed);
        world.start_watching();
        for _ in 0..40 {
            world.busy(0, 100);
            world.busy(1, 50);
            world.run(ms(1_000));
        }
        assert_eq!(world.people_per_worker(), [4, 0]);
        world.meet_anew(ms(1_000), "who was moved does not meet the others", &people);
        are_together(&world, &people[..2], ms(150), ms(60));
        are_together(&world, &people, ms(1_500), ms(1_000));
        for person in &people {
            let client = &world.seats[*person].client;
            assert!(client.left.is_empty(), "{} was told that {:?} left", client.name, client.left);
        }
        world.finish("a room comes back to one worker");
    });
}

#[test]
fn whoever_comes_and_goes_at_the_threshold_moves_nobody_else() {
    play(When::Always, |seed| {
        let (mut world, people) = spilled(seed);
        world.start_watching();
        for turn in 0..20 {
            world.busy(0, if turn % 2 == 0 { 720 } else { 680 });
            let guest = world.join(Profile::LISTENER, Conditions::clean(20));
            world.run(ms(700));
            world.leave(guest);
            world.run(ms(300));
        }
        let lives: Vec<u16> = people.iter().map(|person| world.seats[*person].client.life()).collect();
        assert_eq!(lives, [1; 4], "somebody was moved");
        are_together(&world, &people, ms(200), ms(60));
        world.finish("at the threshold");
    });
}

#[test]
fn a_publisher_whose_every_viewer_is_elsewhere_crosses_once_and_is_asked_for_few_key_frames() {
    play(When::Always, |seed| {
        let mut world = World::with(Settings { workers: 2, spill_at: SPILL_AT, ..Settings::new(seed) });
        let ada = world.join(Profile::BROWSER, Conditions::clean(20));
        world.run(ms(3_000));
        world.busy(0, 900);
        let mut viewers = Vec::new();
        for _ in 0..50 {
            viewers.push(world.join(Profile::LISTENER, Conditions::clean(25)));
            world.run(ms(20));
        }
        let asked = world.count(|c| c.key_frames_asked);
        let all = |world: &World| {
            viewers.iter().all(|viewer| world.sees(*viewer, ada) && world.hears(*viewer, ada))
        };
        world.within(ms(3_000), "somebody on the other worker does not see her", all);
        assert_eq!(world.people_per_worker(), [1, 50]);
        world.run(ms(6_000));
        let asked = world.count(|c| c.key_frames_asked) - asked;
        assert!(asked <= 6, "{asked} key frames for fifty who came in a second");
        let counted = |world: &World| (world.count(|c| c.crossed), world.count(|c| c.forwarded));
        let before = counted(&world);
        world.start_watching();
        world.run(ms(10_000));
        let after = counted(&world);
        let (crossed, forwarded) = (after.0 - before.0, after.1 - before.1);
        println!("{crossed} packets crossed and {forwarded} were passed on; {asked} key frames asked");
        assert!(crossed * 45 <= forwarded && forwarded <= crossed * 50, "{crossed} and {forwarded}");
        for viewer in &viewers {
            assert!(world.picture_gap(*viewer, ada) < ms(200));
        }
        // When all look away nothing of the picture crosses any more.
        for viewer in &viewers {
            world.show(*viewer, &[]);
        }
        world.run(ms(8_000));
        let before = counted(&world).0;
        world.run(ms(2_000));
        let crossed = counted(&world).0 - before;
        assert!(crossed <= 105, "{crossed} packets crossed of which a hundred are sound");
        world.finish("all viewers elsewhere");
    });
}

#[test]
fn of_nine_who_talk_people_on_all_workers_hear_mostly_the_same_four_also_those_who_came_later() {
    play(When::Always, |seed| {
        let settings = Settings { workers: 2, spill_at: SPILL_AT, ..Settings::new(seed) };
        let mut world = World::with(Settings { audio_top: AUDIO_TOP.into(), ..settings });
        let voice = |says| Profile { microphone: Some(says), camera: None, grows: false, ..Profile::PAGE };
        let first = world.join(voice(Says::Nothing), Conditions::clean(20));
        let mut talkers: Vec<Person> =
            (0..7).map(|n| world.join(voice(Says::Words(28 + n % 5)), Conditions::clean(20))).collect();
        world.run(ms(10_000));
        world.busy(0, 900);
        let later = world.join(voice(Says::Nothing), Conditions::clean(20));
        talkers.extend((0..2).map(|n| world.join(voice(Says::Words(28 + n)), Conditions::clean(20))));
        world.run(ms(5_000));
        assert_eq!(world.people_per_worker(), [8, 3]);
        let (mut same, mut looks) = (0, 0);
        for _ in 0..120 {
            world.start_watching();
            world.run(ms(500));
            let [one, other] = [first, later].map(|from| {
                let heard = &world.seats[from].client.receiver.heard;
                let clear = |to: &&Person| heard.get(&(**to as u16)).is_some_and(|watch| watch.packets >= 20);
                talkers.iter().filter(clear).copied().collect::<BTreeSet<_>>()
            });
            assert!(one.len() <= 4 && other.len() <= 4, "{one:?} and {other:?}");
            looks += one.len();
            same += one.intersection(&other).count();
        }
        println!("of {looks} voices that one hears the other hears {same}");
        assert!(same * 10 >= looks * 8, "of {looks} voices only {same} are heard on both workers");
        world.finish("nine who talk on two workers");
    });
}

#[test]
fn three_hundred_who_come_at_once_are_spread_before_anything_is_measured_and_all_are_served() {
    play(When::Once, |seed| {
        let limits = Limits::default().with(Limit::PeersPerRoom, 300);
        let settings = Settings {
            workers: 3,
            spill_at: SPILL_AT,
            limits,
            audio_top: AUDIO_TOP.into(),
            ..Settings::new(seed)
        };
        let mut world = World::with(settings);
        let tiny = Picture { fps: 15, packets: 2, bytes: 400 };
        let ada =
            world.join(Profile { camera: Some(tiny), grows: false, ..Profile::PAGE }, Conditions::clean(20));
        world.run(ms(2_000));
        let listener = Profile { grows: false, ..Profile::LISTENER };
        let listeners: Vec<Person> =
            (0..299).map(|n| world.join(listener, Conditions::clean(15 + n % 40))).collect();
        let all =
            |world: &World| listeners.iter().all(|from| world.sees(*from, ada) && world.hears(*from, ada));
        let took = world.within(ms(15_000), "somebody of three hundred is not served", all);
        println!("all are served after {took:?}, on {:?}", world.people_per_worker());
        assert!(world.people_per_worker().iter().filter(|people| **people > 30).count() >= 2);
        world.finish("three hundred at once");
    });
}
