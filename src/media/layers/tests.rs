use super::*;
use crate::media::allocate::{Allocator, Downlink, FixedOrder, SlotFacts};
use crate::media::ids::{PeerId, SlotIndex, Stream, StreamId};
use crate::media::rtp::SeqNo;

/// A track whose layers send a frame each every 33 ms, in one packet.
struct Track {
    layers: Layers,
    now: Instant,
    seq: SeqNo,
    target: Layer,
}

impl Track {
    fn new() -> Track {
        Track { layers: Layers::new(Kind::Video), now: Instant::now(), seq: SeqNo(1_000), target: High }
    }

    fn send(&mut self, layer: Layer, codec: Codec, seq: SeqNo) -> Arrival {
        self.layers.arrive(&Seen { layer, codec, seq, end: true, bytes: 1_200, temporal: 0 }, self.now)
    }

    /// For `millis` exactly `layers` send. Returns every target on the way.
    fn pass(&mut self, millis: u64, layers: &[Layer]) -> Vec<Layer> {
        let mut targets = vec![self.target()];
        for _ in 0..millis / 33 {
            self.now += Duration::from_millis(33);
            self.seq += 1;
            for layer in layers {
                self.send(*layer, Codec::Vp8, self.seq);
            }
            if targets.last() != Some(&self.target()) {
                targets.push(self.target());
            }
        }
        targets
    }

    /// What the rule makes of it.
    fn target(&mut self) -> Layer {
        let encodings = Layer::ALL.map(|layer| self.layers.facts(layer, self.now));
        let owner = StreamId { peer: PeerId(1), stream: Stream::Camera };
        let target = Some(self.target);
        let mut slots = [SlotFacts { encodings, target, ..SlotFacts::of(SlotIndex(0), owner) }];
        FixedOrder::MIDDLE_FIRST.clone().allocate(self.now, &Downlink::default(), &mut slots);
        self.target = slots[0].target.expect("a rule that pauses nothing");
        self.target
    }
}

use Layer::{High, Low, Middle};

#[test]
fn a_layer_that_stops_is_left_after_half_a_second_and_not_before() {
    let mut track = Track::new();
    track.pass(5_000, &Layer::ALL);
    assert_eq!(track.pass(450, &[Low, High]), [Middle], "a camera in the dark pauses as long");
    assert_eq!(track.pass(150, &[Low, High]), [Middle, Low]);
    assert!(!track.layers.is_live(Middle) && track.layers.is_live(High));
}

#[test]
fn a_network_that_stalls_kills_no_layer() {
    let mut track = Track::new();
    track.pass(5_000, &Layer::ALL);
    track.now += Duration::from_millis(4_500);
    assert_eq!(track.pass(150, &[Low]), [Middle], "what comes first is one layer's");
    assert_eq!(track.pass(1_000, &Layer::ALL), [Middle]);
}

#[test]
fn who_rested_is_shown_in_whatever_size_they_begin_with_and_no_size_pays_for_it() {
    let mut track = Track::new();
    for _ in 0..5 {
        track.pass(5_000, &Layer::ALL);
        track.now += Duration::from_secs(6);
        assert_eq!(track.pass(99, &[Low]), [Middle, Low], "nobody waits for what may not come");
        assert_eq!(
            track.pass(99, &Layer::ALL),
            [Low, Middle],
            "nor, once it comes, because it was not there"
        );
    }
}

#[test]
fn a_layer_that_comes_back_is_shown_again_once_it_stays() {
    let mut track = Track::new();
    track.pass(5_000, &Layer::ALL);
    track.pass(1_000, &[Low]);
    assert_eq!(track.pass(1_900, &Layer::ALL), [Low], "it could be gone again");
    assert_eq!(track.pass(200, &Layer::ALL), [Low, Middle]);
}

