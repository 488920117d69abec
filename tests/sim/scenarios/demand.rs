//! What nobody looks at is not sent, and is there at once for whoever looks.

use std::time::Duration;

use plenary::media::ids::{Layer, Stream};

use super::{When, play};
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::sender::{Camera, Picture};
use crate::world::{Person, Way, World, ms};

use Layer::{High, Low, Middle};

/// A browser's camera that costs little to simulate.
const CAMERA: Profile =
    Profile { camera: Some(Picture { fps: 15, packets: 2, bytes: 900 }), ..Profile::BROWSER };

/// What nobody takes has stopped within this: five seconds, and the way of a message.
const STOPPED: Duration = ms(6_000);

fn sends(world: &World, person: Person) -> Vec<Layer> {
    sends_of(world, person, Stream::Camera)
}

/// The same of their camera or their screen.
pub(super) fn sends_of(world: &World, person: Person, stream: Stream) -> Vec<Layer> {
    let cameras = world.seats[person].client.connection.iter().flat_map(|connection| &connection.cameras);
    let camera = cameras.map(|(_, camera)| camera).find(|camera| camera.stream() == stream);
    camera.map(Camera::live).unwrap_or_default()
}

fn shown(world: &World, from: Person, to: Person) -> Layer {
    world.seats[from].client.receiver.seen[&(to as u16)].layer
}

/// What `person` sends, in kbit/s, within so long.
fn uplink(world: &mut World, person: Person, time: Duration) -> u64 {
    let address = world.seats[person].public;
    let before = world.traffic(address).bytes_from;
    world.run(time);
    (world.traffic(address).bytes_from - before) * 8 / time.as_millis() as u64
}

/// Ada's camera sends all its sizes, and Ben shows it in a small tile since just now.
fn small_tile(world: &mut World) -> [Person; 2] {
    let ada = world.join(CAMERA, Conditions::clean(20));
    let ben = world.join(Profile::LISTENER, Conditions::clean(30));
    let lost = "not all sizes are sent";
    world.within(ms(9_000), lost, |world| {
        world.sees(ben, ada) && sends(world, ada) == [Low, Middle, High] && shown(world, ben, ada) == High
    });
    world.show(ben, &[(ada, 180)]);
    [ada, ben]
}

#[test]
fn sizes_nobody_watches_stop_at_the_uplink_and_a_tile_that_is_enlarged_is_sharp_at_once() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let [ada, ben] = small_tile(&mut world);
        let all = uplink(&mut world, ada, ms(2_000));
        let lost = "what nobody watches is sent";
        let took = world.within(STOPPED, lost, |world| sends(world, ada) == [Low]);
        let least = uplink(&mut world, ada, ms(3_000));
        println!("stopped after {took:?}: {least} kbit/s of {all}");
        assert!(
            took > ms(2_000),
            "stopped after {took:?}: a tile that is small for a moment costs a key frame"
        );
        assert!(least * 4 < all, "{least} kbit/s of {all} are still sent");
        world.start_watching();
        world.show(ben, &[(ada, 720)]);
        let took = world.within(ms(2_500), "it stays blurry", |world| shown(world, ben, ada) == High);
        let gap = world.picture_gap(ben, ada);
        println!("sharp after {took:?}, gap {gap:?}");
        assert!(gap < ms(250), "the picture stood still for {gap:?} while a larger one was awaited");
        world.within(STOPPED, "the middle is sent to nobody", |world| sends(world, ada) == [Low, High]);
        // Nobody looks.
        world.show(ben, &[]);
        world.within(STOPPED, "a picture for nobody", |world| sends(world, ada).is_empty());
        // What the last picture has on its way.
        world.run(ms(250));
        let none = uplink(&mut world, ada, ms(3_000));
        assert!(none < 100, "{none} kbit/s for nobody: that is more than sound");
        world.show(ben, &[(ada, 180)]);
        let since = world.age().as_micros() as u64;
        let seen = |world: &World| world.seats[ben].client.receiver.seen[&(ada as u16)].made > since;
        let took = world.within(ms(500), "who looks again sees nothing", seen);
        println!("seen again after {took:?}");
        assert_eq!(world.seats[ada].client.errors, []);
        world.finish("unused sizes");
    });
}

