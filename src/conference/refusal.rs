//! Why something that a client asked for was not done. Each cause is a case of its own, and becomes one `error`.

use thiserror::Error;

use super::Now;
use super::kind::KindError;
use super::protocol::{ErrorCode, FIRST_PROTOCOL, PROTOCOL, PassFault, ServerMessage};
use crate::json::ReadError;
use crate::ledger::Over;
use crate::media::ids::OfferId;
use crate::passes::PassError;

/// Longest explanation of what cannot be read, in bytes. Parsers quote what they read, and that came from the client.
pub(super) const EXPLANATION_BYTES: usize = 200;

/// Whose the chat is of which there was too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// One person's.
    Own,
    /// A room's.
    Room,
}

/// Why it was not done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    /// It is no message.
    #[error(transparent)]
    NoMessage(#[from] KindError),
    /// A field is missing or wrong.
    #[error(transparent)]
    BadMessage(#[from] ReadError),
    /// An offer's number is not above the one before.
    #[error("id: {} is not above {}, the last one", id.0, last.0)]
    OldOffer { id: OfferId, last: OfferId },
    /// It has more bytes than a message of its type may.
    #[error("the message has more than {most} bytes")]
    TooLarge { most: usize },
    /// It names more tiles than a view may.
    #[error("tiles: at most {most}")]
    TooManyTiles { most: usize },
    /// Nobody is inside on the socket yet.
    #[error("the first message is `join`")]
    NotJoined,
    /// Somebody is inside on the socket.
    #[error("this socket is in a room already; leave it first")]
    AlreadyJoined,
    /// Nobody made the room, or it ended.
    #[error("there is no such room")]
    UnknownRoom,
    /// It was not given to whoever made the room.
    #[error("secret: it is not the one of whoever made this room")]
    WrongSecret,
    /// Nobody comes in without an access token.
    #[error("pass: nobody comes in here without one")]
    PassNeeded,
    /// The access token is not good, or not for this room.
    #[error("{0}")]
    BadPass(PassError),
    /// Somebody may not do that here.
    #[error("you may not do that in this room")]
    NotGranted,
    /// Nobody new comes in.
    #[error("the room is locked: nobody new comes in")]
    Locked,
    /// They were banned.
    #[error("you were banned from this room")]
    Banned,
    /// As many wait as may.
    #[error("as many people wait to be let in as may: try again later")]
    LobbyFull,
    /// Somebody who moderates does not let them in.
    #[error("you were not let in")]
    NotAdmitted,
    /// Somebody who moderates put them out.
    #[error("you were put out of the room")]
    Removed,
    /// The room is over.
    #[error("the room was ended for everybody")]
    Ended,
    /// The room is over: its time came.
    #[error("the room is over: it was to end at this time")]
    RoomOver,
    /// The meeting took as long as it may.
    #[error("the meeting is over: it took as long as it may")]
    MeetingOver,
    /// The room is not open yet.
    #[error("the room is not open yet: it opens in {minutes} min")]
    TooEarly { minutes: u64 },
    /// Nobody waits with this number.
    #[error("knock: nobody waits with this number, or nobody any more")]
    UnknownKnock,
    /// Who is to be decided about is not in the room.
    #[error("peer: nobody in this room has this id")]
    NobodyConcerned,
    /// A browser's name has another length.
    #[error("browser: {least} to {most} characters")]
    BadBrowser { least: usize, most: usize },
    /// The page is not one that this server can serve.
    #[error(
        "protocol: the page speaks {page}, the server {FIRST_PROTOCOL} to {PROTOCOL}: load the page again"
    )]
    OtherProtocol { page: u32 },
    /// Nobody fits in any more.
    #[error("the room is full")]
    RoomFull,
    /// Somebody from elsewhere would fit in.
    #[error("the room is full for your address: its last places are kept for others")]
    RoomFullForAddress,
    /// The name has more characters than it may.
    #[error("name: at most {most} characters")]
    LongName { most: usize },
    /// Nothing of the name can be seen.
    #[error("name: at least one character that can be seen")]
    InvisibleName,
    /// The offer cannot be read, or a worker did not take it.
    #[error("{why}")]
    OfferRefused { offer: OfferId, why: String },
    /// A worker lost the connection.
    #[error("{why}")]
    ConnectionLost { why: String },
    /// A worker is gone, and with it the connection, or the offer that was to make a new one.
    #[error("the part of the server that held the connection failed")]
    WorkerGone { offer: Option<OfferId> },
    /// Their room came back to one worker, and they go there.
    #[error("your connection moves to another part of the server")]
    Moved { offer: Option<OfferId> },
    /// More is sent than was asked for.
    #[error("far more media comes than `publish` asks for: what is over is dropped")]
    TooMuchMedia,
    /// The peer is not in the room.
    #[error("to: nobody in this room has this id")]
    UnknownPeer,
    /// The person does not publish the track.
    #[error("stream, kind: you do not publish this track")]
    UnknownTrack,
    /// The room has no path between browsers.
    #[error("in this room everything goes through the server")]
    NoPath,
    /// The bytes of a file that nobody accepted are not wanted.
    #[error("start: the file was not accepted")]
    EarlyStart,
    /// It is for the server to say.
    #[error("frame: only the server says `wait`")]
    OnlyServer,
    /// More is said to other browsers than may be.
    #[error("signal: at most {most} bytes a second to other browsers; this one was not passed on")]
    TooManySignals { most: usize },
    /// A message of the chat has no name of its client's that can be kept.
    #[error("ref: 1 to {most} characters")]
    BadReference { most: usize },
    /// It has more characters than a message of the chat may.
    #[error("text: at most {most} characters")]
    LongText { most: usize },
    /// Nothing of it can be seen.
    #[error("text: at least one character that can be seen")]
    InvisibleText,
    /// There is no such message in the chat, or no more.
    #[error("id: there is no such message, or no more")]
    UnknownMessage,
    /// Somebody else wrote it.
    #[error("id: somebody else wrote this message")]
    OthersMessage,
    /// It was written too long ago.
    #[error("id: a message can be changed for {minutes} minutes")]
    OldMessage { minutes: u64 },
    /// More was written than one person may, or a room.
    #[error("{} was written just now: try again in {after} s", match whose {
        Whose::Own => "more than one may",
        Whose::Room => "more than may be in one room",
    })]
    TooMuchChat { whose: Whose, after: u64 },
    /// Why something of the chat was not done, for the client that knows it by this.
    #[error("{why}")]
    OfChat { reference: String, why: Box<Refusal> },
    /// The socket says more than it may.
    #[error("at most {most} messages a second: those over it are not read")]
    TooManyMessages { most: usize },
    /// There is not as much as was asked for.
    #[error("{}; try again in {after} s", match over {
        Over::Whole(_) => "the server has no place for more",
        Over::Address(_) => "your address has as much as one may have",
        Over::Rate(..) => "too much was asked just now",
    })]
    Over { over: Over, after: u64 },
}

