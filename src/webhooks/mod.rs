//! Webhooks: what happens to rooms and people, told to addresses of the operator's settings (`docs/webhooks.md`).
//!
//! ```text
//! control's loop -> notes (bounded) -> a thread for each address: batch -> signature -> POST, again until it is taken
//! ```
//!
//! The loop never waits: what finds no room is dropped and counted. `message.rs` says what is sent and signs it, `delivery.rs`
//! decides what is sent when and knows no socket and no clock, `post.rs` is the thread around both.

mod delivery;
mod message;
mod post;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use crate::conference::{Event, UnixTime};
use delivery::Report;
use message::Note;
pub use message::{HookSecret, NoSecret};
pub use post::{HookUrl, NoHookUrl};
use rustls::pki_types::CertificateDer;

/// What waits for one address at most. An event is some 200 bytes, so this is two megabytes: an hour of three events a second, of
/// an address that takes none.
const MOST_WAITING: usize = 10_000;

/// How long to wait after a first failure: a receiver that restarts is there again by then.
pub const FIRST_RETRY: Duration = Duration::from_secs(1);

/// How long the end of the process waits for what is still to be told. Each address is tried once more.
const LAST_WORDS: Duration = Duration::from_secs(2);

crate::metrics! {
    /// What became of events for webhooks; an event for two addresses counts twice.
    #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
    pub struct HookCounters as "webhook" {
        /// Events of rooms and people that wait until a webhook takes them.
        pub waiting: u64 as Gauge,
        /// Events of rooms and people that a webhook took.
        pub taken: u64,
        /// Events of rooms and people that a webhook will not get: too many waited, or for too long.
        pub lost: u64,
        /// Requests to a webhook that failed, and are made again.
        pub failures: u64,
    }
}

/// Who is told.
#[derive(Debug, Clone)]
pub struct HookConfig {
    /// The addresses.
    pub urls: Vec<HookUrl>,
    /// What requests are signed with.
    pub secret: Arc<HookSecret>,
    /// Whose certificates are trusted.
    pub trusted: Vec<CertificateDer<'static>>,
    /// How long to wait after the first failure; each further one doubles that, up to sixty times as long.
    pub retry: Duration,
}

/// The side of the loop: takes events, never waits.
#[derive(Debug)]
pub struct Webhooks {
    hooks: Vec<Hook>,
    /// Tells the events of this life of the server from those of another.
    life: String,
    last: u64,
    counters: HookCounters,
}

#[derive(Debug)]
struct Hook {
    /// `None` once the server ends.
    notes: Option<SyncSender<Arc<Note>>>,
    reports: Receiver<Report>,
    host: String,
    /// The log has that too many wait.
    is_full: bool,
}

impl Webhooks {
    /// Tells the addresses of `config` what happens from now on. `life` are random bytes.
    ///
    /// # Errors
    /// [`io::Error`] if the system gives no thread.
    pub fn start(config: &HookConfig, life: [u8; 6]) -> io::Result<Webhooks> {
        let hooks = config.urls.iter().map(|url| Hook::start(url, config)).collect::<io::Result<_>>()?;
        Ok(Webhooks { hooks, life: HEXLOWER.encode(&life), last: 0, counters: HookCounters::default() })
    }

    /// Has every address told of `event`, which happened at `at`.
    pub fn tell(&mut self, event: &Event, at: UnixTime) {
        self.last += 1;
        let note = Arc::new(Note::of(event, format!("{}-{}", self.life, self.last), at));
        for hook in &mut self.hooks {
            if hook.tell(Arc::clone(&note)) {
                self.counters.waiting += 1;
            } else {
                self.counters.lost += 1;
            }
            self.counters.hear(&hook.reports);
        }
    }

    /// What became of it so far.
    pub fn counters(&mut self) -> HookCounters {
        for hook in &self.hooks {
            self.counters.hear(&hook.reports);
        }
        self.counters
    }
}

impl HookCounters {
    fn hear(&mut self, reports: &Receiver<Report>) {
        for Report { taken, lost, failures } in reports.try_iter() {
            self.taken += taken;
            self.lost += lost;
            self.failures += failures;
            self.waiting = self.waiting.saturating_sub(taken + lost);
        }
    }
}

impl Hook {
    fn start(url: &HookUrl, config: &HookConfig) -> io::Result<Hook> {
        let (notes, to_tell) = sync_channel(MOST_WAITING);
        // What does not fit is told with the next.
        let (say, reports) = sync_channel(1);
        post::start(url.clone(), config, to_tell, say)?;
        Ok(Hook { notes: Some(notes), reports, host: url.host().to_owned(), is_full: false })
    }

    /// Whether there was room.
    fn tell(&mut self, note: Arc<Note>) -> bool {
        let Some(notes) = &self.notes else { return false };
        let was_full = self.is_full;
        self.is_full =
            matches!(notes.try_send(note), Err(TrySendError::Full(_) | TrySendError::Disconnected(_)));
        if self.is_full && !was_full {
            log::warn!("events for the webhook at {} are lost: {MOST_WAITING} wait for it", self.host);
        }
        !self.is_full
    }
}

/// The end of the process: each address gets what waits, if it takes it at once.
impl Drop for Webhooks {
    fn drop(&mut self) {
        for hook in &mut self.hooks {
            hook.notes = None;
        }
        let by = Instant::now() + LAST_WORDS;
        for hook in &self.hooks {
            // Until its thread is done, or has to be given up.
            while let Ok(Report { taken, lost, .. }) =
                hook.reports.recv_timeout(by.saturating_duration_since(Instant::now()))
            {
                self.counters.waiting = self.counters.waiting.saturating_sub(taken + lost);
            }
        }
        if self.counters.waiting > 0 {
            log::warn!("{} events for webhooks are lost: the server ends", self.counters.waiting);
        }
    }
}
