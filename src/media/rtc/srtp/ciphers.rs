//! The cryptography that connections use: str0m's, but what it authenticates is told to [`watch`], and it seals nothing with a
//! nonce that was used ([`Sealed`]).

use std::sync::{Arc, LazyLock};

use str0m::config::CryptoProvider;
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, Aes128CmSha1_80Cipher, CryptoError, SrtpProvider,
    SupportedAeadAes128Gcm, SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
};

use super::handshake::WatchedDtls;
use super::sealing::{CM_SOURCE_AT, GCM_SOURCE_AT, Sealed};
use super::watch;
use crate::media::rtc::crypto::inner;

/// The provider every connection uses.
pub(in super::super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        Arc::new(CryptoProvider {
            srtp_provider: &WatchedSrtp,
            dtls_provider: &WatchedDtls,
            ..inner().clone()
        })
    });
    PROVIDER.clone()
}

#[derive(Debug)]
struct WatchedSrtp;

impl SrtpProvider for WatchedSrtp {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        &WatchedSrtp
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        &WatchedSrtp
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        &WatchedSrtp
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        inner().srtp_provider.srtp_aes_128_ecb_round(key, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        inner().srtp_provider.srtp_aes_256_ecb_round(key, input, output);
    }
}

impl SupportedAes128CmSha1_80 for WatchedSrtp {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn Aes128CmSha1_80Cipher> {
        let inner = inner().srtp_provider.aes_128_cm_sha1_80().create_cipher(key, encrypt);
        Box::new(Watched { inner, sealed: Sealed::under(&key) })
    }
}

impl SupportedAeadAes128Gcm for WatchedSrtp {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn AeadAes128GcmCipher> {
        let inner = inner().srtp_provider.aead_aes_128_gcm().create_cipher(key, encrypt);
        Box::new(Watched { inner, sealed: Sealed::under(&key) })
    }
}

impl SupportedAeadAes256Gcm for WatchedSrtp {
    fn create_cipher(&self, key: [u8; 32], encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        let inner = inner().srtp_provider.aead_aes_256_gcm().create_cipher(key, encrypt);
        Box::new(Watched { inner, sealed: Sealed::under(&key) })
    }
}

/// A cipher of str0m's and what it has sealed.
#[derive(Debug)]
struct Watched<C: ?Sized> {
    inner: Box<C>,
    sealed: Sealed,
}

impl<C: ?Sized> Watched<C> {
    /// Lets the cipher seal, if the nonce is new. If not, the packet is left as it is, zeros: an error would be a panic of
    /// str0m's. It does not leave (see [`watch::take_repeated`]).
    fn seal<const N: usize>(
        &mut self,
        iv: &[u8; N],
        source_at: usize,
        seal: impl FnOnce(&mut C) -> Result<(), CryptoError>,
    ) -> Result<(), CryptoError> {
        if self.sealed.take(iv, source_at) { seal(&mut self.inner) } else { Ok(()) }
    }
}

/// With AES-CM str0m checks the HMAC before it decrypts, so what is decrypted was authenticated here too.
impl Aes128CmSha1_80Cipher for Watched<dyn Aes128CmSha1_80Cipher> {
    fn encrypt(&mut self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        self.seal(iv, CM_SOURCE_AT, |inner| inner.encrypt(iv, input, output))
    }

    fn decrypt(&mut self, iv: &[u8; 16], input: &[u8], output: &mut [u8]) -> Result<(), CryptoError> {
        self.inner.decrypt(iv, input, output)?;
        // There is padding behind the plain text, which is as long as what was encrypted, and for str0m cannot be shorter.
        watch::decrypted(output.get(..input.len()).unwrap_or_default());
        Ok(())
    }
}

/// The two are traits of one shape.
macro_rules! watched_gcm {
    ($($cipher:ident),*) => {$(
        impl $cipher for Watched<dyn $cipher> {
            fn encrypt(
                &mut self,
                iv: &[u8; 12],
                aad: &[u8],
                input: &[u8],
                output: &mut [u8],
            ) -> Result<(), CryptoError> {
                self.seal(iv, GCM_SOURCE_AT, |inner| inner.encrypt(iv, aad, input, output))
            }

            fn decrypt(
                &mut self,
                iv: &[u8; 12],
                aads: &[&[u8]],
                input: &[u8],
                output: &mut [u8],
            ) -> Result<usize, CryptoError> {
                let length = self.inner.decrypt(iv, aads, input, output)?;
                let plain = output.get_mut(..length).unwrap_or_default();
                watch::decrypted(plain);
                Ok(watch::spared(plain))
            }
        }
    )*};
}

watched_gcm!(AeadAes128GcmCipher, AeadAes256GcmCipher);
