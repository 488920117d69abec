//! Where numbers are told.

use std::net::SocketAddr;

use clap::Args;

/// What the operator says about numbers.
#[derive(Debug, Clone, Args)]
pub(super) struct MetricsArgs {
    /// Address where /metrics tells what is counted, for Prometheus: 127.0.0.1:9464. Not for strangers. Without it
    /// nothing is told
    #[arg(long, env = "PLENARY_METRICS", value_name = "ADDRESS:PORT")]
    pub metrics: Option<SocketAddr>,
}