#[test]
fn a_flicker_of_what_is_shown_changes_nothing_of_what_is_sent() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let [ada, ben] = small_tile(&mut world);
        world.show(ben, &[(ada, 720)]);
        world.within(STOPPED, "the middle is sent to nobody", |world| sends(world, ada) == [Low, High]);
        let before = world.seats[ada].client.publish_version();
        let (large, small) = ([(ada, 720)], [(ada, 180)]);
        for turn in 0..12 {
            world.show(ben, [&large[..], &small, &[], &small][turn % 4]);
            world.run(ms(1_500));
            assert_eq!(sends(&world, ada), [Low, High], "turn {turn}");
        }
        assert_eq!(
            world.seats[ada].client.publish_version(),
            before,
            "the publisher was asked for something"
        );
        world.finish("flicker");
    });
}

#[test]
fn whoever_sends_on_what_nobody_wants_costs_nobody_anything_and_is_not_blamed() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let [ada, ben] = small_tile(&mut world);
        let cleo = world.join(CAMERA, Conditions::clean(20));
        world.within(ms(3_000), "they do not meet", |world| world.sees(ben, cleo) && world.sees(cleo, ada));
        world.show(cleo, &[(ada, 180)]);
        // What is asked is not done from here on, as by a page of another maker.
        world.client(ada, |client, _| client.obeys = false);
        world.run(ms(8_000));
        assert_eq!(sends(&world, ada), [Low, Middle, High]);
        world.start_watching();
        let before = world.count(|counters| counters.over_rate);
        world.run(ms(5_000));
        world.show(ben, &[(ada, 720), (cleo, 180)]);
        world.within(ms(1_500), "it stays blurry", |world| shown(world, ben, ada) == High);
        world.run(ms(8_000));
        let gap = world.picture_gap(ben, cleo).max(world.picture_gap(cleo, ada));
        assert!(gap < ms(300), "a third person's picture stood still for {gap:?}");
        assert_eq!(world.count(|counters| counters.over_rate), before, "it is not too much");
        assert_eq!(world.seats[ada].client.errors, []);
        world.finish("who does not stop");
    });
}

#[test]
fn who_comes_to_somebody_alone_sees_them_as_soon_as_anybody_and_whoever_comes_back_sends_again() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(CAMERA, Conditions::clean(20));
        world.run(ms(4_000));
        let first = world.join(Profile::LISTENER, Conditions::clean(20));
        let usual = world.within(ms(4_000), "no picture", |world| world.sees(first, ada));
        world.leave(first);
        world.within(ms(12_000), "a picture for nobody", |world| sends(world, ada).is_empty());
        world.run(ms(20_000));
        let second = world.join(Profile::LISTENER, Conditions::clean(20));
        let took = world.within(ms(4_000), "no picture", |world| world.sees(second, ada));
        println!("seen after {took:?}, and after {usual:?} while it was sent");
        assert!(took < usual + ms(150), "who comes first waits for {took:?} instead of {usual:?}");
        // Nobody looks, and meanwhile the page is loaded anew.
        world.show(second, &[]);
        world.within(ms(12_000), "a picture for nobody", |world| sends(world, ada).is_empty());
        world.reload(ada);
        world.run(ms(2_000));
        world.show(second, &[(ada, 180)]);
        world.within(ms(1_000), "no picture after a reload", |world| world.sees(second, ada));
        // The socket is gone while something is wanted.
        world.within(ms(12_000), "sent for nobody", |world| sends(world, ada) == [Low]);
        world.seats[ada].reconnects = false;
        world.cut_socket(ada);
        world.run(ms(500));
        world.show(second, &[(ada, 720)]);
        world.start_watching();
        world.run(ms(8_000));
        assert!(world.picture_gap(second, ada) < ms(250), "what is not there was waited for");
        assert_eq!(shown(&world, second, ada), Low);
        world.seats[ada].reconnects = true;
        world.reconnect(ada);
        // Her uplink carried little for a while, and str0m's estimator looks for more every five seconds.
        world.within(ms(8_000), "it stays blurry", |world| shown(world, second, ada) != Low);
        world.finish("coming to somebody alone");
    });
}

