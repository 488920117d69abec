//! Making tokens.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::crypto;
use serde_json::{Value, json};
use thiserror::Error;

use super::claims::Claims;
use super::keys::PassKeys;

/// Why no token was made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MintError {
    /// There is no such key.
    #[error("there is no key named {0}")]
    NoKey(String),
    /// Only the public half of the key is there.
    #[error("of the key {0} only the public half is here: who has the other one makes its tokens")]
    OnlyPublic(String),
    /// It cannot be signed.
    #[error("the token cannot be signed: {0}")]
    NotSigned(String),
}

/// A token that says this, signed with the key of this name at `now_unix`, in seconds since 1970.
///
/// # Errors
/// [`MintError`] if there is no such key to sign with.
pub fn mint(keys: &PassKeys, key: &str, claims: &Claims, now_unix: u64) -> Result<String, MintError> {
    let found = keys.get(key).ok_or_else(|| MintError::NoKey(key.to_owned()))?;
    let signs = found.signs.as_ref().ok_or_else(|| MintError::OnlyPublic(key.to_owned()))?;
    let mut said = match serde_json::to_value(claims) {
        Ok(Value::Object(said)) => said,
        Ok(_) => return Err(MintError::NotSigned("it says nothing".to_owned())),
        Err(error) => return Err(MintError::NotSigned(error.to_string())),
    };
    said.insert("iat".to_owned(), now_unix.into());
    said.retain(|_, value| !value.is_null());
    for time in ["nbf", "exp"] {
        said.get_mut(time).into_iter().for_each(whole);
    }
    let header = json!({ "alg": found.algorithm.name(), "typ": "JWT", "kid": key });
    let [header, said] =
        [header, said.into()].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    let signed = format!("{header}.{said}");
    let signature = crypto::sign(signed.as_bytes(), signs, found.algorithm.of_crate())
        .map_err(|error| MintError::NotSigned(error.to_string()))?;
    Ok(format!("{signed}.{signature}"))
}

/// Some programs read no time with a fraction, be it of zero.
fn whole(time: &mut Value) {
    if let Some(seconds) = time.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "far beyond any time, it is the last one there is"
        )]
        let seconds = seconds as i64;
        *time = seconds.into();
    }
}
