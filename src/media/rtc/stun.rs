//! STUN, looked at before any connection sees it (RFC 8489): clients' checks (RFC 8445 section 7.3), and our challenges with
//! their answers, of which str0m knows nothing.

use serde_json::Value;
use str0m::IceCreds;
use str0m::ice::{StunMessage, TransId};

use super::{crypto, guarded};
use crate::media::paths::Token;

/// A client's check of a path, which nobody has authenticated yet.
pub struct Check<'a>(StunMessage<'a>);

/// Reads a binding request.
#[must_use]
pub fn read_check(datagram: &[u8]) -> Option<Check<'_>> {
    parse(datagram).filter(StunMessage::is_binding_request).map(Check)
}

impl Check<'_> {
    /// Our user name in it: the part before the colon of its USERNAME.
    #[must_use]
    pub fn ufrag(&self) -> Option<&str> {
        self.0.split_username().map(|(local, _)| local)
    }

    /// Whether it says that its path is the one to be used (RFC 8445 section 7.1.2).
    pub(super) fn nominates(&self) -> bool {
        self.0.use_candidate()
    }

    /// Whether its integrity was made with `password`.
    pub(super) fn is_made_with(&self, password: &str) -> bool {
        verify(&self.0, password)
    }
}

/// A binding request to a client, under its own name and password: whoever answers it has received it, and is the
/// client. `ufrag` is ours.
///
/// An ICE-lite end sends none of its own accord (RFC 8445 section 2.5), but every full one answers those it gets
/// (section 7.3), browsers among them.
pub(super) fn challenge(client: &IceCreds, ufrag: &str, token: Token) -> Option<Vec<u8>> {
    /// Of a host candidate learned from a check (RFC 8445 section 5.1.2.1). Clients know our addresses, so nothing comes
    /// of it.
    const PRIORITY: u32 = (110 << 24) | (65_535 << 8) | 255;
    guarded(|| {
        let name = format!("{}:{ufrag}", client.ufrag);
        // Transaction IDs of str0m's own making come from a generator that who sees some can run ahead of.
        let token: TransId = serde_json::from_value(Value::from(token.to_vec())).ok()?;
        // We are controlled, whatever the client thinks it is: ours is the lower tie-breaker.
        let request = StunMessage::binding_request(&name, token, false, 0, PRIORITY, false);
        let mut bytes = vec![0; 128 + name.len()];
        let password = client.pass.as_bytes();
        let length = request.to_bytes(Some(password), &mut bytes, crypto::sha1_hmac).ok()?;
        bytes.truncate(length);
        Some(bytes)
    })
    .ok()?
}

/// What the answer to a challenge repeats, if its integrity was made with the client's `password`. An error is an answer
/// too (487 of a client that thinks it has our role): it was received. Without integrity, any STUN server would answer for
/// the client.
pub(super) fn read_answer(datagram: &[u8], password: &str) -> Option<Token> {
    let is_answer = |message: &StunMessage<'_>| {
        message.is_successful_binding_response() || message.is_failed_binding_response()
    };
    let message = parse(datagram).filter(is_answer)?;
    let token = datagram.get(8..20)?.try_into().ok()?;
    verify(&message, password).then_some(token)
}

/// The slab index of the peer whose challenge a datagram says it answers.
#[must_use]
pub fn whose_answer(datagram: &[u8]) -> Option<u32> {
    // A binding response, of success or error (RFC 8489 section 5).
    let is_answer = matches!(datagram, [1, 0x01 | 0x11, _, _, 0x21, 0x12, 0xa4, 0x42, ..]);
    let named = datagram.get(8..12).filter(|_| is_answer)?;
    Some(u32::from_be_bytes(named.try_into().ok()?))
}

fn parse(datagram: &[u8]) -> Option<StunMessage<'_>> {
    guarded(|| StunMessage::parse(datagram).ok()).ok()?
}

/// Whether the message's integrity was made with `password` (RFC 8489 section 9.1).
fn verify(message: &StunMessage<'_>, password: &str) -> bool {
    guarded(|| message.verify(password.as_bytes(), crypto::sha1_hmac)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Strangers reach this code: a fault here would be the end of everybody's call.
        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 20..120), whole in any::<bool>(), kind in prop::sample::select(vec![[0, 1], [1, 1], [1, 0x11]])) {
            if whole {
                // A binding message with the magic cookie and a fitting length, so that the attributes are read.
                let length = u16::try_from(bytes.len() - 20).unwrap_or(0).to_be_bytes();
                bytes[..8].copy_from_slice(&[kind[0], kind[1], length[0], length[1], 0x21, 0x12, 0xa4, 0x42]);
            }
            let check = read_check(&bytes);
            let _ = check.as_ref().and_then(Check::ufrag);
            let _ = check.as_ref().map(Check::nominates);
            prop_assert!(!check.is_some_and(|check| check.is_made_with("a password nobody knows")));
            prop_assert_eq!(read_answer(&bytes, "a password nobody knows"), None);
        }
    }

    const TOKEN: Token = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    fn client() -> IceCreds {
        IceCreds { ufrag: "them".into(), pass: "the password of them".into() }
    }

    fn answer(message: &StunMessage<'_>, password: Option<&str>) -> Vec<u8> {
        let mut bytes = vec![0; 200];
        let password = password.map(str::as_bytes);
        let length = (*message).to_bytes(password, &mut bytes, crypto::sha1_hmac).expect("it fits");
        bytes.truncate(length);
        bytes
    }

    #[test]
    fn a_challenge_is_a_request_under_the_clients_name_and_its_answer_repeats_the_token() {
        let bytes = challenge(&client(), "us", TOKEN).expect("a challenge");
        assert_eq!(bytes.get(8..20), Some(&TOKEN[..]));
        let request = StunMessage::parse(&bytes).expect("STUN");
        assert_eq!(request.split_username(), Some(("them", "us")));
        assert!(request.verify(client().pass.as_bytes(), crypto::sha1_hmac));
        assert!(request.ice_controlled().is_some() && !request.use_candidate());
        let mapped = ([192, 0, 2, 1], 4_000).into();
        for message in [
            StunMessage::binding_reply(request.trans_id(), mapped),
            StunMessage::binding_role_conflict_reply(request.trans_id()),
        ] {
            let by = |password| read_answer(&answer(&message, password), &client().pass);
            assert_eq!(by(Some("the password of them")), Some(TOKEN));
            assert_eq!(whose_answer(&answer(&message, None)), Some(0x0102_0304));
            assert_eq!(by(Some("of somebody else")), None);
            assert_eq!(by(None), None, "what any STUN server says");
        }
        assert_eq!(
            (read_answer(&bytes, &client().pass), whose_answer(&bytes)),
            (None, None),
            "the challenge itself, sent back"
        );
    }
}
