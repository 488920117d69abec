//! How much one socket may ask: messages are dropped unread beyond their rate, offers wait.

use std::time::{Duration, Instant};

use crate::ledger::{Meter, Rate};
use crate::limits::{Limit, Limits};

/// A message costs one for each of these bytes begun: reading 64 of the largest offers a second would be 32 MB of JSON.
const BYTES_PER_COST: usize = 8 * 1024;

/// What may come at once, in seconds' worth of the rate: a page that comes back says all its state in one go.
const MESSAGE_BURST_SECONDS: usize = 2;

/// Offers that are read at once: the first one, three steps of slots, a screen and an ICE restart.
const OFFER_BURST: usize = 6;

/// What may be said to other browsers at once, in seconds' worth of the rate.
const SIGNAL_BURST_SECONDS: usize = 8;

/// How long a socket may be over its rate before it is closed. No client of ours is for a second; one that loops does not
/// stop by itself.
const FLOOD_PATIENCE: Duration = Duration::from_secs(10);

/// Two messages too many with more than this between them are no flood.
const FLOOD_PAUSE: Duration = Duration::from_secs(2);

/// At most one error about it in this time.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// Read it.
    Read,
    /// Drop it, and say so.
    DropAndTell,
    /// Drop it.
    Drop,
    /// Drop it and close the socket.
    Close,
}

/// A socket that is over its rate.
#[derive(Debug, Clone, Copy)]
struct Flood {
    since: Instant,
    last: Instant,
    told: Instant,
}

/// What one socket asked of late.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flow {
    messages: Meter,
    offers: Meter,
    signals: Meter,
    flood: Option<Flood>,
}

impl Flow {
    /// A message of so many bytes came.
    pub(super) fn message(&mut self, now: Instant, bytes: usize, limits: &Limits) -> Passage {
        let rate = limits.get(Limit::MessagesPerSecond);
        let cost = bytes.div_ceil(BYTES_PER_COST).max(1);
        let burst = rate.saturating_mul(MESSAGE_BURST_SECONDS);
        if self.messages.take(now, cost, rate, burst).is_ok() {
            return Passage::Read;
        }
        let Some(flood) =
            self.flood.as_mut().filter(|flood| now.saturating_duration_since(flood.last) < FLOOD_PAUSE)
        else {
            self.flood = Some(Flood { since: now, last: now, told: now });
            return Passage::DropAndTell;
        };
        flood.last = now;
        if now.saturating_duration_since(flood.since) >= FLOOD_PATIENCE {
            Passage::Close
        } else if now.saturating_duration_since(flood.told) >= TELL_EVERY {
            flood.told = now;
            Passage::DropAndTell
        } else {
            Passage::Drop
        }
    }

    /// Takes so many bytes to be said to another browser.
    ///
    /// # Errors
    /// When they may, if not now.
    pub(super) fn signal(&mut self, now: Instant, bytes: usize, limits: &Limits) -> Result<(), Instant> {
        let rate = limits.get(Limit::SignalBytesPerSecond);
        self.signals.take(now, bytes, rate, rate.saturating_mul(SIGNAL_BURST_SECONDS))
    }

    /// Whether one more offer could be read; nothing is taken.
    ///
    /// # Errors
    /// When it could, if not now.
    pub(super) fn look_at_offers(&self, now: Instant, limits: &Limits) -> Result<(), Instant> {
        self.offers.look(now, 1, offer_rate(limits))
    }

    /// Takes one more offer to be read.
    ///
    /// # Errors
    /// When it may, if not now.
    pub(super) fn offer(&mut self, now: Instant, limits: &Limits) -> Result<(), Instant> {
        self.offers.take_of(now, 1, offer_rate(limits))
    }
}

/// Messages of the chat at once, in seconds' worth of the rate: who was offline says it all when they are back.
const CHAT_BURST_SECONDS: usize = 5;

/// The same of bytes of one person: the longest message twice.
const CHAT_BYTES_BURST_SECONDS: usize = 16;

