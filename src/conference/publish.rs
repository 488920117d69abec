//! What the server asks people to send: one rule, of the track and of the room's size.

use std::collections::{BTreeMap, BTreeSet};

use super::protocol::{Encodings, PublishLayer, PublishTrack};
use crate::media::codec::Codec;
use crate::media::ids::{Kind, Layer, Stream, Track};
use crate::media::ladder::{LEAN, Rule, SCREEN_RULE, camera_rule};
use crate::media::message::{Less, TrackRates};
use crate::media::units::Bitrate;

/// Speech in Opus is transparent at this rate; more is not heard.
const MICROPHONE_BITRATE: Bitrate = Bitrate::kbps(32);

/// A shared screen's sound is often music, in two channels. At this rate Opus is transparent to nearly everybody.
const SCREEN_AUDIO_BITRATE: Bitrate = Bitrate::kbps(128);

/// What is wanted less of each picture of a person; nothing of those that are not named.
pub(super) type Lesses = BTreeMap<Stream, Less>;

/// What pictures are wanted of a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// The rule for cameras.
    pub(super) camera: Rule,
    /// What they are encoded with.
    pub(super) video: Codec,
    /// What is wanted less of the camera and of the screen.
    pub(super) less: &'a Lesses,
}

/// What the server asked of one person: what the answer depends on, and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    version: u64,
    tracks: BTreeSet<Track>,
    /// The layers of the camera that are wanted at all.
    camera: Rule,
    /// What of these and of the screen's is wanted less at present.
    less: Lesses,
    video: Codec,
}

