//! Where the server keeps what outlives it.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub(super) struct StateArgs {
    /// Directory for the server's key, made if there is none. With the same key, links of rooms stay good over a restart,
    /// and people come back as who they were
    #[arg(long, env = "PLENARY_STATE", value_name = "DIR", default_value = "state")]
    pub(super) state: PathBuf,

    /// File for rooms that are to outlive the server, made if there is none, or "memory": none does.
    /// Without it: plenary.db in the directory of --state
    #[arg(long, env = "PLENARY_STORE", value_name = "FILE|memory")]
    store: Option<PathBuf>,
}

impl StateArgs {
    /// The file of rooms; `None` if there is to be none.
    pub(super) fn store(&self) -> Option<PathBuf> {
        match &self.store {
            Some(path) if path.as_os_str() == "memory" => None,
            Some(path) => Some(path.clone()),
            None => Some(self.state.join("plenary.db")),
        }
    }
}
