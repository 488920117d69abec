//! The rates of pictures: what people are asked to send, and so what whoever is shown them needs.

use super::ids::{Layer, Stream};
use super::units::Bitrate;

/// The layers of a picture, the smallest first, each with what it takes at most.
pub type Rule = &'static [(Layer, Bitrate)];

/// What a shared screen sends: text at 1080p and a few frames a second stays sharp; half of its lines are for small tiles and for lines that
/// hold no more. A still page at a quarter of its size could be read by nobody.
pub const SCREEN_RULE: Rule = &[(Layer::Middle, Bitrate::kbps(600)), (Layer::High, Bitrate::kbps(2_500))];

/// What the smallest picture is asked to be while somebody's downlink does not hold what it is for everybody: what large rooms ask for.
pub const LEAN: Bitrate = Bitrate::kbps(80);

/// The most an estimator is to look for: half as much again as what a home connection takes.
const MOST_DESIRED: Bitrate = Bitrate::kbps(9_000);

/// The rule for a room of `people`. Everybody receives everybody's middle layer (a fixed rule), and a home connection
/// takes about 6 Mbit/s: the largest room of each step (3, 6 and 12 people, then 25 slots) needs 1.8 to 5.5 Mbit/s down.
/// Up, the layers of a step together are at most 2.6 Mbit/s. Beyond six people tiles are too small for the largest
/// layer, and its encoder would cost the most; beyond twelve the middle one is for faces the size of a stamp.
#[must_use]
pub fn camera_rule(people: usize) -> Rule {
    match people {
        0..=3 => &UP_TO_3,
        4..=6 => &UP_TO_6,
        7..=12 => &UP_TO_12,
        _ => &LARGER,
    }
}

const UP_TO_3: [(Layer, Bitrate); 3] = [
    (Layer::Low, Bitrate::kbps(150)),
    (Layer::Middle, Bitrate::kbps(900)),
    (Layer::High, Bitrate::kbps(1_500)),
];

const UP_TO_6: [(Layer, Bitrate); 3] = [
    (Layer::Low, Bitrate::kbps(150)),
    (Layer::Middle, Bitrate::kbps(700)),
    (Layer::High, Bitrate::kbps(1_200)),
];

const UP_TO_12: [(Layer, Bitrate); 2] =
    [(Layer::Low, Bitrate::kbps(120)), (Layer::Middle, Bitrate::kbps(450))];

const LARGER: [(Layer, Bitrate); 2] = [(Layer::Low, Bitrate::kbps(80)), (Layer::Middle, Bitrate::kbps(220))];

/// What one picture is asked to be at most. What has one encoding counts as the highest layer, which nobody in a large room is asked for of
/// a camera: the next lower is what it is told to be.
pub(super) fn rate(stream: Stream, layer: Layer, people: usize) -> Option<Bitrate> {
    let rule = match stream {
        Stream::Screen => SCREEN_RULE,
        Stream::Camera => camera_rule(people),
    };
    rule.iter().rev().find(|(of, _)| *of <= layer).map(|(_, rate)| *rate)
}

/// What the estimator is to find out whether a downlink holds, for pictures of these rates together: half as much again,
/// since an estimate that is not looked for beyond what is sent does not grow.
pub(super) fn desired(rates: impl Iterator<Item = Bitrate>) -> Bitrate {
    let sent: Bitrate = rates.sum();
    (sent + sent / 2).min(MOST_DESIRED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn middle(people: usize) -> Bitrate {
        let rate =
            camera_rule(people).iter().find(|(layer, _)| *layer == Layer::Middle).map(|(_, rate)| *rate);
        rate.unwrap_or_default()
    }

    #[test]
    fn what_everybody_receives_fits_a_home_connection_in_every_room() {
        for people in 1..=100_usize {
            let shown = u64::try_from((people - 1).min(usize::from(crate::media::VIDEO_SLOTS))).unwrap();
            let (down, up) =
                (middle(people) * shown, camera_rule(people).iter().map(|(_, rate)| *rate).sum::<Bitrate>());
            assert!(
                middle(people) > Bitrate::default() && down <= Bitrate::kbps(6_000),
                "{people} people: {down:?}"
            );
            assert!(up <= Bitrate::kbps(2_600), "each of {people} people sends {up:?}");
        }
    }

    #[test]
    fn rates_fall_with_the_size_of_the_room() {
        assert!(middle(13) < middle(12) && middle(12) < middle(6) && middle(6) < middle(3));
    }

    #[test]
    fn an_estimator_looks_for_what_is_shown_and_half_as_much_again_within_a_bound() {
        let of = |shown: &[(Stream, Layer)], people| {
            desired(shown.iter().filter_map(|(stream, layer)| rate(*stream, *layer, people)))
        };
        assert_eq!(of(&[], 9), Bitrate::default(), "nothing is shown: it rests");
        assert_eq!(of(&[(Stream::Camera, Layer::Middle)], 2), Bitrate::kbps(1_350));
        assert_eq!(of(&[(Stream::Camera, Layer::High)], 9), Bitrate::kbps(675), "nobody is asked for more");
        assert_eq!(of(&[(Stream::Camera, Layer::Middle); 24], 25), Bitrate::kbps(7_920));
        assert_eq!(of(&[(Stream::Screen, Layer::High); 25], 26), MOST_DESIRED);
    }
}
