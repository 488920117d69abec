//! Why a token is not taken.

use thiserror::Error;

/// Why it is not. Told to whoever showed it, so that they know whom to ask; nothing of it quotes a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PassError {
    /// It is not even read.
    #[error("pass: more than {most} bytes")]
    TooLong {
        /// As many as there may be.
        most: usize,
    },
    /// It is no token at all.
    #[error("pass: no signed token (three parts of base64url with dots between)")]
    NoToken,
    /// A part is no JSON, or has a field of the wrong form.
    #[error("pass: its {part}: {why}")]
    Unreadable {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// It says that it is not signed.
    #[error("pass: it is not signed (alg: none)")]
    Unsigned,
    /// It wants something understood that is not.
    #[error("pass: it needs something that is not understood here (crit)")]
    Critical,
    /// It does not say which key signed it.
    #[error("pass: its header names no key (kid)")]
    NamesNoKey,
    /// No key has that name.
    #[error("pass: the key that it names (kid) is not known here, or not any more")]
    UnknownKey,
    /// It says that it is signed in another way than its key signs.
    #[error("pass: its key signs with {of_key}, and it says otherwise (alg)")]
    OtherAlgorithm {
        /// How the key signs.
        of_key: &'static str,
    },
    /// The key did not sign that.
    #[error("pass: the key that it names (kid) did not sign it")]
    Forged,
    /// It would be good for ever.
    #[error("pass: it does not say when it ends (exp)")]
    NoEnd,
    /// It would be good for thousands of years.
    #[error("pass: when it ends is in seconds since 1970, not in milliseconds (exp)")]
    NoSeconds,
    /// It was good.
    #[error("pass: it has expired (exp)")]
    Expired,
    /// It will be good.
    #[error("pass: it is not valid yet (nbf)")]
    NotYet,
    /// It is for somebody else.
    #[error("pass: it is not for this server (aud)")]
    OtherAudience,
    /// It is by somebody else.
    #[error("pass: it was not made by whom this server believes (iss)")]
    OtherIssuer,
    /// Whom it is for is too long a text.
    #[error("pass: whom it is for (sub) has more than {most} characters")]
    LongIdentity {
        /// As many as there may be.
        most: usize,
    },
    /// The name in it cannot be shown.
    #[error("pass: the name in it cannot be shown, or is too long (name)")]
    BadName,
    /// It is for another room, or for none.
    #[error("pass: it is for another room (plenary.room)")]
    OtherRoom,
    /// It is not for coming in.
    #[error("pass: it is not for coming in (plenary.join)")]
    NoEntry,
    /// It does not decide about rooms.
    #[error("pass: it does not decide about the room (plenary.admin)")]
    NoAdmin,
}
