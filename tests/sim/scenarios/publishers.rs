//! What a publisher sends that no browser would: who watches somebody else notices nothing, and what can be shown of them is.

use std::time::Duration;

use plenary::media::codec::Codec;
use plenary::media::ids::{Layer, Stream};

use super::{When, play};
use crate::client::connection::{EVERY_CODEC, Profile, Twist};
use crate::link::Conditions;
use crate::rng::Rng;
use crate::sender::Picture;
use crate::world::{Person, Settings, World, ms};

use Layer::{High, Low, Middle};

fn layer(world: &World, from: Person, to: Person) -> Layer {
    world.seats[from].client.receiver.seen[&(to as u16)].layer
}

/// Somebody who means harm, somebody who does not, and who watches both over a line that holds all they were asked for.
struct Three {
    world: World,
    harm: Person,
    ada: Person,
    viewer: Person,
}

impl Three {
    fn meet(seed: u64, codecs: &'static [Codec]) -> Three {
        let mut world = World::with(Settings { codecs: codecs.to_vec(), ..Settings::new(seed) });
        let camera = Profile { codecs: EVERY_CODEC, ..Profile::SIMULCAST };
        let [harm, ada] = [(); 2].map(|()| world.join(camera, Conditions::clean(20)));
        let watches = Profile { codecs: EVERY_CODEC, ..Profile::LISTENER };
        let viewer = world.join(watches, Conditions::clean(20));
        for person in [ada, viewer] {
            world.seats[person].client.receiver.judges_not = Some(harm as u16);
        }
        let lost = "they do not meet";
        world.within(ms(4_000), lost, |world| world.sees(viewer, harm) && world.sees(viewer, ada));
        let all = |world: &World| [harm, ada].iter().all(|of| layer(world, viewer, *of) == High);
        // After two falls by chance the next rise waits for up to a minute.
        world.within(ms(75_000), "they are not shown all there is", all);
        world.run(ms(4_000));
        Three { world, harm, ada, viewer }
    }

    fn twist(&mut self, twist: Twist) {
        let client = &mut self.world.seats[self.harm].client;
        // They do not do what is asked of them.
        client.obeys = false;
        client.connection.as_mut().expect("a connection").twist = Some(twist);
    }

    fn layer(&self, of: Person) -> Layer {
        layer(&self.world, self.viewer, of)
    }

    /// What became of the honest picture within so long: it stays as it was. Returns how long the other one stood still.
    fn fares(&mut self, what: &str, long: Duration) -> Duration {
        let before = self.layer(self.ada);
        let asked = self.world.count(|c| c.key_frames_asked);
        self.world.start_watching();
        self.world.run(long);
        let asked = self.world.count(|c| c.key_frames_asked) - asked;
        let (gap, theirs) =
            (self.world.picture_gap(self.viewer, self.ada), self.world.picture_gap(self.viewer, self.harm));
        println!(
            "{what}: gap {gap:?}, theirs {theirs:?}, {:?} after {before:?}, {asked} key frames asked for",
            self.layer(self.ada)
        );
        assert!(gap < ms(300), "{what}: a third person's picture stood still for {gap:?}");
        assert_eq!(self.layer(self.ada), before, "{what}: a third person's picture is another");
        let most = long.as_millis() as u64 / 400 + 4;
        assert!(asked <= most, "{what}: {asked} key frames were asked for");
        theirs
    }
}

#[test]
fn a_largest_picture_that_is_padding_only_leaves_the_one_below_it() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, &[Codec::Vp8]);
        three.twist(Box::new(|packet| {
            if packet.rid == Some(High) {
                packet.payload.clear();
            }
        }));
        let falls = three.fares("padding, at first", ms(4_000));
        assert!(falls < ms(2_000), "the picture stood still for {falls:?}");
        let theirs = three.fares("padding", ms(8_000));
        assert!(theirs < ms(300), "the picture below it stood still for {theirs:?}");
        // The middle one was stopped at its source, and whoever means harm does not begin it again.
        assert!(three.layer(three.harm) < High);
        three.world.finish("padding only");
    });
}

