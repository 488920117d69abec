//! What a client is told that asked for something in vain.

use serde::{Deserialize, Serialize};

/// What was wrong, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// No JSON, no `type` that exists, or a field missing or of the wrong form.
    BadMessage,
    /// Larger than a limit allows.
    TooLarge,
    /// Before `join`.
    NotJoined,
    /// A second `join`.
    AlreadyJoined,
    /// There is no such room.
    UnknownRoom,
    /// The room holds as many people as it may.
    RoomFull,
    /// Empty, too long, or with control characters.
    BadName,
    /// The offer was not accepted; with `rebuild` the connection must be built anew.
    OfferRefused,
    /// The connection ended on the server's side.
    MediaLost,
    /// The message names a peer that is not in the room.
    UnknownPeer,
    /// The message names a stream or track that the client does not publish.
    UnknownTrack,
    /// The message names one of the chat that is not there, or not any more.
    UnknownMessage,
    /// The room's topology has no path between browsers.
    NotInThisTopology,
    /// The server has no room for more.
    Busy,
    /// More messages than a socket may send; those over it were dropped unread.
    RateLimited,
    /// More media than `publish` asks for; what is over is dropped.
    TooMuchMedia,
    /// The secret is wrong, or a message of the chat is somebody else's.
    Forbidden,
    /// The page has to be loaded again.
    Reload,
    /// What is asked for is not granted.
    NotAllowed,
    /// Nobody new comes into the room.
    Locked,
    /// The client was banned from the room.
    Banned,
    /// As many wait to be let in as may.
    LobbyFull,
    /// The client is not let in.
    NotAdmitted,
    /// The client was put out of the room.
    Removed,
    /// The room was ended.
    Ended,
    /// The room is over: its time came.
    RoomOver,
    /// The meeting took as long as it may.
    MeetingOver,
    /// The room is not open yet.
    TooEarly,
    /// The message names nobody who waits.
    UnknownKnock,
    /// Nobody comes in without an access token.
    PassNeeded,
    /// The access token is not good, or not for this room.
    BadPass,
}

/// What is wrong with an access token, for programs, as far as whoever has it can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassFault {
    /// It was good.
    Expired,
    /// It will be good.
    NotYet,
    /// It is for another room.
    OtherRoom,
    /// It never was, and will not be.
    Bad,
}

impl ErrorCode {
    /// All there are, each at the place of its number.
    pub const ALL: [ErrorCode; 31] = [
        ErrorCode::BadMessage,
        ErrorCode::TooLarge,
        ErrorCode::NotJoined,
        ErrorCode::AlreadyJoined,
        ErrorCode::UnknownRoom,
        ErrorCode::RoomFull,
        ErrorCode::BadName,
        ErrorCode::OfferRefused,
        ErrorCode::MediaLost,
        ErrorCode::UnknownPeer,
        ErrorCode::UnknownTrack,
        ErrorCode::UnknownMessage,
        ErrorCode::NotInThisTopology,
        ErrorCode::Busy,
        ErrorCode::RateLimited,
        ErrorCode::TooMuchMedia,
        ErrorCode::Forbidden,
        ErrorCode::Reload,
        ErrorCode::NotAllowed,
        ErrorCode::Locked,
        ErrorCode::Banned,
        ErrorCode::LobbyFull,
        ErrorCode::NotAdmitted,
        ErrorCode::Removed,
        ErrorCode::Ended,
        ErrorCode::RoomOver,
        ErrorCode::MeetingOver,
        ErrorCode::TooEarly,
        ErrorCode::UnknownKnock,
        ErrorCode::PassNeeded,
        ErrorCode::BadPass,
    ];
}
