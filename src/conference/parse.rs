//! From a text to what a client says, or to an error that says what to mend.
//!
//! The `type` is found first, then the rest is read once, as that message. What is refused has cost no more than what is
//! accepted: nothing is read again to explain it.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::de::StrRead;

use super::grants::Action;
use super::history::ChatSeen;
use super::kind;
use super::negotiation::OfferMessage;
use super::protocol::{DirectState, FileFrame, Reaction, Topology, TroubleReport, Way, Wish};
use super::refusal::Refusal;
use super::wire;
use crate::json;
use crate::limits::{Limit, Limits, Tally};
use crate::media::ids::{Kind, PeerId, Stream, Track};
use crate::media::message::{Limitation, Tile};

/// `join`.
#[derive(Debug, Deserialize)]
pub(super) struct Join {
    /// The room's id.
    pub(super) room: String,
    /// The display name.
    pub(super) name: String,
    /// The token of the last `welcome`.
    pub(super) token: Option<String>,
    /// What whoever made the room was given.
    pub(super) secret: Option<String>,
    /// An access token.
    pub(super) pass: Option<String>,
    /// What the room was called when the page was in it.
    #[serde(rename = "roomName")]
    pub(super) room_name: Option<String>,
    /// The protocol that the page speaks.
    pub(super) protocol: Option<u32>,
    /// The person keeps their address to themselves.
    #[serde(default, rename = "hideAddress")]
    pub(super) hide_address: bool,
    /// What the page calls its browser.
    pub(super) browser: Option<String>,
    /// Who was banned asks to be let in all the same.
    #[serde(default)]
    pub(super) knock: bool,
    /// What the page has of the room's chat; a page that says nothing of it is not told what was written before.
    pub(super) chat: Option<ChatSeen>,
}

impl Join {
    /// What somebody says who comes by a standard tool: which room, and what they show.
    pub(super) fn standard(room: String, pass: Option<String>, secret: Option<String>) -> Self {
        Self {
            room,
            name: String::new(),
            token: None,
            secret,
            pass,
            room_name: None,
            protocol: None,
            hide_address: false,
            browser: None,
            knock: false,
            chat: None,
        }
    }
}

/// `view`.
#[derive(Debug, Deserialize)]
struct View {
    #[serde(with = "wire::tiles")]
    tiles: Vec<Tile>,
}

/// `mute`.
#[derive(Debug, Deserialize)]
pub(super) struct Mute {
    /// Which stream.
    #[serde(with = "wire::StreamWord")]
    pub(super) stream: Stream,
    /// Sound or picture.
    #[serde(with = "wire::KindWord")]
    pub(super) kind: Kind,
    /// Muted or not.
    pub(super) muted: bool,
}

/// `limited`.
#[derive(Debug, Deserialize)]
pub(super) struct Limited {
    /// Which picture.
    #[serde(with = "wire::StreamWord")]
    pub(super) stream: Stream,
    /// By what, or by nothing any more.
    #[serde(with = "wire::limitation")]
    pub(super) by: Option<Limitation>,
}

/// `signal`: there has to be data, and nobody looks inside.
#[derive(Debug, Deserialize)]
pub(super) struct Signal {
    #[serde(with = "wire::peer")]
    pub(super) to: PeerId,
    pub(super) epoch: Option<u64>,
    #[serde(deserialize_with = "present")]
    pub(super) data: Value,
}

/// `direct`.
#[derive(Debug, Deserialize)]
pub(super) struct Direct {
    /// Of the order under which the connection was made.
    pub(super) epoch: u64,
    /// To whom it leads.
    #[serde(default, with = "wire::some_peer")]
    pub(super) peer: Option<PeerId>,
    /// What became of it.
    pub(super) state: DirectState,
}

/// `hide-address`.
#[derive(Debug, Deserialize)]
struct HideAddress {
    hidden: bool,
}

/// `topology`.
#[derive(Debug, Deserialize)]
struct ChosenTopology {
    topology: Topology,
}

