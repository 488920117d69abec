//! Where numbers are told.

use std::net::SocketAddr;

use clap::Args;

/// What the operator says about numbers.
#[derive(Debug, Clone, Args)]
pub(super) struct MetricsArgs {
    /// Address where /metrics tells what is counted, for Prometheus: 127.0.0.1:9464. Not for strangers. Without it
    /// nothing is told
    #[arg(long, env = "PLENARY_METRICS", value_name = "ADDRESS:PORT", value_parser = address)]
    pub metrics: Option<SocketAddr>,
}

/// Reads where numbers are told.
///
/// # Errors
/// What to write instead.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, such as 127.0.0.1:9464".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_at_an_address_and_a_port() {
        assert_eq!(address("[::1]:9464").unwrap().port(), 9464);
        for wrong in ["9464", "localhost:9464", "127.0.0.1", "127.0.0.1:99999", ""] {
            assert!(address(wrong).unwrap_err().contains("such as 127.0.0.1:9464"), "{wrong}");
        }
    }
}
