//! str0m's cryptography with somebody who watches: what the server's own does, for one connection.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert};
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, KeyingMaterial, ProtocolVersion,
    SrtpProfile,
};
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, Aes128CmSha1_80Cipher, CryptoError, SrtpProvider,
    SupportedAeadAes128Gcm, SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
};

pub fn inner() -> &'static CryptoProvider {
    static INNER: LazyLock<CryptoProvider> = LazyLock::new(str0m::crypto::from_feature_flags);
    &INNER
}

/// What passed, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// DTLS exported keys; the end is the client or not.
    Keys { material: Vec<u8>, profile: SrtpProfile, client: bool },
    /// A cipher was made.
    Cipher { key: Vec<u8>, seals: bool },
    /// Something was sealed: what stays readable, and the rest.
    Sealed { readable: Vec<u8>, rest: Vec<u8> },
    /// Something was opened.
    Opened { readable: Vec<u8>, rest: Vec<u8> },
}

/// What passed so far.
#[derive(Debug, Clone, Default)]
pub struct Log {
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Whatever the handshake agrees on is taken for this one.
    forced: Option<SrtpProfile>,
}

impl Log {
    /// The log of an end that is told that this was agreed on. The other end has to be told so, too.
    pub fn forcing(profile: SrtpProfile) -> Log {
        Log { forced: Some(profile), ..Log::default() }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn note(&self, seen: Seen) {
        self.seen.lock().unwrap().push(seen);
    }

    /// A provider that is watched. It lives as long as the test.
    pub fn provider(&self) -> Arc<CryptoProvider> {
        let hook: &'static Hook = Box::leak(Box::new(Hook(self.clone())));
        Arc::new(CryptoProvider { srtp_provider: hook, dtls_provider: hook, ..inner().clone() })
    }
}

#[derive(Debug)]
struct Hook(Log);

impl DtlsProvider for Hook {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        inner().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let instance = inner().dtls_provider.new_dtls(cert, now, version, mtu)?;
        Ok(Box::new(Dtls { instance, log: self.0.clone() }))
    }
}

#[derive(Debug)]
struct Dtls {
    instance: Box<dyn DtlsInstance>,
    log: Log,
}

impl DtlsInstance for Dtls {
    fn set_active(&mut self, active: bool) {
        self.instance.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.instance.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let client = self.instance.is_active();
        let mut output = self.instance.poll_output(buf);
        if let (DtlsOutput::KeyingMaterial(material, profile), Some(forced)) = (&mut output, self.log.forced)
        {
            *material = KeyingMaterial::new(&material[..forced.keying_material_len()]);
            *profile = forced;
        }
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            self.log.note(Seen::Keys { material: material.to_vec(), profile: *profile, client });
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.instance.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.instance.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.instance.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.instance.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.instance.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.instance.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.instance.close()
    }
}

impl SrtpProvider for Hook {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        Box::leak(Box::new(Hook(self.0.clone())))
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        Box::leak(Box::new(Hook(self.0.clone())))
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        Box::leak(Box::new(Hook(self.0.clone())))
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        inner().srtp_provider.srtp_aes_128_ecb_round(key, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        inner().srtp_provider.srtp_aes_256_ecb_round(key, input, output);
    }
}

impl SupportedAeadAes256Gcm for Hook {
    fn create_cipher(&self, key: [u8; 32], encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        self.0.note(Seen::Cipher { key: key.to_vec(), seals: encrypt });
        let cipher = inner().srtp_provider.aead_aes_256_gcm().create_cipher(key, encrypt);
        Box::new(Cipher { cipher, log: self.0.clone() })
    }
}

impl SupportedAeadAes128Gcm for Hook {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn AeadAes128GcmCipher> {
        self.0.note(Seen::Cipher { key: key.to_vec(), seals: encrypt });
        inner().srtp_provider.aead_aes_128_gcm().create_cipher(key, encrypt)
    }
}

impl SupportedAes128CmSha1_80 for Hook {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn Aes128CmSha1_80Cipher> {
        self.0.note(Seen::Cipher { key: key.to_vec(), seals: encrypt });
        inner().srtp_provider.aes_128_cm_sha1_80().create_cipher(key, encrypt)
    }
}

#[derive(Debug)]
struct Cipher {
    cipher: Box<dyn AeadAes256GcmCipher>,
    log: Log,
}

impl AeadAes256GcmCipher for Cipher {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.log.note(Seen::Sealed { readable: aad.to_vec(), rest: input.to_vec() });
        self.cipher.encrypt(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let length = self.cipher.decrypt(iv, aads, input, output)?;
        self.log.note(Seen::Opened { readable: aads.concat(), rest: output[..length].to_vec() });
        Ok(length)
    }
}
