//! Nothing happens, and somebody who wants mischief.

use plenary::media::ids::Kind;

use super::recovery::nobody_was_absent;
use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::{Person, World, ms};

/// A minute in which everybody's camera and microphone are off, with so many video slots each.
fn idle_minute(seed: u64, count: usize, slots: u8) {
    let mut world = World::new(seed);
    let profile = Profile { video: slots, ..Profile::PAGE };
    let people: Vec<Person> = (0..count).map(|_| world.join(profile, Conditions::clean(20))).collect();
    world.within(ms(5_000), "they do not meet", |world| world.meet(&people));
    world.run(ms(5_000));
    let mute = |world: &mut World, muted: bool| {
        for person in &people {
            world.client(*person, |client, _| client.mute(Kind::Video, muted));
            world.client(*person, |client, _| client.mute(Kind::Audio, muted));
        }
    };
    mute(&mut world, true);
    world.run(ms(5_000));
    let (sent, woken) = (world.transmitted, world.count(|c| c.wakeups));
    world.run(ms(60_000));
    let seconds = 60.0 * people.len() as f64;
    let packets = (world.transmitted - sent) as f64 / seconds;
    let wakeups = (world.count(|c| c.wakeups) - woken) as f64 / seconds;
    println!(
        "{count} idle people, {slots} slots: {packets:.2} packets/s out and {wakeups:.2} wake-ups/s each"
    );
    // A report of what is received each second, and an answer to the check of the path that comes each three.
    assert!(packets <= 1.5, "{packets:.2} packets/s to an idle peer");
    assert!(wakeups <= 2.1, "{wakeups:.2} wake-ups/s for an idle peer");
    nobody_was_absent(&world);
    mute(&mut world, false);
    world.meet_anew(ms(2_000), "after a quiet minute they do not meet", &people);
    world.finish("idle");
}

#[test]
fn sixty_idle_seconds_cost_next_to_nothing() {
    play(When::Always, |seed| idle_minute(seed, 4, 5));
}

#[test]
fn sixty_idle_seconds_cost_next_to_nothing_with_more_slots_too() {
    play(When::All, |seed| idle_minute(seed, 8, 9));
    for slots in [16, 25] {
        play(When::Always, |seed| idle_minute(seed, 3, slots));
    }
}

#[test]
fn a_spoofed_datagram_cannot_move_where_media_goes() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::PAGE, Conditions::clean(20));
        let ben = world.join(Profile::PAGE, Conditions::clean(20));
        world.within(ms(2_000), "they do not meet", |world| world.meet(&[ada, ben]));
        world.start_watching();
        let stranger = ([203, 0, 113, 7], 666).into();
        for _ in 0..20 {
            // What was sent before, byte for byte, from elsewhere: without and with a binding request in front that was
            // overheard too.
            let seat = &world.seats[ben];
            let overheard = [seat.last_srtp.clone(), seat.last_srtcp.clone()];
            let stun = seat.last_stun.clone();
            assert!(overheard.iter().chain([&stun]).all(|datagram| !datagram.is_empty()));
            world.run(ms(100));
            for bytes in overheard.iter().chain([&stun]).chain(&overheard) {
                world.inject(stranger, bytes.clone());
            }
            world.inject(stranger, vec![0x80; 100]);
            world.run(ms(9));
        }
        world.run(ms(2_000));
        let gap = world.picture_gap(ben, ada);
        assert!(gap < ms(200), "spoofed datagrams stopped the picture for {gap:?}");
        // Answers to the overheard binding requests, and a challenge, are all the stranger gets.
        let traffic = world.traffic(stranger);
        assert!(traffic.media_to == 0 && traffic.bytes_to < traffic.bytes_from, "{traffic:?}");
        world.finish("spoofed datagrams");
    });
}

#[test]
fn a_second_viewer_right_after_the_first_gets_a_picture_although_the_encoder_ignores_its_request() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::PAGE, Conditions::clean(10));
        world.run(ms(2_000));
        let viewers: Vec<Person> = (0..4)
            .map(|_| {
                world.run(ms(120));
                world.join(Profile::LISTENER, Conditions::clean(10))
            })
            .collect();
        let lost = "a viewer waits for a key frame for ever";
        world.within(ms(2_500), lost, |world| viewers.iter().all(|viewer| world.sees(*viewer, ada)));
        world.finish("several viewers");
    });
}

#[test]
fn no_timer_of_an_estimating_connection_is_served_more_than_a_millisecond_late() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let people: Vec<Person> = (0..3).map(|_| world.join(Profile::PAGE, Conditions::rough(20))).collect();
        world.within(ms(5_000), "they do not meet", |world| world.meet(&people));
        world.run(ms(10_000));
        let (wakeups, late) = (world.count(|c| c.wakeups), world.count(|c| c.late));
        assert!(wakeups > 1_000, "{wakeups} wake-ups");
        assert_eq!(late, 0, "of {wakeups} wake-ups");
        world.finish("timers");
    });
}
