//! Somebody shows their screen.

use plenary::media::ids::{Kind, Layer, Stream};

use super::demand::sends_of;
use super::{When, play};
use crate::client::Client;
use crate::client::connection::Profile;
use crate::link::Conditions;
use crate::world::{Person, Way, World, ms};

use Layer::{High, Middle};

/// `from` sees and hears what `to` shows of their screen, made after `since` (microseconds of the world).
fn watches(world: &World, from: Person, to: Person, since: u64) -> bool {
    let receiver = &world.seats[from].client.receiver;
    let fresh = [&receiver.screens, &receiver.screen_sounds];
    fresh.iter().all(|watches| watches.get(&(to as u16)).is_some_and(|watch| watch.made > since))
}

fn is_shown(world: &World, from: Person, to: Person) -> bool {
    let shows =
        |shown: plenary::media::ids::StreamId| shown.peer == world.peer(to) && shown.stream == Stream::Screen;
    world.seats[from].client.receiver.table.video.iter().any(|slot| slot.shows.is_some_and(shows))
}

fn three(seed: u64) -> (World, [Person; 3]) {
    let mut world = World::new(seed);
    let people = [20, 30, 40].map(|delay| world.join(Profile::PAGE, Conditions::clean(delay)));
    world.within(ms(3_000), "they do not meet", |world| world.meet(&people));
    world.run(ms(1_000));
    (world, people)
}

/// Waits until everybody of `others` sees what `ada` shows from now on.
fn see_the_screen(world: &mut World, ada: Person, others: &[Person], lost: &str) {
    let since = world.age().as_micros() as u64;
    let seen = |world: &World| others.iter().all(|other| watches(world, *other, ada, since));
    let took = world.within_watching_tiles(ms(2_500), lost, seen);
    println!("the screen is seen after {took:?}");
}

#[test]
fn a_screen_is_shown_stopped_and_shown_again_and_the_cameras_go_on() {
    play(When::Always, |seed| {
        let (mut world, [ada, ben, cleo]) = three(seed);
        world.start_watching();
        world.client(ada, Client::share);
        see_the_screen(&mut world, ada, &[ben, cleo], "a shared screen is not seen");
        world.run_watching_tiles(ms(5_000));
        let offers = world.seats[ada].client.offers();
        for pause in [300, 5_000] {
            world.client(ada, |client, _| client.stop_sharing());
            let lost = "the tile of a screen that is not shared any more stays";
            world.within_watching_tiles(ms(500), lost, |world| {
                !is_shown(world, ben, ada) && !is_shown(world, cleo, ada)
            });
            world.run_watching_tiles(ms(pause));
            world.client(ada, Client::share);
            see_the_screen(&mut world, ada, &[ben, cleo], "a screen shared again is not seen");
        }
        assert_eq!(world.seats[ada].client.offers(), offers, "sharing again needs no negotiation");
        world.run_watching_tiles(ms(2_000));
        for (from, to) in [(ben, ada), (cleo, ada), (ada, ben), (ben, cleo)] {
            let gap = world.picture_gap(from, to);
            assert!(gap < ms(350), "sharing stopped a camera for {gap:?}");
        }
        world.finish("a screen");
    });
}

#[test]
fn a_shared_screen_survives_a_lost_socket_a_new_connection_and_a_viewers_reload() {
    play(When::Always, |seed| {
        let (mut world, [ada, ben, cleo]) = three(seed);
        world.client(ada, Client::share);
        see_the_screen(&mut world, ada, &[ben, cleo], "a shared screen is not seen");
        world.cut_socket(ada);
        world.run_watching_tiles(ms(2_000));
        assert!(is_shown(&world, ben, ada), "a lost socket ends a share");
        see_the_screen(&mut world, ada, &[ben, cleo], "a lost socket stops a screen");
        world.client(ada, Client::rebuild);
        see_the_screen(&mut world, ada, &[ben, cleo], "a new connection loses a screen");
        world.reload(ben);
        see_the_screen(&mut world, ada, &[ben, cleo], "after a reload a screen is not seen");
        // Stopped while the socket is away: the others hear of it when it is back.
        world.seats[ada].reconnects = false;
        world.cut_socket(ada);
        world.run_watching_tiles(ms(300));
        world.client(ada, |client, _| client.stop_sharing());
        world.run_watching_tiles(ms(700));
        world.seats[ada].reconnects = true;
        world.reconnect(ada);
        world.within(ms(2_000), "a screen that is not shared any more stays", |world| {
            !is_shown(world, ben, ada) && !is_shown(world, cleo, ada)
        });
        // A new connection does not share what was stopped, and can share again.
        world.client(ada, Client::rebuild);
        world.meet_anew(ms(2_500), "after a new connection they do not meet", &[ada, ben, cleo]);
        assert!(!is_shown(&world, ben, ada));
        world.client(ada, Client::share);
        see_the_screen(&mut world, ada, &[ben, cleo], "a screen shared again is not seen");
        world.finish("a screen and what breaks");
    });
}

