//! The keys of one client's connection, noted as its ciphers use them: what a judge opens with, and a forger seals with.
//!
//! str0m gives ciphers their key when they are made; the salt is what is left of the first initialisation vector.

use std::sync::{Arc, Mutex, MutexGuard};

use str0m::config::CryptoProvider;
use str0m::crypto::{
    AeadAes256GcmCipher, CryptoError, SrtpProvider, SupportedAeadAes128Gcm, SupportedAeadAes256Gcm,
    SupportedAes128CmSha1_80,
};

use super::patience::Browsers;

/// Bytes of the tag AES-GCM adds.
pub const TAG: usize = 16;

/// The session keys of one direction, as far as they were used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keys {
    pub rtp: Option<Key>,
    pub rtcp: Option<Key>,
}

/// A session key of AES-256-GCM (RFC 7714) and its salt.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    key: [u8; 32],
    salt: [u8; 12],
}

/// The keys of one connection.
#[derive(Debug, Clone, Default)]
pub struct Keyring(Arc<Mutex<[Keys; 2]>>);

impl Keyring {
    /// What the client sends with.
    pub fn ours(&self) -> Keys {
        self.lock()[0]
    }

    /// What it is sent with.
    pub fn theirs(&self) -> Keys {
        self.lock()[1]
    }

    fn lock(&self) -> MutexGuard<'_, [Keys; 2]> {
        self.0.lock().expect("one thread")
    }

    /// The cryptography of a connection whose keys are noted here.
    pub fn provider(&self) -> Arc<CryptoProvider> {
        let inner = str0m::crypto::from_feature_flags();
        // The provider lives as long as the test.
        let noting: &'static NotingSrtp =
            Box::leak(Box::new(NotingSrtp { inner: inner.srtp_provider, keys: self.clone() }));
        Arc::new(CryptoProvider { srtp_provider: noting, dtls_provider: &Browsers, ..inner })
    }

    /// The salt is what is left of an IV without what it is made of (RFC 7714 sections 8.1 and 9.1).
    fn note(&self, encrypt: bool, key: [u8; 32], iv: [u8; 12], aad: &[u8]) {
        let mut keys = self.lock();
        let keys = &mut keys[usize::from(!encrypt)];
        if is_rtcp(aad) {
            let index = u32::from_be_bytes(aad[8..12].try_into().expect("four bytes")) & 0x7fff_ffff;
            let source = aad[4..8].try_into().expect("four bytes");
            keys.rtcp.get_or_insert(Key { key, salt: xor(iv, rtcp_parts(source, index)) });
        } else {
            // The first packet of a source has turned over never.
            keys.rtp.get_or_insert(Key { key, salt: xor(iv, rtp_parts(aad, 0)) });
        }
    }
}

impl Key {
    /// Seals the payload of an SRTP packet whose sequence number has not turned over yet.
    pub fn seal_rtp(&self, header: &[u8], payload: &[u8]) -> Vec<u8> {
        self.seal(rtp_parts(header, 0), header, payload)
    }

    /// Seals what follows the first eight bytes of an SRTCP packet.
    pub fn seal_rtcp(&self, first: &[u8], index: u32, aad: &[u8], rest: &[u8]) -> Vec<u8> {
        self.seal(rtcp_parts(first[4..8].try_into().expect("four bytes"), index), aad, rest)
    }

    fn seal(&self, parts: [u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let srtp = str0m::crypto::from_feature_flags().srtp_provider;
        let mut cipher = srtp.aead_aes_256_gcm().create_cipher(self.key, true);
        let mut sealed = vec![0; plain.len() + TAG];
        cipher.encrypt(&xor(parts, self.salt), aad, plain, &mut sealed).expect("it can be sealed");
        sealed
    }

    /// What opens what was sealed with this key.
    pub fn opener(&self) -> Opener {
        let srtp = str0m::crypto::from_feature_flags().srtp_provider;
        Opener { cipher: srtp.aead_aes_256_gcm().create_cipher(self.key, false), salt: self.salt }
    }
}

/// Opens what was sealed with one key.
#[derive(Debug)]
pub struct Opener {
    cipher: Box<dyn AeadAes256GcmCipher>,
    salt: [u8; 12],
}

impl Opener {
    /// The payload of an SRTP packet whose sequence number has turned over so often.
    pub fn rtp(&mut self, header: &[u8], turns: u32, sealed: &[u8]) -> Option<Vec<u8>> {
        self.open(rtp_parts(header, turns), header, sealed)
    }

    /// An SRTCP packet as the compound packet it was (RFC 7714 section 9).
    pub fn rtcp(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let (sealed, word) = datagram.split_last_chunk::<4>()?;
        let (first, sealed) = sealed.split_first_chunk::<8>()?;
        let index = u32::from_be_bytes(*word) & 0x7fff_ffff;
        let aad = [&first[..], word].concat();
        let parts = rtcp_parts(first[4..8].try_into().expect("four bytes"), index);
        let rest = self.open(parts, &aad, sealed)?;
        Some([&first[..], &rest].concat())
    }

    fn open(&mut self, parts: [u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut plain = vec![0; sealed.len().checked_sub(TAG)?];
        self.cipher.decrypt(&xor(parts, self.salt), &[aad], sealed, &mut plain).ok()?;
        Some(plain)
    }
}

/// Whether it is RTCP, by its second byte (RFC 5761 section 4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|second| (64..96).contains(&(second & 0x7f)))
}

fn rtp_parts(header: &[u8], turns: u32) -> [u8; 12] {
    let mut parts = [0; 12];
    parts[2..6].copy_from_slice(&header[8..12]);
    parts[6..10].copy_from_slice(&turns.to_be_bytes());
    parts[10..12].copy_from_slice(&header[2..4]);
    parts
}

fn rtcp_parts(source: [u8; 4], index: u32) -> [u8; 12] {
    let mut parts = [0; 12];
    parts[2..6].copy_from_slice(&source);
    parts[8..12].copy_from_slice(&index.to_be_bytes());
    parts
}

fn xor(mut one: [u8; 12], other: [u8; 12]) -> [u8; 12] {
    one.iter_mut().zip(other).for_each(|(one, other)| *one ^= other);
    one
}

#[derive(Debug)]
struct NotingSrtp {
    inner: &'static dyn SrtpProvider,
    keys: Keyring,
}

impl SrtpProvider for NotingSrtp {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        self.inner.aes_128_cm_sha1_80()
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        self.inner.aead_aes_128_gcm()
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        let inner = self.inner.aead_aes_256_gcm();
        Box::leak(Box::new(NotingGcm { inner, keys: self.keys.clone() }))
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        self.inner.srtp_aes_128_ecb_round(key, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        self.inner.srtp_aes_256_ecb_round(key, input, output);
    }
}

#[derive(Debug)]
struct NotingGcm {
    inner: &'static dyn SupportedAeadAes256Gcm,
    keys: Keyring,
}

impl SupportedAeadAes256Gcm for NotingGcm {
    fn create_cipher(&self, key: [u8; 32], encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        let inner = self.inner.create_cipher(key, encrypt);
        Box::new(NotingCipher { inner, key, keys: self.keys.clone() })
    }
}

#[derive(Debug)]
struct NotingCipher {
    inner: Box<dyn AeadAes256GcmCipher>,
    key: [u8; 32],
    keys: Keyring,
}

impl AeadAes256GcmCipher for NotingCipher {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.keys.note(true, self.key, *iv, aad);
        self.inner.encrypt(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let read = self.inner.decrypt(iv, aads, input, output)?;
        self.keys.note(false, self.key, *iv, &aads.concat());
        Ok(read)
    }
}
