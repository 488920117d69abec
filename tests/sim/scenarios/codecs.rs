//! People whose browsers know different codecs.

use plenary::media::codec::Codec;

use super::{When, play};
use crate::client::connection::{EVERY_CODEC, Profile};
use crate::link::Conditions;
use crate::world::{CODEC_CHANGE, Person, Settings, World, ms};

/// A world that prefers these codecs.
fn preferring(seed: u64, codecs: &[Codec]) -> World {
    World::with(Settings { codecs: codecs.to_vec(), ..Settings::new(seed) })
}

fn knowing(codecs: &'static [Codec]) -> Profile {
    Profile { codecs, ..Profile::PAGE }
}

fn shown(world: &World, from: Person, to: Person) -> Codec {
    world.seats[from].client.receiver.seen[&(to as u16)].codec
}

#[test]
fn every_codec_is_seen_over_bad_links_and_after_a_change_of_owner() {
    for codec in EVERY_CODEC {
        play(When::Always, |seed| {
            let mut world = preferring(seed, &[*codec]);
            let viewer = Profile { grows: false, pairs: 1, video: 1, ..knowing(EVERY_CODEC) };
            let ada = world.join(viewer, Conditions::rough(20));
            let ben = world.join(knowing(EVERY_CODEC), Conditions::rough(25));
            let cleo = world.join(knowing(EVERY_CODEC), Conditions::rough(30));
            world.within(ms(5_000), "they do not meet", |world| world.meet(&[ben, cleo]));
            for other in [ben, cleo, ben] {
                let peer = world.peer(other);
                world.client(ada, |client, _| client.look_at(&[peer]));
                let since = world.age().as_micros() as u64;
                world.within(ms(3_000), "the other is not shown", |world| {
                    let seen = world.seats[ada].client.receiver.seen.get(&(other as u16));
                    seen.is_some_and(|watch| watch.made > since)
                });
                world.run(ms(3_000));
                assert_eq!(shown(&world, ada, other), *codec);
            }
            world.finish(codec.name());
        });
    }
}

#[test]
fn who_cannot_decode_what_the_room_sends_is_told_so_and_sees_everybody_within_two_seconds() {
    play(When::Always, |seed| {
        let mut world = preferring(seed, &[Codec::H264, Codec::Vp8]);
        let ada = world.join(knowing(&[Codec::Vp8, Codec::H264]), Conditions::clean(20));
        let ben = world.join(knowing(&[Codec::Vp8, Codec::H264]), Conditions::clean(25));
        let two = [ada, ben];
        world.within_watching_tiles(ms(4_000), "they do not meet", |world| {
            world.all_tiles_show(&two) && shown(world, ada, ben) == Codec::H264
        });
        world.run_watching_tiles(ms(3_000));
        assert!(two.iter().all(|one| world.seats[*one].client.receiver.blocked_told == 0));
        world.start_watching();
        // One of them takes a moment to do what is asked: the tile says so meanwhile.
        world.client(ada, |client, _| client.obeys = false);
        let cleo = world.join(knowing(&[Codec::Vp8]), Conditions::clean(20));
        world.within(ms(1_000), "nobody answers", |world| {
            world.seats[cleo].client.connection.as_ref().is_some_and(|connection| connection.connected)
        });
        world.run_watching_tiles(ms(500));
        assert_eq!(world.blocked(cleo), 1, "an empty tile does not say why");
        world.client(ada, |client, _| {
            client.obeys = true;
            client.obey();
        });
        let three = [ada, ben, cleo];
        let lost = "after somebody came who cannot decode H264 not everybody sees everybody";
        let took = world.within_watching_tiles(CODEC_CHANGE, lost, |world| world.all_tiles_show(&three));
        println!("everybody sees everybody {took:?} after all were asked");
        for (from, to) in [(ada, ben), (ben, ada), (cleo, ada), (cleo, ben)] {
            assert_eq!(shown(&world, from, to), Codec::Vp8);
        }
        let gap = world.picture_gap(ada, ben);
        assert!(gap < ms(500), "the change of codec stopped a picture for {gap:?}");
        // Frames of the new codec stand where those of the old one would.
        let step = world.seats[ada].client.receiver.largest_switch_step;
        assert!(step < 0.02, "at the change timestamps jumped by {step:.3} s");
        // When they are gone, whatever is chosen, nobody looks at a black tile.
        world.leave(cleo);
        world.run_watching_tiles(ms(30_000));
        assert!(world.all_tiles_show(&two));
        world.finish("a codec not everybody knows");
    });
}

