//! The connection's paths: which there are, what goes where, and challenges to those that have not proven anything yet.

use std::time::{Duration, Instant};

use super::sending::Sending;
use super::stun::{self, Check};
use super::{Connection, DUE, Transmit, crypto};
use crate::media::demux::{DatagramKind, Path};
use crate::media::paths::{Hold, Learned, PathCounts, PathIndex, Token};

impl Connection {
    /// Whether the check was made with this connection's password (RFC 8489 section 9.1).
    #[must_use]
    pub fn authenticates(&self, check: &Check<'_>) -> bool {
        check.is_made_with(&self.credentials.pass)
    }

    /// Learns that the client authenticated a check by `path`; it may have `most` paths.
    pub fn learn_path(&mut self, now: Instant, path: Path, most: usize) -> Learned {
        self.paths.learn(now, path, most)
    }

    /// Nothing can be sent this way any more, or it is somebody else's.
    pub fn forget_path(&mut self, path: &Path) {
        self.paths.forget(path);
    }

    /// Every path by which the client authenticated a check.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter()
    }

    /// How the client holds `path` against others who authenticate there.
    #[must_use]
    pub fn holds(&self, now: Instant, path: &Path) -> Hold {
        self.paths.hold(now, path)
    }

    /// Whether the client may be sent media: something authentic came from it lately.
    #[must_use]
    pub fn takes_media(&self, now: Instant) -> bool {
        self.paths.take_media(now)
    }

    /// For so long nothing was heard on any path, because nobody listened.
    pub fn stood_still(&mut self, stood: Duration) {
        self.paths.stood_still(stood);
        if let Sending::Own(own) = &mut self.sending {
            own.egress.stood_still();
        }
    }

    /// What was counted on its paths since this was called last.
    pub fn take_path_counts(&mut self) -> PathCounts {
        self.paths.take_counts()
    }

    /// Takes the answer to a challenge, of which str0m knows nothing. False if it is none.
    pub fn handle_answer(&mut self, now: Instant, path: &Path, datagram: &[u8]) -> bool {
        let Some(index) = self.paths.arrive(path, datagram.len()) else { return false };
        let token = stun::read_answer(datagram, &self.client.pass);
        token.is_some_and(|token| self.paths.answered(now, index, token))
    }

    /// Something authentic came by a path: media, or a check.
    pub(super) fn note_path(
        &mut self,
        now: Instant,
        index: PathIndex,
        authenticated: bool,
        check: Option<&Check<'_>>,
    ) {
        let key = self.key;
        let token = || token(key);
        if authenticated {
            self.paths.heard(now, index, token);
        } else if let Some(check) = check {
            self.paths.checked(now, index, check.nominates(), token);
        }
    }

    /// Sends the challenges that are due.
    pub(super) fn challenge(&mut self, now: Instant, out: &mut Vec<Transmit>) {
        while let Some((path, token)) = self.paths.next_challenge(now + DUE) {
            let challenge = stun::challenge(&self.client, &self.credentials.ufrag, token);
            if let Some(contents) = challenge.filter(|bytes| self.paths.allows(&path, bytes.len())) {
                self.paths.count_challenge();
                out.push(Transmit { path, contents });
            }
        }
    }

    /// Where a datagram goes that str0m would send to `asked`, if anywhere.
    pub(super) fn path_of(&mut self, asked: Path, datagram: &[u8]) -> Option<Path> {
        let path = match DatagramKind::of(datagram) {
            DatagramKind::Srtp => return self.paths.media(self.clock, datagram.len()),
            DatagramKind::Dtls => self.paths.secure(self.heard).unwrap_or(asked),
            DatagramKind::Stun | DatagramKind::Unknown => asked,
        };
        self.paths.allows(&path, datagram.len()).then_some(path)
    }
}

/// Names the peer with the slab index `key`; nobody can foretell the rest. Without randomness from the system there is none.
fn token(key: u32) -> Option<Token> {
    let mut token: Token = crypto::random()?;
    token.first_chunk_mut::<4>()?.copy_from_slice(&key.to_be_bytes());
    Some(token)
}
