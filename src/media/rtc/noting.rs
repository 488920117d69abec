//! The cryptography that connections use: str0m's, but it notes each packet that was authenticated, and the keys (see
//! `srtp`), and seals nothing with a nonce that was used (see `sealing`).
//!
//! Egress follows the client only to addresses from which SRTP or SRTCP was *authenticated*, and presence counts only
//! such packets. str0m does not tell (its receive counter moves before decryption), so the SRTP ciphers are wrapped.

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use str0m::config::CryptoProvider;
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, Aes128CmSha1_80Cipher, CryptoError, SrtpProvider,
    SupportedAeadAes128Gcm, SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
};

use super::crypto::inner;
use super::sealing::{CM_SOURCE_AT, GCM_SOURCE_AT, Sealed};
use super::srtp::{self, is_rtcp};

thread_local! {
    /// Packets authenticated on this thread. A connection is driven by one thread at a time, so the difference across
    /// one call belongs to that call.
    static AUTHENTICATED: Cell<u64> = const { Cell::new(0) };
    /// What the cipher of the last of them puts after an SRTCP packet's index.
    static AFTER_INDEX: Cell<usize> = const { Cell::new(0) };
    /// SRTCP packets authenticated on this thread that hold no RTCP: with AES-GCM, which both browsers take.
    static MALFORMED: Cell<u64> = const { Cell::new(0) };
}

/// How many packets were authenticated on this thread so far.
pub(super) fn authenticated() -> u64 {
    AUTHENTICATED.get()
}

/// How many bytes follow the index of an SRTCP packet, with the cipher that authenticated a packet last.
pub(super) fn bytes_after_index() -> usize {
    AFTER_INDEX.get()
}

/// How many of them were SRTCP without RTCP in it.
pub(super) fn malformed() -> u64 {
    MALFORMED.get()
}

/// Bytes of an RTCP packet that SRTCP leaves readable.
const READABLE: usize = 8;

/// Looks at what AES-GCM decrypted. Of SRTCP the first of `aads` is the readable beginning and the index, or, if only
/// the tag is there to be checked, all of it (RFC 7714 sections 9.2 and 9.3).
fn judge(aads: &[&[u8]], plain: &[u8]) {
    let Some(first) = aads.first() else { return };
    let encrypted = aads.get(1).is_none_or(|second| second.is_empty());
    let header = if encrypted { first.get(..READABLE).unwrap_or_default() } else { first };
    if is_rtcp(header) && !is_whole(header, plain) {
        MALFORMED.set(MALFORMED.get().wrapping_add(1));
    }
}

/// Whether every packet of a compound RTCP packet has a version and a length that can be (RFC 3550 appendix A.2).
fn is_whole(header: &[u8], rest: &[u8]) -> bool {
    let byte = |at: usize| {
        let rest = at.checked_sub(header.len()).and_then(|at| rest.get(at));
        header.get(at).or(rest).copied()
    };
    let (mut at, end) = (0, header.len() + rest.len());
    while at < end {
        let (Some(first), Some(high), Some(low)) = (byte(at), byte(at + 2), byte(at + 3)) else {
            return false;
        };
        if first >> 6 != 2 {
            return false;
        }
        at += 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
    }
    at == end
}

fn note<T, E>(result: Result<T, E>, after_index: usize) -> Result<T, E> {
    if result.is_ok() {
        AUTHENTICATED.set(AUTHENTICATED.get().wrapping_add(1));
        AFTER_INDEX.set(after_index);
    }
    result
}

/// The provider every connection uses.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        Arc::new(CryptoProvider {
            srtp_provider: &NotingSrtp,
            dtls_provider: &srtp::NotingDtls,
            ..inner().clone()
        })
    });
    PROVIDER.clone()
}

#[derive(Debug)]
struct NotingSrtp;

impl SrtpProvider for NotingSrtp {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        &NotingCm
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        &NotingGcm128
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        &NotingGcm256
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        inner().srtp_provider.srtp_aes_128_ecb_round(key, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        inner().srtp_provider.srtp_aes_256_ecb_round(key, input, output);
    }
}

#[derive(Debug)]
struct NotingCm;
#[derive(Debug)]
struct NotingGcm128;
#[derive(Debug)]
struct NotingGcm256;

impl SupportedAes128CmSha1_80 for NotingCm {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn Aes128CmSha1_80Cipher> {
        let cipher = inner().srtp_provider.aes_128_cm_sha1_80().create_cipher(key, encrypt);
        Box::new(CmCipher(cipher, Sealed::under(&key)))
    }
}

impl SupportedAeadAes128Gcm for NotingGcm128 {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn AeadAes128GcmCipher> {
        let cipher = inner().srtp_provider.aead_aes_128_gcm().create_cipher(key, encrypt);
        Box::new(Gcm128Cipher(cipher, Sealed::under(&key)))
    }
}

impl SupportedAeadAes256Gcm for NotingGcm256 {
    fn create_cipher(&self, key: [u8; 32], encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        let cipher = inner().srtp_provider.aead_aes_256_gcm().create_cipher(key, encrypt);
        Box::new(Gcm256Cipher(cipher, Sealed::under(&key)))
    }
}

/// Bytes of the HMAC-SHA1-80 tag, which follows the index (RFC 3711 section 3.4).
const SHA1_TAG: usize = 10;

/// In this profile str0m checks the HMAC before it decrypts, so a decrypted packet was authenticated here too. What must not
/// be sealed is left as it is, zeros, here and below: an error would be a panic of str0m's. It does not leave.
#[derive(Debug)]
struct CmCipher(Box<dyn Aes128CmSha1_80Cipher>, Sealed);
#[derive(Debug)]
struct Gcm128Cipher(Box<dyn AeadAes128GcmCipher>, Sealed);
#[derive(Debug)]
struct Gcm256Cipher(Box<dyn AeadAes256GcmCipher>, Sealed);

impl Aes128CmSha1_80Cipher for CmCipher {
    fn encrypt(&mut self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        if !self.1.take(iv, CM_SOURCE_AT) {
            return Ok(());
        }
        self.0.encrypt(iv, input, output)
    }

    fn decrypt(&mut self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        note(self.0.decrypt(iv, input, output), SHA1_TAG)
    }
}

impl AeadAes128GcmCipher for Gcm128Cipher {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        if !self.1.take(iv, GCM_SOURCE_AT) {
            return Ok(());
        }
        self.0.encrypt(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        // RFC 7714 section 9.3: the index comes last.
        let length = note(self.0.decrypt(iv, aads, input, output), 0)?;
        judge(aads, output.get(..length).unwrap_or_default());
        Ok(length)
    }
}

impl AeadAes256GcmCipher for Gcm256Cipher {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        if !self.1.take(iv, GCM_SOURCE_AT) {
            return Ok(());
        }
        self.0.encrypt(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        // RFC 7714 section 9.3: the index comes last.
        let length = note(self.0.decrypt(iv, aads, input, output), 0)?;
        judge(aads, output.get(..length).unwrap_or_default());
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_whose_lengths_lie_are_no_reports() {
        let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
        assert!(is_whole(&report, &[]));
        assert!(is_whole(&report, &[0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9]));
        for rest in
            [&[0x81, 206, 0, 3, 0, 0, 0, 7, 0, 0, 0, 9][..], &[0x41, 206, 0, 0], &[0x80, 201, 0], &[0; 8]]
        {
            assert!(!is_whole(&report, rest), "{rest:?}");
        }
        assert!(!is_whole(&[0x80, 201, 0, 0, 0, 0, 0, 7], &[]));
    }
}
