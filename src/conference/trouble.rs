//! Somebody gets no media: they are told why, and a code by which whoever runs the server finds the same.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use super::diagnosis::Evidence;
use super::funnel::{Loss, Settled, Step};
use super::protocol::{Cause, Path, ServerMessage, TroubleReport, Way};
use super::refusal::Refusal;
use super::timers::Timer;
use super::ways::Ways;
use super::{Conference, Entropy, Now, SocketId, wire};
use crate::ledger::Metered;
use crate::media::ids::{Kind, PeerId, Track};
use crate::media::message::{Reached, ReachedSet};

/// Troubles that are kept to be found by their code: the newest of them.
pub const MOST_TROUBLES: usize = 1_000;

/// Characters of a code: 40 bits, so that none is met by chance.
const CODE_CHARS: usize = 8;

/// Those of Crockford's base 32: what is read aloud and typed is not mistaken.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// For how long there may be nothing to see after somebody connected, or nothing shown of what left for them, before they count as
/// settled or lost.
const SETTLES_AFTER: Duration = Duration::from_secs(30);

/// How somebody's connection fares, as far as it can explain why it does not stand.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// What the worker saw of it.
    reached: ReachedSet,
    /// What they were told of it.
    told: Option<(Cause, String)>,
    /// The way they were counted to go.
    way: Option<Way>,
}

/// A trouble as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// By which it is found.
    pub code: String,
    /// When, in milliseconds since 1970.
    at: u64,
    /// What is to blame.
    pub cause: Cause,
    /// What that means.
    sentence: &'static str,
    /// What the server saw.
    pub saw: Vec<String>,
    /// What the log calls the room.
    room: String,
    /// Whose.
    #[serde(with = "wire::peer")]
    peer: PeerId,
    /// What their browser found.
    report: TroubleReport,
    /// The room's id.
    #[serde(skip)]
    room_id: String,
}

/// What is known of troubles, and of those who have none.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    kept: VecDeque<Trouble>,
    ways: Ways,
}

/// A code that is new by chance.
fn draw_code(entropy: &mut Entropy) -> String {
    let mut bytes = [0; CODE_CHARS];
    entropy(&mut bytes);
    bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|char| char::from(*char))
        .collect()
}

