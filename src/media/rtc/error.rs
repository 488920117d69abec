//! Why there is no connection, or none any more: a variant for each cause. The words are for logs, the client's among them.

use std::net::SocketAddr;

use str0m::RtcError;
use thiserror::Error;

use super::Mid;
use crate::limits::Limit;

/// Why a connection is over; the client must build a new one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Ended {
    /// A panic inside it, not what the client did.
    #[error("a fault inside the connection")]
    Panic,
    /// The client closed it.
    #[error("the client closed it")]
    Closed,
    /// An address of ours cannot be announced: in str0m's words.
    #[error("{0} cannot be announced: {1}")]
    Address(SocketAddr, String),
    /// The handshake failed: in str0m's words.
    #[error("the handshake failed: {0}")]
    Handshake(String),
    /// Something else failed inside: in str0m's words.
    #[error("the connection failed: {0}")]
    Failed(String),
    /// The offer cannot be applied to what was negotiated: in str0m's words.
    #[error("the offer does not fit: {0}")]
    Negotiation(String),
    /// The offer names no ICE credentials (RFC 8839 section 5.4).
    #[error("the offer has no ICE credentials")]
    NoIceCredentials,
    /// The offer says that an m-line is of another kind than it was.
    #[error("the m-line {0:?} was of another kind before")]
    OtherKind(Mid),
    /// Too many media sources (SSRCs), either way.
    #[error("it has had too many media sources")]
    TooManySources,
    /// The client used too many data streams: the page has one channel, and each costs at every step.
    #[error("it has used too many data streams")]
    TooManyStreams,
    /// The client does not stop sending far more than was asked of it.
    #[error("it sends far more media than `publish` asks for")]
    TooMuchMedia,
    /// A packet was to be sealed with a nonce that was used.
    #[error("a packet would have been sealed with a nonce that was used")]
    RepeatedNonce,
    /// The system gives no randomness, without which there are no credentials.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// The offer is for a connection that there is not.
    #[error("there is no connection this offer could change")]
    NoConnection,
    /// The offer is for somebody who left.
    #[error("the peer is gone")]
    NoPeer,
}

impl From<RtcError> for Ended {
    fn from(error: RtcError) -> Ended {
        match error {
            RtcError::Dtls(error) => Ended::Handshake(error.to_string()),
            error => Ended::Failed(error.to_string()),
        }
    }
}

/// Longest line, in bytes: a group of 64 m-lines with the longest mids is 1,100.
pub(super) const LINE_BYTES: usize = 4096;

/// Formats of an m-line: there are as many payload types. str0m looks through all attributes for each of them.
pub(super) const FORMATS: usize = 128;

/// Encodings that an m-line names: three are asked for. str0m makes a stream of its own for each that a receiving line
/// names: 50,000 of them kept a worker from all else until its rooms were moved, and took 180 MB.
pub(super) const ENCODINGS: usize = 8;

/// Why an offer was refused before anything was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OfferError {
    /// It is larger than a limit allows.
    #[error("the offer is over the limit {}", .0.metric())]
    TooLarge(Limit),
    /// It is no session description, or not the one the message says it is.
    #[error("the offer cannot be used: {0}")]
    Malformed(#[from] Malformed),
    /// Reading it failed by a fault of ours.
    #[error("the offer cannot be used: the server made a mistake when it read it")]
    Panic,
}

/// What is wrong with a session description.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Malformed {
    /// A line is longer than any honest one.
    #[error("one of its lines has more than {LINE_BYTES} bytes")]
    LongLine,
    /// An m-line has more formats than there are payload types.
    #[error("one of its m-lines has more than {FORMATS} formats")]
    Formats,
    /// An m-line names more encodings than are asked for anywhere.
    #[error("one of its m-lines has more than {ENCODINGS} encodings")]
    Encodings,
    /// A payload type means two things in one bundle.
    #[error("the payload type {0:?} means two things")]
    PayloadType(String),
    /// There is no session in it.
    #[error("it has no v= line")]
    NoSession,
    /// There are several.
    #[error("it holds more than one session")]
    Sessions,
    /// It cannot be parsed. What the parser says names addresses of this process's memory: nothing to tell a stranger.
    #[error("it is no session description that can be read")]
    Unreadable,
    /// The message names a line that there is not.
    #[error("no m-line has the mid {0:?}")]
    NoLine(String),
    /// A line is not of the kind the message says.
    #[error("the m-line {0:?} is not of the kind the message says")]
    Kind(String),
    /// The line of a track also receives.
    #[error("the m-line {0:?} of a track must be sendonly")]
    TrackReceives(String),
    /// The line of a slot also sends.
    #[error("the m-line {0:?} of a slot must be recvonly")]
    SlotSends(String),
    /// Two lines are one track, or one line two.
    #[error("two lines claim the same track or mid")]
    TrackTwice,
    /// Two lines are one slot, or one line two.
    #[error("two lines claim the same slot or mid")]
    SlotTwice,
    /// There is no slot of this number.
    #[error("there is no slot {0}")]
    NoSlot(u8),
    /// A slot is there but not every one before it.
    #[error("there is a slot {0} but not every one before it")]
    SlotGap(u8),
}
