//! The pure function: what the downlink holds and what is wished for, to a layer for each slot, the reason, and what to look for.
//!
//! ```text
//!   sound ──> everybody's base, the most important first ──> for each class: everybody a layer more, once more
//!             (a share may exceed the budget)                (shares, what is pinned, the others)
//! ```
//!
//! While somebody has no picture nobody has more than the base; among equals nobody is two layers ahead. It allocates nothing, and
//! its work is in proportion to the slots (and to sorting them).

use std::cmp::Reverse;

use super::SlotFacts;
use super::ladder::{self, Ladder, fills, height};
use crate::media::ids::{Layer, Stream};
use crate::media::message::{Limitation, Reason};
use crate::media::units::Bitrate;

/// Below this there is sound only: a voice takes 30 to 50 kbit/s, and a picture of what is left is none.
pub(super) const SOUND_ONLY: Bitrate = Bitrate::kbps(80);

/// A share may exceed the budget by so much before it is paused: people want its pixels late rather than never.
pub(super) const SHARE_EXCEEDS: Bitrate = Bitrate::kbps(500);

/// The estimator looks for so many times the next step: an estimate that is just enough is too little again soon.
const STEP: f64 = 1.5;

/// And for so many times what is shown if nothing is missing.
const SHOWN: f64 = 1.2;

/// What a downlink holds, for one decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Means {
    /// What it is thought to hold now.
    pub budget: Bitrate,
    /// What everybody's base may take of it: more than the budget while little is known.
    pub bases: Bitrate,
    /// The least it was thought to hold of late: what is gained must fit this as well.
    pub lowest: Bitrate,
    /// What sound takes of it.
    pub sound: Bitrate,
    /// More than the base may be gained.
    pub rises: bool,
    /// The most important picture is shown whatever the downlink holds, to find out.
    pub tries: bool,
}

/// What came of it, beside the targets and reasons in the slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Decided {
    /// What the targets cost, with sound. Below this the estimate holds less than is shown.
    pub spent: Bitrate,
    /// So much the estimator is to look for to get on by one step.
    pub step: Bitrate,
    /// And so much to show everything that is wished for.
    pub all: Bitrate,
    /// Somebody is shown less than could be seen, because the downlink does not hold it.
    pub lacks: bool,
    /// There are pictures, and none is shown.
    pub nothing: bool,
    /// Some slot shows less than before, because the downlink does not hold it.
    pub lowered: bool,
    /// What everybody's smallest picture costs as it was asked for, with sound: what comes of it may be less already.
    pub least: Bitrate,
}

/// What was paid of a budget.
#[derive(Debug)]
struct Purse {
    budget: Bitrate,
    gains: Bitrate,
    spent: Bitrate,
}

impl Purse {
    /// Goes from `before` to `after`, which is a gain or not, if that can be paid with `extra`.
    fn pay(&mut self, before: Bitrate, after: Bitrate, gain: bool, extra: Bitrate) -> bool {
        let spent = self.spent.less(before) + after;
        let limit = if gain { self.gains } else { self.budget };
        let pays = spent <= limit + extra;
        if pays {
            self.spent = spent;
        }
        pays
    }
}

/// Shares first, then what is pinned, then who speaks, then the others.
fn class(slot: &SlotFacts) -> u8 {
    match slot.tile {
        _ if slot.unseen => 4,
        _ if slot.owner.stream == Stream::Screen => 0,
        Some(tile) if tile.pinned => 1,
        _ if slot.speaks => 2,
        _ => 3,
    }
}

/// The order of importance. Where the client named no tile nothing is larger than another.
fn order(slot: &SlotFacts) -> impl Ord + use<> {
    let (lines, rank) = slot.tile.map_or((u16::MAX, usize::MAX), |tile| (tile.height, tile.rank));
    (class(slot), Reverse(lines), rank, slot.slot.0)
}

/// Decides what each slot shows.
pub(super) fn decide(means: &Means, slots: &mut [SlotFacts]) -> Decided {
    slots.sort_unstable_by_key(order);
    let budget = means.budget.less(means.sound);
    let first = means.bases.less(means.sound);
    let mut purse = Purse { budget: first, gains: first, spent: Bitrate::default() };
    let starved = bases(means, &mut purse, slots);
    (purse.budget, purse.gains) = (budget, budget.min(means.lowest.less(means.sound)));
    if !starved {
        for class in slots.chunk_by_mut(|one, other| class(one) == class(other)) {
            raise(means, &mut purse, class);
        }
    }
    for slot in &mut *slots {
        slot.reason = reason(means, slot);
    }
    debug_assert_eq!(judge::wrong(means, slots), None, "{means:?}, {slots:?}");
    told(means, purse.spent, slots)
}

