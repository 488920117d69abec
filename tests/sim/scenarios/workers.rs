//! Several workers serve the same people as one does, and one that fails takes nobody along for long.

use std::collections::BTreeMap;
use std::time::Duration;

use plenary::conference::placement::SPILL_AT;

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::rng::Rng;
use crate::world::{Person, Settings, World, ms};

const ROOMS: [&str; 3] = ["den", "loft", "yard"];

/// Rooms stay on the worker that they began on: what becomes of others is in `spread.rs`.
fn whole_rooms(seed: u64) -> Settings {
    Settings { spill_at: SPILL_AT, ..Settings::new(seed) }
}

/// Three rooms of so many people each.
fn house(settings: Settings, conditions: Conditions, people: usize) -> (World, [Vec<Person>; 3]) {
    let mut world = World::with(settings);
    for name in ["Loft", "Yard"] {
        world.make_room(name);
    }
    let mut rooms = [(); 3].map(|()| Vec::new());
    for _ in 0..people {
        for (room, name) in rooms.iter_mut().zip(ROOMS) {
            room.push(world.join_room(name, Profile::PAGE, conditions, conditions));
            world.run(ms(50));
        }
    }
    world.within(ms(6_000), "they do not meet", |world| rooms.iter().all(|room| world.meet(room)));
    (world, rooms)
}

/// When it is counted: the events take 15 s at most.
const COUNTED: Duration = ms(20_000);

/// By who and whom: how many frames were seen, and how many packets of sound heard.
pub(super) type Served = BTreeMap<(Person, u16), (u64, u64)>;

/// Who was served what after an eventful while, of so many `kinds` of events: reloads, lost sockets, company, other addresses.
pub(super) fn served(settings: Settings, conditions: Conditions, kinds: u64) -> Served {
    let (how, mut dice) = (format!("{settings:?}"), Rng::new(settings.seed ^ 0x0a17));
    let (mut world, mut rooms) = house(settings, conditions, 3);
    for _ in 0..6 {
        let room = dice.below(3) as usize;
        let person = rooms[room][dice.below(3) as usize];
        match dice.below(kinds) {
            0 => world.reload(person),
            1 => world.cut_socket(person),
            2 => {
                let (name, clean) = (ROOMS[room], Conditions::clean(30));
                rooms[room].push(world.join_room(name, Profile::PAGE, clean, clean));
            }
            _ => world.rebind(person),
        }
        world.run(ms(1_500 + dice.below(1_000)));
    }
    let people = world.people();
    assert_eq!(people, rooms.iter().map(Vec::len).sum::<usize>());
    // How long meeting takes is not the same twice, and who has more time sees more.
    world.run(COUNTED.saturating_sub(world.age()));
    let mut served = BTreeMap::new();
    for (from, seat) in world.seats.iter().enumerate() {
        let receiver = &seat.client.receiver;
        for (to, seen) in &receiver.seen {
            let heard = receiver.heard.get(to).map_or(0, |watch| watch.frames);
            served.insert((from, *to), (seen.frames, heard));
        }
    }
    for room in &rooms {
        world.meet_anew(ms(8_000), "somebody is not served", room);
    }
    world.finish(&how);
    served
}

#[test]
fn three_workers_serve_the_same_people_as_one() {
    play(When::Always, |seed| {
        let with = |workers| Settings { workers, ..whole_rooms(seed) };
        let clean = Conditions::clean(25);
        let (one, three) = (served(with(1), clean, 4), served(with(3), clean, 4));
        assert!(one.len() >= 18, "{} pairs", one.len());
        assert_eq!(one.keys().collect::<Vec<_>>(), three.keys().collect::<Vec<_>>(), "others are served");
        for (pair, (seen, heard)) in &one {
            let (also_seen, also_heard) = three[pair];
            // When a handshake ends and where a key frame falls after a reload is not the same twice.
            let close = |a: u64, b: u64| a.abs_diff(b) as f64 <= 0.03 * a.max(b) as f64 + 15.0;
            println!("{pair:?}: {seen} and {also_seen} frames, {heard} and {also_heard} sounds");
            assert!(close(*seen, also_seen), "{pair:?}: {seen} frames of one worker, {also_seen} of three");
            assert!(
                close(*heard, also_heard),
                "{pair:?}: {heard} sounds of one worker, {also_heard} of three"
            );
        }
    });
}

