//! What a service manager is told: that the server serves, lives, reads its files again, ends (`sd_notify(3)`).
//!
//! A thread of its own tells it: a manager that does not read would hold up whoever does.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// What waits to be told at most. A manager that is as far behind learns the rest from what comes later.
const MOST_WAITING: usize = 8;

type News = Vec<NotifyState<'static>>;

/// The service manager of the process; by default there is none.
#[derive(Debug, Default)]
pub(super) struct Service {
    manager: Option<SyncSender<News>>,
    /// How often it wants to hear that the loop turns: twice in the time after which it would end the process.
    every: Option<Duration>,
    next: Option<Instant>,
}

impl Service {
    /// Whoever started the process, as the environment says.
    ///
    /// # Errors
    /// [`io::Error`] if the system gives no thread.
    pub fn of_process() -> io::Result<Service> {
        if std::env::var_os("NOTIFY_SOCKET").is_none_or(|socket| socket.is_empty()) {
            return Ok(Service::default());
        }
        let (manager, news) = sync_channel(MOST_WAITING);
        std::thread::Builder::new().name("service".to_owned()).spawn(move || tell(&news))?;
        let every = sd_notify::watchdog_enabled().map(|within| within / 2);
        Ok(Service { manager: Some(manager), every, next: None })
    }

    /// The server serves, or does so again.
    pub fn is_ready(&mut self, now: Instant) {
        self.say(vec![NotifyState::Ready]);
        self.next = self.every.and_then(|every| now.checked_add(every));
    }

    /// Its files are read again; [`Service::is_ready`] is to follow.
    pub fn reloads(&self) {
        // The manager knows by the time which wish to reload this is an answer to.
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            self.say(vec![NotifyState::Reloading, now]);
        }
    }

    /// The server ends, `within` this time.
    pub fn ends(&self, within: Duration) {
        let micros = u32::try_from(within.as_micros()).unwrap_or(u32::MAX);
        self.say(vec![NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(micros)]);
    }

    /// The loop turns.
    pub fn lives(&mut self, now: Instant) {
        if let (Some(every), Some(next)) = (self.every, self.next)
            && next <= now
        {
            self.say(vec![NotifyState::Watchdog]);
            self.next = now.checked_add(every);
        }
    }

    /// When it is to be told again that the loop turns.
    pub fn next(&self) -> Option<Instant> {
        self.next
    }

    fn say(&self, news: News) {
        if let Some(manager) = &self.manager {
            let _ = manager.try_send(news);
        }
    }
}

/// Tells the manager what comes, until the server is gone. The log has once that it was not reached; it is tried on.
fn tell(news: &Receiver<News>) {
    let mut is_lost = false;
    while let Ok(news) = news.recv() {
        let told = sd_notify::notify(&news);
        if let Err(error) = &told
            && !is_lost
        {
            log::warn!("the service manager was not told: {error}");
        }
        is_lost = told.is_err();
    }
}
