//! What of one connection is sent again, and how much of it.
//!
//! Feed [`Repair::lost`] the numbers of each NACK with the history of their source; it looks at so many and no more, and what is
//! worth it waits. Poll [`Repair::next`] when there is room for a packet: it gives what is to be written again (RFC 4588), as far
//! as the budget goes. What it refuses is not kept for later: whoever still lacks it asks again within a round trip, so this
//! needs no timer.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::history::{Again, History, NotAgain};
use super::ring::Kept;
use crate::media::rtp::{SeqNo, Ssrc};
use crate::media::units::Bitrate;

/// What part of the estimate resends may take: one in so many bytes. Of all that is sent, as much is sent again as gets lost, so a
/// quarter mends whatever loses less than a quarter. The estimate falls from a tenth of loss on, and beyond a quarter it is wrong,
/// not the line bad: more of the same would hold it there. str0m's 15 % do not mend the fifth that the worst lines lose for a
/// while.
const SHARE: u64 = 4;

/// For how much time the budget gathers: losses come together, and an outage of 200 ms at the full rate is mended at once.
const GATHERED: Duration = Duration::from_secs(1);

/// Bytes that may always have gathered: eight large packets, or at 50 kbit/s not even one would be sent again.
const LEAST_GATHERED: u64 = 10_000;

/// Numbers that are looked at in one second, and at once. A browser's list of what it lacks has 1,000, and it names each once in a
/// round trip. One look is some 20 ns; a client that asks for everything all the time takes 0.1 ms of a second.
const LOOKS_A_SECOND: u64 = 4_096;
const LOOKS_AT_ONCE: u64 = 1_024;

/// Packets that wait at most. They wait for the end of a key frame or for the pacer; 128 are a third of a second of the largest
/// picture.
const MOST_WAITING: usize = 128;

/// The round trip while none is known: what a browser takes it for, too.
pub const UNKNOWN_RTT: Duration = Duration::from_millis(100);

/// A packet to be written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resend {
    /// The source it left with.
    pub source: Ssrc,
    /// As what.
    pub again: Again,
}

/// How often something was not sent again, since the connection began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused {
    /// Packets that never left, are too old, were given up by the ring, or that a key frame takes the place of.
    pub pointless: u64,
    /// Packets that were sent again less than a round trip ago, or often enough.
    pub repeated: u64,
    /// Packets that were over the budget.
    pub over: u64,
    /// Reports that were not read to their end, because there had been too many numbers.
    pub unread: u64,
}

/// Something that comes at a rate, gathers up to a bound, and is used up.
#[derive(Debug)]
struct Bucket {
    /// In millionths.
    level: u64,
    at: Instant,
}

impl Bucket {
    const ONE: u64 = 1_000_000;

    fn fill(&mut self, now: Instant, a_second: u64, most: u64) {
        let passed = u64::try_from(now.saturating_duration_since(self.at).as_micros()).unwrap_or(u64::MAX);
        let most = most.saturating_mul(Bucket::ONE);
        self.level = self.level.saturating_add(passed.saturating_mul(a_second)).min(most);
        self.at = self.at.max(now);
    }

    fn take(&mut self, amount: u64) -> bool {
        let left = self.level.checked_sub(amount.saturating_mul(Bucket::ONE));
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }
}

/// The repair of one connection.
#[derive(Debug)]
pub struct Repair {
    waiting: VecDeque<Resend>,
    looks: Bucket,
    bytes: Bucket,
    refused: Refused,
    /// Sources of which something is lost for good, each once.
    given_up: Vec<Ssrc>,
}

impl Repair {
    /// Nothing is lost yet.
    #[must_use]
    pub fn new(now: Instant) -> Repair {
        let full = || Bucket { level: u64::MAX, at: now };
        let (waiting, refused, given_up) = (VecDeque::new(), Refused::default(), Vec::new());
        Repair { waiting, looks: full(), bytes: full(), refused, given_up }
    }

    /// Packets of `source` were lost. `rtt` is the connection's round trip.
    pub fn lost(
        &mut self,
        now: Instant,
        rtt: Duration,
        source: Ssrc,
        history: &mut History,
        numbers: impl Iterator<Item = u16>,
    ) {
        self.looks.fill(now, LOOKS_A_SECOND, LOOKS_AT_ONCE);
        for number in numbers {
            if !self.looks.take(1) {
                self.refused.unread += 1;
                return;
            }
            match history.again(now, rtt, number) {
                Ok(again) => self.wait(Resend { source, again }),
                Err(NotAgain::TooSoon | NotAgain::TooOften) => self.refused.repeated += 1,
                Err(NotAgain::NeverSent | NotAgain::Superseded) => self.refused.pointless += 1,
                Err(NotAgain::TooOld) => {
                    self.refused.pointless += 1;
                    self.give_up(source);
                }
            }
        }
    }

    fn wait(&mut self, resend: Resend) {
        let same = |known: &Resend| (known.source, known.again.seq) == (resend.source, resend.again.seq);
        if self.waiting.iter().any(same) {
            self.refused.repeated += 1;
        } else if self.waiting.len() >= MOST_WAITING {
            self.refused.over += 1;
            self.give_up(resend.source);
        } else {
            self.waiting.push_back(resend);
        }
    }

    /// Something of `source` is lost for good.
    fn give_up(&mut self, source: Ssrc) {
        if !self.given_up.contains(&source) {
            self.given_up.push(source);
        }
    }

    /// A source of which something was lost that is not sent again: a key frame mends it. Its receiver would ask for one as well,
    /// but Chromium does so only when no picture was to be had for three seconds.
    pub fn take_given_up(&mut self) -> Option<Ssrc> {
        self.given_up.pop()
    }

    /// What left with `source` before `first` is of no use any more: a key frame begins there, or was asked for (see
    /// [`History::supersede`]), or nothing leaves with `source` any more.
    pub fn supersede(&mut self, source: Ssrc, first: SeqNo) {
        let before = self.waiting.len();
        self.waiting.retain(|resend| resend.source != source || resend.again.seq >= first);
        self.refused.pointless += (before - self.waiting.len()) as u64;
    }

    /// Whether something waits to be sent again.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next packet to be written again: nothing while a key frame leaves, which needs the line more. `bytes` are what a packet
    /// takes on the wire, `None` if its ring has given it up.
    pub fn next(
        &mut self,
        now: Instant,
        estimate: Bitrate,
        key_frame_leaves: bool,
        mut bytes: impl FnMut(&Kept) -> Option<usize>,
    ) -> Option<Resend> {
        if key_frame_leaves || !self.waits() {
            return None;
        }
        let share = estimate / SHARE;
        let most = share.bytes_in(GATHERED).max(LEAST_GATHERED);
        self.bytes.fill(now, share.bytes_in(Duration::from_secs(1)), most);
        while let Some(resend) = self.waiting.pop_front() {
            let size = bytes(&resend.again.sent.kept).filter(|_| now <= resend.again.until);
            match size {
                None => {
                    self.refused.pointless += 1;
                    self.give_up(resend.source);
                }
                Some(size) if self.bytes.take(size as u64) => return Some(resend),
                Some(_) => {
                    self.refused.over += 1;
                    self.give_up(resend.source);
                }
            }
        }
        None
    }

    /// What was refused.
    #[must_use]
    pub fn refused(&self) -> Refused {
        self.refused
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of tests are small, or wrap")]
mod tests;
