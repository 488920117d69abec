//! STUN requests, looked at before any connection sees them (RFC 8489, RFC 8445 section 7.3).

use str0m::ice::StunMessage;

use super::crypto;

/// Our user name in a binding request: the part before the colon of its USERNAME.
#[must_use]
pub fn local_ufrag(datagram: &[u8]) -> Option<String> {
    let message = StunMessage::parse(datagram).ok()?;
    if !message.is_binding_request() {
        return None;
    }
    message.split_username().map(|(local, _)| local.to_owned())
}

/// Whether the request's integrity was made with `password`.
pub(super) fn authenticates(datagram: &[u8], password: &str) -> bool {
    StunMessage::parse(datagram).is_ok_and(|message| message.verify(password.as_bytes(), crypto::sha1_hmac))
}
