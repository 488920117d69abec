//! No nonce seals two packets (RFC 3711 section 9.1, RFC 7714 section 10.1): with AES-GCM two plain texts under one nonce
//! reveal each other and the key that authenticates, with AES-CM each other.
//!
//! A nonce is a source, its roll-overs and its sequence number, or a sender of reports and the packet's index, hidden by
//! the salt of the session keys. Whoever counts (slots, str0m's retransmissions, probes, reports) is not trusted with it:
//! the ciphers that seal ask here first. What was asked for twice is not sealed, and the connection ends.

use rustc_hash::FxHashMap;

use super::watch;
use crate::media::window::Window;

/// Bytes in front of the source in an initialisation vector: of AES-GCM (RFC 7714 section 8.1) and of AES-CM (RFC 3711
/// section 4.1.1).
pub(super) const GCM_SOURCE_AT: usize = 2;
pub(super) const CM_SOURCE_AT: usize = 4;

/// What was sealed under one key.
#[derive(Debug, Default)]
pub(super) struct Sealed {
    /// As the first bytes of a number.
    salt: u128,
    /// By source. Bounded by [`crate::limits::Limit::SsrcsPerPeer`], of sources and as many for their retransmissions.
    windows: FxHashMap<u32, Window>,
}

impl Sealed {
    /// Nothing yet, under `key`.
    pub(super) fn under(key: &[u8]) -> Sealed {
        let salt = watch::take_ours(key).map(|ours| ours.salt);
        Sealed { salt: number(&salt.unwrap_or_default()), windows: FxHashMap::default() }
    }

    /// Uses a nonce, as the initialisation vector that was made of it, with the source at `at`. False if it was used
    /// before or is too old to tell: then the packet must not be sealed, and [`watch::take_repeated`] says so.
    pub(super) fn take<const N: usize>(&mut self, iv: &[u8; N], at: usize) -> bool {
        // Four bytes of the source and six of the index, and nothing else.
        let plain = (number(iv) ^ self.salt) << (8 * at) >> 48;
        #[expect(clippy::cast_possible_truncation, reason = "these are its parts")]
        let (source, index) = ((plain >> 48) as u32, plain as u64 & 0xffff_ffff_ffff);
        let free = self.windows.entry(source).or_default().take(index);
        if !free {
            watch::repeated();
        }
        free
    }
}

/// The bytes as the first ones of a number.
fn number<const N: usize>(bytes: &[u8; N]) -> u128 {
    let mut all = [0; 16];
    for (to, from) in all.iter_mut().zip(bytes) {
        *to = *from;
    }
    u128::from_be_bytes(all)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the parts of a number")]
mod tests {
    use super::super::watch::take_repeated;
    use super::*;
    use crate::media::egress::seal::{LONGEST_SALT as SALT, SessionKey};
    use str0m::crypto::{AeadAes256Gcm, Aes128CmSha1_80};

    const SSRC: u32 = 0xdead_beef;

    #[test]
    fn a_nonce_is_used_once_with_any_salt_and_across_roll_overs() {
        let salt: [u8; 12] = std::array::from_fn(|at| 0x91 ^ (at as u8 * 23));
        let key = vec![7; 32];
        let mut padded = [0; SALT];
        padded[..12].copy_from_slice(&salt);
        watch::agreed(
            None,
            vec![SessionKey { key: key.clone(), salt: padded, authentication: [0; 20] }],
            None,
        );
        let mut sealed = Sealed::under(&key);
        let iv = |index: u64| AeadAes256Gcm::rtp_iv(salt, SSRC, (index >> 16) as u32, index as u16);
        for index in (30_000..200_000).filter(|index| index % 7 != 0) {
            assert!(sealed.take(&iv(index), GCM_SOURCE_AT), "{index}");
        }
        assert!(!take_repeated());
        assert!(sealed.take(&iv(199_997), GCM_SOURCE_AT), "late, and not used yet");
        for index in [30_001, 65_537, 199_998] {
            assert!(!sealed.take(&iv(index), GCM_SOURCE_AT), "{index} again");
            assert!(take_repeated() && !take_repeated());
        }
        let other = AeadAes256Gcm::rtp_iv(salt, SSRC + 1, 0, 30_001);
        assert!(sealed.take(&other, GCM_SOURCE_AT), "another source counts for itself");
    }

    #[test]
    fn the_other_profile_counts_alike_and_so_do_reports() {
        let salt: [u8; SALT] = std::array::from_fn(|at| 0x17 ^ (at as u8 * 11));
        watch::agreed(None, vec![SessionKey { key: vec![9; 16], salt, authentication: [0; 20] }], None);
        let mut sealed = Sealed::under(&[9; 16]);
        for index in 0..100_000 {
            assert!(sealed.take(&Aes128CmSha1_80::rtp_iv(salt, SSRC, index), CM_SOURCE_AT), "{index}");
        }
        assert!(!sealed.take(&Aes128CmSha1_80::rtp_iv(salt, SSRC, 5), CM_SOURCE_AT) && take_repeated());
        let (mut reports, none) = (Sealed::default(), [0; 12]);
        for index in 0..5_000 {
            assert!(reports.take(&AeadAes256Gcm::rtcp_iv(none, SSRC, index), GCM_SOURCE_AT));
        }
        assert!(!reports.take(&AeadAes256Gcm::rtcp_iv(none, SSRC, 4_990), GCM_SOURCE_AT) && take_repeated());
    }
}
