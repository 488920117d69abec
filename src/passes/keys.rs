//! The keys that tokens are signed with, by name.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents, RsaSubjectPublicKey};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm as Name, DecodingKey, EncodingKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::de::SliceRead;
use thiserror::Error;

use crate::json;

/// Bytes of a shared secret at least: as many as what is computed with it (RFC 7518, 3.2).
const SECRET_BYTES: usize = 32;

/// Bits of an RSA key: from what RFC 7518 (3.3) asks for to what can be computed with in no time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// Characters of a key's name at most.
const NAME_CHARS: usize = 64;

/// Characters of a name that is in a set of keys: others make them up of hashes and dates.
const FOREIGN_NAME_CHARS: usize = 256;

/// How a key signs. It is the key's, once and for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// A secret that both sides have.
    Hs256,
    /// RSA, of which this side has the public half.
    Rs256,
    /// Ed25519, of which this side has the public half.
    EdDsa,
}

impl Algorithm {
    /// As a token's header has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The same for the library.
    pub(super) fn of_crate(self) -> Name {
        match self {
            Self::Hs256 => Name::HS256,
            Self::Rs256 => Name::RS256,
            Self::EdDsa => Name::EdDSA,
        }
    }
}

/// One key.
#[derive(Debug, Clone)]
pub(super) struct PassKey {
    /// How it signs.
    pub(super) algorithm: Algorithm,
    /// What verifies.
    pub(super) verifies: DecodingKey,
    /// What signs, if that is here.
    pub(super) signs: Option<EncodingKey>,
    /// By which it is told from another one of the same name.
    print: [u8; 32],
}

impl PassKey {
    fn secret(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() < SECRET_BYTES {
            return Err(KeyError::ShortSecret);
        }
        Ok(Self {
            algorithm: Algorithm::Hs256,
            verifies: DecodingKey::from_secret(bytes),
            signs: Some(EncodingKey::from_secret(bytes)),
            print: print(Algorithm::Hs256, bytes),
        })
    }

    /// A public key as certificates have it (RFC 5280, `SubjectPublicKeyInfo`).
    fn public(der: &[u8]) -> Result<Self, KeyError> {
        let (algorithm, verifies) = if let Ok(key) = RsaSubjectPublicKey::from_der(der) {
            let modulus = key.modulus();
            let modulus = modulus.big_endian_without_leading_zero();
            let unused = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
            let bits = modulus.len() * 8 - unused.min(modulus.len() * 8);
            if !RSA_BITS.contains(&bits) {
                return Err(KeyError::RsaBits { bits });
            }
            (Algorithm::Rs256, DecodingKey::from_rsa_der(key.as_ref()))
        } else if ParsedPublicKey::new(&ED25519, der).is_ok() {
            (Algorithm::EdDsa, DecodingKey::from_ed_der(der))
        } else {
            return Err(KeyError::OtherKind);
        };
        Ok(Self { algorithm, verifies, signs: None, print: print(algorithm, der) })
    }
}

fn print(algorithm: Algorithm, bytes: &[u8]) -> [u8; 32] {
    let hashed = digest::digest(&digest::SHA256, &[algorithm.name().as_bytes(), bytes].concat());
    hashed.as_ref().try_into().unwrap_or_default()
}

/// Why something is no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The secret is no base64url.
    #[error(
        "it is no base64url (letters, digits, - and _): `openssl rand 32 | basenc --base64url` makes a secret"
    )]
    NotBase64,
    /// The secret could be guessed.
    #[error("its secret has fewer than {SECRET_BYTES} bytes")]
    ShortSecret,
    /// It is a private key, which nobody but who signs has any use for.
    #[error(
        "it is a private key, which is needed here by nobody: `openssl pkey -pubout` writes its public half"
    )]
    Private,
    /// It is a certificate.
    #[error("it is a certificate: `openssl x509 -noout -pubkey` writes its public key")]
    Certificate,
    /// There is no public key in it.
    #[error("there is no public key in it (PEM, BEGIN PUBLIC KEY)")]
    NoPem,
    /// The key is of no kind that is taken.
    #[error("its key is neither RSA nor Ed25519")]
    OtherKind,
    /// The RSA key is too small, or too large.
    #[error("its RSA key has {bits} bits, and may have {} to {}", RSA_BITS.start(), RSA_BITS.end())]
    RsaBits {
        /// How many it has.
        bits: usize,
    },
    /// The set of keys cannot be read.
    #[error("it is no set of keys (JWKS): {0}")]
    NoSet(String),
    /// A key of the set cannot be used.
    #[error("its key {name}: {why}")]
    InSet {
        /// Which.
        name: String,
        /// What is wrong with it.
        why: Box<KeyError>,
    },
    /// A key of the set has no name by which it is found.
    #[error("it has no name (kid) of 1 to {FOREIGN_NAME_CHARS} characters")]
    NoName,
    /// A number of the key is not as it has to be.
    #[error("a part of it is no base64url, or not what it has to be")]
    BadParts,
    /// There is another one of this name.
    #[error("there are two keys named {0}")]
    Twice(String),
}

