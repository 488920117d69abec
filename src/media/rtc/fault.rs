//! Faults on demand inside one connection, and what only tests ask of one.

use str0m::ice::{StunMessage, TransId};

use super::{Connection, crypto};
use crate::faults::Fault;

/// What is to go wrong next.
#[derive(Debug, Default)]
pub(super) struct Pending(Option<Fault>);

impl Pending {
    /// The place where `fault` happens, if it is to.
    pub(super) fn trip(&mut self, fault: Fault) {
        let is_due = self.0.take_if(|pending| *pending == fault).is_some();
        assert!(!is_due, "a fault on demand: {fault:?}");
    }
}

impl Connection {
    /// The connection panics the next time it does what `fault` names.
    pub fn inject(&mut self, fault: Fault) {
        self.fault = Pending(Some(fault));
    }
}

/// A client's nominating request for `ufrag`, with the integrity that `password` gives (RFC 8445 section 7.2): what fuzzers
/// and attackers of the tests send.
#[must_use]
pub fn binding_request(ufrag: &str, password: &str) -> Vec<u8> {
    let name = format!("{ufrag}:them");
    let request = StunMessage::binding_request(&name, TransId::new(), true, 1, 1, true);
    let mut bytes = vec![0; 200 + name.len()];
    let length = request.to_bytes(Some(password.as_bytes()), &mut bytes, crypto::sha1_hmac).unwrap_or(0);
    bytes.truncate(length);
    bytes
}
