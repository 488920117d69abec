//! Fewer frames of a picture, where a line does not hold all of them.

use plenary::media::ids::Layer;

use super::adaptive::{narrow, shown, two};
use super::{When, play};
use crate::world::{Way, ms};

#[test]
fn a_line_that_does_not_hold_all_frames_shows_some_of_them_and_all_again_when_it_is_wide() {
    play(When::Always, |seed| {
        let (mut world, ada, ben) = two(seed, narrow(1_000_000));
        world.run(ms(15_000));
        let (asked, left_out) = (world.count(|c| c.key_frames_asked), world.count(|c| c.thinned));
        world.start_watching();
        world.run(ms(10_000));
        let left_out = world.count(|c| c.thinned) - left_out;
        let (gap, sound) = (world.picture_gap(ben, ada), world.sound_gap(ben, ada));
        println!("{left_out} packets left out, gaps of {gap:?} and {sound:?}");
        assert_eq!(shown(&world, ben, ada), Some(Layer::Middle));
        assert!(left_out > 200, "{left_out} packets left out of 1,000");
        assert!(gap < ms(200) && sound < ms(100), "nothing came for {gap:?} and {sound:?}");
        assert_eq!(world.count(|c| c.key_frames_asked), asked, "frames go without key frames");
        world.set_link(ben, Way::Down, narrow(9_000_000));
        world.within(ms(15_000), "it stays blurry", |world| shown(world, ben, ada) == Some(Layer::High));
        let before = world.count(|c| c.thinned);
        world.run(ms(5_000));
        assert_eq!(world.count(|c| c.thinned), before, "frames are left out of a wide line");
        world.finish("half of the middle picture");
    });
}

#[test]
fn a_line_that_does_not_hold_the_smallest_picture_as_lean_as_it_gets_shows_some_of_its_frames() {
    play(When::Always, |seed| {
        let (mut world, ada, ben) = two(seed, narrow(1_000_000));
        world.run(ms(8_000));
        world.set_link(ben, Way::Down, narrow(150_000));
        world.run(ms(20_000));
        let before = world.count(|c| c.thinned);
        world.start_watching();
        world.run(ms(10_000));
        let left_out = world.count(|c| c.thinned) - before;
        let (gap, sound) = (world.picture_gap(ben, ada), world.sound_gap(ben, ada));
        println!("{left_out} packets left out, gaps of {gap:?} and {sound:?}");
        assert!(left_out > 50, "{left_out} packets left out of 150");
        // 0.25 to 2.2 s with ten seeds: what is tried beyond the line is lost, and the next key frame with it.
        assert!(gap < ms(4_000), "the picture stood still for {gap:?}");
        assert!(sound < ms(150), "nothing was heard for {sound:?}");
        world.finish("some of the smallest picture");
    });
}
