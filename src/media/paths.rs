//! The paths of one client, and which of them media takes (as RFC 9000 sections 8 and 9 do it for QUIC).
//!
//! A path begins unproven: whoever sent from it may have written somebody else's address on the datagram. Until it has
//! proven that it receives, at most three times the bytes that came from it go there, and media stays where it is. Proof
//! is an answer to a challenge, whose token only who receives there can know, or a whole handshake on that path. A path
//! over TCP receives, or it would not be there; that the client is at its end is proven alike.
//!
//! Media takes the proven path from which something authentic came last, and none once nothing did for [`ALIVE`].

use std::time::{Duration, Instant};

use super::demux::{Path, Protocol};

/// Media goes on for this long after something authentic came by a path. Clients send reports every second and check
/// their paths every 5 s at most.
pub const ALIVE: Duration = Duration::from_secs(10);

/// With nothing authentic for this long, a client that still checks its path is challenged: one that sends no reports is
/// heard by its answer before [`ALIVE`] is over.
const DOUBTFUL: Duration = Duration::from_secs(5);

/// A path that a client has not checked for this long may make room for a new one.
const IDLE: Duration = Duration::from_secs(10);

/// So many times the bytes that came from an unproven path may go there (RFC 9000 section 8).
const AMPLIFICATION: u64 = 3;

/// Waits from one challenge to the next: a lost one costs a viewer 50 ms, and a path on which nobody answers gets six in
/// 1.5 s. After that another begins with whatever authentic comes next.
const WAITS_MILLIS: [u64; 6] = [50, 100, 200, 400, 800, 800];

/// What a challenge holds, and its answer repeats: a transaction ID of STUN (RFC 8489 section 5), which names whose it is
/// and is otherwise random.
pub type Token = [u8; 12];

/// What was counted on the paths of one client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PathCounts {
    /// Challenges sent.
    pub challenges: u64,
    /// Challenges answered.
    pub answers: u64,
    /// Datagrams of media that did not go out: nothing authentic comes from the client, or from no proven path.
    pub withheld: u64,
    /// Datagrams of any kind that did not go to an unproven path because of [`AMPLIFICATION`].
    pub limited: u64,
}

/// What came of a path that was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// It is known from now on, or was.
    Known,
    /// It took the place of this one.
    InPlaceOf(Path),
    /// The client has too many.
    Full,
}

/// How a client holds a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It has proven to be there and was heard within [`ALIVE`].
    Proven,
    /// It checks the path and may be about to prove it.
    Claimed,
    /// Not any more.
    Not,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody has shown yet that they receive here.
    Unproven { received: u64, sent: u64 },
    /// The client does.
    Proven,
}

/// A challenge that was not answered yet.
#[derive(Debug, Clone, Copy)]
struct Challenge {
    token: Token,
    sent: usize,
    /// When it is sent again; `None` once it was sent as often as it is to be.
    due: Option<Instant>,
    last: Instant,
}

#[derive(Debug)]
struct Known {
    path: Path,
    state: State,
    /// When the client checked it last.
    checked: Instant,
    /// When the client named it as the one it uses, by a check.
    nominated: Option<Instant>,
    /// When something authentic came last that is no check.
    heard: Option<Instant>,
    challenge: Option<Challenge>,
}

impl Known {
    fn is_alive(&self, now: Instant) -> bool {
        self.heard.is_some_and(|heard| now < heard + ALIVE)
    }

    /// Whether so many more bytes may go here.
    fn takes(&self, bytes: u64) -> bool {
        match self.state {
            State::Unproven { received, sent } if self.path.protocol == Protocol::Udp => {
                sent + bytes <= AMPLIFICATION * received
            }
            _ => true,
        }
    }

    fn count_sent(&mut self, bytes: u64) {
        if let State::Unproven { sent, .. } = &mut self.state {
            *sent += bytes;
        }
    }

    /// When the client said last, authentically, that it uses this path.
    fn claimed(&self) -> Option<Instant> {
        self.heard.max(self.nominated)
    }
}

/// The paths of one client.
#[derive(Debug, Default)]
pub struct Paths {
    known: Vec<Known>,
    /// Which of them media takes.
    active: Option<usize>,
    /// Where the handshake came from last.
    handshake: Option<Path>,
    /// The handshake came by more than one path.
    wandered: bool,
    /// The earliest time at which a challenge is sent again.
    due: Option<Instant>,
    counts: PathCounts,
}

/// One of the paths, until the next is learned or forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathIndex(usize);

