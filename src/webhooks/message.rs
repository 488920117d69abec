//! What is sent, and how it is signed: Standard Webhooks 1.0.0, for whose signatures there are libraries in many languages.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::conference::{Event, Happened, UnixTime};

/// Bytes of a secret at least and at most (the specification, "Signature scheme": 192 to 512 bits).
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What a receiver knows the server by: a key that both have.
pub struct HookSecret(hmac::Key);

/// A text is no secret for webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("write whsec_ and 24 to 64 random bytes in base64: printf 'whsec_%s' \"$(openssl rand -base64 32)\"")]
pub struct NoSecret;

impl HookSecret {
    /// Reads a secret as the specification writes it: `whsec_`, and its bytes in base64.
    ///
    /// # Errors
    /// [`NoSecret`] if it is written differently, or too short to be one.
    pub fn read(text: &str) -> Result<HookSecret, NoSecret> {
        let bytes = text.trim().strip_prefix("whsec_").and_then(|rest| BASE64.decode(rest.as_bytes()).ok());
        let bytes = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len())).ok_or(NoSecret)?;
        Ok(HookSecret(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of `webhook-signature` for a request: of this id, at this time in seconds since 1970.
    pub(super) fn sign(&self, id: &str, at: u64, body: &[u8]) -> String {
        let mut signed = hmac::Context::with_key(&self.0);
        signed.update(format!("{id}.{at}.").as_bytes());
        signed.update(body);
        format!("v1,{}", BASE64.encode(signed.sign().as_ref()))
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookSecret")
    }
}

/// One event, as receivers get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Note {
    /// Which: the same whenever it is sent, and no other has it.
    pub id: String,
    /// When it happened, in milliseconds since 1970.
    pub at: UnixTime,
    #[serde(serialize_with = "kind")]
    what: Happened,
    /// The room's id, which is its link.
    room: String,
    /// What the log calls the room.
    mark: String,
    /// Who, if it is about somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    /// What they call themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Note {
    pub fn of(event: &Event, id: String, at: UnixTime) -> Note {
        Note {
            id,
            at,
            what: event.what,
            room: event.room.clone(),
            mark: event.mark.clone(),
            peer: event.peer.map(|peer| peer.to_string()),
            name: event.name.clone(),
        }
    }
}

/// One word, as kinds of events are written elsewhere: what, and then what became of it.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn kind<S: Serializer>(what: &Happened, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match what {
        Happened::RoomMade => "room.made",
        Happened::RoomEnded => "room.ended",
        Happened::Joined => "person.joined",
        Happened::Left => "person.left",
    })
}

/// What is sent at once.
#[derive(Debug, Serialize)]
struct Body<'a> {
    r#type: &'static str,
    /// When the first of them happened.
    timestamp: String,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    events: &'a [Arc<Note>],
}

/// The id and the body of a request that tells `notes`: the same whenever it is made.
pub(super) fn request(notes: &[Arc<Note>]) -> (String, Vec<u8>) {
    let (Some(first), Some(last)) = (notes.first(), notes.last()) else { return Default::default() };
    let number = last.id.rsplit('-').next().unwrap_or_default();
    let body = Body { r#type: "events", timestamp: timestamp(first.at), data: Data { events: notes } };
    (format!("{}-{number}", first.id), serde_json::to_vec(&body).unwrap_or_default())
}

/// RFC 3339.
fn timestamp(at: UnixTime) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or_default();
    let whole = time::UtcDateTime::from_unix_timestamp(seconds).unwrap_or(time::UtcDateTime::UNIX_EPOCH);
    let (date, time) = (whole.date(), whole.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        at.as_millis() % 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_signed_as_the_specification_says() {
        // The example of the libraries of Standard Webhooks.
        let secret = HookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_refused_and_a_secret_is_never_shown() {
        for wrong in ["", "secret", "whsec_", "whsec_MfKQ", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!"] {
            assert_eq!(HookSecret::read(wrong).err(), Some(NoSecret), "{wrong}");
        }
        let secret = HookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(format!("{secret:?}"), "HookSecret");
    }

    #[test]
    fn a_time_is_written_as_others_read_it() {
        assert_eq!(timestamp(UnixTime::from_millis(1_614_265_330_007)), "2021-02-25T15:02:10.007Z");
        assert_eq!(timestamp(UnixTime::from_millis(u64::MAX)), "1970-01-01T00:00:00.615Z");
    }
}
