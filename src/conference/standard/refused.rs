//! Why somebody who comes by a standard tool does not get what they ask for.

use thiserror::Error;

use super::super::refusal::Refusal;
use super::offer::Unfit;
use crate::ledger::Over;
use crate::media::units::Bitrate;
use crate::passes::PassError;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StandardRefused {
    /// It is no offer that can be read.
    #[error("{0}")]
    BadOffer(String),
    /// The worker could do nothing with it.
    #[error("{0}")]
    NotAccepted(String),
    /// The part of the server that was to answer failed.
    #[error("the part of the server that was to forward it failed: try again")]
    Failed,
    /// It can be read, and is not for this.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// More is to be sent than is passed on.
    #[error("the offer's pictures are to take more than {} kbit/s: send less", most.as_bps() / 1_000)]
    TooFast {
        /// What is passed on.
        most: Bitrate,
    },
    /// Nothing was shown where something has to be.
    #[error("show an access token, or the room's secret: Authorization: Bearer TOKEN")]
    TokenNeeded,
    /// The access token is none.
    #[error("{0}")]
    BadToken(PassError),
    /// It is good, and not for this; or somebody was put out.
    #[error("{0}")]
    Forbidden(String),
    /// Nobody waits who cannot be told to.
    #[error("somebody keeps the door of this room: show a token with \"moderate\", or the room's secret")]
    Kept,
    /// What was shown is not what the session was opened with.
    #[error("the session was opened with another token")]
    NotTheirs,
    /// There is no such room.
    #[error("there is no such room")]
    NoRoom,
    /// There is no such session, or no more.
    #[error("there is no such session, or no more")]
    NoSession,
    /// Whom they want to watch is not in the room.
    #[error("peer: nobody in the room has this id")]
    NoPeer,
    /// Something about a name or an id is wrong.
    #[error("{0}")]
    BadName(String),
    /// Nobody fits in any more.
    #[error("the room is full")]
    Full,
    /// There is no more for them, or for anybody.
    #[error("there is no place for more at present")]
    Over(Over),
    /// A change without a word on what is to be changed.
    #[error("send If-Match with the session's ETag, or with * to restart ICE")]
    NoTag,
    /// ICE was restarted meanwhile.
    #[error("ICE was restarted meanwhile: the ETag is another one")]
    OldTag,
    /// The change cannot be read.
    #[error("the fragment needs a=ice-ufrag (4 to 256 characters) and a=ice-pwd (22 to 256)")]
    BadFragment,
    /// The change before is not done.
    #[error("the change before is not answered yet")]
    Asked,
}

impl From<Refusal> for StandardRefused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownRoom | Refusal::Ended => Self::NoRoom,
            Refusal::PassNeeded => Self::TokenNeeded,
            Refusal::BadPass(error) => Self::BadToken(error),
            Refusal::RoomFull | Refusal::RoomFullForAddress => Self::Full,
            Refusal::Over { over, .. } => Self::Over(over),
            Refusal::LongName { .. } | Refusal::InvisibleName => Self::BadName(refusal.to_string()),
            refusal => Self::Forbidden(refusal.to_string()),
        }
    }
}
