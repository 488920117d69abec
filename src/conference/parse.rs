//! From a text to a client's message, or to an error that says what to mend.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::Now;
use super::protocol::{ClientMessage, ErrorCode, ServerMessage};
use crate::ledger::Over;
use crate::limits::{Limit, Limits, Tally};
use crate::media::ids::OfferId;

/// Longest explanation sent back, in bytes. Parsers quote what they read, and that came from the client.
const EXPLANATION_BYTES: usize = 200;

/// How many fields of a wrong message are looked at to name the wrong one. No message has more than six.
const FIELDS_LOOKED_AT: usize = 16;

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

/// Only the `type` of a message: reading it copies nothing.
#[derive(Deserialize)]
struct TypeOnly<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

/// Reads one message. Sizes are judged before anything is made of it; `joined` allows the larger size of an offer.
///
/// # Errors
/// `too-large` (counted in `tally`) or `bad-message`.
pub(super) fn read(
    text: &str,
    joined: bool,
    limits: &Limits,
    tally: &mut Tally,
) -> Result<ClientMessage, Refusal> {
    let (message_bytes, offer_bytes) = (limits.get(Limit::MessageBytes), limits.get(Limit::OfferBytes));
    let mut too_large = |limit, bytes: usize| {
        tally.hit(limit);
        Err(Refusal::new(ErrorCode::TooLarge, format!("the message has more than {bytes} bytes")))
    };
    if text.len() > offer_bytes.max(message_bytes) {
        return too_large(Limit::OfferBytes, offer_bytes);
    }
    if text.len() > message_bytes && !(joined && is_offer(text)) {
        return too_large(Limit::MessageBytes, message_bytes);
    }
    if text.len() > offer_bytes && is_offer(text) {
        return too_large(Limit::OfferBytes, offer_bytes);
    }
    serde_json::from_str(text).map_err(|error| Refusal::new(ErrorCode::BadMessage, explain(text, &error)))
}

fn is_offer(text: &str) -> bool {
    serde_json::from_str::<TypeOnly>(text).is_ok_and(|message| message.kind == "offer")
}

/// Says what is wrong with `text`, naming the field. Only for texts that were not understood.
fn explain(text: &str, error: &serde_json::Error) -> String {
    let explanation = match serde_json::from_str::<Value>(text) {
        Err(error) => format!("not JSON: {error}"),
        Ok(Value::Object(fields)) if !fields.get("type").is_some_and(Value::is_string) => {
            "type: a message has a field `type` with a string".to_owned()
        }
        Ok(message @ Value::Object(_)) => wrong_field(message).unwrap_or_else(|| error.to_string()),
        Ok(_) => "a message is a JSON object".to_owned(),
    };
    shorten(explanation)
}

/// Finds the field without which the complaint is another one. A missing field and an unknown type name themselves.
fn wrong_field(mut message: Value) -> Option<String> {
    let complaint = ClientMessage::deserialize(&message).err()?.to_string();
    let names: Vec<String> = message.as_object()?.keys().take(FIELDS_LOOKED_AT).cloned().collect();
    for name in names {
        let value = message.as_object_mut()?.remove(&name)?;
        let without = ClientMessage::deserialize(&message).err().map(|error| error.to_string());
        if without.as_ref() != Some(&complaint) {
            return Some(format!("{name}: {complaint}"));
        }
        message.as_object_mut()?.insert(name, value);
    }
    Some(complaint)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        let refusal = read(text, true, &Limits::default(), &mut Tally::default()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::BadMessage, "{text}");
        refusal.message
    }

    #[test]
    fn the_complaint_names_what_to_mend() {
        for (text, named) in [
            ("{", "not JSON"),
            ("[]", "object"),
            ("{}", "type"),
            (r#"{"type":5}"#, "type"),
            (r#"{"type":"dance"}"#, "dance"),
            (r#"{"type":"join","room":"a"}"#, "`name`"),
            (r#"{"type":"join","room":5,"name":"Ann"}"#, "room:"),
            (r#"{"type":"join","room":"a","name":"Ann","token":5}"#, "token:"),
            (r#"{"type":"offer","id":-1,"fresh":true,"sdp":"","tracks":[],"slots":[]}"#, "id:"),
            (r#"{"type":"offer","id":1,"fresh":true,"sdp":"","tracks":[{}],"slots":[]}"#, "tracks:"),
            (r#"{"type":"view","tiles":[{"peer":"xyz","stream":"camera","height":1}]}"#, "tiles:"),
            (r#"{"type":"mute","stream":"camera","kind":"smell","muted":true}"#, "kind:"),
        ] {
            let complaint = complaint(text);
            assert!(complaint.contains(named), "{text}: {complaint}");
        }
    }

    #[test]
    fn the_complaint_does_not_echo_a_long_text() {
        let text =
            format!(r#"{{"type":"join","room":"a","name":"Ann","x":"{}","token":5}}"#, "ü".repeat(10_000));
        assert!(complaint(&text).len() <= EXPLANATION_BYTES + '…'.len_utf8());
    }

    #[test]
    fn only_an_offer_of_somebody_inside_may_be_large() {
        let offer = |bytes: usize| {
            let rest = r#"{"type":"offer","id":1,"fresh":true,"tracks":[],"slots":[],"sdp":""}"#;
            rest.replace(r#""sdp":"""#, &format!(r#""sdp":"{}""#, "a".repeat(bytes - rest.len())))
        };
        let limits = Limits::default();
        let verdict = |text: &str, joined| {
            let mut tally = Tally::default();
            let code = read(text, joined, &limits, &mut tally).err().map(|refusal| refusal.code);
            (code, tally.count(Limit::MessageBytes), tally.count(Limit::OfferBytes))
        };
        let large = Some(ErrorCode::TooLarge);
        assert_eq!(verdict(&offer(512 * 1024), true), (None, 0, 0));
        assert_eq!(verdict(&offer(512 * 1024 + 1), true), (large, 0, 1));
        assert_eq!(verdict(&offer(64 * 1024 + 1), false), (large, 1, 0));
        let ping = format!(r#"{{"type":"ping"{}}}"#, " ".repeat(64 * 1024));
        assert_eq!(verdict(&ping, true), (large, 1, 0));
    }
}
