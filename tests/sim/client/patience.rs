//! How long a client waits before it says again what was lost of a handshake: as browsers do, which are less patient than str0m.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls};
use str0m::config::DtlsCert;
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
};

/// What Chromium and Firefox begin with; they double it each time.
const FIRST: Duration = Duration::from_millis(50);

/// So that the last is said after 25 s.
const TIMES: usize = 9;

/// DTLS 1.2 as a browser speaks it.
#[derive(Debug)]
pub struct Browsers;

#[derive(Debug)]
struct Handshake(Dtls);

impl DtlsProvider for Browsers {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        str0m::crypto::from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        _: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let config = Config::builder().flight_start_rto(FIRST).flight_retries(TIMES);
        let config = config.mtu(mtu.unwrap_or(1_150)).build().expect("sane figures");
        Ok(Box::new(Handshake(Dtls::new_12(Arc::new(config), cert.clone(), now))))
    }
}

impl DtlsInstance for Handshake {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buf)
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
