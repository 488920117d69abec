//! What is said of lines: how many there are, and what is to be sent on them.

use serde::{Deserialize, Serialize};

use super::super::wire;
use crate::media::ids::{Kind, Stream};

/// How many slots a client may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotLimits {
    /// Audio+video pairs.
    pub pairs: u8,
    /// Audio slots beyond the pairs.
    pub audio_only: u8,
    /// How many video slots to have, in steps.
    pub video_steps: Vec<u8>,
}

/// The encodings to offer pictures with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encodings {
    /// A camera's, from the smallest picture to the largest.
    pub camera: Vec<PublishLayer>,
    /// A screen's.
    pub screen: Vec<PublishLayer>,
}

/// A STUN or TURN server, as `RTCPeerConnection` wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// What the server asks of one of the client's tracks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishTrack {
    /// Which stream.
    #[serde(with = "wire::StreamWord")]
    pub stream: Stream,
    /// Sound or picture.
    #[serde(with = "wire::KindWord")]
    pub kind: Kind,
    /// The codec's name as in SDP.
    pub codec: String,
    /// The encodings, from the smallest picture to the largest.
    pub layers: Vec<PublishLayer>,
}

/// One encoding of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishLayer {
    /// Its rid, absent when the track has one encoding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// Bits per second at most.
    pub max_bitrate: u32,
    /// Divides the picture's width and height; 1 for sound.
    pub scale_down: u8,
    /// Frames a second at most; absent for sound, and where the sender decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_framerate: Option<u8>,
}
