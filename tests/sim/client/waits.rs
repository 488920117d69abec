//! How long answers took, of somebody who asks again and again, one question at a time.

use std::time::{Duration, Instant};

/// How soon after an answer the next question is asked. With all that a page says this stays under the 50 messages a
/// second that a socket may.
const EVERY: Duration = Duration::from_millis(30);

/// The questions of one person, since they began to count.
#[derive(Debug, Default)]
pub struct Waits {
    /// When the last question was asked, while it has no answer.
    asked: Option<Instant>,
    /// When the next one is due: never, until somebody counts.
    next: Option<Instant>,
    longest: Duration,
    answers: u64,
}

impl Waits {
    /// Asks and counts from now on.
    pub fn start(&mut self, now: Instant) {
        let asked = self.asked.map(|_| now);
        let next = if asked.is_some() { None } else { Some(now) };
        *self = Waits { asked, next, longest: Duration::ZERO, answers: 0 };
    }

    /// When to ask the next question. None while one is open.
    pub fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Whether a question is to be asked now. It counts as asked then.
    pub fn asks(&mut self, now: Instant) -> bool {
        let asks = self.next.is_some_and(|next| next <= now);
        if asks {
            (self.asked, self.next) = (Some(now), None);
        }
        asks
    }

    /// An answer came.
    pub fn answered(&mut self, now: Instant) {
        if let Some(asked) = self.asked.take() {
            self.longest = self.longest.max(now.saturating_duration_since(asked));
            self.answers += 1;
            self.next = Some(now + EVERY);
        }
    }

    /// The longest wait, that for an answer which has not come by now included. None if nothing was asked.
    pub fn longest(&self, now: Instant) -> Option<Duration> {
        let open = self.asked.map(|asked| now.saturating_duration_since(asked));
        let answered = (self.answers > 0).then_some(self.longest);
        open.max(answered)
    }
}
