//! Whose certificates are trusted by what asks other servers.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

/// Where systems keep what they trust, as one file of PEM: Debian and Alpine, Fedora, SUSE, macOS.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// There is nothing to trust in a file.
#[derive(Debug, Error)]
#[error("{} has no certificate that can be trusted: {why}", file.display())]
pub struct NoTrust {
    /// The file.
    pub file: PathBuf,
    /// Why not, in words.
    pub why: String,
}

/// The certificates in a file of PEM.
///
/// # Errors
/// [`NoTrust`] if it cannot be read, or has none.
pub fn in_file(file: &Path) -> Result<Vec<CertificateDer<'static>>, NoTrust> {
    let refused = |why: String| NoTrust { file: file.to_owned(), why };
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).map_err(|error| refused(error.to_string()))?.collect();
    let found = found.map_err(|error| refused(error.to_string()))?;
    if found.is_empty() { Err(refused("there is none in it".to_owned())) } else { Ok(found) }
}

/// What the system trusts. Nothing, if it does not say so where it is looked for.
#[must_use]
pub fn of_system() -> Vec<CertificateDer<'static>> {
    let found = SYSTEM.iter().find_map(|file| CertificateDer::pem_file_iter(file).ok());
    found.into_iter().flatten().filter_map(Result::ok).collect()
}