#[test]
fn rooms_are_spread_over_the_workers_and_each_lives_on_one() {
    play(When::Always, |seed| {
        let (mut world, rooms) =
            house(Settings { workers: 3, ..whole_rooms(seed) }, Conditions::clean(20), 3);
        assert_eq!(world.people_per_worker(), [3, 3, 3]);
        for person in &rooms[1] {
            world.leave(*person);
        }
        world.run(ms(1_000));
        // A room that is opened now goes where there is most space.
        world.make_room("Attic");
        let clean = Conditions::clean(20);
        let people: Vec<Person> =
            (0..2).map(|_| world.join_room("attic", Profile::PAGE, clean, clean)).collect();
        world.within(ms(3_000), "they do not meet", |world| world.meet(&people));
        assert_eq!(world.people_per_worker(), [3, 2, 3]);
        world.finish("rooms on workers");
    });
}

#[test]
fn when_a_worker_fails_its_rooms_go_on_elsewhere_within_ten_seconds_and_others_notice_nothing() {
    play(When::Always, |seed| {
        let (mut world, rooms) =
            house(Settings { workers: 3, ..whole_rooms(seed) }, Conditions::clean(20), 3);
        let peers: Vec<_> = rooms[1].iter().map(|person| world.peer(*person)).collect();
        world.run(ms(2_000));
        world.start_watching();
        world.fail_worker(1);
        let lost = "after a worker failed its room does not meet again";
        let took = world.meet_anew(ms(10_000), lost, &rooms[1]);
        println!("they meet again {took:?} after their worker failed");
        assert_eq!(world.people_per_worker()[1], 0);
        assert_eq!(world.people(), 9);
        let after: Vec<_> = rooms[1].iter().map(|person| world.peer(*person)).collect();
        assert_eq!(peers, after, "they are other people now");
        for person in &rooms[1] {
            let client = &world.seats[*person].client;
            assert!(client.left.is_empty(), "{} was told that {:?} left", client.name, client.left);
            assert_eq!((client.life(), client.welcomes), (2, 1));
        }
        world.restore_worker(1);
        world.make_room("Attic");
        let clean = Conditions::clean(20);
        let newcomers: Vec<Person> =
            (0..2).map(|_| world.join_room("attic", Profile::PAGE, clean, clean)).collect();
        world.within(ms(3_000), "a worker that is back serves nobody", |world| world.meet(&newcomers));
        assert_eq!(world.people_per_worker()[1], 2, "a worker that is back has no rooms");
        // It fails again, and with it everybody who had gone elsewhere stays there.
        world.fail_worker(1);
        world.meet_anew(ms(10_000), "after the second failure they do not meet again", &newcomers);
        world.run(ms(2_000));
        for room in [&rooms[0], &rooms[2]] {
            for from in room {
                for to in room.iter().filter(|to| *to != from) {
                    let (picture, sound) = (world.picture_gap(*from, *to), world.sound_gap(*from, *to));
                    assert!(picture < ms(150), "{from} saw {to} stand still for {picture:?}");
                    assert!(sound < ms(60), "{from} did not hear {to} for {sound:?}");
                }
            }
        }
        world.finish("a worker fails");
    });
}

#[test]
fn when_the_only_worker_fails_people_wait_for_it_and_meet_when_it_is_back() {
    play(When::Always, |seed| {
        let (mut world, rooms) =
            house(Settings { workers: 1, ..whole_rooms(seed) }, Conditions::clean(20), 2);
        world.fail_worker(0);
        world.run(ms(4_000));
        // Somebody comes meanwhile, and somebody goes.
        let clean = Conditions::clean(20);
        let newcomer = world.join_room("den", Profile::PAGE, clean, clean);
        world.leave(rooms[2][0]);
        world.run(ms(1_000));
        world.restore_worker(0);
        let den = [rooms[0].clone(), vec![newcomer]].concat();
        world.meet_anew(ms(10_000), "they do not meet on the new worker", &den);
        world.meet_anew(ms(10_000), "they do not meet on the new worker", &rooms[1]);
        assert_eq!(world.people(), 6);
        world.finish("the only worker fails");
    });
}
