//! Who was put out of a room, and does not come back in by themselves. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{UnixTime, wire};
use crate::ledger::ClientAddress;
use crate::media::ids::PeerId;
use crate::passes::{Pass, Print};

/// People who were put out of one room that are remembered, 150 bytes each. The oldest is forgotten first.
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
    /// By whom their access token is for, if it says.
    pub(super) identity: Option<Print>,
    /// By that token itself, if they have one.
    pub(super) pass: Option<Print>,
}

impl Known {
    /// Somebody of whom nothing but this is known.
    pub(super) fn by(browser: Option<BrowserId>, address: ClientAddress) -> Self {
        Self { browser, address, identity: None, pass: None }
    }

    /// And this pass, if they have one.
    pub(super) fn with_pass(self, pass: Option<&Pass>) -> Self {
        Self { identity: pass.and_then(|pass| pass.identity), pass: pass.map(|pass| pass.id), ..self }
    }
}

/// Why somebody does not come in by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bar {
    /// They were put out, and come with the access token that they had.
    Removed,
    /// They were banned.
    Banned,
}

/// By what somebody is known who was banned. What tells nothing any more is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    browser: Option<BrowserId>,
    /// For as long as it counts.
    address: Option<ClientAddress>,
    identity: Option<Print>,
    pass: Option<Print>,
}

/// Somebody who was put out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who they were: nothing that was given to them brings them back.
    #[serde(with = "wire::peer")]
    peer: PeerId,
    /// The access token that they had.
    pass: Option<Print>,
    /// How they are known, and since when; `None` if they were put out and may come again as somebody new.
    known: Option<(Mark, UnixTime)>,
}

impl Ban {
    /// Somebody was put out who had this access token.
    pub(super) fn removal(peer: PeerId, pass: Option<Print>) -> Self {
        Self { peer, pass, known: None }
    }

    /// Somebody was put out, and is to stay so.
    pub(super) fn lasting(peer: PeerId, known: Known, since: UnixTime) -> Self {
        let Known { browser, address, identity, pass } = known;
        Self { peer, pass, known: Some((Mark { browser, address: Some(address), identity, pass }, since)) }
    }

    fn bars(&self, who: Known, now: UnixTime) -> Option<Bar> {
        let same = |one: Option<Print>, other: Option<Print>| one.is_some() && one == other;
        let banned = self.known.is_some_and(|(known, since)| {
            // Where both are known by name, their address says nothing more.
            let named = known.identity.is_some() && who.identity.is_some();
            let same_address =
                known.address == Some(who.address) && now.saturating_since(since) < ADDRESS_FOR;
            same(known.browser, who.browser) || same(known.identity, who.identity) || (same_address && !named)
        });
        match (banned, same(self.pass, who.pass)) {
            (true, _) => Some(Bar::Banned),
            (false, true) if self.known.is_some() => Some(Bar::Banned),
            (false, true) => Some(Bar::Removed),
            (false, false) => None,
        }
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
        self.0.retain(|ban| ban.bars(who, now).is_none());
        before != self.0.len()
    }

    /// Whether somebody who wants to come in is barred.
    pub(super) fn bar(&self, who: Known, now: UnixTime) -> Option<Bar> {
        self.0.iter().filter_map(|ban| ban.bars(who, now)).max()
    }

    /// When the next address of somebody who was banned counts no more, if one is known.
    pub(super) fn forgets_at(&self) -> Option<UnixTime> {
        let known = self.0.iter().filter_map(|ban| ban.known);
        known.filter(|(mark, _)| mark.address.is_some()).map(|(_, since)| since + ADDRESS_FOR).min()
    }

    /// Forgets the addresses that count no more. False if there is none.
    pub(super) fn forget_addresses(&mut self, now: UnixTime) -> bool {
        let mut forgot = false;
        for (mark, since) in self.0.iter_mut().filter_map(|ban| ban.known.as_mut()) {
            if now >= *since + ADDRESS_FOR {
                forgot |= mark.address.take().is_some();
            }
        }
        forgot
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
        Known::by(browser.map(|byte| [byte; 16]), address)
    }

