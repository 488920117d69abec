//! How the vocabulary of `media` is written in signaling. What the packets' side calls things may change without any client
//! noticing; what is written here may not, and `docs/protocol.md` is checked against it.
//!
//! A name in a message says `#[serde(with = "wire::...")]`: its Rust type is the one of `media`, its form is the one below.
//! A type of `media` that gains a case or a field does not compile until it has a form.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::media::ids::{Kind, Layer, OfferId, PeerId, SlotIndex, Stream, StreamId};
use crate::media::message::{
    AudioSlot, Blocked, Limitation, Reason, SlotLine, SlotTable, Tile, TrackLine, VideoSlot,
};
use crate::media::units::Bitrate;

/// Who is what in a room, as a store keeps it: by peer.
pub(super) mod roles {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::super::grants::Role;
    use crate::media::ids::PeerId;

    pub fn serialize<S: Serializer>(roles: &BTreeMap<PeerId, Role>, to: S) -> Result<S::Ok, S::Error> {
        let named: BTreeMap<String, Role> =
            roles.iter().map(|(peer, role)| (peer.to_string(), *role)).collect();
        named.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<PeerId, Role>, D::Error> {
        let named = BTreeMap::<String, Role>::deserialize(from)?;
        named.into_iter().map(|(peer, role)| Ok((peer.parse().map_err(D::Error::custom)?, role))).collect()
    }
}

/// Sixteen hexadecimal digits: JavaScript's numbers do not hold 64 bits.
pub(super) mod peer {
    use super::{Cow, Deserialize, Deserializer, Display, FromStr, PeerId, Serializer};

    pub fn serialize<S: Serializer>(id: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PeerId, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        PeerId::from_str(&text).map_err(serde::de::Error::custom)
    }
}

/// A number.
#[derive(Serialize, Deserialize)]
#[serde(remote = "OfferId", transparent)]
pub(super) struct Offer(u32);

/// A number within its kind.
#[derive(Serialize, Deserialize)]
#[serde(remote = "SlotIndex", transparent)]
struct Slot(u8);

/// A word.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Kind", rename_all = "kebab-case")]
pub(super) enum KindWord {
    Audio,
    Video,
}

/// A word.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Stream", rename_all = "kebab-case")]
pub(super) enum StreamWord {
    Camera,
    Screen,
}

/// A word.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Blocked", rename_all = "kebab-case")]
enum BlockedWord {
    Codec,
}

/// A layer's rid.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Layer")]
enum LayerWord {
    #[serde(rename = "q")]
    Low,
    #[serde(rename = "h")]
    Middle,
    #[serde(rename = "f")]
    High,
}

/// A word.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Reason", rename_all = "kebab-case")]
enum ReasonWord {
    Full,
    TileSize,
    YourDownlink,
    TheirUplink,
    TheirDevice,
    Codec,
    OffScreen,
    AudioOnly,
}

/// A word, as browsers have it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Limitation")]
enum LimitationWord {
    #[serde(rename = "bandwidth")]
    Bandwidth,
    #[serde(rename = "cpu")]
    Processor,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TrackLine")]
struct TrackLineObject {
    mid: String,
    #[serde(with = "StreamWord")]
    stream: Stream,
    #[serde(with = "KindWord")]
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SlotLine")]
struct SlotLineObject {
    mid: String,
    #[serde(with = "KindWord")]
    kind: Kind,
    #[serde(with = "Slot")]
    slot: SlotIndex,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Tile")]
struct TileObject {
    #[serde(with = "peer")]
    peer: PeerId,
    #[serde(with = "StreamWord")]
    stream: Stream,
    height: u16,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StreamId")]
struct StreamIdObject {
    #[serde(with = "peer")]
    peer: PeerId,
    #[serde(with = "StreamWord")]
    stream: Stream,
}

/// What is there, or nothing at all.
macro_rules! option {
    ($visible:vis $name:ident: $value:ty as $form:literal) => {
        $visible mod $name {
            use super::*;

            #[derive(Clone, Copy, Serialize, Deserialize)]
            #[serde(transparent)]
            struct Form(#[serde(with = $form)] $value);

            #[expect(clippy::ref_option, reason = "serde calls it so")]
            pub fn serialize<S: Serializer>(value: &Option<$value>, serializer: S) -> Result<S::Ok, S::Error> {
                value.map(Form).serialize(serializer)
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$value>, D::Error> {
                Ok(Option::<Form>::deserialize(deserializer)?.map(|form| form.0))
            }
        }
    };
}

option!(pub(super) offer: OfferId as "Offer");
option!(pub(super) limitation: Limitation as "LimitationWord");
option!(pub(super) some_peer: PeerId as "peer");
option!(blocked: Blocked as "BlockedWord");
option!(layer: Layer as "LayerWord");
option!(reason: Reason as "ReasonWord");
option!(stream_of: StreamId as "StreamIdObject");

#[derive(Serialize, Deserialize)]
#[serde(remote = "VideoSlot")]
struct VideoSlotObject {
    #[serde(with = "Slot")]
    slot: SlotIndex,
    #[serde(flatten, default, skip_serializing_if = "Option::is_none", with = "stream_of")]
    shows: Option<StreamId>,
    since: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "blocked")]
    blocked: Option<Blocked>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "layer")]
    layer: Option<Layer>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "reason")]
    reason: Option<Reason>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AudioSlot")]
struct AudioSlotObject {
    #[serde(with = "Slot")]
    slot: SlotIndex,
    #[serde(flatten, default, skip_serializing_if = "Option::is_none", with = "stream_of")]
    plays: Option<StreamId>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SlotTable")]
pub(super) struct Slots {
    #[serde(with = "video_slots")]
    video: Vec<VideoSlot>,
    #[serde(with = "audio_slots")]
    audio: Vec<AudioSlot>,
    #[serde(skip)]
    downlink: Option<Bitrate>,
}

/// A list.
macro_rules! list {
    ($visible:vis $name:ident: $item:ty as $form:literal) => {
        $visible mod $name {
            use super::*;

            #[derive(Serialize, Deserialize)]
            #[serde(transparent)]
            struct Form(#[serde(with = $form)] $item);

            pub fn serialize<S: Serializer>(items: &[$item], serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(items.iter().cloned().map(Form))
            }

            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<$item>, D::Error> {
                Ok(Vec::<Form>::deserialize(deserializer)?.into_iter().map(|form| form.0).collect())
            }
        }
    };
}

list!(pub(super) track_lines: TrackLine as "TrackLineObject");
list!(pub(super) slot_lines: SlotLine as "SlotLineObject");
list!(pub(super) tiles: Tile as "TileObject");
list!(pub(super) video_slots: VideoSlot as "VideoSlotObject");
list!(audio_slots: AudioSlot as "AudioSlotObject");
