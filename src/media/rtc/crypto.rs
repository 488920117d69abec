//! str0m's cryptography as it comes, for what we compute ourselves.

use std::sync::LazyLock;

use str0m::config::{CryptoProvider, DtlsCert};

/// The provider str0m was built with.
pub(super) fn inner() -> &'static CryptoProvider {
    static INNER: LazyLock<CryptoProvider> = LazyLock::new(str0m::crypto::from_feature_flags);
    &INNER
}

/// One DTLS certificate per process: making one costs a key generation, and the fingerprint is then one per node.
pub(super) fn certificate() -> Option<DtlsCert> {
    static CERTIFICATE: LazyLock<Option<DtlsCert>> =
        LazyLock::new(|| inner().dtls_provider.generate_certificate());
    CERTIFICATE.clone()
}

/// HMAC-SHA1, for the integrity of STUN messages (RFC 8489 section 14.5).
pub(super) fn sha1_hmac(key: &[u8], payloads: &[&[u8]]) -> [u8; 20] {
    inner().sha1_hmac_provider.sha1_hmac(key, payloads)
}

/// Bytes that nobody can foretell. `None` if the system has none.
pub(super) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes)
}
