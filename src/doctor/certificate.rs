//! The certificate, as browsers look at it: its dates, its names, who vouches for it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::Finding;
use crate::config::{Config, Transport};
use crate::control::HostName;
use crate::control::certificate::CertificateFiles;
use crate::trust;

/// A certificate that ends sooner should have been replaced: who replaces them by themselves does so a month ahead.
const SOON: Duration = Duration::from_secs(14 * 24 * 3_600);

/// What is to be known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    /// In seconds since 1970.
    from: u64,
    until: u64,
    names: Vec<String>,
    vouches_for_itself: bool,
    /// Why nobody whom this machine trusts vouches for it, if so.
    distrust: Option<String>,
}

/// Looks at the certificate that the server would show.
pub(super) fn look(config: &Config, now: SystemTime) -> Vec<Finding> {
    match &config.transport {
        Transport::Plain => vec![Finding::good("certificate", "a proxy in front has it: --plain-http")],
        Transport::Directory(_) => vec![Finding::notice(
            "certificate",
            "one is made for this machine, and vouches for itself: browsers warn of it once",
            "for others than oneself: --cert and --key with one for the name of this server (Let's Encrypt gives them)",
        )],
        Transport::Files { cert, key } => {
            let files = CertificateFiles { certificate: cert.clone(), key: key.clone() };
            match files.server_config().map_err(|error| error.to_string()).and_then(|_| read(&files, config))
            {
                Ok(facts) => judge(&facts, &config.hosts, now),
                Err(why) => vec![Finding::error(
                    "certificate",
                    why,
                    "--cert takes the certificate and those that vouch for it, --key its private key, both PEM",
                )],
            }
        }
    }
}

fn read(files: &CertificateFiles, config: &Config) -> Result<Facts, String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| error.to_string())?;
    let (own, others) = chain.split_first().ok_or("there is no certificate in it")?;
    let (_, parsed) = X509Certificate::from_der(own).map_err(|error| error.to_string())?;
    let alternatives = parsed.subject_alternative_name().ok().flatten();
    let names = alternatives.into_iter().flat_map(|names| &names.value.general_names).filter_map(written);
    let seconds = |at: x509_parser::time::ASN1Time| u64::try_from(at.timestamp()).unwrap_or_default();
    let names: Vec<String> = names.collect();
    let asked = config.hosts.iter().map(ToString::to_string).chain(names.first().cloned()).next();
    Ok(Facts {
        from: seconds(parsed.validity().not_before),
        until: seconds(parsed.validity().not_after),
        vouches_for_itself: parsed.issuer() == parsed.subject(),
        distrust: asked.and_then(|name| distrust(own, others, &name, seconds(parsed.validity().not_after))),
        names,
    })
}

fn written(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_lowercase()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            ref bytes => {
                <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())
            }
        },
        _ => None,
    }
}

/// Why the roots of this machine do not lead to it. Dates have a finding of their own: it is asked of its last moment.
fn distrust(
    own: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    name: &str,
    until: u64,
) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trust::of_system());
    if roots.is_empty() {
        return None;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    let name = ServerName::try_from(name.trim_start_matches("*.").to_owned()).ok()?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(until.saturating_sub(1)));
    match verifier.verify_server_cert(own, others, &name, &[], at) {
        Err(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)) => {
            Some("nobody whom this machine trusts vouches for it".to_owned())
        }
        _ => None,
    }
}

fn judge(facts: &Facts, hosts: &[HostName], now: SystemTime) -> Vec<Finding> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let date = |seconds| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
    let renew = "renew it, and have the server read it again (SIGHUP): browsers refuse it";
    let dates = if now > facts.until {
        Finding::error("certificate-dates", format!("it ended on {}", date(facts.until)), renew)
    } else if now < facts.from {
        Finding::error(
            "certificate-dates",
            format!("it begins on {}, which is not yet", date(facts.from)),
            "is the clock of this machine right? Else wait, or ask for another: browsers refuse it",
        )
    } else if facts.until - now < SOON.as_secs() {
        Finding::warning("certificate-dates", format!("it ends on {}", date(facts.until)), "renew it before")
    } else {
        Finding::good("certificate-dates", format!("it is good until {}", date(facts.until)))
    };
    let missing: Vec<String> = hosts
        .iter()
        .map(ToString::to_string)
        .filter(|host| !facts.names.iter().any(|name| covers(name, host)))
        .collect();
    let names = facts.names.join(", ");
    let names = if !missing.is_empty() {
        Finding::error(
            "certificate-names",
            format!("it is for {names}, and not for {} of --host", missing.join(", ")),
            "ask for one with every name that people use",
        )
    } else if facts.names.is_empty() {
        Finding::error("certificate-names", "it is for no name", "ask for one with the name of this server")
    } else {
        Finding::good("certificate-names", format!("it is for {names}"))
    };
    let chain = match (&facts.distrust, facts.vouches_for_itself) {
        (_, true) => Finding::warning(
            "certificate-chain",
            "it vouches for itself: browsers warn of it, and apps refuse it",
            "ask an authority for one (Let's Encrypt gives them)",
        ),
        (Some(why), false) => Finding::warning(
            "certificate-chain",
            why.clone(),
            "the file of --cert has to hold the whole chain (fullchain.pem): some browsers know what is missing, others refuse it",
        ),
        (None, false) => {
            Finding::good("certificate-chain", "somebody whom this machine trusts vouches for it")
        }
    };
    vec![dates, names, chain]
}

/// Whether a name of a certificate is good for `host` (RFC 6125, 6.4.3).
fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
        None => name == host.trim_start_matches('[').trim_end_matches(']'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    fn facts() -> Facts {
        let names = vec!["*.example.org".to_owned(), "192.0.2.1".to_owned()];
        Facts { from: 1_000_000, until: 9_000_000, names, vouches_for_itself: false, distrust: None }
    }

    fn judged(facts: &Facts, hosts: &[&str], now: u64) -> Vec<(Severity, &'static str)> {
        let hosts: Vec<HostName> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let found = judge(facts, &hosts, UNIX_EPOCH + Duration::from_secs(now));
        found.into_iter().map(|finding| (finding.severity, finding.name)).collect()
    }

    #[test]
    fn a_certificate_is_looked_at_as_browsers_do() {
        let good = judged(&facts(), &["meet.example.org", "192.0.2.1"], 2_000_000);
        assert!(good.iter().all(|(severity, _)| *severity == Severity::Good), "{good:?}");
        let bad = |facts: &Facts, hosts: &[&str], now: u64| {
            let mut found = judged(facts, hosts, now);
            found.retain(|(severity, _)| *severity != Severity::Good);
            found
        };
        assert_eq!(bad(&facts(), &[], 9_000_001), [(Severity::Error, "certificate-dates")]);
        assert_eq!(bad(&facts(), &[], 999_999), [(Severity::Error, "certificate-dates")]);
        assert_eq!(bad(&facts(), &[], 8_999_000), [(Severity::Warning, "certificate-dates")]);
        for host in ["example.org", "a.b.example.org", "meet.example.com", "192.0.2.2"] {
            assert_eq!(bad(&facts(), &[host], 2_000_000), [(Severity::Error, "certificate-names")], "{host}");
        }
        let own = Facts { vouches_for_itself: true, ..facts() };
        assert_eq!(bad(&own, &[], 2_000_000), [(Severity::Warning, "certificate-chain")]);
        let cut = Facts { distrust: Some("nobody".to_owned()), ..facts() };
        assert_eq!(bad(&cut, &[], 2_000_000), [(Severity::Warning, "certificate-chain")]);
    }
}