impl Paths {
    /// A check that the client authenticated came by `path`. There may be `most` of them.
    pub fn learn(&mut self, now: Instant, path: Path, most: usize) -> Learned {
        if let Some(known) = self.known.iter_mut().find(|known| known.path == path) {
            known.checked = now;
            return Learned::Known;
        }
        let mut gone = None;
        if self.known.len() >= most {
            let others = self.known.iter().enumerate().filter(|(index, _)| Some(*index) != self.active);
            let oldest = others.min_by_key(|(_, known)| known.checked);
            let idle = |known: &Known| now.saturating_duration_since(known.checked) >= IDLE;
            let Some((_, oldest)) = oldest.filter(|(_, known)| idle(known)) else { return Learned::Full };
            gone = Some(oldest.path);
            self.forget(&oldest.path.clone());
        }
        let state = State::Unproven { received: 0, sent: 0 };
        let (nominated, heard, challenge) = (None, None, None);
        self.known.push(Known { path, state, checked: now, nominated, heard, challenge });
        gone.map_or(Learned::Known, Learned::InPlaceOf)
    }

    /// Nothing comes by `path` any more.
    pub fn forget(&mut self, path: &Path) {
        let Some(index) = self.find(path) else { return };
        self.known.remove(index);
        self.active = self.active.filter(|active| *active != index);
        self.active = self.active.map(|active| if active > index { active - 1 } else { active });
        self.handshake = self.handshake.filter(|handshake| handshake != path);
        self.reschedule();
    }

    fn find(&self, path: &Path) -> Option<usize> {
        self.known.iter().position(|known| known.path == *path)
    }

    /// For so long nobody listened: what was heard before is no older for it.
    pub fn stood_still(&mut self, stood: Duration) {
        for known in &mut self.known {
            known.checked += stood;
            for at in known.heard.iter_mut().chain(&mut known.nominated) {
                *at += stood;
            }
        }
    }

    /// Every one of them.
    pub fn iter(&self) -> impl Iterator<Item = &Path> {
        self.known.iter().map(|known| &known.path)
    }

    /// A datagram for the client came by `path`. `None` if that is none of its paths.
    pub fn arrive(&mut self, path: &Path, bytes: usize) -> Option<PathIndex> {
        let active = self.active.filter(|active| self.known.get(*active).is_some_and(|it| it.path == *path));
        let index = active.or_else(|| self.find(path))?;
        if let State::Unproven { received, .. } = &mut self.known.get_mut(index)?.state {
            *received += bytes as u64;
        }
        Some(PathIndex(index))
    }

    /// The client authenticated a check on a path; `nominates` if it says with it that it uses this one. `token` is asked
    /// if a challenge begins; without one none does.
    pub fn checked(
        &mut self,
        now: Instant,
        index: PathIndex,
        nominates: bool,
        token: impl FnOnce() -> Option<Token>,
    ) {
        let sure = self.active().is_some_and(|active| active.heard.is_some_and(|at| now < at + DOUBTFUL));
        let Some(known) = self.known.get_mut(index.0) else { return };
        if nominates {
            known.nominated = Some(now);
        }
        if known.state != State::Proven || !sure {
            self.challenge(now, index, token);
        }
    }

    /// SRTP or SRTCP was authenticated that came by a path.
    pub fn heard(&mut self, now: Instant, index: PathIndex, token: impl FnOnce() -> Option<Token>) {
        let Some(known) = self.known.get_mut(index.0) else { return };
        known.heard = Some(now);
        if self.active == Some(index.0) {
            return;
        }
        if known.state == State::Proven {
            self.active = Some(index.0);
        } else {
            self.challenge(now, index, token);
        }
    }

    /// A datagram of the handshake came by a path: the answer goes there.
    pub fn handshake(&mut self, index: PathIndex) {
        let Some(known) = self.known.get(index.0) else { return };
        self.wandered |= self.handshake.is_some_and(|before| before != known.path);
        self.handshake = Some(known.path);
    }

    /// The handshake ended with a datagram that came by a path. What was sent there and nowhere else was received.
    pub fn handshake_ended(&mut self, now: Instant, index: PathIndex) {
        if let Some(known) = self.known.get_mut(index.0)
            && !self.wandered
        {
            known.heard = Some(now);
            self.prove(now, index.0);
        }
    }

    /// An answer came by a path. False if it answers nothing that was sent there.
    pub fn answered(&mut self, now: Instant, index: PathIndex, token: Token) -> bool {
        let challenge = self.known.get(index.0).and_then(|known| known.challenge);
        if challenge.is_none_or(|challenge| challenge.token != token) {
            return false;
        }
        self.counts.answers += 1;
        self.prove(now, index.0);
        true
    }

    fn prove(&mut self, now: Instant, index: usize) {
        let claimed = self.known.get(index).and_then(Known::claimed);
        let moves = self.active().is_none_or(|active| !active.is_alive(now) || claimed > active.heard);
        if moves {
            self.active = Some(index);
        }
        let active = self.active == Some(index);
        if let Some(known) = self.known.get_mut(index) {
            known.state = State::Proven;
            known.challenge = None;
            if active {
                known.heard = Some(now);
            }
        }
        self.reschedule();
    }

