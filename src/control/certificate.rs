//! The server's certificate: the operator's, or one made here for a machine that has none.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, KeyPair, SanType};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use time::OffsetDateTime;

/// File names inside the directory for certificates.
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";

/// Some browsers refuse certificates that are valid for longer than 398 days.
const VALID_FOR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A client's clock may be behind.
const VALID_SINCE: Duration = Duration::from_secs(24 * 3600);

/// A certificate that ends sooner than this is made anew at the start.
const RENEW_BEFORE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The lines before a certificate that was made here (RFC 7468 lets text stand there): by these it is known again.
const MADE_HERE: &str = "Self-signed by Plenary. It is made anew when it ends or when an address is missing.";
const NOT_AFTER: &str = "Ends (seconds since 1970): ";
const NAMES: &str = "Names: ";

/// What a certificate, a key or a PKCS #12 file in DER begins with: the tag of a sequence (X.690, 8.9). No PEM file does.
const DER_SEQUENCE: u8 = 0x30;

/// Why there is no certificate to serve with.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// The file cannot be read, or is not in PEM form.
    #[error("{} cannot be read: {why}", .0.display(), why = .1)]
    Unreadable(PathBuf, String),
    /// The file is in binary form: the certificate or the key in DER, or both in one PKCS #12 file.
    #[error(
        "{path} is in binary form (DER, as in .der, .cer and .pfx files), and PEM is needed: \
         \"openssl x509 -inform der -in {path}\" writes a certificate as PEM, \"openssl pkey -inform der -in {path}\" a key, \
         \"openssl pkcs12 -nodes -in {path}\" both of a .pfx file",
        path = .0.display()
    )]
    Binary(PathBuf),
    /// The key can be read only with a passphrase, for which there is nobody to ask.
    #[error(
        "{path} is encrypted with a passphrase, and the server has nobody to ask for it: \"openssl pkey -in {path}\" writes \
         it without one; keep that file readable by the server only",
        path = .0.display()
    )]
    EncryptedKey(PathBuf),
    /// A key that was not made here has no certificate, and is not written over.
    #[error("{} has no certificate beside it, {CERTIFICATE}", .0.display())]
    ForeignKey(PathBuf),
    /// The file cannot be written.
    #[error("{} cannot be written: {why}", .0.display(), why = .1)]
    Unwritable(PathBuf, io::Error),
    /// Certificate and key do not fit, or TLS does not accept them.
    #[error("{} and {} cannot be used together: {why}", .0.certificate.display(), .0.key.display(), why = .1)]
    Refused(CertificateFiles, rustls::Error),
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    NoTls(rustls::Error),
    /// No certificate could be made.
    #[error("no certificate could be made: {0}")]
    NotMade(rcgen::Error),
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the server's own first, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
}

impl CertificateFiles {
    fn inside(directory: &Path) -> Self {
        Self { certificate: directory.join(CERTIFICATE), key: directory.join(KEY) }
    }

    /// The certificate kept in `directory`, made or made anew if need be: self-signed, for about a year, for `localhost`,
    /// the loopback addresses, the host's name and `addresses`. One that was not made here is left alone.
    ///
    /// # Errors
    /// [`CertificateError`] says what went wrong with which file.
    pub fn ensure(directory: &Path, addresses: &[IpAddr]) -> Result<Self, CertificateError> {
        let files = Self::inside(directory);
        let names = names(addresses);
        let now = OffsetDateTime::now_utc();
        match fs::read_to_string(&files.certificate) {
            Ok(text) if !text.starts_with(MADE_HERE) => return Ok(files),
            Ok(text) if files.key.exists() && is_good(&text, &names, now) => return Ok(files),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // No text: not made here.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(files),
            Err(error) => return Err(CertificateError::Unreadable(files.certificate, error.to_string())),
        }
        if !files.key_may_be_replaced() {
            return Err(CertificateError::ForeignKey(files.key));
        }
        fs::create_dir_all(directory)
            .map_err(|error| CertificateError::Unwritable(directory.into(), error))?;
        let (certificate, key) = make(&names, now).map_err(CertificateError::NotMade)?;
        write(&files.key, &key, 0o600)?;
        write(&files.certificate, &certificate, 0o644)?;
        log::info!("made a self-signed certificate: {}", files.certificate.display());
        Ok(files)
    }

