//! Faults on demand: what a test needs to see that a fault in one place costs nobody else anything. Only with the cargo
//! feature `faults`, which no release has.

/// A fault inside one peer's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The next datagram that its state machine takes in makes it panic.
    PanicOnReceive,
    /// The next packet that is handed to it for sending makes it panic.
    PanicOnSend,
    /// The next offer makes it panic, when it has taken new credentials from it.
    PanicOnAccept,
}
