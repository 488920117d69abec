//! What DTLS tells, for whoever watches: the keys that it exported when the handshake ended (RFC 5764 section 4.2), and which data
//! streams the client uses. And how patient it is: [`config`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls};
use str0m::config::DtlsCert;
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, KeyingMaterial, ProtocolVersion,
};

use super::datastreams::DataStreams;
use super::keys::{Verifier, sealing, session_keys};
use super::watch;
use crate::media::egress::seal::Sealer;
use crate::media::rtc::crypto;

/// What is lost of a handshake is said again after this, then after twice as long each time. The second that RFC 6347 section 4.2.4.1
/// begins with is for strangers of whose way nothing is known; here checks went to and fro first, and 50 ms is what browsers begin
/// with. Over a way that is slower, what is said again is a few kilobytes. With a browser behind 20 % of loss (250 seeds, 40 ms each
/// way) picture and sound are there after 2.0 s in the median, 8.2 s in one of a hundred, 11.6 s at most; with a second 2.1, 11.6, 33.8;
/// 50 ms bring no more.
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(100);

/// With [`FIRST_RETRANSMISSION`] the last is after 25 s; 40 s is what a handshake may take.
const RETRANSMISSIONS: usize = 8;

/// DTLS whose end is seen.
#[derive(Debug)]
pub(super) struct WatchedDtls;

impl DtlsProvider for WatchedDtls {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        crypto::inner().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let start = match version {
            DtlsVersion::Dtls12 => Dtls::new_12,
            DtlsVersion::Dtls13 => Dtls::new_13,
            DtlsVersion::Auto => Dtls::new_auto,
            other => return Err(CryptoError::Other(format!("{other} is not spoken"))),
        };
        let instance = start(config(mtu)?, cert.clone(), now);
        Ok(Box::new(Instance(instance, DataStreams::default())))
    }
}

/// As str0m has it, but for the time after which what was lost is said again.
fn config(mtu: Option<usize>) -> Result<Arc<Config>, CryptoError> {
    // Connectivity checks have proven where the client is, so it needs no cookie.
    let config = Config::builder().use_server_cookie(false);
    let config = config.flight_start_rto(FIRST_RETRANSMISSION).flight_retries(RETRANSMISSIONS);
    let config = mtu.into_iter().fold(config, dimpl::ConfigBuilder::mtu);
    config.build().map(Arc::new).map_err(|error| CryptoError::Other(format!("DTLS: {error}")))
}

#[derive(Debug)]
struct Instance(Dtls, DataStreams);

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let we_are_client = self.0.is_active();
        let output = self.0.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let material: &KeyingMaterial = material;
            let ours = session_keys(material, *profile, we_are_client).unwrap_or_default();
            let sealer = match ours.as_slice() {
                [media, reports] => sealing(*profile).map(|profile| Sealer::new(profile, media, reports)),
                _ => None,
            };
            // Keys of the length that the profile has are keys.
            let sealer = sealer.and_then(Result::ok);
            watch::agreed(Verifier::new(material, *profile, !we_are_client), ours, sealer);
        }
        if let DtlsOutput::ApplicationData(sctp) = &output
            && let Some(count) = self.1.note(sctp)
        {
            watch::used_streams(count);
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