#[test]
fn ten_people_who_look_at_one_of_them_send_half_as_much() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let camera = Profile { microphone: None, ..CAMERA };
        let people: Vec<Person> = (0..10).map(|_| world.join(camera, Conditions::clean(20))).collect();
        let all = |world: &World| people.iter().all(|person| sends(world, *person) == [Low, Middle]);
        world.within(ms(8_000), "not all sizes are sent", all);
        for viewer in &people {
            let others = people.iter().filter(|other| *other != viewer);
            let tiles: Vec<_> =
                others.enumerate().map(|(at, other)| (*other, if at == 0 { 720 } else { 180 })).collect();
            world.show(*viewer, &tiles);
        }
        let sent = |world: &World| -> u64 {
            people.iter().map(|person| world.traffic(world.seats[*person].public).bytes_from).sum()
        };
        let before = sent(&world);
        world.run(ms(4_000));
        let all = (sent(&world) - before) * 8 / 4_000;
        let lost = "what nobody watches is sent";
        // The first two are somebody's large picture.
        world.within(STOPPED, lost, |world| people[2..].iter().all(|person| sends(world, *person) == [Low]));
        world.run(ms(1_000));
        let before = sent(&world);
        world.run(ms(5_000));
        let least = (sent(&world) - before) * 8 / 5_000;
        println!("ten people send {least} kbit/s of {all}");
        assert!(least * 2 < all, "{least} kbit/s of {all}");
        for viewer in &people {
            let others = people.iter().filter(|other| *other != viewer);
            assert!(others.into_iter().all(|other| world.sees(*viewer, *other)), "somebody is not seen");
        }
        world.finish("ten people");
    });
}

#[test]
fn whoever_has_200_kbit_s_keeps_a_picture_because_its_sender_is_asked_for_a_leaner_one() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(Profile::BROWSER, Conditions::clean(20));
        let ben = world.join(Profile::LISTENER, Conditions::clean(20));
        let cleo = world.join(Profile::LISTENER, Conditions::clean(20));
        world.within(ms(9_000), "they do not meet", |world| world.sees(ben, ada) && world.sees(cleo, ada));
        world.run(ms(6_000));
        let asked = |world: &World| world.seats[ada].client.asked_of_smallest();
        let usual = asked(&world);
        assert_eq!(usual, Some(150_000));
        world.start_watching();
        world.set_link(ben, Way::Down, Conditions::narrow(20, 200_000, ms(300)));
        let lost = "the smallest picture is too much for a thin line and stays so";
        let took = world.within(ms(6_000), lost, |world| asked(world) == Some(80_000));
        world.run(ms(4_000));
        let third = world.picture_gap(cleo, ada);
        world.start_watching();
        world.run(ms(20_000));
        let gap = world.picture_gap(ben, ada);
        println!("asked for less after {took:?}, then gaps of {gap:?} at most; a third person's {third:?}");
        assert!(gap < ms(2_000), "the picture stood still for {gap:?} on a line that holds it");
        assert!(third < ms(300), "a third person's picture stood still for {third:?}");
        world.set_link(ben, Way::Down, Conditions::clean(20));
        world.within(ms(40_000), "everybody keeps the leaner picture", |world| asked(world) == usual);
        world.finish("a leaner picture");
    });
}
