//! How many key frames one viewer may cause: as many at once as joining and switching need, then few.
//!
//! A key frame is ten times an ordinary one, and everybody else who sees the same person gets it too. Each wish that is a
//! request of its own is paid for; one for a key frame that others wait for already is free.

use std::time::{Duration, Instant};

use super::ids::StreamId;

/// Key frames at once, of everybody together: two pages of 25 people, and some that were lost.
const ALL_AT_ONCE: u32 = 60;

/// Then one in this time.
const ALL_EACH: Duration = Duration::from_millis(250);

/// Key frames at once of one stream: joining, switching, and a few losses in a row.
const STREAM_AT_ONCE: u32 = 6;

/// Then one in this time. On a link that loses so much that this is not enough, key frames are what it carries worst.
const STREAM_EACH: Duration = Duration::from_secs(2);

/// A meter (GCRA, ITU-T I.371): when everything taken so far is paid for.
#[derive(Debug, Clone, Copy)]
struct Meter {
    paid_at: Instant,
}

impl Meter {
    fn has(&self, now: Instant, each: Duration, at_once: u32) -> bool {
        self.paid_at.saturating_duration_since(now) + each <= each * at_once
    }

    fn take(&mut self, now: Instant, each: Duration) {
        self.paid_at = self.paid_at.max(now) + each;
    }
}

/// What one viewer has caused of late.
#[derive(Debug, Default)]
pub struct KeyBudget {
    all: Option<Meter>,
    /// Of each stream that is not paid for yet: as many as `all` allows, so under a hundred.
    streams: Vec<(StreamId, Meter)>,
}

impl KeyBudget {
    /// Takes one key frame of `stream`. False if that is one too many now; nothing is taken then.
    pub fn take(&mut self, now: Instant, stream: StreamId) -> bool {
        let all = self.all.get_or_insert(Meter { paid_at: now });
        if !all.has(now, ALL_EACH, ALL_AT_ONCE) {
            return false;
        }
        self.streams.retain(|(_, meter)| meter.paid_at > now);
        let at = self.streams.iter().position(|(known, _)| *known == stream);
        let fresh = (stream, Meter { paid_at: now });
        let mut meter = at.map_or(fresh, |at| self.streams.swap_remove(at));
        let has = meter.1.has(now, STREAM_EACH, STREAM_AT_ONCE);
        if has {
            all.take(now, ALL_EACH);
            meter.1.take(now, STREAM_EACH);
        }
        self.streams.push(meter);
        has
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ids::{PeerId, Stream};
    use proptest::prelude::*;

    fn stream(peer: u64) -> StreamId {
        StreamId { peer: PeerId(peer), stream: Stream::Camera }
    }

    #[test]
    fn a_page_of_25_people_is_shown_twice_at_once() {
        let (mut budget, now) = (KeyBudget::default(), Instant::now());
        assert!((0..50).all(|wish| budget.take(now, stream(wish % 25))));
    }

    #[test]
    fn whoever_lost_a_picture_may_ask_again_after_two_seconds_whatever_they_asked_before() {
        let (mut budget, start) = (KeyBudget::default(), Instant::now());
        let asked = |budget: &mut KeyBudget, now| (0..100).filter(|_| budget.take(now, stream(1))).count();
        assert_eq!(asked(&mut budget, start), 6);
        assert_eq!(asked(&mut budget, start + STREAM_EACH), 1);
        assert_eq!(asked(&mut budget, start + STREAM_EACH * 20), 6, "and all of it once it is paid for");
    }

    proptest! {
        #[test]
        fn nobody_causes_more_than_the_budget(wishes in prop::collection::vec((0..300_u64, 0..40_u64), 1..2_000)) {
            let (mut budget, mut now) = (KeyBudget::default(), Instant::now());
            let start = now;
            let mut granted = std::collections::BTreeMap::<u64, u32>::new();
            for (wait, peer) in wishes {
                now += Duration::from_millis(wait);
                *granted.entry(peer).or_default() += u32::from(budget.take(now, stream(peer)));
                let passed = now - start;
                let most = |each: Duration, at_once: u32| f64::from(at_once) + passed.as_secs_f64() / each.as_secs_f64();
                prop_assert!(f64::from(granted.values().sum::<u32>()) <= most(ALL_EACH, ALL_AT_ONCE));
                prop_assert!(f64::from(granted[&peer]) <= most(STREAM_EACH, STREAM_AT_ONCE));
                prop_assert!(budget.streams.len() <= 100);
            }
        }
    }
}
