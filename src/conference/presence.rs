//! Who is here, whose media is lost, who is reconnecting, who has left: judged from the socket and the media path together.

use std::time::{Duration, Instant};

use super::protocol::Presence;
use super::state::RoomEvent;
use super::timers::Timer;
use super::{Conference, Now, SocketId};
use crate::media::QUIET_AFTER;
use crate::media::ids::PeerId;

/// How long a person of whom nothing is heard stays in the room. Long enough for a train's tunnel or a phone that
/// changes networks, short enough that nobody talks to an empty chair.
pub(super) const LEAVE_AFTER: Duration = Duration::from_secs(30);

/// The same of somebody who came by a standard tool: it has no socket that would tell of its end, and comes as somebody new. ICE asks whether
/// the other end is there every 5 s (RFC 7675), so this is one answer that is late.
pub(super) const STANDARD_LEAVES_AFTER: Duration = Duration::from_secs(10);

/// How long a page that went away may take to come back as the same person. A reload over a slow link takes 1 to 3 s;
/// after a closed tab the others look at a still picture for this long.
pub(super) const RETURN_WITHIN: Duration = Duration::from_secs(4);

/// A person's WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// There is one.
    Attached(SocketId),
    /// There is none since then.
    Gone(Instant),
    /// There never is one: a standard tool's media is all that tells of its person.
    Media,
}

/// What the worker last said about a person's media path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    /// No authenticated packet ever came.
    Never,
    /// Packets come.
    Heard,
    /// The last packet came then.
    Silent(Instant),
}

impl Hearing {
    /// What follows from a notice that came `now`, after [`QUIET_AFTER`] of silence.
    pub(super) fn quiet(now: Instant) -> Self {
        Hearing::Silent(now.checked_sub(QUIET_AFTER).unwrap_or(now))
    }
}

/// What is known about whether a person is still here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signs {
    /// The socket.
    pub(super) link: Link,
    /// The media path.
    pub(super) hearing: Hearing,
    /// When the page that is there now came: the person joined, or loaded it anew. It has as long as any silence may last to
    /// bring up its media.
    pub(super) began: Instant,
    /// The page said it goes away: the person is gone then unless it comes back.
    pub(super) departs: Option<Instant>,
}

/// What the signs mean at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// In the room; judge again at `again`, if the signs do not change before.
    Stays { presence: Presence, again: Option<Instant> },
    /// Gone.
    Left,
}

impl Signs {
    /// Judges them.
    pub(super) fn judge(&self, now: Instant) -> Verdict {
        if self.departs.is_some_and(|at| at <= now) {
            return Verdict::Left;
        }
        let (presence, again) = match self.gone_since() {
            Some(since) if now >= since + self.leaves_after() => return Verdict::Left,
            Some(since) if now >= since + QUIET_AFTER => {
                (Presence::Reconnecting, Some(since + self.leaves_after()))
            }
            gone => {
                let reconnecting = gone.map(|since| since + QUIET_AFTER);
                match self.silent_since().map(|since| since + QUIET_AFTER) {
                    Some(lost) if now >= lost => (Presence::NoMedia, reconnecting),
                    lost => (Presence::Here, lost.into_iter().chain(reconnecting).min()),
                }
            }
        };
        let again = self.departs.into_iter().chain(again).min();
        Verdict::Stays { presence, again }
    }

    fn leaves_after(&self) -> Duration {
        if self.link == Link::Media { STANDARD_LEAVES_AFTER } else { LEAVE_AFTER }
    }

    /// Since when the present page could have been heard and was not.
    fn silent_since(&self) -> Option<Instant> {
        match self.hearing {
            Hearing::Heard => None,
            Hearing::Never => Some(self.began),
            Hearing::Silent(media) => Some(self.began.max(media)),
        }
    }

    /// Since when both the socket and the media path are gone.
    fn gone_since(&self) -> Option<Instant> {
        match (self.link, self.hearing) {
            (Link::Attached(_), _) | (_, Hearing::Heard) => None,
            (Link::Gone(socket), Hearing::Never) => Some(socket),
            (Link::Gone(socket), Hearing::Silent(media)) => Some(socket.max(media)),
            (Link::Media, _) => self.silent_since(),
        }
    }
}

impl Conference {
    /// Judges whether a person is still here, acts on it, and sets the time to judge again.
    pub(super) fn review(&mut self, now: Now, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        match peer.signs.judge(now.instant) {
            Verdict::Left => self.remove_peer(now, id),
            Verdict::Stays { presence, again } => {
                let room = peer.room;
                match again {
                    Some(at) => self.timers.set(Timer::Presence(id), at),
                    None => self.timers.clear(&Timer::Presence(id)),
                }
                self.change(now, room, &RoomEvent::Seen { peer: id, presence });
                self.review_course(now, room);
            }
        }
    }
}
