//! Where rooms are kept.

/// Keeps rooms.
pub trait Store {}

/// Rooms that live as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {}

impl Store for MemoryStore {}
