//! Our ICE credentials. str0m would make them with a generator that is not cryptographic, of which everybody sees what it
//! gives: whoever reckons the password of somebody else checks paths in their name.

use data_encoding::HEXLOWER;
use str0m::IceCreds;

use super::{Connection, Ended, crypto};

/// Random bytes of a user name: 64 bits, where RFC 8445 section 5.3 asks for 24.
const NAME: usize = 8;

/// Random bytes of a password: 192 bits, where RFC 8445 section 5.3 asks for 128.
const PASSWORD: usize = 24;

/// Draws credentials for the connection of the peer with the slab index `key`. Worker and slab index come first in the user
/// name: they name the owner to whoever sees only the datagram.
pub(super) fn draw(worker: u8, key: u32) -> Result<IceCreds, Ended> {
    let name = crypto::random::<NAME>().ok_or(Ended::NoRandomness)?;
    let password = crypto::random::<PASSWORD>().ok_or(Ended::NoRandomness)?;
    let ufrag = format!("{worker:02x}{key:06x}{}", HEXLOWER.encode(&name));
    Ok(IceCreds { ufrag, pass: HEXLOWER.encode(&password) })
}

impl Connection {
    /// After an ICE restart by the client (RFC 8445 section 9) str0m has credentials of its own making: it gets others of
    /// ours, which the answer has to name.
    pub(super) fn renew_credentials(&mut self) -> Result<(), Ended> {
        let mut api = self.rtc.direct_api();
        if api.local_ice_credentials() != self.credentials {
            self.credentials = draw(self.worker, self.key)?;
            api.set_local_ice_credentials(self.credentials.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn credentials_name_the_owner_and_are_never_the_same() {
        let drawn: Vec<IceCreds> = (0..600).map(|_| draw(3, 0x01_02ab).expect("randomness")).collect();
        assert!(drawn.iter().all(|it| it.ufrag.starts_with("030102ab") && it.ufrag.len() == 8 + 2 * NAME));
        assert!(drawn.iter().all(|it| it.pass.len() == 2 * PASSWORD));
        let parts = drawn.iter().flat_map(|it| [&it.ufrag, &it.pass]);
        assert_eq!(parts.collect::<BTreeSet<_>>().len(), 1_200);
        // Every place has had every digit: one lacks one with a chance of 16 (15/16)^600, one in 10^15.
        for at in 8..8 + 2 * NAME {
            let seen: BTreeSet<u8> =
                drawn.iter().filter_map(|it| it.ufrag.as_bytes().get(at).copied()).collect();
            assert_eq!(seen.len(), 16, "place {at} of the name");
        }
        for at in 0..2 * PASSWORD {
            let seen: BTreeSet<u8> =
                drawn.iter().filter_map(|it| it.pass.as_bytes().get(at).copied()).collect();
            assert_eq!(seen.len(), 16, "place {at} of the password");
        }
    }
}