impl Published {
    /// The request for a person with `tracks`, after the request `before`. The version rises only if the request differs.
    pub(super) fn after(before: Option<&Published>, tracks: &BTreeSet<Track>, wish: &Wish<'_>) -> Published {
        let Wish { camera, video, less } = *wish;
        let asked = |(stream, less): (&Stream, &Less)| {
            let rule = rule(*stream, camera);
            let unwanted = less.layers.iter().filter(|layer| rule.iter().any(|(of, _)| of == *layer));
            let lean = less.lean && rule.iter().any(|(of, rate)| *of == Layer::Low && *rate > LEAN);
            (*stream, Less { layers: unwanted.copied().collect(), lean })
        };
        let less = less.iter().map(asked).filter(|(_, less)| *less != Less::default()).collect();
        let wanted = Published { version: 1, tracks: tracks.clone(), camera, less, video };
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

    /// What may be sent, for the worker: also what nobody takes. Whoever sends that all the same costs their own uplink, and a layer
    /// that begins again may come before its publisher was asked for it.
    pub(super) fn rates(&self) -> Vec<TrackRates> {
        let rates = |track: &Track| {
            let layers = request(*track, self.camera, self.video).layers.into_iter().map(|layer| {
                let of = layer.rid.as_deref().and_then(Layer::of_rid).unwrap_or(Layer::High);
                (of, Bitrate::bps(layer.max_bitrate.into()))
            });
            TrackRates { track: *track, layers: layers.collect() }
        };
        self.tracks.iter().map(rates).collect()
    }

    /// The request itself.
    pub(super) fn tracks(&self) -> Vec<PublishTrack> {
        let wanted = |track: &Track| {
            let mut asked = request(*track, self.camera, self.video);
            if let Some(less) = self.less.get(&track.stream).filter(|_| track.kind == Kind::Video) {
                let layer_of = |asked: &PublishLayer| asked.rid.as_deref().and_then(Layer::of_rid);
                asked.layers.retain(|asked| layer_of(asked).is_none_or(|of| !less.layers.contains(&of)));
                for low in asked.layers.iter_mut().filter(|asked| layer_of(asked) == Some(Layer::Low)) {
                    if less.lean {
                        low.max_bitrate = low.max_bitrate.min(bits(LEAN));
                    }
                }
            }
            asked
        };
        self.tracks.iter().map(wanted).collect()
    }
}

/// The layers of a picture.
fn rule(stream: Stream, camera: Rule) -> Rule {
    match stream {
        Stream::Camera => camera,
        Stream::Screen => SCREEN_RULE,
    }
}

fn request(track: Track, camera: Rule, video: Codec) -> PublishTrack {
    let one =
        |rate| vec![PublishLayer { rid: None, max_bitrate: bits(rate), scale_down: 1, max_framerate: None }];
    let (codec, layers) = match (track.stream, track.kind) {
        (Stream::Camera, Kind::Audio) => (Codec::Opus, one(MICROPHONE_BITRATE)),
        (Stream::Screen, Kind::Audio) => (Codec::Opus, one(SCREEN_AUDIO_BITRATE)),
        (Stream::Camera, Kind::Video) => (video, camera.iter().map(|layer| camera_layer(*layer)).collect()),
        (Stream::Screen, Kind::Video) => (video, screen_layers()),
    };
    PublishTrack { stream: track.stream, kind: track.kind, codec: codec.name().to_owned(), layers }
}

/// How pictures are to be offered in a room of so many people. A camera has every layer there is: a line cannot have another
/// one later, and a smaller room asks for it.
pub(super) fn encodings(people: usize) -> Encodings {
    let asked = |layer: Layer| camera_rule(people).iter().find(|(of, _)| *of == layer);
    let in_all = |layer: Layer| camera_rule(1).iter().find(|(of, _)| *of == layer);
    let camera = Layer::ALL.into_iter().filter_map(|layer| asked(layer).or_else(|| in_all(layer)));
    Encodings { camera: camera.map(|layer| camera_layer(*layer)).collect(), screen: screen_layers() }
}

fn screen_layers() -> Vec<PublishLayer> {
    // Text or motion is the sharer's choice, and so the frames.
    SCREEN_RULE.iter().map(|layer| PublishLayer { max_framerate: None, ..camera_layer(*layer) }).collect()
}

fn camera_layer((layer, rate): (Layer, Bitrate)) -> PublishLayer {
    let rid = Some(layer.rid().to_owned());
    let max_framerate = Some(frame_rate(layer));
    PublishLayer { rid, max_bitrate: bits(rate), scale_down: layer.scale_down(), max_framerate }
}

/// Frames a second of a camera's layer. The smallest picture is for small tiles and thin lines: there every bit is better spent
/// on a sharper face than on a smoother one.
fn frame_rate(layer: Layer) -> u8 {
    match layer {
        Layer::Low => 15,
        Layer::Middle | Layer::High => 30,
    }
}

/// Bits a second, as signaling has them.
fn bits(rate: Bitrate) -> u32 {
    u32::try_from(rate.as_bps()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn the_documented_rates_are_those_asked_for() {
        const DOCUMENT: &str = include_str!("../../docs/protocol.md");
        for (people, step) in [(3, "1 to 3"), (6, "4 to 6"), (12, "7 to 12"), (13, "13 and more")] {
            let rate = |layer| {
                camera_rule(people).iter().find(|(of, _)| *of == layer).map(|(_, rate)| rate.as_bps())
            };
            let cells = Layer::ALL.map(|layer| rate(layer).map_or(" |".into(), |rate| format!(" {rate} |")));
            let row = format!("\n| {step} |{}\n", cells.concat());
            assert!(DOCUMENT.contains(&row), "there is no row {row}");
        }
    }

    fn wish(people: usize, video: Codec, less: &Lesses) -> Wish<'_> {
        Wish { camera: camera_rule(people), video, less }
    }

    fn not_sent(layers: &[Layer]) -> Lesses {
        Lesses::from([(Stream::Camera, Less { layers: layers.to_vec(), lean: false })])
    }

    #[test]
    fn the_smallest_picture_alone_is_leaner_for_whoever_has_a_thin_line() {
        let tracks = BTreeSet::from([Track { stream: Stream::Camera, kind: Kind::Video }]);
        let asked = |people, lean| {
            let before = Published::after(None, &tracks, &wish(people, Codec::Vp8, &Lesses::default()));
            let less = Lesses::from([(Stream::Camera, Less { lean, ..Less::default() })]);
            let after = Published::after(Some(&before), &tracks, &wish(people, Codec::Vp8, &less));
            assert_eq!(after.rates(), before.rates(), "what is on its way is not held against anybody");
            let tracks = after.tracks();
            let rates = tracks[0].layers.iter().map(|layer| u64::from(layer.max_bitrate));
            (rates.collect::<Vec<_>>(), after.version())
        };
        let (usual, _) = asked(3, false);
        let (lean, version) = asked(3, true);
        assert_eq!((lean[0], &lean[1..], version), (LEAN.as_bps(), &usual[1..], 2));
        assert_eq!(asked(13, true), asked(13, false), "large rooms ask for no more as it is");
    }

    #[test]
    fn what_nobody_takes_of_a_camera_is_not_asked_for_and_may_be_sent() {
        let all = [Kind::Audio, Kind::Video].map(|kind| Track { stream: Stream::Camera, kind });
        let tracks = BTreeSet::from(all);
        let asked = |unwanted: &[Layer], people| {
            let before = Published::after(None, &tracks, &wish(people, Codec::Vp8, &Lesses::default()));
            let after =
                Published::after(Some(&before), &tracks, &wish(people, Codec::Vp8, &not_sent(unwanted)));
            assert_eq!(after.rates(), before.rates());
            let [sound, picture] = &after.tracks()[..] else { panic!("two tracks") };
            assert_eq!(sound.layers.len(), 1);
            let rids = picture.layers.iter().filter_map(|layer| layer.rid.clone()).collect::<Vec<_>>();
            (rids.concat(), after.version())
        };
        assert_eq!(asked(&[], 3), ("qhf".into(), 1));
        assert_eq!(asked(&[Layer::Middle], 3), ("qf".into(), 2));
        assert_eq!(asked(&[Layer::High], 9), ("qh".into(), 1), "what is not asked for is nobody's wish");
        assert_eq!(asked(&Layer::ALL, 3), (String::new(), 2));
    }

    #[test]
    fn what_nobody_takes_of_a_screen_is_left_out_of_it_and_of_nothing_else() {
        let tracks = BTreeSet::from(
            [Stream::Camera, Stream::Screen].map(|stream| Track { stream, kind: Kind::Video }),
        );
        let half = Less { layers: vec![Layer::Middle, Layer::Low], lean: true };
        let less = Lesses::from([(Stream::Screen, half), (Stream::Camera, Less::default())]);
        let published = Published::after(None, &tracks, &wish(2, Codec::Vp8, &less));
        let rids = |track: &PublishTrack| {
            let rids = track.layers.iter().map(|layer| layer.rid.clone().unwrap_or_default());
            rids.collect::<String>()
        };
        let asked: Vec<String> = published.tracks().iter().map(rids).collect();
        assert_eq!(asked, ["qhf", "f"], "of the camera, and of the screen");
        let known = Published::after(Some(&published), &tracks, &wish(2, Codec::Vp8, &less));
        assert_eq!(known.version(), 1);
        let all = Published::after(Some(&published), &tracks, &wish(2, Codec::Vp8, &Lesses::default()));
        assert_eq!(all.version(), 2);
    }

    #[test]
    fn the_version_rises_only_when_the_request_differs() {
        let camera = BTreeSet::from([Track { stream: Stream::Camera, kind: Kind::Video }]);
        let after = |before, tracks, people, video| {
            Published::after(before, tracks, &wish(people, video, &Lesses::default()))
        };
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