/// `file`.
#[derive(Debug, Deserialize)]
pub(super) struct FileMessage {
    /// For whom.
    #[serde(with = "wire::peer")]
    pub(super) to: PeerId,
    /// What.
    pub(super) frame: FileFrame,
}

/// A value that has to be there, be it `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Value::deserialize(deserializer)
}

/// `chat`.
#[derive(Debug, Deserialize)]
pub(super) struct Chat {
    /// By which the client knows it.
    #[serde(rename = "ref")]
    pub(super) reference: String,
    /// As it was typed.
    pub(super) text: String,
}

/// `chat-edit`.
#[derive(Debug, Deserialize)]
pub(super) struct ChatEdit {
    /// By which the client knows what it asks for.
    #[serde(rename = "ref")]
    pub(super) reference: String,
    /// Which message.
    pub(super) id: u64,
    /// As it was typed.
    pub(super) text: String,
}

/// `chat-delete`.
#[derive(Debug, Deserialize)]
pub(super) struct ChatDelete {
    /// By which the client knows what it asks for.
    #[serde(rename = "ref")]
    pub(super) reference: String,
    /// Which message.
    pub(super) id: u64,
}

/// `typing`.
#[derive(Debug, Deserialize)]
struct Typing {
    typing: bool,
}

/// `hand`.
#[derive(Debug, Deserialize)]
struct Hand {
    raised: bool,
}

/// `react`.
#[derive(Debug, Deserialize)]
struct React {
    reaction: Reaction,
}

/// `shown`.
#[derive(Debug, Deserialize)]
struct Shown {
    way: Way,
}

/// `leave`.
#[derive(Debug, Deserialize)]
struct Leave {
    #[serde(default, rename = "mayReturn")]
    may_return: bool,
}

/// `ping`.
#[derive(Debug, Deserialize)]
struct Ping {}

/// What somebody in a room says.
#[derive(Debug)]
pub(super) enum Said {
    Offer(OfferMessage),
    View(Vec<Tile>),
    Mute(Mute),
    Limited(Limited),
    Signal(Signal),
    Direct(Direct),
    HideAddress(bool),
    Topology(Topology),
    File(FileMessage),
    Chat(Chat),
    ChatEdit(ChatEdit),
    ChatDelete(ChatDelete),
    Typing(bool),
    Hand(bool),
    React(Reaction),
    Moderate(Wish),
    Trouble(Box<TroubleReport>),
    Shown(Way),
    Leave { may_return: bool },
    Ping,
}

impl Said {
    /// What is asked for by it.
    pub(super) fn action(&self) -> Action {
        match self {
            Said::Offer(offer) if offer.tracks.is_empty() => Action::Connect,
            Said::Offer(offer) if offer.slots.is_empty() => Action::Publish,
            Said::Offer(_) => Action::Exchange,
            Said::View(_) => Action::View,
            Said::Mute(Mute { muted: true, .. }) => Action::Mute,
            Said::Mute(Mute { stream, kind, .. }) => Action::Unmute(Track { stream: *stream, kind: *kind }),
            Said::Limited(_) => Action::Limited,
            Said::Signal(_) | Said::Direct(_) => Action::Signal,
            Said::File(FileMessage { frame: FileFrame::Offer { .. }, .. }) => Action::File,
            Said::File(_) => Action::Receive,
            Said::HideAddress(_) => Action::HideAddress,
            Said::Topology(_) => Action::Topology,
            Said::Chat(_) | Said::ChatEdit(_) | Said::ChatDelete(_) | Said::Typing(_) => Action::Chat,
            Said::Hand(_) => Action::Hand,
            Said::React(_) => Action::React,
            Said::Moderate(_) => Action::Moderate,
            Said::Trouble(_) | Said::Shown(_) => Action::Report,
            Said::Leave { .. } => Action::Leave,
            Said::Ping => Action::Ping,
        }
    }

