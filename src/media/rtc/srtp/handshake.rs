//! What DTLS tells, for whoever watches: the keys that it exported when the handshake ended (RFC 5764 section 4.2), and which data
//! streams the client uses.

use std::time::Instant;

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
        let instance = crypto::inner().dtls_provider.new_dtls(cert, now, version, mtu)?;
        Ok(Box::new(Instance(instance, DataStreams::default())))
    }
}

#[derive(Debug)]
struct Instance(Box<dyn DtlsInstance>, DataStreams);

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
