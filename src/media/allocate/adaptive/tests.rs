use super::*;
use crate::media::allocate::EncodingFacts;
use crate::media::ids::{PeerId, SlotIndex, Stream, StreamId};

use Layer::{High, Low, Middle};

/// Somebody who is shown one camera of 150, 450 and 1,600 kbit/s, and 50 kbit/s of sound.
struct Viewer {
    rule: Adaptive,
    now: Instant,
    slot: SlotFacts,
    estimate: Option<Bitrate>,
    probe: Option<Bitrate>,
    changes: usize,
}

impl Viewer {
    fn new() -> Viewer {
        let owner = StreamId { peer: PeerId(1), stream: Stream::Camera };
        let encodings = [150, 450, 1_600].map(|rate| {
            let rate = Some(Bitrate::kbps(rate));
            Some(EncodingFacts { settled: true, rate, frames: Some(30.0), ..EncodingFacts::default() })
        });
        let slot = SlotFacts { encodings, ..SlotFacts::of(SlotIndex(0), owner) };
        let (rule, now) = (Adaptive::default(), Instant::now());
        Viewer { rule, now, slot, estimate: None, probe: None, changes: 0 }
    }

    fn decide(&mut self) {
        let downlink = Downlink { estimate: self.estimate, sound: Bitrate::kbps(50) };
        let mut slots = [SlotFacts { held: self.slot.target, ..self.slot }];
        self.probe = self.rule.allocate(self.now, &downlink, &mut slots).probe;
        self.changes += usize::from(slots[0].target != self.slot.target);
        self.slot = slots[0];
    }

    /// For `millis` the downlink is thought to hold `kilobits`, told twenty times a second. What is shown then.
    fn at(&mut self, kilobits: u64, millis: u64) -> Option<Layer> {
        for _ in 0..millis / 50 {
            self.now += Duration::from_millis(50);
            self.estimate = Some(Bitrate::kbps(kilobits));
            if self.rule.heeds(self.now, Bitrate::kbps(kilobits)) {
                self.decide();
            }
        }
        self.slot.target
    }
}

#[test]
fn whoever_joins_over_a_good_link_sees_the_sharp_picture_at_once() {
    let mut viewer = Viewer::new();
    viewer.decide();
    assert_eq!(viewer.slot.target, Some(Middle), "what is taken for its rate at first");
    assert!(viewer.probe >= Some(Bitrate::kbps(1_900)), "all of it is looked for: {:?}", viewer.probe);
    viewer.at(600, 200);
    assert_eq!(viewer.at(3_000, 300), Some(High));
}

#[test]
fn a_link_that_falls_is_followed_at_once_and_one_that_comes_back_within_seconds() {
    let mut viewer = Viewer::new();
    viewer.at(3_000, 30_000);
    assert_eq!(viewer.at(700, 50), Some(Middle), "what fits");
    assert_eq!(viewer.at(400, 50), Some(Low));
    viewer.at(400, 10_000);
    assert!(viewer.probe >= Some(Bitrate::kbps(1_900)), "what was shown is looked for: {:?}", viewer.probe);
    assert_eq!(viewer.at(3_000, 250), Some(Low), "it must have stood for a moment");
    assert_eq!(viewer.at(3_000, 350), Some(High));
}

#[test]
fn what_grew_by_itself_must_have_been_there_for_seconds_and_what_leaps_and_falls_is_nothing() {
    let mut viewer = Viewer::new();
    viewer.at(3_000, 30_000);
    viewer.at(400, 10_000);
    for kilobits in [500, 640, 820, 1_000] {
        assert_eq!(viewer.at(kilobits, 150), Some(Low));
    }
    assert_eq!(viewer.at(1_000, 1_500), Some(Low), "no probe said so");
    assert!(viewer.at(1_000, 3_500) >= Some(Middle));
    viewer.at(400, 10_000);
    viewer.at(3_000, 150);
    assert_eq!(viewer.at(1_000, 1_500), Some(Low), "it was a moment's");
}

