//! Where it is told what happens to rooms and people.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::Stop;
use crate::trust;
use crate::webhooks::{FIRST_RETRY, HookConfig, HookSecret, HookUrl};

/// How many addresses there are at most: each has a thread.
const MOST: usize = 8;

/// What the operator says about webhooks.
#[derive(Debug, Clone, Args)]
pub(super) struct HookArgs {
    /// Address that is told when a room is made or ends, and when somebody comes or leaves, in signed requests
    /// (docs/webhooks.md). Several are separated by commas
    #[arg(
        long,
        env = "PLENARY_WEBHOOK",
        value_name = "URL",
        value_delimiter = ',',
        requires = "webhook_secret_file"
    )]
    webhook: Vec<HookUrl>,

    /// File of the secret that these requests are signed with: whsec_ and 24 to 64 random bytes in base64
    #[arg(long, env = "PLENARY_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    webhook_secret_file: Option<PathBuf>,

    /// Trust the certificates in this file (PEM) for these requests, instead of those that the machine trusts
    #[arg(long, env = "PLENARY_WEBHOOK_CA", value_name = "FILE")]
    webhook_ca: Option<PathBuf>,
}

impl HookArgs {
    /// Who is told, if anybody is.
    ///
    /// # Errors
    /// [`Stop`] with one line on the file that cannot be used.
    pub(super) fn settle(self) -> Result<Option<HookConfig>, Stop> {
        let Some(file) = self.webhook_secret_file.filter(|_| !self.webhook.is_empty()) else {
            return Ok(None);
        };
        if self.webhook.len() > MOST {
            return Err(Stop { text: format!("--webhook: at most {MOST} addresses (see --help)"), code: 2 });
        }
        let problem = |what: String| Stop {
            text: format!("--webhook-secret-file {}: {what}", file.display()),
            code: 1,
        };
        let text =
            fs::read_to_string(&file).map_err(|error| problem(format!("it cannot be read: {error}")))?;
        let secret = HookSecret::read(&text).map_err(|error| problem(error.to_string()))?;
        let trusted = self.webhook_ca.map_or_else(|| Ok(trust::of_system()), |file| trust::in_file(&file));
        let trusted = trusted.map_err(|error| Stop { text: format!("--webhook-ca {error}"), code: 1 })?;
        Ok(Some(HookConfig { urls: self.webhook, secret: Arc::new(secret), trusted, retry: FIRST_RETRY }))
    }
}
