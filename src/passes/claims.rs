//! What a token says, as `docs/tokens.md` has it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Characters of a room's id, or of what it begins with, at most.
const ROOM_CHARS: usize = 128;

/// Everything in a token that is looked at. Times are in seconds since 1970; others may write them with a fraction (RFC 7519, 2).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// For which servers it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// From when on it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<f64>,
    /// Until when. One that does not say is not good.
    pub exp: Option<f64>,
    /// Which one it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// What they are called; without it they say themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they may.
    #[serde(default)]
    pub plenary: Rights,
}

/// One server, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    /// Whether this server is among them.
    pub(super) fn names(&self, server: &str) -> bool {
        match self {
            Self::One(one) => one == server,
            Self::Several(all) => all.iter().any(|one| one == server),
        }
    }
}

/// What a token lets somebody do. A field that there is not is an error: what was to be forbidden is not allowed by a slip of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a right of its own")]
pub struct Rights {
    /// Where; nowhere if it does not say, but a room may be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomPattern>,
    /// Comes in.
    pub join: bool,
    /// Is heard, is seen, shares a screen: all of it if it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish: Option<Vec<Source>>,
    /// Sees and hears others.
    pub subscribe: bool,
    /// Writes to everybody.
    pub chat: bool,
    /// Sends files.
    pub files: bool,
    /// Is a moderator.
    pub moderate: bool,
    /// Makes rooms.
    pub create: bool,
    /// Is an owner.
    pub admin: bool,
}

impl Default for Rights {
    /// Those of a guest.
    fn default() -> Self {
        Self {
            room: None,
            join: true,
            publish: None,
            subscribe: true,
            chat: true,
            files: true,
            moderate: false,
            create: false,
            admin: false,
        }
    }
}

impl Rights {
    /// Whether this may be published.
    #[must_use]
    pub fn publishes(&self, source: Source) -> bool {
        self.publish.as_ref().is_none_or(|sources| sources.contains(&source))
    }
}

/// Something that somebody sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A voice.
    Microphone,
    /// A picture of them.
    Camera,
    /// A screen, and its sound.
    Screen,
}

impl Source {
    /// All there are.
    pub const ALL: [Source; 3] = [Source::Microphone, Source::Camera, Source::Screen];
}

impl FromStr for Source {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Source, &'static str> {
        match text {
            "microphone" => Ok(Source::Microphone),
            "camera" => Ok(Source::Camera),
            "screen" => Ok(Source::Screen),
            _ => Err("none of microphone, camera and screen"),
        }
    }
}

/// A room's id, or what ids begin with and a `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomPattern {
    begins: String,
    whole: bool,
}

impl RoomPattern {
    /// Whether the room with this id is one of these.
    #[must_use]
    pub fn fits(&self, room: &str) -> bool {
        if self.whole { room == self.begins } else { room.starts_with(&self.begins) }
    }

    /// The id, if it is one room's.
    #[must_use]
    pub fn room(&self) -> Option<&str> {
        self.whole.then_some(self.begins.as_str())
    }
}

impl FromStr for RoomPattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<RoomPattern, &'static str> {
        let (begins, whole) = text.strip_suffix('*').map_or((text, true), |begins| (begins, false));
        let of_id = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let is_empty = whole && begins.is_empty();
        if is_empty || begins.len() > ROOM_CHARS || !begins.bytes().all(of_id) {
            return Err("no id of a room (a-z, 0-9, dashes), nor what ids begin with and a * at its end");
        }
        Ok(RoomPattern { begins: begins.to_owned(), whole })
    }
}

impl TryFrom<String> for RoomPattern {
    type Error = &'static str;

    fn try_from(text: String) -> Result<RoomPattern, &'static str> {
        text.parse()
    }
}

impl From<RoomPattern> for String {
    fn from(pattern: RoomPattern) -> String {
        pattern.to_string()
    }
}

impl fmt::Display for RoomPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.begins, if self.whole { "" } else { "*" })
    }
}