    fn with_pass(who: Known, identity: Option<u8>, pass: u8) -> Known {
        Known { identity: identity.map(|byte| [byte; 16]), pass: Some([pass; 16]), ..who }
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
            let barred = [start, later].map(|now| bans.bar(who, now) == Some(Bar::Banned));
            assert_eq!(barred, [soon, after_an_hour], "{who:?}");
        }
        assert!(bans.pardon(known(Some(1), 9), start) && bans.is_empty(), "whoever is let in is pardoned");
    }

    #[test]
    fn who_was_put_out_may_come_again_and_not_with_what_they_had() {
        let mut bans = Bans::default();
        let had = with_pass(known(Some(1), 1), Some(1), 1);
        bans.add(&Ban::removal(PeerId(1), had.pass));
        let now = UnixTime::from_millis(1);
        assert!(bans.removed(PeerId(1)) && !bans.removed(PeerId(2)));
        assert_eq!(bans.bar(known(Some(1), 1), now), None);
        assert_eq!(bans.bar(had, now), Some(Bar::Removed));
        assert_eq!(
            bans.bar(with_pass(known(None, 9), None, 1), now),
            Some(Bar::Removed),
            "whoever has it now"
        );
        assert_eq!(
            bans.bar(with_pass(known(Some(1), 1), Some(1), 2), now),
            None,
            "they were given another one"
        );
        bans.add(&Ban::removal(PeerId(2), None));
        assert_eq!(bans.bar(known(None, 1), now), None, "who had none is not everybody who has none");
        assert!(bans.pardon(had, now) && bans.bar(had, now).is_none());
    }

    #[test]
    fn who_is_banned_with_an_access_token_is_known_by_whom_it_is_for_and_others_behind_their_address_come_in()
    {
        let mut bans = Bans::default();
        let start = UnixTime::from_millis(1_795_257_403_000);
        let later = start + 9 * ADDRESS_FOR;
        bans.add(&Ban::lasting(PeerId(1), with_pass(known(None, 1), Some(1), 1), start));
        let elsewhere = known(Some(2), 9);
        for (who, barred) in [
            (with_pass(elsewhere, Some(1), 2), true),
            (with_pass(elsewhere, None, 1), true),
            (with_pass(elsewhere, Some(2), 1), true),
            (with_pass(elsewhere, Some(2), 2), false),
            (elsewhere, false),
        ] {
            assert_eq!(bans.bar(who, later), barred.then_some(Bar::Banned), "{who:?}");
        }
        let same_school = known(Some(2), 1);
        assert_eq!(bans.bar(with_pass(same_school, Some(2), 2), start), None);
        assert_eq!(bans.bar(same_school, start), Some(Bar::Banned), "who says nothing may be them");
    }

    #[test]
    fn an_address_is_known_for_as_long_as_it_counts() {
        let mut bans = Bans::default();
        let start = UnixTime::from_millis(1_795_257_403_000);
        bans.add(&Ban::removal(PeerId(1), None));
        assert_eq!(bans.forgets_at(), None);
        for (peer, since) in [(2, start), (3, start + Duration::from_secs(60))] {
            bans.add(&Ban::lasting(PeerId(peer), known(Some(2), 7), since));
        }
        assert_eq!(bans.forgets_at(), Some(start + ADDRESS_FOR));
        assert!(!bans.forget_addresses(start + Duration::from_secs(3_599)));
        assert!(bans.forget_addresses(start + ADDRESS_FOR));
        assert_eq!(bans.forgets_at(), Some(start + ADDRESS_FOR + Duration::from_secs(60)));
        assert!(bans.forget_addresses(start + 2 * ADDRESS_FOR) && bans.forgets_at().is_none());
        let kept = serde_json::to_string(&bans).unwrap();
        assert_eq!(kept.matches(r#""address":null"#).count(), 2, "{kept}");
        assert_eq!(
            bans.bar(known(Some(2), 9), start + 9 * ADDRESS_FOR),
            Some(Bar::Banned),
            "by their browser"
        );
    }

    #[test]
    fn of_very_many_the_oldest_is_forgotten() {
        let mut bans = Bans::default();
        for peer in 0..=MOST as u64 {
            bans.add(&Ban::removal(PeerId(peer), None));
        }
        assert!(!bans.removed(PeerId(0)) && bans.removed(PeerId(1)) && bans.removed(PeerId(MOST as u64)));
    }
}
