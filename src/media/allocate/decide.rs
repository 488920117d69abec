//! The pure function: what the downlink holds and what is wished for, to a layer for each slot, the reason, and what to look for.
//!
//! ```text
//!   sound ──> everybody's base, the most important first ──> for each class: everybody a layer more, once more
//!             (a share may exceed the budget; if it is       (shares, what is pinned, the others; half of its
//!             too much, half its frames, or a quarter)       frames first)
//! ```
//!
//! While somebody has no picture nobody has more than the base; among equals nobody is two layers ahead. It allocates nothing, and
//! its work is in proportion to the slots (and to sorting them).

use std::cmp::Reverse;

use super::SlotFacts;
use super::ladder::{self, Ladder, fills, height};
use crate::media::frame::Frames;
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
    let (mut purse, starved) = bases(means, slots);
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

/// Gives everybody the base, with as many of its frames as all can have. Returns what is paid, and whether somebody gets nothing all the
/// same.
fn bases(means: &Means, slots: &mut [SlotFacts]) -> (Purse, bool) {
    let first = means.bases.less(means.sound);
    let mut frames = [Frames::All, Frames::Half, Frames::Quarter].into_iter();
    loop {
        let mut purse = Purse { budget: first, gains: first, spent: Bitrate::default() };
        let least = frames.next().unwrap_or(Frames::Quarter);
        let starved = bases_of(means, &mut purse, slots, least);
        if !starved || frames.len() == 0 {
            return (purse, starved);
        }
    }
}

/// The same with so many of its frames at the least. Returns whether somebody gets nothing for want of means.
fn bases_of(means: &Means, purse: &mut Purse, slots: &mut [SlotFacts], least: Frames) -> bool {
    let (mut starved, mut tries) = (false, means.tries);
    let mut exceeds = SHARE_EXCEEDS;
    for slot in slots {
        let ladder = Ladder::of(slot);
        // Where nothing sends there is nothing to change to, and nothing to pay.
        let Some(base) = ladder.base() else { continue };
        // Whose frames are left out gets them back as one gets more, and not sooner.
        let thinned = slot.held == Some(base) && slot.held_frames < least;
        let frames = ladder.at_least(base, if thinned { slot.held_frames } else { least });
        let Some(cost) = ladder.cost(base, frames) else { continue };
        let extra = if slot.owner.stream == Stream::Screen {
            std::mem::take(&mut exceeds)
        } else if tries {
            cost
        } else {
            Bitrate::default()
        };
        let silent = means.bases < SOUND_ONLY && !tries;
        let pays = !silent && purse.pay(Bitrate::default(), cost, ladder.is_gain(base, frames), extra);
        tries = false;
        (slot.target, slot.frames) = (pays.then_some(base), if pays { frames } else { Frames::All });
        starved |= !pays && !slot.unseen;
    }
    starved
}

/// The steps above the base: of which layer, or of the one a slot has, and how many of its frames.
const RUNGS: [(Option<Layer>, Frames); 6] = [
    (None, Frames::Half),
    (None, Frames::All),
    (Some(Layer::Middle), Frames::Half),
    (Some(Layer::Middle), Frames::All),
    (Some(Layer::High), Frames::Half),
    (Some(Layer::High), Frames::All),
];

/// Gives everybody of one class more, as far as it can be paid: a step for all of them, and then the next.
fn raise(means: &Means, purse: &mut Purse, slots: &mut [SlotFacts]) {
    // Who joined those who are ahead may catch up with them at any time.
    let ahead = slots.iter().filter_map(|slot| slot.held).max();
    for rung in RUNGS {
        let mut lacks = false;
        for slot in &mut *slots {
            lacks |= !climb(means, purse, slot, rung, ahead);
        }
        if lacks {
            return;
        }
    }
}

/// Takes a slot to a layer, or to more frames of what it has, if it is below that and it can be paid. Returns whether nothing more is
/// missing there.
fn climb(
    means: &Means,
    purse: &mut Purse,
    slot: &mut SlotFacts,
    (layer, frames): (Option<Layer>, Frames),
    ahead: Option<Layer>,
) -> bool {
    let Some(has) = slot.target else { return true };
    let layer = layer.unwrap_or(has);
    if (has, slot.frames) >= (layer, frames) {
        return true;
    }
    let ladder = Ladder::of(slot);
    let frames = ladder.at_least(layer, frames);
    let (Some(paid), Some(cost)) = (ladder.cost(has, slot.frames), ladder.cost(layer, frames)) else {
        return true;
    };
    let gain = ladder.is_gain(layer, frames);
    let may = !gain || means.rises || ahead > Some(layer);
    let pays = may && purse.pay(paid, cost, gain, Bitrate::default());
    if pays {
        (slot.target, slot.frames) = (Some(layer), frames);
    }
    pays
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
    Some(if (target, slot.frames) < (top, Frames::All) {
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
        let has = slot.target.and_then(|target| ladder.price_of(target, slot.frames)).unwrap_or_default();
        shown = shown + has;
        all = all + ladder.price(top).unwrap_or_default();
        let present = slot.target.map(|target| (target, slot.frames));
        if present < Some((top, Frames::All)) {
            told.lacks = true;
            let next = if present.is_some() && slot.frames < Frames::All {
                slot.target
            } else {
                ladder.above(slot.target)
            };
            let next = next.and_then(|next| ladder.cost(next, Frames::All)).unwrap_or_default();
            step = step.or(Some(next.less(has)));
            // Pictures that are missing are one step together.
            missing = missing + if slot.target.is_none() { next } else { Bitrate::default() };
            let held = slot.held.map(|held| (held, slot.held_frames));
            told.lowered |= present < held.min(Some((top, Frames::All)));
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
