//! Which codec each person's pictures are asked in: one that the publisher can encode and the others can decode.

use std::time::{Duration, Instant};

use super::state::RoomEvent;
use super::timers::Timer;
use super::{Conference, Now};
use crate::media::codec::{Codec, CodecSet};
use crate::media::ids::{Kind, PeerId, RoomId};

/// The codecs pictures are asked in unless the operator says otherwise, best first. VP8 is what every browser encodes
/// cheaply in three layers; AV1 costs a phone's processor most.
pub const DEFAULT_CODECS: [Codec; 4] = [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1];

/// A codec that is merely preferred must have been possible for this long before anybody is asked to go back to it. A
/// change costs every viewer a key frame and the publisher a new encoder, so it shall not come each time the one person
/// who cannot decode it loses the connection and returns (they stay in the room for 30 s) or looks in again.
pub(super) const RETURN_AFTER: Duration = Duration::from_secs(30);

/// How long a room's people keep their codecs after some of them had to change, whoever comes or says something else
/// meanwhile: a client could otherwise restart everybody's encoder with each of its offers. Who cannot decode what is sent
/// waits as long at worst, and their tiles say so.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(5);

/// When a room's codecs changed, and may again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// When somebody was asked for another codec last.
    changed: Option<Instant>,
    /// Since when a codec that is merely preferred has been possible.
    possible: Option<Instant>,
}

fn has_video(set: CodecSet) -> bool {
    set.iter().any(|codec| codec.kind() == Kind::Video)
}

/// How many people can decode what. Those without a line for pictures have no say.
#[derive(Debug, Clone, Copy, Default)]
struct Decoders([usize; Codec::ALL.len()]);

impl Decoders {
    fn add(&mut self, receives: CodecSet) {
        for codec in receives.iter() {
            if let Some(count) = self.0.get_mut(codec as usize) {
                *count += 1;
            }
        }
    }

    /// Without one of them.
    fn without(mut self, receives: CodecSet) -> Decoders {
        for codec in receives.iter() {
            if let Some(count) = self.0.get_mut(codec as usize) {
                *count = count.saturating_sub(1);
            }
        }
        self
    }

    fn of(&self, codec: Codec) -> usize {
        self.0.get(codec as usize).copied().unwrap_or(0)
    }
}

/// What of the `preference` a publisher may be asked for: what they can encode, if that is known.
fn possible(preference: &[Codec], sends: CodecSet) -> impl Iterator<Item = Codec> {
    let known = preference.iter().any(|codec| sends.contains(*codec));
    preference.iter().copied().filter(move |codec| !known || sends.contains(*codec))
}

/// The codec that most can decode; of several the one preferred most. So if everybody can decode one, it is such a one.
fn choose(preference: &[Codec], sends: CodecSet, decoders: &Decoders) -> Option<Codec> {
    // `max_by_key` takes the last of equals.
    possible(preference, sends).collect::<Vec<_>>().into_iter().rev().max_by_key(|codec| decoders.of(*codec))
}

/// When to ask for another codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Keep,
    Now,
    /// Only because it is preferred: nobody sees more of it.
    WhenSettled,
}

fn change(
    current: Option<Codec>,
    best: Codec,
    preference: &[Codec],
    sends: CodecSet,
    others: &Decoders,
) -> Change {
    match current {
        Some(current) if current == best => Change::Keep,
        Some(current)
            if others.of(current) == others.of(best)
                && possible(preference, sends).any(|codec| codec == current) =>
        {
            Change::WhenSettled
        }
        _ => Change::Now,
    }
}

