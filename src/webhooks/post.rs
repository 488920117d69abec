//! The thread that tells one address: waits, asks, and is asked nothing.

use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use http::Uri;
use rustls::pki_types::CertificateDer;
use thiserror::Error;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::delivery::{Delivery, Report};
use super::message::{HookSecret, Note, request};
use super::{HookConfig, LAST_WORDS};
use crate::conference::UnixTime;

/// How long an address may take for one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read, so that the connection can be used again. What it says does not matter.
const ANSWER_BYTES: u64 = 4_096;

/// Where events go to: `https://HOST/PATH`, or `http:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookUrl {
    text: String,
    host: String,
}

/// A text is no address for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("write an address such as https://example.org/plenary, without a user and without a fragment")]
pub struct NoHookUrl;

impl FromStr for HookUrl {
    type Err = NoHookUrl;

    fn from_str(text: &str) -> Result<HookUrl, NoHookUrl> {
        let text = text.trim();
        let uri: Uri = text.parse().map_err(|_| NoHookUrl)?;
        let authority =
            uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or(NoHookUrl)?;
        let speaks = matches!(uri.scheme_str(), Some("https" | "http"));
        if !speaks || authority.host().is_empty() || text.contains('#') {
            return Err(NoHookUrl);
        }
        Ok(HookUrl { text: text.to_owned(), host: authority.as_str().to_owned() })
    }
}

impl HookUrl {
    /// Its host and port. The rest of an address may be a secret.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether everybody on the way can read what goes there.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.text.starts_with("http:")
    }
}

/// Tells `url` what comes from `notes`, until nobody sends there any more, and says in `reports` what became of it.
///
/// # Errors
/// [`io::Error`] if the system gives no thread.
pub(super) fn start(
    url: HookUrl,
    config: &HookConfig,
    notes: Receiver<Arc<Note>>,
    reports: SyncSender<Report>,
) -> io::Result<()> {
    let mut post = Post {
        agent: agent(&config.trusted),
        url,
        secret: Arc::clone(&config.secret),
        delivery: Delivery::new(config.retry),
        reports,
    };
    thread::Builder::new().name("webhook".to_owned()).spawn(move || post.run(&notes))?;
    Ok(())
}

/// Nobody is followed elsewhere: only addresses of the operator's settings are told anything.
fn agent(trusted: &[CertificateDer<'static>]) -> Agent {
    let certificates = trusted.iter().map(|trusted| Certificate::from_der(trusted).to_owned()).collect();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .build();
    Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("Plenary/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .into()
}

struct Post {
    agent: Agent,
    url: HookUrl,
    secret: Arc<HookSecret>,
    delivery: Delivery,
    reports: SyncSender<Report>,
}

impl Post {
    fn run(&mut self, notes: &Receiver<Arc<Note>>) {
        while self.listen(notes) {
            self.tell(PATIENCE);
            self.report();
        }
        let by = Instant::now() + LAST_WORDS;
        self.delivery.hurry();
        loop {
            while !self.delivery.has_enough()
                && let Ok(note) = notes.try_recv()
            {
                self.delivery.push(Instant::now(), note);
            }
            let left = by.saturating_duration_since(Instant::now());
            if self.delivery.is_empty() || left.is_zero() || !self.tell(left) {
                break;
            }
            self.report();
        }
        // Whoever ends the process waits for this one.
        let _ = self.reports.send(self.delivery.report());
    }

    /// Hears what is to be told, until it is time to tell something. False: there will be nothing more.
    fn listen(&mut self, notes: &Receiver<Arc<Note>>) -> bool {
        loop {
            let now = Instant::now();
            if self.delivery.due().is_some_and(|due| due <= now) {
                // What came meanwhile goes along.
                while !self.delivery.has_enough()
                    && let Ok(note) = notes.try_recv()
                {
                    self.delivery.push(now, note);
                }
                return true;
            }
            let heard = match self.delivery.due() {
                None => notes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) if self.delivery.has_enough() => {
                    // The end is not heard before the wait is over; whoever ends the process does not wait as long.
                    thread::sleep(due.saturating_duration_since(now).min(LAST_WORDS / 4));
                    continue;
                }
                Some(due) => notes.recv_timeout(due.saturating_duration_since(now)),
            };
            match heard {
                Ok(note) => self.delivery.push(Instant::now(), note),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Makes one request. Whether it was taken.
    fn tell(&mut self, patience: Duration) -> bool {
        let Some(notes) = self.delivery.next(Instant::now()) else { return false };
        let host = self.url.host();
        match self.post(&notes, patience) {
            Ok(()) => {
                let failures = self.delivery.taken();
                if failures > 0 {
                    log::info!("the webhook at {host} takes events again, after {failures} failures");
                }
                true
            }
            Err(why) => {
                if self.delivery.failed(Instant::now()) == 0 {
                    log::warn!("the webhook at {host} takes no events, and is tried on: {why}");
                }
                false
            }
        }
    }

    fn post(&self, notes: &[Arc<Note>], patience: Duration) -> Result<(), String> {
        let (id, body) = request(notes);
        let at = UnixTime::from(SystemTime::now()).as_secs();
        let sent = self
            .agent
            .post(&self.url.text)
            .config()
            .timeout_global(Some(patience))
            .build()
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", self.secret.sign(&id, at, &body))
            .send(&body);
        let mut answer = sent.map_err(|error| error.to_string())?;
        let _ = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("it answers {status}")) }
    }

    fn report(&mut self) {
        let report = self.delivery.report();
        if report != Report::default()
            && let Err(TrySendError::Full(report) | TrySendError::Disconnected(report)) =
                self.reports.try_send(report)
        {
            self.delivery.untold(report);
        }
    }
}
