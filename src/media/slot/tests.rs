use std::time::{Duration, Instant};

use super::*;
use crate::media::frame::FrameInfo;
use crate::media::rtp::{MediaTime, SeqNo};
use proptest::prelude::*;

use Layer::{High, Low, Middle};

const LIVE: [bool; 3] = [true; 3];

fn source(layer: Layer) -> Source {
    Source { number: layer as u64, layer, live: LIVE, overtaken: false }
}

/// Three layers of one camera: each with sequence numbers and timestamps of its own, 30 frames a second.
struct Camera {
    slot: Slot,
    now: Instant,
    frame: u64,
}

impl Camera {
    fn new() -> Camera {
        let slot = Slot::new(Kind::Video, Mid::from("0"), Some(Ssrc(7)));
        Camera { slot, now: Instant::now() + Duration::from_secs(1_000), frame: 0 }
    }

    fn packet(&self, layer: Layer, key: bool, end: bool) -> Arriving {
        let base = 1_000_000 * (layer as u64 + 1);
        let frame = FrameInfo { start: true, end, key, ..FrameInfo::default() };
        Arriving {
            seq: SeqNo(base + self.frame),
            time: MediaTime(base * 7 + self.frame * 3_000),
            capture: self.now,
            frame,
        }
    }

    /// The next frame of one layer, as one packet.
    fn send(&mut self, from: &Source, target: Layer, key: bool) -> Result<Leaving, Held> {
        self.slot.target = Some(target);
        self.frame += 1;
        self.now += Duration::from_millis(33);
        let packet = self.packet(from.layer, key, true);
        self.slot.forward(from, &packet, self.now)
    }

    fn refuse(&mut self, from: &Source, target: Layer) {
        self.slot.target = Some(target);
        self.slot.refuse(from);
    }

    fn faults(&self) -> u64 {
        self.slot.faults().violations()
    }
}

#[test]
fn a_key_frame_whose_packets_have_gone_by_is_no_way_in() {
    let mut camera = Camera::new();
    let late = |layer| Source { overtaken: true, ..source(layer) };
    assert_eq!(camera.send(&late(Low), Low, true), Err(Held::Early), "nothing plays yet");
    camera.send(&source(Low), Low, true).expect("a key frame");
    assert_eq!(camera.send(&late(High), High, true), Err(Held::Early));
    assert!(!camera.send(&source(Low), High, false).expect("the old layer plays on").first);
    assert!(camera.send(&source(High), High, true).expect("a key frame in time").first);
    assert!(!camera.send(&late(High), High, true).expect("what plays is mended by what is late").first);
    assert_eq!(camera.faults(), 0);
}

#[test]
fn the_old_layer_plays_until_a_key_frame_of_the_new_one() {
    let mut camera = Camera::new();
    let opened = camera.send(&source(Low), Low, true).expect("a key frame");
    let since = camera.slot.since;
    assert!(since.is_some());
    assert!(camera.send(&source(Low), Middle, false).is_ok(), "still the old one");
    assert_eq!(camera.send(&source(Middle), Middle, false), Err(Held::AwaitsKeyFrame));
    let last = camera.send(&source(Low), Middle, false).expect("and still");
    let next = camera.send(&source(Middle), Middle, true).expect("a key frame");
    assert_eq!(next.seq, last.seq + 1);
    assert!((2_900..3_100).contains(&(next.time - last.time)), "the clock goes on by one frame");
    assert_eq!(camera.send(&source(Low), Middle, true), Err(Held::NotShown));
    assert_eq!(camera.slot.layer(), Some(Middle));
    assert_eq!(camera.slot.since, since, "it is the same owner's picture since {opened:?}");
    assert_eq!(camera.faults(), 0);
}

#[test]
fn whoever_sees_nothing_begins_with_less_and_never_with_more_than_they_are_to_have() {
    let mut camera = Camera::new();
    assert_eq!(camera.send(&source(High), Middle, true), Err(Held::NotShown));
    assert_eq!(camera.send(&source(Low), Middle, false), Err(Held::NotShown), "nobody asks the low layer");
    assert!(camera.send(&source(Low), Middle, true).is_ok());
    assert!(camera.send(&source(Middle), Middle, true).is_ok());
    assert_eq!(camera.faults(), 0);
}

#[test]
fn a_slot_that_is_to_show_nothing_takes_nothing() {
    let mut camera = Camera::new();
    camera.slot.target = None;
    for layer in Layer::ALL {
        let packet = camera.packet(layer, true, true);
        assert_eq!(camera.slot.forward(&source(layer), &packet, camera.now), Err(Held::NotShown));
    }
}