#[test]
fn a_publisher_who_does_not_change_is_blocked_and_never_a_black_tile() {
    play(When::Always, |seed| {
        let mut world = preferring(seed, &[Codec::H264, Codec::Vp8]);
        let ada = world.join(knowing(&[Codec::Vp8, Codec::H264]), Conditions::clean(20));
        let ben = world.join(knowing(&[Codec::Vp8, Codec::H264]), Conditions::clean(20));
        world.within(ms(4_000), "they do not meet", |world| {
            world.meet(&[ada, ben]) && shown(world, ben, ada) == Codec::H264
        });
        world.client(ada, |client, _| client.obeys = false);
        let cleo = world.join(knowing(&[Codec::Vp8]), Conditions::clean(20));
        world.within_watching_tiles(ms(3_000), "the others are not seen", |world| {
            world.sees(cleo, ben) && world.blocked(cleo) == 1
        });
        world.run_watching_tiles(ms(20_000));
        assert_eq!(world.blocked(cleo), 1, "a tile without a picture does not say why");
        assert!(world.sees(cleo, ben) && world.hears(cleo, ada) && world.meet(&[ada, ben]));
        world.client(ada, |client, _| {
            client.obeys = true;
            client.obey();
        });
        world.within_watching_tiles(ms(1_000), "the tile stays blocked", |world| {
            world.all_tiles_show(&[ada, ben, cleo])
        });
        world.finish("a publisher who does not change");
    });
}

#[test]
fn nobody_in_common_means_sound_and_a_tile_that_says_why() {
    play(When::Always, |seed| {
        let mut world = World::new(seed);
        let ada = world.join(knowing(&[Codec::H264]), Conditions::clean(20));
        let ben = world.join(knowing(&[Codec::Vp8]), Conditions::clean(20));
        let lost = "there is not even sound";
        world.within(ms(3_000), lost, |world| world.hears(ada, ben) && world.hears(ben, ada));
        world.run_watching_tiles(ms(5_000));
        assert_eq!((world.blocked(ada), world.blocked(ben)), (1, 1));
        // A third who knows both sees both.
        let cleo = world.join(knowing(&[Codec::Vp8, Codec::H264]), Conditions::clean(20));
        world.within_watching_tiles(ms(3_000), "not everybody is seen by who knows every codec", |world| {
            world.sees(cleo, ada) && world.sees(cleo, ben)
        });
        world.run_watching_tiles(ms(5_000));
        world.finish("no codec in common");
    });
}

#[test]
fn three_sizes_change_their_codec_together() {
    play(When::Always, |seed| {
        let mut world = preferring(seed, &[Codec::Vp9, Codec::Vp8]);
        let both = Profile { simulcast: true, ..knowing(&[Codec::Vp8, Codec::Vp9]) };
        let ada = world.join(both, Conditions::rough(20));
        let ben = world.join(both, Conditions::rough(20));
        world.within(ms(6_000), "they do not meet", |world| {
            world.meet(&[ada, ben]) && shown(world, ben, ada) == Codec::Vp9
        });
        let cleo = world.join(Profile { simulcast: true, ..knowing(&[Codec::Vp8]) }, Conditions::clean(20));
        let three = [ada, ben, cleo];
        world.within(ms(5_000), "not everybody sees everybody", |world| world.all_tiles_show(&three));
        // Cleo, over a clean link, may see the first picture in the other codec before Ben does over a rough one.
        let changed =
            |world: &World| shown(world, ben, ada) == Codec::Vp8 && shown(world, ada, ben) == Codec::Vp8;
        world.within(ms(2_000), "the others do not see the codec that all three know", changed);
        world.run(ms(5_000));
        let codecs = [shown(&world, ben, ada), shown(&world, ada, ben), shown(&world, cleo, ada)];
        assert_eq!(codecs, [Codec::Vp8; 3], "and stay with it");
        world.finish("three sizes and another codec");
    });
}