impl Conference {
    /// Chooses everybody's codec anew after what a room can do has changed, or when the room's timer says so. Returns whose
    /// codec is another one now.
    pub(super) fn review_codecs(&mut self, now: Now, id: RoomId) -> Vec<PeerId> {
        let (mut changed, mut held, mut waits) = (Vec::new(), false, false);
        let Some(room) = self.rooms.get(&id) else { return changed };
        let (mut chosen, mut pace) = (Vec::new(), room.codecs);
        let reached = |since: Option<Instant>, span| {
            since.is_some_and(|since| now.instant.saturating_duration_since(since) >= span)
        };
        let free = pace.changed.is_none() || reached(pace.changed, KEPT_FOR);
        let settled = reached(pace.possible, RETURN_AFTER);
        let mut decoders = Decoders::default();
        let members = || room.state.people().iter().filter_map(|id| Some((*id, room.state.member(*id)?)));
        for abilities in members().filter_map(|(_, member)| member.abilities()) {
            decoders.add(abilities.receives);
        }
        for (peer, member) in members() {
            let Some(abilities) = member.abilities().filter(|abilities| has_video(abilities.sends)) else {
                continue;
            };
            let preference = &self.config.codecs;
            let others = decoders.without(abilities.receives);
            let Some(best) = choose(preference, abilities.sends, &others) else { continue };
            match change(member.codec(), best, preference, abilities.sends, &others) {
                Change::Keep => {}
                Change::WhenSettled if !settled => waits = true,
                _ if member.codec().is_some() && !free => held = true,
                Change::Now | Change::WhenSettled => {
                    if member.codec().is_some() {
                        pace.changed = Some(now.instant);
                    }
                    chosen.push((peer, best));
                }
            }
        }
        pace.possible = (waits || (settled && held)).then(|| pace.possible.unwrap_or(now.instant));
        let after = |since: Option<Instant>, span| since.and_then(|since| since.checked_add(span));
        // Both are ahead: who waits is not settled, and who is held back is not free.
        let settles = after(pace.possible.filter(|_| waits), RETURN_AFTER);
        let frees = after(pace.changed.filter(|_| held), KEPT_FOR);
        match settles.into_iter().chain(frees).min() {
            Some(at) => self.timers.set(Timer::Codecs(id), at),
            None => self.timers.clear(&Timer::Codecs(id)),
        }
        if let Some(room) = self.rooms.get_mut(&id) {
            room.codecs = pace;
        }
        for (peer, codec) in chosen {
            self.change(now, id, &RoomEvent::CodecChosen { peer, codec });
            changed.push(peer);
        }
        changed
    }

    /// Chooses anew, and tells those who are to change.
    pub(super) fn renew_codecs(&mut self, now: Now, id: RoomId) {
        for peer in self.review_codecs(now, id) {
            self.send_publish(now, peer, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = CodecSet> {
        prop::collection::vec(prop::sample::select(&Codec::ALL[1..]), 0..5)
            .prop_map(|codecs| codecs.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nobody_could_be_served_better(sends in set(), receives in prop::collection::vec(set(), 0..6)) {
            let mut decoders = Decoders::default();
            for set in &receives {
                decoders.add(*set);
            }
            let chosen = choose(&DEFAULT_CODECS, sends, &decoders).unwrap();
            let served = |codec: Codec| receives.iter().filter(|set| set.contains(codec)).count();
            prop_assert!(!has_video(sends) || sends.contains(chosen));
            for (rank, other) in DEFAULT_CODECS.into_iter().enumerate() {
                let able = sends.contains(other) || !has_video(sends);
                let preferred = DEFAULT_CODECS.iter().position(|codec| *codec == chosen) > Some(rank);
                prop_assert!(!able || served(other) < served(chosen) + usize::from(!preferred), "{other} instead of {chosen}");
            }
        }
    }

    #[test]
    fn a_change_that_helps_somebody_comes_at_once_and_one_that_is_merely_preferred_does_not() {
        let mut decoders = Decoders::default();
        decoders.add([Codec::H264, Codec::Vp8].into_iter().collect());
        let change = |current, best| change(current, best, &DEFAULT_CODECS, CodecSet::ALL, &decoders);
        assert_eq!(change(None, Codec::Vp8), Change::Now);
        assert_eq!(change(Some(Codec::Vp9), Codec::Vp8), Change::Now);
        assert_eq!(change(Some(Codec::H264), Codec::Vp8), Change::WhenSettled);
        assert_eq!(change(Some(Codec::Vp8), Codec::Vp8), Change::Keep);
    }
}
