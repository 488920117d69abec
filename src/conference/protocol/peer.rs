//! What is said of the people of a room.

use serde::{Deserialize, Serialize};

use super::super::grants::Role;
use super::super::wire;
use crate::media::ids::{PeerId, Stream};

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerInfo {
    /// Who.
    #[serde(with = "wire::peer")]
    pub id: PeerId,
    /// Their name.
    pub name: String,
    /// Whether the server hears them.
    pub state: Presence,
    /// What they are in the room.
    #[serde(default)]
    pub role: Role,
    /// Their hand is raised; a smaller number was raised earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand: Option<u64>,
    /// By what they came.
    #[serde(default, skip_serializing_if = "Client::is_page")]
    pub client: Client,
    /// What they publish, in the order camera, screen. Empty before the first answer.
    pub streams: Vec<StreamInfo>,
}

/// By what a person came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    /// By the page, or another client that speaks this protocol.
    #[default]
    Page,
    /// By a tool that publishes (RFC 9725).
    Whip,
    /// By one that watches (draft-ietf-wish-whep).
    Whep,
}

impl Client {
    /// Whether they came by the page.
    #[must_use]
    pub fn is_page(&self) -> bool {
        *self == Client::Page
    }
}

/// Whether the server hears a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// Yes.
    Here,
    /// No media came for a while, or none yet: they cannot be seen or heard at present, whatever their socket does.
    NoMedia,
    /// Neither socket nor media for a while; they leave soon unless they come back.
    Reconnecting,
}

/// One stream of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamInfo {
    /// Camera or screen.
    #[serde(with = "wire::StreamWord")]
    pub stream: Stream,
    /// Its sound, if it has a line for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<TrackInfo>,
    /// Its picture, if it has a line for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<TrackInfo>,
}

/// One track of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackInfo {
    /// Nothing is sent on it, by the person's will.
    pub muted: bool,
}
