//! From a text to what a client says, or to an error that says what to mend.
//!
//! The `type` is found first, then the rest is read once, as that message. What is refused has cost no more than what is
//! accepted: nothing is read again to explain it.

mod kind;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::de::StrRead;

use super::negotiation::OfferMessage;
use super::protocol::{ErrorCode, ServerMessage};
use super::{Now, wire};
use crate::json;
use crate::ledger::Over;
use crate::limits::{Limit, Limits, Tally};
use crate::media::ids::{Kind, OfferId, PeerId, Stream};
use crate::media::message::Tile;

/// Longest explanation sent back, in bytes. Parsers quote what they read, and that came from the client.
const EXPLANATION_BYTES: usize = 200;

/// Why a message was not done: becomes an `error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    code: ErrorCode,
    message: String,
    rebuild: bool,
    offer: Option<OfferId>,
}

impl Refusal {
    /// An error that changes nothing.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), rebuild: false, offer: None }
    }

    /// An error after which the client's connection must be built anew.
    pub(super) fn rebuild(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), rebuild: true, offer: None }
    }

    /// `offer-refused`: the connection must be built anew.
    pub(super) fn offer(id: OfferId, why: impl Into<String>) -> Self {
        Self { offer: Some(id), ..Self::rebuild(ErrorCode::OfferRefused, why) }
    }

    /// There is not as much as was asked for: `busy` if nobody gets more, `rate-limited` if others would.
    pub(super) fn over(now: Now, over: Over) -> Self {
        let after = over.retry_after(now.instant);
        let (code, why) = match over {
            Over::Whole(_) => (ErrorCode::Busy, "the server has no place for more"),
            Over::Address(_) => (ErrorCode::RateLimited, "your address has as much as one may have"),
            Over::Rate(..) => (ErrorCode::RateLimited, "too much was asked from your address just now"),
        };
        Self::new(code, format!("{why}; try again in {after} s"))
    }

    /// What it says, for programs.
    pub(super) fn code(&self) -> ErrorCode {
        self.code
    }

    /// The `error` message.
    pub(super) fn into_message(self) -> ServerMessage {
        let Self { code, message, rebuild, offer } = self;
        ServerMessage::Error { code, message, rebuild, offer }
    }
}

/// `join`.
#[derive(Debug, Deserialize)]
pub(super) struct Join {
    /// The room's id.
    pub(super) room: String,
    /// The display name.
    pub(super) name: String,
    /// The token of the last `welcome`.
    pub(super) token: Option<String>,
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

/// `signal`: there has to be data, and nobody looks inside.
#[derive(Debug, Deserialize)]
struct Signal {
    #[serde(with = "wire::peer")]
    to: PeerId,
    #[serde(rename = "data")]
    _data: IgnoredAny,
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
    Signal(PeerId),
    Leave { may_return: bool },
    Ping,
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
    match find_kind(text)? {
        kind::Kind::Join => fields(text),
        _ => Err(Refusal::new(ErrorCode::NotJoined, "the first message is `join`")),
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
    let kind = find_kind(text);
    let (limit, most) = match kind {
        Ok(kind::Kind::Offer) => (Limit::OfferBytes, offer_bytes),
        _ => (Limit::MessageBytes, message_bytes),
    };
    if text.len() > most {
        return Err(too_large(limit, most, tally));
    }
    Ok(match kind? {
        kind::Kind::Join => {
            let why = "this socket is in a room already; leave it first";
            return Err(Refusal::new(ErrorCode::AlreadyJoined, why));
        }
        kind::Kind::Offer => Said::Offer(fields(text)?),
        kind::Kind::View => Said::View(fields::<View>(text)?.tiles),
        kind::Kind::Mute => Said::Mute(fields(text)?),
        kind::Kind::Signal => Said::Signal(fields::<Signal>(text)?.to),
        kind::Kind::Leave => Said::Leave { may_return: fields::<Leave>(text)?.may_return },
        kind::Kind::Ping => fields::<Ping>(text).map(|Ping {}| Said::Ping)?,
    })
}

fn too_large(limit: Limit, most: usize, tally: &mut Tally) -> Refusal {
    tally.hit(limit);
    Refusal::new(ErrorCode::TooLarge, format!("the message has more than {most} bytes"))
}

fn find_kind(text: &str) -> Result<kind::Kind, Refusal> {
    kind::find(text).map_err(bad_message)
}

fn fields<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    json::read(StrRead::new(text)).map_err(bad_message)
}

fn bad_message(why: String) -> Refusal {
    Refusal::new(ErrorCode::BadMessage, shorten(why))
}

fn shorten(mut explanation: String) -> String {
    if explanation.len() > EXPLANATION_BYTES {
        let mut end = EXPLANATION_BYTES;
        while !explanation.is_char_boundary(end) {
            end -= 1;
        }
        explanation.truncate(end);
        explanation.push('…');
    }
    explanation
}