/// Gives everybody the base. Returns whether somebody gets nothing for want of means.
fn bases(means: &Means, purse: &mut Purse, slots: &mut [SlotFacts]) -> bool {
    let (mut starved, mut tries) = (false, means.tries);
    let mut exceeds = SHARE_EXCEEDS;
    for slot in slots {
        let ladder = Ladder::of(slot);
        // Where nothing sends there is nothing to change to, and nothing to pay.
        let Some((base, cost)) = ladder.base().and_then(|base| Some((base, ladder.cost(base)?))) else {
            continue;
        };
        let extra = if slot.owner.stream == Stream::Screen {
            std::mem::take(&mut exceeds)
        } else if tries {
            cost
        } else {
            Bitrate::default()
        };
        let silent = means.bases < SOUND_ONLY && !tries;
        let pays = !silent && purse.pay(Bitrate::default(), cost, ladder.is_gain(base), extra);
        tries = false;
        slot.target = pays.then_some(base);
        starved |= !pays && !slot.unseen;
    }
    starved
}

/// Gives everybody of one class a layer more as far as it can be paid, once and once more.
fn raise(means: &Means, purse: &mut Purse, slots: &mut [SlotFacts]) {
    // Who joined those who are ahead may catch up with them at any time.
    let ahead = slots.iter().filter_map(|slot| slot.held).max();
    for layer in [Layer::Middle, Layer::High] {
        let mut lacks = false;
        for slot in &mut *slots {
            let ladder = Ladder::of(slot);
            let Some(before) = slot.target.filter(|before| *before < layer) else { continue };
            let (Some(paid), Some(cost)) = (ladder.cost(before), ladder.cost(layer)) else { continue };
            let gain = ladder.is_gain(layer);
            let may = !gain || means.rises || ahead > Some(layer);
            if may && purse.pay(paid, cost, gain, Bitrate::default()) {
                slot.target = Some(layer);
            } else {
                lacks = true;
            }
        }
        if lacks {
            return;
        }
    }
}

/// Why a slot shows what it shows.
fn reason(means: &Means, slot: &SlotFacts) -> Option<Reason> {
    let ladder = Ladder::of(slot);
    let theirs = match slot.limited {
        Some(Limitation::Processor) => Reason::TheirDevice,
        _ => Reason::TheirUplink,
    };
    let Some(top) = ladder.top() else {
        return slot.gone.contains(&true).then_some(theirs);
    };
    let Some(target) = slot.target else {
        let silent = means.bases < SOUND_ONLY;
        return Some(if silent { Reason::AudioOnly } else { Reason::YourDownlink });
    };
    let more_is_gone = Layer::ALL.into_iter().zip(slot.gone).any(|(layer, gone)| gone && layer > target);
    let full_tile = slot.tile.is_some_and(|tile| fills(height(slot, target), tile.height, 1.25));
    Some(if target < top {
        Reason::YourDownlink
    } else if slot.unseen {
        Reason::OffScreen
    } else if ladder.by_tile {
        Reason::TileSize
    } else if ladder.by_owner || ((more_is_gone || slot.limited.is_some()) && !full_tile) {
        theirs
    } else {
        Reason::Full
    })
}

/// What is to be known of the decision.
fn told(means: &Means, spent: Bitrate, slots: &[SlotFacts]) -> Decided {
    let mut told = Decided { spent: spent + means.sound, least: means.sound, ..Decided::default() };
    let (mut shown, mut all, mut step) = (means.sound, means.sound, None);
    let (mut any, mut missing) = (false, Bitrate::default());
    for slot in slots {
        let ladder = Ladder::of(slot);
        let Some(top) = ladder.top() else { continue };
        any = true;
        if !slot.unseen {
            let usual = slot.encoding(Layer::Low).and_then(|low| low.asked).map(ladder::on_the_wire);
            told.least = told.least + usual.or_else(|| ladder.price(ladder.base()?)).unwrap_or_default();
        }
        let has = slot.target.and_then(|target| ladder.price(target)).unwrap_or_default();
        shown = shown + has;
        all = all + ladder.price(top).unwrap_or_default();
        if slot.target < Some(top) {
            told.lacks = true;
            let next = ladder.above(slot.target).and_then(|next| ladder.cost(next)).unwrap_or_default();
            step = step.or(Some(next.less(has)));
            // Pictures that are missing are one step together.
            missing = missing + if slot.target.is_none() { next } else { Bitrate::default() };
            told.lowered |= slot.target < slot.held.min(Some(top));
        }
    }
    told.nothing = any && slots.iter().all(|slot| slot.target.is_none() || Ladder::of(slot).top().is_none());
    told.step = step.map_or(shown.scaled(SHOWN), |step| shown + step.max(missing).scaled(STEP));
    told.all = all.scaled(SHOWN).max(told.step);
    told
}

mod judge;
#[cfg(test)]
mod tests;
