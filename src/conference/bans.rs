//! Who was put out of a room, and does not come back in by themselves. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{UnixTime, wire};
use crate::ledger::ClientAddress;
use crate::media::ids::PeerId;

/// People who were put out of one room that are remembered, 64 bytes each. The oldest is forgotten first.
const MOST: usize = 100;

/// How long nobody new comes in from the address of somebody who was banned. Behind it there may be a school, and the next day somebody else.
const ADDRESS_FOR: Duration = Duration::from_secs(3600);

/// A browser, as its page calls it: a hash of that.
pub(super) type BrowserId = [u8; 16];

/// How somebody who wants to come in is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// By their browser, if its page says one.
    pub(super) browser: Option<BrowserId>,
    /// By where they come from.
    pub(super) address: ClientAddress,
}

/// Somebody who was put out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who they were: nothing that was given to them brings them back.
    #[serde(with = "wire::peer")]
    peer: PeerId,
    /// How they are known, and since when; `None` if they were put out and may come again as somebody new.
    known: Option<(Known, UnixTime)>,
}

impl Ban {
    /// Somebody was put out.
    pub(super) fn removal(peer: PeerId) -> Self {
        Self { peer, known: None }
    }

    /// Somebody was put out, and is to stay so.
    pub(super) fn lasting(peer: PeerId, known: Known, since: UnixTime) -> Self {
        Self { peer, known: Some((known, since)) }
    }

    fn bars(&self, who: Known, now: UnixTime) -> bool {
        self.known.is_some_and(|(known, since)| {
            let same_browser = known.browser.is_some() && known.browser == who.browser;
            same_browser || (known.address == who.address && now.saturating_since(since) < ADDRESS_FOR)
        })
    }
}

/// All who were put out of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bans(VecDeque<Ban>);

impl Bans {
    /// Whether nobody was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One more. False if that is known already.
    pub(super) fn add(&mut self, ban: &Ban) -> bool {
        if self.0.contains(ban) {
            return false;
        }
        self.0.push_back(ban.clone());
        if self.0.len() > MOST {
            self.0.pop_front();
        }
        true
    }

    /// Whoever is known so may come in again. False if they might anyway.
    pub(super) fn pardon(&mut self, who: Known, now: UnixTime) -> bool {
        let before = self.0.len();
        self.0.retain(|ban| !ban.bars(who, now));
        before != self.0.len()
    }

    /// Whether somebody who wants to come in is barred.
    pub(super) fn bar(&self, who: Known, now: UnixTime) -> bool {
        self.0.iter().any(|ban| ban.bars(who, now))
    }

    /// Whether somebody was put out.
    pub(super) fn removed(&self, peer: PeerId) -> bool {
        self.0.iter().any(|ban| ban.peer == peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(browser: Option<u8>, host: u8) -> Known {
        let address = ClientAddress::of([192, 0, 2, host].into());
        Known { browser: browser.map(|byte| [byte; 16]), address }
    }

    #[test]
    fn who_is_banned_is_known_by_their_browser_for_ever_and_by_their_address_for_an_hour() {
        let mut bans = Bans::default();
        let start = UnixTime::from_millis(1_795_257_403_000);
        assert!(bans.add(&Ban::lasting(PeerId(1), known(Some(1), 1), start)));
        assert!(!bans.add(&Ban::lasting(PeerId(1), known(Some(1), 1), start)), "said twice");
        let later = start + ADDRESS_FOR;
        for (who, soon, after_an_hour) in [
            (known(Some(1), 9), true, true),
            (known(Some(2), 1), true, false),
            (known(None, 1), true, false),
            (known(None, 9), false, false),
            (known(Some(2), 9), false, false),
        ] {
            assert_eq!((bans.bar(who, start), bans.bar(who, later)), (soon, after_an_hour), "{who:?}");
        }
        assert!(bans.pardon(known(Some(1), 9), start) && bans.is_empty(), "whoever is let in is pardoned");
    }

    #[test]
    fn who_was_put_out_may_come_again_and_not_with_what_they_had() {
        let mut bans = Bans::default();
        bans.add(&Ban::removal(PeerId(1)));
        let now = UnixTime::from_millis(1);
        assert!(bans.removed(PeerId(1)) && !bans.removed(PeerId(2)));
        assert!(!bans.bar(known(Some(1), 1), now));
    }

    #[test]
    fn of_very_many_the_oldest_is_forgotten() {
        let mut bans = Bans::default();
        for peer in 0..=MOST as u64 {
            bans.add(&Ban::removal(PeerId(peer)));
        }
        assert!(!bans.removed(PeerId(0)) && bans.removed(PeerId(1)) && bans.removed(PeerId(MOST as u64)));
    }
}