#[test]
fn a_layer_left_in_the_middle_of_a_frame_leaves_a_hole() {
    let mut camera = Camera::new();
    camera.send(&source(Low), Low, true).expect("a key frame");
    camera.frame += 1;
    let torn = camera.slot.forward(&source(Low), &camera.packet(Low, false, false), camera.now);
    let torn = torn.expect("half a frame");
    let next = camera.send(&source(Middle), Middle, true).expect("a key frame");
    assert_eq!(next.seq, torn.seq + 2);
    assert_eq!(camera.faults(), 0);
}

#[test]
fn a_picture_that_cannot_be_decoded_blocks_the_slot_until_a_key_frame_of_one_that_can() {
    let mut camera = Camera::new();
    camera.send(&source(High), High, true).expect("a key frame");
    let other = Source { number: 77, ..source(High) };
    camera.refuse(&other, High);
    assert!(camera.slot.blocked);
    assert_eq!(camera.slot.since, None, "the last picture must not stay as if it were live");
    camera.refuse(&other, High);
    let again = Source { number: 78, ..source(High) };
    assert_eq!(camera.send(&again, High, false), Err(Held::AwaitsKeyFrame));
    assert!(camera.slot.blocked, "the tile says so until there is a picture");
    assert!(camera.send(&again, High, true).is_ok());
    assert!(!camera.slot.blocked && camera.slot.since.is_some());
    assert_eq!(camera.faults(), 0);
}

#[test]
fn a_layer_that_plays_goes_on_while_the_one_to_be_shown_cannot_be_decoded() {
    let mut camera = Camera::new();
    camera.send(&source(Low), Low, true).expect("a key frame");
    camera.refuse(&source(Middle), Middle);
    assert!(!camera.slot.blocked);
    camera.refuse(&source(High), Middle);
    assert!(!camera.slot.blocked, "a layer that is not to be shown says nothing");
    camera.refuse(&Source { live: [false, true, true], ..source(Middle) }, Middle);
    assert!(camera.slot.blocked, "what played stands still");
}

#[test]
fn a_layer_that_played_and_left_its_codec_too_does_not_keep_the_tile_from_saying_so() {
    let mut camera = Camera::new();
    camera.send(&source(Low), Middle, true).expect("a key frame");
    for layer in [Low, Middle] {
        camera.refuse(&Source { number: 77 + layer as u64, ..source(layer) }, Middle);
    }
    assert!(camera.slot.blocked, "the low layer sends, but nothing that plays here");
    assert_eq!(camera.slot.since, None);
}

#[test]
fn a_codec_that_changes_on_the_same_line_starts_at_a_key_frame() {
    let mut camera = Camera::new();
    camera.send(&source(High), High, true).expect("a key frame");
    let since = camera.slot.since;
    let other = Source { number: 77, ..source(High) };
    assert_eq!(camera.send(&other, High, false), Err(Held::AwaitsKeyFrame));
    assert!(camera.send(&other, High, true).is_ok());
    assert_eq!(camera.slot.since, since, "it is the same person");
}

proptest! {
    /// Layers, targets, codecs and owners change at any packet, frames are torn anywhere: one clean stream leaves.
    #[test]
    fn what_leaves_is_one_stream(
        steps in prop::collection::vec((0usize..3, 0usize..3, any::<bool>(), any::<bool>(), 0u8..24, 0u64..60), 1..400),
    ) {
        let mut camera = Camera::new();
        let (mut target, mut epoch) = (Middle, 0);
        for (layer, next, key, end, dice, wait) in steps {
            camera.now += Duration::from_millis(wait);
            camera.frame += 1;
            match dice {
                0 => target = Layer::ALL[next],
                1 => epoch += 1,
                2 => camera.slot.detach(),
                3 => camera.refuse(&Source { number: 99, ..source(Layer::ALL[layer]) }, target),
                _ => {}
            }
            let layer = Layer::ALL[layer];
            let from = Source { number: (epoch << 2) | layer as u64, ..source(layer) };
            camera.slot.target = Some(target);
            let packet = camera.packet(layer, key, end);
            let _ = camera.slot.forward(&from, &packet, camera.now);
            if camera.slot.since.is_none() {
                prop_assert_eq!(camera.slot.layer(), None);
            }
        }
        prop_assert_eq!(camera.faults(), 0);
    }
}