/// The same of bytes in a room.
const ROOM_BYTES_BURST_SECONDS: usize = 8;

/// How often one person's `typing` is passed on: pages say it every few seconds. What is over is not said.
const TYPING: Rate = Rate { amount: 1, per: Duration::from_secs(1), burst: 4 };

/// The same of all in a room.
const TYPING_IN_ROOM: Rate = Rate { amount: 10, per: Duration::from_secs(1), burst: 20 };

/// Reactions at once, in seconds' worth of the rate, of a person as of a room: whoever claps does so several times, and all do
/// when a talk ends.
const REACTION_BURST_SECONDS: usize = 5;

/// How much one person writes of late, and what they were told of what was written before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Talk {
    messages: Meter,
    bytes: Meter,
    typing: Meter,
    reactions: Meter,
    /// The revision up to which they were told, while there is more.
    pub(super) told: Option<u64>,
}

impl Talk {
    /// One more message, or change of one.
    ///
    /// # Errors
    /// When it may come, if not now.
    pub(super) fn message(&mut self, now: Instant, limits: &Limits) -> Result<(), Instant> {
        let rate = limits.get(Limit::ChatPerSecond);
        self.messages.take(now, 1, rate, rate.saturating_mul(CHAT_BURST_SECONDS))
    }

    /// A text of so many bytes.
    ///
    /// # Errors
    /// When it may come, if not now.
    pub(super) fn text(&mut self, now: Instant, bytes: usize, limits: &Limits) -> Result<(), Instant> {
        let rate = limits.get(Limit::ChatBytesPerSecond);
        self.bytes.take(now, bytes, rate, rate.saturating_mul(CHAT_BYTES_BURST_SECONDS))
    }

    /// Whether they may be said to write.
    pub(super) fn typing(&mut self, now: Instant) -> bool {
        self.typing.take_of(now, 1, TYPING).is_ok()
    }

    /// Whether one more reaction of theirs may be told.
    pub(super) fn reaction(&mut self, now: Instant, limits: &Limits) -> bool {
        let rate = limits.get(Limit::ReactionsPerSecond);
        self.reactions.take(now, 1, rate, rate.saturating_mul(REACTION_BURST_SECONDS)).is_ok()
    }
}

/// How much is written in a room of late.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoomTalk {
    bytes: Meter,
    typing: Meter,
    reactions: Meter,
}

impl RoomTalk {
    /// A text of so many bytes.
    ///
    /// # Errors
    /// When it may come, if not now.
    pub(super) fn text(&mut self, now: Instant, bytes: usize, limits: &Limits) -> Result<(), Instant> {
        let rate = limits.get(Limit::ChatBytesPerSecondPerRoom);
        self.bytes.take(now, bytes, rate, rate.saturating_mul(ROOM_BYTES_BURST_SECONDS))
    }

    /// Whether somebody may be said to write.
    pub(super) fn typing(&mut self, now: Instant) -> bool {
        self.typing.take_of(now, 1, TYPING_IN_ROOM).is_ok()
    }

    /// Whether one more reaction may be told in it.
    pub(super) fn reaction(&mut self, now: Instant, limits: &Limits) -> bool {
        let rate = limits.get(Limit::ReactionsPerSecondPerRoom);
        self.reactions.take(now, 1, rate, rate.saturating_mul(REACTION_BURST_SECONDS)).is_ok()
    }
}

fn offer_rate(limits: &Limits) -> Rate {
    Rate { amount: limits.get(Limit::OffersPerSecond), per: Duration::from_secs(1), burst: OFFER_BURST }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_message_counts_for_many() {
        let (now, limits) = (Instant::now(), Limits::default());
        let passed = |bytes| {
            let mut flow = Flow::default();
            (0..1_000).take_while(|_| flow.message(now, bytes, &limits) == Passage::Read).count()
        };
        assert_eq!((passed(10), passed(160 * 1024), passed(512 * 1024)), (100, 5, 1));
    }
}