#[test]
fn a_layer_that_comes_and_goes_changes_the_picture_ever_more_rarely() {
    let mut track = Track::new();
    track.pass(5_000, &Layer::ALL);
    let mut changes = 0;
    for _ in 0..20 {
        changes += track.pass(1_000, &[Low]).len() - 1;
        changes += track.pass(5_000, &Layer::ALL).len() - 1;
    }
    assert!((3..=6).contains(&changes), "{changes} changes in two minutes");
    track.pass(90_000, &Layer::ALL);
    assert_eq!(track.target(), Middle, "and is forgiven in the end");
    track.pass(1_000, &[Low]);
    assert_eq!(track.pass(2_100, &Layer::ALL), [Low, Middle]);
}

#[test]
fn another_codec_is_another_source_and_what_is_late_of_the_one_before_is_not() {
    let mut track = Track::new();
    track.pass(1_000, &[High]);
    let (seq, source) = (track.seq, track.layers.source(High));
    assert!(!track.send(High, Codec::H264, seq + 2).outdated);
    let after = track.layers.source(High);
    assert_ne!(after, source);
    assert!(track.send(High, Codec::Vp8, seq + 1).outdated, "a late packet changes nothing back");
    assert_eq!(track.layers.source(High), after);
    assert_eq!(track.layers.get(High).codec, Some(Codec::H264));
}

#[test]
fn codecs_that_take_turns_with_each_packet_are_another_source_once_a_second() {
    let mut track = Track::new();
    track.pass(1_000, &[High]);
    let (mut sources, mut outdated) = (vec![track.layers.source(High)], 0);
    for number in 0..5_000 {
        track.seq += 1;
        track.now += Duration::from_millis(1);
        let codec = if number % 2 == 0 { Codec::H264 } else { Codec::Vp8 };
        outdated += u32::from(track.send(High, codec, track.seq).outdated);
        sources.push(track.layers.source(High));
    }
    sources.dedup();
    assert_eq!(sources.len(), 6, "one before, and one in each second");
    assert!((2_400..2_600).contains(&outdated), "{outdated}: what is of the codec in force passes");
}

#[test]
fn sources_differ_between_layers_and_lives() {
    let mut layers = Layers::new(Kind::Video);
    let mut seen: Vec<u32> = Layer::ALL.iter().map(|layer| layers.source(*layer)).collect();
    layers.restart();
    seen.extend(Layer::ALL.iter().map(|layer| layers.source(*layer)));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6);
}

#[test]
fn a_sequence_that_jumps_is_counted_once_each_way() {
    let mut track = Track::new();
    track.pass(1_000, &[High]);
    let seq = track.seq;
    assert!(track.send(High, Codec::Vp8, seq + 30_000).jumped);
    assert!(!track.send(High, Codec::Vp8, seq + 30_001).jumped);
    assert!(track.send(High, Codec::Vp8, seq + 1).jumped);
    assert!(!track.send(High, Codec::Vp8, seq + 2).jumped);
}

#[test]
fn where_only_some_layers_come_the_others_are_what_is_learned_of_them() {
    let (mut track, mut far) = (Track::new(), Layers::far());
    track.pass(3_000, &[Low, Middle, High]);
    assert_eq!(far.known(track.now), [Learned::default(); 3]);
    let known = track.layers.known(track.now);
    assert!(far.learn(track.now, &known) && !far.learn(track.now, &known));
    assert_eq!(far.known(track.now), known);
    // One comes, and the others are no more silent for that.
    let seen =
        Seen { layer: Low, codec: Codec::Vp8, seq: SeqNo::default(), end: true, bytes: 1_000, temporal: 0 };
    for _ in 0..100 {
        track.now += Duration::from_millis(33);
        assert!(!far.arrive(&seen, track.now).changed);
    }
    assert_eq!(Layer::ALL.map(|layer| far.is_live(layer)), [true; 3]);
    track.pass(1_000, &[Low]);
    assert!(far.learn(track.now, &track.layers.known(track.now)), "two have died");
    assert_eq!(Layer::ALL.map(|layer| far.is_live(layer)), [true, false, false]);
    assert!(far.is_gone(High) && far.facts(High, track.now).is_none());
    far.restart();
    assert_eq!(far.facts(Low, track.now), None);
}