    /// By which the client knows it, if it is about the chat.
    pub(super) fn reference(&self) -> Option<&str> {
        match self {
            Said::Chat(Chat { reference, .. })
            | Said::ChatEdit(ChatEdit { reference, .. })
            | Said::ChatDelete(ChatDelete { reference, .. }) => Some(reference),
            _ => None,
        }
    }
}

/// Reads a message of a socket that is in no room: only `join` is looked into.
///
/// # Errors
/// `too-large` (counted in `tally`), `not-joined` or `bad-message`.
pub(super) fn read_join(text: &str, limits: &Limits, tally: &mut Tally) -> Result<Join, Refusal> {
    let most = limits.get(Limit::MessageBytes);
    if text.len() > most {
        return Err(too_large(Limit::MessageBytes, most, tally));
    }
    match kind::find(text)? {
        kind::Kind::Join => fields(text),
        _ => Err(Refusal::NotJoined),
    }
}

/// Reads a message of a socket that is in a room. Sizes are judged before anything is made of it.
///
/// # Errors
/// `too-large` (counted in `tally`), `already-joined` or `bad-message`.
pub(super) fn read(text: &str, limits: &Limits, tally: &mut Tally) -> Result<Said, Refusal> {
    let (message_bytes, offer_bytes) = (limits.get(Limit::MessageBytes), limits.get(Limit::OfferBytes));
    if text.len() > offer_bytes.max(message_bytes) {
        return Err(too_large(Limit::OfferBytes, offer_bytes, tally));
    }
    let kind = kind::find(text);
    let (limit, most) = match kind {
        Ok(kind::Kind::Offer) => (Limit::OfferBytes, offer_bytes),
        Ok(kind::Kind::Signal) => (Limit::SignalBytes, limits.get(Limit::SignalBytes)),
        _ => (Limit::MessageBytes, message_bytes),
    };
    if text.len() > most {
        return Err(too_large(limit, most, tally));
    }
    Ok(match kind? {
        kind::Kind::Join => return Err(Refusal::AlreadyJoined),
        kind::Kind::Offer => Said::Offer(fields(text)?),
        kind::Kind::View => Said::View(fields::<View>(text)?.tiles),
        kind::Kind::Mute => Said::Mute(fields(text)?),
        kind::Kind::Limited => Said::Limited(fields(text)?),
        kind::Kind::Signal => Said::Signal(fields(text)?),
        kind::Kind::Direct => Said::Direct(fields(text)?),
        kind::Kind::HideAddress => Said::HideAddress(fields::<HideAddress>(text)?.hidden),
        kind::Kind::Topology => Said::Topology(fields::<ChosenTopology>(text)?.topology),
        kind::Kind::File => Said::File(fields(text)?),
        kind::Kind::Chat => Said::Chat(fields(text)?),
        kind::Kind::ChatEdit => Said::ChatEdit(fields(text)?),
        kind::Kind::ChatDelete => Said::ChatDelete(fields(text)?),
        kind::Kind::Typing => Said::Typing(fields::<Typing>(text)?.typing),
        kind::Kind::Hand => Said::Hand(fields::<Hand>(text)?.raised),
        kind::Kind::React => Said::React(fields::<React>(text)?.reaction),
        kind::Kind::Moderate => Said::Moderate(fields(text)?),
        kind::Kind::Trouble => Said::Trouble(fields(text)?),
        kind::Kind::Shown => Said::Shown(fields::<Shown>(text)?.way),
        kind::Kind::Leave => Said::Leave { may_return: fields::<Leave>(text)?.may_return },
        kind::Kind::Ping => fields::<Ping>(text).map(|Ping {}| Said::Ping)?,
    })
}

fn too_large(limit: Limit, most: usize, tally: &mut Tally) -> Refusal {
    tally.hit(limit);
    Refusal::TooLarge { most }
}

fn fields<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    Ok(json::read(StrRead::new(text))?)
}