#[test]
fn layers_that_are_announced_and_never_sent_leave_the_one_that_is() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, &[Codec::Vp8]);
        three.world.client(three.harm, |client, _| {
            let camera = client.connection.as_mut().and_then(|connection| connection.camera(Stream::Camera));
            let camera = camera.expect("a camera");
            camera.set_able(Middle, false);
            camera.set_able(High, false);
        });
        let falls = three.fares("nothing of two layers, at first", ms(3_000));
        assert!(falls < ms(2_000), "the picture stood still for {falls:?}");
        let theirs = three.fares("nothing of two layers", ms(8_000));
        assert!(theirs < ms(300), "the layer that is sent stood still for {theirs:?}");
        assert_eq!(three.layer(three.harm), Low);
        three.world.finish("announced and never sent");
    });
}

#[test]
fn a_picture_whose_height_is_another_each_time_moves_nobody_elses() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, &[Codec::Vp9]);
        let mut dice = Rng::new(seed);
        three.twist(Box::new(move |packet| {
            // A key frame with its scalability structure.
            if packet.codec == Codec::Vp9 && packet.payload[0] & 0x02 != 0 {
                let heights = [0, 1, 90, 720, u16::MAX, dice.next() as u16];
                let height = heights[dice.below(6) as usize];
                packet.payload[6..8].copy_from_slice(&height.to_be_bytes());
            }
        }));
        for turn in 0..8 {
            let client = &mut three.world.seats[three.harm].client;
            let camera = client.connection.as_mut().and_then(|connection| connection.camera(Stream::Camera));
            let (camera, now) = (camera.expect("a camera"), three.world.now);
            for layer in Layer::ALL {
                camera.key_frame_asked(now, Some(layer));
            }
            let theirs = three.fares("another height", ms(1_500));
            assert!(theirs < ms(600), "turn {turn}: it stood still for {theirs:?}");
        }
        three.world.finish("heights");
    });
}

#[test]
fn descriptors_that_contradict_what_they_stand_in_front_of_harm_nobody_else() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, &[Codec::Vp8]);
        let mut dice = Rng::new(seed);
        three.twist(Box::new(move |packet| {
            if packet.codec != Codec::Vp8 || dice.chance(0.3) {
                return;
            }
            match dice.below(5) {
                // Each packet starts a frame, or none does; each is of a key frame, or none is.
                0 => packet.payload[0] ^= 0x10,
                1 => packet.payload[6] ^= 0x01,
                2 => packet.marker = !packet.marker,
                // Picture ids and layer counters from anywhere.
                3 => packet.payload[2..5].copy_from_slice(&(dice.next() as u32 | 0x80).to_le_bytes()[..3]),
                // It says that there is no extension, so the frame is taken to begin in the descriptor.
                _ => packet.payload[0] &= 0x7f,
            }
        }));
        three.fares("contradictions", ms(10_000));
        three.twist(Box::new(|_| {}));
        three.world.run(ms(3_000));
        let theirs = three.fares("and no more", ms(3_000));
        assert!(theirs < ms(300), "whoever stopped lying is not seen: {theirs:?}");
        three.world.finish("contradictions");
    });
}

#[test]
fn a_layer_at_ten_times_its_price_is_not_paid_by_anybody_else() {
    play(When::Always, |seed| {
        let mut three = Three::meet(seed, &[Codec::Vp8]);
        three.world.client(three.harm, |client, _| {
            client.obeys = false;
            let camera = client.connection.as_mut().and_then(|connection| connection.camera(Stream::Camera));
            // 1.4 Mbit/s of what was asked to be 150 kbit/s at most.
            let swollen = Picture { fps: 15, packets: 10, bytes: 1_150 };
            camera.expect("a camera").swell_layer(Low, swollen);
        });
        let theirs = three.fares("ten times the price", ms(12_000));
        assert!(theirs < ms(1_500), "the layers that keep to it stood still for {theirs:?}");
        three.world.finish("ten times the price");
    });
}