#[test]
fn a_screen_begun_during_another_negotiation_is_seen_and_two_screens_go_side_by_side() {
    play(When::Always, |seed| {
        let (mut world, [ada, ben, cleo]) = three(seed);
        let address = world.seats[ada].client.address;
        world.client(ada, |client, now| {
            client.restart_ice(address);
            client.share(now);
        });
        world.client(ben, Client::share);
        see_the_screen(&mut world, ada, &[ben, cleo], "a screen begun during an ICE restart is not seen");
        see_the_screen(&mut world, ben, &[ada, cleo], "the second screen is not seen");
        world.client(cleo, |client, _| client.mute(Kind::Video, true));
        world.run_watching_tiles(ms(3_000));
        assert!(is_shown(&world, cleo, ada) && is_shown(&world, cleo, ben));
        world.finish("two screens");
    });
}

/// The size of Ada's screen that is on the screen of `from`, if something of it came within a second.
fn size(world: &World, from: Person, ada: Person) -> Option<Layer> {
    let watch = world.seats[from].client.receiver.screens.get(&(ada as u16))?;
    (world.now < watch.last + ms(1_000)).then_some(watch.layer)
}

/// The sizes of her screen that `ada` sends.
fn sends(world: &World, ada: Person) -> Vec<Layer> {
    sends_of(world, ada, Stream::Screen)
}

#[test]
fn a_line_that_does_not_hold_a_screen_shows_half_its_lines_and_a_size_that_nobody_takes_stops() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let shares = Profile { camera: None, simulcast: true, ..Profile::PAGE };
        let ada = world.join(shares, Conditions::clean(20));
        let [ben, cleo] = [20, 30].map(|delay| world.join(Profile::LISTENER, Conditions::clean(delay)));
        world.run(ms(2_000));
        world.client(ada, Client::share);
        world.within(ms(8_000), "the screen stays small", |world| {
            [ben, cleo].iter().all(|viewer| size(world, *viewer, ada) == Some(High))
        });
        world.within(ms(8_000), "half of it is sent for nobody", |world| sends(world, ada) == [High]);
        // A full screen is 260 kbit/s here, and half of it 90.
        world.start_watching();
        world.set_link(ben, Way::Down, Conditions::narrow(20, 330_000, ms(300)));
        world.within(ms(10_000), "a screen that does not fit", |world| size(world, ben, ada) == Some(Middle));
        assert_eq!(size(&world, cleo, ada), Some(High), "whose line is good sees all of it");
        let gap = world.seats[ben].client.receiver.screens[&(ada as u16)].longest_gap;
        // 1.2 to 2.3 s: what the queue held was lost, and with it a key frame of all lines.
        assert!(gap < ms(4_000), "the screen stood still for {gap:?}");
        world.set_link(ben, Way::Down, Conditions::clean(20));
        world.within(ms(15_000), "it stays small", |world| size(world, ben, ada) == Some(High));
        // Nobody is there to see it, and then somebody is.
        world.leave(ben);
        world.leave(cleo);
        world.within(ms(12_000), "a screen for nobody", |world| sends(world, ada).is_empty());
        let cleo = world.join(Profile::LISTENER, Conditions::clean(20));
        let took = world.within(ms(4_000), "no screen", |world| size(world, cleo, ada).is_some());
        println!("gap {gap:?}, seen after {took:?} by who comes later");
        world.finish("a screen in two sizes");
    });
}
