//! Who holds and asks how much: one ledger by client address, so that whoever fills what they may have shuts nobody else out.
//!
//! An [account](Ledger) counts what its address holds now ([`Held`]) and what it asked for of late ([`Metered`]). It has no
//! name and knows nobody; it is gone as soon as nothing is held and everything is paid for. Pure: no clock, no socket.
//!
//! Beside the ledger stand the two rules that need more than numbers: [`Crowd`], who gives way when a whole is full, and
//! [`Turns`], whose turn it is.

mod account;
mod address;
mod crowd;
mod meter;
mod turns;

pub use account::{Held, Ledger, Metered, Over};
pub use address::ClientAddress;
pub use crowd::Crowd;
pub use meter::{Meter, Rate};
pub use turns::Turns;
