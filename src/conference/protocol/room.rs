//! What is said of a room, and of who comes in.

use serde::{Deserialize, Serialize};

use super::super::UnixTime;
use super::Topology;

/// A room, as the API and `welcome` show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomInfo {
    /// In the address of its page: lower-case letters, digits, dashes.
    pub id: String,
    /// For people.
    pub name: String,
    /// Shown on the home page.
    pub listed: bool,
    /// Kept until it is ended, also while nobody is in it.
    #[serde(default)]
    pub lasts: bool,
    /// How media travels.
    pub topology: Topology,
    /// How many people it holds at most, if that is fewer than any room may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_people: Option<usize>,
    /// How its door is kept.
    #[serde(flatten)]
    pub keeping: Keeping,
    /// When it was made.
    pub created_at: UnixTime,
    /// How many people are inside.
    pub people: usize,
    /// On this server nobody comes into any room without an access token, whatever its `access` says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pass_needed: bool,
}

/// How a room is kept: what is decided about all of it by whoever moderates, or by the application that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Keeping {
    /// Who comes in.
    pub access: Access,
    /// Nobody new comes in.
    pub locked: bool,
    /// Who may share a screen.
    pub screens: Screens,
    /// People write to each other.
    pub chat: bool,
    /// People send each other files.
    pub files: bool,
    /// What is written outlives the process.
    pub keep_chat: bool,
    /// From when on others come in than those who moderate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<UnixTime>,
    /// When it ends for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<UnixTime>,
    /// Seconds that a meeting in it takes at most, from the first who comes in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<u32>,
}

impl Default for Keeping {
    /// As a room is of which nobody decided anything.
    fn default() -> Self {
        Self {
            access: Access::default(),
            locked: false,
            screens: Screens::default(),
            chat: true,
            files: true,
            keep_chat: false,
            starts: None,
            ends: None,
            longest: None,
        }
    }
}

/// What ends at a time that was known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closes {
    /// The room: its link leads nowhere then.
    Room,
    /// The meeting: everybody is out then, and may come again.
    Meeting,
    /// This server: everybody comes back to the one that is started then.
    Server,
}

/// Who comes into a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Who has the link.
    #[default]
    Open,
    /// Who is let in by somebody who moderates.
    Lobby,
    /// Who shows an access token for it.
    Token,
}

/// Who may share a screen in a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Screens {
    /// Everybody who speaks.
    #[default]
    Everybody,
    /// Who moderates.
    Moderators,
}

/// Somebody who waits to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// By which they are admitted.
    pub knock: KnockId,
    /// Their name, as they typed it, cleaned.
    pub name: String,
    /// Since when they wait.
    pub since: UnixTime,
    /// They were banned from the room before.
    pub banned: bool,
}

/// A wish to come in: a number that is given once in the life of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnockId(pub u64);