#[test]
fn an_estimate_that_goes_up_and_down_a_little_changes_nothing() {
    let mut viewer = Viewer::new();
    viewer.at(2_000, 10_000);
    let before = viewer.changes;
    for round in 0..200 {
        viewer.at(if round % 2 == 0 { 1_600 } else { 1_900 }, 300);
    }
    assert_eq!(viewer.changes, before);
}

#[test]
fn after_a_rise_that_was_too_much_the_next_one_waits_longer_each_time() {
    let mut viewer = Viewer::new();
    viewer.at(300, 20_000);
    let mut waits = Vec::new();
    for _ in 0..4 {
        let began = viewer.now;
        while viewer.at(800, 50) != Some(Middle) {
            assert!(viewer.now - began < Duration::from_secs(120), "never");
        }
        waits.push(viewer.now - began);
        viewer.at(800, 2_000);
        assert_eq!(viewer.at(300, 100), Some(Low));
    }
    assert!(waits.windows(2).skip(1).all(|pair| pair[1] > pair[0]), "{waits:?}");
}

#[test]
fn a_key_frame_that_fills_the_queue_for_a_moment_takes_nothing_back() {
    let mut viewer = Viewer::new();
    viewer.at(500, 10_000);
    while viewer.at(2_000, 50) != Some(High) {}
    assert_eq!(viewer.at(1_000, 500), Some(High));
    assert_eq!(viewer.at(1_000, 1_000), Some(Middle), "it was no moment");
}

#[test]
fn the_last_picture_stays_for_three_seconds_and_is_tried_again() {
    let mut viewer = Viewer::new();
    viewer.at(300, 10_000);
    assert_eq!(viewer.at(120, 2_500), Some(Low), "the estimate may be too low at first");
    assert_eq!(viewer.at(120, 3_500), None);
    let mut shown = 0;
    for _ in 0..60 {
        shown += usize::from(viewer.at(120, 1_000).is_some());
    }
    assert!((4..=20).contains(&shown), "tried for {shown} of 60 s");
    assert_eq!(viewer.at(60, 10_000), None, "sound only");
    assert_eq!(viewer.at(400, 6_000), Some(Low), "and back");
}

#[test]
fn another_connection_begins_anew() {
    let mut viewer = Viewer::new();
    viewer.at(120, 20_000);
    viewer.estimate = None;
    viewer.decide();
    assert_eq!(viewer.slot.target, Some(Middle));
}

#[test]
fn the_layer_that_was_shown_is_missed_when_it_was_cut_off() {
    let mut viewer = Viewer::new();
    viewer.at(4_000, 4_000);
    assert_eq!(viewer.slot.target, Some(High));
    let cut = |layers: &[Layer]| {
        let mut slot = viewer.slot;
        for layer in layers {
            slot.encodings[*layer as usize] = None;
        }
        slot
    };
    assert!(viewer.rule.misses(&cut(&[High]), High));
    assert!(viewer.rule.misses(&cut(&[Low, Middle, High]), Low), "nothing is left, so anything is missed");
    let middle = SlotFacts { target: Some(Middle), ..cut(&[Low, High]) };
    assert!(viewer.rule.misses(&middle, High) && !viewer.rule.misses(&middle, Low));
    assert!(!viewer.rule.misses(&SlotFacts { unseen: true, ..cut(&[High]) }, High));
}

#[test]
fn a_picture_that_leaves_the_view_for_a_moment_keeps_its_layer() {
    let mut viewer = Viewer::new();
    assert_eq!(viewer.at(4_000, 8_000), Some(High));
    let changes = viewer.changes;
    for _ in 0..5 {
        viewer.slot.unseen = true;
        viewer.decide();
        assert_eq!(viewer.at(4_000, 700), Some(High));
        (viewer.slot.unseen, viewer.slot.tile) = (false, None);
        viewer.decide();
        viewer.at(4_000, 100);
    }
    assert_eq!(viewer.changes, changes);
    viewer.slot.unseen = true;
    viewer.decide();
    assert_eq!(viewer.at(4_000, 1_500), Some(Low), "it was no moment");
    assert!(viewer.slot.unseen);
}