    /// Whether there is no key, or one that was made here: an operator's may be put in its place before its certificate.
    fn key_may_be_replaced(&self) -> bool {
        match fs::read_to_string(&self.key) {
            Ok(text) => text.starts_with(MADE_HERE) || self.server_config().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// TLS 1.2 and 1.3 with this certificate, for HTTP/1.1.
    ///
    /// # Errors
    /// [`CertificateError`] says what is wrong with which file.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, CertificateError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |error: rustls::pki_types::pem::Error| unfit(path, error.to_string())
        };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(unreadable(&self.certificate))?;
        if chain.is_empty() {
            return Err(unfit(self.certificate.clone(), "there is no certificate in it".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(unreadable(&self.key))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(CertificateError::NoTls)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| CertificateError::Refused(self.clone(), error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// Why a file that is there, or is not, has nothing to serve with.
fn unfit(path: PathBuf, why: String) -> CertificateError {
    let bytes = fs::read(&path).unwrap_or_default();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    if has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED") {
        CertificateError::EncryptedKey(path)
    } else if bytes.first() == Some(&DER_SEQUENCE) && !has("-----BEGIN") {
        CertificateError::Binary(path)
    } else {
        CertificateError::Unreadable(path, why)
    }
}

/// Where a certificate comes from, so that it can be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSource {
    /// The operator's files.
    Files(CertificateFiles),
    /// A directory: see [`CertificateFiles::ensure`].
    Directory {
        /// Which.
        directory: PathBuf,
        /// What a certificate made there is for.
        addresses: Vec<IpAddr>,
    },
}

impl CertificateSource {
    fn files(&self) -> Result<CertificateFiles, CertificateError> {
        match self {
            Self::Files(files) => Ok(files.clone()),
            Self::Directory { directory, addresses } => CertificateFiles::ensure(directory, addresses),
        }
    }
}

/// TLS with a certificate that can be read again.
#[derive(Debug, Clone)]
pub struct Tls {
    source: CertificateSource,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Reads the certificate.
    ///
    /// # Errors
    /// [`CertificateError`] says what is wrong with which file.
    pub fn load(source: CertificateSource) -> Result<Self, CertificateError> {
        let config = source.files()?.server_config()?;
        Ok(Self { source, config })
    }

    /// What new connections are begun with.
    pub(super) fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    /// Reads the certificate again, for new connections; those there are go on with theirs. Which file it is.
    ///
    /// # Errors
    /// [`CertificateError`] says what is wrong with which file. Then the certificate stays what it was: also when only one
    /// of two files has been replaced so far, because then the key is not the certificate's.
    pub(super) fn reload(&mut self) -> Result<PathBuf, CertificateError> {
        let files = match &self.source {
            // Between an old certificate and a new one there may be none for a moment: no reason to make one.
            CertificateSource::Directory { directory, .. } if !directory.join(CERTIFICATE).exists() => {
                CertificateFiles::inside(directory)
            }
            source => source.files()?,
        };
        self.config = files.server_config()?;
        Ok(files.certificate)
    }
}

fn names(addresses: &[IpAddr]) -> Vec<String> {
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    let fixed = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut names: Vec<String> = fixed.into_iter().chain([host]).filter(|name| is_name(name)).collect();
    names.extend(addresses.iter().map(ToString::to_string));
    names.sort();
    names.dedup();
    names
}

fn is_name(name: &str) -> bool {
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    name.parse::<IpAddr>().is_ok() || (!name.is_empty() && name.bytes().all(of_host))
}

/// Whether a certificate made here is still of use. Names it has beyond those wanted do no harm.
fn is_good(text: &str, names: &[String], now: OffsetDateTime) -> bool {
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    let ends = line(NOT_AFTER).and_then(|seconds| seconds.parse::<i64>().ok()).unwrap_or(0);
    let has: Vec<&str> = line(NAMES).unwrap_or_default().split(' ').collect();
    ends > (now + RENEW_BEFORE).unix_timestamp() && names.iter().all(|name| has.contains(&name.as_str()))
}

fn make(names: &[String], now: OffsetDateTime) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.not_before = now - VALID_SINCE;
    params.not_after = now + VALID_FOR;
    params.distinguished_name.push(DnType::CommonName, DnValue::Utf8String("Plenary (self-signed)".into()));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for name in names {
        params.subject_alt_names.push(match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.as_str().try_into()?),
        });
    }
    let certificate = params.self_signed(&key)?;
    let ends = params.not_after.unix_timestamp();
    let text = format!("{MADE_HERE}\n{NOT_AFTER}{ends}\n{NAMES}{}\n{}", names.join(" "), certificate.pem());
    Ok((text, format!("{MADE_HERE}\n{}", key.serialize_pem())))
}

/// Writes beside the file and renames, so that nobody sees half of it and its mode is right from the start.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
    let beside = path.with_extension("new.pem");
    let attempt = || {
        let _ = fs::remove_file(&beside);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        options.open(&beside)?.write_all(text.as_bytes())?;
        fs::rename(&beside, path)
    };
    attempt().map_err(|error| CertificateError::Unwritable(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("plenary-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_made_certificate_serves_and_is_kept_until_an_address_is_missing() {
        let directory = Directory::new("made");
        let files = CertificateFiles::ensure(&directory.0, &["192.0.2.1".parse().unwrap()]).unwrap();
        files.server_config().unwrap();
        let first = fs::read(&files.certificate).unwrap();
        CertificateFiles::ensure(&directory.0, &["192.0.2.1".parse().unwrap()]).unwrap();
        assert_eq!(fs::read(&files.certificate).unwrap(), first);
        CertificateFiles::ensure(&directory.0, &[]).unwrap();
        assert_eq!(fs::read(&files.certificate).unwrap(), first);
        CertificateFiles::ensure(&directory.0, &["2001:db8::1".parse().unwrap()]).unwrap();
        assert_ne!(fs::read(&files.certificate).unwrap(), first);
        files.server_config().unwrap();
    }

    #[test]
    fn a_certificate_about_to_end_is_made_anew() {
        let (now, names) = (OffsetDateTime::now_utc(), names(&[]));
        let (text, _) = make(&names, now).unwrap();
        assert!(is_good(&text, &names, now));
        assert!(is_good(&text, &names, now + Duration::from_secs(350 * 24 * 3600)));
        assert!(!is_good(&text, &names, now + Duration::from_secs(360 * 24 * 3600)));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let directory = Directory::new("mode");
        let files = CertificateFiles::ensure(&directory.0, &[]).unwrap();
        assert_eq!(fs::metadata(files.key).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_was_put_here_is_never_written_over() {
        let directory = Directory::new("foreign-key");
        fs::create_dir_all(&directory.0).unwrap();
        let foreign = KeyPair::generate().unwrap().serialize_pem();
        let key = directory.0.join(KEY);
        fs::write(&key, &foreign).unwrap();
        assert!(matches!(CertificateFiles::ensure(&directory.0, &[]), Err(CertificateError::ForeignKey(_))));
        fs::remove_file(&key).unwrap();
        CertificateFiles::ensure(&directory.0, &[]).unwrap();
        // The operator's key has come, its certificate has not, and ours would have to be made anew.
        fs::write(&key, &foreign).unwrap();
        let made = CertificateFiles::ensure(&directory.0, &["192.0.2.1".parse().unwrap()]);
        assert!(matches!(made, Err(CertificateError::ForeignKey(_))));
        assert_eq!(fs::read_to_string(&key).unwrap(), foreign);
    }

    #[test]
    fn the_operators_certificate_is_left_alone() {
        let directory = Directory::new("operator");
        fs::create_dir_all(&directory.0).unwrap();
        let path = directory.0.join(CERTIFICATE);
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nnonsense").unwrap();
        let files = CertificateFiles::ensure(&directory.0, &[]).unwrap();
        assert!(matches!(files.server_config(), Err(CertificateError::Unreadable(..))));
        assert!(fs::read_to_string(&path).unwrap().contains("nonsense"));
    }

    #[test]
    fn an_encrypted_key_and_a_binary_certificate_are_told_as_what_they_are_and_what_helps() {
        let directory = Directory::new("forms");
        let files = CertificateFiles::ensure(&directory.0, &[]).unwrap();
        let (certificate, key) = (fs::read(&files.certificate).unwrap(), fs::read(&files.key).unwrap());
        let der = CertificateDer::from_pem_slice(&certificate).unwrap().to_vec();
        let key_der = PrivateKeyDer::from_pem_slice(&key).unwrap().secret_der().to_vec();
        let says = |file: &Path, bytes: &[u8]| {
            let before = fs::read(file).unwrap();
            fs::write(file, bytes).unwrap();
            let error = CertificateFiles::ensure(&directory.0, &[]).and_then(|files| files.server_config());
            fs::write(file, before).unwrap();
            error.unwrap_err().to_string()
        };
        let pkcs8 = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHs\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIHs\n\
                   -----END RSA PRIVATE KEY-----\n";
        // The operator's certificate, so that none is made in its place.
        let foreign: Vec<u8> =
            certificate.windows(5).position(|w| w == b"-----").map(|at| certificate[at..].to_vec()).unwrap();
        fs::write(&files.certificate, foreign).unwrap();
        for key in [pkcs8, old] {
            let line = says(&files.key, key.as_bytes());
            assert!(
                line.contains("key.pem is encrypted with a passphrase") && line.contains("openssl pkey -in"),
                "{line}"
            );
        }
        for (file, bytes) in [(&files.certificate, &der), (&files.key, &key_der)] {
            let line = says(file, bytes);
            assert!(line.contains("is in binary form (DER") && line.contains("-inform der"), "{line}");
        }
        assert!(
            says(&files.key, b"0 is no key").contains("is in binary form"),
            "a guess that only costs a sentence"
        );
        assert!(says(&files.key, b"").contains("cannot be read"));
    }
}
