//! What a client says its offer's lines are.

use super::ids::{Kind, SlotIndex, Stream};

/// One of the client's own lines in an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackLine {
    /// The m-line's mid.
    pub mid: String,
    /// Which stream it carries.
    pub stream: Stream,
    /// Sound or picture.
    pub kind: Kind,
}

/// One of the client's receiving lines in an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotLine {
    /// The m-line's mid.
    pub mid: String,
    /// Sound or picture.
    pub kind: Kind,
    /// The slot's number within its kind.
    pub slot: SlotIndex,
}