impl Refusal {
    /// There is not as much as was asked for.
    pub(super) fn over(now: Now, over: Over) -> Self {
        Self::Over { over, after: over.retry_after(now.instant) }
    }

    /// It is about what the client knows by this, if it is about the chat.
    pub(super) fn of_chat(self, reference: Option<&str>) -> Self {
        match reference {
            Some(reference) => Self::OfChat { reference: reference.to_owned(), why: Box::new(self) },
            None => self,
        }
    }

    /// What it is for programs.
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Self::NoMessage(_)
            | Self::BadMessage(_)
            | Self::OldOffer { .. }
            | Self::BadReference { .. }
            | Self::BadBrowser { .. }
            | Self::EarlyStart
            | Self::OnlyServer
            | Self::InvisibleText => ErrorCode::BadMessage,
            Self::TooLarge { .. } | Self::TooManyTiles { .. } | Self::LongText { .. } => ErrorCode::TooLarge,
            Self::NotJoined => ErrorCode::NotJoined,
            Self::AlreadyJoined => ErrorCode::AlreadyJoined,
            Self::UnknownRoom => ErrorCode::UnknownRoom,
            Self::WrongSecret | Self::OthersMessage | Self::OldMessage { .. } => ErrorCode::Forbidden,
            Self::NotGranted => ErrorCode::NotAllowed,
            Self::PassNeeded => ErrorCode::PassNeeded,
            Self::BadPass(_) => ErrorCode::BadPass,
            Self::Locked => ErrorCode::Locked,
            Self::Banned => ErrorCode::Banned,
            Self::LobbyFull => ErrorCode::LobbyFull,
            Self::NotAdmitted => ErrorCode::NotAdmitted,
            Self::Removed => ErrorCode::Removed,
            Self::Ended => ErrorCode::Ended,
            Self::RoomOver => ErrorCode::RoomOver,
            Self::MeetingOver => ErrorCode::MeetingOver,
            Self::TooEarly { .. } => ErrorCode::TooEarly,
            Self::UnknownKnock => ErrorCode::UnknownKnock,
            Self::UnknownMessage => ErrorCode::UnknownMessage,
            Self::OfChat { why, .. } => why.code(),
            Self::OtherProtocol { .. } => ErrorCode::Reload,
            Self::RoomFull | Self::RoomFullForAddress => ErrorCode::RoomFull,
            Self::LongName { .. } | Self::InvisibleName => ErrorCode::BadName,
            Self::OfferRefused { .. }
            | Self::WorkerGone { offer: Some(_) }
            | Self::Moved { offer: Some(_) } => ErrorCode::OfferRefused,
            Self::ConnectionLost { .. } | Self::WorkerGone { offer: None } | Self::Moved { offer: None } => {
                ErrorCode::MediaLost
            }
            Self::TooMuchMedia => ErrorCode::TooMuchMedia,
            Self::UnknownPeer | Self::NobodyConcerned => ErrorCode::UnknownPeer,
            Self::UnknownTrack => ErrorCode::UnknownTrack,
            Self::NoPath => ErrorCode::NotInThisTopology,
            Self::TooManySignals { .. }
            | Self::TooManyMessages { .. }
            | Self::TooMuchChat { .. }
            | Self::Over { over: Over::Address(_) | Over::Rate(..), .. } => ErrorCode::RateLimited,
            Self::Over { over: Over::Whole(_), .. } => ErrorCode::Busy,
        }
    }

    /// The offer it is about, if it is about one.
    fn offer(&self) -> Option<OfferId> {
        match self {
            Self::OfferRefused { offer, .. } => Some(*offer),
            Self::WorkerGone { offer } | Self::Moved { offer } => *offer,
            _ => None,
        }
    }

    /// By which the client knows what it is about, if it is about the chat.
    fn reference(&self) -> Option<String> {
        match self {
            Self::OfChat { reference, .. } => Some(reference.clone()),
            _ => None,
        }
    }

    /// What is wrong with an access token, if it is about one.
    fn reason(&self) -> Option<PassFault> {
        let Self::BadPass(error) = self else { return None };
        Some(match error {
            PassError::Expired => PassFault::Expired,
            PassError::NotYet => PassFault::NotYet,
            PassError::OtherRoom => PassFault::OtherRoom,
            _ => PassFault::Bad,
        })
    }

    /// The `error` message.
    pub(super) fn into_message(self) -> ServerMessage {
        let code = self.code();
        let message = match &self {
            Self::NoMessage(_) | Self::BadMessage(_) | Self::BadPass(_) => shorten(self.to_string()),
            _ => self.to_string(),
        };
        // What the connection was good for is gone.
        let rebuild = matches!(code, ErrorCode::OfferRefused | ErrorCode::MediaLost);
        let (offer, reference, reason) = (self.offer(), self.reference(), self.reason());
        ServerMessage::Error { code, message, rebuild, offer, reference, reason }
    }
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