    fn active(&self) -> Option<&Known> {
        self.known.get(self.active?)
    }

    /// Begins a challenge, or goes on with one that was sent often enough for the time.
    fn challenge(&mut self, now: Instant, index: PathIndex, token: impl FnOnce() -> Option<Token>) {
        let Some(known) = self.known.get_mut(index.0) else { return };
        let patience = WAITS_MILLIS.last().copied().map_or(Duration::ZERO, Duration::from_millis);
        match &mut known.challenge {
            Some(challenge) if challenge.due.is_none() && now >= challenge.last + patience => {
                // The same token: an answer that is on its way is as good.
                (challenge.sent, challenge.due) = (0, Some(now));
            }
            Some(_) => {}
            none @ None => {
                let begin = |token| Challenge { token, sent: 0, due: Some(now), last: now };
                *none = token().map(begin);
            }
        }
        self.reschedule();
    }

    fn reschedule(&mut self) {
        self.due = self.known.iter().filter_map(|known| known.challenge?.due).min();
    }

    /// When [`Paths::next_challenge`] is to be called next.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The next challenge that is to be sent by `now`, if [`Paths::allows`] it.
    pub fn next_challenge(&mut self, now: Instant) -> Option<(Path, Token)> {
        self.due.filter(|due| *due <= now)?;
        let mut known = self.known.iter_mut();
        let next = known.find_map(|known| {
            let challenge = known.challenge.as_mut().filter(|it| it.due.is_some_and(|due| due <= now))?;
            // What is on its way when the last wait begins may still be answered.
            let again = WAITS_MILLIS.get(challenge.sent).filter(|_| challenge.sent + 1 < WAITS_MILLIS.len());
            challenge.due = again.map(|wait| now + Duration::from_millis(*wait));
            challenge.sent += 1;
            challenge.last = now;
            Some((known.path, challenge.token))
        });
        self.reschedule();
        next
    }

    /// A challenge was sent.
    pub fn count_challenge(&mut self) {
        self.counts.challenges += 1;
    }

    /// Whether anything may go to a client that is to have media: something authentic came by a path within [`ALIVE`].
    #[must_use]
    pub fn take_media(&self, now: Instant) -> bool {
        self.active().is_some_and(|active| active.is_alive(now)) || self.fallback(now).is_some()
    }

    /// Where a datagram of media goes, of so many bytes.
    pub fn media(&mut self, now: Instant, bytes: usize) -> Option<Path> {
        if let Some(active) = self.active().filter(|active| active.is_alive(now)) {
            return Some(active.path);
        }
        let path = self.fallback(now).and_then(|index| self.known.get(index)).map(|known| known.path);
        if path.is_none() {
            self.counts.withheld += 1;
        }
        path.filter(|path| self.allows(path, bytes))
    }

    /// With no proven path alive, the one that media comes from: a client that answers no challenge is not lost, but gets
    /// no more than [`AMPLIFICATION`] allows.
    fn fallback(&self, now: Instant) -> Option<usize> {
        let unproven = self.known.iter().enumerate().filter(|(_, known)| known.state != State::Proven);
        unproven
            .filter(|(_, known)| known.is_alive(now))
            .max_by_key(|(_, known)| known.heard)
            .map(|(at, _)| at)
    }

    /// Where DTLS goes: with media once there is any, before that to where the handshake comes from, because ICE would
    /// send to an address that a NAT took away until it times out.
    #[must_use]
    pub fn secure(&self, handshaken: bool) -> Option<Path> {
        let active = self.active().filter(|_| handshaken).map(|active| active.path);
        active.or(self.handshake)
    }

    /// Whether so many bytes may go to `path` now; what may is counted as sent.
    pub fn allows(&mut self, path: &Path, bytes: usize) -> bool {
        let known = self.find(path).and_then(|index| self.known.get_mut(index));
        let allowed = known.filter(|known| known.takes(bytes as u64));
        self.counts.limited += u64::from(allowed.is_none());
        allowed.map(|known| known.count_sent(bytes as u64)).is_some()
    }

    /// How the client holds `path` against others who authenticate there.
    #[must_use]
    pub fn hold(&self, now: Instant, path: &Path) -> Hold {
        match self.known.iter().find(|known| known.path == *path) {
            Some(known) if known.state == State::Proven && known.is_alive(now) => Hold::Proven,
            Some(known) if now < known.checked + IDLE && known.state != State::Proven => Hold::Claimed,
            _ => Hold::Not,
        }
    }

    /// What was counted since this was called last.
    pub fn take_counts(&mut self) -> PathCounts {
        std::mem::take(&mut self.counts)
    }
}

#[cfg(test)]
mod tests;
