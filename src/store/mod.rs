//! What outlives the process: rooms, in an `SQLite` file (`--store`), written by a thread of its own.
//!
//! ```text
//!   conference ─> Change ─> Keeper ─ one batch in flight ─> thread: Database
//!                             ▲                                │
//!                             └── that it is on the disk, or why not
//! ```
//!
//! The conference answers everything from memory; a disk that is slow or full stalls nobody. What changes of a room, or of a message of
//! a chat that is kept, while a batch is written replaces what waits of it, so no more waits than there are rooms and messages.

mod database;
mod keeper;

pub use database::{Database, StoreError};
pub use keeper::{Keeper, StoreCounters};
