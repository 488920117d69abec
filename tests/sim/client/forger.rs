//! What a hostile client can do that no browser does: make up any SRTP and SRTCP under its own keys.
//!
//! The ciphers of its connection are wrapped by ones that note key and salt, so that packets can be sealed which str0m
//! would never send.

use std::sync::{Arc, Mutex};

use str0m::config::CryptoProvider;
use str0m::crypto::{
    AeadAes256GcmCipher, CryptoError, SrtpProvider, SupportedAeadAes128Gcm, SupportedAeadAes256Gcm,
    SupportedAes128CmSha1_80,
};

/// Bytes of the tag AES-GCM adds.
const TAG: usize = 16;

/// What is known of the keys one connection sends with.
#[derive(Debug, Default)]
struct Keys {
    rtp: Option<Key>,
    rtcp: Option<Key>,
}

#[derive(Debug, Clone, Copy)]
struct Key {
    key: [u8; 32],
    salt: [u8; 12],
}

/// Seals what it is asked to, with the keys of one connection.
#[derive(Debug)]
pub struct Forger {
    keys: Arc<Mutex<Keys>>,
    provider: Arc<CryptoProvider>,
    /// Index of the last SRTCP packet made here: far from those the connection uses itself.
    index: u32,
}

impl Forger {
    pub fn new() -> Forger {
        let keys = Arc::new(Mutex::new(Keys::default()));
        let inner = str0m::crypto::from_feature_flags();
        // The provider lives as long as the test.
        let noting: &'static NotingSrtp =
            Box::leak(Box::new(NotingSrtp { inner: inner.srtp_provider, keys: keys.clone() }));
        let provider = Arc::new(CryptoProvider { srtp_provider: noting, ..inner });
        Forger { keys, provider, index: 1 << 20 }
    }

    pub fn provider(&self) -> Arc<CryptoProvider> {
        self.provider.clone()
    }

    /// An SRTP packet (RFC 7714 section 8): the header as it is, the payload sealed. For the first 65,536 packets of a
    /// source, once the connection has sent something itself.
    pub fn rtp(&self, header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
        let Key { key, salt } = self.keys.lock().expect("one thread").rtp?;
        let mut iv = [0; 12];
        iv[2..6].copy_from_slice(&header[8..12]);
        iv[10..12].copy_from_slice(&header[2..4]);
        let mut packet = header.to_vec();
        packet.extend(Self::seal(key, xor(iv, salt), header, payload));
        Some(packet)
    }

    /// An SRTCP packet (RFC 7714 section 9) of one compound packet, whose first eight bytes stay readable.
    pub fn rtcp(&mut self, compound: &[u8]) -> Option<Vec<u8>> {
        let Key { key, salt } = self.keys.lock().expect("one thread").rtcp?;
        self.index += 1;
        let word = (self.index | 0x8000_0000).to_be_bytes();
        let mut iv = [0; 12];
        iv[2..6].copy_from_slice(&compound[4..8]);
        iv[8..12].copy_from_slice(&self.index.to_be_bytes());
        let mut aad = compound[..8].to_vec();
        aad.extend(word);
        let mut packet = compound[..8].to_vec();
        packet.extend(Self::seal(key, xor(iv, salt), &aad, &compound[8..]));
        packet.extend(word);
        Some(packet)
    }

    fn seal(key: [u8; 32], iv: [u8; 12], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let srtp = str0m::crypto::from_feature_flags().srtp_provider;
        let mut cipher = srtp.aead_aes_256_gcm().create_cipher(key, true);
        let mut sealed = vec![0; plain.len() + TAG];
        cipher.encrypt(&iv, aad, plain, &mut sealed).expect("it can be sealed");
        sealed
    }
}

fn xor(mut one: [u8; 12], other: [u8; 12]) -> [u8; 12] {
    one.iter_mut().zip(other).for_each(|(one, other)| *one ^= other);
    one
}

#[derive(Debug)]
struct NotingSrtp {
    inner: &'static dyn SrtpProvider,
    keys: Arc<Mutex<Keys>>,
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
    keys: Arc<Mutex<Keys>>,
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
    keys: Arc<Mutex<Keys>>,
}

impl NotingCipher {
    /// The salt is what is left of an IV without what it is made of (RFC 7714 sections 8.1 and 9.1).
    fn note(&self, iv: [u8; 12], aad: &[u8]) {
        let mut keys = self.keys.lock().expect("one thread");
        let mut parts = [0; 12];
        if aad.get(1).is_some_and(|second| (64..96).contains(&(second & 0x7f))) {
            parts[2..6].copy_from_slice(&aad[4..8]);
            let index = u32::from_be_bytes(aad[8..12].try_into().expect("four bytes")) & 0x7fff_ffff;
            parts[8..12].copy_from_slice(&index.to_be_bytes());
            keys.rtcp.get_or_insert(Key { key: self.key, salt: xor(iv, parts) });
        } else {
            parts[2..6].copy_from_slice(&aad[8..12]);
            parts[10..12].copy_from_slice(&aad[2..4]);
            keys.rtp.get_or_insert(Key { key: self.key, salt: xor(iv, parts) });
        }
    }
}

impl AeadAes256GcmCipher for NotingCipher {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.note(*iv, aad);
        self.inner.encrypt(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.inner.decrypt(iv, aads, input, output)
    }
}