/// A code as it was meant: what is read aloud comes in any case, with dashes, and with letters that look like digits.
fn meant(text: &str) -> String {
    let chars = text.chars().filter(|char| !char.is_whitespace() && *char != '-');
    chars
        .map(|char| match char.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .take(CODE_CHARS + 1)
        .collect()
}

impl Conference {
    /// `trouble`: whoever says it gets no media. They are told why, once for each connection.
    pub(super) fn trouble(
        &mut self,
        now: Now,
        (socket, id): (SocketId, PeerId),
        report: TroubleReport,
    ) -> Result<(), Refusal> {
        let Some(peer) = self.peers.get(&id) else { return Ok(()) };
        if let Some((cause, code)) = peer.standing.told.clone() {
            self.send(socket, &ServerMessage::Trouble { cause, code }, None);
            return Ok(());
        }
        let address = peer.address;
        self.spend(now, address, Metered::Troubles).map_err(|over| Refusal::over(now, over))?;
        let Some(peer) = self.peers.get(&id) else { return Ok(()) };
        let Some(room_id) = self.rooms.get(&peer.room).map(|room| room.id().to_owned()) else {
            return Ok(());
        };
        let media = &self.config.media;
        let evidence = Evidence {
            report: &report,
            reached: peer.standing.reached,
            shares: self.troubles.ways.shares(now.instant),
            announced: &media.addresses,
            port: peer.worker.and_then(|worker| media.ports.get(worker.index()).copied()),
            has_turn: self.config.turn.is_some(),
            is_near: address.is_private(),
        };
        let (cause, saw) = (evidence.cause(), evidence.saw());
        let code = draw_code(&mut self.entropy);
        let mark = self.keys.mark(&room_id);
        log::info!(
            code:% = code, cause:% = cause.word(), room:% = mark, peer:% = id, saw:% = saw.join("; "),
            report:% = serde_json::to_string(&report).unwrap_or_default();
            "trouble"
        );
        if self.troubles.kept.len() >= MOST_TROUBLES {
            self.troubles.kept.pop_front();
        }
        self.counters.troubles += 1;
        self.troubles.kept.push_back(Trouble {
            code: code.clone(),
            at: now.wall.as_millis(),
            cause,
            sentence: cause.sentence(),
            saw,
            room: mark,
            peer: id,
            report,
            room_id,
        });
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.standing.told = Some((cause, code.clone()));
            if let Some(attempt) = peer.attempt.as_mut().filter(|attempt| attempt.at() < Step::Dtls) {
                attempt.blame(cause);
            }
        }
        self.send(socket, &ServerMessage::Trouble { cause, code }, None);
        Ok(())
    }

    /// The trouble with this code, for whoever may ask for anything here.
    #[must_use]
    pub fn trouble_of(&self, code: &str) -> Option<&Trouble> {
        let code = meant(code);
        self.troubles.kept.iter().rev().find(|trouble| trouble.code == code)
    }

    /// In which room the trouble with this code was: whoever owns that may see it.
    pub(super) fn room_of_trouble(&self, code: &str) -> Option<String> {
        self.trouble_of(code).map(|trouble| trouble.room_id.clone())
    }

    /// Somebody's connection is another one from now on.
    pub(super) fn connection_begins(&mut self, id: PeerId) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.standing = Standing { way: peer.standing.way, ..Standing::default() };
        }
    }

    /// Somebody's connection came further.
    pub(super) fn came_further(&mut self, now: Now, id: PeerId, reached: Reached) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.standing.reached.add(reached);
        match reached {
            Reached::Udp | Reached::Tcp => self.funnel.advance(&mut peer.attempt, Step::Ice),
            Reached::Connected => {
                let over_udp = peer.standing.reached.has(Reached::Udp);
                // Where both are open, browsers take UDP.
                let way = if over_udp { Way::Udp } else { Way::Tcp };
                self.funnel.advance(&mut peer.attempt, Step::Dtls);
                if peer.standing.way.replace(way).is_none() && peer.standard.is_none() {
                    self.troubles.ways.count(now.instant, way);
                }
                self.settle_later(now, id);
            }
            Reached::Handshake | Reached::Media => {}
        }
    }

    /// A picture began to leave for somebody.
    pub(super) fn picture_left(&mut self, now: Now, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if peer.attempt.as_ref().is_some_and(|attempt| attempt.at() < Step::Sent) {
            self.funnel.advance(&mut peer.attempt, Step::Sent);
            self.settle_later(now, id);
        }
    }

    /// `shown`: somebody's page shows the first picture, or goes this way.
    pub(super) fn shown_first(&mut self, id: PeerId, way: Way) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        self.funnel.advance(&mut peer.attempt, Step::Shown);
        self.timers.clear(&Timer::Funnel(id));
        if way == Way::Relay
            && let Some(from) = peer.standing.way.replace(way).filter(|from| *from != way)
        {
            self.troubles.ways.is_relayed(from);
        }
    }

    fn settle_later(&mut self, now: Now, id: PeerId) {
        let waits = self.peers.get(&id).is_some_and(|peer| peer.attempt.is_some());
        if let Some(at) = now.instant.checked_add(SETTLES_AFTER).filter(|_| waits) {
            self.timers.set(Timer::Funnel(id), at);
        }
    }

    /// Somebody has been connected for a while, and shows nobody's picture.
    pub(super) fn settle_attempt(&mut self, id: PeerId) {
        let sees = self.what_there_is_to_see(id);
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let at = peer.attempt.as_ref().map(super::funnel::Attempt::at);
        match (sees, at) {
            (Err(settled), _) => self.funnel.settle(&mut peer.attempt, settled),
            (Ok(()), Some(Step::Sent)) => self.funnel.lose(&mut peer.attempt, Loss::NotShown),
            (Ok(()), _) => self.funnel.lose(&mut peer.attempt, Loss::NothingSent),
        }
    }

    /// Whether there is a picture that somebody would see.
    fn what_there_is_to_see(&self, id: PeerId) -> Result<(), Settled> {
        let Some(peer) = self.peers.get(&id) else { return Ok(()) };
        let Some(room) = self.rooms.get(&peer.room) else { return Ok(()) };
        let mut others = room.state.people().iter().filter(|other| **other != id).peekable();
        if others.peek().is_none() {
            return Err(Settled::Alone);
        }
        if room.course.order().path == Path::Direct {
            return Err(Settled::Direct);
        }
        let looks_away = peer.view.as_ref().is_some_and(Vec::is_empty);
        let shows = |track: &Track, muted: &std::collections::BTreeSet<Track>| {
            track.kind == Kind::Video && !muted.contains(track)
        };
        let is_any = others
            .filter_map(|other| room.state.member(*other))
            .any(|member| member.tracks().iter().any(|track| shows(track, member.muted())));
        if is_any && !looks_away { Ok(()) } else { Err(Settled::NothingToShow) }
    }

    /// The page of a room was sent to a browser.
    pub fn page_sent(&mut self) {
        self.funnel.pages += 1;
    }

    /// How far people came, and where they were lost.
    #[must_use]
    pub fn funnel(&self) -> &super::funnel::Funnel {
        &self.funnel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_read_aloud() {
        let mut next = 0_u8;
        let mut entropy: Entropy = Box::new(move |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_add(33);
                *byte = next;
            }
        });
        let code = draw_code(&mut entropy);
        assert_eq!(code.len(), CODE_CHARS);
        assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)), "{code}");
        assert_ne!(code, draw_code(&mut entropy));
        assert_eq!(meant("1o2l-3i4 k"), "1021314K");
    }
}
