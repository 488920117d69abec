//! The only module that names str0m.

mod offer;
pub use offer::{Offer, OfferError};
