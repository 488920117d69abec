//! `plenary config`: settings looked at, without serving.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::shown::Settings;
use super::{ServeArgs, Stop};

/// The file in the directory of `--state` that has the settings that the server ran with last.
pub const LAST_SETTINGS: &str = "settings.toml";

/// Look at settings: those of --config, of the environment and of the flags given here.
#[derive(Debug, Clone, Args)]
pub(super) struct SettingsArgs {
    #[command(subcommand)]
    pub(super) what: What,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum What {
    /// Say whether the server would take them; every unknown name is told
    Check(Box<ServeArgs>),
    /// Print all that hold and where each comes from, as a file of settings
    Show(Box<ServeArgs>),
    /// Print what is different from when the server ran last: what an upgrade, or an edited file, changes. The exit code is 1 if
    /// anything is
    Diff(Box<DiffArgs>),
}

#[derive(Debug, Clone, Args)]
pub(super) struct DiffArgs {
    /// What to compare with: what "plenary config show" printed, or a file of settings. Without it: what is in --state since the
    /// server ran last
    #[arg(value_name = "FILE")]
    before: Option<PathBuf>,
    #[command(flatten)]
    pub(super) serve: ServeArgs,
}

/// What to print, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print {
    /// For standard output.
    pub text: String,
    /// 1 if something is different that was asked to be the same, else 0.
    pub code: u8,
}

impl Print {
    pub(super) fn good(serve: &ServeArgs) -> Print {
        let of = serve.file.config.as_ref().map_or(String::new(), |file| format!(" of {}", file.display()));
        Print { text: format!("the settings{of} are good\n"), code: 0 }
    }

    pub(super) fn shown(settings: &Settings) -> Print {
        Print { text: settings.text(), code: 0 }
    }

    /// # Errors
    /// One line on the file that cannot be compared with.
    pub(super) fn changes(args: &DiffArgs, settings: &Settings) -> Result<Print, Stop> {
        let wrong = |text| Stop { text, code: 2 };
        let path = args.before.clone().unwrap_or_else(|| args.serve.state.state.join(LAST_SETTINGS));
        let before = read(&path, args.before.is_some()).map_err(wrong)?;
        let changes = settings
            .changes(&before)
            .map_err(|(line, why)| wrong(format!("{}, line {line}: {why}", path.display())))?;
        if changes.is_empty() {
            return Ok(Print { text: "nothing is different\n".to_owned(), code: 0 });
        }
        Ok(Print { text: changes.join("\n") + "\n", code: 1 })
    }
}

fn read(path: &Path, is_named: bool) -> Result<String, String> {
    let hint = if is_named { "" } else { ": the server did not run with this --state yet; name a file" };
    fs::read_to_string(path).map_err(|error| format!("{}: {error}{hint}", path.display()))
}
