//! `plenary store`: looking at what is kept.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::file::FileArgs;
use super::state::StateArgs;

/// Rooms that outlive the server, in the file of --store.
#[derive(Debug, Clone, Args)]
pub(super) struct StoreArgs {
    #[command(flatten)]
    _file: FileArgs,
    #[command(flatten)]
    state: StateArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Say whether the file is whole, and how many rooms are in it
    Check,
    /// Write a copy of it, also while a server uses it
    Backup {
        /// The copy; nothing that is there is written over
        #[arg(value_name = "FILE")]
        to: PathBuf,
    },
}

/// What is to be done with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreTask {
    /// The file; `None` if rooms are kept in memory only.
    pub file: Option<PathBuf>,
    /// Where a copy is to be written, if one is.
    pub backup: Option<PathBuf>,
}

impl StoreArgs {
    pub(super) fn settle(self) -> StoreTask {
        let backup = match self.what {
            What::Check => None,
            What::Backup { to } => Some(to),
        };
        StoreTask { file: self.state.store(), backup }
    }
}
