//! What the server asks people to send: one rule, of the track and of the room's size.

use std::collections::BTreeSet;

use super::protocol::{PublishLayer, PublishTrack};
use crate::media::ids::{Kind, Stream, Track};

/// Speech in Opus is transparent at this rate; more is not heard.
const MICROPHONE_BITRATE: u32 = 32_000;

/// A shared screen's sound is often music.
const SCREEN_AUDIO_BITRATE: u32 = 64_000;

/// Text at 1080p and a few frames per second stays sharp.
const SCREEN_BITRATE: u32 = 2_500_000;

/// What a camera sends in a room of some size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CameraRule {
    /// Bits per second at most.
    pub(super) max_bitrate: u32,
    /// Divides width and height.
    pub(super) scale_down: u8,
}

/// The rule for a room of `people`. Everybody receives everybody's one layer, and a home connection takes about
/// 6 Mbit/s: the largest room of each step (3, 6 and 12 people, then 25 slots) needs 3 to 6 Mbit/s down.
pub(super) fn camera_rule(people: usize) -> CameraRule {
    let (max_bitrate, scale_down) = match people {
        0..=3 => (1_500_000, 1),
        4..=6 => (900_000, 1),
        7..=12 => (500_000, 1),
        _ => (250_000, 2),
    };
    CameraRule { max_bitrate, scale_down }
}

/// What the server asked of one person: what the answer depends on, and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    version: u64,
    tracks: BTreeSet<Track>,
    camera: CameraRule,
}

impl Published {
    /// The request for a person with `tracks` in a room with the rule `camera`, after the request `before`. The version
    /// rises only if the request differs.
    pub(super) fn after(
        before: Option<&Published>,
        tracks: &BTreeSet<Track>,
        camera: CameraRule,
    ) -> Published {
        let version = match before {
            Some(before) if before.tracks == *tracks && before.camera == camera => before.version,
            Some(before) => before.version + 1,
            None => 1,
        };
        Published { version, tracks: tracks.clone(), camera }
    }

    /// Increases with every change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The request itself.
    pub(super) fn tracks(&self) -> Vec<PublishTrack> {
        self.tracks.iter().map(|track| request(*track, self.camera)).collect()
    }
}

fn request(track: Track, camera: CameraRule) -> PublishTrack {
    let (codec, max_bitrate, scale_down) = match (track.stream, track.kind) {
        (Stream::Camera, Kind::Audio) => ("opus", MICROPHONE_BITRATE, 1),
        (Stream::Screen, Kind::Audio) => ("opus", SCREEN_AUDIO_BITRATE, 1),
        (Stream::Camera, Kind::Video) => ("VP8", camera.max_bitrate, camera.scale_down),
        (Stream::Screen, Kind::Video) => ("VP8", SCREEN_BITRATE, 1),
    };
    PublishTrack {
        stream: track.stream,
        kind: track.kind,
        codec: codec.to_owned(),
        layers: vec![PublishLayer { rid: None, max_bitrate, scale_down }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_sends_less_the_more_people_there_are() {
        let rates: Vec<_> =
            [1, 3, 4, 6, 7, 12, 13, 300].map(|people| camera_rule(people).max_bitrate).to_vec();
        assert_eq!(rates, [1_500_000, 1_500_000, 900_000, 900_000, 500_000, 500_000, 250_000, 250_000]);
        assert_eq!(camera_rule(12).scale_down, 1);
        assert_eq!(camera_rule(13).scale_down, 2);
    }

    #[test]
    fn the_version_rises_only_when_the_request_differs() {
        let camera = BTreeSet::from([Track { stream: Stream::Camera, kind: Kind::Video }]);
        let first = Published::after(None, &camera, camera_rule(2));
        let same = Published::after(Some(&first), &camera, camera_rule(3));
        assert_eq!(same.version(), first.version());
        let larger = Published::after(Some(&same), &camera, camera_rule(4));
        assert_eq!(larger.version(), first.version() + 1);
        let none = Published::after(Some(&larger), &BTreeSet::new(), camera_rule(4));
        assert_eq!(none.version(), first.version() + 2);
        assert!(none.tracks().is_empty());
    }
}
