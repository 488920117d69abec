//! Finds the `type` of a message without reading the rest of it, and without copying.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use thiserror::Error;

/// Longest unknown `type` that is quoted, in characters.
const QUOTED_CHARS: usize = 40;

/// The messages a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Join,
    Offer,
    View,
    Mute,
    Limited,
    Signal,
    Direct,
    HideAddress,
    Topology,
    File,
    Chat,
    ChatEdit,
    ChatDelete,
    Typing,
    Hand,
    React,
    Moderate,
    Trouble,
    Shown,
    Leave,
    Ping,
}

impl Kind {
    /// All there are, by the names they have on the wire.
    pub(super) const ALL: [(&'static str, Kind); 21] = [
        ("join", Kind::Join),
        ("offer", Kind::Offer),
        ("view", Kind::View),
        ("mute", Kind::Mute),
        ("limited", Kind::Limited),
        ("signal", Kind::Signal),
        ("direct", Kind::Direct),
        ("hide-address", Kind::HideAddress),
        ("topology", Kind::Topology),
        ("file", Kind::File),
        ("chat", Kind::Chat),
        ("chat-edit", Kind::ChatEdit),
        ("chat-delete", Kind::ChatDelete),
        ("typing", Kind::Typing),
        ("hand", Kind::Hand),
        ("react", Kind::React),
        ("moderate", Kind::Moderate),
        ("trouble", Kind::Trouble),
        ("shown", Kind::Shown),
        ("leave", Kind::Leave),
        ("ping", Kind::Ping),
    ];

    fn names() -> String {
        Kind::ALL.map(|(known, _)| format!("`{known}`")).join(", ")
    }
}

/// Why a text is no message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum KindError {
    /// There is no message of this type.
    #[error("type: unknown type `{0}`, expected one of {known}", known = Kind::names())]
    Unknown(String),
    /// There is no type, or it is no string.
    #[error("type: a message has a field `type` with a string")]
    Missing,
    /// It is JSON, and no object.
    #[error("a message is a JSON object")]
    NoObject,
    /// It is no JSON: says where.
    #[error("not JSON: {0}")]
    NotJson(String),
}

/// The type of the message in `text`. What comes after it is not looked at: whoever reads on finds it if it is wrong.
///
/// # Errors
/// [`KindError`] says why it has none.
pub(super) fn find(text: &str) -> Result<Kind, KindError> {
    let mut found = Found::Nothing;
    let mut json = serde_json::Deserializer::from_str(text);
    let outcome = json.deserialize_map(Fields(&mut found));
    match (found, outcome) {
        (Found::Kind(kind), _) => Ok(kind),
        (Found::Unknown(name), _) => Err(KindError::Unknown(name)),
        (_, Err(error)) if error.classify() != Category::Data => Err(KindError::NotJson(error.to_string())),
        (Found::Nothing, Err(_)) => Err(KindError::NoObject),
        (Found::Nothing | Found::Object, _) => Err(KindError::Missing),
    }
}

/// What is known of the message. It is kept aside: the reader is left in the middle of the text.
enum Found {
    Nothing,
    /// That it is an object.
    Object,
    Kind(Kind),
    Unknown(String),
}

struct Fields<'a>(&'a mut Found);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        *self.0 = Found::Object;
        while let Some(IsType(is_type)) = fields.next_key()? {
            if is_type {
                let Name(found) = fields.next_value()?;
                *self.0 = found;
                return Ok(());
            }
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Whether the name of a field is `type`.
struct IsType(bool);

impl<'de> Deserialize<'de> for IsType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl Visitor<'_> for Look {
            type Value = IsType;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<IsType, E> {
                Ok(IsType(name == "type"))
            }
        }
        deserializer.deserialize_str(Look)
    }
}

/// The value of `type`.
struct Name(Found);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Look;
        impl Visitor<'_> for Look {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a message")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Name, E> {
                let known = Kind::ALL.into_iter().find(|(known, _)| *known == name);
                let unknown = || Found::Unknown(name.chars().take(QUOTED_CHARS).collect());
                Ok(Name(known.map_or_else(unknown, |(_, kind)| Found::Kind(kind))))
            }
        }
        deserializer.deserialize_str(Look)
    }
}
