//! Access tokens: what somebody who runs another program vouches for, in a text that is signed (JWT, RFC 7519). `docs/tokens.md`
//! tells what is in one.
//!
//! ```text
//!   files ─> PassKeys ─┐
//!   text ──────────────┼─> Passes::verify ─> Pass, or why it is none
//!   now ───────────────┘
//! ```
//!
//! Pure: no file, no socket, no clock. What signs is decided by the key and by nothing that a token says of itself; keys are looked
//! up in a table that was made before, so that a key's name leads nowhere else.

mod claims;
mod error;
mod keys;
mod mint;

#[cfg(test)]
mod tests;

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::crypto;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::de::SliceRead;

pub use claims::{Audience, Claims, Rights, RoomPattern, Source};
pub use error::PassError;
pub use keys::{KeyError, PassKeys, is_plain_name};
pub use mint::{MintError, mint};

use crate::json;

/// Seconds by which clocks may differ.
const LEEWAY: f64 = 30.0;

/// Seconds since 1970 that nobody means: what is as many is milliseconds. In seconds it is the year 5138.
const NO_SECONDS: f64 = 1e11;

/// Characters of an identity at most.
const IDENTITY_CHARS: usize = 128;

/// Bytes of what a pass, or who it is for, is known by.
pub const PRINT_BYTES: usize = 16;

/// What a pass, or who it is for, is known by: a hash.
pub type Print = [u8; PRINT_BYTES];

/// Which tokens are taken.
#[derive(Debug, Clone, Default)]
pub struct Passes {
    /// The keys.
    pub keys: PassKeys,
    /// For whom they have to be, if that is looked at.
    pub audience: Option<String>,
    /// By whom they have to be made, if that is looked at.
    pub issuer: Option<String>,
}

/// A token that was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// By which this token is known again: its `jti`, or all that it says.
    pub id: Print,
    /// By which whom it is for is known again: `sub`, of `iss`. `None` if it does not say.
    pub identity: Option<Print>,
    /// What they are called.
    pub name: Option<String>,
    /// What they may.
    pub rights: Rights,
}

impl Pass {
    /// Whether it lets somebody into a room.
    ///
    /// # Errors
    /// [`PassError::OtherRoom`] or [`PassError::NoEntry`].
    pub fn opens(&self, room: &str) -> Result<(), PassError> {
        if !self.rights.room.as_ref().is_some_and(|pattern| pattern.fits(room)) {
            return Err(PassError::OtherRoom);
        }
        if self.rights.join { Ok(()) } else { Err(PassError::NoEntry) }
    }

    /// Whether it lets somebody make a room with this id: with `create`, and any if it names none.
    #[must_use]
    pub fn makes(&self, room: &str) -> bool {
        self.rights.create && self.rights.room.as_ref().is_none_or(|pattern| pattern.fits(room))
    }
}

/// What is read of a token's header.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl Passes {
    /// What a token says, if it is good at `now_unix`, in seconds since 1970.
    ///
    /// # Errors
    /// [`PassError`] says what is wrong with it. Nothing of what it says is believed before its signature.
    pub fn verify(&self, text: &str, now_unix: u64) -> Result<Pass, PassError> {
        let (signed, signature) = text.rsplit_once('.').ok_or(PassError::NoToken)?;
        let (header, claims) = signed.split_once('.').ok_or(PassError::NoToken)?;
        if claims.contains('.') {
            return Err(PassError::NoToken);
        }
        let header: Header = part("header", header)?;
        if header.alg.eq_ignore_ascii_case("none") {
            return Err(PassError::Unsigned);
        }
        if header.crit.is_some() {
            return Err(PassError::Critical);
        }
        let key = header.kid.ok_or(PassError::NamesNoKey)?;
        let key = self.keys.get(&key).ok_or(PassError::UnknownKey)?;
        if header.alg != key.algorithm.name() {
            return Err(PassError::OtherAlgorithm { of_key: key.algorithm.name() });
        }
        let verified = crypto::verify(signature, signed.as_bytes(), &key.verifies, key.algorithm.of_crate());
        if !verified.unwrap_or(false) {
            return Err(PassError::Forged);
        }
        self.believe(part("claims", claims)?, signed, now_unix)
    }

    /// What somebody who has the key says, if it is for here and now.
    fn believe(&self, claims: Claims, signed: &str, now_unix: u64) -> Result<Pass, PassError> {
        let now = now_unix as f64;
        let ends = claims.exp.ok_or(PassError::NoEnd)?;
        if ends + LEEWAY <= now {
            return Err(PassError::Expired);
        }
        if ends >= NO_SECONDS {
            return Err(PassError::NoSeconds);
        }
        if claims.nbf.is_some_and(|begins| begins - LEEWAY > now) {
            return Err(PassError::NotYet);
        }
        if self.audience.as_ref().is_some_and(|us| !claims.aud.is_some_and(|aud| aud.names(us))) {
            return Err(PassError::OtherAudience);
        }
        if self.issuer.is_some() && self.issuer != claims.iss {
            return Err(PassError::OtherIssuer);
        }
        if claims.sub.as_ref().is_some_and(|sub| sub.chars().count() > IDENTITY_CHARS) {
            return Err(PassError::LongIdentity { most: IDENTITY_CHARS });
        }
        let issuer = claims.iss.unwrap_or_default();
        let id = match &claims.jti {
            Some(jti) => print("jti", &issuer, jti),
            None => print("signed", "", signed),
        };
        let identity = claims.sub.as_ref().map(|sub| print("sub", &issuer, sub));
        Ok(Pass { id, identity, name: claims.name, rights: claims.plenary })
    }
}

/// Reads a part of a token.
fn part<T: for<'de> Deserialize<'de>>(name: &'static str, text: &str) -> Result<T, PassError> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| PassError::NoToken)?;
    json::read(SliceRead::new(&bytes))
        .map_err(|error| PassError::Unreadable { part: name, why: error.to_string() })
}

/// A hash of a text that somebody made: another kind, another maker and another text have another one.
fn print(kind: &str, issuer: &str, text: &str) -> Print {
    let said = format!("{kind} {} {issuer} {text}", issuer.len());
    let mut print = [0; PRINT_BYTES];
    let whole = digest::digest(&digest::SHA256, said.as_bytes());
    print.iter_mut().zip(whole.as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
    print
}
