//! What the server asks people to send: one rule, of the track and of the room's size.

use std::collections::BTreeSet;

use super::protocol::{PublishLayer, PublishTrack};
use crate::media::codec::Codec;
use crate::media::ids::{Kind, Layer, Stream, Track};

/// Speech in Opus is transparent at this rate; more is not heard.
const MICROPHONE_BITRATE: u32 = 32_000;

/// A shared screen's sound is often music.
const SCREEN_AUDIO_BITRATE: u32 = 64_000;

/// Text at 1080p and a few frames per second stays sharp.
const SCREEN_BITRATE: u32 = 2_500_000;

/// What a camera sends in rooms of some size: its layers, the smallest picture first, each with bits per second at most.
pub(super) type CameraRule = &'static [(Layer, u32)];

/// The rule for a room of `people`. Everybody receives everybody's middle layer (a fixed rule), and a home connection
/// takes about 6 Mbit/s: the largest room of each step (3, 6 and 12 people, then 25 slots) needs 1.8 to 5.5 Mbit/s down.
/// Up, the layers of a step together are at most 2.6 Mbit/s. Beyond six people tiles are too small for the largest
/// layer, and its encoder would cost the most; beyond twelve the middle one is for faces the size of a stamp.
pub(super) fn camera_rule(people: usize) -> CameraRule {
    match people {
        0..=3 => &[(Layer::Low, 150_000), (Layer::Middle, 900_000), (Layer::High, 1_500_000)],
        4..=6 => &[(Layer::Low, 150_000), (Layer::Middle, 700_000), (Layer::High, 1_200_000)],
        7..=12 => &[(Layer::Low, 120_000), (Layer::Middle, 450_000)],
        _ => &[(Layer::Low, 80_000), (Layer::Middle, 220_000)],
    }
}

/// What the server asked of one person: what the answer depends on, and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    version: u64,
    tracks: BTreeSet<Track>,
    camera: CameraRule,
    video: Codec,
}

impl Published {
    /// The request for a person with `tracks` in a room with the rule `camera` and pictures in `video`, after the request
    /// `before`. The version rises only if the request differs.
    pub(super) fn after(
        before: Option<&Published>,
        tracks: &BTreeSet<Track>,
        camera: CameraRule,
        video: Codec,
    ) -> Published {
        let wanted = Published { version: 1, tracks: tracks.clone(), camera, video };
        let version = before.map_or(1, |before| {
            let same = *before == Published { version: before.version, ..wanted.clone() };
            before.version + u64::from(!same)
        });
        Published { version, ..wanted }
    }

    /// Increases with every change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The request itself.
    pub(super) fn tracks(&self) -> Vec<PublishTrack> {
        self.tracks.iter().map(|track| request(*track, self.camera, self.video)).collect()
    }
}

fn request(track: Track, camera: CameraRule, video: Codec) -> PublishTrack {
    let one = |max_bitrate| vec![PublishLayer { rid: None, max_bitrate, scale_down: 1 }];
    let (codec, layers) = match (track.stream, track.kind) {
        (Stream::Camera, Kind::Audio) => (Codec::Opus, one(MICROPHONE_BITRATE)),
        (Stream::Screen, Kind::Audio) => (Codec::Opus, one(SCREEN_AUDIO_BITRATE)),
        (Stream::Camera, Kind::Video) => (video, camera.iter().map(|layer| camera_layer(*layer)).collect()),
        // A still page at a quarter of its size can be read by nobody: a screen has one layer.
        (Stream::Screen, Kind::Video) => (video, one(SCREEN_BITRATE)),
    };
    PublishTrack { stream: track.stream, kind: track.kind, codec: codec.name().to_owned(), layers }
}

fn camera_layer((layer, max_bitrate): (Layer, u32)) -> PublishLayer {
    let scale_down = match layer {
        Layer::Low => 4,
        Layer::Middle => 2,
        Layer::High => 1,
    };
    PublishLayer { rid: Some(layer.rid().to_owned()), max_bitrate, scale_down }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn middle(people: usize) -> u32 {
        let rate =
            camera_rule(people).iter().find(|(layer, _)| *layer == Layer::Middle).map(|(_, rate)| *rate);
        rate.unwrap_or_default()
    }

    #[test]
    fn what_everybody_receives_fits_a_home_connection_in_every_room() {
        for people in 1..=100_usize {
            let shown = u32::try_from((people - 1).min(usize::from(crate::media::VIDEO_SLOTS))).unwrap();
            let (down, up) =
                (shown * middle(people), camera_rule(people).iter().map(|(_, rate)| rate).sum::<u32>());
            assert!(middle(people) > 0 && down <= 6_000_000, "{people} people receive {down} bit/s");
            assert!(up <= 2_600_000, "each of {people} people sends {up} bit/s");
        }
    }

    #[test]
    fn a_camera_sends_fewer_layers_the_more_people_there_are() {
        let camera = Track { stream: Stream::Camera, kind: Kind::Video };
        let layers = |people| {
            let layers = request(camera, camera_rule(people), Codec::Vp9).layers;
            layers.iter().map(|layer| (layer.rid.clone().unwrap(), layer.scale_down)).collect::<Vec<_>>()
        };
        let named = |layers: &[(&str, u8)]| {
            layers.iter().map(|(rid, scale)| ((*rid).to_owned(), *scale)).collect::<Vec<_>>()
        };
        for people in [1, 6] {
            assert_eq!(layers(people), named(&[("q", 4), ("h", 2), ("f", 1)]));
        }
        for people in [7, 100] {
            assert_eq!(layers(people), named(&[("q", 4), ("h", 2)]));
        }
        assert!(middle(13) < middle(12) && middle(7) < middle(6));
    }

    #[test]
    fn the_documented_rates_are_those_asked_for() {
        const DOCUMENT: &str = include_str!("../../docs/protocol.md");
        for (people, step) in [(3, "1 to 3"), (6, "4 to 6"), (12, "7 to 12"), (13, "13 and more")] {
            let rate = |layer| camera_rule(people).iter().find(|(of, _)| *of == layer).map(|(_, rate)| rate);
            let cells = Layer::ALL.map(|layer| rate(layer).map_or(" |".into(), |rate| format!(" {rate} |")));
            let row = format!("\n| {step} |{}\n", cells.concat());
            assert!(DOCUMENT.contains(&row), "there is no row {row}");
        }
    }

    #[test]
    fn the_version_rises_only_when_the_request_differs() {
        let camera = BTreeSet::from([Track { stream: Stream::Camera, kind: Kind::Video }]);
        let after =
            |before, tracks, people, video| Published::after(before, tracks, camera_rule(people), video);
        let first = after(None, &camera, 2, Codec::Vp8);
        let same = after(Some(&first), &camera, 3, Codec::Vp8);
        assert_eq!((first.version(), same.version()), (1, 1));
        let larger = after(Some(&same), &camera, 4, Codec::Vp8);
        assert_eq!(larger.version(), 2);
        let other = after(Some(&larger), &camera, 4, Codec::H264);
        assert_eq!((other.version(), other.tracks()[0].codec.as_str()), (3, "H264"));
        let none = after(Some(&other), &BTreeSet::new(), 4, Codec::H264);
        assert_eq!(none.version(), 4);
        assert!(none.tracks().is_empty());
    }
}
