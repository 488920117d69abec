//! What is true of every decision, whatever it was about. In debug builds every one is judged, so the tests, the simulator and the
//! fuzzer judge what they come by.

use super::{Means, SHARE_EXCEEDS, SOUND_ONLY, class};
use crate::media::allocate::SlotFacts;
use crate::media::allocate::ladder::{Ladder, fills, height};
use crate::media::frame::Frames;
use crate::media::ids::{Layer, Stream};
use crate::media::units::Bitrate;

/// A tile that is enlarged by no more than this needs no larger picture, held or not.
const NOT_ENLARGED: f64 = 1.05;

fn has(slot: &SlotFacts) -> bool {
    Ladder::of(slot).top().is_some()
}

fn cost(slot: &SlotFacts) -> Bitrate {
    slot.target.and_then(|target| Ladder::of(slot).cost(target, slot.frames)).unwrap_or_default()
}

/// What is wrong with what was decided for `slots`, which are still in the order of the decision.
pub(super) fn wrong(means: &Means, slots: &[SlotFacts]) -> Option<&'static str> {
    unsound(slots).or_else(|| overspent(means, slots))
}

/// What is wrong with it, whatever there was to spend.
fn unsound(slots: &[SlotFacts]) -> Option<&'static str> {
    let starves = slots.iter().any(|slot| has(slot) && slot.target.is_none() && !slot.unseen);
    for slot in slots.iter().filter(|slot| has(slot)) {
        let ladder = Ladder::of(slot);
        if slot.reason.is_none() {
            return Some("nothing is said of why");
        }
        let Some(target) = slot.target else { continue };
        if ladder.price_of(target, slot.frames).is_none() || Some(target) > ladder.top() {
            return Some("what is not sent is to be shown");
        }
        if starves
            && (Some(target) != ladder.base() || slot.frames != ladder.at_least(target, Frames::Quarter))
        {
            return Some("somebody has more than the base while somebody has nothing");
        }
        if exceeds_its_tile(slot, target) {
            return Some("a larger picture than its tile can show");
        }
    }
    let whole = |slot: &&SlotFacts| Layer::ALL.iter().all(|layer| Ladder::of(slot).price(*layer).is_some());
    for class in slots.chunk_by(|one, other| class(one) == class(other)) {
        let places = class.iter().filter(whole).filter_map(|slot| slot.target.map(|target| target as usize));
        let (least, most) = places.fold((2, 0), |(least, most), at| (at.min(least), at.max(most)));
        if most > least + 1 {
            return Some("equals are two layers apart");
        }
    }
    None
}

/// A smaller picture that sends well would have filled the tile.
fn exceeds_its_tile(slot: &SlotFacts, target: Layer) -> bool {
    let Some(tile) = slot.tile.filter(|_| !slot.unseen) else { return false };
    let frames = |layer| slot.encoding(layer).and_then(|encoding| encoding.frames).unwrap_or_default();
    let liveliest = Layer::ALL.into_iter().map(frames).fold(0.0, f32::max);
    let good = |layer: Layer| {
        let encoding = slot.encoding(layer).filter(|encoding| encoding.settled);
        encoding.is_some_and(|encoding| encoding.rate.is_some()) && frames(layer) >= liveliest
    };
    let smaller = Layer::ALL.into_iter().filter(|layer| *layer < target && good(*layer));
    smaller.into_iter().any(|layer| fills(height(slot, layer), tile.height, NOT_ENLARGED))
}

/// What is wrong with it, with what there was to spend.
fn overspent(means: &Means, slots: &[SlotFacts]) -> Option<&'static str> {
    let share = |slot: &SlotFacts| slot.owner.stream == Stream::Screen;
    let budget = means.budget.max(means.bases).less(means.sound);
    let extra = if slots.iter().any(|slot| share(slot) && slot.target.is_some()) {
        SHARE_EXCEEDS
    } else {
        Bitrate::default()
    };
    let spent: Bitrate = slots.iter().map(cost).sum();
    if !means.tries && spent > budget + extra {
        return Some("more is spent than there is");
    }
    let silent = means.bases < SOUND_ONLY && !means.tries;
    if silent && slots.iter().any(|slot| has(slot) && slot.target.is_some()) {
        return Some("a picture where there is sound only");
    }
    let first = slots.iter().find(|slot| share(slot) && has(slot) && !slot.unseen);
    let base_of = |slot: &SlotFacts| {
        let ladder = Ladder::of(slot);
        ladder.base().and_then(|base| ladder.cost(base, ladder.at_least(base, Frames::Quarter)))
    };
    let base = first.and_then(base_of);
    if let (Some(slot), Some(base)) = (first, base)
        && slot.target.is_none()
        && !silent
        && base <= means.bases.less(means.sound) + SHARE_EXCEEDS
    {
        return Some("a share has vanished that could be paid");
    }
    wasted(means, slots).then_some("who is less important has what the more important could have")
}

/// Somebody of a class has more than the base although nobody of a class before it who lacks something was out of means.
fn wasted(means: &Means, slots: &[SlotFacts]) -> bool {
    // A larger picture that is cheaper and falters gives back what it took, after others had to do without.
    let rises = |slot: &SlotFacts| {
        let ladder = Ladder::of(slot);
        Layer::ALL.into_iter().filter_map(|layer| ladder.cost(layer, Frames::All)).is_sorted()
    };
    let starves = |slot: &SlotFacts| has(slot) && slot.target.is_none() && !slot.unseen;
    // Whose frames are left out has more or less than their layer costs.
    let thinned = |slot: &SlotFacts| slot.frames < Frames::All;
    if !means.rises || slots.iter().any(|slot| starves(slot) || thinned(slot) || !rises(slot)) {
        return false;
    }
    let budget = means.budget.less(means.sound);
    let gains = budget.min(means.lowest.less(means.sound));
    let base = |slot: &SlotFacts| {
        let ladder = Ladder::of(slot);
        ladder
            .base()
            .filter(|_| slot.target.is_some())
            .and_then(|base| ladder.cost(base, Frames::All))
            .unwrap_or_default()
    };
    let mut spent: Bitrate = slots.iter().map(base).sum();
    for class in slots.chunk_by(|one, other| class(one) == class(other)) {
        for slot in class {
            spent = spent.less(base(slot)) + cost(slot);
        }
        let next = |slot: &&SlotFacts| {
            let ladder = Ladder::of(slot);
            let next = ladder.above(slot.target).filter(|_| slot.target.is_some())?;
            Some((ladder.cost(next, Frames::All)?.less(cost(slot)), ladder.is_gain(next, Frames::All)))
        };
        let mut lacking = class.iter().filter_map(|slot| next(&slot)).peekable();
        let stopped = lacking.peek().is_none()
            || lacking.any(|(more, gain)| spent + more > if gain { gains } else { budget });
        if !stopped {
            return true;
        }
    }
    false
}
