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
    /// The next time its estimator is told how much is wanted makes it panic.
    PanicOnDesire,
}

/// A place on the thread of whoever sets the trap where something of the network's is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "faults", derive(serde::Deserialize))]
#[cfg_attr(feature = "faults", serde(rename_all = "kebab-case"))]
pub enum Trap {
    /// A session description.
    Offer,
    /// A message of a client.
    Message,
}

#[cfg(feature = "faults")]
thread_local! {
    static TRAPS: std::cell::RefCell<std::collections::BTreeMap<Trap, String>> = const { std::cell::RefCell::new(std::collections::BTreeMap::new()) };
}

/// Whatever holds `word` and is read at this place on this thread makes it panic, from now on.
#[cfg(feature = "faults")]
pub fn set_trap(trap: Trap, word: String) {
    TRAPS.with_borrow_mut(|traps| traps.insert(trap, word));
}

/// The place itself.
#[cfg(feature = "faults")]
pub(crate) fn trip(trap: Trap, text: &str) {
    let is_set = TRAPS.with_borrow(|traps| traps.get(&trap).is_some_and(|word| text.contains(word.as_str())));
    assert!(!is_set, "a fault on demand: {trap:?}");
}

/// The place itself: nothing happens there.
#[cfg(not(feature = "faults"))]
pub(crate) fn trip(_: Trap, _: &str) {}
