//! STUN requests, looked at before any connection sees them (RFC 8489, RFC 8445 section 7.3).

use str0m::ice::StunMessage;

use super::{crypto, guarded};

/// Our user name in a binding request: the part before the colon of its USERNAME.
#[must_use]
pub fn local_ufrag(datagram: &[u8]) -> Option<String> {
    guarded(|| {
        let message = StunMessage::parse(datagram).ok().filter(StunMessage::is_binding_request)?;
        message.split_username().map(|(local, _)| local.to_owned())
    })
    .ok()?
}

/// Whether the request's integrity was made with `password`.
pub(super) fn authenticates(datagram: &[u8], password: &str) -> bool {
    let verify = |message: StunMessage<'_>| message.verify(password.as_bytes(), crypto::sha1_hmac);
    guarded(|| StunMessage::parse(datagram).is_ok_and(verify)).unwrap_or(false)
}

/// A client's binding request for `ufrag`, with the integrity that `password` gives (RFC 8445 section 7.2): what fuzzers
/// and attackers of the tests send.
#[cfg(feature = "faults")]
#[must_use]
pub fn binding_request(ufrag: &str, password: &str) -> Vec<u8> {
    let name = format!("{ufrag}:them");
    let request = StunMessage::binding_request(&name, str0m::ice::TransId::new(), true, 1, 1, false);
    let mut bytes = vec![0; 200 + name.len()];
    let length = request.to_bytes(Some(password.as_bytes()), &mut bytes, crypto::sha1_hmac).unwrap_or(0);
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Strangers reach this code: a fault here would be the end of everybody's call.
        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 20..120), whole in any::<bool>()) {
            if whole {
                // A binding request with the magic cookie and a fitting length, so that the attributes are read.
                let length = u16::try_from(bytes.len() - 20).unwrap_or(0).to_be_bytes();
                bytes[..8].copy_from_slice(&[0, 1, length[0], length[1], 0x21, 0x12, 0xa4, 0x42]);
            }
            let _ = local_ufrag(&bytes);
            prop_assert!(!authenticates(&bytes, "a password nobody knows"));
        }
    }
}
