//! Resume tokens: what brings somebody back as the same person, also after the server was restarted.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::grants::Grants;
use super::keys::Keys;
use super::{Entropy, Now, UnixTime};
use crate::media::ids::PeerId;

/// How long a token is good, by the wall clock: longer than anybody goes on talking on one socket.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// By how much the wall clock may be set back and tokens given before are still believed.
const CLOCK_SLACK: Duration = Duration::from_secs(3600);

/// How long after a restart people come back as who they were. Their pages try again every few seconds, and who stays away
/// for longer has left, restart or not.
const RETURNS_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Bytes of what a token says.
const CLAIMS: usize = 48;

/// One of the tokens that were ever given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TokenId {
    /// Drawn by the process that gave it, once.
    process: u64,
    /// Counted by that process.
    number: u64,
}

/// What a token says. One that was read is authentic: it was given by a server with our key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) id: TokenId,
    /// Whom it was given to.
    pub(super) peer: PeerId,
    /// When the room was made: a room that was made anew under the same id is another one.
    pub(super) room_created_at: UnixTime,
    /// Until when it is good.
    expires_at: UnixTime,
    /// What they might do at most, whatever they were in the room.
    pub(super) within: Grants,
}

impl Token {
    /// As clients are given it, for the room `room`.
    pub(super) fn seal(&self, keys: &Keys, room: &str) -> String {
        let times = [self.room_created_at, self.expires_at].map(UnixTime::as_millis);
        let numbers = [self.peer.0, self.id.process, self.id.number].into_iter().chain(times);
        let numbers = numbers.chain([self.within.to_bits()]);
        let mut claims = [0; CLAIMS];
        for (bytes, number) in claims.as_chunks_mut().0.iter_mut().zip(numbers) {
            *bytes = number.to_be_bytes();
        }
        keys.seal_token(room, claims)
    }

    /// Reads one that was given for the room `room`.
    pub(super) fn open(keys: &Keys, room: &str, text: &str) -> Option<Token> {
        let claims: [u8; CLAIMS] = keys.open_token(room, text)?;
        let mut numbers = claims.as_chunks().0.iter().map(|bytes| u64::from_be_bytes(*bytes));
        Some(Token {
            peer: PeerId(numbers.next()?),
            id: TokenId { process: numbers.next()?, number: numbers.next()? },
            room_created_at: UnixTime::from_millis(numbers.next()?),
            expires_at: UnixTime::from_millis(numbers.next()?),
            within: Grants::from_bits(numbers.next()?),
        })
    }

    /// Whether its time has come to an end, or it was given when the clock was far ahead.
    pub(super) fn is_expired(&self, now: Now) -> bool {
        let left = self.expires_at.saturating_since(now.wall);
        left.is_zero() || left > LIFETIME + CLOCK_SLACK
    }
}

/// The tokens of this process, and who came back with one of an earlier process.
#[derive(Debug)]
pub(super) struct Tokens {
    process: u64,
    given: u64,
    /// When the first socket of this process was opened.
    since: Option<Instant>,
    /// Who came back in time: a token does that once. Empty after that time.
    returned: BTreeSet<PeerId>,
}

impl Tokens {
    /// Those of a new process.
    pub(super) fn new(entropy: &mut Entropy) -> Self {
        let mut process = [0; 8];
        entropy(&mut process);
        Self { process: u64::from_be_bytes(process), given: 0, since: None, returned: BTreeSet::new() }
    }

    /// A new one.
    pub(super) fn give(
        &mut self,
        now: Now,
        peer: PeerId,
        room_created_at: UnixTime,
        within: Grants,
    ) -> Token {
        self.given += 1;
        Token {
            id: TokenId { process: self.process, number: self.given },
            peer,
            room_created_at,
            expires_at: now.wall + LIFETIME,
            within,
        }
    }

    /// A socket was opened: from the first one on people come back.
    pub(super) fn socket_opened(&mut self, now: Now) {
        self.since.get_or_insert(now.instant);
    }

    /// Whether this token, of somebody who is not here, makes them who they were: it is of an earlier process, good, and
    /// has not done so before.
    pub(super) fn brings_back(&mut self, now: Now, token: &Token) -> bool {
        let in_time =
            self.since.is_some_and(|since| now.instant.saturating_duration_since(since) < RETURNS_WITHIN);
        if !in_time {
            self.returned.clear();
        }
        in_time
            && token.id.process != self.process
            && !token.is_expired(now)
            && !self.returned.contains(&token.peer)
    }

    /// Somebody came back with a token of an earlier process.
    pub(super) fn came_back(&mut self, peer: PeerId) {
        self.returned.insert(peer);
    }
}