/// Keys by name.
#[derive(Debug, Clone, Default)]
pub struct PassKeys(BTreeMap<String, PassKey>);

/// One key of a set (RFC 7517).
#[derive(Debug, Deserialize)]
struct InSet {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    k: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Set {
    keys: Vec<InSet>,
}

impl PassKeys {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The names of those that tokens can be made with.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, key)| key.signs.is_some()).map(|(name, _)| name.as_str())
    }

    /// The names of those that are not in `others`, or are another key there.
    pub fn beside<'a>(&'a self, others: &'a PassKeys) -> impl Iterator<Item = &'a str> {
        let is_there = |name: &str, key: &PassKey| others.0.get(name).is_some_and(|it| it.print == key.print);
        self.0.iter().filter(move |(name, key)| !is_there(name, key)).map(|(name, _)| name.as_str())
    }

    /// The one of this name.
    pub(super) fn get(&self, name: &str) -> Option<&PassKey> {
        self.0.get(name)
    }

    /// Adds a secret that both sides have, in base64url.
    ///
    /// # Errors
    /// [`KeyError`]; nothing is added then.
    pub fn add_secret(&mut self, name: &str, text: &[u8]) -> Result<(), KeyError> {
        let bytes = base64url(text.trim_ascii()).ok_or(KeyError::NotBase64)?;
        self.add(name, PassKey::secret(&bytes)?)
    }

    /// Adds a public key, PEM.
    ///
    /// # Errors
    /// [`KeyError`]; nothing is added then.
    pub fn add_pem(&mut self, name: &str, pem: &[u8]) -> Result<(), KeyError> {
        let has = |text: &str| pem.windows(text.len()).any(|window| window == text.as_bytes());
        if has("PRIVATE KEY-----") {
            return Err(KeyError::Private);
        }
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem)
            .map_err(|_| if has("BEGIN CERTIFICATE") { KeyError::Certificate } else { KeyError::NoPem })?;
        self.add(name, PassKey::public(&der)?)
    }

    /// Adds the keys of a set, each by its own name. Those that are not for signatures, or sign in a way that is not taken, are
    /// passed over (RFC 7517, 5): whoever publishes a set does so for others, too.
    ///
    /// # Errors
    /// [`KeyError`]; a part of them may have been added then.
    pub fn add_set(&mut self, text: &[u8]) -> Result<(), KeyError> {
        let set: Set =
            json::read(SliceRead::new(text)).map_err(|error| KeyError::NoSet(error.to_string()))?;
        for key in set.keys {
            let Some(read) = key.read() else { continue };
            let name = key.kid.unwrap_or_default();
            let named = (1..=FOREIGN_NAME_CHARS).contains(&name.chars().count());
            let read = if named { read } else { Err(KeyError::NoName) };
            let in_set = |why| KeyError::InSet { name: name.clone(), why: Box::new(why) };
            self.add(&name, read.map_err(in_set)?)?;
        }
        Ok(())
    }

    fn add(&mut self, name: &str, key: PassKey) -> Result<(), KeyError> {
        if self.0.contains_key(name) {
            return Err(KeyError::Twice(name.to_owned()));
        }
        self.0.insert(name.to_owned(), key);
        Ok(())
    }
}

impl InSet {
    /// The key, or what is wrong with it; `None` if it is nothing for here.
    fn read(&self) -> Option<Result<PassKey, KeyError>> {
        let signs = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        let says = |name: &str| self.alg.as_deref().is_none_or(|alg| alg == name);
        match (self.kty.as_str(), self.crv.as_deref()) {
            _ if !signs => None,
            ("oct", _) if says(Algorithm::Hs256.name()) => Some(self.secret()),
            ("RSA", _) if says(Algorithm::Rs256.name()) => Some(self.rsa()),
            ("OKP", Some("Ed25519")) if says(Algorithm::EdDsa.name()) || says("Ed25519") => {
                Some(self.ed25519())
            }
            _ => None,
        }
    }

    fn secret(&self) -> Result<PassKey, KeyError> {
        PassKey::secret(&field(self.k.as_ref())?)
    }

    fn rsa(&self) -> Result<PassKey, KeyError> {
        let components = RsaPublicKeyComponents { n: field(self.n.as_ref())?, e: field(self.e.as_ref())? };
        let der = components.as_der().map_err(|_| KeyError::BadParts)?;
        PassKey::public(der.as_ref())
    }

    fn ed25519(&self) -> Result<PassKey, KeyError> {
        PassKey::public(&field(self.x.as_ref())?)
    }
}

fn field(text: Option<&String>) -> Result<Vec<u8>, KeyError> {
    text.and_then(|text| base64url(text.as_bytes())).ok_or(KeyError::BadParts)
}

/// What programs write for it, with or without the signs that fill it up at its end.
fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    BASE64URL_NOPAD.decode(text.get(..end)?).ok()
}

/// Whether a key's file may be called so, without its ending: nothing that leads anywhere else, or looks like another one.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=NAME_CHARS).contains(&name.len()) && name.bytes().all(plain)
}
