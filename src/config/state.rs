//! Where the server keeps what outlives it.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub(super) struct StateArgs {
    /// Directory for the server's key, made if there is none. With the same key, links of rooms stay good over a restart,
    /// and people come back as who they were
    #[arg(long, env = "PLENARY_STATE", value_name = "DIR", default_value = "state")]
    pub(super) state: PathBuf,
}
