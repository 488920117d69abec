//! Who holds and asks how much: one ledger by client address, so that whoever fills what they may have shuts nobody else out.
//!
//! An [account](Ledger) counts what its address holds now ([`Resource`]) and what it asked for of late ([`Metered`]). It has no
//! name and knows nobody; it is gone as soon as nothing is held and everything is paid for. Pure: no clock, no socket.
//!
//! Beside the ledger stand the two rules that need more than numbers: [`Crowd`], who gives way when a whole is full, and
//! [`Turns`], whose turn it is.

mod account;
mod address;
mod crowd;
mod meter;
mod meters;
mod turns;

pub use account::{Ledger, Metered, Over, Resource};
pub use address::ClientAddress;
pub use crowd::Crowd;
pub use meter::{Meter, Rate};
pub use meters::Meters;
pub use turns::Turns;

crate::metrics! {
    /// What the ledger holds at one time.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Numbers as "ledger" {
        /// Client addresses that hold something or owe something.
        pub accounts: u64 as Gauge,
        /// Accounts that were forgotten although they owed, because there were too many.
        pub accounts_forgiven: u64,
        /// Bytes held for clients: of messages and requests that came in part, of what waits to be sent.
        pub held_bytes: u64 as Gauge in "bytes",
    }
}
